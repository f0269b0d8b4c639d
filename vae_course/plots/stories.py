"""Stories as pictures: sentences side by side, in the colour of the topic that the grammar reads in them; and the latents above."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Patch, Rectangle
from torch import Tensor

from ..data.stories import SENTENCES, TEXT_FACTORS, describe
from ..data.texts import to_words
from .output import figure_with
from .style import COLOURS, INK, MUTED, PAPER, in_ink

TOPIC_COLOURS = dict(zip(TEXT_FACTORS["topic"], ("#E69F00", "#009E73", "#56B4E9", "#CC79A7", "#F0E442", "#0072B2"), strict=True))
WIDTH, NAMES, LETTER = 10.0, 1.25, 8.5  # inches: of all, and of the rows' names; points
LINE, PAD, HEAD = 0.15, 0.07, 0.3  # inches: of a line of text, around it, and of a group's title
CHARACTERS = 40  # of a line in a cell
GREY = "#ececec"  # of what is seen
REFUSED = "////"


def show_stories(groups: Mapping[str, Tensor | Sequence[Tensor]], alt: str, *, names: Sequence[str] = ()) -> None:
    """Show stories, one a row, their sentences side by side. A sentence has the colour of its topic, as the grammar reads it.

    White is a sentence that fits several topics; hatched and grey is one that the grammar does not know.
    groups: by title, stories (n, 3, words, vocabulary) as a model wrote them. names: of the rows, the same in each group.
    Raises ValueError when there is no story, or not a name for each.
    """
    if not groups or not all(len(stories) for stories in groups.values()):
        raise ValueError("there are no stories to show: expected one or more for each title.")
    if names and any(len(stories) != len(names) for stories in groups.values()):
        raise ValueError(f"there are {len(names)} names for {[len(stories) for stories in groups.values()]} rows: expected one for each.")
    rows = [(title, [cells_of(story) for story in stories]) for title, stories in groups.items()]
    tall = sum(HEAD + sum(_height(cells) for cells in stories) for _, stories in rows) + HEAD
    with figure_with(alt, figsize=(WIDTH, tall)) as (_, axis):
        axis.set_position((0, 0, 1, 1))
        axis.set(xlim=(0, WIDTH), ylim=(0, tall))
        axis.set_axis_off()
        left = NAMES if names else 0.0
        y, wide = tall, (WIDTH - left) / SENTENCES
        for title, stories in rows:
            axis.text(left + PAD, y - HEAD / 2, title, fontsize=10.5, color=INK, va="center", fontweight="bold")
            y -= HEAD
            for number, cells in enumerate(stories):
                high = _height(cells)
                if names:
                    axis.text(left - PAD, y - high / 2, names[number], fontsize=LETTER, color=INK, ha="right", va="center")
                for place, (text, topic) in enumerate(cells):
                    _draw_cell(axis, left + place * wide, y - high, wide - PAD / 2, high - PAD / 2, text, topic)
                y -= high
        key = [Patch(facecolor=(colour, 0.4), edgecolor="none", label=topic) for topic, colour in TOPIC_COLOURS.items()]
        key += [Patch(facecolor=PAPER, edgecolor=MUTED, label="fits several"), Patch(facecolor=PAPER, edgecolor=MUTED, hatch=REFUSED)]
        key[-1].set_label("not in the grammar")
        axis.legend(
            handles=key, loc="lower center", ncols=len(key), fontsize=LETTER, bbox_to_anchor=(0.5, 0.0), handlelength=1.3, columnspacing=1.2
        )


def show_costs(costs: Mapping[str, Mapping[str, float]], alt: str, *, level: tuple[str, float] | None = None) -> None:
    """Show what a story costs, in nats, as bars made of parts: one bar a name, each part from where the last one ends.

    costs: by name of the bar, then of the part; a part of one name has one colour. level: (name, value) of a dashed line.
    Raises ValueError when there is no bar, or a part below 0.
    """
    parts = list(dict.fromkeys(part for its in costs.values() for part in its))
    if not parts or any(value < 0 for its in costs.values() for value in its.values()):
        raise ValueError(f"the costs are {dict(costs)}: expected at least one bar, made of parts of at least 0 nats.")
    colours = dict(zip(parts, ("#0072B2", "#E69F00", "#b8b8b8", "#009E73", "#CC79A7"), strict=False))
    with figure_with(alt, figsize=(8.4, 0.9 + 0.46 * len(costs)), layout="constrained") as (_, axis):
        for place, its in enumerate(costs.values()):
            start = 0.0
            for part, value in its.items():
                axis.barh(place, value, left=start, height=0.66, color=colours[part], edgecolor=PAPER)
                if value > 0.9:
                    ink = PAPER if part == parts[0] else INK
                    axis.text(start + value / 2, place, f"{value:.1f}", ha="center", va="center", fontsize=9, color=ink)
                start += value
            axis.text(start + 0.25, place, f"{start:.1f}", va="center", fontsize=9.5, color=INK, fontweight="bold")
        if level is not None:
            axis.axvline(level[1], color=COLOURS[3], linestyle="--", linewidth=1.4)
            axis.annotate(level[0], (level[1], 1.0), (0, 3), xycoords=axis.get_xaxis_transform(), textcoords="offset points", ha="right")
        axis.set_yticks(range(len(costs)), list(costs))
        axis.set(ylim=(len(costs) - 0.5, -0.5), xlabel="nats per story")
        axis.grid(False, axis="y")
        axis.margins(x=0.1)
        handles = [Patch(facecolor=colours[part], label=part) for part in parts]
        axis.figure.legend(handles=handles, loc="outside lower center", ncols=len(parts), fontsize=9)


def show_readings(shares: Mapping[str, Mapping[str, float]], alt: str, *, floor: Mapping[str, float]) -> None:
    """Show what can be read where, as a table of shares: a row a latent, a column a factor, the darker the further above guessing.

    shares: by row, then by column, 0 to 1. floor: by column, what guessing the commonest gives; it is written as the last row.
    Raises ValueError when a column has no floor.
    """
    columns = list(floor)
    if any(set(row) != set(columns) for row in shares.values()):
        raise ValueError(f"the floor has {columns}: expected the same columns in each row.")
    rows = {**shares, "always the commonest": floor}
    with figure_with(alt, figsize=(1.9 + 1.12 * len(columns), 0.6 + 0.4 * len(rows)), layout="constrained") as (_, axis):
        for y, (name, row) in enumerate(rows.items()):
            for x, column in enumerate(columns):
                above = max(0.0, (row[column] - floor[column]) / max(1 - floor[column], 1e-9)) if name in shares else 0.0
                axis.add_patch(Rectangle((x, y), 1, 1, facecolor=(COLOURS[0], min(1.0, above)), edgecolor=PAPER, linewidth=2))
                ink = PAPER if above > 0.55 else INK
                axis.text(x + 0.5, y + 0.5, f"{row[column]:.0%}", ha="center", va="center", fontsize=10, color=ink)
        axis.set_xticks([x + 0.5 for x in range(len(columns))], columns)
        axis.set_yticks([y + 0.5 for y in range(len(rows))], list(rows))
        axis.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
        axis.xaxis.tick_top()
        axis.tick_params(length=0, labelsize=9.5)
        axis.grid(False)
        for spine in axis.spines.values():
            spine.set_visible(False)


def cells_of(story: Tensor) -> list[tuple[str, str | None]]:
    """Each sentence of a story (3, words, vocabulary): its text and topic; "" where it fits several, None where it is refused."""
    cells = []
    for sentence in story:
        text = to_words(sentence)
        topics = {reading.topic for reading in describe(text)} if text else set()
        cells.append((text or "…", None if not topics else topics.pop() if len(topics) == 1 else ""))
    return cells


def show_two_levels(sentences: Sequence[str], alt: str, *, names: Sequence[str] = ("z_p", "z_1", "z_2", "z_3")) -> None:
    """Show how a story comes about: the paragraph's latent above those of its sentences, and what each sentence is written from.

    sentences: three, as text. names: of the latents, the paragraph's first.
    """
    with figure_with(alt, figsize=(9.6, 3.5)) as (_, axis):
        axis.set_position((0, 0, 1, 1))
        axis.set(xlim=(-4.8, 4.8), ylim=(-0.05, 3.45), aspect="equal")
        axis.set_axis_off()
        top = (0.0, 3.0)
        for place, (text, name) in enumerate(zip(sentences, names[1:], strict=True)):
            x = 3.2 * (place - 1)
            side = 1 if x > 0 else -1  # so that no arrow from the top crosses a latent
            own, box = (x + 0.75 * side, 1.75), (x, 0.35)
            axis.add_patch(
                FancyBboxPatch(
                    (x - 1.45, 0.02), 2.9, 0.66, boxstyle="round,pad=0,rounding_size=0.08", facecolor=GREY, edgecolor=INK, linewidth=1.2
                )
            )
            axis.text(*box, textwrap.fill(text, 34), ha="center", va="center", fontsize=9, color=INK)
            _arrow(axis, top, own, 0.38, 0.36, COLOURS[0])
            _arrow(axis, top, (x - 0.55 * side, 0.7), 0.38, 0.0, COLOURS[0])
            _arrow(axis, own, (x + 0.6 * side, 0.7), 0.36, 0.0, COLOURS[1])
            _circle(axis, own, name, COLOURS[1])
        _circle(axis, top, names[0], COLOURS[0])
        axis.text(0.5, 3.1, "the paragraph's latent, drawn from N(0, I)", fontsize=9.5, color=in_ink(COLOURS[0]), va="center")
        axis.text(
            -4.75, 2.35, "a latent for each sentence,\ndrawn from p(z$_s$ | z$_p$)", fontsize=9.5, color=in_ink(COLOURS[1]), va="center"
        )
        axis.text(-3.05, 1.05, "p(x$_s$ | z$_p$, z$_s$)", fontsize=9.5, color=INK, va="center", ha="center")


def _circle(axis: Axes, at: tuple[float, float], name: str, colour: str) -> None:
    axis.add_patch(Circle(at, 0.34, facecolor=PAPER, edgecolor=colour, linewidth=2, zorder=3))
    base, _, below = name.partition("_")
    axis.text(*at, f"${base}_{{{below}}}$" if below else name, ha="center", va="center", fontsize=13, color=INK, zorder=4)


def _arrow(axis: Axes, start: tuple[float, float], end: tuple[float, float], off: float, near: float, colour: str) -> None:
    length = ((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2) ** 0.5
    ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    ends = (start[0] + off * ux, start[1] + off * uy), (end[0] - near * ux, end[1] - near * uy)
    axis.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=13, color=colour, linewidth=1.5, shrinkA=0, shrinkB=1, zorder=2))


def _lines(text: str) -> list[str]:
    return textwrap.wrap(text, CHARACTERS) or [""]


def _height(cells: list[tuple[str, str | None]]) -> float:
    return max(len(_lines(text)) for text, _ in cells) * LINE + 2 * PAD


def _draw_cell(axis: Axes, x: float, y: float, wide: float, high: float, text: str, topic: str | None) -> None:
    paint = (TOPIC_COLOURS[topic], 0.4) if topic else PAPER
    edge = "none" if topic else MUTED if topic is None else "#d0d0d0"
    axis.add_patch(Rectangle((x, y), wide, high, facecolor=paint, edgecolor=edge, linewidth=0.6, hatch=REFUSED if topic is None else None))
    words = axis.text(x + PAD, y + high / 2, "\n".join(_lines(text)), fontsize=LETTER, color=INK, va="center", linespacing=1.15)
    if topic is None:
        words.set(color="#555555", fontstyle="italic", bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 1.0})
