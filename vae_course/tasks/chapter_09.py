"""Tasks of chapter 09, the recurrent VAE: a loss over steps, what a decoder reads, writing without a teacher, a forecast, and who listens to z."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Categorical, Independent, Normal

from .claims import described, dtype_of, is_tensor, is_tuple, matches, rounding
from .declaration import Claim, Mistake, Plain, Probe, Task
from .probes import Draw, probes_from, with_more

# ---- the loss of a sequence


def _rows(draw: Draw, n: int, steps: int, tokens: int, lengths: list[int] | None = None) -> Tensor:
    """One-hot rows (n, steps, tokens) of random tokens; behind a length, zeros."""
    x = F.one_hot(draw(n, steps, tokens).argmax(-1), tokens).to(draw(1).dtype)
    if lengths is not None:
        x = x * (torch.arange(steps) < torch.tensor(lengths).unsqueeze(1)).unsqueeze(-1)
    return x


def _logits_and_rows(draw: Draw, n: int, steps: int) -> dict[str, Plain]:
    lengths = [1 + (row * 3 + steps - 1) % steps for row in range(n)]
    return {"logits": 2 * draw(n, steps, 5), "x": _rows(draw, n, steps, 5, lengths)}


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

# ---- what the decoder reads

SIGMAS = 6.0  # how many standard errors a right answer may be off: one in 10⁹ fails by chance


def _sequences_to_read(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def draw(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

    def one(n: int, steps: int, rate: float, note: str = "", dtype: torch.dtype = torch.float32, dense: bool = False) -> Probe:
        x = draw(n, steps, 6) if dense else _rows(draw, n, steps, 6)
        return Probe({"x": x.to(dtype), "start": draw(6, dtype=dtype), "rate": rate}, seed + 31 * steps, note)

    rate = round(0.2 + 0.15 * torch.rand((), generator=generator).item(), 2)
    shorter = one(2, 5, 0.0, "with a shorter sequence, and a rate of 0")
    shorter.arguments["x"][0, 3:] = 0
    return [
        one(3, 6, 0.0, "with a rate of 0"),
        one(2, 4, 1.0, "with a rate of 1"),
        one(500, 9, rate),
        one(500, 7, 1 - rate, "in float64, with steps of several numbers", torch.float64, dense=True),
        one(4, 1, 0.5, "with a single step"),
        one(1, 800, rate, "with a batch of one"),
        shorter,
    ]


def _read_twice(function, x: Tensor, start: Tensor, rate: float) -> dict[str, Plain]:
    """Two calls, each with arguments of its own."""
    inputs, again = function(x.clone(), start.clone(), rate), function(x.clone(), start.clone(), rate)
    same = isinstance(inputs, Tensor) and isinstance(again, Tensor) and torch.equal(inputs, again)
    return {"inputs": inputs, "repeats": same}


def _are(rows: Tensor, others: Tensor) -> Tensor:
    """Which rows are the same."""
    return torch.isclose(rows.double(), others.double()).all(-1)


def _first_row(got: Tensor, x: Tensor, start: Tensor) -> str:
    gone = (got == 0).all(-1)
    if _are(got, start).all():
        return "start"
    if gone.all():
        return "zeros"
    if (_are(got, start) | gone).all():
        return "start, and zeros now and then"
    for name, place in {"the first row of x": 0, "the second row of x": min(1, x.shape[1] - 1), "the last row of x": -1}.items():
        if (_are(got, x[:, place]) | gone).all():
            return name
    return "something else"


def _other_rows(got: Tensor, x: Tensor, start: Tensor) -> str:
    """got: the rows from the second on. A row that is hidden fits any story."""
    gone, before = (got == 0).all(-1), x[:, :-1]
    if (gone | _are(got, before)).all():
        return "the row of x one step before, or zeros"
    after = torch.cat([x[:, 2:], start.expand(len(x), 1, -1)], 1)
    for name, rows in {"the row of x at the same step": x[:, 1:], "the row of x one step after": after}.items():
        if (gone | _are(got, rows)).all():
            return name
    if (_are(got, start) | _are(got, before)).all():
        return "the row of x one step before, or start"
    if ((got == 0) | torch.isclose(got.double(), before.double())).all():
        return "the row of x one step before, or part of it"
    stretch = (got.double() * before.double()).sum() / before.double().square().sum().clamp(min=1e-9)
    if (gone | _are(got, stretch * before.double())).all():
        return "a multiple of the row of x one step before, or zeros"
    return "something else"


def _claims_of_reading(values: dict[str, Plain], x: Tensor, start: Tensor, rate: float) -> Iterator[Claim]:
    got = values["inputs"]
    yield from is_tensor(got, tuple(x.shape), x.dtype)
    yield Claim("What the decoder reads at the first step should be", "start", _first_row(got[:, 0], x, start))
    if x.shape[1] == 1:
        return
    there = x[:, :-1].any(-1)
    hidden = (got[:, 1:] == 0).all(-1) & there
    told = _other_rows(got[:, 1:], x, start)
    yield Claim("What it reads at the others should be", "the row of x one step before, or zeros", told)
    if rate in (0.0, 1.0):
        yield Claim(f"With a rate of {rate:g}, how many of the true steps are hidden", float(rate * there.sum()), hidden.sum())
        return
    fresh = "they are the same" if values["repeats"] else "they differ"
    yield Claim("Two calls one after another should hide other steps", "they differ", fresh)
    independent = _how_hidden(hidden.double())
    yield Claim("The steps should be hidden", "each for itself", independent)
    if independent != "each for itself":
        return  # with draws that hang together, a share says little
    share = hidden.double().mean()
    yield Claim(
        "The share of true steps that are hidden should be rate", rate, share, SIGMAS * math.sqrt(rate * (1 - rate) / hidden.numel())
    )


def _how_hidden(hidden: Tensor) -> str:
    """hidden: (n, steps), 1 or 0. Do neighbours know of each other? Nothing is said where all or none are hidden."""
    share = hidden.mean()
    spread = share * (1 - share)
    if spread == 0:
        return "each for itself"

    def correlated(here: Tensor, there: Tensor) -> bool:
        return bool(((here - share) * (there - share)).mean().abs() > SIGMAS * spread / math.sqrt(here.numel()))

    if len(hidden) > 1:
        if (hidden == hidden[0]).all():
            return "at the same steps in every sequence"
        if (hidden == hidden[:, :1]).all():
            return "as whole sequences"
        if correlated(hidden[1:], hidden[:-1]):
            return "in a pattern from one sequence to the next"
        # counts in a row are binomial: a fixed number of hidden steps doesn't scatter
        scatter = hidden.sum(1).var() / (hidden.shape[1] * spread)
        if abs(scatter - 1) > SIGMAS * math.sqrt(2.5 / len(hidden)):
            return "nearly the same number in every sequence" if scatter < 1 else "in bunches"
    if correlated(hidden[:, 1:], hidden[:, :-1]):
        return "in a pattern from one step to the next"
    return "each for itself"


def _shifted(x, start):
    return torch.cat([start.expand(len(x), 1, -1), x[:, :-1]], 1)


def _kept(x, rate):
    """1 for a step to keep, 0 for one to hide: (batch, steps, 1)."""
    return (torch.rand(x.shape[:2], device=x.device) >= rate).unsqueeze(-1).to(x.dtype)


def _own_step(x, start, rate):
    inputs = x * _kept(x, rate)
    return torch.cat([start.expand(len(x), 1, -1), inputs[:, 1:]], 1)


def _next_step(x, start, rate):
    inputs = x * _kept(x, rate)
    return torch.cat([inputs[:, 1:], start.expand(len(x), 1, -1)], 1)


def _as_one_tensor(x, start, rate):
    return x * _kept(x, rate)


def _rolled(x, start, rate):
    return (x * _kept(x, rate)).roll(1, 1)


def _zeros_first(x, start, rate):
    return F.pad((x * _kept(x, rate))[:, :-1], (0, 0, 1, 0))


def _start_hidden_too(x, start, rate):
    return _shifted(x, start) * _kept(x, rate)


def _kept_with_rate(x, start, rate):
    return _shifted(x * _kept(x, 1 - rate), start)


def _number_by_number(x, start, rate):
    return _shifted(x * (torch.rand_like(x) >= rate), start)


def _as_dropout_layer(x, start, rate):
    return _shifted(F.dropout(x, rate), start)


def _rows_stretched(x, start, rate):
    return _shifted(x * _kept(x, rate) / max(1 - rate, 1e-9), start)


def _whole_sequences(x, start, rate):
    return _shifted(x * (torch.rand(len(x), 1, 1, device=x.device) >= rate), start)


def _same_steps_everywhere(x, start, rate):
    return _shifted(x * (torch.rand(1, x.shape[1], 1, device=x.device) >= rate), start)


def _a_number_of_each(x, start, rate):
    order = torch.rand(x.shape[:2], device=x.device).argsort(1)
    return _shifted(x * (order >= round(rate * x.shape[1])).unsqueeze(-1), start)


def _dropout_layer_over_all(x, start, rate):
    return F.dropout(_shifted(x, start), rate)


def _same_noise_again(x, start, rate):
    torch.manual_seed(0)
    return _shifted(x * _kept(x, rate), start)


def _nothing_hidden(x, start, rate):
    return _shifted(x, start)


def _one_step_longer(x, start, rate):
    return torch.cat([start.expand(len(x), 1, -1), x * _kept(x, rate)], 1)


def _start_for_hidden(x, start, rate):
    kept = _kept(x, rate)
    return _shifted(x * kept + start * (1 - kept), start)


def _one_step_shorter(x, start, rate):
    return (x * _kept(x, rate))[:, :-1]


DECODER_INPUTS = Task(
    name="09.decoder_inputs",
    points=1,
    contract="decoder_inputs(x, start, rate) -> what the decoder reads in training, (batch, steps, features), in the dtype of x:\n"
    "at the first step `start`, which is never hidden; at each other step the row of x one step before or, with probability rate, zeros.\n"
    "Each step of each sequence is hidden as a whole and for itself, anew at each call; what is kept is as it was.\n"
    "x: (batch, steps, features). start: (features,). rate: a Python float, 0 to 1.",
    probes=_sequences_to_read,
    run=_read_twice,
    claims=_claims_of_reading,
    mistakes=(
        Mistake(
            _own_step,
            "At each step your decoder reads the very token that it is to predict. How would it score, and what would it have learnt? Which token stands before step t?",
        ),
        Mistake(
            _next_step,
            "Shifted the wrong way: at step t your decoder reads what comes after. In which direction must the rows move to stand one step late?",
        ),
        Mistake(
            _as_one_tensor, "Nothing is shifted, and start is nowhere. What has the decoder read when it is to predict the first step?"
        ),
        Mistake(
            _rolled,
            "The last row has come round to the front: a tune that begins with how it ends. What stands before the first step?",
        ),
        Mistake(_zeros_first, "The first row is zeros. That is one way to begin, but which row were you given for it?"),
        Mistake(
            _start_hidden_too,
            "Now and then start is hidden as well. It is no word of the tune: in which order do you hide, and put start in front?",
        ),
        Mistake(
            _kept_with_rate,
            "With a rate of 0 yours hides everything. Is rate the probability to hide a step, or to keep it?",
        ),
        Mistake(
            _number_by_number,
            "Steps are hidden in part: a value without its mark, a mark without its value. How many random numbers does a step need?",
        ),
        Mistake(
            _as_dropout_layer,
            "That is a dropout layer: it hides single numbers, and stretches what it keeps. What should a kept row be?",
        ),
        Mistake(
            _dropout_layer_over_all,
            "That is a dropout layer: it hides single numbers, of start too, and stretches what it keeps. What should a kept row be, and which row is always kept?",
        ),
        Mistake(
            _rows_stretched,
            "What you keep is stretched, as in a dropout layer. What would a one-hot row with a 4 in it say to the decoder?",
        ),
        Mistake(
            _whole_sequences,
            "Some sequences lose all their steps, others none. How many random numbers does a sequence need?",
        ),
        Mistake(
            _same_steps_everywhere,
            "The same steps are hidden in every sequence. Which axis is your noise missing?",
        ),
        Mistake(
            _a_number_of_each,
            "You hide the same number of steps in every sequence: once some are hidden, the others are safe. What does it mean that each step is hidden for itself?",
        ),
        Mistake(
            _same_noise_again, "The same steps are hidden at every call. Who reseeds the generator, and which steps would never be seen?"
        ),
        Mistake(_nothing_hidden, "Shifted rightly, and nothing is hidden at any rate. Where does chance come in?"),
        Mistake(
            _one_step_longer,
            "One row too many: the last one. After the last step, is there anything left to predict from it?",
        ),
        Mistake(_one_step_shorter, "One row is missing: the first. What does the decoder read before there is anything to read?"),
        Mistake(
            _start_for_hidden,
            "Hidden steps look like the beginning. How should the decoder tell 'you may not know' from 'we begin'? What stands for nothing in this course?",
        ),
    ),
    hints=(
        "Two things, one after the other: hide steps of x, then move everything one step later with start in front. In that order start is safe.",
        "One random number for each step of each sequence, shape (batch, steps, 1), tells whether the row is kept: it multiplies the whole row by 1 or 0.",
        "A kept row has its uniform random number at or above rate. Then join start, expanded to (batch, 1, features), and all rows but the last, along axis 1.",
    ),
)

# ---- writing without a teacher


def _writer_of(read: Tensor, keep: Tensor, out: Tensor, end: int) -> Callable:
    """A decoder small enough to be followed: two hands of a clock in its state say when it likes to end."""
    hidden, features = keep.shape[0], out.shape[1]

    def step(row: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        if row.dim() != 2 or row.shape != (len(state), features) or state.dim() != 2 or state.shape[1] != hidden + 2:
            raise ValueError(
                f"step takes a row for each sequence, (n, {features}), and their state, (n, {hidden + 2}), got {tuple(row.shape)} and {tuple(state.shape)}."
            )
        memory = torch.tanh(row @ read + state[:, :hidden] @ keep)
        count, limit = state[:, hidden] + 1, state[:, hidden + 1]
        logits = memory @ out
        ending = 24 * (0.6 - (count - limit).abs())
        logits = torch.cat([logits[:, :end], ending.unsqueeze(1), logits[:, end + 1 :]], 1)
        return logits, torch.cat([memory, count.unsqueeze(1), limit.unsqueeze(1)], 1)

    return step


def _writers(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def one(limits: list[int], steps: int, end: int, note: str = "", dtype: torch.dtype = torch.float32) -> Probe:
        """Drawn again until no two tokens are nearly as likely at any step: rounding must not decide."""
        hidden, features, n = 4, 6, len(limits)
        while True:
            state = torch.cat([draw(n, hidden), torch.zeros(n, 1, dtype=torch.float64), torch.tensor(limits).double().unsqueeze(1)], 1)
            given = {"state": state, "start": draw(features), "read": 1.5 * draw(features, hidden), "keep": draw(hidden, hidden)}
            given |= {"out": 2 * draw(hidden, features)}
            written, gap = _written_alone(**given, end=end, steps=steps)
            notes = {tuple(row.argmax(-1).tolist()) for row in written}
            if gap > 1e-3 and (steps < 4 or len(notes) == n):
                return Probe({**{name: value.to(dtype) for name, value in given.items()}, "end": end, "steps": steps}, seed + steps, note)

    return [
        one([3, 99, 5, 1, 8], 8, 2),
        one([4], 7, 0, "with a single sequence"),
        one([99, 98], 6, 5, "with sequences that don't end"),
        one([1, 2], 1, 3, "with a single step"),
        one([2, 6, 99], 7, 1, "in float64", torch.float64),
        one([2, 3, 2], 6, 4, "with sequences that all end early"),
    ]


def _written_alone(state: Tensor, start: Tensor, read: Tensor, keep: Tensor, out: Tensor, end: int, steps: int) -> tuple[Tensor, float]:
    """Sequence by sequence, until each one's end; and the least gap between the two likeliest tokens on the way."""
    step = _writer_of(read, keep, out, end)
    written, gap = torch.zeros(len(state), steps, len(start), dtype=start.dtype), math.inf
    for number in range(len(state)):
        row, memory = start.unsqueeze(0), state[number : number + 1]
        for place in range(steps):
            logits, memory = step(row, memory)
            best = logits[0].topk(2).values
            gap = min(gap, float(best[0] - best[1]))
            token = int(logits[0].argmax())
            row = torch.zeros_like(row)
            row[0, token] = 1
            written[number, place] = row[0]
            if token == end:
                break
    return written, gap


