"""Claims on draws: that they have the distribution they should have, and nothing to do with one another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

from .declaration import Claim

# In standard errors: a right answer breaks one of these claims once in 10⁸, so that with a hundred of them one check in a million fails.
PATIENCE = 5.7
KOLMOGOROV = 3.05
CUT = 3.0  # normal scores are cut there for their fourth moment, which a few draws would rule otherwise
OUTERMOST = 40


def _excess(scores):
    """The Hermite polynomial whose mean is the excess of a fourth moment, that of N(0, 1) being 0."""
    squares = scores.clip(-CUT, CUT) ** 2
    return squares * (squares - 6) + 3


_RIGHT = _excess(ndtri((np.arange(100_000) + 0.5) / 100_000))
_RIGHT_MEAN, _RIGHT_SPREAD = float(_RIGHT.mean()), float(_RIGHT.std())


def distributed_as(draws: Tensor, cdf: Callable, identity: str, *, question: str = "") -> Iterator[Claim]:
    """That many draws (any shape, float) have the distribution with this `cdf` (NumPy in, NumPy out), in four claims.

    The fourth moment of the draws once they are made Gaussian (sums of a few uniforms); the largest gap between the cumulative curves; how far the tails
    reach (limits); how close neighbours lie in order (few values, a grid, rounding).
    """
    shares = np.sort(np.asarray(cdf(draws.detach().double().flatten().numpy())))
    n, steps = len(shares), np.arange(len(shares) + 1) / len(shares)
    off = float(_excess(ndtri(shares)).mean() - _RIGHT_MEAN)
    asked = question or "Set the far draws beside the near ones: are there as many of each as there should be? Of how many uniform numbers is one of yours made?"
    yield Claim(f"{identity}: by how much the fourth moment is off, once they are made Gaussian", 0.0, off, PATIENCE * _RIGHT_SPREAD / math.sqrt(n), question=asked)
    asked = question or "Are all values possible, and each as often as it should be? Draw many and look at their histogram."
    distance = float(max((steps[1:] - shares).max(), (shares - steps[:-1]).max()))
    yield Claim(f"{identity}: the largest gap between the two cumulative curves", 0.0, distance, KOLMOGOROV / math.sqrt(n), question=asked)
    far = float(min(((shares < OUTERMOST / 2 / n) | (shares > 1 - OUTERMOST / 2 / n)).sum(), OUTERMOST))
    asked = question or "How far out do the farthest of many draws lie, and how far do yours? Is a limit set to them?"
    yield Claim(f"{identity}: how many of {n} draws lie so far out that {OUTERMOST} should", float(OUTERMOST), far, 0.8 * OUTERMOST, question=asked)
    close = float((np.diff(shares) < 0.1 / n).mean())
    asked = question or "How many different values can a draw of yours take? Is it rounded, taken from a grid, or from a store of draws?"
    yield Claim(f"{identity}: the share of neighbours in order that are all but equal", 1 - math.exp(-0.1), close, 0.5, question=asked)


def unrelated(first: Tensor, second: Tensor, identity: str, *, question: str = "") -> Iterator[Claim]:
    """The correlations of two equally long sets of draws, and of how far they lie from their means: of two calls, of two halves of a batch, of neighbours."""
    pair = torch.stack([first.detach().double().flatten(), second.detach().double().flatten()])
    asked = question or "Is every number drawn anew, or does the same noise serve twice?"
    room = PATIENCE / math.sqrt(pair.shape[1])
    correlation = torch.corrcoef(pair)[0, 1].nan_to_num(nan=1.0).item()  # what never varies is as related as can be
    yield Claim(f"{identity}: their correlation", 0.0, correlation, room, question=asked)
    sizes = (pair - pair.mean(1, keepdim=True)).abs()
    of_sizes = torch.corrcoef(sizes)[0, 1].item() if sizes.std(1).min() > 1e-9 else 0.0  # a fair coin is as far from its mean either way
    yield Claim(f"{identity}: the correlation of their sizes", 0.0, of_sizes, room, question=asked)
