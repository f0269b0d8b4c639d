"""Mutual information of codes against cases whose value is known."""

import math

import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from vae_course.evaluation import active_units, code_information, evaluate
from vae_course.objectives import gaussian


class Codes:
    """A model with an encoder alone: example i has the i-th mean and σ."""

    latent_size = 1
    device = torch.device("cpu")
    training = False

    def __init__(self, means, sigma=1.0):
        self.means, self.sigma = torch.as_tensor(means, dtype=torch.float64).view(-1, 1), sigma

    def train(self, mode=True):
        return self

    def eval(self):
        return self

    def encode(self, x, y=None):
        mu = self.means[x.flatten().long()]
        return gaussian(mu, torch.full_like(mu, 2 * math.log(self.sigma)))

    @property
    def prior(self):
        return gaussian(torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64))


def examples(n):
    return torch.arange(n, dtype=torch.float64).view(n, 1)


def test_two_posteriors_have_the_information_that_quadrature_gives():
    def integrand(z):
        own, both = norm.pdf(z, 1), (norm.pdf(z, 1) + norm.pdf(z, -1)) / 2
        return own * math.log(own / both)

    exact = quad(integrand, -8, 10)[0]
    found = code_information(Codes([-1.0, 1.0]), examples(2), draws=20_000)
    assert found.information == pytest.approx(exact, abs=0.01)
    assert found.kl == pytest.approx(0.5)
    assert found.kl == pytest.approx(found.information + found.marginal_kl)


def test_the_marginal_kl_is_that_of_the_mixture():
    def integrand(z):
        both = (norm.pdf(z, 2, 0.5) + norm.pdf(z, -2, 0.5)) / 2
        return both * (math.log(both) - norm.logpdf(z))

    exact = quad(integrand, -8, 8)[0]
    assert code_information(Codes([-2.0, 2.0], 0.5), examples(2), draws=20_000).marginal_kl == pytest.approx(exact, abs=0.02)


def test_equal_posteriors_tell_nothing_and_far_ones_all():
    same, apart = (code_information(Codes(means), examples(32)) for means in (torch.full((32,), 0.7), 100.0 * torch.arange(32)))
    assert same.information == pytest.approx(0, abs=1e-9)
    assert same.marginal_kl == pytest.approx(0.5 * 0.7**2)
    assert apart.information == pytest.approx(math.log(32))


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_pieces_give_what_the_whole_gives(small_vae, blobs, batch_size):
    whole, pieces = (code_information(small_vae, blobs, batch_size=size) for size in (200, batch_size))
    assert pieces.information == pytest.approx(whole.information, abs=1e-6)


def test_it_is_at_most_log_n_and_its_kl_is_that_of_the_bound(small_vae, blobs):
    small_vae.train()
    after = torch.get_rng_state()
    found = code_information(small_vae, blobs, draws=3)
    assert found.information <= math.log(len(blobs.test)) + 1e-6
    assert found.kl == pytest.approx(evaluate(small_vae, blobs)["kl"], rel=1e-4)
    assert small_vae.training
    assert torch.equal(after, torch.get_rng_state())


def test_a_collapsed_encoder_has_none(small_vae, blobs):
    with torch.no_grad():
        small_vae.encoder[-1].weight.zero_()
        small_vae.encoder[-1].bias.zero_()
    assert code_information(small_vae, blobs).information == pytest.approx(0, abs=1e-6)
    assert not active_units(small_vae, blobs).any()


def test_no_draws_are_refused(small_vae, blobs):
    with pytest.raises(ValueError, match="draws is 0, expected at least one"):
        code_information(small_vae, blobs, draws=0)
