"""Several blocks of images side by side, their rows in step: what is restored beside what is drawn, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from .images import checked, draw_images, gap_of
from .output import figure_with
from .style import DPI, in_words

WIDE = 8.2  # inches, at the most
MARGIN, HEAD, BETWEEN = 0.6, 0.45, 0.3  # inches: left for the rows' names, above for the blocks', and between two blocks


def show_blocks(blocks: Mapping[str, Mapping], alt: str, *, row_title: str = "") -> None:
    """Show blocks of strips side by side, each under its name, such as {"restored": {0: x_hat, 1: …}, "drawn": {0: samples, 1: …}}.

    blocks: for each block what `show_strips` takes: rows by name, each a batch (n, channels, height, width) with pixels in [0, 1]. All
    blocks have the same names of rows in the same order, written once, at the left, and images of one size. row_title says what the
    rows are ("epoch").
    Raises ValueError when there is no block or no row, when blocks differ in the names of their rows, or images in their size.
    """
    if not blocks or not all(blocks.values()):
        raise ValueError("there is nothing to show: expected rows of images for each block, such as {'drawn': {'epoch 1': samples}}.")
    rows = [list(block) for block in blocks.values()]
    for name, own in zip(blocks, rows, strict=True):
        if own != rows[0]:
            raise ValueError(f"block {name!r} has the rows {own}, and the first block {rows[0]}: expected the same, in the same order.")
    batches = {name: {row: checked(images, f"row {row!r} of {name!r}") for row, images in block.items()} for name, block in blocks.items()}
    counts = {name: _shape_of_all(name, block) for name, block in batches.items()}
    if len({shape[1:] for shape in counts.values()}) > 1:
        raise ValueError(f"the blocks hold images of the sizes {[tuple(shape[1:]) for shape in counts.values()]}: expected one size.")
    columns = {name: shape[0] for name, shape in counts.items()}
    height, width = next(iter(counts.values()))[2:]
    gap = gap_of(next(iter(next(iter(batches.values())).values())))
    # Blocks stand close where each is given the very room that its tiles fill: a whole number of the figure's pixels for one of an image.
    free = (WIDE - MARGIN - BETWEEN * (len(columns) - 1)) * DPI
    times = max(1, int(free / sum(count * (width + gap) - gap for count in columns.values())))
    deep = (len(rows[0]) * (height + gap) - gap) * times / DPI
    wide = {name: (count * (width + gap) - gap) * times / DPI for name, count in columns.items()}
    paper = MARGIN + sum(wide.values()) + BETWEEN * (len(columns) - 1), HEAD + deep
    with figure_with(alt, figsize=paper) as (figure, first):
        first.remove()
        left = MARGIN
        for number, (name, block) in enumerate(batches.items()):
            axis = figure.add_axes((left / paper[0], 0, wide[name] / paper[0], deep / paper[1]))
            labels = [in_words(row) for row in rows[0]] if number == 0 else ()
            draw_images(axis, torch.cat(list(block.values())), columns=columns[name], row_labels=labels, title=name)
            if number == 0 and row_title:
                away = {"xytext": (-6, 6), "textcoords": "offset points", "xycoords": "axes fraction"}
                axis.annotate(row_title, (0, 1), ha="right", va="bottom", **away)
            left += wide[name] + BETWEEN


def _shape_of_all(name: str, block: Mapping) -> tuple[int, ...]:
    """(n, channels, height, width) of each row of a block. Raises ValueError when one is unlike the first."""
    (first, like), *rest = block.items()
    for row, images in rest:
        if images.shape != like.shape:
            raise ValueError(
                f"block {name!r}: row {row!r} has the shape {tuple(images.shape)}, and row {first!r} {tuple(like.shape)}: expected as many "
                "images, of one size, in each. Cut them to the same number, as in x[:8]."
            )
    return tuple(like.shape)
