"""What one submission goes through, in a process of its own, and all that its marks depend on."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from .. import __version__
from . import gradebook as gradebooks
from .archives import INSIDE
from .autograded import shown
from .flags import flag
from .folder import FULL, MEND, ROOM, Graded, Kept, is_full, write
from .likeness import telling
from .marking import marks_of
from .rebuild import rebuild as rebuilt_from
from .records import Flag, GradingError, Mark, Ran, Rebuilt, Result, Submission
from .reference import Reference
from .running import run_answers
from .submissions import read
from .wall import Wall, choose_wall
from .workers import Stop

REFERENCE = ".reference"  # no student has a name like it
UNGRADED = "This could not be graded yet. A person will look at it."


@dataclass(frozen=True)
class Steps:
    """What is done with each submission, in order; a test puts others in their place."""

    read: Callable[[Submission], bytes] = read
    rebuild: Callable[[Reference, Submission, bytes], Rebuilt] = rebuilt_from
    run: Callable[..., Ran] = run_answers
    mark: Callable[..., tuple[Mark, ...]] = marks_of
    wall: Callable[..., Wall] = choose_wall


@dataclass(frozen=True)
class Course:
    """The exercises of a batch. basis: a digest of all that marks depend on but the submission, by exercise."""

    references: Mapping[str, Reference]
    exercises: Mapping[str, dict]
    basis: Mapping[str, str]
    private: Path | None
    seed: int


def course_of(references: Mapping[str, Reference], private: Path | None, seed: int, unwalled: bool) -> Course:
    """The exercises, with what was handed out of each."""
    probes = [(path.relative_to(private).as_posix(), _sum(path.read_bytes())) for path in _files(private)] if private else []
    rest = [__version__, _code(), seed, unwalled, probes]
    basis = {name: _sum(json.dumps([reference.notebook, *rest], sort_keys=True).encode()) for name, reference in references.items()}
    exercises = {name: gradebooks.exercise_of(reference) for name, reference in references.items()}
    return Course(references, exercises, basis, private, seed)


def _files(folder: Path | None) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder else []


@cache
def _code() -> str:
    """The course's own code: a checkout may have changed where its version did not."""
    package = Path(__file__).parents[1]
    return _sum("".join(_sum(path.read_bytes()) for path in sorted(package.rglob("*.py"))).encode())


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digest_of(submission: Submission, content: bytes, course: Course) -> str:
    """What a result was made from: the file, what is known of it, and all that marks depend on."""
    known = json.dumps([submission.student, [[one.name, one.detail] for one in submission.flags]])
    return _sum(f"{course.basis[submission.exercise]} {known} {_sum(content)}".encode())


def notebook_in(graded: Graded, folder: str, submission: Submission) -> Path:
    """Where nbgrader expects a student's notebook."""
    return graded / folder / submission.student / submission.exercise / f"{submission.exercise}.ipynb"


