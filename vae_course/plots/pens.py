"""Pen strokes as lines: what a pen has drawn, in rows by name, and how it grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from torch import Tensor

from ..data.strokes import SIDE, to_strokes
from .output import figure_with
from .style import COLOURS, FAINT, INK, in_words

TILE, LEFT, TOP = 0.72, 1.1, 0.3  # inches: of one drawing, left for rows' names, above for columns'
INK_WIDTH = 2.0  # points


def show_pens(
    rows: Mapping[str, Tensor], alt: str, *, column_labels: Sequence = (), shown: Sequence[Tensor | int] = (), colours: bool = False
) -> None:
    """Show pen strokes as lines, a row a name, from top to bottom.

    rows: by name, each a batch of steps (n, steps, 3) as `load("strokes")` gives them or a model of strokes writes them.
    shown: for each column how many steps are drawn in ink; what comes later is left pale. All of them by default.
    colours: whether each stroke has a colour of its own, in their order; by default all are ink.
    Raises ValueError when there is nothing to show, or rows are of no such shape.
    """
    batches = {name: torch.as_tensor(x).detach().cpu() for name, x in rows.items()}
    if not batches or not all(x.dim() == 3 and len(x) for x in batches.values()):
        shapes = {name: tuple(x.shape) for name, x in batches.items()}
        raise ValueError(f"the rows hold {shapes or 'nothing'}: expected batches of steps (n, steps, 3) by name.")
    columns = max(map(len, batches.values()))
    size = (LEFT + TILE * columns, TILE * len(batches) + (TOP if column_labels else 0))
    with figure_with(alt, len(batches), columns, figsize=size, squeeze=False) as (figure, axes):
        left, top = LEFT / size[0], 1 - (TOP if column_labels else 0) / size[1]
        figure.subplots_adjust(left=left, right=1, bottom=0, top=top, wspace=0.06, hspace=0.06)
        for axis in axes.flat:
            axis.set_axis_off()
        for line, (name, x) in zip(axes, batches.items(), strict=True):
            for number, (axis, one) in enumerate(zip(line, x, strict=False)):
                draw_pen(axis, one, shown=int(shown[number]) if len(shown) else None, colours=colours)
            line[0].text(-0.12, 0.5, in_words(name), transform=line[0].transAxes, ha="right", va="center", fontsize=9)
        for axis, label in zip(axes[0], column_labels, strict=False):
            axis.text(0.5, 1.08, in_words(label), transform=axis.transAxes, ha="center", va="bottom", fontsize=9)


def draw_pen(axis: Axes, x: Tensor, *, shown: int | None = None, colours: bool = False) -> None:
    """Draw one example's strokes, (steps, 3), onto an axis as wide and high as a picture of MNIST. `shown` as for `show_pens`."""
    axis.set(xlim=(-0.5, SIDE - 0.5), ylim=(SIDE - 0.5, -0.5), aspect="equal")  # what leaves the sheet is cut off there
    inked = x if shown is None else torch.cat([x[:shown], torch.zeros_like(x[shown:])])
    layers = ((x, FAINT), (inked, INK)) if shown is not None else ((inked, INK),)
    for steps, colour in layers:
        for number, stroke in enumerate(to_strokes(steps)):
            tint = COLOURS[number % 6] if colours and colour == INK else colour
            across, down = stroke.T.numpy()
            axis.plot(across, down, color=tint, linewidth=INK_WIDTH, solid_capstyle="round", solid_joinstyle="round")
