"""The baselines are right where the right answer is known."""

import math

import pytest
import torch

from vae_course.evaluation.series import (
    autoregressive_forecast,
    interpolate_gaps,
    last_value_forecast,
    periodic_forecast,
    principal_components,
    rmse,
)


def sines(n: int, steps: int, period: float) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return 0.5 + 0.4 * torch.sin(2 * math.pi * (torch.arange(steps) / period + torch.rand(n, 1, generator=generator)))


def test_last_value_is_repeated():
    assert last_value_forecast(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 3).tolist() == [[2.0] * 3, [4.0] * 3]


def test_a_periodic_series_is_continued_exactly():
    whole = sines(5, 64, 15)
    torch.testing.assert_close(periodic_forecast(whole[:, :44], 20), whole[:, 44:], atol=1e-5, rtol=0)


def test_a_linear_rule_continues_sines_of_the_periods_it_was_fitted_on():
    train = torch.cat([sines(30, 64, 15), sines(30, 64, 21)])
    for period in (15, 21):
        whole = sines(5, 64, period)
        torch.testing.assert_close(autoregressive_forecast(train, whole[:, :48], 16, order=8), whole[:, 48:], atol=0.02, rtol=0)


def test_straight_lines_fill_gaps_and_ends_are_held():
    values = torch.tensor([[0.0, 9.0, 0.4, 9.0], [9.0, 0.2, 9.0, 0.6]])
    seen = torch.tensor([[1, 0, 1, 0], [0, 1, 0, 1]])
    torch.testing.assert_close(interpolate_gaps(values, seen), torch.tensor([[0.0, 0.2, 0.4, 0.4], [0.2, 0.2, 0.4, 0.6]]))


def test_components_give_back_what_lies_in_their_plane_and_no_more():
    basis = torch.linalg.qr(torch.randn(10, 3))[0].T
    train = torch.randn(50, 3) @ basis
    assert rmse(principal_components(train, train, 3), train) < 1e-5
    assert rmse(principal_components(train, train, 2), train) > 0.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: last_value_forecast(torch.zeros(1, 3), 0), "steps is 0"),
        (lambda: periodic_forecast(torch.zeros(1, 4), 2), "no lag of at least 4"),
        (lambda: autoregressive_forecast(torch.zeros(2, 24), torch.zeros(2, 24), 2), "an order of 24 needs more than 24 steps"),
        (lambda: interpolate_gaps(torch.zeros(1, 3), torch.zeros(1, 3)), "no value that was seen"),
        (lambda: rmse(torch.zeros(2), torch.zeros(3)), "expected the same for both"),
    ],
)
def test_what_cannot_be_done_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
