"""What the decoder reads."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from ..claims import is_tensor
from ..declaration import Claim, Mistake, Plain, Probe, Task
from .sequence_loss import one_hot_rows

SIGMAS = 6.0  # how many standard errors a right answer may be off: one in 10⁹ fails by chance


def _sequences_to_read(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def draw(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

    def one(n: int, steps: int, rate: float, note: str = "", dtype: torch.dtype = torch.float32, dense: bool = False) -> Probe:
        x = draw(n, steps, 6) if dense else one_hot_rows(draw, n, steps, 6)
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
