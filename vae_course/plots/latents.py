"""Planes of two latents: where q(z|x) lies, which class lies where, and what the decoder makes of each place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse
from torch import Tensor

from .images import checked, in_whole_pixels, tiled
from .output import check_words, figure_with
from .style import CLASS_COLOURS, DPI, FAINT, INK, PAPER, PAPER_EDGE, in_ink, in_words, inches_across

SIDE, ROW = 5.4, 9.6  # inches: a plane that stands alone, and a row of several
BEYOND = 0.002  # the share of codes, on each side, that may lie outside the frame
MOST = 20_000  # points of a map: more would only lie on each other

Codes = Tensor | Mapping[str, Tensor]


def show_latent_map(
    z: Codes,
    alt: str,
    *,
    labels: Codes | None = None,
    names: Sequence = (),
    behind: Codes | None = None,
    limit: float | None = None,
    key: str = "class",
    named: bool = True,
    columns: int = 3,
    title: str = "",
) -> None:
    """Show latent codes of two numbers as points coloured by class, the class's name at its centre, and a key at the right.

    z: (n, 2), or several by name, one panel each, such as {"autoencoder": …, "VAE": …}. labels: the class of each, (n,), whole numbers;
    names: what the classes are called, their numbers by default. behind: points drawn in grey below, (m, 2), such as draws from the prior.
    Where z has names, labels and behind may be one for all panels, or have the same names. limit: frames reach from −limit to limit in
    units of z; by default around the codes. key: what the classes are ("digit"), over the key; without it, none. named: whether
    a class's name stands at its centre, which is no place of its own where the class has several. columns: panels in a row.
    Raises ValueError when z is not a plane of finite numbers, or when there is not a label for each.
    """
    check_words(alt)
    maps = dict(z) if isinstance(z, Mapping) else {title: z}
    if not maps:
        raise ValueError("there is no map to draw: expected codes, (n, 2), or some for each name.")
    columns = min(columns, len(maps))
    rows = -(-len(maps) // columns)
    side = min(SIDE, ROW / columns)
    size = (columns * side, rows * side)
    with figure_with(alt, rows, columns, figsize=size, squeeze=False, layout="constrained") as (figure, axes):
        present: set[int] = set()
        for axis, name in zip(axes.flat, maps, strict=False):
            own = _of(labels, name)
            draw_latent_map(axis, maps[name], labels=own, names=names, behind=_of(behind, name), limit=limit, named=named, title=name)
            present |= set() if own is None else set(torch.as_tensor(own).unique().tolist())
        for axis in axes.flat[len(maps) :]:
            axis.set_visible(False)
        for axis in axes[:-1].flat:
            axis.set_xlabel("")
        for axis in axes[:, 1:].flat:
            axis.set_ylabel("")
        if isinstance(z, Mapping) and title:
            figure.suptitle(title)
        if key and present:
            key_of_dots(figure, key, present, names)


def draw_latent_map(
    axis: Axes,
    z: Tensor,
    *,
    labels: Tensor | None = None,
    names: Sequence = (),
    behind: Tensor | None = None,
    limit: float | None = None,
    named: bool = True,
    title: str = "",
) -> PathCollection:
    """Draw one map of `show_latent_map` onto an axis: points by class, and each class's name at its centre. Returns the points."""
    places = plane(z, "z")
    classes = _classes(labels, len(places), names)
    finer = (inches_across(axis) / SIDE) ** 1.5  # dots on a smaller map
    if behind is not None:
        axis.scatter(*plane(behind, "behind")[:MOST].T, s=24 * finer, color=FAINT, linewidths=0, zorder=1)
    order = np.random.default_rng(0).permutation(len(places))[:MOST]  # else the last class would lie on all others
    colours = np.array([_colour(label) for label in range(10)] if classes is not None else [CLASS_COLOURS[0]])
    shown = colours[classes[order] % 10] if classes is not None else colours[0]
    size = float(np.clip(20_000 / len(order), 2.0, 14.0)) * finer
    points = axis.scatter(*places[order].T, s=size, c=shown, linewidths=0, zorder=2)
    frame(axis, places, limit)
    axis.set_title(title)
    if classes is not None and named:
        present = np.unique(classes)
        centres = np.array([np.median(places[classes == label], axis=0) for label in present])
        for label, centre in zip(present, apart(centres, _reach(axis)), strict=True):
            edge = {"boxstyle": "circle,pad=0.18" if len(_name(label, names)) == 1 else "round,pad=0.2"}
            axis.annotate(
                _name(label, names),
                centre,
                ha="center",
                va="center",
                fontsize=11,
                weight="bold",
                color=INK,
                bbox=edge | {"facecolor": PAPER, "edgecolor": _colour(label), "linewidth": 1.8, "alpha": 0.92},
                zorder=4,
            )
    return points


