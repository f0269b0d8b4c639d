"""Bounds, and the gap between a bound and what it bounds."""

import math

import numpy as np
import pytest
import torch
from matplotlib.text import Annotation
from torch.distributions import Normal, kl_divergence

from vae_course import plots

ALT = "A gap that was drawn for this test and means nothing."
TRUTH = Normal(1.0, 0.5)
GUESSES = {"beside": Normal(0.0, 0.5), "right": TRUTH}
GAPS = [kl_divergence(q, TRUTH) for q in GUESSES.values()]
LEVEL = -1.5
BOUNDS = [LEVEL - gap for gap in GAPS]
WORDS = {"bounds": BOUNDS, "gaps": GAPS, "level": LEVEL}


def words(axis) -> str:
    return " | ".join(text.get_text() for text in axis.texts)


def test_a_guess_has_both_densities_above_and_its_bound_with_its_gap_below(figures):
    plots.show_guesses(GUESSES, TRUTH, ALT, **WORDS)
    top, bottom = figures[0].axes[:2]
    panels = top.child_axes
    assert [panel.get_title() for panel in panels] == list(GUESSES)
    truth, q = panels[0].get_lines()
    assert truth.get_xdata()[truth.get_ydata().argmax()] == pytest.approx(1, abs=0.02)
    assert q.get_xdata()[q.get_ydata().argmax()] == pytest.approx(0, abs=0.02)
    assert words(panels[0]) == "p(z|x) | q"
    assert bottom.collections[0].get_offsets()[:, 1].tolist() == pytest.approx([-3.5, -1.5])
    assert arrows(bottom) == [pytest.approx((-3.5, -1.5))], "the other gap is 0 and has none"
    assert "ELBO = −3.50" in words(bottom)
    assert "log p(x)\n= −1.50" in words(bottom)
    assert "KL(q ‖ p(z|x))\n= 2.00" in words(bottom)
    assert "KL(q ‖ p(z|x))\n= 0.00" in words(bottom)
    assert bottom.get_ylim()[0] < bottom.get_ylim()[1], "higher is better"


def arrows(axis) -> list[tuple[float, float]]:
    """From where to where each arrow goes, in nats."""
    found = (text for text in axis.texts if isinstance(text, Annotation) and text.arrow_patch is not None)
    return [(text.xyann[1], text.xy[1]) for text in found]


def test_gaps_are_drawn_as_given_so_that_a_wrong_one_misses_the_line(figures):
    plots.show_guesses({"beside": GUESSES["beside"]}, TRUTH, ALT, bounds=[-3.5], gaps=[1.0], level=LEVEL)
    assert arrows(figures[0].axes[1]) == [pytest.approx((-3.5, -2.5))]


@pytest.mark.parametrize("wrong", [{"bounds": [1.0]}, {"gaps": []}])
def test_a_guess_without_its_numbers_is_refused(figures, wrong):
    with pytest.raises(ValueError, match="got 2 guesses"):
        plots.show_guesses(GUESSES, TRUTH, ALT, **WORDS | wrong)
    with pytest.raises(ValueError, match="got 0 guesses"):
        plots.show_guesses({}, TRUTH, ALT, bounds=[], gaps=[], level=LEVEL)


def test_the_gap_of_the_first_bound_is_shaded_up_to_the_level(figures):
    x = torch.linspace(0, 4, 41)
    level, first = 1 + x, 1 + x - (x - 1) ** 2
    plots.show_bound({"first": first, "second": first - 1}, level, ALT, x=x, lowest=-2)
    (axis,) = figures[0].axes
    (shaded,) = axis.collections
    corners = shaded.get_paths()[0].vertices
    assert corners[:, 1].min() == pytest.approx(-2)  # cut where the drawing ends
    assert corners[:, 1].max() == pytest.approx(5)
    at_touch = corners[np.isclose(corners[:, 0], 1), 1]
    assert np.ptp(at_touch) == pytest.approx(0, abs=1e-6)
    assert {"first", "second", "KL(q ‖ p(z|x))", "log p(x)"} == set(words(axis).split(" | "))
    assert axis.get_lines()[-1].get_ydata() == pytest.approx(level.numpy())


def test_the_gaps_name_stands_away_from_the_curves(figures):
    x = torch.linspace(0, 4, 41)
    plots.show_bound({"first": -((x - 1) ** 2), "second": -((x - 1.5) ** 2)}, 0.0, ALT, x=x, lowest=-2, gap_name="the gap")
    name = next(text for text in figures[0].axes[0].texts if text.get_text() == "the gap")
    assert name.xy[0] == pytest.approx(4), "both curves have left the drawing by then"
    assert name.get_ha() == "right"


def test_a_level_may_be_one_number(figures):
    plots.show_bound({"bound": [-1.0, -0.5, -1.0]}, 0.0, ALT, x=[0, 1, 2])
    assert list(figures[0].axes[0].get_lines()[-1].get_ydata()) == [0, 0, 0]


@pytest.mark.parametrize(("bounds", "sizes"), [({}, "none"), ({"short": [1.0]}, "'short' 1")])
def test_a_bound_that_is_not_as_long_as_x_is_refused(figures, bounds, sizes):
    with pytest.raises(ValueError, match=f"have values: {sizes}"):
        plots.show_bound(bounds, 0.0, ALT, x=[0, 1, 2])


def test_jensens_gap_stands_between_curve_and_chord(figures):
    plots.show_jensen([6.0, 0.5], ALT)
    (axis,) = figures[0].axes
    gap = next(line for line in axis.get_lines() if list(line.get_xdata()) == [3.25, 3.25])
    assert gap.get_ydata() == pytest.approx([0.5 * (math.log(6) + math.log(0.5)), math.log(3.25)])
    assert "log of the mean  1.18" in words(axis)
    assert "mean of the logs  0.55" in words(axis)


@pytest.mark.parametrize("values", [[1.0], [1.0, 0.0], [1.0, float("inf")], []])
def test_jensen_asks_for_two_positive_numbers(figures, values):
    with pytest.raises(ValueError, match="expected two positive numbers"):
        plots.show_jensen(values, ALT)


def test_shortfalls_have_their_median_and_the_accused_in_colour(figures):
    short = torch.tensor([[1.0, 2.0, 9.0], [0.5, 1.0, 8.5]])
    plots.show_shortfalls([1, 10], short, ALT, accused={"the third": 2})
    (axis,) = figures[0].axes
    *thin, median, accused = axis.get_lines()
    assert len(thin) == 3
    assert list(median.get_ydata()) == [2, 1]
    assert list(accused.get_ydata()) == [9, 8.5]
    assert accused.get_color() != median.get_color() != thin[0].get_color()
    assert {text.get_text() for text in axis.texts if isinstance(text, Annotation)} == {"median", "the third"}


def test_shortfalls_may_be_logarithmic(figures):
    plots.show_shortfalls([1, 10], [[1.0, 2.0], [0.01, 0.5]], ALT, y_scale="log")
    (axis,) = figures[0].axes
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    figures[0].draw_without_rendering()
    assert "0.1" in [label.get_text() for label in axis.get_yticklabels()]  # no 10⁻¹


def test_shortfalls_need_a_row_for_each_count(figures):
    with pytest.raises(ValueError, match=r"expected \(3, n\)"):
        plots.show_shortfalls([1, 10, 100], torch.zeros(2, 5), ALT)
