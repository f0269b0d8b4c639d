"""What the decoder reads."""

import math

import torch

from ..cases.sequences import one_hot_rows
from ..engine import Claim, is_tensor, probes_from, slip, task, unrelated

SIGMAS = 6.0  # how many standard errors a right answer may be off, where hundreds of draws are counted
HIDDEN, JOINED = "x * kept.unsqueeze(-1)", "torch.cat([first, steps_before], dim=1)"
# What is read is certain at the rates 0 and 1. At others it is counted how often it is what it should be, and who knows of whom.
SIZES = {
    (3, 6, 5, 0.0, 0): "with a rate of 0",
    (1, 4, 6, 1.0, 0): "with a rate of 1, and a batch of one",
    (4, 1, 6, 1.0, 0): "with a rate of 1, and a single step",
    (500, 9, 4, 0.3, 0): "",
    (500, 7, 3, 0.75, 1): "in float64, with steps of several numbers",
    (40, 300, 5, 0.25, 0): "with long sequences",
}


def _sequences(draw, n, steps, features, rate, several):
    """several: 1 for steps of several numbers, 0 for one-hot rows, of which the last sequence has one less at a rate of 0."""
    x = one_hot_rows(draw, [steps] * (n - 1) + [steps - (rate == 0)], steps, features) + several * draw(n, steps, features)
    return {"x": x, "start": draw(features), "rate": rate}


def _how_often(true):
    return "always" if true.all() else "now and then" if true.any() else "never"


def _claims(values, x, start, rate):
    got, first, before = values["inputs"], start.expand(len(x), 1, -1), x[:, :-1]
    yield from is_tensor(got, tuple(x.shape), x.dtype)
    if rate in (0.0, 1.0):
        told = f"With a rate of {rate:g} your decoder should read start, and then {'zeros' if rate else 'x, one step late'}"
        yield Claim(told, torch.cat([first, (1 - rate) * before], 1), got, 1e-5)
        return
    yield Claim("At the first step your decoder should read start", "always", _how_often(torch.isclose(got[:, :1], first).all(-1)))
    hidden, again = (got[:, 1:] == 0).all(-1), (values["again"][:, 1:] == 0).all(-1)
    told = "At each other step it should read the row of x one step before, as it is, or zeros"
    yield Claim(told, "always", _how_often(hidden | torch.isclose(got[:, 1:], before).all(-1)))
    related = list(_how_related(hidden.double(), again.double()))
    yield from related
    if all(claim.holds for claim in related):  # with draws that hang together, a share says little
        room = SIGMAS * math.sqrt(rate * (1 - rate) / hidden.numel())
        yield Claim("The share of true steps that are hidden should be rate", rate, hidden.double().mean(), room, question="How likely is it that a step is hidden, in yours?")


def _how_related(hidden, again):
    """hidden: (n, steps), 1 or 0. Two calls, any two sequences, any two steps and the number of a sequence should know nothing of each other."""
    if hidden.mean() in (0, 1):
        return
    yield from unrelated(hidden[:, 1:], hidden[:, :-1], "What is hidden at a step and at the one before")
    for what, rows in {"sequences": hidden, "steps": hidden.T}.items():
        others = torch.corrcoef(rows).nan_to_num(nan=1.0).fill_diagonal_(0).flatten()
        told, asked = f"What is hidden in any two {what}: the strongest correlation", f"Is each step of each sequence hidden for itself? Which {what} share a draw?"
        yield Claim(told, 0.0, others[others.abs().argmax()].item(), 7 / math.sqrt(rows.shape[1]), question=asked)  # of few, any will do
    scatter = hidden.sum(1).var() / (hidden.shape[1] * hidden.mean() * (1 - hidden.mean()))
    told, asked = "The number of hidden steps of a sequence scatters as coins do", "Once some steps of a sequence are hidden, are the others any safer, in yours?"
    yield Claim(told, 1.0, scatter, SIGMAS * math.sqrt(2.5 / len(hidden)), question=asked)
    yield from unrelated(hidden, again, "What is hidden in two calls one after another")


@task(
    points=0,
    probes=probes_from(_sequences, sizes=SIZES),
    run=lambda function, x, start, rate: {"inputs": function(x, start, rate), "again": function(x.clone(), start.clone(), rate)},
    random=True,
    keeps=("x", "start"),
    claims=_claims,
    slips=(
        slip("[:, :-1]", "[:, 1:]", "At each step your decoder reads the very token that it is to predict. How would it score, and what would it have learnt? Which token stands before step t?"),
        slip({"[:, :-1]": "[:, 1:]", "[first, steps_before]": "[steps_before, first]"}, "Shifted the wrong way: at step t your decoder reads what comes after. In which direction must the rows move to stand one step late?"),
        slip(JOINED, "x * kept.unsqueeze(-1)", "Nothing is shifted, and start is nowhere. What has the decoder read when it is to predict the first step?"),
        slip("start.expand(len(x), 1, -1)", "(x * kept.unsqueeze(-1))[:, -1:]", "The last row has come round to the front: a tune that begins with how it ends. What stands before the first step?"),
        slip("start.expand(len(x), 1, -1)", "x[:, -1:]", "The last row has come round to the front, where it is never hidden: a tune that begins with how it ends. What stands before the first step?"),
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
