"""The importance-weighted bound."""

import math

import torch
from scipy.special import logsumexp

from ..engine import HELD_BACK, finite_far_out, matches, probes_from, relation, slip, task, unchanged

# The number of draws, the batch, and around which number the log-weights lie.
SIZES = {(7, 3, -2): "", (2, 4, -2): "with two draws", (5, 1, -2): "with a batch of one", (4, 6, -2): "", (3, 2, -1200): "with log-weights near −1200, as images have", (3, 2, 1200): "with log-weights near 1200", (1, 2, -2): "with a single draw"}


@task(
    points=0,
    probes=probes_from(lambda draw, k, n, centre: {"log_weights": 3 * draw(k, n) + centre}, sizes=SIZES),
    laws=(
        unchanged(lambda log_weights: {"log_weights": torch.cat([log_weights, log_weights])}, "With every draw there twice", "The same weights once more change no mean. What does your bound divide by, and along which axis?"),
        relation(lambda log_weights: {"log_weights": log_weights + 50}, lambda result: result + 50, "Weights that are all e⁵⁰ times as large should raise the bound by 50", "Multiply every weight by a constant: its logarithm must come out on top. Which step of yours does not let it through?"),
        finite_far_out(),
    ),
    gradients=("log_weights",),
    claims=matches(lambda log_weights: torch.as_tensor(logsumexp(log_weights, axis=0, b=1 / len(log_weights))), "Your bound should be log((w₁ + … + w_k)/k)", scale=lambda log_weights: log_weights.abs().amax(0), question=lambda log_weights: HELD_BACK if log_weights.abs().max() > 1000 else ""),
    slips=(
        slip("torch.logsumexp(log_weights, dim=0) - math.log(k)", "log_weights.mean(0)", "The mean of the logarithms is the ELBO, whatever k is: it doesn't rise with k. What should stand inside the logarithm?"),
        slip(" - math.log(k)", "", "Take k equal weights: the bound should be their logarithm. Yours is too large by log k. What is a mean, besides a sum?"),
        slip("- math.log(k)", "/ k", "You divided by k outside the logarithm. Inside, dividing by k becomes which operation outside?"),
        slip("- math.log(k)", "+ math.log(k)", "Take k equal weights: their mean is that weight. Which sign does log k need?"),
        slip({"len(log_weights)": "log_weights.shape[1]", "dim=0": "dim=1"}, "You summed over the examples and kept the draws. Which of the two axes is k?"),
        slip("len(log_weights)", "log_weights.shape[1]", "You subtracted the logarithm of the batch size. Which axis is k?"),
        slip("torch.logsumexp(log_weights, dim=0) - math.log(k)", "log_weights.exp().mean(0).log()", "Right on paper. Now put log_weights = −1200 in: what is exp(−1200) to a computer? What could you take out of the sum first?"),
        slip("torch.logsumexp(log_weights, dim=0) - math.log(k)", "log_weights.amax(0)", "The largest weight alone. With k equal weights it happens to be right; what of the others when they differ?"),
        slip("torch.logsumexp(log_weights, dim=0) - math.log(k)", "(log_weights.softmax(0) * log_weights).sum(0)", "Normalised weights, times the logarithms: its gradient is right, its value is not the bound. Of what is the logarithm taken in log(mean w)?"),
        slip("torch.logsumexp(log_weights, dim=0) - math.log(k)", "(log_weights.exp().mean(0) + 1e-8).log()", "A small number inside keeps the logarithm finite, and makes it that small number's. What is your bound at log_weights = −1200?"),
    ),
    hints=(
        "The bound is a logarithm of a mean of weights, and you are given the logarithms of the weights. The draws lie along the first axis.",
        "log(exp(a) + exp(b)) = m + log(exp(a − m) + exp(b − m)) for any m. Which m keeps every exponential at most 1?",
        "PyTorch has this sum as torch.logsumexp. A mean is a sum divided by k, so a log k has to go off.",
    ),
)
def importance_weighted_bound(log_weights):
    """log of the mean of the weights, one bound an example, in nats.

    log_weights: (k, batch), log p(x, z) − log q(z|x) of k draws. Result: (batch,). Finite wherever log_weights is.
    """
    k = len(log_weights)
    return torch.logsumexp(log_weights, dim=0) - math.log(k)
