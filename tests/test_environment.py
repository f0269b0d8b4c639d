"""`make` and the environment: one that is not whole, or is another Python's or another folder's, is made anew; a good one is left alone.

The Makefile is the real one. The Python is a fake that makes an environment in no time, and writes down what it was asked to do.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.notebooks.project import ROOT
from vae_course import environment

pytestmark = pytest.mark.skipif(sys.platform == "win32" or not shutil.which("make"), reason="needs make")

FAKE = """#!{real}
import importlib.util, os, pathlib, platform, runpy, shutil, sys

sys.executable = os.path.abspath(sys.argv[0])
sys.version_info = {version}
sys.prefix = "an environment" if ".venv" in sys.argv[0] else sys.base_prefix
platform.system, platform.machine = (lambda: "{system}"), (lambda: "{machine}")
arguments = sys.argv[1:]
here = pathlib.Path(os.path.realpath(sys.argv[0])).parents[1]
log = here / "log"
if arguments[:2] == ["-m", "venv"]:
    log.open("a").write("made\\n")
    (here / "no-pip").unlink(missing_ok=True)
    folder = pathlib.Path(arguments[-1])
    if "--clear" in arguments and folder.is_dir():
        shutil.rmtree(folder)
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    if not (folder / "bin" / "python").is_symlink():
        (folder / "bin" / "python").symlink_to(os.path.realpath(sys.argv[0]))
    sys.exit("ensurepip is not available" if (here / "no-ensurepip").exists() else 0)
if arguments[:2] == ["-m", "pip"]:
    sys.exit("No module named pip" if (here / "no-ensurepip").exists() else 0)
if (here / "no-pip").exists():
    importlib.util.find_spec = lambda name: None
if arguments[1:2] == ["install"]:
    log.open("a").write("installed " + " ".join(arguments[2:]) + "\\n")
    sys.exit((here / "no-network").exists())
sys.argv = arguments
runpy.run_path(arguments[0], run_name="__main__")
"""


class Place:
    """A folder with the course's Makefile, and a Python beside it."""

    def __init__(self, folder: Path, python: Path) -> None:
        self.folder, self.python = folder, python

    def make(self, *what: str) -> subprocess.CompletedProcess:
        """Run make with the fake as the only python3; without a PYTHON that is named, the path decides."""
        hidden = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "CI")
        kept = {name: value for name, value in os.environ.items() if name not in hidden}
        environ = {**kept, "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"}
        command = ["make", "--no-print-directory", *(what or (".venv/lab.installed",))]
        return subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)

    def done(self) -> list[str]:
        """What the fake was asked to do since the last time: `made`, `installed`."""
        log = self.python.parents[1] / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line.split()[0] for line in lines]


def put_python(folder: Path, version=(3, 12, 1), system="Linux", machine="x86_64") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "python3"
    path.write_text(FAKE.format(real=sys.executable, version=version, system=system, machine=machine))
    path.chmod(0o755)
    return path


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "the course, ein Ordner für π"
    (folder / "vae_course").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "vae_course/environment.py"):
        shutil.copy(ROOT / name, folder / name)
    return Place(folder, put_python(tmp_path / "pythons"))


def test_a_first_run_makes_and_installs_and_a_second_does_neither(place):
    first = place.make()
    assert first.returncode == 0, first.stderr
    assert place.done() == ["made", "installed"]
    assert "a few minutes" in first.stdout
    assert place.make().returncode == 0
    assert place.done() == []
    assert "environment.py install" not in place.make("--dry-run", ".venv/lab.installed").stdout


def half_made(place):
    """As by Debian without python3-venv, before there were stamps."""
    shutil.rmtree(place.folder / ".venv")
    (place.folder / ".venv" / "bin").mkdir(parents=True)
    (place.folder / ".venv" / "bin" / "python").symlink_to(place.python)


def python_gone(place):
    new = put_python(place.python.parent.with_name("newer"), version=(3, 13, 0))
    shutil.rmtree(place.python.parent)
    place.python = new


def python_replaced(place):
    put_python(place.python.parent, version=(3, 13, 0))


def machine_replaced(place):
    put_python(place.python.parent, machine="aarch64")


def renamed(place):
    place.folder = place.folder.rename(place.folder.with_name("renamed"))


def copied(place):
    place.folder = Path(shutil.copytree(place.folder, place.folder.with_name("copied"), symlinks=True))


def link_leads_to_the_wrong_python(place):
    other = put_python(place.python.parent.with_name("other"), version=(3, 11, 4))
    (place.folder / ".venv/bin/python").unlink()
    (place.folder / ".venv/bin/python").symlink_to(other)


