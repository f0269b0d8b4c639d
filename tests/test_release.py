"""A release, tried on a copy: it changes the version where it stands and nothing else, and refuses what is none."""

from __future__ import annotations

import datetime
import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

import vae_course
from tests import release
from tests.notebooks.project import REPOSITORY, ROOT

PLANTED = f'%pip install --quiet "vae-course @ git+{REPOSITORY}@v{vae_course.__version__}"'
START = f'vae_course.start("{vae_course.__version__}")'
DAY = datetime.date(2030, 1, 2)


@pytest.fixture
def course(tmp_path) -> Path:
    """A copy of all that a release looks at, with a set-up cell's line planted in a file of each kind, and an unreleased change."""
    for name in (release.PACKAGE, release.CITATION, release.CHANGES, "README.md", "tests/pins.py", "tests/notebooks/project.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for folder in ("notebooks", "solutions", "exercises"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "02-made-for-tests.ipynb").write_text(json.dumps({"source": [PLANTED, START]}) + "\r\n", "utf-8", newline="")
        (tmp_path / folder / "03-of-another.ipynb").write_text("git+https://github.com/else/where@v0.0.1, torch@v9.9.9", "utf-8")
    for name in ("README.md", "tests/pins.py"):
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{PLANTED}\n")
    changes = (tmp_path / release.CHANGES).read_text("utf-8").replace("## [Unreleased]\n", "## [Unreleased]\n\n- A test.\n", 1)
    (tmp_path / release.CHANGES).write_text(changes, "utf-8")
    return tmp_path


def test_a_release_sets_the_version_where_it_stands_and_nothing_else(course):
    old = vae_course.__version__
    changes = release.changed_files(course, "7.10.0", DAY)
    planted = {f"{folder}/02-made-for-tests.ipynb" for folder in ("notebooks", "solutions", "exercises")} | {"README.md", "tests/pins.py"}
    tagged = {path.relative_to(course).as_posix() for path in changes} - {release.PACKAGE, release.CITATION, release.CHANGES}
    assert planted <= tagged <= planted | {"tests/notebooks/project.py"}
    for path, text in changes.items():
        before = path.read_bytes().decode("utf-8")
        if path.name in (Path(release.CITATION).name, Path(release.CHANGES).name):
            continue
        assert text.replace("7.10.0", old) == before, "but for the version it is as it was"
        places = (f"@v{old}", f'__version__ = "{old}"', START, json.dumps(START)[1:-1])
        assert text.count("7.10.0") == sum(before.count(place) for place in places)
    citation = yaml.safe_load(changes[course / release.CITATION])
    assert (citation["version"], citation["date-released"]) == ("7.10.0", DAY)
    before, after = yaml.safe_load((course / release.CITATION).read_text("utf-8")), dict(citation)
    assert {**after, "version": old, "date-released": before["date-released"]} == before


def test_a_release_puts_the_unreleased_changes_under_its_version(course):
    text = release.changed_files(course, "7.10.0", DAY)[course / release.CHANGES]
    unreleased, released = re.search(r"^## \[Unreleased\]\n(.*?)^## \[7\.10\.0\] - 2030-01-02\n(.*?)^## \[", text, re.M | re.S).groups()
    assert unreleased.strip() == ""
    assert released.strip().startswith("- A test.")
    assert f"[Unreleased]: {REPOSITORY}/compare/v7.10.0...HEAD\n" in text
    assert f"[7.10.0]: {REPOSITORY}/compare/v{vae_course.__version__}...v7.10.0\n" in text


def test_two_releases_follow_each_other(course):
    for path, text in release.changed_files(course, "7.10.0", DAY).items():
        path.write_bytes(text.encode())
    assert release.version_of(course) == "7.10.0"
    with pytest.raises(release.Refused, match="tells of nothing under"):
        release.changed_files(course, "7.11.0", DAY)
    with pytest.raises(release.Refused, match="higher than the current 7.10.0"):
        release.changed_files(course, "7.9.0", DAY)


@pytest.mark.parametrize("version", ["", "1", "1.2", "v1.2.3", "1.2.3rc1", "1.2.3.4", "01.2.3", "1.2.x", "1.2.3\n", "-1.2.3"])
def test_what_is_no_version_is_refused(course, version):
    with pytest.raises(release.Refused, match="expected three numbers"):
        release.changed_files(course, version, DAY)


@pytest.mark.parametrize("version", ["0.0.9", vae_course.__version__])
def test_a_version_that_is_not_higher_is_refused(course, version):
    with pytest.raises(release.Refused, match=f"expected one that is higher than the current {re.escape(vae_course.__version__)}"):
        release.changed_files(course, version, DAY)


@pytest.mark.parametrize(("name", "line"), [(release.CITATION, "version: "), (release.CHANGES, "[Unreleased]: ")])
def test_a_file_that_does_not_say_its_version_is_named_and_nothing_is_written(course, name, line):
    text = (course / name).read_text("utf-8")
    (course / name).write_text("".join(one for one in text.splitlines(keepends=True) if not one.startswith(line)), "utf-8")
    before = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}
    with pytest.raises(release.Refused, match=name):
        release.changed_files(course, "7.10.0", DAY)
    assert {path: path.read_bytes() for path in course.rglob("*") if path.is_file()} == before


def test_from_the_command_line_a_refusal_is_one_sentence(monkeypatch):
    monkeypatch.setattr("sys.argv", ["release", "0.0.1"])
    with pytest.raises(SystemExit, match="^No release: the version is 0.0.1, expected one that is higher"):
        release.main()


def test_the_changes_name_every_version_once():
    text = (ROOT / release.CHANGES).read_text("utf-8")
    headings = re.findall(r"^## \[(.*?)\]", text, re.MULTILINE)
    assert headings[:2] == ["Unreleased", vae_course.__version__]
    assert headings == re.findall(r"^\[(.*?)\]: ", text, re.MULTILINE)


def test_set_up_cells_install_this_version_or_the_newest():
    """Whatever tag of the course stands anywhere that a release looks at is that of the version."""
    texts = [path.read_text("utf-8") for pattern in release.TAGGED for path in ROOT.glob(pattern)]
    named = {found.removeprefix(f"{REPOSITORY}@v") for text in texts for found in re.findall(rf"{REPOSITORY}@v[\d.]+\d", text)}
    assert named <= {vae_course.__version__}
