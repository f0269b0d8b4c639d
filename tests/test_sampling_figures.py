"""What the page "Train, sample, interpolate" says of samples and of grey pixels holds for the stored models, by other draws as well."""

import math

import pytest
import torch
from sklearn.mixture import GaussianMixture
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from vae_course import binarise, load, pretrained
from vae_course.evaluation import posterior_means, sample_quality

from .conftest import needs_mnist

COUNT = 2_000


@pytest.fixture(scope="module", params=["convolutional-vae-mnist-20", "dense-vae-mnist-20"])
@torch.no_grad()
def distances(request):
    """By where z was drawn or taken: the Fréchet distance of the decoded images to real test images."""
    data, model = load("mnist"), pretrained(request.param, device="cpu")
    judge, real = pretrained("classifier-mnist", device="cpu"), data.test.x[::2]
    torch.manual_seed(7)
    x, y, test_y = data.train.x[:30_000], data.train.y, data.test.y
    assert y is not None
    assert test_y is not None
    q = torch.cat([model.encode(piece).sample() for piece in x.split(2_000)])
    groups = [q[y[:30_000] == digit] for digit in range(10)]
    means, covariances = torch.stack([group.mean(0) for group in groups]), torch.stack([group.T.cov() for group in groups])
    ten = MixtureSameFamily(Categorical(torch.ones(10)), MultivariateNormal(means, covariances))
    prior = model.prior.sample((COUNT,))
    many = model.prior.sample((100_000,))
    unlabelled = GaussianMixture(10, random_state=7).fit(q[::3].numpy())
    held_out, digits = data.test.x[1::2][:COUNT], test_y[1::2][:COUNT]
    mu, other, by_class = posterior_means(model, held_out), torch.randperm(COUNT), digits.argsort()
    twin, differ = by_class.roll(1), digits != digits[other]
    agree = digits[by_class] == digits[twin]
    ways = {
        "prior": prior,
        "pulled in": 0.8 * prior,
        "pushed out": 1.3 * prior,
        "one Gaussian": MultivariateNormal(q.mean(0), q.T.cov()).sample((COUNT,)),
        "each latent by itself": torch.stack([q[torch.randperm(len(q))[:COUNT], i] for i in range(20)], dim=1),
        "ten Gaussians": ten.sample((COUNT,)),
        "ten, no labels": torch.tensor(unlabelled.sample(COUNT)[0]).float(),
        "prior, chosen": many[ten.log_prob(many) > model.prior.log_prob(many)][:COUNT],
        "codes of test images": model.encode(held_out).sample(),
        "half way between two classes": (mu + mu[other])[differ] / 2,
        "half way within a class": (mu[by_class] + mu[twin])[agree] / 2,
    }
    return {name: sample_quality(judge, model.decode(z).mean, real).frechet for name, z in ways.items()}


@needs_mnist
def test_draws_from_where_codes_lie_are_far_better(distances):
    for name in ("ten Gaussians", "ten, no labels"):
        assert distances[name] < 0.4 * distances["prior"]
        assert distances["codes of test images"] < distances[name]
    assert distances["prior, chosen"] < 0.6 * distances["prior"]


@needs_mnist
def test_neither_centre_nor_widths_nor_length_are_to_blame(distances):
    for name in ("one Gaussian", "each latent by itself"):
        assert distances[name] == pytest.approx(distances["prior"], rel=0.15)
    assert distances["pulled in"] > 1.1 * distances["prior"]
    assert distances["pushed out"] > 3 * distances["ten Gaussians"]


@needs_mnist
def test_half_way_within_a_class_is_a_digit_and_between_two_classes_often_none(distances):
    assert distances["half way within a class"] < 0.4 * distances["half way between two classes"]


@needs_mnist
@torch.no_grad()
def test_a_bound_on_grey_pixels_is_a_conservative_one_for_binarised_pixels():
    """From the same draws of q: on average over binarisations equal for one draw, lower for many."""
    model, few = pretrained("dense-vae-mnist-20", device="cpu"), load("mnist").test.x[:50]
    torch.manual_seed(0)
    q = model.encode(few)
    z = q.sample((200,))
    p, common = model.decode(z), model.prior.log_prob(z) - q.log_prob(z)
    weights = {"grey": [p.log_prob(few) + common], "binary": [p.log_prob(binarise(few, seed=seed)) + common for seed in range(20)]}
    one = {name: torch.stack([w.mean(0) for w in some]).mean(0) for name, some in weights.items()}
    many = {name: torch.stack([w.logsumexp(0) - math.log(len(w)) for w in some]).mean(0) for name, some in weights.items()}
    spread = torch.stack([w.mean(0) for w in weights["binary"]]).std(0) / 20**0.5
    assert ((one["binary"] - one["grey"]).abs() < 5 * spread).all()
    assert (many["binary"] - many["grey"]).mean() > 1
