"""Strokes to start from, one drawing a digit, and three drawings by hand for the still picture: x to the right, y down, from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BETWEEN = 5  # points from one corner to the next

Point = tuple[float, float]

# The pen's way in few points; a smooth curve goes through them, and has a corner at a point that stands twice.
CORNERS: dict[str, list[list[Point]]] = {
    "0": [[(0.54, 0.15), (0.38, 0.22), (0.3, 0.48), (0.36, 0.76), (0.5, 0.85), (0.64, 0.76), (0.71, 0.5), (0.66, 0.25), (0.54, 0.15)]],
    "1": [[(0.55, 0.14), (0.51, 0.5), (0.46, 0.86)]],
    "2": [
        [(0.31, 0.3), (0.38, 0.18), (0.54, 0.15), (0.66, 0.25), (0.64, 0.4), (0.52, 0.58), (0.38, 0.73), (0.27, 0.84), (0.27, 0.84)]
        + [(0.45, 0.82), (0.6, 0.83), (0.74, 0.83)],
    ],
    "3": [
        [(0.31, 0.21), (0.45, 0.14), (0.61, 0.19), (0.65, 0.31), (0.56, 0.43), (0.44, 0.48), (0.44, 0.48)]
        + [(0.61, 0.53), (0.69, 0.66), (0.62, 0.8), (0.47, 0.86), (0.3, 0.8)],
    ],
    "4": [
        [(0.39, 0.16), (0.34, 0.34), (0.28, 0.54), (0.28, 0.54), (0.46, 0.55), (0.74, 0.53)],
        [(0.65, 0.2), (0.62, 0.5), (0.58, 0.87)],
    ],
    "5": [
        [(0.37, 0.17), (0.35, 0.32), (0.33, 0.46), (0.33, 0.46), (0.47, 0.42), (0.62, 0.47), (0.69, 0.6), (0.64, 0.76)]
        + [(0.5, 0.85), (0.36, 0.84), (0.28, 0.77)],
        [(0.37, 0.17), (0.53, 0.17), (0.69, 0.14)],
    ],
    "6": [
        [(0.6, 0.13), (0.45, 0.27), (0.35, 0.47), (0.32, 0.67), (0.4, 0.83), (0.54, 0.85), (0.66, 0.75), (0.65, 0.61), (0.53, 0.55)]
        + [(0.4, 0.61), (0.34, 0.72)],
    ],
    "7": [[(0.28, 0.2), (0.46, 0.2), (0.7, 0.17), (0.7, 0.17), (0.61, 0.4), (0.52, 0.62), (0.46, 0.86)]],
    "8": [
        [(0.65, 0.25), (0.52, 0.15), (0.38, 0.22), (0.4, 0.37), (0.53, 0.49), (0.65, 0.61), (0.66, 0.76), (0.52, 0.86), (0.38, 0.78)]
        + [(0.38, 0.63), (0.5, 0.5), (0.62, 0.38), (0.65, 0.25)],
    ],
    "9": [
        [(0.66, 0.32), (0.58, 0.18), (0.43, 0.18), (0.35, 0.32), (0.41, 0.46), (0.55, 0.45), (0.66, 0.32), (0.66, 0.32)]
        + [(0.63, 0.58), (0.58, 0.87)],
    ],
}
# Drawn by an unsteady hand: a digit, what may be a four or a nine, and what is no digit.
BY_HAND: dict[str, list[list[Point]]] = {
    "a two": [
        [(0.24, 0.36), (0.28, 0.22), (0.43, 0.13), (0.6, 0.16), (0.66, 0.3), (0.61, 0.45), (0.5, 0.57), (0.37, 0.72), (0.22, 0.8)]
        + [(0.2, 0.87), (0.31, 0.85), (0.45, 0.8), (0.6, 0.86), (0.8, 0.81)],
    ],
    "a four, or a nine": [
        [(0.42, 0.2), (0.34, 0.27), (0.31, 0.41), (0.39, 0.5), (0.54, 0.46), (0.65, 0.35)],
        [(0.64, 0.17), (0.67, 0.33), (0.63, 0.52), (0.64, 0.7), (0.6, 0.88)],
    ],
    "a house": [
        [(0.23, 0.46), (0.25, 0.84), (0.25, 0.84), (0.75, 0.86), (0.75, 0.86), (0.74, 0.45)],
        [(0.14, 0.5), (0.49, 0.13), (0.49, 0.13), (0.88, 0.5)],
        [(0.44, 0.85), (0.45, 0.64), (0.45, 0.64), (0.58, 0.64), (0.58, 0.64), (0.58, 0.85)],
    ],
}


def drawn(strokes: Sequence[Sequence[Point]]) -> list[list[list[float]]]:
    """Strokes given by their corners as a pen would draw them, in many points, rounded to a thousandth of the canvas."""
    return [np.round(_smooth(np.array(corners)), 3).tolist() for corners in strokes]


def _smooth(corners: np.ndarray) -> np.ndarray:
    """Points (n, 2) on the curve through corners (m, 2), BETWEEN a piece: Catmull & Rom (1974)."""
    before, after = 2 * corners[0] - corners[1], 2 * corners[-1] - corners[-2]
    p = np.concatenate([[before], corners, [after]])
    t = np.arange(BETWEEN)[:, None] / BETWEEN
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
        if (b != c).any()  # a point that stands twice
    ]
    return np.concatenate([*pieces, corners[-1:]])


READY = {name: drawn(strokes) for name, strokes in CORNERS.items()}
HAND_DRAWN = {name: drawn(strokes) for name, strokes in BY_HAND.items()}
