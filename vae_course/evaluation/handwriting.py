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


def hand_traits(images: Tensor, y: Tensor) -> Tensor:
    """What is written, and how, as three whole numbers an image: its class, and the quarters of its slant and thickness within the class.

    images: (n, 1, height, width). y: (n,) integers. Result: (n, 3), classes numbered from 0 in their order, quarters 0 to 3. Quarters are
    counted among the images of one class, so that to know the class is to know nothing of them. Raises ValueError as `slant` does, and
    when images and labels differ in length.
    """
    if len(images) != len(y):
        raise ValueError(f"{len(images)} images came with {len(y)} labels, expected one label an image.")
    classes = y.unique(return_inverse=True)[1]
    traits = [classes]
    for values in (slant(images), thickness(images)):
        quarters = torch.zeros_like(classes)
        for one in classes.unique():
            here = classes == one
            quarters[here] = values[here].argsort(stable=True).argsort() * 4 // int(here.sum())
        traits.append(quarters)
    return torch.stack(traits, 1)


def _ink(images: Tensor) -> Tensor:
    if images.dim() != 4 or images.shape[1] != 1:
        raise ValueError(f"the images have the shape {tuple(images.shape)}: expected (n, 1, height, width).")
    return images[:, 0]
