"""A cell that is right once and wrong when it is run again is found: one made notebook holds the usual ways, and the sound ones."""

import os
import re
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.notebooks.project import ROOT
from tests.notebooks.twice import MAY_DIFFER

START = """import os, tempfile, time
import matplotlib.pyplot as plt
import torch
%matplotlib inline
weight = torch.tensor(1.0, requires_grad=True)
square = torch.tensor(2.0, requires_grad=True).square()
model = torch.nn.Linear(1, 1, bias=False)
batches = iter([torch.ones(1, 1)])
losses, seen, total = [], {}, 0
folder = tempfile.mkdtemp()
starts = globals().get("starts", 0) + 1"""

WRONG_AGAIN = {
    "a gradient adds up until an assertion fails": "(3 * weight).backward()\nassert weight.grad == 3",
    "a gradient adds up and is printed": "(2 * weight).backward()\nprint(weight.grad)",
    "the graph of an earlier cell is freed": "square.backward()",
    "a folder of an earlier cell is removed": "os.rmdir(folder)",
    "an iterator of an earlier cell is used up": "batch = next(batches)",
    "a count of an earlier cell goes on": "total += 1\nprint('count', total)",
    "a list of an earlier cell grows": "losses.append(0.5)\nlen(losses)",
    "a name is deleted": "del seen",
    "training goes on where it stopped": (
        "optimizer = torch.optim.SGD(model.parameters(), 0.1)\n"
        "for step in range(2):\n"
        "    loss = (model(torch.ones(1, 1)) - 5).square().sum()\n"
        "    optimizer.zero_grad()\n"
        "    loss.backward()\n"
        "    optimizer.step()\n"
        "    print(loss.item())"
    ),
    "a draw depends on the draws before": "torch.randn(())",
    "a picture depends on the draws before": "_ = plt.plot(torch.randn(9))",
}

RIGHT_AGAIN = {
    "a leaf is made in the cell": "w = torch.tensor(1.0, requires_grad=True)\n(3 * w).backward()\nassert w.grad == 3",
    "a draw has its seed in the cell": "torch.manual_seed(0)\nprint(torch.randn(()))\n_ = plt.plot(torch.randn(9))",
    "a warning comes once": "import warnings\nwarnings.warn('once')",
    "a widget is made anew": "import ipywidgets\nipywidgets.IntSlider()",
    "nothing is said": "x = 1",
}


NAMES = ["the start", "the start is run twice before the next cell", *WRONG_AGAIN, *RIGHT_AGAIN, "a measured time with its tag"]


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> str:
    """What nbval, with the plugin and in two processes, as in `make check-notebooks`, reports about the cells above."""
    sources = [START, "assert starts == 2", *WRONG_AGAIN.values(), *RIGHT_AGAIN.values()]
    cells = [new_markdown_cell("# Made for tests"), *map(new_code_cell, sources)]
    cells.append(new_code_cell("print(time.perf_counter())", metadata={"tags": [MAY_DIFFER]}))
    path = tmp_path_factory.mktemp("twice") / "made-for-tests.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    flags = "-p no:cacheprovider -p tests.notebooks.twice --nbval-lax --nbval-current-env -n 2 --dist loadfile -rA --color=no"
    command = [sys.executable, "-m", "pytest", *flags.split(), str(path)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False).stdout


def outcomes(report: str, name: str) -> list[str]:
    """What became of the first and of the second run of a cell."""
    number = NAMES.index(name)
    return [re.search(rf"^(\w+) \S+::Cell {number}{which}( - .*)?$", report, flags=re.MULTILINE).group(1) for which in ("", ", again")]


@pytest.mark.parametrize("fault", WRONG_AGAIN)
def test_a_cell_that_is_right_only_once_is_found(report, fault):
    assert outcomes(report, fault) == ["PASSED", "FAILED"]


@pytest.mark.parametrize("kept", [name for name in NAMES if name not in WRONG_AGAIN])
def test_a_cell_that_means_the_same_again_passes(report, kept):
    assert outcomes(report, kept) == ["PASSED", "PASSED"]


def test_the_complaint_shows_what_both_runs_said(report):
    assert "The second run says something else than the first" in report
    assert "-count 1\n+count 2\n" in report
