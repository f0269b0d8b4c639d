"""Clouds of codes: many q(z|x) at once on planes of two latents, each to scale, and the prior among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.patches import Circle
from torch import Tensor
from torch.distributions import Distribution

from .latents import ROW, SIDE, frame, key_of_dots, plane
from .output import check_words, figure_with
from .style import CLASS_COLOURS, INK, PAPER

FILLED = 0.12  # of the colour, inside of an ellipse: many lie on each other
WITHIN = 2.0  # how many σ an ellipse reaches, and the prior's circle: 86 of 100 draws on a plane fall inside
ON_PAPER = {"facecolor": PAPER, "edgecolor": "none", "alpha": 0.85, "pad": 1.5}  # behind letters that stand on clouds
POINT, UNSEEN = 9, 0.01  # the area of a centre, in square points, where most clouds span less than a hundredth of the frame


def show_clouds(
    clouds: Mapping[str, Distribution],
    alt: str,
    *,
    labels: Tensor | None = None,
    latents: Sequence[int] = (0, 1),
    limits: Mapping[str, float] | None = None,
    prior: bool = True,
    key: str = "",
) -> None:
    """Show each q(z|x) of a batch as an ellipse of two σ around its μ, by name one panel each, such as {"autoencoder": …, "VAE": …}.

    Of 100 draws from a cloud 86 fall inside of its ellipse, as 86 of 100 from N(0, I) fall inside of the circle that stands for the prior.

    clouds: what `model.encode(x)` gave, over (n, latent_size). A σ of 0 leaves the point μ. labels: (n,), whole numbers, by which they are
    coloured. latents: the two that span the plane, counted from 0 as columns are; axes are named from z₁ on. limits: for some of the
    names, how far their frame reaches on each side of 0 in units of z; by default around the clouds. prior: whether N(0, I)
    is drawn, as a dashed circle. key: what the labels are ("digit"), over a key at the right; by default there is none.
    Raises ValueError when there is nothing to draw, or when there is not a label for each.
    """
    check_words(alt)
    if not clouds:
        raise ValueError("there are no clouds to draw: expected what encode gave, for each name.")
    side = min(SIDE, ROW / len(clouds))
    with figure_with(alt, 1, len(clouds), figsize=(len(clouds) * side, side), squeeze=False, layout="constrained") as (figure, axes):
        for axis, (name, q) in zip(axes.flat, clouds.items(), strict=True):
            draw_clouds(axis, q, labels=labels, latents=latents, limit=(limits or {}).get(name), prior=prior, title=name)
        for axis in axes.flat[1:]:
            axis.set_ylabel("")
        if key and labels is not None:
            key_of_dots(figure, key, torch.as_tensor(labels).unique().tolist())


def draw_clouds(
    axis: Axes,
    q: Distribution,
    *,
    labels: Tensor | None = None,
    latents: Sequence[int] = (0, 1),
    limit: float | None = None,
    prior: bool = True,
    title: str = "",
) -> EllipseCollection:
    """Draw one panel of `show_clouds` onto an axis. Returns the ellipses."""
    chosen = list(latents)
    centres, widths = plane(q.mean[:, chosen], "μ"), plane(q.stddev[:, chosen], "σ")
    reach = WITHIN * widths
    classes = np.zeros(len(centres), int) if labels is None else torch.as_tensor(labels).detach().cpu().numpy().astype(int)
    if classes.shape != (len(centres),):
        raise ValueError(f"labels have the shape {classes.shape} for {len(centres)} clouds: expected ({len(centres)},), one class each.")
    colours = np.array(CLASS_COLOURS)[classes % len(CLASS_COLOURS)]
    look = {"facecolors": [(colour, FILLED) for colour in colours], "edgecolors": [(colour, 0.75) for colour in colours]}
    ellipses = EllipseCollection(
        2 * reach[:, 0],
        2 * reach[:, 1],
        np.zeros(len(centres)),
        units="xy",
        offsets=centres,
        offset_transform=axis.transData,
        linewidths=0.9,
        zorder=2,
        **look,
    )
    axis.add_collection(ellipses)
    frame(axis, np.concatenate([centres - reach, centres + reach]), limit)
    unseen = 2 * np.median(reach) < UNSEEN * np.ptp(axis.get_xlim())
    axis.scatter(*centres.T, s=POINT if unseen else 1, c=colours, linewidths=0, zorder=3)
    axis.set(xlabel=f"z{_below(chosen[0] + 1)}", title=title)
    axis.set_ylabel(f"z{_below(chosen[1] + 1)}", rotation=0, ha="right", va="center")
    axis.locator_params(nbins=8)  # with more, the numbers of panels side by side touch
    if prior:
        axis.add_patch(Circle((0, 0), WITHIN, fill=False, edgecolor=INK, linestyle="--", linewidth=1.6, zorder=4))
        up = 0.03 * np.ptp(axis.get_ylim())
        axis.text(0, WITHIN + up, "N(0, I)", ha="center", va="bottom", color=INK, bbox=ON_PAPER, zorder=5, clip_on=True)
    return ellipses


def _below(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
