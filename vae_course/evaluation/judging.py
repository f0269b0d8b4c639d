"""A judge of two sets of points who was no part of any training: what it says of each place, and what it saves them apart by in nats."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import SiLU

from ..models.games import adam, step, telling_apart
from ..models.networks import mlp
from .checks import two_sets

HIDDEN = (64, 64)


class FreshJudge:
    """A small network trained to tell points `a` from points `b`: `judge(z)` is its logit of "from a", about log a(z) − log b(z).

    Every other point of each set is trained on; the rest is kept aside. `gap()` is the mean of −logit over those of b, an estimate of
    KL(b ‖ a) in nats that needs no density. It is low where the network sees too little, and it may come out just below 0.
    a: (n, size), b: (m, size). steps: of Adam, on `batch_size` of each. Raises ValueError for different widths, or fewer than ten points.
    Source: Sugiyama et al. 2012, on density ratios from classifiers.
    """

    def __init__(self, a: Tensor, b: Tensor, *, steps: int = 600, batch_size: int = 500, seed: int = 0) -> None:
        a, b = (points.float() for points in two_sets(a, b, least=10))
        self.kept = b[1::2]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = mlp([a.shape[1], *HIDDEN, 1], SiLU)
            optimizer = adam([self.network], 5e-3)
            first, second = a[::2], b[::2]
            for done in range(steps):
                optimizer.param_groups[0]["lr"] = 5e-3 * (1 - done / steps)
                one, other = (points[torch.randint(len(points), (batch_size,))] for points in (first, second))
                step(optimizer, telling_apart(self.network(one).squeeze(1), self.network(other).squeeze(1)))

    @torch.no_grad()
    def __call__(self, z: Tensor) -> Tensor:
        """(k, size) → (k,): the logit of "from a", in nats."""
        return self.network(z.float().cpu()).squeeze(1)

    def gap(self) -> float:
        """The estimate of KL(b ‖ a) in nats, from points that were not trained on."""
        return -self(self.kept).mean().item()
