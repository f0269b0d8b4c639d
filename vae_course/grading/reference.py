"""The reference of an exercise: its notebook in `solutions/`, taken apart into what is asked, what is locked and what is given."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .records import GradingError

SOLUTION = re.compile(r"^(?P<indent>[ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION[ \t]*$", re.MULTILINE | re.DOTALL)
CODE_STUB = "{indent}# YOUR CODE HERE\n{indent}raise NotImplementedError()"
WORDS_STUB = "YOUR ANSWER HERE"


@dataclass(frozen=True)
class Part:
    """One cell of the reference. role: "text", "set-up", "code", "answer" (of a task), "check" (locked) or "written" (in words).

    name: the task of an answer or a check, the grade id of what is written. cell: as in the file, its source one string.
    stub: what students are given in its place.
    """

    role: str
    name: str
    cell: Mapping[str, Any]
    stub: str

    @property
    def source(self) -> str:
        return self.cell["source"]

    @property
    def is_code(self) -> bool:
        return self.cell["cell_type"] == "code"


@dataclass(frozen=True)
class Reference:
    """What an exercise asks. exercise: the stem of its notebook. notebook: the solution, as nbformat 4.

    tasks: the points of each coded task, in order. written: the points of each answer in words, by grade id.
    """

    exercise: str
    title: str
    notebook: Mapping[str, Any]
    tasks: Mapping[str, float]
    written: Mapping[str, float]
    parts: tuple[Part, ...]

    @classmethod
    def load(cls, exercise: str, folder: Path) -> Reference:
        """The reference of `exercise` from the folder of solutions.

        Raises GradingError where there is none, or what is there is no reference: not JSON, an answer without its check, points that are
        no number.
        """
        path = folder / f"{exercise}.ipynb"
        notebook = _notebook_at(path, folder)
        parts = tuple(_part(cell) for cell in notebook["cells"])
        answers = [part.name for part in parts if part.role == "answer"]
        checks = {part.name: _points_of(part, path) for part in parts if part.role == "check"}
        written = {part.name: _points_of(part, path) for part in parts if part.role == "written"}
        if not answers:
            raise GradingError(
                f"{path} asks for no answer: no code cell has nbgrader's mark of a solution. Name the folder of the course's solutions."
            )
        if unpaired := set(answers) ^ set(checks):
            raise GradingError(
                f"{path}: {', '.join(sorted(unpaired))} has an answer cell or a check, expected both. Take the solution as it came."
            )
        if len(set(answers)) < len(answers):
            raise GradingError(f"{path} asks for the same task twice. Take the solution as it came with the course.")
        title = next((line.lstrip("# ").strip() for line in parts[0].source.splitlines() if line.startswith("# ")), exercise)
        return cls(exercise, title, notebook, {name: checks[name] for name in answers}, written, parts)

    def stub_of(self, task: str) -> str:
        """What students are given where the answer of a task goes."""
        return next(part.stub for part in self.parts if part.role == "answer" and part.name == task)


def exercises_in(folder: Path) -> list[str]:
    """The exercises that a folder of solutions has, in order.

    Raises GradingError where it is no folder or holds no notebook.
    """
    mend = "Name the folder solutions/ of the course."
    if not folder.is_dir():
        raise GradingError(f"{folder} is no folder, expected the one with the reference solutions. {mend}")
    found = sorted(path.stem for path in folder.glob("*.ipynb") if not path.name.startswith("."))
    if not found:
        raise GradingError(f"{folder} holds no notebook, expected the reference solutions. {mend}")
    return found


def talks_only(source: str) -> bool:
    """Whether code does nothing but ask the course for its verdict, a hint or the points: `check(…)`, `hint(…)`, `progress()`."""
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return bool(statements) and all(is_talk(statement) for statement in statements)


def is_talk(statement: ast.stmt) -> bool:
    """Whether a statement is a call of `check`, `hint` or `progress` and no more."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("check", "hint", "progress")


def _notebook_at(path: Path, folder: Path) -> dict[str, Any]:
    exercises_in(folder)
    try:
        notebook = json.loads(path.read_text("utf-8"))
        cells = [{**cell, "source": "".join(cell["source"])} for cell in notebook["cells"]]
    except FileNotFoundError:
        known = ", ".join(exercises_in(folder))
        raise GradingError(f"There is no reference for {path.stem!r} in {folder}, only for: {known}. Name one of these.") from None
    except OSError as error:
        raise GradingError(f"{path} cannot be read ({error.strerror}). Mend that, or name another folder of solutions.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise GradingError(f"{path} is no notebook that can be read ({error}). Take the solution as it came with the course.") from error
    if not cells:
        raise GradingError(f"{path} has no cells. Take the solution as it came with the course.")
    return {**notebook, "cells": cells}


def _part(cell: Mapping[str, Any]) -> Part:
    mark, source = cell["metadata"].get("nbgrader") or {}, cell["source"]
    code, grade_id = cell["cell_type"] == "code", mark.get("grade_id", "")
    if mark.get("solution") and code:
        return Part("answer", grade_id, cell, SOLUTION.sub(lambda found: CODE_STUB.format(indent=found["indent"]), source))
    if mark.get("solution"):
        return Part("written", grade_id, cell, WORDS_STUB)
    if mark.get("grade"):
        return Part("check", grade_id.removesuffix("-check"), cell, source)
    if code and "vae_course.start(" in source:
        return Part("set-up", "", cell, source)
    return Part("code" if code else "text", "", cell, source)


def _points_of(part: Part, path: Path) -> float:
    points = part.cell["metadata"]["nbgrader"].get("points")
    if isinstance(points, bool) or not isinstance(points, (int, float)) or points < 0:
        raise GradingError(f"{path}: {part.name} has {points!r} points, expected a number. Take the solution as it came with the course.")
    return float(points)
