"""From controls to a picture, as data: what is painted from it is what the models decode, for every explorer that has a scene."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import torch

from tests.explorers import EXPLORERS, anywhere
from tests.kinds import KINDS
from vae_course import fit
from vae_course.models import VAE
from vae_course.widgets import Explorer, LatentPad, LatentSliders
from vae_course.widgets.explorer import Slider
from vae_course.widgets.programme import known_programme
from vae_course.widgets.scene import Put, Scene, Take, Tile

SHAPE = {"input_shape": (1, 8, 8)}
# Each says in its own file what it has instead.
OTHERS = {"DrawYourOwn", "PosteriorGap", "StoryRewriter", "Trick", "TuneMixer", "TwoGaussians"}
SCENES = [name for name in EXPLORERS if name not in OTHERS]


def made(name: str, blobs):
    return EXPLORERS[name](lambda kind: KINDS[kind]().eval(), blobs)


@pytest.mark.parametrize("name", EXPLORERS)
def test_what_is_painted_is_what_the_models_decode(name, blobs):
    explorer, chance = made(name, blobs), random.Random(0)
    if explorer.painted() is None:
        assert name in OTHERS
        return
    assert explorer.panel.programme != {}
    json.dumps(explorer.panel.programme)
    pictures = []
    for _ in range(20):
        explorer.set(**anywhere(explorer, chance))
        if explorer.buttons and chance.random() < 0.3:
            explorer.press(chance.choice(list(explorer.buttons)))
        pictures.append(np.asarray(explorer.draw()).astype(int))
        assert np.abs(pictures[-1] - np.asarray(explorer.painted())).max() <= 1
    assert any((pictures[0] != picture).any() for picture in pictures[1:])


@pytest.mark.parametrize("name", SCENES)
def test_the_first_picture_is_an_example_and_not_the_middle_of_the_prior(name, blobs):
    explorer = made(name, blobs)
    for tile, (z, _) in zip(explorer._scene.tiles, explorer.shown(), strict=True):
        assert tile.model is None or z.abs().max() > 0.01


def test_a_scene_is_told_with_numbers_that_every_explorer_of_a_model_shares(blobs):
    model = VAE(**SHAPE, latent_size=2, hidden_sizes=(16,))
    pad, sliders = LatentPad(model, blobs), LatentSliders(model, blobs)
    assert pad.panel.weights[0] is sliders.panel.weights[0]
    assert pad.panel.weights[0].key == sliders.panel.programme["models"][0]["key"]
    assert sliders.panel.weights[1].key == sliders.panel.programme["tables"]
    assert len(json.dumps(pad.panel.programme)) < 2000
    assert sliders.panel._trait_values.keys() & {"numbers"} == set()


def test_a_model_that_is_trained_on_is_painted_as_it_is_then(blobs):
    model = VAE(**SHAPE, latent_size=2, hidden_sizes=(16,))
    explorer = LatentSliders(model, blobs)
    before = explorer.panel.weights
    fit(model, blobs, epochs=1, quiet=True, device="cpu")
    explorer.set(z1=1.0)
    assert explorer.panel.weights[0] is not before[0]
    assert explorer.panel.weights[1] is before[1], "where its images start is as it was"
    programme, weights = known_programme(model)
    assert explorer.panel.programme["models"][0]["key"] == weights.key == programme.key
    assert np.abs(np.asarray(explorer.draw()).astype(int) - np.asarray(explorer.painted())).max() <= 1


def test_a_function_of_ones_own_is_left_to_the_kernel(blobs):
    model = VAE(**SHAPE, latent_size=2, hidden_sizes=(16,))
    for kind in (LatentSliders, LatentPad):
        explorer = kind(model, blobs, decode=lambda z: model.decode(z).mean)
        assert explorer.panel.programme == {}
        assert explorer.panel.weights == []
        assert explorer.painted() is None
        assert "base" not in explorer.panel.frame


def test_followers_go_where_the_row_has_them_and_what_is_moved_with_it_comes_after(blobs):
    explorer = LatentSliders(VAE(**SHAPE, latent_size=3, hidden_sizes=(16,)), blobs)
    explorer.set(image="a", z2=1.5)
    wanted = explorer.starts["a"].tolist()
    assert explorer.values["z2"] == 1.5
    assert explorer.values["z1"] == pytest.approx(wanted[0])
    assert explorer.z.tolist() == pytest.approx([wanted[0], 1.5, wanted[2]])


def test_a_press_makes_the_next_row_the_base_and_tells_the_page_how_many_there_were(blobs):
    explorer = LatentSliders(VAE(**SHAPE, latent_size=3, hidden_sizes=(16,)), blobs)
    rows = explorer._scene.draws["random"]
    for number in (0, 1):
        explorer.press("random")
        assert torch.equal(explorer.z, rows[number])
        assert explorer.panel.frame["base"] == rows[number].tolist()
        assert explorer.panel.frame["pressed"]["random"] == number + 1
    # What the page says of moves and of a press goes in that order.
    before = explorer.panel.frame["number"]
    explorer.panel._handle_custom_msg({"values": {"z1": 0.5}, "press": "start", "answer": {"view": "page", "number": 1}}, [])
    assert torch.equal(explorer.z, explorer.origin)
    assert explorer.panel.frame["number"] == before + 1, "one answer to one message"


def test_a_tile_without_a_z_is_named():
    with pytest.raises(ValueError, match="give the scene a base, or let the tile take a row first"):
        list(Scene((Tile((Put("a", (0,)),), (1, 2, 2)),)).shown({"a": 1.0}, {"a": 0}, None))


# A new explorer of this kind is one file. This is one, as the package's docstring says how.


class Prototypes(Explorer):
    """Between a model's codes of two of its images, with a slider; the first image is shown beside."""

    title = "Prototypes"
    in_pixels = True

    def __init__(self, model: VAE, images: torch.Tensor) -> None:
        with torch.no_grad():
            z = model.encode(images).mean
        self.model, self.between = model, torch.lerp(z[:1], z[1:], torch.linspace(0, 1, 11).unsqueeze(1))
        super().__init__([Slider("share", "how far", 0.0, 1.0, 0.0, 0.1), Slider("z1", "z₁", -3.0, 3.0, float(z[0, 0]), 0.1)])

    def scene(self) -> Scene:
        z = (Take(self.between, ("share",)), Put("z1", (0,), follows=True))
        return Scene((Tile(z, self.model.input_shape, self.model),))

    def alt(self) -> str:
        return f"The image decoded {self.values['share']:.0%} of the way."

    def sheet(self):
        return self.draw()

    def sheet_alt(self) -> str:
        return self.alt()


def test_an_explorer_in_one_file_is_drawn_painted_and_moved(blobs):
    model = VAE(**SHAPE, latent_size=3, hidden_sizes=(16,))
    explorer = Prototypes(model, blobs.test.x[:2])
    explorer.set(share=0.3)
    torch.testing.assert_close(explorer.shown()[0][0], explorer.between[3])
    explorer.set(z1=2.0)
    with torch.no_grad():
        wanted = model.decode(torch.cat([torch.tensor([2.0]), explorer.between[3, 1:]])).mean[0]
    for picture in (explorer.draw(), explorer.painted()):
        assert np.abs(np.asarray(picture) - 255 * wanted.numpy()).max() <= 1
    assert explorer.sweep().still().alt == "The image decoded 0% of the way."
