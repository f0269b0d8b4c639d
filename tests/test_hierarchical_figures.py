"""What the page on hierarchical VAEs says of its stored runs, seed by seed."""

import pytest
import torch

from benchmarks import two_resolutions
from vae_course.checkpoints import card

SEEDS = (0, 1, 2)


def gained(table: str, arm: str) -> list[float]:
    """Nats an image, in −log p(x), by which an arm is ahead of one level with the same seed."""
    nats = {(run["model"], run["seed"]): run["negative_log_likelihood"] for run in card(table)["runs"]}
    return [nats["one level", seed] - nats[arm, seed] for seed in SEEDS]


def test_in_the_plane_layers_gain_more_than_a_level_in_each_seed():
    layers, level = (gained("mnist-binary-plane", arm) for arm in ("one level, as deep", "two levels, naive"))
    assert all(a > b for a, b in zip(layers, level, strict=True))
    assert [sum(one) / len(one) for one in (layers, level)] == pytest.approx([7.3, 1.2], abs=0.05)


def test_a_stack_that_hears_its_top_is_ahead_of_one_level_and_the_deaf_one_hardly():
    heard = [gained("mnist-binary-hierarchy", arm) for arm in ("two levels, naive", "two levels", "three levels")]
    deaf = gained("mnist-binary-hierarchy", "two levels, naive, deaf")
    assert min(min(one) for one in heard) > max(deaf)
    assert sum(deaf) < 0.2 * sum(heard[0])


def test_on_all_digits_layers_in_place_of_the_level_fall_behind_in_each_seed_and_at_the_end():
    layers = gained("mnist-binary-hierarchy", "one level, as deep")
    assert max(layers) < 0
    assert sum(layers) / len(layers) == pytest.approx(-3.4, abs=0.05)
    ends = {run["model"]: run for run in card("mnist-binary-trained")["runs"]}
    counts = [run["parameters"] for run in ends.values()]
    assert max(counts) < 1.01 * min(counts)
    lead = {name: ends["one level"]["negative_log_likelihood"] - run["negative_log_likelihood"] for name, run in ends.items()}
    assert lead["one level, as deep"] < 0 < min(lead[name] for name in ("two levels, naive", "two levels", "two levels, residual"))
    looks = {name: run["frechet"] for name, run in ends.items()}
    assert looks["two levels, naive"] < looks["two levels"] < looks["one level, as deep"] < looks["one level"]


def test_epochs_wake_the_upper_level_and_the_warm_up_adds_to_its_nats():
    runs = card("mnist-binary-plane")["runs"]
    warm, cold = ([run["kl"][1] for run in runs if run["model"] == name] for name in ("two levels, naive", "two levels, naive, no warm-up"))
    assert all(a > b > 0.5 for a, b in zip(warm, cold, strict=True))


def test_on_tiles_the_map_gains_and_the_top_takes_colour_in_two_seeds_but_gains_nothing_that_is_sure():
    runs = {(run["model"], run["seed"]): run for run in card("photographs-two-resolutions")["runs"]}
    tops, colours = [], []
    for seed in {seed for _, seed in runs}:
        two, cut, one = (runs[kind, seed] for kind in ("two levels", "top cut off", "one code"))
        assert min(two["elbo"], cut["elbo"]) > one["elbo"] + 500
        assert min(two["edges"], cut["edges"]) > one["edges"]
        tops.append(two["elbo"] - cut["elbo"])
        (below, above), (detail_below, detail_above) = two["followed"]["colour"], two["followed"]["detail"]
        colours.append(above > below + 0.3)
        assert detail_below > detail_above + 0.3
    assert min(tops) < 0 < max(tops)
    assert sorted(colours) == [False, True, True]


def test_the_controls_on_tiles_are_of_one_size_and_the_headless_one_hears_no_top():
    runs = card("photographs-two-resolutions")["runs"]
    counts = [run["parameters"] for run in runs]
    assert max(counts) < 1.01 * min(counts)
    kind = "top cut off"
    model = two_resolutions.CLASSES[kind](**two_resolutions.KINDS[kind])
    torch.manual_seed(0)
    z = torch.randn(2, model.latent_size)
    z[1, :-16] = z[0, :-16]  # one z₁, two z₂
    first, second = model.decode(z).mean
    assert torch.equal(first, second)
