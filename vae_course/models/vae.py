"""The variational autoencoder, and with `beta` the β-VAE."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Independent

from ..objectives import gaussian
from .base import LatentVariableModel, evaluating
from .networks import OfPixels, PixelLikelihood, mlp


class VAE(LatentVariableModel):
    """Gaussian latents, Bernoulli pixels (Kingma & Welling 2014); `beta` weighs the KL (Higgins et al. 2017).

    The defaults are the reference model: 784 → 400 → 2×20, and 20 → 400 → 784.
    hidden_sizes: of the encoder's layers; the decoder has the same, the other way round.
    beta, anneal_steps, free_bits: what the KL counts for, as for `LatentVariableModel`.
    likelihood, sigma, learn_sigma: what the decoder's output says of pixels, as for `networks.PixelLikelihood`.
    encoder: a network of one's own, (n, *input_shape) → (n, 2 · latent_size), μ and then log σ²; hidden_sizes does not matter to it.
    decoder: likewise, (n, latent_size) → (n, *input_shape) or (n, pixels), what `likelihood` takes: logits, for Bernoulli pixels.
    Raises ValueError for settings out of range, and for networks that give other shapes.
    Under `torch.autocast` the networks compute in half precision and the distributions in that of their input.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 28),
        latent_size: int = 20,
        hidden_sizes: Sequence[int] = (400,),
        beta: float = 1.0,
        anneal_steps: int = 0,
        free_bits: float = 0.0,
        likelihood: str = "bernoulli",
        sigma: float = 0.1,
        learn_sigma: bool = False,
        encoder: nn.Module | None = None,
        decoder: nn.Module | None = None,
    ) -> None:
        super().__init__(input_shape=input_shape, latent_size=latent_size, beta=beta, anneal_steps=anneal_steps, free_bits=free_bits)
        pixels = math.prod(input_shape)
        self.encoder = OfPixels(*mlp([pixels, *hidden_sizes, 2 * latent_size])) if encoder is None else encoder
        self.decoder = mlp([latent_size, *reversed(hidden_sizes), pixels]) if decoder is None else decoder
        self.pixels = PixelLikelihood(likelihood, len(self.input_shape), sigma=sigma, learn_sigma=learn_sigma)
        if encoder is not None or decoder is not None:
            self._refuse_other_shapes()

    def encode(self, x: Tensor, y: Tensor | None = None) -> Independent:
        mu, log_var = self.encoder(self.check_input(x)).to(x.dtype).chunk(2, dim=-1)
        return gaussian(mu, log_var)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        rows = self.check_latent(z).reshape(-1, self.latent_size)  # a network takes one batch dimension, and z may have several
        return self.pixels(self.decoder(rows).to(z.dtype).reshape(*z.shape[:-1], *self.input_shape))

    @torch.no_grad()
    def _refuse_other_shapes(self) -> None:
        with evaluating(self):
            code, image = self.encoder(torch.zeros(1, *self.input_shape)), self.decoder(torch.zeros(1, self.latent_size))
        if tuple(code.shape) != (1, 2 * self.latent_size):
            wanted = f"(n, {2 * self.latent_size}): μ and log σ² of {self.latent_size} latents, side by side"
            raise ValueError(f"the encoder gives {('n', *code.shape[1:])} for n images, expected {wanted}.".replace("'n'", "n"))
        if len(image) != 1 or image[0].numel() != math.prod(self.input_shape):
            given = ", ".join(map(str, image.shape[1:]))
            raise ValueError(f"the decoder gives (n, {given}) for n latents, expected (n, {', '.join(map(str, self.input_shape))}).")
