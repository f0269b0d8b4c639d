"""Curves over epochs, or over whatever is turned, each named at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from .output import figure_with
from .style import COLOURS, MUTED, in_ink, plain_numbers

DASHES, MARKERS = ("-", "--", "-.", ":"), "osD^vP"
CROWDED = 25  # more points than these stand too close for a marker each
LINE = 1.25  # of a letter's height: how far apart two names stand


def show_curves(
    curves: Mapping[str, Sequence[float]],
    alt: str,
    *,
    x: Sequence[float] | None = None,
    x_label: str = "epoch",
    y_label: str = "nats per image",
    title: str = "",
    x_scale: str = "linear",
    y_scale: str = "linear",
    spreads: Mapping[str, Sequence[float]] | None = None,
    levels: Mapping[str, float] | None = None,
) -> None:
    """Show one line a name over epochs 1, 2, … (or over `x`), each with its own colour, dash and marker, and its name at its end.

    curves: for each name its values, (n,), in the units of `y_label`. x_scale, y_scale: "linear" or "log". spreads: for some names how far
    a value is uncertain, (n,), drawn as a band of ± that. levels: values to compare with, by name, drawn as grey lines.
    Raises ValueError when there is no curve, or one is not as long as x.
    """
    axes: dict[str, Any] = {"x_label": x_label, "y_label": y_label, "title": title, "x_scale": x_scale, "y_scale": y_scale}
    with figure_with(alt, figsize=(6.4, 3.4)) as (_, axis):
        draw_curves(axis, curves, x=x, spreads=spreads, levels=levels, **axes)


def draw_curves(
    axis: Axes,
    curves: Mapping[str, Sequence[float]],
    *,
    x: Sequence[float] | None = None,
    x_label: str = "epoch",
    y_label: str = "nats per image",
    title: str = "",
    x_scale: str = "linear",
    y_scale: str = "linear",
    spreads: Mapping[str, Sequence[float]] | None = None,
    levels: Mapping[str, float] | None = None,
    named: bool = True,
) -> list[Line2D]:
    """Draw the lines of `show_curves` onto an axis. Returns them.

    named: whether names are written at the ends; of several panels with the same names, the last may be enough.
    """
    if not curves:
        raise ValueError("there is no curve to draw: expected values for each name, such as {'VAE': history.loss}.")
    lines = []
    for number, (name, values) in enumerate(curves.items()):
        heights = np.asarray([float(value) for value in values])
        along = np.arange(1, len(heights) + 1) if x is None else np.asarray([float(place) for place in x])
        if len(along) != len(heights):
            raise ValueError(f"the curve {name!r} has {len(heights)} values, and x has {len(along)}: expected one value for each x.")
        colour = COLOURS[number % len(COLOURS)]
        look = {"color": colour, "marker": MARKERS[number % 6], "markersize": 4 if len(along) <= CROWDED else 0}
        lines += axis.plot(along, heights, DASHES[number % 4], label=name, **look)
        if spreads and name in spreads:
            half = np.asarray([float(value) for value in spreads[name]])
            axis.fill_between(along, heights - half, heights + half, color=colour, alpha=0.2, linewidth=0)
    axis.set(xlabel=x_label, ylabel=y_label, title=title, xscale=x_scale, yscale=y_scale)
    for value in (levels or {}).values():
        axis.axhline(value, color=MUTED, linewidth=1.2, zorder=1)
    for scale, one in ((x_scale, axis.xaxis), (y_scale, axis.yaxis)):
        if scale == "log":
            plain_numbers(one)
    if x is None:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if named:
        name_at_ends(axis, lines, levels or {})
    return lines


def name_at_ends(axis: Axes, lines: Sequence[Line2D], levels: Mapping[str, float]) -> None:
    """Write each line's name right of the frame, beside where it ends, in its colour; no name stands on another."""
    ends = [(str(line.get_label()), *_end(line), line.get_color()) for line in lines]
    ends += [(name, np.nan, value, MUTED) for name, value in levels.items()]
    ends = [end for end in ends if np.isfinite(end[2])]
    if not ends:
        return
    low, high = axis.get_ylim()
    axis.set_ylim(low, high)
    heights = axis.transData.transform([(axis.get_xlim()[1], end[2]) for end in ends])[:, 1]
    box, letter = axis.get_window_extent(), plt.rcParams["font.size"] / 72 * axis.get_figure().dpi  # type: ignore[union-attr]
    wanted = np.clip((heights - box.y0) / box.height, 0, 1)
    places = spaced(wanted, LINE * letter / box.height)
    for (name, x, y, colour), place in zip(ends, places, strict=True):
        ink = in_ink(str(colour))
        line = {"arrowstyle": "-", "color": colour, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 3, "relpos": (0, 0.5)}
        left, right = axis.get_xlim()
        if x < right - 0.1 * (right - left):  # a long leader would be taken for a curve
            line |= {"linestyle": (0, (1, 3)), "color": MUTED}
        target = (right, y) if np.isnan(x) else (x, y)
        axis.annotate(
            name,
            target,
            xytext=(1.03, place),
            textcoords="axes fraction",
            color=ink,
            ha="left",
            va="center",
            arrowprops=line,
            annotation_clip=False,
        )


def spaced(wanted: np.ndarray, least: float) -> np.ndarray:
    """Heights from 0 to 1 as near to those wanted as they can be with `least` between any two, in the same order."""
    order = np.argsort(wanted, kind="stable")
    blocks: list[list[float]] = []  # [sum of what each wants for its block's first, count]
    for place, i in enumerate(order):
        blocks.append([float(wanted[i]) - place * least, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    first = np.concatenate([np.full(int(count), total / count) for total, count in blocks])
    result = np.empty(len(wanted))
    result[order] = first + np.arange(len(wanted)) * least
    return result - max(result.max() - 1, 0) if result.max() - result.min() > 1 else result + np.clip(0, -result.min(), 1 - result.max())


def _end(line: Line2D) -> tuple[float, float]:
    """The last point of a line that is finite."""
    points = np.asarray(line.get_xydata(), dtype=float)
    points = points[np.isfinite(points).all(axis=1)]
    if not len(points):
        return np.nan, np.nan
    x, y = points[points[:, 0].argmax()]
    return float(x), float(y)
