"""How long `check` takes on each exercise task: a right answer, and the slowest of the known mistakes (which is compared with all of them).

python -m benchmarks.check_times [chapter ...]
"""

import contextlib
import io
import sys
import time
from importlib import import_module

import torch

from vae_course.tasks import chapter_names, check, tasks_of

WANTED = 2.0


def seconds(name: str, function) -> float:
    """The wall time of one `check`, its words thrown away."""
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        check(name, function)
    return time.perf_counter() - started


def main(chapters: list[str]) -> int:
    torch.set_num_threads(2)
    print("| task | a right answer (s) | the slowest mistake (s) |\n|---|---|---|")
    slowest = 0.0
    for chapter in chapters or chapter_names():
        right = import_module(f"tests.tasks.variants_{chapter}").VARIANTS
        for task in tasks_of(chapter):
            seconds(task.name, right[task.name][0])  # what is imported on first use is no part of it
            passed = seconds(task.name, right[task.name][0])
            wrong = max(seconds(task.name, mistake.function) for mistake in task.mistakes)
            slowest = max(slowest, passed, wrong)
            print(f"| {task.name} | {passed:.2f} | {wrong:.2f} |")
    print(f"\nslowest {slowest:.2f} s (under {WANTED:g} wanted)")
    return int(slowest >= WANTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
