"""What the tests of all tasks go through: every task, and right answers written in several ways."""

from importlib import import_module
from pkgutil import iter_modules

from vae_course.tasks.engine.registry import TOPICS, find, tasks_of

from . import right_answers

SEEDS = range(3)
TASKS = [task for topic in TOPICS for task in tasks_of(topic)]
RIGHT_ANSWERS = {
    name: [find(name).answer, *answers]
    for module in iter_modules(right_answers.__path__)
    for name, answers in import_module(f"{right_answers.__name__}.{module.name}").RIGHT_ANSWERS.items()
}
