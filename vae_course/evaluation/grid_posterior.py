"""The exact posterior of a model with two latents, by brute force on a grid."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import repeat

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from ..contract import LatentModel
from ..models.base import evaluating
from .examples import labels_on, placed

AT_ONCE = 8_000  # points of the grid: an image for each is held in memory, a few times over


@dataclass(frozen=True)
class GridPosterior:
    """What `posterior_on_grid` finds: p(z|x) of each example at every point of a square grid, as exact as the grid is fine.

    axis: (points,), the grid's lines, the same in both directions. log_density: (batch, points, points), log p(z|x) at
    (z₁, z₂) = (axis[i], axis[j]). log_evidence: (batch,), log p(x) in nats. All in double precision.
    """

    axis: Tensor
    log_density: Tensor
    log_evidence: Tensor

    @property
    def step(self) -> float:
        """The distance between two neighbouring lines of the grid."""
        return (self.axis[1] - self.axis[0]).item()

    @property
    def mass(self) -> Tensor:
        """The probability of each cell: (batch, points, points), which sums to one over the last two."""
        return self.log_density.exp() * self.step**2

    @property
    def mean(self) -> Tensor:
        """E[z|x]: (batch, 2)."""
        return torch.stack([self.mass.sum(2) @ self.axis, self.mass.sum(1) @ self.axis], dim=-1)

    @property
    def covariance(self) -> Tensor:
        """The covariance of z given x: (batch, 2, 2)."""
        first, second = (self.axis - self.mean.unsqueeze(-1)).unbind(1)
        mass = self.mass
        off_diagonal = torch.einsum("bi,bij,bj->b", first, mass, second)
        diagonal = (mass.sum(2) * first.pow(2)).sum(-1), (mass.sum(1) * second.pow(2)).sum(-1)
        return torch.stack([diagonal[0], off_diagonal, off_diagonal, diagonal[1]], dim=-1).unflatten(-1, (2, 2))

    def kl_from(self, q: Distribution) -> Tensor:
        """KL(q ‖ p(z|x)) in nats for a diagonal Gaussian q over (batch, 2): (batch,), the expectation taken on the grid.

        Raises ValueError when q reaches beyond the grid or is narrower than its step.
        """
        mean, stddev = q.mean.detach().cpu().double(), q.stddev.detach().cpu().double()
        weights = _gaussian_masses(self.axis, mean, stddev)
        lost = (weights.sum(-1) - 1).abs().max().item()
        narrowest = stddev.min().item()
        if lost > 0.01 or narrowest < 0.5 * self.step:
            grid = f"step {self.step:.3g}, lines to ±{self.axis[-1].item():g}"
            raise ValueError(f"q, with its narrowest σ {narrowest:.3g}, does not fit the grid ({grid}). Use more points or a larger limit.")
        return self._kl(weights, stddev)

    def closest_gaussian(self, start: Distribution, *, steps: int = 200) -> Independent:
        """The diagonal Gaussian with the smallest KL to p(z|x), for each example: no encoder is asked, so none can be to blame.

        Searched by gradient descent, in single precision, from `start`, from the grid's own mean and spread, and from its densest
        point; the best of all that was met is kept, so the result is never further away than `start`.
        Result: a distribution over (batch, 2).
        """
        spread = self.covariance.diagonal(dim1=-2, dim2=-1).sqrt()
        best = start.mean.detach().cpu().double(), start.stddev.detach().cpu().double()
        lowest = self.kl_from(start)
        densest = self.log_density.flatten(1).argmax(1)
        top = torch.stack([self.axis[densest // len(self.axis)], self.axis[densest % len(self.axis)]], dim=-1)
        begins = best, (self.mean, spread), (top, torch.full_like(top, 3 * self.step))
        axis, log_density = self.axis.float(), _floored(self.log_density).float()
        for mean, stddev in begins:
            found = tuple(numbers.double() for numbers in _descended(axis, log_density, mean.float(), stddev.float(), steps))
            kl = self._kl(_gaussian_masses(self.axis, *found), found[1])
            better = kl < lowest
            lowest = torch.where(better, kl, lowest)
            best = tuple(torch.where(better.unsqueeze(-1), new, old) for new, old in zip(found, best, strict=True))
        mean, stddev = best
        return Independent(Normal(mean, stddev), 1)

    def _kl(self, weights: Tensor, stddev: Tensor) -> Tensor:
        return _kl(_floored(self.log_density), weights, stddev)


@torch.no_grad()
def posterior_on_grid(
    model: LatentModel, x: Tensor, y: Tensor | int | None = None, *, limit: float = 5.0, points: int = 201
) -> GridPosterior:
    """p(z|x) and log p(x) of a model with two latents, by brute force: p(x|z) p(z) at every point of a grid, and their sum.

    x: (batch, *input_shape). y: its labels, (batch,) or one class for all, where the model knows classes: the posterior is then p(z|x, y).
    The grid has `points` lines from −limit to limit in both directions; log p(x) is the sum over the
    grid times the area of a cell. Raises ValueError when the model has another number of latents, when a posterior reaches
    the grid's edge, or when one lies on so few points that the sum means nothing.
    """
    latent_size = model.prior.event_shape[-1]
    if latent_size != 2:
        raise ValueError(f"the model has {latent_size} latents, expected 2: a grid in more directions has too many points.")
    prior = model.prior
    axis = torch.linspace(-limit, limit, points, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis).to(prior.mean.dtype).to(prior.mean.device)
    x, labels = placed(model, x), labels_on(model, y, len(x))

    def log_joint_at(some: Tensor) -> Tensor:
        if labels is None:
            given = repeat(model.decode(some), len(x))
        else:  # one after another: each is an image for every point
            given = (model.decode(some, label.expand(len(some))) for label in labels)
        rows = [p.log_prob(one).cpu().double() for p, one in zip(given, x, strict=True)]
        return torch.stack(rows) + prior.log_prob(some).cpu().double()

    with evaluating(model):
        log_joint = torch.cat([log_joint_at(some) for some in z.split(AT_ONCE)], dim=1)
    step = (axis[1] - axis[0]).item()
    log_evidence = torch.logsumexp(log_joint, dim=1) + 2 * math.log(step)
    log_density = (log_joint - log_evidence.unsqueeze(-1)).unflatten(-1, (points, points))
    found = GridPosterior(axis, log_density, log_evidence)
    mass = found.mass
    outside = 1 - mass[:, 2:-2, 2:-2].sum((1, 2)).min().item()
    if outside > 1e-3:
        raise ValueError(f"a posterior has {outside:.1%} of its mass at the grid's edge, ±{limit:g}. Use a larger limit.")
    if mass.max().item() > 0.25:
        raise ValueError(f"a posterior has {mass.max().item():.0%} of its mass on one point: the grid is too coarse. Use more points.")
    return found


def _gaussian_masses(axis: Tensor, mean: Tensor, stddev: Tensor) -> Tensor:
    """The mass of N(mean, stddev²) at each line of the grid, for both directions: (batch, 2) → (batch, 2, points)."""
    density = Normal(mean.unsqueeze(-1), stddev.unsqueeze(-1), validate_args=False).log_prob(axis).exp()
    return density * (axis[1] - axis[0])


def _floored(log_density: Tensor) -> Tensor:
    """log p(z|x) where it counts: where p underflows q has to be all but zero as well, and the floor keeps 0 · ∞ out of sums."""
    return log_density.clamp_min(-1e4)


def _kl(log_density: Tensor, weights: Tensor, stddev: Tensor) -> Tensor:
    """−(entropy of q) − E_q[log p(z|x)], from q's mass on the lines of the grid: (batch, 2, points)."""
    entropy = (0.5 * math.log(2 * math.pi * math.e) + stddev.log()).sum(-1)
    return -entropy - torch.einsum("bi,bij,bj->b", weights[:, 0], log_density, weights[:, 1])


def _descended(axis: Tensor, log_density: Tensor, mean: Tensor, stddev: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """The mean and σ with the smallest KL that were met on the way down from those given: (batch, 2) each."""
    narrowest = math.log(0.5 * (axis[1] - axis[0]).item())
    best = mean, stddev
    lowest = torch.full((len(mean),), math.inf, dtype=mean.dtype)
    mean, log_sigma = mean.clone().requires_grad_(), stddev.log().requires_grad_()
    optimizer = torch.optim.Adam([mean, log_sigma], lr=0.05)
    for step in range(steps + 1):
        optimizer.param_groups[0]["lr"] = 0.05 * (1 - step / (steps + 1))
        stddev = log_sigma.clamp_min(narrowest).exp()
        kl = _kl(log_density, _gaussian_masses(axis, mean, stddev), stddev)
        better = kl.detach() < lowest
        lowest = torch.where(better, kl.detach(), lowest)
        found = mean.detach(), stddev.detach()
        best = tuple(torch.where(better.unsqueeze(-1), new, old) for new, old in zip(found, best, strict=True))
        optimizer.zero_grad()
        kl.sum().backward()
        optimizer.step()
    return best[0], best[1]
