"""What the decoder reads."""

import math

import torch

from ..cases.sequences import one_hot_rows
from ..engine import Claim, Probe, is_tensor, slip, task, unrelated

SIGMAS = 6.0  # how many standard errors a right answer may be off, where hundreds of draws are counted
MANY = 100
HIDDEN, JOINED = "x * kept.unsqueeze(-1)", "torch.cat([first, steps_before], dim=1)"


def _sequences(seed):
    generator = torch.Generator().manual_seed(1000 + seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    def one(n, steps, features, rate, note="", dtype=torch.float32, dense=False):
        x = draw(n, steps, features) if dense else one_hot_rows(draw, n, steps, features)
        return Probe({"x": x.to(dtype), "start": draw(features).to(dtype), "rate": rate}, seed + 31 * steps, note)

    rate = round(0.2 + 0.15 * torch.rand((), generator=generator).item(), 2)
    shorter = one(2, 5, 6, 0.0, "with a shorter sequence, and a rate of 0")
    shorter.arguments["x"][0, 3:] = 0
    return [
        one(3, 6, 5, 0.0, "with a rate of 0"),
        one(2, 4, 6, 1.0, "with a rate of 1"),
        one(500, 9, 4, rate),
        one(500, 7, 3, 1 - rate, "in float64, with steps of several numbers", torch.float64, dense=True),
        one(60, 1, 6, 0.5, "with a single step"),
        one(40, 300, 5, rate, "with long sequences"),
        one(1, 800, 6, rate, "with a batch of one"),
        shorter,
    ]


def _read_twice(function, x, start, rate):
    return {"inputs": function(x, start, rate), "again": function(x.clone(), start.clone(), rate)}


def _are(rows, others):
    return torch.isclose(rows.double(), others.double()).all(-1)


def _told(stories):
    return next((story for story, fits in stories.items() if fits.all()), "something else")


def _first_row(got, x, start):
    """In words. Of a single sequence nothing is said about chance."""
    gone, begins = (got == 0).all(-1), _are(got, start)
    places = {"the first row of x": 0, "the second row of x": min(1, x.shape[1] - 1), "the last row of x": -1}
    stories = {"start": begins | (gone & (len(x) == 1)), "zeros": gone, "start, and zeros now and then": begins | gone}
    return _told(stories | {name: _are(got, x[:, place]) | gone for name, place in places.items()})


def _other_rows(got, x, start):
    """got: the rows from the second on. A row that is hidden fits any story."""
    gone, before, after = (got == 0).all(-1), x[:, :-1].double(), torch.cat([x[:, 2:], start.expand(len(x), 1, -1)], 1)
    stretch = (got.double() * before).sum() / before.square().sum().clamp(min=1e-9)
    stories = {
        "the row of x one step before, or zeros": gone | _are(got, before),
        "the row of x at the same step": gone | _are(got, x[:, 1:]),
        "the row of x one step after": gone | _are(got, after),
        "the row of x one step before, or start": _are(got, start) | _are(got, before),
        "the row of x one step before, or part of it": ((got == 0) | torch.isclose(got.double(), before)).all(-1),
        "a multiple of the row of x one step before, or zeros": gone | _are(got, stretch * before),
    }
    return _told(stories)


def _claims(values, x, start, rate):
    got, again = values["inputs"], values["again"]
    yield from is_tensor(got, tuple(x.shape), x.dtype)
    yield Claim("What the decoder reads at the first step should be", "start", _first_row(got[:, 0], x, start))
    if x.shape[1] == 1:
        return
    yield Claim("What it reads at the others should be", "the row of x one step before, or zeros", _other_rows(got[:, 1:], x, start))
    there = x[:, :-1].any(-1)
    hidden = ((got[:, 1:] == 0).all(-1) & there).double()
    if rate in (0.0, 1.0):
        yield Claim(f"With a rate of {rate:g}, how many of the true steps are hidden", float(rate * there.sum()), hidden.sum())
        return
    related = list(_how_related(hidden, (again[:, 1:] == 0).all(-1).double()))
    yield from related
    if all(claim.holds for claim in related):  # with draws that hang together, a share says little
        room = SIGMAS * math.sqrt(rate * (1 - rate) / hidden.numel())
        yield Claim("The share of true steps that are hidden should be rate", rate, hidden.mean(), room, question="How likely is it that a step is hidden, in yours?")


def _how_related(hidden, again):
    """hidden: (n, steps), 1 or 0. Two calls, any two sequences, any two steps and the number of a sequence should know nothing of each other."""
    if hidden.mean() in (0, 1):
        return
    yield unrelated(hidden[:, 1:], hidden[:, :-1], "What is hidden at a step and at the one before")
    for what, rows in {"sequences": hidden, "steps": hidden.T}.items():
        if rows.shape[1] >= MANY and len(rows) > 1:
            others = torch.corrcoef(rows).nan_to_num(nan=1.0).fill_diagonal_(0).flatten()
            told, asked = f"What is hidden in any two {what}: the strongest correlation", f"Is each step of each sequence hidden for itself? Which {what} share a draw?"
            yield Claim(told, 0.0, others[others.abs().argmax()].item(), 7 / math.sqrt(rows.shape[1]), question=asked)
    if len(hidden) >= MANY:
        scatter = hidden.sum(1).var() / (hidden.shape[1] * hidden.mean() * (1 - hidden.mean()))
        told, asked = "The number of hidden steps of a sequence scatters as coins do", "Once some steps of a sequence are hidden, are the others any safer, in yours?"
        yield Claim(told, 1.0, scatter, SIGMAS * math.sqrt(2.5 / len(hidden)), question=asked)
    yield unrelated(hidden, again, "What is hidden in two calls one after another")


@task(
    points=1,
    probes=_sequences,
    run=_read_twice,
    random=True,
    keeps=("x", "start"),
    claims=_claims,
    slips=(
        slip("[:, :-1]", "[:, 1:]", "At each step your decoder reads the very token that it is to predict. How would it score, and what would it have learnt? Which token stands before step t?"),
        slip({"[:, :-1]": "[:, 1:]", "[first, steps_before]": "[steps_before, first]"}, "Shifted the wrong way: at step t your decoder reads what comes after. In which direction must the rows move to stand one step late?"),
        slip(JOINED, "x * kept.unsqueeze(-1)", "Nothing is shifted, and start is nowhere. What has the decoder read when it is to predict the first step?"),
        slip("start.expand(len(x), 1, -1)", "(x * kept.unsqueeze(-1))[:, -1:]", "The last row has come round to the front: a tune that begins with how it ends. What stands before the first step?"),
        slip("start.expand(len(x), 1, -1)", "torch.zeros_like(x[:, :1])", "The first row is zeros. That is one way to begin, but which row were you given for it?"),
        slip({"(x * kept.unsqueeze(-1))": "x", "dim=1)": "dim=1) * kept.unsqueeze(-1)"}, "Now and then start is hidden as well. It is no word of the tune: in which order do you hide, and put start in front?"),
        slip(">= rate", "< rate", "With a rate of 0 yours hides everything. Is rate the probability to hide a step, or to keep it?"),
        slip({"torch.rand(x.shape[:2], device=x.device)": "torch.rand_like(x)", "kept.unsqueeze(-1)": "kept"}, "Steps are hidden in part: a value without its mark, a mark without its value. How many random numbers does a step need?"),
        slip(HIDDEN, "torch.nn.functional.dropout(x, rate)", "That is a dropout layer: it hides single numbers, and stretches what it keeps. What should a kept row be?"),
        slip({HIDDEN: "x", JOINED: f"torch.nn.functional.dropout({JOINED}, rate)"}, "That is a dropout layer: it hides single numbers, of start too, and stretches what it keeps. What should a kept row be, and which row is always kept?"),
        slip(HIDDEN, "x * kept.unsqueeze(-1) / max(1 - rate, 1e-9)", "What you keep is stretched, as in a dropout layer. What would a one-hot row with a 4 in it say to the decoder?"),
        slip("torch.rand(x.shape[:2]", "torch.rand((len(x), 1)", "Some sequences lose all their steps, others none. How many random numbers does a sequence need?"),
        slip("torch.rand(x.shape[:2]", "torch.rand((1, x.shape[1])", "The same steps are hidden in every sequence. Which axis is your noise missing?"),
        slip(">= rate", ".argsort(1) >= round(rate * x.shape[1])", "You hide the same number of steps in every sequence: once some are hidden, the others are safe. What does it mean that each step is hidden for itself?"),
        slip("kept = ", "torch.manual_seed(0)\n    kept = ", "The same steps are hidden at every call. Is your noise drawn anew each time, or is a seed set, or a draw kept? Which steps would never be seen?"),
        slip(HIDDEN, "x", "Shifted rightly, and nothing is hidden at any rate. Where does chance come in?"),
        slip("[:, :-1]", "", "One row too many: the last one. After the last step, is there anything left to predict from it?"),
        slip(JOINED, "steps_before", "One row is missing: the first. What does the decoder read before there is anything to read?"),
        slip(HIDDEN, "torch.where(kept.unsqueeze(-1), x, start)", "Hidden steps look like the beginning. How should the decoder tell 'you may not know' from 'we begin'? What stands for nothing in this course?"),
        slip("torch.rand(", "torch.randn(", "With a rate of 0 half of your steps are hidden. What values does your noise take, and how many of them lie below rate?"),
    ),
    hints=(
        "Two things, one after the other: hide steps of x, then move everything one step later with start in front. In that order start is safe.",
        "One random number for each step of each sequence, shape (batch, steps, 1), tells whether the row is kept: it multiplies the whole row by 1 or 0.",
        "A kept row has its uniform random number at or above rate. Then join start, expanded to (batch, 1, features), and all rows but the last, along axis 1.",
    ),
)
def decoder_inputs(x, start, rate):
    """What the decoder reads in training: (batch, steps, features), in the dtype of x.

    At the first step `start`, which is never hidden; at each other step the row of x one step before or, with probability rate, zeros.
    Each step of each sequence is hidden as a whole and for itself, anew at each call; what is kept is as it was. x and start are left as they are.
    x: (batch, steps, features). start: (features,). rate: a Python float, 0 to 1.
    """
    kept = torch.rand(x.shape[:2], device=x.device) >= rate
    steps_before = (x * kept.unsqueeze(-1))[:, :-1]
    first = start.expand(len(x), 1, -1)
    return torch.cat([first, steps_before], dim=1)
