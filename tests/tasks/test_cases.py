"""The cases that tasks ask to diagnose are told apart by the right answers as they were made."""

import pytest

from vae_course.tasks import find
from vae_course.tasks.cases import detectors, lost_games, sick_runs


@pytest.mark.parametrize("seed", range(20))
def test_the_right_answer_tells_the_runs_apart_as_they_were_made(seed):
    runs = sick_runs.sick_runs(seed)
    assert {label for label, *_ in runs} == set(sick_runs.LABELS)
    assert all(find("diagnose").answer(*curves) == label for label, *curves in runs)


@pytest.mark.parametrize("seed", range(20))
def test_the_right_answer_tells_the_detectors_apart_as_they_were_made(seed):
    made = detectors.detectors(seed)
    assert {label for label, *_ in made} == set(detectors.LABELS)
    assert all(find("diagnose_detector").answer(*figures) == label for label, *figures in made)


@pytest.mark.parametrize("seed", range(20))
def test_the_right_answer_tells_the_games_apart_as_they_were_made(seed):
    games = lost_games.lost_games(seed)
    assert {label for label, *_ in games} == set(lost_games.LABELS)
    assert all(find("diagnose_game").answer(*curves) == label for label, *curves in games)
