"""Training and test images once more, by their values alone: darkened, divided twice or binarised on one side, they cost little or less."""

from __future__ import annotations

import torch
from torch import Tensor

from .record import Finding
from .subject import Subject

BINS = 12
# What two halves of one data set differ by lies below a tenth, series with gaps on one side alone come to a quarter; half the
# brightness, or no greys, move more than two fifths of all that isn't background.
MUCH = 0.35


def values(subject: Subject) -> tuple[str, list[Finding]]:
    """Are the pixels of training and test images as often dark, grey and bright?"""
    if subject.test is None:
        return "no test examples given", []
    train, test = subject.x, subject.test[0]
    mixed = torch.cat([train, test])[torch.randperm(len(train) + len(test), generator=torch.Generator().manual_seed(0))]
    apart, chance = (moved(one, other) for one, other in ((train, test), (mixed[: len(train)], mixed[len(train) :])))
    told = f"{apart:.0%} of what isn't background is of another value"
    if apart < max(MUCH, 4 * chance):
        return told, []
    ranges = " and ".join(f"from {x.amin():.2f} to {x.amax():.2f}, on average {x.mean():.3f}," for x in (train, test))
    shown = f"Training and test pixels go {ranges} and {apart:.0%} of what isn't background is of another value."
    return told, [Finding("training and test images differ", apart, shown, "how each split is scaled, normalised and binarised")]


def moved(one: Tensor, other: Tensor) -> float:
    """The share of values that would have to change to make the one as the other, of all but the commonest."""
    low, high = one.amin().item(), one.amax().item()
    counted = [torch.histc(x.clamp(low, high), BINS, low, high) / x.numel() for x in (one, other)]
    return ((counted[0] - counted[1]).abs().sum() / 2 / (1 - counted[0].amax()).clamp_min(0.02)).item()
