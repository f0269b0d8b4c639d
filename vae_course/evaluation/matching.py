"""How well two sets of points match, when all there is of either distribution is samples."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .checks import two_sets

FOLDS = 5


def two_sample_auc(a: Tensor, b: Tensor, *, seed: int = 0) -> float:
    """How well a classifier tells the points `a` from the points `b`: its AUC on points that it was not trained on.

    0.5: no better than guessing, the sets match as far as the classifier sees. 1: it tells all of them apart. Values a little below 0.5
    are chance. The classifier asks each point's nearest neighbours, √(number of points) of them, which set they are from; it is
    cross-validated in five folds drawn from `seed`, and the AUC is the mean over the folds.
    a: (n, …), b: (m, …), flattened. Raises ValueError for different widths, fewer than ten points, or values that are not finite.
    Source of the idea: Lopez-Paz & Oquab 2017.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.neighbors import KNeighborsClassifier

    a, b = two_sets(a, b, least=10)
    points = torch.cat([a, b]).numpy()
    which = torch.cat([torch.ones(len(a)), torch.zeros(len(b))]).numpy()
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    judge = KNeighborsClassifier(round(len(points) ** 0.5))
    return float(cross_val_score(judge, points, which, scoring="roc_auc", cv=folds).mean())


def neighbours_logit(a: Tensor, b: Tensor, *, neighbours: int = 0, reach: float = 0.35) -> Callable[[Tensor], Tensor]:
    """What the nearest points of two sets say of a place: log of how many of them are from `a` over how many from `b`, in nats.

    Among √(n + m) neighbours or as many as are said, with half a point added to either. a: (n, size), b: (m, size), each counted by its
    share of its own set. Gives a function (k, size) → (k,), NaN where the nearest point of all is further away than `reach`, in units of z:
    nobody has been there. Raises ValueError as `two_sample_auc` does.
    """
    a, b = two_sets(a, b, least=10)
    points, count = torch.cat([a, b]), neighbours or round((len(a) + len(b)) ** 0.5)
    from_a = torch.arange(len(points)) < len(a)

    def logit(z: Tensor) -> Tensor:
        found = []
        for piece in z.detach().cpu().double().split(2000):
            near = torch.cdist(piece, points).topk(count, largest=False)
            ours = from_a[near.indices].sum(1).double()
            odds = (ours + 0.5).log() - (count - ours + 0.5).log() + math.log(len(b) / len(a))
            found.append(odds.where(near.values[:, 0] <= reach, torch.nan))
        return torch.cat(found).float()

    return logit


def neighbours_gap(a: Tensor, b: Tensor, *, neighbours: int = 10) -> float:
    """An estimate of KL(b ‖ a) in nats from distances alone: how much further from a point of b its neighbours in a are than those in b.

    d times the mean of log(distance to the k-th nearest of a / to the k-th nearest other of b), plus log(m / (n − 1)), for n points of b
    and m of a in d dimensions. There is no network that could be too smooth to see; near 0 for one distribution, and it may be a little
    below. With more `neighbours` it wavers less, and sees coarser. a: (m, d), b: (n, d).
    Raises ValueError for different widths, fewer points than neighbours + 2, values that are not finite, or so many equal points that a
    distance is 0. Source: Wang, Kulkarni & Verdú 2009, equation 5.
    """
    from sklearn.neighbors import NearestNeighbors

    a, b = two_sets(a, b, least=neighbours + 2)
    further, nearer = (
        torch.tensor(NearestNeighbors(n_neighbors=k).fit(points.numpy()).kneighbors(b.numpy())[0][:, -1])
        for points, k in ((a, neighbours), (b, neighbours + 1))  # the nearest of b is the point itself
    )
    if not min(further.min(), nearer.min()) > 0:
        raise ValueError(f"more than {neighbours} points are equal, expected draws of a density: no distance may be 0.")
    return (b.shape[1] * (further / nearer).log().mean()).item() + math.log(len(a) / (len(b) - 1))


def maximum_mean_discrepancy(a: Tensor, b: Tensor, *, bandwidth: float | None = None) -> float:
    """The unbiased estimate of MMD² between the distributions behind `a` and `b`, with the kernel exp(−‖p − q‖² / (2·bandwidth²)).

    Near 0 when they match (it may be slightly negative), at most about 2. bandwidth: by default the median distance between two points
    of both sets together, so that the units of the points do not matter.
    a: (n, …), b: (m, …), flattened. Raises ValueError for different widths, fewer than two points, values that are not finite, or a
    bandwidth that is not above 0. Source: Gretton et al. 2012, equation 3, and section 8 for the median.
    """
    a, b = two_sets(a, b, least=2)
    n, m = len(a), len(b)
    points = torch.cat([a, b])
    squared = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist").square()
    if bandwidth is None:
        pairs = torch.ones_like(squared, dtype=torch.bool).triu(1)
        bandwidth = squared[pairs].median().sqrt().item()
    if not bandwidth > 0:
        raise ValueError(f"the bandwidth is {bandwidth}, expected a number above 0. Are most of the points equal?")
    kernel = torch.exp(-squared / (2 * bandwidth**2)).fill_diagonal_(0)  # a point paired with itself would be a bias
    within = kernel[:n, :n].sum() / (n * (n - 1)) + kernel[n:, n:].sum() / (m * (m - 1))
    return (within - 2 * kernel[:n, n:].mean()).item()
