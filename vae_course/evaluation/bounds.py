"""The ELBO and its terms on the test set, and −log p(x) by importance weights: evaluation mode, no gradients, nats per example."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .. import runtime
from ..contract import LatentModel
from ..data.accepted import in_memory
from ..models.base import evaluating
from ..objectives import elbo_terms, log_importance_weights
from .examples import on_device

DECODED_AT_ONCE = 5_000  # a few megabytes a piece: larger ones leave the processor's cache and take twice as long


def evaluate(model: LatentModel, data, *, seed: int = 0, batch_size: int = 1000) -> dict[str, float]:
    """The mean test ELBO with its two terms: {"elbo", "reconstruction", "kl"}, where elbo = −(reconstruction + kl).

    data: what `fit` takes, of a `Dataset` the test split. One draw of z an example, from `seed`. Raises ValueError when the data does not
    fit the model.
    """
    x, y = in_memory(data)
    log_likelihoods, kls = [], []
    with evaluating(model), torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        for chosen in torch.arange(len(x)).split(batch_size):
            log_likelihood, kl = elbo_terms(model, *on_device(model, x, y, chosen))
            log_likelihoods.append(log_likelihood.cpu().double())
            kls.append(kl.cpu().double())
    reconstruction = -torch.cat(log_likelihoods).mean().item()
    kl = torch.cat(kls).mean().item()
    return {"elbo": -(reconstruction + kl), "reconstruction": reconstruction, "kl": kl}


def negative_log_likelihood(model: LatentModel, data, *, k: int, seed: int = 0, quiet: bool = False) -> Tensor:
    """−log p(x) of each test example, bounded from above with `k` importance samples: shape (n,), in nats.

    Works in pieces of at most 5,000 decoded images, so memory does not grow with k. Report `.mean()`, and show
    several k so that one sees it settle. Inside `torch.autocast("cpu", dtype=torch.bfloat16)` the networks compute in half precision:
    up to twice as fast where the processor knows it, and a mean some thousandths of a nat off.
    Raises ValueError when k < 1. Source: Burda et al. 2016, equation 8.
    """
    x, y = in_memory(data)
    draws_at_once = min(k, DECODED_AT_ONCE)
    batch_size = max(1, DECODED_AT_ONCE // max(draws_at_once, 1))
    results = []
    with evaluating(model), torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        for chosen in runtime.track(torch.arange(len(x)).split(batch_size), f"−log p(x), k = {k}", quiet=quiet):
            batch = on_device(model, x, y, chosen)
            total = torch.full((len(chosen),), -math.inf, dtype=torch.float64)
            for first in range(0, max(k, 1), max(draws_at_once, 1)):
                weights = log_importance_weights(model, *batch, k=min(draws_at_once, k - first))
                total = torch.logaddexp(total, torch.logsumexp(weights.cpu().double(), dim=0))
            results.append(math.log(k) - total)
    return torch.cat(results).float()


def bits_per_dimension(nats: float | Tensor, dimensions: int) -> float | Tensor:
    """A cost in nats per example as bits per dimension: nats / (ln 2 · dimensions). Any shape of `nats`, the same shape back.

    dimensions: how many numbers an example holds, for an image channels · height · width. Bits can be compared when the models give a
    probability to each level of each number; a density counts only after it was integrated over the levels' widths.
    Raises ValueError when dimensions < 1. Source: Theis, van den Oord & Bethge 2016, section 3.1.
    """
    if dimensions < 1:
        raise ValueError(f"dimensions is {dimensions}, expected at least 1: channels · height · width for an image.")
    return nats / (math.log(2) * dimensions)
