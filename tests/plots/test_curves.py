"""Curves, each with its name at its end."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from vae_course import plots
from vae_course.plots.curves import spaced

ALT = "Lines that were made for this test and mean nothing."
CURVES = {"falls": [3.0, 2.0, 1.0], "rises": [1.0, 2.0, 2.5]}


def names(axis) -> dict:
    """Each name written at an end, with its annotation."""
    return {text.get_text(): text for text in axis.texts}


def test_each_curve_has_its_own_colour_dash_and_marker_and_its_name(figures):
    plots.show_curves(CURVES, ALT)
    (axis,) = figures[0].axes
    first, second = axis.get_lines()
    assert list(first.get_xdata()) == [1, 2, 3]
    assert list(first.get_ydata()) == CURVES["falls"]
    for look in ("get_color", "get_linestyle", "get_marker"):
        assert getattr(first, look)() != getattr(second, look)()
    assert set(names(axis)) == set(CURVES)
    assert names(axis)["falls"].xy == (3, 1.0)
    assert names(axis)["rises"].xyann[1] > names(axis)["falls"].xyann[1]
    assert axis.get_legend() is None  # nothing stands on the data


def test_names_do_not_stand_on_each_other(figures):
    plots.show_curves({f"curve {i}": [5.0, 1 + 0.001 * i] for i in range(6)}, ALT)
    figures[0].draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in figures[0].axes[0].texts]  # without the line to the curve's end
    heights = sorted((box.y0, box.y1) for box in boxes)
    assert len(heights) == 6
    assert all(lower[1] <= upper[0] + 3 for lower, upper in zip(heights[:-1], heights[1:], strict=True))


def test_heights_are_spaced_as_little_as_it_takes():
    wanted = np.array([0.5, 0.5, 0.9, 0.1])
    got = spaced(wanted, 0.1)
    assert got == pytest.approx([0.45, 0.55, 0.9, 0.1])
    low, high = spaced(np.array([0.0, 0.01]), 0.2)
    assert (low, high) == pytest.approx((0.0, 0.2))
    assert spaced(np.ones(3), 0.25) == pytest.approx([0.5, 0.75, 1.0])


def test_a_curve_that_broke_is_named_where_it_was_last_seen(figures):
    plots.show_curves({"diverges": [1.0, 2.0, float("nan")]}, ALT)
    assert names(figures[0].axes[0])["diverges"].xy == (2, 2.0)


def test_spreads_levels_and_scales(figures):
    plots.show_curves(CURVES, ALT, x=[1, 10, 100], x_scale="log", spreads={"rises": [0.1, 0.2, 0.3]}, levels={"floor": 0.5}, x_label="k")
    (axis,) = figures[0].axes
    band = axis.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == pytest.approx(0.9)
    assert band[:, 1].max() == pytest.approx(2.8)
    assert axis.get_xscale() == "log"
    assert [axis.xaxis.get_major_formatter()(value) for value in (1, 10, 100)] == ["1", "10", "100"]
    assert [list(line.get_ydata()) for line in axis.get_lines()][2] == [0.5, 0.5]
    assert "floor" in names(axis)


def test_curves_drawn_onto_an_axis(axis):
    lines = plots.draw_curves(axis, CURVES, named=False)
    assert list(axis.get_lines()) == lines
    assert not axis.texts


def test_what_is_no_curve_is_refused(shown):
    with pytest.raises(ValueError, match="there is no curve to draw: expected values for each name"):
        plots.show_curves({}, ALT)
    with pytest.raises(ValueError, match="the curve 'falls' has 3 values, and x has 2: expected one value for each x"):
        plots.show_curves(CURVES, ALT, x=[1, 2])
    with pytest.raises(ValueError, match="say in a sentence"):
        plots.show_curves(CURVES, "")
    assert not shown
    assert not plt.get_fignums()


def test_words_are_passed_on(shown):
    plots.show_curves(CURVES, ALT)
    assert shown[0][1]["image/png"]["alt"] == ALT


def test_many_points_have_no_markers(axis):
    few, many = plots.draw_curves(axis, {"few": range(25)}) + plots.draw_curves(axis, {"many": range(26)})
    assert few.get_markersize() > 0
    assert many.get_markersize() == 0