def no_stamp(place):
    (place.folder / ".venv/made-for").unlink()


def empty_stamp(place):
    (place.folder / ".venv/made-for").write_text("")


def pip_taken_out(place):
    (place.python.parents[1] / "no-pip").touch()


def emptied(place):
    shutil.rmtree(place.folder / ".venv/bin")


@pytest.mark.parametrize(
    "fault",
    [
        half_made,
        python_gone,
        python_replaced,
        machine_replaced,
        renamed,
        copied,
        link_leads_to_the_wrong_python,
        no_stamp,
        empty_stamp,
        pip_taken_out,
        emptied,
    ],
    ids=lambda fault: fault.__name__,
)
def test_an_environment_that_cannot_be_trusted_is_made_anew_with_a_sentence(place, fault):
    place.make()
    place.done()
    fault(place)
    again = place.make()
    assert again.returncode == 0, again.stdout + again.stderr
    assert place.done() == ["made", "installed"]
    assert again.stdout.count("it is made anew.") == 1
    assert place.make().returncode == 0
    assert place.done() == []


def test_a_python_that_is_named_is_taken(place):
    place.make()
    place.done()
    other = put_python(place.python.parent.with_name("other"), version=(3, 11, 4))
    for expected in (["made", "installed"], []):
        assert place.make(f"PYTHON={other}", ".venv/lab.installed").returncode == 0
        assert place.done() == expected
    assert place.make().returncode == 0
    assert place.done() == [], "whoever names none keeps what there is"


def test_a_patch_release_in_place_changes_nothing(place):
    place.make()
    place.done()
    put_python(place.python.parent, version=(3, 12, 9))
    assert place.make().returncode == 0
    assert place.done() == []


def test_without_ensurepip_nothing_is_trusted_until_it_is_there(place):
    obstacle = place.python.parents[1] / "no-ensurepip"
    obstacle.touch()
    for _ in range(2):
        failed = place.make()
        assert failed.returncode != 0
        assert place.done() == ["made"]
    obstacle.unlink()
    assert place.make().returncode == 0
    assert place.done() == ["made", "installed"]


def test_an_installation_that_was_cut_off_goes_on(place):
    (place.python.parents[1] / "no-network").touch()
    assert place.make().returncode != 0
    assert place.done() == ["made", "installed"]
    (place.python.parents[1] / "no-network").unlink()
    assert place.make().returncode == 0
    assert place.done() == ["installed"]


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        ({"version": (3, 9, 6), "system": "Darwin", "machine": "arm64"}, "needs Python 3.10 or newer, and .* is 3.9. Say which to take"),
        ({"system": "Darwin"}, "PyTorch has no wheels for Intel Macs. Use the course on Colab or Binder"),
    ],
    ids=["too old", "Intel Mac"],
)
def test_a_python_that_cannot_carry_the_course_is_named_before_anything_is_made(place, python, sentence):
    put_python(place.python.parent, **python)
    failed = place.make()
    assert failed.returncode != 0
    assert place.done() == []
    assert not (place.folder / ".venv").exists()
    assert re.search(sentence, failed.stderr)


def test_a_python_that_is_not_there_is_named(place):
    failed = place.make("PYTHON=python3.99", ".venv/lab.installed")
    assert failed.returncode != 0
    assert "There is no python3.99 here." in failed.stdout


@pytest.mark.parametrize(
    ("python", "pinned"),
    [({"version": (3, minor, 2)}, True) for minor in range(10, 15)]
    + [({"version": (3, 15, 0)}, False), ({"machine": "riscv64"}, False), ({"system": "FreeBSD", "machine": "amd64"}, False)],
    ids=str,
)
def test_the_pins_are_offered_only_where_they_were_tried(place, python, pinned):
    put_python(place.python.parent, **python)
    place.make()
    asked = (place.python.parents[1] / "log").read_text()
    assert ("-c constraints.txt" in asked) == pinned, asked


def test_each_kind_of_warning_of_pip_is_shown_once():
    lines = [
        "WARNING: Location '/a/torch/' is ignored: it is neither a file nor a directory.\n",
        "WARNING: Location '/a/numpy/' is ignored: it is neither a file nor a directory.\n",
        "WARNING: Retrying (Retry(total=4)) after connection broken\n",
        "ERROR: No matching distribution found for torch\n",
        "ERROR: No matching distribution found for torch\n",
    ]
    assert list(environment.once_each(lines)) == [lines[0], *lines[2:]]
