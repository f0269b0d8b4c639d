"""The corpus is graded by the command line: every submission has its points and flags, and nothing else has changed anywhere."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import pickle
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from filelock import FileLock

from tests.grading import corpus
from tests.grading.command import Called, grade
from tests.grading.corpus import archives, hostile
from tests.grading.corpus.entry import Entry, World
from tests.grading.corpus.notebooks import ELBO
from tests.notebooks.project import ROOT
from vae_course.grading.marking import marks_of
from vae_course.grading.private import probes_of
from vae_course.grading.rebuild import rebuild
from vae_course.grading.records import Ran
from vae_course.grading.reference import Reference
from vae_course.grading.running import seed_for
from vae_course.grading.submissions import collect, read
from vae_course.tasks import find, verdict_on
from vae_course.tasks.engine.calling import call as call_answer

MARK = "corpus-was-here"
# What the process that grades may leave beside the folders of one run; all else is new and nobody's.
HERE = (
    "seed",
    ".lock",
    "results",
    "gradebook.db",
    "nbgrader_config.py",
    "source",
    "submitted",
    "autograded",
    "feedback",
    "summary.html",
)

TRY_EACH = """import json, os, sys
for name, text in json.loads(sys.argv[1]).items():
    names = {}
    os.dup2(2, 1)
    exec(text, names)
    if not names["through"]:
        print("KEPT OUT", name, file=sys.stderr)"""

SEED = 5
OF_THE_RUN = frozenset({"raised", "slow", "stopped", "flood", "forged", "as handed in"})


@dataclass(frozen=True)
class Graded:
    """What one run of the command left. results: by student, as they lie in the folder. heard: what reached the listeners."""

    world: World
    status: int
    said: str
    left: list[str]
    results: dict[str, dict]
    heard: list[str]
    changed: list[str]
    temporary: list[str]

    def moved(self, to: Path) -> Graded:
        """The same, with what was handed in and graded moved below `to`."""
        world = replace(self.world, handed_in=to / "handed-in", graded=to / "graded")
        for path in self.world.handed_in.rglob("*"):
            if not (path.is_dir() or path.is_file() or path.is_symlink()):
                path.unlink()  # whoever copies what is neither waits for ever
        shutil.move(self.world.handed_in, world.handed_in)
        shutil.move(self.world.graded, world.graded)
        return replace(self, world=world)


@pytest.fixture(scope="session")
def graded(tmp_path_factory) -> Graded:
    """The whole corpus, graded once, also where several processes share the tests."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared
    with FileLock(shared / "corpus.lock"):
        kept = shared / "corpus.pickle"
        if not kept.exists():
            try:
                # not in pytest's own folder, which no other user may enter: what keeps students out must be the wall
                with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
                    found = graded_below(Path(folder))
                    kept.write_bytes(pickle.dumps(found.moved(shared)))
            except BaseException as error:
                kept.write_bytes(pickle.dumps(f"{type(error).__name__}: {error}"))
                raise
        found = pickle.loads(kept.read_bytes())
    if isinstance(found, str):
        (pytest.skip if found.startswith("Skipped") else pytest.fail)(f"the corpus could not be graded: {found}")
    return found


def graded_below(folder: Path) -> Graded:
    """Make the corpus below `folder`, grade it as an instructor would, and look at what has become of everything else."""
    folder.chmod(0o755)
    world, listeners, heard = a_world(folder)
    entries = corpus.write(world)
    before = everything_outside(world)
    # one submission before all others, so that there is a gradebook to be attacked
    first = folder / "moodle.zip"
    archives.moodle(first, {"Early Bird": (world.handed_in / "reference" / f"{ELBO}.ipynb").read_bytes()})
    early = call(world, first)
    assert early.status == 0, early.said
    called = call(world, world.handed_in)
    for listener in listeners:
        listener.close()
    after = everything_outside(world)
    temporary = [str(path) for path in (folder / "home" / "tmp").rglob("*")]
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return Graded(world, called.status, called.said, early.left + called.left, results_of(world, entries), heard, changed, temporary)


