"""What was foretold against what was found."""

import numpy as np
import pytest
import torch

from vae_course import plots

ALT = "Numbers that were made for this test and mean nothing."


def test_each_pair_is_a_point_and_the_line_is_the_diagonal(axis):
    foretold, found = torch.tensor([[0.1, 1.0], [2.0, 5.0]]), torch.tensor([[0.2, 1.0], [1.0, 6.0]])
    points = plots.draw_agreement(axis, foretold, found)
    places = {tuple(place) for place in np.round(np.asarray(points.get_offsets()), 6).tolist()}
    assert places == {(0.1, 0.2), (1.0, 1.0), (2.0, 1.0), (5.0, 6.0)}
    (line,) = axis.lines
    assert (line.get_xdata() == line.get_ydata()).all()
    assert axis.get_xlim() == axis.get_ylim()
    assert axis.get_xlim()[0] < 0.1
    assert axis.get_xlim()[1] > 6.0
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")


def test_the_figure_carries_its_words(figures, shown):
    plots.show_agreement(torch.ones(3), torch.ones(3), ALT, x_label="by formula", y_label="by the encoder")
    (figure,) = figures
    assert figure.axes[0].get_xlabel() == "by formula"
    assert figure.axes[0].get_ylabel() == "by the encoder"
    assert shown[0][1]["image/png"]["alt"] == ALT


@pytest.mark.parametrize(
    ("foretold", "found", "complaint"),
    [
        (torch.ones(3), torch.ones(2), "shapes"),
        (torch.ones(0), torch.ones(0), "one at least"),
        (torch.ones(2), torch.tensor([1.0, 0.0]), "found goes down to 0"),
        (torch.tensor([float("inf"), 1.0]), torch.ones(2), "foretold"),
    ],
)
def test_what_has_no_place_is_named(axis, foretold, found, complaint):
    with pytest.raises(ValueError, match=complaint):
        plots.draw_agreement(axis, foretold, found)
