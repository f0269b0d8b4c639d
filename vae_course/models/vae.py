"""The variational autoencoder, and with `beta` the β-VAE."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor
from torch.distributions import Independent

from ..objectives import elbo_terms, gaussian
from .base import LatentVariableModel, Loss
from .networks import PixelLikelihood, mlp


class VAE(LatentVariableModel):
    """Gaussian latents, Bernoulli pixels (Kingma & Welling 2014); `beta` weighs the KL (Higgins et al. 2017).

    The defaults are the reference model: 784 → 400 → 2×20, and 20 → 400 → 784.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 28),
        latent_size: int = 20,
        hidden_sizes: Sequence[int] = (400,),
        beta: float = 1.0,
        likelihood: str = "bernoulli",
        sigma: float = 0.1,
        learn_sigma: bool = False,
    ) -> None:
        super().__init__(
            input_shape=input_shape,
            latent_size=latent_size,
            hidden_sizes=list(hidden_sizes),
            beta=beta,
            likelihood=likelihood,
            sigma=sigma,
            learn_sigma=learn_sigma,
        )
        pixels = math.prod(input_shape)
        self.beta = beta
        self.encoder = mlp([pixels, *hidden_sizes, 2 * latent_size])
        self.decoder = mlp([latent_size, *reversed(hidden_sizes), pixels])
        self.pixels = PixelLikelihood(likelihood, len(self.input_shape), sigma=sigma, learn_sigma=learn_sigma)

    def encode(self, x: Tensor) -> Independent:
        mu, log_var = self.encoder(self.check_input(x).flatten(1)).chunk(2, dim=-1)
        return gaussian(mu, log_var)

    def decode(self, z: Tensor) -> Independent:
        return self.pixels(self.decoder(self.check_latent(z)).unflatten(-1, self.input_shape))

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        log_likelihood, kl = elbo_terms(self, x)
        reconstruction, kl = -log_likelihood.mean(), kl.mean()
        return Loss(total=reconstruction + self.beta * kl, reconstruction=reconstruction, kl=kl)
