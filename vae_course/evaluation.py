"""Figures on the test set: the ELBO and its terms, −log p(x) by importance weights, which latents carry anything.

Everything here runs in evaluation mode, without gradients, on the model's device, and in nats per example.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from . import runtime
from .data import Dataset, Split
from .models.base import evaluating
from .objectives import elbo_terms, log_importance_weights

DECODED_AT_ONCE = 20_000


def evaluate(model, data: Dataset | Split | Tensor, *, seed: int = 0, batch_size: int = 1000) -> dict[str, float]:
    """The mean test ELBO with its two terms: {"elbo", "reconstruction", "kl"}, where elbo = −(reconstruction + kl).

    One draw of z an example, from `seed`. Raises ValueError when the data does not fit the model.
    """
    x, y = _test_examples(data)
    log_likelihoods, kls = [], []
    with evaluating(model), torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        for chosen in torch.arange(len(x)).split(batch_size):
            log_likelihood, kl = elbo_terms(model, *_on_device(model, x, y, chosen))
            log_likelihoods.append(log_likelihood.double())
            kls.append(kl.double())
    reconstruction = -torch.cat(log_likelihoods).mean().item()
    kl = torch.cat(kls).mean().item()
    return {"elbo": -(reconstruction + kl), "reconstruction": reconstruction, "kl": kl}


def negative_log_likelihood(model, data: Dataset | Split | Tensor, *, k: int, seed: int = 0, quiet: bool = False) -> Tensor:
    """−log p(x) of each test example, bounded from above with `k` importance samples: shape (n,), in nats.

    Works in pieces of at most 20,000 decoded images, so memory does not grow with k. Report `.mean()`, and show
    several k so that one sees it settle. Raises ValueError when k < 1. Source: Burda et al. 2016, equation 8.
    """
    x, y = _test_examples(data)
    draws_at_once = min(k, DECODED_AT_ONCE)
    batch_size = max(1, DECODED_AT_ONCE // max(draws_at_once, 1))
    results = []
    with evaluating(model), torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        for chosen in runtime.track(torch.arange(len(x)).split(batch_size), f"−log p(x), k = {k}", quiet=quiet):
            batch = _on_device(model, x, y, chosen)
            total = torch.full((len(chosen),), -math.inf, dtype=torch.float64, device=model.device)
            for first in range(0, max(k, 1), max(draws_at_once, 1)):
                weights = log_importance_weights(model, *batch, k=min(draws_at_once, k - first))
                total = torch.logaddexp(total, torch.logsumexp(weights.double(), dim=0))
            results.append(math.log(k) - total)
    return torch.cat(results).float().cpu()


def kl_per_dimension(model, data: Dataset | Split | Tensor, *, batch_size: int = 1000) -> Tensor:
    """The mean over the data of each latent dimension's KL(q(z_i|x) ‖ p(z_i)): (latent_size,), in nats."""
    x, _ = _test_examples(data)
    total = torch.zeros(model.latent_size, dtype=torch.float64, device=model.device)
    with evaluating(model), torch.no_grad():
        for chosen in torch.arange(len(x)).split(batch_size):
            q = model.encode(x[chosen].to(model.device))
            total += kl_divergence(q.base_dist, model.prior.base_dist).double().sum(0)
    return (total / len(x)).float().cpu()


def posterior_means(model, data: Dataset | Split | Tensor, *, batch_size: int = 1000) -> Tensor:
    """The mean of q(z|x) of every example: (n, latent_size), on the CPU."""
    x, _ = _test_examples(data)
    with evaluating(model), torch.no_grad():
        return torch.cat([model.encode(x[chosen].to(model.device)).mean.cpu() for chosen in torch.arange(len(x)).split(batch_size)])


def active_units(model, data: Dataset | Split | Tensor, *, threshold: float = 0.01) -> Tensor:
    """Which latent dimensions carry anything: (latent_size,) booleans, true where the posterior mean's variance over the
    data exceeds `threshold`. Source: Burda et al. 2016, section 5.2.
    """
    return posterior_means(model, data).var(0) > threshold


