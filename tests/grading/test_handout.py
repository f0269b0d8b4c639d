"""What is handed out: whole, the same each time, and without an answer."""

from __future__ import annotations

import gzip
import json
import shutil

import pytest
import torch

from tests.notebooks.project import REPOSITORY, ROOT, VERSION
from vae_course.data import Dataset, Split, load
from vae_course.data.idx import IDX_FILES
from vae_course.grading.handout import as_files, hand_out, main
from vae_course.grading.records import GradingError
from vae_course.tasks.engine.registry import every_name, find
from vae_course.tasks.engine.slips import body_of

EXERCISES = sorted((ROOT / "exercises").glob("*.ipynb"))


def digits(train=60, test=20):
    """A small data set in MNIST's shape."""
    generator = torch.Generator().manual_seed(0)
    splits = [Split(torch.randint(0, 256, (n, 1, 28, 28), generator=generator).float() / 255, torch.arange(n) % 10) for n in (train, test)]
    return Dataset("MNIST", *splits, tuple("0123456789"), "through torchvision", "CC BY-SA 3.0")


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """VAE_COURSE_DATA with a small MNIST."""
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in as_files(digits()).items():
        (raw / name).write_bytes(content)
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path / "data"))
    return raw


@pytest.fixture
def no_mnist(tmp_path, monkeypatch):
    """No data set on this machine, and none to be had."""
    monkeypatch.delenv("VAE_COURSE_DATA", raising=False)
    (tmp_path / "cache").write_text("a file, so that nothing can be kept there")
    monkeypatch.setattr("vae_course.data.download.cache_folder", lambda: tmp_path / "cache" / "vae-course")


def all_in(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_bytes_each_time(mnist, tmp_path):
    names = hand_out(tmp_path / "one")
    hand_out(tmp_path / "other")
    first = all_in(tmp_path / "one")
    assert sorted(first) == names
    assert all_in(tmp_path / "other") == first
    hand_out(tmp_path / "one")
    assert all_in(tmp_path / "one") == first, "again into the same folder"


def test_data_that_was_found_packed_is_handed_out_as_the_same_files(mnist, tmp_path):
    hand_out(tmp_path / "one")
    for path in list(mnist.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    hand_out(tmp_path / "other")
    assert all_in(tmp_path / "one") == all_in(tmp_path / "other")


def test_it_has_the_exercises_the_versions_and_the_data_and_no_answer(mnist, tmp_path):
    hand_out(tmp_path / "out")
    files = all_in(tmp_path / "out")
    assert {name for name in files if name.startswith("exercises/")} == {f"exercises/{path.name}" for path in EXERCISES}
    assert all(files[f"exercises/{path.name}"] == path.read_bytes() for path in EXERCISES)
    assert files["constraints.txt"] == (ROOT / "constraints.txt").read_bytes()
    assert files["requirements.txt"].decode() == f"-c constraints.txt\nvae-course[lab] @ git+{REPOSITORY}@v{VERSION}\n"
    assert {name.removeprefix("data/MNIST/raw/") for name in files if name.startswith("data/")} == set(IDX_FILES)
    text = b"\n".join(content for name, content in files.items() if not name.startswith("data/")).decode()
    assert "BEGIN SOLUTION" not in text
    assert "solution/" not in text
    told = "\n".join("".join(cell["source"]) for path in EXERCISES for cell in json.loads(files[f"exercises/{path.name}"])["cells"])
    for name in every_name():
        body = body_of(find(name).answer).strip()
        if body.count("\n") > 1:
            assert body not in told, name


def test_the_data_is_found_where_the_read_me_says(mnist, tmp_path, monkeypatch):
    hand_out(tmp_path / "out")
    monkeypatch.setenv("VAE_COURSE_DATA", str(tmp_path / "out" / "data"))
    data = load("mnist")
    assert data.name == "MNIST"
    assert torch.equal(data.train.x, digits().train.x)
    assert torch.equal(data.test.y, digits().test.y)
    read_me = (tmp_path / "out" / "READ ME.md").read_text("utf-8")
    assert 'VAE_COURSE_DATA="$PWD/data"' in read_me
    assert all(f"exercises/{path.name}" in read_me for path in EXERCISES)
    assert "{" not in read_me


def test_some_exercises_alone(mnist, tmp_path, capsys):
    chosen = [EXERCISES[0].stem, EXERCISES[3].name]
    assert main(["--to", str(tmp_path / "two"), "--exercise", *chosen]) == 0
    assert "2 exercises" in capsys.readouterr().out
    files = all_in(tmp_path / "two")
    assert {name for name in files if name.startswith("exercises/")} == {f"exercises/{EXERCISES[n].name}" for n in (0, 3)}
    listed = [line for line in files["READ ME.md"].decode().splitlines() if line.startswith("- `exercises/")]
    assert len(listed) == 2
    assert main(["--to", str(tmp_path / "none"), "--exercise", "04-the-elbow"]) == 1
    assert f"There is no exercise 04-the-elbow. There are {EXERCISES[0].stem}, " in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_without_data_the_read_me_says_what_happens(no_mnist, tmp_path, capsys):
    names = hand_out(tmp_path / "out")
    assert not [name for name in names if name.startswith("data/")]
    read_me = (tmp_path / "out" / "READ ME.md").read_text("utf-8")
    assert "VAE_COURSE_DATA" not in read_me
    assert "scikit-learn" in read_me


def test_data_that_is_not_as_published_is_not_handed_out():
    whole = digits(1, 1)
    images = torch.zeros(60_000, 1, 1, 1).expand(60_000, 1, 28, 28)
    many = Dataset(
        "MNIST", Split(images, torch.zeros(60_000).long()), Split(images[:10_000], torch.zeros(10_000).long()), whole.classes, "", ""
    )
    with pytest.raises(GradingError, match="other than it was published"):
        as_files(many)


def a_course(folder):
    shutil.copytree(ROOT / "exercises", folder / "exercises")
    shutil.copy(ROOT / "constraints.txt", folder)
    return folder


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda course: shutil.rmtree(course / "exercises"), "only the package is there"),
        (lambda course: (course / "constraints.txt").unlink(), "no constraints.txt"),
        (lambda course: shutil.copy(ROOT / "solutions" / EXERCISES[0].name, course / "exercises"), "has a solution in it"),
    ],
)
def test_a_course_that_is_not_whole(mnist, tmp_path, spoil, words):
    course = a_course(tmp_path / "course")
    assert hand_out(tmp_path / "out", course=course)
    spoil(course)
    with pytest.raises(GradingError, match=words):
        hand_out(tmp_path / "other", course=course)
    assert not (tmp_path / "other").exists()


def test_nothing_of_anybodys_is_overwritten(mnist, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    assert main(["--to", str(tmp_path / "out")]) == 1
    assert "has other things in it (mine.txt)" in capsys.readouterr().err
    assert all_in(tmp_path / "out") == {"mine.txt": b"mine"}
    (tmp_path / "file").write_text("")
    assert main(["--to", str(tmp_path / "file")]) == 1
    assert main(["--to", str(tmp_path / "new")]) == 0
    assert f"{len(EXERCISES)} exercises, with MNIST" in capsys.readouterr().out


def test_data_that_is_named_and_broken_is_told(mnist, tmp_path, capsys):
    (mnist / IDX_FILES[0]).write_bytes(b"broken")
    assert main(["--to", str(tmp_path / "out")]) == 1
    assert "is no IDX file" in capsys.readouterr().err
