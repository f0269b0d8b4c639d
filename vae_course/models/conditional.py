"""Conditional VAEs: encoder and decoder see a label, or an image, so that z need not say what that says."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Independent
from torch.nn.functional import binary_cross_entropy_with_logits

from ..data.dataset import check_pixels
from ..objectives import gaussian
from .base import PARTS, LatentVariableModel, Loss, Model, evaluating
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


class Conditioned(LatentVariableModel):
    """What conditional VAEs share: p(x|z, y) p(z) with an encoder q(z|x, y), where `condition` says how y becomes a vector.

    condition_size: of that vector. hidden_sizes: of the encoder's hidden layers; the decoder's are the same backwards.
    objective: beta, anneal_steps and free_bits, as for `LatentVariableModel`.
    likelihood, sigma, learn_sigma: as for `networks.PixelLikelihood`.
    """

    def __init__(
        self,
        *,
        condition_size: int,
        input_shape: Sequence[int],
        latent_size: int,
        hidden_sizes: Sequence[int],
        likelihood: str,
        sigma: float,
        learn_sigma: bool,
        **objective,
    ) -> None:
        super().__init__(input_shape=input_shape, latent_size=latent_size, **objective)
        pixels = math.prod(input_shape)
        self.encoder = LabelledMLP([pixels, *hidden_sizes, 2 * latent_size], condition_size)
        self.decoder = LabelledMLP([latent_size, *reversed(hidden_sizes), pixels], condition_size)
        self.pixels = PixelLikelihood(likelihood, len(self.input_shape), sigma=sigma, learn_sigma=learn_sigma)

    def condition(self, y: Tensor | None, n: int) -> Tensor:
        """What both networks see of y: (n, condition_size). Raises ValueError when y is missing, or not one an example."""
        raise NotImplementedError

    def encode(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """q(z|x, y) for x of shape (batch, *input_shape) and one y an example: a distribution over (batch, latent_size)."""
        self.check_input(x)
        return self._posterior(x, self.condition(y, len(x)))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x|z, y) for z of shape (..., batch, latent_size) and one y an example: a distribution over (..., batch, *input_shape)."""
        self.check_latent(z)
        return self._likelihood(z, self.condition(y, z.shape[-2] if z.dim() > 1 else 1))

    # The same with conditions as vectors whose leading shape may be any that broadcasts.

    def _posterior(self, x: Tensor, condition: Tensor) -> Independent:
        mu, log_var = self.encoder(x.flatten(1), condition).chunk(2, dim=-1)
        return gaussian(mu, log_var)

    def _likelihood(self, z: Tensor, condition: Tensor) -> Independent:
        return self.pixels(self.decoder(z, condition).unflatten(-1, self.input_shape))


class ConditionalVAE(Conditioned):
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
        super().__init__(
            condition_size=classes,
            input_shape=input_shape,
            latent_size=latent_size,
            hidden_sizes=hidden_sizes,
            likelihood=likelihood,
            sigma=sigma,
            learn_sigma=learn_sigma,
            beta=beta,
            anneal_steps=anneal_steps,
            free_bits=free_bits,
        )
        self.classes = classes

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        super().check_batch(x, y)
        check_label_values(y, len(x), self.classes)

    def labels(self, y: Tensor | int | None, n: int) -> Tensor:
        return labels_from(y, n, self.classes, self.device)

    def drawn_labels(self, n: int) -> Tensor:
        """`n` labels, each class as likely as any other."""
        return torch.randint(self.classes, (n,), device=self.device)

    def condition(self, y: Tensor | None, n: int) -> Tensor:
        return one_hot(check_labels(y, n, self.classes), self.classes)

    @torch.no_grad()
    def restyle(self, x: Tensor, y: Tensor | int | None, new_y: Tensor | int | None) -> Tensor:
        """Encode x with its label y, and decode the mean of q(z|x, y) with the label new_y: the style of x in another class.

        y, new_y: one class for all, or (batch,) labels. Result: the shape of x, pixels in [0, 1].
        """
        x = self.entered(x)
        with evaluating(self):
            z = self.encode(x, self.labels(y, len(x))).mean
            return self.decode(z, self.labels(new_y, len(x))).mean


