"""What each latent dimension carries: its KL, the posterior means, which dimensions are active."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import EncodesAndDecodes
from ..data.accepted import in_memory
from ..models.base import LatentVariableModel, evaluating
from .examples import on_device


def kl_per_dimension(model: LatentVariableModel, data, *, batch_size: int = 1000) -> Tensor:
    """The mean over the data of each latent dimension's KL(q(z_i|x) ‖ p(z_i)): (latent_size,), in nats.

    Where a latent's KL has no closed form it is estimated from one draw (`LatentVariableModel.kl_terms`).
    """
    x, y = in_memory(data)
    total = torch.zeros(model.latent_size, dtype=torch.float64)
    with evaluating(model), torch.no_grad():
        for chosen in torch.arange(len(x)).split(batch_size):
            q = model.encode(*on_device(model, x, y, chosen))
            total += model.kl_terms(q, q.sample()).cpu().double().sum(0)
    return (total / len(x)).float()


def posterior_means(model: EncodesAndDecodes, data, *, batch_size: int = 1000) -> Tensor:
    """The mean of q(z|x) of every example: (n, latent_size), on the CPU."""
    x, y = in_memory(data)
    with evaluating(model), torch.no_grad():
        pieces = [model.encode(*on_device(model, x, y, chosen)).mean.cpu() for chosen in torch.arange(len(x)).split(batch_size)]
    return torch.cat(pieces)


def active_units(model: EncodesAndDecodes, data, *, threshold: float = 0.01) -> Tensor:
    """Which latent dimensions carry anything: (latent_size,) booleans, true where the posterior mean's variance over the
    data exceeds `threshold`. Source: Burda et al. 2016, section 5.2.
    """
    return posterior_means(model, data).var(0) > threshold
