"""The building blocks that models share: multilayer perceptrons, convolutions, and what a decoder's output says about pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.distributions import ContinuousBernoulli, Distribution, Independent, Normal

from .bernoulli import BernoulliImage
from .discretised import DiscretisedLogistic

LIKELIHOODS = ("bernoulli", "continuous bernoulli", "gaussian", "discretised logistic")


def mlp(sizes: Sequence[int], activation: Callable[[], nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers of the given sizes with `activation` between them, none after the last: (..., sizes[0]) → (..., sizes[-1])."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


class OfPixels(nn.Sequential):
    """Layers that see each image as one row of pixels: (n, *input_shape) → what the last layer gives."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.flatten(1))


def convolutional_encoder(
    input_shape: Sequence[int],
    channels: Sequence[int],
    outputs: int,
    activation: Callable[[], nn.Module] = nn.ReLU,
    *,
    normalised: bool = False,
) -> nn.Sequential:
    """Convolutions that each halve height and width (rounded up), then one linear layer: (n, *input_shape) → (n, outputs).

    channels: how many each convolution gives; `activation` stands behind each. normalised: whether a batch normalisation stands between.
    Raises ValueError when `input_shape` is not (channels, height, width) or there is no layer.
    """
    shapes = _halved(input_shape, channels)
    layers: list[nn.Module] = []
    for larger, smaller in pairwise(shapes):
        layers.append(nn.Conv2d(larger[0], smaller[0], _kernel(larger), stride=2, padding=1))
        layers += [nn.BatchNorm2d(smaller[0])] * normalised + [activation()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(math.prod(shapes[-1]), outputs))


def convolutional_decoder(
    inputs: int,
    channels: Sequence[int],
    output_shape: Sequence[int],
    activation: Callable[[], nn.Module] = nn.ReLU,
    *,
    normalised: bool = False,
) -> nn.Sequential:
    """The way back: one linear layer, then transposed convolutions that each double height and width: (n, inputs) → (n, *output_shape).

    channels: those of the encoder, in the encoder's order; `activation` stands before each, and where it is `normalised` a batch
        normalisation before that. Errors as for `convolutional_encoder`.
    """
    shapes = _halved(output_shape, channels)[::-1]
    layers: list[nn.Module] = [nn.Linear(inputs, math.prod(shapes[0])), nn.Unflatten(1, shapes[0])]
    for smaller, larger in pairwise(shapes):
        layers += [nn.BatchNorm2d(smaller[0])] * normalised
        layers += [activation(), nn.ConvTranspose2d(smaller[0], larger[0], _kernel(larger), stride=2, padding=1)]
    return nn.Sequential(*layers)


def _halved(shape: Sequence[int], channels: Sequence[int]) -> list[tuple[int, ...]]:
    """The shapes from an image to the output of the last convolution: each has half the height and width of the one before."""
    if len(shape) != 3:
        raise ValueError(f"the images have shape {tuple(shape)}, expected (channels, height, width).")
    if not channels or min(channels) < 1:
        raise ValueError(f"channels is {list(channels)}, expected at least one layer, each of at least one channel.")
    shapes = [tuple(shape)]
    for number in channels:
        _, height, width = shapes[-1]
        shapes.append((number, -(-height // 2), -(-width // 2)))
    return shapes


def _kernel(larger: Sequence[int]) -> tuple[int, int]:
    """4 for an even side and 3 for an odd one: with stride 2 and one pixel of padding, both fit without a rest, there and back."""
    return 4 - larger[1] % 2, 4 - larger[2] % 2


class PixelLikelihood(nn.Module):
    """Turns a decoder's output into p(x|z), a distribution over whole images: its `log_prob` is one number an image.

    - "bernoulli": the output is logits. On grey levels its log_prob is minus the binary cross-entropy, which is no
      likelihood (a perfect copy still costs nats); on 0/1 pixels it is one.
    - "continuous bernoulli": logits again, with the constant that makes it a density on [0, 1] (Loaiza-Ganem & Cunningham 2019).
    - "gaussian": the output passes a sigmoid to become the mean; one σ for all pixels, `sigma` to begin with and learnt if asked.
    - "discretised logistic": a probability for each of the 256 levels of a byte (Salimans et al. 2017). The output is the logistic's
      centre, counted from middle grey and free to leave [0, 1], as it must to make a black pixel certain; σ as for the Gaussian.
    """

    def __init__(self, kind: str, event_dims: int, *, sigma: float = 0.1, learn_sigma: bool = False) -> None:
        super().__init__()
        if kind not in LIKELIHOODS:
            raise ValueError(f"unknown likelihood {kind!r}, expected one of: {', '.join(LIKELIHOODS)}.")
        self.kind = kind
        self.event_dims = event_dims
        if kind in ("gaussian", "discretised logistic"):
            self.log_sigma = nn.Parameter(torch.tensor(float(sigma)).log(), requires_grad=learn_sigma)

    def output_for(self, pixel: float) -> float:
        """The decoder's output that stands for a pixel of this value, between 0 and 1: the logistic's centre, or a logit."""
        return pixel - 0.5 if self.kind == "discretised logistic" else math.log(pixel / (1 - pixel))

    def forward(self, output: Tensor) -> Independent:
        if self.kind == "bernoulli":
            return BernoulliImage(output, self.event_dims)
        return Independent(self._pixels(output), self.event_dims, validate_args=False)

    def _pixels(self, output: Tensor) -> Distribution:
        if self.kind == "continuous bernoulli":
            return ContinuousBernoulli(logits=output, validate_args=False)
        if self.kind == "discretised logistic":
            return DiscretisedLogistic(0.5 + output, self.log_sigma.exp())
        return Normal(output.sigmoid(), self.log_sigma.exp(), validate_args=False)
