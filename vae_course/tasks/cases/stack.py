"""A stack of levels: its prior, and the ways in which a draw by the reparameterisation trick goes wrong."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..engine import Slip, slip


def prior_level(weight: Tensor, bias: Tensor, reach: float = 1.5) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """A level of the prior: the latents of the level above → (mu, log_var) of the level below, of one layer. reach: the greatest log_var, either way."""

    def conditional(above: Tensor) -> tuple[Tensor, Tensor]:
        if above.dim() != 2 or above.shape[1] != len(weight):
            raise ValueError(f"this level of the prior takes latents of shape (n, {len(weight)}), got {tuple(above.shape)}.")
        mu, spread = (above @ weight + bias).chunk(2, -1)
        return mu, reach * torch.tanh(spread)

    return conditional


def level_parameters(draw: Callable[..., Tensor], above: int, below: int) -> dict[str, Tensor]:
    """The weight and the bias of a level of the prior, none of whose variances is near 1 for all inputs."""
    return {"weight": 0.7 * draw(above, 2 * below), "bias": 0.6 * draw(2 * below)}


def product_of(mu_1: Tensor, log_var_1: Tensor, mu_2: Tensor, log_var_2: Tensor) -> tuple[Tensor, Tensor]:
    """Two Gaussian densities multiplied, as a filter does it: start from the first, and move by the share of its variance in both."""
    share = torch.sigmoid(log_var_1 - log_var_2)
    return mu_1 + share * (mu_2 - mu_1), log_var_1 + log_var_2 - torch.logaddexp(log_var_1, log_var_2)


def wrong_draws(mu: str, log_var: str, epsilon: str) -> tuple[Slip, ...]:
    """The slips of an answer in whose source a draw stands as `mu + torch.exp(0.5 * log_var) * epsilon`, with these names."""
    right = f"{mu} + torch.exp(0.5 * {log_var}) * {epsilon}"
    wrong = {
        f"{mu} + torch.exp({log_var}) * {epsilon}": "Your draws have the variance exp(log_var)². What is σ, when exp(log_var) is σ²?",
        f"{mu} + {log_var} * {epsilon}": "log_var was taken for σ: some of yours are negative. How does one get σ from log σ²?",
        f"{mu} + 0.5 * {log_var} * {epsilon}": "Half of log σ² is log σ, and some of yours are negative. Which function leads from a logarithm back to the thing itself?",
        f"{mu} + torch.exp(-0.5 * {log_var}) * {epsilon}": "The larger log_var is, the closer together your draws lie. Does it speak of a variance, or of a precision?",
        f"{mu} + {log_var}.sqrt() * {epsilon}": "Some of your draws are NaN: a root of a negative number. Of which quantity is σ the root, and is that what log_var is?",
        f"{mu} + {epsilon}": "Your draws lie in the right place and are all equally wide. Which of the Gaussian's two parameters is missing?",
        f"({mu} + {epsilon}) * torch.exp(0.5 * {log_var})": "Set the noise to 0: the draw should be mu. Which of the two does σ stretch?",
    }
    return tuple(slip(right, draw, question) for draw, question in wrong.items())
