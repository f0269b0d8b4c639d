"""The project's own promises: one list of dependencies, Colab's versions left alone, floors, and `make lab`."""

import ast
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement

from tests.notebooks.project import PYPROJECT, ROOT
from tests.pins import PYTHONS

EXTRAS = PYPROJECT["project"]["optional-dependencies"]
LEARNERS = [*PYPROJECT["project"]["dependencies"], *EXTRAS["notebooks"]]  # what is installed on Colab
DEPENDENCIES = {Requirement(line).name: Requirement(line).specifier for line in LEARNERS}
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
# From Colab's published package list, August 2026.
COLAB = {
    "torch": "2.11.0",
    "torchvision": "0.26.0",
    "numpy": "2.1.3",
    "matplotlib": "3.10.0",
    "scikit-learn": "1.6.1",
    "ipywidgets": "7.7.1",
    "ipython": "7.34.0",
    "anywidget": "0.9.21",
    "tqdm": "4.67.3",
    "safetensors": "0.8.0",
    "pillow": "11.3.0",
}
FLOORS = {
    "contract": 1,
    "environment": 1,
    "my_copy": 1,
    "runtime": 1,
    "distributed": 1,
    "data": 2,
    "objectives": 2,
    "models": 3,
    "training": 4,
    "checkpoints": 4,
    "evaluation": 4,
    "plots": 5,
    "audio": 5,
    "clinic": 5,
    "widgets": 6,  # explorers show their stills through plots
    "tasks": 7,
    "grading": 8,
}


def test_conda_installs_the_same_as_pip():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    by_pip = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    conda = {Requirement(line).name: Requirement(line).specifier for line in [*by_pip, *listed[:-1]]}
    assert conda.pop("python") == Requirement("python" + PYPROJECT["project"]["requires-python"]).specifier
    conda.pop("pip")
    wanted = [Requirement(line) for line in [*PYPROJECT["project"]["dependencies"], *(line for extra in EXTRAS.values() for line in extra)]]
    pip = {one.name: one.specifier for one in wanted if one.name != PYPROJECT["project"]["name"]}
    assert conda == {CONDA_NAMES.get(name, name): versions for name, versions in pip.items()}


@pytest.mark.parametrize("name", COLAB)
def test_installing_on_colab_changes_none_of_its_packages(name):
    assert COLAB[name] in DEPENDENCIES[name]


def test_binder_installs_the_same_with_pytorch_for_cpus():
    binder = yaml.safe_load((ROOT / ".binder" / "environment.yml").read_text("utf-8"))["dependencies"]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    assert binder[0] in [f"python={python}" for python in PYTHONS]
    lines = [*LEARNERS, *(line for extra in ("recordings", "strokes", "lab") for line in EXTRAS[extra])]
    names = {"pip", *(CONDA_NAMES.get(name, name) for line in lines for name in [Requirement(line).name])}
    wanted = [line for line in conda[1:] if isinstance(line, str) and Requirement(line).name in names]
    assert [line.replace("pytorch-cpu", "pytorch") for line in binder[1:]] == wanted
    assert os.access(ROOT / ".binder" / "postBuild", os.X_OK)


def test_the_version_stands_in_one_place():
    assert "version" in PYPROJECT["project"]["dynamic"]
    assert PYPROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "vae_course.__version__"}


def module_floor(path: Path) -> tuple[str, int]:
    part = path.relative_to(ROOT / "vae_course").parts[0].removesuffix(".py")
    return part, FLOORS[part]


def imported_rooms(path: Path) -> set[str]:
    """The top-level rooms of the package that a file imports from, however deep in the file the import stands."""
    here = path.relative_to(ROOT).with_suffix("").parts
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = list(here[: len(here) - node.level]) if node.level else []
            full = [*base, *(node.module or "").split(".")] if node.module else base
            targets = [[*full, alias.name] for alias in node.names]
        elif isinstance(node, ast.Import):
            targets = [alias.name.split(".") for alias in node.names]
        else:
            continue
        rooms |= {target[1] for target in targets if target[0] == "vae_course" and len(target) > 1}
    return rooms


MODULES = [path for path in sorted((ROOT / "vae_course").rglob("*.py")) if path != ROOT / "vae_course" / "__init__.py"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT / "vae_course").as_posix())
def test_imports_go_down_the_floors(path):
    room, floor = module_floor(path)
    for imported in imported_rooms(path) - {room}:
        if imported in FLOORS:
            assert FLOORS[imported] < floor, f"{room} (floor {floor}) imports {imported} (floor {FLOORS[imported]})"


def test_no_room_for_odds_and_ends():
    names = {path.stem for path in ROOT.joinpath("vae_course").rglob("*.py")}
    assert not names & {"utils", "common", "helpers", "misc"}


@pytest.mark.skipif(
    sys.platform == "win32" or not (ROOT / ".venv" / "lab.installed").exists(), reason="needs the environment that `make` makes"
)
def test_make_lab_serves_the_first_notebook_of_a_copy_that_may_sound(tmp_path):
    shutil.rmtree(ROOT / "build" / "my", ignore_errors=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    flags = "--no-browser --ServerApp.token=tested --ServerApp.port_retries=0" + (" --allow-root" if os.getuid() == 0 else "")
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    environment["JUPYTER_DATA_DIR"] = str(tmp_path)  # where Jupyter keeps what it trusts: nothing, yet
    command = ["make", "lab", f"PORT={port}", f"LAB_FLAGS={flags}", "MY=build/my"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        first, *others = sorted((ROOT / "notebooks").glob("*.ipynb"))
        for path in (first, next(path for path in others if "<audio" in path.read_text("utf-8"))):
            notebook = json.loads(fetch(server, f"http://127.0.0.1:{port}/api/contents/build/my/notebooks/{path.name}?token=tested"))
            assert notebook["content"]["cells"][0]["source"] == nbformat.read(path, as_version=4).cells[0].source
            assert {cell["metadata"]["trusted"] for cell in notebook["content"]["cells"] if cell["cell_type"] == "code"} == {True}
        page = fetch(server, f"http://127.0.0.1:{port}/lab/tree/build/my/notebooks/{first.name}?token=tested")
        assert b"JupyterLab" in page
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def fetch(server: subprocess.Popen, address: str) -> bytes:
    """Ask until the server answers; fail with what it printed if it ends instead."""
    for _ in range(240):
        if server.poll() is not None:
            pytest.fail(server.stdout.read().decode())
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            pytest.fail(f"{address}: {error.code}, {error.read().decode()[:500]}")
        except OSError:
            time.sleep(0.5)
    return pytest.fail("JupyterLab did not answer within two minutes")
