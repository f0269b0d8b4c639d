"""The importance-weighted bound."""

import math

import torch

from ..engine import Probe, finite_far_out, matches, probes_from, relation, slip, task

LOW = torch.tensor([[-1200.0, -95.0], [-1203.0, -91.0], [-1199.0, -93.0]])


def reference(log_weights):
    """Log of the mean weight, with the largest weight taken out."""
    highest = log_weights.amax(0)
    return highest + torch.log(torch.exp(log_weights - highest).mean(0))


@task(
    points=0,
    probes=probes_from(lambda draw, n, d: {"log_weights": 3 * draw(max(n, 2), d) - 2}, more=(Probe({"log_weights": LOW}, note="with log-weights near −1200, as images have"), Probe({"log_weights": -LOW}, note="with log-weights near 1200"), Probe({"log_weights": torch.tensor([[-3.0, 2.0]])}, note="with a single draw"))),
    laws=(
        relation(lambda log_weights: {"log_weights": torch.cat([log_weights, log_weights])}, lambda result: result, "With every draw there twice, the mean weight should stay as it is", "The same weights once more change no mean. What does your bound divide by, and along which axis?"),
        relation(lambda log_weights: {"log_weights": log_weights + 50}, lambda result: result + 50, "Weights that are all e⁵⁰ times as large should raise the bound by 50", "Multiply every weight by a constant: its logarithm must come out on top. Which step of yours does not let it through?"),
        finite_far_out(),
    ),
    gradients=("log_weights",),
    claims=matches(reference, "Your bound should be log((w₁ + … + w_k)/k)", scale=lambda log_weights: log_weights.abs().amax(0)),
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
