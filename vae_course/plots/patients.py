"""A training run in one line: its curves, and what it makes of images, so that a reader can say what ails it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from .curves import name_at_ends
from .output import show
from .style import COLOURS, FAINT

ROWS = ("test images", "reconstructions", "samples")
STEEP = 1e4  # nats; beyond, an axis counts in powers of ten
STYLES = ("-", "--", "-.", ":")


def show_patient(
    curves: Mapping[str, Sequence[float]],
    pictures: Tensor,
    *,
    epochs: Sequence[int] | None = None,
    title: str = "",
    levels: Mapping[str, float] | None = None,
) -> None:
    """Show a run's curves on the left, and on the right test images above their reconstructions above samples.

    curves: by name, one figure an epoch, nats an example as the run reported them; NaN is marked by a cross. pictures: (3, n, channels,
    height, width), values in [0, 1]; what is NaN is left blank. epochs: of the curves' points; 1, 2, … when left out.
    levels: values to compare with, by name. A ring marks where the test loss was lowest, if that is not its end.
    The alt text is made of the figures: what falls, what rises, how alike pictures are.
    Raises ValueError for pictures of another shape, or without a curve.
    """
    if pictures.dim() != 5 or len(pictures) != len(ROWS):
        raise ValueError(
            f"the pictures have the shape {tuple(pictures.shape)}, expected (3, n, channels, height, width): {', '.join(ROWS)}."
        )
    if not curves:
        raise ValueError("there is no curve to draw: expected figures by name, such as history.terms.")
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.4, 2.3), width_ratios=(1, 1.75), layout="constrained")
    heights = np.array([list(map(float, values)) for values in curves.values()])
    along = np.arange(1, heights.shape[1] + 1) if epochs is None else np.asarray(epochs)
    lines = []
    for number, (name, values) in enumerate(zip(curves, heights, strict=True)):
        look = {"color": COLOURS[number % len(COLOURS)], "linewidth": 2, "label": name.replace("_", " ").replace("kl", "KL")}
        lines += left.plot(along, values, STYLES[number % 4], marker="o" * (len(along) == 1), **look)
    finite = heights[np.isfinite(heights)]
    if (lowest := _turns(curves)) is not None:
        number = list(curves).index("test_loss")
        left.plot(along[lowest], heights[number, lowest], "o", color=COLOURS[number % len(COLOURS)], markersize=8, fillstyle="none")
    if finite.size and np.abs(finite).max() > STEEP:
        left.set_yscale("symlog", linthresh=1)
        left.yaxis.set_major_locator(_powers(finite))
    for value in (levels or {}).values():
        left.axhline(value, color=FAINT, linewidth=1.2, zorder=0)
    if finite.size < heights.size:
        broken = along[~np.isfinite(heights).all(0)][0]
        left.axvline(broken, color="#D55E00", linewidth=1.2)
        left.annotate("not a number", (broken, 0.5), xycoords=("data", "axes fraction"), rotation=90, ha="right", va="center", fontsize=9)
    left.set(xlabel="epoch", title=title)
    left.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    grid = pictures.detach().cpu().permute(0, 3, 1, 4, 2).flatten(0, 1).flatten(1, 2).numpy()
    right.imshow(np.ma.masked_invalid(grid), vmin=0, vmax=1, cmap=_with_gaps(), interpolation="nearest")
    side = pictures.shape[-2]
    right.set(xticks=[], yticks=[side * (row + 0.5) - 0.5 for row in range(len(ROWS))], yticklabels=ROWS)
    right.grid(False)
    figure.draw_without_rendering()
    name_at_ends(left, lines, levels or {})
    show(figure, in_words_of(curves, pictures, title, along.tolist()))


def _turns(curves: Mapping[str, Sequence[float]]) -> int | None:
    """The place of the lowest test loss, where the curve is finite and ends clearly above it, by a fiftieth."""
    values = np.array([float(value) for value in curves.get("test_loss", ())])
    if not len(values) or not np.isfinite(values).all() or values.min() < 0 or values[-1] < 1.02 * values.min():
        return None
    return int(values.argmin())


def in_words_of(curves: Mapping[str, Sequence[float]], pictures: Tensor, title: str = "", epochs: Sequence[int] | None = None) -> str:
    """What a run's curves and pictures show, for whoever can't see them."""
    told = "; ".join(f"{name.replace('_', ' ')} from {float(values[0]):.4g} to {float(values[-1]):.4g}" for name, values in curves.items())
    if (lowest := _turns(curves)) is not None:
        epoch = lowest + 1 if epochs is None else epochs[lowest]
        told += f", after a lowest {float(curves['test_loss'][lowest]):.4g} in epoch {epoch}"
    seen, made, samples = (row.detach().flatten(1).float() for row in pictures)
    if not bool(made.isfinite().all()):
        return f"{title}: {told}. Reconstructions and samples are blank: none of their pixels is a number."
    alike = [
        np.corrcoef(one.numpy(), other.numpy())[0, 1] if float(other.std()) > 1e-6 else 0.0 for one, other in zip(seen, made, strict=True)
    ]
    return (
        f"{title}: {told}. Reconstructions correlate with their images by {min(alike):.2f} to {max(alike):.2f} and differ among "
        f"each other by {made.std(0).mean():.2f} a pixel, samples by {samples.std(0).mean():.2f}; "
        f"their pixels go from {made.min():.2f} to {made.max():.2f}."
    )


def _with_gaps():
    colours = plt.get_cmap("gray").copy()
    colours.set_bad("#f3d9cc")
    return colours


def _powers(values: np.ndarray):
    from matplotlib.ticker import FixedLocator

    low, high = values.min(), values.max()
    ticks = [0.0]
    for end in (low, high):
        if abs(end) > 1:
            power = np.floor(np.log10(abs(end)))
            ticks += [np.sign(end) * 10.0**power, np.sign(end) * 10.0 ** np.ceil(power / 2)]
    return FixedLocator(sorted(set(ticks)))
