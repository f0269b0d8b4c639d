"""The detectors that exercise 11 asks to diagnose are told apart by the rules as they were made."""

import pytest

from vae_course.tasks.chapter_11 import _told_apart
from vae_course.tasks.detectors import LABELS, detectors


@pytest.mark.parametrize("seed", range(20))
def test_the_rules_tell_the_detectors_apart_as_they_were_made(seed):
    made = detectors(seed)
    assert {label for label, *_ in made} == set(LABELS)
    assert all(_told_apart(scores, is_anomaly, ink) == label for label, scores, is_anomaly, ink in made)
