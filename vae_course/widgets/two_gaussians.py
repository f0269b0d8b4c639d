"""Two Gaussians and the KL between them, with its two halves and its two directions.

The kernel draws it: the still picture needs the same plots in Python, and axes, dashes and words in the browser would be written twice.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from ..plots import COLOURS
from . import drawing
from .explorer import Explorer, Slider, signed

LIMIT = 5.0
SHEET_LIMIT = 8.0  # no case of the still picture has anything to see beyond
ALONG = np.linspace(-LIMIT, LIMIT, 201)


class TwoGaussians(Explorer):
    """Move μ and σ of q = N(μ, σ²) against p = N(0, 1): both densities, the KL in nats with its two halves, and the other direction.

    KL(q ‖ p) = ½ μ² + ½ (σ² − 1 − log σ²): what it costs to stand elsewhere, and what it costs to be narrower or wider.
    The lower plot is q(z) · log(q(z)/p(z)), whose area is the KL. The controls are `mu` and `sigma`.
    """

    title = "Two Gaussians"
    picture_width = 520

    def __init__(self) -> None:
        super().__init__([Slider("mu", "μ", -3.0, 3.0, 1.0, 0.05, "of q"), Slider("sigma", "σ", 0.1, 3.0, 0.5, 0.05, "of q")])

    @property
    def halves(self) -> tuple[float, float]:
        """The two halves of KL(q ‖ p) in nats: what μ costs, and what σ costs."""
        mu, sigma = self.values["mu"], self.values["sigma"]
        return 0.5 * mu**2, 0.5 * (sigma**2 - 1 - 2 * math.log(sigma))

    @property
    def kl(self) -> float:
        """KL(q ‖ p) in nats."""
        return sum(self.halves)

    @property
    def reverse_kl(self) -> float:
        """KL(p ‖ q) in nats."""
        mu, sigma = self.values["mu"], self.values["sigma"]
        return 0.5 * ((1 + mu**2) / sigma**2 - 1 + 2 * math.log(sigma))

    def draw(self) -> Image.Image:
        return drawing.above(*self._plots(self.values["mu"], self.values["sigma"], 520))

    def _plots(self, mu: float, sigma: float, width: int) -> list[Image.Image]:
        """Both plots of one q, each on a scale of its own."""
        densities, integrand = _density(ALONG, mu, sigma), _integrand(ALONG, mu, sigma)
        highest = max(0.85, densities.max() * 1.25)
        low, high = min(integrand.min() * 1.2, -0.3), max(integrand.max() * 1.2, 0.6)
        return self._drawn(mu, sigma, width, along=ALONG, highest=highest, costs=(low, high), ticks=[0.0])

    def _drawn(
        self, mu: float, sigma: float, width: int, *, along: np.ndarray, highest: float, costs: tuple[float, float], ticks: list[float]
    ) -> list[Image.Image]:
        q, p, integrand = _density(along, mu, sigma), _density(along, 0.0, 1.0), _integrand(along, mu, sigma)
        ends = (along[0], along[-1])
        x_ticks = drawing.ticks(*ends)
        densities = drawing.Plot(width, 170, x=ends, y=(0, highest), x_ticks=x_ticks, y_ticks=ticks, y_label="density")
        densities.area(along, p, COLOURS[3])
        densities.area(along, q, COLOURS[0])
        densities.curve(along, p, COLOURS[3], dashed=True)
        densities.curve(along, q, COLOURS[0])
        densities.say(-1.5, 0.17, "p", COLOURS[3], anchor="rb")
        densities.say(mu + 0.3 if mu >= 0 else mu - 0.3, q.max() + 0.01, "q", COLOURS[0])
        area = drawing.Plot(
            width, 150, x=ends, y=costs, x_ticks=x_ticks, x_label="z", y_ticks=ticks, y_label="q · log(q / p): its area is the KL"
        )
        area.area(along, np.maximum(integrand, 0), COLOURS[1], strength=0.45)
        area.area(along, np.minimum(integrand, 0), COLOURS[2], strength=0.45)
        area.curve(along, integrand, drawing.INK, width=1.5)
        return [densities.picture, area.picture]

    def says(self) -> list[str]:
        where, width = self.halves
        return [
            f"KL(q ‖ p) = {self.kl:.2f} nats = ½ μ² + ½ (σ² − 1 − log σ²) = {where:.2f} (for its place) + {width:.2f} (for its width)",
            f"KL(p ‖ q) = {self.reverse_kl:.2f} nats. {self._asymmetry()}",
        ]

    def _asymmetry(self) -> str:
        forward, backward = self.kl, self.reverse_kl
        if abs(forward - backward) < 0.05 * max(forward, backward, 0.2):
            return "Both directions cost about the same here."
        if backward > forward:
            return "The second is larger: p has mass where q has next to none, and p pays for it; q itself never looks there."
        return "The first is larger: q has mass where p has next to none, and pays for it there."

    def alt(self) -> str:
        mu, sigma = signed(self.values["mu"], 2), signed(self.values["sigma"], 2)
        return (
            f"Above: the densities of p = N(0, 1) and of q with μ = {mu}, σ = {sigma}. Below: q log(q/p) along z. {' '.join(self.says())}"
        )

    CASES = ((1.5, 1.0), (0.0, 0.3), (0.0, 2.0))

    def sheet(self) -> Image.Image:
        """The cases side by side, on one scale, so that areas can be compared, and so far out that nothing of one is cut off."""
        along = np.linspace(-SHEET_LIMIT, SHEET_LIMIT, 321)
        integrands = [_integrand(along, *case) for case in self.CASES]
        highest = 1.15 * max(_density(along, *case).max() for case in self.CASES)
        costs = (1.2 * min(values.min() for values in integrands), 1.1 * max(values.max() for values in integrands))
        pictures = []
        for mu, sigma in self.CASES:
            kl = 0.5 * (mu**2 + sigma**2 - 1) - math.log(sigma)
            title = f"μ = {signed(mu)}, σ = {signed(sigma)}: {kl:.2f} nats"
            plots = self._drawn(mu, sigma, 260, along=along, highest=highest, costs=costs, ticks=[0.0, 0.5, 1.0, 1.5])
            pictures.append(drawing.captioned(drawing.above(*plots), title))
        return drawing.beside(*pictures)

    def sheet_alt(self) -> str:
        told = "; ".join(
            f"μ = {signed(mu)} and σ = {signed(sigma)}: {0.5 * (mu**2 + sigma**2 - 1) - math.log(sigma):.2f} nats"
            for mu, sigma in self.CASES
        )
        return (
            "Three pairs of plots on one scale, of q beside the fixed p = N(0, 1) and of q log(q/p) below, whose area is KL(q ‖ p). "
            f"From left to right, moved aside, too narrow and too wide: {told}."
        )


def _log_density(z: np.ndarray, mu: float, sigma: float) -> np.ndarray:
    return -0.5 * ((z - mu) / sigma) ** 2 - math.log(sigma) - 0.5 * math.log(2 * math.pi)


def _density(z: np.ndarray, mu: float, sigma: float) -> np.ndarray:
    return np.exp(_log_density(z, mu, sigma))


def _integrand(z: np.ndarray, mu: float, sigma: float) -> np.ndarray:
    """q · log(q / p), whose integral is KL(q ‖ p)."""
    return _density(z, mu, sigma) * (_log_density(z, mu, sigma) - _log_density(z, 0.0, 1.0))
