"""A VAE of series of one length that may have gaps: what was not seen is told to the encoder and costs the decoder nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal

from ..objectives import gaussian
from .base import LatentVariableModel, Loss
from .networks import OfPixels, mlp
from .recurrent import check_sequence_shape


class SeriesDistribution(Distribution):
    """p(x|z) of whole series: every value Gaussian and independent given z; what was not seen adds nothing to `log_prob`.

    mean: of the values, (…, steps, channels). sigma: (channels,), or what broadcasts to the mean.
    """

    arg_constraints = {}  # pyright: ignore[reportAssignmentType]

    def __init__(self, mean: Tensor, sigma: Tensor) -> None:
        self.values = Normal(mean, sigma.expand_as(mean), validate_args=False)
        event = torch.Size([mean.shape[-2], mean.shape[-1] + 1])
        super().__init__(batch_shape=mean.shape[:-2], event_shape=event, validate_args=False)

    def log_prob(self, x: Tensor) -> Tensor:
        """Σ over the seen steps of log N(value; mean, σ²), in nats; a density, so it may be above 0: x (…, steps, channels + 1) → (…)."""
        seen = x[..., -1:]
        return (seen * self.values.log_prob(x[..., :-1])).sum((-2, -1))

    @property
    def mean(self) -> Tensor:
        """(…, steps, channels + 1), every step marked as seen."""
        return _all_seen(self.values.mean)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws, with the noise σ: (*sample_shape, …, steps, channels + 1), every step marked as seen."""
        return _all_seen(self.values.sample(torch.Size(sample_shape)))


class SeriesVAE(LatentVariableModel):
    """Two multilayer perceptrons for series of one length: x is (steps, channels + 1), the values and last whether a step was seen, 1 or 0.

    A step that was not seen is a row of zeros. In training a share of the series has steps hidden anew each time, half of them all from
    some step on, half a stretch of up to half the series. The loss is the negative ELBO of what is left: what is hidden never counts.
    So q(z|x) learns to answer for series with gaps, for a forecast as for a gap.

    `standardise(x)` before training: the encoder then sees how far each value lies from the usual one at its step, and the decoder writes
    that distance.

    hidden_sizes: of the encoder's layers; the decoder has the same, the other way round.
    hide: the share of training series of which steps are hidden, 0 to 1.
    sigma: where σ starts, as a multiple of the channel's standard deviation; one is learnt for each channel.
    beta, anneal_steps, free_bits: what the KL counts for, as for `LatentVariableModel`.
    Raises ValueError for settings out of range; `fit` and whatever data enters by for rows that are not such steps.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int],
        latent_size: int = 8,
        hidden_sizes: Sequence[int] = (128, 128),
        hide: float = 0.5,
        sigma: float = 0.5,
        beta: float = 1.0,
        anneal_steps: int = 0,
        free_bits: float = 0.0,
    ) -> None:
        steps, columns = check_sequence_shape(input_shape)
        if columns < 2:
            raise ValueError(f"input_shape is {tuple(input_shape)}, expected two columns or more: the values, and whether a step was seen.")
        if not 0 <= hide <= 1:
            raise ValueError(f"hide is {hide}, expected a share from 0 to 1.")
        if not sigma > 0:
            raise ValueError(f"sigma is {sigma}, expected a number above 0.")
        super().__init__(input_shape=input_shape, latent_size=latent_size, beta=beta, anneal_steps=anneal_steps, free_bits=free_bits)
        self.hide = hide
        self.encoder = OfPixels(*mlp([steps * columns, *hidden_sizes, 2 * latent_size]))
        self.decoder = mlp([latent_size, *reversed(hidden_sizes), steps * (columns - 1)])
        self.centre: Tensor
        self.scale: Tensor
        self.register_buffer("centre", torch.full((steps, columns - 1), 0.5))
        self.register_buffer("scale", torch.full((columns - 1,), 0.25))
        self.log_sigma = nn.Parameter(torch.full((columns - 1,), math.log(sigma)))

    @torch.no_grad()
    def standardise(self, x: Tensor) -> SeriesVAE:
        """Set the usual value of each step, and each channel's standard deviation from it, to those of training series. Returns the model.

        x: (n, steps, channels + 1). What was not seen does not count; a step that was never seen keeps the channel's mean.
        """
        x = self.entered(x)
        values, seen = x[..., :-1], x[..., -1:]
        overall = values.sum((0, 1)) / seen.sum()
        self.centre = torch.where(seen.sum(0) > 0, values.sum(0) / seen.sum(0).clamp_min(1), overall)
        self.scale = ((seen * (values - self.centre).square()).sum((0, 1)) / seen.sum()).sqrt().clamp_min(1e-4)
        return self

    def encode(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """q(z|x) for x of shape (batch, steps, channels + 1), of which steps may be unseen."""
        values, seen = self.check_input(x)[..., :-1], x[..., -1:]
        away = torch.cat([seen * (values - self.centre) / self.scale, seen], dim=-1)
        mu, log_var = self.encoder(away).chunk(2, dim=-1)
        return gaussian(mu, log_var)

    def decode(self, z: Tensor, y: Tensor | None = None) -> SeriesDistribution:
        """p(x|z) for z of shape (..., latent_size)."""
        steps, columns = self.input_shape
        away = self.decoder(self.check_latent(z)).unflatten(-1, (steps, columns - 1))
        return SeriesDistribution(self.centre + self.scale * away, self.scale * self.log_sigma.exp())

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """The negative ELBO of what is seen; in training, of what is left to be seen."""
        return super().loss(self._partly_hidden(x) if self.training and self.hide > 0 else x, y)

    def check_values(self, x: Tensor) -> Tensor:
        """Return x if its rows are steps of a series, else raise a ValueError that says what is wrong."""
        super().check_values(x)
        seen = x[..., -1:]
        if not ((seen == 0) | (seen == 1)).all() or (x[..., :-1] * (1 - seen)).any():
            raise ValueError(
                "these are no series: each step must be (values, 1), or zeros where nothing was seen. "
                "Use vae_course.data.waves.as_series(values, seen)."
            )
        return x

    def _partly_hidden(self, x: Tensor) -> Tensor:
        """A share `hide` of the series with steps hidden: to their end, or a stretch."""
        n, steps = x.shape[:2]
        chance, kind, where, long = torch.rand(4, n, 1, device=x.device, dtype=x.dtype)
        to_end = kind < 0.5
        start = torch.where(to_end, (0.2 + 0.8 * where) * steps, (where * 1.25 - 0.25) * steps)
        stop = torch.where(to_end, torch.full_like(start, float(steps)), start + (0.05 + 0.45 * long) * steps)
        at = torch.arange(steps, device=x.device)
        hidden = (chance < self.hide) & (at >= start) & (at < stop)
        return x * (~hidden).unsqueeze(-1)


def _all_seen(values: Tensor) -> Tensor:
    return torch.cat([values, torch.ones_like(values[..., :1])], dim=-1)
