"""The formulas against independent references and identities."""

import math

import pytest
import scipy.integrate
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.distributions import Independent, Normal, kl_divergence

from vae_course.models import VAE
from vae_course.objectives import LOG_VAR_LIMIT, elbo, elbo_terms, gaussian, gaussian_kl, importance_weighted_bound

numbers = st.floats(-4, 4, allow_nan=False)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6))
def test_closed_form_kl_is_torchs(pairs):
    mu, log_var = torch.tensor(pairs, dtype=torch.float64).unbind(-1)
    q = Independent(Normal(mu, torch.exp(0.5 * log_var)), 1)
    p = Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    torch.testing.assert_close(gaussian_kl(mu, log_var), kl_divergence(q, p), rtol=1e-10, atol=1e-10)


@settings(deadline=None, max_examples=10)
@given(numbers, st.floats(-3, 2))
def test_closed_form_kl_is_the_integral(mu, log_var):
    q = scipy.stats.norm(mu, math.exp(0.5 * log_var))
    integral, _ = scipy.integrate.quad(
        lambda z: q.pdf(z) * (q.logpdf(z) - scipy.stats.norm.logpdf(z)), mu - 12 * q.std(), mu + 12 * q.std(), limit=200
    )
    assert gaussian_kl(torch.tensor([mu]).double(), torch.tensor([log_var]).double()).item() == pytest.approx(integral, abs=1e-6)


def test_closed_form_kl_is_the_monte_carlo_mean_within_its_error():
    mu, log_var = torch.tensor([0.7, -1.2, 0.0]).double(), torch.tensor([-1.0, 0.5, 0.0]).double()
    q, p = gaussian(mu, log_var), gaussian(torch.zeros(3).double(), torch.zeros(3).double())
    z = q.sample((200_000,))
    draws = q.log_prob(z) - p.log_prob(z)
    standard_error = draws.std() / len(draws) ** 0.5
    assert abs(draws.mean() - gaussian_kl(mu, log_var)) < 4 * standard_error
    assert standard_error < 0.01


def test_kl_grows_with_the_number_of_dimensions():
    for d in (1, 2, 64):
        assert gaussian_kl(torch.ones(5, d), torch.zeros(5, d)).tolist() == [d / 2] * 5


def test_kl_names_a_mismatch_of_shapes():
    with pytest.raises(ValueError, match=r"mu has shape \(2, 3\) and log_var \(3,\)"):
        gaussian_kl(torch.zeros(2, 3), torch.zeros(3))


def test_gaussian_takes_log_variance_and_bounds_it():
    q = gaussian(torch.zeros(3), torch.tensor([math.log(4.0), 1e6, -1e6]))
    assert q.stddev[0].item() == pytest.approx(2.0)
    assert q.variance[1].log().item() == pytest.approx(LOG_VAR_LIMIT, abs=1e-3)
    assert q.variance[2].log().item() == pytest.approx(-LOG_VAR_LIMIT, abs=1e-3)


def test_doubling_the_batch_leaves_the_loss(small_vae, blobs):
    x = blobs.train.x[:32].double()
    model = small_vae.double()
    doubled = torch.cat([x, x])
    torch.manual_seed(1)
    noise = torch.randn(32, 3, dtype=torch.float64)

    def loss_with(noise, x):
        q = model.encode(x)
        z = q.mean + q.stddev * noise
        return -(model.decode(z).log_prob(x) - kl_divergence(q, model.prior)).mean()

    torch.testing.assert_close(loss_with(noise, x), loss_with(torch.cat([noise, noise]), doubled), rtol=1e-12, atol=0)
    torch.testing.assert_close(kl_divergence(model.encode(doubled), model.prior).mean(), model.loss(x).kl, rtol=1e-12, atol=0)


def test_loss_averages_over_the_batch_and_sums_over_pixels(small_vae, blobs):
    x = blobs.train.x[:16]
    torch.manual_seed(2)
    loss = small_vae.loss(x)
    torch.manual_seed(2)
    log_likelihood, kl = elbo_terms(small_vae, x)
    assert log_likelihood.shape == kl.shape == (16,)
    assert loss.total.item() == pytest.approx((kl - log_likelihood).mean().item(), rel=1e-6)
    with torch.no_grad():
        for parameter in small_vae.decoder.parameters():
            parameter.zero_()
    assert small_vae.loss(x).reconstruction.item() == pytest.approx(64 * math.log(2), rel=1e-5)


def test_beta_weighs_only_the_kl(blobs):
    x = blobs.train.x[:16]
    model = VAE(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,), beta=4.0)
    loss = model.loss(x)
    assert loss.total.item() == pytest.approx((loss.reconstruction + 4 * loss.kl).item(), rel=1e-6)


def test_with_the_exact_posterior_every_bound_is_log_p(linear_gaussian):
    model = linear_gaussian()
    x = model.draw(7)
    for k in (1, 3, 50):
        torch.testing.assert_close(importance_weighted_bound(model, x, k=k), model.log_evidence(x), rtol=1e-9, atol=1e-9)


def test_bounds_rise_in_k_to_the_exact_value(linear_gaussian):
    model = linear_gaussian(slack=0.6)
    x = model.draw(20)
    exact = model.log_evidence(x).mean()

    def mean_and_error(k, repeats=400):
        draws = torch.stack([importance_weighted_bound(model, x, k=k).mean() for _ in range(repeats)])
        return draws.mean(), draws.std() / repeats**0.5

    floor = torch.stack([elbo(model, x).mean() for _ in range(400)])
    previous, error = floor.mean(), floor.std() / 20
    first, first_error = mean_and_error(1)
    assert abs(first - previous) < 4 * (error + first_error), "k = 1 is the ELBO"
    for k in (4, 16, 64):
        bound, bound_error = mean_and_error(k)
        assert bound > previous + 2 * (error + bound_error)
        previous, error = bound, bound_error
        assert bound < exact + 4 * bound_error
    nearly, _ = mean_and_error(4096, repeats=20)
    assert abs(nearly - exact) < 0.01


def test_the_bound_refuses_no_samples(linear_gaussian):
    model = linear_gaussian()
    with pytest.raises(ValueError, match="k is 0, expected at least one importance sample"):
        importance_weighted_bound(model, model.draw(2), k=0)