def _written(function, state, start, read, keep, out, end, steps) -> dict[str, Plain]:
    return {"result": function(_writer_of(read, keep, out, end), state, start, end, steps)}


def _write(
    step,
    state,
    start,
    end,
    steps,
    *,
    read=lambda row, logits, start: row,
    carry=True,
    choose=None,
    over=lambda before, row, end: before | (row[:, end] == 1),
):
    """Writing with its parts to be put wrong: what is read next, whether the state is carried on, how a token is chosen, what ends."""
    row, memory = start.expand(len(state), -1), state
    ended, written = torch.zeros(len(state), dtype=torch.bool, device=state.device), []
    for _ in range(steps):
        logits, new = step(row, memory)
        token = logits.argmax(-1) if choose is None else choose(logits)
        chosen = F.one_hot(token, logits.shape[-1]).to(logits.dtype)
        written.append(chosen * ~ended.unsqueeze(-1))
        ended = over(ended, chosen, end)
        row, memory = read(chosen, logits, start.expand(len(state), -1)), new if carry else memory
    return torch.stack(written, 1)


def _never_over(before, row, end):
    return before


def _until_the_first_end(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps, over=_never_over)
    ends = rows[..., end].amax(0).nonzero()
    return rows[:, : int(ends[0]) + 1] if len(ends) else rows


