"""Right answers to the tasks of this topic, each written in another way."""

import math

import numpy as np
import torch
from torch.distributions import Normal

from vae_course.models.series import SeriesDistribution

# ---- hide_stretch


def hidden_by_slice(x, start, stop):
    left = x.clone()
    left[:, start:stop] = 0
    return left


def hidden_by_joining(x, start, stop):
    return torch.cat([x[:, :start], torch.zeros_like(x[:, start:stop]), x[:, stop:]], 1)


def hidden_by_where(x, start, stop):
    at = torch.arange(x.shape[1]).view(1, -1, 1)
    return torch.where((start <= at) & (at < stop), 0.0, x)


# ---- seen_nats


def nats_by_normal(x, mean, log_sigma):
    return -(x[..., 1] * Normal(mean, log_sigma.exp()).log_prob(x[..., 0])).sum(-1)


def nats_by_package(x, mean, log_sigma):
    return -SeriesDistribution(mean.unsqueeze(-1), log_sigma.exp().view(1)).log_prob(x)


def nats_by_counting(x, mean, log_sigma):
    """The squares, and what each seen step costs besides."""
    seen = x[..., 1]
    squares = (seen * (x[..., 0] - mean).square()).sum(1)
    return squares / (2 * torch.exp(2 * log_sigma)) + seen.sum(1) * (log_sigma + 0.5 * math.log(2 * math.pi))


def nats_by_where(x, mean, log_sigma):
    variance = (2 * log_sigma).exp()
    cost = torch.nn.functional.gaussian_nll_loss(mean, x[..., 0], variance.expand_as(mean), full=True, eps=0.0, reduction="none")
    return torch.where(x[..., 1] == 1, cost, torch.zeros_like(cost)).sum(1)


# ---- conditional_gaussian


def conditional_by_precision(mean, covariance, x, seen):
    precision = torch.linalg.inv(covariance)
    inner = torch.linalg.inv(precision[~seen][:, ~seen])
    filled, sigma = x.clone(), torch.zeros_like(mean)
    filled[:, ~seen] = mean[~seen] - (x[:, seen] - mean[seen]) @ precision[seen][:, ~seen] @ inner
    sigma[~seen] = inner.diagonal().sqrt()
    return filled, sigma


def conditional_by_cholesky(mean, covariance, x, seen):
    """With the seen steps first, the lower triangle says how much is left of each step."""
    order = torch.cat([seen.nonzero(), (~seen).nonzero()]).squeeze(1)
    count, root = int(seen.sum()), torch.linalg.cholesky(covariance[order][:, order])
    first = torch.linalg.solve_triangular(root[:count, :count], (x - mean)[:, order[:count]].T, upper=False)
    filled, sigma = x.clone(), torch.zeros_like(mean)
    filled[:, order[count:]] = mean[order[count:]] + (root[count:, :count] @ first).T
    sigma[order[count:]] = root[count:, count:].square().sum(1).sqrt()
    return filled, sigma


def conditional_step_by_step(mean, covariance, x, seen):
    """Each seen step in its turn tells what it has to tell of all others."""
    away, left = x - mean, covariance.clone()
    known = torch.zeros_like(x)
    for step in seen.nonzero().squeeze(1).tolist():
        slope = left[:, step] / left[step, step]
        known = known + (away[:, step : step + 1] - known[:, step : step + 1]) * slope
        left = left - torch.outer(slope, left[step])
    sigma = torch.where(seen, torch.zeros_like(mean), left.diagonal().clamp(min=0).sqrt())
    return torch.where(seen, x, mean + known), sigma


# ---- held_share


def held_by_numpy(drawn, truth, seen, share):
    low, high = np.quantile(drawn.double().numpy(), [(1 - share) / 2, (1 + share) / 2], axis=0)
    inside = (low <= truth.numpy()) & (truth.numpy() <= high)
    return float(inside[~seen.numpy()].mean())


def held_by_choosing_first(drawn, truth, seen, share):
    drawn, truth = drawn[:, ~seen], truth[~seen]
    low, high = torch.quantile(drawn, torch.tensor([0.5 - share / 2, 0.5 + share / 2], dtype=drawn.dtype), 0)
    return 1 - float(((truth < low) | (truth > high)).double().mean())


def held_by_counting(drawn, truth, seen, share):
    inside = (truth - drawn.quantile(0.5 - share / 2, 0) >= 0) * (drawn.quantile(0.5 + share / 2, 0) - truth >= 0)
    return (inside & ~seen).sum().item() / (~seen).sum().item()


# ---- weighted_answer


def weighted_by_hand(log_joint, log_q, values):
    ratio = log_joint - log_q
    weights = (ratio - ratio.amax(0)).exp()
    total = weights.sum(0)
    return torch.einsum("kn,knt->nt", weights / total, values), total.square() / weights.square().sum(0)


def weighted_by_series(log_joint, log_q, values):
    """One series at a time."""
    means, counts = [], []
    for number in range(log_joint.shape[1]):
        weights = torch.softmax(log_joint[:, number] - log_q[:, number], 0)
        means.append(weights @ values[:, number])
        counts.append(1 / (weights @ weights))
    return torch.stack(means), torch.stack(counts)


def weighted_by_logsumexp(log_joint, log_q, values):
    log_weights = (log_joint - log_q).log_softmax(0)
    return (log_weights.exp()[..., None] * values).sum(0), (-(2 * log_weights).logsumexp(0)).exp()


# ---- series_report


def series_by_rows():
    names = ("series", "seed", "steps", "vae", "gaussian", "rest", "whole")
    runs = [(500, 0, 2_000, 10.2, 9.6, 8.1, 8.7), (500, 1, 2_000, 9.5, 9.6, 8.2, 8.6), (500, 2, 2_000, 10.2, 9.6, 8.0, 8.6)]
    runs += [(8_000, 0, 2_016, 9.2, 8.9, 7.1, 7.7), (8_000, 1, 2_016, 9.8, 8.9, 7.1, 7.8), (8_000, 2, 2_016, 8.8, 8.9, 7.0, 7.5)]
    same = {"hidden": 16, "line": 23.0}
    return {"predicted": "no clear difference", "runs": [same | dict(zip(names, run, strict=True)) for run in runs], "came_true": True}


def series_with_a_long_gap():
    """Half of the steps hidden, so that the whole is halfway in squares; trained for longer."""
    runs = {"series": [4_000, 1_000] * 3, "seed": [5, 5, 6, 6, 7, 7], "steps": 6_000, "hidden": 32, "line": 24.25}
    runs |= {"gaussian": [12.75, 13.5] * 3, "vae": [12.1, 14.7, 12.3, 15.2, 12.2, 14.9], "rest": [6.1, 8.4, 6.2, 8.9, 6.0, 8.6]}
    return {"predicted": "lower", "runs": runs | {"whole": [9.58, 11.97, 9.74, 12.45, 9.61, 12.16]}, "came_true": True}


RIGHT_ANSWERS = {
    "hide_stretch": [hidden_by_slice, hidden_by_joining, hidden_by_where],
    "seen_nats": [nats_by_normal, nats_by_package, nats_by_counting, nats_by_where],
    "conditional_gaussian": [conditional_by_precision, conditional_by_cholesky, conditional_step_by_step],
    "held_share": [held_by_numpy, held_by_choosing_first, held_by_counting],
    "weighted_answer": [weighted_by_hand, weighted_by_series, weighted_by_logsumexp],
    "series_report": [series_by_rows, series_with_a_long_gap],
}
