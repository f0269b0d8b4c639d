"""The GAN: objectives written out, each player's gradient on its own parameters, a game that learns, messages."""

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from vae_course.models import GAN
from vae_course.training import fit


@pytest.fixture
def model():
    return GAN(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))


@pytest.fixture
def x():
    return torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def test_samples_are_images(model):
    drawn = model.sample(5)
    assert drawn.shape == (5, 1, 8, 8)
    assert 0 <= drawn.min() <= drawn.max() <= 1


def test_the_losses_are_cross_entropies(model, x):
    torch.manual_seed(2)
    z = model.prior.sample((6,))
    real, made = model.discriminate(x), model.discriminate(model.generate(z))
    torch.manual_seed(2)
    expected = binary_cross_entropy_with_logits(real, torch.ones(6)) + binary_cross_entropy_with_logits(made, torch.zeros(6))
    torch.testing.assert_close(model.discriminator_loss(x), expected)
    torch.manual_seed(2)
    torch.testing.assert_close(model.generator_loss(6), binary_cross_entropy_with_logits(made, torch.ones(6)))


def test_a_discriminator_that_guesses_costs_log_2_each_way(model, x):
    with torch.no_grad():
        for parameter in model.discriminator[-1].parameters():
            parameter.zero_()
    terms = model.loss(x)
    assert terms.discriminator.item() == pytest.approx(2 * math.log(2), rel=1e-6)
    assert terms.generator.item() == pytest.approx(math.log(2), rel=1e-6)


@pytest.mark.parametrize(("player", "other"), [("discriminator", "generator"), ("generator", "discriminator")])
def test_each_players_gradient_touches_its_own_parameters(model, x, player, other):
    loss = model.discriminator_loss(x) if player == "discriminator" else model.generator_loss(6)
    loss.backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in getattr(model, player).parameters())
    assert all(parameter.grad is None for parameter in getattr(model, other).parameters())


def test_a_step_moves_both_players(model, x):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.training_step(x, None, model.optimizer(1e-3))
    assert all(not torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_game_brings_samples_nearer_to_the_data(blobs):
    torch.manual_seed(0)
    model = GAN(input_shape=(1, 8, 8), latent_size=4, hidden_sizes=(64,))

    def off():
        torch.manual_seed(1)
        return torch.cdist(model.sample(200).flatten(1), blobs.train.x.flatten(1)).amin(1).mean().item()

    untrained = off()
    fit(model, blobs, epochs=60, batch_size=64, seed=0, quiet=True)
    assert off() < 0.6 * untrained


@pytest.mark.parametrize(
    ("settings", "message"), [({"latent_size": 0}, "latent_size is 0"), ({"discriminator_rate": -1.0}, "discriminator_rate is -1.0")]
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        GAN(**settings)


def test_latents_of_another_size_are_refused(model):
    with pytest.raises(ValueError, match=r"expected latents of shape \(n, 3\), got \(2, 4\)"):
        model.generate(torch.zeros(2, 4))
