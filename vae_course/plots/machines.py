"""Drawings of machines: parts from left to right, and arrows that say what goes where, or what can't pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Patch, Polygon, Rectangle
from torch import Tensor

from .images import checked
from .output import figure_with
from .style import COLOURS, DPI, INK, MUTED, PAPER, PAPER_EDGE, in_ink

LOOKS = ("box", "narrows", "widens", "circle", "seen")
SIDE = 1.0  # inches: an image's longer side, and the broad end of an encoder
NARROW, LONG, RADIUS, STRIP = 0.5, 1.15, 0.36, 0.2  # an encoder's narrow end and its length, a circle, a strip of numbers
GAP, BELOW = 0.55, 0.42  # between columns, for arrows; between parts of a column, for their words
GREY = "#d9d9d9"  # what is seen
LETTERS, SMALL = 11, 9  # points: of names and of notes
Arrow = tuple[str, str]
Place = tuple[float, float]


@dataclass(frozen=True)
class Part:
    """One part of a machine.

    name: how it is called, and what arrows know it by. note: a few words in small letters under it.
    look: a word, "box", "narrows" (an encoder), "widens" (a decoder), "circle" (a random variable) or "seen" (one that is observed, in
    grey); or what it holds: an image (channels, height, width), pixels in [0, 1], or numbers (n,), a cell each, the deeper the larger,
    blue above 0 and orange below.
    Raises ValueError for another look.
    """

    name: str
    look: str | Tensor = "box"
    note: str = ""

    def __post_init__(self) -> None:
        known = self.look in LOOKS if isinstance(self.look, str) else self.look.dim() in (1, 3) and self.look.numel() > 0
        if not known:
            got = repr(self.look) if isinstance(self.look, str) else f"a tensor of shape {tuple(self.look.shape)}"
            raise ValueError(
                f"part {self.name!r} is to look like {got}: expected one of {', '.join(LOOKS)}, an image (channels, height, width), or "
                "numbers (n,)."
            )

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in inches."""
        if isinstance(self.look, str):
            circle = (2 * RADIUS, 2 * RADIUS)
            return {"box": (LONG, NARROW), "circle": circle, "seen": circle}.get(self.look, (LONG, SIDE))
        if self.look.dim() == 1:
            return STRIP, min(STRIP * len(self.look), 0.75 * SIDE)
        height, width = self.look.shape[-2:]
        pixels = max(1, int(SIDE * DPI / max(height, width)))  # each pixel of the image covers a whole number of the figure's
        return width * pixels / DPI, height * pixels / DPI


def show_machine(
    columns: Sequence[Part | Sequence[Part]],
    alt: str,
    *,
    arrows: Sequence[Arrow] | None = None,
    blocked: Sequence[Arrow] = (),
    words: Mapping[Arrow, str] | None = None,
    title: str = "",
) -> None:
    """Show the parts of a machine from left to right with arrows between them.

    columns: in their order, each one part or several, one below the other. arrows: pairs of names, (from, to); by default each part of a
    column points to each of the next. An arrow back, from a later column to an earlier one, is a bow under the parts, as a gradient's is.
    blocked: those among the arrows that nothing passes, dashed with a cross. words: what is written at an arrow.
    Raises ValueError when two parts have one name, when an arrow leads from or to a part that isn't there, or one is blocked or named
    that isn't drawn.
    """
    with figure_with(alt, figsize=(1, 1)) as (figure, axis):
        axis.set_position((0, 0, 1, 1))
        draw_machine(axis, columns, arrows=arrows, blocked=blocked, words=words, title=title)
        (left, right), (low, high) = axis.get_xlim(), axis.get_ylim()
        figure.set_size_inches(right - left, high - low)


def draw_machine(
    axis: Axes,
    columns: Sequence[Part | Sequence[Part]],
    *,
    arrows: Sequence[Arrow] | None = None,
    blocked: Sequence[Arrow] = (),
    words: Mapping[Arrow, str] | None = None,
    title: str = "",
) -> dict[str, Place]:
    """Draw the machine of `show_machine` onto an axis, which then counts in inches of its own. Returns the middle of each part."""
    grid = [[column] if isinstance(column, Part) else list(column) for column in columns]
    parts = {part.name: part for column in grid for part in column}
    if not parts or len(parts) < sum(map(len, grid)):
        called = ", ".join(part.name for column in grid for part in column)
        raise ValueError(f"the parts are called {called or 'nothing'}: expected at least one, and a name of its own for each.")
    if arrows is None:
        arrows = [(a.name, b.name) for column, following in zip(grid, grid[1:], strict=False) for a in column for b in following]
    lost = [name for arrow in arrows for name in arrow if name not in parts]
    lost += [" → ".join(arrow) for arrow in (*blocked, *(words or {})) if arrow not in arrows]
    if lost:
        raise ValueError(f"there is no {lost[0]!r} in the drawing: expected arrows between {', '.join(parts)}.")
    middles = _places(grid)
    for name, part in parts.items():
        _draw_part(axis, part, middles[name])
    low = min(_beyond(parts[name], *middle, above=False)[1] for name, middle in middles.items())
    for arrow in arrows:
        start, end = ((parts[name], middles[name]) for name in arrow)
        low = min(low, _draw_arrow(axis, start, end, arrow in blocked, (words or {}).get(arrow, "")))
    high = max(y + parts[name].size[1] / 2 for name, (_, y) in middles.items())
    right = max(x + parts[name].size[0] / 2 for name, (x, _) in middles.items())
    axis.set(xlim=(-0.1, right + 0.1), ylim=(low - 0.1, high + 0.1), aspect="equal", title=title)
    axis.set_axis_off()
    return middles


