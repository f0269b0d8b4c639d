"""A stack of levels: its prior, a draw of one level, and the ways in which a draw goes wrong."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ..declaration import Mistake
from ..probes import Draw

LOG_2PI = math.log(2 * math.pi)


def prior_level(weight: Tensor, bias: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """A level of the prior: the latents of the level above → (mu, log_var) of the level below, of one layer."""

    def conditional(above: Tensor) -> tuple[Tensor, Tensor]:
        if above.dim() != 2 or above.shape[1] != len(weight):
            raise ValueError(f"this level of the prior takes latents of shape (n, {len(weight)}), got {tuple(above.shape)}.")
        mu, spread = (above @ weight + bias).chunk(2, -1)
        return mu, 1.5 * torch.tanh(spread)

    return conditional


def level_parameters(draw: Draw, above: int, below: int) -> tuple[Tensor, Tensor]:
    """The weight and the bias of a level of the prior, none of whose variances is near 1 for all inputs."""
    return 0.7 * draw(above, 2 * below), 0.6 * draw(2 * below)


def sigma_of(log_var):
    return torch.exp(log_var / 2)


def log_normal(z, mu, log_var):
    return -0.5 * (LOG_2PI + log_var + (z - mu) ** 2 / log_var.exp())


# A draw from (mu, log_var, epsilon) gone wrong, and what to ask. Three tasks draw a level by the reparameterisation trick.
WRONG_DRAWS = (
    (
        lambda mu, log_var, epsilon: mu + log_var.exp() * epsilon,
        "Your draws have the variance exp(log_var)². What is σ, when exp(log_var) is σ²?",
    ),
    (
        lambda mu, log_var, epsilon: mu + log_var * epsilon,
        "log_var was taken for σ: some of yours are negative. How does one get σ from log σ²?",
    ),
    (
        lambda mu, log_var, epsilon: mu + log_var / 2 * epsilon,
        "Half of log σ² is log σ, and some of yours are negative. Which function leads from a logarithm back to the thing itself?",
    ),
    (
        lambda mu, log_var, epsilon: mu + (-log_var / 2).exp() * epsilon,
        "The larger log_var is, the closer together your draws lie. Does it speak of a variance, or of a precision?",
    ),
    (
        lambda mu, log_var, epsilon: mu + log_var.sqrt() * epsilon,
        "Some of your draws are NaN: a root of a negative number. Of which quantity is σ the root, and is that what log_var is?",
    ),
    (
        lambda mu, log_var, epsilon: mu + epsilon,
        "Your draws lie in the right place and are all equally wide. Which of the Gaussian's two parameters is missing?",
    ),
    (
        lambda mu, log_var, epsilon: (mu + epsilon) * sigma_of(log_var),
        "Set the noise to 0: the draw should be mu. Which of the two does σ stretch?",
    ),
)


def mistakes_in(task_with: Callable[[Callable], Callable]) -> tuple[Mistake, ...]:
    """A mistake for each wrong draw: `task_with(draw)` is the task's answer that draws like that."""
    return tuple(Mistake(task_with(draw), words) for draw, words in WRONG_DRAWS)
