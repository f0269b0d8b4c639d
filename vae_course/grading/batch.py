"""A batch from end to end: collect, rebuild, run behind the wall, judge, keep; then the gradebook, tables and pages.

What is kept of a submission says by a digest what it was made from. So nothing is run twice, and a batch that was interrupted goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from tqdm.std import tqdm

from ..my_copy import ROOT
from . import gradebook as gradebooks
from .autograded import points
from .checks import check_due, check_places, check_probes, check_room, references_for
from .folder import Graded
from .records import GradingError, Submission
from .reference import exercises_in
from .reports import report
from .submissions import collect
from .work import REFERENCE, Course, Steps, Work, course_of, digest_of, notebook_in
from .workers import PATIENCE, each_of

SOLUTIONS = ROOT / "solutions"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """What a batch came to. graded: how many now; as_before: how many had been. ungraded: whom the grader failed on."""

    graded: int = 0
    as_before: int = 0
    ungraded: Sequence[str] = ()
    exercises: Sequence[str] = field(default_factory=tuple)


def grade(
    source: Path,
    to: Path,
    *,
    exercises: Sequence[str] = (),
    solutions: Path = SOLUTIONS,
    private: Path | None = None,
    jobs: int = 1,
    unwalled: bool = False,
    due: Mapping[str, datetime] | None = None,
    steps: Steps | None = None,
    patience: float = PATIENCE,
    say: Say = print,
) -> Outcome:
    """Grade the notebooks in `source` into the folder `to`, and report.

    exercises: the stems of their notebooks, all of those in `solutions` where none is named. private: a folder of probes that are not
    public. jobs: how many submissions at a time. unwalled: run students' code without a wall. due: when each exercise was to be handed in,
    in UTC; "" stands for all. steps: see `Steps`. patience: seconds for one submission, after which the grader gives it up. say: what
    sentences are told to.

    Raises GradingError where something is to be mended first; nothing is graded then, or the batch stops whole and the same call resumes.
    """
    steps, graded = steps or Steps(), Graded(to)
    check_places(source, graded, private, jobs)
    references = references_for(exercises, solutions)
    check_due(due or {}, references)
    submissions = collect(source, list(references), exercises_in(solutions))
    for line in submissions.passed_over:
        say(f"Passed over: {line}")
    graded.check()
    gradebooks.check(graded)
    check_probes(private)
    references = {name: reference for name, reference in references.items() if any(one.exercise == name for one in submissions)}
    with graded.open():
        check_room(graded)
        course = course_of(references, private, graded.seed(), unwalled)
        with gradebooks.opened(graded) as book:
            for name, reference in references.items():
                book.add_exercise(reference, due=(due or {}).get(name, (due or {}).get("")))
        waiting = [one for one in submissions if not _is_done(one, course, graded, steps)]
        ungraded: list[str] = []
        if waiting:
            wall = steps.wall(unwalled=unwalled, hidden=[place for place in (source, graded.path, private) if place and place.is_dir()])
            say(wall.words)
            work = Work(graded, course, wall, steps, source)
            _grade_reference(work, [name for name in references if any(one.exercise == name for one in waiting)], patience)
            ungraded = _grade_all(work, waiting, jobs, patience)
        report(graded)
    return Outcome(len(waiting) - len(ungraded), len(submissions) - len(waiting), sorted(ungraded), list(references))


def report_again(to: Path) -> None:
    """Make tables and pages again from what was graded into `to`, with what was since entered by hand.

    Raises GradingError where nothing was graded.
    """
    graded = Graded(to)
    graded.check()
    if not graded.exercises():
        raise GradingError(f"Nothing was graded into {to} yet. Say what to grade: python -m vae_course.grading SUBMISSIONS --to {to}")
    with graded.open():
        check_room(graded)
        report(graded)


def _is_done(submission: Submission, course: Course, graded: Graded, steps: Steps) -> bool:
    """Whether just this was graded before. Its name and time are brought up to date."""
    kept = graded.kept(submission.exercise, submission.student)
    if kept is None or not kept.result.digest or not notebook_in(graded, "autograded", submission).exists():
        return False
    try:
        content = steps.read(submission)
    except Exception:  # then it is tried again, and told
        return False
    if digest_of(submission, content, course) != kept.result.digest:
        return False
    now = replace(kept.result, shown_as=submission.shown_as, submitted=submission.submitted)
    if now != kept.result:
        graded.keep(replace(kept, result=now))
    return True


def _grade_reference(work: Work, exercises: Sequence[str], patience: float) -> None:
    """Raises GradingError where a reference solution has not full marks, by the same path as every submission."""
    jobs = [Submission(REFERENCE, name, Path(f"{name}.ipynb")) for name in exercises]
    with closing(each_of(jobs, work, at_once=1, patience=patience)) as done:
        for one in done:
            name = one.job.exercise
            if one.failure:
                raise GradingError(f"The reference solution of {name} could not be graded: {one.failure}. No mark could be trusted.")
            marks = {mark.task: mark for mark in one.value}
            for task, out_of in work.course.references[name].tasks.items():
                mark = marks.get(task)
                if mark is None or mark.points < out_of:
                    has = f"{points(mark.points if mark else 0)} of {points(out_of)} points for {task}, expected all"
                    found = mark.words if mark else "nothing"
                    raise GradingError(f"The reference solution of {name} has {has}. No mark could be trusted. The grader found: {found}")


def _grade_all(work: Work, waiting: Sequence[Submission], jobs: int, patience: float) -> list[str]:
    """Grade what waits, and give the students that the grader failed on."""
    failed = []
    tqdm.monitor_interval = 0  # a thread, which would be forked into the workers
    with (
        closing(each_of(waiting, work, at_once=jobs, patience=patience)) as done,
        tqdm(total=len(waiting), desc="Grading", unit="notebook") as bar,
    ):
        for one in done:
            if one.failure:
                work.set_aside(one.job, one.failure)
                failed.append(one.job.student)
            bar.update()
    return failed
