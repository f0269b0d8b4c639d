"""The loss of a sequence."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Categorical

from ..claims import matches
from ..declaration import Mistake, Plain, Probe, Task
from ..probes import Draw, probes_from, with_more


def one_hot_rows(draw: Draw, n: int, steps: int, tokens: int, lengths: list[int] | None = None) -> Tensor:
    """One-hot rows (n, steps, tokens) of random tokens; behind a length, zeros."""
    x = F.one_hot(draw(n, steps, tokens).argmax(-1), tokens).to(draw(1).dtype)
    if lengths is not None:
        x = x * (torch.arange(steps) < torch.tensor(lengths).unsqueeze(1)).unsqueeze(-1)
    return x


def _logits_and_rows(draw: Draw, n: int, steps: int) -> dict[str, Plain]:
    lengths = [1 + (row * 3 + steps - 1) % steps for row in range(n)]
    return {"logits": 2 * draw(n, steps, 5), "x": one_hot_rows(draw, n, steps, 5, lengths)}


def _gaps_and_far_logits() -> list[Probe]:
    tokens = torch.tensor([[2, 0, 1, 3], [1, 1, 3, 0]])
    x = F.one_hot(tokens, 4).float()
    logits = torch.linspace(-1.5, 1.5, 32).reshape(2, 4, 4).sin() * 3
    holed = x.clone()
    holed[0, 1:3], holed[1, 0] = 0, 0
    return [
        Probe({"logits": logits, "x": holed}, note="with gaps in the middle"),
        Probe({"logits": 300 * logits, "x": x}, note="with a decoder that is very sure, and often wrong"),
    ]


def _reference_sequence_loss(logits: Tensor, x: Tensor) -> Tensor:
    """Step by step, over the steps that are there."""
    total = torch.zeros((), dtype=torch.float64)
    for outputs, rows in zip(logits, x, strict=True):
        for output, row in zip(outputs, rows, strict=True):
            if row.any():
                total = total - Categorical(logits=output).log_prob(row.argmax())
    return total / len(x)


def _surprise(logits, x):
    """−log p of each step, 0 where there is nothing: (batch, steps)."""
    return -(x * logits.log_softmax(-1)).sum(-1)


def _there(x):
    return x.any(-1).to(x.dtype)


def _padding_as_first_token(logits, x):
    return F.cross_entropy(logits.flatten(0, 1), x.argmax(-1).flatten(), reduction="sum") / len(x)


def _normaliser_of_padding(logits, x):
    return (logits.logsumexp(-1) - (x * logits).sum(-1)).sum(-1).mean()


def _normaliser_of_masked_logits(logits, x):
    masked = logits * _there(x).unsqueeze(-1)
    return (masked.logsumexp(-1) - (x * masked).sum(-1)).sum(-1).mean()


def _mean_within_each_sequence(logits, x):
    return (_surprise(logits, x).sum(-1) / _there(x).sum(-1)).mean()


def _without_the_last_step(logits, x):
    places = torch.arange(1, x.shape[1] + 1, device=x.device)
    lengths = (_there(x) * places).amax(-1, keepdim=True)
    return (_surprise(logits, x) * (places < lengths)).sum(-1).mean()


def _padding_alone(logits, x):
    each = F.cross_entropy(logits.transpose(1, 2), x.argmax(-1), reduction="none")
    return (each * (1 - _there(x))).sum(-1).mean()


def _mask_up_to_the_last(logits, x):
    places = torch.arange(1, x.shape[1] + 1, device=x.device)
    lengths = (_there(x) * places).amax(-1, keepdim=True)
    each = F.cross_entropy(logits.transpose(1, 2), x.argmax(-1), reduction="none")
    return (each * (places <= lengths)).sum(-1).mean()


def _mask_by_number(logits, x):
    places = torch.arange(x.shape[1], device=x.device)
    each = F.cross_entropy(logits.transpose(1, 2), x.argmax(-1), reduction="none")
    return (each * (places < _there(x).sum(-1, keepdim=True))).sum(-1).mean()


def _each_token_a_yes_or_no(logits, x):
    each = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
    return (each * _there(x)).sum(-1).mean()


SEQUENCE_LOSS = Task(
    name="09.sequence_loss",
    points=1,
    contract="sequence_loss(logits, x) -> −log p(x|z) in nats, summed over the steps that are there, averaged over the batch: a tensor of shape ().\n"
    "logits: (batch, steps, tokens), of the decoder at each step. x: (batch, steps, tokens), one-hot rows, and rows of zeros where there is\n"
    "nothing: behind the end of a shorter sequence, or in a gap. Such a step adds nothing, whatever its logits. Right for any finite logits.",
    probes=with_more(
        probes_from(
            _logits_and_rows, sizes={(4, 6): "", (1, 5): "with a batch of one", (3, 1): "with a single step", (5, 4): "with other lengths"}
        ),
        _gaps_and_far_logits,
    ),
    claims=matches(
        _reference_sequence_loss,
        "The loss should be the sum of −log p over the steps that are there, averaged over the sequences",
        scale=lambda logits, x: 2 * logits.abs().max() * x.sum() / len(x),
    ),
    mistakes=(
        Mistake(
            _padding_as_first_token,
            "Rows of zeros count as token 0. What does argmax say of a row in which all are equal, and what should such a row cost?",
        ),
        Mistake(
            lambda logits, x: F.cross_entropy(logits.flatten(0, 1), x.argmax(-1).flatten()),
            "One mean over all steps, and rows of zeros count as token 0. Two questions: what does argmax say of a row in which all are equal? And over which axis is the sum?",
        ),
        Mistake(
            _mask_up_to_the_last,
            "Your mask ends where the sequence ends, and inside it gaps count as token 0. Which question, asked of each row, finds both ends and gaps?",
        ),
        Mistake(
            _mask_by_number,
            "You count the steps that are there, and take so many from the beginning. With a gap in the middle, are those the ones that are there?",
        ),
        Mistake(
            _normaliser_of_padding,
            "Where there is nothing, x picks no logit, but your logarithm of the sum of exponentials is still paid. Which factor makes it 0 there, too?",
        ),
        Mistake(
            _normaliser_of_masked_logits,
            "You set the logits to 0 where there is nothing, and each such step still costs log(tokens). Is a step with equal logits free? What has to be set to 0 instead?",
        ),
        Mistake(
            _mean_within_each_sequence,
            "You average over the steps of each sequence. log p(x|z) of two independent steps is the sum of both: what became of the second one's nats?",
        ),
        Mistake(
            lambda logits, x: _surprise(logits, x).sum() / _there(x).sum(),
            "Nats per step, over all steps of the batch. How often is the KL counted for a sequence, and how often would it then have to be divided?",
        ),
        Mistake(
            lambda logits, x: _surprise(logits, x).mean(),
            "A mean over all steps, the empty ones too: with more padding your loss shrinks. Over which axis is the sum, and over which the mean?",
        ),
        Mistake(
            lambda logits, x: _surprise(logits, x).sum(0).mean(),
            "You sum over the sequences and average over the steps. Double the batch: what happens? Which of the two axes is which?",
        ),
        Mistake(lambda logits, x: _surprise(logits, x).sum(), "Double the batch, and your loss doubles. Which axis is averaged?"),
        Mistake(
            lambda logits, x: _surprise(logits, x).sum(-1),
            "One number a sequence, and right. What is asked for: a number each, or one for the batch?",
        ),
        Mistake(
            lambda logits, x: -(x * logits.log_softmax(1)).sum((1, 2)).mean(),
            "Your probabilities of one token add up to 1 over the steps. Over what should they add up to 1 at each step?",
        ),
        Mistake(
            lambda logits, x: -(x * logits).sum((1, 2)).mean(),
            "Add 5 to all logits: your loss changes, and no probability has. What turns logits into log-probabilities?",
        ),
        Mistake(
            lambda logits, x: -(x * logits.softmax(-1)).sum((1, 2)).mean(),
            "You add up the probabilities. For two independent steps probabilities are multiplied: what of them is added?",
        ),
        Mistake(lambda logits, x: -_surprise(logits, x).sum(-1).mean(), "That is log p, which is to be made great. Which sign has a loss?"),
        Mistake(
            lambda logits, x: -(x * logits.softmax(-1).log()).sum((1, 2)).mean(),
            "Right, until a probability is 0 to the computer: what is its logarithm, and 0 times that? Which function gives the log-probabilities in one go?",
        ),
        Mistake(
            lambda logits, x: -(x * (logits.softmax(-1) + 1e-8).log()).sum((1, 2)).mean(),
            "Right, until a probability is tiny: the number that you add caps the surprise at 18 nats, and the slope is lost there. "
            "Which function gives the log-probabilities from the logits in one go?",
        ),
        Mistake(
            _without_the_last_step,
            "The last step of each sequence is missing: for a tune that is its end. Who would teach the decoder to stop?",
        ),
        Mistake(_padding_alone, "You count the steps at which there is nothing, and no others. Which way round is your mask?"),
        Mistake(
            lambda logits, x: F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum((1, 2)).mean(),
            "You ask of each token whether it came, and of empty steps too. Which distribution has exactly one token at a step, and what does an empty step cost?",
        ),
        Mistake(
            _each_token_a_yes_or_no,
            "You judge each token by itself, as if several could come at one step. Which distribution has exactly one of them?",
        ),
    ),
    hints=(
        "At each step the decoder gives one probability for each token. The step costs −log of that of the token which came.",
        "log_softmax over the tokens, times x, summed over the tokens, picks the log-probability of the one that came. What does it pick from a row of zeros?",
        "Take −(x · log_softmax(logits) over the last axis). Sum it over tokens and over steps; that leaves one number a sequence. Average those.",
    ),
)
