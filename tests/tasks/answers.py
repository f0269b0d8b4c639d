"""What the tests of all tasks go through: every task, its known mistakes, and right answers written in several ways."""

from importlib import import_module

from vae_course.tasks import chapter_names, tasks_of

SEEDS = range(5)
TASKS = [task for chapter in chapter_names() for task in tasks_of(chapter)]
VARIANTS = {
    name: variants for chapter in chapter_names() for name, variants in import_module(f"tests.tasks.variants_{chapter}").VARIANTS.items()
}
