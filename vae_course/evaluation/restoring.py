"""Images that were spoiled in a known way, and the z that explains what is left of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ..contract import LatentModel
from ..models.base import evaluating
from .imputation import highest_codes

LEAST = 1e-4  # no pixel is held for more certain than this, so that no wrong one costs infinitely many nats
HALF_LOG_TWO_PI = 0.9189385


@dataclass(frozen=True)
class Damage:
    """What was done to an image, as a rule to do it and as a likelihood.

    spoil: clean images (n, channels, height, width) and a seed → what is left of them, of the same shape.
    log_likelihood: what is left, and images it might have been, (..., n, channels, height, width) → log p(left | image), (..., n), nats.
    """

    spoil: Callable[[Tensor, int], Tensor]
    log_likelihood: Callable[[Tensor, Tensor], Tensor]


def noise(sigma: float) -> Damage:
    """Gaussian noise of standard deviation `sigma` in each pixel, cut to [0, 1]: a cut pixel says that the noisy value lay beyond."""

    def log_likelihood(left: Tensor, image: Tensor) -> Tensor:
        off = (left - image) / sigma
        between = -0.5 * off.square() - HALF_LOG_TWO_PI - torch.tensor(sigma).log().item()
        beyond = torch.where(left <= 0, torch.special.log_ndtr(-image / sigma), torch.special.log_ndtr((image - 1) / sigma))
        return torch.where((left > 0) & (left < 1), between, beyond).flatten(-3).sum(-1)

    return Damage(lambda x, seed: (x + sigma * torch.randn(x.shape, generator=_seeded(seed)).to(x)).clamp(0, 1), log_likelihood)


def specks(share: float) -> Damage:
    """A share of the pixels, nobody knows which, made black or white at random."""

    def spoil(x: Tensor, seed: int) -> Tensor:
        drawn = torch.rand(2, *x.shape, generator=_seeded(seed)).to(x)
        return torch.where(drawn[0] < share, (drawn[1] < 0.5).to(x), x)

    def log_likelihood(left: Tensor, image: Tensor) -> Tensor:
        return torch.log((1 - share) * _pixels(left, image).exp() + share / 2).flatten(-3).sum(-1)

    return Damage(spoil, log_likelihood)


def hidden(seen: Tensor) -> Damage:
    """All pixels but the seen ones made black: (1, channels, height, width), booleans, and it is known which they are."""
    return Damage(
        lambda x, seed: torch.where(seen.to(x.device), x, 0.0),
        lambda left, image: torch.where(seen.to(image.device), _pixels(left, image), 0.0).flatten(-3).sum(-1),
    )


def coarse(side: int, sigma: float = 0.05) -> Damage:
    """Squares of `side` by `side` pixels replaced by their mean. sigma: how far the mean may be off, a standard deviation."""

    def pooled(images: Tensor) -> Tensor:
        return avg_pool2d(images.reshape(-1, *images.shape[-3:]), side).view(
            *images.shape[:-2], *(size // side for size in images.shape[-2:])
        )

    def log_likelihood(left: Tensor, image: Tensor) -> Tensor:
        return -0.5 * ((pooled(left) - pooled(image)) / sigma).square().flatten(-3).sum(-1)  # but for a constant

    return Damage(lambda x, seed: pooled(x).repeat_interleave(side, -1).repeat_interleave(side, -2), log_likelihood)


def restore(model: LatentModel, left: Tensor, damage: Damage, *, starts: int = 2, steps: int = 150, seed: int = 0) -> Tensor:
    """The decoder's image at a z that makes log p(left | decoded) + log p(z) as large as it gets: (n, channels, height, width).

    Each start is a draw from the prior, followed uphill by `steps` of Adam at a rate of 0.1; the highest of them is taken. Neither the
    encoder nor a clean image takes part. The decoded mean stands for the image, as if p(x|z) were sure of it.
    Raises ValueError when starts or steps are below 1.
    Source of the idea: Bora et al. 2017, who fit z to measurements of an image.
    """
    if starts < 1 or steps < 1:
        raise ValueError(f"starts is {starts} and steps {steps}, expected at least 1 each.")
    left = left.to(model.device)
    settings = {"starts": starts, "steps": steps, "seed": seed}
    best = highest_codes(model, lambda z: damage.log_likelihood(left, model.decode(z).mean), len(left), **settings)[0]
    with evaluating(model), torch.no_grad():
        return model.decode(best).mean.cpu()


def _pixels(x: Tensor, p: Tensor) -> Tensor:
    """log p(x) of each pixel as a coin; on grey levels a cross-entropy."""
    p = p.clamp(LEAST, 1 - LEAST)
    return x * p.log() + (1 - x) * (1 - p).log()


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
