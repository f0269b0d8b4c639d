"""What the tests of all tasks go through: every task, and right answers written in several ways."""

from importlib import import_module

from vae_course.tasks.engine.registry import TOPICS, tasks_of

SEEDS = range(3)
TASKS = [task for topic in TOPICS for task in tasks_of(topic)]
RIGHT_ANSWERS = {
    name: [task.answer, *answers]
    for topic in TOPICS
    for task in tasks_of(topic)
    for name, answers in import_module(f"tests.tasks.right_answers.{topic}").RIGHT_ANSWERS.items()
    if name == task.name
}
