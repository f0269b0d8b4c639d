"""The formulas, as pure functions. Everything is in nats per example: summed over pixels and latents, never averaged.

A `model` here is anything that keeps the contract in `contract.py`: `encode(x, y)` → q(z|x), `decode(z, y)` → p(x|z) and `prior` → p(z),
all `torch.distributions` objects whose `log_prob` gives one number an example. Models without labels do not look at y.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from .contract import LatentModel

LOG_VAR_LIMIT = 10.0


def gaussian(mu: Tensor, log_var: Tensor) -> Independent:
    """N(μ, diag(exp(log σ²))) over the last dimension, with log σ² bounded to ±10 so that an unlucky step cannot overflow.

    mu, log_var: (..., latent_size). `log_prob` and KL sum over the last dimension: one number an example, in nats.
    """
    # a clamp under its other name: backwards it is one operation where `clamp` has five
    sigma = torch.exp(0.5 * F.hardtanh(log_var, -LOG_VAR_LIMIT, LOG_VAR_LIMIT))
    return Independent(Normal(mu, sigma, validate_args=False), 1, validate_args=False)


def gaussian_kl(mu: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(μ, exp(log σ²)) ‖ N(0, I)) in nats, summed over the last dimension: −½ Σ (1 + log σ² − μ² − σ²).

    mu, log_var: (..., latent_size) → (...). Source: Kingma & Welling 2014, appendix B.
    """
    if mu.shape != log_var.shape:
        raise ValueError(f"mu has shape {tuple(mu.shape)} and log_var {tuple(log_var.shape)}, expected the same shape for both.")
    return -0.5 * (1 + log_var - mu.pow(2) - log_var.exp()).sum(-1)


def elbo_terms(model: LatentModel, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The two halves of the ELBO, one figure an example: (E_q[log p(x|z)] from one draw of z, KL(q(z|x) ‖ p(z))).

    x: (batch, *input_shape). Both results: (batch,), in nats. Source: Kingma & Welling 2014, equation 3.
    """
    q = model.encode(x, y)
    return model.decode(q.rsample(), y).log_prob(x), kl_divergence(q, model.prior)


def elbo(model: LatentModel, x: Tensor, y: Tensor | None = None) -> Tensor:
    """The evidence lower bound on log p(x), one figure an example: E_q[log p(x|z)] − KL(q(z|x) ‖ p(z)).

    x: (batch, *input_shape) → (batch,), in nats; unbiased, from one draw of z. Source: Kingma & Welling 2014, equation 3.
    """
    log_likelihood, kl = elbo_terms(model, x, y)
    return log_likelihood - kl


def importance_weighted_bound(model: LatentModel, x: Tensor, y: Tensor | None = None, *, k: int) -> Tensor:
    """The importance-weighted bound on log p(x) from `k` draws: log (1/k) Σ p(x|z) p(z) / q(z|x), z ~ q(z|x).

    x: (batch, *input_shape) → (batch,), in nats. k = 1 is an estimate of the ELBO; the bound rises with k to log p(x).
    Decodes k·batch latents at once; `evaluation.negative_log_likelihood` does the same in pieces of bounded memory.
    Raises ValueError when k < 1. Source: Burda, Grosse & Salakhutdinov 2016, equation 8.
    """
    return torch.logsumexp(log_importance_weights(model, x, y, k=k), dim=0) - math.log(k)


def log_importance_weights(model: LatentModel, x: Tensor, y: Tensor | None = None, *, k: int) -> Tensor:
    """log p(x|z) + log p(z) − log q(z|x) for `k` draws z ~ q(z|x): shape (k, batch), in nats."""
    if k < 1:
        raise ValueError(f"k is {k}, expected at least one importance sample.")
    q = model.encode(x, y)
    z = q.rsample((k,))
    return model.decode(z, y).log_prob(x) + model.prior.log_prob(z) - q.log_prob(z)


def pathwise_gradients(f: Callable[[Tensor], Tensor], mu: Tensor, log_var: Tensor, *, draws: int) -> tuple[Tensor, Tensor]:
    """Estimates of the gradient of E[f(z)], z ~ N(mu, exp(log_var)), with respect to mu and to log_var, through z = μ + σ ε.

    f: a differentiable function, row by row: (draws, latent_size) → (draws,). mu, log_var: (latent_size,).
    Result: two tensors (draws, latent_size), one unbiased estimate a draw and not their mean, so that their spread can be measured.
    Raises ValueError when the shapes do not fit or draws < 1. Source: Kingma & Welling 2014, section 2.4.
    """
    mu, log_var = _parameters_per_draw(mu, log_var, draws)
    z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
    of_mu, of_log_var = torch.autograd.grad(_one_per_draw(f(z), draws).sum(), (mu, log_var))
    return of_mu, of_log_var


def score_function_gradients(
    f: Callable[[Tensor], Tensor], mu: Tensor, log_var: Tensor, *, draws: int, baseline: float | Tensor = 0.0
) -> tuple[Tensor, Tensor]:
    """The same gradients as `pathwise_gradients`, by (f(z) − baseline) ∇ log q(z): f is only evaluated, never differentiated.

    baseline: any number that does not depend on z; it shifts f and leaves the expectation of the estimate as it is.
    Shapes and errors as for `pathwise_gradients`. Source: Williams 1992 (REINFORCE); Mohamed et al. 2020, section 4.
    """
    mu, log_var = _parameters_per_draw(mu, log_var, draws)
    with torch.no_grad():
        z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
        reward = _one_per_draw(f(z), draws) - baseline
    log_q = Independent(Normal(mu, torch.exp(0.5 * log_var), validate_args=False), 1, validate_args=False).log_prob(z)
    of_mu, of_log_var = torch.autograd.grad((reward * log_q).sum(), (mu, log_var))
    return of_mu, of_log_var


def _parameters_per_draw(mu: Tensor, log_var: Tensor, draws: int) -> tuple[Tensor, Tensor]:
    """A copy of the two parameters for each draw, so that each draw has a gradient of its own."""
    if draws < 1:
        raise ValueError(f"draws is {draws}, expected at least 1.")
    if mu.dim() != 1 or mu.shape != log_var.shape:
        raise ValueError(f"mu has shape {tuple(mu.shape)} and log_var {tuple(log_var.shape)}, expected (latent_size,) for both.")
    each_mu, each_log_var = (parameter.detach().expand(draws, -1).clone().requires_grad_() for parameter in (mu, log_var))
    return each_mu, each_log_var


def _one_per_draw(values: Tensor, draws: int) -> Tensor:
    if values.shape != (draws,):
        raise ValueError(f"f returned shape {tuple(values.shape)}, expected one number a draw: ({draws},). Sum over the last dimension.")
    return values
