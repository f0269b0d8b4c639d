"""The first alarms of several detectors, in their order, each in the colour of what it turned out to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.patches import Patch, Rectangle

from .output import figure_with
from .style import COLOURS, FAINT, INK, PAPER

KINDS = (FAINT, *(COLOURS[number] for number in (3, 0, 1, 2, 5)))


def show_alarms(alarms: Mapping[str, Sequence[int]], alt: str, *, names: Sequence[str], found: str = "found") -> None:
    """Show a row of squares a detector, its highest score at the left; at the right how many of them are no false alarms.

    alarms: for each detector the kinds of its first alarms, 0 for a false one, numbers into `names`. found: what the others are called.
    Raises ValueError when there is no detector, when one has another number of alarms than the first, or for a kind without a name.
    """
    lengths = {len(row) for row in alarms.values()}
    if len(lengths) != 1 or not lengths.pop():
        raise ValueError(f"got {[len(row) for row in alarms.values()]} alarms: expected at least one detector, and as many alarms of each.")
    kinds = {kind for row in alarms.values() for kind in row}
    if not kinds <= set(range(min(len(names), len(KINDS)))):
        raise ValueError(f"the kinds are {sorted(kinds)} and their names {list(names)}: expected a name for each, at most {len(KINDS)}.")
    count = len(next(iter(alarms.values())))
    with figure_with(alt, figsize=(8.6, 0.75 + 0.42 * len(alarms)), layout="constrained") as (figure, axis):
        for place, row in enumerate(alarms.values()):
            for number, kind in enumerate(row):
                axis.add_patch(Rectangle((number, place + 0.15), 1, 0.7, facecolor=KINDS[kind], edgecolor=PAPER, linewidth=1.2))
            axis.text(count + 0.6, place + 0.5, f"{sum(kind > 0 for kind in row)} {found}", va="center", fontsize=10, color=INK)
        axis.set(xlim=(0, count + 0.17 * count), ylim=(len(alarms), 0), xticks=[])
        axis.set_yticks([place + 0.5 for place in range(len(alarms))], list(alarms))
        axis.tick_params(length=0, labelsize=10)
        axis.grid(False)
        for spine in axis.spines.values():
            spine.set_visible(False)
        handles = [Patch(facecolor=KINDS[kind], label=names[kind]) for kind in sorted(kinds)]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9.5)