def _all_silent_at_the_first_end(step, state, start, end, steps):
    return _write(step, state, start, end, steps, over=lambda before, row, end: before | (row[:, end] == 1).any())


def _on_until_all_end_together(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps, over=_never_over)
    ends = (rows[..., end] == 1).all(0).nonzero()
    return rows[:, : int(ends[0]) + 1] if len(ends) else rows


def _on_until_each_has_ended(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps, over=_never_over)
    ends = rows[..., end].cummax(1).values.amin(0).nonzero()
    return rows[:, : int(ends[0]) + 1] if len(ends) else rows


def _cut_where_argmax_finds_the_end(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps, over=_never_over)
    first = rows[..., end].argmax(1)
    return rows * (torch.arange(steps, device=rows.device) <= first.unsqueeze(1)).unsqueeze(-1)


def _start_not_expanded(step, state, start, end, steps):
    return step(start, state)


def _starting_from_nothing(step, state, start, end, steps):
    return _write(step, state, torch.zeros_like(start), end, steps)


def _until_the_last_end(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps)
    return rows[:, : int(rows.any(-1).sum(1).max())]


def _end_erased(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps)
    return rows * (1 - rows[..., end : end + 1])


def _end_for_ever(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps)
    marked = torch.zeros_like(rows)
    marked[..., end] = 1
    return torch.where(rows.any(-1, keepdim=True), rows, marked)


