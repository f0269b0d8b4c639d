"""What a formula foretells against what was found, a point each: on the diagonal they agree."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from torch import Tensor

from .output import figure_with
from .style import COLOURS, INK, plain_numbers

MOST = 20_000  # points: more would only lie on each other


def show_agreement(
    foretold: Tensor, found: Tensor, alt: str, *, x_label: str = "foretold", y_label: str = "found", title: str = ""
) -> None:
    """Show positive numbers that were found against those that were foretold, on equal logarithmic axes, with the diagonal.

    foretold, found: of one shape, in the same units. Raises ValueError when their shapes differ, when there is none, or when one is not
    positive and finite.
    """
    with figure_with(alt, figsize=(4.8, 4.8), layout="constrained") as (_, axis):
        draw_agreement(axis, foretold, found, x_label=x_label, y_label=y_label, title=title)


def draw_agreement(
    axis: Axes, foretold: Tensor, found: Tensor, *, x_label: str = "foretold", y_label: str = "found", title: str = ""
) -> PathCollection:
    """Draw the points of `show_agreement` and the diagonal onto an axis. Returns the points."""
    pair = [torch.as_tensor(values).detach().cpu().double() for values in (foretold, found)]
    if pair[0].shape != pair[1].shape or not pair[0].numel():
        shapes = " and ".join(str(tuple(values.shape)) for values in pair)
        raise ValueError(f"there are numbers of the shapes {shapes}: expected one found for each foretold, and one at least.")
    for name, values in zip(("foretold", "found"), pair, strict=True):
        if not (torch.isfinite(values) & (values > 0)).all():
            raise ValueError(
                f"what was {name} goes down to {values.min():g}: expected positive, finite numbers, as the axes are logarithmic."
            )
    points = np.stack([values.flatten().numpy() for values in pair], 1)
    low, high = points.min() / 1.15, points.max() * 1.15
    axis.plot([low, high], [low, high], color=INK, linewidth=1.4, zorder=3)
    shown = np.random.default_rng(0).permutation(len(points))[:MOST]
    drawn = axis.scatter(*points[shown].T, s=5, color=COLOURS[0], alpha=0.35, linewidths=0, zorder=2)
    axis.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high), aspect="equal", xlabel=x_label, ylabel=y_label, title=title)
    plain_numbers(axis.xaxis)
    plain_numbers(axis.yaxis)
    return drawn
