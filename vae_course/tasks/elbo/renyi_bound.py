"""A family of bounds: Rényi's, with the ELBO and the importance-weighted bound among them (Li & Turner 2016, equation 5)."""

import math

import torch
from scipy.special import logsumexp

from ..engine import HELD_BACK, Probe, finite_far_out, matches, probes_from, relation, slip, task, unchanged

# The number of draws, the batch, α, and around which number the log-weights lie.
SIZES = {(7, 3, 0.5, -2): "", (2, 3, 0.0, -2): "with α = 0", (5, 1, 1, -2): "with α = 1", (4, 6, 2.0, -2): "with α = 2", (6, 4, 0.9, -2): "with α = 0.9", (3, 4, -0.75, -2): "in float64, with α below 0"}
FAR_OUT = {(3, 2, 0.25, -1200): "with log-weights near −1200, as images have", (3, 2, 0.25, 1200): "with log-weights near 1200", (3, 2, 1.0, -1200): "with α = 1 and log-weights near −1200"}
APART = (
    Probe({"log_weights": torch.tensor([[-3.0, -1200.0], [-5.0, -1197.0]]), "alpha": 0.5}, note="with one example far below another"),
    Probe({"log_weights": torch.tensor([[-100.0, -1000.0], [-400.0, -1300.0]]), "alpha": 3.0}, note="with draws far apart and α = 3"),
)
TAKEN_OUT = "Which step leaves the range of floating-point numbers? What is taken out of a sum before the exponentials is the largest number that goes into one: of each example for itself, and after the power, which may be negative."
AT_ONE = "At α = 1 the limit is asked for, and it has a name of its own. Which one? (An α close to 1 leaves few digits: nearly 0 over nearly 0.)"
BY_STEPS = "Three steps, and their order: every weight to the power 1 − α, the mean over the draws, the logarithm over 1 − α. Take two weights, 1 and e, and α = −1: where does yours differ from log((1 + e²)/2)/2?"


@task(
    points=1,
    probes=probes_from(lambda draw, k, n, alpha, centre: {"log_weights": 3 * draw(k, n) + centre, "alpha": alpha}, sizes=SIZES | FAR_OUT, more=APART),
    laws=(
        finite_far_out(TAKEN_OUT),
        unchanged(lambda log_weights, alpha: {"log_weights": torch.cat([log_weights, log_weights])}, "With every draw there twice", "The same weights once more change no mean. What does yours divide by, and where?"),
        relation(lambda log_weights, alpha: {"log_weights": log_weights + 50}, lambda result: result + 50, "Weights that are all e⁵⁰ times as large should raise the bound by 50", "Multiply every weight by a constant: whatever α is, its logarithm must come out on top. Which power is not undone?"),
    ),
    gradients=("log_weights",),
    claims=matches(
        lambda log_weights, alpha: log_weights.mean(0) if alpha == 1 else torch.as_tensor(logsumexp((1 - alpha) * log_weights, axis=0, b=1 / len(log_weights))) / (1 - alpha),
        "Your bound should be log(mean of w^(1 − α))/(1 − α), and the mean of log w at α = 1",
        scale=lambda log_weights, alpha: log_weights.abs().amax(0),
        question=lambda log_weights, alpha: HELD_BACK if log_weights.abs().max() > 1000 else AT_ONE if alpha == 1 else BY_STEPS,
    ),
    slips=(
        slip("1 - alpha\n", "alpha\n", "At α = 0 the weights themselves are averaged. To which power are they raised, in yours?"),
        slip("1 - alpha\n", "alpha - 1\n", "Which sign has the power, and does it undo itself outside the logarithm? Compare with α = 0, where w itself is averaged."),
        slip(" / power", "", "You raise the weights to a power inside. Which operation outside the logarithm undoes it?"),
        slip(" / power", " * power", "A power inside the logarithm is a factor outside. Should yours come on once more, or go off?"),
        slip(" - math.log(k)", "", "Take k equal weights: the bound should be their logarithm. What is a mean, besides a sum?"),
        slip("- math.log(k)", "/ k", "You divided by k outside the logarithm. Inside, dividing by k becomes which operation outside?"),
        slip("(torch.logsumexp(power * log_weights, dim=0) - math.log(k)) / power", "torch.logsumexp(power * log_weights, dim=0) / power - math.log(k)", "What is divided by 1 − α: the logarithm of the sum, or of the mean?"),
        slip("(torch.logsumexp(power * log_weights, dim=0) - math.log(k))", "(power * log_weights).exp().mean(0).log()", "Right on paper. What is exp(−900) to a computer? What could be taken out of the sum first?"),
        slip("(torch.logsumexp(power * log_weights, dim=0) - math.log(k)) / power", "(power * log_weights).mean(0) / power", "Yours is the ELBO, whatever α is: the power comes out of a mean of logarithms again. Is the logarithm taken before the mean, or after it?"),
        slip("return (torch.logsumexp(power * log_weights, dim=0) - math.log(k)) / power", "top = log_weights.max()\n    return top + (power * (log_weights - top)).exp().mean(0).log() / power", "You take the largest weight of the whole batch out. What is left of an example that lies a thousand nats below it?"),
        slip(
            "return (torch.logsumexp(power * log_weights, dim=0) - math.log(k)) / power",
            "top = log_weights.amax(0)\n    return top + (power * (log_weights - top)).exp().mean(0).log() / power",
            "You take the largest weight out, and where 1 − α is negative the smallest one has the largest power. What is the largest number that goes into an exponential?",
        ),
        slip("power * log_weights", "log_weights", "The weights are averaged as they are, in yours. Where does α come in, before the mean?"),
        slip("if alpha == 1:", "if False:", "At α = 1 yours is 0 over 0. What is the limit there? (Look at the first term of w^(1 − α) around α = 1.)"),
        slip("return log_weights.mean(0)", "return torch.logsumexp(log_weights, dim=0) - math.log(k)", "At α = 1 you give the importance-weighted bound. Which α does that one belong to, and what is left at 1?"),
        slip("return log_weights.mean(0)", "return log_weights.sum(0)", "At α = 1 the ELBO stays: a sum over draws, or their mean?"),
        slip("return log_weights.mean(0)", "return log_weights.amax(0)", "The largest weight is the limit α → −∞. Which one belongs to α = 1?"),
        slip({"dim=0": "dim=1", "len(log_weights)": "log_weights.shape[1]"}, "You summed over the examples and kept the draws. Which of the two axes is k?"),
    ),
    hints=(
        "Start from α = 0: the log of the mean weight. For another α every weight is raised to the power 1 − α before the mean, and the logarithm divided by it after.",
        "w^(1 − α) is exp((1 − α)·log w), so all that enters torch.logsumexp is (1 − α)·log_weights. A mean is a sum and a log k.",
        "At α = 1 the formula is 0/0. For a small power ε, mean w^ε ≈ 1 + ε·mean(log w): divide its logarithm by ε, and let ε go to 0.",
    ),
)
def renyi_bound(log_weights, alpha):
    """Rényi's bound of order alpha, log(mean of w^(1 − alpha))/(1 − alpha), one an example, in nats.

    log_weights: (k, batch), log p(x, z) − log q(z|x) of k draws. alpha: a Python number; at 1 the limit is meant.
    Result: (batch,). Finite wherever log_weights is.
    """
    k = len(log_weights)
    if alpha == 1:
        return log_weights.mean(0)
    power = 1 - alpha
    return (torch.logsumexp(power * log_weights, dim=0) - math.log(k)) / power
