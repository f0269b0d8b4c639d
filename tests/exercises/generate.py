"""Fill solutions/ with the tasks' own answers and derive exercises/ from them through nbgrader's preprocessors. Run by `make exercises`.

python -m tests.exercises.generate                 write all
python -m tests.exercises.generate solutions/03-*  write these
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import nbformat
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)

from tests.notebooks.project import ROOT
from vae_course.tasks.engine.registry import find
from vae_course.tasks.engine.slips import body_of, source_of

# In the order of nbgrader's generate_assignment, without the step that fills a gradebook.
STEPS = (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums, ClearHiddenTests, ClearMarkScheme, ComputeChecksums)


def sources() -> list[Path]:
    """The notebooks in solutions/, in order."""
    return sorted((ROOT / "solutions").glob("*.ipynb"))


def target_of(solution: Path) -> Path:
    """Where the exercise of a solution goes: the same name in exercises/."""
    return ROOT / "exercises" / solution.name


def asked_in(notebook: nbformat.NotebookNode) -> dict[str, int]:
    """The tasks that a solution or an exercise asks for, and the points that each is worth there."""
    asked = {}
    for cell in notebook.cells:
        called = re.fullmatch(r"check\((\w+)\)", cell.source)
        if cell.cell_type == "code" and called and "nbgrader" in cell.metadata:
            asked[called.group(1)] = cell.metadata.nbgrader.points
    return asked


def answer_cell(name: str) -> str:
    """The cell that answers a task: signature and contract, then the answer between nbgrader's marks."""
    answer = find(name).answer
    source, body = source_of(answer), body_of(answer)
    head = source.removesuffix(body).rstrip("\n")
    apart = "\n" if body.startswith("\n") else ""
    return "\n".join([head + apart, "    ### BEGIN SOLUTION", body.strip("\n"), "    ### END SOLUTION"])


def filled(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with the tasks' answers in its answer cells."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answer_cell(cell.metadata.nbgrader.grade_id)
    return notebook


def written(notebook: nbformat.NotebookNode) -> str:
    """A notebook's text, as it stands in the repository."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def solution_from(solution: Path) -> str:
    """The text of the solution with the tasks' answers."""
    return written(filled(nbformat.read(solution, as_version=4)))


def exercise_from(solution: Path) -> str:
    """The text of the exercise notebook: answers cleared, cells locked and summed up. All else, its badge too, is the solution's."""
    notebook = nbformat.read(solution, as_version=4)
    resources = {"metadata": {"name": solution.stem}}
    for step in STEPS:
        notebook, resources = step().preprocess(notebook, resources)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return written(notebook)


def main(paths: list[Path]) -> None:
    for path in paths or sources():
        path.write_bytes(solution_from(path).encode())
        target = target_of(path)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(exercise_from(path).encode())
        print(f"{path.parent.name}/{path.name} -> {target.parent.name}/{target.name}")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