def show_ellipses(
    mu: Tensor,
    sigma: Tensor,
    alt: str,
    *,
    labels: Tensor | None = None,
    names: Sequence = (),
    marks: Sequence = (),
    behind: Tensor | None = None,
    limit: float | None = None,
    key: str = "",
    title: str = "",
) -> None:
    """Show each q(z|x) on the plane of two latents as the ellipse of one σ around μ, to scale.

    mu, sigma: (n, 2), in units of z. labels: the class of each, (n,), by which they are coloured; names: what the classes are called.
    marks: a letter or number for each, written beside its μ; without marks, a label is written there, as far as there are 40 or fewer.
    behind: codes drawn as grey points below, (m, 2). limit: the frame reaches from −limit to limit; by default around the ellipses.
    key: what the classes are, over a key at the right; by default there is none, as names stand beside the ellipses.
    Raises ValueError when mu and sigma are not alike, when a σ is not positive, or when there is not a label for each.
    """
    with figure_with(alt, figsize=(SIDE, SIDE), layout="constrained") as (figure, axis):
        draw_ellipses(axis, mu, sigma, labels=labels, names=names, marks=marks, behind=behind, limit=limit, title=title)
        if key and labels is not None:
            _key(figure, key, set(torch.as_tensor(labels).unique().tolist()), names, linewidth=2.5)


def draw_ellipses(
    axis: Axes,
    mu: Tensor,
    sigma: Tensor,
    *,
    labels: Tensor | None = None,
    names: Sequence = (),
    marks: Sequence = (),
    behind: Tensor | None = None,
    limit: float | None = None,
    title: str = "",
) -> list[Ellipse]:
    """Draw the ellipses of `show_ellipses` onto an axis. Returns them, one for each row of mu."""
    centres, widths = plane(mu, "mu"), plane(sigma, "sigma")
    if len(centres) != len(widths):
        raise ValueError(
            f"there are {len(centres)} rows of mu and {len(widths)} of sigma: expected one σ for each μ. Take both from one q(z|x)."
        )
    if not (widths > 0).all():
        raise ValueError(f"sigma goes down to {widths.min():g}: expected positive numbers. Is it the log of σ? Then pass its exp().")
    classes = _classes(labels, len(centres), names)
    if marks and len(marks) != len(centres):
        raise ValueError(f"there are {len(marks)} marks for {len(centres)} ellipses: expected one each.")
    words = [in_words(mark) for mark in marks]
    if classes is not None and not words and len(centres) <= 40:
        words = [_name(label, names) for label in classes]
    if behind is not None:
        axis.scatter(*plane(behind, "behind")[:MOST].T, s=4, color=FAINT, linewidths=0, zorder=1)
    ellipses = []
    for i, (centre, width) in enumerate(zip(centres, widths, strict=True)):
        colour = CLASS_COLOURS[0] if classes is None else _colour(classes[i])
        ellipse = Ellipse(tuple(centre), *(2 * width), facecolor=(colour, 0.18), edgecolor=colour, linewidth=1.6, zorder=2)
        axis.add_patch(ellipse)
        ellipses.append(ellipse)
        axis.plot(*centre, ".", color=colour, markersize=4, zorder=3)
        if words:
            axis.annotate(
                words[i],
                tuple(centre + 0.6 * width),
                xytext=(2, 0),
                textcoords="offset points",
                color=in_ink(colour),
                weight="bold",
                path_effects=[PAPER_EDGE],
                zorder=4,
            )
    frame(axis, np.concatenate([centres - widths, centres + widths]), limit, beyond=0)
    axis.set_title(title)
    return ellipses


