"""Images cut in two: the left half is given, the right half is to be drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from torch import Tensor

from .dataset import Dataset, Split

Examples = TypeVar("Examples", Dataset, Split)


def cut(images: Tensor) -> tuple[Tensor, Tensor]:
    """The left and the right halves of images: (n, channels, height, width) → twice (n, channels, height, width / 2).

    Raises ValueError for what has no such shape, or a width that is odd.
    """
    if images.dim() != 4 or images.shape[-1] % 2:
        raise ValueError(f"the images have the shape {tuple(images.shape)}, expected (n, channels, height, width) with an even width.")
    middle = images.shape[-1] // 2
    return images[..., :middle].contiguous(), images[..., middle:].contiguous()


def halves(data: Examples) -> Examples:
    """The same examples with x the right half and y the left, for a model of p(right | left). Classes are left out.

    A Dataset gives a Dataset, a Split a Split. Raises ValueError as `cut` does.
    """
    if isinstance(data, Dataset):
        return replace(data, name=f"{data.name}, right halves", train=halves(data.train), test=halves(data.test))
    left, right = cut(data.x)
    return Split(right, left)
