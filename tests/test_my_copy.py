"""The learner's own copy: whatever was done to it, a new edition loses nothing; and what the course ships works there as it is."""

import os
import re
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebooks.project import ROOT
from vae_course import my_copy
from vae_course.my_copy import Copy

NAME = "notebooks/06-beta-vae.ipynb"
EXERCISE = "exercises/06-beta-vae.ipynb"
RELATIVE_LINK = re.compile(r"\]\((?!https?:|#|attachment:|mailto:)([^)#\s]+\.\w+)\)")


def write(path: Path, text: str, edition: int = 1) -> None:
    cells = [new_markdown_cell(f"# {text}, edition {edition}"), new_code_cell("1 + 1", execution_count=1)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "course"
    write(folder / NAME, "β-VAE")
    write(folder / EXERCISE, "Exercise")
    return folder


@pytest.fixture
def mine(course):
    Copy(course / "my", course).fill()
    return course / "my"


def changed(path: Path, change) -> bytes:
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)
    return path.read_bytes()


def run(notebook) -> None:
    notebook.cells[1].outputs = [new_output("execute_result", {"text/plain": "2"}, execution_count=7)]
    notebook.cells[1].execution_count = 7
    notebook.metadata["language_info"] = {"name": "python", "version": "3.12.1"}


def answer(notebook) -> None:
    notebook.cells[1].source = "answer = 42"


def note(notebook) -> None:
    notebook.cells.append(new_markdown_cell("Mine."))


def delete_a_cell(notebook) -> None:
    del notebook.cells[1]


def turn_into_text(notebook) -> None:
    notebook.cells[1] = new_markdown_cell(notebook.cells[1].source)


WORK = [answer, note, delete_a_cell, turn_into_text]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_copy_is_filled_once_and_then_left_alone(course, mine):
    assert (mine / NAME).read_bytes() == (course / NAME).read_bytes()
    work = changed(mine / NAME, answer)
    (mine / EXERCISE).unlink()
    assert Copy(mine, course).fill() == []
    assert (mine / NAME).read_bytes() == work
    assert not (mine / EXERCISE).exists(), "what was deleted stays deleted until `make update`"


@pytest.mark.parametrize("renamed", [False, True], ids=["same name", "another number"])
@pytest.mark.parametrize("done", [run, *WORK], ids=lambda done: done.__name__)
def test_nothing_that_was_done_is_lost_by_a_new_edition(course, mine, done, renamed):
    work = changed(mine / NAME, done)
    new = "notebooks/07-beta-vae.ipynb" if renamed else NAME
    (course / NAME).unlink()
    write(course / new, "β-VAE", edition=2)
    Copy(mine, course).refresh()
    kept = contents(mine)
    assert work in kept.values()
    assert (course / new).read_bytes() in kept.values()
    before = contents(mine)
    assert Copy(mine, course).refresh() == ["Everything is up to date."]
    assert contents(mine) == before


@pytest.mark.parametrize("done", WORK, ids=lambda done: done.__name__)
def test_worked_on_keeps_its_name_through_many_editions(course, mine, done):
    work = changed(mine / EXERCISE, done)
    for edition in (2, 3, 4):
        write(course / EXERCISE, "Exercise", edition)
        said = "\n".join(Copy(mine, course).refresh())
        assert f"{EXERCISE}: yours is kept; the new edition is beside it" in said
        assert (mine / EXERCISE).read_bytes() == work
    beside = [path for path in (mine / "exercises").glob("*.ipynb") if path.name != Path(EXERCISE).name]
    assert [path.read_bytes() for path in beside] == [(course / EXERCISE).read_bytes()], "one untouched new edition, the last"


def test_work_in_the_new_edition_is_kept_as_well(course, mine):
    first = changed(mine / EXERCISE, answer)
    write(course / EXERCISE, "Exercise", 2)
    Copy(mine, course).refresh()
    second = changed(mine / "exercises/06-beta-vae (new edition).ipynb", note)
    write(course / EXERCISE, "Exercise", 3)
    Copy(mine, course).refresh()
    assert {first, second, (course / EXERCISE).read_bytes()} <= set(contents(mine / "exercises").values())


@pytest.mark.parametrize("done", [None, run], ids=["untouched", "run"])
@pytest.mark.parametrize("new", [NAME, "notebooks/07-beta-vae.ipynb"], ids=["same name", "another number"])
def test_what_was_not_worked_on_is_the_new_edition_under_the_new_name(course, mine, done, new):
    if done:
        changed(mine / NAME, done)
    (course / NAME).unlink()
    write(course / new, "β-VAE", 2)
    Copy(mine, course).refresh()
    assert (mine / new).read_bytes() == (course / new).read_bytes()
    assert (mine / NAME).exists() == (new == NAME)
    assert len(list((mine / "notebooks").iterdir())) == (2 if done else 1)


