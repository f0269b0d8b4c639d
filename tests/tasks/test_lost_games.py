"""The games that exercise 08 asks to diagnose are told apart by the rules as they were made."""

import pytest

from vae_course.tasks.chapter_08 import LABELS, _told_apart, lost_games


@pytest.mark.parametrize("seed", range(20))
def test_the_rules_tell_the_games_apart_as_they_were_made(seed):
    games = lost_games(seed)
    assert {label for label, _, _ in games} == set(LABELS)
    assert all(_told_apart(accuracy, auc) == label for label, accuracy, auc in games)
