"""The level resampler: the row is what the model's prior gives for one level, seeded, with the levels above held."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from vae_course.models import VAE, HierarchicalVAE
from vae_course.widgets import LevelResampler
from vae_course.widgets.levels import spread


@pytest.fixture
def model() -> HierarchicalVAE:
    torch.manual_seed(1)
    model = HierarchicalVAE(input_shape=(1, 8, 8), latent_sizes=(4, 3, 2), hidden_sizes=(16, 12, 8))
    with torch.no_grad():  # far from its start, where every level says next to nothing about the one below
        for parameter in model.parameters():
            parameter.mul_(2)
    return model


@pytest.fixture
def explorer(model, blobs) -> LevelResampler:
    return LevelResampler(model, blobs, draws=5)


def drawn_by_hand(model, x, level: int, seed: int, n: int) -> torch.Tensor:
    """The row, from the model's networks: the means above, one draw, the means below."""
    with torch.no_grad():
        z = list(model.levels(model.encode(x.unsqueeze(0)).mean.expand(n, -1)))
        torch.manual_seed(seed)
        for index in range(level - 1, -1, -1):
            if index == model.depth - 1:
                mu, sigma = torch.zeros(n, model.latent_sizes[index]), torch.ones(())
            else:
                mu, log_var = model.top_down[index](z[index + 1]).chunk(2, -1)
                sigma = (0.5 * log_var).exp()
            z[index] = mu + sigma * torch.randn_like(mu) if index == level - 1 else mu
        return model.decode(torch.cat(z, -1)).mean


@pytest.mark.parametrize("level", [1, 2, 3])
def test_shows_draws_of_the_level_with_those_above_held(explorer, model, blobs, level):
    explorer.set(level=str(level), image="c", draw=7)
    first = int((blobs.test.y == 2).nonzero()[0])
    torch.testing.assert_close(explorer.drawn, drawn_by_hand(model, blobs.test.x[first], level, 7, 5), atol=1e-5, rtol=1e-5)


def test_the_picture_holds_image_reconstruction_and_row(explorer, model, blobs):
    explorer.set(image="b", level="2", draw=3)
    shown = np.asarray(Image.open(io.BytesIO(explorer.png)).convert("L")).astype(float) / 255
    first = int((blobs.test.y == 1).nonzero()[0])
    again = model.reconstruct(blobs.test.x[first : first + 1])
    for image in (blobs.test.x[first], again[0], *explorer.drawn):
        tile = np.kron((image[0] * 255).round().numpy() / 255, np.ones((14, 14)))  # 8 pixels, 56 on screen, twice as many drawn
        places = np.lib.stride_tricks.sliding_window_view(shown, tile.shape)[::1, ::1]
        assert np.abs(places[..., ::14, ::14] - tile[::14, ::14]).max((-1, -2)).min() < 1 / 255


def test_same_number_same_row_and_the_callers_random_numbers_are_left_alone(explorer):
    before = torch.get_rng_state()
    row = explorer.set(draw=4).drawn
    assert torch.equal(explorer.set(draw=5).set(draw=4).drawn, row)
    assert not torch.equal(explorer.set(draw=5).drawn, row)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_top_does_not_look_at_the_image_and_other_levels_do(explorer):
    def rows(level):
        return [explorer.set(level=level, image=image, draw=2).drawn for image in ("a", "b")]

    assert torch.equal(*rows("3"))
    for level in ("1", "2"):
        one, other = rows(level)
        assert (one - other).abs().max() > 1e-3


def test_every_control_changes_the_picture_and_a_sweep_comes_back(explorer):
    first, words = explorer.png, explorer.alt_text
    for name, control in explorer.controls.items():
        explorer.reset()
        assert len({explorer.set(**{name: stop}).png for stop in control.stops()}) > 1, name
    assert explorer.sweep().png == first
    assert explorer.alt_text == words


def test_words_say_what_is_held_drawn_and_follows(explorer):
    assert "image of class a" in explorer.alt_text
    assert explorer.says()[0] == "held: levels 2 to 3; drawn anew: level 1"
    assert explorer.set(level="2").says()[0] == "held: level 3; drawn anew: level 2; level 1 follows with the mean"
    assert explorer.set(level="3").says()[0] == "nothing of the image is held; drawn anew: level 3; levels 1 to 2 follow with the mean"
    pairs = [(explorer.drawn[i] - explorer.drawn[j]).norm() for i in range(5) for j in range(i)]
    assert spread(explorer.drawn) == pytest.approx(torch.stack(pairs).mean().item(), rel=1e-5)
    assert f"{spread(explorer.drawn):.1f} apart" in explorer.says()[1]
    still = explorer.still()
    assert np.asarray(Image.open(io.BytesIO(still.png)).convert("RGB")).std() > 1
    assert "9 rows by 7 columns" in still.alt
    assert "for an image of class a, an image of class b, an image of class c, one row a level each" in still.alt


def test_page_and_python_move_alike(explorer):
    by_python = explorer.set(draw=9, level="2", image="d").png
    explorer.reset()
    explorer.panel._handle_custom_msg({"values": {"draw": 9, "level": "2", "image": "d"}, "answer": {"view": "page", "number": 1}}, [])
    assert explorer.png == by_python
    assert explorer.trouble == ""


def test_takes_a_few_images_without_labels_and_a_single_level(blobs):
    model = HierarchicalVAE(input_shape=(1, 8, 8), latent_sizes=(3,), hidden_sizes=(8,))
    explorer = LevelResampler(model, blobs.test.x[:2])
    assert explorer.controls["image"].options == ("image 0", "image 1")
    assert "At the left image 0 with" in explorer.sweep().alt_text


def test_refuses_what_it_cannot_do(explorer, model, blobs):
    with pytest.raises(ValueError, match="level is '4', expected one of: 1, 2, 3"):
        explorer.set(level="4")
    with pytest.raises(ValueError, match="model is a VAE, which has no levels: expected a HierarchicalVAE"):
        LevelResampler(VAE(input_shape=(1, 8, 8)), blobs)
    with pytest.raises(ValueError, match="draws is 1, expected at least 2"):
        LevelResampler(model, blobs, draws=1)
