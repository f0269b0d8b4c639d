"""What images cost without a network, in bits per dimension: the rows beside which a model's bits are read."""

from __future__ import annotations

import bz2
import io
import math
import zlib

import torch
from PIL import Image
from torch import Tensor

LEVELS = 256


def bits_when_packed(train: Tensor, test: Tensor) -> dict[str, float]:
    """Bits per dimension of `test`, stored in six ways that need no network.

    train, test: (n, 3, height, width), pixels in [0, 1]; they are rounded to the 256 levels of a byte.

    uniform: every level as likely as any other. marginal: how often each level occurs in each channel of the training images.
    neighbours: a byte is guessed to be the mean of those to its left and above, and the miss is stored; green and blue store by how much
    they miss more than red. How often each miss occurs is counted on the training images: 768 numbers. PNG: each image a file of its own.
    zlib, bz2: all test images in one, pixel by pixel, red, green and blue of each side by side, as files of images hold them.
    In counts, each level and each miss is taken as seen once more than it was, so that none is impossible.
    Raises ValueError for images that do not have three channels, or for two sizes of them.
    """
    known, new = as_bytes(train), as_bytes(test)
    if known.shape[1:] != new.shape[1:]:
        raise ValueError(f"training images are {tuple(known.shape[1:])}, test images {tuple(new.shape[1:])}: expected one size.")
    together = new.permute(0, 2, 3, 1).contiguous().numpy().tobytes()
    return {
        "uniform": math.log2(LEVELS),
        "marginal": _counted(known, new),
        "neighbours": _counted(_missed(known), _missed(new)),
        "PNG": sum(map(_png_bits, new)) / new.numel(),
        "zlib": 8 * len(zlib.compress(together, 9)) / new.numel(),
        "bz2": 8 * len(bz2.compress(together, 9)) / new.numel(),
    }


def as_bytes(images: Tensor) -> Tensor:
    """Pixels in [0, 1], (n, 3, height, width), as the bytes 0 to 255 nearest to them. Raises ValueError for another shape."""
    if images.dim() != 4 or images.shape[1] != 3:
        raise ValueError(f"images have the shape {tuple(images.shape)}, expected (n, 3, height, width): red, green and blue.")
    return (images.cpu() * (LEVELS - 1)).round().to(torch.uint8)


def _missed(images: Tensor) -> Tensor:
    """By how much each byte differs from the guess, modulo 256: the bytes can be had back from it, in reading order."""
    numbers = images.long()
    left, above = torch.zeros_like(numbers), torch.zeros_like(numbers)
    left[..., 1:], above[..., 1:, :] = numbers[..., :-1], numbers[..., :-1, :]
    left[..., 0], above[..., 0, :] = above[..., 0], left[..., 0, :]  # at an edge, the one neighbour that there is
    missed = numbers - (left + above).div(2, rounding_mode="floor")
    return torch.stack([missed[:, 0], missed[:, 1] - missed[:, 0], missed[:, 2] - missed[:, 0]], 1).remainder(LEVELS)


def _counted(known: Tensor, new: Tensor) -> float:
    """Bits a number of `new` under how often each occurs in each channel of `known`."""
    bits = 0.0
    for channel in range(3):
        counts = 1 + known[:, channel].flatten().long().bincount(minlength=LEVELS).double()
        bits -= (counts / counts.sum()).log2()[new[:, channel].long()].mean().item() / 3
    return bits


def _png_bits(image: Tensor) -> int:
    buffer = io.BytesIO()
    Image.fromarray(image.permute(1, 2, 0).numpy()).save(buffer, format="PNG", optimize=True)
    return 8 * len(buffer.getvalue())
