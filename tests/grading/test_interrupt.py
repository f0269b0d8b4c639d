"""A batch that is interrupted at any moment, by Ctrl-C or by force, and then run again, ends like one that was not."""

from __future__ import annotations

import json
import random
import re
import shutil
import time
from pathlib import Path

from tests.grading.command import grade
from tests.grading.corpus.notebooks import ELBO, Work, right, slipped
from vae_course.grading.folder import GRADEBOOK

ANSWERS = {
    "ada": {"kl_between": right("kl_between"), "effective_beta": right("effective_beta")},
    "ben": {"effective_beta": slipped("effective_beta", ("sigma**2", "sigma"))},
    "chloe": {"leaning_kl": right("leaning_kl")},
}
JOBS = ("--jobs", 2)


# An interrupt in the moment of a fork is swallowed by Python, which says so itself: the grader never hears of it, and goes on.
SWALLOWED = re.compile(r"Exception ignored in: <function _(?:acquire|release)Lock.*?KeyboardInterrupt: ?", re.DOTALL)


def hand_in(folder: Path) -> None:
    """Everybody's work."""
    for student, answers in ANSWERS.items():
        (folder / student).mkdir(parents=True)
        (folder / student / f"{ELBO}.ipynb").write_bytes(Work(answers).words(f"In {student}'s words").saved())


def everything(graded: Path) -> dict:
    """All that a batch leaves, without what may differ: seconds, when it was stored, and the digest by which it is known again."""
    from nbgrader.api import Gradebook

    found: dict = {}
    for path in sorted(graded.rglob("*")):
        name = path.relative_to(graded).as_posix()
        if path.suffix == ".json" and name.startswith("results/"):
            found[name] = json.loads(path.read_text("utf-8")) | {"seconds": None, "digest": None}
        elif path.suffix in (".csv", ".ipynb") or name == "seed":
            found[name] = path.read_text("utf-8-sig")
        else:
            found[name] = "there"
    with Gradebook(f"sqlite:///{graded / GRADEBOOK}") as book:
        for submission in book.assignment_submissions(ELBO):
            for held in submission.notebooks:
                grades = {grade.name: (grade.auto_score, grade.manual_score, grade.needs_manual_grade) for grade in held.grades}
                comments = {comment.name: (comment.auto_comment, comment.manual_comment) for comment in held.comments}
                found[f"gradebook of {submission.student.id}"] = (grades, comments)
        found["students"] = sorted(student.id for student in book.students)
    return found


def test_an_interrupt_and_a_rerun_give_what_one_run_gives(open_to_all):
    source, whole, stopped, home = (open_to_all / name for name in ("handed-in", "whole", "stopped", "home"))
    hand_in(source)
    started = time.monotonic()
    called = grade(source, whole, *JOBS, exercises=[ELBO], home=home)
    seconds = time.monotonic() - started
    assert called.status == 0, called.said
    expected = everything(whole)
    assert expected["students"] == sorted(ANSWERS)

    stopped.mkdir()
    shutil.copy2(whole / "seed", stopped / "seed")  # the same probes, so that marks are the same
    moments = random.Random(21)
    for how in ("KILL", "INT", "KILL"):
        after = seconds * moments.uniform(0.3, 0.95)
        called = grade(source, stopped, *JOBS, exercises=[ELBO], home=home, watch=("--signal", how, "--after", f"{after:.2f}"))
        assert called.left == [], (how, after)
        assert "Traceback" not in SWALLOWED.sub("", called.said), called.said[-3000:]
    called = grade(source, stopped, *JOBS, exercises=[ELBO], home=home)
    assert called.status == 0, called.said
    got = everything(stopped)
    assert got.keys() == expected.keys()
    assert {name for name in expected if got[name] != expected[name]} == set()

    written = {path: path.stat().st_mtime_ns for path in stopped.rglob("*.json")}
    called = grade(source, stopped, *JOBS, exercises=[ELBO], home=home)
    assert called.status == 0, called.said
    assert everything(stopped) == got, "once more changes nothing"
    assert {path: path.stat().st_mtime_ns for path in stopped.rglob("*.json")} == written
