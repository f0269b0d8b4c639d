"""Rows of samples, and beside each row what was measured of its model, a dot a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .images import checked, draw_images, gap_of
from .output import figure_with
from .style import COLOURS, DPI, INK, MUTED

TIMES = 4  # pixels of the figure to one of an image, along a side
NAMES, BETWEEN, CHART, BELOW, ABOVE = 1.55, 0.25, 3.0, 0.5, 0.05  # inches


def show_compared(
    samples: Mapping[str, Tensor],
    values: Mapping[str, Tensor | Sequence[float]],
    alt: str,
    *,
    value_label: str,
    level: tuple[str, float] | None = None,
) -> None:
    """Show one row of samples a name and at its right one dot a seed, with the mean as a stroke and written.

    samples: by name (n, channels, height, width), pixels in [0, 1], as many in each row. values: of the same names, (seeds,) each.
    level: (name, value) of a dashed line to compare with. Raises ValueError when the names differ or there are none.
    """
    if not samples or list(samples) != list(values):
        raise ValueError(f"there are samples of {list(samples)} and values of {list(values)}: expected the same names, in one order.")
    pictures = checked(torch.cat([torch.as_tensor(row) for row in samples.values()]))
    columns, (height, width), gap = len(pictures) // len(samples), pictures.shape[-2:], gap_of(pictures)
    across = (columns * (width + gap) - gap) * TIMES / DPI
    tall = (len(samples) * (height + gap) - gap) * TIMES / DPI
    paper = NAMES + across + BETWEEN + CHART, ABOVE + tall + BELOW
    with figure_with(alt, figsize=paper) as (figure, first):
        first.remove()
        place = BELOW / paper[1], tall / paper[1]
        left = figure.add_axes((NAMES / paper[0], place[0], across / paper[0], place[1]))
        draw_images(left, pictures, columns=columns, row_labels=list(samples))
        right = figure.add_axes(((NAMES + across + BETWEEN) / paper[0], place[0], CHART / paper[0], place[1]))
        for row, found in enumerate(values.values()):
            found = torch.as_tensor(found).double()
            middle, mean = row * (height + gap) + height / 2, found.mean().item()
            spread = torch.linspace(-height / 6, height / 6, len(found)) if len(found) > 1 else torch.zeros(1)
            right.plot([mean, mean], [middle - height / 3, middle + height / 3], color=MUTED, zorder=1)
            right.scatter(found, middle + spread, color=COLOURS[0], s=18, zorder=2)
            right.annotate(f"{mean:.0f}", (found.max().item(), middle), xytext=(8, 0), textcoords="offset points", va="center", color=INK)
        if level is not None:
            right.axvline(level[1], color=MUTED, linestyle="--")
            right.annotate(level[0], (level[1], 0), xytext=(4, -2), textcoords="offset points", va="top", fontsize=8, color=INK)
        right.set(ylim=(len(samples) * (height + gap) - gap, 0), yticks=[], xlabel=value_label)
        right.set_xlim(0, 1.15 * max(torch.as_tensor(found).max().item() for found in values.values()))
        right.grid(axis="y", visible=False)
        right.spines["left"].set_visible(False)
