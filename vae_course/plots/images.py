"""Images side by side: every pixel of an image covers a whole number of the figure's, so that none is drawn wider than its neighbour."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.transforms import Bbox
from torch import Tensor

from .output import check_words, figure_with
from .style import DENSITY, DPI, all_in_words

PAGE = 760  # pixels on screen that a grid may take of a page's width
SMALL, LARGE = 70, 120  # the side of a tile on screen, where nothing else is asked for
GAP = 0.07  # of a tile, between two of them
FAR = 8  # what is further from [0, 1] than this is no reconstruction that overshoots
GREYS = 64  # no eye tells more apart side by side, and a figure of fewer takes less room in its notebook
LABEL, LEAST = 10, 6.5  # points: letters of labels, and the smallest that they are made to stand side by side


def show_images(
    images: Tensor,
    alt: str,
    *,
    columns: int = 10,
    row_labels: Sequence = (),
    column_labels: Sequence = (),
    row_title: str = "",
    column_title: str = "",
    title: str = "",
    scale: float | None = None,
    together: int = 0,
) -> None:
    """Show a batch of images (n, channels, height, width), pixels in [0, 1], as a grid, row by row.

    row_labels, column_labels: words or numbers, one for each row or column from the first on; row_title and column_title say what these
    are ("epoch", "z₃"). scale: the side of a tile in inches, 100 pixels on screen; by default as large as the page allows.
    together: how many rows belong together; a wider gap parts them from the next.
    What lies a little outside [0, 1] is drawn as 0 or 1. Raises ValueError for images of another shape and for pixels far outside.
    """
    check_words(alt)
    images = checked(images)
    columns = min(columns, len(images))
    labels = {"row_labels": row_labels, "column_labels": column_labels, "title": title}
    with figure_with(alt, figsize=(1, 1)) as (figure, axis):
        axis.set_position((0, 0, 1, 1))
        height, width = draw_images(axis, images, columns=columns, together=together, **labels).get_size()
        times = magnification(images, columns, scale)
        figure.set_size_inches((width * times + 0.01) / DPI, (height * times + 0.01) / DPI)
        _fit(axis, (images.shape[-1] + gap_of(images)) * times / DPI)
        _entitle(axis, row_title, column_title)


def show_strips(
    strips: Mapping,
    alt: str,
    *,
    columns: int | None = None,
    column_labels: Sequence = (),
    row_title: str = "",
    column_title: str = "",
    title: str = "",
    scale: float | None = None,
) -> None:
    """Show batches of images one below the other, each named at its left: the same images after several epochs, or by several models.

    strips: for each name (or number, such as an epoch or a latent's value) a batch (n, channels, height, width), pixels in [0, 1], all of
    them alike. columns: images in a row, n by default; a batch of more goes on in the next row. All else is as in `show_images`.
    Raises ValueError when there is no strip, or one is unlike the first.
    """
    if not strips:
        raise ValueError("there is no strip to show: expected a batch of images for each name, such as {'x': x, 'x̂': x_hat}.")
    batches = {name: checked(images, f"strip {name!r}") for name, images in strips.items()}
    (first, like), *_ = batches.items()
    for name, images in batches.items():
        if images.shape != like.shape:
            raise ValueError(
                f"strip {name!r} has the shape {tuple(images.shape)}, and strip {first!r} {tuple(like.shape)}: expected as many images, of "
                "one size, in each. Cut them to the same number, as in x[:10]."
            )
    columns = columns or len(like)
    rows = -(-len(like) // columns)
    filled = torch.ones(len(batches), rows * columns, *like.shape[1:])  # what is missing in a last row is white paper
    filled[:, : len(like)] = torch.stack(list(batches.values()))
    labels = [label for name in all_in_words(list(batches)) for label in (name, *[""] * (rows - 1))]
    show_images(
        filled.flatten(0, 1),
        alt,
        columns=columns,
        row_labels=labels,
        column_labels=column_labels,
        row_title=row_title,
        column_title=column_title,
        title=title,
        scale=scale,
    )


def show_pairs(
    originals: Tensor,
    reconstructions: Tensor,
    alt: str,
    *,
    columns: int = 10,
    names: tuple[str, str] = ("x", "x̂"),
    column_labels: Sequence = (),
    title: str = "",
    scale: float | None = None,
) -> None:
    """Show each original above its reconstruction, both (n, channels, height, width), pixels in [0, 1]; more than `columns` go on below.

    names: what stands at the left of the upper and of the lower row. All else is as in `show_images`.
    Raises ValueError when the two are not alike.
    """
    originals, reconstructions = checked(originals, "the originals"), checked(reconstructions, "the reconstructions")
    if originals.shape != reconstructions.shape:
        raise ValueError(
            f"the originals have the shape {tuple(originals.shape)}, the reconstructions {tuple(reconstructions.shape)}: expected an image "
            "below each. Pass as many of both, of one size."
        )
    columns = min(columns, len(originals))
    lines = zip(originals.split(columns), reconstructions.split(columns), strict=True)
    rows = [
        row if len(row) == columns else torch.cat([row, torch.ones(columns - len(row), *row.shape[1:])]) for pair in lines for row in pair
    ]
    labels = list(names) * (len(rows) // 2)
    show_images(torch.cat(rows), alt, columns=columns, row_labels=labels, column_labels=column_labels, title=title, scale=scale, together=2)


def draw_images(
    axis: Axes,
    images: Tensor,
    *,
    columns: int = 10,
    row_labels: Sequence = (),
    column_labels: Sequence = (),
    title: str = "",
    together: int = 0,
) -> AxesImage:
    """Draw a grid of images (n, channels, height, width), pixels in [0, 1], onto an axis, as large as fits whole pixels in its place.

    The axis then counts in pixels of the grid. Labels as in `show_images`. Returns the one picture that all tiles are in.
    """
    images = checked(images)
    if columns < 1:
        raise ValueError(f"columns is {columns}: expected how many images stand in a row, 1 or more.")
    height, width = images.shape[-2:]
    gap = gap_of(images)
    rows = -(-len(images) // columns)
    tops = [row * (height + gap) + (2 * gap * (row // together) if together else 0) for row in range(rows)]
    grid = tiled(images, columns, gap, tops)
    picture = axis.imshow(grid, interpolation="nearest", vmin=0, vmax=255, aspect="auto")
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    axis.spines[:].set_visible(False)
    in_whole_pixels(axis, grid.shape[1], grid.shape[0])
    if row_labels:
        middles = [top + (height - 1) / 2 for top in tops]
        axis.set_yticks(*_as_far(middles, row_labels), fontsize=LABEL)
    if column_labels:
        middles = [column * (width + gap) + (width - 1) / 2 for column in range(columns)]
        axis.set_xticks(*_as_far(middles, column_labels), fontsize=LABEL)
    axis.tick_params(length=0, labeltop=True, labelbottom=False)
    if title:
        axis.set_title(title, pad=10)
    return picture


def checked(images: Tensor, what: str = "the batch") -> Tensor:
    """The images as a float tensor on the CPU. Raises ValueError when they are no batch of images with pixels in [0, 1]."""
    images = torch.as_tensor(images).detach().cpu()
    if images.dim() != 4 or images.shape[1] not in (1, 3) or not images.numel():
        raise ValueError(
            f"{what} has the shape {tuple(images.shape)}: expected (n, channels, height, width), with 1 or 3 channels and an image at "
            "least. Rows of pixels become images by x.view(-1, 1, 28, 28), one image becomes a batch by x[None]."
        )
    images = images.float()
    if images.isnan().any():
        raise ValueError(f"{what} has pixels that are NaN: expected numbers in [0, 1]. Did its model diverge?")
    if images.abs().max() > FAR:
        raise ValueError(
            f"{what} has pixels from {images.min():g} to {images.max():g}: expected numbers in [0, 1]. Divide by 255, or use load(...), "
            "which does."
        )
    return images


def tiled(images: Tensor, columns: int, gap: int, tops: Sequence[int]) -> np.ndarray:
    """All images in one, on white paper, as bytes, (height, width) or (height, width, 3): each row from its top on, `gap` pixels apart."""
    pixels = images.clamp(0, 1)
    if images.shape[1] == 1:
        pixels = (pixels * (GREYS - 1)).round() / (GREYS - 1)
    tiles = (pixels * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    _, height, width, channels = tiles.shape
    paper = np.full((tops[-1] + height, columns * (width + gap) - gap, channels), 255, dtype=np.uint8)
    for number, tile in enumerate(tiles):
        top, left = tops[number // columns], (number % columns) * (width + gap)
        paper[top : top + height, left : left + width] = tile
    return paper.squeeze(-1) if channels == 1 else paper


def gap_of(images: Tensor) -> int:
    """How many pixels of an image stand free between two."""
    return max(1, round(GAP * min(images.shape[-2:])))


def magnification(images: Tensor, columns: int, scale: float | None) -> int:
    """How many pixels of the figure, along a side, show one of an image."""
    side = images.shape[-1]
    wanted = min(max(PAGE / columns, SMALL), LARGE) * DENSITY if scale is None else scale * DPI
    return max(1, int(wanted / (side + gap_of(images)) + (0 if scale is None else 0.5)))


def in_whole_pixels(axis: Axes, across: int, up: int) -> None:
    """Let an axis take the largest part of its place in which each of its (across, up) pixels covers a whole number of the figure's."""

    def place(axis, _renderer) -> Bbox:
        figure = axis.get_figure()
        paper = np.array(figure.get_size_inches()) * DPI
        room = axis.get_position(original=True)
        times = max(1, int(min(room.width * paper[0] / across, room.height * paper[1] / up) + 1e-6))
        size = np.array([across, up]) * times
        corner = np.round((np.array(room.min) + room.max) / 2 * paper - size / 2)
        return Bbox([corner / paper, (corner + size) / paper])

    axis.set_axes_locator(place)


def to_png(image: Tensor, *, size: int = 224) -> bytes:
    """One image (channels, height, width), pixels in [0, 1], as the bytes of a PNG enlarged to `size` pixels a side."""
    from PIL import Image

    pixels = (image.detach().cpu().clamp(0, 1) * 255).to(torch.uint8).permute(1, 2, 0).squeeze(-1).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((size, size), Image.Resampling.NEAREST).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def _as_far(places: list[float], labels: Sequence) -> tuple[list[float], list[str]]:
    """As many places as there are labels, or the other way round."""
    words = all_in_words(labels)
    return places[: len(words)], words[: len(places)]


def _fit(axis: Axes, room: float) -> None:
    """Make labels over columns small enough to stand side by side, `room` inches each, as far as they can still be read."""
    axis.get_figure().draw_without_rendering()  # type: ignore[union-attr]
    labels = axis.get_xticklabels()
    widest = max((label.get_window_extent().width / 100 for label in labels), default=0.0)
    if widest > 0.94 * room:
        for label in labels:
            label.set_fontsize(max(LEAST, LABEL * 0.94 * room / widest))


def _entitle(axis: Axes, row_title: str, column_title: str) -> None:
    """What the labels of rows are, over them; what those of columns are, above."""
    if row_title:
        axis.annotate(row_title, (0, 1), xytext=(-4, 4), xycoords="axes fraction", textcoords="offset points", ha="right", va="bottom")
    if column_title:
        axis.xaxis.set_label_position("top")
        axis.set_xlabel(column_title, labelpad=5)
