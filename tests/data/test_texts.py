"""Texts: stories the same from one seed, none twice, with labels that the grammar confirms, and words that can be read back."""

import hashlib
import pickle
from itertools import combinations

import pytest
import torch

from vae_course.data.dataset import Split
from vae_course.data.stories import (
    END,
    NUMBERS,
    SENTENCES,
    TEXT_FACTORS,
    VOCABULARY,
    accepts,
    accepts_paragraph,
    describe,
    longest_sentence,
)
from vae_course.data.texts import WORDS, as_one_line, as_sentences, texts, to_tokens, to_words, words_to_one_hot
from vae_course.models import RecurrentVAE

STORY = (
    "Yesterday I painted a blue picture beside the sea. I painted white birds into it and the sun shone. "
    "In the evening I was tired but happy."
)


@pytest.fixture(scope="module")
def data():
    return texts(train=6_000, test=1_000)


def test_shapes_ranges_and_names(data):
    assert data.train.kept.shape == (6_000, SENTENCES, WORDS)
    assert data.train.kept.dtype == torch.uint8
    assert data.input_shape == (SENTENCES, WORDS, len(VOCABULARY))
    assert data.classes == tuple(TEXT_FACTORS) == ("topic", "tense", "person")
    assert data.train.y.shape == (6_000, 3)
    x, y = data.test.rows(slice(5))
    assert x.dtype == torch.float32
    assert set(x.unique().tolist()) == {0.0, 1.0}
    assert len(y) == 5
    assert "MIT" in data.licence


def test_every_sentence_ends_once_and_zeros_follow(data):
    x, _ = data.test.rows(slice(100))
    words = x.sum(-1)
    assert torch.equal(words, words.cummin(-1).values)  # steps with a word, then steps with none
    assert torch.equal(x[..., END].sum(-1), torch.ones(100, SENTENCES))
    last = words.sum(-1).long() - 1
    assert (x.argmax(-1).gather(2, last.unsqueeze(2)) == END).all()


def test_the_longest_sentence_and_its_full_stop_just_fit():
    assert longest_sentence() + 1 == WORDS


def test_the_same_seed_gives_the_same_bytes(data):
    small = texts(train=200, test=50)
    assert hashlib.sha256(small.train.kept.numpy().tobytes() + small.test.kept.numpy().tobytes()).hexdigest()[:16] == "8a57faf5de59a92a"
    assert torch.equal(small.train.kept, data.train.kept[:200])
    assert not torch.equal(texts(train=200, test=50, seed=1).train.kept, small.train.kept)


def test_no_story_comes_twice(data):
    rows = torch.cat([data.train.kept, data.test.kept]).flatten(1)
    assert len(rows.unique(dim=0)) == len(rows)


def test_labels_are_what_the_grammar_reads(data):
    for kept, y in zip(data.test.kept[:150], data.test.y[:150].tolist(), strict=True):
        levels = tuple(its[number] for its, number in zip(TEXT_FACTORS.values(), y, strict=True))
        assert describe(kept) == {levels}
        assert accepts_paragraph(to_words(kept))


def test_levels_are_equally_likely_and_factors_independent(data):
    for (one, levels), (other, others) in combinations(enumerate(map(len, TEXT_FACTORS.values())), 2):
        table = (data.train.y[:, one] * others + data.train.y[:, other]).bincount(minlength=levels * others)
        expected = len(data.train) / (levels * others)
        assert (table - expected).abs().max() < 5 * expected**0.5, (one, other)


def test_words_are_written_and_read_back(data):
    for kept in data.test.kept[:50]:
        text = to_words(kept)
        assert torch.equal(to_tokens(text), kept)
        assert to_words(words_to_one_hot(kept)) == text
        assert to_words(words_to_one_hot(kept)[1]) == to_words(kept[1]) == text.split(". ")[1] + "."
    assert to_words(to_tokens(STORY)) == STORY
    assert to_tokens("So we sang.").tolist() == [[NUMBERS["so"], NUMBERS["we"], NUMBERS["sang"], *[END] * (WORDS - 3)]]


