"""How every figure looks: colours that colour-blind eyes tell apart, one size of letters, pixels with sharp edges."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

DENSITY = 2  # pixels drawn to one on screen
DPI = 100 * DENSITY

# Okabe & Ito's palette: safe for colour-blind eyes, and of different lightness, so that it also reads in grey.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000", "#F0E442")
# Ten classes at once, far apart, for eyes without red or green cones too; their order keeps
# those furthest apart whose digits lie side by side (4, 7, 9; 3, 5, 8). A class has its name at its place as well.
CLASS_COLOURS = ("#a42003", "#77daae", "#2192ff", "#5a065a", "#f4c708", "#36dcf8", "#c3557b", "#38302e", "#c77328", "#1531f4")
PAPER, INK, MUTED, FAINT = "#ffffff", "#222222", "#888888", "#d0d0d0"
PAPER_EDGE = withStroke(linewidth=3, foreground=PAPER)  # around letters that stand on a drawing
STYLE = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 11,
    "axes.labelsize": 10,
    "axes.unicode_minus": True,
    "grid.alpha": 0.3,
    "image.cmap": "gray",
    "image.interpolation": "nearest",  # a smoothed pixel would look like the model's doing
    "legend.frameon": False,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.size": 10,
}
plt.rcParams.update(STYLE)


def in_words(label: object) -> str:
    """A label as it is written: a number short and with a true minus sign, all else as it is."""
    if isinstance(label, Real) and not isinstance(label, bool):
        return f"{float(label):g}".replace("-", "−")
    return str(label)


def all_in_words(labels: Sequence) -> list[str]:
    """Every label as it is written."""
    return [in_words(label) for label in labels]


def inches_across(axis: Axes) -> float:
    """How wide an axis is on paper."""
    return axis.get_position().width * axis.get_figure().get_size_inches()[0]  # type: ignore[union-attr]


def plain_numbers(axis: Axis) -> None:
    """Numbers along a logarithmic axis as one writes them, 0.1, 1, 10, and enough of them where it spans little."""
    low, high = axis.get_view_interval()
    decades = np.log10(high / low) if low > 0 else np.inf
    steps = (1, 2, 3, 4, 5, 6, 8) if decades < 1 else (1, 2, 5) if decades < 2 else (1,)
    axis.set_major_locator(LogLocator(subs=steps, numticks=12))
    if decades < 5:
        axis.set_major_formatter(FuncFormatter(lambda value, _: in_words(value)))
    axis.set_minor_formatter(NullFormatter())


def in_ink(colour: str, contrast: float = 4.5) -> str:
    """A colour darkened until letters in it can be read on paper: with a contrast of 4.5, as guidelines for the web ask."""
    rgb = np.array(to_rgb(colour))
    while 1.05 / (_luminance(rgb) + 0.05) < contrast:
        rgb = 0.95 * rgb
    return to_hex(tuple(rgb.tolist()))


def _luminance(rgb: np.ndarray) -> float:
    light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(light @ (0.2126, 0.7152, 0.0722))
