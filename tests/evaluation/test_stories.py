"""What the grammar says of stories: what it accepts, what a sentence keeps, its own choices; and words by their frequency."""

import math

import pytest
import torch

from vae_course.data.stories import END, NUMBERS, retell, story
from vae_course.data.texts import texts, to_tokens, to_words, words_to_one_hot
from vae_course.evaluation.stories import WordModel, kept, sentences_accepted, stories_accepted, told_how


def one_hot(*stories: str) -> torch.Tensor:
    return torch.stack([words_to_one_hot(to_tokens(text)) for text in stories])


def test_two_halves_of_two_stories_are_sentences_and_no_story():
    one, other = one_hot(story(topic="sea", seed=1), story(topic="music", seed=2))
    mixed = torch.stack([one, torch.stack([one[0], other[1], one[2]])])
    assert sentences_accepted(mixed) == 1
    assert stories_accepted(mixed) == 0.5
    mixed[1, 1, 0] = mixed[1, 1, 1]
    assert sentences_accepted(mixed) == pytest.approx(5 / 6)


def test_a_story_retold_keeps_its_topic_and_loses_its_tense():
    data = texts(train=20, test=1).train
    told = [retell(to_words(numbers), tense="past") for numbers in data.kept]
    share = kept(one_hot(*told)[:, 0], data.y)
    assert share["topic"] == share["person"] == share["accepted"] == 1
    assert share["tense"] == share["all"] == pytest.approx((data.y[:, 1] == 0).float().mean().item())


def test_choices_of_a_sentence_are_read():
    middle = "I put them into a basket but the wind is cold."
    said = f"I find round stones on the beach every day. {middle} So I rest beside a high rock."
    other = f"Every day I find round stones on the beach. {middle} In the evening the sun shines again."
    assert told_how(one_hot(said, other)).tolist() == [[0, 1], [1, 0]]


def test_words_cost_what_their_frequency_says():
    numbers = torch.tensor([[[1, 2, END, 0], [1, END, 0, 0]], [[1, 2, END, 0], [2, END, 0, 0]]])
    alone, pairs = (WordModel(numbers, order=order, extra=1e-9) for order in (0, 1))
    assert alone.nats(numbers)[0].item() == pytest.approx(-(2 * math.log(3 / 10) + math.log(3 / 10) + 2 * math.log(4 / 10)), abs=1e-5)
    # in pairs: "1" begins for sure, the stop stands behind "2" for sure; the second sentence begins with "1" in one of two
    assert pairs.nats(numbers)[0].item() == pytest.approx(-(math.log(2 / 3) + math.log(1 / 2) + math.log(1 / 3)), abs=1e-5)
    drawn = pairs.draw(200)
    assert set(drawn[:, 0, 0].argmax(-1).tolist()) == {1}
    assert NUMBERS["."] == END
    with pytest.raises(ValueError, match="order is 2"):
        WordModel(numbers, order=2)
