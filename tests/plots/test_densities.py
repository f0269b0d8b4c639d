"""Densities, filled and named."""

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from vae_course import plots

ALT = "Bells that were drawn for this test and mean nothing."
X = torch.linspace(-4, 4, 201)
BELLS = {"wide": Normal(0.0, 1.0).log_prob(X).exp(), "narrow": Normal(2.0, 0.5).log_prob(X).exp()}


def test_each_density_has_its_colour_its_dash_and_its_name_at_its_top(figures):
    plots.show_densities(BELLS, ALT, x=X)
    (axis,) = figures[0].axes
    first, second = axis.get_lines()
    assert first.get_ydata() == pytest.approx(BELLS["wide"].numpy())
    assert first.get_color() != second.get_color()
    assert first.get_linestyle() != second.get_linestyle()
    tops = {text.get_text(): text.xy for text in axis.texts}
    assert tops["wide"] == pytest.approx((0.0, 0.3989), abs=1e-3)
    assert tops["narrow"] == pytest.approx((2.0, 0.7979), abs=1e-3)
    assert axis.get_ylim()[0] == 0  # an area that is cut off below would be no area


def test_the_area_is_filled_from_zero(figures):
    plots.show_densities({"wide": BELLS["wide"]}, ALT, x=X)
    ((filled,),) = [axis.collections for axis in figures[0].axes]
    corners = filled.get_paths()[0].vertices
    assert corners[:, 1].min() == 0
    assert corners[:, 1].max() == pytest.approx(BELLS["wide"].max().item())
    shoelace = np.roll(corners, -1, 0)
    area = abs((corners[:, 0] * shoelace[:, 1] - corners[:, 1] * shoelace[:, 0]).sum()) / 2
    assert area == pytest.approx(1, abs=1e-3)


def test_names_may_be_left_out(axis):
    assert len(plots.draw_densities(axis, BELLS, x=X, named=False)) == 2
    assert not axis.texts


@pytest.mark.parametrize(
    ("densities", "complaint"),
    [
        ({}, "there is no density"),
        ({"short": [1.0, 2.0]}, "'short' has 2 values, and x has 201"),
        ({"log": Normal(0.0, 1.0).log_prob(X)}, "'log' has values below 0"),
        ({"nan": torch.full((201,), float("nan"))}, "'nan' has values below 0 or not finite"),
    ],
)
def test_what_is_no_density_is_refused(figures, densities, complaint):
    with pytest.raises(ValueError, match=complaint):
        plots.show_densities(densities, ALT, x=X)
    assert not figures or not figures[-1].axes[0].get_title()
