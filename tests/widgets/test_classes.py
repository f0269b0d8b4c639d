"""Explorers of a model that knows classes: the class that was asked for is drawn, and each image is encoded with its own label."""

from __future__ import annotations

import pytest
import torch

from tests.kinds import KINDS
from vae_course.data import Split
from vae_course.evaluation import posterior_on_grid
from vae_course.training import History, fit
from vae_course.widgets import FactorSliders, Family, LatentPad, LatentSliders, LiveTraining, Morph, PosteriorGap, Trick
from vae_course.widgets.explorer import signed
from vae_course.widgets.latents import codes, decoder_of, for_class, variance_carried


@pytest.fixture
def model():
    return KINDS["conditional VAE"]().eval()


def factors(model, data, y):
    """The corner as two factors, left or right and upper or lower."""
    table = torch.stack([data.test.y % 2, data.test.y // 2], 1)
    return FactorSliders(model, Split(data.test.x, table), y=y, factors=("across", "down"), least=0.0)


# With a class y: of what is drawn, or of the images.
MAKERS = {
    "sliders": lambda model, data, y: LatentSliders(model, data, y=y),
    "sliders without data": lambda model, data, y: LatentSliders(model, y=y),
    "pad": lambda model, data, y: LatentPad(model, data, y=y),
    "pad without data": lambda model, data, y: LatentPad(model, y=y),
    "morph": lambda model, data, y: Morph(model, data.test.x[:4], y=y),
    "trick": lambda model, data, y: Trick(model, data.test.x[0], y=y),
    "gap": lambda model, data, y: PosteriorGap(model, data.test.x[:3].round(), y=y, points=101),
    "factors": factors,
}


@pytest.mark.parametrize("kind", MAKERS)
def test_the_picture_changes_with_the_class_and_its_words_name_it(kind, model, blobs):
    explorers = [MAKERS[kind](model, blobs, y) for y in (1, 3)]
    assert explorers[0].png != explorers[1].png
    stills = [explorer.still() for explorer in explorers]
    assert stills[0].png != stills[1].png
    names = "bd" if kind in ("sliders", "pad") else "13"  # of the data, where there is data with names
    for explorer, still, name in zip(explorers, stills, names, strict=True):
        assert f"class {name}" in explorer.alt_text
        assert f"class {name}" in still.alt
        first = explorer.png
        assert explorer.sweep().png == first


@pytest.mark.parametrize("kind", MAKERS)
def test_a_class_that_is_missing_or_not_there_is_named(kind, model, blobs):
    with pytest.raises(ValueError, match="labels are missing: this model sees a label"):
        MAKERS[kind](model, blobs, None)
    with pytest.raises(ValueError, match="labels run from 4 to 4, expected"):
        MAKERS[kind](model, blobs, 4)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_model_without_classes_does_not_look_at_one(kind, blobs):
    plain = KINDS["VAE"]().eval()
    with_class, without = MAKERS[kind](plain, blobs, 2), MAKERS[kind](plain, blobs, None)
    assert with_class.png == without.png
    assert with_class.alt_text == without.alt_text
    assert with_class.still().alt == without.still().alt
    assert "decoded for class" not in without.alt_text + without.still().alt


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("GAN", "diffusion", "classifier")])
def test_every_kind_of_model_that_decodes_is_taken(kind, blobs):
    model = KINDS[kind]().eval()
    assert LatentSliders(model, blobs, y=1).sweep().trouble == ""
    assert Family({"it": model}, blobs).sweep().trouble == ""


def test_data_that_lacks_labels_is_named(model, blobs):
    for make in (lambda x: LatentSliders(model, x, y=1), lambda x: LatentPad(model, x, y=1), lambda x: Family({"one": model}, x)):
        with pytest.raises(ValueError, match="labels are missing"):
            make(blobs.test.x)


def test_images_are_encoded_with_their_own_label(model, blobs):
    x, y = blobs.test.x, blobs.test.y
    with torch.no_grad():
        own = model.encode(x, y).mean
    explorer = LatentSliders(model, blobs, y=1)
    for name, row in zip(explorer.picks.options, explorer.picks.rows, strict=True):
        torch.testing.assert_close(explorer.starts[name], own[row])
    torch.testing.assert_close(torch.from_numpy(LatentPad(model, blobs, y=1).places), own)
    torch.testing.assert_close(Morph(model, x[:4], y=y[:4]).paths[:, 0], own[[0, 0, 2, 2]])
    torch.testing.assert_close(Trick(model, x[1], y=int(y[1])).code, own[1])
    torch.testing.assert_close(factors(model, blobs, y).codes, own[:8])
    assert not torch.allclose(codes(model, x, 0), own)


def test_sliders_decode_the_class_that_was_asked_for_whatever_image_they_start_from(model, blobs):
    explorer = LatentSliders(model, blobs, y=1).set(image="d")
    with torch.no_grad():
        wanted = model.decode(explorer.z.unsqueeze(0), torch.tensor([1])).mean
    torch.testing.assert_close(explorer.decode(explorer.z.unsqueeze(0)), wanted)
    assert "decoded for class b" in explorer.alt_text
    assert "an image of class d" in explorer.alt_text


def test_a_function_of_ones_own_decodes_without_a_class(model, blobs):
    as_third = decoder_of(model, y=2)
    explorer = LatentSliders(model, blobs, decode=as_third)
    torch.testing.assert_close(explorer.decode(torch.zeros(1, 2)), as_third(torch.zeros(1, 2)))
    assert "decoded from z" in explorer.alt_text
    assert "decoded from z" in LatentSliders(model, blobs, y=1, decode=as_third).alt_text, "y is not what is drawn"


