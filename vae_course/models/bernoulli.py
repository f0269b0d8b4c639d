"""Black-and-white pixels as one distribution over whole images: what most decoders of this course give."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Independent
from torch.distributions.utils import lazy_property


class BernoulliImage(Independent):
    """Independent Bernoulli pixels: `log_prob` is one number an image, in nats, minus the binary cross-entropy summed over its pixels.

    logits: (..., *event), of which the last `event_dims` dimensions, at least one, are one image.
    It is PyTorch's `Independent(Bernoulli(logits=...), event_dims)` with a `log_prob` that goes over the pixels as few times as can be.
    """

    def __init__(self, logits: Tensor, event_dims: int) -> None:
        self.logits, self.reinterpreted_batch_ndims = logits, event_dims
        Distribution.__init__(self, logits.shape[:-event_dims], logits.shape[-event_dims:], validate_args=False)

    @lazy_property
    def base_dist(self) -> Bernoulli:
        """The pixels one by one, made when somebody asks for more than `log_prob`."""
        return Bernoulli(logits=self.logits, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        logits, x = (self.logits, value) if value.shape == self.logits.shape else torch.broadcast_tensors(self.logits, value)
        costs = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
        return costs.sum(tuple(range(-self.reinterpreted_batch_ndims, 0))).neg()
