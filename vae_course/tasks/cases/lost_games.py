"""Curves of games between an encoder and a discriminator, as they go when they go wrong."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LABELS = ("balanced", "too strong", "too weak", "labels swapped", "oscillating", "diverged")


def lost_games(seed: int) -> list[tuple[str, Tensor, Tensor]]:
    """Two games of each kind, and six that diverge, in mixed order: (what it is, accuracy, auc) after each epoch.

    accuracy: the discriminator's own, on codes and draws kept aside. auc: that of a fresh judge, trained to its end on the same two sets.
    """
    generator = torch.Generator().manual_seed(1000 + seed)

    def from_to(start: float, end: float, epochs: int, wobble: float) -> Tensor:
        steps = torch.arange(epochs, dtype=torch.float64)
        curve = end + (start - end) * torch.exp(-0.8 * steps)
        return curve + wobble * (2 * torch.rand(epochs, generator=generator, dtype=torch.float64) - 1)

    def balanced(epochs: int) -> tuple[Tensor, Tensor]:
        return from_to(0.9, 0.55, epochs, 0.03), from_to(0.97, 0.55, epochs, 0.02)

    def broken(epochs: int, which: tuple[int, ...], value: float) -> tuple[Tensor, Tensor]:
        """Curve 0, 1 or both have no figures from some epoch on."""
        curves = balanced(epochs)
        for number in which:
            curves[number][2 + int(torch.randint(epochs - 3, (), generator=generator)) :] = value
        return curves

    def with_a_gap(epochs: int, which: int, value: float) -> tuple[Tensor, Tensor]:
        """One curve has no figure at an early epoch."""
        curves = balanced(epochs)
        curves[which][1 + int(torch.randint(3, (), generator=generator))] = value
        return curves

    games = [("diverged", *with_a_gap(15, 0, math.nan)), ("diverged", *with_a_gap(16, 1, math.inf))]
    games += [("diverged", *broken(13, (0,), math.inf)), ("diverged", *broken(14, (1,), math.nan))]
    for epochs in (12, 17):
        # two epochs up, two down; the shorter game ends up, the longer one down
        ends = int(torch.randint(2, (), generator=generator)) + 2 * (epochs > 12)
        high = ((torch.arange(epochs) - epochs + 1 + ends) % 4 < 2).double()
        games += [
            ("balanced", *balanced(epochs)),
            ("too strong", from_to(0.7, 0.975, epochs, 0.015), from_to(0.99, 0.97, epochs, 0.01)),
            ("too weak", from_to(0.6, 0.52, epochs, 0.03), from_to(0.99, 0.95, epochs, 0.02)),
            ("labels swapped", from_to(0.4, 0.04, epochs, 0.03), from_to(0.99, 0.96, epochs, 0.02)),
            ("oscillating", from_to(0.56, 0.56, epochs, 0.03) + 0.4 * high, from_to(0.58, 0.58, epochs, 0.02) + 0.37 * high),
            ("diverged", *broken(epochs, (0, 1), math.nan)),
        ]
    order = torch.randperm(len(games), generator=generator).tolist()
    return [games[place] for place in order]
