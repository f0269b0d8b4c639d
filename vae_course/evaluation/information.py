"""What the codes tell of the examples: the mutual information I(x; z), and what else is in the KL."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.distributions import kl_divergence

from ..contract import LatentModel
from ..data.accepted import in_memory
from ..models.base import evaluating
from .examples import on_device


@dataclass(frozen=True)
class CodeInformation:
    """The mean KL(q(z|x) ‖ p(z)) and its two parts, in nats: kl = information + marginal_kl.

    information: I(x; z) when x is one of the N examples, each as likely as any other. At most log N.
    marginal_kl: KL(q(z) ‖ p(z)), where the aggregated posterior q(z) is the mean of the N posteriors. Estimated: it may be just below 0.
    """

    kl: float
    information: float
    marginal_kl: float


def code_information(model: LatentModel, data, *, draws: int = 1, seed: int = 0, batch_size: int = 200) -> CodeInformation:
    """I(x; z) over the given examples, from `draws` of z for each: the mean of log q(z|x) − log (1/N) Σₙ q(z|xₙ), z ~ q(z|x).

    The sum runs over all N examples, so that work grows with N² (2,000 take about a second) and figures can be compared at the same N only.
    Where the codes tell all examples apart it comes out as log N, whatever more there may be to know. Raises ValueError when draws < 1.
    Source: Hoffman & Johnson 2016, section 3.
    """
    if draws < 1:
        raise ValueError(f"draws is {draws}, expected at least one of each example's code.")
    x, y = in_memory(data)
    total = kl = 0.0
    with evaluating(model), torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        q = model.encode(*on_device(model, x, y, torch.arange(len(x))))
        kl = kl_divergence(q, model.prior).cpu().double().mean().item()
        for z in q.sample((draws,)):
            for chosen in torch.arange(len(x), device=z.device).split(batch_size):
                each = q.log_prob(z[chosen].unsqueeze(1)).cpu().double()  # row: a draw, column: the example whose posterior is asked
                own = each.gather(1, chosen.cpu().unsqueeze(1)).squeeze(1)
                total += (own - each.logsumexp(1) + math.log(len(x))).sum().item()
    information = total / (draws * len(x))
    return CodeInformation(kl, information, kl - information)
