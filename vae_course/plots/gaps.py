"""A lower bound and what it lacks: the gap between the bound and what it bounds, shaded and named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor
from torch.distributions import Normal

from .densities import draw_densities
from .output import figure_with
from .style import COLOURS, INK, MUTED, PAPER_EDGE, in_ink, in_words, plain_numbers

BOUND, GAP, TRUTH = COLOURS[0], COLOURS[1], "#666666"
ROOM = 0.12  # of the height: a gap that is shorter has no room for an arrow and its number
ARROW = {
    "arrowstyle": "-|>,head_width=0.35,head_length=0.7",
    "color": GAP,
    "linewidth": 5,
    "shrinkA": 0,
    "shrinkB": 0,
    "joinstyle": "miter",
}


def show_guesses(
    guesses: Mapping[str, Normal],
    truth: Normal,
    alt: str,
    *,
    bounds: Sequence[float] | Tensor,
    gaps: Sequence[float] | Tensor,
    level: float | Tensor,
    gap_name: str = "KL(q ‖ p(z|x))",
) -> None:
    """Show guesses q at a posterior, one a column: above, both densities; below, the bound and its gap.

    guesses: q by name, over one latent. truth: the posterior. bounds, gaps: for each q its ELBO and its distance from the truth, in
    nats, (n,) each. They are drawn as they are given, a bound as a point and its gap as an arrow up from there, so that all arrows end
    at `level`, the line log p(x), only where bound + gap is log p(x).
    Raises ValueError when there are no guesses, or not a bound and a gap for each.
    """
    below, above, line = (_numbers(values) for values in (bounds, gaps, level))
    if not guesses or not len(guesses) == len(below) == len(above):
        counted = f"{len(guesses)} guesses, {len(below)} bounds and {len(above)} gaps"
        raise ValueError(f"got {counted}: expected one guess or more, with a bound and a gap for each.")
    everything = (truth, *guesses.values())
    ends = [q.mean.item() + 3.2 * side * q.stddev.item() for q in everything for side in (-1, 1)]
    x = torch.linspace(min(ends), max(ends), 400)
    highest = max(q.log_prob(q.mean).exp().item() for q in everything)
    with figure_with(alt, 2, 1, figsize=(7.6, 5.0), layout="constrained", height_ratios=(1, 1.9)) as (_, (top, bottom)):
        top.set_axis_off()
        for number, (name, q) in enumerate(guesses.items()):
            panel = top.inset_axes(((number + 0.02) / len(guesses), 0, 0.96 / len(guesses), 1))
            pair = {"p(z|x)": truth.log_prob(x).exp(), "q": q.log_prob(x).exp()}
            draw_densities(panel, pair, x=x, colours=(TRUTH, BOUND), named=False, x_label="", y_label="", title=name)
            panel.set(ylim=(0, 1.08 * highest), yticks=[], xlabel="z")
            panel.grid(False)
            if number == 0:
                _name_beside(panel, truth, q)
        draw_rising(bottom, below, above, line.item(), gap_name=gap_name)


def _name_beside(axis: Axes, truth: Normal, q: Normal) -> None:
    """The names of both densities, each on the side where the other is not."""
    left = q.mean <= truth.mean
    for density, name, colour, away in ((truth, "p(z|x)", TRUTH, 1 if left else -1), (q, "q", BOUND, -1 if left else 1)):
        place = density.mean + 0.6 * away * density.stddev
        at = (place.item(), density.log_prob(place).exp().item())
        side = "left" if away > 0 else "right"
        axis.annotate(name, at, xytext=(4 * away, 4), textcoords="offset points", ha=side, color=in_ink(colour))


def draw_rising(axis: Axes, bounds: np.ndarray, gaps: np.ndarray, level: float, *, gap_name: str = "gap") -> None:
    """Draw each bound as a point on an axis of nats, its gap as an arrow up from there, and the line `level` that they are bounds on."""
    places = np.arange(len(bounds))
    height = level - bounds.min()
    axis.axhline(level, color=INK, linewidth=1.8)
    axis.annotate(
        f"log p(x)\n= {_written(level)}",
        (1.0, level),
        xytext=(5, 0),
        xycoords=axis.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
    )
    for place, bound, gap in zip(places, bounds, gaps, strict=True):
        long = gap > ROOM * height
        if long:
            axis.annotate("", (place, bound + gap), xytext=(place, bound), arrowprops=ARROW)
        axis.text(
            place + 0.06 if long else place,
            bound + gap / 2 if long else level + 0.04 * height,
            f"{gap_name}\n= {gap:.2f}",
            ha="left" if long else "center",
            va="center" if long else "bottom",
            color=in_ink(GAP),
            path_effects=[PAPER_EDGE],
            zorder=5,
        )
        words = f"ELBO = {_written(bound)}"
        axis.annotate(words, (place, bound), xytext=(0, -8), textcoords="offset points", ha="center", va="top", color=in_ink(BOUND))
    axis.scatter(places, bounds, s=70, color=BOUND, zorder=6)
    axis.set(xlim=(-0.5, len(bounds) - 0.5), ylim=(bounds.min() - 0.2 * height, level + 0.28 * height), xticks=[], ylabel="nats")
    axis.grid(False, axis="x")


def show_bound(
    bounds: Mapping[str, Sequence[float] | Tensor],
    level: Sequence[float] | Tensor | float,
    alt: str,
    *,
    x: Sequence[float] | Tensor,
    gap_name: str = "KL(q ‖ p(z|x))",
    level_name: str = "log p(x)",
    x_label: str = "μ of q",
    y_label: str = "nats",
    lowest: float | None = None,
) -> None:
    """Show bounds as curves under what they are bounds on, each named where it leaves the drawing, the gap of the first shaded and named.

    bounds: for each name its values at the places x, (n,). level: what they are bounds on, a number or (n,). lowest: where the drawing
    ends below. Raises ValueError when there is no bound, or one is not as long as x.
    """
    along = _numbers(x)
    curves = {name: _numbers(values) for name, values in bounds.items()}
    if not curves or any(values.shape != along.shape for values in curves.values()):
        sizes = ", ".join(f"{name!r} {values.size}" for name, values in curves.items()) or "none"
        raise ValueError(
            f"x has {along.size} places, and the bounds have values: {sizes}. Expected at least one, with a value for each place."
        )
    ceiling = np.broadcast_to(_numbers(level), along.shape)
    floor = min(values.min() for values in curves.values()) if lowest is None else lowest
    first = next(iter(curves.values())).clip(floor)
    with figure_with(alt, figsize=(6.8, 3.6), layout="constrained") as (_, axis):
        axis.fill_between(along, first, ceiling, facecolor=GAP, alpha=0.25, linewidth=0)
        for number, (name, values) in enumerate(curves.items()):
            colour, last = (BOUND, COLOURS[2], COLOURS[3])[number % 3], int(np.flatnonzero(values >= floor)[-1])
            axis.plot(along, values, ("-", "--", "-.")[number % 3], color=colour)
            look = {"ha": "left", "va": "bottom", "color": in_ink(colour), "path_effects": [PAPER_EDGE]}
            axis.annotate(name, (along[last], values[last]), xytext=(5, 6 + 16 * number), textcoords="offset points", **look)
        axis.plot(along, ceiling, color=INK, linewidth=2)
        axis.annotate(level_name, (along[-1], ceiling[-1]), xytext=(5, 0), textcoords="offset points", va="center")
        gap = ceiling - first
        widest = int(np.flatnonzero(gap >= 0.98 * gap.max())[-1])  # of many, the last: away from the curves, where they have left below
        where = (along[widest], (first[widest] + ceiling[widest]) / 2)
        shift, side = ((-8, 0), "right") if widest > len(along) / 2 else ((8, 0), "left")
        axis.annotate(gap_name, where, xytext=shift, textcoords="offset points", ha=side, va="center", path_effects=[PAPER_EDGE])
        axis.set(xlabel=x_label, ylabel=y_label, xlim=(along[0], along[-1]))
        axis.set_ylim(floor, ceiling.max() + 0.08 * (ceiling.max() - floor))


def show_jensen(values: Sequence[float] | Tensor, alt: str, *, name: str = "w") -> None:
    """Show Jensen's inequality for a few positive values, each as likely as the others: the log of their mean above the mean of their logs.

    values: (n,), two or more, positive. Raises ValueError for others.
    """
    points = np.sort(_numbers(values))
    if len(points) < 2 or not (points > 0).all() or not np.isfinite(points).all():
        raise ValueError(f"got {', '.join(map(in_words, points)) or 'nothing'}: expected two positive numbers or more.")
    mean, of_logs = points.mean(), np.log(points).mean()
    along = np.linspace(0.6 * points[0], 1.12 * points[-1], 300)
    with figure_with(alt, figsize=(6.4, 3.3), layout="constrained") as (_, axis):
        axis.plot(along, np.log(along), color=BOUND)
        axis.fill(points, np.log(points), facecolor="none", edgecolor=MUTED, linestyle="--")
        axis.scatter(points, np.log(points), color=BOUND, zorder=4)
        axis.plot([mean, mean], [of_logs, np.log(mean)], color=GAP, linewidth=7, alpha=0.8, solid_capstyle="butt")
        axis.scatter([mean, mean], [of_logs, np.log(mean)], color=INK, s=18, zorder=5)
        axis.annotate(
            f"log of the mean  {_written(np.log(mean))}",
            (mean, np.log(mean)),
            xytext=(-8, 4),
            textcoords="offset points",
            ha="right",
            va="bottom",
        )
        axis.annotate(
            f"mean of the logs  {_written(of_logs)}", (mean, of_logs), xytext=(9, -4), textcoords="offset points", ha="left", va="top"
        )
        axis.annotate(
            "the gap", (mean, (of_logs + np.log(mean)) / 2), xytext=(9, 0), textcoords="offset points", va="center", color=in_ink(GAP)
        )
        axis.set(xlabel=name, ylabel=f"log {name}")


def show_shortfalls(
    counts: Sequence[int],
    shortfalls: Sequence[Sequence[float]] | Tensor,
    alt: str,
    *,
    accused: Mapping[str, int] | None = None,
    x_label: str = "draws k inside the logarithm",
    y_label: str = "nats below log p(x)",
    y_scale: str = "linear",
) -> None:
    """Show how far a bound falls short as more is spent on it: a thin line for each example, the median thick, those accused in colour.

    counts: what is spent, (m,). shortfalls: (m, n), for each count a number an example. accused: rows to be coloured, by name.
    y_scale: "linear" or "log".
    Raises ValueError when there is not a row of shortfalls for each count.
    """
    heights = torch.as_tensor(shortfalls).detach().cpu().double().numpy()
    if heights.ndim != 2 or len(heights) != len(counts):
        raise ValueError(
            f"shortfalls have the shape {heights.shape}, expected ({len(counts)}, n): for each of the {len(counts)} counts one an example."
        )
    with figure_with(alt, figsize=(6.4, 3.6), layout="constrained") as (_, axis):
        axis.plot(counts, heights, color=MUTED, linewidth=0.6, alpha=0.5)
        ends = {"median": (np.median(heights, axis=1), INK)}
        for number, (name, row) in enumerate((accused or {}).items()):
            ends[name] = (heights[:, row], (COLOURS[3], COLOURS[0], COLOURS[2])[number % 3])
        for name, (line, colour) in ends.items():
            axis.plot(counts, line, color=colour, linewidth=2.2)
            axis.annotate(name, (counts[-1], line[-1]), xytext=(6, 0), textcoords="offset points", va="center", color=in_ink(colour))
        axis.set(xscale="log", yscale=y_scale, xlabel=x_label, ylabel=y_label)
        plain_numbers(axis.xaxis)
        if y_scale == "log":
            plain_numbers(axis.yaxis)


def _numbers(values) -> np.ndarray:
    return torch.as_tensor(values).detach().cpu().double().reshape(-1).numpy()


def _written(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
