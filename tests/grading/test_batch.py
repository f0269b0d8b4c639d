"""The batch around the steps: nothing is lost, nothing is run twice, nothing is left running, and no submission stops another's."""

from __future__ import annotations

import contextlib
import errno
import json
import multiprocessing
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.grading.fakes import EXERCISE, LOG, OTHER, PATIENCE, grade, hand_in, notebook, runs
from tests.notebooks.project import ROOT
from vae_course.grading import batch, folder, work
from vae_course.grading import gradebook as gradebooks
from vae_course.grading.folder import Graded
from vae_course.grading.records import GradingError
from vae_course.tasks import find

FULL_MARKS = {
    name: find(name).points
    for name in ("leaning_kl", "kl_between", "gaussian_log_likelihood", "renyi_bound", "effective_beta", "bound_report")
}


@pytest.fixture
def log(tmp_path, monkeypatch) -> Path:
    (tmp_path / "log").mkdir()
    monkeypatch.setenv(LOG, str(tmp_path / "log"))
    return tmp_path / "log"


def points_in(graded: Path, student: str, exercise: str = EXERCISE) -> dict[str, float]:
    kept = Graded(graded).kept(exercise, student)
    assert kept is not None, f"there is no result of {student}"
    return {mark.task: mark.points for mark in kept.result.marks}


def flags_in(graded: Path, student: str) -> list[str]:
    return [flag.name for flag in Graded(graded).kept(EXERCISE, student).result.flags]


def content_of(graded: Path) -> dict:
    """All that a person sees of a batch: the gradebook, tables, rebuilt notebooks; timings aside."""
    found = {"marks": (graded / "marks.csv").read_text()}
    with gradebooks.opened(Graded(graded)) as book:
        for assignment in book.gradebook.assignments:
            for submission in assignment.submissions:
                notebook = submission.notebooks[0]
                grades = sorted((one.name, one.auto_score, one.manual_score, one.needs_manual_grade) for one in notebook.grades)
                comments = sorted((one.name, one.auto_comment) for one in notebook.comments)
                found[assignment.name, submission.student.id] = grades, comments, submission.timestamp, notebook.late_submission_penalty
    for path in sorted([*(graded / "autograded").rglob("*"), *(graded / "feedback").rglob("*"), *(graded / "submitted").rglob("*")]):
        if path.is_file():
            found[path.relative_to(graded).as_posix()] = path.read_bytes()
    return found


def started(submissions: Path, graded: Path, said: Path, jobs: int = 2) -> multiprocessing.Process:
    """The same batch in a process of its own, which leads a group; what it comes to is written to `said`."""
    process = multiprocessing.get_context("fork").Process(target=in_a_group, args=(submissions, graded, said, jobs))
    process.start()
    return process


def in_a_group(submissions: Path, graded: Path, said: Path, jobs: int) -> None:
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a test run that was put into the background ignores it
    try:
        grade(submissions, graded, jobs=jobs)
        said.write_text("done")
    except KeyboardInterrupt:
        said.write_text("stopped")
    except GradingError as error:
        said.write_text(str(error))


def until(true, what: str):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen")