class Work:
    """All that one submission goes through. Called in a process of its own; what comes of it is written, not held."""

    def __init__(self, graded: Graded, course: Course, wall: Wall, steps: Steps, source: Path) -> None:
        self.graded, self.course, self.wall, self.steps, self.source = graded, course, wall, steps, source.absolute()
        self.known = {name: _known(reference) for name, reference in course.references.items()}

    def __call__(self, submission: Submission) -> tuple[Mark, ...]:
        """The marks of the reference solution; of any other submission all is written, and nothing is given back."""
        try:
            if submission.student == REFERENCE:
                return self.of_reference(submission.exercise)
            content = self.steps.read(submission)
            rebuilt, ran, marks = self._or_stop(submission, content)
        except OSError as error:
            # A student's code can fill a disk as well; by now that is gone, and what it wrote with it.
            if error.errno in FULL and is_full(self.graded.path, Path(tempfile.gettempdir())):
                raise Stop(f"The disk is full: {error.filename or self.graded.path}. {ROOM}") from error
            raise
        flags = tuple(dict.fromkeys((*submission.flags, *rebuilt.flags, *ran.flags)))
        result = self._result(submission, marks, flags, digest_of(submission, content, self.course))
        result = replace(result, written=dict(rebuilt.written), seconds=round(ran.seconds, 2))
        answers = telling(rebuilt.answers, self.known[result.exercise])
        self.keep(submission, content, rebuilt.notebook, Kept(result, self._file(submission), answers))
        return ()

    def _or_stop(self, submission: Submission, content: bytes) -> tuple[Rebuilt, Ran, tuple[Mark, ...]]:
        """The steps, once more where they can't go on. Where the reference can't either, it is not this submission, and all stops."""
        try:
            return self.graded_by_steps(submission, content)
        except GradingError as error:
            try:
                self.of_reference(submission.exercise)
            except GradingError:
                raise Stop(str(error)) from error
        return self.graded_by_steps(submission, content)

    def of_reference(self, exercise: str) -> tuple[Mark, ...]:
        """The marks of the reference solution, which goes the way of every submission."""
        content = json.dumps(self.course.references[exercise].notebook).encode()
        return self.graded_by_steps(Submission(REFERENCE, exercise, Path(f"{exercise}.ipynb")), content)[2]

    def graded_by_steps(self, submission: Submission, content: bytes) -> tuple[Rebuilt, Ran, tuple[Mark, ...]]:
        reference, about = self.course.references[submission.exercise], {"seed": self.course.seed, "private": self.course.private}
        rebuilt = self.steps.rebuild(reference, submission, content)
        ran = self.steps.run(rebuilt, reference, self.wall, **about)
        return rebuilt, ran, tuple(self.steps.mark(reference, rebuilt, ran, **about))

    def set_aside(self, submission: Submission, why: str) -> None:
        """Keep of a submission that the grader failed on that it did."""
        tasks = self.course.references[submission.exercise].tasks
        marks = tuple(Mark(task, 0.0, out_of, "missing", UNGRADED) for task, out_of in tasks.items())
        result = self._result(submission, marks, (*submission.flags, flag("not graded", why)), "")
        try:
            content = self.steps.read(submission)
        except Exception:
            content = b""
        self.keep(submission, content, self.course.exercises[submission.exercise], Kept(result, self._file(submission)))

    def keep(self, submission: Submission, content: bytes, notebook: dict, kept: Kept) -> None:
        """Write the files of one submission, each whole or not at all, the result last: where that is, the others are."""
        try:
            rebuilt = shown(notebook, self.course.exercises[submission.exercise], kept.result.marks)
            for folder, whole in (("submitted", content), ("autograded", rebuilt)):
                path = notebook_in(self.graded, folder, submission)
                write(path, whole)
                if submission.submitted is not None:
                    write(path.with_name("timestamp.txt"), f"{gradebooks.when(submission.submitted)} UTC")
            self.graded.keep(kept)
        except OSError as error:
            if error.errno in FULL:
                raise Stop(f"The disk is full: {self.graded.path}. {ROOM}") from error
            raise Stop(f"{error.filename or self.graded.path} can't be written: {error.strerror}. {MEND}") from error

    def _result(self, submission: Submission, marks: tuple[Mark, ...], flags: tuple[Flag, ...], digest: str) -> Result:
        about = {"digest": digest, "shown_as": submission.shown_as, "submitted": submission.submitted}
        return Result(submission.student, submission.exercise, marks, flags=flags, **about)

    def _file(self, submission: Submission) -> str:
        """What the file was called where it came from: an LMS writes there who handed it in."""
        path = submission.path.absolute()
        inside = path.relative_to(self.source).as_posix() if path.is_relative_to(self.source) else path.name
        return "/".join([inside if inside != "." else path.name, *submission.member.split(INSIDE)]).rstrip("/")


def _known(reference: Reference) -> dict[str, tuple[str, ...]]:
    """By task, what everybody has: the public solution, and what was handed out."""
    solved = {part.name: part.source for part in reference.parts if part.role == "answer"}
    return {task: (source, reference.stub_of(task)) for task, source in solved.items()}
