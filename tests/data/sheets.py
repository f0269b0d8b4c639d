"""A contact sheet of any data set: examples of both splits, as pictures, curves or text. The tests leave one of each in build/."""

from __future__ import annotations

import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import torch

from vae_course.data import Dataset, Split, to_strokes
from vae_course.data.melodies import from_tokens
from vae_course.data.texts import to_words

EACH = 20  # of either split
FOLDER = Path(__file__).resolve().parents[2] / "build" / "data"


def write_sheet(name: str, data: Dataset) -> Path:
    """Draw the first examples of both splits of `data`, each with its label, into build/data/NAME.png; the file's path."""
    shown = [(part, number) for part in (data.train, data.test) for number in range(min(EACH, len(part)))]
    across, down, inches = (2, 20, (14, 16)) if name == "texts" else (10, 4, (15, 6.6))
    figure, axes = plt.subplots(down, across, figsize=inches, layout="constrained")
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (part, number) in zip(axes.flat, shown, strict=False):
        axis.set_title(_label(data, part, number), fontsize=6)
        _draw(name, axis, part.rows(slice(number, number + 1))[0][0])
    figure.suptitle(f"{data!r}. {data.licence}.", fontsize=9)
    FOLDER.mkdir(parents=True, exist_ok=True)
    figure.savefig(FOLDER / f"{name}.png", dpi=110)
    plt.close(figure)
    return FOLDER / f"{name}.png"


def _label(data: Dataset, part: Split, number: int) -> str:
    if part.y is None:
        return ""
    label = part.y[number]
    return " ".join(map(str, label.tolist())) if label.dim() else str(data.classes[int(label)])


def _draw(name: str, axis, x: torch.Tensor) -> None:
    if name == "texts":
        axis.text(0, 0.5, "\n".join(textwrap.wrap(to_words(x), 110)), fontsize=8, va="center")
    elif name == "strokes":
        for line in to_strokes(x):
            axis.plot(*line.T.numpy(), linewidth=1)
        axis.set(xlim=(0, 28), ylim=(28, 0), aspect="equal")
    elif name == "melodies":
        notes = from_tokens(x).notes
        pitches = [pitch for pitch, steps in notes for _ in range(steps)]
        axis.plot([float("nan") if pitch is None else pitch for pitch in pitches], drawstyle="steps-post")
    elif x.dim() == 3:
        axis.imshow(x.permute(1, 2, 0).squeeze(-1).numpy(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    elif x.dim() == 2:
        seen = x[:, -1] > 0
        for channel in x[:, :-1].T:
            axis.plot(channel.masked_fill(~seen, float("nan")).numpy(), linewidth=0.8)
        axis.set_ylim(0, 1)
    else:
        axis.bar(range(len(x)), x.numpy())