def show_manifold(
    decode: Callable[[Tensor], Tensor],
    alt: str,
    *,
    limit: float = 3.0,
    tiles: int = 13,
    device: str | torch.device = "cpu",
    title: str = "",
) -> None:
    """Show what a decoder makes of a plane of two latents: an image for each place of a grid.

    decode: from z, (n, 2), on `device`, to images (n, channels, height, width), pixels in [0, 1], such as
    `lambda z: model.decode(z).mean`.
    limit: the plane reaches from −limit to limit in units of z. tiles: images along a side.
    Raises ValueError when decode gives no such images.
    """
    check_words(alt)
    images = checked(_decoded(decode, limit, tiles, device), "what decode gave")
    along = tiles * images.shape[-1]
    times = max(1, int(SIDE * DPI / along + 0.5))
    size = (1.2 * along * times / DPI, 1.2 * tiles * images.shape[-2] * times / DPI)
    with figure_with(alt, figsize=size) as (_, axis):
        axis.set_position((0.1, 0.1, 1 / 1.2 + 1e-4, 1 / 1.2 + 1e-4))
        draw_manifold(axis, decode, limit=limit, tiles=tiles, device=device, title=title)


def draw_manifold(
    axis: Axes,
    decode: Callable[[Tensor], Tensor],
    *,
    limit: float = 3.0,
    tiles: int = 13,
    device: str | torch.device = "cpu",
    title: str = "",
) -> AxesImage:
    """Draw the plane of `show_manifold` onto an axis, in units of z, as large as fits whole pixels in its place. Returns the picture."""
    images = checked(_decoded(decode, limit, tiles, device), "what decode gave")
    height, width = images.shape[-2:]
    grid = tiled(images, tiles, 0, [row * height for row in range(tiles)])
    picture = axis.imshow(
        grid, interpolation="nearest", vmin=0, vmax=255, aspect="auto", extent=(-limit, limit, -limit, limit), origin="upper"
    )
    in_whole_pixels(axis, tiles * width, tiles * height)
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.set(xlabel="z₁", title=title)
    axis.set_ylabel("z₂", rotation=0, ha="right", va="center")
    return picture


def key_of_dots(figure: Figure, what: str, classes: Iterable[int], names: Sequence = ()) -> None:
    """Right of a figure of dots: which colour is which class. what: what the classes are, over the key."""
    _key(figure, what, classes, names, linestyle="", marker="o", markersize=9)


def _key(figure: Figure, what: str, classes: Iterable[int], names: Sequence, **look) -> None:
    """Right of a figure: which colour is which class."""
    handles = [Line2D([], [], color=_colour(label), label=_name(label, names), **look) for label in sorted(classes)]
    figure.legend(handles=handles, title=what, loc="outside right center", handletextpad=0.4, labelspacing=0.7, alignment="left")


def plane(points: Tensor, what: str) -> np.ndarray:
    """Points of two finite numbers, (n, 2). Raises ValueError for others."""
    places = torch.as_tensor(points).detach().cpu().double().numpy()
    if places.ndim != 2 or places.shape[1] != 2 or not len(places):
        raise ValueError(
            f"{what} has the shape {places.shape}: expected (n, 2), a row for each image, on a plane of two latents. "
            "Of more latents take two, as in z[:, [0, 3]]."
        )
    if not np.isfinite(places).all():
        raise ValueError(f"{what} holds numbers that are not finite: expected none. Did its model diverge?")
    return places


