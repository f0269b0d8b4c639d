"""The conditional VAE: encoder and decoder see a label, so that z need not say what the label says."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Independent

from ..objectives import elbo_terms, gaussian
from .base import LatentVariableModel, Loss, evaluating, latent_path
from .labels import check_labels, one_hot
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
    Every method that takes labels raises ValueError when they are missing, out of range, or not one an example.
    """

    conditional = True

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 28),
        classes: int = 10,
        latent_size: int = 20,
        hidden_sizes: Sequence[int] = (400,),
        likelihood: str = "bernoulli",
        **config,
    ) -> None:
        if classes < 2:
            raise ValueError(f"classes is {classes}, expected at least 2: with one class there is nothing to ask for.")
        super().__init__(
            input_shape=input_shape,
            latent_size=latent_size,
            classes=classes,
            hidden_sizes=list(hidden_sizes),
            likelihood=likelihood,
            **config,
        )
        pixels = math.prod(input_shape)
        self.classes = classes
        self.encoder = LabelledMLP([pixels, *hidden_sizes, 2 * latent_size], classes)
        self.decoder = LabelledMLP([latent_size, *reversed(hidden_sizes), pixels], classes)
        self.pixels = PixelLikelihood(likelihood, len(self.input_shape))

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        super().check_batch(x, y)
        check_labels(y, len(x), self.classes)

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

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """The negative ELBO on log p(x|y) and its two terms, in nats per example, averaged over the batch."""
        check_labels(y, len(x), self.classes)
        log_likelihood, kl = elbo_terms(self, x, y)
        reconstruction, kl = -log_likelihood.mean(), kl.mean()
        return Loss(total=reconstruction + kl, reconstruction=reconstruction, kl=kl)

    @torch.no_grad()
    def sample(self, n: int, y: Tensor | int | None = None) -> Tensor:
        """Draw `n` latents from the prior and decode each with its label: (n, *input_shape), the mean of p(x|z, y).

        y: one class for all, or (n,) labels; left out, labels are drawn, each class as likely as any other.
        """
        labels = torch.randint(self.classes, (n,), device=self.device) if y is None else self._labels(y, n)
        with evaluating(self):
            return self.decode(self.prior.sample((n,)), labels).mean

    @torch.no_grad()
    def reconstruct(self, x: Tensor, y: Tensor | int | None = None) -> Tensor:
        """Encode x with its label, take the mean of q(z|x, y) and decode with the same label: the shape of x, pixels in [0, 1]."""
        return self.restyle(x, y, y)

    @torch.no_grad()
    def restyle(self, x: Tensor, y: Tensor | int | None, new_y: Tensor | int | None) -> Tensor:
        """Encode x with its label y, and decode the mean of q(z|x, y) with the label new_y: the style of x in another class.

        y, new_y: one class for all, or (batch,) labels. Result: the shape of x, pixels in [0, 1].
        """
        x = self.placed(x)
        with evaluating(self):
            z = self.encode(x, self._labels(y, len(x))).mean
            return self.decode(z, self._labels(new_y, len(x))).mean

    @torch.no_grad()
    def interpolate(
        self, x0: Tensor, x1: Tensor, steps: int = 10, *, y0: int | None = None, y1: int | None = None, spherical: bool = False
    ) -> Tensor:
        """Walk from the style of one image to that of another, `steps` pictures of one class, both ends included.

        x0, x1: one image each, (*input_shape) or (1, *input_shape), of the classes y0 and y1 (y0 when left out). All are decoded as y0.
        Result: (steps, *input_shape), pixels in [0, 1].
        """
        with evaluating(self):
            ends = torch.stack([self.placed(x).reshape(self.input_shape) for x in (x0, x1)])
            first = self._labels(y0, 1)
            z0, z1 = self.encode(ends, torch.cat([first, first if y1 is None else self._labels(y1, 1)])).mean
            return self.decode(latent_path(z0, z1, steps, spherical=spherical), first.expand(steps)).mean

    def _labels(self, y: Tensor | int | None, n: int) -> Tensor:
        """One label an example, on the model's device, from one class for all or from (n,) labels."""
        if isinstance(y, int) and not isinstance(y, bool):
            y = torch.full((n,), y)
        return check_labels(y, n, self.classes).to(self.device)
