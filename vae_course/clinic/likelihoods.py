"""Two marks for a cost: what the best constant image costs under a decoder's kind of distribution, and what a perfect copy costs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Bernoulli, ContinuousBernoulli, Distribution, Independent, Laplace, Normal

from ..models.discretised import DiscretisedLogistic

SMALLEST = 1e-4


@dataclass(frozen=True)
class Marks:
    """Nats an example. grey: of the value in the middle everywhere. mean: of the mean of all examples. copy: of each example itself."""

    grey: float
    mean: float
    copy: float

    @property
    def span(self) -> float:
        """What there is to gain from telling examples apart."""
        return max(self.mean - self.copy, 1e-6)


def innermost(p: Distribution) -> Distribution:
    """The distribution of single pixels inside p."""
    while isinstance(p, Independent):
        p = p.base_dist
    return p


def says_probabilities(p: Distribution) -> bool:
    """Whether its pixels are probabilities, so that no mean can leave [0, 1]."""
    return isinstance(innermost(p), (Bernoulli, ContinuousBernoulli))


def marks(p: Distribution, x: Tensor, *, smooth: bool = True) -> Marks | None:
    """The marks of examples x (n, ...) under a decoder's p(x|z), or None for a kind that is not known here.

    smooth: whether the mean is drawn to the middle by half an example, so that a pixel that was never on is not impossible.
    """
    one, n = innermost(p), len(x)
    mean = (x.sum(0) + 0.5 * (x.amax() + x.amin()) * smooth) / (n + smooth)
    middle = torch.full_like(mean, 0.5)
    if isinstance(one, Bernoulli):
        like = lambda value: Bernoulli(probs=value.clamp(SMALLEST, 1 - SMALLEST), validate_args=False)  # noqa: E731
        entropy = -(torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x))
        return Marks(_cost(like(middle), x), _cost(like(mean), x), entropy.flatten(1).sum(1).mean().item())
    if isinstance(one, ContinuousBernoulli):
        grid = torch.linspace(0.001, 0.999, 400, dtype=x.dtype, device=x.device)
        means = ContinuousBernoulli(probs=grid, validate_args=False).mean
        like = lambda value: ContinuousBernoulli(probs=grid[_nearest(means, value)], validate_args=False)  # noqa: E731
        return Marks(_cost(like(middle), x), _cost(like(mean), x), _cost(like(x), x))
    if isinstance(one, (Normal, Laplace, DiscretisedLogistic)):
        scale = one.scale.detach().mean() * (math.pi / math.sqrt(3) if isinstance(one, DiscretisedLogistic) else 1)
        like = lambda value: type(one)(value, scale)  # noqa: E731
        return Marks(_cost(like(middle), x), _cost(like(mean), x), _cost(like(x), x))
    return None


def _nearest(grid: Tensor, value: Tensor) -> Tensor:
    return torch.searchsorted(grid.contiguous(), value.contiguous()).clamp(max=len(grid) - 1)


def _cost(p: Distribution, x: Tensor) -> float:
    found = -p.log_prob(x).flatten(1).sum(1).mean().item()
    return found if math.isfinite(found) else math.inf
