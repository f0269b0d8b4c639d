"""What the pages on text and on faces say of their stored runs."""

import pytest

from vae_course.checkpoints import card

TEXTS = card("texts-paragraphs")


def run(kind):
    return next(run for run in TEXTS["runs"] if run["kind"] == kind)


def bound(kind):
    return run(kind)["losses"]["reconstruction"] + run(kind)["losses"]["kl"]


def test_the_three_bounds_are_level_between_the_entropy_and_perfect_sentences():
    found = [bound(kind) for kind in ("two levels", "silent", "flat")]
    assert TEXTS["entropy"] < min(found)
    assert max(found) < TEXTS["alone"]
    assert max(found) - min(found) < 0.3


@pytest.mark.parametrize("factor", ["topic", "tense", "person"])
def test_what_is_shared_goes_with_the_paragraph(factor):
    assert all(run(kind)["exchanged"][factor]["z_p"] > 0.8 for kind in ("two levels", "silent"))
    assert all(run(kind)["exchanged"][factor]["z_s"] < 0.02 for kind in ("two levels", "silent"))


@pytest.mark.parametrize("factor", ["time first", "so"])
def test_a_sentences_own_choice_goes_with_it_unless_its_level_is_silent(factor):
    assert run("two levels")["exchanged"][factor]["z_s"] > 0.95
    assert run("silent")["exchanged"][factor]["z_p"] > 0.95
    assert run("two levels")["probes"]["z_p"][factor] < 0.6
    assert run("silent")["probes"]["z_p"][factor] > 0.95


def test_who_is_silent_costs_nothing_to_redraw():
    ways = {kind: run(kind)["listened"] for kind in ("two levels", "silent")}
    more = {kind: its["z_s drawn anew, given z_p"] - its["its own"] for kind, its in ways.items()}
    assert more["two levels"] > 8
    assert abs(more["silent"]) < 0.05


def test_a_condition_is_heard_better_by_a_model_that_is_always_told():
    ours, told = (run["edits"] for run in card("faces-seeds")["runs"][:2])
    assert all(told[attribute]["condition"]["has it"] > ours[attribute]["condition"]["has it"] + 8 for attribute in told)
    for attribute in ("hat", "smile"):
        its = told[attribute]["condition, laid on"]["distance"]
        assert its < min(told[attribute]["pixel arrow"]["distance"], ours[attribute]["arrow, laid on"]["distance"])
    assert told["hair"]["condition, laid on"]["distance"] > told["hair"]["pixel arrow"]["distance"]
