"""What an explorer leaves in a notebook, and what a raising callback does to nbval."""

from __future__ import annotations

import html
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("nbval", reason="needs nbval, which `pip install vae-course[test]` brings")

ROOT = Path(__file__).resolve().parents[2]
MODEL = "from vae_course import VAE\nfrom vae_course.widgets import LatentSliders, TwoGaussians\nmodel = VAE(latent_size=3)"
FRAGILE = """
def decode(z):
    if z[0, 0] > 1:
        raise RuntimeError("the decoder tripped")
    return model.decode(z).mean
sliders = LatentSliders(model, decode=decode)
sliders.{move};
"""


def notebook(*cells: str):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


def nbval(folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--nbval-lax", "--nbval-current-env", "-q", "."]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "VAE_COURSE_DEVICE": "cpu"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_nbval_fails_when_a_callback_raises(tmp_path):
    """In one run, since starting one takes longer than all that it looks at."""
    moves = {"sound": "set(z1=0.5)", "set": "set(z1=2.0)", "swept": "sweep()"}
    for name, move in moves.items():
        nbformat.write(notebook(MODEL, FRAGILE.format(move=move)), tmp_path / f"{name}.ipynb")
    told = nbval(tmp_path).stdout
    failed = [line for line in told.splitlines() if line.startswith("FAILED")]
    assert {name for name in moves if any(f"{name}.ipynb" in line for line in failed)} == {"set", "swept"}, told[-2000:]
    assert "4 passed" in told
    assert "the decoder tripped" in told


def test_stored_notebook_keeps_the_still_twin_and_no_widget(tmp_path, monkeypatch):
    import nbconvert

    from tests.notebooks.store import run

    # Its templates lie beside the environment that nbconvert was installed in, which need not be the one that runs.
    monkeypatch.setenv("JUPYTER_PATH", str(Path(nbconvert.__file__).parents[4] / "share" / "jupyter"))
    stored = run(notebook(MODEL, "LatentSliders(model)", "TwoGaussians().show()"), tmp_path)
    for cell in stored.cells[1:]:
        kinds = [set(output.data) for output in cell.outputs]
        assert not any("application/vnd.jupyter.widget-view+json" in kind for kind in kinds)
        pictures = [output for output in cell.outputs if "image/png" in output.data]
        assert len(pictures) == 1
        alt = pictures[0].metadata["image/png"]["alt"]
        assert len(alt) > 60
        page, _ = nbconvert.HTMLExporter().from_notebook_node(notebook_of(stored, cell))
        assert html.unescape(page).count(f'alt="{alt}"') == 1


def notebook_of(stored, cell):
    return nbformat.from_dict({**stored, "cells": [cell]})
