"""Stories of the course's grammar: written, read, judged, told in another tense or person, and measured to the last nat."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
from torch import Tensor

from . import choices
from .choices import FAIR, Text, drawn, everything, read, words_in
from .grammar import GRAMMAR, PERSONS, RULES, TENSES, TURNS, Plot, Reading

SENTENCES = len(RULES)
END = 0
VOCABULARY = (".", *sorted(GRAMMAR.words(), key=str.lower))  # a word's place is its number; END, a full stop, closes each sentence
NUMBERS = {word: number for number, word in enumerate(VOCABULARY)}
TEXT_FACTORS: dict[str, tuple] = {"topic": tuple(GRAMMAR.things), "tense": TENSES, "person": tuple(PERSONS)}

Sentence = tuple[str, ...]


def stories(seed: int = 0) -> Iterator[tuple[Plot, list[Sentence]]]:
    """Stories without end, each drawn from all of them: the plot, and three sentences as tuples of words. The same for the same seed."""
    numbers = _numbers(seed)
    things = [(topic, thing) for topic, its in GRAMMAR.things.items() for thing in its]
    while True:
        thing, *others = (its[next(numbers) % len(its)] for its in (things, TENSES, tuple(PERSONS), GRAMMAR.company, TURNS))
        plot = Plot(*thing, *others)
        yield plot, [tuple(drawn(_texts(i)[plot.of_sentence(i)], numbers)) for i in range(SENTENCES)]


def story(*, topic: str | None = None, tense: str | None = None, person: str | None = None, seed: int = 0) -> str:
    """One story, as text.

    topic, tense, person: one of `TEXT_FACTORS` each, or None to leave it to chance.
    seed: the same gives the same story.
    Raises ValueError for an unknown topic, tense or person.
    """
    wanted = _levels(topic=topic, tense=tense, person=person)
    return next(spelled(its) for plot, its in stories(seed) if all(getattr(plot, name) == level for name, level in wanted.items()))


def accepts(sentence: str | Sequence[int] | Tensor) -> bool:
    """Whether the grammar knows a sentence, as any sentence of any story.

    sentence: words, in a string; or their numbers in `VOCABULARY`, in a sequence of integers or a tensor (words,).
    """
    sentences = sentences_of(sentence)
    return len(sentences) == 1 and any(True for place in range(SENTENCES) for _ in _derivations(place, sentences[0]))


def accepts_paragraph(text: str | Sequence[Sequence[int]] | Tensor) -> bool:
    """Whether the grammar knows a story: three sentences, in this order, of one plot.

    text: three sentences in a string; or the numbers of their words, in three rows.
    """
    return any(True for _ in _tellings(sentences_of(text)))


def describe(text: str | Sequence | Tensor) -> set[Reading]:
    """Each (topic, tense, person) that a sentence or a story can be told in; none where the grammar does not know it.

    A sentence may leave some of it open: in "In the evening I put them beside the window" the tense. A story leaves nothing open.

    text: one sentence or a story, as for `accepts` and `accepts_paragraph`.
    """
    sentences = sentences_of(text)
    if len(sentences) == 1:
        return {plot.reading for i in range(SENTENCES) for plot, _, _ in _derivations(i, sentences[0])}
    return {plot.reading for plot, _, _ in _tellings(sentences)}


def log_prob(text: str | Sequence | Tensor) -> float:
    """The logarithm, in nats, of how likely the grammar writes just this story; or this sentence, as one of a story's three at random.

    text: one sentence or a story, as for `accepts` and `accepts_paragraph`. −∞ for what the grammar does not know.
    """
    sentences = sentences_of(text)
    if len(sentences) == 1:
        found = [1 / (SENTENCES * len(_texts(i)) * ways) for i in range(SENTENCES) for _, _, ways in _derivations(i, sentences[0])]
    else:
        found = [1 / (len(GRAMMAR.plots) * ways) for _, _, ways in _tellings(sentences)]
    return math.log(math.fsum(found)) if found else -math.inf


def entropy() -> float:
    """How many nats a story holds: the mean of −`log_prob` over all that the grammar writes, exactly.

    No model can write down stories in fewer nats on average, and a VAE's bound lies above it too.
    """
    means = (sum(map(choices.entropy, texts.values())) / len(texts) for texts in map(_texts, range(SENTENCES)))
    return math.log(len(GRAMMAR.plots)) + sum(means)


def sentence_entropy(place: int | None = None) -> float:
    """How many nats a sentence holds, if it comes alone: one of the three at random, or always that at `place` (0, 1 or 2)."""
    return -sum(chance * math.log(chance) for chance in sentence_chances(place).values())


def count() -> dict[str, int]:
    """How many different sentences and paragraphs there are."""
    paragraphs = sum(math.prod(choices.count(_texts(i)[plot.of_sentence(i)]) for i in range(SENTENCES)) for plot in GRAMMAR.plots)
    return {"sentences": len(sentence_chances()), "paragraphs": paragraphs}


def longest_sentence() -> int:
    """How many words the longest has."""
    return max(choices.longest(text) for place in range(SENTENCES) for text in _texts(place).values())


@cache
def sentence_chances(place: int | None = None) -> dict[Sentence, float]:
    """Every sentence, and how likely it is: as one of the three at random, or as that at `place` (0, 1 or 2)."""
    places = range(SENTENCES) if place is None else (place,)
    chances: dict[Sentence, float] = {}
    for texts in map(_texts, places):
        for text in texts.values():
            for words, ways in everything(text):
                chances[words] = chances.get(words, 0.0) + 1 / (len(places) * len(texts) * ways)
    return chances


def retell(text: str | Sequence | Tensor, *, tense: str | None = None, person: str | None = None) -> str:
    """The same story, or the same sentence, in another tense, by another person, or both: what an edit of a code ought to give.

    text: one sentence or a story, as for `accepts` and `accepts_paragraph`.
    tense, person: one of `TEXT_FACTORS`, or None to keep it.
    Raises ValueError for another tense or person, and for a text that the grammar does not know.
    """
    changes = _levels(tense=tense, person=person)
    sentences = sentences_of(text)
    if len(sentences) == 1:
        found = ((plot, [(i, taken)]) for i in range(SENTENCES) for plot, taken, _ in _derivations(i, sentences[0]))
    else:
        found = ((plot, list(enumerate(taken))) for plot, taken, _ in _tellings(sentences))
    for plot, told in found:
        other = replace(plot, **changes)
        return spelled([list(drawn(_texts(i)[other.of_sentence(i)], iter(taken))) for i, taken in told])
    raise ValueError(f"the grammar does not know {spelled(sentences)!r}, expected a sentence or a story of its own.")


def spelled(sentences: Sequence[Sequence[str]]) -> str:
    """Words as text: a capital at the beginning of each sentence that has words, a full stop behind it."""
    texts = (" ".join(words) for words in sentences if words)
    return " ".join(text[0].upper() + text[1:] + "." for text in texts)


def sentences_of(text: str | Sequence | Tensor) -> list[Sentence]:
    """The sentences of a text, each a tuple of words: of a string, of word numbers up to END, or of rows of these.

    Raises ValueError for numbers that no word has.
    """
    if isinstance(text, str):
        return [tuple(_as_known(word) for word in part.split()) for part in text.split(".") if part.strip()]
    numbers = np.asarray(text.cpu() if isinstance(text, Tensor) else text)
    known = numbers.dtype.kind in "iu" and not (numbers.size and (numbers.min() < 0 or numbers.max() >= len(VOCABULARY)))
    if numbers.ndim not in (1, 2) or not known:
        raise ValueError(f"expected words or their numbers, 0 to {len(VOCABULARY) - 1}, one row a sentence, got {text!r}.")
    rows = ([VOCABULARY[number] for number in row] for row in np.atleast_2d(numbers).tolist())
    return [words for words in (tuple(row[: row.index(".")] if "." in row else row) for row in rows) if words]


def _levels(**levels: str | None) -> dict[str, str]:
    """Those that are not None."""
    chosen = {name: level for name, level in levels.items() if level is not None}
    for name, level in chosen.items():
        if level not in TEXT_FACTORS[name]:
            raise ValueError(f"unknown {name} {level!r}, expected one of: {', '.join(TEXT_FACTORS[name])}.")
    return chosen


def _as_known(word: str) -> str:
    return word if word in NUMBERS else word.lower()


def _numbers(seed: int) -> Iterator[int]:
    state = np.random.RandomState(seed)
    while True:
        yield from state.randint(FAIR, size=4096, dtype=np.int64).tolist()


@cache
def _texts(place: int) -> dict[Plot, Text]:
    """What the sentence at `place` may say, for all plots that make a difference to it; each of these is as likely as the others."""
    return {plot: GRAMMAR.tell(place, plot) for plot in dict.fromkeys(plot.of_sentence(place) for plot in GRAMMAR.plots)}


@cache
def _lexicons(place: int) -> list[tuple[Plot, int]]:
    """For each plot of `_texts`, the words that its text holds."""
    return [(plot, _bits(words_in(text))) for plot, text in _texts(place).items()]


def _bits(words: Iterable[str]) -> int:
    """Which words these are, as the bits of one number: sets of words are then quickly compared."""
    return sum(1 << NUMBERS[word] for word in set(words))


def _derivations(place: int, words: Sentence) -> Iterator[tuple[Plot, tuple[int, ...], int]]:
    """Each way in which `words` can be the sentence at `place`: the plot, the alternatives taken, and one in how many texts it is."""
    if all(word in NUMBERS for word in words):
        bits = _bits(words)
        for plot in (plot for plot, known in _lexicons(place) if not bits & ~known):
            yield from ((plot, taken, ways) for taken, ways in _readings(place, plot, words))


def _readings(place: int, plot: Plot, words: Sentence) -> Iterator[tuple[tuple[int, ...], int]]:
    whole = read(_texts(place)[plot.of_sentence(place)], words)
    return ((taken, ways) for end, taken, ways in whole if end == len(words))


def _tellings(sentences: Sequence[Sentence]) -> Iterator[tuple[Plot, list[tuple[int, ...]], int]]:
    """Each way in which three sentences can be a story: the plot, the alternatives taken in each, and one in how many it is."""
    if len(sentences) != SENTENCES:
        return
    for begun, first, ways in _derivations(0, sentences[0]):
        for plot in (replace(begun, turn=turn) for turn in TURNS):
            for (second, more), (third, most) in product(*(list(_readings(i, plot, sentences[i])) for i in (1, 2))):
                yield plot, [first, second, third], ways * more * most
