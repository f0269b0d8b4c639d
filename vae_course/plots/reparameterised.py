"""Draws that are computed from noise: how they move with μ and σ, which way a gradient takes, and how single estimates of it scatter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor
from torch.distributions import Distribution

from ..contract import EncodesAndDecodes
from .images import checked
from .machines import Part, draw_machine
from .output import check_words, figure_with, show
from .style import COLOURS, INK, MUTED, PAPER_EDGE, in_ink

WIDTH, LEFT, RIGHT, BELOW, BETWEEN = 8.4, 0.07, 0.995, 0.5, 0.12  # inches, and shares of the width
PAINTED, SHARE = 7, 0.94  # images along z, and how much of its place each fills
LONGEST = 1.0  # in units of z: the arrow of the strongest pull
BEFORE, AFTER, PULL = COLOURS[0], COLOURS[2], COLOURS[3]
BINS, STRIP = 60, 1.05  # of a strip of estimates, and its height in inches
THIN = "#b0b0b0"
Cost = Callable[[Tensor], Tensor]


def along_latent(model: EncodesAndDecodes, x: Tensor, number: int) -> tuple[Cost, Cost]:
    """What a model paints where one latent of an image is moved, and the cost −log p(x|z) of painting that image there, in nats.

    x: one image, (1, *input_shape). number: which latent, counted from 1; the others stay at the encoder's means.
    Result: two functions of places along that latent, (n,): to images (n, *input_shape), and to costs (n,), which have a gradient.
    Raises ValueError when x is not one image, or the model has no latent of that number.
    """
    with torch.no_grad():
        code = model.encode(x).mean
    if len(code) != 1 or not 1 <= number <= code.shape[1]:
        raise ValueError(f"latent {number} of {len(code)} images: expected one image, and a latent from 1 to {code.shape[1]}.")

    def decoded(places: Tensor) -> Distribution:
        z = code.repeat(len(places), 1)
        z[:, number - 1] = places.to(z)
        return model.decode(z)

    return lambda places: decoded(places).mean, lambda places: -decoded(places).log_prob(x)


def show_pulls(
    cost: Cost,
    mu: float,
    sigma: float,
    epsilon: Tensor,
    alt: str,
    *,
    step: float,
    paint: Cost | None = None,
    limit: float = 3.0,
    z_label: str = "z",
    cost_label: str = "cost, nats",
) -> tuple[float, float]:
    """Show draws z = μ + σ·ε on the slope of a cost, the pulls on them, and where these take the bell curve. Returns ∂/∂μ and ∂/∂σ.

    cost: a differentiable function of places along z, (n,) → (n,). epsilon: (n,), the noise. paint: places (n,) to what a decoder paints
    there, (n, channels, height, width), pixels in [0, 1]. step: how far μ and σ go downhill, for each unit of their gradients.
    The gradients are those of the mean cost of these draws, by autograd: for μ the mean of the slopes, for σ that of slope times ε.
    Raises ValueError for σ ≤ 0, for noise that is not (n,), and when the step would take σ to 0.
    """
    if sigma <= 0 or epsilon.dim() != 1 or not len(epsilon):
        raise ValueError(f"sigma is {sigma:g} and epsilon has shape {tuple(epsilon.shape)}: expected a positive number, and (n,).")
    check_words(alt)
    epsilon = epsilon.detach().cpu()
    z, slopes = _slopes(cost, mu + sigma * epsilon)
    of_mu, of_sigma = slopes.mean().item(), (slopes * epsilon).mean().item()
    after = (mu - step * of_mu, sigma - step * of_sigma)
    if after[1] <= 0:
        raise ValueError(f"a step of {step:g} takes sigma from {sigma:g} to {after[1]:.2f}: expected one that leaves it positive.")
    unit = WIDTH * (RIGHT - LEFT) / (2 * limit + 1)  # inches of paper for each unit of z
    heights = [2.0, 2.7] if paint is None else [SHARE * 2 * limit / (PAINTED - 1) * unit, 2.0, 2.7]
    tall = sum(heights) + BETWEEN * (len(heights) - 1) + BELOW + 0.05
    room = {"left": LEFT, "right": RIGHT, "bottom": BELOW / tall, "top": 1 - 0.05 / tall, "hspace": BETWEEN * len(heights) / sum(heights)}
    figure, axes = plt.subplots(len(heights), 1, sharex=True, figsize=(WIDTH, tall), height_ratios=heights, gridspec_kw=room)
    try:
        if paint is not None:
            _draw_images(axes[0], paint, limit)
        reach = LONGEST / max(slopes.abs().max().item(), 1e-12)
        _draw_slope(axes[-2], cost, z, slopes, reach, limit, cost_label)
        _draw_bells(axes[-1], (mu, sigma), after, epsilon, (of_mu, of_sigma), reach)
        axes[-1].set(xlabel=z_label, xlim=(-limit - 0.5, limit + 0.5))
    except BaseException:
        plt.close(figure)
        raise
    show(figure, alt)
    return of_mu, of_sigma


def show_paths(epsilon: Tensor, alt: str, *, sigma: float = 0.5, marked: int = 0) -> None:
    """Show how draws move when μ moves and when σ moves, and the noise stays.

    epsilon: (n,), the noise; the draw `marked` is coloured and its slope written beside it. sigma: the width where μ moves.
    Raises ValueError when epsilon is not (n,), or has no draw of that number.
    """
    if epsilon.dim() != 1 or not 0 <= marked < len(epsilon):
        raise ValueError(f"epsilon has shape {tuple(epsilon.shape)} and draw {marked} is marked: expected (n,), and one from 0 to n − 1.")
    noise = epsilon.detach().cpu().double().numpy()
    centres, widths = np.linspace(-2, 2, 9), np.linspace(0, 1.5, 7)
    with figure_with(alt, 1, 2, figsize=(WIDTH * 0.8, 3.2), sharey=True, layout="constrained") as (_, axes):
        for number, one in enumerate(noise):
            accused = number == marked
            look: dict[str, Any] = {"color": PULL if accused else THIN, "linewidth": 2.2 if accused else 1, "zorder": 3 if accused else 2}
            axes[0].plot(centres, centres + sigma * one, "o-", markersize=3, **look)
            axes[1].plot(widths, widths * one, "o-", markersize=3, **look)
        words: dict[str, Any] = {"color": in_ink(PULL), "fontsize": 10, "path_effects": [PAPER_EDGE], "zorder": 4}
        for axis, slope in ((axes[0], "1"), (axes[1], f"ε = {noise[marked]:.2f}".replace("-", "−"))):
            axis.text(0.04, 0.95, f"slope {slope}", transform=axis.transAxes, va="top", **words)
        axes[0].set(title="μ moves, ε stays", xlabel=f"μ (with σ = {sigma:g})", ylabel="z")
        axes[1].set(title="σ moves, ε stays", xlabel="σ (with μ = 0)")


def show_estimates(estimates: Mapping[str, Tensor], truth: float, alt: str, *, limit: float = 30.0, x_label: str = "one estimate") -> None:
    """Show single estimates of one number as histograms, a strip a name, those of the wrong sign in another colour.

    estimates: for each name some numbers, (n,). truth: what they estimate, not 0. limit: the axis runs from −limit to limit; beside each
    strip stands which share has the wrong sign, and which lies beyond the axis.
    Raises ValueError when there are no estimates, or the truth is 0, which has no wrong sign.
    """
    if not estimates or truth == 0 or any(values.numel() == 0 for values in estimates.values()):
        raise ValueError(f"the truth is {truth:g}, and there are {len(estimates)} kinds of estimates: expected one at least, not of 0.")
    edges = np.linspace(-limit, limit, BINS + 1)
    size = (WIDTH * 0.8, STRIP * len(estimates) + 0.6)
    with figure_with(alt, len(estimates), 1, figsize=size, sharex=True, squeeze=False, layout="constrained") as (_, axes):
        for axis, (name, values) in zip(axes[:, 0], estimates.items(), strict=True):
            numbers = values.detach().cpu().double().flatten().numpy()
            wrong, beyond = np.sign(numbers) != np.sign(truth), np.abs(numbers) > limit
            axis.hist(numbers[~wrong], edges.tolist(), color=BEFORE)
            axis.hist(numbers[wrong], edges.tolist(), color=PULL)
            axis.axvline(truth, color=INK, linewidth=1.4, linestyle="--")
            axis.set(xlim=(-limit, limit), yticks=[])
            words: dict[str, Any] = {"transform": axis.transAxes, "va": "top", "path_effects": [PAPER_EDGE], "zorder": 5}
            axis.text(0.01, 0.95, name, color=INK, **words)
            axis.text(0.01, 0.70, f"wrong sign: {wrong.mean():.0%}", color=in_ink(PULL), **words)
            if beyond.any():
                axis.text(0.99, 0.95, f"beyond the axis: {beyond.mean():.0%}", color=in_ink(MUTED), ha="right", **words)
        axes[0, 0].annotate(
            f"truth: {truth:g}", (truth, 1), xytext=(0, 3), xycoords=("data", "axes fraction"), textcoords="offset points", ha="center"
        )
        axes[-1, 0].set_xlabel(x_label)


def show_reports(reported: Mapping[str, float], honest: Mapping[str, float], alt: str, *, x_label: str) -> None:
    """Show two numbers for each name as two bars, one below the other: what something reports of itself, and what is true of it.

    reported, honest: numbers by the same names, in the units of `x_label`. Raises ValueError when their names differ, or there are none.
    """
    if not reported or list(reported) != list(honest):
        raise ValueError(
            f"reported are {', '.join(reported) or 'none'}, honest are {', '.join(honest) or 'none'}: expected the same names."
        )
    places = np.arange(len(reported))
    with figure_with(alt, figsize=(WIDTH * 0.8, 0.6 + 0.62 * len(reported)), layout="constrained") as (_, axis):
        for values, name, colour, shift in ((reported, "reported", COLOURS[1], -0.18), (honest, "honest", COLOURS[0], 0.18)):
            lengths = list(values.values())
            axis.barh(places + shift, lengths, height=0.34, color=colour, label=name)
            for place, value in zip(places + shift, lengths, strict=True):
                axis.annotate(f"{value:.0f}", (value, place), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
        axis.set(yticks=places, yticklabels=list(reported), xlabel=x_label)
        axis.invert_yaxis()
        axis.grid(visible=False, axis="y")
        axis.legend(loc="upper right")


def show_way_back(x: Tensor, alt: str) -> None:
    """Show a VAE twice, and the gradient on its way back: a drawn z stops it; a z that is computed from noise ε lets it through.

    x: the image that is encoded, (channels, height, width), pixels in [0, 1].
    """
    with figure_with(alt, 2, 1, figsize=(WIDTH, 6.4)) as (figure, axes):
        _draw_graph(axes[0], x, noise=False)
        _draw_graph(axes[1], x, noise=True)
        ways = [axis.get_xlim()[1] - axis.get_xlim()[0] for axis in axes]
        tall = [axis.get_ylim()[1] - axis.get_ylim()[0] for axis in axes]
        for axis, top in zip(axes, (1.0, tall[1] / sum(tall)), strict=True):
            share = (tall[0] if top == 1.0 else tall[1]) / sum(tall)
            axis.set_position((0, top - share, 1, share))
            axis.set_anchor("W")
        figure.set_size_inches(max(ways), sum(tall))


def _draw_graph(axis: Axes, x: Tensor, *, noise: bool) -> None:
    z = Part("z", "circle", "μ + σ·ε" if noise else "drawn")
    draws = [Part("ε", "circle", "noise, from outside"), z] if noise else z
    columns = [Part("x", x), Part("encoder", "narrows"), [Part("μ", "circle"), Part("σ", "circle")], draws]
    columns += [Part("decoder", "widens"), Part("cost", "box", "−log p(x|z)")]
    arrows = [("x", "encoder"), ("encoder", "μ"), ("encoder", "σ"), ("μ", "z"), ("σ", "z"), ("z", "decoder"), ("decoder", "cost")]
    arrows += [("cost", "z"), ("z", "encoder")] + [("ε", "z")] * noise
    words = {("cost", "z"): "gradient", ("z", "encoder"): "through μ: times 1; through σ: times ε" if noise else "stopped"}
    draw_machine(axis, columns, arrows=arrows, blocked=[] if noise else [("z", "encoder")], words=words)
    low, high = axis.get_ylim()
    axis.set_ylim(low - 0.1, high + 0.1)


def _slopes(cost: Cost, z: Tensor) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        z = z.detach().clone().requires_grad_()
        (slopes,) = torch.autograd.grad(cost(z).sum(), z)
    return z.detach().cpu(), slopes.cpu()


@torch.no_grad()
def _draw_images(axis: Axes, paint: Cost, limit: float) -> None:
    places = torch.linspace(-limit, limit, PAINTED)
    images = checked(paint(places), "what is painted").clamp(0, 1).cpu()
    half = SHARE * limit / (PAINTED - 1)
    for place, image in zip(places.tolist(), images, strict=True):
        pixels = image.permute(1, 2, 0).numpy()
        axis.imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="nearest", extent=(place - half, place + half, 0, 1), aspect="auto")
    axis.set_ylim(0, 1)
    axis.set_axis_off()


@torch.no_grad()
def _draw_slope(axis: Axes, cost: Cost, z: Tensor, slopes: Tensor, reach: float, limit: float, label: str) -> None:
    along = torch.linspace(-limit, limit, 121)
    axis.plot(along.numpy(), cost(along).detach().cpu().numpy(), color=INK, linewidth=1.8)
    heights = cost(z).detach().cpu()
    for place, height, slope in zip(z.tolist(), heights.tolist(), slopes.tolist(), strict=True):
        _arrow(axis, (place, height), (place - reach * slope, height), 1.6)
    axis.plot(z.numpy(), heights.numpy(), "o", color=BEFORE, markersize=7, zorder=5)
    place, ha = (0.99, "right") if z.mean() < 0 else (0.01, "left")
    words = {"transform": axis.transAxes, "color": in_ink(PULL), "path_effects": [PAPER_EDGE]}
    axis.text(place, 0.86, "each draw is pulled downhill", ha=ha, **words)
    axis.text(place, 0.73, "an arrow is a strength, not a step", ha=ha, **words)
    axis.set_ylabel(label)


def _draw_bells(
    axis: Axes, before: tuple[float, float], after: tuple[float, float], epsilon: Tensor, gradients: tuple[float, float], reach: float
) -> None:
    """The bell curve before a step, standing, and after it, hanging; each draw is joined to where the same ε puts it then."""
    gap, (mu, sigma), tall = 0.45, before, 1.0
    along = np.linspace(-4, 4, 201)
    scale = tall * min(before[1], after[1])  # so that both keep the area of a density, and the narrower is `tall`
    for (m, s), colour, sign, base in ((before, BEFORE, 1, 0.0), (after, AFTER, -1, -gap)):
        shape = base + sign * scale / s * np.exp(-0.5 * along**2)
        axis.fill_between(m + s * along, base, shape, color=colour, alpha=0.25, linewidth=0)
        axis.plot(m + s * along, shape, color=colour, linewidth=1.8)
        axis.plot(m + s * epsilon.numpy(), np.full(len(epsilon), base), "o", color=colour, markersize=6, zorder=5)
    for one in epsilon.tolist():
        axis.plot((mu + sigma * one, after[0] + after[1] * one), (0, -gap), color=MUTED, linewidth=1, zorder=1)
    top = scale / sigma
    side = top * np.exp(-0.5)
    _arrow(axis, (mu, top), (mu - reach * gradients[0], top), 3)
    _arrow(axis, (mu + sigma, side), (mu + sigma - reach * gradients[1], side), 3)
    words: dict[str, Any] = {"va": "center", "path_effects": [PAPER_EDGE], "color": in_ink(PULL)}
    away = 1 if gradients[0] > 0 else -1  # words stand behind the arrow, not before it
    axis.text(mu + 0.12 * away, top + 0.12, "on μ: the mean pull", ha="left" if away > 0 else "right", **words)
    axis.text(mu + sigma + 0.12, side, "on σ: the mean of pull times ε", ha="left", **words)
    place, ha = (0.99, "right") if mu < 0 else (0.01, "left")  # where the curves are not
    for height, name, colour in ((0.14, "before", BEFORE), (-gap - 0.14, "after one step, the same ε", AFTER)):
        across = axis.get_yaxis_transform()
        axis.text(place, height, name, transform=across, ha=ha, va="center", color=in_ink(colour), path_effects=[PAPER_EDGE])
    axis.set(yticks=[], ylim=(-gap - scale / after[1] - 0.12, top + 0.3))
    axis.grid(visible=False, axis="y")


def _arrow(axis: Axes, start: tuple[float, float], end: tuple[float, float], width: float) -> None:
    look = {"arrowstyle": "-|>", "color": PULL, "linewidth": width, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 10 + 2 * width}
    axis.annotate("", end, start, arrowprops=look, zorder=4)
