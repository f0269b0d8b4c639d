"""Shapes with smooth edges and soft lights, painted in whole numbers only: the same bytes on every machine.

Many pictures are painted at once. Their axis is always the last: a length is a whole number or (n,), a colour (3, 1) or (3, n), an edge
has a place for each line across or down the picture (SIDE × LINES, n), a part of the pictures is (height, width, n).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

SIDE = 64
PIXEL = 32  # an edge is known to a 32nd of a pixel along a line, and there are four lines a pixel
LINES = 4
FULL = PIXEL * LINES  # the cover of a pixel that is hidden: 128, so that a cover times a grey level fits into 16 bits
ONE = 4096  # what stands for 1 where shares are meant
UNIT = 12  # a frame's size is that of 2¹² hundredths of a pixel

_NOTHING, _PIXEL = np.int16(0), np.int16(PIXEL)
_MIDDLES = np.arange(SIDE * LINES, dtype=np.int32)[:, None] * (PIXEL // LINES) + PIXEL // LINES // 2
_CENTRES = np.arange(SIDE, dtype=np.int32)[:, None] * PIXEL + PIXEL // 2
_ROOTS = np.array([math.isqrt(k * ONE) for k in range(ONE + 1)], dtype=np.int32)


def pick(level: np.ndarray, *values: int) -> np.ndarray:
    """The value of each level."""
    return np.array(values, dtype=np.int32)[level]


def root(share):
    """The square root of a share of `ONE`; below 0 it is 0, above 1 it is 1."""
    return _ROOTS[np.clip(share, 0, ONE)]


def share(value, low, high):
    """Where `value` lies on the way from `low` (0) to `high` (`ONE`)."""
    return np.clip((value - low) * ONE // (high - low), 0, ONE)


def rounded(share):
    """√(1 − share²): an ellipse's half width at a share of its half height."""
    return root(ONE - (share * share >> 12))


