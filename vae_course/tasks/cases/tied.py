"""A model small enough to be followed by hand, and where an optimizer should take its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ...models.base import Loss
from ..engine import Claim, Plain, is_number, rounding
from .descent import Descent

# (loss before the step, weights after it), one a step, in float64
Steps = Iterable[tuple[float, Tensor]]


class Tied(nn.Module):
    """Encodes with W, decodes with its transpose, no noise. Its loss weighs the KL by β, as any model's may: `total` knows."""

    def __init__(self, weight: Tensor, beta: float) -> None:
        super().__init__()
        self.weight, self.beta = nn.Parameter(weight), beta

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        return tied_loss(self.weight, x, self.beta)


def tied_loss(weight: Tensor, x: Tensor, beta: float) -> Loss:
    """The loss of x, (n, pixels), averaged over examples. weight: (pixels, latent_size)."""
    code = x @ weight
    reconstruction, kl = (x - code @ weight.t()).square().sum(-1).mean(), 0.5 * code.square().sum(-1).mean()
    return Loss(total=reconstruction + beta * kl, reconstruction=reconstruction, kl=kl)


def trained(function: Callable, model: Any, batches: Iterable[Plain], learning_rate: float, momentum: float = 0.0) -> dict[str, Plain]:
    """What a step of training returns on one batch after the other, and where the model's `weight` is after each."""
    optimizer = Descent(model.parameters(), learning_rate, momentum)
    losses, weights = [], []
    for batch in batches:
        losses.append(function(model, optimizer, batch))
        weights.append(model.weight.detach().clone())
    return {"losses": losses, "weights": torch.stack(weights)}


def right_steps(weight: Tensor, batches: Iterable, loss_of: Callable[..., Tensor], learning_rate: float, momentum: float = 0.0) -> Steps:
    """The steps by hand: v ← momentum · v + gradient, w ← w − learning rate · v. loss_of: (weights, batch) -> what is minimised, in float64."""
    at, velocity = weight.double(), 0.0
    for batch in batches:
        here = at.clone().requires_grad_()
        loss = loss_of(here, batch)
        velocity = momentum * velocity + torch.autograd.grad(loss, here)[0]
        at = at - learning_rate * velocity
        yield loss.item(), at


def claims_of_steps(values: dict[str, Plain], steps: Steps, rule: str, loss: str, dtype: torch.dtype) -> Iterator[Claim]:
    """Of each step: that a number came back, that the weights are where `rule` takes them, that the number is what `loss` says."""
    question = "Which gradient do the weights follow: of which loss, on which examples, with what else in .grad, and how often?"
    for number, (expected, at) in enumerate(steps):
        got, which = values["losses"][number], f"step {number + 1}"
        yield from is_number(got, name=f"what {which} returns")
        yield Claim(f"After {which} the weights should be {rule}", at, values["weights"][number], rounding(at, dtype, scale=3.0), question=question)
        yield Claim(f"What {which} returns should be {loss}", expected, float(got), rounding(expected, dtype))
