"""The first alarms stand in their order, each in its kind's colour, and what was found is counted."""

import pytest

from vae_course import plots

ALT, NAMES = "Two rows of alarms, made for this test.", ["false alarm", "tiny sums", "one big sum"]


def test_squares_have_the_colours_of_their_kinds_and_finds_are_counted(figures):
    plots.show_alarms({"first": [0, 1, 1, 2], "second": [0, 0, 0, 1]}, ALT, names=NAMES, found="frauds")
    axis = figures[0].axes[0]
    colours = [square.get_facecolor() for square in axis.patches]
    assert colours[1] == colours[2] == colours[7] != colours[3]
    assert colours[0] == colours[4] == colours[5] not in (colours[1], colours[3])
    assert [text.get_text() for text in axis.texts] == ["3 frauds", "1 frauds"]
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == NAMES


@pytest.mark.parametrize(
    ("alarms", "told"),
    [
        ({}, "expected at least one detector"),
        ({"a": [0, 1], "b": [0]}, "as many alarms of each"),
        ({"a": [0, 3]}, "expected a name for each"),
    ],
)
def test_what_cannot_be_drawn_is_told(alarms, told):
    with pytest.raises(ValueError, match=told):
        plots.show_alarms(alarms, ALT, names=NAMES)
