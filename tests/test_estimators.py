"""The two gradient estimators: against exact gradients, exact variances, and each other."""

import math

import pytest
import torch

from vae_course.objectives import gaussian, gaussian_kl, pathwise_gradients, score_function_gradients

DRAWS = 100_000
ESTIMATORS = (pathwise_gradients, score_function_gradients)


def within_error(estimates, exact, errors=4.5):
    """Whether the mean of the estimates (draws, d) lies within a few standard errors of the exact gradient (d,)."""
    standard_error = estimates.std(0) / len(estimates) ** 0.5
    assert (standard_error > 0).all()
    return bool(((estimates.mean(0) - exact).abs() < errors * standard_error).all())


def quadratic(d=3):
    """f(z) = zᵀAz + bᵀz with its exact gradients: E f = μᵀAμ + bᵀμ + Σ A_ii σ_i²."""
    root = torch.randn(d, d, dtype=torch.float64)
    a, b = root @ root.T, torch.randn(d, dtype=torch.float64)
    mu, log_var = torch.randn(2, d, dtype=torch.float64)
    return (lambda z: (z @ a * z).sum(-1) + z @ b), mu, log_var, 2 * a @ mu + b, a.diagonal() * log_var.exp()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_unbiased_on_a_quadratic(estimator):
    f, mu, log_var, exact_mu, exact_log_var = quadratic()
    gradient_mu, gradient_log_var = estimator(f, mu, log_var, draws=DRAWS)
    assert gradient_mu.shape == gradient_log_var.shape == (DRAWS, 3)
    assert within_error(gradient_mu, exact_mu)
    assert within_error(gradient_log_var, exact_log_var)
    assert not within_error(gradient_log_var, 2 * exact_log_var), "a factor of two must show: σ and σ² are told apart"


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_unbiased_on_a_cosine(estimator):
    mu, log_var = torch.tensor([0.4], dtype=torch.float64), torch.tensor([-0.7], dtype=torch.float64)
    gradient_mu, gradient_log_var = estimator(lambda z: torch.cos(2 * z).sum(-1), mu, log_var, draws=DRAWS)
    # E cos(ωz) = cos(ωμ) exp(−ω²σ²/2)
    damping = torch.exp(-2 * log_var.exp())
    assert within_error(gradient_mu, -2 * torch.sin(2 * mu) * damping)
    assert within_error(gradient_log_var, -2 * log_var.exp() * torch.cos(2 * mu) * damping)


def test_the_gradient_of_minus_log_density_ratio_is_that_of_the_kl():
    mu, log_var = torch.randn(2, 4, dtype=torch.float64)
    prior = gaussian(torch.zeros(4, dtype=torch.float64), torch.zeros(4, dtype=torch.float64))
    leaves = mu.clone().requires_grad_(), log_var.clone().requires_grad_()
    exact = torch.autograd.grad(gaussian_kl(*leaves), leaves)
    for estimator in ESTIMATORS:
        estimates = estimator(lambda z: gaussian(mu, log_var).log_prob(z) - prior.log_prob(z), mu, log_var, draws=DRAWS)
        # q's own parameters inside f are held fixed: their gradient, the score, is zero in expectation.
        assert all(within_error(one, other) for one, other in zip(estimates, exact, strict=True))


def exact_score_variance(mu, sigma, baseline):
    """Per coordinate, the variance of (‖z‖² − baseline) ε_i/σ, by Stein's lemma: E[g ε_i²] = E[g] + E[∂²g/∂ε_i²]."""
    scaled, shift = mu / sigma, baseline / sigma**2
    d, length = len(mu), scaled.pow(2).sum()
    mean = d + length - shift
    second_moment = 2 * d + 4 * length + mean**2 + 8 * (1 + scaled**2) + 4 * mean
    return sigma**2 * (second_moment - 4 * scaled**2)


@pytest.mark.parametrize("d", [1, 4, 16])
def test_variances_on_the_squared_length_are_the_exact_ones(d):
    mu, sigma = torch.linspace(0.5, 1.5, d, dtype=torch.float64), 0.8
    log_var = torch.full((d,), 2 * math.log(sigma), dtype=torch.float64)

    def f(z):
        return z.pow(2).sum(-1)

    pathwise, _ = pathwise_gradients(f, mu, log_var, draws=DRAWS)
    torch.testing.assert_close(pathwise.var(0), torch.full_like(mu, 4 * sigma**2), rtol=0.05, atol=0)
    for baseline in (0.0, (mu**2 + sigma**2).sum()):
        score, _ = score_function_gradients(f, mu, log_var, draws=DRAWS, baseline=baseline)
        torch.testing.assert_close(score.var(0), exact_score_variance(mu, sigma, baseline), rtol=0.12, atol=0)
        assert (score.var(0) > pathwise.var(0)).all()


def test_a_fast_cosine_is_where_the_score_function_wins():
    mu, log_var = torch.zeros(1), torch.zeros(1)

    def fast(z):
        return torch.cos(10 * z).sum(-1)

    score, pathwise = (one(fast, mu, log_var, draws=20_000)[0].var() for one in (score_function_gradients, pathwise_gradients))
    assert score < 1.1
    assert pathwise > 40


def test_the_score_function_needs_no_derivative_of_f():
    mu, log_var = torch.tensor([0.3], dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    gradient, _ = score_function_gradients(lambda z: (z[:, 0] > 0).double(), mu, log_var, draws=DRAWS)
    assert within_error(gradient, torch.exp(-mu.pow(2) / 2) / math.sqrt(2 * math.pi))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_parameters_are_left_alone_and_the_seed_decides(estimator):
    mu, log_var = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    first, second = [torch.manual_seed(5) and estimator(lambda z: z.sum(-1), mu, log_var, draws=7) for _ in range(2)]
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))
    assert mu.grad is None
    assert not first[0].requires_grad


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_errors_say_what_was_wrong(estimator):
    with pytest.raises(ValueError, match="draws is 0, expected at least 1"):
        estimator(lambda z: z.sum(-1), torch.zeros(2), torch.zeros(2), draws=0)
    with pytest.raises(ValueError, match=r"mu has shape \(2,\) and log_var \(3,\)"):
        estimator(lambda z: z.sum(-1), torch.zeros(2), torch.zeros(3), draws=4)
    with pytest.raises(ValueError, match=r"f returned shape \(4, 2\), expected one number a draw: \(4,\)"):
        estimator(lambda z: z, torch.zeros(2), torch.zeros(2), draws=4)
