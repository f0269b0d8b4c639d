"""The loss of a sequence."""

import math

import torch
from torch.distributions import Categorical

from ..cases.sequences import one_hot_rows
from ..engine import Probe, averages_over_the_batch, finite_far_out, matches, never_negative, probes_from, slip, sums_over, task, unchanged

ROWS = torch.eye(4)[torch.tensor([[2, 0, 1, 3], [1, 1, 3, 0]])]
HOLED = ROWS * torch.tensor([[1, 0, 0, 1], [0, 1, 1, 1]]).unsqueeze(-1)
LOGITS = 3 * torch.linspace(0, 40, 32).sin().reshape(2, 4, 4)
PICKED, LOG_P = "(x * log_p).sum(-1)", "logits.log_softmax(-1)"
COINS = "-torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction='none').sum(-1)"
PADDED_AS_TOKEN_0 = "(x * log_p).sum(-1) + (1 - x.sum(-1)) * log_p[..., 0]"


def _logits_and_rows(draw, n, steps):
    tokens, lengths = 4 + n % 3, [1 + (row * 3 + steps - 1) % steps for row in range(n)]
    return {"logits": 2 * draw(n, steps, tokens), "x": one_hot_rows(draw, lengths, steps, tokens)}


def _where_something_is(logits, x):
    there = x.any(-1)
    return -Categorical(logits=logits[there]).log_prob(x[there].argmax(-1)).sum() / len(x)


