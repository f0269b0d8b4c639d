"""A decoder as data paints what the model decodes, is renewed when the model is trained on, and is refused where it would not."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from vae_course import Autoencoder, ConditionalVAE, ConvolutionalVAE, fit, pretrained
from vae_course.models import VAE, AdversarialAutoencoder
from vae_course.widgets import LabelAndStyle, LatentPad, LatentSliders
from vae_course.widgets.latents import decoder_of
from vae_course.widgets.programme import known_programme, programme_of

SHAPE = {"input_shape": (1, 8, 8)}
MODELS = {
    "dense": lambda: VAE(**SHAPE, latent_size=3, hidden_sizes=(16, 12)),
    "one layer": lambda: VAE(**SHAPE, latent_size=3, hidden_sizes=()),
    "gaussian": lambda: VAE(**SHAPE, latent_size=3, hidden_sizes=(16,), likelihood="gaussian"),
    "levels of a byte, in colour": lambda: ConvolutionalVAE(input_shape=(3, 12, 10), latent_size=4, channels=(6, 8)),
    "convolutional, odd sides": lambda: ConvolutionalVAE(input_shape=(1, 7, 9), latent_size=2, channels=(4, 5, 6), likelihood="bernoulli"),
    "with labels": lambda: ConditionalVAE(**SHAPE, latent_size=3, classes=4, hidden_sizes=(16,)),
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
    "name", ["vae-mnist-20", "vae-mnist-2", "conditional-vae-mnist-2", "convolutional-vae-colour-sprites", "aae-mnist-mixture-2"]
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
        pretrained("hierarchical-mnist-binary-2", device="cpu"),
        pretrained("recurrent-waves", device="cpu"),
    ],
    ids=["a decode of its own", "another likelihood", "another layer", "levels", "a sequence"],
)
def test_what_it_cannot_paint_is_left_to_the_kernel(model):
    assert programme_of(model) is None


def test_weights_too_large_for_half_precision_are_left_to_the_kernel():
    model = VAE(**SHAPE, latent_size=3, hidden_sizes=(16,))
    with torch.no_grad():
        model.decoder[0].weight[0, 0] = 1e6
    assert programme_of(model) is None


def test_explorers_of_a_model_share_its_numbers(blobs):
    model = VAE(**SHAPE, latent_size=2, hidden_sizes=(16,))
    pad, sliders = LatentPad(model, blobs), LatentSliders(model, blobs)
    assert pad.panel.weights is sliders.panel.weights
    assert pad.panel.weights.key == sliders.panel.programme["key"]
    assert "numbers" not in json.dumps(pad.panel.programme)


def test_a_model_that_is_trained_on_is_painted_as_it_is_then(blobs):
    model = VAE(**SHAPE, latent_size=2, hidden_sizes=(16,))
    explorer = LatentSliders(model, blobs)
    before = explorer.panel.weights
    fit(model, blobs, epochs=1, quiet=True, device="cpu")
    explorer.set(z0=1.0)
    assert explorer.panel.weights is not before
    programme, weights = known_programme(model)
    assert explorer.panel.programme["key"] == weights.key == programme.key
    assert furthest(programme, model) < 1 / 255


def test_a_function_of_ones_own_is_left_to_the_kernel(blobs):
    model = VAE(**SHAPE, latent_size=2, hidden_sizes=(16,))
    for explorer in (
        LatentSliders(model, blobs, decode=lambda z: model.decode(z).mean),
        LatentPad(model, blobs, decode=lambda z: model.decode(z).mean),
    ):
        assert explorer.panel.programme == {}
        assert explorer.panel.weights is None
        assert "z" not in explorer.panel.frame


def as_the_browser_would(explorer) -> torch.Tensor:
    """The picture where the frame says that z is."""
    programme, _ = known_programme(explorer.model)
    return programme.run(torch.tensor([explorer.panel.frame["z"]]), explorer.panel.frame["label"])[0]


def test_the_frame_says_where_z_is(blobs):
    torch.manual_seed(0)
    model = ConditionalVAE(**SHAPE, latent_size=3, classes=4, hidden_sizes=(16,))
    sliders, style = LatentSliders(model, blobs, y=1), LabelAndStyle(model, blobs)
    for explorer, label in ((sliders, 1), (style, 2)):
        name = next(name for name in explorer.controls if name.startswith("z"))
        explorer.press("random").set(**{name: 1.5}, **({"label": str(style.labels[2])} if explorer is style else {}))
        assert explorer.panel.frame["label"] == label
        place = explorer.panel.programme["reads"][name]
        assert explorer.panel.frame["z"][place[0]] == pytest.approx(1.5)
        decoded = decoder_of(model, y=label)(explorer.z.unsqueeze(0))[0]
        assert (as_the_browser_would(explorer) - decoded).abs().max() < 1 / 255
        option = next(iter(explorer.panel.programme["starts"]["image"]))
        explorer.set(image=option)
        assert explorer.panel.frame["z"] == explorer.panel.programme["starts"]["image"][option]


def test_the_pad_reads_its_point(blobs):
    pad = LatentPad(VAE(**SHAPE, latent_size=2, hidden_sizes=(16,)), blobs, limit=3.0)
    pad.set(point=(0.5, -1.0))
    assert pad.panel.frame["z"] == [0.5, -1.0]
    assert pad.panel.programme["reads"] == {"point": [0, 1]}
