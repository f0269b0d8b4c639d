"""What every game between a discriminator and its opponent needs: its two losses, its optimisers, one step of one of them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call


def telling_apart(real: Tensor, made: Tensor) -> Tensor:
    """−log D(real) − log(1 − D(made)) from logits (n,) each, averaged: a discriminator's loss, 2 log 2 nats when every logit is 0.

    Source: Goodfellow et al. 2014, equation 1, with the sign of a loss.
    """
    return F.softplus(-real).mean() + F.softplus(made).mean()


def through(discriminator: nn.Module, z: Tensor) -> Tensor:
    """The discriminator's logits (n,), with its weights as constants: a gradient passes to z and leaves the discriminator alone."""
    weights = {name: value.detach() for name, value in discriminator.named_parameters()}
    return functional_call(discriminator, weights, (z,)).squeeze(-1)


def adam(modules: Iterable[nn.Module], learning_rate: float, *, momentum: float = 0.9) -> torch.optim.Optimizer:
    """Adam over all parameters of some modules. A game needs a shorter memory than 0.9: the opponent's last moves are what counts."""
    parameters = [parameter for module in modules for parameter in module.parameters()]
    fused = parameters[0].device.type in ("cpu", "cuda")
    return torch.optim.Adam(parameters, lr=learning_rate, betas=(momentum, 0.999), fused=fused)


def step(optimizer: torch.optim.Optimizer, loss: Tensor) -> Tensor:
    """One step of one optimiser down one loss, which is given back without its graph."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()