@task(
    points=0,
    probes=probes_from(
        _logits_and_rows, sizes={(4, 6): "", (1, 5): "with a batch of one", (3, 1): "with a single step", (5, 4): "with other lengths"}, more=(Probe({"logits": LOGITS, "x": HOLED}, note="with gaps in the middle"), Probe({"logits": 1000 * LOGITS, "x": ROWS}, note="with a decoder that is very sure, and often wrong"))
    ),
    laws=(
        finite_far_out(),
        never_negative("−log of a probability is never negative. Which sign has yours, and are these probabilities?", what="−log p(x|z)"),
        averages_over_the_batch("logits", "x"),
        unchanged(lambda logits, x: {"logits": torch.cat([logits, 3 - logits.flip(1)], 1), "x": torch.cat([x, torch.zeros_like(x)], 1)}, "With as many steps again at which there is nothing", "What does a row of zeros cost in yours, and what should it cost?"),
        sums_over("steps", "logits", "x", axis=1),
        unchanged(lambda logits, x: {"logits": logits + 5}, "With 5 added to all logits", "Add 5 to every logit: has any probability changed? What makes probabilities out of logits, and along which axis?"),
    ),
    gradients=("logits",),
    keeps=("x",),
    claims=matches(_where_something_is, "The loss should be the sum of −log p over the steps that are there, averaged over the sequences", scale=lambda logits, x: 2 * logits.abs().max() * x.sum() / len(x)),
    slips=(
        slip(PICKED, PADDED_AS_TOKEN_0, "Rows of zeros count as token 0. What does argmax say of a row in which all are equal, and what should such a row cost?"),
        slip({PICKED: PADDED_AS_TOKEN_0, ".sum(-1).mean()": ".mean()"}, "One mean over all steps, and rows of zeros count as token 0. Two questions: what does argmax say of a row in which all are equal? And over which axis is the sum?"),
        slip(PICKED, f"({PADDED_AS_TOKEN_0}) * (x.sum(-1).flip(1).cumsum(1).flip(1) > 0)", "Your mask ends where the sequence ends, and inside it gaps count as token 0. Which question, asked of each row, finds both ends and gaps?"),
        slip(PICKED, f"({PADDED_AS_TOKEN_0}) * (torch.arange(x.shape[1]) < x.sum((1, 2)).unsqueeze(1))", "You count the steps that are there, and take so many from the beginning. With a gap in the middle, are those the ones that are there?"),
        slip({LOG_P: "logits", PICKED: "(x * log_p).sum(-1) - log_p.logsumexp(-1)"}, "Where there is nothing, x picks no logit, but your logarithm of the sum of exponentials is still paid. Which factor makes it 0 there, too?"),
        slip({LOG_P: "(logits * x.sum(-1, keepdim=True)).log_softmax(-1)", PICKED: PADDED_AS_TOKEN_0}, "You set the logits to 0 where there is nothing, and each such step still costs log(tokens). Is a step with equal logits free? What has to be set to 0 instead?"),
        slip("of_each_step.sum(-1).mean()", "(of_each_step.sum(-1) / x.sum((1, 2))).mean()", "You average over the steps of each sequence. log p(x|z) of two independent steps is the sum of both: what became of the second one's nats?"),
        slip(".sum(-1).mean()", ".sum() / x.sum()", "Nats per step, over all steps of the batch. How often is the KL counted for a sequence, and how often would it then have to be divided?"),
        slip(".sum(-1).mean()", ".mean()", "A mean over all steps, the empty ones too: with more padding your loss shrinks. Over which axis is the sum, and over which the mean?"),
        slip(".sum(-1).mean()", ".sum(0).mean()", "You sum over the sequences and average over the steps. Double the batch: what happens? Which of the two axes is which?"),
        slip(".sum(-1).mean()", ".sum()", "Double the batch, and your loss doubles. Which axis is averaged?"),
        slip(".sum(-1).mean()", ".sum(-1)", "One number a sequence, and right. What is asked for: a number each, or one for the batch?"),
        slip("log_softmax(-1)", "log_softmax(1)", "Your probabilities of one token add up to 1 over the steps. Over what should they add up to 1 at each step?"),
        slip(LOG_P, "logits", "Add 5 to all logits: your loss changes, and no probability has. What turns logits into log-probabilities?"),
        slip("log_softmax(-1)", "softmax(-1)", "You add up the probabilities. For two independent steps probabilities are multiplied: what of them is added?"),
        slip("return -", "return ", "That is log p, which is to be made great. Which sign has a loss?"),
        slip("log_softmax(-1)", "softmax(-1).log()", "Right, until a probability is 0 to the computer: what is its logarithm, and 0 times that? Which function gives the log-probabilities in one go?"),
        *(
            slip(LOG_P, f"(logits.softmax(-1) + 1e-{digits}).log()", f"Right, until a probability is tiny: the number that you add caps the surprise at {digits * math.log(10):.0f} nats, and the slope is lost there. Which function gives the log-probabilities from the logits in one go?")
            for digits in (*range(5, 17), 20, 30)
        ),
        slip(LOG_P, "torch.distributions.Categorical(probs=logits.softmax(-1)).logits", "Right, until a probability is tiny: a Categorical that is given probabilities keeps them away from 0. What else can it be given?"),
        slip(PICKED, "(x * log_p).sum(-1) * (x.sum(-1).flip(1).cumsum(1).flip(1) > 1)", "The last step of each sequence is missing: for a tune that is its end. Who would teach the decoder to stop?"),
        slip(PICKED, "(x[:, 1:] * log_p[:, :-1]).sum(-1)", "The logits of a step are compared with the token of the next one, and the first token is free. Where is the shift: here, or in what the decoder reads?"),
        slip(PICKED, "(x * log_p).sum(-1) * x.sum(-1).cumprod(1)", "Your sum ends at the first row of zeros. Behind a gap the sequence goes on: which rows are there?"),
        slip(PICKED, "(1 - x.sum(-1)) * log_p[..., 0]", "You count the steps at which there is nothing, and no others. Which way round is your mask?"),
        slip(PICKED, COINS, "You ask of each token whether it came, and of empty steps too. Which distribution has exactly one token at a step, and what does an empty step cost?"),
        slip(PICKED, f"{COINS} * x.sum(-1)", "You judge each token by itself, as if several could come at one step. Which distribution has exactly one of them?"),
        slip(PICKED, "(x * log_p)[..., 1:].sum(-1)", "Token 0 is free in yours. argmax calls rows of zeros token 0, and so is a true token called: what tells the two apart?"),
        slip({PICKED: "(x * log_p)[..., 1:].sum(-1)", ".sum(-1).mean()": ".sum() / x[..., 1:].sum()"}, "Token 0 is free in yours, and you average over the steps that are left. What tells a true token 0 from a row of zeros? And over which axis is the mean?"),
    ),
    hints=(
        "At each step the decoder gives one probability for each token. The step costs −log of that of the token which came.",
        "log_softmax over the tokens, times x, summed over the tokens, picks the log-probability of the one that came. What does it pick from a row of zeros?",
        "Take −(x · log_softmax(logits) over the last axis). Sum it over tokens and over steps; that leaves one number a sequence. Average those.",
    ),
)
def sequence_loss(logits, x):
    """−log p(x|z) in nats, summed over the steps that are there, averaged over the batch: a tensor of shape ().

    logits: (batch, steps, tokens), of the decoder at each step. x: (batch, steps, tokens), one-hot rows, and rows of zeros where there is
    nothing: behind the end of a shorter sequence, or in a gap. Such a step adds nothing, whatever its logits. Right for any finite logits.
    x is left as it is.
    """
    log_p = logits.log_softmax(-1)
    of_each_step = (x * log_p).sum(-1)  # a row of zeros picks nothing
    return -of_each_step.sum(-1).mean()
