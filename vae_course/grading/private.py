"""Probes that an instructor adds, from a folder outside the repository: what is public can be learnt by heart, and these are not."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from ..tasks.engine import Plain, Probe, Task
from ..tasks.engine.calling import call
from ..tasks.engine.judging import all_probes, judge
from ..tasks.engine.registry import every_name, find
from ..tasks.engine.session import session_kept
from .records import GradingError
from .wire import Malformed, from_bytes, to_bytes

NOTE = "on one of your instructor's inputs"
MEND = "Such a file is called <task>.py and has a function probes(seed): a list of dictionaries, the arguments of each call by name."


def check_private(folder: Path, *, seed: int) -> tuple[str, ...]:
    """The tasks that have private probes, each tried on the task's own right answer. Raises GradingError for broken ones."""
    if not folder.is_dir():
        raise GradingError(f"There is no folder of private probes at {folder}. {MEND}")
    names = sorted(path.stem for path in folder.glob("*.py"))
    if not names:
        raise GradingError(f"There are no private probes in {folder}. {MEND}")
    if unknown := [name for name in names if name not in every_name()]:
        raise GradingError(f"{folder}: there is no task {unknown[0]!r}. {MEND}")
    for name in names:
        _judged_on_the_right_answer(find(name), folder, seed)
    return tuple(names)


def probes_of(task: Task, *, seed: int, private: Path | None = None) -> list[Probe]:
    """All probes of a task: those of its own, of its laws and for its gradients, then the instructor's. Raises GradingError."""
    return [*all_probes(task, seed), *(_added(task.name, private, seed) if private else ())]


def call_again(task: Task, probe: Probe) -> Probe | None:
    """The first probe again where the generator stands elsewhere, None where the answer is there to draw: two calls must not differ."""
    return None if task.random else Probe(probe.arguments, probe.seed + 1, probe.note, probe.device, probe.gradients)


@lru_cache(maxsize=64)
def _added(name: str, folder: Path, seed: int) -> tuple[Probe, ...]:
    path = folder / f"{name}.py"
    if not path.exists():
        return ()
    make = _function_in(path)
    try:
        found = make(seed)
    except Exception as error:
        raise GradingError(f"{path}: probes({seed}) raised {type(error).__name__}: {error}. {MEND}") from None
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise GradingError(f"{path}: probes(seed) gave {type(found).__name__}, expected a list of dictionaries that is not empty. {MEND}")
    wanted = find(name).probes(seed)[0].arguments.keys()
    for one in found:
        if one.keys() != wanted:
            raise GradingError(f"{path}: a probe has the arguments {', '.join(map(str, one))}, expected {', '.join(wanted)}.")
        _check_plain(path, one)
    return tuple(Probe(one, seed + 1000 + number, NOTE) for number, one in enumerate(found))


def _function_in(path: Path) -> Callable[[int], Plain]:
    try:
        room = runpy.run_path(str(path))
    except BaseException as error:
        raise GradingError(f"{path} could not be run: {type(error).__name__}: {error}. {MEND}") from None
    if not callable(room.get("probes")):
        raise GradingError(f"{path} has no function probes. {MEND}")
    return room["probes"]


def _check_plain(path: Path, arguments: dict) -> None:
    for name, value in arguments.items():
        try:
            if not _same_kind(value, from_bytes(to_bytes(value))):
                raise Malformed
        except Malformed:
            raise GradingError(
                f"{path}: the argument {name} is no plain value ({type(value).__name__}): tensors, numbers, strings, tuples and lists are."
            ) from None


def _same_kind(before: Plain, after: Plain) -> bool:
    if isinstance(before, (list, tuple)):
        return type(before) is type(after) and len(before) == len(after) and all(map(_same_kind, before, after))
    return type(before) is type(after)


def _judged_on_the_right_answer(task: Task, folder: Path, seed: int) -> None:
    probes: Iterable[Probe] = _added(task.name, folder, seed)
    with session_kept():
        together = [*all_probes(task, seed), *probes]
        verdict = judge(task, together, call(task, task.answer, together, seconds=60.0))
    if not verdict.passed:
        raise GradingError(
            f"{folder / task.name}.py: the right answer does not pass on these probes: {verdict.words}\nDo they keep to the contract?"
        )