class ImageConditionalVAE(Conditioned):
    """p(x|z, y) p(z) where y is an image as well: the left half of a digit, say, of which x is the right (after Sohn et al. 2015).

    y: (batch, *condition_shape), pixels in [0, 1]. `fit` and whatever measures takes `Split(x, y)`; `sample(n, y)` takes one image
    for all or one each, and gives an answer each. The prior does not look at y: Sohn et al. let a network set it.
    hidden_sizes, and what follows: as for `ConditionalVAE`.
    Every method that takes y raises ValueError when it is missing or has another shape.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 14),
        condition_shape: Sequence[int] = (1, 28, 14),
        latent_size: int = 20,
        hidden_sizes: Sequence[int] = (400,),
        beta: float = 1.0,
        anneal_steps: int = 0,
        free_bits: float = 0.0,
        likelihood: str = "bernoulli",
        sigma: float = 0.1,
        learn_sigma: bool = False,
    ) -> None:
        super().__init__(
            condition_size=math.prod(condition_shape),
            input_shape=input_shape,
            latent_size=latent_size,
            hidden_sizes=hidden_sizes,
            likelihood=likelihood,
            sigma=sigma,
            learn_sigma=learn_sigma,
            beta=beta,
            anneal_steps=anneal_steps,
            free_bits=free_bits,
        )
        self.condition_shape = tuple(condition_shape)

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        super().check_batch(x, y)
        check_pixels(_check_images(y, len(x), self.condition_shape))

    def labels(self, y: Tensor | int | None, n: int) -> Tensor:
        each = y.expand(n, *self.condition_shape) if isinstance(y, Tensor) and tuple(y.shape) == self.condition_shape else y
        images = _check_images(each, n, self.condition_shape)
        check_pixels(images)
        return self.placed(images)

    def drawn_labels(self, n: int) -> Tensor:
        """There is nothing to draw them from: p(y) is no part of the model."""
        return self.labels(None, n)

    def condition(self, y: Tensor | None, n: int) -> Tensor:
        return _check_images(y, n, self.condition_shape).flatten(1)


class ImageRegression(Model):
    """One answer to each image: p(x|y) by the decoder of an `ImageConditionalVAE` that is given no z. Each pixel is a coin of its own.

    Where several x are possible the answer is their average. hidden_sizes: as for `ImageConditionalVAE`, whose decoder has them backwards.
    """

    has_no = dict.fromkeys(
        PARTS,
        "a regression has no code: answer(y) is the one image that it has for y. Where several are possible, use an ImageConditionalVAE.",
    )

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 14),
        condition_shape: Sequence[int] = (1, 28, 14),
        hidden_sizes: Sequence[int] = (400,),
    ) -> None:
        super().__init__(input_shape=input_shape)
        self.condition_shape = tuple(condition_shape)
        self.network = mlp([math.prod(condition_shape), *reversed(hidden_sizes), math.prod(input_shape)])

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        super().check_batch(x, y)
        check_pixels(_check_images(y, len(x), self.condition_shape))

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """−log p(x|y) in nats per example, averaged over the batch: one term, `reconstruction`."""
        logits = self._logits(_check_images(y, len(x), self.condition_shape))
        cost = binary_cross_entropy_with_logits(logits, self.check_input(x), reduction="sum") / len(x)
        return Loss(total=cost, reconstruction=cost)

    @torch.no_grad()
    def answer(self, y: Tensor) -> Tensor:
        """The mean of p(x|y): (batch, *condition_shape) → (batch, *input_shape), pixels in [0, 1]."""
        with evaluating(self):
            return self._logits(self.placed(_check_images(y, len(y), self.condition_shape))).sigmoid()

    def _logits(self, y: Tensor) -> Tensor:
        return self.network(y.flatten(1).to(self.dtype)).unflatten(1, self.input_shape)


def _check_images(y, n: int, shape: tuple[int, ...]) -> Tensor:
    """Return y if it is `n` images of this shape, else raise a ValueError. It looks at no number."""
    wanted = f"a floating-point tensor of shape ({n}, {', '.join(map(str, shape))})"
    if not isinstance(y, Tensor) or not y.is_floating_point():
        kind = "missing" if y is None else y.dtype if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(f"what the model is to see is {kind}: it sees an image with each example. Give y, {wanted}.")
    if tuple(y.shape) != (n, *shape):
        raise ValueError(f"what the model is to see has the shape {tuple(y.shape)} beside {n} examples, expected {wanted}.")
    return y
