"""How much the code tells."""

import math

import torch
from torch.distributions import Categorical

from ..engine import Claim, Law, Probe, finite_far_out, matches, probes_from, rounding, slip, task, unchanged

AVERAGE = "log_p.logsumexp(1) - math.log(len(log_p))"
IGNORED = torch.tensor([[-31.0], [-18.5], [-44.25], [-20.0]]).repeat(1, 4)
# beyond the exponentials of float64, in which a difference of such numbers still has its digits
UNLIKE = torch.diag(torch.tensor([1750.0, 2650.0, 2820.0]).double()) - 3900
WRONG = torch.tensor([[-5000.0, -2000.0], [-3000.0, -3900.0]]).double()
PAIRS = torch.block_diag(*[torch.full((2, 2), 75.0)] * 3) - 95


def _at_most_log_n(values, log_p):
    got, question = values["result"], "More cannot be known than which of n windows it was. What lets yours go beyond log n?"
    if isinstance(got, torch.Tensor):
        yield Claim("It is never above log n", got.clamp(max=math.log(len(log_p))), got, rounding(1.0, log_p.dtype, scale=log_p.abs().max()), question=question)


@task(
    points=2,
    probes=probes_from(
        lambda draw, n, spread: {"log_p": spread * draw(n, n) - 40 + 3 * draw(n, 1) + 2.2 * spread * torch.eye(n, dtype=draw(1).dtype)},
        sizes={(6, 3): "", (2, 2): "with two windows", (4, 1): "", (9, 5): ""},
        more=(Probe({"log_p": IGNORED}, note="with a decoder that does without z"), Probe({"log_p": UNLIKE}, note="with codes that leave no doubt, and windows of thousands of nats"), Probe({"log_p": WRONG}, note="with codes that mislead"), Probe({"log_p": PAIRS}, note="with codes that name one of three pairs")),
    ),
    laws=(
        finite_far_out("p of a window of hundreds of nats is 0 to the computer. Can all of it be done with logarithms?"),
        unchanged(lambda log_p: {"log_p": log_p - 10 * torch.arange(len(log_p)).unsqueeze(1)}, "With windows that are less likely under every code", "Make a window ten nats less likely under every code. What has that to do with what its own code tells?"),
        unchanged(lambda log_p: {"log_p": log_p.repeat(2, 2)}, "With every window and its code there twice", "With every window there twice, which of your sums becomes twice what it was? Which of them should be means?"),
        Law(_at_most_log_n),
    ),
    gradients=("log_p",),
    keeps=("log_p",),
    claims=matches(lambda log_p: Categorical(logits=log_p).log_prob(torch.arange(len(log_p))).mean() + math.log(len(log_p)), "It should be the mean of log p with the own code, less the log of the mean p over all codes", scale=lambda log_p: log_p.abs().max()),
    slips=(
        slip(AVERAGE, "log_p.mean(1)", "You average log p over the codes; the formula wants the log of the average p. Which of the two is greater, by Jensen's inequality? A single hopeless code must not weigh hundreds of nats: does it, in yours?"),
        slip(" - math.log(len(log_p))", "", "For a decoder that does without z yours is −log n, and should be 0. By what is the sum over the codes divided?"),
        slip("- math", "+ math", "For a decoder that does without z yours is −2 log n, and should be 0. Dividing by n inside the logarithm: does that make it greater or smaller?"),
        slip("- math.log(len(log_p))", "/ len(log_p)", "You divide the logarithm by n. What is to be divided by n: the sum, or its logarithm? And what does a factor inside a logarithm become outside?"),
        *(slip(AVERAGE, f"(log_p.exp().mean(1) + 1e-{digits}).log()", "The small number that you add keeps the logarithm finite, and wrong: it is greater than p itself. Which function takes log p and never leaves the logarithms?") for digits in (*range(5, 17), 20, 30)),
        slip({" - math.log(len(log_p))": "", "log_p.diagonal() - average": "average - log_p.diagonal()"}, "That is the cross-entropy of naming the right code: log n for a decoder that does without z, 0 for one without doubt. How is what is known got from what is not?"),
        slip("logsumexp(1)", "logsumexp(0)", "You compare a code's window with other windows under the same code. Long windows and strange ones are unlikely under any code: what should be held fast, so that this cancels, and what should vary?"),
        slip(".mean()", ".sum()", "Twice as many windows, twice your information. What is asked for: a sum, or a mean over windows?"),
        slip(".mean()", "", "One number a window. What is asked for at the end?"),
        slip(".mean()", ".mean().clamp(min=0)", "Yours is never below 0. Codes that mislead tell less than nothing, by this formula: does it hold a limit?"),
        slip("return (", "return -(", "A code that leaves no doubt gives −log n, in yours. Which sign has information?"),
        slip(AVERAGE, "log_p.masked_fill(torch.eye(len(log_p)).bool(), -math.inf).logsumexp(1) - math.log(len(log_p) - 1)", "You compare with the codes of others alone. Then nothing bounds it: how much can be known about which of n windows it was, at most?"),
        slip("math.log(len(log_p))", "math.log(len(log_p) - 1)", "You divide by n − 1. How many codes are in your sum?"),
        slip("(log_p.diagonal() - average)", "(log_p.diagonal().exp() / log_p.exp().mean(1)).log()", "p of a window of hundreds of nats is 0 to the computer, and so is the mean: what is 0/0? Can all of it be done with logarithms?"),
        slip(AVERAGE, "log_p.exp().mean(1).log()", "p of a window of hundreds of nats is 0 to the computer: what is the logarithm of that mean? Can the mean be taken without leaving the logarithms?"),
        slip(".mean()", ".mean() / math.log(2)", "A code that leaves no doubt among 4 windows gives 2, in yours. What is it in nats?"),
        slip(AVERAGE, "log_p.flatten().logsumexp(0) - 2 * math.log(len(log_p))", "You have one mean p for all windows together; the likeliest window drowns the others. Over what does the sum in the formula run, and what is fixed in it?"),
        slip("(log_p.diagonal() - average)", "log_p.softmax(1).diagonal()", "That is the probability of naming the right code, on average. The formula has logarithms before the mean: where?"),
        slip("(log_p.diagonal() - average)", "(log_p.softmax(1).diagonal().log() + math.log(len(log_p)))", "Right, until the right code's share is 0 to the computer: what is its logarithm? Which function gives it in one go?"),
    ),
    hints=(
        "Fix a window. Its row of log_p says how well each code explains it. How much better than an average code is its own?",
        "The log of a sum of p is torch.logsumexp of log p; over which axis? A mean is a sum divided by n, and inside a logarithm that is − log n.",
        "diagonal − (logsumexp of each row − log n), averaged. It is 0 where all codes explain a window alike, and never above log n.",
    ),
)
def code_information(log_p):
    """A lower bound on the mutual information of x and z in nats, a tensor of shape (), in the dtype of log_p.

    It is the mean over windows i of log p(x_i|z_i) − log((1/n) Σ_j p(x_i|z_j)).
    log_p: (n, n), row i, column j: log p(x_i|z_j), z_j drawn from q(z|x_j). n ≥ 2. Finite, and far below 0: p itself may be 0 to the computer.
    log_p is left as it is.
    """
    average = log_p.logsumexp(1) - math.log(len(log_p))
    return (log_p.diagonal() - average).mean()
