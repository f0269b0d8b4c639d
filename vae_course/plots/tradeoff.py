"""Two costs against each other, with what each buys: rate and distortion, and beside each point the images that it paints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from torch import Tensor

from .images import checked, gap_of, tiled
from .output import figure_with
from .style import COLOURS, DPI, INK, in_words

WIDE, HIGH = 7.6, 4.6  # inches
TIMES = 3  # pixels of the figure to one of an image, along a side
AWAY = 8  # points from a mark to its images


def show_tradeoff(
    points: Mapping[object, Sequence[float]],
    images: Mapping[object, Tensor],
    alt: str,
    *,
    slopes: Mapping[object, float] | None = None,
    below: Sequence = (),
    name_label: str = "β",
    x_label: str = "rate: KL in nats per image",
    y_label: str = "distortion: reconstruction in nats per image",
) -> None:
    """Show points (rate, distortion) by name, joined in the order of their rates, each with the images that are painted there.

    points: for each name, such as a β, its rate and distortion in nats. images: for each name a batch (n, channels, height, width), pixels
    in [0, 1], a strip above its point, or under it for the names in `below`. slopes: for some names the slope of a dashed line through
    the point, in nats of distortion for one of rate.
    Raises ValueError when there are fewer than two points, one is not two finite numbers or has no images, and for a slope of no point.
    """
    with figure_with(alt, figsize=(WIDE, HIGH), layout="constrained") as (_, axis):
        draw_tradeoff(axis, points, images, slopes=slopes, below=below, name_label=name_label)
        axis.set(xlabel=x_label, ylabel=y_label)


def draw_tradeoff(
    axis: Axes,
    points: Mapping[object, Sequence[float]],
    images: Mapping[object, Tensor],
    *,
    slopes: Mapping[object, float] | None = None,
    below: Sequence = (),
    name_label: str = "β",
) -> None:
    """Draw the points of `show_tradeoff`, their images and slopes onto an axis."""
    places = {name: np.asarray([float(cost) for cost in costs]) for name, costs in points.items()}
    if len(places) < 2 or any(place.shape != (2,) or not np.isfinite(place).all() for place in places.values()):
        raise ValueError(f"the points are {dict(points)}: expected two or more by name, each a finite rate and distortion, (2,).")
    lost, unknown = [name for name in places if name not in images], [name for name in slopes or {} if name not in places]
    if lost or unknown:
        raise ValueError(f"without images: {lost}; slopes of no point: {unknown}. Expected a batch for each of {list(places)}.")
    ordered = np.array(sorted(places.values(), key=lambda place: place[0]))
    axis.plot(*ordered.T, color=INK, linewidth=1.2, zorder=1)
    span = np.ptp(ordered, axis=0)
    axis.set(xlim=(-0.04 * span[0], ordered[:, 0].max() + 0.16 * span[0]))
    axis.set(ylim=(ordered[:, 1].min() - (0.44 if below else 0.14) * span[1], ordered[:, 1].max() + 0.36 * span[1]))
    for number, (name, place) in enumerate(places.items()):
        colour = COLOURS[number % 6]
        axis.plot(*place, "o", color=colour, markersize=8, zorder=3)
        if name in (slopes or {}):
            reach = min(0.12 * span[0], 0.3 * span[1] / max(abs(slopes[name]), 1e-9))  # type: ignore[index]
            along = np.array([-reach, reach])
            axis.plot(place[0] + along, place[1] + slopes[name] * along, "--", color=colour, linewidth=1.6, zorder=2)  # type: ignore[index]
        batch = checked(images[name], f"the images of {name!r}")
        gap = gap_of(batch)
        strip = tiled(batch, len(batch), gap, [0])
        coloured = strip if strip.ndim == 3 else np.repeat(strip[:, :, None], 3, axis=2)
        picture = OffsetImage(coloured, zoom=TIMES * 72 / DPI, interpolation="nearest")
        under, tall = name in below, strip.shape[0] * TIMES * 72 / DPI
        corner = (0.5, 1.0) if under else (0.0, 0.0)
        away = (0, -AWAY) if under else (AWAY, AWAY)
        look: dict[str, Any] = {"boxcoords": "offset points", "box_alignment": corner, "frameon": False, "pad": 0, "zorder": 4}
        axis.add_artist(AnnotationBbox(picture, tuple(place), xybox=away, **look))
        words = f"{name_label} = {in_words(name)}" if isinstance(name, (int, float)) else str(name)
        beside = (0, -AWAY - tall - 2) if under else (AWAY + strip.shape[1] * TIMES * 72 / DPI + 4, AWAY + tall / 2)
        align: dict[str, Any] = {"ha": "center", "va": "top"} if under else {"ha": "left", "va": "center"}
        axis.annotate(words, tuple(place), xytext=beside, textcoords="offset points", color=INK, fontsize=9, **align)
