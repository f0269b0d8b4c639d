"""The reparameterisation trick: μ, σ and ε of one latent, where z lands, what it decodes to, and where gradient flows.

The kernel draws it: the gradients are what it is about, and they are autograd's own.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.distributions import Distribution

from ..data.dataset import as_examples
from ..evaluation.examples import labels_on, placed
from ..models.base import EncoderDecoder, evaluating
from ..plots import COLOURS
from . import drawing
from .explorer import Choice, Explorer, Slider, latent, signed
from .latents import for_class

TRICK, DEAD_END = "z = μ + σ·ε", "z drawn from N(μ, σ²)"
LIMIT = 4.0
ALONG = np.linspace(-LIMIT, LIMIT, 161)


class Trick(Explorer):
    """One latent of one image: move μ, σ and ε and see where z lands, what it decodes to and which of them has a gradient.

    model: one whose q(z|x) has a mean and a σ. x: one image, (*input_shape) or (1, *input_shape). y: its class, for a model that knows
    classes. dimension: which latent is moved (by default the one that changes this image most); the others keep the encoder's mean.
    The controls are `mu`, `sigma`, `epsilon` and `way`: with the trick, or as a plain draw, through which no gradient comes.
    The gradients shown are autograd's, of −log p(x|z) in nats, or of −log p(x|z, y).
    Raises ValueError when q(z|x) has no spread, and when a model that knows classes gets no y.
    """

    title = "The reparameterisation trick"
    picture_width = 560

    def __init__(self, model: EncoderDecoder, x: Tensor, *, y: int | None = None, dimension: int | None = None) -> None:
        self.model, self.y, self.drawn = model, y, for_class(model, y)
        self.x = placed(model, as_examples(x).reshape(1, *model.input_shape))
        with evaluating(model), torch.no_grad():
            q = model.encode(self.x, labels_on(model, y, 1))
        if not (q.stddev > 0).all():
            raise ValueError(f"q(z|x) of this {type(model).__name__} has no spread, so there is nothing to draw. Use a VAE.")
        self.code = q.mean[0]
        self.dimension = self._most_visible() if dimension is None else dimension
        self.gradients: dict[str, float | None] = {}
        mu, sigma = q.mean[0, self.dimension].item(), q.stddev[0, self.dimension].item()
        mu, sigma = min(max(mu, -3.0), 3.0), min(max(sigma, 0.05), 2.0)
        controls = [
            Slider("mu", "μ", -3.0, 3.0, mu, 0.05, "where"),
            Slider("sigma", "σ", 0.05, 2.0, sigma, 0.05, "how wide"),
            Slider("epsilon", "ε", -3.0, 3.0, 1.0, 0.05, "noise"),
            Choice("way", "how z is made", (TRICK, DEAD_END), TRICK),
        ]
        super().__init__(controls)

    @property
    def z(self) -> float:
        """Where z lands: μ + σ·ε, the same number either way."""
        return self.values["mu"] + self.values["sigma"] * self.values["epsilon"]

    def _decode(self, z: Tensor) -> Distribution:
        """p(x|z) of latents (n, latent_size), in the image's own class."""
        with evaluating(self.model):
            return self.model.decode(z, labels_on(self.model, self.y, len(z)))

    @torch.no_grad()
    def _most_visible(self) -> int:
        steps = torch.eye(len(self.code), device=self.code.device)
        change = self._decode(self.code + steps).mean - self._decode(self.code - steps).mean
        return int(change.flatten(1).norm(dim=1).argmax())

    def _decode_with_gradients(self) -> Tensor:
        # Explorers draw without gradients; here they are what is shown.
        with torch.inference_mode(False), torch.enable_grad():
            mu, sigma = (torch.tensor(self.values[name], requires_grad=True) for name in ("mu", "sigma"))
            epsilon = torch.tensor(self.values["epsilon"])
            z_i = mu + sigma * epsilon
            if self.values["way"] == DEAD_END:
                z_i = z_i.detach()  # as Normal(mu, sigma).sample() does
            z = self.code.clone()
            z = torch.cat([z[: self.dimension], z_i.reshape(1).to(z), z[self.dimension + 1 :]])
            p = self._decode(z.unsqueeze(0))
            loss = -p.log_prob(self.x).sum()
            self.gradients = {"mu": None, "sigma": None, "epsilon": None}
            if z_i.requires_grad:
                of_mu, of_sigma = torch.autograd.grad(loss, (mu, sigma))
                self.gradients |= {"mu": of_mu.item(), "sigma": of_sigma.item()}
            return p.mean[0].detach()

    def draw(self) -> Image.Image:
        image = self._decode_with_gradients()
        plot = drawing.Plot(400, 190, x=(-LIMIT, LIMIT), y=(0, 1.15), x_ticks=range(-4, 5), x_label=latent(self.dimension))
        self._density(plot, ALONG, self.values["mu"], self.values["sigma"], self.values["epsilon"])
        decoded = drawing.captioned(drawing.from_tensor(image, 132).convert("RGB"), "decoded")
        return drawing.beside(plot.picture, decoded)

    def _density(self, plot: drawing.Plot, along: np.ndarray, mu: float, sigma: float, epsilon: float) -> None:
        height = np.exp(-0.5 * ((along - mu) / sigma) ** 2) * 0.75
        z = mu + sigma * epsilon
        plot.area(along, height, COLOURS[0])
        plot.curve(along, height, COLOURS[0])
        plot.upright(mu, 0.75, COLOURS[0], dashed=True)
        plot.arrow(mu, z, 0.86, COLOURS[3])
        plot.say(mu, 0.98, "μ", COLOURS[0], anchor="mm")
        if abs(z - mu) > 0.5:
            plot.say((mu + z) / 2, 0.98, "σ·ε", COLOURS[3], anchor="mm")
            plot.say(z, 0.98, "z", anchor="mm")
        plot.upright(z, 0.86, drawing.INK)
        plot.dot(z, 0.0, drawing.INK)

    def says(self) -> list[str]:
        mu, sigma, epsilon = (signed(self.values[name], 2) for name in ("mu", "sigma", "epsilon"))
        lines = [f"{latent(self.dimension)} = μ + σ·ε = {mu} + {sigma} · ({epsilon}) = {signed(self.z, 2)}"]
        loss = "−log p(x|z, y)" if self.drawn else "−log p(x|z)"
        of_mu, of_sigma = self.gradients["mu"], self.gradients["sigma"]
        if of_mu is None or of_sigma is None:
            return [*lines, f"Gradient of {loss}: ∂/∂μ none, ∂/∂σ none. A plain draw is a dead end: nothing comes back through it."]
        of_mu, of_sigma = signed(of_mu), signed(of_sigma)
        return [
            *lines,
            f"Gradient of {loss}: ∂/∂μ = {of_mu}, ∂/∂σ = {of_sigma}, which is ε times the first. ε is noise and carries none.",
        ]

    def alt(self) -> str:
        seen = "Left: the bell curve of q over one latent, with μ marked, and z where it lands. Right: the image decoded from it"
        return f"{seen}{self.drawn}. {' '.join(self.says())}"

    def _encoded(self) -> tuple[float, float]:
        """μ and σ as the encoder has them, where the sliders start."""
        mu, sigma = (self.controls[name].default for name in ("mu", "sigma"))
        assert isinstance(mu, float)
        assert isinstance(sigma, float)
        return mu, sigma

    @torch.inference_mode()
    def sheet(self) -> Image.Image:
        mu, sigma = self._encoded()
        rows = {
            "ε": [(epsilon, mu + sigma * epsilon) for epsilon in (-2.0, -1.0, 0.0, 1.0, 2.0)],
            "μ": [(m, m + sigma) for m in (-2.0, -1.0, 0.0, 1.0, 2.0)],
            "σ": [(s, mu + s) for s in (0.05, 0.5, 1.0, 1.5, 2.0)],
        }
        places = [z for row in rows.values() for _, z in row]
        z = self.code.repeat(len(places), 1)
        z[:, self.dimension] = torch.tensor(places, dtype=z.dtype, device=z.device)
        images = self._decode(z).mean
        pictures = []
        for (label, row), five in zip(rows.items(), images.split(5), strict=True):
            names = [f"{label} = {signed(value, 2)}" for value, _ in row]
            pictures.append(drawing.tiles(five, columns=5, side=64, gap=12, column_labels=names))
        return drawing.above(*pictures)

    def sheet_alt(self) -> str:
        mu, sigma = self._encoded()
        return (
            f"Three rows of five decoded images{self.drawn}; "
            f"each moves one part of {latent(self.dimension)} = μ + σ·ε and keeps the others. "
            f"Top: ε from −2 to 2, with the encoder's μ = {signed(mu, 2)} and σ = {signed(sigma, 2)}. Middle: μ from −2 to 2 with ε = 1. "
            "Bottom: σ from 0.05 to 2 with ε = 1. All other latents keep the encoder's mean."
        )
