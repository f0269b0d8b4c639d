"""From draws of q to what follows from the seen steps."""

import torch

from ..engine import Probe, finite_far_out, matches, probes_from, slip, task, unchanged

WEIGHTS, MEAN = "(log_joint - log_q).softmax(0)", "(weights.unsqueeze(-1) * values).sum(0)"
EFFECTIVE = "1 / weights.square().sum(0)"


def candidates(draw, k, n, steps):
    return {"log_joint": 2 * draw(k, n) - 3, "log_q": draw(k, n) + 1, "values": draw(k, n, steps) + 0.5}


# a thousand nats below 0, as the sum over many steps is
FAR = Probe(
    {"log_joint": torch.tensor([[-1003.0], [-1000.0], [-1001.5]]), "log_q": torch.tensor([[2.0], [1.0], [3.0]]), "values": torch.tensor([[[0.0, 1.0]], [[1.0, 3.0]], [[2.0, -1.0]]])},
    note="with very small probabilities",
)
# each is known but for a constant of its own, which may be large
APART = Probe(
    {"log_joint": torch.tensor([[-2.0, -903.0], [-1.0, -900.0], [-3.5, -901.5]]), "log_q": torch.tensor([[1.0, 2.0], [0.5, 1.0], [2.0, 3.0]]), "values": torch.tensor([[[0.0], [1.0]], [[1.0], [3.0]], [[2.0], [-1.0]]])},
    note="with one series very far below another",
)


def reference(log_joint, log_q, values):
    ratio = log_joint - log_q
    weights = (ratio - ratio.logsumexp(0)).exp()
    return torch.einsum("kn,knt->nt", weights, values), weights.sum(0) ** 2 / (weights * weights).sum(0)


@task(
    points=2,
    probes=probes_from(candidates, sizes={(7, 3, 5): "", (9, 1, 4): "with a single series", (5, 4, 1): "with one step", (1, 2, 3): "with one candidate", (12, 5, 3): ""}, more=(FAR, APART)),
    laws=(
        finite_far_out(),
        unchanged(lambda log_joint, **_: {"log_joint": log_joint + 1.5}, "With 1.5 nats added to every log p(x, z)", "log p(x, z) is known but for a constant. Add one, and your answer changes: what makes weights of ratios?"),
    ),
    claims=matches(reference, "The weighted mean of the candidates, and how many equal ones they are worth", parts=("mean", "effective"), scale=lambda values, **_: values.abs().max() + len(values)),
    slips=(
        slip(" - log_q", "", "A candidate that q draws ten times as often as another is there ten times already. By what is its weight to be divided?"),
        slip("- log_q", "+ log_q", "Where q draws too often, yours counts even more. Which way does the ratio go?"),
        slip("(log_joint - log_q)", "(-log_q)", "You weigh by q alone. Who says how well a candidate explains what was seen?"),
        slip(".softmax(0)", ".softmax(1)", "Your weights add up to 1 over the series. Among what does one series choose?"),
        slip(".softmax(0)", ".flatten().softmax(0).view_as(log_joint)", "Your weights add up to 1 over all series together. Among what does one series choose?"),
        slip(".softmax(0)", ".exp()", "Ratios are no weights yet: for one series, what should yours add up to? And p itself may be 0 to the computer."),
        slip(WEIGHTS, "(log_joint - log_q).exp() / (log_joint - log_q).exp().sum(0)", "Right, until p(x, z) is 0 to the computer. Which function makes weights of logarithms in one step?"),
        slip(WEIGHTS, "(log_joint - log_q - (log_joint - log_q).max()).exp()\n    weights = weights / weights.sum(0)", "Right, until one series lies far below another: you subtract the greatest of all log-ratios, and its exponentials are all 0. Whose greatest one is it to be?"),
        slip("(log_joint - log_q)", "(log_q - log_joint)", "What is likely gets little weight, and what q draws often gets much. Which way does the ratio go?"),
        slip(MEAN, "values[weights.argmax(0), torch.arange(values.shape[1])]", "You take the one best candidate. Is a mean asked for, or a winner?"),
        slip(MEAN, "values.mean(0)", "Your mean is that of q's draws, and the weights are not in it. What are they for?"),
        slip(MEAN, "(weights.square().unsqueeze(-1) * values).sum(0)", "You weigh the values by squares, which do not add up to 1. Of which of the two results are these a part?"),
        slip(EFFECTIVE, "1 / weights.sum(0).square()", "A series' weights add up to 1, so yours is always 1. What is squared first, the weights or their sum?"),
        slip(WEIGHTS, "torch.full_like(log_joint, 1 / len(log_joint))", "The plain mean of q's draws. What have the two log-probabilities to say?"),
        slip(WEIGHTS, "torch.nn.functional.one_hot((log_joint - log_q).argmax(0), len(log_joint)).T.to(log_joint)", "You take the one best candidate. Is a mean asked for, or a winner?"),
        slip(MEAN, "(weights.unsqueeze(-1) * values).mean(0)", "Your weights add up to 1 already, and then you divide by their number as well. What is a weighted mean?"),
        slip(EFFECTIVE, "weights.square().sum(0)", "With k equal weights yours is 1/k. How many candidates are those worth?"),
        slip(EFFECTIVE, "1 / (len(weights) * weights.square().sum(0))", "That is a share of the candidates. What was asked for is their number: with k equal weights, k."),
        slip(EFFECTIVE, "1 / weights.amax(0)", "You ask the greatest weight alone. Two candidates with half each, or one half and a hundred that share the rest: are these worth the same?"),
        slip(EFFECTIVE, "(-weights.xlogy(weights).sum(0)).exp()", "The exponential of the entropy counts equal ones, too, and says another number where they are not equal. Which formula does the contract give?"),
    ),
    hints=(
        "A candidate's weight is in proportion to p(x_seen, z) / q(z|x_seen), and a series' weights add up to 1. You have logarithms.",
        "softmax over the candidates turns log-ratios into weights, and does not mind a constant. Which axis is that?",
        "Weights need one more axis at their end before they meet the values. For the second result: 1 over the sum of squared weights.",
    ),
)
def weighted_answer(log_joint, log_q, values):
    """What follows from the seen steps, by candidates from q and their weights: (mean, effective).

    log_joint: (k, n), log p(x_seen|z) + log p(z) of k candidates for each of n series, but for a constant of the series; far below 0 at times.
    log_q: (k, n), log q(z|x_seen). values: (k, n, steps), what each candidate is decoded to.
    A candidate's weight is in proportion to p(x_seen, z) / q(z|x_seen), and those of a series add up to 1. mean: (n, steps), the weighted mean.
    effective: (n,), how many equal candidates these are worth, 1 / Σ weight². Both in the dtype of log_joint.
    """
    weights = (log_joint - log_q).softmax(0)
    mean = (weights.unsqueeze(-1) * values).sum(0)
    return mean, 1 / weights.square().sum(0)
