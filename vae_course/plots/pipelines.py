"""One machine at work in several places: what goes in, what is done with its z, what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Polygon

from .output import figure_with
from .style import COLOURS, INK, MUTED, PAPER

STEPS = 4  # what goes in, z, what is done with z, what comes out
ROW = 0.86  # inches
PLACES, WIDTHS = (0.85, 3.2, 5.4, 8.05), (1.5, 1.45, 1.95, 1.6)  # inches: middles of the steps and their widths
ENCODER, DECODER = 2.02, 6.8  # inches: the middles of the two networks


def show_pipelines(rows: Mapping[str, Sequence[str]], alt: str) -> None:
    """Show an encoder and a decoder in each row, and in words what stands before, between and behind them.

    rows: for each place of work four phrases: what goes in, what z is, what is done with z, what comes out; "\\n" breaks a line.
    Raises ValueError when there is no row, or one has not four phrases.
    """
    if not rows or any(len(row) != STEPS for row in rows.values()):
        raise ValueError(f"the rows have {[len(row) for row in rows.values()]} phrases: expected one row at least, and {STEPS} in each.")
    with figure_with(alt, figsize=(9.0, ROW * len(rows))) as (_, axis):
        axis.set_position((0, 0, 1, 1))
        axis.set(xlim=(0, 9.0), ylim=(len(rows) * ROW, 0))
        axis.axis("off")
        for number, (name, phrases) in enumerate(rows.items()):
            middle = (number + 0.58) * ROW
            axis.text(0.1, middle - 0.4, name, fontsize=10.5, fontweight="bold", color=INK, va="center")
            _draw_row(axis, middle, phrases)
        for number in range(len(rows)):
            for at, name in ((ENCODER, "encoder"), (DECODER, "decoder")):
                axis.text(at, (number + 0.58) * ROW, name, fontsize=8, color=PAPER, ha="center", va="center")


def _draw_row(axis: Axes, y: float, phrases: Sequence[str]) -> None:
    for at, taller in ((ENCODER, -1), (DECODER, 1)):
        left, right = (0.27, 0.13) if taller < 0 else (0.13, 0.27)
        corners = [(at - 0.3, y - left), (at + 0.3, y - right), (at + 0.3, y + right), (at - 0.3, y + left)]
        axis.add_patch(Polygon(corners, facecolor=COLOURS[0], edgecolor="none"))
    stations = sorted([(at, 0.3) for at in (ENCODER, DECODER)] + [(at, width / 2) for at, width in zip(PLACES, WIDTHS, strict=True)])
    for (start, half), (end, other) in zip(stations, stations[1:], strict=False):
        look = {"arrowstyle": "-|>", "mutation_scale": 9, "color": MUTED, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
        axis.add_patch(FancyArrowPatch((start + half + 0.03, y), (end - other - 0.03, y), **look))
    for place, width, phrase, colour in zip(PLACES, WIDTHS, phrases, (PAPER, "#cfe3f1", "#fbe3b5", PAPER), strict=True):
        box = FancyBboxPatch(
            (place - width / 2 + 0.06, y - 0.2),
            width - 0.12,
            0.4,
            boxstyle="round,pad=0.02,rounding_size=0.06",
            facecolor=colour,
            edgecolor=MUTED if colour == PAPER else "none",
            linewidth=0.8,
        )
        axis.add_patch(box)
        axis.text(place, y, phrase, ha="center", va="center", fontsize=9, color=INK, linespacing=1.05)
