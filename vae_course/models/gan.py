"""A small generative adversarial network, to stand beside the VAE: samples without an encoder, without a likelihood."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Independent

from ..objectives import gaussian
from .base import Loss, Model, evaluating
from .games import adam, step, telling_apart, through
from .networks import mlp

# Not flat below zero: where the discriminator's units were flat, the generator would get no gradient.
leaky = partial(nn.LeakyReLU, 0.2)


class GAN(Model):
    """A generator that turns z ~ N(0, I) into images, and a discriminator that compares them with real ones (Goodfellow et al. 2014).

    The generator's loss is the non-saturating one of the paper's section 3. There is no q(z|x), no ELBO and no p(x): what is trained is
    a game, and its losses do not say how good samples are.
    discriminator_rate: the discriminator's learning rate over the generator's.
    """

    has_no = dict.fromkeys(
        ("encode", "decode", "reconstruct", "interpolate"),
        "a GAN has no encoder and no p(x|z): generate(z) turns latents into images, and there is no way back. Where an image is to be "
        "encoded, use a VAE.",
    )
    _zeros: Tensor

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 28),
        latent_size: int = 20,
        hidden_sizes: Sequence[int] = (400,),
        discriminator_rate: float = 1.0,
    ) -> None:
        if latent_size < 1:
            raise ValueError(f"latent_size is {latent_size}, expected at least 1.")
        if discriminator_rate < 0:
            raise ValueError(f"discriminator_rate is {discriminator_rate}, expected a number of at least 0.")
        super().__init__(input_shape=input_shape)
        pixels = math.prod(input_shape)
        self.latent_size, self.discriminator_rate = latent_size, discriminator_rate
        self.generator = mlp([latent_size, *reversed(hidden_sizes), pixels], leaky)
        self.discriminator = mlp([pixels, *hidden_sizes, 1], leaky)
        self.register_buffer("_zeros", torch.zeros(latent_size), persistent=False)

    @property
    def prior(self) -> Independent:
        """p(z) = N(0, I)."""
        return gaussian(self._zeros, self._zeros)

    def generate(self, z: Tensor) -> Tensor:
        """Latents to images: (n, latent_size) → (n, *input_shape), pixels in [0, 1]. Raises ValueError for latents of another size."""
        if z.dim() != 2 or z.shape[1] != self.latent_size:
            raise ValueError(f"expected latents of shape (n, {self.latent_size}), got {tuple(z.shape)}.")
        return self.generator(z).sigmoid().unflatten(-1, self.input_shape)

    def discriminate(self, x: Tensor) -> Tensor:
        """The discriminator's logit of "x is real": (n, *input_shape) → (n,)."""
        return self.discriminator(self.check_input(x).flatten(1)).squeeze(-1)

    @torch.no_grad()
    def sample(self, n: int) -> Tensor:
        """`n` images from as many draws of the prior: (n, *input_shape), pixels in [0, 1]."""
        with evaluating(self):
            return self.generate(self.prior.sample((n,)))

    def discriminator_loss(self, x: Tensor) -> Tensor:
        """−log D(x) − log(1 − D(G(z))), a cross-entropy per pair in nats, 2 log 2 when D guesses. Its gradient reaches D alone."""
        with torch.no_grad():
            made = self.generate(self.prior.sample((len(x),)))
        return telling_apart(self.discriminate(x), self.discriminate(made))

    def generator_loss(self, n: int) -> Tensor:
        """−log D(G(z)) for n draws of z, in nats per sample. Its gradient passes through D and reaches G alone."""
        made = self.generate(self.prior.sample((n,)))
        return F.softplus(-through(self.discriminator, made.flatten(1))).mean()

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """Both players' losses. `total` is their sum, which nobody makes small: each player has only its own."""
        discriminator, generator = self.discriminator_loss(x), self.generator_loss(len(x))
        return Loss(total=discriminator + generator, discriminator=discriminator, generator=generator)

    def optimizer(self, learning_rate: float) -> Players:
        """What `training_step` takes: one Adam for each player."""
        return Players(
            discriminator=adam([self.discriminator], learning_rate * self.discriminator_rate, momentum=0.5),
            generator=adam([self.generator], learning_rate, momentum=0.5),
        )

    def training_step(self, x: Tensor, y: Tensor | None, optimizer: Players) -> Loss:
        """The discriminator's step, then the generator's, on one batch."""
        discriminator = step(optimizer.discriminator, self.discriminator_loss(x))
        generator = step(optimizer.generator, self.generator_loss(len(x)))
        self.steps_trained += 1
        return Loss(total=discriminator + generator, discriminator=discriminator, generator=generator)


@dataclass(frozen=True)
class Players:
    """The optimisers of a GAN, handed from `optimizer` to `training_step` as one object."""

    discriminator: torch.optim.Optimizer
    generator: torch.optim.Optimizer
