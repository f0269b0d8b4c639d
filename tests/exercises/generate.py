"""Derive exercises/ from solutions/ through nbgrader's own preprocessors. Run by `make exercises`.

python -m tests.exercises.generate                 write every exercise
python -m tests.exercises.generate solutions/03-*  write these
"""

from __future__ import annotations

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

# In the order of nbgrader's generate_assignment, without the step that fills a gradebook.
STEPS = (LockCells, ClearSolutions, ClearOutput, CheckCellMetadata, ComputeChecksums, ClearHiddenTests, ClearMarkScheme, ComputeChecksums)


def sources() -> list[Path]:
    """The notebooks in solutions/, in order."""
    return sorted((ROOT / "solutions").glob("*.ipynb"))


def target_of(solution: Path) -> Path:
    """Where the exercise of a solution goes: the same name in exercises/."""
    return ROOT / "exercises" / solution.name


def exercise_from(solution: Path) -> str:
    """The text of the exercise notebook: answers cleared, cells locked and summed up. All else, its badge too, is the solution's."""
    notebook = nbformat.read(solution, as_version=4)
    resources = {"metadata": {"name": solution.stem}}
    for step in STEPS:
        notebook, resources = step().preprocess(notebook, resources)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def main(paths: list[Path]) -> None:
    for path in paths or sources():
        target = target_of(path)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(exercise_from(path).encode())
        print(f"{path.parent.name}/{path.name} -> {target.parent.name}/{target.name}")


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
