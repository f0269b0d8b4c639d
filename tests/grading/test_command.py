"""The command as an instructor types it, and docs/grading.md, whose commands are all tried here."""

from __future__ import annotations

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.grading import fakes
from tests.grading.fakes import EXERCISE, hand_in, notebook
from tests.notebooks.project import ROOT
from vae_course.grading import __main__ as command
from vae_course.grading import batch

PAGE = ROOT / "docs" / "grading.md"
SOLUTION = (ROOT / "solutions" / f"{EXERCISE}.ipynb").read_bytes()


@pytest.fixture
def paper(monkeypatch):
    """The command, with steps that cost nothing."""
    steps = fakes.Doing().steps()
    monkeypatch.setattr(batch, "Steps", lambda: steps)


def test_it_grades_and_says_where_to_look(tmp_path, paper, capsys):
    hand_in(tmp_path / "in", ada=notebook(right=True), ben=notebook(do="die"))
    assert command.main([str(tmp_path / "in"), "--to", str(tmp_path / "out"), "--exercise", EXERCISE]) == 0
    said = capsys.readouterr().out
    assert "A wall of paper." in said
    assert f"Graded 1 notebook of {EXERCISE}. The grader failed on ben: they have no points, and need a person." in said
    assert f"Look first at {tmp_path / 'out' / 'summary.html'}" in said
    hand_in(tmp_path / "in", cleo=notebook(right=True), dora=notebook())
    shutil.rmtree(tmp_path / "in" / "ben")
    assert command.main([str(tmp_path / "in"), "--to", str(tmp_path / "out")]) == 0
    assert f"Graded 2 notebooks of {EXERCISE}; 1 had been before." in capsys.readouterr().out


def test_what_is_to_be_mended_is_one_sentence_and_status_1(tmp_path, paper, capsys):
    assert command.main([str(tmp_path / "nowhere"), "--to", str(tmp_path / "out")]) == 1
    told = capsys.readouterr()
    assert told.err.startswith(f"There is no {tmp_path / 'nowhere'}.")
    assert "Traceback" not in told.err
    assert told.out == ""
    assert command.main([str(tmp_path), "--to", str(tmp_path / "out"), "--due", "soon"]) == 1
    assert "'soon' is no date" in capsys.readouterr().err


def test_ctrl_c_ends_with_what_to_do_next(tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "grade", interrupted)
    assert command.main([str(tmp_path), "--to", str(tmp_path / "out")]) == 1
    assert command.STOPPED in capsys.readouterr().err


def test_due_dates_are_for_all_or_for_one(tmp_path, paper, monkeypatch):
    asked = {}
    monkeypatch.setattr(batch, "grade", lambda *_, **settings: asked.update(settings) or batch.Outcome())
    command.main(["in", "--to", "out", "--due", "2026-05-31T18:00Z", "04-the-elbo=2026-06-01T18:00Z", "--jobs", "3", "--unwalled"])
    due = {name: date.isoformat() for name, date in asked["due"].items()}
    assert due == {"": "2026-05-31T18:00:00", "04-the-elbo": "2026-06-01T18:00:00"}
    assert (asked["jobs"], asked["unwalled"], asked["solutions"]) == (3, True, batch.SOLUTIONS)


def test_without_nbgrader_it_says_what_to_install(tmp_path):
    """In a process where nbgrader can't be imported, as where only the course is installed."""
    script = (
        "import sys; sys.modules['nbgrader'] = None; from vae_course.grading.__main__ import main; sys.exit(main(['in', '--to', 'out']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert done.returncode == 1
    assert done.stderr.startswith(command.NEEDED), done.stderr
    assert not list(tmp_path.iterdir())


# The page for instructors.


def commands() -> list[str]:
    """Every command of the page, in order: the lines that are indented as code."""
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip() and not line.startswith("#")]


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A folder where commands may leave what they like, with what a class handed in."""
    place = tmp_path_factory.mktemp("course")
    for student, content in (("ada", SOLUTION), ("ben", (ROOT / "exercises" / f"{EXERCISE}.ipynb").read_bytes())):
        hand_in(place / "handed-in", **{student: content})
    (place / "my-probes").mkdir()
    probes = "def probes(seed):\n    return [{'pixels': 100, 'latents': 4, 'sigma': 0.3, 'kl_weight': 0.5}]\n"
    (place / "my-probes" / "effective_beta.py").write_text(probes)
    return place


def test_every_command_of_the_page_does_what_it_says(course, monkeypatch):
    """As they stand there, one after the other. What opens a browser is only asked whether it is there, and nothing is installed."""
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]), "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = str(ROOT)
    folder, tried = course, []
    for line in commands():
        if line.startswith("cd "):
            folder = (folder / line.removeprefix("cd ")).resolve()
            assert folder.is_dir(), line
            continue
        if line.startswith("pip install"):
            assert ".[lab,grading]" in line
            continue
        if line.startswith("source "):
            assert not any(one.startswith(("python ", "jupyter ", "nbgrader ")) for one in tried), "they need what this line brings"
            continue
        if line.startswith("jupyter lab"):
            line = "jupyter lab --version"
        # make would look after an environment of its own; what it calls is what is tried
        if line.startswith("make "):
            shown = subprocess.run([*shlex.split(line), "--dry-run"], cwd=ROOT, capture_output=True, text=True, env=environment)
            assert shown.returncode == 0, shown.stderr
            line = next(one for one in shown.stdout.splitlines() if "vae_course.grading" in one).replace(".venv/bin/python", sys.executable)
        done = subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, env=environment, timeout=600)
        assert done.returncode == 0, f"{line}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
        tried.append(line)
    assert any("vae_course.grading.handout" in line for line in tried)
    assert "source .venv/bin/activate" in commands(), "what make installed is on no path"
    marks = {row["student"]: row for row in csv.DictReader((course / "graded" / "marks.csv").open())}
    assert (marks["ada"]["total"], marks["ben"]["total"]) == ("8", "0")
    assert (course / "graded" / "grades.csv").is_file()
    assert (course / "handout" / "exercises" / f"{EXERCISE}.ipynb").is_file()


def test_the_page_names_every_option_and_no_other():
    options = {option for action in command.parser()._actions for option in action.option_strings if option.startswith("--")} - {"--help"}
    named = set(re.findall(r"`(--[a-z]+)", PAGE.read_text("utf-8"))) | {
        word for line in commands() if "vae_course.grading " in line for word in line.split() if word.startswith("--")
    }
    assert named == options


def test_the_help_says_what_each_option_is_for(capsys):
    with pytest.raises(SystemExit):
        command.main(["--help"])
    said = capsys.readouterr().out
    assert "the same command again runs nothing twice" in " ".join(said.lower().split())
