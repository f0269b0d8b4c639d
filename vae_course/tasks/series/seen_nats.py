"""What the seen steps of a series cost."""

import math

import torch
from torch.distributions import Normal

from ..engine import each_row_for_itself, matches, probes_from, slip, task, unchanged

CHARGED = "(seen * nats).sum(1)"
SEEN_ZERO = "An unseen step is charged as if a 0 had been seen there. What may it cost?"


def written(draw, n, steps, hidden=-0.4):
    seen = (draw(n, steps) > hidden).to(draw(1))
    seen[0, : steps // 2 + 1] = 1
    values = torch.sigmoid(draw(n, steps))
    values[0, 0] = 0  # seen, and 0
    return {"x": torch.stack([seen * values, seen], -1), "mean": values + 0.2 * draw(n, steps), "log_sigma": 0.4 * draw(1)[0] - 0.9}


def reference(x, mean, log_sigma):
    """A series at a time, of the steps that were seen."""
    costs = []
    for (value, mark), wrote in zip((row.unbind(-1) for row in x), mean, strict=True):
        costs.append(-Normal(wrote, log_sigma.exp()).log_prob(value)[mark == 1].sum())
    return torch.stack(costs)


@task(
    points=1,
    probes=probes_from(written, sizes={(6, 9): "", (1, 7): "with a single series", (5, 4, 9.0): "with series of which nothing was seen", (4, 11): ""}),
    laws=(
        each_row_for_itself("x", "mean"),
        unchanged(lambda x, mean, **_: {"mean": torch.where(x[..., 1] == 1, mean, mean + 0.5)}, "With other means where nothing was seen", SEEN_ZERO),
    ),
    gradients=("mean", "log_sigma"),
    claims=matches(reference, "A series should cost the sum of −log N(value; mean, σ²) over its seen steps", scale=lambda x, mean, log_sigma: (((x[..., 0] - mean) / log_sigma.exp()) ** 2).sum() + 5),
    slips=(
        slip(CHARGED, "nats.sum(1)", SEEN_ZERO),
        slip({"(value - mean)": "seen * (value - mean)", CHARGED: "nats.sum(1)"}, "You leave out the distance at unseen steps, and charge log σ + ½ log 2π for them all the same. What should a series cost of which nothing was seen?"),
        slip("value, seen = x.unbind(-1)", "value = x[..., 0]\n    seen = (value != 0).to(value.dtype)", "You take a step for unseen where its value is 0. A 0 may have been seen: which number says so?"),
        slip(CHARGED, "(seen * (nats - 0.5 * math.log(2 * math.pi))).sum(1) + 0.5 * math.log(2 * math.pi) * x.shape[1]", "½ log 2π is charged for every step, in yours. What should a series cost of which nothing was seen?"),
        slip(CHARGED, "(seen * nats).sum(1) / seen.sum(1)", "A mean over the seen steps: a series with one seen step then pulls at z as hard as a whole one. How do independent steps' nats combine?"),
        slip(CHARGED, "(seen * nats).sum(1) * x.shape[1] / seen.sum(1).clamp(min=1)", "You make up for the steps that are missing, as if they had cost what the others did. What was asked to be charged?"),
        slip(CHARGED, "(seen * nats).mean(1)", "A mean over steps: the longer the series, the less a step counts beside the KL. How do independent steps' nats combine?"),
        slip(CHARGED, "(seen * nats).sum(1) / seen.sum(1).clamp(min=1)", "A mean over the seen steps: a series with one seen step then pulls at z as hard as a whole one. How do independent steps' nats combine?"),
        slip(CHARGED, "((1 - seen) * nats).sum(1)", "You charge for the steps that were not seen, and for no others. Which number marks a seen step?"),
        slip("return (seen", "return -(seen", "That is log p, which rises as the fit gets better. Which sign has a loss?"),
        slip({"log_sigma.exp()": "(0.5 * log_sigma).exp()", "+ log_sigma": "+ 0.5 * log_sigma"}, "You took log σ for log σ². What does the name say that it is?"),
        slip(" + 0.5 * math.log(2 * math.pi)", "", "You are off by the same amount for each seen step. Integrate your density over one value with σ = 1: is it 1?"),
        slip("0.5 * away**2", "away**2", "A value that is off by σ costs ½ nat more than one that is right, and 1 nat in yours. What stands before the square?"),
        slip("0.5 * math.log(2 * math.pi)", "math.log(2 * math.pi)", "You are off by the same amount for each seen step. Integrate your density over one value with σ = 1: is it 1?"),
        slip("0.5 * away**2", "0.5 * away.abs()", "Off by 2σ costs twice as much as off by σ, in yours. What is squared in a Gaussian?"),
        slip("(value - mean) / log_sigma.exp()", "value - mean", "A miss costs the same whatever σ is. In which unit is it measured?"),
        slip(CHARGED, "(seen * (value - mean) ** 2).sum(1)", "That is a squared error, which knows no σ. Of which density is −log asked for?"),
        slip(" + log_sigma", " - log_sigma", "The surer your density is, the more it charges even where it is right. What happens to its height when σ gets smaller?"),
        slip(" + log_sigma", "", "Your density has area 1 for σ = 1 alone. What happens to its height when it is made twice as wide?"),
        slip(CHARGED, "(seen * nats).sum()", "One number for the whole batch. How many series are there, and what was asked for each?"),
        slip("value, seen =", "seen, value =", "Value and mark have changed places. Which of the two comes first at a step?"),
        slip("/ log_sigma.exp()", "/ log_sigma", "You divide by log σ, which is below 0 as soon as σ is below 1. How does one get σ from it?"),
    ),
    hints=(
        "First every step on its own: −log of a Gaussian's density, which has three terms. Then leave out those that were not seen.",
        "−log N(v; m, σ²) = ½ ((v − m)/σ)² + log σ + ½ log 2π. All three terms belong to the step: where it was not seen, none of them counts.",
        "x.unbind(-1) gives values and marks. Marks times nats, summed over the steps.",
    ),
)
def seen_nats(x, mean, log_sigma):
    """−log p(x|z) of what was seen of each series, in nats, summed over its steps: (n,), in the dtype of mean.

    x: (n, steps, 2), a value and a mark at each step, 1 if it was seen; an unseen step is (0, 0) and costs nothing.
    mean: (n, steps), of the Gaussian that the decoder writes at each step. log_sigma: (), the logarithm of its standard deviation, one for all.
    """
    value, seen = x.unbind(-1)
    away = (value - mean) / log_sigma.exp()
    nats = 0.5 * away**2 + log_sigma + 0.5 * math.log(2 * math.pi)
    return (seen * nats).sum(1)
