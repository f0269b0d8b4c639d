"""Tunes as piano rolls: one over another that it is compared with, and a walk from one to another in a single picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..data.melodies import NAMES, Melody, in_words
from .output import figure_with
from .style import COLOURS, INK

RIGHT, WRONG, OWN = COLOURS[0], COLOURS[1], "#a9c9e6"
LINE = 30  # letters of a title, before it goes on below

COLUMN, ROW, LEFT = 2.05, 1.5, 0.6  # inches: of a roll, and left for names of pitches


def show_rolls(tunes: Mapping[str, Melody | tuple[Melody, Melody]], alt: str, *, columns: int = 4, wanted: bool = True) -> None:
    """Show tunes as piano rolls: time runs to the right, in eighths, pitch upwards; an upright line is the end. All on one scale.

    tunes: by name, each a melody, or two: (written, wanted). Then wanted's notes are outlines, and a written note is blue where one of
    wanted begins at the same step with the same pitch, else orange and hatched.
    wanted: whether the second tune was to be written. Where it stands only to compare with, notes of the first's own are pale instead.
    Raises ValueError when there is no tune, or one without notes.
    """
    pairs = {name: tune if isinstance(tune, tuple) else (tune, None) for name, tune in tunes.items()}
    everyone = [melody for pair in pairs.values() for melody in pair if melody is not None]
    if not everyone or not all(melody.notes for melody in everyone):
        raise ValueError("there is nothing to show: expected tunes by name, each with a note at least.")
    pitches = [pitch for melody in everyone for pitch in melody.pitches] or [60]
    low, high, longest = min(pitches) - 1, max(pitches) + 1, max(melody.steps for melody in everyone)
    columns = min(columns, len(pairs))
    rows = -(-len(pairs) // columns)
    size = (LEFT + COLUMN * columns, ROW * rows)
    with figure_with(alt, rows, columns, figsize=size, squeeze=False, sharex=True, sharey=True, layout="constrained") as (_, axes):
        for axis in axes.flat[len(pairs) :]:
            axis.set_axis_off()
        for axis, (name, (tune, other)) in zip(axes.flat, pairs.items(), strict=False):
            draw_roll(axis, tune, other, title=name, wrong=WRONG if wanted else OWN)
            axis.set(xlim=(0, longest + 0.2), ylim=(low - 0.5, high + 0.5), xticks=np.arange(0, longest + 1, 4))
        for axis in axes[-1]:
            axis.set_xlabel("eighths", fontsize=9)


def rolls_in_words(tunes: Mapping[str, tuple[Melody, Melody]]) -> str:
    """What `show_rolls` shows of pairs: how many notes of the second tune the first has, and the first's notes, for an alt text."""
    told = []
    for name, (tune, wanted) in tunes.items():
        expected = {(at, pitch) for at, pitch, _ in onsets(wanted)}
        both = sum((at, pitch) in expected for at, pitch, _ in onsets(tune))
        told.append(f"{name}, {both} of {len(expected)} notes shared: {in_words(tune)}.")
    return " ".join(told)


def draw_roll(axis: Axes, tune: Melody, wanted: Melody | None = None, *, title: str = "", wrong: str = WRONG) -> None:
    """Draw one roll of `show_rolls` onto an axis. wrong: the colour of notes that `wanted` has not; hatched where it blames."""
    known = None if wanted is None else {(at, pitch) for at, pitch, _ in onsets(wanted)}
    for at, pitch, steps in onsets(tune):
        right = known is None or (at, pitch) in known
        hatch = {"hatch": "////", "edgecolor": INK, "linewidth": 0.5} if wrong == WRONG and not right else {}
        look = {"facecolor": RIGHT if right else wrong, **hatch}
        axis.add_patch(_note(at, pitch, steps, 0.8, **look))
    for at, pitch, steps in onsets(wanted) if wanted else ():
        axis.add_patch(_note(at, pitch, steps, 1.0, facecolor="none", edgecolor=INK, linewidth=1.1))
    axis.axvline(tune.steps, color=INK, linewidth=1.5)
    pitches = tune.pitches + (wanted.pitches if wanted else [])
    axis.set(xlim=(0, tune.steps), ylim=(min(pitches, default=60) - 1.5, max(pitches, default=60) + 1.5))
    named = [pitch for pitch in range(36, 97) if pitch % 12 in (0, 7)]
    axis.set_yticks(named, [_name(pitch) for pitch in named])
    axis.tick_params(labelsize=8)
    axis.set_title(fill(title, LINE), fontsize=9)


def show_walk(tunes: Sequence[Melody], alt: str, *, place_label: str = "place on the way") -> None:
    """Show many tunes on the way from a first to a last as one picture: a row each, the first below, time to the right, pitch as colour.

    A thin gap is where a note begins; grey is silence; behind the end stands nothing. Raises ValueError for fewer than two tunes.
    """
    if len(tunes) < 2:
        raise ValueError(f"got {len(tunes)} tunes, expected at least two: the ends of the way.")
    longest = max(tune.steps for tune in tunes)
    pitches = np.full((len(tunes), longest), np.nan)
    with figure_with(alt, figsize=(6.6, 3.4), layout="constrained") as (figure, axis):
        height = 1 / (len(tunes) - 1)
        for row, tune in enumerate(tunes):
            axis.add_patch(Rectangle((0, (row - 0.5) * height), tune.steps, height, facecolor="#e6e6e6"))
            for at, pitch, steps in onsets(tune):
                pitches[row, at : at + steps] = pitch
        extent = (0, longest, -height / 2, 1 + height / 2)
        image = axis.imshow(pitches, cmap="viridis", origin="lower", aspect="auto", extent=extent, interpolation="nearest", zorder=2)
        for row, tune in enumerate(tunes):
            span = ((row - 0.5) * height, (row + 0.5) * height)
            for at, _, _ in onsets(tune):
                axis.plot([at] * 2, span, color="white", linewidth=1.2, zorder=3)
        ends = [tune.steps for tune in tunes for _ in range(2)]
        edges = [(row + side) * height for row in range(len(tunes)) for side in (-0.5, 0.5)]
        axis.plot(ends, edges, color=INK, linewidth=2.5, solid_joinstyle="miter", zorder=4)
        axis.set(xlim=(0, longest + 0.2), ylim=extent[2:], xlabel="eighths", ylabel=place_label)
        axis.grid(visible=False)
        bar = figure.colorbar(image, ax=axis)
        low, high = int(np.nanmin(pitches)), int(np.nanmax(pitches))
        named = [pitch for pitch in range(low, high + 1) if pitch % 12 in (0, 4, 7)]
        bar.set_ticks(named, labels=[_name(pitch) for pitch in named])


def onsets(tune: Melody) -> list[tuple[int, int, int]]:
    """(step, pitch, steps) of each note: when it begins, counted from 0, its MIDI number, and how long it sounds."""
    at, found = 0, []
    for pitch, steps in tune.notes:
        if pitch is not None:
            found.append((at, pitch, steps))
        at += steps
    return found


def _note(at: int, pitch: int, steps: int, height: float, **look) -> Rectangle:
    return Rectangle((at, pitch - height / 2), steps - 0.12, height, **look)


def _name(pitch: int) -> str:
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"
