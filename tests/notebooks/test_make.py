"""`make` itself fails on a broken notebook: each fault is planted, and the very recipe of `make test` is run on it."""

import os
import re
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from tests.notebooks.project import ROOT
from tests.notebooks.test_rules import good_notebook

RAISING_CALLBACK = """import ipywidgets

slider = ipywidgets.IntSlider()
slider.observe(lambda change: 1 / 0, "value")
slider.value = 3"""


ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}


def check(*paths) -> subprocess.CompletedProcess:
    """Run the recipe by which `make test` checks notebooks, on these."""
    command = ["make", "--no-print-directory", "check-notebooks", f"NOTEBOOKS={' '.join(map(str, paths))}"]
    return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def written(folder, source: str, **changes):
    notebook = good_notebook()
    notebook.cells[2].outputs[0].metadata.update(changes)
    notebook.cells.append(new_code_cell(source, execution_count=3))
    folder.mkdir(exist_ok=True)
    path = folder / "99-made-for-tests.ipynb"
    nbformat.write(notebook, path)
    return path


pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or not (ROOT / ".venv" / "test.installed").exists(), reason="needs the environment that `make test` makes"
)


def test_a_sound_notebook_passes(tmp_path):
    done = check(written(tmp_path, "2 + 2"))
    assert done.returncode == 0, done.stdout + done.stderr


# What is planted, by the folder it lies in, and what is read of it then.
PLANTED = {
    "raises": ("raise RuntimeError('planted')", "RuntimeError: planted"),
    "callback": (RAISING_CALLBACK, "ZeroDivisionError: division by zero"),
    "again": ("runs = globals().get('runs', 0) + 1\nassert runs < 2, 'planted'", "AssertionError: planted"),
}


def test_a_raising_cell_a_raising_callback_and_a_cell_that_fails_when_it_is_run_again_all_fail(tmp_path):
    """In one run, since starting one takes longer than all that it looks at."""
    done = check(*(written(tmp_path / name, source) for name, (source, _) in PLANTED.items()))
    told = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    assert done.returncode != 0
    for name, (_, fault) in PLANTED.items():
        assert any(line.startswith("FAILED") and f"/{name}/" in line for line in told.splitlines()), told
        assert fault in told


def test_every_notebook_solution_and_exercise_is_run_twice():
    command = ["make", "--no-print-directory", "--dry-run", "check-notebooks"]
    planned = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True).stdout
    (line,) = (line for line in planned.replace("\\\n", "").splitlines() if "tests.notebooks.twice" in line)
    there = {
        path.relative_to(ROOT).as_posix() for folder in ("notebooks", "solutions", "exercises") for path in (ROOT / folder).glob("*.ipynb")
    }
    assert there <= set(line.split())


def test_a_missing_alt_text_fails(tmp_path):
    done = check(written(tmp_path, "2 + 2", **{"image/png": {}}))
    assert done.returncode != 0
    assert "without an alt text" in done.stdout
