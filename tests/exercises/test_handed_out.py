"""What nbgrader itself makes of solutions/ and hands out: it leads to no solution, and is the exercise that the course ships."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.project import REPOSITORY, ROOT, SET_UP, VERSION, badge

pytest.importorskip("nbgrader", reason="exercises are made by nbgrader, of the 'grading' extra")
from .generate import sources, target_of  # noqa: E402

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:href|src)=[\"']([^\"']+)|(https?://[^\s)\"'>]+)")
SOLUTIONS = [pytest.param(path, id=path.stem) for path in sources()]
each_solution = pytest.mark.parametrize("solution", SOLUTIONS)


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """The folder of what `nbgrader generate_assignment` hands out of all solutions."""
    course = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "solutions", course / "source" / "all", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "all", f"--course-dir={course}"]
    # nbgrader starts a program that lies beside this Python.
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return course / "release" / "all"


def links_of(notebook):
    """Every address in a notebook's text and code."""
    for cell in notebook.cells:
        for match in LINK.finditer(cell.source):
            yield next(filter(None, match.groups()))


@each_solution
def test_nothing_that_is_handed_out_leads_to_a_solution(handed_out, solution):
    notebook = nbformat.read(handed_out / solution.name, as_version=4)
    links = list(links_of(notebook))
    assert any(f"/exercises/{solution.name}" in link for link in links), "the badge"
    assert [link for link in links if "solution" in link.lower()] == []
    own = {link for link in links if link.startswith(REPOSITORY)}
    assert own == {f"{REPOSITORY}@v{VERSION}"}, "what the set-up cell installs"
    unseen = [notebook.metadata, *(cell.metadata for cell in notebook.cells), *(cell.get("outputs") for cell in notebook.cells)]
    assert [part for part in unseen if "solutions/" in str(part)] == []
    assert badge(f"exercises/{solution.name}") in notebook.cells[0].source
    assert notebook.cells[1].source == SET_UP


@each_solution
def test_what_nbgrader_hands_out_is_what_the_course_ships(handed_out, solution):
    def told(path):
        return [(cell.cell_type, cell.source) for cell in nbformat.read(path, as_version=4).cells]

    assert told(handed_out / solution.name) == told(target_of(solution))


@pytest.mark.parametrize(
    "text",
    [
        "[x](../solutions/04-the-elbo.ipynb)",
        '<a href="../solutions/04-the-elbo.ipynb">x</a>',
        "see https://example.org/blob/main/solutions/04-the-elbo.ipynb",
        badge("solutions/04-the-elbo.ipynb"),
    ],
)
def test_a_planted_link_is_found(text):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    assert any("solutions/" in link for link in links_of(notebook))
