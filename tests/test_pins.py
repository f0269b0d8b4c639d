"""The tested set of versions: README promises what was resolved, and the set has one version of everything, everywhere it is offered."""

import importlib.metadata
import re
import sys
from itertools import product

import pytest
from packaging.requirements import Requirement

from tests.notebooks.project import PYPROJECT, ROOT
from tests.pins import CONSTRAINTS, MACHINES, PYTHONS, markers, normal, pinned
from vae_course import environment

README = (ROOT / "README.md").read_text("utf-8")
TEXT = CONSTRAINTS.read_text("utf-8")
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
LINES = [*PYPROJECT["project"]["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]
WANTED = [one for one in map(Requirement, LINES) if one.name != PYPROJECT["project"]["name"]]  # an extra may take in another
# The first of each, Debian 12's, and one that is newer than all there are.
PATCHES = ("0", "2", "99")
each_place = pytest.mark.parametrize(
    ("python", "machine"), [(f"{python}.{patch}", machine) for python, machine, patch in product(PYTHONS, MACHINES, PATCHES)]
)


def test_readme_promises_the_pythons_and_machines_that_were_resolved():
    assert re.search(r"with Python ([\d.]+) to ([\d.]+)", README).groups() == (PYTHONS[0], PYTHONS[-1])
    start = README.partition("## Start")[2].partition("\n## ")[0]
    rows = [cell.strip() for row in re.findall(r"^\| ([^|]*) \|", start, re.MULTILINE) for cell in row.split(",")]
    assert [row for row in rows if row] == list(MACHINES)
    assert f"# Python: {' '.join(PYTHONS)}\n# on: {', '.join(MACHINES)}\n" in TEXT, "run: make pins"
    assert "no wheels for Intel Macs" in start


def test_the_package_asks_for_the_oldest_of_them():
    assert PYPROJECT["project"]["requires-python"] == f">={PYTHONS[0]}"


def test_make_offers_the_set_to_those_machines_alone(monkeypatch):
    offered = []
    places = [("Linux", "x86_64"), ("Linux", "aarch64"), ("Linux", "riscv64"), ("Darwin", "arm64"), ("Darwin", "x86_64")]
    for system, machine in [*places, ("Windows", "AMD64"), ("Windows", "ARM64")]:
        monkeypatch.setattr("platform.system", lambda system=system: system)
        monkeypatch.setattr("platform.machine", lambda machine=machine: machine)
        if environment.pins():
            offered.append((system, machine))
    assert offered == [(names["platform_system"], names["platform_machine"]) for _, names in MACHINES.values()]


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 10, 0), (3, 14, 5), (3, 15, 0)])
def test_make_offers_the_set_to_those_pythons_alone(monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert bool(environment.pins()) == ("{}.{}".format(*version) in PYTHONS)


def test_no_recipe_and_no_line_of_readme_names_another_set():
    for name in ("Makefile", "README.md"):
        for file in re.findall(r"-c +(\S+\.txt)", (ROOT / name).read_text("utf-8")):
            assert file == "constraints.txt", name


@each_place
def test_each_package_has_one_version_and_what_the_course_asks_for_has_a_fitting_one(python, machine):
    found = pinned(TEXT, python, machine)
    assert {name: versions for name, versions in found.items() if len(versions) != 1} == {}
    for requirement in WANTED:
        if requirement.marker is None or requirement.marker.evaluate(markers(python, machine)):
            assert found[normal(requirement.name)][0] in requirement.specifier, requirement


def test_all_that_the_course_brings_along_is_pinned():
    """By what is installed here: from the course's own dependencies to the last of theirs."""
    here = next((name for name, (_, names) in MACHINES.items() if names["sys_platform"] == sys.platform), None)
    if not here or environment.pins() == "":
        pytest.skip("the set is not offered here")
    found = pinned(TEXT, "{}.{}.{}".format(*sys.version_info), here)
    waiting, seen = [(requirement, ("",)) for requirement in WANTED], set()
    while waiting:
        requirement, extras = waiting.pop()
        applies = requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)
        key = normal(requirement.name), tuple(sorted(requirement.extras))
        if not applies or key in seen:
            continue
        seen.add(key)
        assert key[0] in found, f"{requirement} is not pinned: run make pins"
        for line in importlib.metadata.requires(requirement.name) or ():
            waiting.append((Requirement(line), ("", *requirement.extras)))
    assert len(seen) > 80


def test_a_marker_decides_which_version_holds_where():
    old, new = "soupsieve==2.10 ; python_full_version < '3.11.5'", "soupsieve==4.1.2 ; python_full_version >= '3.11.5'"
    text = "\n".join([old, new, "appnope==1 ; sys_platform == 'darwin'"])
    assert pinned(text, "3.11.2", "Linux arm64") == {"soupsieve": ["2.10"]}
    assert pinned(text, "3.12.0", "macOS arm64") == {"soupsieve": ["4.1.2"], "appnope": ["1"]}