def _start_written_too(step, state, start, end, steps):
    rows = _write(step, state, start, end, steps)
    return torch.cat([start.expand(len(state), 1, -1), rows[:, :-1]], 1)


def _start_and_all(step, state, start, end, steps):
    return torch.cat([start.expand(len(state), 1, -1), _write(step, state, start, end, steps)], 1)


def _logits_of_steps(step, state, start, end, steps):
    row, logits_of = start.expand(len(state), -1), []
    for _ in range(steps):
        logits, state = step(row, state)
        logits_of.append(logits)
        row = F.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype)
    return torch.stack(logits_of, 1)


def _as_numbers(step, state, start, end, steps):
    return _write(step, state, start, end, steps).argmax(-1)


def _steps_first(step, state, start, end, steps):
    return _write(step, state, start, end, steps).transpose(0, 1)


WRITE_FREELY = Task(
    name="09.write_freely",
    points=2,
    contract="write_freely(step, state, start, end, steps) -> sequences (n, steps, tokens), one-hot rows in the dtype of start, each the likeliest\n"
    "token of its step; behind the end token, which is written, rows of zeros. Sequences end each for itself.\n"
    "step(row, state): a function, row (n, tokens), what is read, and state (n, hidden_size) -> (logits (n, tokens), the new state).\n"
    "state: (n, hidden_size), made from the codes. start: (tokens,), read at the first step; later each step reads the row written before.\n"
    "end: a Python int, the number of the end token. steps: a Python int.",
    probes=_writers,
    run=_written,
    claims=matches(
        lambda **given: _written_alone(**given)[0],
        "Each row should be the likeliest token, after reading the row before; behind the end, zeros",
    ),
    mistakes=(
        Mistake(
            lambda step, state, start, end, steps: _write(step, state, start, end, steps, over=_never_over),
            "Your sequences go on behind their end. Which rows must be zeros, and how does a step know that the end has been?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(step, state, start, end, steps, carry=False),
            "Each of your steps starts from the first state. What comes back from step beside the logits, and who needs it next?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(step, state, start, end, steps, read=lambda row, logits, start: start),
            "Each of your steps reads start. What has the decoder written since, and who tells it?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(step, state, start, end, steps, read=lambda row, logits, start: logits),
            "Your decoder reads its own logits. In training it read one-hot rows: what did it write, of all the tokens that it thought of?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(
                step, state, start, end, steps, read=lambda row, logits, start: logits.softmax(-1)
            ),
            "Your decoder reads its probabilities, a bit of every token. In training it read one-hot rows: which one token did it write?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(
                step, state, start, end, steps, choose=lambda logits: Categorical(logits=logits).sample()
            ),
            "Your tokens are drawn by chance. What does the contract want at each step: a draw, or the likeliest?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(step, state, start, end, steps, choose=lambda logits: logits.argmin(-1)),
            "You write the least likely token of each step. Which end of the logits is it?",
        ),
        Mistake(
            _until_the_first_end,
            "When one sequence ends, yours stop all. What about those that had more to say, and how many rows were asked for?",
        ),
        Mistake(
            _all_silent_at_the_first_end,
            "When one sequence ends, all fall silent. Does your question 'is it over?' have an answer for each sequence?",
        ),
        Mistake(
            lambda step, state, start, end, steps: _write(step, state, start, end, steps, over=lambda before, row, end: row[:, end] == 1),
            "Yours are silent for one step after the end, and then begin anew. Once over, what must 'over' remember?",
        ),
        Mistake(
            _on_until_all_end_together,
            "Your loop waits for a step at which all sequences end at once. They end each for itself: what must be remembered of those that have, and what do they write?",
        ),
        Mistake(
            _on_until_each_has_ended,
            "Your loop ends when all sequences have ended; until then those that are over write on. Which rows must be zeros, and how many rows were asked for?",
        ),
        Mistake(
            _cut_where_argmax_finds_the_end,
            "Right, until a sequence has no end: it then loses nearly everything. What does argmax say where nothing is greater than anything else?",
        ),
        Mistake(
            _start_not_expanded,
            "start is a single row. How many sequences are to read it, and what shape does step want?",
        ),
        Mistake(_starting_from_nothing, "Your first step reads zeros. Which row were you given to begin with?"),
        Mistake(
            _until_the_last_end,
            "Right as far as it goes, but it is shorter than `steps` when all have ended. What should stand in the rows that are left?",
        ),
        Mistake(_end_erased, "The end token itself is missing. Is its row behind the end?"),
        Mistake(_end_for_ever, "Behind the end you write the end again and again. What stands for nothing in this course?"),
        Mistake(
            _start_written_too,
            "Everything stands one step late, behind start, and the last step is lost. Is start written, or only read?",
        ),
        Mistake(_start_and_all, "One row too many, the first. Is start written, or only read?"),
        Mistake(_logits_of_steps, "Those are the logits. Which one token does each step write, and as what kind of row?"),
        Mistake(_as_numbers, "You return the numbers of the tokens. How can a number say 'nothing', as a row of zeros does?"),
        Mistake(_steps_first, "Right, with the axes in another order. What is one row of the result's first axis to be?"),
    ),
    hints=(
        "A loop over steps. It carries two things from one step to the next: the row just written and the state. And for the ends a third: which sequences are over.",
        "Inside: logits and state from step; the likeliest token as a one-hot row, with its dtype; written down unless over; then over, or this row is the end.",
        "Start with row = start for every sequence and over = all False, shape (n,). Write row · (not over), then set over |= (token == end). Stack along axis 1.",
    ),
)

