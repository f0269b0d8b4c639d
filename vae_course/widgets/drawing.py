"""Pictures made fast enough to follow a finger: tiles of decoded images and small plots, drawn by Pillow at twice their size on screen."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageColor, ImageDraw, ImageFont
from torch import Tensor

DENSITY = 2  # drawn pixels to one on screen, for sharp text on fine screens
PAPER, INK, FAINT = "#ffffff", "#222222", "#d0d0d0"
TEXT_SIZE = 13


@lru_cache(maxsize=32)
def font(size: float = TEXT_SIZE) -> ImageFont.FreeTypeFont:
    """The font that comes with matplotlib, which has Greek and subscripts, at `size` screen pixels."""
    import matplotlib

    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")), round(size * DENSITY))


def to_png(picture: Image.Image) -> bytes:
    """The picture as the bytes of a PNG, packed for speed rather than for size."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def to_small_png(picture: Image.Image) -> bytes:
    """The picture packed well, DENSITY pixels to one on screen: for pictures that are stored in a notebook."""
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def from_tensor(image: Tensor, side: int | None = None) -> Image.Image:
    """One image (channels, height, width), pixels in [0, 1], enlarged so that its height is `side` screen pixels.

    Without a `side` it keeps its own size, and the browser enlarges it.
    """
    pixels = (image.detach().clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()
    small = Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    if side is None:
        return small
    height = side * DENSITY
    return small.resize((round(height * small.width / small.height), height), Image.Resampling.NEAREST)


@dataclass(frozen=True)
class Mosaic:
    """White paper with labels, and where tiles lie on it: (left, top, width, height) each, in drawn pixels."""

    paper: Image.Image
    places: tuple[tuple[int, int, int, int], ...]

    def filled(self, images: Sequence[Tensor] | Tensor) -> Image.Image:
        """The paper with one image (channels, height, width) a place."""
        paper = self.paper.copy()
        for image, (x, y, width, height) in zip(images, self.places, strict=True):
            paper.paste(from_tensor(image).resize((width, height), Image.Resampling.NEAREST), (x, y))
        return paper


def mosaic(
    count: int,
    shape: Sequence[int],
    *,
    columns: int,
    side: int = 56,
    gap: int = 3,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> Mosaic:
    """Room for `count` images of a shape (channels, height, width), row by row, `side` screen pixels high, with labels left and on top."""
    height, space = side * DENSITY, gap * DENSITY
    width = round(height * shape[-1] / shape[-2])
    rows = -(-count // columns)
    left = max((text_width(label) for label in row_labels), default=0)
    left += 3 * space if row_labels else space
    top = round(1.6 * TEXT_SIZE * DENSITY) if column_labels else space
    right = space
    if column_labels:  # a label wider than its tile must not be cut off at the edge
        overhang = max(text_width(column_labels[-1]) - width, 0) // 2
        right += overhang
        left = max(left, max(text_width(column_labels[0]) - width, 0) // 2 + space)
    paper = Image.new("RGB", (left + columns * (width + space) + right - space, top + rows * (height + space)), PAPER)
    draw = ImageDraw.Draw(paper)
    for row, label in enumerate(row_labels):
        draw.text((left - 2 * space, top + row * (height + space) + height // 2), label, INK, font(), anchor="rm")
    for column, label in enumerate(column_labels):
        draw.text((left + column * (width + space) + width // 2, top // 2), label, INK, font(), anchor="mm")
    places = ((left + (i % columns) * (width + space), top + (i // columns) * (height + space), width, height) for i in range(count))
    return Mosaic(paper, tuple(places))


def tiles(
    images: Tensor,
    *,
    columns: int,
    side: int = 56,
    gap: int = 3,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> Image.Image:
    """A batch (n, channels, height, width) as a grid on white paper, row by row, with labels at the left and on top."""
    room = mosaic(len(images), images.shape[1:], columns=columns, side=side, gap=gap, row_labels=row_labels, column_labels=column_labels)
    return room.filled(images)


def text_width(text: str, size: float = TEXT_SIZE) -> int:
    """How many drawn pixels wide `text` is."""
    return round(font(size).getlength(text))


def beside(*pictures: Image.Image, gap: int = 12) -> Image.Image:
    """Pictures in a row on white paper, centred on one line."""
    space = gap * DENSITY
    height = max(picture.height for picture in pictures)
    paper = Image.new("RGB", (sum(picture.width for picture in pictures) + space * (len(pictures) - 1), height), PAPER)
    x = 0
    for picture in pictures:
        paper.paste(picture, (x, (height - picture.height) // 2))
        x += picture.width + space
    return paper


def above(*pictures: Image.Image, gap: int = 8) -> Image.Image:
    """Pictures one below the other on white paper, flush left."""
    space = gap * DENSITY
    paper = Image.new(
        "RGB", (max(picture.width for picture in pictures), sum(p.height for p in pictures) + space * (len(pictures) - 1)), PAPER
    )
    y = 0
    for picture in pictures:
        paper.paste(picture, (0, y))
        y += picture.height + space
    return paper


def captioned(picture: Image.Image, caption: str) -> Image.Image:
    """The picture with a line of text over it, as wide as the wider of the two."""
    line = round(1.7 * TEXT_SIZE * DENSITY)
    paper = Image.new("RGB", (max(picture.width, text_width(caption) + 8), picture.height + line), PAPER)
    paper.paste(picture, ((paper.width - picture.width) // 2, line))
    ImageDraw.Draw(paper).text((paper.width // 2, line // 2), caption, INK, font(), anchor="mm")
    return paper


class Plot:
    """Axes on white paper: `curve`, `area`, `mark`, `say` draw in data units; `picture` is the result.

    width, height: in screen pixels, margins for ticks and labels included.
    """

    def __init__(
        self,
        width: int,
        height: int,
        *,
        x: tuple[float, float],
        y: tuple[float, float],
        x_label: str = "",
        y_label: str = "",
        x_ticks: Sequence[float] = (),
        y_ticks: Sequence[float] = (),
    ) -> None:
        self.picture = Image.new("RGB", (width * DENSITY, height * DENSITY), PAPER)
        self.draw = ImageDraw.Draw(self.picture)
        self.x_range, self.y_range = x, y
        tick_room = max((text_width(_number(value), 11) for value in y_ticks), default=0) // DENSITY
        self.left = 10 + tick_room
        self.top = 20 if y_label else 8
        self.right, self.bottom = width - 12, height - (8 + 16 * bool(x_ticks) + 16 * bool(x_label))
        self._axes(x_ticks, y_ticks, x_label, y_label)

    def _axes(self, x_ticks, y_ticks, x_label: str, y_label: str) -> None:
        d = DENSITY
        for value in y_ticks:
            y = self.at(self.x_range[0], value)[1]
            self.draw.line([(self.left * d, y), (self.right * d, y)], FAINT, d)
            self.draw.text(((self.left - 4) * d, y), _number(value), INK, font(11), anchor="rm")
        self.draw.line([(self.left * d, self.bottom * d), (self.right * d, self.bottom * d)], INK, d)
        for value in x_ticks:
            x = self.at(value, self.y_range[0])[0]
            self.draw.line([(x, self.bottom * d), (x, (self.bottom + 4) * d)], INK, d)
            self.draw.text((x, (self.bottom + 6) * d), _number(value), INK, font(11), anchor="mt")
        if x_label:
            self.draw.text(((self.left + self.right) / 2 * d, self.picture.height - 3 * d), x_label, INK, font(12), anchor="mb")
        if y_label:
            self.draw.text((4 * d, 3 * d), y_label, INK, font(12), anchor="lt")

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Data units to drawn pixels, kept on the paper."""
        across = (x - self.x_range[0]) / (self.x_range[1] - self.x_range[0])
        up = (y - self.y_range[0]) / (self.y_range[1] - self.y_range[0])
        across, up = min(max(across, -0.02), 1.02), min(max(up, -0.05), 1.05)
        return (self.left + across * (self.right - self.left)) * DENSITY, (self.bottom + up * (self.top - self.bottom)) * DENSITY

    def points(self, x, y) -> list[tuple[float, float]]:
        return [self.at(float(a), float(b)) for a, b in zip(x, y, strict=True)]

    def curve(self, x, y, colour: str, *, width: float = 2, dashed: bool = False) -> None:
        """A line through the points; `dashed` so that it is told from another one without its colour."""
        points = self.points(x, y)
        if not dashed:
            self.draw.line(points, colour, round(width * DENSITY), joint="curve")
            return
        along = np.concatenate([[0.0], np.cumsum([math.dist(a, b) for a, b in zip(points[:-1], points[1:], strict=True)])])
        across, up = np.array(points).T
        dash = 7 * DENSITY
        for start in np.arange(0.0, along[-1], 2 * dash):
            stops = np.linspace(start, min(start + dash, along[-1]), 4)
            piece = zip(np.interp(stops, along, across), np.interp(stops, along, up), strict=True)
            self.draw.line(list(piece), colour, round(width * DENSITY))

    def area(self, x, y, colour: str, *, strength: float = 0.25) -> None:
        """What lies between the points and zero, in the colour mixed with paper."""
        base = [self.at(float(x[-1]), 0.0), self.at(float(x[0]), 0.0)]
        mixed = tuple(round(255 - strength * (255 - channel)) for channel in ImageColor.getrgb(colour))
        self.draw.polygon([*self.points(x, y), *base], fill=mixed)

    def dot(self, x: float, y: float, colour: str, *, radius: float = 5) -> None:
        across, up = self.at(x, y)
        r = radius * DENSITY
        self.draw.ellipse([across - r, up - r, across + r, up + r], fill=colour, outline=PAPER, width=DENSITY)

    def upright(self, x: float, y: float, colour: str, *, dashed: bool = False) -> None:
        """A vertical line from the axis to height y."""
        heights = np.linspace(self.y_range[0], y, 40)
        self.curve(np.full(40, x), heights, colour, dashed=dashed)

    def arrow(self, x0: float, x1: float, y: float, colour: str) -> None:
        """A horizontal arrow from x0 to x1 at height y."""
        start, end = self.at(x0, y), self.at(x1, y)
        if abs(end[0] - start[0]) < 2 * DENSITY:
            return
        self.draw.line([start, end], colour, 2 * DENSITY)
        back = 7 * DENSITY * (-1 if end[0] > start[0] else 1)
        self.draw.polygon([end, (end[0] + back, end[1] - 4 * DENSITY), (end[0] + back, end[1] + 4 * DENSITY)], fill=colour)

    def say(self, x: float, y: float, text: str, colour: str = INK, *, anchor: str = "mb", size: float = TEXT_SIZE) -> None:
        """Text at a point in data units, moved sideways where it would leave the paper."""
        across, up = self.at(x, y)
        half = text_width(text, size)
        lead = {"l": 0, "m": half / 2, "r": half}[anchor[0]]
        across = min(max(across, lead + 2 * DENSITY), self.picture.width - (half - lead) - 2 * DENSITY)
        self.draw.text((across, up), text, colour, font(size), anchor=anchor, stroke_width=DENSITY, stroke_fill=PAPER)


def _number(value: float) -> str:
    return f"{value:g}".replace("-", "−")


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers between low and high, about so many."""
    rough = (high - low) / max(about, 1)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [float(np.round(value, 10)) + 0.0 for value in np.arange(np.ceil(low / step) * step, high + step * 1e-6, step)]
