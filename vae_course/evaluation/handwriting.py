"""Two traits of a hand that can be measured on an image: how far its strokes lean, and how thick they are."""

from __future__ import annotations

import torch
from torch import Tensor

BRIGHT = 0.5  # a pixel above it is ink; counting such pixels, and not their greys, tells thin from pale


def slant(images: Tensor) -> Tensor:
    """By how many columns the ink moves to the right from one row to the next above it: (n, 1, height, width) → (n,).

    The slope of the line of least squares through the ink, columns against rows, each pixel weighed with its grey. 0 for upright strokes,
    and where all ink lies in one row. Raises ValueError for images of another shape, and for one without any ink.
    """
    ink = _ink(images)
    total = ink.sum((1, 2), keepdim=True)
    if not bool((total > 0).all()):
        raise ValueError("an image holds no ink: expected some pixels above 0 in each.")
    ink = ink / total
    down, right = torch.arange(ink.shape[1]).to(ink), torch.arange(ink.shape[2]).to(ink)
    down = down - (ink.sum(2) @ down).unsqueeze(1)
    right = right - (ink.sum(1) @ right).unsqueeze(1)
    return -torch.einsum("nij,ni,nj->n", ink, down, right) / (ink.sum(2) * down.square()).sum(1).clamp_min(1e-9)


def thickness(images: Tensor) -> Tensor:
    """How many pixels are ink: (n, 1, height, width) → (n,). Of one shape written twice, the thicker has more of them."""
    return (_ink(images) > BRIGHT).to(images.dtype).sum((1, 2))


def _ink(images: Tensor) -> Tensor:
    if images.dim() != 4 or images.shape[1] != 1:
        raise ValueError(f"the images have the shape {tuple(images.shape)}: expected (n, 1, height, width).")
    return images[:, 0]
