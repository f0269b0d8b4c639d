"""Diffusion: the way to noise in one go and step by step, the loss of a silent network, drawing, learning, messages."""

import pytest
import torch

from vae_course.models import Diffusion
from vae_course.training import fit


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Diffusion(input_shape=(1, 8, 8), channels=(8, 16), T=100)


def test_noise_added_in_one_go_is_noise_added_step_by_step(model):
    """The mean and the variance of q(x_t|x), one pixel at a time, against the recursion of q(x_t|x_{t−1})."""
    x = torch.rand(1, 1, 8, 8)
    mean, variance = 2 * x - 1, torch.zeros(())
    for t in range(1, model.T + 1):
        beta = 1 - model.alpha_bar[t] / model.alpha_bar[t - 1]
        assert beta.item() == pytest.approx(0.001 + (0.2 - 0.001) * (t - 1) / (model.T - 1), rel=1e-3)
        mean, variance = (1 - beta).sqrt() * mean, (1 - beta) * variance + beta
    at = torch.tensor([model.T])
    torch.testing.assert_close(model.noised(x, at, torch.zeros_like(x)), mean, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(model.noised(x, at, torch.ones_like(x)) - mean, variance.sqrt().expand_as(x), rtol=1e-4, atol=1e-6)
    assert torch.equal(model.noised(x, torch.tensor([0]), torch.ones_like(x)), 2 * x - 1)


def test_a_network_that_says_nothing_pays_one(model):
    with torch.no_grad():
        for parameter in model.network.leave.parameters():
            parameter.zero_()
    assert model.loss(torch.rand(200, 1, 8, 8)).total.item() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("steps", [1, 7, 100])
def test_who_knows_the_noise_finds_the_image(model, steps):
    x, noise = torch.rand(3, 1, 8, 8), torch.randn(3, 1, 8, 8)
    start = model.noised(x, torch.full((3,), model.T), noise)
    with torch.no_grad():
        model.averaged.forward = lambda now, t: (now - model.alpha_bar[t[0]].sqrt() * (2 * x - 1)) / (1 - model.alpha_bar[t[0]]).sqrt()
        torch.testing.assert_close(model.cleaned(start, steps), x, rtol=0, atol=1e-3)


def test_samples_are_images_and_the_noise_decides_them(model):
    drawn = model.sample(5, steps=3)
    assert drawn.shape == (5, 1, 8, 8)
    assert 0 <= drawn.min() <= drawn.max() <= 1
    noise = torch.randn(2, 1, 8, 8)
    assert torch.equal(model.cleaned(noise, 3), model.cleaned(noise, 3))


def test_it_learns_and_draws_nearer_to_the_data(model, blobs):
    def off():
        torch.manual_seed(1)
        return torch.cdist(model.sample(100, steps=10).flatten(1), blobs.train.x.flatten(1)).amin(1).mean().item()

    untrained = off()
    history = fit(model, blobs, epochs=10, batch_size=32, learning_rate=3e-3, seed=0, quiet=True)
    assert history.loss[-1] < 0.8 * history.loss[0]
    assert off() < 0.85 * untrained


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"channels": (8, 12)}, r"channels is \(8, 12\)"),
        ({"input_shape": (1, 9, 8)}, r"input_shape is \(1, 9, 8\)"),
        ({"T": 5}, "T is 5"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Diffusion(**settings)


def test_too_many_steps_are_refused(model):
    with pytest.raises(ValueError, match="steps is 101, expected 1 to 100"):
        model.sample(1, steps=101)