# ---- a forecast from a code


class _Series:
    """p(x|z) of the little model below, as much of it as `RecurrentVAE.decode` shows: mean, mode, and draws."""

    def __init__(self, values: Tensor) -> None:
        self.mean = self.mode = torch.stack([values, torch.ones_like(values)], -1)

    def sample(self) -> Tensor:
        noisy = self.mean.clone()
        noisy[..., 0] += 0.1 * torch.randn_like(noisy[..., 0])
        return noisy


def _pasts(draw: Draw, n: int, t: int) -> dict[str, Plain]:
    steps, latent_size = t + max(2, t // 2 + 1), 3
    return {
        "past": torch.sigmoid(draw(n, t)),
        "steps": steps,
        "weight": draw(2 * steps, latent_size) / math.sqrt(steps),
        "out": draw(latent_size, steps),
    }


def _forecast_by(function, past: Tensor, steps: int, weight: Tensor, out: Tensor) -> dict[str, Plain]:
    def encode(series: Tensor) -> Independent:
        """q(z|x) of a model that reads every value and every mark."""
        if series.dim() != 3 or series.shape[1:] != (steps, 2):
            raise ValueError(f"encode takes series of shape (n, {steps}, 2), got {tuple(series.shape)}.")
        for number, step in torch.cartesian_prod(torch.arange(len(series)), torch.arange(steps)).tolist():
            value, seen = series[number, step].tolist()
            if seen not in (0, 1) or (value and not seen) or not math.isfinite(value):
                raise ValueError(
                    f"series {number}, step {step} is ({value:.3g}, {seen:.3g}), expected (value, 1), or (0, 0) where nothing was seen."
                )
        mu = torch.tanh((series - 0.3).flatten(1) @ weight)
        return Independent(Normal(mu, 0.3 * torch.ones_like(mu)), 1)

    def decode(z: Tensor) -> _Series:
        if not isinstance(z, Tensor):
            raise ValueError(f"decode takes a tensor of codes, got a distribution of the kind {type(z).__name__}.")
        if z.dim() != 2 or z.shape[1] != len(out):
            raise ValueError(f"decode takes codes of shape (n, {len(out)}), got {tuple(z.shape)}.")
        return _Series(torch.sigmoid(2 * z @ out))

    return {"result": function(encode, decode, past, steps)}


def _reference_forecast(past: Tensor, steps: int, weight: Tensor, out: Tensor) -> Tensor:
    """Value by value, the marks in a sum of their own."""
    n, t = past.shape
    values, marks = weight[0::2], weight[1::2]
    read = (past - 0.3) @ values[:t] - 0.3 * values[t:].sum(0) + 0.7 * marks[:t].sum(0) - 0.3 * marks[t:].sum(0)
    return torch.sigmoid(2 * torch.tanh(read) @ out)[:, t:]


def _series_of(past, steps, future=0.0, seen=0.0):
    n, t = past.shape
    series = past.new_zeros(n, steps, 2)
    series[:, :t, 0], series[:, :t, 1] = past, 1
    series[:, t:, 0], series[:, t:, 1] = future, seen
    return series


def _written_from(encode, decode, series):
    return decode(encode(series).mean).mean


def _forecast(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps))[:, past.shape[1] :, 0]


