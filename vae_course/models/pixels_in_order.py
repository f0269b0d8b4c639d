"""A VAE whose decoder also sees the pixels before each one, and can therefore do without z."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .vae import VAE


class PixelsInOrder:
    """p(x|z) over images whose pixels are drawn in order: `log_prob` reads the true pixels before each one, `sample` its own."""

    def __init__(self, model: PixelVAE, z: Tensor) -> None:
        self.model, self.z = model, z

    def log_prob(self, x: Tensor) -> Tensor:
        seen = 2 * x.flatten(1) - 1
        if self.model.training and self.model.pixel_dropout:
            seen = seen * (torch.rand_like(seen) >= self.model.pixel_dropout)
        logits = self.model.decoder(self.z) + self.model.before(seen)
        return -F.binary_cross_entropy_with_logits(logits, x.flatten(1).expand_as(logits), reduction="none").sum(-1)

    @torch.no_grad()
    def sample(self) -> Tensor:
        from_z = self.model.decoder(self.z)
        seen = torch.zeros_like(from_z)
        for i in range(seen.shape[1]):
            seen[:, i] = 2 * torch.bernoulli((from_z + self.model.before(seen))[:, i].sigmoid()) - 1
        return (seen.view(-1, *self.model.input_shape) + 1) / 2


class PixelVAE(VAE):
    """A VAE of black or white pixels with logit p(xᵢ = 1 | x₁ … xᵢ₋₁, z) = fᵢ(z) + Σⱼ﹤ᵢ Wᵢⱼ (2xⱼ − 1).

    pixel_dropout: the share of the pixels before that is hidden from the decoder in training (Bowman et al. 2016 hide words).
    """

    earlier: Tensor

    def __init__(self, *, pixel_dropout: float = 0.0, **config) -> None:
        if not 0 <= pixel_dropout <= 1:
            raise ValueError(f"pixel_dropout is {pixel_dropout}, expected a share between 0 and 1.")
        super().__init__(**config)
        self.pixel_dropout = pixel_dropout
        pixels = math.prod(self.input_shape)
        self.weights = nn.Parameter(torch.zeros(pixels, pixels))
        self.register_buffer("earlier", torch.ones(pixels, pixels).tril(-1))  # 1 where j < i

    def before(self, seen: Tensor) -> Tensor:
        """What the pixels before add to each pixel's logit, (…, pixels) → (…, pixels)."""
        return F.linear(seen, self.weights * self.earlier)

    def decode(self, z: Tensor, y: Tensor | None = None) -> PixelsInOrder:
        return PixelsInOrder(self, self.check_latent(z))
