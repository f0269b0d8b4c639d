"""The right answer tells the runs that the exercise on failures asks to diagnose apart as they were made, and so the clinic's own."""

import pytest
import torch

from vae_course import clinic
from vae_course.tasks import find
from vae_course.tasks.cases.patients import ILLNESSES, patients

told_apart = find("diagnose_run").answer


@pytest.mark.parametrize("seed", range(20))
def test_the_answer_tells_the_patients_apart_as_they_were_made(seed):
    found = patients(seed)
    assert {name for name, _ in found} == set(ILLNESSES)
    assert all(told_apart(**figures) == name for name, figures in found)


def test_every_illness_of_the_exercise_is_one_of_the_clinics():
    assert set(ILLNESSES) <= set(clinic.names())


@pytest.mark.parametrize("name", ILLNESSES)
def test_the_same_answer_holds_for_the_clinics_real_runs(name):
    run = clinic.stored(name)
    curves = {term: torch.tensor(run.curves[term], dtype=torch.float64) for term in ("loss", "reconstruction", "kl", "test_loss")}
    # a decoder that hears nothing of z ends at the mean image
    mean_image = clinic.stored("cut gradient").figures["reconstruction"]
    assert told_apart(**curves, mean_image=mean_image, noise_costs=run.figures["noise costs"]) == name
