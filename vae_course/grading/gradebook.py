"""nbgrader's gradebook: what was graded is entered through its API, and what a person entered in Formgrader is read back.

Imports nbgrader, which is needed for grading alone: `pip install 'vae-course[grading]'`.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import sqlite3
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbgrader.api import Gradebook
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    SaveCells,
)
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config
from traitlets.config.loader import ConfigFileNotFound, PyFileConfigLoader

from .autograded import CHECK, text
from .folder import GRADEBOOK, HALF, SETTINGS, Graded, write
from .records import GradingError, Result

if TYPE_CHECKING:
    from .reference import Reference

COURSE = "vae-course"
# In the order of nbgrader's generate_assignment; its step SaveCells stands between.
UNTIL_SAVED = (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums)
AFTER = (ClearHiddenTests, ClearMarkScheme, ComputeChecksums)
OUR_TABLE = "CREATE TABLE vae_course (assignment TEXT, student TEXT, entered TEXT, PRIMARY KEY (assignment, student))"
NO_RESPONSE = "No response."
NEED_A_PERSON = ("not a notebook", "not graded")

SETTINGS_TEXT = f'''\
from pathlib import Path

c = get_config()
c.CourseDirectory.root = str(Path(__file__).parent)
c.CourseDirectory.course_id = "{COURSE}"

# Marks come from `python -m vae_course.grading`, which walls students' code off. nbgrader's own autograding does not, so it is refused.
c.Autograde.exporter_class = "vae_course.grading.refusing.Refusing"

# What comes after the due date (--due) loses nothing, or with the next line everything. A plugin of yours can take some:
# https://nbgrader.readthedocs.io/en/stable/plugins/late-plugin.html
# c.LateSubmissionPlugin.penalty_method = "zero"
'''


@dataclass(frozen=True)
class ByHand:
    """What the gradebook has of one submission. points: by grade id, a person's where there are any, None while one is waited for.

    overruled: the grade ids whose points a person entered, or added to. comments: a person's words, by grade id of the answer.
    late: the points that were taken for being late.
    """

    points: Mapping[str, float | None]
    overruled: frozenset[str] = frozenset()
    comments: Mapping[str, str] = field(default_factory=dict)
    late: float = 0.0
    to_mark: bool = False


def exercise_of(reference: Reference) -> nbformat.NotebookNode:
    """The notebook as it was handed out: made from the reference by nbgrader's own steps."""
    notebook: Any = nbformat.from_dict(copy.deepcopy(reference.notebook))
    resources: Any = {"metadata": {"name": reference.exercise}}
    for step in UNTIL_SAVED + AFTER:
        notebook, resources = step().preprocess(notebook, resources)
    return notebook


def texts_of(exercise: Mapping) -> dict[str, str]:
    """What stood in each answer cell when it was handed out, by grade id."""
    marked = [(cell, cell["metadata"].get("nbgrader", {})) for cell in exercise["cells"]]
    return {about["grade_id"]: text(cell) for cell, about in marked if about.get("solution")}


def due(words: str) -> datetime:
    """A due date as the gradebook wants it, in UTC. A day alone lasts until its end; a time without a zone is this machine's.

    Raises GradingError for what is no date.
    """
    try:
        when = datetime.fromisoformat(words.replace("Z", "+00:00"))
    except ValueError as error:
        raise GradingError(
            f"{words!r} is no date. Write --due 2026-05-31, 2026-05-31T18:00, or with a zone 2026-05-31T18:00+02:00."
        ) from error
    if len(words) <= len("2026-05-31"):
        when += timedelta(days=1, seconds=-1)
    return when.astimezone(timezone.utc).replace(tzinfo=None)