def a_world(folder: Path) -> tuple[World, list[socket.socket], list[str]]:
    """The folders, and listeners on loopback, in a file and under an abstract name; who reaches one is written down."""
    outside = folder / "outside"
    outside.mkdir()
    outside.chmod(0o777)
    (outside / "kept").write_text("kept")
    (outside / "kept").chmod(0o666)
    (outside / "inner").mkdir()
    (outside / "inner").chmod(0o777)
    heard: list[str] = []
    tcp = socket.create_server(("127.0.0.1", 0))
    port = tcp.getsockname()[1]
    listeners = [tcp]
    with contextlib.suppress(OSError):
        listeners.append(socket.create_server(("::1", port), family=socket.AF_INET6))
    for address in (f"\0corpus-{port}", str(outside / "socket")):
        one = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError):  # a path may be too long for a socket
            one.bind(address)
            one.listen()
            listeners.append(one)
    with contextlib.suppress(OSError):
        (outside / "socket").chmod(0o777)
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("127.0.0.1", port))
    for listener in listeners:
        threading.Thread(target=_write_down, args=(listener.accept, listener.family.name, heard), daemon=True).start()
    threading.Thread(target=_write_down, args=(lambda: datagrams.recv(1), "datagram", heard), daemon=True).start()
    world = World(folder / "handed-in", folder / "graded", outside, port, "corpus-secret-0123456789abcdef")
    return world, [*listeners, datagrams], heard


def _write_down(wait, name: str, heard: list[str]) -> None:
    with contextlib.suppress(OSError):  # closed, when all is over
        while True:
            wait()
            heard.append(name)


def call(world: World, source: Path) -> Called:
    """Grade `source` as the corpus is graded."""
    home = world.graded.parent / "home"
    hurried = "tests.grading.hurried"
    return grade(source, world.graded, "--jobs", 3, exercises=corpus.EXERCISES, home=home, program=hurried, CORPUS_SECRET=world.secret)


def results_of(world: World, entries: dict[str, Entry]) -> dict[str, dict]:
    """The results by student; a student may be called otherwise there, so the file that was read says whose it is."""
    found = {}
    for submission in collect(world.handed_in, corpus.EXERCISES):
        student = submission.path.relative_to(world.handed_in).parts[0]
        path = world.graded / "results" / submission.exercise / f"{submission.student}.json"
        if path.exists() and submission.exercise == entries[student].exercise:
            found[student] = json.loads(path.read_text("utf-8"))
    return found


def everything_outside(world: World) -> dict[str, str]:
    """What nobody may change: by path, what is there. Folders in which other programmes write are searched for the mark alone."""
    found = {}
    for root in (world.outside, world.handed_in):
        for path in sorted(root.rglob("*")):
            kind = "link" if path.is_symlink() else "file" if path.is_file() else "other"
            state = path.lstat()
            held = hashlib.sha256(path.read_bytes()).hexdigest() if kind == "file" else ""
            found[str(path)] = f"{kind} {oct(state.st_mode)} {state.st_nlink} {state.st_mtime if root == world.outside else ''} {held}"
    marked = [
        world.graded.parent,
        ROOT,
        ROOT / "solutions",
        Path.home(),
        Path("/"),
        Path("/etc"),
        Path("/usr"),
        Path("/tmp"),
        Path("/var/tmp"),
        Path("/dev/shm"),
        Path("/run"),
    ]
    for folder in [*marked, Path(sys.executable).parent, *map(Path, sys.path)]:
        for name in (MARK, "sparse", "full", "evil.pth", "usercustomize.py"):
            if (folder / name).exists():
                found[str(folder / name)] = "there"
    return found


