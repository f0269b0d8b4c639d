"""A gap is nothing, not zero."""

import torch

from ..engine import each_row_for_itself, matches, probes_from, slip, task


def series_of(draw, n, steps, start, stop):
    """Values above 0, of which a few were not seen to begin with."""
    seen = (draw(n, steps) > -1.2).to(draw(1))
    return {"x": torch.stack([seen * torch.sigmoid(draw(n, steps)), seen], -1), "start": start, "stop": stop}


def reference(x, start, stop):
    left = x.clone()
    left[:, start:stop] = 0
    return left


@task(
    points=0,
    probes=probes_from(series_of, sizes={(5, 12, 3, 8): "", (1, 9, 0, 4): "with a single series, from its first step on", (4, 7, 2, 7): "to the last step", (3, 8, 5, 6): "with one step"}),
    keeps=("x",),
    laws=(each_row_for_itself("x"),),
    claims=matches(reference, "In the gap both numbers of a step should be 0, and all else as it was"),
    slips=(
        slip("x * kept.unsqueeze(-1)", "torch.cat([x[..., :1] * kept.unsqueeze(-1), x[..., 1:]], -1)", "The values are 0, and the marks still say that a 0 was seen. Which two numbers stand at a step of which nothing is known?"),
        slip("x * kept.unsqueeze(-1)", "torch.cat([x[..., :1], x[..., 1:] * kept.unsqueeze(-1)], -1)", "The marks say 'not seen', and the values are still there to be read. Which two numbers stand at a step of which nothing is known?"),
        slip({"x.shape[1]": "x.shape[0]", "kept.unsqueeze(-1)": "kept.view(-1, 1, 1)"}, "You hide whole series and no steps. Which axis holds the steps?"),
        slip("at >= stop", "at > stop", "One step more than asked for is gone. Is `stop` hidden, or the first step that is not?"),
        slip("at < start", "at <= start", "The first step of the gap is still there. Is `start` hidden, or the last step that is not?"),
        slip("kept.unsqueeze(-1)", "(~kept).unsqueeze(-1)", "The gap is all that you kept. Which steps were to go?"),
        slip("return x * kept.unsqueeze(-1)", "return x[:, kept]", "Your series got shorter: the steps are cut out, and what comes behind moves up. How does the model then know when it happened?"),
    ),
    hints=(
        "A step is a pair, the value and whether it was seen. What is the pair of a step that was not?",
        "Number the steps; those below start and those from stop on are kept. A product with a mask, on both numbers of a step, does the rest.",
    ),
)
def hide_stretch(x, start, stop):
    """The same series with the steps start … stop − 1 not seen: (n, steps, 2), in the dtype of x.

    x: (n, steps, 2), a value and a mark at each step, 1 if it was seen and 0 if not. A step that was not seen is (0, 0). Leaves x as it is.
    """
    at = torch.arange(x.shape[1], device=x.device)
    kept = (at < start) | (at >= stop)
    return x * kept.unsqueeze(-1)
