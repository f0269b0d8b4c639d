"""Runs of the reference VAE to diagnose, made from a seed: what each is, and its curves."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LABELS = ("healthy", "collapsed", "sigmoid twice", "no KL", "diverged", "unscaled pixels")


def sick_runs(seed: int) -> list[tuple[str, Tensor, Tensor]]:
    """Two runs of each kind, in mixed order: (what it is, reconstruction, kl), in nats an image after each epoch."""
    generator = torch.Generator().manual_seed(1000 + seed)

    def fall(start: float, end: float, epochs: int, wobble: float = 0.01) -> Tensor:
        steps = torch.arange(epochs, dtype=torch.float64)
        curve = end + (start - end) * torch.exp(-0.7 * steps)
        return curve * (1 + wobble * (2 * torch.rand(epochs, generator=generator, dtype=torch.float64) - 1))

    runs = []
    # ends on both sides of the round figures, so that these are no thresholds
    for epochs, value, constant, grey in ((8, math.nan, 207.5, 506), (13, math.inf, 204.5, 501)):
        broken = fall(148, 82, epochs), fall(13, 25, epochs)
        from_epoch = 2 + int(torch.randint(epochs - 3, (), generator=generator))
        for curve in broken:
            curve[from_epoch:] = value
        runs += [
            ("healthy", fall(148, 82, epochs), fall(13, 25, epochs)),
            ("diverged", *broken),
            ("collapsed", fall(230, constant, epochs, 0.004), fall(8, 0.02, epochs)),
            ("sigmoid twice", fall(522, grey, epochs, 0.004), fall(6, 0.4, epochs)),
            ("no KL", fall(140, 63, epochs), fall(45, 420, epochs)),
            ("unscaled pixels", fall(-40_000, -900_000, epochs), fall(900, 4000, epochs)),
        ]
    order = torch.randperm(len(runs), generator=generator).tolist()
    return [runs[place] for place in order]
