"""A discriminator's opinion of every place on a plane, under the points that it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from torch import Tensor

from .latents import frame, plane
from .output import check_words, figure_with
from .style import INK

SIDE, ROW, HIGH = 3.4, 9.6, 0.72  # inches: a panel's width, the figure's; and a panel's height as a share of its width
PLACES = 121  # along each axis of a landscape
COLOURS_OF_LOGITS = "PuOr"  # two colours that read apart for colour-blind eyes and meet in white
Logit = Callable[[Tensor], Tensor]


def show_landscapes(
    codes: Mapping[str, Tensor],
    logits: Mapping[str, Logit],
    alt: str,
    *,
    behind: Mapping[str, Tensor] | None = None,
    limit: float = 3.6,
    most: float = 3.0,
    columns: int = 3,
) -> None:
    """Show panels by name: a logit as colour on the plane, purple where codes are said to lie too thin, orange where too thick, and points.

    codes: (n, 2) for each name, drawn as dark points. logits: for each name a function of places (m, 2) that gives (m,), in nats: above 0
    where it says "from the prior"; NaN, which leaves the paper, where it says nothing.
    behind: draws of the prior, (k, 2), drawn as rings below; by default none.
    limit: frames reach from −limit to limit. most: the logit at which the colour is deepest. columns: panels in a row.
    Raises ValueError when there is no panel, or when codes and logits have other names.
    """
    check_words(alt)
    if not codes or list(codes) != list(logits):
        raise ValueError(f"codes are there for {list(codes)} and logits for {list(logits)}: expected one of each for each panel.")
    columns = min(columns, len(codes))
    rows, side = -(-len(codes) // columns), min(SIDE, ROW / columns)
    with figure_with(alt, rows, columns, figsize=(columns * side, rows * side + 0.4), squeeze=False, layout="constrained") as (
        figure,
        axes,
    ):
        for axis, name in zip(axes.flat, codes, strict=False):
            mesh = draw_landscape(
                axis, codes[name], logits[name], behind=None if behind is None else behind.get(name), limit=limit, most=most, title=name
            )
        for axis in axes.flat[len(codes) :]:
            axis.set_visible(False)
        for axis in axes[:, 1:].flat:
            axis.set_ylabel("")
        bar = figure.colorbar(mesh, ax=axes, shrink=0.8, aspect=24, ticks=(-most, 0, most))
        bar.ax.set_yticklabels(("codes\ntoo thick", "alike", "codes\ntoo thin"))


def draw_landscape(
    axis: Axes,
    codes: Tensor,
    logit: Logit,
    *,
    behind: Tensor | None = None,
    limit: float = 3.6,
    most: float = 3.0,
    title: str = "",
) -> QuadMesh:
    """Draw one panel of `show_landscapes` onto an axis. Returns the coloured plane."""
    places = plane(codes, "codes")
    line = torch.linspace(-limit, limit, PLACES)
    across, up = torch.meshgrid(line, line, indexing="xy")
    with torch.no_grad():
        heights = logit(torch.stack([across, up], -1).reshape(-1, 2)).reshape(PLACES, PLACES)
    mesh = axis.pcolormesh(
        line.numpy(), line.numpy(), heights.detach().cpu().numpy(), cmap=COLOURS_OF_LOGITS, vmin=-most, vmax=most, shading="nearest"
    )
    mesh.set_rasterized(True)
    if behind is not None:
        axis.scatter(*plane(behind, "behind").T, s=7, facecolors="none", edgecolors="#8a8a8a", linewidths=0.4, zorder=2)
    axis.scatter(*places.T, s=2.5, color=INK, linewidths=0, zorder=3)
    frame(axis, places, limit)
    axis.set(title=title, xlabel="z₁")
    axis.set_ylabel("z₂", rotation=0, ha="right", va="center")
    axis.locator_params(nbins=7)
    return mesh
