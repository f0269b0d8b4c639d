"""What the grammar says of stories that a model wrote, and what stories cost who knows only which word stands behind which."""

from __future__ import annotations

import torch
from torch import Tensor

from ..data.stories import END, NUMBERS, TEXT_FACTORS, VOCABULARY, accepts, accepts_paragraph, describe
from ..data.texts import WORDS, to_words

OPENINGS = ("place of the time", "opening of the end")  # choices within a sentence: see `told_how`


def sentences_accepted(stories: Tensor) -> float:
    """The share of the sentences of `stories` (n, sentences, words, vocabulary), that the grammar knows, as of any story."""
    return _mean(accepts(to_words(sentence)) for story in stories for sentence in story)


def stories_accepted(stories: Tensor) -> float:
    """The share of `stories` (n, 3, words, vocabulary) that the grammar knows whole: three sentences, in this order, of one plot."""
    return _mean(accepts_paragraph(to_words(story)) for story in stories)


def kept(sentences: Tensor, levels: Tensor) -> dict[str, float]:
    """The share of `sentences` that can be told of the given topic, in the tense, by the person, with all three; and "accepted": at all.

    A sentence that fits several topics counts as kept where the given one is among them; one that the grammar refuses never counts.

    sentences: (n, words, vocabulary), one-hot. levels: (n, 3), integers, as the labels of `data.texts`.
    """
    found: dict[str, list[bool]] = {name: [] for name in (*TEXT_FACTORS, "all", "accepted")}
    for sentence, row in zip(sentences, levels.tolist(), strict=True):
        text = to_words(sentence)
        readings = describe(text) if text.count(".") == 1 else set()
        wanted = tuple(its[level] for its, level in zip(TEXT_FACTORS.values(), row, strict=True))
        for place, name in enumerate(TEXT_FACTORS):
            found[name].append(any(reading[place] == wanted[place] for reading in readings))
        found["all"].append(wanted in readings)
        found["accepted"].append(bool(readings))
    return {name: sum(values) / len(values) for name, values in found.items()}


def told_how(stories: Tensor) -> Tensor:
    """Choices that a sentence makes for itself, whatever the story is about: (n, 2) of 0 and 1.

    The first column: whether the first sentence begins with the time ("Yesterday I …") or ends with it; the second: whether the third
    begins with "So" or with "In the evening". stories: (n, 3, words, vocabulary), one-hot.
    """
    begins = {NUMBERS[word] for word in ("yesterday", "last", "every", "tomorrow", "next")}
    words = stories[:, (0, 2), 0].argmax(-1)
    first = torch.tensor([number in begins for number in words[:, 0].tolist()])
    return torch.stack([first, words[:, 1].cpu() == NUMBERS["so"]], 1).long()


class WordModel:
    """Words drawn by how often they stand in the training stories: alone (`order` 0), or behind the word before (1).

    Counts are raised by `extra` each, so that what was never seen is not impossible. Within a sentence the first word stands behind the
    number of the sentence. For who knows no more than this, `nats` is what a story costs.
    """

    def __init__(self, stories: Tensor, *, order: int, extra: float = 0.01) -> None:
        """stories: word numbers (n, sentences, words), zeros behind each full stop, as `data.texts` keeps them."""
        if order not in (0, 1):
            raise ValueError(f"order is {order}, expected 0 (words alone) or 1 (behind the word before).")
        self.order, self.sentences, size = order, stories.shape[1], len(VOCABULARY)
        before, words, there = self._pairs(stories)
        counts = torch.zeros(size + self.sentences, size, dtype=torch.float64)
        counts.index_put_((before[there], words[there]), torch.ones(int(there.sum()), dtype=torch.float64), accumulate=True)
        self.log_chances = (counts + extra).div((counts + extra).sum(1, keepdim=True)).log()

    def nats(self, stories: Tensor) -> Tensor:
        """What each story costs, (n,): −log p summed over its words, full stops included."""
        before, words, there = self._pairs(stories)
        return -(self.log_chances[before, words] * there).sum((1, 2))

    def draw(self, n: int, seed: int = 0) -> Tensor:
        """Stories drawn word by word: one-hot, (n, sentences, words, vocabulary)."""
        generator = torch.Generator().manual_seed(seed)
        place = torch.arange(self.sentences).expand(n, -1) + len(VOCABULARY)
        before, written, going = place if self.order else torch.zeros_like(place), [], torch.ones_like(place)
        for _ in range(WORDS):
            chances = self.log_chances[before].exp().float().flatten(0, 1)
            word = torch.multinomial(chances, 1, generator=generator).view_as(place)
            written.append(torch.nn.functional.one_hot(word, len(VOCABULARY)) * going.unsqueeze(-1))
            going = going * (word != END)
            before = word if self.order else before
        return torch.stack(written, 2).to(torch.get_default_dtype())

    def _pairs(self, stories: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        words = stories.long()
        place = (torch.arange(self.sentences) + len(VOCABULARY)).view(1, -1, 1).expand(len(words), -1, 1)
        before = torch.cat([place, words[..., :-1]], -1) if self.order else torch.zeros_like(words)
        ended = words == END
        return before, words, ended.cumsum(-1) - ended.long() == 0


def _mean(answers) -> float:
    values = list(answers)
    return sum(values) / len(values)
