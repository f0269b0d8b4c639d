"""A distribution over the 256 levels of a byte, for decoders whose likelihood can be counted in bits."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Distribution, constraints

LEVELS = 256
HALF = 0.5 / (LEVELS - 1)  # half the distance between two neighbouring levels 0, 1/255, …, 1


class DiscretisedLogistic(Distribution):
    """A logistic around `mu` with standard deviation `sigma`, gathered into the 256 levels 0, 1/255, …, 1.

    Level x gets the mass from x − ½/255 to x + ½/255; level 0 also all that lies below, level 1 all that lies above, so that
    the 256 probabilities sum to 1. mu: any shape, any values. sigma: broadcasts to it, positive.
    Source: Salimans et al. 2017 (PixelCNN++), equation 2, there with a mixture of such logistics.
    """

    arg_constraints: dict = {}  # pyright: ignore[reportAssignmentType]
    support = constraints.unit_interval  # pyright: ignore[reportAssignmentType]

    def __init__(self, mu: Tensor, sigma: Tensor) -> None:
        self.mu = mu
        self.scale = sigma * (math.sqrt(3) / math.pi)  # the logistic's own parameter: its variance is scale² π² / 3
        super().__init__(mu.shape, validate_args=False)

    def log_prob(self, x: Tensor) -> Tensor:
        """The log-probability of each pixel, in nats; x in [0, 1] is rounded to its nearest level."""
        x = (x * (LEVELS - 1)).round() / (LEVELS - 1)
        upper, lower = (x + HALF - self.mu) / self.scale, (x - HALF - self.mu) / self.scale
        # log(sigmoid(upper) − sigmoid(lower)) in a form that loses no digits, however far off the level lies.
        inside = F.logsigmoid(upper) + F.logsigmoid(-lower) + torch.log(-torch.expm1(-2 * HALF / self.scale))
        return torch.where(x <= 0, F.logsigmoid(upper), torch.where(x >= 1, F.logsigmoid(-lower), inside))

    @property
    def mean(self) -> Tensor:
        """The mean of each pixel before it is rounded to a level, in [0, 1]: ∫ P(pixel > t) dt from 0 to 1.

        That of the levels, a sum of 255 terms, is never more than half a level away.
        """
        return self.scale * (F.softplus(self.mu / self.scale) - F.softplus((self.mu - 1) / self.scale))

    @torch.no_grad()
    def sample(self, sample_shape=()) -> Tensor:
        """One level for each pixel, in [0, 1]: (*sample_shape, *mu.shape)."""
        shape = self._extended_shape(torch.Size(sample_shape))
        u = torch.rand(shape, dtype=self.mu.dtype, device=self.mu.device).clamp(1e-6, 1 - 1e-6)
        return ((self.mu + self.scale * torch.logit(u)).clamp(0, 1) * (LEVELS - 1)).round() / (LEVELS - 1)
