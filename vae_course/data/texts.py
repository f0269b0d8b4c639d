"""Texts at two levels: words make sentences, sentences make little stories, written by the course's grammar with all that varies known."""

from __future__ import annotations

from difflib import get_close_matches
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor

from .dataset import OWN_LICENCE, Dataset, Split
from .stories import END, NUMBERS, SENTENCES, TEXT_FACTORS, VOCABULARY, sentences_of, spelled, stories

WORDS = 14  # steps of a sentence: at most 13 words and the full stop that ends it
MOST_STORIES = 1_000_000


def texts(*, train: int = 20_000, test: int = 4_000, seed: int = 0) -> Dataset:
    """Stories of three sentences, each drawn by the grammar; none stands in both splits, or twice.

    x: (n, 3, 14, 251), one-hot words of three sentences, each ended by a full stop (word 0), rows of zeros behind it. Kept as word numbers
        in bytes, (n, 3, 14), zeros behind the end: `as_sentences` and `as_one_line` cut them for models of one level.
    y: (n, 3), integers, the level of each factor by its index in `TEXT_FACTORS`; `classes` holds the factors' names. All levels are
        equally likely and independent.

    train, test: how many stories.
    seed: the same gives the same stories, everywhere.
    Raises ValueError for less than one of either, or more than a million together.
    Written for this course, under its licence (MIT).
    """
    if train < 1 or test < 1 or train + test > MOST_STORIES:
        raise ValueError(f"asked for {train:,} + {test:,} stories, expected at least 1 of each and at most {MOST_STORIES:,} together.")
    found: dict[bytes, tuple[int, ...]] = {}
    for plot, sentences in stories(seed):
        kept = b"".join(bytes([NUMBERS[word] for word in words]).ljust(WORDS, bytes([END])) for words in sentences)
        found[kept] = tuple(levels.index(level) for levels, level in zip(TEXT_FACTORS.values(), plot.reading, strict=True))
        if len(found) == train + test:
            break
    kept = torch.frombuffer(bytearray(b"".join(found)), dtype=torch.uint8).view(-1, SENTENCES, WORDS)
    y = torch.tensor(list(found.values()))
    return Dataset(
        name="texts",
        train=Split(kept[:train], y[:train], read=words_to_one_hot),
        test=Split(kept[train:], y[train:], read=words_to_one_hot),
        classes=tuple(TEXT_FACTORS),
        source=f"written by the course's grammar, seed {seed}",
        licence=OWN_LICENCE,
    )


def words_to_one_hot(numbers: Tensor, *, sentences: int = 1) -> Tensor:
    """Word numbers as one-hot floats, rows of zeros behind the end: integers (…, words) → (…, words, vocabulary).

    sentences: how many full stops a row of numbers has; behind the last there is nothing.
    """
    ended = numbers == END
    there = (ended.cumsum(-1) - ended.long() < sentences).to(torch.get_default_dtype())
    return there.new_zeros(*numbers.shape, len(VOCABULARY)).scatter_(-1, numbers.long().unsqueeze(-1), there.unsqueeze(-1))


def as_sentences(split: Split) -> Split:
    """The sentences of stories one by one, each with the labels of its story: (n, 3, words, vocabulary) → (3n, words, vocabulary).

    Short sentences come again, in the test split too, as they do in any language.

    split: one of a data set of `texts`.
    """
    kept = _stories_in(split)
    return Split(kept.flatten(0, 1), None if split.y is None else split.y.repeat_interleave(SENTENCES, dim=0), read=words_to_one_hot)


def as_one_line(split: Split) -> Split:
    """Stories as one sequence, each sentence close behind the one before, zeros behind the third full stop: x (n, 42, vocabulary).

    split: one of a data set of `texts`.
    """
    kept = _stories_in(split)
    ended = kept == END
    nothing = (ended.cumsum(-1) - ended.long() > 0).flatten(1)
    order = nothing.to(torch.uint8).argsort(dim=1, stable=True)
    return Split(kept.flatten(1).gather(1, order), split.y, read=partial(words_to_one_hot, sentences=SENTENCES))


def to_words(rows: Tensor) -> str:
    """Text for a reader, with capitals and full stops: of one-hot rows, of what a model wrote (the largest counts), or of word numbers.

    Up to the full stop or the first row of zeros; sentences without a word are left out.

    rows: a sentence (words, vocabulary), a story (3, words, vocabulary) or one line (42, vocabulary); of word numbers, without the last.
    Raises ValueError for another shape and for numbers that no word has.
    """
    size, line, shape = len(VOCABULARY), SENTENCES * WORDS, tuple(rows.shape)
    one_hot = rows.is_floating_point()
    words = shape[:-1] if one_hot else shape
    if len(words) not in (1, 2) or one_hot and shape[-1] != size or len(words) == 2 and words[1] == line:
        raise ValueError(f"expected one text of shape (..., words, {size}), got {shape}. Take one example of a batch.")
    numbers = rows.detach().cpu()
    if one_hot:
        numbers = torch.where(numbers.any(-1), numbers.argmax(-1), END)
    if words == (line,):
        ends = [-1, *(numbers == END).nonzero().flatten().tolist(), line][: SENTENCES + 1]
        return spelled([its for before, end in pairwise(ends) for its in sentences_of(numbers[before + 1 : end])])
    return spelled(sentences_of(numbers))


def to_tokens(text: str) -> Tensor:
    """The word numbers of a text, one row a sentence: (sentences, 14), bytes, zeros behind the end. `words_to_one_hot` reads them.

    Raises ValueError that names a word which is none of the vocabulary and one that is near, a sentence that is too long, and no words.
    """
    sentences = sentences_of(text)
    if not sentences:
        raise ValueError("the text has no words, expected at least one.")
    for words in sentences:
        if len(words) >= WORDS:
            raise ValueError(f"{spelled([words])!r} has {len(words)} words, expected at most {WORDS - 1} a sentence.")
        for word in words:
            if word not in NUMBERS:
                near = get_close_matches(word, VOCABULARY, n=1, cutoff=0)[0]
                raise ValueError(f"the word {word!r} is not in the vocabulary. The nearest there is {near!r}; VOCABULARY holds them all.")
    return torch.tensor([[NUMBERS[word] for word in words] + [END] * (WORDS - len(words)) for words in sentences], dtype=torch.uint8)


def _stories_in(split: Split) -> Tensor:
    kept = split.kept
    if kept.is_floating_point() or kept.shape[1:] != (SENTENCES, WORDS):
        raise ValueError(
            f"expected stories kept as word numbers of shape (n, {SENTENCES}, {WORDS}), got {kept.dtype} of {tuple(kept.shape)}. "
            "Give a split of texts(...)."
        )
    return kept
