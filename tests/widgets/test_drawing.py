"""A drawing comes into MNIST's form, is read by models as MNIST's digits are, and costs what the model's own terms say."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from tests.conftest import needs_mnist
from vae_course import fit, load, pretrained
from vae_course.data import Dataset, Split
from vae_course.data.tracing import UNIT, trace
from vae_course.models import VAE, ConditionalVAE, ConvolutionalVAE, HierarchicalVAE
from vae_course.widgets import DrawYourOwn
from vae_course.widgets.draw_your_own import CLOUD, MOST_POINTS, SHOWN, Sketch
from vae_course.widgets.pen import BOX, CENTRE, SIDE, mnist_form
from vae_course.widgets.programme import encoder_programme_of
from vae_course.widgets.ready_strokes import HAND_DRAWN, READY
from vae_course.widgets.standalone import MOVES_ELSEWHERE, standalone

MODELS = {
    "dense": lambda: VAE(latent_size=3, hidden_sizes=(16,)),
    "convolutional": lambda: ConvolutionalVAE(input_shape=(1, 28, 28), latent_size=4, channels=(4, 6), likelihood="bernoulli"),
}
ALL_STROKES = {**READY, **HAND_DRAWN}


@pytest.fixture(params=MODELS)
def model(request):
    torch.manual_seed(0)
    return MODELS[request.param]().eval()


@pytest.fixture(scope="module")
def digits():
    return load("digits")


# MNIST's form.


@pytest.mark.parametrize("name", ALL_STROKES)
def test_ink_fills_the_box_and_its_centre_of_mass_is_mnists(name):
    image = mnist_form(ALL_STROKES[name])
    assert image.shape == (SIDE, SIDE)
    assert np.allclose(image * 255, np.round(image * 255), atol=1e-9)
    rows, columns = (np.nonzero((image >= 0.25).any(axis))[0] for axis in (1, 0))
    longer = max(np.ptp(rows), np.ptp(columns)) + 1
    assert BOX - 1 <= longer <= BOX + 1
    middles = np.arange(SIDE) + 0.5
    assert (image.sum(0) * middles).sum() / image.sum() == pytest.approx(CENTRE, abs=0.1)
    assert (image.sum(1) * middles).sum() / image.sum() == pytest.approx(CENTRE, abs=0.1)


@needs_mnist
def test_mnist_has_its_centres_of_mass_where_we_put_them():
    images, middles = load("mnist").test.x[:2000, 0].numpy(), np.arange(SIDE) + 0.5
    assert ((images.sum(1) * middles).sum(1) / images.sum((1, 2))).mean() == pytest.approx(CENTRE, abs=0.05)
    assert ((images.sum(2) * middles).sum(1) / images.sum((1, 2))).mean() == pytest.approx(CENTRE, abs=0.05)


def test_where_and_how_large_one_draws_does_not_matter_but_its_proportions_do():
    strokes = READY["4"]
    smaller = [[[0.1 + 0.4 * x, 0.5 + 0.4 * y] for x, y in stroke] for stroke in strokes]
    wider = [[[x, 0.4 + 0.2 * y] for x, y in stroke] for stroke in strokes]
    assert np.abs(mnist_form(smaller) - mnist_form(strokes)).max() <= 1 / 255 + 1e-9
    assert np.abs(mnist_form(wider) - mnist_form(strokes)).max() > 0.5


def test_a_dot_stays_a_dot_and_nothing_is_an_empty_picture():
    dot = mnist_form([[[0.2, 0.7]]])
    assert 2 <= dot.sum() <= 8
    assert dot[14, 14] == 1.0
    assert np.array_equal(mnist_form([[[0.2, 0.7], [0.201, 0.7]]]) > 0.5, dot > 0.5)
    assert not mnist_form([]).any()


def test_ready_strokes_are_read_as_what_they_are():
    images = torch.from_numpy(np.stack([mnist_form(strokes) for strokes in READY.values()])).float().unsqueeze(1)
    with torch.no_grad():
        told = pretrained("classifier-mnist", device="cpu").eval()(images).softmax(-1)
    assert told.argmax(-1).tolist() == [int(name) for name in READY]
    assert told.max(-1).values.min() > 0.9


@needs_mnist
def test_test_digits_drawn_anew_are_read_and_priced_nearly_as_the_originals():
    """Their strokes are traced and brought into the form as a drawing is; the classifier has only seen MNIST's own pictures."""
    pytest.importorskip("skimage", reason="needs scikit-image, which `pip install vae-course[strokes]` brings")
    test = load("mnist").test
    x, y = test.x[:300], test.y[:300]
    paths = trace((255 * x).round().to(torch.uint8).squeeze(1).numpy())
    strokes: list[list] = [[] for _ in x]
    for number, picture in enumerate(paths.picture):
        strokes[picture].append((paths.points[paths.stroke == number] / UNIT + 0.5) / SIDE)
    drawn = torch.from_numpy(np.stack([mnist_form(each) for each in strokes])).float().unsqueeze(1)
    classifier, vae = pretrained("classifier-mnist", device="cpu").eval(), pretrained("vae-mnist-20", device="cpu").eval()
    with torch.no_grad():
        right, right_drawn = ((classifier(images).argmax(-1) == y).float().mean().item() for images in (x, drawn))
        torch.manual_seed(0)
        price, price_drawn = (vae.loss(images).total.item() for images in (x, drawn))
    assert right > 0.97
    assert right_drawn > right - 0.02
    assert abs(price_drawn / price - 1) < 0.06
    assert drawn.mean().item() == pytest.approx(x.mean().item(), rel=0.03)


