"""Figures. Each is shown with an alt text that says what is to be seen, in colours that colour-blind eyes tell apart."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

# Okabe & Ito's palette: safe for colour-blind eyes, and of different lightness, so that it also reads in grey.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000", "#F0E442")
STYLE = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "image.cmap": "gray",
    "legend.frameon": False,
    "figure.dpi": 100,
    "font.size": 10,
}
plt.rcParams.update(STYLE)


def show(figure: Figure, alt: str) -> None:
    """Display a matplotlib figure as a PNG that carries `alt`, and close it.

    The alt text is the figure for whoever cannot see it: say what is drawn and what it shows. Raises ValueError when
    it is missing or too short to do that.
    """
    if len(alt.strip()) < 20:
        raise ValueError(f"the alt text is {alt!r}: say in a sentence what is to be seen, for readers who cannot see the figure.")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    plt.close(figure)
    show_png(buffer.getvalue(), alt)


def show_png(png: bytes, alt: str) -> None:
    """Display PNG bytes with an alt text, which also stands folded below, for those who see the picture and not what it shows."""
    try:
        from IPython.display import display
    except ModuleNotFoundError:  # outside a notebook there are words for it
        print(alt)
        return

    for data, metadata in outputs_of(png, alt):
        display(data, raw=True, metadata=metadata)


def outputs_of(png: bytes, alt: str) -> list[tuple[dict, dict]]:
    """What a notebook shows of a picture, as (data, metadata) of each output: the picture in HTML and alone, then its words, folded.

    JupyterLab, exported pages and most other readers take the HTML, whose `img` carries the alt text to a screen reader; the picture alone
    is for those that show no HTML (GitHub cleans it, LaTeX has none). Both are one small PNG, so that a notebook stays small.
    """
    small = packed(png)
    source = f"data:image/png;base64,{base64.b64encode(small).decode('ascii')}"
    image = f'<img src="{source}" alt="{html.escape(alt)}" style="max-width: 100%">'
    picture = {"text/html": image, "image/png": small, "text/plain": alt}
    return [(picture, {"image/png": {"alt": alt}}), ({"text/html": folded(alt), "text/plain": ""}, {})]


def packed(png: bytes) -> bytes:
    """The same picture in at most 256 colours, which no eye tells from it: half the bytes or less. So many colours are kept as they are."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    opaque = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    few = opaque.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, format="PNG", optimize=True)
    return min(buffer.getvalue(), png, key=len)


def folded(alt: str) -> str:
    """An alt text as HTML that unfolds below its picture. Keys typed there are kept from the page around, as in an explorer."""
    summary = '<summary class="vae-keys" data-lm-suppress-shortcuts="true">the figure in words</summary>'
    return f'<details style="font-size: 85%; opacity: 0.75">{summary}{html.escape(alt)}</details>'


def show_images(
    images: Tensor,
    alt: str,
    *,
    columns: int = 10,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    title: str = "",
    scale: float = 0.75,
) -> None:
    """Show a batch of images (n, channels, height, width), pixels in [0, 1], as a grid, row by row."""
    images = images.detach().cpu()
    rows = -(-len(images) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(columns * scale, rows * scale), squeeze=False)
    figure.subplots_adjust(wspace=0.06, hspace=0.06)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
        axis.spines[:].set_visible(False)
    for axis, image in zip(axes.flat, images, strict=False):
        axis.imshow(image.permute(1, 2, 0).squeeze(-1).numpy(), vmin=0, vmax=1)
    for axis, label in zip(axes[:, 0], row_labels, strict=False):
        axis.set_ylabel(label, rotation=0, ha="right", va="center")
    for axis, label in zip(axes[0], column_labels, strict=False):
        axis.set_title(label, fontsize=9)
    if title:
        room = 0.25 if column_labels else 0.05  # inches between the images and the title
        figure.suptitle(title, y=figure.subplotpars.top + room / figure.get_figheight(), va="bottom")
    show(figure, alt)


def show_curves(
    curves: dict[str, Sequence[float]],
    alt: str,
    *,
    x: Sequence[float] | None = None,
    x_label: str = "epoch",
    y_label: str = "nats per image",
    title: str = "",
) -> None:
    """Show one line a name over epochs 1, 2, … (or over `x`), each with its own colour, dash and marker."""
    figure, axis = plt.subplots(figsize=(6.4, 3.4))
    dashes, markers = ("-", "--", "-.", ":"), "osD^vP"
    for number, (name, values) in enumerate(curves.items()):
        along = np.arange(1, len(values) + 1) if x is None else x
        axis.plot(along, list(values), dashes[number % 4], marker=markers[number % 6], markersize=4, label=name)
    axis.set(xlabel=x_label, ylabel=y_label, title=title)
    if x is None:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend()
    show(figure, alt)


def to_png(image: Tensor, *, size: int = 224) -> bytes:
    """One image (channels, height, width), pixels in [0, 1], as the bytes of a PNG enlarged to `size` pixels a side."""
    from PIL import Image

    pixels = (image.detach().cpu().clamp(0, 1) * 255).to(torch.uint8).permute(1, 2, 0).squeeze(-1).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((size, size), Image.Resampling.NEAREST).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
