"""Bars with their values, and how values are spread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from torch import Tensor

from .output import figure_with
from .style import COLOURS, INK, MUTED, PAPER_EDGE, in_ink, in_words, inches_across, plain_numbers

WIDE = 7.2  # inches
LETTERS = (9, 8, 7)  # points: of written values, the largest that let them stand side by side


def show_bars(
    values: Sequence[float] | Tensor | Mapping,
    alt: str,
    *,
    value_label: str = "KL in nats per image",
    name_label: str = "latent",
    level: tuple[str, float] | None = None,
    digits: int = 1,
    joined: bool = False,
    title: str = "",
) -> None:
    """Show bars from 0 with their values written at their ends.

    values: a number a bar, (n,), such as the KL of each latent, counted from 1, drawn side by side; or by name, one below the other.
    A name may have several numbers, one a seed: its bar ends at their mean, written with the standard deviation over seeds, and each seed
    is a point. level: (name, value) of a dashed line to compare with. digits: decimals that are written.
    joined: whether a thin line goes through all bars for each seed, where each has as many: what one seed does next to itself.
    name_label: what the bars are, at their axis. Raises ValueError when there is none, or one that is not finite, and for bars that are
    joined and have different numbers of numbers.
    """
    named = isinstance(values, Mapping)
    size = (WIDE, 0.7 + 0.42 * len(values)) if named else (WIDE, 2.8)
    with figure_with(alt, figsize=size, layout="constrained") as (_, axis):
        labels = {"value_label": value_label, "name_label": "" if named else name_label, "title": title}
        draw_bars(axis, values, level=level, digits=digits, joined=joined, **labels)


def draw_bars(
    axis: Axes,
    values: Sequence[float] | Tensor | Mapping,
    *,
    value_label: str = "KL in nats per image",
    name_label: str = "latent",
    level: tuple[str, float] | None = None,
    digits: int = 1,
    joined: bool = False,
    title: str = "",
) -> BarContainer:
    """Draw the bars of `show_bars` onto an axis. Returns them."""
    named = isinstance(values, Mapping)
    names = [in_words(name) for name in values] if named else [str(number) for number in range(1, len(values) + 1)]
    seeds = [_numbers(value, f"bar {name!r}") for name, value in zip(names, values.values() if named else values, strict=True)]
    if not seeds:
        raise ValueError("there are no values to draw: expected a number a bar, (n,), or one or more for each name.")
    means = np.array([one.mean() for one in seeds])
    places = np.arange(1, len(means) + 1)
    colour = COLOURS[0]
    spread = any(len(one) > 1 for one in seeds)
    paint = (colour, 0.45) if spread else colour
    bars = axis.barh(places, means, height=0.66, color=paint) if named else axis.bar(places, means, width=0.78, color=paint)
    ends = means.copy()
    for place, one in zip(places, seeds, strict=True):
        if len(one) > 1:
            beside = place + np.linspace(-0.16, 0.16, len(one))
            axis.scatter(*((one, beside) if named else (beside, one)), s=16, color=in_ink(colour, 7), linewidths=0, zorder=3)
            ends[place - 1] = max(one.max(), 0.0) if means[place - 1] >= 0 else min(one.min(), 0.0)
    if joined:
        if len({len(one) for one in seeds}) > 1:
            counts = dict(zip(names, map(len, seeds), strict=True))
            raise ValueError(
                f"the bars have {counts} numbers: expected as many in each, one a seed in the same order, where they are joined."
            )
        beside = places[:, None] + np.linspace(-0.16, 0.16, len(seeds[0]))
        lines = (np.stack(seeds), beside) if named else (beside, np.stack(seeds))
        axis.plot(*lines, color=MUTED, linewidth=0.8, zorder=2.5)
    words = [_written(one, digits) for one in seeds]
    letter = LETTERS[0] if named else _letter_for(axis, words)
    if letter:
        _write(axis, places, means, ends, words, named, letter, edged=joined)
    if level is not None:
        _compare(axis, *level, upright=named)
    if named:
        axis.set_yticks(places, names)
        axis.set(ylim=(len(places) + 0.6, 0.4), xlabel=value_label, ylabel=name_label, title=title)
        axis.grid(False, axis="y")
        axis.tick_params(axis="y", length=0)
        axis.margins(x=0.2 if spread else 0.14)  # a mean is written with its spread, behind the last seed's point
    else:
        every = max(1, -(-len(places) // 24))
        axis.set_xticks(places[::every], names[::every])
        axis.set(xlim=(0.3, len(places) + 0.7), ylabel=value_label, xlabel=name_label, title=title)
        axis.grid(False, axis="x")
        axis.margins(y=0.12)
    return bars


def show_histograms(
    samples: Mapping[str, Tensor] | Tensor,
    alt: str,
    *,
    bins: int | Sequence[float] = 40,
    density: Callable[[Tensor], Tensor] | None = None,
    density_name: str = "prior",
    level: tuple[str, float] | None = None,
    x_label: str = "z",
    x_scale: str = "linear",
    y_scale: str = "linear",
    title: str = "",
) -> None:
    """Show how samples are spread: each name's histogram in the same bins, and beside it a density, such as the prior's.

    samples: numbers of any shape, or several by name, in the units of `x_label`. bins: how many of one width on `x_scale`, or their edges.
    density: from places along x, (m,), to a density there, such as `lambda z: prior.log_prob(z).exp()`; with it histograms are
    densities, too, else they count. level: (name, value) of a dashed line. x_scale, y_scale: "linear" or "log".
    Raises ValueError when there are no samples, or some that are not finite or have no place on a logarithmic axis.
    """
    axes = {"x_label": x_label, "x_scale": x_scale, "y_scale": y_scale, "title": title}
    with figure_with(alt, figsize=(6.4, 3.4), layout="constrained") as (_, axis):
        draw_histograms(axis, samples, bins=bins, density=density, density_name=density_name, level=level, **axes)


def draw_histograms(
    axis: Axes,
    samples: Mapping[str, Tensor] | Tensor,
    *,
    bins: int | Sequence[float] = 40,
    density: Callable[[Tensor], Tensor] | None = None,
    density_name: str = "prior",
    level: tuple[str, float] | None = None,
    x_label: str = "z",
    x_scale: str = "linear",
    y_scale: str = "linear",
    title: str = "",
) -> np.ndarray:
    """Draw the histograms of `show_histograms` onto an axis: the first filled, the others as outlines. Returns the edges of the bins."""
    groups = dict(samples) if isinstance(samples, Mapping) else {"": samples}
    if not groups:
        raise ValueError("there are no samples to draw: expected numbers, or some for each name.")
    numbers = {name: _numbers(values, f"the samples {name!r}" if name else "the samples") for name, values in groups.items()}
    for name, values in numbers.items():
        if x_scale == "log" and values.min() <= 0:
            raise ValueError(f"the samples {name!r} go down to {values.min():g}: expected positive numbers on a logarithmic axis.")
    edges = _edges(np.concatenate(list(numbers.values())), bins, x_scale)
    for number, (name, values) in enumerate(numbers.items()):
        colour = COLOURS[(0, 3, 2, 5)[number % 4]]
        look: dict[str, Any] = {"color": (colour, 0.5)} if number == 0 else {"histtype": "step", "linewidth": 1.8, "edgecolor": colour}
        look |= {"linestyle": ("-", "-", "--", ":")[number % 4]}
        axis.hist(values, edges.tolist(), density=density is not None, label=name, **look)
    if density is not None:
        along = np.geomspace(edges[0], edges[-1], 400) if x_scale == "log" else np.linspace(edges[0], edges[-1], 400)
        axis.plot(along, density(torch.from_numpy(along)).detach().cpu().numpy(), color=INK, linewidth=1.8, label=density_name)
    if level is not None:
        _compare(axis, *level, upright=True)
    axis.set(xlabel=x_label, ylabel="how many" if density is None else "density", xscale=x_scale, yscale=y_scale, title=title)
    if x_scale == "log":
        plain_numbers(axis.xaxis)
    if any(numbers) or density is not None:
        axis.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.6)
    return edges


def _numbers(values, what: str) -> np.ndarray:
    """Any number of numbers as an array (n,). Raises ValueError when there is none, or one that is not finite."""
    numbers = torch.as_tensor(values).detach().cpu().double().flatten().numpy()
    if not len(numbers) or not np.isfinite(numbers).all():
        raise ValueError(f"{what} holds {_some(numbers)}: expected finite numbers, one at least. Leave out what could not be measured.")
    return numbers


def _some(numbers: np.ndarray) -> str:
    return "nothing" if not len(numbers) else f"{numbers[~np.isfinite(numbers)][0]}"


def _written(one: np.ndarray, digits: int) -> str:
    mean = f"{one.mean():.{digits}f}"
    return (mean if len(one) == 1 else f"{mean} ± {one.std(ddof=1):.{digits}f}").replace("-", "−")


def _letter_for(axis: Axes, words: list[str]) -> int | None:
    """The height, in points, of letters in which all words fit side by side; None where they would have to be too small."""
    room = 72 * inches_across(axis) / len(words)
    longest = max(len(word) for word in words)
    return next((letter for letter in LETTERS if room > 0.66 * letter * longest), None)


def _write(
    axis: Axes, places: np.ndarray, means: np.ndarray, ends: np.ndarray, words: list[str], named: bool, letter: int, *, edged: bool
) -> None:
    """Each value beyond the end of its bar; edged: with paper around its letters, where lines may lie under them."""
    look: dict[str, Any] = {"textcoords": "offset points", "fontsize": letter, "color": INK, "zorder": 5}
    look |= {"path_effects": [PAPER_EDGE]} if edged else {}
    for place, mean, end, word in zip(places, means, ends, words, strict=True):
        away = 1 if mean >= 0 else -1
        at, shift = ((end, place), (5 * away, 0)) if named else ((place, end), (0, 3 * away))
        across = "center" if not named else "left" if away > 0 else "right"
        up = "center" if named else "bottom" if away > 0 else "top"
        axis.annotate(word, at, xytext=shift, ha=across, va=up, **look)


def _compare(axis: Axes, name: str, value: float, *, upright: bool) -> None:
    """A dashed line at a value, with its name at its end, outside the frame."""
    (axis.axvline if upright else axis.axhline)(value, color=COLOURS[3], linestyle="--", linewidth=1.4, zorder=4)
    at, shift = ((value, 1.0), (0, 3)) if upright else ((1.0, value), (4, 0))
    coordinates = axis.get_xaxis_transform() if upright else axis.get_yaxis_transform()
    across, up = ("center", "bottom") if upright else ("left", "center")
    axis.annotate(name, at, xytext=shift, xycoords=coordinates, textcoords="offset points", color=in_ink(COLOURS[3]), ha=across, va=up)


def _edges(numbers: np.ndarray, bins: int | Sequence[float], x_scale: str) -> np.ndarray:
    if not isinstance(bins, int):
        return np.asarray(bins, dtype=float)
    low, high = numbers.min(), max(numbers.max(), numbers.min() + 1e-9)
    return np.geomspace(low, high, bins + 1) if x_scale == "log" else np.linspace(low, high, bins + 1)
