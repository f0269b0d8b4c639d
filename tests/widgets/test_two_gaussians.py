"""The still twin of the two Gaussians: three cases whose areas can be compared by eye."""

import math

import numpy as np
import pytest

from vae_course.widgets import TwoGaussians, drawing


@pytest.fixture
def drawn(monkeypatch):
    """Every plot that is drawn from now on, with what was drawn as a curve."""
    plots = []

    class Watched(drawing.Plot):
        def __init__(self, *arguments, **words):
            super().__init__(*arguments, **words)
            self.curves = []
            plots.append(self)

        def curve(self, x, y, *arguments, **words):
            self.curves.append((np.asarray(x), np.asarray(y)))
            super().curve(x, y, *arguments, **words)

    monkeypatch.setattr(drawing, "Plot", Watched)
    return plots


def test_the_still_has_one_scale_and_cuts_nothing_off(drawn):
    explorer = TwoGaussians()
    drawn.clear()  # its first picture
    explorer.sheet()
    densities, costs = drawn[::2], drawn[1::2]
    for plots in (densities, costs):
        assert len(plots) == 3
        assert len({(plot.x_range, plot.y_range) for plot in plots}) == 1
        for plot in plots:
            for _, heights in plot.curves:
                assert plot.y_range[0] <= heights.min() <= heights.max() <= plot.y_range[1]
                assert max(abs(heights[0]), abs(heights[-1])) < 0.01 * np.abs(heights).max(), "something lies beyond the ends"
    for plot, (mu, sigma) in zip(costs, TwoGaussians.CASES, strict=True):
        ((z, heights),) = plot.curves
        assert heights.sum() * (z[1] - z[0]) == pytest.approx(0.5 * (mu**2 + sigma**2 - 1) - math.log(sigma), abs=0.005), (
            "its area is the KL"
        )


def test_a_move_of_the_explorer_still_fills_its_height(drawn):
    TwoGaussians().set(mu=0.0, sigma=0.1).draw()
    densities, costs = drawn[-2:]
    for plot in (densities, costs):
        highest = max(heights.max() for _, heights in plot.curves)
        assert 0.7 * plot.y_range[1] < highest <= plot.y_range[1]
