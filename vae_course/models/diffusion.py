"""A small diffusion model, to stand beside the VAE: noise is added in many fixed steps, and a network learns to take it away."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .base import Loss, Model, evaluating

FORGETS = 0.005  # of the running average, at each step


class Diffusion(Model):
    """A denoising diffusion model (DDPM, Ho et al. 2020): a U-shaped convolutional network names the noise in a noisy image.

    Time t counts noising steps, 0 (the image, its pixels moved to [−1, 1]) to T (all but pure noise). The way to noise is fixed:
    q(x_t|x_{t−1}) = N(√(1 − β_t) x_{t−1}, β_t I), so q(x_t|x) = N(√ᾱ_t x, (1 − ᾱ_t) I) with ᾱ_t = Π_{s≤t} (1 − β_s).
    T: how many noising steps there are; β_t rises in equal steps from 0.0001 to 0.02 where T is 1000, and as much faster as T is smaller.
    `averaged` is the network with a running average of the weights of earlier steps: it draws, and `network` learns.
    channels: of the network's maps at half and at a quarter of the image's side, both multiples of 8.
    Raises ValueError for other channels, for sides that are no multiples of 4, and for fewer than 20 steps.
    """

    has_no = dict.fromkeys(
        ("encode", "decode", "reconstruct", "interpolate", "prior"),
        "a diffusion model has no code: it draws by sample(n), and cleaned(noise) turns noise of an image's size into an image. Where an "
        "image is to be encoded, use a VAE.",
    )
    alpha_bar: Tensor

    def __init__(self, *, input_shape: Sequence[int] = (1, 28, 28), channels: Sequence[int] = (16, 32), T: int = 1000) -> None:
        if len(channels) != 2 or any(count < 8 or count % 8 for count in channels):
            raise ValueError(f"channels is {tuple(channels)}, expected two multiples of 8.")
        if len(input_shape) != 3 or any(side % 4 for side in input_shape[1:]):
            raise ValueError(f"input_shape is {tuple(input_shape)}, expected (channels, height, width), both sides multiples of 4.")
        if T < 20:
            raise ValueError(f"T is {T}, expected at least 20.")
        super().__init__(input_shape=input_shape)
        self.T = T
        self.network = Denoiser(input_shape[0], *channels)
        self.averaged = copy.deepcopy(self.network).requires_grad_(False)
        betas = torch.linspace(0.1 / T, 20 / T, T).clamp_max(0.999)
        self.register_buffer("alpha_bar", torch.cat([torch.ones(1), (1 - betas).cumprod(0)]), persistent=False)

    def noised(self, x: Tensor, t: Tensor, noise: Tensor) -> Tensor:
        """x_t of q(x_t|x) in one go: images (n, *input_shape) with pixels in [0, 1], t (n,) of 0 to T, noise from N(0, I) like x."""
        a = self.alpha_bar[t].view(-1, 1, 1, 1)
        return a.sqrt() * (2 * x - 1) + (1 - a).sqrt() * noise

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """The mean squared error of the noise, per pixel, at one t an image, each t as likely: 1 for a network that says nothing.

        These are no nats: with the weight β_t²/(2σ_t²(1 − β_t)(1 − ᾱ_t)) at each step it would be, but for its ends, the −ELBO
        (Ho et al. 2020, eq. 12 and 14).
        """
        self.check_input(x)
        t = torch.randint(1, self.T + 1, (len(x),), device=x.device)
        noise = torch.randn_like(x)
        error = (self.network(self.noised(x, t, noise), t) - noise).square().mean()
        return Loss(total=error)

    def training_step(self, x: Tensor, y: Tensor | None, optimizer: Any) -> Loss:
        """One step on one batch, and one of the running average, which looks back some 200 steps, at first not so far."""
        loss = super().training_step(x, y, optimizer)
        moved = max(FORGETS, 9 / (9 + self.steps_trained))
        with torch.no_grad():
            for kept, new in zip(self.averaged.parameters(), self.network.parameters(), strict=True):
                kept.lerp_(new, moved)
        return loss

    @torch.no_grad()
    def cleaned(self, noise: Tensor, steps: int = 50) -> Tensor:
        """Images (n, *input_shape), pixels in [0, 1], from noise of N(0, I) by the DDIM of Song et al. (2021), which draws nothing more.

        steps: how many passes through the network, at times that share out 0 to T equally. Raises ValueError unless it is 1 to T.
        """
        if not 1 <= steps <= self.T:
            raise ValueError(f"steps is {steps}, expected 1 to {self.T}.")
        times = torch.linspace(self.T, 0, steps + 1).round().long().tolist()
        x = noise
        with evaluating(self):
            for t, following in zip(times, times[1:], strict=False):
                a, b = self.alpha_bar[t], self.alpha_bar[following]
                named = self.averaged(x, torch.full((len(x),), t, device=x.device))
                image = ((x - (1 - a).sqrt() * named) / a.sqrt()).clamp(-1, 1)
                x = b.sqrt() * image + (1 - b).sqrt() * (x - a.sqrt() * image) / (1 - a).sqrt()
        return (x + 1) / 2

    def sample(self, n: int, steps: int = 50) -> Tensor:
        """`n` images from as many draws of noise: (n, *input_shape), pixels in [0, 1]. steps: see `cleaned`."""
        return self.cleaned(torch.randn(n, *self.input_shape, device=self.device, dtype=self.dtype), steps)


class Denoiser(nn.Module):
    """The network of `Diffusion`: a noisy image (n, colours, height, width) and its time (n,) → the noise in it, of the image's shape.

    It works at half and at a quarter of the side; what was known at half is put beside what comes back from a quarter.
    """

    def __init__(self, colours: int, wide: int, deep: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(4 * colours, wide, 3, padding=1)
        self.time = nn.Sequential(nn.Linear(32, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
        self.first = Block(wide, wide)
        self.down = nn.Conv2d(wide, deep, 3, stride=2, padding=1)
        self.middle = nn.ModuleList([Block(deep, deep), Block(deep, deep)])
        self.up = nn.ConvTranspose2d(deep, wide, 2, stride=2)
        self.last = Block(2 * wide, wide)
        self.leave = nn.Conv2d(wide, 4 * colours, 3, padding=1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        rates = torch.exp(torch.linspace(0, -math.log(1000), 16, device=x.device, dtype=x.dtype))
        angles = t.to(x.dtype)[:, None] * rates
        time = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        half = self.first(self.enter(F.pixel_unshuffle(x, 2)), time)
        quarter = self.down(half)
        for block in self.middle:
            quarter = block(quarter, time)
        return F.pixel_shuffle(self.leave(self.last(torch.cat([half, self.up(quarter)], 1), time)), 2)


class Block(nn.Module):
    """Two convolutions around a skip, told the time: maps (n, inputs, height, width), time (n, 64) → (n, outputs, height, width)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)
        self.one = nn.Sequential(nn.GroupNorm(4, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1))
        self.told = nn.Linear(64, outputs)
        self.two = nn.Sequential(nn.GroupNorm(4, outputs), nn.SiLU(), nn.Conv2d(outputs, outputs, 3, padding=1))

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return self.skip(x) + self.two(self.one(x) + self.told(time)[:, :, None, None])
