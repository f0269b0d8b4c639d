"""What tools ask of a model: objectives, figures and explorers take anything that keeps this, the course's model or one of your own."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor
from torch.distributions import Distribution


class EncodesAndDecodes(Protocol):
    """An encoder and a decoder, somewhere on a device. A model without labels takes `y` as well and does not look at it."""

    training: bool

    @property
    def device(self) -> torch.device: ...

    def encode(self, x: Tensor, y: Tensor | None = None) -> Distribution:
        """q(z|x), or q(z|x, y): x (batch, *input_shape) → a distribution over (batch, latent_size)."""
        ...

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """p(x|z), or p(x|z, y): z (..., latent_size) → a distribution over (..., *input_shape)."""
        ...

    def train(self, mode: bool = True) -> object: ...

    def eval(self) -> object: ...


class LatentModel(EncodesAndDecodes, Protocol):
    """A model of p(x, z) = p(x|z) p(z), with q(z|x) for the way back. `log_prob` of all three gives one number an example, in nats."""

    @property
    def prior(self) -> Distribution:
        """p(z): a distribution over (latent_size,)."""
        ...
