"""Series with what a model says of them in colour and what a simple rule says in grey, and how the two compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from torch import Tensor

from .output import figure_with
from .style import COLOURS, FAINT, INK, in_ink, plain_numbers

MODEL, RIVAL, HIDDEN, ODD = COLOURS[0], "#808080", "#ececec", COLOURS[1]
CALLED = {
    "seen": "seen",
    "truth": "what came",
    "model": "VAE",
    "band": "VAE, 80 %",
    "rival": "simple rule",
    "rival_band": "its 80 %",
    "odd": "the difference",
}
RATIOS = (0.02, 20.0)  # how far the axis of `show_against` may reach


@dataclass(frozen=True)
class Panel:
    """One drawing of a series. All that is given is (steps,), or where it says so (lines, steps); NaN is left out.

    title: above it.
    seen: values as dots. truth: what came, dotted black. hidden: true where nothing was seen, shaded.
    model: in colour, one line or several (lines, steps). band: (2, steps), between which the model expects most.
    rival: in grey dashes, one line or several. rival_band: (2, steps), what the rival expects, between two thin grey lines.
    odd: shade what lies between `seen` and the first line of `model`.
    """

    title: str
    seen: Tensor | None = None
    truth: Tensor | None = None
    hidden: Tensor | None = None
    model: Tensor | None = None
    band: Tensor | None = None
    rival: Tensor | None = None
    odd: bool = False
    rival_band: Tensor | None = None

    @classmethod
    def with_gap(
        cls,
        title: str,
        x: Tensor,
        truth: Tensor,
        *,
        model: Tensor | None = None,
        band: Tensor | None = None,
        rival: Tensor | None = None,
        rival_band: Tensor | None = None,
    ) -> Panel:
        """What was seen of x, (steps, 2), as dots; where nothing was, the truth (steps,) and the answers."""
        gap = x[:, 1] == 0
        given = (model, band, rival, rival_band)
        lines, edges, rule, around = (None if answer is None else answer.where(gap, torch.nan) for answer in given)
        return cls(title, x[:, 0].where(~gap, torch.nan), truth.where(gap, torch.nan), gap, lines, edges, rule, rival_band=around)


def show_series(
    panels: Sequence[Panel],
    alt: str,
    *,
    x: Sequence[float] | Tensor | None = None,
    columns: int = 0,
    x_label: str = "step",
    y_label: str = "value",
    names: Mapping[str, str] | None = None,
    height: float = 2.4,
) -> None:
    """Show panels side by side over one legend, which stands in the place of a panel where one is free.

    x: where the steps stand, (steps,), by default 0, 1, …; columns: of panels, by default all in one row; height: of a row, in inches.
    names: what "seen", "truth", "model", "band", "rival", "rival_band" and "odd" are called in the legend.
    Raises ValueError when there is no panel.
    """
    if not panels:
        raise ValueError("there is no panel to draw: expected one or more.")
    across = columns or len(panels)
    down = -(-len(panels) // across)
    called = CALLED | dict(names or {})
    settings = {"figsize": (min(11.0, 2.9 * across), height * down + 0.3), "sharex": True, "sharey": True, "squeeze": False}
    with figure_with(alt, down, across, layout="constrained", **settings) as (figure, axes):
        handles: dict[str, Artist] = {}
        for axis, panel in zip(axes.flat, panels, strict=False):
            for key, handle in draw_panel(axis, panel, x=x).items():
                handles.setdefault(key, handle)
        spare = list(axes.flat[len(panels) :])
        for axis in spare:
            axis.set_axis_off()
        for axis in axes[-1]:
            axis.set_xlabel(x_label)
        for axis in axes[:, 0]:
            axis.set_ylabel(y_label)
        order = [key for key in called if key in handles]
        words = [called[key] for key in order]
        signs = [handles[key] for key in order]
        if spare:
            spare[0].legend(signs, words, loc="center", handlelength=2.2, labelspacing=0.7)
        else:
            figure.legend(signs, words, loc="outside lower center", ncols=len(order), handlelength=2.2)


def draw_panel(axis: Axes, panel: Panel, *, x: Sequence[float] | Tensor | None = None) -> dict[str, Artist]:
    """Draw one panel onto an axis. Returns what stands for each of its parts in a legend."""
    parts = {name: getattr(panel, name) for name in ("seen", "truth", "model", "band", "rival", "rival_band")}
    values = {name: torch.as_tensor(part).detach().cpu().double().numpy() for name, part in parts.items() if part is not None}
    if not values:
        raise ValueError(f"the panel {panel.title!r} is empty: expected values to draw.")
    steps = next(iter(values.values())).shape[-1]
    at = np.arange(steps) if x is None else torch.as_tensor(x).double().numpy()
    handles: dict[str, Artist] = {}
    if panel.hidden is not None:
        half = (at[1] - at[0]) / 2
        places = at[torch.as_tensor(panel.hidden).numpy()]
        if len(places):
            axis.axvspan(places[0] - half, places[-1] + half, color=HIDDEN, linewidth=0)
    if "band" in values:
        handles["band"] = axis.fill_between(at, *values["band"], color=MODEL, alpha=0.25, linewidth=0)
    if "rival_band" in values:
        handles["rival_band"] = [axis.plot(at, edge, color=RIVAL, linewidth=0.9)[0] for edge in values["rival_band"]][0]
    if "rival" in values:
        lines = np.atleast_2d(values["rival"])
        handles["rival"] = [axis.plot(at, line, "--", color=RIVAL, linewidth=1.5)[0] for line in lines][0]
    if "seen" in values:
        handles["seen"] = axis.plot(at, values["seen"], ".", color=INK, markersize=3.2)[0]
    if "model" in values:
        lines = np.atleast_2d(values["model"])
        if panel.odd and "seen" in values:
            axis.fill_between(at, values["seen"], lines[0], color=ODD, alpha=0.55, linewidth=0)
            handles["odd"] = Patch(facecolor=ODD, alpha=0.55)
        width, alpha = (1.8, 1.0) if len(lines) == 1 else (0.8, 0.6)
        handles["model"] = [axis.plot(at, line, color=MODEL, linewidth=width, alpha=alpha)[0] for line in lines][0]
    if "truth" in values:
        handles["truth"] = axis.plot(at, values["truth"], ":", color=INK, linewidth=1.8)[0]
    axis.set_title(panel.title, fontsize=10)
    axis.grid(False)
    return handles


def show_against(
    rows: Mapping[str, Mapping[str, Sequence[float] | float]],
    alt: str,
    *,
    ours: str = "VAE",
    main: str = "one Gaussian",
    naive: int = 0,
    value_label: str = "error, as a share of the simplest rule's",
) -> None:
    """Show errors of a model beside those of simple rules, a row a task, each error divided by that of the row's simplest rule.

    rows: by task, errors by rule; that of `ours` a number a seed. main: the rival with a sign of its own.
    naive: the number of the rule that all of a row are divided by, which is named below the task. The best rule is named where it is
    another than `main`. Raises ValueError for a row without `ours` or without a rule, or an error ≤ 0.
    """
    with figure_with(alt, figsize=(8.6, 1.0 + 0.5 * len(rows)), layout="constrained") as (_, axis):
        names = []
        for place, (task, errors) in enumerate(rows.items()):
            rules = {name: float(np.mean(value)) for name, value in errors.items() if name != ours}
            if ours not in errors or not rules or min(*rules.values(), *np.atleast_1d(errors[ours])) <= 0:
                raise ValueError(f"the row {task!r} has {dict(errors)}: expected {ours!r} and a rule or more, with errors above 0.")
            first = list(rules)[naive]
            unit = rules[first]
            names.append(f"{task}\n1 is: {first}")
            axis.axhline(place, color=FAINT, linewidth=0.8, zorder=0)
            best = min(rules, key=lambda name: rules[name])
            for name, value in rules.items():
                look = {"s": 62, "color": "#333333", "zorder": 5} if name == main else {"s": 30, "edgecolor": RIVAL, "zorder": 3}
                filled = {} if name == main else {"facecolor": "white", "linewidths": 1.3}
                axis.scatter(value / unit, place, marker="D", **look, **filled)
                if name == best != main:
                    below = {"ha": "center", "va": "bottom", "fontsize": 8.5, "color": "#555555"}
                    axis.annotate(name, (value / unit, place), xytext=(0, 6), textcoords="offset points", **below)
            seeds = np.atleast_1d(np.asarray(errors[ours], dtype=float)) / unit
            axis.scatter(seeds, np.full(len(seeds), place), s=42, color=MODEL, alpha=0.8, zorder=6, linewidths=0)
        axis.axvline(1, color=INK, linewidth=1, zorder=1)
        axis.set_yticks(range(len(rows)), names, fontsize=9)
        axis.set(xscale="log", ylim=(len(rows) - 0.4, -0.7), xlabel=f"{value_label}; left is better")
        low, high = axis.get_xlim()
        axis.set_xlim(max(low, RATIOS[0]) * 0.9, min(high, RATIOS[1]) * 1.1)
        plain_numbers(axis.xaxis)
        axis.tick_params(axis="y", length=0)
        look = {"transform": axis.transAxes, "va": "bottom", "fontsize": 9}
        axis.text(0.0, 1.01, f"● {ours}, three seeds", color=in_ink(MODEL), **look)
        axis.text(0.25, 1.01, f"◆ {main}", color="#333333", **look)
        axis.text(0.46, 1.01, "◇ other rules; one is named where it is the best rule", color="#555555", **look)
        axis.grid(False, axis="y")


def show_detections(
    curves: Mapping[str, Mapping[str, Sequence]],
    x: Sequence[float],
    alt: str,
    *,
    ours: str = "VAE",
    x_label: str = "strength of the change",
    y_label: str = "AUROC",
) -> None:
    """Show how well odd series are found, a panel a kind: the model in colour with a thin line a seed, rules in grey, each its own dash.

    curves: by kind, and then by rule, (n,) values at the places x; those of `ours` (n, seeds). Raises ValueError where lengths differ.
    """
    looks = (("--", "#8a8a8a", 1.3), (":", "#8a8a8a", 1.8), ("-", "#b5b5b5", 1.3), ("-.", "#b5b5b5", 1.8), ("-", "#222222", 1.5))
    settings = {"figsize": (10.6, 3.1), "sharex": True, "sharey": True, "squeeze": False}
    with figure_with(alt, 1, len(curves), layout="constrained", **settings) as (figure, axes):
        handles: dict[str, Artist] = {}
        for axis, (kind, rules) in zip(axes[0], curves.items(), strict=True):
            for number, (name, values) in enumerate(rule for rule in rules.items() if rule[0] != ours):
                if len(values) != len(x):
                    raise ValueError(f"{kind!r}, {name!r} has {len(values)} values, expected {len(x)}, one a place along x.")
                dash, colour, width = looks[number % len(looks)]
                handles[name] = axis.plot(x, values, color=colour, linestyle=dash, linewidth=width)[0]
            seeds = np.asarray(rules[ours], dtype=float)
            handles[ours] = axis.plot(x, seeds.mean(1), color=MODEL, linewidth=2.4)[0]
            axis.plot(x, seeds, color=MODEL, linewidth=0.6, alpha=0.7)
            axis.axhline(0.5, color=FAINT, linewidth=1)
            axis.set(title=kind, xlabel=x_label, ylim=(0.4, 1.02))
        axes[0, 0].set_ylabel(y_label)
        order = [ours, *(name for name in handles if name != ours)]
        figure.legend([handles[name] for name in order], order, loc="outside lower center", ncols=len(order), handlelength=3)


def show_watch(
    trace: Tensor,
    scores: Mapping[str, Tensor],
    alt: str,
    *,
    seconds: float = 1.0,
    marked: Tensor | None = None,
    unit: str = "mV",
) -> None:
    """Show a recording and, below it on the same seconds, where each window stands among all windows by each score, 0 to 100 %.

    trace: (steps,). scores: by name, one a window, (windows,), a strip each, the first in colour; a window stands at its middle.
    seconds: from one step to the next. marked: true at windows to be shaded, (windows,). Raises ValueError when there is no score.
    """
    if not scores:
        raise ValueError("there is no score to draw: expected one a window, by name.")
    heights = (1.5, *(0.8 for _ in scores))
    settings = {"sharex": True, "layout": "constrained", "height_ratios": heights}
    with figure_with(alt, 1 + len(scores), 1, figsize=(9.6, 1.9 + 0.85 * len(scores)), **settings) as (_, axes):
        windows = len(next(iter(scores.values())))
        middle = (np.arange(windows) + (len(trace) - windows) / 2) * seconds
        axes[0].plot(np.arange(len(trace)) * seconds, trace.cpu().numpy(), color=INK, linewidth=0.9)
        axes[0].set(ylabel=unit)
        for number, (axis, (name, score)) in enumerate(zip(axes[1:], scores.items(), strict=True)):
            ranks = score.argsort().argsort().double().cpu().numpy() / max(windows - 1, 1) * 100
            colour = MODEL if number == 0 else "#9a9a9a"
            axis.plot(middle, ranks, color=colour, linewidth=0.6)
            axis.fill_between(middle, ranks, color=colour, linewidth=0)
            axis.set(ylim=(0, 100), yticks=(0, 100))
            axis.set_ylabel(name, rotation=0, ha="right", va="center")
        for axis in axes:
            if marked is not None and marked.any():
                places = middle[marked.cpu().numpy()]
                axis.axvspan(places[0], places[-1], color=ODD, alpha=0.3, linewidth=0, zorder=0)
            axis.grid(False)
        axes[-1].set(xlabel="seconds; below the recording, the rank of each window by each score, in %")