def is_running(process: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


# What comes out.


def test_a_class_is_graded_into_all_that_an_instructor_needs(tmp_path, log):
    hand_in(tmp_path / "in", ada=notebook(right=True), ben=notebook(right=2))
    done = grade(tmp_path / "in", tmp_path / "out", jobs=2)
    assert (done.graded, done.as_before, done.ungraded) == (2, 0, [])
    assert points_in(tmp_path / "out", "ada") == FULL_MARKS
    assert points_in(tmp_path / "out", "ben") == {**dict.fromkeys(FULL_MARKS, 0), "leaning_kl": 1, "kl_between": 2}
    for name in ("marks.csv", "summary.html", "gradebook.db", "nbgrader_config.py", f"source/{EXERCISE}/{EXERCISE}.ipynb"):
        assert (tmp_path / "out" / name).is_file()
    for name in ("submitted", "autograded"):
        assert (tmp_path / "out" / name / "ada" / EXERCISE / f"{EXERCISE}.ipynb").is_file()
    assert (tmp_path / "out" / "feedback" / "ada" / EXERCISE / f"{EXERCISE}.html").is_file()
    assert (tmp_path / "out" / "submitted" / "ada" / EXERCISE / f"{EXERCISE}.ipynb").read_bytes() == notebook(right=True)


def test_under_each_check_stands_what_the_student_reads_and_its_points(tmp_path, log):
    hand_in(tmp_path / "in", ben=notebook(right=1))
    grade(tmp_path / "in", tmp_path / "out")
    made = json.loads((tmp_path / "out" / "autograded" / "ben" / EXERCISE / f"{EXERCISE}.ipynb").read_text())
    under = {
        cell["metadata"]["nbgrader"]["grade_id"]: [output["text"] for output in cell["outputs"]]
        for cell in made["cells"]
        if cell["cell_type"] == "code" and cell["metadata"].get("nbgrader", {}).get("grade")
    }
    assert under["leaning_kl-check"] == ["✓ leaning_kl: right, on every probe.\n1 of 1 point\n"]
    assert under["kl_between-check"] == ["✗ kl_between: What came out is not what should.\nWhich term has the wrong sign?\n0 of 2 points\n"]
    assert len(under) == len(FULL_MARKS)


# Nothing twice.


def test_the_same_batch_again_runs_nothing_and_changes_nothing(tmp_path, log):
    hand_in(tmp_path / "in", ada=notebook(right=True), ben=notebook(right=2, do="flood"))
    grade(tmp_path / "in", tmp_path / "out")
    before = content_of(tmp_path / "out")
    done = grade(tmp_path / "in", tmp_path / "out")
    assert (done.graded, done.as_before) == (0, 2)
    assert runs(log) == {"ada": 1, "ben": 1}
    assert content_of(tmp_path / "out") == before


def test_a_new_file_is_graded_and_the_others_are_left(tmp_path, log):
    hand_in(tmp_path / "in", ada=notebook(right=True), ben=notebook(right=2))
    grade(tmp_path / "in", tmp_path / "out")
    hand_in(tmp_path / "in", ben=notebook(right=3), cleo=notebook(right=0))
    assert grade(tmp_path / "in", tmp_path / "out").graded == 2
    assert runs(log) == {"ada": 1, "ben": 2, "cleo": 1}
    assert sum(points_in(tmp_path / "out", "ben").values()) == sum([*FULL_MARKS.values()][:3])


def test_another_batch_is_added_to_the_marks_that_there_are(tmp_path, log):
    grade(hand_in(tmp_path / "one", ada=notebook(right=True)), tmp_path / "out")
    grade(hand_in(tmp_path / "two", exercise=OTHER, ada=notebook(right=1), ben=notebook(right=1)), tmp_path / "out")
    lines = (tmp_path / "out" / "marks.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["ada", "ben", "ada"]


@pytest.mark.parametrize("changed", ["seed", "probes", "wall", "course"])
def test_what_marks_depend_on_is_part_of_what_was_graded(tmp_path, log, changed, monkeypatch):
    hand_in(tmp_path / "in", ada=notebook(right=True))
    (tmp_path / "probes").mkdir()
    probes = "def probes(seed):\n    return [{'pixels': 4, 'latents': 2, 'sigma': 0.5, 'kl_weight': %s}]\n"
    (tmp_path / "probes" / "effective_beta.py").write_text(probes % 1.0)
    settings = {"private": tmp_path / "probes"}
    grade(tmp_path / "in", tmp_path / "out", **settings)
    if changed == "seed":
        (tmp_path / "out" / "seed").write_text("12")
    if changed == "probes":
        (tmp_path / "probes" / "effective_beta.py").write_text(probes % 2.0)
    if changed == "course":
        monkeypatch.setattr(work, "_code", lambda: "another")
    grade(tmp_path / "in", tmp_path / "out", **settings, unwalled=changed == "wall")
    assert runs(log) == {"ada": 2}


def test_the_seed_is_made_once_and_for_nobody_else_to_read(tmp_path, log):
    hand_in(tmp_path / "in", ada=notebook())
    grade(tmp_path / "in", tmp_path / "out")
    seed = (tmp_path / "out" / "seed").read_text()
    grade(tmp_path / "in", tmp_path / "other")
    hand_in(tmp_path / "in", ben=notebook())
    grade(tmp_path / "in", tmp_path / "out")
    assert (tmp_path / "out" / "seed").read_text() == seed != (tmp_path / "other" / "seed").read_text()
    assert stat.S_IMODE((tmp_path / "out" / "seed").stat().st_mode) == 0o600


def test_a_deleted_notebook_and_a_broken_result_are_made_again(tmp_path, log):
    hand_in(tmp_path / "in", ada=notebook(), ben=notebook())
    grade(tmp_path / "in", tmp_path / "out")
    before = content_of(tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "autograded" / "ada")
    (tmp_path / "out" / "results" / EXERCISE / "ben.json").write_text('{"student": "ben", ')
    grade(tmp_path / "in", tmp_path / "out")
    assert content_of(tmp_path / "out") == before


# No submission stops another's.


def test_whatever_happens_to_one_the_others_have_their_marks(tmp_path, log):
    wishes = {"cleo": "raise", "dora": "die", "eve": "stumble", "fred": "hog", "gil": "fill", "hal": "hang"}
    hand_in(tmp_path / "in", ada=notebook(right=True), zoe=notebook(right=True))
    hand_in(tmp_path / "in", **{student: notebook(right=True, do=what) for student, what in wishes.items()})
    hand_in(tmp_path / "in", ivy=b"no notebook at all", jon=b"")
    done = grade(tmp_path / "in", tmp_path / "out", jobs=2, patience=3.0)
    assert done.ungraded == sorted([*wishes, "ivy", "jon"])
    assert points_in(tmp_path / "out", "ada") == points_in(tmp_path / "out", "zoe") == FULL_MARKS
    for student in done.ungraded:
        assert flags_in(tmp_path / "out", student) == ["not graded"]
        assert sum(points_in(tmp_path / "out", student).values()) == 0
    with gradebooks.opened(Graded(tmp_path / "out")) as book:
        assert book.of(EXERCISE, "dora").to_mark
        assert not book.of(EXERCISE, "dora").overruled


def test_what_the_grader_failed_on_is_tried_again(tmp_path, log):
    hand_in(tmp_path / "in", ada=notebook(right=True), ben=notebook(do="die"))
    grade(tmp_path / "in", tmp_path / "out")
    assert grade(tmp_path / "in", tmp_path / "out").ungraded == ["ben"]
    assert runs(log) == {"ada": 1, "ben": 2}


def test_as_many_are_graded_at_once_as_asked(tmp_path, log):
    hand_in(tmp_path / "in", ada=notebook(right=True, do="meet"), ben=notebook(right=True, do="meet"))
    assert grade(tmp_path / "in", tmp_path / "out", jobs=2).ungraded == []


# Interrupts.


ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent was killed")


@ONLY_LINUX
def test_killed_at_any_point_and_run_again_it_is_as_if_run_once(tmp_path, log):
    students = {f"student-{number}": notebook(right=number % 6, words="" if number == 2 else "So it is.") for number in range(12)}
    hand_in(tmp_path / "in", **students)
    for graded in ("once", "out"):
        (tmp_path / graded).mkdir()
        (tmp_path / graded / "seed").write_text("7")
    grade(tmp_path / "in", tmp_path / "once")
    out, said = tmp_path / "out", tmp_path / "said"
    results = out / "results" / EXERCISE
    points = {
        "before the first is graded": lambda: (out / "source").exists(),
        "when one is": lambda: any(results.glob("*.json")),
        "when six are": lambda: len(list(results.glob("*.json"))) >= 6,
        "while they are entered": lambda: (out / "feedback").exists(),
        "while tables are made": lambda: (out / "marks.csv").exists(),
    }
    for point, reached in points.items():
        batch_of = started(tmp_path / "in", out, said)
        until(lambda: reached() or not batch_of.is_alive(), point)  # noqa: B023
        with contextlib.suppress(ProcessLookupError):
            os.killpg(batch_of.pid, signal.SIGKILL)
        batch_of.join()
    grade(tmp_path / "in", out, jobs=2)
    assert content_of(out) == content_of(tmp_path / "once")
    assert not list(out.rglob("*.half"))
    assert all(1 <= often <= 1 + len(points) for often in runs(log).values())


@ONLY_LINUX
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_runs_on_when_the_grader_is_gone(tmp_path, log, how):
    hand_in(tmp_path / "in", ada=notebook(do="wait"), ben=notebook(do="wait"))
    batch_of = started(tmp_path / "in", tmp_path / "out", tmp_path / "said")
    until(lambda: runs(log).keys() == {"ada", "ben"}, "both running")
    workers = [int(line) for name in ("ada", "ben") for line in (log / name).read_text().split()]
    assert all(map(is_running, workers))
    os.kill(batch_of.pid, how)
    batch_of.join(PATIENCE)
    assert not batch_of.is_alive()
    assert (tmp_path / "said").exists() == (how == signal.SIGINT)
    until(lambda: not any(map(is_running, workers)), "the end of the workers")
    (log / "go").touch()
    grade(tmp_path / "in", tmp_path / "out", jobs=2)
    assert points_in(tmp_path / "out", "ada")


@ONLY_LINUX
def test_two_graders_in_one_folder_are_one_too_many(tmp_path, log):
    hand_in(tmp_path / "in", ada=notebook(do="wait"))
    first = started(tmp_path / "in", tmp_path / "out", tmp_path / "said")
    until(lambda: (log / "ada").exists(), "the first at work")
    with pytest.raises(GradingError, match="Another grader is at work"):
        grade(tmp_path / "in", tmp_path / "out")
    (log / "go").touch()
    first.join(PATIENCE)
    assert (tmp_path / "said").read_text() == "done"


# A full disk.


def test_a_full_disk_stops_the_batch_whole_and_it_goes_on(tmp_path, log, monkeypatch):
    hand_in(tmp_path / "in", ada=notebook(right=True), ben=notebook(right=True), cleo=notebook(right=True))
    replace = os.replace

    def full(here, there):
        if "cleo" in str(there):
            raise OSError(errno.ENOSPC, "No space left on device", str(there))
        replace(here, there)

    monkeypatch.setattr(folder.os, "replace", full)
    with pytest.raises(GradingError, match=r"The disk is full: .*run the same command again"):
        grade(tmp_path / "in", tmp_path / "out")
    assert not list((tmp_path / "out").rglob("*.half"))
    monkeypatch.setattr(folder.os, "replace", replace)
    assert grade(tmp_path / "in", tmp_path / "out").as_before == 2
    assert runs(log) == {"ada": 1, "ben": 1, "cleo": 2}


def test_a_disk_that_is_really_full(tmp_path, log):
    """Three megabytes for a batch of eight, in a file system of its own; then there is more room."""
    (tmp_path / "disk").mkdir()
    hand_in(tmp_path / "in", **{f"student-{number}": notebook(right=True, size=600_000) for number in range(8)})
    mounted = f"mount -t tmpfs -o size=3m none {tmp_path / 'disk'}"
    outside = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"]) + ["sh", "-c"]
    try:
        subprocess.run([*outside, mounted], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs a system where a process may mount a file system of its own")
    script = f"""
import shutil, subprocess
from pathlib import Path
from tests.grading.fakes import grade
here = Path({str(tmp_path)!r})
try:
    grade(here / "in", here / "disk" / "out")
except Exception as error:
    print(type(error).__name__, error)
print(len(list((here / "disk" / "out" / "results").rglob("*.json"))))
subprocess.run(["mount", "-o", "remount,size=60m", here / "disk"], check=True)
grade(here / "in", here / "disk" / "out")
shutil.copy(here / "disk" / "out" / "marks.csv", here)
"""
    run = subprocess.run(
        [*outside, f"{mounted} && exec {sys.executable} -c {shlex.quote(script)}"], cwd=ROOT, capture_output=True, text=True
    )
    told = run.stdout.splitlines()
    assert told[0].startswith("Stop The disk is full: "), run.stderr[-2000:]
    assert 0 < int(told[1]) < 8
    assert len((tmp_path / "marks.csv").read_text().splitlines()) == 9, run.stderr[-2000:]


# Memory.


def test_memory_is_flat_in_the_number_of_submissions(tmp_path, log):
    """What the grader itself holds at its peak, after twenty submissions and then after a hundred more, of half a megabyte each."""
    content = notebook(right=True, size=500_000)
    for many in (20, 100):
        hand_in(tmp_path / f"{many}", **{f"student-{number:03}": content for number in range(many)})
    script = f"""
import resource
from pathlib import Path
from tests.grading.fakes import grade
for many in (20, 100):
    grade(Path({str(tmp_path)!r}, str(many)), Path({str(tmp_path)!r}, f"out-{{many}}"), jobs=2)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    few, many = (int(peak) / (1024 if sys.platform == "linux" else 1024**2) for peak in run.stdout.split())
    assert many - few < 15, f"MB at the peak: {few:.0f}, then {many:.0f}"


# The reference.


def test_a_reference_without_full_marks_stops_all_and_names_the_task(tmp_path, log):
    hand_in(tmp_path / "in", ada=notebook(right=True))
    with pytest.raises(GradingError, match=rf"reference solution of {EXERCISE} has 0 of 2 points for kl_between, expected all"):
        grade(tmp_path / "in", tmp_path / "out", spoilt="kl_between")
    assert runs(log) == {}
    assert not (tmp_path / "out" / "results").exists()


def test_the_reference_is_no_student(tmp_path, log):
    grade(hand_in(tmp_path / "in", ada=notebook()), tmp_path / "out")
    assert len((tmp_path / "out" / "marks.csv").read_text().splitlines()) == 2
    with gradebooks.opened(Graded(tmp_path / "out")) as book:
        assert [student.id for student in book.gradebook.students] == ["ada"]


# An instructor's mistakes.


def a_zip_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("holiday/beach.jpg", b"\xff\xd8\xff")
    return {"source": tmp_path / "photos.zip"}


def a_foreign_gradebook(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "gradebook.db").write_bytes(b"SQLite format 3\0")
    return {}


def another_courses_folder(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "nbgrader_config.py").write_text("c = get_config()")
    return {}


def probes_for_no_task(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "juggling.py").write_text("def probes(seed):\n    return [{}]\n")
    return {"private": tmp_path / "own"}


def probes_that_do_not_work(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "kl_between.py").write_text("def probes(seed):\n    return [{'mu': 1}]\n")
    return {"private": tmp_path / "own"}


def a_full_folder(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("")
    return {}


def a_gradebook_put_in_place_of_ours(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "seed").write_text("3")
    gradebooks.Gradebook(f"sqlite:///{tmp_path / 'out' / 'gradebook.db'}").close()
    return {}


def a_gradebook_that_is_none(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "seed").write_text("3")
    (tmp_path / "out" / "gradebook.db").write_text("Dear diary, " * 100)
    return {}


def a_lost_seed(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "seed").write_text("cherry")
    return {}


def a_file(tmp_path):
    (tmp_path / "out").write_text("")
    return {}


def an_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    return {"source": tmp_path / "empty"}


def no_reference(tmp_path):
    (tmp_path / "none").mkdir()
    return {"solutions": tmp_path / "none"}


MISTAKES = [
    (lambda tmp_path: {"source": tmp_path / "nowhere"}, r"There is no .*nowhere"),
    (an_empty_folder, r"has nobody's work on"),
    (a_zip_of_something_else, r"has nobody's work on"),
    (no_reference, r"holds no notebook"),
    (lambda tmp_path: {"solutions": tmp_path / "nowhere"}, r"is no folder, expected the one with the reference solutions"),
    (lambda tmp_path: {"exercises": ["99-juggling"]}, r"There is no exercise '99-juggling' in .*, only: 01-"),
    (lambda tmp_path: {"to": tmp_path / "in" / "out"}, r"lies in .*Give --to a folder beside it"),
    (lambda tmp_path: {"to": tmp_path / "in"}, r"lies in .*Give --to a folder beside it"),
    (lambda tmp_path: {"to": tmp_path}, r"lies in .*where results go"),
    (lambda tmp_path: {"private": tmp_path / "nowhere"}, r"is no folder, expected the one with your own probes"),
    (lambda tmp_path: {"jobs": 0}, r"--jobs is 0, expected at least 1"),
    (lambda tmp_path: {"due": {"99-juggling": None}}, r"--due names '99-juggling'"),
    (probes_for_no_task, r"there is no task 'juggling'"),
    (probes_that_do_not_work, r"a probe has the arguments mu, expected mu_q"),
    (a_foreign_gradebook, r"belongs to another course"),
    (another_courses_folder, r"belongs to another course"),
    (a_full_folder, r"has other things in it \(thesis.tex\)"),
    (a_gradebook_put_in_place_of_ours, r"another course's gradebook"),
    (a_gradebook_that_is_none, r"is no gradebook"),
    (a_lost_seed, r"holds no number"),
    (a_file, r"is a file"),
]


@pytest.mark.parametrize(("mistake", "words"), MISTAKES)
def test_an_instructors_mistake_is_told_before_anything_is_graded(tmp_path, log, mistake, words):
    hand_in(tmp_path / "in", ada=notebook())
    settings = {"source": tmp_path / "in", "to": tmp_path / "out", **mistake(tmp_path)}
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(GradingError, match=words):
        grade(settings.pop("source"), settings.pop("to"), **settings)
    assert runs(log) == {}
    assert sorted(tmp_path.rglob("*")) == before


def test_tables_are_made_again_without_the_submissions(tmp_path, log):
    grade(hand_in(tmp_path / "in", ada=notebook(right=True)), tmp_path / "out")
    before = content_of(tmp_path / "out")
    shutil.rmtree(tmp_path / "in")
    (tmp_path / "out" / "marks.csv").unlink()
    batch.report_again(tmp_path / "out")
    assert content_of(tmp_path / "out") == before
    with pytest.raises(GradingError, match="Nothing was graded into"):
        batch.report_again(tmp_path / "new")