# What the model makes of it.


def test_prices_are_the_models_own_terms(model):
    explorer = DrawYourOwn(model).set(drawing="5", draws=3)
    x = explorer.image.reshape(1, 1, SIDE, SIDE)
    with torch.no_grad():
        q = model.encode(x)
        z = q.mean + q.stddev * explorer.noise[2 * SHOWN : 3 * SHOWN]
        logits = model.decode(z).base_dist.logits
        cost = -Bernoulli(logits=logits, validate_args=False).log_prob(x).sum((1, 2, 3)).mean().item()
        kl = kl_divergence(Normal(q.mean, q.stddev), Normal(0.0, 1.0)).sum().item()
    assert torch.allclose(explorer.mu, q.mean[0])
    assert torch.allclose(explorer.log_var, 2 * q.stddev[0].log(), atol=1e-6)
    assert explorer.kl == pytest.approx(kl, rel=1e-4, abs=1e-4)
    assert explorer.reconstruction == pytest.approx(cost, rel=1e-5)
    assert explorer.elbo == pytest.approx(-cost - kl, rel=1e-5)
    assert f"KL {kl:.1f}, −log p(x|z) {cost:.1f}" in explorer.says()[0]


def test_over_all_draws_the_price_is_the_elbo_that_training_has():
    model = pretrained("vae-mnist-2", device="cpu")
    explorer = DrawYourOwn(model)
    bounds = torch.tensor([explorer.set(draws=draws).elbo for draws in range(1, CLOUD // SHOWN + 1)])
    x = explorer.image.reshape(1, 1, SIDE, SIDE).repeat(1000, 1, 1, 1)
    with torch.no_grad():
        wanted = -model.eval().loss(x).total.item()
    assert bounds.std() > 0.05, "draws differ"
    assert abs(bounds.mean().item() - wanted) < 4 * bounds.std().item() / len(bounds) ** 0.5


@pytest.mark.parametrize("draws", [1, 15])
def test_the_browsers_programmes_give_what_the_model_gives(model, draws):
    explorer = DrawYourOwn(model).set(drawing="8", draws=draws)
    assert (np.asarray(explorer.painted()).astype(int) - np.asarray(explorer.draw())).max() <= 1
    programme = encoder_programme_of(model)
    told = programme.run(explorer.image.reshape(1, 1, SIDE, SIDE))[0]
    assert (told[: model.latent_size] - explorer.mu).abs().max() < 1e-3, "half precision"
    assert (told[model.latent_size :] - explorer.log_var).abs().max() < 1e-3


@pytest.mark.parametrize("name", ["vae-mnist-2", "vae-mnist-20", "convolutional-vae-mnist-20", "convolutional-vae-mnist-binary-20"])
def test_a_stored_model_has_the_programmes_own_precision(name, digits):
    model = pretrained(name, device="cpu").eval()
    x = digits.test.x[:50]
    with torch.no_grad():
        q = model.encode(x)
    assert (encoder_programme_of(model).run(x) - torch.cat([q.mean, 2 * q.stddev.log()], -1)).abs().max() < 1e-5


def test_odd_sides_and_strides_are_convolved_as_the_model_does():
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Conv2d(1, 3, (5, 3), stride=(3, 2), padding=(1, 2)), nn.Tanh(), nn.Flatten(), nn.Linear(3 * 9 * 15, 4))
    model = VAE(latent_size=2, encoder=encoder, hidden_sizes=(8,))
    x = torch.rand(5, 1, 28, 28)
    with torch.no_grad():
        wanted = model.encode(x).mean
    assert (encoder_programme_of(model).run(x)[:, :2] - wanted).abs().max() < 1e-3


class Halved(VAE):
    def encode(self, x, y=None):
        return super().encode(x / 2, y)


@pytest.mark.parametrize(
    "other",
    [
        lambda: Halved(latent_size=2, hidden_sizes=(8,)),
        lambda: VAE(latent_size=2, encoder=nn.Sequential(nn.Flatten(), nn.LayerNorm(784), nn.Linear(784, 4)), hidden_sizes=(8,)),
        lambda: VAE(
            latent_size=2,
            encoder=nn.Sequential(nn.Conv2d(1, 2, 28, padding_mode="circular"), nn.Flatten(), nn.Linear(2, 4)),
            hidden_sizes=(8,),
        ),
    ],
    ids=["an encode of its own", "another layer", "another padding"],
)
def test_an_encoder_that_it_cannot_tell_is_left_to_the_kernel(other):
    explorer = DrawYourOwn(other().eval())
    assert explorer.panel.programme["models"] == []
    assert explorer.panel.weights == []
    assert explorer.painted() is None
    assert MOVES_ELSEWHERE in standalone(explorer).html
    before = explorer.png
    assert explorer.set(drawing="0").png != before


def test_a_model_that_is_trained_on_is_told_anew(digits):
    model = VAE(latent_size=2, hidden_sizes=(8,))
    explorer = DrawYourOwn(model)
    before, mu = explorer.panel.programme["models"], explorer.mu
    fit(model, digits.train.head(500), epochs=1, quiet=True, device="cpu")
    explorer.set(draws=2)
    now = explorer.panel.programme["models"]
    assert [one["key"] for one in now] == [weights.key for weights in explorer.panel.weights]
    assert all(one["key"] != other["key"] for one, other in zip(now, before, strict=True))
    assert not torch.equal(explorer.mu, mu)


# The map.


def test_the_map_shows_the_two_latents_that_vary_most():
    model = VAE(latent_size=5, hidden_sizes=())
    with torch.no_grad():
        model.encoder[0].weight[:5] *= torch.tensor([0.1, 3.0, 0.1, 9.0, 0.1]).view(5, 1)
    x = torch.rand(200, 1, 28, 28)
    explorer = DrawYourOwn(
        model, Dataset("noise", Split(x, torch.arange(200) % 10), Split(x, torch.arange(200) % 10), tuple("0123456789"), "")
    )
    assert explorer.axes == [1, 3]
    assert "z₂ and z₄, which vary most of 5" in explorer.says()[-1]
    assert "z₂ and z₄, which vary most of 5" in explorer.panel.programme["map"]["told"]
    assert "z₁ and z₂, the first two of 5" in DrawYourOwn(model).says()[-1]


def test_the_cloud_lies_around_mu_on_the_map():
    explorer = DrawYourOwn(pretrained("vae-mnist-2", device="cpu"))
    changed = np.asarray(explorer.map(explorer.read)).astype(int) - np.asarray(explorer.map())
    places = np.argwhere(np.abs(changed).sum(-1) > 0)
    wanted = explorer._plot.at(*explorer.mu.tolist())
    assert len(places) > 100
    assert places.mean(0)[::-1] == pytest.approx(wanted, abs=3)


def test_every_ready_drawing_lies_on_the_map(digits):
    explorer = DrawYourOwn(pretrained("vae-mnist-2", device="cpu"), digits)
    assert all(explorer.set(drawing=name).mu.abs().max() < explorer.limit for name in READY)


def test_a_model_of_one_latent_has_a_map_of_one():
    assert "z₁: μ" in DrawYourOwn(VAE(latent_size=1, hidden_sizes=(8,))).says()[-1]


# The explorer.


def test_page_and_python_move_alike(model):
    explorer = DrawYourOwn(model)
    strokes = [[[0.21234567, 0.3], [0.5, 0.5]], [[0.7, 0.9]]]
    by_python = explorer.set(drawing=strokes).png
    assert explorer.values["drawing"][0][0] == [0.2123, 0.3]
    explorer.reset()
    assert explorer.png != by_python
    explorer.panel._handle_custom_msg({"values": {"drawing": strokes}, "answer": {"view": "page", "number": 1}}, [])
    assert explorer.png == by_python
    assert explorer.panel.frame["mu"] == explorer.mu.tolist()
    assert explorer.panel.frame["answer"] == {"view": "page", "number": 1}
    assert "2 strokes" in explorer.alt_text
    assert repr(explorer) == "DrawYourOwn(2 strokes, 3 points, draws=1)"


def test_an_empty_canvas_is_priced_too(model):
    explorer = DrawYourOwn(model).set(drawing=[])
    assert not explorer.image.any()
    assert "Nothing is drawn" in explorer.says()[0]
    assert "an empty picture" in explorer.alt_text


def test_without_prices_it_says_nothing_that_is_yet_to_come(digits):
    explorer = DrawYourOwn(pretrained("vae-mnist-2", device="cpu"), digits, prices=False)
    still = explorer.still()
    for said in (*explorer.says(), explorer.alt_text, still.alt, explorer._map_told()):
        assert not re.search(r"nats|KL|ELBO|log p|q\(z|μ|σ|draws of", said), said
    mu = ", ".join(f"{value:.2f}".replace("-", "−") for value in explorer.mu.tolist())
    assert explorer.says() == [f"On the map, z₁ and z₂: {mu}."]
    assert explorer.set(drawing=[]).elbo < 0, "it can be read in Python all the same"


@pytest.mark.parametrize(
    ("drawing", "told"),
    [
        ("a", "expected strokes, or one of: 0, 1, 2"),
        ([[0.1, 0.2]], "expected \\(points, 2\\)"),
        ([[]], "expected \\(points, 2\\)"),
        ([[[0.1, 0.2, 0.3]]], "expected \\(points, 2\\)"),
        ([[[0.1, 1.2]]], "goes from 0.1 to 1.2, expected numbers from 0 to 1"),
        ([[[0.1, float("nan")]]], "expected numbers from 0 to 1"),
        ([[[0.1, 0.2]] * (MOST_POINTS + 1)], "expected at most 20000"),
    ],
)
def test_what_is_no_drawing_is_refused(drawing, told):
    with pytest.raises(ValueError, match=told):
        Sketch("drawing", "drawing", READY, []).check(drawing)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (lambda: ConditionalVAE(latent_size=2, classes=10, hidden_sizes=(8,)), "got a model of the kind ConditionalVAE"),
        (lambda: HierarchicalVAE(latent_sizes=(3, 2), hidden_sizes=(8, 8)), "got a model of the kind HierarchicalVAE"),
        (lambda: VAE(input_shape=(1, 8, 8), latent_size=2, hidden_sizes=(8,)), "images \\(1, 8, 8\\)"),
        (lambda: VAE(latent_size=2, hidden_sizes=(8,), likelihood="gaussian"), "gaussian pixels. Train with likelihood='bernoulli'"),
        (lambda: ConvolutionalVAE(input_shape=(1, 28, 28), latent_size=2, channels=(2,)), "discretised logistic pixels"),
    ],
)
def test_other_models_are_refused(other, told):
    with pytest.raises(ValueError, match=told):
        DrawYourOwn(other())


def test_the_still_picture_tells_three_drawings_and_their_prices(digits):
    model = pretrained("vae-mnist-2", device="cpu")
    explorer = DrawYourOwn(model, digits)
    still = explorer.still()
    prices = []
    for letter, (name, strokes) in zip("ABC", HAND_DRAWN.items(), strict=True):
        explorer.set(drawing=strokes)
        assert f"{letter}, {name}" in still.alt
        assert f"KL {explorer.kl:.1f}, −log p(x|z) {explorer.reconstruction:.1f}" in still.alt
        prices.append(-explorer.elbo)
    assert max(prices) == prices[-1], "what is no digit costs most"
    assert explorer.usual in explorer.says()
