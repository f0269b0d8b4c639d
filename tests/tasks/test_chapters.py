"""What single chapters rest on: references of their own that are checked against how the inputs were made."""

import pkgutil
from importlib import import_module

import pytest

from vae_course.tasks.chapter_05 import LABELS, _told_apart, sick_runs
from vae_course.tasks.declaration import Task
from vae_course.tasks.registry import chapter_names, tasks_of


@pytest.mark.parametrize("seed", range(20))
def test_the_rules_tell_the_runs_apart_as_they_were_made(seed):
    runs = sick_runs(seed)
    assert {label for label, _, _ in runs} == set(LABELS)
    assert all(_told_apart(reconstruction, kl) == label for label, reconstruction, kl in runs)


@pytest.mark.parametrize("chapter", chapter_names())
def test_a_chapter_lists_every_task_of_its_files(chapter):
    module = import_module(f"vae_course.tasks.chapter_{chapter}")
    files = [import_module(f"{module.__name__}.{file.name}") for file in pkgutil.iter_modules(getattr(module, "__path__", []))]
    written = {value.name for file in files or [module] for value in vars(file).values() if isinstance(value, Task)}
    assert {task.name for task in tasks_of(chapter)} == written
    assert len(tasks_of(chapter)) == len(written) > 0
