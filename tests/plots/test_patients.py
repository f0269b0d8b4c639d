"""A run in one line: its curves with their names, and three rows of pictures, told in words as well."""

import math

import pytest
import torch

from vae_course.plots import show_patient
from vae_course.plots.patients import in_words_of

PICTURES = torch.rand(3, 4, 1, 7, 7, generator=torch.Generator().manual_seed(0))
CURVES = {"loss": [300.0, 200.0, 150.0], "kl": [1.0, 5.0, 9.0], "test_loss": [280.0, 190.0, 140.0]}


def test_curves_stand_left_with_their_names_and_pictures_right(figures):
    show_patient(CURVES, PICTURES, title="A", levels={"mean image": 260})
    left, right = figures[0].axes
    assert left.get_title() == "A"
    assert [list(line.get_ydata()) for line in left.get_lines()[:3]] == list(CURVES.values())
    assert {"loss", "KL", "test loss", "mean image"} <= {text.get_text() for text in left.texts}
    assert right.images[0].get_array().shape == (21, 28)
    assert [tick.get_text() for tick in right.get_yticklabels()] == ["test images", "reconstructions", "samples"]


def test_points_stand_at_their_epochs(figures):
    show_patient(CURVES, PICTURES, epochs=[10, 20, 30])
    assert list(figures[0].axes[0].get_lines()[0].get_xdata()) == [10, 20, 30]


def test_huge_losses_are_counted_in_powers_of_ten_in_both_directions(figures):
    show_patient({"loss": [-1e3, -1e9], "kl": [1e3, 1e9]}, PICTURES)
    show_patient(CURVES, PICTURES)
    assert [figure.axes[0].get_yscale() for figure in figures] == ["symlog", "linear"]


def test_where_a_run_broke_is_marked_and_its_pictures_are_blank(figures):
    broken = torch.cat([PICTURES[:1], torch.full_like(PICTURES[1:], math.nan)])
    show_patient({"loss": [300.0, math.nan]}, broken, title="B")
    left, right = figures[0].axes
    assert "not a number" in {text.get_text() for text in left.texts}
    assert right.images[0].get_array().mask[7:].all()
    assert "none of their pixels is a number" in in_words_of({"loss": [300.0, math.nan]}, broken, "B")


def test_a_test_loss_that_turns_round_is_marked_where_it_was_lowest(figures):
    turned = CURVES | {"test_loss": [280.0, 190.0, 240.0]}
    show_patient(turned, PICTURES, epochs=[10, 20, 30])
    show_patient(CURVES, PICTURES)
    rings = [[line for line in figure.axes[0].get_lines() if line.get_fillstyle() == "none"] for figure in figures]
    assert (list(rings[0][0].get_xdata()), list(rings[0][0].get_ydata())) == ([20], [190])
    assert not rings[1]
    assert "after a lowest 190 in epoch 20" in in_words_of(turned, PICTURES, epochs=[10, 20, 30])


def test_words_tell_whether_reconstructions_are_like_their_images():
    same = torch.stack([PICTURES[0], PICTURES[0], PICTURES[2]])
    assert "correlate with their images by 1.00 to 1.00" in in_words_of(CURVES, same)
    assert "loss from 300 to 150; kl from 1 to 9; test loss from 280 to 140" in in_words_of(CURVES, same)


@pytest.mark.parametrize(
    ("curves", "pictures", "told"), [({}, PICTURES, "there is no curve"), (CURVES, PICTURES[:2], r"the shape \(2, 4, 1, 7, 7\)")]
)
def test_what_cannot_be_drawn_is_refused(curves, pictures, told):
    with pytest.raises(ValueError, match=told):
        show_patient(curves, pictures)
