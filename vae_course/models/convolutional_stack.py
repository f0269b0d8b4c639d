"""Two levels of latents at two resolutions: a top that belongs to the whole image, and a map of latents below it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Independent

from ..objectives import gaussian
from .hierarchical import LatentStack, LevelledVAE, moved
from .networks import PixelLikelihood


class ConvolutionalStack(LevelledVAE):
    """z₂, numbers without a place, and z₁, `maps` of a quarter of the image's height and width: p(x|z₁, z₂) p(z₁|z₂) p(z₂).

    Found from the top down, q(z₂|x) q(z₁|z₂, x), by residual inference: what z₂ leads to expect of z₁ is moved and stretched (Vahdat &
    Kautz 2020, section 3.2, there with many more levels). z₂ reaches the pixels by two ways: through z₁, and beside it.
    input_shape: (channels, height, width), sides that 8 divides. top_size: how many numbers z₂ has.
    maps: how many z₁ has, which makes maps · height/4 · width/4 numbers.
    channels: of the features at a half, a quarter and an eighth of the image's height and width.
    beta, anneal_steps, free_bits: as for `LatentVariableModel`; likelihood, sigma, learn_sigma: as for `networks.PixelLikelihood`.
    start: about what an untrained decoder paints, as for `ConvolutionalVAE`.
    Latents stand side by side, z = (z₁, z₂). Raises ValueError for sides that 8 does not divide, and for other than three `channels`.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (3, 32, 32),
        top_size: int = 16,
        maps: int = 4,
        channels: Sequence[int] = (16, 32, 64),
        beta: float = 1.0,
        anneal_steps: int = 0,
        free_bits: float = 0.0,
        likelihood: str = "gaussian",
        sigma: float = 0.05,
        learn_sigma: bool = False,
        start: float = 0.5,
    ) -> None:
        colours, *sides = input_shape
        if any(side % 8 for side in sides) or len(channels) != 3:
            given = f"the images have shape {tuple(input_shape)} and channels is {list(channels)}"
            raise ValueError(f"{given}: expected a height and a width that 8 divides, and three numbers of channels.")
        map_shape, coarse = (maps, *(side // 4 for side in sides)), (channels[2], *(side // 8 for side in sides))
        sizes = [maps * map_shape[1] * map_shape[2], top_size]
        super().__init__(input_shape=input_shape, latent_size=sum(sizes), beta=beta, anneal_steps=anneal_steps, free_bits=free_bits)
        self.latent_sizes, self.map_shape = sizes, map_shape
        half, quarter, eighth = channels
        flat = eighth * coarse[1] * coarse[2]
        self.look = nn.Sequential(nn.Conv2d(colours, half, 4, 2, 1), nn.SiLU(), nn.Conv2d(half, quarter, 4, 2, 1), nn.SiLU())
        self.sum_up = nn.Sequential(nn.Conv2d(quarter, eighth, 4, 2, 1), nn.SiLU(), nn.Flatten(), nn.Linear(flat, 2 * top_size))
        self.lay_out = nn.Sequential(
            nn.Linear(top_size, flat), nn.Unflatten(1, coarse), nn.SiLU(), nn.ConvTranspose2d(eighth, quarter, 4, 2, 1), nn.SiLU()
        )
        self.expect = nn.Conv2d(quarter, 2 * maps, 3, 1, 1)
        self.add = nn.Sequential(nn.Conv2d(2 * quarter, quarter, 3, 1, 1), nn.SiLU(), nn.Conv2d(quarter, 2 * maps, 1))
        self.paint = nn.Sequential(
            *(nn.Conv2d(quarter + maps, quarter, 3, 1, 1), nn.SiLU(), nn.ConvTranspose2d(quarter, half, 4, 2, 1), nn.SiLU()),
            nn.ConvTranspose2d(half, colours, 4, 2, 1),
        )
        self.pixels = PixelLikelihood(likelihood, 3, sigma=sigma, learn_sigma=learn_sigma)
        bias = self.paint[-1].bias
        assert isinstance(bias, Tensor)
        with torch.no_grad():
            bias.add_(self.pixels.output_for(start))

    def layout(self, z_2: Tensor) -> Tensor:
        """What z₂ says of each place: (…, size of z₂) → (…, channels, height / 4, width / 4), which z₁ and the pixels rest on."""
        return _images(self.lay_out, z_2, 1)

    def _given_layout(self, layout: Tensor) -> Independent:
        return gaussian(*_in_rows(_images(self.expect, layout, 3)))

    def encode(self, x: Tensor, y: Tensor | None = None) -> LatentStack:
        """q(z|x) over both levels: a `LatentStack` over (batch, latent_size)."""
        seen = self.look(self.check_input(x))
        top = gaussian(*self.sum_up(seen).chunk(2, dim=-1))

        def bottom(z_2: Tensor | None) -> Independent:
            assert z_2 is not None
            layout = self.layout(z_2)
            added = _images(self.add, torch.cat([seen.expand_as(layout), layout], -3), 3)
            return moved(self._given_layout(layout), *_in_rows(added))

        return LatentStack([bottom, lambda _: top], self.latent_sizes, [1, 0])

    @property
    def prior(self) -> LatentStack:
        """p(z₁|z₂) p(z₂), drawn from the top."""
        zeros = self._zeros[: self.latent_sizes[1]]

        def bottom(z_2: Tensor | None) -> Independent:
            assert z_2 is not None
            return self._given_layout(self.layout(z_2))

        return LatentStack([bottom, lambda _: gaussian(zeros, zeros)], self.latent_sizes, [1, 0])

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x|z₁, z₂) for z of shape (…, latent_size)."""
        z_1, z_2 = self.levels(z)
        return self.pixels(_images(self.paint, torch.cat([self.layout(z_2), z_1.unflatten(-1, self.map_shape)], -3), 3))


def _images(layer: nn.Module, batch: Tensor, dims: int) -> Tensor:
    """A layer that knows one dimension for the batch, applied to as many as there are before the last `dims`."""
    before = batch.shape[:-dims]
    found = layer(batch.reshape(-1, *batch.shape[-dims:]))
    return found.reshape(*before, *found.shape[1:])


def _in_rows(maps: Tensor) -> list[Tensor]:
    """Means and log-variances, each one row of numbers: (…, 2 · maps, height, width) → twice (…, maps · height · width)."""
    return [half.flatten(-3) for half in maps.chunk(2, dim=-3)]
