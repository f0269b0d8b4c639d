"""Priors by name: draws that fit their density where there is one, and a clear word where there is none."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from vae_course.evaluation import maximum_mean_discrepancy
from vae_course.models.priors import PRIORS, Rows, SwissRoll, draw_parts, prior_named, ring_of_gaussians
from vae_course.objectives import gaussian


@pytest.mark.parametrize("name", PRIORS)
def test_each_prior_draws_points_of_the_latent_space(name):
    prior = prior_named(name, 2)
    assert prior.batch_shape == ()
    assert prior.event_shape == (2,)
    assert prior.sample().shape == (2,)
    assert prior.sample((3, 5)).shape == (3, 5, 2)
    torch.manual_seed(1)
    first = prior.sample((4,))
    torch.manual_seed(1)
    assert torch.equal(prior.sample((4,)), first)
    assert not torch.equal(prior.sample((4,)), first)


def test_the_gaussian_is_standard_in_any_size():
    z = torch.randn(6, 5)
    assert torch.allclose(prior_named("gaussian", 5).log_prob(z), Normal(0.0, 1.0).log_prob(z).sum(-1))


def test_the_ring_is_a_mixture_of_equal_petals():
    """Against a density written out from each petal's two axes."""
    z = 2 * torch.randn(50, 2)
    terms = []
    for k in range(10):
        angle = 2 * math.pi * k / 10
        along = z[:, 0] * math.cos(angle) + z[:, 1] * math.sin(angle)
        across = -z[:, 0] * math.sin(angle) + z[:, 1] * math.cos(angle)
        terms.append(Normal(2.0, 0.45).log_prob(along) + Normal(0.0, 0.15).log_prob(across))
    expected = torch.logsumexp(torch.stack(terms), 0) - math.log(10)
    assert torch.allclose(ring_of_gaussians().log_prob(z), expected, rtol=1e-4, atol=1e-3)


def test_the_rings_density_adds_up_to_one_and_fits_its_draws():
    prior = ring_of_gaussians()
    line = torch.linspace(-6, 6, 601)
    grid = torch.cartesian_prod(line, line)
    density = prior.log_prob(grid).exp()
    assert (density.sum() * 0.02**2).item() == pytest.approx(1, abs=1e-3)
    torch.manual_seed(0)
    z = prior.sample((20_000,))
    angle = torch.atan2(z[:, 1], z[:, 0])
    petal = (angle / (2 * math.pi / 10)).round().long() % 10
    share = petal.bincount(minlength=10) / len(z)
    assert (share - 0.1).abs().max() < 0.012
    assert z.mean(0).abs().max() < 0.05
    entropy = -(density * prior.log_prob(grid)).sum() * 0.02**2
    assert -prior.log_prob(z).mean().item() == pytest.approx(entropy.item(), abs=0.03)


def test_the_swiss_roll_lies_along_its_arm():
    roll = SwissRoll(turns=2.0, radius=3.0, noise=0.01)
    torch.manual_seed(0)
    z = roll.sample((4000,))
    distance = z.norm(dim=1)
    turn = torch.atan2(z[:, 1], z[:, 0]) / (2 * math.pi)
    off = distance - 1.5 * turn  # the arm gains 1.5 a turn, so this is a multiple of 1.5
    off = (off / 1.5 - (off / 1.5).round()) * 1.5
    assert off[distance > 0.3].abs().max() < 0.08
    assert distance.max() < 3.1
    assert (distance < 1.5).float().mean().item() == pytest.approx(0.25, abs=0.03)  # the inner turn, a quarter of the draws


@pytest.mark.parametrize("name", ["mixture", "swiss roll"])
def test_the_parts_of_a_prior_make_up_the_whole(name):
    prior = prior_named(name, 2)
    y = torch.arange(10).repeat(600)
    parts = draw_parts(prior, y, 10)
    assert abs(maximum_mean_discrepancy(parts[:2000], prior.sample((2000,)))) < 0.003
    if name == "mixture":
        angle = torch.atan2(parts[:, 1], parts[:, 0]) / (2 * math.pi / 10)
        assert (angle.round().long() % 10 == y).float().mean() > 0.98
    else:
        outwards = [parts[y == k].norm(dim=1).mean().item() for k in range(10)]
        assert outwards == sorted(outwards)


def test_a_table_draws_its_rows_alike_and_has_no_formula():
    rows = torch.tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    torch.manual_seed(0)
    drawn = Rows(rows).sample((3000,))
    assert (drawn[:, 1] == drawn[:, 0] + 1).all()
    assert (drawn[:, 0].long() // 2).bincount(minlength=3).sub(1000).abs().max() < 100
    with pytest.raises(NotImplementedError, match="no formula for log p"):
        Rows(rows).log_prob(rows)
    with pytest.raises(NotImplementedError):
        kl_divergence(gaussian(torch.zeros(2), torch.zeros(2)), prior_named("handwriting", 2))


def test_the_swiss_roll_has_no_formula():
    with pytest.raises(NotImplementedError, match="no formula for log p"):
        SwissRoll().log_prob(torch.zeros(3, 2))
    with pytest.raises(NotImplementedError):
        kl_divergence(gaussian(torch.zeros(2), torch.zeros(2)), SwissRoll())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: prior_named("cauchy", 2), "unknown prior 'cauchy', expected one of: gaussian, mixture, swiss roll"),
        (lambda: prior_named("mixture", 3), "lives in 2 dimensions, got latent_size=3"),
        (lambda: prior_named("swiss roll", 8), "lives in 2 dimensions, got latent_size=8"),
        (lambda: ring_of_gaussians(0), "components is 0"),
        (lambda: SwissRoll(noise=0.0), "noise is 0.0"),
        (lambda: prior_named("handwriting", 8), "lives in 2 dimensions, got latent_size=8"),
        (lambda: Rows(torch.zeros(0, 2)), r"got rows of shape \(0, 2\)"),
    ],
)
def test_refuses_priors_that_are_not_there(make, message):
    with pytest.raises(ValueError, match=message):
        make()
