"""What a model of series has to beat: forecasts, fillings and codes that need no network. Series here are values, (n, steps)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


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


def rmse(found: Tensor, wanted: Tensor) -> float:
    """The root of the mean squared difference, over everything. Raises ValueError when the shapes differ."""
    if found.shape != wanted.shape:
        raise ValueError(f"got shapes {tuple(found.shape)} and {tuple(wanted.shape)}, expected the same for both.")
    return (found - wanted).pow(2).mean().sqrt().item()


def _positive(steps: int) -> int:
    if steps < 1:
        raise ValueError(f"steps is {steps}, expected at least 1.")
    return steps
