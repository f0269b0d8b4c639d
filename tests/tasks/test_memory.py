"""What was passed is kept in one small file, whatever happens to it."""

import json
import multiprocessing
import os

import pytest

from vae_course.tasks.engine import memory, talk
from vae_course.tasks.engine.registry import find
from vae_course.tasks.engine.talk import check, hint, progress


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_COURSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    monkeypatch.setattr(talk, "memory", memory.Memory())
    return tmp_path / "home"


def restart(monkeypatch):
    monkeypatch.setattr(talk, "memory", memory.Memory())


def test_a_restarted_kernel_still_knows(home, monkeypatch, capsys):
    check(find("gaussian_kl").answer)
    check(lambda *arguments: arguments[0], "kl_between")
    hint("kl_between")
    restart(monkeypatch)
    capsys.readouterr()
    progress()
    told = capsys.readouterr().out
    assert "✓ gaussian_kl" in told
    assert "✗ kl_between" in told
    assert "· effective_beta" in told
    hint("kl_between")
    assert "Hint 2 of" in capsys.readouterr().out


def test_what_was_passed_stays_passed(home, capsys):
    check(find("gaussian_kl").answer)
    check(lambda mu, log_var: mu, "gaussian_kl")
    progress()
    assert "✓ gaussian_kl" in capsys.readouterr().out


def test_an_empty_answer_is_no_try(home, capsys):
    def gaussian_kl(mu, log_var):
        raise NotImplementedError()

    check(gaussian_kl)
    progress()
    assert "Nothing checked yet" in capsys.readouterr().out


def test_all_can_be_forgotten(home, monkeypatch, capsys):
    check(find("gaussian_kl").answer)
    progress(reset=True)
    restart(monkeypatch)
    capsys.readouterr()
    progress()
    assert "Nothing checked yet" in capsys.readouterr().out


def test_the_file_holds_no_names_and_nothing_half_written(home):
    check(find("gaussian_kl").answer)
    assert {path.name for path in home.iterdir()} <= {"progress.json", "progress.lock"}
    stored = json.loads((home / "progress.json").read_text("utf-8"))
    assert stored == {"version": 1, "tasks": {"gaussian_kl": {"passed": True, "tries": 1, "hints": 0}}}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"tasks": 3}', b"\xff\xfe", b'{"tasks": {"gaussian_kl": 3}}'])
def test_a_damaged_file_is_no_obstacle(home, content, capsys):
    home.mkdir()
    (home / "progress.json").write_bytes(content)
    check(find("gaussian_kl").answer)
    progress()
    assert "✓ gaussian_kl" in capsys.readouterr().out
    assert json.loads((home / "progress.json").read_text("utf-8"))["tasks"]["gaussian_kl"]["passed"]


def test_a_folder_that_cannot_be_written_is_no_obstacle(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("VAE_COURSE_HOME", str(tmp_path / "file" / "home"))
    restart(monkeypatch)
    check(find("gaussian_kl").answer)
    progress()
    assert "✓ gaussian_kl" in capsys.readouterr().out


def test_grading_touches_no_file(home, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    check(find("gaussian_kl").answer)
    assert not home.exists()


def _note(name):
    memory.Memory().add(name, passed=True, tries=1)


def test_two_kernels_at_once_lose_nothing(home):
    names = [f"task_{i}" for i in range(12)]
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(_note, names)
    assert memory.Memory().known() == set(names)


def test_tests_keep_away_from_a_learners_file():
    assert os.environ.get("VAE_COURSE_HOME")
