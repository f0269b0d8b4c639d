"""Anomaly detectors to diagnose, made from a seed: their scores, which examples are strangers, and how much ink each holds."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LABELS = ("works", "hidden by ink", "only ink", "backwards", "blind", "not finite")


def detectors(seed: int) -> list[tuple[str, Tensor, Tensor, Tensor]]:
    """Two detectors of each kind or three, in mixed order: (what it is, scores, is_anomaly, ink), of 360 examples, 120 of them strangers.

    A score is slope · ink + what strangeness adds + noise of σ = 6; ink varies by 8 pixels (σ) among familiar examples.
    """
    generator = torch.Generator().manual_seed(1000 + seed)
    is_anomaly = torch.arange(360) % 3 == 0

    def normal() -> Tensor:
        return torch.randn(360, generator=generator, dtype=torch.float64)

    def settled(noise: Tensor, away: Tensor) -> Tensor:
        """Noise without a height of its own among either kind, and without a slope among the familiar: where ink is all, a coin is left."""
        noise = noise - torch.where(is_anomaly, noise[is_anomaly].mean(), noise[~is_anomaly].mean())
        centred = away - away[~is_anomaly].mean()
        slope = (centred * noise)[~is_anomaly].sum() / centred[~is_anomaly].square().sum()
        return torch.where(is_anomaly, noise, noise - slope * centred)

    def one(label: str, slope: float, more_ink: float, strangeness: float, *, follows: bool = True, **broken: float) -> tuple:
        """more_ink: what strangers have more of it, on average. follows: whether among strangers, too, those with more ink cost more.

        broken: one score of the strangers or of the familiar is this number.
        """
        place, away = torch.where(is_anomaly, 100.0 + more_ink, 100.0), 8 * normal()
        charged = place + (away if follows else torch.where(is_anomaly, 0.0, away))
        scores = 150 + slope * charged + strangeness * is_anomaly + 6 * settled(normal(), away)
        for whose, score in broken.items():
            scores[3 * int(torch.randint(120, (), generator=generator)) + (whose == "familiar")] = score
        return label, scores, is_anomaly, place + away

    made = [
        one("works", 1.0, 0.0, 25.0),
        one("works", 0.0, 5.0, 16.0),
        one("works", 1.0, 20.0, 25.0),
        one("hidden by ink", 1.0, -80.0, 60.0, follows=False),
        one("hidden by ink", 1.0, -60.0, 60.0, follows=False),
        one("only ink", 2.5, 20.0, 0.0),
        one("only ink", -1.0, -25.0, 0.0),
        one("backwards", 1.0, 0.0, -25.0),
        one("backwards", 0.0, -5.0, -16.0),
        one("backwards", 1.0, -20.0, -25.0),
        one("blind", 1.0, 0.0, 0.5),
        one("blind", 0.0, 5.0, -0.7),
        one("not finite", 1.0, 0.0, 25.0, familiar=math.nan),
        one("not finite", 1.0, -80.0, 60.0, strange=math.inf),
    ]
    return [made[place] for place in torch.randperm(len(made), generator=generator).tolist()]