def linear_probe(features: Tensor, labels: Tensor, test_features: Tensor, test_labels: Tensor) -> float:
    """How far the classes can be told apart by a linear rule: the test accuracy (0 to 1) of logistic regression on `features`.

    features: (n, …), flattened; labels: (n,) integers; likewise for the test set. Features are first brought to mean 0 and variance 1
    by the training features' figures. Raises ValueError when features and labels differ in length, or when there is only one class.
    Source of the idea: Alain & Bengio 2016.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for name, x, y in (("training", features, labels), ("test", test_features, test_labels)):
        if len(x) != len(y):
            raise ValueError(f"{len(x)} {name} features came with {len(y)} labels, expected one label an example.")
    if len(labels.unique()) < 2:
        raise ValueError("the training labels are all of one class: expected at least two to tell apart.")
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    probe.fit(features.flatten(1).cpu().numpy(), labels.cpu().numpy())
    return float(probe.score(test_features.flatten(1).cpu().numpy(), test_labels.cpu().numpy()))


def _test_examples(data: Dataset | Split | Tensor) -> tuple[Tensor, Tensor | None]:
    if isinstance(data, Dataset):
        data = data.test
    return (data, None) if isinstance(data, Tensor) else (data.x, data.y)


def _on_device(model, x: Tensor, y: Tensor | None, chosen: Tensor) -> tuple[Tensor, ...]:
    """The chosen examples on the model's device, with labels only where the model's encoder takes them."""
    batch = x[chosen].to(model.device)
    if y is None or not getattr(model, "conditional", False):
        return (batch,)
    return batch, y[chosen].to(model.device)


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

    def kl_from(self, q: Independent) -> Tensor:
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

    def closest_gaussian(self, start: Independent, *, steps: int = 200) -> Independent:
        """The diagonal Gaussian with the smallest KL to p(z|x), for each example: no encoder is asked, so none can be to blame.

        Searched by gradient descent from `start` and from the grid's own mean and spread; the better of all that was met is
        kept, so the result is never further away than `start`. Result: a distribution over (batch, 2).
        """
        spread = self.covariance.diagonal(dim1=-2, dim2=-1).sqrt()
        best = start.mean.detach().cpu().double().clone(), start.stddev.detach().cpu().double().clone()
        lowest = self.kl_from(start)
        for mean, stddev in (best, (self.mean, spread)):
            mean, log_sigma = mean.clone().requires_grad_(), stddev.log().requires_grad_()
            optimizer = torch.optim.Adam([mean, log_sigma], lr=0.05)
            for step in range(steps + 1):
                optimizer.param_groups[0]["lr"] = 0.05 * (1 - step / (steps + 1))
                stddev = log_sigma.clamp_min(math.log(0.5 * self.step)).exp()
                kl = self._kl(_gaussian_masses(self.axis, mean, stddev), stddev)
                better = kl.detach() < lowest
                lowest = torch.where(better, kl.detach(), lowest)
                found = mean.detach(), stddev.detach()
                best = tuple(torch.where(better.unsqueeze(-1), new, old) for new, old in zip(found, best, strict=True))
                optimizer.zero_grad()
                kl.sum().backward()
                optimizer.step()
        return Independent(Normal(*best), 1)

    def _kl(self, weights: Tensor, stddev: Tensor) -> Tensor:
        """−(entropy of q) − E_q[log p(z|x)], from q's mass on the lines of the grid: (batch, 2, points)."""
        entropy = (0.5 * math.log(2 * math.pi * math.e) + stddev.log()).sum(-1)
        # Where p underflows q has to be all but zero as well; the floor keeps 0 · ∞ out of the sum.
        expected = torch.einsum("bi,bij,bj->b", weights[:, 0], self.log_density.clamp_min(-1e4), weights[:, 1])
        return -entropy - expected


@torch.no_grad()
def posterior_on_grid(model, x: Tensor, *, limit: float = 5.0, points: int = 201) -> GridPosterior:
    """p(z|x) and log p(x) of a model with two latents, by brute force: p(x|z) p(z) at every point of a grid, and their sum.

    x: (batch, *input_shape). The grid has `points` lines from −limit to limit in both directions; log p(x) is the sum over the
    grid times the area of a cell. Raises ValueError when the model has another number of latents, when a posterior reaches
    the grid's edge, or when one lies on so few points that the sum means nothing.
    """
    latent_size = model.prior.event_shape[-1]
    if latent_size != 2:
        raise ValueError(f"the model has {latent_size} latents, expected 2: a grid in more directions has too many points.")
    prior = model.prior
    axis = torch.linspace(-limit, limit, points, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis).to(prior.mean)
    log_prior = prior.log_prob(z).double()
    with evaluating(model):
        p = model.decode(z)
        log_joint = torch.stack([p.log_prob(one).double() + log_prior for one in x.to(z.device)]).cpu()
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
