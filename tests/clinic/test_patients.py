"""The clinic's runs: each sick one shows the sign that it is named for, the healthy one shows none, and each can be made again."""

import math

import pytest
import torch

from vae_course import clinic
from vae_course.clinic.runs import STORED

SICK = clinic.names()[1:]


def test_there_are_fourteen_patients_and_a_healthy_one():
    assert clinic.names()[0] == "healthy"
    assert len(set(clinic.names())) == 15


@pytest.mark.parametrize("name", SICK)
def test_a_patient_shows_its_sign_and_the_healthy_run_does_not(name):
    shows = clinic.patient(name).shows
    assert shows(clinic.stored(name).figures)
    assert not shows(clinic.stored("healthy").figures)


@pytest.mark.parametrize("name", SICK)
def test_no_two_patients_share_a_sign(name):
    others = [other for other in SICK if other != name and clinic.patient(name).shows(clinic.stored(other).figures)]
    assert not others


@pytest.mark.parametrize("name", ["averaged pixels", "BatchNorm in evaluation", "undivided pixels"])
def test_what_is_stored_is_what_is_made_again(name):
    """On the machine that stored them the two are equal; other machines add up in another order. One epoch tells."""
    made, kept = clinic.regenerate(name, epochs=1), clinic.stored(name)
    for term in ("loss", "reconstruction", "test_loss"):
        assert made.curves[term][0] == pytest.approx(kept.curves[term][0], rel=0.1), term


@pytest.mark.parametrize("name", clinic.names())
def test_the_stored_curves_go_to_the_end(name):
    kept = clinic.stored(name)
    assert {len(curve) for curve in kept.curves.values()} == {len(kept.epochs)}
    assert kept.epochs[-1] == clinic.patient(name).epochs or math.isnan(kept.curves["loss"][-1])
    assert str(kept.figures["loss"]) == str(kept.curves["loss"][-1])


@pytest.mark.parametrize("name", ["healthy", "open variance", "on their side", "undivided pixels"])
def test_a_run_is_shown_by_test_images_reconstructions_and_samples(name):
    run = clinic.stored(name)
    assert run.pictures.shape == (3, 8, 1, 28, 28)
    assert bool(run.pictures.isnan().any()) == (name == "open variance")
    assert (run.picture.size, run.picture.mode) == ((224, 84), "L")


def test_the_ward_has_its_marks():
    marks = clinic.levels()
    assert marks["coins"] == pytest.approx(543.4, abs=0.1)
    assert clinic.stored("averaged pixels").figures["test loss"] * 784 == pytest.approx(marks["mean image, test"], rel=0.01)
    assert marks["mean image, test"] < marks["mean image"] < marks["coins"]


@pytest.mark.parametrize("name", ["BatchNorm in evaluation", "evaluation in training mode"])
def test_where_evaluation_is_sick_the_same_weights_can_be_well(name):
    run = clinic.stored(name)
    before = {key: value.clone() for key, value in run.model.state_dict().items()}
    sick, well = clinic.mended_evaluation(run)
    assert sick == pytest.approx(run.figures["test loss"], rel=0.02)
    assert well < sick - 15
    assert all(torch.equal(value, before[key]) for key, value in run.model.state_dict().items())


def test_one_batch_is_learnt_by_a_patient_that_can():
    x = torch.zeros(2, 1, 28, 28)
    x[0, :, :14] = 1
    drawn = {name: clinic.by_heart(name, x, steps=25) for name in ("healthy", "dead learning rate")}
    apart = {name: (pictures - x).abs().mean().item() for name, pictures in drawn.items()}
    assert apart["healthy"] < 0.3 < apart["dead learning rate"]


def test_the_ward_holds_every_patient_once():
    assert sorted(run.name for run in clinic.ward().values()) == sorted(SICK)
    assert list(clinic.ward())[0] == "A"


def test_regenerating_leaves_the_callers_random_numbers_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    clinic.regenerate("open variance", epochs=1)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", ["healthy", "open variance"])
def test_storing_keeps_the_run(tmp_path, name):
    run = clinic.stored(name)
    clinic.store(run, tmp_path)
    kept = clinic.stored(name, tmp_path)
    assert str(kept.curves) == str(run.curves)
    assert str(kept.figures) == str(run.figures)
    assert torch.equal(kept.pictures.nan_to_num(2), run.pictures.nan_to_num(2))


def test_all_runs_together_are_small():
    assert sum(file.stat().st_size for file in STORED.iterdir()) < 500_000


def test_an_unknown_patient_is_told_who_is_there():
    with pytest.raises(ValueError, match="no patient is called 'well', expected one of: healthy, averaged pixels"):
        clinic.stored("well")
