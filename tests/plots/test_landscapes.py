"""A logit on a plane."""

import numpy as np
import pytest
import torch

from vae_course import plots

ALT = "A landscape that was made for this test and means nothing."


def test_the_colour_of_a_place_is_its_logit(axis):
    mesh = plots.draw_landscape(axis, torch.randn(50, 2), lambda z: z[:, 0] + 10 * z[:, 1], limit=2.0)
    heights = np.asarray(mesh.get_array()).reshape(121, 121)
    assert heights[60, 60] == pytest.approx(0, abs=1e-5)
    assert heights[60, -1] == pytest.approx(2, abs=1e-5)  # columns go across, which is z₁
    assert heights[-1, 60] == pytest.approx(20, abs=1e-4)
    assert axis.get_xlim() == (-2, 2)


def test_panels_need_codes_and_logits_of_the_same_names():
    with pytest.raises(ValueError, match="expected one of each for each panel"):
        plots.show_landscapes({"a": torch.zeros(3, 2)}, {"b": lambda z: z[:, 0]}, ALT)
    with pytest.raises(ValueError, match="expected one of each"):
        plots.show_landscapes({}, {}, ALT)
    with pytest.raises(ValueError, match=r"expected \(n, 2\)"):
        plots.show_landscapes({"a": torch.zeros(3, 3)}, {"a": lambda z: z[:, 0]}, ALT)
