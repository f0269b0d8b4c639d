"""The posterior on a grid against a model whose posterior and log p(x) are known exactly."""

import math

import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from vae_course.evaluation import GridPosterior, grid_posterior, posterior_on_grid
from vae_course.models import VAE
from vae_course.objectives import elbo, importance_weighted_bound


def test_evidence_mean_and_covariance_are_exact(linear_gaussian):
    model = linear_gaussian()
    x = model.draw(6)
    grid, exact = posterior_on_grid(model, x), model.exact_posterior(x)
    torch.testing.assert_close(grid.log_evidence, model.log_evidence(x), rtol=0, atol=1e-6)
    torch.testing.assert_close(grid.mass.sum((1, 2)), torch.ones(6, dtype=torch.float64), rtol=0, atol=1e-9)
    torch.testing.assert_close(grid.mean, exact.mean, rtol=0, atol=1e-6)
    torch.testing.assert_close(grid.covariance, exact.covariance_matrix.expand(6, 2, 2), rtol=0, atol=1e-6)
    # z₁ runs along rows, z₂ along columns.
    i, j = 90, 130
    expected = exact.log_prob(torch.stack([grid.axis[i], grid.axis[j]]))
    torch.testing.assert_close(grid.log_density[:, i, j], expected, rtol=0, atol=1e-6)


def test_the_kl_from_q_is_exact_and_is_the_gap(linear_gaussian):
    model = linear_gaussian(slack=0.4)
    x = model.draw(6)
    q, exact = model.encode(x), model.exact_posterior(x)
    as_full = MultivariateNormal(q.mean, torch.diag_embed(q.variance))
    grid = posterior_on_grid(model, x)
    torch.testing.assert_close(grid.kl_from(q), kl_divergence(as_full, exact), rtol=0, atol=1e-6)
    draws = torch.stack([elbo(model, x) for _ in range(1500)])
    error = draws.std(0) / len(draws) ** 0.5
    assert ((draws.mean(0) + grid.kl_from(q) - grid.log_evidence).abs() < 4.5 * error).all()
    assert (error < 0.2 * grid.kl_from(q)).all(), "the error must be small enough for the test to be able to fail"


def test_the_closest_gaussian_has_the_posteriors_mean_and_the_inverse_precisions(linear_gaussian):
    # Minimising KL(q ‖ N(m, Λ⁻¹)) over diagonal Gaussians gives mean m and variances 1/Λ_ii (Bishop 2006, section 10.1.2).
    model = linear_gaussian(slack=0.6)
    x = model.draw(4)
    grid, exact = posterior_on_grid(model, x), model.exact_posterior(x)
    start = model.encode(x)
    best = grid.closest_gaussian(start)
    torch.testing.assert_close(best.mean, exact.mean, rtol=0, atol=2e-3)
    torch.testing.assert_close(best.variance, mean_field(model, x).variance, rtol=1e-2, atol=0)
    assert (grid.kl_from(best) < grid.kl_from(start) - 0.01).all()
    assert (grid.kl_from(best) > 1e-4).all(), "a diagonal Gaussian cannot be a correlated one"


def test_the_closest_gaussian_is_never_worse_than_where_it_starts(linear_gaussian):
    model = linear_gaussian()
    x = model.draw(3)
    grid, start = posterior_on_grid(model, x), mean_field(model, x)
    assert (grid.kl_from(grid.closest_gaussian(start, steps=2)) <= grid.kl_from(start)).all()


def test_the_closest_gaussian_is_found_though_start_and_mean_lie_in_the_wrong_place():
    """Two peaks far apart, and the start is on the lower one."""
    axis = torch.linspace(-4, 4, 201, dtype=torch.float64)
    at = lambda centre: Normal(centre, 0.2).log_prob(axis)  # noqa: E731
    peaks = [math.log(share) + at(centre)[:, None] + at(0.0) for share, centre in ((0.8, 2.0), (0.2, -2.0))]
    grid = GridPosterior(axis, torch.logaddexp(*peaks)[None], torch.zeros(1))
    best = grid.closest_gaussian(Independent(Normal(torch.tensor([[-2.0, 0.0]]), torch.tensor([[0.2, 0.2]])), 1), steps=60)
    assert best.mean[0, 0].item() == pytest.approx(2.0, abs=0.02)
    assert grid.kl_from(best).item() == pytest.approx(-math.log(0.8), abs=0.01)


def test_a_grid_that_is_decoded_in_pieces_is_the_same(linear_gaussian, monkeypatch):
    model = linear_gaussian()
    x = model.draw(2)
    whole = posterior_on_grid(model, x)
    monkeypatch.setattr(grid_posterior, "AT_ONCE", 1_000)
    torch.testing.assert_close(posterior_on_grid(model, x).log_density, whole.log_density)


def mean_field(model, x):
    precisions = torch.linalg.inv(model.posterior_covariance).diagonal()
    return Independent(Normal(model.exact_posterior(x).mean, precisions.rsqrt().expand(len(x), 2)), 1)


def test_a_networks_bounds_lie_below_the_grids_evidence(blobs):
    model = VAE(input_shape=(1, 8, 8), latent_size=2, hidden_sizes=(16,))
    x = (blobs.train.x[:4] > 0.5).float()
    grid = posterior_on_grid(model, x)
    assert grid.log_evidence.shape == (4,)
    bounds = torch.stack([importance_weighted_bound(model, x, k=2000).detach() for _ in range(10)])
    error = bounds.std(0) / 10**0.5
    assert ((bounds.mean(0) - grid.log_evidence).abs() < 5 * error + 0.005).all()
    gap = grid.kl_from(model.encode(x))
    assert (gap > 0).all()
    assert (grid.kl_from(grid.closest_gaussian(model.encode(x))) <= gap).all()


def test_errors_say_what_was_wrong(linear_gaussian, small_vae, blobs):
    model = linear_gaussian()
    x = model.draw(2)
    with pytest.raises(ValueError, match="the model has 3 latents, expected 2"):
        posterior_on_grid(small_vae, blobs.train.x[:2])
    with pytest.raises(ValueError, match="of its mass at the grid's edge"):
        posterior_on_grid(model, x, limit=0.3)
    with pytest.raises(ValueError, match="too coarse. Use more points"):
        posterior_on_grid(model, x, points=11)
    grid = posterior_on_grid(model, x)
    narrow = Independent(Normal(torch.zeros(2, 2), torch.full((2, 2), 1e-3)), 1)
    with pytest.raises(ValueError, match="does not fit the grid"):
        grid.kl_from(narrow)
    far = Independent(Normal(torch.full((2, 2), 5.0), torch.ones(2, 2)), 1)
    with pytest.raises(ValueError, match="does not fit the grid"):
        grid.kl_from(far)
