"""Figures on their way to the page: drawn sharp, packed small, shown at their size on paper, never without their words."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from .style import DENSITY, DPI

MANY, FEW = 256, 64  # colours of a packed picture; few are enough for lines and letters with soft edges
DRAWN = 5_000  # a picture of more colours is no drawing of lines: it gets many, untried
SIX_BITS = [round(round(level / 255 * 63) * 255 / 63) for level in range(256)] * 3  # so fine that no eye sees a step, and quick to sort
VISIBLE = 0.35  # of 255: a picture that differs from its original by more on average gets many
CROWD = 300  # points
MARGIN = 0.08  # inches of paper around what is drawn


def show(figure: Figure, alt: str) -> None:
    """Display a matplotlib figure as a PNG that carries `alt`, and close it.

    It is drawn with two pixels to one on screen, so that its text is sharp. The alt text is the figure for whoever cannot see it: say what
    is drawn and what it shows. Raises ValueError when it is missing or too short to do that.
    """
    check_words(alt)
    harden_crowds(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, bbox_inches=paper_of(figure))
    plt.close(figure)
    show_png(buffer.getvalue(), alt, density=DENSITY)


@contextmanager
def figure_with(alt: str, rows: int = 1, columns: int = 1, **settings) -> Iterator[tuple[Figure, Any]]:
    """A figure and its axis, or axes, to draw on; shown with `alt` in the end. Where drawing fails, none is left half drawn."""
    check_words(alt)
    figure, axes = plt.subplots(rows, columns, **settings)
    try:
        yield figure, axes
    except BaseException:
        plt.close(figure)
        raise
    show(figure, alt)


def check_words(alt: str) -> None:
    """Raises ValueError when `alt` is missing or too short to say what is to be seen."""
    if len(alt.strip()) < 20:
        raise ValueError(f"the alt text is {alt!r}: say in a sentence what is to be seen, for readers who cannot see the figure.")


def harden_crowds(figure: Figure) -> None:
    """Draw crowds of points without soft edges: at two pixels to one on screen nobody sees them, and they take half of the bytes."""
    for points in figure.findobj(PathCollection):
        if isinstance(points, PathCollection) and len(points.get_offsets()) > CROWD:  # type: ignore[arg-type]
            points.set_antialiased(False)


def paper_of(figure: Figure) -> Bbox:
    """What to keep of a figure, in inches: all that is drawn and a margin, cut between pixels.

    A cut within a pixel would move every image by a part of one, and some of its rows would be drawn a pixel thicker than others.
    """
    figure.draw_without_rendering()
    tight = figure.get_tightbbox()
    low, high = np.floor((np.array(tight.min) - MARGIN) * DPI), np.ceil((np.array(tight.max) + MARGIN) * DPI)
    return Bbox([low / DPI, (high + 0.01) / DPI])  # a little more: what is a hair below a whole pixel would lose it


def show_png(png: bytes, alt: str, *, density: int = 1) -> None:
    """Display PNG bytes with an alt text, which also stands folded below, for those who see the picture and not what it shows.

    density: pixels of the PNG to one on screen.
    """
    try:
        from IPython.display import display
    except ModuleNotFoundError:  # outside a notebook there are words for it
        print(alt)
        return

    for data, metadata in outputs_of(png, alt, density=density):
        display(data, raw=True, metadata=metadata)


def outputs_of(png: bytes, alt: str, *, density: int = 1) -> list[tuple[dict, dict]]:
    """What a notebook shows of a picture, as (data, metadata) of each output: the picture in HTML and alone, then its words, folded.

    JupyterLab, exported pages and most other readers take the HTML, whose `img` carries the alt text to a screen reader; the picture alone
    is for those that show no HTML (GitHub cleans it, LaTeX has none). Both are one small PNG, so that a notebook stays small, and both are
    shown at the same size: a pixel on screen for `density` of the PNG, and never wider than the page.
    """
    small = packed(png)
    width, height = (round(side / density) for side in _size(small))
    source = f"data:image/png;base64,{base64.b64encode(small).decode('ascii')}"
    image = f'<img src="{source}" alt="{html.escape(alt)}" width="{width}" style="max-width: 100%; height: auto">'
    picture = {"text/html": image, "image/png": small, "text/plain": alt}
    about = {"alt": alt, "width": width, "height": height}
    return [(picture, {"image/png": about}), ({"text/html": folded(alt), "text/plain": ""}, {})]


def packed(png: bytes) -> bytes:
    """The same picture in at most 256 colours, which no eye tells from it: half the bytes or less. So many colours are kept as they are."""
    from PIL import Image

    by: dict[str, Any] = {"method": Image.Quantize.MAXCOVERAGE, "kmeans": 1, "dither": Image.Dither.NONE}
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    opaque = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    colours = opaque.getcolors(DRAWN)
    drawn = colours is not None and len(colours) > MANY
    few = opaque.point(SIX_BITS).quantize(FEW, **by) if drawn else opaque.quantize(MANY, **by)
    if drawn and _difference(opaque, few) > VISIBLE:
        few = opaque.quantize(MANY, **by)
    buffer = io.BytesIO()
    few.save(buffer, format="PNG", optimize=True)
    return min(buffer.getvalue(), png, key=len)


def folded(alt: str) -> str:
    """An alt text as HTML that unfolds below its picture. Keys typed there are kept from the page around, as in an explorer."""
    summary = '<summary class="vae-keys" data-lm-suppress-shortcuts="true">the figure in words</summary>'
    return f'<details style="font-size: 85%; opacity: 0.75">{summary}{html.escape(alt)}</details>'


def _size(png: bytes) -> tuple[int, int]:
    from PIL import Image

    return Image.open(io.BytesIO(png)).size


def _difference(picture, other) -> float:
    """The mean difference of two pictures, of 255."""
    from PIL import ImageChops, ImageStat

    return sum(ImageStat.Stat(ImageChops.difference(picture, other.convert("RGB"))).mean) / 3
