"""Sprites: small pictures of one shape whose shape, size, rotation and place are known, because they were drawn from them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from .dataset import OWN_LICENCE, Dataset, Split, bytes_to_pixels

SIDE = 32
RADIUS = 8.0  # pixels from the middle of the largest sprite to its furthest point: it stays inside the picture wherever it is put
DRAWN_AT_ONCE = 2048

# What varies, and its levels. Rotation in degrees, clockwise; x from left (0) to right (1) and y from top (0) to bottom (1).
# No shape looks the same after a turn of less than 180°, and the levels span 132°: so rotation can be read off every picture.
SPRITE_FACTORS: dict[str, tuple] = {
    "shape": ("triangle", "ellipse", "heart"),
    "size": (0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    "rotation": tuple(float(angle) for angle in range(-66, 67, 12)),
    "x": tuple(step / 15 for step in range(16)),
    "y": tuple(step / 15 for step in range(16)),
}
# Red, green, blue: told apart by colour-blind eyes (after Okabe & Ito), and all bright on black.
SPRITE_COLOURS: dict[str, tuple[float, float, float]] = {
    "orange": (0.90, 0.62, 0.00),
    "sky": (0.34, 0.71, 0.91),
    "green": (0.00, 0.62, 0.45),
    "yellow": (0.94, 0.89, 0.26),
    "pink": (0.80, 0.47, 0.65),
    "white": (1.00, 1.00, 1.00),
}


def sprite_factors(*, colour: bool = False) -> dict[str, tuple]:
    """Factor → its levels, in the order of the columns of a data set's `y`.

    colour: whether six colours come last.
    """
    return {**SPRITE_FACTORS, "colour": tuple(SPRITE_COLOURS)} if colour else dict(SPRITE_FACTORS)


def sprites(*, colour: bool = False, train: int = 20_000, test: int = 10_000, seed: int = 0) -> Dataset:
    """Sprites of all kinds, drawn on the spot. No combination of levels occurs twice, so no test picture is in the training set.

    x: (n, 1, 32, 32), or (n, 3, 32, 32) in colour, pixels in [0, 1].
    y: (n, factors), integers, the level of each factor by its index in `sprite_factors`; `classes` holds the factors' names.

    colour: whether they have one, a sixth factor.
    train, test: how many of each.
    seed: the same gives the same pictures, on every kind of processor.
    Raises ValueError when more pictures are asked for than there are combinations (55,296; six times that in colour).
    In the manner of dSprites (Matthey et al. 2017).
    """
    counts = [len(levels) for levels in sprite_factors(colour=colour).values()]
    combinations = math.prod(counts)
    if train < 1 or test < 1 or train + test > combinations:
        raise ValueError(f"asked for {train:,} + {test:,} sprites, expected at least 1 of each and at most {combinations:,} together.")
    order = torch.randperm(combinations, generator=torch.Generator().manual_seed(seed))[: train + test]
    y = torch.stack(torch.unravel_index(order, counts), dim=1)
    splits = (Split(_drawn(part, colour), part, read=bytes_to_pixels) for part in (y[:train], y[train:]))
    source = f"drawn by the course, seed {seed}"
    return Dataset("sprites", *splits, classes=tuple(sprite_factors(colour=colour)), source=source, licence=OWN_LICENCE)


def draw_sprites(y: Tensor, *, colour: bool = False) -> Tensor:
    """The pictures for rows of level indexes: (n, 1, 32, 32), or (n, 3, 32, 32) in colour, pixels in [0, 1].

    y: (n, factors), integers, columns as in `sprite_factors`.
    colour: whether the last column is one.
    Raises ValueError for another number of columns or an index that a factor does not have.
    """
    factors = sprite_factors(colour=colour)
    if y.dim() != 2 or y.shape[1] != len(factors) or y.is_floating_point():
        raise ValueError(f"expected integers of shape (n, {len(factors)}) for {', '.join(factors)}, got {y.dtype} of {tuple(y.shape)}.")
    for column, (name, levels) in zip(y.T, factors.items(), strict=True):
        if len(column) and not (column.min() >= 0 and column.max() < len(levels)):
            raise ValueError(f"{name} has levels 0 to {len(levels) - 1}, got {int(column.min())} to {int(column.max())}.")
    return bytes_to_pixels(_drawn(y.cpu(), colour))


def draw_sprite(
    *, shape: str = "heart", size: float = 0.8, rotation: float = 0.0, x: float = 0.5, y: float = 0.5, colour: str | None = None
) -> Tensor:
    """One sprite by name, at the factors' levels or anywhere between them: (1, 32, 32), or (3, 32, 32) when a colour is named.

    shape: one of `SPRITE_FACTORS["shape"]`.
    size: 0.5 to 1, a share of the largest.
    rotation: −360 to 360 degrees, clockwise.
    x, y: 0 (left, top) to 1 (right, bottom).
    colour: one of `SPRITE_COLOURS`, or None for white on one channel.
    Raises ValueError for anything else.
    """
    if shape not in SPRITE_FACTORS["shape"]:
        raise ValueError(f"unknown shape {shape!r}, expected one of: {', '.join(SPRITE_FACTORS['shape'])}.")
    if colour is not None and colour not in SPRITE_COLOURS:
        raise ValueError(f"unknown colour {colour!r}, expected one of: {', '.join(SPRITE_COLOURS)}.")
    for name, value, low, high in (("size", size, 0.5, 1), ("x", x, 0, 1), ("y", y, 0, 1), ("rotation", rotation, -360, 360)):
        if not low <= value <= high:
            raise ValueError(f"{name} is {value:g}, expected a number from {low:g} to {high:g}.")
    grey = _paint(shape, *(torch.tensor([float(value)], dtype=torch.float64) for value in (size, rotation, x, y)))
    return bytes_to_pixels(grey if colour is None else _dyed(grey, _percent([SPRITE_COLOURS[colour]]))[0])


def sprite_traversal(factor: str, **others) -> Tensor:
    """One sprite for each level of `factor`, all else kept: (levels, 1, 32, 32), or 3 channels in colour.

    factor: one of `sprite_factors(colour=True)`.
    others: the factors that are kept, as for `draw_sprite`.
    Raises ValueError for an unknown factor.
    """
    levels = sprite_factors(colour=True).get(factor)
    if levels is None:
        raise ValueError(f"unknown factor {factor!r}, expected one of: {', '.join(sprite_factors(colour=True))}.")
    return torch.stack([draw_sprite(**{**others, factor: level}) for level in levels])


def _drawn(y: Tensor, colour: bool) -> Tensor:
    """The pictures for rows of level indexes, as bytes: (n, 1, SIDE, SIDE), or 3 channels in colour."""
    shape = y[:, 0]
    size, rotation, x, y_ = (
        torch.tensor(SPRITE_FACTORS[name], dtype=torch.float64)[y[:, column]]
        for column, name in enumerate(("size", "rotation", "x", "y"), 1)
    )
    grey = torch.empty(len(y), 1, SIDE, SIDE, dtype=torch.uint8)
    for number, name in enumerate(SPRITE_FACTORS["shape"]):
        for rows in (shape == number).nonzero().squeeze(1).split(DRAWN_AT_ONCE):
            grey[rows, 0] = _paint(name, size[rows], rotation[rows], x[rows], y_[rows])
    return _dyed(grey, _percent(list(SPRITE_COLOURS.values()))[y[:, 5]]) if colour else grey


def _percent(colours: Sequence[Sequence[float]]) -> Tensor:
    return torch.tensor(colours).mul(100).round().int()


def _dyed(grey: Tensor, percent: Tensor) -> Tensor:
    """Grey bytes (n, 1, SIDE, SIDE) in colours given in hundredths (n, 3), in whole numbers: (n, 3, SIDE, SIDE)."""
    dyed = torch.empty(len(grey), 3, SIDE, SIDE, dtype=torch.uint8)
    for part, dye, bytes_ in zip(*(one.split(DRAWN_AT_ONCE) for one in (grey, percent, dyed)), strict=True):
        bytes_[:] = (part.int() * dye.view(-1, 3, 1, 1) + 50).div_(100, rounding_mode="floor")
    return dyed


def _paint(shape: str, size: Tensor, rotation: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The shape in white on black: four tensors (n,) → bytes (n, SIDE, SIDE)."""
    return _coverage(shape, size, rotation, x, y).round_().to(torch.uint8)


