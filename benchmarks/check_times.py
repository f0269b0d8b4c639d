"""How long `check` takes on each exercise task: a right answer, the slowest slip, and an answer that no slip or pair of slips explains.

python -m benchmarks.check_times [topic ...]              and how many of the wrong pairs of slips are named; hours for all of them
python -m benchmarks.check_times --pairs 40 [topic ...]   of 40 pairs a task, spread over all of them
python -m benchmarks.check_times --pairs 0 [topic ...]    times alone
"""

import argparse
import contextlib
import io
import sys
import time

import torch

from vae_course.tasks import check, verdict_on
from vae_course.tasks.engine.registry import TOPICS, tasks_of
from vae_course.tasks.engine.slips import changed, pairs

WANTED = 5.0


def seconds(function, name: str) -> float:
    """The wall time of one `check`, its words thrown away."""
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        check(function, name)
    return time.perf_counter() - started


def unexplained(task):
    """A wrong answer that every slip and every pair is compared with: the right one, with its tensors stretched by a little."""

    def stretched(value):
        if isinstance(value, (tuple, list)):
            return type(value)(map(stretched, value))
        return value * 1.0371 if isinstance(value, (float, torch.Tensor)) and not isinstance(value, bool) else value

    return lambda *arguments: stretched(task.answer(*arguments))


def named_pairs(task, most: int | None) -> tuple[int, int]:
    """Of the pairs of slips that can be made and are wrong, or of `most` of them: how many there are, and how many get a hint."""
    made = list(pairs(task.answer, task.slips))
    chosen = made if most is None or most >= len(made) else [made[i * len(made) // most] for i in range(most)]
    verdicts = [verdict_on(task, changed(task.answer, *pair)) for pair in chosen]
    wrong = [verdict for verdict in verdicts if not verdict.passed]
    return len(wrong), sum(bool(verdict.mistakes) for verdict in wrong)


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("topics", nargs="*", help="all by default")
    parser.add_argument("--pairs", type=int, help="how many pairs of a task are tried; all by default")
    given = parser.parse_args(words)
    torch.set_num_threads(2)
    print("| task | the first check (s) | a right answer (s) | the slowest slip (s) | unexplained (s) | pairs named |")
    print("|---|---|---|---|---|---|")
    slowest, wrong, named = 0.0, 0, 0
    for topic in given.topics or TOPICS:
        for task in tasks_of(topic):
            times = [seconds(task.answer, task.name), seconds(task.answer, task.name)]
            times.append(max(seconds(mistake.function, task.name) for mistake in task.mistakes))
            times.append(seconds(unexplained(task), task.name))
            counted = (0, 0) if task.random else named_pairs(task, given.pairs)
            wrong, named, slowest = wrong + counted[0], named + counted[1], max(slowest, *times)
            told = f"{counted[1]} of {counted[0]}" if counted[0] else "-"
            print(f"| {task.name} | {' | '.join(f'{time:.2f}' for time in times)} | {told} |", flush=True)
    print(f"\nslowest {slowest:.2f} s (at most {WANTED:g} wanted); {named} of {wrong} wrong pairs named")
    return int(slowest > WANTED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