def _places(grid: list[list[Part]]) -> dict[str, Place]:
    """The middle of each part, on whole pixels: columns from left to right, each of them halved by the line y = 0."""
    middles, left = {}, 0.0
    for column in grid:
        width = max(part.size[0] for part in column)
        top = (sum(part.size[1] for part in column) + BELOW * (len(column) - 1)) / 2
        for part in column:
            corner = np.round(np.array([left + (width - part.size[0]) / 2, top - part.size[1]]) * DPI) / DPI
            middles[part.name] = tuple((corner + np.array(part.size) / 2).tolist())
            top -= part.size[1] + BELOW
        left += width + GAP
    return middles


def _draw_part(axis: Axes, part: Part, middle: Place) -> None:
    (x, y), (width, height) = middle, part.size
    left, low = x - width / 2, y - height / 2
    if isinstance(part.look, Tensor) and part.look.dim() == 3:
        pixels = checked(part.look[None], f"part {part.name!r}")[0].clamp(0, 1).permute(1, 2, 0).numpy()
        extent = (left, left + width, low, low + height)
        axis.imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="nearest", extent=extent, aspect="auto", zorder=2)
    elif isinstance(part.look, Tensor):
        _draw_numbers(axis, part.look, left, low, width, height)
    else:
        axis.add_patch(_shape(part.look, middle, part.size))
    below = low - 0.06
    if isinstance(part.look, str):
        axis.text(x, y, part.name, ha="center", va="center", fontsize=LETTERS, color=INK, zorder=4)
    else:
        axis.text(x, below, part.name, ha="center", va="top", fontsize=LETTERS, color=INK)
        below -= 0.19
    axis.text(x, below, part.note, ha="center", va="top", fontsize=SMALL, color=in_ink(MUTED))


def _shape(look: str, middle: Place, size: Place) -> Patch:
    (x, y), (width, height) = middle, size
    line = {"edgecolor": INK, "linewidth": 1.4, "zorder": 2}
    if look in ("circle", "seen"):
        return Circle(middle, RADIUS, facecolor=GREY if look == "seen" else PAPER, **line)
    if look == "box":
        corner = (x - width / 2, y - height / 2)
        return FancyBboxPatch(corner, width, height, boxstyle="round,pad=0,rounding_size=0.08", facecolor=PAPER, **line)
    ends = (height / 2, NARROW / 2) if look == "narrows" else (NARROW / 2, height / 2)
    left, right = x - width / 2, x + width / 2
    corners = [(left, y - ends[0]), (left, y + ends[0]), (right, y + ends[1]), (right, y - ends[1])]
    return Polygon(corners, facecolor=(COLOURS[0 if look == "narrows" else 2], 0.16), joinstyle="round", **line)


def _draw_numbers(axis: Axes, numbers: Tensor, left: float, low: float, width: float, height: float) -> None:
    values = torch.as_tensor(numbers).detach().cpu().double().numpy()
    deepest = np.abs(values).max() or 1.0
    for row, value in enumerate(values):
        colour = (COLOURS[0 if value >= 0 else 1], abs(value) / deepest)
        corner = (left, low + height * (1 - (row + 1) / len(values)))
        axis.add_patch(Rectangle(corner, width, height / len(values), facecolor=colour, edgecolor=INK, linewidth=0.6, zorder=2))


def _draw_arrow(axis: Axes, start: tuple[Part, Place], end: tuple[Part, Place], blocked: bool, words: str) -> float:
    """Draw one arrow. Returns how far down it and its words reach."""
    (a, (ax, ay)), (b, (bx, by)) = start, end
    colour, bow = INK, 0.0
    if bx > ax:
        ends = (ax + a.size[0] / 2, ay), (bx - b.size[0] / 2, by)
    elif bx == ax:
        ends = (_beyond(a, ax, ay, above=by > ay), _beyond(b, bx, by, above=ay > by))
    else:
        ends = (_beyond(a, ax, ay, above=False), _beyond(b, bx, by, above=False))
        colour, bow = COLOURS[3], -0.45
    look = {"arrowstyle": "-|>", "mutation_scale": 13, "shrinkA": 3, "shrinkB": 3, "linewidth": 1.5, "zorder": 3}
    axis.add_patch(FancyArrowPatch(*ends, connectionstyle=f"arc3,rad={bow}", color=colour, linestyle="--" if blocked else "-", **look))
    (x0, y0), (x1, y1) = ends
    # the middle of an arc lies half as far from its chord as the point that bends it
    half = np.array([(x0 + x1) / 2 + bow * (y1 - y0) / 2, (y0 + y1) / 2 - bow * (x1 - x0) / 2])
    if blocked:
        axis.plot(*half, marker="x", markersize=13, markeredgewidth=3, color=COLOURS[3], zorder=5)
    if words:
        away, up = (0.1, "bottom") if not bow else (-0.1, "top")
        ink = in_ink(colour)
        axis.text(half[0], half[1] + away, words, ha="center", va=up, fontsize=SMALL, color=ink, path_effects=[PAPER_EDGE], zorder=5)
    return half[1] - (0.3 if words and bow else 0.0)


def _beyond(part: Part, x: float, y: float, *, above: bool) -> Place:
    """Where an arrow begins or ends above a part, or below it and its words."""
    named = not isinstance(part.look, str)
    under = 0.22 * named + 0.18 * bool(part.note)
    return x, y + part.size[1] / 2 if above else y - part.size[1] / 2 - under
