"""The baselines are right where the right answer is known."""

import math

import pytest
import torch

from vae_course.evaluation.series import (
    autoregressive_forecast,
    chosen_ridge,
    gaussian_code,
    gaussian_draws,
    gaussian_given_seen,
    gaussian_surprise,
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


def correlated(n: int, steps: int, seed: int = 0) -> torch.Tensor:
    """Series of which three directions hold nearly all, and a little noise."""
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(3, steps, generator=torch.Generator().manual_seed(9))
    return 0.5 + torch.randn(n, 3, generator=generator) @ mix + 0.1 * torch.randn(n, steps, generator=generator)


def test_one_gaussian_fills_as_its_precision_says_and_its_band_holds_what_it_should():
    train, values = correlated(2000, 10), correlated(500, 10, seed=1)
    seen = torch.ones(500, 10)
    seen[:250, 3:6] = 0
    seen[250:, 7:] = 0
    found, sigma = gaussian_given_seen(train, values, seen)
    precision = torch.linalg.inv(torch.cov(train.double().T))
    hidden, known = [3, 4, 5], [0, 1, 2, 6, 7, 8, 9]
    inner = torch.linalg.inv(precision[hidden][:, hidden])
    wanted = (
        train.double().mean(0)[hidden] - (values[:250].double() - train.double().mean(0))[:, known] @ precision[known][:, hidden] @ inner
    )
    torch.testing.assert_close(found[:250, 3:6].double(), wanted, atol=1e-4, rtol=0)
    torch.testing.assert_close(sigma[0, 3:6].double(), inner.diagonal().sqrt(), atol=1e-5, rtol=0)
    assert torch.equal(found[seen == 1], values[seen == 1])
    assert not sigma[seen == 1].any()
    gap = seen == 0
    held = ((found - values).abs() < 1.2816 * sigma)[gap].float().mean()
    assert 0.76 < held < 0.84
    changed, _ = gaussian_given_seen(train, torch.where(gap, values + 5, values), seen)
    torch.testing.assert_close(changed, found)  # what is hidden is not looked at


def test_the_ridge_is_greater_the_fewer_series_there_are():
    assert chosen_ridge(correlated(12, 10)) > chosen_ridge(correlated(3000, 10))


def test_a_shrunk_code_is_nearer_to_what_lies_below_the_noise():
    generator = torch.Generator().manual_seed(2)
    clean = 0.3 * torch.randn(2000, 3, generator=generator) @ torch.randn(3, 12, generator=generator)
    noisy = clean + 0.5 * torch.randn(2000, 12, generator=generator)
    assert rmse(gaussian_code(noisy, noisy, 3), clean) < 0.95 * rmse(principal_components(noisy, noisy, 3), clean)
    exact = clean + 1e-4 * torch.randn(2000, 12, generator=generator)
    torch.testing.assert_close(gaussian_code(exact, exact, 3), principal_components(exact, exact, 3), atol=1e-3, rtol=0)


def test_draws_have_the_spread_of_the_components_and_surprise_grows_with_distance():
    train = correlated(3000, 8)
    torch.manual_seed(0)
    drawn = gaussian_draws(train, 4000, 3)
    torch.testing.assert_close(torch.cov(drawn.T), torch.cov(train.T), atol=0.3, rtol=0.1)
    near, far = gaussian_surprise(train, torch.stack([train.mean(0), train.mean(0) + 1.0])).tolist()
    assert near == pytest.approx(0, abs=1e-5) and far > 10  # noqa: PT018
