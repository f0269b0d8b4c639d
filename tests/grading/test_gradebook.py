"""nbgrader's gradebook holds what was graded and what a person entered, and nbgrader's own tools go on from there."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from tests.grading.fakes import EXERCISE, grade, hand_in, notebook
from vae_course.grading import batch, refusing, work
from vae_course.grading import gradebook as gradebooks
from vae_course.grading.folder import Graded
from vae_course.grading.records import GradingError
from vae_course.grading.reference import Reference

CHECK, WORDS = "kl_between-check", "in-words"


@pytest.fixture
def place(tmp_path) -> Path:
    """A class of three that was graded."""
    hand_in(tmp_path / "in", ada=notebook(right=True), ben=notebook(right=1), cleo=notebook(right=0, words="YOUR ANSWER HERE"))
    grade(tmp_path / "in", tmp_path / "out")
    return tmp_path


def mark_by_hand(graded: Path, student: str, cell: str, points: float, comment: str = "") -> None:
    """What Formgrader does when a person enters points."""
    with gradebooks.opened(Graded(graded)) as book:
        entered = book.gradebook.find_grade(cell, EXERCISE, EXERCISE, student)
        entered.manual_score, entered.needs_manual_grade = points, False
        if comment:
            book.gradebook.find_comment(cell, EXERCISE, EXERCISE, student).manual_comment = comment
        book.gradebook.db.commit()


def grades_in(graded: Path, student: str) -> dict[str, tuple]:
    with gradebooks.opened(Graded(graded)) as book:
        found = book.gradebook.find_submission_notebook(EXERCISE, EXERCISE, student).grades
        return {one.name: (one.auto_score, one.manual_score, one.needs_manual_grade) for one in found}


def row_of(graded: Path, student: str) -> dict[str, str]:
    return next(row for row in csv.DictReader((graded / "marks.csv").open()) if row["student"] == student)


def page_of(graded: Path, student: str) -> str:
    return (graded / "feedback" / student / EXERCISE / f"{EXERCISE}.html").read_text()


# What is entered.


def test_points_are_entered_and_what_is_written_waits_for_a_person(place):
    ada = grades_in(place / "out", "ada")
    assert ada[CHECK] == (2, None, False)
    assert ada[WORDS] == (None, None, True)
    assert grades_in(place / "out", "ben")[CHECK] == (0, None, False)


def test_what_was_not_written_has_no_points_and_waits_for_nobody(place):
    assert grades_in(place / "out", "cleo")[WORDS] == (0, None, False)
    with gradebooks.opened(Graded(place / "out")) as book:
        assert book.gradebook.find_comment(WORDS, EXERCISE, EXERCISE, "cleo").auto_comment == gradebooks.NO_RESPONSE
        assert book.gradebook.find_comment(WORDS, EXERCISE, EXERCISE, "ada").auto_comment is None


def test_the_gradebook_knows_the_cells_as_they_were_handed_out(place):
    with gradebooks.opened(Graded(place / "out")) as book:
        known = book.gradebook.find_notebook(EXERCISE, EXERCISE)
        assert sorted(cell.name for cell in known.solution_cells) == sorted([*Reference.load(EXERCISE, batch.SOLUTIONS).tasks, WORDS])
        assert known.max_score == 10
        handed_out = json.loads((batch.ROOT / "exercises" / f"{EXERCISE}.ipynb").read_text())
        sources = {
            cell["metadata"]["nbgrader"]["grade_id"]: "".join(cell["source"])
            for cell in handed_out["cells"]
            if cell["metadata"].get("nbgrader")
        }
        assert {cell.name: cell.source for cell in known.source_cells} == sources


def test_the_exercise_is_made_as_the_project_makes_it():
    made = gradebooks.exercise_of(Reference.load(EXERCISE, batch.SOLUTIONS))
    handed_out = json.loads((batch.ROOT / "exercises" / f"{EXERCISE}.ipynb").read_text())
    assert [cell["source"] for cell in made["cells"]] == ["".join(cell["source"]) for cell in handed_out["cells"]]


# Marks by hand.


def test_a_manual_mark_is_in_the_tables_and_survives_grading_again(place):
    mark_by_hand(place / "out", "ada", WORDS, 1.5, "Which β is it?")
    mark_by_hand(place / "out", "ben", CHECK, 1)
    assert row_of(place / "out", "ada")["written"] == ""
    for _ in range(2):
        grade(place / "in", place / "out")
        ada, ben = row_of(place / "out", "ada"), row_of(place / "out", "ben")
        assert (ada["written"], ada["total"]) == ("1.5", "9.5")
        assert (ben["kl_between"], ben["total"]) == ("1", "2")
        assert grades_in(place / "out", "ada")[WORDS] == (None, 1.5, False)
    assert "Which β is it?" in page_of(place / "out", "ada")
    assert "These points were given by a person." in page_of(place / "out", "ben")
    assert "These points were given by a person." not in page_of(place / "out", "ada")


def test_a_manual_mark_for_what_has_changed_is_kept_and_asks_for_a_look(place):
    mark_by_hand(place / "out", "ada", WORDS, 2)
    mark_by_hand(place / "out", "ben", CHECK, 1)
    mark_by_hand(place / "out", "cleo", CHECK, 1)
    hand_in(place / "in", ada=notebook(right=True, words="Something else."), ben=notebook(right=2), cleo=notebook(right=1))
    grade(place / "in", place / "out")
    assert grades_in(place / "out", "ada")[WORDS] == (None, 2, True)
    assert grades_in(place / "out", "ben")[CHECK] == (2, 1, True)
    assert grades_in(place / "out", "cleo")[CHECK] == (0, 1, False), "that answer is as wrong as before"


def test_another_version_of_the_course_asks_for_no_look_at_what_is_the_same(place, monkeypatch):
    mark_by_hand(place / "out", "ada", WORDS, 2)
    monkeypatch.setattr(work, "_code", lambda: "another")
    assert grade(place / "in", place / "out").graded == 3
    assert grades_in(place / "out", "ada")[WORDS] == (None, 2, False)


def test_extra_credit_counts(place):
    with gradebooks.opened(Graded(place / "out")) as book:
        book.gradebook.find_grade(CHECK, EXERCISE, EXERCISE, "ada").extra_credit = 0.5
        book.gradebook.db.commit()
    batch.report_again(place / "out")
    assert row_of(place / "out", "ada")["kl_between"] == "2.5"


# Late.

NOON = datetime(2026, 5, 31, 12, tzinfo=timezone.utc)


def handed_in_at(place: Path, student: str, when: datetime) -> None:
    (place / "in" / student / "timestamp.txt").write_text(when.strftime("%Y-%m-%d %H:%M:%S UTC"))


def test_what_is_late_loses_what_the_instructors_rule_says(place):
    handed_in_at(place, "ada", NOON + timedelta(hours=1))
    handed_in_at(place, "ben", NOON - timedelta(hours=1))
    grade(place / "in", place / "out", due={"": NOON.replace(tzinfo=None)})
    assert row_of(place / "out", "ada")["late"] == "", "nbgrader's rule takes nothing, until a person says so"
    settings = place / "out" / "nbgrader_config.py"
    settings.write_text(settings.read_text() + 'c.LateSubmissionPlugin.penalty_method = "zero"\n')
    grade(place / "in", place / "out")
    ada, ben = row_of(place / "out", "ada"), row_of(place / "out", "ben")
    assert (ada["late"], ada["total"]) == ("-8", "0")
    assert (ben["late"], ben["total"]) == ("", "1")
    assert "8 were taken for being late" in page_of(place / "out", "ada")
    mark_by_hand(place / "out", "ada", WORDS, 2)
    grade(place / "in", place / "out")
    assert row_of(place / "out", "ada")["late"] == "-10", "of the points that there are now"
    grade(place / "in", place / "out", due={EXERCISE: NOON.replace(tzinfo=None) + timedelta(days=1)})
    assert row_of(place / "out", "ada")["total"] == "10", "a due date that was put off"


def test_an_instructors_own_rule_and_extension(place):
    handed_in_at(place, "ada", NOON + timedelta(hours=2))
    handed_in_at(place, "ben", NOON + timedelta(hours=2))
    (place / "out" / "rule.py").write_text(
        "from nbgrader.plugins import BasePlugin\n\n\nclass PointAnHour(BasePlugin):\n"
        "    def late_submission_penalty(self, student_id, score, total_seconds_late):\n        return total_seconds_late / 3600\n"
    )
    settings = place / "out" / "nbgrader_config.py"
    settings.write_text(
        settings.read_text() + "import sys\nsys.path.insert(0, str(Path(__file__).parent))\n"
        'c.AssignLatePenalties.plugin_class = "rule.PointAnHour"\n'
    )
    grade(place / "in", place / "out", due={EXERCISE: NOON.replace(tzinfo=None)})
    assert row_of(place / "out", "ada")["total"] == "6"
    with gradebooks.opened(Graded(place / "out")) as book:
        book.gradebook.grant_extension(EXERCISE, "ada", hours=1)
    batch.report_again(place / "out")
    assert row_of(place / "out", "ada")["total"] == "7"
    assert row_of(place / "out", "ben")["total"] == "0", "never below nothing"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("2026-05-31T18:00+02:00", datetime(2026, 5, 31, 16)),
        ("2026-05-31T18:00Z", datetime(2026, 5, 31, 18)),
        ("2026-05-31T18:00", datetime(2026, 5, 31, 18).astimezone(timezone.utc).replace(tzinfo=None)),
        ("2026-05-31", datetime(2026, 5, 31, 23, 59, 59).astimezone(timezone.utc).replace(tzinfo=None)),
    ],
)
def test_a_due_date_is_kept_in_utc(words, expected):
    assert gradebooks.due(words) == expected


def test_what_is_no_date_is_told():
    with pytest.raises(GradingError, match="'tomorrow' is no date. Write --due 2026-05-31"):
        gradebooks.due("tomorrow")


# nbgrader's own tools.


def nbgrader(graded: Path, *words: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    environment |= {"JUPYTER_CONFIG_DIR": str(graded.parent / "config"), "JUPYTER_DATA_DIR": str(graded.parent / "data")}
    return subprocess.run([sys.executable, "-m", "nbgrader", *words], cwd=graded, env=environment, capture_output=True, text=True)


def test_nbgrader_exports_the_gradebook(place):
    (place / "in" / "ada").rename(place / "in" / "Ada, Countess <b>of=Lovelace_7_assignsubmission_file_")
    mark_by_hand(place / "out", "ben", WORDS, 1)
    grade(place / "in", place / "out")
    done = nbgrader(place / "out", "export", "--to", "grades.csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((place / "out" / "grades.csv").open()))
    assert {row["student_id"]: row["score"] for row in rows}["ben"] == "2.0"
    assert all(None not in row for row in rows), "a comma in a name would shift the columns, since nbgrader quotes nothing"
    countess = next(row for row in rows if row["last_name"] == "Lovelace")
    assert countess["first_name"] == "Ada Countess b of"


def test_nbgraders_own_autograding_is_refused_and_takes_nothing_away(place):
    notebook = place / "out" / "autograded" / "ada" / EXERCISE / f"{EXERCISE}.ipynb"
    before, grades = notebook.read_bytes(), grades_in(place / "out", "ada")
    done = nbgrader(place / "out", "autograde", EXERCISE, "--force")
    assert done.returncode != 0
    assert refusing.WORDS in done.stderr
    assert notebook.read_bytes() == before
    assert grades_in(place / "out", "ada") == grades


def test_a_button_of_formgrader_is_refused_too(place):
    settings = gradebooks._settings(place / "out" / "nbgrader_config.py")
    told = NbGraderAPI(CourseDirectory(config=settings), config=settings).autograde(EXERCISE, "ada")
    assert not told["success"]
    assert refusing.WORDS in told["error"]
    assert (place / "out" / "autograded" / "ada" / EXERCISE / f"{EXERCISE}.ipynb").exists()


def test_nbgrader_makes_its_own_feedback_from_the_rebuilt_notebooks(place):
    done = nbgrader(place / "out", "generate_feedback", EXERCISE, "--student", "ben", "--force")
    assert done.returncode == 0, done.stderr
    assert "What came out is not what should." in page_of(place / "out", "ben")


# Gradebooks that are not ours.


def test_an_exercise_with_other_tasks_asks_for_a_new_folder(place):
    with gradebooks.opened(Graded(place / "out")) as book:
        book.gradebook.db.execute(gradebooks.sql("UPDATE base_cell SET name = 'juggling' WHERE name = 'kl_between'"))
        book.gradebook.db.commit()
    with pytest.raises(GradingError, match=f"{EXERCISE} has other tasks now"):
        grade(place / "in", place / "out")


def test_settings_that_cannot_be_read_are_told(place):
    (place / "out" / "nbgrader_config.py").write_text("c = get_config(")
    with pytest.raises(GradingError, match=r"nbgrader_config.py could not be read \(SyntaxError"):
        grade(place / "in", place / "out")


def test_a_gradebook_in_use_is_told(place, monkeypatch):
    import sqlite3

    holder = sqlite3.connect(place / "out" / "gradebook.db")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(GradingError, match="is in use"):
            grade(place / "in", place / "out")
    finally:
        holder.rollback()
        holder.close()


def test_what_a_killed_grader_left_half_written_is_rolled_back(place):
    import sqlite3

    book = place / "out" / "gradebook.db"
    holder = sqlite3.connect(book, isolation_level=None)
    marks = holder.execute("SELECT count(*) FROM vae_course").fetchone()
    holder.execute("PRAGMA cache_size = 1")  # so that pages are written before the end, and the journal alone knows what they were
    holder.execute("BEGIN")
    holder.executemany("INSERT INTO vae_course VALUES (?, ?, ?)", [(f"exercise {number}", "ada", "x" * 4000) for number in range(100)])
    left = {name.name: name.read_bytes() for name in (book, book.with_name(f"{book.name}-journal"))}
    holder.rollback()
    holder.close()
    for name, content in left.items():
        book.with_name(name).write_bytes(content)
    grade(place / "in", place / "out")
    with contextlib.closing(sqlite3.connect(book)) as read:
        assert read.execute("SELECT count(*) FROM vae_course").fetchone() == marks
        assert read.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_instructors_settings_are_never_written_over(place):
    settings = place / "out" / "nbgrader_config.py"
    settings.write_text(settings.read_text() + "# mine\n")
    grade(place / "in", place / "out")
    assert settings.read_text().endswith("# mine\n")
