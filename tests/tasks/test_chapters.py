"""What single chapters rest on: references of their own that are checked against how the inputs were made."""

import pytest

from vae_course.tasks.chapter_05 import LABELS, _told_apart, sick_runs


@pytest.mark.parametrize("seed", range(20))
def test_the_rules_tell_the_runs_apart_as_they_were_made(seed):
    runs = sick_runs(seed)
    assert {label for label, _, _ in runs} == set(LABELS)
    assert all(_told_apart(reconstruction, kl) == label for label, reconstruction, kl in runs)