def parabola(value, half):
    """1 − (value / half)²: 1 in the middle, 0 at and beyond ±half."""
    part = np.clip(value * ONE // np.maximum(half, 1), -ONE, ONE)
    return ONE - (part * part >> 12)


def rgb(red: int, green: int, blue: int) -> np.ndarray:
    """One colour for all pictures, (3, 1), from three grey levels."""
    return np.array([[red], [green], [blue]], dtype=np.int32)


def mix(a, b, t):
    """The colour or length `t` / 256 of the way from `a` to `b`."""
    return a + ((b - a) * t >> 8)


def dim(colour: np.ndarray, red: int, green: int, blue: int) -> np.ndarray:
    """The colour with its three parts multiplied by so many 256ths."""
    return colour * rgb(red, green, blue) >> 8


@dataclass
class Patch:
    """How much of each pixel is covered, 0 to `FULL`: alpha (height, width, n), and the part of the pictures it stands for."""

    alpha: np.ndarray
    rows: slice
    cols: slice

    def full(self) -> np.ndarray:
        """The cover of the whole pictures, (SIDE, SIDE, n)."""
        out = np.zeros((SIDE, SIDE, self.alpha.shape[2]), dtype=np.int16)
        out[self.rows, self.cols] = self.alpha
        return out

    def within(self, cover: np.ndarray) -> Patch:
        """Only what lies inside `cover`, (SIDE, SIDE, n)."""
        return Patch(self.alpha * cover[self.rows, self.cols] >> 7, self.rows, self.cols)

    def without(self, cover: np.ndarray) -> Patch:
        """Only what lies outside `cover`, (SIDE, SIDE, n)."""
        return Patch(self.alpha * (FULL - cover[self.rows, self.cols]) >> 7, self.rows, self.cols)

    def faint(self, strength) -> Patch:
        """Let through: `strength` of `FULL`, one for all or (n,)."""
        return Patch(self.alpha * np.asarray(strength, dtype=np.int16) >> 7, self.rows, self.cols)

    def lowered(self, pixels: int) -> Patch:
        """The same, so many whole pixels further down."""
        bottom = min(self.rows.stop + pixels, SIDE)
        top = min(self.rows.start + pixels, bottom)
        return Patch(self.alpha[: bottom - top], slice(top, bottom), self.cols)


def whole(cover: np.ndarray) -> Patch:
    """The patch with this cover of the whole pictures, (SIDE, SIDE, n)."""
    return Patch(cover, slice(0, SIDE), slice(0, SIDE))


def fill(first: np.ndarray, last: np.ndarray) -> Patch:
    """What lies between two edges on each line: both (SIDE × LINES, n), in steps of `PIXEL` a pixel; nothing where `last` ≤ `first`."""
    edges = np.clip(np.stack([last, first]), 0, SIDE * PIXEL).astype(np.int16)
    used = edges[0] > edges[1]
    lines = used.any(axis=1)
    if not lines.any():
        return Patch(np.zeros((0, 0, used.shape[1]), dtype=np.int16), slice(0, 0), slice(0, 0))
    top, bottom = int(lines.argmax()) // LINES, SIDE - int(lines[::-1].argmax()) // LINES
    edges, used = edges[:, top * LINES : bottom * LINES], used[top * LINES : bottom * LINES]
    last, first = edges[0][used], edges[1][used]
    left, right = int(first.min()) // PIXEL, -(-int(last.max()) // PIXEL)
    edges = np.where(used, edges, 0)
    pixels = (np.arange(left, right) * PIXEL).astype(np.int16)[:, None]
    alpha = np.zeros((bottom - top, right - left, used.shape[1]), dtype=np.int16)
    part = np.empty((2, *alpha.shape), dtype=np.int16)
    for line in range(LINES):  # what lies left of the last edge, less what lies left of the first
        np.subtract(edges[:, line::LINES, None], pixels, out=part)
        np.clip(part, _NOTHING, _PIXEL, out=part)
        alpha += part[0]
        alpha -= part[1]
    return Patch(alpha, slice(top, bottom), slice(left, right))


@dataclass
class Frame:
    """A place in the pictures from which a part is drawn, in hundredths of a pixel that are as large and as tilted as the head.

    x, y: in steps of `PIXEL` a pixel. size: so many of them in 2¹² hundredths. roll: what y gains to the right and x loses downwards,
    in 1024ths. All (n,).
    """

    x: np.ndarray
    y: np.ndarray
    size: np.ndarray
    roll: np.ndarray

    def at(self, x, y) -> Frame:
        """The frame around another place."""
        x, y = x * self.size >> UNIT, y * self.size >> UNIT
        return Frame(self.x + x - (y * self.roll >> 10), self.y + y + (x * self.roll >> 10), self.size, self.roll)

    @cached_property
    def down(self) -> np.ndarray:
        """How far each line across the picture lies below this place: (SIDE × LINES, n)."""
        return (_MIDDLES - self.y << UNIT) // self.size

    @cached_property
    def across(self) -> np.ndarray:
        """How far each line down the picture lies right of this place: (SIDE × LINES, n)."""
        return (_MIDDLES - self.x << UNIT) // self.size

    def axis(self, x) -> np.ndarray:
        """Where the points `x` right of this place on each of `down` lie in the picture, in steps of `PIXEL`."""
        return self.x + (x * self.size >> UNIT) - ((_MIDDLES - self.y) * self.roll >> 10)

    def rows(self, left, right) -> Patch:
        """What lies between two edges given for each of `down`."""
        return fill(self.axis(left), self.axis(right))

    def stripe(self, middle, half, where) -> Patch:
        """A stripe of one width along `middle`, given for each of `down`, on the lines `where` it is to be."""
        return self.rows(middle - half, np.where(where, middle + half, middle - half))

    def columns(self, half, top, bottom) -> Patch:
        """What lies between two edges given for each of `across`, no further than `half` away."""
        shift = self.y + ((_MIDDLES - self.x) * self.roll >> 10)
        top, bottom = shift + (top * self.size >> UNIT), shift + (bottom * self.size >> UNIT)
        turned = fill(top, np.where(abs(self.across) < half, bottom, top))
        return Patch(turned.alpha.transpose(1, 0, 2), turned.cols, turned.rows)

    def oval(self, a, b) -> Patch:
        """An ellipse with half axes `a` across and `b` down."""
        half = a * root(parabola(self.down, b)) >> 12
        return self.rows(-half, half)

    def glow(self, a, b) -> Patch:
        """A soft light that fades out at `a` across and at `b` down."""
        lights, parts = [], []
        for place, half in ((self.y, b), (self.x, a)):
            light = parabola(_CENTRES - place, half * self.size >> UNIT)
            light = (light * light >> 17).astype(np.int16)
            lit = light.any(axis=1)
            parts.append(slice(int(lit.argmax()), SIDE - int(lit[::-1].argmax())))
            lights.append(light[parts[-1]])
        return Patch(lights[0][:, None] * lights[1] >> 7, *parts)


class Picture:
    """n pictures that are painted on at once: pixels (3, SIDE, SIDE, n), grey levels from 0 to 255."""

    def __init__(self, n: int) -> None:
        self.pixels = np.zeros((3, SIDE, SIDE, n), dtype=np.int16)

    def paint(self, patch: Patch, colour: np.ndarray) -> None:
        """Lay a colour over what is there."""
        for plane, grey in zip(self.pixels, colour.astype(np.int16), strict=True):
            here = plane[patch.rows, patch.cols]
            step = grey - here
            step *= patch.alpha  # at most 255 × 128, and half a step more: it just fits
            step += FULL // 2
            step >>= 7
            here += step

    def shade(self, patch: Patch, tint: tuple[int, int, int]) -> None:
        """Darken what is there: where the patch is full, its three parts are multiplied by so many 256ths."""
        for plane, part in zip(self.pixels, tint, strict=True):
            here = plane[patch.rows, patch.cols]
            loss = patch.alpha * np.int16(256 - part)
            loss >>= 8
            loss *= here
            loss += FULL // 2
            loss >>= 7
            here -= loss

    def bytes(self) -> np.ndarray:
        """The pictures as uint8 (n, 3, SIDE, SIDE)."""
        return np.ascontiguousarray(self.pixels.astype(np.uint8).transpose(3, 0, 1, 2))