class Book:
    """The gradebook in `graded`, open. Use `opened`."""

    def __init__(self, graded: Graded, gradebook: Gradebook) -> None:
        self.graded = graded
        self.gradebook: Any = gradebook  # whose annotations say less than is so
        self.config = _settings(graded / SETTINGS)

    def add_exercise(self, reference: Reference, due: datetime | None = None) -> None:
        """Enter an exercise and its cells, and put its solution under source/. due: kept as it was where there is none.

        Raises GradingError where submissions were graded by other tasks than it has now.
        """
        name = reference.exercise
        self.gradebook.update_or_create_assignment(name, **({"duedate": due} if due else {}))
        notebook: Any = nbformat.from_dict(copy.deepcopy(reference.notebook))
        resources: Any = {
            "metadata": {"name": name},
            "nbgrader": {"notebook": name, "assignment": name, "db_url": str(self.gradebook.engine.url)},
        }
        for step in UNTIL_SAVED:
            notebook, resources = step().preprocess(notebook, resources)
        try:
            SaveCells().preprocess(notebook, resources)
        except RuntimeError as error:
            raise GradingError(
                f"{name} has other tasks now than when submissions were graded into {self.graded.path}. Grade into a new folder, with --to."
            ) from error
        self.gradebook.db.expire_all()
        write(
            self.graded / "source" / name / f"{name}.ipynb", nbformat.writes(nbformat.from_dict(copy.deepcopy(reference.notebook))) + "\n"
        )

    def enter(self, result: Result, untouched: Mapping[str, str]) -> None:
        """Enter one result. What a person entered stays; where that was for something else than is there now, Formgrader asks for a look.

        untouched: what stood in each answer cell when it was handed out. A written answer that is still that has no points.
        """
        before = self._entered(result)
        now = {"digest": result.digest, "name": result.shown_as, "submitted": result.submitted}
        now["written"] = {name: _digest(said) for name, said in result.written.items()}
        if before != now or not result.digest:
            self._enter(result, untouched, before.get("written", {}), now)
        submission = self.gradebook.find_submission(result.exercise, result.student)
        late = submission.total_seconds_late > 0 or any(one.late_submission_penalty for one in submission.notebooks)
        self.gradebook.db.rollback()
        if late:
            self._penalty(result)

    def _enter(self, result: Result, untouched: Mapping[str, str], written_before: Mapping[str, str], now: dict) -> None:
        first, last = names(result.shown_as)
        self.gradebook.update_or_create_student(result.student, **({"first_name": first, "last_name": last} if last else {}))
        with self.gradebook.db.no_autoflush:  # else SQLAlchemy warns of how nbgrader builds a submission
            submission = self.gradebook.update_or_create_submission(result.exercise, result.student, timestamp=when(result.submitted))
        notebook = next(one for one in submission.notebooks if one.name == result.exercise)
        earned = {mark.task + CHECK: mark.points for mark in result.marks}
        empty = {name for name, said in untouched.items() if result.written.get(name, "").strip() in ("", said.strip())}
        asks = any(flag.name in NEED_A_PERSON for flag in result.flags)
        for grade in notebook.grades:
            by_hand = grade.manual_score is not None
            if grade.name in earned:
                auto = earned[grade.name]
                if not by_hand:
                    grade.needs_manual_grade = asks
                elif auto != grade.auto_score:
                    grade.needs_manual_grade = True
            else:
                auto = 0.0 if grade.name in empty and not asks else None
                if written_before.get(grade.name) != now["written"].get(grade.name, ""):
                    grade.needs_manual_grade = auto is None or by_hand
            grade.auto_score = auto
        for comment in notebook.comments:
            comment.auto_comment = NO_RESPONSE if comment.name in empty else None
        self._note(result, now)
        self.gradebook.db.commit()

    def of(self, exercise: str, student: str) -> ByHand:
        """What the gradebook has of one submission. Raises MissingEntry where it has none."""
        notebook = self.gradebook.find_submission_notebook(exercise, exercise, student)
        points, overruled = {}, set()
        for grade in notebook.grades:
            known = grade.manual_score if grade.manual_score is not None else grade.auto_score
            points[grade.name] = None if known is None else known + (grade.extra_credit or 0.0)
            if grade.manual_score is not None or grade.extra_credit:
                overruled.add(grade.name)
        comments = {comment.name: comment.manual_comment for comment in notebook.comments if comment.manual_comment}
        late, to_mark = notebook.late_submission_penalty or 0.0, any(grade.needs_manual_grade for grade in notebook.grades)
        return ByHand(points, frozenset(overruled), comments, late, to_mark)

    def _penalty(self, result: Result) -> None:
        """Let the plugin that nbgrader_config.py names take points for being late, from the points that there are now."""
        where = {"notebook": result.exercise, "assignment": result.exercise, "student": result.student}
        resources: Any = {"nbgrader": {**where, "db_url": str(self.gradebook.engine.url)}}
        AssignLatePenalties(config=self.config).preprocess(nbformat.v4.new_notebook(), resources)
        self.gradebook.db.expire_all()

    def _entered(self, result: Result) -> dict:
        found = self.gradebook.db.execute(
            sql("SELECT entered FROM vae_course WHERE assignment = :assignment AND student = :student"),
            {"assignment": result.exercise, "student": result.student},
        ).fetchone()
        return json.loads(found[0]) if found else {}

    def _note(self, result: Result, entered: dict) -> None:
        self.gradebook.db.execute(
            sql("INSERT OR REPLACE INTO vae_course VALUES (:assignment, :student, :entered)"),
            {"assignment": result.exercise, "student": result.student, "entered": json.dumps(entered)},
        )


