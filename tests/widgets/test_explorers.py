"""Explorers, moved from Python: no browser is needed, and both old and new ipywidgets have to do."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch.distributions import Normal, kl_divergence

from vae_course.models import VAE, Autoencoder
from vae_course.training import History, fit
from vae_course.widgets import Family, LatentPad, LatentSliders, LiveTraining, Morph, Trick, TwoGaussians
from vae_course.widgets.explorer import Slider, Toggle
from vae_course.widgets.latent_pad import kept_apart
from vae_course.widgets.latents import picks, variance_carried


@pytest.fixture
def flat_vae():
    torch.manual_seed(1)
    return VAE(input_shape=(1, 8, 8), latent_size=2, hidden_sizes=(16,))


@pytest.fixture
def explorers(small_vae, flat_vae, blobs):
    x = blobs.test.x
    return {
        "sliders": LatentSliders(small_vae, data=blobs),
        "sliders without data": LatentSliders(small_vae),
        "pad": LatentPad(flat_vae, data=blobs),
        "pad without data": LatentPad(flat_vae),
        "morph": Morph(small_vae, x[0], x[1], x[2], x[3]),
        "trick": Trick(small_vae, x[0]),
        "gaussians": TwoGaussians(),
        "family": Family({"small": small_vae, "flat": flat_vae}, data=blobs),
    }


KINDS = ["sliders", "sliders without data", "pad", "pad without data", "morph", "trick", "gaussians", "family"]


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(float)


def browser_moves(explorer, **values) -> None:
    """What ipywidgets does with a message from the page (its dispatcher logs what is raised, and goes on)."""
    explorer.panel._handle_custom_msg({"values": values, "answer": {"view": "page", "number": 1}}, [])


@pytest.mark.parametrize("kind", KINDS)
def test_every_control_changes_the_picture(explorers, kind):
    explorer = explorers[kind]
    for name, control in explorer.controls.items():
        explorer.reset()
        if name == "manifold":  # it changes what lies below the pad
            before = explorer.panel.backdrop
            assert explorer.set(manifold=True).panel.backdrop != before
            continue
        pictures = {explorer.set(**{name: stop}).png for stop in control.stops()}
        # A way that z is made in changes its gradient, not where it lands.
        assert len(pictures) > 1 or name == "way", name


@pytest.mark.parametrize("kind", KINDS)
def test_same_controls_same_picture(explorers, kind):
    explorer = explorers[kind]
    start = explorer.png
    explorer.sweep()
    assert explorer.png == start
    assert explorer.values == {name: control.default for name, control in explorer.controls.items()}


@pytest.mark.parametrize("kind", KINDS)
def test_still_has_a_picture_and_says_what_is_in_it(explorers, kind):
    still = explorers[kind].still()
    assert pixels(still.png).std() > 1
    assert len(still.alt) > 60
    assert "nan" not in still.alt.lower()
    assert len(explorers[kind].alt_text) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_alt_text_follows_the_controls(explorers, kind):
    explorer = explorers[kind]
    before = explorer.alt_text
    name, control = next((n, c) for n, c in explorer.controls.items() if c.kind in ("slider", "pad"))
    explorer.set(**{name: control.stops()[1]})
    assert explorer.alt_text != before
    assert explorer.panel.frame["alt"] == explorer.alt_text


@pytest.mark.parametrize("kind", KINDS)
def test_page_and_python_move_alike(explorers, kind):
    explorer = explorers[kind]
    name, control = next((n, c) for n, c in explorer.controls.items() if c.kind in ("slider", "pad"))
    stop = control.stops()[0]
    by_python = explorer.set(**{name: stop}).png
    explorer.reset()
    browser_moves(explorer, **{name: list(stop) if isinstance(stop, tuple) else stop})
    assert explorer.png == by_python
    assert explorer.panel.frame["answer"] == {"view": "page", "number": 1}
    assert explorer.trouble == ""


@pytest.mark.parametrize("kind", KINDS)
def test_refuses_what_it_does_not_know(explorers, kind):
    explorer = explorers[kind]
    with pytest.raises(ValueError, match="has no control 'nose'"):
        explorer.set(nose=1)
    with pytest.raises(ValueError, match="has no button 'eject'"):
        explorer.press("eject")
    control = next(c for c in explorer.controls.values() if c.kind in ("slider", "pad"))
    far = (99, 0) if control.kind == "pad" else 99.0
    with pytest.raises(ValueError, match="expected"):
        explorer.set(**{control.name: far})
    assert "expected" in explorer.panel.frame["trouble"]


def test_controls_refuse_what_lies_outside():
    with pytest.raises(ValueError, match="from 0 to 1"):
        Slider("a", "a", 0.0, 1.0, 0.5).check(math.nan)
    with pytest.raises(ValueError, match="True or False"):
        Toggle("a", "a").check("yes")


# A callback that raises.


@pytest.fixture
def fragile(small_vae):
    def decode(z):
        if z[0, 0] > 1:
            raise RuntimeError("the decoder tripped")
        return small_vae.decode(z).mean

    return LatentSliders(small_vae, decode=decode)


def test_raising_callback_raises_in_python_and_is_told_in_words(fragile):
    good = fragile.png
    with pytest.raises(RuntimeError, match="tripped"):
        fragile.set(z1=2.0)
    assert "the decoder tripped" in fragile.trouble
    assert fragile.png == good
    fragile.set(z1=0.0)
    assert fragile.trouble == ""


def test_raising_callback_is_told_on_the_page_too(fragile):
    browser_moves(fragile, z1=2.0)
    assert "the decoder tripped" in fragile.panel.frame["trouble"]
    # The page is answered all the same, or it would wait for ever.
    assert fragile.panel.frame["answer"] == {"view": "page", "number": 1}
    browser_moves(fragile, z1=0.5)
    assert fragile.panel.frame["trouble"] == ""


def test_sweep_raises_what_a_callback_raises(fragile):
    with pytest.raises(RuntimeError, match="tripped"):
        fragile.sweep()


# What each of them shows is right.


def test_variance_carried_is_zero_for_an_ignored_latent(small_vae, blobs):
    with torch.no_grad():
        small_vae.decoder[0].weight[:, 1] = 0
    shares = variance_carried(small_vae, blobs.test.x)
    assert shares[1] == 0
    assert LatentSliders(small_vae, data=blobs).order[-1] == 1 or (shares == 0).sum() > 1


def test_variance_carried_of_a_perfect_copy_is_the_pixels_own_variance():
    """Where z is the image itself, each latent carries its pixel's share of the variance."""

    class Copy:
        training, latent_size, device = False, 4, torch.device("cpu")

        def eval(self):
            return self

        def train(self, mode=True):
            return self

        def encode(self, x, y=None):
            return Normal(x.flatten(1), 1.0)

        def decode(self, z, y=None):
            return Normal(z.view(-1, 1, 2, 2), 1.0)

    x = torch.rand(50, 1, 2, 2) * torch.tensor([0.1, 0.2, 0.3, 1.0]).view(1, 2, 2)
    expected = x.flatten(1).var(0) / x.flatten(1).var(0).sum()
    assert torch.allclose(variance_carried(Copy(), x), expected, atol=1e-5)


