"""One image tried under every label: what is painted of it under each, and what each costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from .images import checked, draw_images, gap_of
from .output import figure_with
from .style import COLOURS, DPI, INK, in_words

TIMES = 4  # pixels of the figure to one of an image, along a side
MARGIN, HEAD, BARS, BELOW = 0.25, 0.3, 1.7, 0.3  # inches: between the image and what is tried, above, the bars' height, above the bars
LETTER = 9  # points: of written costs


def show_tried(
    image: Tensor,
    tried: Tensor,
    costs: Tensor | Sequence[float],
    alt: str,
    *,
    names: Sequence = (),
    image_name: str = "x",
    value_label: str = "nats above the cheapest",
) -> None:
    """Show an image at the left, and in a row what is painted of it under each label; below each a bar from 0: what this label costs.

    image: (channels, height, width); tried: (labels, channels, height, width), pixels in [0, 1]. costs: (labels,), nats; a bar is drawn
    of what each costs above the cheapest, whose own is 0 and has the second colour. names: of the labels, their numbers by default.
    Raises ValueError when image and tried differ in size, when there is not a finite cost for each, or not a name.
    """
    pictures = checked(tried, "what was tried")
    shown = checked(torch.as_tensor(image)[None], "the image")
    values = torch.as_tensor(costs).detach().cpu().double().numpy()
    words = [in_words(name) for name in (names or range(len(pictures)))]
    if shown.shape[1:] != pictures.shape[1:]:
        raise ValueError(
            f"the image has the shape {tuple(shown.shape[1:])}, what was tried {tuple(pictures.shape[1:])}: expected one size."
        )
    if values.shape != (len(pictures),) or not np.isfinite(values).all() or len(words) != len(pictures):
        raise ValueError(
            f"{len(pictures)} images were tried, with costs of shape {values.shape} and {len(words)} names: expected a finite cost and a "
            "name for each."
        )
    height, width = pictures.shape[-2:]
    step = (width + gap_of(pictures)) * TIMES / DPI
    row, side, tall = len(pictures) * step - gap_of(pictures) * TIMES / DPI, width * TIMES / DPI, height * TIMES / DPI
    paper = side + 3 * MARGIN + row, HEAD + tall + BELOW + BARS
    with figure_with(alt, figsize=paper) as (figure, first):
        first.remove()
        start, low = (side + 3 * MARGIN) / paper[0], (BELOW + BARS) / paper[1]
        left = figure.add_axes((0, low, side / paper[0], tall / paper[1]))
        draw_images(left, shown, columns=1, column_labels=[image_name])
        top = figure.add_axes((start, low, row / paper[0], tall / paper[1]))
        draw_images(top, pictures, columns=len(pictures), column_labels=words)
        bars = figure.add_axes((start, 0, row / paper[0], BARS / paper[1]))
        above = values - values.min()
        places = np.arange(len(above)) * step + side / 2  # inches, below the middle of each image
        bars.bar(places, above, width=0.72 * side, color=[COLOURS[1] if value == 0 else COLOURS[0] for value in above])
        for place, value in zip(places, above, strict=True):
            look = {"ha": "center", "va": "bottom", "fontsize": LETTER, "color": INK}
            bars.annotate(f"{value:.1f}", (place, value), xytext=(0, 3), textcoords="offset points", **look)
        bars.set(xlim=(0, row), ylim=(0, 1.15 * max(above.max(), 1e-9)), xticks=[], ylabel=value_label)
        bars.grid(False, axis="x")
