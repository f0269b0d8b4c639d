"""Claims on draws: that they have the distribution they should have, and nothing to do with one another."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from scipy import stats
from torch import Tensor

from .declaration import Claim

# In standard errors. A right answer breaks a claim about once in a million checks.
PATIENCE = 5.0
KOLMOGOROV = 2.7


def distributed_as(draws: Tensor, cdf: Callable, identity: str, *, question: str = "") -> Claim:
    """The Kolmogorov–Smirnov distance of many draws (any shape, float) from the distribution with this `cdf` (NumPy in, NumPy out).

    It sees what moments do not: a few values, a grid, tails that are cut.
    """
    values = draws.detach().double().flatten().numpy()
    distance = float(stats.kstest(values, cdf).statistic)
    asked = question or "Are all values possible, and each as often as it should be? Draw many and look at their histogram."
    return Claim(f"{identity}: the largest gap between the two cumulative curves", 0.0, distance, KOLMOGOROV / math.sqrt(len(values)), question=asked)


def unrelated(first: Tensor, second: Tensor, identity: str, *, question: str = "") -> Claim:
    """The correlation of two equally long sets of draws: of two calls, of two halves of a batch, of neighbours. It should be none."""
    pair = torch.stack([first.detach().double().flatten(), second.detach().double().flatten()])
    correlation = torch.corrcoef(pair)[0, 1].nan_to_num(nan=1.0).item()  # what never varies is as related as can be
    asked = question or "Is every number drawn anew, or does the same noise serve twice?"
    return Claim(f"{identity}: their correlation", 0.0, correlation, PATIENCE / math.sqrt(pair.shape[1]), question=asked)
