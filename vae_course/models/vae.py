"""The variational autoencoder, and with `beta` the β-VAE."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor
from torch.distributions import Independent, kl_divergence

from ..objectives import gaussian
from .base import LatentVariableModel, Loss
from .networks import PixelLikelihood, mlp


class VAE(LatentVariableModel):
    """Gaussian latents, Bernoulli pixels (Kingma & Welling 2014); `beta` weighs the KL (Higgins et al. 2017).

    The defaults are the reference model: 784 → 400 → 2×20, and 20 → 400 → 784. `model.beta` may be changed while training goes on,
    by `fit`'s `on_epoch` say. `free_bits` is a KL in nats that each latent dimension has for nothing (Kingma et al. 2016): a dimension
    whose KL, averaged over the batch, lies below it is counted at `free_bits`, so that nothing is gained by emptying it. The term
    `kl` stays the true one. Raises ValueError when `free_bits` is negative.
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
        free_bits: float = 0.0,
    ) -> None:
        if not free_bits >= 0:
            raise ValueError(f"free_bits is {free_bits}, expected a KL per latent dimension of at least 0 nats.")
        super().__init__(
            input_shape=input_shape,
            latent_size=latent_size,
            hidden_sizes=list(hidden_sizes),
            beta=beta,
            likelihood=likelihood,
            sigma=sigma,
            learn_sigma=learn_sigma,
            **({"free_bits": free_bits} if free_bits else {}),  # checkpoints from before there was such a setting do not name it
        )
        pixels = math.prod(input_shape)
        self.beta = beta
        self.free_bits = free_bits
        self.encoder = mlp([pixels, *hidden_sizes, 2 * latent_size])
        self.decoder = mlp([latent_size, *reversed(hidden_sizes), pixels])
        self.pixels = PixelLikelihood(likelihood, len(self.input_shape), sigma=sigma, learn_sigma=learn_sigma)

    def encode(self, x: Tensor) -> Independent:
        mu, log_var = self.encoder(self.check_input(x).flatten(1)).chunk(2, dim=-1)
        return gaussian(mu, log_var)

    def decode(self, z: Tensor) -> Independent:
        return self.pixels(self.decoder(self.check_latent(z)).unflatten(-1, self.input_shape))

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        q = self.encode(x)
        reconstruction = -self.decode(q.rsample()).log_prob(x).mean()
        kl = counted = kl_divergence(q, self.prior).mean()
        if self.free_bits:
            per_dimension = kl_divergence(q.base_dist, self.prior.base_dist).mean(0)
            counted = per_dimension.clamp_min(self.free_bits).sum()
        return Loss(total=reconstruction + self.beta * counted, reconstruction=reconstruction, kl=kl)
