"""Blocks of strips stand side by side: every image in its block, its rows in step with the others'."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from vae_course import plots

ALT = "Two blocks of images that were made for this test."
LEVELS = (40 / 63, 50 / 63)  # greys that stand in no letter


def where(shown, level: float) -> tuple[int, int, int, int]:
    """The first and last row and column of the picture in which a grey level is seen."""
    picture = np.asarray(Image.open(io.BytesIO(shown[0][0]["image/png"])).convert("RGB")).astype(int)
    here = (picture == round(level * 255)).all(-1)
    rows, columns = np.flatnonzero(here.sum(1) > 20), np.flatnonzero(here.sum(0) > 20)
    return rows[0], rows[-1], columns[0], columns[-1]


def block(count: int, row: int | None = None, level: float = 0.0) -> dict:
    """Three rows of black images; in one row the last image has a grey level."""
    rows = {name: torch.zeros(count, 1, 28, 28) for name in (0, 1, 5)}
    if row is not None:
        rows[row][-1] = level
    return rows


def test_rows_are_in_step_and_blocks_side_by_side(shown):
    plots.show_blocks({"left": block(4, 1, LEVELS[0]), "right": block(3, 1, LEVELS[1])}, ALT)
    left, right = where(shown, LEVELS[0]), where(shown, LEVELS[1])
    assert left[:2] == right[:2]
    assert left[3] < right[2]
    assert left[1] - left[0] == left[3] - left[2] == right[3] - right[2]


@pytest.mark.parametrize(("row", "other"), [(0, 1), (1, 5)])
def test_a_row_that_comes_later_stands_lower(shown, row, other):
    plots.show_blocks({"left": block(4, row, LEVELS[0]), "right": block(4, other, LEVELS[1])}, ALT)
    assert where(shown, LEVELS[0])[1] < where(shown, LEVELS[1])[0]


def test_names_stand_over_blocks_and_rows_are_named_once(figures):
    plots.show_blocks({"restored": block(2), "drawn": block(2)}, ALT, row_title="epoch")
    left, right = figures[0].axes
    assert (left.get_title(), right.get_title()) == ("restored", "drawn")
    assert [tick.get_text() for tick in left.get_yticklabels()] == ["0", "1", "5"]
    assert [tick.get_text() for tick in right.get_yticklabels()] == []
    assert "epoch" in [text.get_text() for text in left.texts]


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ({}, "nothing to show"),
        ({"left": {}}, "nothing to show"),
        ({"left": block(2), "right": {0: torch.zeros(2, 1, 28, 28)}}, "expected the same, in the same order"),
        ({"left": block(2) | {1: torch.zeros(3, 1, 28, 28)}}, "Cut them to the same number"),
        ({"left": {0: torch.zeros(2, 1, 28, 28)}, "right": {0: torch.zeros(2, 1, 8, 8)}}, "expected one size"),
    ],
)
def test_what_cannot_stand_side_by_side_is_refused(blocks, words):
    with pytest.raises(ValueError, match=words):
        plots.show_blocks(blocks, ALT)