def _coverage(shape: str, size: Tensor, rotation: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """How much of each pixel the shape covers, 0 to 255: four tensors (n,) → (n, SIDE, SIDE).

    A pixel whose middle lies d pixels inside the edge is covered by ½ + d of its area, as near as a straight edge makes it.
    In double precision, what processors round differently is far less than what lies between any pixel and the next byte.
    """
    middle = torch.arange(SIDE, dtype=torch.float64) + 0.5
    across = (middle.view(1, 1, SIDE) - (RADIUS + (SIDE - 2 * RADIUS) * x).view(-1, 1, 1)) / (RADIUS * size).view(-1, 1, 1)
    down = (middle.view(1, SIDE, 1) - (RADIUS + (SIDE - 2 * RADIUS) * y).view(-1, 1, 1)) / (RADIUS * size).view(-1, 1, 1)
    angle = rotation.deg2rad()
    cosine, sine = angle.cos().view(-1, 1, 1), angle.sin().view(-1, 1, 1)
    u, v = cosine * across + sine * down, cosine * down - sine * across  # turned back, into the shape's own frame
    distance = _DISTANCES[shape](u, v) * (RADIUS * size).view(-1, 1, 1)
    return (0.5 - distance).clamp_(0, 1).mul_(255)


def _triangle(u: Tensor, v: Tensor) -> Tensor:
    """Signed distance (negative inside) to a tall isosceles triangle with corners (0, −1), (±0.55, 0.75)."""
    steep = math.hypot(0.55, 1.75)
    return torch.maximum((1.75 * u.abs() - 0.55 * (v + 1)) / steep, v - 0.75)


def _ellipse(u: Tensor, v: Tensor) -> Tensor:
    """Distance to an ellipse with half axes 0.55 and 1, to first order near its edge: f / |∇f| for f = |(u/a, v/b)| − 1."""
    a, b = 0.55, 1.0
    radius = ((u / a) ** 2 + (v / b) ** 2).sqrt()
    slope = ((u / a**2) ** 2 + (v / b**2) ** 2).sqrt() / radius.clamp_min(1e-6)
    return (radius - 1) / slope.clamp_min(1.0)


def _heart(u: Tensor, v: Tensor) -> Tensor:
    """A square that stands on its corner, and a disc on each of its two upper sides: the nearer edge counts."""
    half, lowered = 0.72, 0.13
    u, v = u.abs(), v - lowered
    square = (u + v.abs() - half) / math.sqrt(2)
    disc = ((u - half / 2) ** 2 + (v + half / 2) ** 2).sqrt() - half / math.sqrt(2)
    return torch.minimum(square, disc)


_DISTANCES = {"triangle": _triangle, "ellipse": _ellipse, "heart": _heart}
