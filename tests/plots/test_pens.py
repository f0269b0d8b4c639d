"""Pen strokes are drawn as lines where the pen draws, in rows by name; ink grows from left to right."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from vae_course import plots
from vae_course.data.strokes import from_strokes, to_strokes
from vae_course.plots.style import FAINT, INK

ALT = "Pen strokes that were made for this test."
SEVEN = from_strokes([[(6, 6), (20, 6), (12, 22)], [(9, 14), (18, 14)]])


def test_each_stroke_is_a_line_where_the_pen_drew(figures):
    plots.show_pens({"seven": SEVEN.unsqueeze(0)}, ALT)
    lines = figures[0].axes[0].lines
    strokes = to_strokes(SEVEN)
    assert len(lines) == len(strokes) == 2
    for line, stroke in zip(lines, strokes, strict=True):
        np.testing.assert_allclose(np.stack(line.get_data(), -1), stroke.numpy())
    low, high = figures[0].axes[0].get_ylim()
    assert low > high  # y counts downwards, as in a picture


def test_ink_grows_over_what_is_to_come(figures):
    plots.show_pens({"seven": SEVEN.expand(3, -1, -1)}, ALT, shown=(2, 8, 36), column_labels=("2", "8", "all"))
    inked = []
    for axis in figures[0].axes:
        by_colour = {to_hex(line.get_color()): 0 for line in axis.lines}
        for line in axis.lines:
            by_colour[to_hex(line.get_color())] += len(line.get_xdata()) - 1
        assert by_colour[FAINT] == sum(len(stroke) - 1 for stroke in to_strokes(SEVEN))
        inked.append(by_colour.get(INK, 0))
    assert inked[0] < inked[1] < inked[2] == sum(len(stroke) - 1 for stroke in to_strokes(SEVEN))


def test_rows_have_their_names_and_strokes_their_colours(figures):
    plots.show_pens({"one": SEVEN.expand(2, -1, -1), "two": SEVEN.unsqueeze(0)}, ALT, colours=True)
    axes = np.array(figures[0].axes).reshape(2, 2)
    assert [row[0].texts[0].get_text() for row in axes] == ["one", "two"]
    assert len({to_hex(line.get_color()) for line in axes[0, 0].lines}) == 2
    assert not axes[1, 1].lines


@pytest.mark.parametrize("rows", [{}, {"one": SEVEN}, {"none": torch.zeros(0, 36, 3)}])
def test_what_is_no_batch_is_refused(rows):
    with pytest.raises(ValueError, match=r"expected batches of steps \(n, steps, 3\) by name"):
        plots.show_pens(rows, ALT)
