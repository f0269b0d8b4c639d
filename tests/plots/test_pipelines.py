"""Each row is one machine: its four phrases in order from left to right, and two networks between them."""

import pytest

from vae_course import plots

ALT, ROW = "Two rows of machines, made for this test.", ("goes in", "z", "is done", "comes out")


def test_phrases_stand_from_left_to_right_with_arrows_between(figures):
    plots.show_pipelines({"One": ROW, "Two": ROW}, ALT)
    texts = figures[0].axes[0].texts
    rows = [texts[:5], texts[5:10]]
    assert [text.get_text() for text in texts[10:]] == ["encoder", "decoder"] * 2
    for (name, *phrases), title in zip(rows, ("One", "Two"), strict=True):
        assert name.get_text() == title
        assert [phrase.get_text() for phrase in phrases] == list(ROW)
        places = [phrase.get_position()[0] for phrase in phrases]
        assert places == sorted(places)
    arrows = [patch for patch in figures[0].axes[0].patches if type(patch).__name__ == "FancyArrowPatch"]
    assert len(arrows) == 2 * 5


def test_a_row_of_other_length_is_refused():
    for rows in ({}, {"One": ROW[:3]}):
        with pytest.raises(ValueError, match="4 in each"):
            plots.show_pipelines(rows, ALT)
