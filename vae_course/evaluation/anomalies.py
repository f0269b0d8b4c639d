"""How strange an example is to a model: three scores from the same draws of z, and the same with a simple measure taken out of it."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import kl_divergence

from ..contract import LatentModel
from ..data.accepted import in_memory
from ..models.base import evaluating
from .examples import on_device

SCORES = ("−ELBO", "importance-weighted", "reconstruction")


def anomaly_scores(model: LatentModel, data, *, k: int = 20, seed: int = 0, decoded_at_once: int = 4000) -> dict[str, Tensor]:
    """Three scores of each test example, (n,) each, in nats, higher is stranger; all from the same `k` draws of z ~ q(z|x).

    "−ELBO": KL(q(z|x) ‖ p(z)) − the mean of log p(x|z). "importance-weighted": the bound on −log p(x) from k draws (Burda et al. 2016,
    equation 8). "reconstruction": the mean of −log p(x|z) alone. A model with labels is asked of x given its label.
    Raises ValueError when k < 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}, expected at least one draw.")
    x, y = in_memory(data)
    pieces: dict[str, list[Tensor]] = {name: [] for name in SCORES}
    with evaluating(model), torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        for chosen in torch.arange(len(x)).split(max(1, decoded_at_once // k)):
            piece, labels = on_device(model, x, y, chosen)
            q = model.encode(piece, labels)
            z = q.sample((k,))
            log_likelihood = model.decode(z, labels).log_prob(piece)
            bound = torch.logsumexp(log_likelihood + model.prior.log_prob(z) - q.log_prob(z), dim=0) - math.log(k)
            reconstruction = -log_likelihood.mean(0)
            found = (reconstruction + kl_divergence(q, model.prior), -bound, reconstruction)
            for name, score in zip(SCORES, found, strict=True):
                pieces[name].append(score.cpu())
    return {name: torch.cat(scores) for name, scores in pieces.items()}


def without_measure(measure: Tensor, scores: Tensor, normal_measure: Tensor, normal_scores: Tensor) -> Tensor:
    """`scores` minus what `measure` explains of scores on normal examples, by a straight line fitted there with least squares: (n,).

    measure, scores: (n,), of the examples to judge; the other two (m,), of normal ones, the training examples say. Raises ValueError
    when lengths differ, or the measure is the same for all normal examples.
    """
    if measure.shape != scores.shape or normal_measure.shape != normal_scores.shape or scores.dim() != 1:
        shapes = [tuple(each.shape) for each in (measure, scores, normal_measure, normal_scores)]
        raise ValueError(f"got shapes {', '.join(map(str, shapes))}, expected (n,) twice and (m,) twice.")
    here, dtype = scores.device, scores.dtype
    # On the CPU, since there are devices that know no double precision.
    measure, scores, normal_measure, normal_scores = (each.cpu().double() for each in (measure, scores, normal_measure, normal_scores))
    centre, away = normal_measure.mean(), normal_measure - normal_measure.mean()
    if not away.square().sum() > 0:
        raise ValueError("the measure is the same for all normal examples: no line can be fitted to it.")
    slope = (away * normal_scores).sum() / away.square().sum()
    return (scores - normal_scores.mean() - slope * (measure - centre)).to(dtype).to(here)
