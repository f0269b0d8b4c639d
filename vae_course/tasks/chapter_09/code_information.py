"""How much the code tells."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from ..claims import matches
from ..declaration import Claim, Mistake, Plain, Probe, Task
from ..probes import Draw, probes_from, with_more


def _tables(draw: Draw, n: int, spread: int) -> dict[str, Plain]:
    return {"log_p": spread * draw(n, n) - 40 + 3 * draw(n, 1) + 2.2 * spread * torch.eye(n, dtype=draw(1).dtype)}


def _special_tables() -> list[Probe]:
    heights = torch.tensor([-31.0, -18.5, -44.25, -20.0])
    ignored = heights.unsqueeze(1).expand(4, 4).contiguous()
    unlike = torch.full((3, 3), -900.0) + torch.diag(torch.tensor([750.0, 650.0, 820.0]))
    wrong = torch.tensor([[-500.0, -200.0], [-30.0, -310.0]])
    pairs = torch.full((4, 4), -95.0)
    pairs[:2, :2] = pairs[2:, 2:] = -20.0
    return [
        Probe({"log_p": ignored}, note="with a decoder that does without z"),
        Probe({"log_p": unlike}, note="with codes that leave no doubt, and windows of hundreds of nats"),
        Probe({"log_p": wrong}, note="with codes that mislead"),
        Probe({"log_p": pairs}, note="with codes that name one of two pairs"),
    ]


def _reference_code_information(log_p: Tensor) -> Tensor:
    """The own code's chances against each other one."""
    n, gains = len(log_p), []
    for own, row in enumerate(log_p):
        others = [row[j] - row[own] for j in range(n)]
        top = max(others)
        gains.append(math.log(n) - float(top) - math.log(sum(math.exp(float(other - top)) for other in others)))
    return torch.tensor(sum(gains) / n, dtype=torch.float64)


def _claims_of_information(values: dict[str, Plain], log_p: Tensor) -> Iterator[Claim]:
    """With room for a log n in single precision: a millionth of a nat is no mistake here."""
    for claim in matches(
        _reference_code_information,
        "It should be the mean of log p with the own code, less the log of the mean p over all codes",
        scale=lambda log_p: log_p.abs().max(),
    )(values, log_p=log_p):
        yield claim if claim.contract else replace(claim, tolerance=claim.tolerance + 1e-6)


def _told_by_code(log_p):
    return log_p.diagonal() - (log_p.logsumexp(1) - math.log(len(log_p)))


def _told_by_window(log_p):
    return (log_p.diagonal() - log_p.logsumexp(0) + math.log(len(log_p))).mean()


def _others_alone(log_p):
    n = len(log_p)
    eye = torch.eye(n, dtype=torch.bool, device=log_p.device)
    others = log_p.masked_fill(eye, -math.inf).logsumexp(1)
    return (log_p.diagonal() - others + math.log(n - 1)).mean()


def _own_code_left_out_of_the_mean(log_p):
    n = len(log_p)
    return (log_p.diagonal() - log_p.logsumexp(1) + math.log(n - 1)).mean()


def _by_plain_exponentials(log_p):
    p = log_p.exp()
    return (p.diagonal() / p.mean(1)).log().mean()


def _log_of_plain_mean(log_p):
    return (log_p.diagonal() - log_p.exp().mean(1).log()).mean()