@pytest.mark.parametrize("student", corpus.behind_the_wall())
def test_points_and_flags_behind_the_wall(graded, student):
    assert student in graded.results, "there is no result"
    as_expected(corpus.entry(student, graded.world), graded.results[student])


NEED_NO_WALL = [student for student in corpus.names("honest", "damaged") if student not in corpus.behind_the_wall()]


@pytest.mark.parametrize("student", NEED_NO_WALL)
def test_points_and_flags_in_this_process(student, tmp_path):
    """The same steps but for the wall: what these submissions try is reading, rebuilding and judging."""
    world = World(tmp_path / "handed-in", tmp_path, tmp_path, 1, "")
    entry = corpus.entry(student, world)
    (world.handed_in / student).mkdir(parents=True)
    entry.write(world.handed_in / student)
    (submission,) = collect(world.handed_in, [entry.exercise])
    reference = Reference.load(entry.exercise, ROOT / "solutions")
    rebuilt = rebuild(reference, submission, read(submission))
    names: dict = {}
    for cell in rebuilt.cells:  # ours, written in the corpus
        with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
            exec(compile(cell.source, "<cell>", "exec"), names)
    outputs = {}
    for task in map(find, reference.tasks):
        if task.name in {cell.task for cell in rebuilt.cells}:
            probes = probes_of(task, seed=seed_for(SEED, entry.exercise))
            outputs[task.name] = call_answer(task, names.get(task.name, lambda *_: None), probes)
    marks = marks_of(reference, rebuilt, Ran(outputs), seed=SEED)
    plain = {"marks": [vars(mark) for mark in marks], "flags": [vars(flag) for flag in rebuilt.flags], "written": dict(rebuilt.written)}
    as_expected(entry, plain, of_the_run=False)


def as_expected(entry: Entry, result: dict, *, of_the_run: bool = True) -> None:
    """Points, flags, hints and words. of_the_run: whether flags of the run are looked at, too."""
    points = {mark["task"]: mark["points"] for mark in result["marks"] if mark["points"]}
    told = json.dumps({mark["task"]: (mark["kind"], mark["words"][:300]) for mark in result["marks"]}, ensure_ascii=False, indent=1)
    expected = [{task: worth for task, worth in one.items() if worth} for one in (entry.points, *entry.otherwise)]
    assert points in expected, told
    flags = {flag["name"] for flag in result["flags"]}
    wanted = entry.flags if of_the_run else entry.flags - OF_THE_RUN
    assert wanted <= flags, (result["flags"], told)
    assert flags <= entry.flags | entry.perhaps, (result["flags"], told)
    for task, hint in entry.hints.items():
        (mark,) = [mark for mark in result["marks"] if mark["task"] == task]
        assert any(hint in one for one in mark["hints"]), (task, mark["hints"], mark["words"])
    if entry.words is not None:
        assert result["written"]["in-words"] == entry.words


def test_nothing_stops_the_batch(graded):
    assert graded.status == 0, graded.said[-3000:]
    assert "Traceback" not in graded.said, graded.said[-3000:]


def test_nothing_is_left_running(graded):
    assert graded.left == []


def test_nothing_outside_has_changed(graded):
    assert graded.changed == []
    assert {path.name for path in graded.world.graded.iterdir() if path.suffix != ".csv"} <= set(HERE)
    assert graded.temporary == []


def test_nobody_was_reached(graded):
    assert graded.heard == []


def test_no_secret_got_out(graded):
    """What a student printed, returned or wrote may end in a page; the grader's environment must not."""
    for path in graded.world.graded.rglob("*"):
        if path.is_file():
            assert graded.world.secret.encode() not in path.read_bytes(), path
    assert graded.world.secret not in graded.said


def test_pages_hold_nothing_that_a_browser_obeys(graded):
    for path in [*graded.world.graded.rglob("*.html"), *graded.world.graded.glob("autograded/**/*.ipynb")]:
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text("utf-8"))["cells"]
            text = "".join(cell["source"] for cell in cells if cell["cell_type"] != "code")
            assert r"\href{javascript" not in text, "formulas are typeset there, and may hold links"
        else:
            text = path.read_text("utf-8")
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path


