"""What the page "Train, sample, interpolate" says of samples and of grey pixels holds for the stored models, by other draws as well."""

import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch.distributions import MultivariateNormal

from vae_course import binarise, load, pretrained
from vae_course.evaluation import posterior_means, sample_quality

from .conftest import needs_mnist

COUNT = 1_000


@pytest.fixture(scope="module", params=["convolutional-vae-mnist-20", "dense-vae-mnist-20"])
@torch.no_grad()
def distances(request):
    """By where z was drawn or taken, or what was mixed half way: the Fréchet distance of the images to real test images."""
    data, model = load("mnist"), pretrained(request.param, device="cpu")
    judge, real = pretrained("classifier-mnist", device="cpu"), data.test.x[::2]
    torch.manual_seed(7)
    assert data.test.y is not None
    q = torch.cat([model.encode(piece).sample() for piece in data.train.x[:12_000].split(2_000)])
    prior = model.prior.sample((COUNT,))
    ten = GaussianMixture(10, random_state=7).fit(q.numpy())
    x, y = data.test.x[1::2][:COUNT], data.test.y[1::2][:COUNT]
    mu = posterior_means(model, x)
    a, b = (some.flatten() for some in torch.stack([torch.randperm(COUNT) for _ in range(24)]).chunk(2))
    other, alike, apart = y[a] != y[b], (y[a] == y[b]) & (a != b), (mu[a] - mu[b]).norm(dim=1)
    kinds = {"two classes": other, "one class": alike, "two classes, as near": other & (apart <= apart[alike].mean())}
    pairs = {kind: (a[chosen][:COUNT], b[chosen][:COUNT]) for kind, chosen in kinds.items()}
    assert all(len(first) == COUNT for first, _ in pairs.values()), "on equal terms: a distance depends on how many images there are"
    ways = {
        "prior": prior,
        "pulled in": 0.8 * prior,
        "pushed out": 1.3 * prior,
        "one Gaussian": MultivariateNormal(q.mean(0), q.T.cov()).sample((COUNT,)),
        "each latent by itself": torch.stack([q[torch.randperm(len(q))[:COUNT], i] for i in range(20)], dim=1),
        "ten Gaussians": torch.tensor(ten.sample(COUNT)[0]).float(),
        "codes of test images": model.encode(x).sample(),
    }
    for kind, (a, b) in pairs.items():
        middle = (mu[a] + mu[b]) / 2
        longer = (mu[a].norm(dim=1) + mu[b].norm(dim=1)) / 2 / middle.norm(dim=1)
        ways |= {f"{kind}: codes": middle, f"{kind}: stretched": longer[:, None] * middle}
    pictures = {name: model.decode(z).mean for name, z in ways.items()}
    pictures |= {f"{kind}: pixels": (x[a] + x[b]) / 2 for kind, (a, b) in pairs.items()}
    pictures |= {f"{kind}: overlaid": torch.maximum(x[a], x[b]) for kind, (a, b) in pairs.items()}
    return {name: sample_quality(judge, some, real).frechet for name, some in pictures.items()}


@needs_mnist
def test_draws_from_where_codes_lie_are_far_better(distances):
    assert distances["ten Gaussians"] < 0.4 * distances["prior"]
    assert distances["codes of test images"] < distances["ten Gaussians"]


@needs_mnist
def test_neither_centre_nor_widths_nor_length_are_to_blame(distances):
    for name in ("one Gaussian", "each latent by itself"):
        assert distances[name] == pytest.approx(distances["prior"], rel=0.15)
    assert distances["pulled in"] > 1.1 * distances["prior"]
    assert distances["pushed out"] > 2 * distances["ten Gaussians"]


@needs_mnist
def test_half_way_within_a_class_is_a_digit_and_between_two_classes_often_none(distances):
    """However near the two stand, and at its ends' length, too: the short cut is some of it."""
    for kind in ("two classes", "two classes, as near"):
        assert distances["one class: codes"] < 0.4 * distances[f"{kind}: codes"]
        assert distances["one class: stretched"] < 0.5 * distances[f"{kind}: stretched"]
        assert distances[f"{kind}: stretched"] < 0.9 * distances[f"{kind}: codes"]


@needs_mnist
def test_mixing_codes_beats_mixing_pixels_and_across_classes_hardly_beats_laying_one_over_the_other(distances):
    for kind in ("two classes", "one class", "two classes, as near"):
        assert distances[f"{kind}: codes"] < 0.8 * distances[f"{kind}: pixels"]
    assert distances["one class: codes"] < distances["one class: overlaid"]
    assert distances["two classes: codes"] > 0.8 * distances["two classes: overlaid"]


@needs_mnist
@torch.no_grad()
def test_a_classifier_is_often_sure_of_two_digits_laid_over_each_other():
    """So the share of images that it is sure of counts no digits."""
    test, judge = load("mnist").test, pretrained("classifier-mnist", device="cpu")
    assert test.y is not None
    overlaid = torch.maximum(test.x[:COUNT], test.x[:COUNT].roll(1, 0))[test.y[:COUNT] != test.y[:COUNT].roll(1)]
    assert 0.55 < (judge.classify(overlaid).amax(1) > 0.9).float().mean() < 0.8


@needs_mnist
@torch.no_grad()
def test_a_grey_pixel_costs_what_black_and_white_ones_cost_on_average():
    """White with the grey level as the probability, and the cost of a decoder that was trained on grey ones."""
    model, few = pretrained("dense-vae-mnist-20", device="cpu"), load("mnist").test.x[:50]
    torch.manual_seed(0)
    p = model.decode(model.encode(few).sample())
    costs = -torch.stack([p.log_prob(binarise(few, seed=seed)) for seed in range(50)])
    assert ((costs.mean(0) + p.log_prob(few)).abs() < 5 * costs.std(0) / 50**0.5).all()