@contextmanager
def opened(graded: Graded) -> Iterator[Book]:
    """The gradebook, made where there is none. Raises GradingError where it is another's, or can't be read or written."""
    path = graded / GRADEBOOK
    if path.exists():
        _check_ours(path)
    if not (graded / SETTINGS).exists():
        write(graded / SETTINGS, SETTINGS_TEXT)
    try:
        if not path.exists():
            _make(path)
        gradebook = Gradebook(f"sqlite:///{path}", COURSE)
        try:
            yield Book(graded, gradebook)
        finally:
            gradebook.close()
    except SQLAlchemyError as error:
        raise GradingError(_complaint(path, error)) from error


def check(graded: Graded) -> None:
    """Raises GradingError where there is a gradebook that can't be used. Asked before anything is graded; makes nothing."""
    if (graded / GRADEBOOK).exists():
        _check_ours(graded / GRADEBOOK)


def _check_ours(path: Path) -> None:
    """Raises GradingError where a gradebook is not one that `_make` made. nbgrader would write into any that it opens."""
    try:
        # Opened to write, though nothing is: what a killed grader left half written has to be rolled back before it can be read.
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)) as database:
            ours = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'vae_course'").fetchone()
    except sqlite3.Error as error:
        raise GradingError(_complaint(path, error)) from error
    if not ours:
        raise GradingError(f"{path} is another course's gradebook. Grade into a folder of its own, with --to.")


def _make(path: Path) -> None:
    """A new gradebook, whole or not at all. A table of ours beside nbgrader's says what was entered last."""
    half = path.with_name(f".{path.name}.{os.getpid()}{HALF}")
    half.unlink(missing_ok=True)
    with _programs_of_this_python():
        gradebook = Gradebook(f"sqlite:///{half}", COURSE)
    try:
        gradebook.db.execute(sql(OUR_TABLE))
        gradebook.db.commit()
    finally:
        gradebook.close()
    os.replace(half, path)


@contextmanager
def _programs_of_this_python() -> Iterator[None]:
    """For a new gradebook nbgrader calls the program alembic, which a Python that was called by its path does not find."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join(filter(None, [sysconfig.get_path("scripts"), before]))
    try:
        yield
    finally:
        os.environ["PATH"] = before


def _complaint(path: Path, error: Exception) -> str:
    reason = str(getattr(error, "orig", None) or error).splitlines()[0]
    if "full" in reason:
        return f"The disk is full: {path} could not be written ({reason}). Make room, and run the same command again; it goes on from here."
    if "locked" in reason:
        return f"{path} is in use ({reason}). Let Formgrader finish what it does, and run the same command again."
    if "not a database" in reason:
        return f"{path} is no gradebook ({reason}). Restore it, or move it away: what was graded is kept, marks entered by hand are not."
    return f"{path} could not be used ({reason}). What was graded is kept; run the same command again."


def _settings(path: Path) -> Config:
    """What nbgrader_config.py sets: the instructor's rules for what is late."""
    try:
        return PyFileConfigLoader(path.name, path=str(path.parent)).load_config()
    except ConfigFileNotFound:
        return Config()
    except Exception as error:
        raise GradingError(
            f"{path} could not be read ({type(error).__name__}: {error}). Mend it, or remove it: it is made again."
        ) from error


def when(seconds: float | None) -> datetime | None:
    """Seconds since 1970 as the gradebook has them: a time in UTC, without a zone."""
    return None if seconds is None else datetime.fromtimestamp(int(seconds), timezone.utc).replace(tzinfo=None)


def names(shown_as: str) -> tuple[str, str]:
    """First and last name, as far as Formgrader and nbgrader's export can show them: they quote nothing."""
    plain = "".join(letter if letter.isalpha() or letter in " .'’-" else " " for letter in shown_as)
    first, _, last = " ".join(plain.strip(" .'’-").split()).rpartition(" ")
    return first[:100], last[:100]


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()
