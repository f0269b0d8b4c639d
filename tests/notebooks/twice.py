"""A plugin for nbval: every code cell is run twice in a row, and must say the second time what it said the first.

python -m pytest --nbval-lax -p tests.notebooks.twice notebooks/05-train-sample-interpolate.ipynb
"""

from __future__ import annotations

import difflib
import hashlib
import os
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell

from .rules import WIDGET_VIEW

# For cells whose words differ from run to run by their nature, as measured times do. It is nbval's own tag.
MAY_DIFFER = "nbval-ignore-output"


class SecondRun(IPyNbCell):
    """The cell of `first` once more, in the same kernel, right after it."""

    first: IPyNbCell

    def runtest(self) -> None:
        super().runtest()
        if MAY_DIFFER in self.cell.metadata.get("tags", ()):
            return
        before, after = said(self.first.test_outputs), said(self.test_outputs)
        if before != after:
            difference = difflib.unified_diff(before, after, "the first run", "the second run", lineterm="")
            self.raise_cell_error("The second run says something else than the first", "\n".join(difference))


def said(outputs) -> list[str]:
    """What a cell's outputs tell a reader, a line each: printed text, results, alt texts, and a digest of each picture.

    Live widgets have no words of their own, and warnings come once by design: both are left out.
    """
    told = [output.text for output in outputs if output.output_type == "stream" and output.name == "stdout"]
    for data in (output.data for output in outputs if "data" in output and WIDGET_VIEW not in output.data):
        told.append(data.get("text/plain", ""))
        told += [f"a picture, {hashlib.sha256(data[kind].encode()).hexdigest()[:8]}" for kind in sorted(data) if kind.startswith("image/")]
    return [line for text in told for line in text.splitlines()]


def run_again(first: IPyNbCell) -> SecondRun:
    again = SecondRun.from_parent(
        first.parent, name=f"{first.name}, again", cell_num=first.cell_num, cell=first.cell, options=first.options
    )
    again.first = first
    return again


def pytest_configure() -> None:
    """Each process keeps a record of its own of what was passed: `progress()` must not change while another exercise is worked on."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and "VAE_COURSE_HOME" in os.environ:
        os.environ["VAE_COURSE_HOME"] = str(Path(os.environ["VAE_COURSE_HOME"]) / worker)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put behind each code cell of a notebook its second run."""
    items[:] = [run for item in items for run in ((item, run_again(item)) if isinstance(item, IPyNbCell) else (item,))]
