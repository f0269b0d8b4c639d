"""The exact posterior of a model with two latents, beside the encoder's Gaussian and the best one: where the ELBO's gap comes from.

The kernel draws it: its one slider turns over a few pictures of plots, each of which is larger than any weights that could draw it.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..contract import LatentModel
from ..evaluation import posterior_on_grid
from ..evaluation.examples import labels_on, placed
from ..models.base import evaluating
from ..plots import COLOURS
from . import drawing
from .explorer import Explorer, Slider, signed

SIDE = 250
CIRCLE = np.stack([np.cos(np.linspace(0, 2 * np.pi, 90)), np.sin(np.linspace(0, 2 * np.pi, 90))])


class PosteriorGap(Explorer):
    """A slider over images: the exact p(z|x) on a grid, the encoder's q and the best diagonal Gaussian, and the gap's two parts.

    model: one with two latents. images: (n, *input_shape), at least two. y: their classes, for a model that knows classes: (n,) labels, or
    one for all; everything is then given y as well. limit, points: the grid, as in `evaluation.posterior_on_grid`.
    The one control is `image`, from 1 to n. After making, `log_evidence`, `gap`, `approximation` and `amortisation` hold one figure an
    image, (n,), in nats: gap = log p(x) − ELBO = the sum of the two.
    Raises ValueError for fewer than two images, for what `posterior_on_grid` refuses, and when a model that knows classes gets no y.
    """

    title = "The gap"
    picture_width = 620

    def __init__(self, model: LatentModel, images: Tensor, *, y: Tensor | int | None = None, limit: float = 5.0, points: int = 201) -> None:
        if len(images) < 2:
            raise ValueError(f"got {len(images)} image(s), expected at least two to slide over.")
        images = placed(model, images)
        self.images = images.cpu()
        self.labels = labels_on(model, y, len(images))
        self.grid = posterior_on_grid(model, images, self.labels, limit=limit, points=points)
        with evaluating(model), torch.no_grad():
            self.q = model.encode(images, self.labels)
        self.best = self.grid.closest_gaussian(self.q)
        self.log_evidence = self.grid.log_evidence
        self.gap = self.grid.kl_from(self.q)
        self.approximation = self.grid.kl_from(self.best)
        self.amortisation = self.gap - self.approximation
        super().__init__([Slider("image", "x", 1, len(images), 1, 1, "which image")])

    def _row(self) -> int:
        return int(self.values["image"]) - 1

    def _of_class(self, row: int) -> str:
        return "" if self.labels is None else f" of class {self.labels[row].item()}"

    def draw(self) -> Image.Image:
        return self._picture(self._row())

    def _picture(self, row: int) -> Image.Image:
        image = drawing.captioned(drawing.from_tensor(self.images[row], 110).convert("RGB"), f"x, number {row + 1}")
        return drawing.beside(image, self._map(row), self._bars(row))

    def _window(self, row: int) -> tuple[float, float, float]:
        """The middle of what is to be seen and half its width: both Gaussians and nearly all of the posterior, to a tenth."""
        mean = self.grid.mean[row]
        spread = self.grid.covariance[row].diagonal().sqrt()
        reach = [3.5 * spread.max().item()]
        for q in (self.q, self.best):
            reach.append((q.mean[row].cpu() - mean).abs().max().item() + 2.5 * q.stddev[row].max().item())
        half = math.ceil(10 * max(reach)) / 10
        return mean[0].item(), mean[1].item(), half

    def _map(self, row: int) -> Image.Image:
        x, y, half = self._window(row)
        posterior = "p(z|x)" if self.labels is None else "p(z|x, y)"
        ranges = {"x": (x - half, x + half), "y": (y - half, y + half)}
        words = {"x_label": "z₁", "y_label": f"z₂, and {posterior} in grey", "y_ticks": drawing.ticks(*ranges["y"], about=4)}
        room = drawing.Plot(SIDE, SIDE, **ranges, **words, x_ticks=[0.0])  # what words and ticks leave: it is wider than high
        wide = half * (room.right - room.left) / (room.bottom - room.top)
        ranges["x"] = (x - wide, x + wide)  # as many z to a pixel as upwards, so that a round posterior is round
        plot = drawing.Plot(SIDE, SIDE, **ranges, **words, x_ticks=drawing.ticks(*ranges["x"], about=4))
        self._shade(plot, row, ranges)
        for q, colour, dashed in ((self.q, COLOURS[0], False), (self.best, COLOURS[3], True)):
            mean, stddev = q.mean[row].cpu().numpy(), q.stddev[row].cpu().numpy()
            plot.curve(mean[0] + 2 * stddev[0] * CIRCLE[0], mean[1] + 2 * stddev[1] * CIRCLE[1], colour, dashed=dashed)
        return plot.picture

    def _shade(self, plot: drawing.Plot, row: int, ranges: dict[str, tuple[float, float]]) -> None:
        """The density, read off the grid for every drawn pixel of the plot's inside: the darker the denser."""
        left, top = (round(number) for number in plot.at(ranges["x"][0], ranges["y"][1]))
        right, bottom = (round(number) for number in plot.at(ranges["x"][1], ranges["y"][0]))
        across = torch.linspace(*ranges["x"], right - left, dtype=torch.float64) / self.grid.axis[-1]
        up = torch.linspace(ranges["y"][1], ranges["y"][0], bottom - top, dtype=torch.float64) / self.grid.axis[-1]
        where = torch.stack(torch.meshgrid(across, up, indexing="xy"), dim=-1)
        density = self.grid.log_density[row].exp().T
        shade = torch.nn.functional.grid_sample(density[None, None], where[None], align_corners=True)[0, 0]
        inside = (shade >= self._edge(row)).numpy()
        shade = 255 - 190 * (shade / density.max()).clamp(0, 1).sqrt()
        shade[torch.from_numpy(_rim(inside, drawing.DENSITY))] = 60
        plot.picture.paste(Image.fromarray(shade.numpy().astype(np.uint8)).convert("RGB"), (left, top))

    def _edge(self, row: int) -> float:
        """The density above which 86 % of the posterior lies: as much as a Gaussian in two dimensions has within two σ."""
        sorted_mass, _ = self.grid.log_density[row].exp().flatten().sort(descending=True)
        within = sorted_mass.cumsum(0) * self.grid.step**2 < 1 - math.exp(-2)
        return sorted_mass[within.sum()].item()

    def _told(self, row: int) -> tuple[float, float, float]:
        """Gap, approximation and amortisation to two digits, so that what is read adds up."""
        gap, approximation = round(self.gap[row].item(), 2), round(self.approximation[row].item(), 2)
        return gap, approximation, gap - approximation

    def _bars(self, row: int) -> Image.Image:
        """The gap's two parts as bars from zero, on the same scale for every image."""
        top = max(self.gap.max().item(), 1e-3) * 1.15
        plot = drawing.Plot(190, 200, x=(0, 3), y=(-0.14 * top, top), y_ticks=drawing.ticks(0, top, about=4), y_label="nats")
        _, approximation, amortisation = self._told(row)
        parts = (("approx.", approximation, COLOURS[3]), ("amort.", amortisation, COLOURS[0]))
        for place, (name, height, colour) in enumerate(parts):
            left = 0.3 + 1.3 * place
            plot.area([left, left + 1], [height, height], colour, strength=0.8)
            plot.say(left + 0.5, height + 0.02 * top, signed(height, 2))
            plot.say(left + 0.5, -0.03 * top, name, anchor="mt", size=11)
        return plot.picture

    def says(self) -> list[str]:
        row = self._row()
        p_x = "p(x)" if self.labels is None else "p(x|y)"
        evidence, (gap, approximation, amortisation) = self.log_evidence[row].item(), self._told(row)
        return [
            f"log {p_x} = {signed(evidence, 2)} nats, ELBO = {signed(evidence - gap, 2)}: a gap of {signed(gap, 2)}.",
            f"{signed(approximation, 2)} of it is approximation: even the best Gaussian (dashed) is not the grey posterior.",
            f"{signed(amortisation, 2)} is amortisation: the encoder's Gaussian (solid) is not the best one.",
        ]

    def alt(self) -> str:
        seen = "the exact posterior of its two latents in grey with two ellipses of 2σ over it, and two bars."
        return f"An image{self._of_class(self._row())}, {seen} {' '.join(self.says())}"

    def _cases(self) -> list[int]:
        """Three images: with the smallest gap, the middle one, and the largest."""
        order = self.gap.argsort().tolist()
        return [order[0], order[len(order) // 2], order[-1]]

    def sheet(self) -> Image.Image:
        return drawing.above(*(self._picture(row) for row in self._cases()))

    def sheet_alt(self) -> str:
        told = "; ".join(
            "gap {:.2f} = approximation {:.2f} + amortisation {:.2f} nats".format(*self._told(row))
            + (f" (an image{self._of_class(row)})" if self.labels is not None else "")
            for row in self._cases()
        )
        return (
            "Three rows, for the image with the smallest gap, the middle one and the largest: the image; its exact posterior in grey, "
            "86 % of it within a dark line, with the encoder's Gaussian as a solid ellipse and the best Gaussian as a dashed one; "
            f"the gap's parts as bars. {told}."
        )


def _rim(inside: np.ndarray, width: int) -> np.ndarray:
    """The points of a region that have one outside it within `width` above, below, left or right: (height, width) → the same."""
    shifts = ((width, 0), (-width, 0), (0, width), (0, -width))
    return inside & ~np.logical_and.reduce([np.roll(inside, shift, axis=(0, 1)) for shift in shifts])