def test_sliders_decode_what_they_say(small_vae, blobs):
    explorer = LatentSliders(small_vae, data=blobs).set(z1=1.0, z2=0.0, z3=-0.5)
    assert explorer.z.tolist() == [1.0, 0.0, -0.5]
    expected = small_vae.decode(torch.tensor([[1.0, 0.0, -0.5]])).mean[0, 0]
    assert np.allclose(pixels(explorer.png)[..., 0], 255 * expected.detach().numpy(), atol=0.51)


def test_sliders_start_from_an_image(small_vae, blobs):
    explorer = LatentSliders(small_vae, data=blobs)
    first = int((blobs.test.y == 2).nonzero()[0])
    with torch.no_grad():
        expected = small_vae.encode(blobs.test.x[first : first + 1]).mean[0]
    assert torch.allclose(explorer.set(image="c").z, expected)
    explorer.press("centre")
    assert explorer.z.tolist() == [0, 0, 0]
    assert explorer.values["image"] is None
    assert torch.equal(explorer.press("start").z, explorer.origin)


def test_sliders_begin_with_an_example_and_go_around_it(small_vae, blobs):
    """Of four classes the third: the first picture is its reconstruction, and the still twin's rows pass through it."""
    first = int((blobs.test.y == 2).nonzero()[0])
    with torch.no_grad():
        code = small_vae.encode(blobs.test.x[first : first + 1]).mean[0]
    explorer = LatentSliders(small_vae, data=blobs)
    assert explorer.values["image"] == "c"
    torch.testing.assert_close(explorer.z, code)
    assert np.allclose(pixels(explorer.png)[..., 0], 255 * small_vae.reconstruct(blobs.test.x[first : first + 1])[0, 0].numpy(), atol=0.51)
    assert "keeps all others as in the code of an image of class c" in explorer.still().alt
    assert torch.equal(explorer.set(image="a", z1=2.0).reset().z, explorer.origin)


