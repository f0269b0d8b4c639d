"""The course on a GPU, unchanged: every model trains there, and what is measured and shown comes back. Skipped where there is none.

The rest of the suite computes on the CPU, wherever it runs (conftest.py).
"""

from __future__ import annotations

import pytest
import torch

from tests.explorers import EXPLORERS
from tests.kinds import KINDS
from vae_course import checkpoints, models, widgets
from vae_course.data import halves, load
from vae_course.evaluation import (
    active_units,
    anomaly_scores,
    code_information,
    evaluate,
    fill_by_gibbs,
    fill_by_optimisation,
    kl_per_dimension,
    negative_log_likelihood,
    posterior_means,
    posterior_on_grid,
    sample_quality,
    seen_beside,
)
from vae_course.training import fit

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")

WITH_ELBO = ("VAE", "Gaussian VAE", "conditional VAE", "convolutional VAE", "ladder", "naive stack")


@pytest.fixture(autouse=True)
def _on_the_gpu(monkeypatch):
    monkeypatch.setenv("VAE_COURSE_DEVICE", "cuda")


@pytest.fixture
def trained(blobs):
    """A function that trains a model of some kind for an epoch, left where `fit` put it."""

    def make(kind: str):
        model = KINDS[kind]()
        fit(model, blobs, epochs=1, seed=0, quiet=True)
        assert model.device.type == "cuda"
        return model

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_model_trains_and_its_loss_lies_there(trained, blobs, kind, tmp_path):
    model = trained(kind)
    x, y = blobs.test.x[:8].to(model.device), blobs.test.y[:8].to(model.device)
    loss = model.loss(x, y).total
    assert loss.device == model.device
    assert loss.isfinite()
    checkpoints.save(model, tmp_path / "some.safetensors", recipe={}, metrics={})
    assert checkpoints.load(tmp_path / "some.safetensors").device == model.device


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("classifier", "autoencoder", "denoising autoencoder")])
def test_samples_lie_there(trained, kind):
    model = trained(kind).eval()
    if isinstance(model, models.ConditionalVAE | models.SemiSupervisedAdversarialAutoencoder):
        images = model.sample(4, torch.tensor([0, 1, 2, 3], device=model.device))
    else:
        images = model.sample(4)
    assert images.device == model.device
    assert images.shape == (4, 1, 8, 8)


@pytest.mark.parametrize("kind", WITH_ELBO)
def test_figures_are_those_of_the_cpu(trained, blobs, kind):
    there = trained(kind)
    here = KINDS[kind]()
    here.load_state_dict({name: value.cpu() for name, value in there.state_dict().items()})
    torch.testing.assert_close(posterior_means(there, blobs), posterior_means(here, blobs), atol=1e-3, rtol=1e-3)
    assert evaluate(there, blobs)["elbo"] == pytest.approx(evaluate(here, blobs)["elbo"], rel=0.02)
    # Draws differ from device to device, so these agree up to chance.
    bounds = [negative_log_likelihood(model, blobs.test, k=200, quiet=True).mean().item() for model in (there, here)]
    assert bounds[0] == pytest.approx(bounds[1], rel=0.02)


def test_what_codes_carry_is_measured(trained, blobs):
    model = trained("VAE")
    assert kl_per_dimension(model, blobs).cpu().shape == (2,)
    assert active_units(model, blobs).cpu().shape == (2,)
    assert code_information(model, blobs).information >= 0
    assert {scores.shape for scores in anomaly_scores(model, blobs, k=4).values()} == {(64,)}
    posterior_on_grid(model, blobs.test.x[:2], points=21)
    assert sample_quality(trained("classifier"), model.sample(40), blobs.test.x).frechet >= 0


def test_missing_pixels_are_filled(trained, blobs):
    model, x, seen = trained("VAE"), blobs.test.x[:4], seen_beside("lower half", (1, 8, 8))
    for filled in (fill_by_optimisation(model, x, seen, steps=3), fill_by_gibbs(model, x, seen, chains=2, rounds=3)):
        assert torch.equal(filled.cpu()[:, :, :, :4], x[:, :, :4].expand(len(filled), -1, -1, -1, -1))


def test_a_recurrent_model_writes_series():
    data = load("waves").subset(train=64, test=16)
    model = models.RecurrentVAE(input_shape=data.input_shape, latent_size=3, hidden_size=8, likelihood="gaussian")
    fit(model, data, epochs=1, seed=0, quiet=True)
    assert model.sample(3).device.type == "cuda"
    assert evaluate(model, data)["kl"] >= 0


def test_a_handwriting_model_writes_strokes():
    data = load("strokes").subset(train=64, test=16)
    model = models.HandwritingVAE(latent_size=3, hidden_size=8, components=3)
    fit(model, data, epochs=1, seed=0, quiet=True)
    assert model.sample(3).device.type == "cuda"
    assert model.decode(model.prior.sample((2,))).sample(temperature=0.5).device.type == "cuda"
    assert evaluate(model, data)["kl"] >= 0


def test_a_model_draws_the_other_half(blobs):
    data, half = halves(blobs), {"input_shape": (1, 8, 4), "condition_shape": (1, 8, 4), "hidden_sizes": (16,)}
    model, rival = models.ImageConditionalVAE(latent_size=2, **half), models.ImageRegression(**half)
    for one in (model, rival):
        fit(one, data, epochs=1, seed=0, quiet=True)
    assert model.sample(3, data.test.y[0]).device.type == rival.answer(data.test.y[:3]).device.type == "cuda"
    assert evaluate(model, data)["kl"] >= 0


@pytest.mark.parametrize("kind", EXPLORERS)
def test_explorers_move(trained, blobs, kind):
    EXPLORERS[kind](trained, blobs).sweep()


def test_a_live_view_is_drawn_and_changes_nothing(trained, blobs):
    with_view, without = (models.VAE(input_shape=(1, 8, 8), latent_size=2, hidden_sizes=(16,)) for _ in range(2))
    without.load_state_dict(with_view.state_dict())
    view = widgets.LiveTraining(blobs.test)
    fit(with_view, blobs, epochs=2, seed=0, on_epoch=view, quiet=True)
    fit(without, blobs, epochs=2, seed=0, quiet=True)
    assert view.still().png
    assert all(torch.equal(one, other) for one, other in zip(with_view.parameters(), without.parameters(), strict=True))


def test_training_goes_on_where_it_stopped(trained, blobs):
    model = trained("VAE")
    before = evaluate(model, blobs)["elbo"]
    fit(model.cpu(), blobs, epochs=5, seed=0, quiet=True)
    assert model.device.type == "cuda"
    assert evaluate(model, blobs)["elbo"] > before
