"""The building blocks that models share: multilayer perceptrons, and what a decoder's output says about pixels."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, ContinuousBernoulli, Distribution, Independent, Normal

LIKELIHOODS = ("bernoulli", "continuous bernoulli", "gaussian")


def mlp(sizes: Sequence[int], activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Linear layers of the given sizes with `activation` between them, none after the last: (..., sizes[0]) → (..., sizes[-1])."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(inputs, outputs), activation()]
    return nn.Sequential(*layers[:-1])


class PixelLikelihood(nn.Module):
    """Turns a decoder's output into p(x|z), a distribution over whole images: its `log_prob` is one number an image.

    - "bernoulli": the output is logits. On grey levels its log_prob is minus the binary cross-entropy, which is no
      likelihood (a perfect copy still costs nats); on 0/1 pixels it is one.
    - "continuous bernoulli": logits again, with the constant that makes it a density on [0, 1] (Loaiza-Ganem & Cunningham 2019).
    - "gaussian": the output passes a sigmoid to become the mean; one σ for all pixels, `sigma` to begin with and learnt if asked.
    """

    def __init__(self, kind: str, event_dims: int, *, sigma: float = 0.1, learn_sigma: bool = False) -> None:
        super().__init__()
        if kind not in LIKELIHOODS:
            raise ValueError(f"unknown likelihood {kind!r}, expected one of: {', '.join(LIKELIHOODS)}.")
        self.kind = kind
        self.event_dims = event_dims
        if kind == "gaussian":
            self.log_sigma = nn.Parameter(torch.tensor(float(sigma)).log(), requires_grad=learn_sigma)

    def forward(self, output: Tensor) -> Independent:
        return Independent(self._pixels(output), self.event_dims, validate_args=False)

    def _pixels(self, output: Tensor) -> Distribution:
        if self.kind == "bernoulli":
            return Bernoulli(logits=output, validate_args=False)
        if self.kind == "continuous bernoulli":
            return ContinuousBernoulli(logits=output, validate_args=False)
        return Normal(output.sigmoid(), self.log_sigma.exp(), validate_args=False)
