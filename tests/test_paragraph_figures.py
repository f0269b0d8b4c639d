"""What the pages on text and on faces say of their stored runs."""

import pytest

from vae_course.checkpoints import card

TEXTS = card("texts-paragraphs")


def runs(kind):
    """Those of the three seeds."""
    found = [run for run in TEXTS["runs"] if run["kind"] == kind]
    assert [run["seed"] for run in found] == [0, 1, 2]
    return found


def bound(run):
    return run["losses"]["reconstruction"] + run["losses"]["kl"]


def test_the_three_bounds_are_level_between_the_entropy_and_perfect_sentences():
    found = {kind: [bound(run) for run in runs(kind)] for kind in ("two levels", "silent", "flat")}
    assert TEXTS["entropy"] < min(map(min, found.values()))
    assert max(map(max, found.values())) < TEXTS["alone"]
    means = [sum(its) / len(its) for its in found.values()]
    assert max(means) - min(means) < 0.3


@pytest.mark.parametrize("factor", ["topic", "tense", "person"])
def test_what_is_shared_goes_with_the_paragraph(factor):
    for run in runs("two levels") + runs("silent"):
        assert run["exchanged"][factor]["z_p"] > 0.8
        assert run["exchanged"][factor]["z_s"] < 0.02


@pytest.mark.parametrize("factor", ["time first", "so"])
def test_a_sentences_own_choice_goes_with_it_unless_its_level_is_silent(factor):
    for run in runs("two levels"):
        assert run["exchanged"][factor]["z_s"] > 0.95
        assert run["probes"]["z_p"][factor] < 0.65
    for run in runs("silent"):
        assert run["exchanged"][factor]["z_p"] > 0.95
        assert run["probes"]["z_p"][factor] > 0.95


def test_who_is_silent_costs_nothing_to_redraw():
    more = {
        kind: [run["listened"]["z_s drawn anew, given z_p"] - run["listened"]["its own"] for run in runs(kind)]
        for kind in ("two levels", "silent")
    }
    assert min(more["two levels"]) > 7
    assert max(map(abs, more["silent"])) < 0.05


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_condition_is_heard_better_by_a_model_that_is_always_told(seed):
    half, told = (
        next(run["edits"] for run in card("faces-seeds")["runs"] if (run["kind"], run["seed"]) == (kind, seed))
        for kind in ("half told", "always told")
    )
    assert all(told[attribute]["condition"]["has it"] > half[attribute]["condition"]["has it"] + 6 for attribute in told)
    for attribute in ("smile", "hat"):
        assert told[attribute]["condition, laid on"]["distance"] < told[attribute]["pixel arrow"]["distance"]
    assert told["smile"]["condition, laid on"]["distance"] < half["smile"]["arrow, laid on"]["distance"]
    assert told["hair"]["condition, laid on"]["distance"] > told["hair"]["pixel arrow"]["distance"]
