"""Answers from elsewhere: right ones pass, and wrong ones that are hard to see are refused with a question that leads on."""

import pytest

from vae_course.tasks import verdict_on
from vae_course.tasks.engine.registry import find

from .foreign_answers import FOREIGN_ANSWERS

ALL = [pytest.param(*one, id=f"{one[0]}-{one[2].__name__}") for one in FOREIGN_ANSWERS]


@pytest.mark.parametrize(("task", "verdict", "answer"), ALL)
def test_an_answer_from_elsewhere_gets_its_verdict(task, verdict, answer):
    for seed in (0, 5):
        found = verdict_on(find(task), answer, seed=seed)
        assert found.passed == (verdict == "right"), found.words
        assert verdict in ("right", "") or any(verdict in hint for hint in found.hints), found
