"""Melodies: tunes cut into two-bar windows, one token an eighth note, one-hot. Train and test are split by tune."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .dataset import Dataset, Split
from .tunes import LENGTHS, SHARPS, TUNES, Tune

# A step is an eighth note. What a token says about it: the note before sounds on, silence, the melody is over, or a note begins.
HOLD, REST, END, FIRST_PITCH = 0, 1, 2, 3
LOWEST, HIGHEST = 50, 86  # MIDI numbers: 60 is middle C, a step is a semitone
TOKENS = FIRST_PITCH + HIGHEST - LOWEST + 1
BARS = 2
STEPS = 17  # two bars of 4/4 and the token that ends them
MIDDLE = 66  # where a tune's mean pitch is to lie
KEYS = {"G": -5, "A": -3, "B♭": -2, "C": 0, "D": 2, "F": 5}  # semitones from C major, where minor and other modes use C major's notes

NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


@dataclass(frozen=True)
class Melody:
    """Notes in a row: (pitch, steps) each, the pitch as a MIDI number or None for a rest, a step an eighth note long."""

    notes: tuple[tuple[int | None, int], ...]

    @property
    def steps(self) -> int:
        """How many eighth notes it lasts."""
        return sum(steps for _, steps in self.notes)

    @property
    def pitches(self) -> list[int]:
        """The pitch of each note that sounds."""
        return [pitch for pitch, _ in self.notes if pitch is not None]

    def transposed(self, semitones: int) -> Melody:
        """The same tune, higher by so many semitones."""
        return Melody(tuple((None if pitch is None else pitch + semitones, steps) for pitch, steps in self.notes))

    def __add__(self, other: Melody) -> Melody:
        return Melody(self.notes + other.notes)

    def __str__(self) -> str:
        """For a reader: C4 is middle C, a number behind a colon the length in eighths where it is not 1."""
        names = ["rest" if p is None else f"{NAMES[p % 12]}{p // 12 - 1}" for p, _ in self.notes]
        return " ".join(name + (f":{steps}" if steps > 1 else "") for name, (_, steps) in zip(names, self.notes, strict=True))


def bars_of(tune: Tune) -> list[Melody]:
    """The tune bar by bar, in C major or the mode on C major's notes, near the middle of the range; an upbeat is left out.

    A note tied over a bar line begins anew in each bar; a short last bar is filled by its last note.
    """
    return [bar for bar, _ in _tied_bars_of(tune)]


def windows_of(tune: Tune) -> list[Melody]:
    """Every two bars in a row of a tune, each window once, those with fewer than three notes left out."""
    bars = _tied_bars_of(tune)
    pairs = [_joined(first, second) if tied else first + second for (first, tied), (second, _) in zip(bars[:-1], bars[1:], strict=True)]
    return [window for window in dict.fromkeys(pairs) if len(window.pitches) >= 3]


def to_tokens(melody: Melody | Sequence[Melody]) -> Tensor:
    """A melody as one-hot rows (STEPS, TOKENS), its end marked, rows of zeros behind it.

    melody: one, or several for (n, STEPS, TOKENS).
    Raises ValueError when it is empty, longer than STEPS − 1 eighths, or leaves the range of pitches.
    """
    if not isinstance(melody, Melody):
        return torch.stack([to_tokens(one) for one in melody])
    if not 1 <= melody.steps < STEPS:
        raise ValueError(f"the melody lasts {melody.steps} eighths, expected 1 to {STEPS - 1}. Cut it into windows.")
    tokens = []
    for pitch, steps in melody.notes:
        if pitch is not None and not LOWEST <= pitch <= HIGHEST:
            raise ValueError(f"pitch {pitch} leaves the range from {LOWEST} to {HIGHEST}. Transpose the melody.")
        if pitch is None:
            tokens += [REST] * steps
        else:
            tokens += [FIRST_PITCH + pitch - LOWEST] + [HOLD] * (steps - 1)
    rows = torch.zeros(STEPS, TOKENS)
    rows[torch.arange(len(tokens) + 1), torch.tensor([*tokens, END])] = 1
    return rows


def from_tokens(rows: Tensor) -> Melody:
    """The melody that one-hot rows spell, up to the end token or the first row of zeros.

    Made to read what a model wrote: a hold with nothing to hold is a rest.

    rows: (steps, TOKENS).
    Raises ValueError for another shape, and when there is no step before the end.
    """
    if rows.dim() != 2 or rows.shape[1] != TOKENS:
        raise ValueError(f"expected one melody of shape (steps, {TOKENS}), got {tuple(rows.shape)}. Take one example of a batch.")
    notes: list[tuple[int | None, int]] = []
    for row in rows.detach().cpu():
        token = int(row.argmax())
        if not row.any() or token == END:
            break
        if token >= FIRST_PITCH:
            notes.append((token - FIRST_PITCH + LOWEST, 1))
        elif (token == HOLD or notes and notes[-1][0] is None) and notes:
            notes[-1] = (notes[-1][0], notes[-1][1] + 1)
        else:
            notes.append((None, 1))
    if not notes:
        raise ValueError("the melody is over before its first step: expected at least one token before the end.")
    return Melody(tuple(notes))


def melodies(tunes: Sequence[Tune] = TUNES) -> Dataset:
    """Two-bar windows of all tunes as one-hot tokens.

    Every fifth tune is a test tune, its windows in C alone; the others are transposed into each of `KEYS`. A test window that a training
    tune holds too, note for note, is left out.

    tunes: what is cut into windows.
    x: (n, STEPS, TOKENS). Windows last 8, 12 or 16 eighths; what lies behind the end is zeros.
    y: (n,), the number of the tune, whose title stands in `classes`.
    """
    train, test = [], []
    for number, tune in enumerate(tunes):
        (test if number % 5 == 2 else train).extend((window, number) for window in windows_of(tune))
    known = {window for window, _ in train}
    test = [(window, number) for window, number in test if window not in known]
    train = [(window.transposed(shift), number) for shift in KEYS.values() for window, number in train]
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0)).tolist()
    return Dataset(
        name="melodies",
        train=_split([train[place] for place in order]),
        test=_split(test),
        classes=tuple(tune.title for tune in tunes),
        source=f"{len(tunes)} tunes out of copyright, two bars at a time",
        licence="public domain",
    )


def _split(windows: list[tuple[Melody, int]]) -> Split:
    return Split(to_tokens([window for window, _ in windows]), torch.tensor([number for _, number in windows]))


def in_words(melody: Melody) -> str:
    """The melody's notes for an alt text: "C4 for 2, E4, G4 for 3 eighths"."""
    names = ["rest" if pitch is None else f"{NAMES[pitch % 12]}{pitch // 12 - 1}" for pitch, _ in melody.notes]
    told = [name + (f" for {steps}" if steps > 1 else "") for name, (_, steps) in zip(names, melody.notes, strict=True)]
    return ", ".join(told) + " eighths"


def _tied_bars_of(tune: Tune) -> list[tuple[Melody, bool]]:
    """Each full bar, and whether its last note is tied to the next bar's first."""
    length = LENGTHS[tune.metre]
    bars = [Melody(bar.notes) for bar in tune.bars]
    pitches = [pitch for bar in bars for pitch in bar.pitches]
    upbeat = bars[0].steps < length
    if bars[-1].steps < length:
        pitch, steps = bars[-1].notes[-1]
        bars[-1] = Melody((*bars[-1].notes[:-1], (pitch, steps + length - bars[-1].steps)))
    home = -(7 * len(SHARPS[tune.key]) % 12)  # each sharp means a major scale that begins a fifth, seven semitones, higher
    shift = min((home - 12, home, home + 12), key=lambda semitones: abs(sum(pitches) / len(pitches) + semitones - MIDDLE))
    return [(bar.transposed(shift), one.tied) for bar, one in zip(bars, tune.bars, strict=True)][upbeat:]


def _joined(first: Melody, second: Melody) -> Melody:
    """Two bars with the last note of the first going on as the first of the second."""
    pitch, steps = first.notes[-1]
    return Melody((*first.notes[:-1], (pitch, steps + second.notes[0][1]), *second.notes[1:]))
