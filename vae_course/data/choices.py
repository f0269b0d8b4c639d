"""Texts that leave choices, each alternative as likely as the others: drawn from, read back, counted and measured."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Union

MOST = 16  # alternatives of one choice
FAIR = math.lcm(*range(1, MOST + 1))  # a whole number below it, drawn at random, is modulo k ≤ MOST a fair choice of one in k

# Words and, among them, choices: tuples of texts of which one is to be taken.
Text = tuple[Union[str, "Choice"], ...]
Choice = tuple[Text, ...]


def words_in(text: Text) -> Iterator[str]:
    """Every word that stands in a text, those of all alternatives included."""
    for part in text:
        if isinstance(part, str):
            yield part
        else:
            for alternative in part:
                yield from words_in(alternative)


def drawn(text: Text, numbers: Iterator[int]) -> Iterator[str]:
    """One text of words: each choice takes the next of `numbers`, modulo how many alternatives it has."""
    for part in text:
        if isinstance(part, str):
            yield part
        else:
            yield from drawn(part[next(numbers) % len(part)], numbers)


def read(text: Text, words: Sequence[str], start: int = 0) -> Iterator[tuple[int, tuple[int, ...], int]]:
    """Each way in which a text can say `words[start:end]`: the end, the number of each alternative taken, and one in how many this is."""
    if not text:
        yield start, (), 1
        return
    first, *rest = text
    if isinstance(first, str):
        begun = [(start + 1, (), 1)] if words[start : start + 1] == (first,) else []
    else:
        begun = [
            (end, (number, *taken), len(first) * ways)
            for number, alternative in enumerate(first)
            for end, taken, ways in read(alternative, words, start)
        ]
    for middle, before, ways in begun:
        for end, after, more in read(tuple(rest), words, middle):
            yield end, before + after, ways * more


def everything(text: Text) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every text of words that can be taken, and one in how many it is."""
    if not text:
        yield (), 1
        return
    first, *rest = text
    begun = [((first,), 1)] if isinstance(first, str) else [(w, len(first) * ways) for one in first for w, ways in everything(one)]
    behind = list(everything(tuple(rest)))
    yield from ((before + after, ways * more) for before, ways in begun for after, more in behind)


def count(text: Text) -> int:
    """How many there are."""
    return math.prod(sum(map(count, part)) for part in text if not isinstance(part, str))


def entropy(text: Text) -> float:
    """Of what is drawn, in nats, if no two ways lead to the same words."""
    return sum(math.log(len(part)) + sum(map(entropy, part)) / len(part) for part in text if not isinstance(part, str))


def longest(text: Text) -> int:
    """How many words the longest has."""
    return sum(1 if isinstance(part, str) else max(map(longest, part)) for part in text)