def _zeros_as_values(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps, seen=1.0))[:, past.shape[1] :, 0]


def _last_value_as_seen(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps, future=past[:, -1:], seen=1.0))[:, past.shape[1] :, 0]


def _mean_as_seen(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps, future=past.mean(1, keepdim=True), seen=1.0))[:, past.shape[1] :, 0]


def _last_value_not_seen(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps, future=past[:, -1:]))[:, past.shape[1] :, 0]


def _past_not_seen(encode, decode, past, steps):
    series = _series_of(past, steps)
    return _written_from(encode, decode, torch.stack([series[..., 0], 1 - series[..., 1]], -1))[:, past.shape[1] :, 0]


def _mark_before_value(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps).flip(-1))[:, past.shape[1] :, 0]


def _past_alone(encode, decode, past, steps):
    return _written_from(encode, decode, torch.stack([past, torch.ones_like(past)], -1))[:, past.shape[1] :, 0]


def _past_at_the_end(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps).roll(steps - past.shape[1], 1))[:, past.shape[1] :, 0]


def _first_of_the_series(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps))[:, : steps - past.shape[1], 0]


def _past_again(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps))[:, : past.shape[1], 0]


def _whole_series(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps))[..., 0]


def _one_too_many(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps))[:, past.shape[1] - 1 :, 0]


def _marks_of_forecast(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps))[:, past.shape[1] :, 1]


def _values_and_marks(encode, decode, past, steps):
    return _written_from(encode, decode, _series_of(past, steps))[:, past.shape[1] :]


def _from_a_drawn_code(encode, decode, past, steps):
    return decode(encode(_series_of(past, steps)).sample()).mean[:, past.shape[1] :, 0]


def _fed_back(encode, decode, past, steps):
    known = past
    while known.shape[1] < steps:
        following = _written_from(encode, decode, _series_of(known, steps))[:, known.shape[1], 0]
        known = torch.cat([known, following.unsqueeze(1)], 1)
    return known[:, past.shape[1] :]


def _one_too_few(encode, decode, past, steps):
    return _forecast(encode, decode, past, steps)[:, 1:]


def _distribution_as_code(encode, decode, past, steps):
    return decode(encode(_series_of(past, steps))).mean[:, past.shape[1] :, 0]


def _distribution_as_series(encode, decode, past, steps):
    return decode(encode(_series_of(past, steps)).mean)[:, past.shape[1] :, 0]


def _from_the_prior(encode, decode, past, steps):
    return decode(torch.randn_like(encode(_series_of(past, steps)).mean)).mean[:, past.shape[1] :, 0]


def _noise_written_too(encode, decode, past, steps):
    return decode(encode(_series_of(past, steps)).mean).sample()[:, past.shape[1] :, 0]


def _from_the_average_code(encode, decode, past, steps):
    mu = encode(_series_of(past, steps)).mean
    return decode(mu.mean(0, keepdim=True).expand_as(mu)).mean[:, past.shape[1] :, 0]


def _repeat(encode, decode, past, steps):
    return past[:, -1:].expand(-1, steps - past.shape[1])


