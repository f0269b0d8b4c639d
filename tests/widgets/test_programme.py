"""A decoder as data paints what the model decodes, is renewed when the model is trained on, and is refused where it would not."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from vae_course import Autoencoder, ConditionalVAE, ConvolutionalVAE, pretrained
from vae_course.models import VAE, AdversarialAutoencoder, HierarchicalVAE
from vae_course.widgets.latents import decoder_of
from vae_course.widgets.programme import programme_of

SHAPE = {"input_shape": (1, 8, 8)}
MODELS = {
    "dense": lambda: VAE(**SHAPE, latent_size=3, hidden_sizes=(16, 12)),
    "one layer": lambda: VAE(**SHAPE, latent_size=3, hidden_sizes=()),
    "gaussian": lambda: VAE(**SHAPE, latent_size=3, hidden_sizes=(16,), likelihood="gaussian"),
    "levels of a byte, in colour": lambda: ConvolutionalVAE(input_shape=(3, 12, 10), latent_size=4, channels=(6, 8)),
    "convolutional, odd sides": lambda: ConvolutionalVAE(input_shape=(1, 7, 9), latent_size=2, channels=(4, 5, 6), likelihood="bernoulli"),
    "with labels": lambda: ConditionalVAE(**SHAPE, latent_size=3, classes=4, hidden_sizes=(16,)),
    "levels": lambda: HierarchicalVAE(**SHAPE, latent_sizes=(3, 2), hidden_sizes=(12, 8)),
    "autoencoder": lambda: Autoencoder(**SHAPE, latent_size=3, hidden_sizes=(16,)),
    "adversarial": lambda: AdversarialAutoencoder(**SHAPE, latent_size=3, hidden_sizes=(16,)),
    "tanh": lambda: VAE(**SHAPE, latent_size=2, decoder=nn.Sequential(nn.Linear(2, 9), nn.Tanh(), nn.Linear(9, 64)), hidden_sizes=(8,)),
}


def furthest(programme, model) -> float:
    """The largest difference of a pixel over 50 draws twice as wide as the prior, and over the classes."""
    z = 2 * torch.randn(50, model.latent_size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return max(
            (programme.run(z, label) - decoder_of(model, y=label)(z)).abs().max().item()
            for label in range(getattr(model, "classes", 0)) or [None]
        )


@pytest.mark.parametrize("name", MODELS)
def test_it_paints_what_the_model_decodes(name):
    model = MODELS[name]().eval()
    programme = programme_of(model)
    assert programme is not None
    assert furthest(programme, model) < 1 / 255
    json.dumps(programme.steps)


@pytest.mark.parametrize(
    "name",
    [
        "vae-mnist-20",
        "vae-mnist-2",
        "dense-conditional-vae-mnist-2",
        "two-levels-ladder-mnist-binary",
        "colour-sprites-32-seed-0",
        "adversarial-mnist-mixture-2",
    ],
)
def test_it_paints_what_a_stored_model_decodes(name):
    model = pretrained(name, device="cpu")
    assert furthest(programme_of(model), model) < 1e-4, "its weights are stored in the programme's own precision"


class Doubled(VAE):
    def decode(self, z, y=None):
        return super().decode(2 * z, y)


class Norm(nn.LayerNorm):
    pass


@pytest.mark.parametrize(
    "model",
    [
        Doubled(**SHAPE, latent_size=3, hidden_sizes=(16,)),
        VAE(**SHAPE, latent_size=3, hidden_sizes=(16,), likelihood="continuous bernoulli"),
        VAE(**SHAPE, latent_size=3, decoder=nn.Sequential(nn.Linear(3, 16), Norm(16), nn.Linear(16, 64))),
        pretrained("recurrent-waves", device="cpu"),
    ],
    ids=["a decode of its own", "another likelihood", "another layer", "a sequence"],
)
def test_what_it_cannot_paint_is_left_to_the_kernel(model):
    assert programme_of(model) is None


def test_weights_too_large_for_half_precision_are_left_to_the_kernel():
    model = VAE(**SHAPE, latent_size=3, hidden_sizes=(16,))
    with torch.no_grad():
        model.decoder[0].weight[0, 0] = 1e6
    assert programme_of(model) is None
