"""Attributes as directions of a code: the arrow that adds one, and what is left of a code once a direction is taken out."""

from __future__ import annotations

import torch
from torch import Tensor


def attribute_arrow(codes: Tensor, has: Tensor, *, within: Tensor | None = None) -> Tensor:
    """From the mean of the codes without an attribute to the mean of those with it: (n, latents) and (n,) booleans → (latents,).

    within: (n,) integers, another attribute. The means are then compared at each of its levels, and the differences averaged by how many
        codes a level has: an attribute that goes along with the first in these examples takes no part in the arrow.
    Raises ValueError when lengths differ, or when at some level all codes have the attribute, or none.
    Source of the idea: Larsen et al. 2016, section 4; White 2016 balances other attributes by leaving out examples.
    """
    levels = torch.zeros(len(codes), dtype=torch.long) if within is None else within
    if not len(codes) == len(has) == len(levels):
        raise ValueError(f"got {len(codes)} codes, {len(has)} marks and {len(levels)} levels, expected one each.")
    arrow = torch.zeros_like(codes[0])
    for level in levels.unique():
        here = levels == level
        with_it, without = codes[here & has.bool()], codes[here & ~has.bool()]
        if not len(with_it) or not len(without):
            counts = f"{len(with_it)} codes with the attribute and {len(without)} without it"
            raise ValueError(f"there are {counts} at level {int(level)}, expected some of both.")
        arrow += (with_it.mean(0) - without.mean(0)) * here.sum() / len(codes)
    return arrow


def without_direction(codes: Tensor, direction: Tensor) -> Tensor:
    """Codes (n, …) with their part along `direction` (…) taken out.

    Along the difference of two classes' means, that makes the means coincide, and then no linear rule tells the classes apart
    better than one that answers always the same (Belrose et al. 2023, theorem 3.1; their LEACE does it with the least change).
    Raises ValueError for a direction of another shape, or of no length.
    """
    if direction.shape != codes.shape[1:] or not direction.norm() > 0:
        shapes = f"{tuple(direction.shape)} for codes {tuple(codes.shape)}"
        raise ValueError(f"the direction is {shapes}, expected one of a code's shape, not of length 0.")
    flat, along = codes.flatten(1), (direction / direction.norm()).flatten()
    return (flat - (flat @ along)[:, None] * along).view_as(codes)


def share_explained(codes: Tensor, y: Tensor) -> Tensor:
    """How much of each latent's variance the classes explain, 0 to 1: codes (n, latents) and (n,) integers → (latents,)."""
    between = torch.zeros_like(codes[0])
    for level in y.unique():
        here = codes[y == level]
        between += (here.mean(0) - codes.mean(0)).square() * len(here) / len(codes)
    return between / codes.var(0, correction=0).clamp_min(1e-12)
