"""Which tasks there are: every `Task` in a module called chapter_NN, in the order in which it is written there.

A long chapter is a folder, one task a file, and gives their order as `TASKS`.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

from .declaration import Task


def chapter_names() -> list[str]:
    """The chapters that have tasks: "01", "02", …"""
    found = (module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return sorted(name.removeprefix("chapter_") for name in found if name.startswith("chapter_"))


def tasks_of(chapter: str) -> list[Task]:
    """The tasks of a chapter. Raises KeyError when there is no such chapter."""
    if chapter not in chapter_names():
        raise KeyError(f"no chapter {chapter!r} has tasks, expected one of: {', '.join(chapter_names())}.")
    module = import_module(f".chapter_{chapter}", __package__)
    written = getattr(module, "TASKS", vars(module).values())
    return [value for value in written if isinstance(value, Task)]


def every_name() -> list[str]:
    """The names of all tasks."""
    return [task.name for chapter in chapter_names() for task in tasks_of(chapter)]


def find(name: str) -> Task:
    """The task called `name`, as in "04.gaussian_kl". Raises KeyError when there is none."""
    for task in tasks_of(str(name).partition(".")[0]):
        if task.name == name:
            return task
    raise KeyError(f"there is no task {name!r}.")
