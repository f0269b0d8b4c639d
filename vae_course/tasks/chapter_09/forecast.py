"""A forecast from a code."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import Independent, Normal

from ..claims import matches
from ..declaration import Mistake, Plain, Task
from ..probes import Draw, probes_from


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
