"""The clinic: each sick run, made again from its seed, shows the sign that it is named for; the healthy one shows none."""

import functools

import pytest
import torch

from vae_course import clinic

SICK = clinic.names()[1:]
regenerated = functools.cache(clinic.regenerate)


def test_there_are_eight_patients_and_a_healthy_one():
    assert clinic.names()[0] == "healthy"
    assert len(set(clinic.names())) == 9


@pytest.mark.parametrize("name", SICK)
def test_a_patient_made_again_shows_its_sign(name):
    figures = regenerated(name).figures
    assert clinic.patient(name).shows(figures), figures


@pytest.mark.parametrize("name", SICK)
def test_the_healthy_run_shows_no_sign(name):
    assert not clinic.patient(name).shows(regenerated("healthy").figures)


@pytest.mark.parametrize("name", SICK)
def test_no_two_patients_share_a_sign(name):
    others = [other for other in SICK if other != name and clinic.patient(name).shows(clinic.stored(other).figures)]
    assert not others


@pytest.mark.parametrize(
    "name", [name for name in clinic.names() if name != "wrong sign"]
)  # its KL has no end: small differences grow with it
def test_what_is_stored_is_what_is_made_again(name):
    """On the machine that stored them the two are equal; other machines add up in another order."""
    made, kept = regenerated(name), clinic.stored(name)
    for term, curve in kept.curves.items():
        assert made.curves[term] == pytest.approx(curve, rel=0.1, abs=1.0), term
    assert (made.picture.size, made.picture.mode) == (kept.picture.size, kept.picture.mode) == ((224, 84), "L")


@pytest.mark.parametrize("name", clinic.names())
def test_the_stored_curves_tell_every_epoch(name):
    kept = clinic.stored(name)
    assert {len(curve) for curve in kept.curves.values()} == {clinic.patient(name).epochs}
    assert kept.figures["loss"] == kept.curves["loss"][-1]


def test_regenerating_leaves_the_callers_random_numbers_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    clinic.regenerate("averaged pixels")
    assert torch.equal(torch.rand(3), expected)


def test_storing_keeps_the_run(tmp_path):
    run = regenerated("healthy")
    clinic.store(run, tmp_path)
    kept = clinic.stored("healthy", tmp_path)
    assert kept.curves == run.curves
    assert kept.figures == run.figures
    assert kept.picture.tobytes() == run.picture.tobytes()


def test_an_unknown_patient_is_told_who_is_there():
    with pytest.raises(ValueError, match="no patient is called 'well', expected one of: healthy, averaged pixels"):
        clinic.stored("well")
