"""A chart of a series as the last step of a programme: numbers → pixels, in Python here and in the browser in `programme.js`.

What is drawn is (8 · steps) numbers, a row of `steps` for each of `ROWS`; heights are values, 0 at the bottom and 1 at the top.
"""

from __future__ import annotations

import torch
from torch import Tensor

ROWS = ("value", "hidden", "mean", "low", "high", "rival", "rival low", "rival high")
PAPER, SHADE, COLOUR, GREY, INK = ((255, 255, 255), (236, 236, 236), (0, 114, 178), (110, 110, 110), (34, 34, 34))
FILL, FAINT = 0.28, 0.5  # how strongly the band is filled, and how strongly what was hidden is dotted
LINE, THIN, DOT = 4.0, 2.0, 4.0  # widths of lines and radius of dots, in pixels
DASH, GAP = 14, 8  # of the rival's mean, in pixels


def painted(x: Tensor, steps: int, height: int, width: int) -> Tensor:
    """The numbers (n, 8 · steps) as pictures (n, 3, height, width), pixels in [0, 1]. width: a multiple of `steps`, an even one.

    From the back to the front: shade where steps are hidden, and there alone the rival's band as two thin lines, the band filled, the
    rival's mean dashed, the mean; then a dot a step, faint where it is hidden.
    """
    rows = x.double().view(len(x), len(ROWS), steps)
    across = width // steps
    column = torch.arange(width, dtype=torch.float64)
    at = ((column + 0.5) / across - 0.5).clamp(0, steps - 1)
    left = at.floor().long().clamp(max=steps - 2)
    along = at - left
    nearest = torch.arange(width) // across
    before, after = height * (1 - rows[:, :, left]), height * (1 - rows[:, :, left + 1])
    line = (before + (after - before) * along).unsqueeze(2)  # (n, rows, 1, width), in pixels from the top
    slant = (1 + ((after - before) / across).square()).sqrt().unsqueeze(2)
    hidden = rows[:, 1, nearest].unsqueeze(1)  # (n, 1, width)
    y = torch.arange(height, dtype=torch.float64).unsqueeze(1) + 0.5
    picture = torch.full((len(x), 3, height, width), 255.0, dtype=torch.float64)

    def cover(strength: Tensor, colour: tuple[int, int, int]) -> None:
        paint = torch.tensor(colour, dtype=torch.float64).view(3, 1, 1)
        picture.add_(strength.unsqueeze(1) * (paint - picture))

    def stroke(row: int, wide: float) -> Tensor:
        return hidden * (wide / 2 + 0.5 - (y - line[:, row]).abs() / slant[:, row]).clamp(0, 1)

    cover(hidden.expand(-1, height, -1), SHADE)
    for row in (6, 7):
        cover(stroke(row, THIN), GREY)
    inside = ((y - line[:, 4]).clamp(-0.5, 0.5) + 0.5) * ((line[:, 3] - y).clamp(-0.5, 0.5) + 0.5)
    cover(FILL * hidden * inside, COLOUR)
    cover(stroke(5, LINE) * (column % (DASH + GAP) < DASH), GREY)
    cover(stroke(2, LINE), COLOUR)
    middle = ((nearest + 0.5) * across).view(1, 1, -1)
    apart = ((column + 0.5 - middle).square() + (y - height * (1 - rows[:, 0, nearest].unsqueeze(1))).square()).sqrt()
    cover((1 - (1 - FAINT) * hidden) * (DOT + 0.5 - apart).clamp(0, 1), INK)
    return (picture / 255).float()
