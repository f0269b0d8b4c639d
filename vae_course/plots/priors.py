"""Codes of two numbers, and around them the prior they are to be drawn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.contour import QuadContourSet
from torch import Tensor

from .latents import ROW, SIDE, draw_latent_map, key_of_dots
from .output import check_words, figure_with
from .style import INK, PAPER_EDGE

INSIDE = (0.5, 0.9)  # the shares of the prior's draws that its lines enclose
FINE = 70  # places along a side at which the prior's density is asked for
WIDENED = 6  # times at most that the plane is doubled to hold the prior

LogDensity = Callable[[Tensor], Tensor]


def show_priors(codes: Mapping[str, Tensor], priors: Mapping[str, LogDensity], alt: str, *, labels: Tensor, key: str = "digit") -> None:
    """Show codes as points coloured by class, one panel a name, and around each panel's codes two lines: the prior.

    Of the prior's draws half fall inside of the inner line and 90 % inside of the outer one.

    codes: (n, 2) a name, such as draws from q(z|x). priors: by the same names, a function from z (m, 2) to log p(z), (m,), in nats.
    labels: the class of each code, (n,), whole numbers, for all panels. key: what the classes are.
    Raises ValueError when a panel has no prior, and as `show_latent_map` does.
    """
    check_words(alt)
    if not codes or set(codes) != set(priors):
        raise ValueError(
            f"there are codes for {', '.join(codes) or 'nothing'} and priors for {', '.join(priors)}: expected the same names."
        )
    side = min(SIDE, ROW / len(codes))
    with figure_with(alt, 1, len(codes), figsize=(len(codes) * side, side), squeeze=False, layout="constrained") as (figure, axes):
        for axis, name in zip(axes.flat, codes, strict=True):
            draw_latent_map(axis, codes[name], labels=labels, title=name)
            draw_prior(axis, priors[name])
            axis.yaxis.label.set(rotation=90, ha="center", va="bottom")
            axis.set(xlabel="first number of z₁", ylabel="second number of z₁")
        for axis in axes.flat[1:]:
            axis.set_ylabel("")
        key_of_dots(figure, key, torch.as_tensor(labels).unique().tolist())


def draw_prior(axis: Axes, log_density: LogDensity) -> QuadContourSet:
    """Draw the lines of `show_priors` onto a plane that has its frame, which is widened where the prior reaches beyond it."""
    low, high = np.array([axis.get_xlim(), axis.get_ylim()]).T
    middle, half = (low + high) / 2, float((high - low).max())  # twice the frame to begin with: what lies outside of it counts, too
    for _ in range(WIDENED):
        across, up = (float(place) + half * torch.linspace(-1, 1, 2 * FINE) for place in middle)
        grid = torch.cartesian_prod(across, up)
        with torch.no_grad():  # some places at a time: a mixture asks much for each
            density = torch.cat([log_density(some) for some in grid.split(1000)]).double().exp().cpu().numpy()
        ordered = np.sort(density)[::-1]
        share = np.cumsum(ordered) / ordered.sum()
        levels = sorted({float(ordered[np.searchsorted(share, inside)]) for inside in INSIDE})
        density = density.reshape(2 * FINE, 2 * FINE).T
        if max(edge.max() for edge in (density[0], density[-1], density[:, 0], density[:, -1])) < levels[0]:
            break
        half *= 2
    seen = axis.get_xlim(), axis.get_ylim()
    lines = axis.contour(across, up, density, levels, colors=INK, linewidths=1.7, zorder=3)  # under the names of classes
    lines.set_path_effects([PAPER_EDGE])
    outer = np.concatenate([np.asarray(path.vertices) for path in lines.get_paths()])
    low, high = np.minimum(outer.min(0), [one[0] for one in seen]), np.maximum(outer.max(0), [one[1] for one in seen])
    middle, half = (low + high) / 2, 0.52 * (high - low).max()
    axis.set(xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half))
    return lines
