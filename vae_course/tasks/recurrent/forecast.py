"""A forecast from a code."""

import math

import torch
from torch.distributions import Independent, Normal

from ..engine import Mistake, described, each_row_for_itself, matches, probes_from, slip, task

FAULTS = ("its value is not finite", "its mark is neither 0 nor 1", "it has a value and the mark 'not seen'")


def _pasts(draw, n, t):
    steps, latent_size = t + max(2, t // 2 + 1), 3
    return {"past": torch.sigmoid(draw(n, t)), "steps": steps, "weight": draw(2 * steps, latent_size) / math.sqrt(steps), "out": draw(latent_size, steps)}


def _with_a_model(function, past, steps, weight, out):
    def encode(series):
        """q(z|x) of a model that reads every value and every mark. What it says of a wrong step holds no values: they vary from answer to answer."""
        if series.dim() != 3 or series.shape[1:] != (steps, 2):
            raise ValueError(f"encode takes series of shape (n, {steps}, 2), got {tuple(series.shape)}.")
        values, seen = series.unbind(-1)
        faults = torch.stack([~values.isfinite(), (seen != 0) & (seen != 1), (values != 0) & (seen == 0)])
        for fault, number, step in faults.nonzero()[:1].tolist():
            raise ValueError(f"series {number}, step {step}: {FAULTS[fault]}. Expected (value, 1), or (0, 0) where nothing was seen.")
        mu = torch.tanh((series - 0.3).flatten(1) @ weight)
        return Independent(Normal(mu, 0.3 * torch.ones_like(mu)), 1)

    def decode(z):
        if not isinstance(z, torch.Tensor) or z.dim() != 2 or z.shape[1] != len(out):
            raise ValueError(f"decode takes a tensor of codes, of shape (n, {len(out)}), got {described(z)}.")
        values = torch.sigmoid(2 * z @ out)
        return Independent(Normal(torch.stack([values, torch.ones_like(values)], -1), 0.1), 2)

    return {"result": function(encode, decode, past, steps)}


def _reference(past, steps, weight, out):
    """Value by value, the marks in a sum of their own."""
    t, values, marks = past.shape[1], weight[0::2], weight[1::2]
    read = (past - 0.3) @ values[:t] - 0.3 * values[t:].sum(0) + 0.7 * marks[:t].sum(0) - 0.3 * marks[t:].sum(0)
    return torch.sigmoid(2 * torch.tanh(read) @ out)[:, t:]


def _fed_back(encode, decode, past, steps):
    known = past
    for t in range(past.shape[1], steps):
        series = torch.cat([torch.stack([known, torch.ones_like(known)], -1), past.new_zeros(len(past), steps - t, 2)], 1)
        known = torch.cat([known, decode(encode(series).mean).mean[:, t : t + 1, 0]], 1)
    return known[:, past.shape[1] :]


@task(
    points=1,
    probes=probes_from(_pasts, sizes={(4, 6): "", (1, 5): "with a single series", (3, 1): "with a past of one step", (5, 9): "with a longer series"}),
    run=_with_a_model,
    laws=(each_row_for_itself("past", question="Does the forecast of one series depend on the others in the batch? Whose past belongs to whose future?"),),
    claims=matches(_reference, "The forecast should be what is decoded, behind the past, from the mean code of a past followed by nothing"),
    slips=(
        slip("[:, :t, 1]", "[..., 1]", "Your future is marked as seen, with the value 0: the encoder believes that the series will fall to 0. What says 'nothing was seen'?"),
        slip({"[:, :t, 0] = past": "[..., 0] = past[:, -1:]\n    series[:, :t, 0] = past", "[:, :t, 1]": "[..., 1]"}, "Your future is marked as seen, with the last value in it. You tell the encoder what you want to hear from the decoder. What do you really know of these steps?"),
        slip({"[:, :t, 0] = past": "[..., 0] = past.mean(1, keepdim=True)\n    series[:, :t, 0] = past", "[:, :t, 1]": "[..., 1]"}, "Your future is marked as seen, with the mean in it. What do you really know of these steps?"),
        slip("[:, :t, 0] = past", "[..., 0] = past[:, -1:]\n    series[:, :t, 0] = past", "A value and the mark 'not seen' at the same step: the model refuses it. What stands at a step of which nothing is known?"),
        slip("[:, :t, 0] = past", "[..., 0] = math.nan\n    series[:, :t, 0] = past", "The future is not a number, in yours, and the model refuses it. What stands for nothing in this course?"),
        slip("[:, :t, 1] = 1", "[:, t:, 1] = 1", "The past counts as not seen, in yours: are the marks missing, or the wrong way round? Which number means 'seen'?"),
        slip({"[:, :t, 0] = past": "[:, :t, 1] = past", "[:, :t, 1] = 1": "[:, :t, 0] = 1"}, "Value and mark have changed places. Which of the two comes first at a step?"),
        slip("(n, steps, 2)", "(n, t, 2)", "The encoder wants series of `steps` steps, and got the past alone. With what can the rest be filled that says nothing?"),
        slip({"[:, :t, 0]": "[:, -t:, 0]", "[:, :t, 1]": "[:, -t:, 1]"}, "You put the past at the end of the series, and nothing before it. When did it happen, and what is to come behind it?"),
        slip("[:, t:, 0]", "[:, : steps - t, 0]", "As many values as asked for, but from the beginning of the series. Which steps are still to come?"),
        slip("mean[:, t:, 0]", "mean[:, :t, 0]", "Those are the steps that were known already, written again. Where in the series does the forecast stand?"),
        slip("[:, t:, 0]", "[..., 0]", "That is the whole series, past and all. Which steps are still to come?"),
        slip("[:, t:, 0]", "[:, t - 1 :, 0]", "One step too many: the last one of the past. If t steps are known, what is the index of the next?"),
        slip("[:, t:, 0]", "[:, t + 1 :, 0]", "The next step after the past is missing. If t steps are known, counted from 0, what is the index of the next?"),
        slip("[:, t:, 0]", "[:, t - 1 : -1, 0]", "As many values as asked for, and all one step early: the first of them was known, the last step is missing. If t steps are known, what is the index of the next?"),
        slip("encode(series).mean", "encode(series)", "encode gives a distribution of codes, and decode wants one code for each series. Which code is the best single guess?"),
        slip("decode(z).mean", "decode(z)", "decode gives a distribution of series. To miss by as little as can be, on average of squares, what do you ask it for before you look at steps?"),
        slip("[:, t:, 0]", "[:, t:, 1]", "All your forecasts are 1: those are the marks. Which of the two numbers of a step is the value?"),
        slip("[:, t:, 0]", "[:, t:]", "Each step of your forecast is a pair. Which of the two numbers is asked for?"),
        slip("encode(series).mean", "encode(series).sample()", "Your forecast changes from call to call: the code was drawn from q(z|x). Which code is the best single guess?"),
        slip("encode(series).mean", "0 * encode(series).mean", "Every past gets the same forecast, that of the code 0. Who has read the past?"),
        slip("encode(series).mean", "torch.randn_like(encode(series).mean)", "Your forecast has nothing to do with the past: the code comes from the prior. Who has read the past?"),
        slip("decode(z).mean", "decode(z).sample()", "Your forecast carries noise of its own: it was drawn from p(x|z). Would the same call give the same forecast again? What else can a distribution be asked for?"),
        slip("encode(series).mean", "encode(series).mean.mean(0, keepdim=True).expand(n, -1)", "All series get the same forecast: that of the average code. Whose past belongs to whose future?"),
        slip("decode(z).mean[:, t:, 0]", "past[:, -1:].expand(n, steps - t)", "The last value, again and again: that is the rival. What does the model say?"),
    ),
    programs=(Mistake(_fed_back, "You feed each value of your forecast back as if it had been seen. Does the model need that to write a whole series, and who vouches for these values?"),),
    hints=(
        "A forecast is a gap at the end. So make a series of full length whose past is there and whose future is a gap; then read and write it.",
        "Zeros of shape (n, steps, 2) are a series of which nothing was seen. Fill in the first t steps: the values, and the marks.",
        "Encode it, take the mean of q(z|x), decode, take the mean of p(x|z). Of that keep the steps from t on, and the first of the two numbers.",
    ),
)
def forecast(encode, decode, past, steps):
    """The values of the steps that are still to come, (n, steps − t), in the dtype of past.

    encode(series): a function, series (n, steps, 2) -> q(z|x); each step is (value, 1), or (0, 0) where nothing was seen.
    decode(z): a function, z (n, latent_size) -> p(x|z), a distribution of series (n, steps, 2).
    past: (n, t), the values of the first t steps, all seen. steps: a Python int, greater than t. No chance: means of q and p, no draws.
    """
    n, t = past.shape
    series = past.new_zeros(n, steps, 2)
    series[:, :t, 0] = past
    series[:, :t, 1] = 1  # seen
    z = encode(series).mean
    return decode(z).mean[:, t:, 0]
