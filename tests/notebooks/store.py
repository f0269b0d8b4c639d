"""Run notebooks top to bottom and store them as readers will see them.

python -m tests.notebooks.store notebooks/05-train-sample-interpolate.ipynb        run again, in place
python -m tests.notebooks.store --from draft.py notebooks/05-….ipynb               from a draft in jupytext's percent format
python -m tests.notebooks.store --figures folder notebooks/05-….ipynb              write out the pictures it holds
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from .project import SET_UP
from .rules import WIDGET_VIEW, complaints_about, outputs


def run(notebook, folder: Path):
    """Execute every cell in `folder` and return the notebook with its outputs, cleaned of what no reader can use."""
    where = {"metadata": {"path": str(folder)}}
    os.environ["VAE_COURSE_HOME"] = tempfile.mkdtemp(prefix="vae-course-store-")  # not the record of whoever runs this
    NotebookClient(notebook, timeout=1200, kernel_name="python3", store_widget_state=False, resources=where).execute()
    return clean(notebook)


def clean(notebook):
    """Drop widget views (their still twins stay), execution times and machine metadata; number the cells' ids."""
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}"
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not only_a_widget(output)]
            for output in cell.outputs:
                output.get("data", {}).pop(WIDGET_VIEW, None)
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    return notebook


def only_a_widget(output) -> bool:
    """Whether an output shows a live widget and nothing that outlives it."""
    kinds = set(output.get("data", {}))
    return WIDGET_VIEW in kinds and kinds <= {WIDGET_VIEW, "text/plain"}


def peak_memory() -> float:
    """The most memory that any kernel run so far has held, in GB."""
    import resource

    held = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return held / (1e9 if sys.platform == "darwin" else 1e6)


def from_draft(draft: Path):
    """Build a notebook from a draft in percent format; a cell that holds only `# SETUP` becomes the set-up cell."""
    import jupytext

    notebook = jupytext.read(draft, fmt="py:percent")
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source.strip() == "# SETUP":
            cell.source = SET_UP
    return notebook


def write_figures(path: Path, folder: Path) -> None:
    """Write every picture of a stored notebook into `folder`, named by notebook and cell."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, output in outputs(nbformat.read(path, as_version=4)):
        if "image/png" in output.get("data", {}):
            target = folder / f"{path.stem[:2]}-cell{number:02d}-{len(list(folder.glob(f'{path.stem[:2]}-cell{number:02d}-*')))}.png"
            target.write_bytes(base64.b64decode("".join(output.data["image/png"])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--from", dest="draft", type=Path, help="build the (one) notebook from this draft first")
    parser.add_argument("--figures", type=Path, help="write the stored pictures here and run nothing")
    arguments = parser.parse_args()
    for path in arguments.notebooks:
        if arguments.figures:
            write_figures(path, arguments.figures)
            continue
        notebook = from_draft(arguments.draft) if arguments.draft else nbformat.read(path, as_version=4)
        started = time.perf_counter()
        nbformat.write(run(notebook, path.parent), path)
        print(f"{path.name}: {time.perf_counter() - started:.0f} s, kernel and imports included; peak memory so far {peak_memory():.1f} GB")
        for complaint in complaints_about(path):
            print(complaint)


if __name__ == "__main__":
    main()
