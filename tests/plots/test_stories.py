"""Stories in the colours of their topics, costs made of parts, readings as a table."""

import pytest
import torch

from vae_course import plots
from vae_course.data.texts import texts
from vae_course.plots.stories import TOPIC_COLOURS, cells_of

ALT = "Stories side by side, made for this test."


@pytest.fixture
def x():
    return texts(train=3, test=1).train.x.clone()


def test_a_sentence_has_the_colour_of_its_topic_and_what_is_no_sentence_has_none(x, figures):
    data = texts(train=3, test=1)
    x[1, 0, 0] = x[1, 0, 1]
    cells = [cells_of(story) for story in x]
    assert cells[1][0][1] is None
    named = {topic for row in cells for _, topic in row if topic}
    assert named <= {list(TOPIC_COLOURS)[level] for level in data.train.y[:, 0]}
    plots.show_stories({"some": x[:2], "more": x[2:].expand(2, -1, -1, -1)}, ALT, names=["one", "two"])
    words = [text.get_text().replace("\n", " ") for text in figures[0].axes[0].texts]
    assert all(text in words for row in cells for text, _ in row)
    assert {"some", "more", "one", "two"} <= set(words)
    assert sum(bool(patch.get_hatch()) for patch in figures[0].axes[0].patches) == 1


def test_parts_of_a_cost_stand_end_to_end(figures):
    plots.show_costs({"truth": {"a": 2.0, "b": 3.0}, "model": {"a": 2.5, "b": 3.5}}, ALT, level=("no more", 7.0))
    bars = figures[0].axes[0].patches
    assert [(bar.get_x(), bar.get_width()) for bar in bars] == [(0.0, 2.0), (2.0, 3.0), (0.0, 2.5), (2.5, 3.5)]
    assert bars[0].get_facecolor() == bars[2].get_facecolor() != bars[1].get_facecolor()
    assert {"5.0", "6.0"} <= {text.get_text() for text in figures[0].axes[0].texts}


def test_readings_are_written_and_the_darker_the_further_above_guessing(figures):
    plots.show_readings({"z_p": {"topic": 0.9, "so": 0.5}}, ALT, floor={"topic": 0.2, "so": 0.5})
    axis = figures[0].axes[0]
    assert [text.get_text() for text in axis.texts] == ["90%", "50%", "20%", "50%"]
    assert [patch.get_alpha() if patch.get_alpha() is not None else patch.get_facecolor()[3] for patch in axis.patches][:2] == [
        pytest.approx(0.875),
        0.0,
    ]


def test_the_two_levels_are_drawn_with_their_sentences(figures):
    plots.show_two_levels(["I sing.", "I dance.", "So I rest."], ALT)
    assert {"I sing.", "I dance.", "So I rest.", "$z_{p}$", "$z_{3}$"} <= {text.get_text() for text in figures[0].axes[0].texts}


@pytest.mark.parametrize(
    ("draw", "told"),
    [
        (lambda x: plots.show_stories({}, ALT), "no stories"),
        (lambda x: plots.show_stories({"some": x}, ALT, names=["one"]), "1 names"),
        (lambda x: plots.show_costs({"model": {"a": -1.0}}, ALT), "at least 0 nats"),
        (lambda x: plots.show_readings({"z_p": {"topic": 1.0}}, ALT, floor={"tense": 0.3}), "the same columns"),
    ],
)
def test_what_cannot_be_drawn_is_told(x, draw, told):
    with pytest.raises(ValueError, match=told):
        draw(x)


def test_rows_of_zeros_are_shown_as_nothing(x):
    assert cells_of(torch.zeros_like(x[0]))[0] == ("…", None)