def test_what_a_model_wrote_is_read_by_the_largest(data):
    rows = words_to_one_hot(to_tokens(STORY))
    assert (
        to_words(rows * 0.5 + 0.3 * torch.rand(rows.shape, generator=torch.Generator().manual_seed(0)) * rows.any(-1, keepdim=True))
        == STORY
    )
    assert to_words(torch.zeros(WORDS, len(VOCABULARY))) == ""
    assert to_words(torch.full((SENTENCES * WORDS,), NUMBERS["very"])) == "Very" + " very" * (SENTENCES * WORDS - 1) + "."
    behind = rows[0].clone()
    behind[10:, 5] = 1
    assert to_words(behind) == "Yesterday I painted a blue picture beside the sea."


def test_sentences_and_lines_hold_the_same_words(data):
    part = data.test.head(40)
    sentences, lines = as_sentences(part), as_one_line(part)
    assert sentences.x.shape == (40 * SENTENCES, WORDS, len(VOCABULARY))
    assert lines.x.shape == (40, SENTENCES * WORDS, len(VOCABULARY))
    assert torch.equal(sentences.y[1::SENTENCES], part.y)
    assert torch.equal(lines.y, part.y)
    assert as_sentences(Split(part.kept, read=words_to_one_hot)).y is None
    for number, line in enumerate(lines.x):
        text = to_words(part.kept[number])
        assert to_words(line) == text == to_words(lines.kept[number])
        assert " ".join(to_words(row) for row in sentences.x[SENTENCES * number :][:SENTENCES]) == text
        assert line.sum(1).tolist() == sorted(line.sum(1).tolist(), reverse=True)  # no gaps
        assert line[:, END].sum() == SENTENCES


def test_sentences_are_the_grammars(data):
    assert all(accepts(kept) for kept in as_sentences(data.test.head(30)).kept)


def test_splits_can_be_sent_to_another_process(data):
    for split in (data.test, as_sentences(data.test), as_one_line(data.test)):
        assert torch.equal(pickle.loads(pickle.dumps(split)).rows(slice(2))[0], split.rows(slice(2))[0])


@pytest.mark.parametrize(("cut", "end"), [(as_sentences, END), (as_one_line, None)])
def test_recurrent_models_take_them(data, cut, end):
    part = cut(data.test.head(8))
    torch.manual_seed(0)
    model = RecurrentVAE(input_shape=tuple(part.x.shape[1:]), latent_size=4, hidden_size=8, end_token=end)
    assert torch.isfinite(model.loss(part.x, None).total)
    assert isinstance(to_words(model.sample(2)[0]), str)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("She walkt home.", "the word 'walkt' is not in the vocabulary. The nearest there is 'walk'"),
        ("She walked home, slowly.", "the word 'home,' is not in the vocabulary. The nearest there is 'home'"),
        ("xyzzy", "the word 'xyzzy' is not in the vocabulary"),
        (" ".join(["very"] * WORDS), f"has {WORDS} words, expected at most {WORDS - 1} a sentence"),
        (" . ", "the text has no words"),
    ],
)
def test_texts_that_cannot_be_written_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        to_tokens(text)


def test_rows_that_are_no_text_are_refused(data):
    for split in (data.test, as_one_line(data.test)):
        with pytest.raises(ValueError, match="Take one example of a batch"):
            to_words(split.rows(slice(2))[0])
    with pytest.raises(ValueError, match="expected one text of shape"):
        to_words(torch.zeros(WORDS, 7))
    with pytest.raises(ValueError, match="expected words or their numbers"):
        to_words(torch.tensor([len(VOCABULARY)]))
    for wrong in (as_sentences(data.test), Split(torch.rand(3, SENTENCES, WORDS))):
        for cut in (as_sentences, as_one_line):
            with pytest.raises(ValueError, match="expected stories kept as word numbers of shape"):
                cut(wrong)


@pytest.mark.parametrize("sizes", [{"train": 0}, {"test": 0}, {"train": 1_000_000}])
def test_sizes_out_of_range_are_refused(sizes):
    with pytest.raises(ValueError, match="expected at least 1 of each and at most 1,000,000 together"):
        texts(**sizes)