def test_a_chapter_that_left_is_taken_away_unless_it_was_touched(course, mine):
    work = changed(mine / EXERCISE, answer)
    (course / NAME).unlink()
    (course / EXERCISE).unlink()
    write(course / "notebooks/01-new.ipynb", "New")
    Copy(mine, course).refresh()
    assert sorted(contents(mine).keys() - {my_copy.RECORD}) == [EXERCISE, "notebooks/01-new.ipynb"]
    assert (mine / EXERCISE).read_bytes() == work


def test_what_the_learner_added_is_never_touched(course, mine):
    write(mine / "notebooks/14-my-own.ipynb", "Mine")
    own = (mine / "notebooks/14-my-own.ipynb").read_bytes()
    write(course / "notebooks/14-my-own.ipynb", "The course's")
    said = "\n".join(Copy(mine, course).refresh())
    assert (mine / "notebooks/14-my-own.ipynb").read_bytes() == own
    assert "yours is kept" in said


def test_a_deleted_file_comes_back_with_an_update(course, mine):
    (mine / NAME).unlink()
    assert Copy(mine, course).refresh() == [f"{NAME}: added."]
    assert (mine / NAME).read_bytes() == (course / NAME).read_bytes()


def lose(record: Path) -> None:
    record.unlink()


def cut(record: Path) -> None:
    record.write_bytes(record.read_bytes()[:40])


@pytest.mark.parametrize(("fault", "new_edition"), list(product([lose, cut], [False, True])))
def test_a_lost_or_cut_record_loses_no_work(course, mine, fault, new_edition):
    work = changed(mine / NAME, answer)
    fault(mine / my_copy.RECORD)
    if new_edition:
        write(course / NAME, "β-VAE", 2)
    Copy(mine, course).fill()
    Copy(mine, course).refresh()
    assert (mine / NAME).read_bytes() == work
    assert (mine / EXERCISE).read_bytes() == (course / EXERCISE).read_bytes()


def test_a_copying_that_was_interrupted_is_finished(course, monkeypatch):
    mine, copied = course / "my", []

    def stop_after_one(source, target):
        if copied:
            raise KeyboardInterrupt
        copied.append(Path(target).write_bytes(Path(source).read_bytes()[:100]))
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(shutil, "copyfile", stop_after_one)
        with pytest.raises(OSError, match="No space"):
            Copy(mine, course).fill()
    assert not (mine / NAME).exists(), "half a notebook must not lie under its name"
    Copy(mine, course).fill()
    assert {name: (mine / name).read_bytes() == (course / name).read_bytes() for name in (NAME, EXERCISE)} == {NAME: True, EXERCISE: True}


def test_two_that_fill_at_once_do_not_meet(course, monkeypatch):
    mine, copy_file, process = course / "my", shutil.copyfile, os.getpid()

    def copy_while_another_does(source, target):
        copy_file(source, target)
        with monkeypatch.context() as other:
            other.setattr(shutil, "copyfile", copy_file)
            other.setattr(os, "getpid", lambda: process + 1)
            Copy(mine, course).fill()

    monkeypatch.setattr(shutil, "copyfile", copy_while_another_does)
    Copy(mine, course).fill()
    assert sorted(contents(mine)) == [my_copy.RECORD, EXERCISE, NAME]
    assert Copy(mine, course).refresh() == ["Everything is up to date."]


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SystemExit, match=r"can't be filled: .*Nothing of yours is lost\.$"):
        my_copy.main(["--to", str(tmp_path / "file" / "my")])


def test_without_the_courses_notebooks_a_sentence_says_where_they_are(tmp_path):
    with pytest.raises(SystemExit, match="There are no notebooks in .*Clone the course"):
        Copy(tmp_path / "my", tmp_path)


def test_every_link_of_the_course_works_in_the_copy(tmp_path):
    copy = Copy(tmp_path / "my")
    copy.fill()
    links = 0
    for path in copy.untouched():
        for cell in nbformat.read(path, as_version=4).cells:
            for target in RELATIVE_LINK.findall(cell.source) if cell.cell_type == "markdown" else ():
                assert (path.parent / target).exists(), f"{path.name} links to {target}"
                links += 1
    assert links > 30


