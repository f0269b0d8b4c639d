"""Wallpapers: small images of which everything is known, log p(x) included."""

from __future__ import annotations

import math

import torch
from torch import Tensor

TILE, SIDE, FLIPPED = 3, 9, 0.01
TILE_NATS = TILE**2 * math.log(2)  # what a tile is worth: nine coins


def wallpapers(n: int, seed: int) -> Tensor:
    """`n` images of one random tile of 3 × 3 pixels laid nine times, each pixel flipped with probability 0.01: (n, 1, 9, 9), 0 or 1.

    Raises ValueError when n is below 1.
    """
    if n < 1:
        raise ValueError(f"n is {n}, expected at least one wallpaper.")
    generator = torch.Generator().manual_seed(seed)
    tiles = torch.randint(2, (n, 1, TILE, TILE), generator=generator).repeat(1, 1, SIDE // TILE, SIDE // TILE)
    return torch.where(torch.rand(tiles.shape, generator=generator) < FLIPPED, 1 - tiles, tiles).float()


def wallpaper_cost(x: Tensor) -> Tensor:
    """The exact −log p(x) in nats, (n, 1, 9, 9) → (n,).

    Each pixel of the tile is white or black with probability ½, and its nine copies agree with that or not.
    """
    times = SIDE // TILE
    white = x.view(len(x), times, TILE, times, TILE).sum((1, 3)).flatten(1)
    if_white = white * math.log(1 - FLIPPED) + (times**2 - white) * math.log(FLIPPED)
    if_black = white * math.log(FLIPPED) + (times**2 - white) * math.log(1 - FLIPPED)
    return -(torch.logaddexp(if_white, if_black) - math.log(2)).sum(1)