@pytest.mark.parametrize("as_latents", [False, True])
def test_sliders_and_pad_go_around_what_they_are_given(small_vae, flat_vae, blobs, as_latents):
    x = blobs.test.x[5]
    for model in (small_vae, flat_vae):
        with torch.no_grad():
            code = model.encode(x.unsqueeze(0)).mean[0]
        around = code if as_latents else x
        for data in (None, blobs):
            explorer = LatentSliders(model, data, around=around)
            torch.testing.assert_close(explorer.z, code)
            assert explorer.values.get("image") is None
            assert [explorer.controls[f"z{i + 1}"].default for i in range(len(code))] == pytest.approx(code.tolist())
        if model is flat_vae:
            assert LatentPad(model, blobs, around=around).values["point"] == pytest.approx(code.tolist(), abs=0.0051)
    with pytest.raises(ValueError, match=r"around has shape \(5,\), expected an image \(1, 8, 8\) or latents \(3,\)"):
        LatentSliders(small_vae, around=torch.zeros(5))


def test_without_an_example_all_begins_with_a_draw_from_the_prior(small_vae, flat_vae):
    before = torch.get_rng_state()
    sliders, pad = LatentSliders(small_vae), LatentPad(flat_vae)
    assert torch.equal(torch.get_rng_state(), before)
    assert sliders.z.abs().max() > 0.3
    assert max(map(abs, pad.values["point"])) > 0.3
    assert LatentSliders(small_vae, decode=lambda z: small_vae.decode(z).mean).z.tolist() == [0, 0, 0], "a slider may mean anything there"


def test_sliders_show_the_vector_they_are_given(small_vae):
    explorer = LatentSliders(small_vae, sliders=2)
    explorer.z = [0.5, 0.25, 1.5]
    assert explorer.values == {"z1": 0.5, "z2": 0.25}
    assert torch.equal(explorer.reset().z, explorer.origin)
    with pytest.raises(ValueError, match="expected latents"):
        explorer.z = [1.0]


def test_random_is_another_draw_each_time(small_vae):
    explorer = LatentSliders(small_vae)
    assert explorer.press("random").png != explorer.press("random").png


def test_pad_refuses_another_latent_size(small_vae):
    with pytest.raises(ValueError, match="a pad shows 2"):
        LatentPad(small_vae)


def test_pad_decodes_where_it_stands_and_up_is_up(flat_vae, blobs):
    explorer = LatentPad(flat_vae, data=blobs, limit=2.0).set(point=(0.5, -1.0))
    expected = flat_vae.decode(torch.tensor([[0.5, -1.0]])).mean[0, 0]
    assert np.allclose(pixels(explorer.png)[..., 0], 255 * expected.detach().numpy(), atol=0.51)
    with torch.no_grad():
        corner = flat_vae.decode(torch.tensor([[-2.0, 2.0]]) * 16 / 17).mean
    assert torch.allclose(explorer.manifold()[:1], corner, atol=1e-5)


def test_morph_ends_at_the_reconstructions(small_vae, blobs):
    x = blobs.test.x[:2]
    explorer = Morph(small_vae, x)
    ends = small_vae.reconstruct(x)
    for position, end in ((0.0, ends[0]), (1.0, ends[1])):
        at = round(position * 100)
        for path in explorer.paths[:, at]:
            assert torch.allclose(small_vae.decode(path).mean, end, atol=1e-5)
    with pytest.raises(ValueError, match="even number"):
        Morph(small_vae, x[0])
    with pytest.raises(ValueError, match="even number"):
        Morph(small_vae)


def test_trick_shows_the_gradients_of_finite_differences(small_vae, blobs):
    explorer = Trick(small_vae.double(), blobs.test.x[0].double()).set(mu=0.4, sigma=0.7, epsilon=-1.2)

    def loss(mu, sigma):
        z = explorer.code.clone()
        z[explorer.dimension] = mu + sigma * -1.2
        return -small_vae.decode(z.unsqueeze(0)).log_prob(blobs.test.x[:1].double()).item()

    h = 1e-4
    assert explorer.gradients["mu"] == pytest.approx((loss(0.4 + h, 0.7) - loss(0.4 - h, 0.7)) / (2 * h), rel=1e-4)
    assert explorer.gradients["sigma"] == pytest.approx((loss(0.4, 0.7 + h) - loss(0.4, 0.7 - h)) / (2 * h), rel=1e-4)
    assert explorer.gradients["epsilon"] is None
    assert explorer.z == pytest.approx(0.4 - 0.7 * 1.2)


def test_trick_without_the_trick_has_no_gradient_but_the_same_image(small_vae, blobs):
    explorer = Trick(small_vae, blobs.test.x[0])
    with_trick, way = explorer.png, explorer.controls["way"].options[1]
    assert explorer.set(way=way).png == with_trick
    assert explorer.gradients["mu"] is None
    assert "none" in " ".join(explorer.says())


def test_trick_needs_a_distribution(blobs):
    model = Autoencoder(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))
    with pytest.raises(ValueError, match="no spread"):
        Trick(model, blobs.test.x[0])


