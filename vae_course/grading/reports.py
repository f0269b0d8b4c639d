"""After grading: each result is entered in the gradebook and read back with what a person marked; tables and pages are made from both.

One submission after another is looked at, and a row of figures is all that is kept of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from . import gradebook as gradebooks
from .autograded import CHECK
from .file_names import CANVAS, MOODLE
from .flags import flag
from .folder import Graded, Kept, write
from .gradebook import Book, ByHand
from .likeness import Alike, alike
from .pages import page_of, summary_of
from .records import Flag, Result
from .reference import Reference
from .rows import Row, Sheet
from .tables import canvas, marks, moodle


def report(graded: Graded) -> None:
    """Bring the gradebook up to date, and make marks.csv, the tables for an LMS, a page for each student and summary.html.

    Raises GradingError where the gradebook can't be used.
    """
    exercises = []
    with gradebooks.opened(graded) as book:
        for name in graded.exercises():
            reference = Reference.load(name, graded / "source" / name)
            groups = _alike(graded, name)
            exercises.append(Sheet(reference, tuple(_rows(graded, book, reference, groups)), tuple(groups)))
    rows = [row for one in exercises for row in one.rows]
    write(graded / "marks.csv", marks(rows, [one.reference for one in exercises]))
    for one in exercises:
        if table := moodle(one.rows):
            write(graded / f"moodle-{one.reference.exercise}.csv", table)
    if table := canvas(rows, [one.reference for one in exercises]):
        write(graded / "canvas.csv", table)
    write(graded / "summary.html", summary_of(exercises))


def _rows(graded: Graded, book: Book, reference: Reference, groups: Iterable[Alike]) -> Iterable[Row]:
    """Enter every result of one exercise, write its page, and give its row."""
    untouched = gradebooks.texts_of(gradebooks.exercise_of(reference))
    written = {name: untouched[name] for name in reference.written}
    for kept in graded.results(reference.exercise):
        result = kept.result
        book.enter(result, written)
        by_hand = book.of(result.exercise, result.student)
        result = replace(result, flags=(*result.flags, *_same(result.student, groups)))
        row = _row(kept, result, by_hand, reference)
        write(graded / "feedback" / result.student / result.exercise / f"{result.exercise}.html", page_of(result, row, by_hand, reference))
        yield row


def _row(kept: Kept, result: Result, by_hand: ByHand, reference: Reference) -> Row:
    names = {**{task: task + CHECK for task in reference.tasks}, **{name: name for name in reference.written}}
    earned = {task: by_hand.points.get(name) for task, name in names.items()}
    mistakes = tuple((mark.task, name) for mark in result.marks for name in mark.mistakes)
    return Row(
        result.student,
        result.shown_as,
        result.exercise,
        earned,
        {**reference.tasks, **reference.written},
        frozenset(reference.written),
        by_hand.late,
        by_hand.to_mark,
        result.flags,
        mistakes,
        result.seconds,
        lms_of(kept.file),
    )


def lms_of(file: str) -> tuple[str, str]:
    """Which LMS a file's name tells of, and the id that it gives there; two empty strings where none."""
    for part in file.split("/"):
        for lms, pattern in (("moodle", MOODLE), ("canvas", CANVAS)):
            if found := pattern.match(part):
                return lms, found["number"]
    return "", ""


def _alike(graded: Graded, exercise: str) -> list[Alike]:
    answers, answered = {}, {}
    for kept in graded.results(exercise):
        answers[kept.result.student] = kept.answers
        for mark in kept.result.marks:
            if mark.kind not in ("missing", "unwritten"):
                answered[mark.task] = answered.get(mark.task, 0) + 1
    return alike(answers, answered)


def _same(student: str, groups: Iterable[Alike]) -> Iterable[Flag]:
    for group in groups:
        if student in group.students and not group.usual:
            others = [one for one in group.students if one != student]
            more = f" and {len(others) - 5} more" if len(others) > 5 else ""
            yield flag("same answers", f"{group.task}, with {', '.join(others[:5])}{more}")
