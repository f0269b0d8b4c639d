"""A page for each student, and a summary for the instructor. What students wrote is text here: escaped, and no page may run anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, median
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .autograded import CHECK, points, sentence
from .flags import MEANINGS
from .gradebook import ByHand
from .records import Mark, Result
from .reference import Reference
from .rows import Row, Sheet
from .tables import told

# What a student can make use of. The rest is between the grader and the instructor.
FOR_STUDENTS = {
    "not a notebook": "What you handed in could not be read as a notebook. Ask how to hand it in again.",
    "not graded": "This could not be graded yet. A person will look at it.",
    "several files": "You handed in more than one file; the newest was graded.",
    "mended": "The file was damaged. What could be saved of it was graded.",
    "missing": "An answer was not found in the notebook. Keep each answer in its own cell.",
    "twice": "An answer was there more than once; the last one that is written counts.",
    "split": "An answer was spread over several cells; they were run together.",
    "locked": "A cell that belongs to the exercise was changed or deleted; it was put back.",
    "magics": "Lines that begin with % or ! were left out.",
    "raised": "A cell of yours raised an error when all were run from the top. Before you hand in, restart the kernel and run all cells.",
    "slow": "A cell of yours was stopped, because it took too long.",
    "stopped": "The run of your notebook ended before its last cell. What had been computed until then counts.",
    "flood": "Your notebook printed more than is kept.",
    "as handed in": "A cell that trains was not run to its end; your report was judged with the numbers that you typed in.",
}
WITH_DETAIL = ("missing", "twice", "split")
TENTHS = 10
PLACES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
PLACES.filters |= {"points": points, "bar": lambda share: f"{100 * share:.1f}"}


def page_of(result: Result, row: Row, by_hand: ByHand, reference: Reference) -> str:
    """What one student reads of one exercise, as a whole HTML page."""
    answers = [_about(mark, row, by_hand) for mark in result.marks]
    written = [
        {
            "said": result.written.get(name, "").strip(),
            "points": row.points.get(name),
            "out_of": out_of,
            "comment": by_hand.comments.get(name, ""),
        }
        for name, out_of in reference.written.items()
    ]
    notes = dict.fromkeys(
        FOR_STUDENTS[flag.name] + (f" ({flag.detail})" if flag.detail and flag.name in WITH_DETAIL else "")
        for flag in result.flags
        if flag.name in FOR_STUDENTS
    )
    about = {"title": reference.title, "name": result.shown_as or result.student, "row": row, "answers": answers, "written": written}
    return PLACES.get_template("student.html").render(**about, notes=list(notes), waits=any(one is None for one in row.points.values()))


def summary_of(sheets: Sequence[Sheet]) -> str:
    """What the instructor reads first, as a whole HTML page."""
    return PLACES.get_template("summary.html").render(sheets=[_sheet(sheet) for sheet in sheets if sheet.rows])


def _about(mark: Mark, row: Row, by_hand: ByHand) -> dict:
    """One coded task: its verdict, and the questions that go with it."""
    earned = row.points.get(mark.task)
    return {
        "task": mark.task,
        "points": mark.points if earned is None else earned,
        "out_of": mark.out_of,
        "words": sentence(mark),
        "hints": mark.hints,
        "comment": by_hand.comments.get(mark.task, ""),
        "by_hand": mark.task + CHECK in by_hand.overruled,
    }


def _sheet(sheet: Sheet) -> dict:
    rows, reference = sheet.rows, sheet.reference
    whole = rows[0].whole or 1.0
    tenths = Counter(min(int(TENTHS * row.total / whole), TENTHS - 1) for row in rows)
    most = max(tenths.values())
    bars = [
        {
            "name": f"{points(whole * n / TENTHS)} to {'below ' if n < TENTHS - 1 else ''}{points(whole * (n + 1) / TENTHS)}",
            "count": tenths[n],
            "share": tenths[n] / most,
        }
        for n in range(TENTHS)
    ]
    tasks = [
        {"task": task, "count": full, "share": full / len(rows)}
        for task, out_of in reference.tasks.items()
        for full in [sum((row.points.get(task) or 0.0) >= out_of for row in rows)]
    ]
    mistakes = Counter(pair for row in rows for pair in dict.fromkeys(row.mistakes)).most_common(20)
    slowest = max(rows, key=lambda row: row.seconds)
    return {
        "name": reference.exercise,
        "title": reference.title,
        "rows": [{"row": row, "page": _address(row), "flags": [told(flag) for flag in row.flags]} for row in rows],
        "whole": whole,
        "mean": mean(row.total for row in rows),
        "median": median(row.total for row in rows),
        "waiting": sum(row.to_mark for row in rows),
        "bars": bars,
        "tasks": tasks,
        "mistakes": [{"task": task, "name": name, "count": count, "share": count / len(rows)} for (task, name), count in mistakes],
        "alike": [group for group in sheet.alike if not group.usual],
        "usual": [group for group in sheet.alike if group.usual],
        "flags": list(_flags(rows)),
        "seconds": {
            "median": median(row.seconds for row in rows),
            "most": slowest.seconds,
            "who": slowest.student,
            "all": sum(row.seconds for row in rows),
        },
    }


def _flags(rows: Iterable[Row]) -> Iterable[dict]:
    """Each flag that was raised: its meaning, and who has it."""
    found: dict[str, list[dict]] = {}
    for row in rows:
        for flag in row.flags:
            found.setdefault(flag.name, []).append({"student": row.student, "detail": flag.detail, "page": _address(row)})
    for name in sorted(found, key=list(MEANINGS).index):
        yield {"name": name, "meaning": MEANINGS[name], "whose": found[name], "count": len({one["student"] for one in found[name]})}


def _address(row: Row) -> str:
    return quote(f"feedback/{row.student}/{row.exercise}/{row.exercise}.html")
