"""Densities over one axis, filled, each named at its top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .output import figure_with
from .style import COLOURS, PAPER_EDGE, in_ink

DASHES = ("-", "--", "-.", ":")


def show_densities(
    densities: Mapping[str, Sequence[float] | torch.Tensor],
    alt: str,
    *,
    x: Sequence[float] | torch.Tensor,
    colours: Sequence[str] = COLOURS,
    x_label: str = "z",
    y_label: str = "density",
    title: str = "",
) -> None:
    """Show densities over one axis, each filled faintly, with its own colour and dash, and its name above its top.

    densities: for each name its values at the places x, (n,), in the order of x. Raises ValueError when there is none, or one is not as
    long as x, below 0 or not finite.
    """
    with figure_with(alt, figsize=(6.4, 2.9), layout="constrained") as (_, axis):
        draw_densities(axis, densities, x=x, colours=colours, x_label=x_label, y_label=y_label, title=title)


def draw_densities(
    axis: Axes,
    densities: Mapping[str, Sequence[float] | torch.Tensor],
    *,
    x: Sequence[float] | torch.Tensor,
    colours: Sequence[str] = COLOURS,
    x_label: str = "z",
    y_label: str = "density",
    title: str = "",
    named: bool = True,
) -> list[Line2D]:
    """Draw the densities of `show_densities` onto an axis. Returns their lines. named: whether names are written."""
    if not densities:
        raise ValueError("there is no density to draw: expected values for each name, such as {'prior': prior.log_prob(x).exp()}.")
    along = _numbers(x)
    lines = []
    for number, (name, values) in enumerate(densities.items()):
        heights = _numbers(values)
        if heights.shape != along.shape:
            raise ValueError(f"the density {name!r} has {heights.size} values, and x has {along.size}: expected one value for each x.")
        if not np.isfinite(heights).all() or (heights < 0).any():
            raise ValueError(f"the density {name!r} has values below 0 or not finite: expected densities, such as log_prob(x).exp().")
        colour, dash = colours[number % len(colours)], DASHES[number % len(DASHES)]
        axis.fill_between(along, heights, color=colour, alpha=0.18, linewidth=0)
        lines += axis.plot(along, heights, dash, color=colour, linewidth=1.8)
        if named:
            top = int(heights.argmax())
            look = {"ha": "center", "va": "bottom", "color": in_ink(colour), "path_effects": [PAPER_EDGE], "zorder": 5}
            axis.annotate(name, (along[top], heights[top]), xytext=(0, 3), textcoords="offset points", **look)
    axis.set(xlabel=x_label, ylabel=y_label, title=title, xlim=(along[0], along[-1]))
    axis.margins(y=0.16)
    axis.set_ylim(bottom=0)
    return lines


def _numbers(values) -> np.ndarray:
    return torch.as_tensor(values).detach().cpu().double().flatten().numpy()
