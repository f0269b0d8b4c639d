"""From the lines of a pen to MNIST's form: in a box of 20 pixels, its centre of mass in the middle of 28×28. The browser does alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Stroke = Sequence[Sequence[float]]

SIDE = 28
# Traced from MNIST's test digits and drawn again with this pen, pictures are as bright as they were, and cost a VAE as many nats.
WIDTH = 2.4
SOFT = 1.2  # pixels over which the line's edge fades
BOX = 20  # pixels that the ink's longer side takes
CENTRE = SIDE / 2 + 0.5  # where MNIST has centres of mass: in the middle of pixel 14, counted from 0
SMALLEST = 0.1  # of the canvas: what is smaller is enlarged no further, so that a dot stays a dot
LINES_AT_ONCE = 256


def mnist_form(strokes: Sequence[Stroke]) -> np.ndarray:
    """A drawing as MNIST would hold it: (28, 28), pixels in [0, 1] in steps of 1/255; without strokes all zeros.

    strokes: of each the points (x, y), in any unit, x to the right and y down; a stroke of one point is a dot. For SMALLEST to mean
        what it says, the canvas goes from 0 to 1.
    As in LeCun et al. (1998), section III.A: the drawing is scaled until the longer side of its ink is BOX pixels, and moved until its
    centre of mass is the picture's middle. The line keeps its width, that of a pen whose pictures are like MNIST's.
    """
    lines = _lines(strokes)
    if len(lines) == 0:
        return np.zeros((SIDE, SIDE))
    low, high = lines.min((0, 1)), lines.max((0, 1))
    scale = (BOX - WIDTH) / max((high - low).max(), SMALLEST)
    placed = (lines - (low + high) / 2) * scale + SIDE / 2
    moved = placed + CENTRE - _centre_of_mass(_ink(placed))
    return np.floor(255 * _ink(moved) + 0.5) / 255


def _lines(strokes: Sequence[Stroke]) -> np.ndarray:
    """The straight lines that strokes are made of: (lines, 2, 2), from where and to where; a dot is a line of no length."""
    found = [np.zeros((0, 2, 2))]
    for stroke in strokes:
        points = np.asarray(stroke, dtype=float)
        found.append(np.stack([points[:-1], points[1:]], 1) if len(points) > 1 else points.reshape(-1, 1, 2).repeat(2, 1))
    return np.concatenate(found)


def _ink(lines: np.ndarray) -> np.ndarray:
    """How much of each pixel the pen covers, 0 to 1: (lines, 2, 2), in pixels from the upper left corner → (28, 28)."""
    middles = np.arange(SIDE) + 0.5
    places = np.stack(np.meshgrid(middles, middles), -1).reshape(-1, 1, 2)
    nearest = np.full(SIDE * SIDE, np.inf)
    for start in range(0, len(lines), LINES_AT_ONCE):
        begin, end = lines[start : start + LINES_AT_ONCE].swapaxes(0, 1)
        along, away = end - begin, places - begin
        share = ((away * along).sum(-1) / np.maximum((along * along).sum(-1), 1e-12)).clip(0, 1)
        nearest = np.minimum(nearest, np.square(away - share[..., None] * along).sum(-1).min(1))
    return (0.5 + (WIDTH / 2 - np.sqrt(nearest)) / SOFT).clip(0, 1).reshape(SIDE, SIDE)


def _centre_of_mass(ink: np.ndarray) -> np.ndarray:
    """x and y, in pixels from the upper left corner: (2,)."""
    middles = np.arange(SIDE) + 0.5
    return np.array([(ink.sum(0) * middles).sum(), (ink.sum(1) * middles).sum()]) / ink.sum()
