"""What a model of series has to beat: forecasts, fillings and codes that need no network. Series here are values, (n, steps)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.distributions import MultivariateNormal


def last_value_forecast(past: Tensor, steps: int) -> Tensor:
    """The naive forecast: the last value, again and again. past: (n, t) → (n, steps)."""
    return past[:, -1:].expand(-1, _positive(steps))


def periodic_forecast(past: Tensor, steps: int, *, shortest: int = 4) -> Tensor:
    """What came one period ago, the period found for each series by itself: the lag, `shortest` to two thirds of t, at which the series
    differs least from itself (mean square). past: (n, t) → (n, steps).
    """
    n, t = past.shape
    lags = range(shortest, 2 * t // 3 + 1)
    if not lags:
        raise ValueError(f"a past of {t} steps has no lag of at least {shortest} to look at. Give a longer one.")
    misfit = torch.stack([(past[:, lag:] - past[:, :-lag]).pow(2).mean(1) for lag in lags])
    lag = misfit.argmin(0) + shortest
    ahead = torch.arange(_positive(steps))
    return past.gather(1, t - lag.unsqueeze(1) + ahead % lag.unsqueeze(1))


def autoregressive_forecast(train: Tensor, past: Tensor, steps: int, *, order: int = 24) -> Tensor:
    """A linear rule for the next value from the `order` values before it, fitted on `train` by least squares, and fed its own forecasts.

    train: (m, t′), t′ > order; past: (n, t), t ≥ order → (n, steps). Raises ValueError when a series is too short for the order.
    """
    from sklearn.linear_model import Ridge

    if train.shape[1] <= order or past.shape[1] < order:
        raise ValueError(f"an order of {order} needs more than {order} steps to fit and {order} to start from. Use a lower order.")
    windows = train.unfold(1, order + 1, 1).flatten(0, 1).numpy()
    rule = Ridge(alpha=1e-3).fit(windows[:, :-1], windows[:, -1])
    known = past.numpy()
    for _ in range(_positive(steps)):
        known = np.concatenate([known, rule.predict(known[:, -order:])[:, None]], axis=1)
    return torch.from_numpy(known[:, -steps:]).float()


def interpolate_gaps(values: Tensor, seen: Tensor) -> Tensor:
    """The gaps filled along straight lines between the seen values beside them; at the ends, with the nearest one. Both (n, steps).

    Raises ValueError when a series has nothing that was seen.
    """
    seen = seen.bool()
    if not seen.any(1).all():
        raise ValueError("a series has no value that was seen: there is nothing to draw a line from. Leave it out.")
    steps = np.arange(values.shape[1])
    rows = [np.interp(steps, steps[known.numpy()], row[known].numpy()) for row, known in zip(values, seen, strict=True)]
    return torch.from_numpy(np.stack(rows)).to(values.dtype)


def principal_components(train: Tensor, values: Tensor, size: int) -> Tensor:
    """`values` (n, steps) from their codes of `size` numbers by principal components of `train` (m, steps): (n, steps)."""
    from sklearn.decomposition import PCA

    pca = PCA(size, random_state=0).fit(train.numpy())
    return torch.from_numpy(pca.inverse_transform(pca.transform(values.numpy()))).to(values.dtype)


def gaussian_given_seen(train: Tensor, values: Tensor, seen: Tensor, *, ridge: float = 0.0) -> tuple[Tensor, Tensor]:
    """What one Gaussian, with the mean and covariance of `train`, says of the unseen steps given the seen ones: mean and σ of each step.

    With the steps parted into seen s and unseen u, the mean is μ_u + Σ_us Σ_ss⁻¹ (x_s − μ_s) and the covariance Σ_uu − Σ_us Σ_ss⁻¹ Σ_su
    (Bishop 2006, section 2.3.1). Where a step was seen, the mean is its value and σ is 0.
    train: (m, steps); values, seen: (n, steps). ridge: added to the variance of each step. Both results: (n, steps).
    """
    mean, covariance = train.double().mean(0), torch.cov(train.double().T)
    covariance = covariance + ridge * torch.eye(len(covariance), dtype=covariance.dtype)
    believed, sigma = values.double().clone(), torch.zeros(values.shape, dtype=torch.float64)
    kinds, kind_of = seen.bool().unique(dim=0, return_inverse=True)  # series with the same gap share one system
    for number, known in enumerate(kinds):
        rows, hidden = (kind_of == number).nonzero(), (~known).nonzero().squeeze(1)
        across = covariance[hidden][:, known]
        weights = torch.linalg.solve(covariance[known][:, known], across.T)  # (seen, unseen)
        left = covariance[hidden, hidden] - (across * weights.T).sum(1)
        believed[rows, hidden] = mean[hidden] + (values.double()[rows.squeeze(1)][:, known] - mean[known]) @ weights
        sigma[rows, hidden] = left.clamp_min(0).sqrt()
    return believed.to(values.dtype), sigma.to(values.dtype)


def chosen_ridge(train: Tensor, *, folds: int = 5, candidates: Sequence[float] = (1e-7, 1e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3)) -> float:
    """The ridge under which one Gaussian finds left-out training series most likely, in `folds` parts. train: (m, steps)."""
    scores = dict.fromkeys(candidates, 0.0)
    for fold in range(folds):
        out = torch.arange(len(train)) % folds == fold
        mean, covariance = train[~out].double().mean(0), torch.cov(train[~out].double().T)
        for ridge in candidates:
            with_ridge = covariance + ridge * torch.eye(len(covariance), dtype=covariance.dtype)
            scores[ridge] += MultivariateNormal(mean, with_ridge).log_prob(train[out].double()).sum().item()
    return max(scores, key=lambda ridge: scores[ridge])


def gaussian_code(train: Tensor, values: Tensor, size: int) -> Tensor:
    """`values` (n, steps) from codes of `size` numbers as one Gaussian has them, components of `train` (m, steps) shrunk: (n, steps).

    Probabilistic principal components (Tipping & Bishop 1999): a component of variance λ counts (λ − σ²) / λ, σ² being the mean variance
    of the components left out. Without the shrinking it is `principal_components`.
    """
    mean = train.double().mean(0)
    variances, directions = torch.linalg.eigh(torch.cov(train.double().T))
    noise = variances[:-size].mean()
    kept, shrunk = directions[:, -size:], 1 - noise / variances[-size:]
    return (mean + (values.double() - mean) @ kept * shrunk @ kept.T).to(values.dtype)


def gaussian_surprise(train: Tensor, values: Tensor, *, ridge: float = 0.0) -> Tensor:
    """−log density under one Gaussian with the mean and covariance of `train`, but for what is the same for all: (n, steps) → (n,)."""
    away = (values - train.mean(0)).double()
    covariance = torch.cov(train.double().T) + ridge * torch.eye(train.shape[1], dtype=torch.float64)
    return 0.5 * (away @ torch.linalg.inv(covariance) * away).sum(1).to(values.dtype)


def gaussian_draws(train: Tensor, n: int, size: int) -> Tensor:
    """New series, without noise, from `size` components of `train` (m, steps) with weights drawn from N(0, their variance): (n, steps).

    Probabilistic principal components (Tipping & Bishop 1999): what the components left out vary by, on average, counts as noise.
    """
    variances, directions = torch.linalg.eigh(torch.cov(train.double().T))
    spread = (variances[-size:] - variances[:-size].mean()).clamp_min(0).sqrt()
    weights = torch.randn(n, size, dtype=torch.float64) * spread
    return (train.double().mean(0) + weights @ directions[:, -size:].T).to(train.dtype)


def rmse(found: Tensor, wanted: Tensor) -> float:
    """The root of the mean squared difference, over everything. Raises ValueError when the shapes differ."""
    if found.shape != wanted.shape:
        raise ValueError(f"got shapes {tuple(found.shape)} and {tuple(wanted.shape)}, expected the same for both.")
    return (found - wanted).pow(2).mean().sqrt().item()


def _positive(steps: int) -> int:
    if steps < 1:
        raise ValueError(f"steps is {steps}, expected at least 1.")
    return steps
