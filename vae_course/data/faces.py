"""Faces: small portraits in colour, drawn from a seed, with ten attributes that are known because the faces were drawn from them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .dataset import Dataset, Split, bytes_to_pixels
from .face_look import FACE_ATTRIBUTES
from .face_parts import draw

__all__ = ["FACE_ATTRIBUTES", "draw_faces", "face_traversal", "faces", "turning_face", "with_level"]


def faces(*, train: int = 10_000, test: int = 2_000, seed: int = 0) -> Dataset:
    """Faces of people who do not exist. Attributes are drawn evenly and independently of each other, all else varies besides.

    x: (n, 3, 64, 64), pixels in [0, 1], kept as bytes.
    y: (n, 10), integers, the level of each attribute by its index in `FACE_ATTRIBUTES`; `classes` holds the attributes' names.

    Drawn by the course, under its licence (MIT).

    train, test: how many of each. Those of a smaller set are the first of a larger one.
    seed: the same gives the same bytes on every machine. `draw_faces` draws the training faces with `seed=2 * seed` and the test
        faces with `seed=2 * seed + 1`, so that no test face is a training face.
    Raises ValueError when train or test < 1, or for a seed that is negative or above 2³¹ − 1.
    """
    if train < 1 or test < 1:
        raise ValueError(f"asked for {train:,} + {test:,} faces, expected at least 1 of each.")
    if not 0 <= seed < 2**31:
        raise ValueError(f"seed is {seed}, expected a whole number from 0 to 2³¹ − 1.")
    splits = (_split(count, number) for count, number in ((train, 2 * seed), (test, 2 * seed + 1)))
    return Dataset(
        "faces", *splits, classes=tuple(FACE_ATTRIBUTES), source=f"drawn by the course, seed {seed}", licence="MIT, as the course"
    )


def draw_faces(y: Tensor, *, rows: Tensor | None = None, seed: int = 0) -> Tensor:
    """The faces with these attributes: (n, 3, 64, 64), pixels in [0, 1].

    y: (n, 10), integers, columns as in `FACE_ATTRIBUTES`.
    rows: (n,), integers, the numbers of the faces; 0 to n − 1 when None. All that is no attribute (place, proportions, colours, clothes,
        light) belongs to the number and the seed: of one number, faces with another level differ in that attribute only.
    seed: whose stream all else is drawn from; see `faces`.
    Raises ValueError for another number of columns, an index that an attribute does not have, or rows that do not fit.
    """
    if y.dim() != 2 or y.shape[1] != len(FACE_ATTRIBUTES) or y.is_floating_point():
        names = ", ".join(FACE_ATTRIBUTES)
        raise ValueError(f"expected integers of shape (n, {len(FACE_ATTRIBUTES)}) for {names}, got {y.dtype} of {tuple(y.shape)}.")
    for column, (name, levels) in zip(y.T, FACE_ATTRIBUTES.items(), strict=True):
        if len(column) and not (column.min() >= 0 and column.max() < len(levels)):
            raise ValueError(f"{name} has levels 0 to {len(levels) - 1}, got {int(column.min())} to {int(column.max())}.")
    rows = torch.arange(len(y)) if rows is None else rows
    if rows.shape != y.shape[:1] or rows.is_floating_point() or (len(rows) and rows.min() < 0):
        raise ValueError(f"rows are {rows.dtype} of {tuple(rows.shape)}, expected {len(y)} whole numbers from 0 on, one for each row of y.")
    return bytes_to_pixels(torch.from_numpy(draw(y.cpu().long().numpy(), rows.cpu().long().numpy(), seed)))


def face_traversal(attribute: str, *, y: Tensor | None = None, row: int = 0, seed: int = 0) -> Tensor:
    """One face with each level of `attribute`, all else kept: (levels, 3, 64, 64), pixels in [0, 1].

    attribute: one of `FACE_ATTRIBUTES`.
    y: (10,), integers, the other attributes; None for someone with short brown hair who smiles at us.
    row, seed: which face, as for `draw_faces`.
    Raises ValueError for an unknown attribute or another shape of y, and as `draw_faces` does.
    """
    if attribute not in FACE_ATTRIBUTES:
        raise ValueError(f"unknown attribute {attribute!r}, expected one of: {', '.join(FACE_ATTRIBUTES)}.")
    y = torch.tensor([2, 1, 1, 1, 1, 0, 1, 0, 0, 0]) if y is None else y
    if y.shape != (len(FACE_ATTRIBUTES),):
        raise ValueError(f"y is of shape {tuple(y.shape)}, expected ({len(FACE_ATTRIBUTES)},): the attributes of one face.")
    levels = len(FACE_ATTRIBUTES[attribute])
    several = y.expand(levels, -1).clone()
    several[:, list(FACE_ATTRIBUTES).index(attribute)] = torch.arange(levels)
    return draw_faces(several, rows=torch.full((levels,), row), seed=seed)


def with_level(y: Tensor, attribute: str, level: str) -> Tensor:
    """The same attributes (…, 10) but for one, which has the level that is named; y stays as it is.

    Raises ValueError for an attribute or a level that is not in `FACE_ATTRIBUTES`.
    """
    if level not in FACE_ATTRIBUTES.get(attribute, ()):
        known = ", ".join(FACE_ATTRIBUTES.get(attribute, FACE_ATTRIBUTES))
        raise ValueError(f"there is no {attribute!r} that is {level!r}, expected one of: {known}.")
    y = y.clone()
    y[..., list(FACE_ATTRIBUTES).index(attribute)] = FACE_ATTRIBUTES[attribute].index(level)
    return y


def turning_face(y: Tensor, *, row: int = 0, frames: int = 7, seed: int = 0) -> tuple[Tensor, Tensor]:
    """One face that turns its head from left to right in even steps, and tilts it a little on the way.

    y: (10,), integers, its attributes; its turn does not matter. row, seed: which face, as for `draw_faces`.
    Result: the frames (frames, 3, 64, 64), pixels in [0, 1], and their attributes (frames, 10), whose turn is the level that is nearest.
    Raises ValueError for fewer than 2 frames, or another shape of y.
    """
    if frames < 2 or y.shape != (len(FACE_ATTRIBUTES),):
        raise ValueError(f"asked for {frames} frames of attributes {tuple(y.shape)}, expected at least 2 of ({len(FACE_ATTRIBUTES)},).")
    side = np.linspace(-1, 1, frames)
    ahead = with_level(y, "turn", "ahead").repeat(frames, 1)
    rows = np.full(frames, row, dtype=np.int64)
    motion = {"turn": (420 * side).round().astype(np.int32), "roll": (70 * np.sin(np.pi * side)).round().astype(np.int32)}
    x = bytes_to_pixels(torch.from_numpy(draw(ahead.cpu().long().numpy(), rows, seed, motion)))
    attributes = ahead.clone()
    attributes[:, list(FACE_ATTRIBUTES).index("turn")] = torch.from_numpy(1 + side.round()).long()
    return x, attributes


def _split(count: int, seed: int) -> Split:
    """So many faces of a stream, the first whatever `count` is, with attributes from a stream beside it."""
    counts = np.array([len(levels) for levels in FACE_ATTRIBUTES.values()])
    drawn = np.random.RandomState([seed, 1]).randint(0, 1 << 16, size=(count, len(counts)), dtype=np.int64)
    y = drawn * counts >> 16
    return Split(torch.from_numpy(draw(y, np.arange(count), seed)), torch.from_numpy(y), read=bytes_to_pixels)
