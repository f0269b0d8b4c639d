"""The wheel as learners get it: built, installed where there is no checkout, and the first notebook run with it. Run by `make wheel`.

The wheel goes to build/wheel. What it needs is not installed again: the new environment lies over the one that runs this.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

import nbformat

from .notebooks.project import ROOT

TARGET = ROOT / "build" / "wheel"
NOTEBOOK = ROOT / "notebooks" / "00-start-here.ipynb"
# What a wheel is made from: a copy, so that nothing which an earlier build or the editable install left behind gets into it.
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "vae_course")


def build() -> Path:
    """Build the wheel, the only one in its folder, and return its path."""
    shutil.rmtree(TARGET, ignore_errors=True)
    with tempfile.TemporaryDirectory() as copy:
        for name in SOURCES:
            path = ROOT / name
            shutil.copytree(path, Path(copy, name)) if path.is_dir() else shutil.copy(path, copy)
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir", str(TARGET)]
        subprocess.run([*pip, copy], check=True)
    (wheel,) = TARGET.glob("*.whl")
    return wheel


def installed(wheel: Path, folder: Path) -> Path:
    """An environment in `folder` with the wheel, over the packages of this one but without the course that is installed there."""
    venv.create(folder, with_pip=True, clear=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", str(wheel)]
    subprocess.run(pip, check=True)
    # The course is editable here, by a file that is only read where it lies: what stands on a path is not asked for more paths.
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (site / "underneath.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return python


def run_notebook(python: Path, folder: Path) -> None:
    """Run the first notebook in the empty folder `folder`, in the quick profile; it asks itself where its course comes from."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    asks = f"import pathlib\n\nassert pathlib.Path(vae_course.__file__).is_relative_to({str(python.parents[1])!r}), vae_course.__file__"
    notebook.cells.insert(2, nbformat.v4.new_code_cell(asks))
    nbformat.write(notebook, folder / NOTEBOOK.name)
    apart = {"VAE_COURSE_PROFILE": "quick", "VAE_COURSE_HOME": str(folder)}
    environment = {**{name: value for name, value in os.environ.items() if name != "PYTHONPATH"}, **apart}
    nbval = [python, "-m", "pytest", "-p", "no:cacheprovider", "--quiet", "--nbval-lax", "--nbval-current-env", NOTEBOOK.name]
    subprocess.run(nbval, cwd=folder, env=environment, check=True)


def main() -> None:
    wheel = build()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made).resolve() / "elsewhere"
        folder.mkdir()
        run_notebook(installed(wheel, Path(made).resolve() / "environment"), folder)
    print(f"{wheel.relative_to(ROOT)} carries {NOTEBOOK.stem}.")


if __name__ == "__main__":
    main()
