"""Codes within their prior: lines that enclose half and nine tenths of its draws, and a frame in which both are seen."""

import numpy as np
import pytest
import torch
from matplotlib.path import Path
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from vae_course import plots
from vae_course.plots.priors import INSIDE

ALT = "Codes of two classes within the lines of a prior, made for this test."
CODES, LABELS = torch.tensor([[-3.0, 0.0], [3.0, 0.0], [3.5, 0.5], [-3.5, 0.5]]), torch.tensor([0, 1, 1, 0])
FLAT = MultivariateNormal(torch.zeros(2), torch.eye(2))
TWO = MixtureSameFamily(Categorical(torch.ones(2)), MultivariateNormal(torch.tensor([[-3.0, 0.0], [3.0, 0.0]]), torch.eye(2)))


def lines_of(axis) -> list[Path]:
    (contours,) = [one for one in axis.collections if hasattr(one, "levels")]
    return contours.get_paths()


@pytest.mark.parametrize("prior", [FLAT, TWO], ids=["one Gaussian", "two"])
def test_lines_enclose_the_shares_that_are_stated(figures, prior):
    plots.show_priors({"a": CODES}, {"a": prior.log_prob}, ALT, labels=LABELS)
    torch.manual_seed(0)
    draws = prior.sample((4000,)).numpy()
    outer, inner = lines_of(figures[0].axes[0])  # of the lower density first
    within = [np.mean(sum(Path(piece).contains_points(draws) for piece in line.to_polygons()) % 2) for line in (inner, outer)]
    assert within == pytest.approx(INSIDE, abs=0.03)


def test_the_frame_holds_codes_and_lines(figures):
    plots.show_priors({"far": CODES / 10, "near": 4 * CODES}, {"far": FLAT.log_prob, "near": FLAT.log_prob}, ALT, labels=LABELS)
    far, near = figures[0].axes
    assert far.get_xlim()[1] > 2.1, "90 % of N(0, I) lie within 2.15 of its middle"
    assert near.get_xlim()[1] > 14
    assert far.get_xlabel() == "first number of z₁"
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == ["0", "1"]


def test_names_belong_together(figures):
    with pytest.raises(ValueError, match="there are codes for a and priors for b: expected the same names"):
        plots.show_priors({"a": CODES}, {"b": FLAT.log_prob}, ALT, labels=LABELS)
    with pytest.raises(ValueError, match="there are codes for nothing"):
        plots.show_priors({}, {}, ALT, labels=LABELS)