def test_labels_go_with_the_latents_in_their_order(model):
    z = torch.randn(6, 2)
    with torch.no_grad():
        wanted = model.decode(z, torch.tensor([3, 3, 0, 0, 1, 1])).mean
        torch.testing.assert_close(decoder_of(model, y=torch.tensor([3, 0, 1]))(z), wanted)
    assert for_class(model, torch.tensor([3, 0, 1, 0])) == " for the classes 0, 1, 3"
    assert for_class(model, 1, ("cat", "dog")) == " for class dog"


def test_a_morph_is_decoded_in_the_class_of_each_pairs_first_image(model, blobs):
    x, y = blobs.test.x[:4], torch.tensor([2, 0, 3, 1])
    explorer = Morph(model, x, y=y)
    for first in (0, 2):
        wanted = model.interpolate(x[first], x[first + 1], 3, y0=int(y[first]), y1=int(y[first + 1]))
        half_way = explorer.decode(explorer.paths[:, 50])[first]
        torch.testing.assert_close(half_way, wanted[1])
    assert "are decoded for the classes 2, 3" in explorer.alt_text


def test_the_trick_and_its_gradients_are_those_of_the_images_class(model, blobs):
    x, y = blobs.test.x[1:2], blobs.test.y[1:2]
    explorer = Trick(model, x, y=y.item()).set(mu=0.4, sigma=0.7, epsilon=-1.2)

    def loss(mu):
        z = explorer.code.clone()
        z[explorer.dimension] = mu - 0.7 * 1.2
        with torch.no_grad():
            return -model.decode(z.unsqueeze(0), y).log_prob(x).item()

    assert explorer.gradients["mu"] == pytest.approx((loss(0.41) - loss(0.39)) / 0.02, rel=0.02)
    assert "−log p(x|z, y)" in explorer.alt_text


def test_the_gap_is_that_of_the_posterior_given_the_class(model, blobs):
    x, y = blobs.test.x[:3].round(), blobs.test.y[:3]
    explorer, grid = PosteriorGap(model, x, y=y, points=101), posterior_on_grid(model, x, y, points=101)
    torch.testing.assert_close(explorer.log_evidence, grid.log_evidence)
    torch.testing.assert_close(explorer.gap, grid.kl_from(model.encode(x, y)))
    assert f"log p(x|y) = {signed(grid.log_evidence[2].item(), 2)} nats" in explorer.set(image=3).alt_text
    assert f"An image of class {y[2].item()}," in explorer.alt_text


def test_a_family_draws_each_image_in_its_own_class(model, blobs):
    explorer = Family({"knows classes": model, "plain": KINDS["VAE"]()}, blobs)
    for place, name in enumerate("abcd"):
        decoded = explorer._decoded(place, 0, torch.tensor([0.7]))
        z = codes(model, explorer.images[place : place + 1], place)
        z[0, explorer.orders["knows classes"][0]] = 0.7
        with torch.no_grad():
            torch.testing.assert_close(decoded["knows classes"], model.decode(z, torch.tensor([place])).mean)
        assert f"an image of class {name}" in explorer.set(image=name).alt_text
    first = explorer.reset().png
    assert explorer.sweep().png == first


def test_a_picture_whose_factors_are_edited_keeps_its_own_class(model, blobs):
    explorer = factors(model, blobs, blobs.test.y).set(image="picture 3")
    own = blobs.test.y[2:3]
    with torch.no_grad():
        torch.testing.assert_close(explorer.decode(explorer.z.unsqueeze(0)), model.decode(explorer.z.unsqueeze(0), own).mean)
    assert f"decoded for class {own.item()}" in explorer.alt_text


def test_what_the_label_carries_no_latent_has_to(blobs):
    """The images differ in their corner and in nothing else: a plain model's latents tell it, a conditional one's leave it to the label."""
    shares = {}
    for kind in ("VAE", "conditional VAE"):
        model = KINDS[kind]()
        fit(model, blobs, epochs=30, learning_rate=0.01, seed=0, quiet=True)
        shares[kind] = variance_carried(model, blobs.test.x, blobs.test.y).sum()
    assert shares["conditional VAE"] < shares["VAE"] / 3


# Live training.


def test_live_training_reconstructs_with_the_labels_of_its_images(model, blobs):
    seen = []

    class Watched(type(model)):
        def reconstruct(self, x, y=None):
            seen.append(y)
            return super().reconstruct(x, y)

    watched = Watched(input_shape=(1, 8, 8), classes=4, latent_size=2, hidden_sizes=(16,))
    view = LiveTraining(blobs.test, count=4)
    fit(watched, blobs, epochs=1, quiet=True, on_epoch=view)
    assert seen[0].tolist() == [0, 1, 2, 3]
    assert "one of samples" in view.alt()
    with pytest.raises(ValueError, match="labels are missing"):
        fit(watched, blobs, epochs=1, quiet=True, on_epoch=LiveTraining(blobs.test.x))


def test_live_training_hides_no_error_of_a_sampler(small_vae, blobs):
    def broken(n):
        raise ValueError("the sampler tripped")

    small_vae.sample = broken
    history = History()
    history.add({"loss": 3.0})
    with pytest.raises(ValueError, match="the sampler tripped"):
        LiveTraining(blobs.test)(small_vae, history)
