"""Machines: parts stand where they are put, arrows lead from part to part, what is blocked is seen to be."""

import pytest
import torch
from matplotlib.patches import Circle, FancyArrowPatch, Polygon, Rectangle

from vae_course.plots import Part, draw_machine, show_machine
from vae_course.plots.style import DPI

IMAGE, NUMBERS = torch.rand(1, 28, 28), torch.tensor([1.0, -2.0, 0.0])
ALT = "An image goes through an encoder to three numbers."


@pytest.fixture
def drawn(axis):
    """Draws a machine: its axis, and the middle of each part."""
    return lambda *columns, **settings: (axis, draw_machine(axis, columns, **settings))


def arrows_of(axis):
    return [patch for patch in axis.patches if isinstance(patch, FancyArrowPatch)]


def test_parts_follow_each_other_and_an_arrow_leads_from_each_to_the_next(drawn):
    axis, middles = drawn(Part("x", IMAGE), Part("encoder", "narrows"), Part("z", NUMBERS, "3 numbers"))
    places = [middles[name][0] for name in ("x", "encoder", "z")]
    assert places == sorted(places)
    assert len(arrows_of(axis)) == 2
    words = [text.get_text() for text in axis.texts if text.get_text()]
    assert words == ["x", "encoder", "z", "3 numbers"]


def test_parts_of_a_column_stand_one_below_the_other_and_each_has_its_arrows(drawn):
    axis, middles = drawn(Part("encoder", "narrows"), [Part("μ", "circle"), Part("σ", "circle")], Part("z", "circle"))
    assert middles["μ"][0] == middles["σ"][0]
    assert middles["μ"][1] > middles["σ"][1]
    assert len(arrows_of(axis)) == 4


def test_an_encoder_narrows_and_a_decoder_widens(drawn):
    axis, _ = drawn(Part("encoder", "narrows"), Part("decoder", "widens"))
    encoder, decoder = (patch.get_xy() for patch in axis.patches if isinstance(patch, Polygon))

    def heights(corners):
        left, right = corners[:, 0].min(), corners[:, 0].max()
        return [corners[corners[:, 0] == side, 1].max() - corners[corners[:, 0] == side, 1].min() for side in (left, right)]

    assert heights(encoder)[0] > heights(encoder)[1]
    assert heights(decoder)[0] < heights(decoder)[1]


def test_numbers_are_cells_the_first_on_top_and_the_largest_the_deepest(drawn):
    axis, _ = drawn(Part("z", NUMBERS))
    cells = [patch for patch in axis.patches if isinstance(patch, Rectangle)]
    assert [cell.get_facecolor()[3] for cell in cells] == [0.5, 1.0, 0.0]
    assert cells[0].get_y() > cells[1].get_y() > cells[2].get_y()
    assert cells[0].get_facecolor()[2] > cells[0].get_facecolor()[0], "above 0 it is blue"


def test_what_is_seen_is_grey(drawn):
    axis, _ = drawn(Part("z", "circle"), Part("x", "seen"))
    hidden, seen = (patch.get_facecolor()[:3] for patch in axis.patches if isinstance(patch, Circle))
    assert hidden == (1, 1, 1)
    assert len(set(seen)) == 1
    assert seen[0] < 0.9


def test_only_a_blocked_arrow_is_dashed_and_crossed(drawn):
    way = [("draw", "loss"), ("loss", "draw")]
    axis, _ = drawn(Part("draw"), Part("loss"), arrows=way, blocked=way[1:], words={way[1]: "gradient"})
    assert [arrow.get_linestyle() for arrow in arrows_of(axis)] == ["-", "--"]
    assert [line.get_marker() for line in axis.lines] == ["x"]
    assert "gradient" in [text.get_text() for text in axis.texts]


def test_an_arrow_back_passes_under_the_parts(drawn):
    axis, middles = drawn(Part("a"), Part("b"), Part("c"), arrows=[("c", "a")])
    (arrow,) = arrows_of(axis)
    lowest = axis.transData.inverted().transform(arrow.get_path().transformed(arrow.get_transform()).vertices)[:, 1].min()
    assert lowest < middles["b"][1] - Part("b").size[1] / 2


def test_every_pixel_of_an_image_covers_a_whole_number_of_the_figures():
    for image in (IMAGE, torch.rand(3, 32, 24)):
        for inches, pixels in zip(Part("x", image).size, (image.shape[2], image.shape[1]), strict=True):
            assert (inches * DPI / pixels) % 1 == pytest.approx(0, abs=1e-9)


def test_a_machine_is_shown_with_its_words_as_large_as_it_is(figures, shown):
    show_machine([Part("x", IMAGE), Part("encoder", "narrows")], ALT)
    assert shown[0][1]["image/png"]["alt"] == ALT
    across = figures[0].get_size_inches()[0]
    assert across > Part("x", IMAGE).size[0] + Part("encoder", "narrows").size[0]


@pytest.mark.parametrize("look", ["round", torch.zeros(2, 2), torch.zeros(0)])
def test_an_unknown_look_is_refused(look):
    with pytest.raises(ValueError, match=r"part 'x' is to look like .*expected one of box"):
        Part("x", look)


def test_what_does_not_fit_together_is_refused(drawn):
    with pytest.raises(ValueError, match="a name of its own"):
        drawn(Part("x"), Part("x"))
    with pytest.raises(ValueError, match="called nothing"):
        drawn()
    with pytest.raises(ValueError, match="no 'y' in the drawing"):
        drawn(Part("x"), arrows=[("x", "y")])
    with pytest.raises(ValueError, match="no 'x → z' in the drawing"):
        drawn(Part("x"), Part("y"), Part("z"), blocked=[("x", "z")])
