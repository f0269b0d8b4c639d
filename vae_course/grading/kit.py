"""What of the course goes inside the wall: all but the tasks, and of these only how each is run.

Claims, laws, probes, slips, hints and the right answers stay outside. What a task's `run` reaches is taken statement by statement from the
task's own source, so that the inside calls an answer just as the notebook does.
"""

from __future__ import annotations

import ast
import compileall
import dis
import shutil
from collections.abc import Callable
from pathlib import Path

import vae_course

from ..tasks.engine import Probe, Task, called_plainly
from ..tasks.engine.registry import TOPICS, find, names_of
from .records import GradingError
from .shaking import Shaken

COURSE = Path(vae_course.__file__).parent
HERE = Path(__file__).parent
RUN = "run"
# What the program inside calls of the engine. Judging is not among it.
OF_THE_ENGINE = {
    "engine.calling": ("call",),
    "engine.session": ("session_kept",),
    "engine.time_limit": ("finish_within",),
    "engine.declaration": ("Output", "Plain", "Probe", "Trouble", "called_plainly"),
    "engine.claims": ("FOREIGN",),
}
# The files of this package that go inside.
OF_GRADING = ("confine.py", "inside.py", "notebook.py", "trial.py", "wire.py")
NOT_TAKEN = ("__pycache__", "tasks", "grading")


def build_kit(folder: Path) -> None:
    """Write the course as it is seen inside into a folder that is there. Raises GradingError where a file cannot be read or written."""
    try:
        course = folder / COURSE.name
        shutil.copytree(COURSE, course, ignore=_not_taken, copy_function=shutil.copyfile)
        for path, source in sources().items():
            (course / "tasks" / path).parent.mkdir(parents=True, exist_ok=True)
            (course / "tasks" / path).write_text(source, "utf-8")
        shutil.copyfile(HERE / "silent.py", course / "tasks" / "__init__.py")
        (course / "grading").mkdir()
        (course / "grading" / "__init__.py").touch()
        for name in OF_GRADING:
            shutil.copyfile(HERE / name, course / "grading" / name)
        for path in (folder, *folder.rglob("*")):  # another user will read it
            path.chmod(0o755 if path.is_dir() else 0o644)
        compileall.compile_dir(folder, quiet=2)
    except OSError as error:
        raise GradingError(
            f"The course could not be made ready for the wall in {folder}: {error}. Is the disk full, or TMPDIR not to be written?"
        ) from None


def sources() -> dict[Path, str]:
    """The files of `vae_course.tasks` as they are inside, but for its own `__init__.py`: path -> source."""
    shaken = Shaken(COURSE / "tasks")
    for module, names in OF_THE_ENGINE.items():
        shaken.need(module, names)
    for topic in TOPICS:
        for name in names_of(topic):
            if (expression := _run_of(topic, name)) is not None:
                shaken.add(f"{topic}.{name}", RUN, expression)
    found = {path: source for path, source in shaken.files() if path != Path("__init__.py")}
    for path in list(found):
        found.setdefault(path.parent / "__init__.py", "")
    return found


def module_of(task: Task) -> str:
    """Where inside the way lies in which a task is run, "" for the usual one."""
    if task.run is called_plainly:
        return ""
    return task.answer.__module__


def without_answers(task: Task, probe: Probe) -> Probe:
    """A probe as it goes inside: no note, and None for what only the claims look at, as the truth about a case to diagnose."""
    unread = _parameters_unread_by(task.run) - set(task.keeps) - set(probe.gradients)
    arguments = {name: None if name in unread else value for name, value in probe.arguments.items()}
    return Probe(arguments, probe.seed, gradients=probe.gradients)


def _parameters_unread_by(run: Callable) -> set[str]:
    code = run.__code__
    named = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    words = {word for line in dis.get_instructions(code) if line.opname.startswith("LOAD_") for word in _words(line.argval)}
    return named - words - set(code.co_cellvars)


def _words(argument: object) -> tuple:
    """The names that one instruction loads: newer versions of Python load two at once."""
    return argument if isinstance(argument, tuple) else (argument,)


def _run_of(topic: str, name: str) -> ast.expr | None:
    """The expression that a task's file gives for `run`, None where it gives none."""
    tree = ast.parse((COURSE / "tasks" / topic / f"{name}.py").read_text("utf-8"))
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)
    settings = [keyword for call in function.decorator_list if isinstance(call, ast.Call) for keyword in call.keywords]
    given = next((keyword.value for keyword in settings if keyword.arg == "run"), None)
    if (given is None) != (find(name).run is called_plainly):
        raise GradingError(f"How {name} is run was not found in its source. Give it to @task as run=…, and by name.")
    return given


def _not_taken(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__" or (Path(folder) == COURSE and name in NOT_TAKEN)]
