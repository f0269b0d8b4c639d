"""A VAE whose reconstruction is judged by a distance of one's own, and two distances that do not go pixel by pixel."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from .base import Loss
from .classifier import DigitClassifier
from .vae import VAE

Distance = Callable[[Tensor, Tensor], Tensor]


class JudgedVAE(VAE):
    """A VAE whose reconstruction term is `pixel_weight` · (−log p(x|z)) + `weight` · `distance`(decoder's mean, x).

    distance: (n, *input_shape) twice → (n,). With pixel_weight = 0 it stands alone. The sum is no −log p, and the loss no bound.
    """

    def __init__(self, *, distance: Distance, weight: float = 1.0, pixel_weight: float = 0.0, **config) -> None:
        super().__init__(**config)
        self.__dict__["distance"] = distance  # no part of this model, even where it is a network's
        self.weight, self.pixel_weight = weight, pixel_weight

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        q = self.encode(x, y)
        z = q.rsample()
        p = self.decode(z, y)
        reconstruction = self.weight * self.__dict__["distance"](p.mean, x).mean()
        if self.pixel_weight:
            reconstruction = reconstruction - self.pixel_weight * p.log_prob(x).mean()
        kl = self.kl_terms(q, z).mean(0).sum()
        return Loss(total=reconstruction + self.kl_weight * kl, reconstruction=reconstruction, kl=kl)


class FeatureDistance:
    """The squared distance of what a classifier's two convolutions make of two images, summed: a "perceptual" loss (Hou et al. 2017)."""

    def __init__(self, classifier: DigitClassifier) -> None:
        self.layers = classifier.eval().convolutions.requires_grad_(False)

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        total = a.new_zeros(len(a))
        for place, layer in enumerate(self.layers):
            a, b = layer(a), layer(b)
            if place in (2, 5):  # behind each ReLU
                total = total + (a - b).square().flatten(1).sum(1)
        return total


def pyramid_distance(a: Tensor, b: Tensor, levels: int = 3) -> Tensor:
    """The absolute distance of two images' Laplacian pyramids, summed with the weight 4ʲ at level j: (n, 1, 28, 28) twice → (n,).

    Each level is what is lost when the image is halved and doubled again; the last is what remains. Source: Bojanowski et al. 2018 (Lap₁).
    """
    total = a.new_zeros(len(a))
    for level in range(levels):
        halves = [F.avg_pool2d(image, 2, ceil_mode=True) for image in (a, b)]
        lost = [
            image - F.interpolate(half, size=image.shape[-2:], mode="bilinear", align_corners=False)
            for image, half in zip((a, b), halves, strict=True)
        ]
        total = total + 4.0**level * (lost[0] - lost[1]).abs().flatten(1).sum(1)
        a, b = halves
    return total + 4.0**levels * (a - b).abs().flatten(1).sum(1)
