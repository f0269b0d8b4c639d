"""How sharp images are, in a number that has a scale: behind a blur of how many pixels real images are as sharp."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..contract import LatentModel
from ..models.base import evaluating


def sharpness(x: Tensor) -> float:
    """Squared differences of neighbours over those of any two pixels, the mean over images: (n, 1, height, width) → a number.

    Near 0 for an even slope, 1 for noise, whatever the contrast. Noise counts as sharp: read it beside `edges_found`.
    """
    steps = torch.cat([x.diff(dim=side).square().flatten(1) for side in (-1, -2)], dim=1).mean(1)
    return (steps / (2 * x.flatten(1).var(1))).mean().item()


def blurred(x: Tensor, width: float) -> Tensor:
    """A Gaussian blur; width is its σ in pixels. (n, 1, height, width) → the same. Raises ValueError when width is not above 0."""
    if not width > 0:
        raise ValueError(f"width is {width}, expected the σ of a blur in pixels, above 0.")
    taps = torch.exp(-0.5 * (torch.arange(-9.0, 10) / width) ** 2)
    taps = taps / taps.sum()
    return F.conv2d(F.conv2d(x, taps.view(1, 1, 1, -1), padding=(0, 9)), taps.view(1, 1, -1, 1), padding=(9, 0))


class BlurScale:
    """A sharpness as the blur in pixels that brings real images down to it; 0 for one that is no lower than theirs.

    real: (n, 1, height, width). Blurs from 0.2 to 3 pixels are known; a lower sharpness than that of the widest is told as 3.
    """

    def __init__(self, real: Tensor) -> None:
        self.widths = torch.linspace(0.2, 3.0, 57).tolist()
        self.real = sharpness(real)
        self.known = [sharpness(blurred(real, width)) for width in self.widths]

    def __call__(self, level: float) -> float:
        if level >= self.real:
            return 0.0
        return next((width for width, known in zip(self.widths, self.known, strict=True) if known <= level), self.widths[-1])


def edges_found(x: Tensor, found: Tensor) -> float:
    """The share of the neighbours' squared differences of x that `found` explains: 1 if all edges are where x has them, 0 for a grey image.

    An edge in the wrong place counts against it, and so does noise; it may fall below 0.
    """
    lost = sum((x.diff(dim=side) - found.diff(dim=side)).square().sum() for side in (-1, -2))
    whole = sum(x.diff(dim=side).square().sum() for side in (-1, -2))
    return 1 - float(lost / whole)


@torch.no_grad()
def best_decoder(model: LatentModel, images: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """The best answers of any decoder to codes z (n, latent_size), and how many of `images` share each: (n, *input_shape), (n,).

    ρ*(z) is the mean of the images, each weighed by its share q(z|xₙ) / Σₘ q(z|xₘ): with this encoder and Bernoulli or Gaussian pixels, no
    decoder has a lower reconstruction term on `images`. How many share z is the perplexity of these weights.
    """
    with evaluating(model):
        q = model.encode(images.to(model.device))
    weights = torch.cat([q.log_prob(piece.unsqueeze(1)).softmax(1).cpu() for piece in z.split(100)])
    sharing = torch.special.entr(weights).sum(1).exp()
    return (weights @ images.flatten(1)).view(-1, *images.shape[1:]).clamp(0, 1), sharing