FORECAST = Task(
    name="09.forecast",
    points=1,
    contract="forecast(encode, decode, past, steps) -> the values of the steps that are still to come, (n, steps − t), in the dtype of past.\n"
    "encode(series): a function, series (n, steps, 2) -> q(z|x); each step is (value, 1), or (0, 0) where nothing was seen.\n"
    "decode(z): a function, z (n, latent_size) -> p(x|z), a distribution of series (n, steps, 2).\n"
    "past: (n, t), the values of the first t steps, all seen. steps: a Python int, greater than t. No chance: means of q and p, no draws.",
    probes=probes_from(
        _pasts, sizes={(4, 6): "", (1, 5): "with a single series", (3, 1): "with a past of one step", (5, 9): "with a longer series"}
    ),
    run=_forecast_by,
    claims=matches(
        _reference_forecast, "The forecast should be what is decoded, behind the past, from the mean code of a past followed by nothing"
    ),
    mistakes=(
        Mistake(
            _zeros_as_values,
            "Your future is marked as seen, with the value 0: the encoder believes that the series will fall to 0. What says 'nothing was seen'?",
        ),
        Mistake(
            _last_value_as_seen,
            "Your future is marked as seen, with the last value in it. You tell the encoder what you want to hear from the decoder. What do you really know of these steps?",
        ),
        Mistake(
            _mean_as_seen,
            "Your future is marked as seen, with the mean in it. What do you really know of these steps?",
        ),
        Mistake(
            _last_value_not_seen,
            "A value and the mark 'not seen' at the same step: the model refuses it. What stands at a step of which nothing is known?",
        ),
        Mistake(_past_not_seen, "The marks are the wrong way round: the past counts as not seen. Which number means 'seen'?"),
        Mistake(_mark_before_value, "Value and mark have changed places. Which of the two comes first at a step?"),
        Mistake(
            _past_alone,
            "The encoder wants series of `steps` steps, and got the past alone. With what can the rest be filled that says nothing?",
        ),
        Mistake(
            _past_at_the_end,
            "You put the past at the end of the series, and nothing before it. When did it happen, and what is to come behind it?",
        ),
        Mistake(
            _first_of_the_series,
            "As many values as asked for, but from the beginning of the series. Which steps are still to come?",
        ),
        Mistake(_past_again, "Those are the steps that were known already, written again. Where in the series does the forecast stand?"),
        Mistake(_whole_series, "That is the whole series, past and all. Which steps are still to come?"),
        Mistake(_one_too_many, "One step too many: the last one of the past. If t steps are known, what is the index of the next?"),
        Mistake(
            _one_too_few, "The next step after the past is missing. If t steps are known, counted from 0, what is the index of the next?"
        ),
        Mistake(
            _fed_back,
            "You feed each value of your forecast back as if it had been seen. Does the model need that to write a whole series, and who vouches for these values?",
        ),
        Mistake(
            _distribution_as_code,
            "encode gives a distribution of codes, and decode wants one code for each series. Which code is the best single guess?",
        ),
        Mistake(
            _distribution_as_series,
            "decode gives a distribution of series. To miss by as little as can be, on average of squares, what do you ask it for before you look at steps?",
        ),
        Mistake(_marks_of_forecast, "All your forecasts are 1: those are the marks. Which of the two numbers of a step is the value?"),
        Mistake(_values_and_marks, "Each step of your forecast is a pair. Which of the two numbers is asked for?"),
        Mistake(
            _from_a_drawn_code,
            "Your forecast changes from call to call: the code was drawn from q(z|x). Which code is the best single guess?",
        ),
        Mistake(_from_the_prior, "Your forecast has nothing to do with the past: the code comes from the prior. Who has read the past?"),
        Mistake(
            _noise_written_too,
            "Your forecast carries noise of its own: it was drawn from p(x|z). Would the same call give the same forecast again? What else can a distribution be asked for?",
        ),
        Mistake(_from_the_average_code, "All series get the same forecast: that of the average code. Whose past belongs to whose future?"),
        Mistake(_repeat, "The last value, again and again: that is the rival. What does the model say?"),
    ),
    hints=(
        "A forecast is a gap at the end. So make a series of full length whose past is there and whose future is a gap; then read and write it.",
        "Zeros of shape (n, steps, 2) are a series of which nothing was seen. Fill in the first t steps: the values, and the marks.",
        "Encode it, take the mean of q(z|x), decode, take the mean of p(x|z). Of that keep the steps from t on, and the first of the two numbers.",
    ),
)

# ---- does the decoder listen?