def test_jupyter_trusts_what_the_course_ships_and_nothing_else(course, mine, tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    from nbformat.sign import NotebookNotary

    changed(mine / EXERCISE, answer)
    copy = Copy(mine, course)
    assert my_copy.trust(copy.untouched()) == ""
    notary = NotebookNotary()
    assert notary.check_signature(nbformat.read(mine / NAME, as_version=4))
    assert not notary.check_signature(nbformat.read(mine / EXERCISE, as_version=4))
    changed(mine / NAME, run)
    assert not notary.check_signature(nbformat.read(mine / NAME, as_version=4))


def test_a_jupyter_that_cannot_be_told_stops_nothing(course, mine, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "file" / "jupyter"))
    assert my_copy.trust(Copy(mine, course).untouched()).startswith("Stored sounds stay silent until you run their cells")
    monkeypatch.setitem(sys.modules, "nbformat.sign", None)
    assert my_copy.trust(Copy(mine, course).untouched()) == "", "where there is no Jupyter, nobody is told of it"


# With git: a clone of a small course that has the real package's `my_copy`, and an origin that moves on.


def git(folder: Path, *command: str) -> str:
    named = ["-c", "user.name=Tester", "-c", "user.email=tester@example.org", "-c", "protocol.file.allow=always"]
    return subprocess.run(["git", "-C", str(folder), *named, *command], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def clone(course, tmp_path):
    for name in ("__init__.py", "my_copy.py"):
        (course / "vae_course").mkdir(exist_ok=True)
        shutil.copy(ROOT / "vae_course" / name, course / "vae_course" / name)
    (course / ".gitignore").write_bytes((ROOT / ".gitignore").read_bytes())
    git(course, "init", "--quiet", "--initial-branch=main")
    git(course, "add", ".")
    git(course, "commit", "--quiet", "-m", "First edition")
    git(tmp_path, "clone", "--quiet", str(course), "clone")
    asked(tmp_path / "clone")
    return tmp_path / "clone"


def asked(clone: Path, *what: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "vae_course.my_copy", *what]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False, encoding="utf-8")


def new_edition(course: Path) -> None:
    write(course / NAME, "β-VAE", 2)
    write(course / EXERCISE, "Exercise", 2)
    git(course, "commit", "--quiet", "-am", "Second edition")


def test_after_everything_was_run_and_answered_git_has_nothing_to_say(course, clone):
    changed(clone / "my" / NAME, run)
    work = changed(clone / "my" / EXERCISE, answer)
    assert git(clone, "status", "--porcelain") == ""
    new_edition(course)
    done = asked(clone, "update")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (clone / "my" / NAME).read_bytes() == (course / NAME).read_bytes()
    assert (clone / "my" / EXERCISE).read_bytes() == work
    assert done.stdout.startswith("In my/:\n"), "the course's own folder has a file of that name too"
    assert asked(clone, "update").stdout == f"{my_copy.UP_TO_DATE}\n"
    assert asked(clone, "fill").stdout == "", "nothing to say, and no empty line for it"


@pytest.mark.parametrize("new", [NAME, "notebooks/07-beta-vae.ipynb"], ids=["same name", "another number"])
@pytest.mark.parametrize("staged", [False, True])
def test_what_was_done_in_the_courses_own_folder_is_kept_too(course, clone, staged, new):
    work = changed(clone / NAME, answer)
    if staged:
        git(clone, "add", NAME)
    new_edition(course)
    if new != NAME:
        git(course, "mv", NAME, new)
        git(course, "commit", "--quiet", "-m", "Another number")
    updated = asked(clone, "update")
    assert updated.returncode == 0, updated.stdout + updated.stderr
    assert work in contents(clone / "my").values()
    assert "what you did there is kept in" in updated.stdout
    assert (clone / new).read_bytes() == (clone / "my" / new).read_bytes() == (course / new).read_bytes()


def gone(course: Path, clone: Path) -> None:
    course.rename(course.with_name("elsewhere"))


def diverged(course: Path, clone: Path) -> None:
    new_edition(course)
    (clone / "mine.txt").write_text("mine")
    git(clone, "add", "mine.txt")
    git(clone, "commit", "--quiet", "-m", "Mine")


def no_git(course: Path, clone: Path) -> None:
    shutil.rmtree(clone / ".git")


@pytest.mark.parametrize("obstacle", [gone, diverged, no_git], ids=lambda obstacle: obstacle.__name__)
def test_where_nothing_can_be_fetched_a_sentence_says_so_and_nothing_changes(course, clone, obstacle):
    changed(clone / "my" / NAME, answer)
    before = contents(clone / "my")
    obstacle(course, clone)
    done = asked(clone, "update")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert done.stderr.rstrip().splitlines()[-1].endswith((".", "refresh"))
    assert contents(clone / "my") == before


def test_the_copy_is_ignored_by_git():
    assert "my/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