CODE_INFORMATION = Task(
    name="09.code_information",
    points=2,
    contract="code_information(log_p) -> a lower bound on the mutual information of x and z in nats, a tensor of shape (), in the dtype of log_p:\n"
    "the mean over windows i of log p(x_i|z_i) − log((1/n) Σ_j p(x_i|z_j)).\n"
    "log_p: (n, n), row i, column j: log p(x_i|z_j), z_j drawn from q(z|x_j). n ≥ 2. Finite, and far below 0: p itself may be 0 to the computer.",
    probes=with_more(
        probes_from(_tables, sizes={(6, 3): "", (2, 2): "with two windows", (4, 1): "", (9, 5): ""}),
        _special_tables,
    ),
    claims=_claims_of_information,
    mistakes=(
        Mistake(
            lambda log_p: log_p.diagonal().mean() - log_p.mean(),
            "You average log p over the codes; the formula wants the log of the average p. Which of the two is greater, by Jensen's inequality? "
            "A single hopeless code must not weigh hundreds of nats: does it, in yours?",
        ),
        Mistake(
            lambda log_p: _told_by_code(log_p).mean() - math.log(len(log_p)),
            "For a decoder that does without z yours is −log n, and should be 0. By what is the sum over the codes divided?",
        ),
        Mistake(
            lambda log_p: _told_by_code(log_p).mean() - 2 * math.log(len(log_p)),
            "For a decoder that does without z yours is −2 log n, and should be 0. Dividing by n inside the logarithm: does that make it greater or smaller?",
        ),
        Mistake(
            lambda log_p: (log_p.diagonal() - log_p.logsumexp(1) / len(log_p)).mean(),
            "You divide the logarithm by n. What is to be divided by n: the sum, or its logarithm? And what does a factor inside a logarithm become outside?",
        ),
        Mistake(
            lambda log_p: (log_p.diagonal() - (log_p.exp().mean(1) + 1e-12).log()).mean(),
            "The small number that you add keeps the logarithm finite, and wrong: it is greater than p itself. Which function takes log p and never leaves the logarithms?",
        ),
        Mistake(
            lambda log_p: -_told_by_code(log_p).mean() + math.log(len(log_p)),
            "That is the cross-entropy of naming the right code: log n for a decoder that does without z, 0 for one without doubt. How is what is known got from what is not?",
        ),
        Mistake(
            _told_by_window,
            "You compare a code's window with other windows under the same code. Long windows and strange ones are unlikely under any code: "
            "what should be held fast, so that this cancels, and what should vary?",
        ),
        Mistake(
            lambda log_p: _told_by_code(log_p).sum(),
            "Twice as many windows, twice your information. What is asked for: a sum, or a mean over windows?",
        ),
        Mistake(lambda log_p: _told_by_code(log_p), "One number a window. What is asked for at the end?"),
        Mistake(
            lambda log_p: -_told_by_code(log_p).mean(), "A code that leaves no doubt gives −log n, in yours. Which sign has information?"
        ),
        Mistake(
            _others_alone,
            "You compare with the codes of others alone. Then nothing bounds it: how much can be known about which of n windows it was, at most?",
        ),
        Mistake(
            _own_code_left_out_of_the_mean,
            "You divide by n − 1. How many codes are in your sum?",
        ),
        Mistake(
            _by_plain_exponentials,
            "p of a window of hundreds of nats is 0 to the computer, and so is the mean: what is 0/0? Can all of it be done with logarithms?",
        ),
        Mistake(
            _log_of_plain_mean,
            "p of a window of hundreds of nats is 0 to the computer: what is the logarithm of that mean? Can the mean be taken without leaving the logarithms?",
        ),
        Mistake(
            lambda log_p: _told_by_code(log_p).mean() / math.log(2),
            "A code that leaves no doubt among 4 windows gives 2, in yours. What is it in nats?",
        ),
        Mistake(
            lambda log_p: log_p.diagonal().mean() - log_p.flatten().logsumexp(0) + 2 * math.log(len(log_p)),
            "You have one mean p for all windows together; the likeliest window drowns the others. Over what does the sum in the formula run, and what is fixed in it?",
        ),
        Mistake(
            lambda log_p: log_p.softmax(1).diagonal().mean(),
            "That is the probability of naming the right code, on average. The formula has logarithms before the mean: where?",
        ),
        Mistake(
            lambda log_p: log_p.softmax(1).diagonal().log().mean() + math.log(len(log_p)),
            "Right, until the right code's share is 0 to the computer: what is its logarithm? Which function gives it in one go?",
        ),
    ),
    hints=(
        "Fix a window. Its row of log_p says how well each code explains it. How much better than an average code is its own?",
        "The log of a sum of p is torch.logsumexp of log p; over which axis? A mean is a sum divided by n, and inside a logarithm that is − log n.",
        "diagonal − (logsumexp of each row − log n), averaged. It is 0 where all codes explain a window alike, and never above log n.",
    ),
)
