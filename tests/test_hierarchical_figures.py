"""What the page on hierarchical VAEs says of its stored runs, seed by seed."""

import pytest

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
