"""Tunes out of copyright, as `tunes.abc` holds them: abc notation, a text that a musician can read, mend and play.

What is read of the standard (abcnotation.com, version 2.1) is what a plain melody needs: C D E F G A B is the octave from middle C,
c d e … the one above, C, D, E, … the one below, and c' d' e' … higher still. A number is a length in eighth notes (C2: a quarter), z a
rest, | a bar line; a minus sign at a bar's end ties its last note to the next bar's first. ^ raises a note by a semitone, _ lowers it, =
takes either back, to the end of the bar; the key's own sharps need no sign. A tune may begin in mid-bar; its last bar may then be short.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

LENGTHS = {"4/4": 8, "3/4": 6, "6/8": 6, "2/4": 4}  # of a bar, in eighths
SHARPS = {"C": "", "Am": "", "Ddor": "", "G": "F", "Edor": "FC"}  # what a key raises
KNOWN = {"M": LENGTHS, "L": ("1/8",), "K": SHARPS}
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHIFT = {"^": 1, "_": -1, "=": 0}
COMMENT = re.compile(r"^%.*\n|%.*", re.MULTILINE)
BAR_LINE = re.compile(r"\s*\|\|?\s*")
NOTE = re.compile(r"(?:(?P<sign>[\^_=]?)(?P<letter>[A-Ga-g])(?P<octave>[,']*)|z)(?P<length>[1-9]\d*)?")


@dataclass(frozen=True)
class Bar:
    """What stands between two bar lines.

    notes: (pitch, steps) each, the pitch as a MIDI number (60: middle C) or None for a rest, a step an eighth note long.
    tied: whether the last note sounds on as the first of the next bar.
    """

    notes: tuple[tuple[int | None, int], ...]
    tied: bool = False


@dataclass(frozen=True)
class Tune:
    """A melody: its title, who made it, when and where, its metre (of `LENGTHS`), its key (of `SHARPS`) and all its bars in order."""

    title: str
    origin: str
    metre: str
    key: str
    bars: tuple[Bar, ...]


def read_abc(text: str) -> tuple[Tune, ...]:
    """The tunes in a text: each begins with X: and a number, and ends at an empty line.

    text: of a tune T: is the title, C: and S: (composer, source) are the origin, M: the metre, L: the unit of length, K: the key; then come
        the notes. Other fields, and what follows a %, are passed over.
    Raises ValueError that names the tune and the bar (an upbeat is bar 1) for what cannot be read, a bar that does not fill its metre or a
    tie that leads to another note, and the tune for a field that is missing or unknown.
    """
    blocks = re.split(r"\n\s*\n", COMMENT.sub("", text))
    return tuple(_read_tune(block.strip().splitlines()) for block in blocks if block.strip())


def _read_tune(lines: list[str]) -> Tune:
    if not lines[0].startswith("X:"):
        raise ValueError(f"a tune begins with {lines[0]!r}, expected X: and its number. Take out the empty line before it.")
    header = next((number for number, line in enumerate(lines, start=1) if line.startswith("K:")), len(lines))
    fields = {line[0]: line[2:].strip() for line in reversed(lines[:header]) if line[1:2] == ":"}  # of two titles the first counts
    title = fields.get("T", lines[0])
    for line in lines[:header]:
        if line[1:2] != ":":
            raise ValueError(f"{title}: {line!r} stands before the key, expected a field like T: or M:. K: comes last, then the notes.")
    if "T" not in fields:
        raise ValueError(f"{title}: T: is missing, expected a title. Give one on the next line.")
    for letter, known in KNOWN.items():
        if fields.get(letter) not in known:
            raise ValueError(f"{title}: {letter}: is {fields.get(letter, 'missing')}, expected one of: {', '.join(known)}.")
    texts = BAR_LINE.split(" ".join(lines[header:]).strip(" |]"))
    bars = [_read_bar(text, fields["K"], f"{title}: bar {number}") for number, text in enumerate(texts, start=1)]
    _check_bars(bars, fields["M"], title)
    origin = ", ".join(fields[letter] for letter in "CS" if letter in fields)
    return Tune(title, origin, fields["M"], fields["K"], tuple(bars))


def _read_bar(text: str, key: str, where: str) -> Bar:
    music = text.removesuffix("-")
    left = NOTE.sub("", music).strip()
    if left or not music:
        raise ValueError(f"{where}, {text!r}: cannot read {left!r}, expected notes like C2, ^f or z4.")
    signs, notes = dict.fromkeys(SHARPS[key], 1), []
    for found in NOTE.finditer(music):
        letter, pitch = found["letter"], None
        if letter:
            octave = found["octave"].count("'") - found["octave"].count(",") + letter.islower()
            if found["sign"]:
                signs[letter.upper()] = SHIFT[found["sign"]]  # in every octave, says the standard
            pitch = 60 + 12 * octave + SEMITONES[letter.upper()] + signs.get(letter.upper(), 0)
        notes.append((pitch, int(found["length"] or 1)))
    return Bar(tuple(notes), tied=text != music)


def _check_bars(bars: list[Bar], metre: str, title: str) -> None:
    """Raise ValueError unless each bar fills the metre, upbeat and last bar together at least, and each tie leads to the same note."""
    length, steps = LENGTHS[metre], [sum(steps for _, steps in bar.notes) for bar in bars]
    upbeat = min(steps[0], length)
    rest = f", or {length - upbeat} beside an upbeat of {upbeat}," if upbeat < length else ""
    for number, bar in enumerate(bars, start=1):
        first, last = number == 1, number == len(bars)
        if steps[number - 1] not in [length] + [upbeat] * first + [length - upbeat] * last:
            raise ValueError(f"{title}: bar {number} has {steps[number - 1]} eighths, expected {length}{rest * last} in {metre}.")
        if bar.tied and (last or bar.notes[-1][0] is None or bar.notes[-1][0] != bars[number].notes[0][0]):
            raise ValueError(f"{title}: bar {number} ends in a tie, expected the next one to begin with the same note.")


TUNES = read_abc(Path(__file__).with_name("tunes.abc").read_text(encoding="utf-8"))
