"""What several figures ask of the numbers they are given."""

from __future__ import annotations

import torch
from torch import Tensor


def two_sets(a: Tensor, b: Tensor, *, least: int) -> tuple[Tensor, Tensor]:
    """Two sets of points, one a row, flattened: (n, width) and (m, width), in double precision on the CPU.

    Raises ValueError for fewer than `least` points in either, different widths, or values that are not finite.
    """
    for points in (a, b):
        if points.dim() < 2 or len(points) < least:
            raise ValueError(f"got points of shape {tuple(points.shape)}, expected at least {least} of them, one a row: (n, …).")
        if not torch.isfinite(points).all():
            raise ValueError("some points are not finite. Look at what made them.")
    a, b = (points.detach().flatten(1).cpu().double() for points in (a, b))
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"the sets have {a.shape[1]} and {b.shape[1]} numbers a point, expected the same.")
    return a, b


def check_scores(scores: Tensor, flags: Tensor, name: str, condition: str) -> None:
    """Raise ValueError unless both are (n,), the scores finite and the flags booleans.

    name: what the flags are called. condition: how such flags are written, for who gave something else.
    """
    if scores.dim() != 1 or scores.shape != flags.shape or len(scores) == 0:
        shapes = f"scores have shape {tuple(scores.shape)} and {name} {tuple(flags.shape)}"
        raise ValueError(f"{shapes}, expected (n,) for both, n of at least 1.")
    if flags.dtype != torch.bool:
        raise ValueError(f"{name} holds {flags.dtype}, expected booleans. Write the condition: {condition}, for instance.")
    if not torch.isfinite(scores).all():
        raise ValueError("some scores are not finite. Clamp them, or look at what made them.")
