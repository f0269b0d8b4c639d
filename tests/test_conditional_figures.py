"""What the page on the conditional VAE says of stored models and stored figures is true of them."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from benchmarks import few_labels, right_halves, train_models
from benchmarks.recipes import RECIPES, Recipe
from vae_course.checkpoints import card, pretrained
from vae_course.data import Split, halves, load, only_labelled
from vae_course.data import few_labels as with_few_labels
from vae_course.models import DigitClassifier
from vae_course.objectives import elbo

FEW, HALF = card("mnist-few-labels"), card("mnist-right-halves")


def test_every_arm_has_three_draws_and_those_that_look_at_all_images_gain_in_each():
    errors = FEW["errors"]
    assert all(draws.keys() == {"0", "1", "2"} for draws in errors.values())
    for name in ("self-trained", "M2"):
        assert all(errors[name][draw] < error for draw, error in errors["longer"].items()), name
    assert min(FEW["obeyed"]["M2"].values()) > max(FEW["obeyed"]["M2, no school"].values())


def test_the_m2_of_the_page_is_that_of_the_table():
    told = card("m2-mnist-100-labels")["metrics"]
    assert told["test_error"] == pytest.approx(FEW["errors"]["M2"]["0"], abs=0.02)
    assert told["obeyed"] == pytest.approx(FEW["obeyed"]["M2"]["0"], abs=0.2)


def test_with_z_a_right_half_is_cheaper_and_less_grey_than_without_for_every_seed():
    with_z, without = HALF["with z"], HALF["without z"]
    assert len(with_z["nats"]) == len(without["nats"]) == len(HALF["seeds"]) >= 1
    assert max(with_z["nats"]) < min(without["nats"]) - 5
    assert HALF["true grey"] < min(with_z["grey"]) <= max(with_z["grey"]) < min(without["grey"])


def test_no_image_costs_more_than_the_entropy_of_the_labels_for_not_being_told_its_label():
    """p(x) ≥ p(x|y) / 10, for a bound with one draw as well, where all labels are summed over."""
    model, x, y = pretrained("dense-conditional-vae-mnist-2", device="cpu"), load("digits").test.x[:40], load("digits").test.y[:40]
    torch.manual_seed(0)
    with torch.no_grad():
        under = torch.stack([elbo(model, x, torch.full((len(x),), digit)) for digit in range(10)], 1)
    gain = under[range(len(x)), y] - (under.logsumexp(1) - torch.tensor(10.0).log())
    assert gain.max() <= torch.tensor(10.0).log() + 1e-3


def test_the_deaf_model_paints_one_picture_under_all_labels_and_the_other_ten():
    z, digits = torch.zeros(10, 2), torch.arange(10)
    apart = {}
    for name in ("deaf-conditional-vae-mnist-2", "dense-conditional-vae-mnist-2"):
        painted = pretrained(name, device="cpu").decode(z, digits).mean
        apart[name] = (painted - painted.mean(0)).square().flatten(1).sum(1).mean().item()
    deaf, listening = apart.values()
    assert deaf < 0.05 * listening


@pytest.fixture
def recipe() -> Recipe:
    return replace(RECIPES["deaf-conditional-vae-mnist-2"], seed=5)  # 0 made the blobs' own labels


def test_dealt_labels_say_nothing_and_are_dealt_alike_each_time(blobs, recipe):
    first, again = (train_models.as_given(blobs, recipe) for _ in range(2))
    assert torch.equal(first.train.y, again.train.y)
    assert torch.equal(first.train.x, blobs.train.x)
    by_class = torch.stack([F.one_hot(first.train.y[blobs.train.y == label], 4).float().mean(0) for label in range(4)])
    assert (by_class - 0.25).abs().max() < 4 * (0.25 * 0.75 / (len(blobs.train) / 4)) ** 0.5


def test_left_halves_are_given_and_other_gifts_are_not_known(blobs):
    left = train_models.as_given(blobs, RECIPES[right_halves.WITH_Z.format(0)])
    assert torch.equal(left.test.y, halves(blobs).test.y)
    with pytest.raises(ValueError, match="given is 'a cake', expected 'left half', 'dealt labels', 'half size' or nothing"):
        train_models.as_given(blobs, Recipe("vae:VAE", given="a cake"))


def test_both_kinds_of_halves_have_one_recipe():
    for seed in right_halves.SEEDS:
        ours, rival = (RECIPES[name.format(seed)] for name in (right_halves.WITH_Z, right_halves.WITHOUT_Z))
        assert ours.training == rival.training
        assert ours.config["hidden_sizes"] == rival.config["hidden_sizes"]


def test_guesses_fill_in_the_labels_that_are_not_known_and_no_others(blobs):
    split = with_few_labels(blobs.train, count=8, share=0.5, seed=0)
    torch.manual_seed(0)
    classifier = DigitClassifier(input_shape=(1, 8, 8), classes=4)
    filled = few_labels.guessed(split, classifier)
    known = split.y >= 0
    assert torch.equal(filled.y[known], split.y[known])
    assert torch.equal(filled.y[~known], few_labels.named(classifier, split.x)[~known])
    assert isinstance(filled, Split)
    assert len(only_labelled(filled)) == len(split)
