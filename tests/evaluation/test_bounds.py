"""Test figures against the exact linear-Gaussian model and against what they must not depend on."""

import math

import pytest
import torch

from vae_course.data import Split
from vae_course.evaluation import (
    active_units,
    bits_per_dimension,
    bounds,
    evaluate,
    kl_per_dimension,
    negative_log_likelihood,
    posterior_means,
)
from vae_course.models import VAE
from vae_course.objectives import importance_weighted_bound
from vae_course.training import fit


def test_elbo_is_minus_its_two_terms_and_below_log_p(linear_gaussian):
    model = linear_gaussian(slack=0.5)
    x = model.draw(4000)
    figures = evaluate(model, x)
    assert figures["elbo"] == pytest.approx(-(figures["reconstruction"] + figures["kl"]))
    assert figures["elbo"] < model.log_evidence(x).mean().item()


def test_negative_log_likelihood_reaches_the_exact_value(linear_gaussian):
    model = linear_gaussian(slack=0.5)
    x = model.draw(50)
    exact = -model.log_evidence(x).mean().item()
    one, many = (negative_log_likelihood(model, x, k=k, quiet=True).mean().item() for k in (1, 5000))
    assert many == pytest.approx(exact, abs=0.01)
    assert one > many


@pytest.mark.parametrize("at_once", [1, 7, 64, 100_000])
def test_pieces_give_what_the_whole_gives(linear_gaussian, monkeypatch, at_once):
    """With the exact posterior every weight is log p(x), so any cut into pieces must return it exactly."""
    model = linear_gaussian()
    x = model.draw(9)
    monkeypatch.setattr(bounds, "DECODED_AT_ONCE", at_once)
    torch.testing.assert_close(-negative_log_likelihood(model, x, k=20, quiet=True), model.log_evidence(x).float())


def test_never_decodes_more_at_once_than_it_says(small_vae, blobs, monkeypatch):
    monkeypatch.setattr(bounds, "DECODED_AT_ONCE", 50)
    decoded, original = [], small_vae.decode
    monkeypatch.setattr(small_vae, "decode", lambda z, y=None: decoded.append(z.shape[:-1].numel()) or original(z))
    negative_log_likelihood(small_vae, blobs.test.x[:6], k=120, quiet=True)
    assert max(decoded) <= 50
    assert sum(decoded) == 6 * 120


def test_pieces_agree_with_the_formula_on_a_vae(small_vae, blobs):
    x = blobs.test.x[:4]
    torch.manual_seed(0)
    formula = importance_weighted_bound(small_vae, x, k=3000).mean().item()
    assert -negative_log_likelihood(small_vae, x, k=3000, quiet=True).mean().item() == pytest.approx(formula, abs=0.05)


def test_networks_in_half_precision_move_it_by_next_to_nothing(blobs):
    model = VAE(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(64,))
    fit(model, blobs, epochs=20, learning_rate=3e-3, quiet=True)
    whole = negative_log_likelihood(model, blobs, k=200, quiet=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = negative_log_likelihood(model, blobs, k=200, quiet=True)
    assert half.dtype == whole.dtype
    assert not torch.equal(half, whole), "in bfloat16 nothing comes out the same to the last digit"
    assert half.mean().item() == pytest.approx(whole.mean().item(), abs=0.02)


def test_figures_do_not_depend_on_the_batch_the_mode_or_the_callers_seed(small_vae, blobs):
    small_vae.train()
    torch.manual_seed(1)
    first = negative_log_likelihood(small_vae, blobs, k=3, quiet=True)
    torch.manual_seed(2)
    after = torch.get_rng_state()
    assert torch.equal(first, negative_log_likelihood(small_vae, blobs, k=3, quiet=True))
    assert torch.equal(after, torch.get_rng_state())
    assert small_vae.training
    kl = [evaluate(small_vae, blobs, batch_size=size)["kl"] for size in (5, 64)]
    assert kl[0] == pytest.approx(kl[1], rel=1e-5)


def test_no_samples_are_refused(small_vae, blobs):
    with pytest.raises(ValueError, match="k is 0, expected at least one"):
        negative_log_likelihood(small_vae, blobs, k=0, quiet=True)


def test_kl_per_dimension_adds_up_and_active_units_are_those_that_move(blobs):
    model = VAE(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))
    with torch.no_grad():
        last = model.encoder[-1]
        last.weight[1].zero_()
        last.bias[1] = 0.5
        last.weight[0] *= 10
    assert kl_per_dimension(model, blobs).sum().item() == pytest.approx(evaluate(model, blobs)["kl"], rel=1e-4)
    assert posterior_means(model, blobs).shape == (64, 3)
    active = active_units(model, blobs)
    assert active[0]
    assert not active[1]


def test_a_split_and_its_tensor_give_the_same(small_vae, blobs):
    assert evaluate(small_vae, blobs.test) == evaluate(small_vae, Split(blobs.test.x, blobs.test.y)) == evaluate(small_vae, blobs)


@pytest.mark.parametrize("dimensions", [1, 12, 3072])
def test_a_uniform_choice_among_256_levels_costs_eight_bits_a_dimension(dimensions):
    nats = dimensions * math.log(256)
    assert bits_per_dimension(nats, dimensions) == pytest.approx(8)
    batch = torch.tensor([nats, nats / 2, 0.0], dtype=torch.float64)
    torch.testing.assert_close(bits_per_dimension(batch, dimensions), torch.tensor([8.0, 4.0, 0.0], dtype=torch.float64))


def test_bits_of_nothing_are_refused():
    with pytest.raises(ValueError, match="dimensions is 0, expected at least 1"):
        bits_per_dimension(1.0, 0)
