"""The conditional VAE: encoder and decoder see a label, so that z need not say what the label says."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Independent

from ..objectives import gaussian
from .base import LatentVariableModel, evaluating
from .labels import check_label_values, check_labels, labels_from, one_hot
from .networks import PixelLikelihood, mlp


class LabelledMLP(nn.Module):
    """An `mlp` that sees a vector and a one-hot label side by side.

    A linear layer on the two joined is the sum of a linear layer on each. Kept apart, they broadcast: vectors (batch, sizes[0]) with labels
    (classes, 1, classes) give (classes, batch, sizes[-1]), every vector with every label, and the vectors pass their layer only once.
    """

    def __init__(self, sizes: Sequence[int], classes: int) -> None:
        super().__init__()
        self.from_vector = nn.Linear(sizes[0], sizes[1])
        self.from_label = nn.Linear(classes, sizes[1], bias=False)
        self.rest = nn.Sequential(nn.ReLU(), mlp(sizes[1:])) if len(sizes) > 2 else nn.Identity()

    def forward(self, vector: Tensor, label: Tensor) -> Tensor:
        return self.rest(self.from_vector(vector) + self.from_label(label.to(vector.dtype)))


class ConditionalVAE(LatentVariableModel):
    """p(x|z, y) p(z) with an encoder q(z|x, y): one VAE a class, with weights in common (Kingma et al. 2014; Sohn et al. 2015).

    Labels y are (batch,) integers from 0 to classes − 1. `loss` is −ELBO on log p(x|y). The defaults are the reference VAE's sizes
    with the label beside x and beside z: 784 + 10 → 400 → 2×20, and 20 + 10 → 400 → 784.
    classes: how many there are, at least 2.
    beta, anneal_steps, free_bits: what the KL counts for, as for `LatentVariableModel`.
    likelihood, sigma, learn_sigma: as for `networks.PixelLikelihood`.
    Every method that takes labels raises ValueError when they are missing or not one an example; those that data enters by, `fit` and
    `sample` say, also when one is out of range.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 28),
        classes: int = 10,
        latent_size: int = 20,
        hidden_sizes: Sequence[int] = (400,),
        beta: float = 1.0,
        anneal_steps: int = 0,
        free_bits: float = 0.0,
        likelihood: str = "bernoulli",
        sigma: float = 0.1,
        learn_sigma: bool = False,
    ) -> None:
        if classes < 2:
            raise ValueError(f"classes is {classes}, expected at least 2: with one class there is nothing to ask for.")
        super().__init__(input_shape=input_shape, latent_size=latent_size, beta=beta, anneal_steps=anneal_steps, free_bits=free_bits)
        pixels = math.prod(input_shape)
        self.classes = classes
        self.encoder = LabelledMLP([pixels, *hidden_sizes, 2 * latent_size], classes)
        self.decoder = LabelledMLP([latent_size, *reversed(hidden_sizes), pixels], classes)
        self.pixels = PixelLikelihood(likelihood, len(self.input_shape), sigma=sigma, learn_sigma=learn_sigma)

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        super().check_batch(x, y)
        check_label_values(y, len(x), self.classes)

    def labels(self, y: Tensor | int | None, n: int) -> Tensor:
        return labels_from(y, n, self.classes, self.device)

    def drawn_labels(self, n: int) -> Tensor:
        """`n` labels, each class as likely as any other."""
        return torch.randint(self.classes, (n,), device=self.device)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """q(z|x, y) for x of shape (batch, *input_shape) and labels (batch,): a distribution over (batch, latent_size)."""
        self.check_input(x)
        return self._posterior(x, one_hot(check_labels(y, len(x), self.classes), self.classes))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x|z, y) for z of shape (..., batch, latent_size) and labels (batch,): a distribution over (..., batch, *input_shape)."""
        self.check_latent(z)
        n = z.shape[-2] if z.dim() > 1 else 1
        return self._likelihood(z, one_hot(check_labels(y, n, self.classes), self.classes))

    # The same with labels as one-hot vectors whose leading shape may be any that broadcasts.

    def _posterior(self, x: Tensor, label: Tensor) -> Independent:
        mu, log_var = self.encoder(x.flatten(1), label).chunk(2, dim=-1)
        return gaussian(mu, log_var)

    def _likelihood(self, z: Tensor, label: Tensor) -> Independent:
        return self.pixels(self.decoder(z, label).unflatten(-1, self.input_shape))

    @torch.no_grad()
    def restyle(self, x: Tensor, y: Tensor | int | None, new_y: Tensor | int | None) -> Tensor:
        """Encode x with its label y, and decode the mean of q(z|x, y) with the label new_y: the style of x in another class.

        y, new_y: one class for all, or (batch,) labels. Result: the shape of x, pixels in [0, 1].
        """
        x = self.entered(x)
        with evaluating(self):
            z = self.encode(x, self.labels(y, len(x))).mean
            return self.decode(z, self.labels(new_y, len(x))).mean