def _measured(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    """Latents of five kinds: closed with one window far above the floor, open with windows below it, closed and open and much the same
    for every window, open thanks to one window.
    """
    floor = round(0.05 + 0.05 * draw(1).abs().item(), 3)
    kl = draw(n, d).abs() * 0.3 + 0.02
    kl[0] += 2.0
    for kind in (2, 3):
        kl[:, kind::5] = 1 + 0.1 * torch.tanh(kl[:, kind::5])
    kl[1:, 4::5] *= 0.01
    size = torch.tensor([(0.5, 4.0, 0.7, 1.5, 1.6)[latent % 5] for latent in range(d)], dtype=kl.dtype)
    return {"kl": kl / kl.mean(0) * size * floor, "log_p": 3 * draw(n, n) - 20 + 12 * torch.eye(n, dtype=kl.dtype), "floor": floor}


def _known_cases() -> list[Probe]:
    ignored = torch.tensor([-31.0, -18.5, -44.25]).unsqueeze(1).expand(3, 3).contiguous()
    wide = torch.tensor([[1.5, 0.0], [0.5, 2.0], [1.0, 1.0]])
    told = torch.tensor([[-10.0, -60.0, -55.0], [-70.0, -12.0, -40.0], [-90.0, -50.0, -11.0]])
    return [
        Probe({"kl": 0.001 * wide, "log_p": ignored, "floor": 0.01}, note="with a decoder that does without z"),
        Probe({"kl": wide, "log_p": ignored, "floor": 0.01}, note="with codes that nobody listens to"),
        Probe({"kl": wide, "log_p": told, "floor": 0.01}, note="with codes that matter"),
        Probe({"kl": wide, "log_p": told.t().contiguous() - 30, "floor": 1.01}, note="with a high floor"),
    ]


def _claims_of_listening(values: dict[str, Plain], kl: Tensor, log_p: Tensor, floor: float) -> Iterator[Claim]:
    got = values["result"]
    yield from is_tuple(got, 2)
    active, price = got
    whole = (isinstance(active, int) and not isinstance(active, bool)) or (isinstance(active, Tensor) and active.shape == ())
    yield Claim("active is", "a whole number", "a whole number" if whole else described(active), contract=True)
    yield from is_tensor(price, (), dtype_of({"log_p": log_p}), name="price")
    counted = sum(sum(column) / len(column) > floor for column in kl.double().t().tolist())
    yield Claim("active should be the number of latents whose KL is above floor on average over the windows", float(counted), float(active))
    table, n = log_p.double(), len(log_p)
    dearer = [table[i, i] - table[i, j] for i in range(n) for j in range(n) if i != j]
    expected = torch.stack(dearer).mean()
    yield Claim(
        "price should be the mean of log p with a window's own code less log p with another's, over all pairs of two",
        expected,
        price,
        rounding(expected, log_p.dtype, scale=table.abs().max()),
    )


def _price(log_p):
    n = len(log_p)
    own = log_p.diagonal()
    return own.mean() - (log_p.sum() - own.sum()) / (n * (n - 1))


def _active(kl, floor):
    return int((kl.mean(0) > floor).sum())


def _priced(price: Callable):
    return lambda kl, log_p, floor: (_active(kl, floor), price(log_p))


def _counted(active: Callable):
    return lambda kl, log_p, floor: (active(kl, floor), _price(log_p))


def _priced_with_own_code(log_p):
    return log_p.diagonal().mean() - log_p.mean()


def _with_the_codes_of(places: Callable):
    """The price where window i gets one code, that of window places(n)[i]."""

    def price(log_p):
        rows = torch.arange(len(log_p), device=log_p.device)
        return (log_p[rows, rows] - log_p[rows, places(len(log_p)).to(rows)]).mean()

    return price


def _others_summed_over_n_squared(log_p):
    return log_p.diagonal().mean() - (log_p.sum() - log_p.trace()) / len(log_p) ** 2


LISTENING = Task(
    name="09.listening",
    points=1,
    contract="listening(kl, log_p, floor) -> (active, price), which tell whether z is used.\n"
    "active: a Python int, how many latents have a KL above floor, averaged over the windows.\n"
    "price: a tensor of shape (), in nats: how much log p(x|z) a window loses with the code of another, averaged over all pairs of two windows.\n"
    "kl: (n, latent_size), the KL of each latent for each window. log_p: (n, n), row i, column j: log p of window i under the code of window j.\n"
    "floor: a Python float. n ≥ 2.",
    probes=with_more(
        probes_from(_measured, sizes={(7, 5): "", (2, 3): "with two windows", (5, 1): "with one latent", (9, 6): ""}),
        _known_cases,
    ),
    claims=_claims_of_listening,
    mistakes=(
        Mistake(
            _priced(_priced_with_own_code),
            "A window keeps its own code in some of your pairs, and loses nothing there. How many pairs of two different windows are there?",
        ),
        Mistake(
            _priced(_others_summed_over_n_squared),
            "The pairs of a window with itself are left out of your sum. How many pairs are left in it?",
        ),
        Mistake(
            _priced(lambda log_p: (2 * log_p.trace() - log_p.sum()) / len(log_p) ** 2),
            "You divide both sums by n². How many own codes are on the diagonal, and how many others are beside it?",
        ),
        Mistake(
            _priced(lambda log_p: -_price(log_p)),
            "A decoder that listens suffers from a wrong code. Is your price then above or below 0?",
        ),
        Mistake(
            _priced(lambda log_p: -log_p.diagonal().mean()),
            "That is what a window costs with its own code, the reconstruction. Compared with what does it tell you about z?",
        ),
        Mistake(
            _priced(_with_the_codes_of(lambda n: torch.arange(n).roll(1))),
            "Each window gets the code of the one before: that is one of the ways to deal out wrong codes. What do the other pairs say?",
        ),
        Mistake(
            _priced(_with_the_codes_of(lambda n: torch.arange(n).roll(-1))),
            "Each window gets the code of the one behind: that is one of the ways to deal out wrong codes. What do the other pairs say?",
        ),
        Mistake(
            _priced(_with_the_codes_of(lambda n: torch.arange(n).roll(n // 2))),
            "Each window gets one wrong code, from half a batch away. A fair estimate, but what do the pairs say that it leaves out?",
        ),
        Mistake(
            _priced(_with_the_codes_of(lambda n: torch.arange(n).roll(-(n // 2)))),
            "Each window gets one wrong code, from half a batch further on. A fair estimate, but what do the pairs say that it leaves out?",
        ),
        Mistake(
            _priced(_with_the_codes_of(torch.randperm)),
            "You shuffle the codes once: by chance some windows keep theirs, and another shuffle gives another price. With the whole table before you, is chance needed?",
        ),
        Mistake(
            _priced(lambda log_p: len(log_p) * _price(log_p)),
            "Twice as many windows, twice your price. What is asked for: a sum, or a mean over windows?",
        ),
        Mistake(
            _priced(lambda log_p: _price(log_p) * len(log_p) * (len(log_p) - 1)),
            "That is the sum over all pairs. What is it divided by?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl > floor).any(0).sum())),
            "One window above the floor opens a latent for you. What is compared with the floor: the greatest KL of a latent, or its average?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl > floor).all(0).sum())),
            "Each single window has to be above the floor, in yours. A latent may have little to say about some. What is compared with the floor?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl > floor).sum())),
            "You count entries of the table, and there are more of them than latents. What happens to the windows first?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl.mean(1) > floor).sum())),
            "You count windows. Over which axis is averaged, and which one is left to be counted?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl.sum(0) > floor).sum())),
            "With more windows your latents open by themselves: a sum over windows grows with them. What is compared with the floor?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl.quantile(0.5, 0) > floor).sum())),
            "That is the median of each latent's KL: one that speaks up for few windows only sleeps, in yours. Which kind of average is a KL in the loss?",
        ),
        Mistake(
            _counted(lambda kl, floor: int((kl.mean(0) <= floor).sum())),
            "You count the latents that sleep. Which ones are active?",
        ),
        Mistake(
            lambda kl, log_p, floor: (_price(log_p), _active(kl, floor)),
            "Both are there. In which order does the contract want them?",
        ),
        Mistake(
            _counted(lambda kl, floor: (kl.mean(0) > floor).double().mean().item()),
            "That is a share of the latents. How many are they?",
        ),
    ),
    hints=(
        "Two questions. Does the encoder say anything: is a latent's q(z|x) away from the prior, on average? Does the decoder hear it: what does a wrong code cost?",
        "For active, average over the windows first, then compare with floor, then count. For price, the diagonal of log_p holds the own codes, everything else the others'.",
        "price: the mean of the diagonal, less the sum of all the rest divided by the number of its entries, n·(n − 1).",
    ),
)

# ---- how much the code tells


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
