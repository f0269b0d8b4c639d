"""What tests of the running side share: a wall that stands, submissions made of a few cells, and what may not be left afterwards."""

from __future__ import annotations

import ast
import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tests.tasks import foreign_answers
from vae_course.grading.kinds import lacking
from vae_course.grading.limits import Limits
from vae_course.grading.marking import marks_of
from vae_course.grading.records import Cell, GradingError, Mark, Ran, Rebuilt
from vae_course.grading.reference import Reference
from vae_course.grading.running import run_answers
from vae_course.grading.wall import Wall, choose_wall
from vae_course.tasks.engine import Slip, Task
from vae_course.tasks.engine.registry import find
from vae_course.tasks.engine.slips import _places, source_of

WANTED = bool(os.environ.get("VAE_COURSE_WALL_WANTED") or os.environ.get("CI"))
SEED = 20
IMPORTS = Cell("import math\n\nimport torch\n\nfrom vae_course import check, hint, progress")
# Short, so that what hangs does not hold up the tests; long enough for a busy machine.
SHORT = Limits(cell=4.0, training=2.0, grace=2.0, run=100.0)


@cache
def _wall_or_why() -> Wall | str:
    try:
        return choose_wall(limits=SHORT)
    except GradingError as error:
        return str(error)


def wall() -> Wall:
    """The wall that stands here. Where none does the test is skipped, or fails where one is wanted."""
    found = _wall_or_why()
    if isinstance(found, str):
        no_wall(found)
    return found


def no_wall(why: str) -> None:
    """Skip, or fail where a wall is wanted (CI, or VAE_COURSE_WALL_WANTED)."""
    (pytest.fail if WANTED else pytest.skip)(f"needs a wall: {why}")


def needs(kind: str) -> None:
    """Skip where a kind of wall cannot be tried; bubblewrap is wanted where any is."""
    if why := lacking(kind):
        (no_wall if kind == "bubblewrap" else pytest.skip)(f"{kind}: {why}")


def reference(*tasks: str) -> Reference:
    """An exercise that asks for these tasks."""
    return Reference("04-the-elbo", "An exercise", {}, dict.fromkeys(tasks, 1.0), {}, ())


def right(task: str) -> str:
    """The right answer as a student would have written it."""
    return source_of(find(task).answer)


def handed_in(answers: Mapping[str, str], *helpers: str) -> Rebuilt:
    """A submission: helper cells, then the answers."""
    cells = (IMPORTS, *map(Cell, helpers), *(Cell(source, task) for task, source in answers.items()))
    return Rebuilt({}, cells, dict(answers), {})


def graded(answers: Mapping[str, str], *helpers: str, private: Path | None = None, cell: float = SHORT.cell) -> tuple[Ran, dict[str, Mark]]:
    """What comes of a submission: what ran, and the mark of each task that it answers. cell: seconds that a cell may take."""
    asked, rebuilt = reference(*answers), handed_in(answers, *helpers)
    ran = run_answers(rebuilt, asked, replace(wall(), limits=replace(SHORT, cell=cell)), seed=SEED, private=private)
    return ran, {mark.task: mark for mark in marks_of(asked, rebuilt, ran, seed=SEED, private=private)}


def flags_of(ran: Ran) -> set[str]:
    return {flag.name for flag in ran.flags}


def left_behind() -> list[str]:
    """Processes that run behind a wall of this process's: their command, or the group that they are counted in, has its number."""
    found, mark = [], f"vae-course-{os.getpid()}-"
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, groups = (process / "cmdline").read_text("utf-8", "replace"), (process / "cgroup").read_text()
        except OSError:
            continue
        if mark in command or mark in groups:
            found.append(command.replace("\0", " ")[:200])
    return found


def lines_of(source: str) -> set[str]:
    """The lines of a function's body, as Python writes them down again, so that spaces and comments do not matter."""
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return {line.strip() for statement in body for line in ast.unparse(statement).splitlines()}


def slipped(task: Task, slip: Slip) -> str:
    """The answer with a slip, as a student would have written it."""
    source = source_of(task.answer)
    for start, end, new in sorted(_places(task.answer, slip), reverse=True):  # all at once: some slips exchange two texts
        source = source[:start] + new + source[end:]
    return source


def stranger(task: str, function: Callable) -> str:
    """A stranger's answer under the name that the task asks for."""
    lines = inspect.getsource(function).splitlines(keepends=True)
    source = "".join(line for line in lines if not line.startswith("@"))
    return f"{source}\n{task} = {function.__name__}" if function.__name__ != task else source


def strangers_tools() -> str:
    """What strangers' answers use: the imports and plain functions of their module."""
    statements = ast.parse(inspect.getsource(foreign_answers)).body
    names = {function.__name__ for _, _, function in foreign_answers.FOREIGN_ANSWERS} | {"says"}
    kept = [one for one in statements if not isinstance(one, ast.FunctionDef) or one.name not in names]
    return "\n".join(ast.unparse(one) for one in kept if not isinstance(one, (ast.AnnAssign, ast.Expr)))
