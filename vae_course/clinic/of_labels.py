"""Do labels belong to their images? A split shuffled without its labels, or a file of another order, leaves them at random."""

from __future__ import annotations

import torch
from torch import Tensor

from .of_codes import declares_labels
from .record import Finding
from .subject import Subject

FEWEST = 8  # examples of a class, on average
LEAST = 1.6  # times chance: digits' labels explain nine times as much of their pixels, labels at random between 0.8 and 1.2 times


def belong(subject: Subject) -> tuple[str, list[Finding]]:
    """Do images of one label have more in common than chance gives?"""
    y = subject.y
    if y is None or y.dim() != 1 or y.is_floating_point() or not declares_labels(subject):
        return "no labels that the model takes", []
    classes = len(y.unique())
    if classes < 2 or len(y) < FEWEST * classes:
        return "too few of each", []
    share, chance = told_by(y, subject.x), (classes - 1) / (len(y) - 1)
    told = f"labels explain {share / chance:.1f} times as much of the pixels as labels at random would"
    if share > LEAST * chance:
        return told, []
    shown = f"Labels explain {share:.1%} of the pixels' variance; labels at random would explain {chance:.1%}."
    return told, [
        Finding("labels don't belong to their images", share / chance, shown, "whether images were shuffled or sorted without labels")
    ]


def told_by(y: Tensor, x: Tensor) -> float:
    """The share of all pixels' variance that lies between the labels."""
    flat = x.flatten(1)
    means = torch.stack([flat[y == label].mean(0) for label in y.unique()])
    counts = torch.stack([(y == label).sum() for label in y.unique()]).to(flat.dtype)
    between = (counts[:, None] * (means - flat.mean(0)).square()).sum()
    return (between / (flat - flat.mean(0)).square().sum().clamp_min(1e-12)).item()
