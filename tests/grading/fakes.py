"""A class whose grading costs nothing: steps that do at once what the notebook says, so that the batch around them can be tried."""

from __future__ import annotations

import errno
import functools
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import nbgrader.api

from vae_course.grading import batch
from vae_course.grading.flags import flag
from vae_course.grading.records import GradingError, Mark, Ran, Rebuilt, Submission
from vae_course.grading.reference import Reference

# For each new gradebook nbgrader starts a program that says the same each time.
nbgrader.api.get_alembic_version = functools.cache(nbgrader.api.get_alembic_version)
EXERCISE = "04-the-elbo"
OTHER = "03-the-reparameterisation-trick"
PATIENCE = 120.0
LOG = "VAE_COURSE_FAKE_LOG"  # names a folder: each run leaves a file there, named after the student


def notebook(*, right: object = 3, do: str = "", words: str = "Because.", size: int = 0, **more) -> bytes:
    """A notebook that asks the fake steps for something. right: how many tasks are right, or True. do: what its run does."""
    return json.dumps({"cells": [], "right": right, "do": do, "words": words, "fill": "x" * size, **more}).encode()


def hand_in(folder: Path, exercise: str = EXERCISE, **students: bytes) -> Path:
    """Put notebooks into a folder a student."""
    for student, content in students.items():
        path = folder / student / f"{exercise}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def rebuilt(reference: Reference, submission: Submission, content: bytes) -> Rebuilt:
    asked = json.loads(content)
    if submission.student == batch.REFERENCE:
        asked = {"right": True, "do": "", "words": "", **asked.get("asked", {})}
    if asked["do"] == "stumble":
        raise GradingError("a cell that no step foresaw")
    cells = [dict(part.cell) for part in reference.parts]
    for cell, part in zip(cells, reference.parts, strict=True):
        if part.role == "answer":
            cell["source"] = asked.get("answers", {}).get(part.name, f"def {part.name}(): ...")
        if part.role == "written":
            cell["source"] = asked["words"]
    cells += [{"metadata": {}, **cell} for cell in asked.get("cells", [])]
    answers = {part.name: cell["source"] for cell, part in zip(cells, reference.parts, strict=False) if part.role == "answer"}
    flags = tuple(flag(*one) for one in asked.get("flags", []))
    return Rebuilt({**reference.notebook, "cells": cells}, (), answers, dict.fromkeys(reference.written, asked["words"]), flags)


@dataclass(frozen=True)
class FakeWall:
    words: str = "A wall of paper."


@dataclass(frozen=True)
class Doing:
    """The steps, with the notebook's wishes handed on from the first to the others."""

    spoilt: str = ""  # a task that the reference gets wrong

    def rebuild(self, reference: Reference, submission: Submission, content: bytes) -> Rebuilt:
        _note(submission)
        made = rebuilt(reference, submission, content)
        wishes = {"right": True, "do": ""} if submission.student == batch.REFERENCE else json.loads(content)
        made.notebook["wishes"] = {**wishes, "student": submission.student}
        return made

    def run(self, rebuilt: Rebuilt, reference: Reference, wall: FakeWall, *, seed: int, private: Path | None = None) -> Ran:
        _do(rebuilt.notebook["wishes"]["do"], rebuilt.notebook["wishes"]["student"])
        return Ran({}, (flag("flood"),) if rebuilt.notebook["wishes"]["do"] == "flood" else (), 0.25)

    def mark(self, reference: Reference, rebuilt: Rebuilt, ran: Ran, *, seed: int, private: Path | None = None) -> tuple[Mark, ...]:
        wishes, marks = rebuilt.notebook["wishes"], []
        right = len(reference.tasks) if wishes["right"] is True else wishes["right"]
        for number, (task, out_of) in enumerate(reference.tasks.items()):
            spoilt = wishes["student"] == batch.REFERENCE and task == self.spoilt
            if number < right and not spoilt:
                marks.append(Mark(task, out_of, out_of, "passed", ""))
            else:
                said = wishes.get("said", "What came out is not what should.")
                hints = tuple(wishes.get("hints", ("Which term has the wrong sign?",)))
                marks.append(Mark(task, 0.0, out_of, "identity", said, hints, tuple(wishes.get("mistakes", ("sign of the KL",)))))
        return tuple(marks)

    def steps(self) -> batch.Steps:
        return batch.Steps(rebuild=self.rebuild, run=self.run, mark=self.mark, wall=lambda **_: FakeWall())


def _note(submission: Submission) -> None:
    if folder := os.environ.get(LOG):
        with Path(folder, submission.student).open("a") as log:
            log.write(f"{os.getpid()}\n")


def _do(what: str, student: str) -> None:
    log = Path(os.environ.get(LOG, "."))
    if what == "raise":
        raise RuntimeError("the grader stumbled")
    if what == "die":
        os._exit(7)
    if what == "hog":
        raise MemoryError
    if what == "hang":
        time.sleep(600)
    if what == "fill":
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/elsewhere")
    if what == "meet":  # goes on only once another is here at the same time
        (log / f"{student} is here").touch()
        until = time.monotonic() + PATIENCE
        while len(list(log.glob("* is here"))) < 2:
            if time.monotonic() > until:
                raise TimeoutError("nobody came")
            time.sleep(0.02)
    if what == "wait":  # until somebody says go
        until = time.monotonic() + PATIENCE
        while not (log / "go").exists() and time.monotonic() < until:
            time.sleep(0.02)


def grade(submissions: Path, graded: Path, *, spoilt: str = "", **settings) -> batch.Outcome:
    """Grade with these steps, and say nothing."""
    return batch.grade(submissions, graded, steps=Doing(spoilt).steps(), say=lambda _: None, **settings)


def runs(log: Path) -> dict[str, int]:
    """How often each student's notebook was run, the reference's aside."""
    return {
        one.name: len(one.read_text().split()) for one in log.iterdir() if " " not in one.name and one.name not in ("go", batch.REFERENCE)
    }
