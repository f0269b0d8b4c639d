"""Where the bits of a picture go: a map of them below each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from .images import checked
from .output import figure_with
from .style import all_in_words

SIDE, HEAD, BAR = 1.35, 0.55, 0.75  # inches: of a picture, above the pictures, for the scale at the right
GAP = 0.06  # of a picture's side, between two of them
MAP = "cividis"  # from dark blue to yellow: reads the same without red or green cones, and in grey


def show_bit_maps(
    images: Tensor,
    bits: Tensor,
    alt: str,
    *,
    names: Sequence = (),
    most: float = 8.0,
    value_label: str = "bits per dimension",
) -> None:
    """Show pictures in a row, and below each what each of its pixels costs, on one scale from 0 (dark) to `most` (bright).

    images: (n, channels, height, width), pixels in [0, 1]. bits: (n, height, width), the cost of each pixel; what is above `most` is drawn
    as bright as `most`. names: above each picture. Raises ValueError when the two do not fit, for costs that are not finite, and for
    another number of names.
    """
    pictures, maps, words = checked(images), bits.detach().cpu().numpy(), all_in_words(names)
    if maps.shape != (len(pictures), *pictures.shape[-2:]) or not np.isfinite(maps).all():
        wanted = (len(pictures), *pictures.shape[-2:])
        raise ValueError(f"bits have the shape {maps.shape}, expected finite numbers of {wanted}: one for each pixel of each picture.")
    if words and len(words) != len(pictures):
        raise ValueError(f"{len(pictures)} pictures and {len(words)} names: expected one for each, or none.")
    paper = len(pictures) * SIDE + BAR, 2 * SIDE + HEAD
    with figure_with(alt, rows=2, columns=len(pictures), figsize=paper, squeeze=False) as (figure, axes):
        right = 1 - BAR / paper[0]
        figure.subplots_adjust(left=0, right=right, bottom=0, top=1 - HEAD / paper[1], wspace=GAP, hspace=GAP)
        for column, (above, below) in enumerate(axes.T):
            above.imshow(np.moveaxis(np.asarray(pictures[column]), 0, -1).squeeze(), interpolation="nearest", vmin=0, vmax=1)
            drawn = below.imshow(maps[column], interpolation="nearest", cmap=MAP, vmin=0, vmax=most)
            above.set_title(words[column] if words else "", fontsize=9)
            for axis in (above, below):
                axis.set_axis_off()
        height = SIDE / paper[1]
        scale = figure.add_axes((right + 0.1 / paper[0], 0, 0.13 / paper[0], height * 0.97))
        figure.colorbar(drawn, cax=scale, label=value_label)
