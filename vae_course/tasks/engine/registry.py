"""Which tasks there are: a folder a topic, a file a task, and the file has the name of the function that it asks for."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from .declaration import Task

PACKAGE = __name__.rpartition(".engine")[0]
# In the order of the course. Which notebook a topic belongs to is said by the notebooks alone.
TOPICS = (
    "autoencoders",
    "distributions",
    "trick",
    "elbo",
    "training",
    "disentangling",
    "conditional",
    "faces",
    "adversarial",
    "recurrent",
    "hierarchical",
    "paragraphs",
    "series",
    "at_work",
    "failures",
    "rivals",
    "colour",
)


@cache
def names_of(topic: str) -> tuple[str, ...]:
    """The names of a topic's tasks. Raises KeyError when there is no such topic."""
    if topic not in TOPICS:
        raise KeyError(f"there is no topic {topic!r}, expected one of: {', '.join(TOPICS)}.")
    folder = import_module(f"{PACKAGE}.{topic}")
    return tuple(module.name for module in pkgutil.iter_modules(folder.__path__))


def title_of(topic: str) -> str:
    """What a topic is called: the docstring of its folder."""
    return (import_module(f"{PACKAGE}.{topic}").__doc__ or topic).strip().rstrip(".")


def tasks_of(topic: str) -> list[Task]:
    """The tasks of a topic. Raises KeyError when there is no such topic."""
    return [find(name) for name in names_of(topic)]


def every_name() -> list[str]:
    """The names of all tasks, topic by topic."""
    return [name for topic in TOPICS for name in names_of(topic)]


def find(name: str) -> Task:
    """The task whose function is called `name`. Raises KeyError when there is none."""
    for topic in TOPICS:
        if name in names_of(topic):
            return getattr(import_module(f"{PACKAGE}.{topic}.{name}"), name)
    raise KeyError(f"there is no task {name!r}.")
