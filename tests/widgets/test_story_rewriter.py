"""The story rewriter: what is held stays, what is drawn is always the same, and no slider of one sentence touches another."""

import pytest
import torch

from vae_course import pretrained
from vae_course.data.texts import texts, to_words
from vae_course.models import ParagraphVAE
from vae_course.widgets import StoryRewriter

STORIES = texts(train=1, test=3).test.x


@pytest.fixture(scope="module")
def explorer():
    return StoryRewriter(pretrained("paragraph-texts-two-levels-seed-0", device="cpu"), STORIES)


def test_at_zero_it_shows_what_the_model_writes_again(explorer):
    explorer.reset()
    again = explorer.model.reconstruct(STORIES[:1])[0]
    assert [text for text, _ in explorer.cells] == [to_words(sentence) for sentence in again]
    assert explorer.says()[1] == "all latents are the story's own"


def test_a_sentence_that_is_drawn_anew_leaves_the_others(explorer):
    explorer.reset()
    before = explorer.cells
    for draw in range(1, 8):
        after = explorer.set(sentence_2=draw).cells
        assert after[0] == before[0]
        assert after[2] == before[2]
    assert "drawn anew: z_2" in explorer.alt()


def test_a_draw_of_the_paragraph_is_the_same_each_time(explorer):
    explorer.reset()
    own = explorer.cells
    drawn = explorer.set(paragraph=4).cells
    assert drawn != own
    assert explorer.reset().set(paragraph=4).cells == drawn


def test_every_sentence_is_told_in_the_alt_text(explorer):
    explorer.set(story="story 3", paragraph=2)
    assert all(text in explorer.alt() for text, _ in explorer.cells)
    assert explorer.alt().startswith("Story 3")


def test_a_flat_model_is_refused():
    torch.manual_seed(0)
    with pytest.raises(ValueError, match="this model is flat"):
        StoryRewriter(ParagraphVAE(sentence_size=0, hidden_size=4, embedding_size=4), STORIES)