@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 1.0), (1.5, 0.3), (-3.0, 3.0), (0.0, 0.1)])
def test_two_gaussians_agrees_with_torch(mu, sigma):
    explorer = TwoGaussians().set(mu=mu, sigma=sigma)
    q, p = Normal(mu, sigma), Normal(0.0, 1.0)
    assert explorer.kl == pytest.approx(kl_divergence(q, p).item(), abs=1e-6)
    assert explorer.reverse_kl == pytest.approx(kl_divergence(p, q).item(), rel=1e-5, abs=1e-6)
    assert explorer.halves[0] == pytest.approx(kl_divergence(Normal(mu, 1.0), p).item(), abs=1e-6)
    assert explorer.halves[1] == pytest.approx(kl_divergence(Normal(0.0, sigma), p).item(), abs=1e-6)


def test_family_moves_the_same_rank_in_each_model(small_vae, flat_vae, blobs):
    explorer = Family({"small": small_vae, "flat": flat_vae}, data=blobs)
    assert explorer.controls["rank"].options == ("1", "2")
    decoded = explorer._decoded(0, 1, torch.tensor([1.5]))
    for label, model in explorer.models.items():
        z = explorer.codes[label][:1].clone()
        z[0, explorer.orders[label][1]] = 1.5
        assert torch.allclose(decoded[label], model.decode(z).mean, atol=1e-6)
    with pytest.raises(ValueError, match="no models"):
        Family({}, data=blobs)


# Live training.


def test_live_training_hooks_into_fit(small_vae, blobs, capsys):
    view = LiveTraining(blobs.test, count=4)
    with pytest.raises(ValueError, match="nothing was drawn yet"):
        view.still()
    history = fit(small_vae, blobs, epochs=2, test=blobs.test, quiet=True, on_epoch=view, device="cpu")
    still = view.still()
    assert f"{history.loss[-1]:.1f} nats per image in 2 epochs" in still.alt
    assert f"{history.test_loss[-1]:.1f}" in still.alt
    assert pixels(still.png).std() > 1


def test_live_training_leaves_training_as_it_was(small_vae, blobs):
    """The same weights with and without a view: it draws from a random state of its own and restores the mode."""
    other = VAE(**small_vae.config)
    other.load_state_dict(small_vae.state_dict())
    fit(small_vae, blobs, epochs=2, seed=0, quiet=True, on_epoch=LiveTraining(blobs.test), device="cpu")
    fit(other, blobs, epochs=2, seed=0, quiet=True, device="cpu")
    for a, b in zip(small_vae.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_live_training_shows_an_autoencoder_without_samples(blobs):
    view = LiveTraining(blobs.test)
    model = Autoencoder(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))
    history = History()
    history.add({"loss": 3.0})
    view(model, history)
    assert "samples" not in view.alt()


@pytest.mark.parametrize("bad", [0, -1])
def test_live_training_refuses_bad_settings(blobs, bad):
    with pytest.raises(ValueError, match="at least 1"):
        LiveTraining(blobs.test, every=bad)


def test_data_of_another_kind_is_refused(small_vae):
    with pytest.raises(ValueError, match="the examples are of the kind int, expected tensors or NumPy arrays"):
        LatentSliders(small_vae, data=[1, 2, 3])


def test_names_on_the_map_part_until_none_overlaps_and_lone_ones_stay():
    crowded = np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [100.0, 100.0]])
    placed = kept_apart(crowded, 10.0)
    distances = [np.hypot(*(placed[i] - placed[j])) for i in range(4) for j in range(i)]
    assert min(distances) > 9.9
    assert placed[3].tolist() == [100.0, 100.0]
    assert crowded[1].tolist() == [0.0, 0.0], "the points given are left as they are"


def test_picked_images_are_told_by_class_or_by_number():
    x = torch.zeros(5, 1, 2, 2)
    classed = picks(x, torch.tensor([2, 0, 2, 1, 0]), ("cat", "dog", "hen"))
    assert classed.rows == [1, 3, 0]
    assert classed.options == ("cat", "dog", "hen")
    assert classed.told("hen") == "an image of class hen"
    assert classed.place("hen") == 2
    plain = picks(x, None, (), count=3)
    assert plain.options == ("image 0", "image 1", "image 2")
    assert plain.told("image 2") == "image 2"
    assert len(picks(x[:2], None, ()).rows) == 2


def test_sliders_of_another_meaning_tell_it_in_the_words_given(small_vae):
    told = "One row, in which the slider turns round."
    turned = LatentSliders(small_vae, sliders=1, decode=lambda z: small_vae.decode(-z).mean, told=told)
    assert turned.still().alt == told
    assert turned.alt_text == "The image with all sliders at 0."
    assert "with the sliders at z₁ = −1.0" in turned.set(z1=-1.0).alt_text
