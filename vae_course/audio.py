"""Melodies to hear and to see: notes become sound with NumPy alone, or a picture with time from left to right and pitch upwards."""

from __future__ import annotations

import base64
import html
import io
import wave
from collections.abc import Sequence

import numpy as np

from .data.melodies import NAMES, Melody

RATE = 11025  # samples a second: enough for the partials below, and a notebook stays small
EIGHTHS_A_MINUTE = 264
A4_PITCH, A4_HERTZ = 69, 440.0
# Each partial's strength, and how many times a second it falls to 1/e: high ones fade first, as on a plucked or struck string.
PARTIALS = ((1, 1.0, 1.6), (2, 0.45, 2.4), (3, 0.20, 3.6), (4, 0.10, 5.0), (5, 0.05, 7.0))
ATTACK, RELEASE = 0.008, 0.12  # seconds; a note rings on for RELEASE after its written end
LOUDEST = 0.8
BLUE = "#0072B2"


def frequency(pitch: float) -> float:
    """The frequency in hertz of a MIDI pitch, equal temperament with A4 = 440: 12 semitones double it."""
    return A4_HERTZ * 2 ** ((pitch - A4_PITCH) / 12)


def sound(melody: Melody, *, eighths_a_minute: float = EIGHTHS_A_MINUTE, rate: int = RATE) -> np.ndarray:
    """The melody as samples between −1 and 1, `rate` a second: float32, as long as its notes and the last one's release.

    Raises ValueError for an empty melody, and for a tempo or rate that is not positive.
    """
    if not melody.notes or eighths_a_minute <= 0 or rate <= 0:
        raise ValueError(
            f"got {len(melody.notes)} notes, {eighths_a_minute} eighths a minute and a rate of {rate}, expected at least one note "
            "and numbers above 0."
        )
    step = 60 / eighths_a_minute
    samples = np.zeros(round((melody.steps * step + RELEASE) * rate))
    at = 0
    for pitch, steps in melody.notes:
        start = round(at * step * rate)
        if pitch is not None:
            note = _note(frequency(pitch), steps * step, rate)[: len(samples) - start]
            samples[start : start + len(note)] += note
        at += steps
    # One factor for all melodies: two overlapping notes at their loudest are full scale, so nothing is ever cut off.
    return (LOUDEST * samples / (1.5 * sum(strength for _, strength, _ in PARTIALS))).astype(np.float32)


class Player:
    """Sound in a notebook: named for a screen reader, deaf to shortcuts of the page around, and heard in a fresh copy of a notebook too.

    wav: the bytes of a WAV file. name: what is to be heard. The sound is the `src` of the `audio` element itself: in a notebook that nobody
    has run or trusted yet, JupyterLab takes away every `source` inside one. Where the element itself is taken away, a sentence stays.
    """

    def __init__(self, wav: bytes, name: str, *, autoplay: bool = False) -> None:
        self.wav, self.name, self.autoplay = wav, name, autoplay

    def __repr__(self) -> str:
        return f"A player: {self.name}. Run this cell to hear it."

    def _repr_html_(self) -> str:
        source = f"data:audio/wav;base64,{base64.b64encode(self.wav).decode('ascii')}"
        attributes = f'title="{html.escape(self.name)}" src="{source}"{" autoplay" if self.autoplay else ""}'
        return f'<audio controls class="vae-keys" data-lm-suppress-shortcuts="true" {attributes}>{html.escape(repr(self))}</audio>'


def play(melody: Melody | Sequence[Melody], *, name: str = "", autoplay: bool = False) -> Player:
    """A player for the melody (several: one after the other, with a breath between), with the sound in it.

    name: what a screen reader calls it; by default how many melodies it holds and how long they take.
    """
    samples = sound(_one_after_the_other(melody))
    told = "a melody" if isinstance(melody, Melody) else f"{len(melody)} melodies"
    return Player(to_wav(samples), name or f"{told}, {len(samples) / RATE:.0f} seconds", autoplay=autoplay)


def to_wav(samples: np.ndarray, *, rate: int = RATE) -> bytes:
    """Samples between −1 and 1 as the bytes of a WAV file: one channel, 16 bits. Raises ValueError when they leave that range."""
    if np.abs(samples).max(initial=0) > 1:
        raise ValueError(f"samples reach {np.abs(samples).max():.2f}, expected −1 to 1. Scale them down.")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples * 32767).round().astype("<i2").tobytes())
    return buffer.getvalue()


def piano_roll(melodies: Melody | Sequence[Melody], *, titles: Sequence[str] = (), columns: int = 4):
    """A matplotlib figure of one or more melodies: each note a bar, time from left to right in beats (quarter notes), pitch upwards.

    All share one scale. Show it with `show(piano_roll(...), alt)`; `data.melodies.in_words` puts a melody's notes into an alt text.
    """
    import matplotlib.pyplot as plt

    rolls = [melodies] if isinstance(melodies, Melody) else list(melodies)
    columns = min(columns, len(rolls))
    rows = -(-len(rolls) // columns)
    pitches = [pitch for melody in rolls for pitch in melody.pitches] or [60]
    low, high = min(pitches) - 1.5, max(pitches) + 1.5
    longest = max(melody.steps for melody in rolls) / 2
    figure, axes = plt.subplots(rows, columns, figsize=(max(3.6, 2.5 * columns), 1.9 * rows), squeeze=False, sharex=True, sharey=True)
    for number, axis in enumerate(axes.flat):
        if number >= len(rolls):
            axis.set_visible(False)
            continue
        at = 0
        for pitch, steps in rolls[number].notes:
            if pitch is not None:
                axis.barh(pitch, steps / 2 - 0.06, left=at / 2, height=0.9, color=BLUE)
            at += steps
        axis.set_axisbelow(True)
        axis.axvline(at / 2, color="#222222", linewidth=1.5)
        axis.set(xlim=(0, longest + 0.05), ylim=(low, high), xticks=np.arange(0, longest + 0.1, 2))
        cs = [pitch for pitch in range(int(np.ceil(low)), int(high) + 1) if pitch % 12 in (0, 7)]
        axis.set_yticks(cs, [f"{NAMES[pitch % 12]}{pitch // 12 - 1}" for pitch in cs])
        axis.set_title(titles[number] if number < len(titles) else "", fontsize=9)
    for axis in axes[-1]:
        axis.set_xlabel("beats")
    figure.tight_layout()
    return figure


def _note(hertz: float, seconds: float, rate: int) -> np.ndarray:
    """One note with its release: a quick rise, partials that fade each at its own pace, and a soft end."""
    t = np.arange(round((seconds + RELEASE) * rate)) / rate
    tone = sum(
        strength * np.exp(-fade * t) * np.sin(2 * np.pi * number * hertz * t)
        for number, strength, fade in PARTIALS
        if number * hertz < rate / 2  # a partial above half the rate would be heard as a wrong note
    )
    return tone * np.clip(t / ATTACK, 0, 1) * np.clip((seconds + RELEASE - t) / RELEASE, 0, 1)


def _one_after_the_other(melody: Melody | Sequence[Melody]) -> Melody:
    if isinstance(melody, Melody):
        return melody
    notes: list[tuple[int | None, int]] = []
    for one in melody:
        notes += [*([(None, 2)] if notes else []), *one.notes]
    return Melody(tuple(notes))