def test_tables_hold_nothing_that_a_spreadsheet_obeys(graded):
    for path in graded.world.graded.rglob("*.csv"):
        with path.open(newline="", encoding="utf-8-sig") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert cells
        assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t") or (cell[:1] == "-" and cell[1:2].isalpha())], path


def test_the_gradebook_says_what_the_results_say(graded):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{graded.world.graded / 'gradebook.db'}") as book:
        for student, result in graded.results.items():
            submission = book.find_submission(result["exercise"], result["student"])
            (held,) = submission.notebooks
            by_cell = {grade.name: grade for grade in held.grades}
            for mark in result["marks"]:
                grade = by_cell[f"{mark['task']}-check"]
                assert (grade.auto_score, grade.manual_score, grade.max_score) == (mark["points"], None, mark["out_of"]), (
                    student,
                    mark["task"],
                )


@pytest.mark.parametrize("student", ["reference", "library", "numpy", "no-def", "one-slip-each", "two-slips-at-once", "throws-dice"])
def test_marks_are_those_of_check(graded, student):
    """The same answers, called by `check` in a notebook's process, give the same points and the same hints."""
    entry = corpus.entry(student, graded.world)
    folder = graded.world.handed_in / student
    cells = json.loads((folder / f"{entry.exercise}.ipynb").read_text("utf-8"))["cells"]
    names: dict = {}
    for cell in cells:
        locked = cell["metadata"].get("nbgrader", {}).get("locked")
        if cell["cell_type"] == "code" and not locked and "%pip" not in cell["source"]:
            exec(compile(cell["source"], "<cell>", "exec"), names)  # ours, written in the corpus
    for mark in graded.results[student]["marks"]:
        verdict = verdict_on(find(mark["task"]), names[mark["task"]])
        assert mark["points"] == (mark["out_of"] if verdict.passed else 0), mark
        assert tuple(mark["hints"]) == verdict.hints, mark


def test_tame_attacks_get_through_where_there_is_no_wall(tmp_path):
    """Each attack whose success does no harm succeeds in a plain process: the wall keeps it out, and no slip of its own."""
    world, listeners, heard = a_world(tmp_path)
    folder = world.handed_in / "reference"
    folder.mkdir(parents=True)
    (folder / f"{ELBO}.ipynb").write_bytes((ROOT / "solutions" / f"{ELBO}.ipynb").read_bytes())
    world.graded.mkdir()
    (world.graded / "seed").write_text("1")
    with contextlib.closing(sqlite3.connect(world.graded / "gradebook.db")) as book:
        book.execute("create table grade (auto_score, manual_score)")
        book.commit()
    tame = [attack for attack in hostile.ATTACKS if attack.tame]
    assert len(tame) >= 8
    programs = {attack.name: f"{hostile.whereabouts(world)}\n{attack.cell}" for attack in tame}
    done = subprocess.run(
        [sys.executable, "-c", TRY_EACH, json.dumps(programs)],
        cwd=tmp_path,
        env={**os.environ, "CORPUS_SECRET": world.secret, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    for listener in listeners:
        listener.close()
    assert [line for line in done.stderr.splitlines() if line.startswith("KEPT OUT")] == []
    assert heard, "the listeners hear"


def test_the_corpus_is_large_enough():
    sizes = {kind: len(corpus.names(kind)) for kind in corpus.KINDS}
    assert sum(sizes.values()) >= 150
    assert sizes["hostile"] >= 50
    graded_each_time = corpus.behind_the_wall()
    assert len(graded_each_time) >= 70
    assert len(set(graded_each_time) & set(corpus.names("hostile"))) >= 30
    assert set(corpus.names(*corpus.KINDS)) >= corpus.BEHIND_THE_WALL, "each name is somebody's"
