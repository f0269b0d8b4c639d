"""Marks as tables: for people, and in the forms that Moodle and Canvas take in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from .autograded import points
from .records import Flag
from .reference import Reference
from .rows import Row

# A spreadsheet takes a cell that begins like this for a formula, and runs it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def marks(rows: Iterable[Row], references: Sequence[Reference]) -> str:
    """A line for each submission: points for every task and for what is written, total, flags. A blank is a mark yet to be given."""
    tasks = list(dict.fromkeys(task for reference in references for task in reference.tasks))
    lines = [["student", "name", "exercise", *tasks, "written", "late", "total", "out of", "flags"]]
    for row in rows:
        coded = [_points(row, task) for task in tasks]
        flags = "; ".join(map(told, row.flags))
        about = [_plain(row.student), _plain(row.name), _plain(row.exercise)]
        lines.append(
            [*about, *coded, _written(row), points(-row.late) if row.late else "", points(row.total), points(row.whole), _plain(flags)]
        )
    return _csv(lines)


def moodle(rows: Iterable[Row]) -> str:
    """What Moodle's "Upload grading worksheet" takes, for one exercise. Nothing where no file came from Moodle."""
    lines = [
        [f"Participant {row.lms[1]}", _plain(row.name), points(row.total), points(row.whole), "-"] for row in rows if row.lms[0] == "moodle"
    ]
    return _csv([["Identifier", "Full name", "Grade", "Maximum grade", "Last modified (grade)"], *lines]) if lines else ""


def canvas(rows: Iterable[Row], references: Sequence[Reference]) -> str:
    """What Canvas's gradebook imports: a column an exercise. Nothing where no file came from Canvas."""
    names = [reference.exercise for reference in references]
    students: dict[str, list[Row]] = {}
    for row in rows:
        if row.lms[0] == "canvas":
            students.setdefault(row.lms[1], []).append(row)
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *names]
    possible = ["    Points Possible", "", "", "", "", *(points(sum({**one.tasks, **one.written}.values())) for one in references)]
    lines = []
    for number, theirs in students.items():
        totals = {row.exercise: points(row.total) for row in theirs}
        lines.append([_plain(theirs[0].name or theirs[0].student), number, "", "", "", *(totals.get(name, "") for name in names)])
    return _csv([head, possible, *lines]) if lines else ""


def told(flag: Flag) -> str:
    """A flag on one line."""
    return " ".join(f"{flag.name}: {flag.detail}".split()) if flag.detail else flag.name


def _points(row: Row, task: str) -> str:
    known = row.points.get(task)
    return "" if known is None else points(known)


def _written(row: Row) -> str:
    given = [row.points.get(name) for name in row.written]
    known = [one for one in given if one is not None]
    return points(sum(known)) if given and len(known) == len(given) else ""


def _plain(words: str) -> str:
    """Words that no spreadsheet takes for a formula."""
    return f"'{words}" if words.lstrip(" ").startswith(FORMULA) else words


def _csv(lines: Iterable[Sequence[str]]) -> str:
    told = io.StringIO()
    csv.writer(told, lineterminator="\n").writerows(lines)
    return told.getvalue()
