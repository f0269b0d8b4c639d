"""Tune mixer: slide between two melodies by their codes, see the notes of what is between them, and hear it.

The kernel draws it: a melody is what has to be heard, and its sound is made in Python.
"""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from ..audio import sound, to_wav
from ..data.dataset import as_examples
from ..data.melodies import NAMES, Melody, from_tokens, in_words, to_tokens
from ..models import RecurrentVAE
from ..models.base import latent_path
from ..plots import COLOURS
from . import drawing
from .explorer import Explorer, Slider
from .latents import codes, decoder_of

STEPS = 51
STOPS = (0, 12, 25, 38, 50)
ROOM = 0.8  # beats, left of the first, for the names of pitches


class TuneMixer(Explorer):
    """Slide from one melody to another on the straight line between their codes; a player below the picture holds the sound of each place.

    model: a `RecurrentVAE` of melodies. first, second: each a `Melody` or a one-hot window (STEPS, TOKENS). titles: of the two.
    The control is `position`, from 0 (the first as the model writes it again) to 1 (the second); `melody` is what is shown and heard.
    """

    title = "Tune mixer"
    picture_width = 480

    def __init__(
        self, model: RecurrentVAE, first: Melody | Tensor, second: Melody | Tensor, *, titles: tuple[str, str] = ("first", "second")
    ) -> None:
        windows = [to_tokens(one) if isinstance(one, Melody) else as_examples(one) for one in (first, second)]
        self.ends = [from_tokens(window) for window in windows]
        self.titles = titles
        z = codes(model, torch.stack(windows))
        with torch.no_grad():
            written = decoder_of(model)(latent_path(z[0], z[1], STEPS))
        self.melodies = [_read(rows) for rows in written]
        pitches = [pitch for melody in (*self.ends, *self.melodies) for pitch in melody.pitches]
        self.low, self.high = min(pitches) - 1.5, max(pitches) + 1.5
        self.sounding: Melody | None = None
        super().__init__([Slider("position", f"from {titles[0]} to {titles[1]}", 0.0, 1.0, 0.5, 0.02)])

    @property
    def melody(self) -> Melody:
        """What is written for the code at the slider's place."""
        return self.melodies[round(self.values["position"] * (STEPS - 1))]

    def draw(self) -> Image.Image:
        if self.melody != self.sounding:  # a sound is large: it is sent only when the notes are others
            self.panel.sound = to_wav(sound(self.melody))
            self.sounding = self.melody
        ends = (self._roll(melody, 200, 140, COLOURS[6], title) for melody, title in zip(self.ends, self.titles, strict=True))
        return drawing.above(
            self._roll(self.melody, self.picture_width, 210, COLOURS[0], f"at {self.values['position']:.2f}"), drawing.beside(*ends)
        )

    def says(self) -> list[str]:
        heard = set(_onsets(self.melody))
        shares = [
            f"{len(heard & set(_onsets(end)))} of {len(end.pitches)} notes of {title}"
            for end, title in zip(self.ends, self.titles, strict=True)
        ]
        return [f"It has {' and '.join(shares)}.", str(self.melody)]

    def alt(self) -> str:
        share = round(100 * self.values["position"])
        return (
            f"A piano roll {share} % of the way from {self.titles[0]} to {self.titles[1]}: {in_words(self.melody)}. Below, the two tunes."
        )

    def sheet(self) -> Image.Image:
        between = [self._roll(self.melodies[at], 190, 140, COLOURS[0], f"{at / (STEPS - 1):.2f}") for at in STOPS]
        rows = [
            self._roll(self.ends[0], 190, 140, COLOURS[6], self.titles[0]),
            *between,
            self._roll(self.ends[1], 190, 140, COLOURS[6], self.titles[1]),
        ]
        blank = Image.new("RGB", rows[0].size, drawing.PAPER)
        return drawing.above(drawing.beside(*rows[:4]), drawing.beside(*rows[4:], blank))

    def sheet_alt(self) -> str:
        told = "; ".join(f"at {at / (STEPS - 1):.2f}, {in_words(self.melodies[at])}" for at in STOPS)
        return (
            f"Seven piano rolls: {self.titles[0]}, then what is written for five codes on the way, then {self.titles[1]}. "
            f"{self.titles[0]} is {in_words(self.ends[0])}. Between: {told}. {self.titles[1]} is {in_words(self.ends[1])}."
        )

    def _roll(self, melody: Melody, width: int, height: int, colour: str, title: str) -> Image.Image:
        longest = max(one.steps for one in (*self.ends, *self.melodies)) / 2
        names = {
            pitch: f"{NAMES[pitch % 12]}{pitch // 12 - 1}" for pitch in range(int(self.low) + 1, int(self.high) + 1) if pitch % 12 == 0
        }
        x_ticks = range(0, int(longest) + 1, 4)
        plot = drawing.Plot(width, height, x=(-ROOM, longest), y=(self.low, self.high), x_ticks=x_ticks, x_label="beats", y_label=title)
        for pitch, name in names.items():
            plot.curve([0, longest], [pitch, pitch], drawing.FAINT, width=1)
            plot.say(-0.1, pitch, name, anchor="rm", size=9)
        at = 0
        for pitch, steps in melody.notes:
            if pitch is not None:
                left, top = plot.at(at / 2, pitch + 0.45)
                right, bottom = plot.at((at + steps) / 2, pitch - 0.45)
                plot.draw.rectangle([left + 1, top, max(right - drawing.DENSITY, left + 2), bottom], fill=colour)
            at += steps
        plot.upright(at / 2, self.high, drawing.INK)
        return plot.picture


def _read(rows: Tensor) -> Melody:
    """What a model wrote, as a melody; a step of silence where it wrote nothing at all."""
    try:
        return from_tokens(rows)
    except ValueError:
        return Melody(((None, 1),))


def _onsets(melody: Melody) -> list[tuple[int, int]]:
    """(step, pitch) of each note that begins."""
    at, found = 0, []
    for pitch, steps in melody.notes:
        if pitch is not None:
            found.append((at, pitch))
        at += steps
    return found