def frame(axis: Axes, places: np.ndarray, limit: float | None, beyond: float = BEYOND) -> None:
    """A square frame with equal units on both axes: from −limit to limit, or around the places, but for the few that lie far out."""
    if limit is not None and not limit > 0:
        raise ValueError(f"limit is {limit:g}: expected a positive number, in units of z.")
    if limit is not None:
        low, high = np.full(2, -limit), np.full(2, limit)
    else:
        low, high = np.quantile(places, [beyond, 1 - beyond], axis=0)
        middle, half = (low + high) / 2, 0.56 * max((high - low).max(), 1e-3)
        low, high = middle - half, middle + half
    axis.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel="z₁", aspect="equal")
    axis.set_ylabel("z₂", rotation=0, ha="right", va="center")


def apart(places: np.ndarray, least: float) -> np.ndarray:
    """The places, moved as little as it takes for any two to be `least` apart."""
    moved = places + 1e-6 * np.arange(len(places))[:, None] * (1.0, -1.0)
    for _ in range(200):
        between = moved[:, None] - moved[None]
        far = np.linalg.norm(between, axis=-1) + 1e-12
        push = np.clip(least - far, 0, None) * (1 - np.eye(len(places)))
        if not (push > 1e-3 * least).any():
            break
        moved = moved + (between / far[..., None] * push[..., None]).sum(1) * 0.3
    return moved


def _reach(axis: Axes) -> float:
    """How far apart two names must stand on a map, in units of z."""
    low, high = axis.get_xlim()
    return 0.26 / inches_across(axis) * (high - low)


def _decoded(decode: Callable[[Tensor], Tensor], limit: float, tiles: int, device: str | torch.device) -> Tensor:
    """Images for the middles of a grid over the plane, (tiles², …), the upper row first."""
    if tiles < 1 or not limit > 0:
        raise ValueError(
            f"tiles is {tiles} and limit {limit:g}: expected at least one image along a side, and a positive number of units of z."
        )
    along = ((torch.arange(tiles) + 0.5) / tiles * 2 - 1) * limit
    with torch.no_grad():
        return decode(torch.stack([along.repeat(tiles), -along.repeat_interleave(tiles)], 1).to(device))


def _of(one_or_many, name: str):
    """What belongs to a panel: its own where there is one for each, the only one otherwise."""
    if not isinstance(one_or_many, Mapping):
        return one_or_many
    if name not in one_or_many:
        raise ValueError(
            f"there is nothing for panel {name!r}: expected a tensor for each name of z, got those for {', '.join(one_or_many)}."
        )
    return one_or_many[name]


def _classes(labels: Tensor | None, count: int, names: Sequence) -> np.ndarray | None:
    """Labels as whole numbers, one for each of `count`. Raises ValueError for others, and for more classes than there are colours."""
    if labels is None:
        return None
    classes = torch.as_tensor(labels).detach().cpu().numpy()
    if classes.shape != (count,):
        raise ValueError(f"labels have the shape {classes.shape} for {count} points: expected ({count},), one class each.")
    classes = classes.astype(int)
    most = min(len(names) or len(CLASS_COLOURS), len(CLASS_COLOURS))
    if classes.min() < 0 or classes.max() >= most:
        raise ValueError(
            f"labels go from {classes.min()} to {classes.max()}: expected 0 to {most - 1}, as there are {len(CLASS_COLOURS)} colours"
            + (f" and {len(names)} names." if names else ".")
        )
    return classes


def _colour(label: int) -> str:
    return CLASS_COLOURS[int(label)]


def _name(label: int, names: Sequence) -> str:
    return in_words(names[int(label)]) if names else str(int(label))
