"""Free bits: a KL that costs nothing below the allowance, dimension by dimension, and never shows in the reported KL."""

import pytest
import torch
from torch.distributions import kl_divergence

from vae_course.evaluation import evaluate
from vae_course.models import VAE
from vae_course.training import fit


def vae(**settings) -> VAE:
    torch.manual_seed(1)
    return VAE(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,), **settings)


def loss_of(model: VAE, x):
    torch.manual_seed(2)
    return model.loss(x)


def test_none_is_the_plain_objective(blobs):
    x = blobs.train.x[:32]
    loss = loss_of(vae(beta=4.0), x)
    torch.testing.assert_close(loss.total, loss.reconstruction + 4 * loss.kl)
    model = vae()
    torch.testing.assert_close(loss.kl, kl_divergence(model.encode(x), model.prior).mean())


def test_each_dimension_counts_at_least_the_allowance(blobs):
    x = blobs.train.x[:32]
    model = vae(beta=2.0, free_bits=0.025)
    kl = kl_divergence(model.encode(x).base_dist, model.prior.base_dist).mean(0)
    assert (kl < 0.025).any()
    assert (kl > 0.025).any(), "both cases must be there for the test to tell"
    loss = loss_of(model, x)
    torch.testing.assert_close(loss.kl, kl.sum())
    torch.testing.assert_close(loss.total, loss.reconstruction + 2 * kl.clamp_min(0.025).sum())


def test_an_allowance_that_none_reaches_takes_the_kls_gradient_away(blobs):
    x = blobs.train.x[:32]
    with_allowance, without = vae(free_bits=100.0), vae(beta=0.0)
    loss_of(with_allowance, x).total.backward()
    loss_of(without, x).total.backward()
    for one, other in zip(with_allowance.parameters(), without.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_the_average_over_the_batch_counts_and_not_each_example(blobs):
    """An image whose own KL lies below the allowance is not raised to it when the batch's average lies above."""
    x = blobs.train.x[:32]
    own = kl_divergence(vae().encode(x).base_dist, vae().prior.base_dist)
    allowance = own.mean(0).min().item() * 0.99
    assert (own < allowance).any()
    loss = loss_of(vae(free_bits=allowance), x)
    torch.testing.assert_close(loss.total, loss.reconstruction + loss.kl)


def test_a_trained_model_keeps_about_what_it_may_have_for_nothing(blobs):
    settings = {"epochs": 15, "batch_size": 32, "learning_rate": 3e-3, "seed": 0, "quiet": True}
    plain, free = vae(beta=50.0), vae(beta=50.0, free_bits=0.3)
    fit(plain, blobs, **settings)
    fit(free, blobs, **settings)
    assert evaluate(plain, blobs)["kl"] < 0.1
    assert 0.3 < evaluate(free, blobs)["kl"] < 1.0, "three dimensions have 0.3 each for nothing; a decoder need not use all"


def test_it_is_part_of_the_recipe_and_is_checked():
    assert VAE(**vae(free_bits=0.25).config).free_bits == 0.25
    with pytest.raises(ValueError, match="free_bits is -1, expected a KL per latent dimension of at least 0 nats"):
        vae(free_bits=-1)


def test_annealing_is_a_matter_of_on_epoch(blobs):
    """β may be set between epochs; the loop has no line about it."""
    seen = []

    def warm_up(model, history):
        seen.append(history.loss[-1] - history.reconstruction[-1] - model.beta * history.kl[-1])
        model.beta = len(history) / 3

    model = vae(beta=0.0)
    fit(model, blobs, epochs=3, on_epoch=warm_up, quiet=True)
    assert seen == pytest.approx([0, 0, 0], abs=1e-3)
    assert model.beta == 1
