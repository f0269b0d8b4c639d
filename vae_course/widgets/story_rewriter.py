"""Story rewriter: one latent above three, each of which can be drawn anew while the others are held.

The kernel draws it: what a writer writes word by word is no image that a decoder paints at once.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import torch
from PIL import Image, ImageColor, ImageDraw
from torch import Tensor

from ..models import ParagraphVAE
from ..models.base import evaluating
from ..plots.stories import TOPIC_COLOURS, cells_of
from . import drawing
from .explorer import Choice, Explorer, Slider
from .latents import codes

LAST_DRAW = 20
CHARACTERS, LINE, PAD, NAME = 76, 19, 8, 112  # of a line; screen pixels: of a line, around a sentence, for a row's name
Cells = list[tuple[str, str | None]]


class StoryRewriter(Explorer):
    """A story, and what is written when its paragraph's latent or a sentence's is drawn anew: `StoryRewriter(model, stories)`.

    A slider at 0 holds what the story's own latent says; at any other place it stands for one draw, always the same. What a sentence says
    for itself is held as its distance from p(z_s | z_p) in standard deviations, so that it can be held under another z_p, too. Words are
    the likeliest: all that changes comes from the latents.
    model: a `ParagraphVAE` of two levels. stories: (n, sentences, words, vocabulary), at most a few, to choose from.
    The controls are `story`, `paragraph` and `sentence_1`, `sentence_2` …; `cells` holds the sentences that are shown, with their topics.
    Raises ValueError when the model is flat.
    """

    title = "Story rewriter"
    picture_width = 720

    def __init__(self, model: ParagraphVAE, stories: Tensor) -> None:
        z = codes(model, stories, None)
        self.model, self.stories, self.own = model, stories, model.own_part(z)
        self.z_p = model.levels(z)[1]
        self.names = [f"sentence_{number + 1}" for number in range(model.sentences)]
        generator = torch.Generator().manual_seed(0)
        self.draws = torch.randn(LAST_DRAW, model.latent_size, generator=generator).to(z)
        options = tuple(f"story {number + 1}" for number in range(len(stories)))
        levels = {"paragraph": "z_p"} | {name: f"z_{number + 1}" for number, name in enumerate(self.names)}
        self.cells: Cells = []
        super().__init__(
            [
                Choice("story", "the story that is encoded", options, options[0]),
                *(Slider(name, f"{latent}: 0 holds it, else a draw", 0, LAST_DRAW, 0, 1) for name, latent in levels.items()),
            ]
        )

    @torch.no_grad()
    def written(self, values: Mapping) -> Cells:
        """The sentences for where the controls stand, each with its topic as `plots.stories.cells_of` reads it."""
        row = int(str(values["story"]).rpartition(" ")[2]) - 1
        z_p, own = self.z_p[row], self.own[row].clone()
        z_s_drawn, z_p_drawn = self.model.levels(self.draws)
        if values["paragraph"]:
            z_p = z_p_drawn[int(values["paragraph"]) - 1]
        for place, name in enumerate(self.names):
            if values[name]:
                own[place] = z_s_drawn[int(values[name]) - 1, place]
        with evaluating(self.model):
            return cells_of(self.model.decode(self.model.with_paragraph(z_p, own)).mode.cpu())

    def draw(self) -> Image.Image:
        self.cells = self.written(self.values)
        row = int(self.values["story"].rpartition(" ")[2]) - 1
        places = {control.label.partition(":")[0]: int(self.values[name]) for name, control in self.controls.items() if name != "story"}
        told = "     ".join(f"{latent}: {f'draw {place}' if place else 'held'}" for latent, place in places.items())
        return _table([("the story", cells_of(self.stories[row])), ("written", self.cells)], told)

    def held(self) -> str:
        """Which latents are drawn anew, in words."""
        anew = [control.label.partition(":")[0] for name, control in self.controls.items() if name != "story" and self.values[name]]
        return f"drawn anew: {', '.join(anew)}" if anew else "all latents are the story's own"

    def says(self) -> list[str]:
        return [" ".join(text for text, _ in self.cells), self.held()]

    def alt(self) -> str:
        told = "; ".join(f"{text} ({_topic(topic)})" for text, topic in self.cells)
        return f"{self.values['story'].capitalize()}, and below it what is written, {self.held()}: {told}."

    def _rows(self) -> list[tuple[str, Cells]]:
        """The still twin's rows: the first story, then one latent at a time drawn anew."""
        nothing = {name: control.default for name, control in self.controls.items()}
        rows = [("the story", cells_of(self.stories[0])), ("all held", self.written(nothing))]
        for name in ("paragraph", *self.names):
            label = "z_p anew" if name == "paragraph" else f"z_{name[-1]} anew"
            rows.append((label, self.written(nothing | {name: 3})))
        return rows

    @torch.inference_mode()
    def sheet(self) -> Image.Image:
        return _table(self._rows())

    @torch.inference_mode()
    def sheet_alt(self) -> str:
        told = " ".join(f"{name.capitalize()}: {' '.join(text for text, _ in cells)}" for name, cells in self._rows())
        return f"A story, and what is written of it with all latents held and with one at a time drawn anew. {told}"


def _topic(topic: str | None) -> str:
    return "not in the grammar" if topic is None else topic or "fits several topics"


def _table(rows: list[tuple[str, Cells]], below: str = "") -> Image.Image:
    """A row a story, its sentences below each other, each on the colour of its topic; grey is what the grammar does not know.

    below: a line under the last row.
    """
    d, lines = drawing.DENSITY, [[textwrap.wrap(text, CHARACTERS) for text, _ in cells] for _, cells in rows]
    tall = sum(sum(len(each) * LINE + PAD for each in its) + 2 * PAD for its in lines) + (LINE + PAD if below else 0)
    picture = Image.new("RGB", (StoryRewriter.picture_width * d, tall * d), drawing.PAPER)
    draw, y = ImageDraw.Draw(picture), PAD
    for (name, cells), its in zip(rows, lines, strict=True):
        draw.text((PAD * d, (y + PAD / 2) * d), name, drawing.INK, drawing.font())
        for (_, topic), wrapped in zip(cells, its, strict=True):
            high = len(wrapped) * LINE + PAD
            draw.rectangle([NAME * d, y * d, (StoryRewriter.picture_width - PAD) * d, (y + high - 2) * d], fill=_paint(topic))
            for number, line in enumerate(wrapped):
                draw.text(((NAME + PAD) * d, (y + PAD / 2 + number * LINE) * d), line, drawing.INK, drawing.font())
            y += high
        y += 2 * PAD
    draw.text(((NAME + PAD) * d, (y - PAD / 2) * d), below, drawing.INK, drawing.font())
    return picture


def _paint(topic: str | None) -> tuple[int, ...]:
    if not topic:
        return ImageColor.getrgb("#e4e4e4" if topic is None else "#fafafa")
    return tuple(round(0.4 * part + 0.6 * 255) for part in ImageColor.getrgb(TOPIC_COLOURS[topic]))
