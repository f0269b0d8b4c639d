"""How long a batch of one exercise takes to be graded, and how much memory the grader takes for it beyond `import torch`.

python -m benchmarks.grading            20 and 200 submissions, two at a time
python -m benchmarks.grading --quick    two of them: to see that it runs

Every fourth is right in all, the others have slips, two at once, or something left unwritten, each in another place; all are run behind
the wall that the system has. The time is that of the whole command but for Python's own start; memory is the most that a process held.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

from benchmarks.tables import print_head, print_row
from benchmarks.timing import ROOT, print_table, table_parser
from vae_course.tasks import Slip, Task, find
from vae_course.tasks.engine.slips import body_of, pairs, source_of

EXERCISE = "04-the-elbo"
AT_ONCE = 2
LOOK_EVERY = 0.2
# What runs in the grader's own process. Its last line: seconds, and megabytes after `import torch` and at the most.
GRADER = """
import sys, time
from pathlib import Path
import torch
from benchmarks.timing import peak_memory

before = peak_memory()
from vae_course.grading.batch import grade

started = time.perf_counter()
grade(Path(sys.argv[1]), Path(sys.argv[2]), exercises=[sys.argv[3]], jobs=int(sys.argv[4]))
print(time.perf_counter() - started, before, peak_memory())
"""


def batch(quick: bool, rounds: int) -> None:
    """Seconds and megabytes by number of submissions; each once, whatever `rounds` says."""
    print_head("submissions", "s", "s each", "grader, MB above `import torch`", "each of its workers, MB above it")
    for number in (2,) if quick else (20, 200):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            seconds, torch_alone, grader, workers = graded(hand_in(Path(folder) / "handed-in", number), Path(folder) / "graded")
        print_row(number, f"{seconds:.0f}", f"{seconds / number:.1f}", f"{grader - torch_alone:.0f}", f"{workers - torch_alone:.0f}")


def hand_in(folder: Path, number: int) -> Path:
    """A folder with `number` students' work."""
    exercise = (ROOT / "exercises" / f"{EXERCISE}.ipynb").read_text("utf-8")
    for student, answers in enumerate(islice(works(), number)):
        notebook = json.loads(exercise)
        for cell in notebook["cells"]:
            cell["source"] = answers.get(cell["metadata"].get("nbgrader", {}).get("grade_id", ""), cell["source"])
        mine = folder / f"student-{student:03}"
        mine.mkdir(parents=True)
        (mine / f"{EXERCISE}.ipynb").write_text(json.dumps(notebook), "utf-8")
    return folder


def works() -> Iterator[dict[str, str]]:
    """The answers of one student after another, as source by task: right; a slip in each of two; two slips in one; one left unwritten."""
    tasks = [find(name) for name in asked()]
    right = {task.name: source_of(task.answer) for task in tasks}
    one = cycle([(task.name, source_with(task, slip)) for task in tasks for slip in task.slips])
    two = cycle([(task.name, source_with(task, *pair)) for task in tasks for pair in pairs(task.answer, task.slips)][::7])
    unwritten = cycle(right)
    while True:
        yield right
        yield right | dict([next(one), next(one)])
        yield right | dict([next(two)])
        left = next(unwritten)
        yield {name: source for name, source in right.items() if name != left}


def asked() -> list[str]:
    """The tasks of the exercise, in order."""
    cells = json.loads((ROOT / "exercises" / f"{EXERCISE}.ipynb").read_text("utf-8"))["cells"]
    marks = [cell["metadata"]["nbgrader"] for cell in cells if cell["cell_type"] == "code" and "nbgrader" in cell["metadata"]]
    return [mark["grade_id"] for mark in marks if mark["solution"]]


def source_with(task: Task, *slips: Slip) -> str:
    """The source of the right answer with slips in it."""
    body = body_of(task.answer)
    head = source_of(task.answer).removesuffix(body)
    for old, new in (change for slip in slips for change in slip.changes):
        body = body.replace(old, new, 1)
    return head + body


def graded(source: Path, to: Path) -> tuple[float, float, float, float]:
    """Seconds of one batch, then megabytes: the grader's after `import torch`, its most, and the most of any worker."""
    words = [sys.executable, "-c", GRADER, str(source), str(to), EXERCISE, str(AT_ONCE)]
    workers = 0.0
    with tempfile.TemporaryFile("w+") as said, subprocess.Popen(words, stdout=said, stderr=subprocess.DEVNULL, cwd=ROOT) as grader:
        while grader.poll() is None:
            workers = max(workers, largest_copy(grader.pid))
            time.sleep(LOOK_EVERY)
        said.seek(0)
        lines = said.read().splitlines()
    if grader.returncode:
        raise SystemExit("the batch was not graded; `python -m vae_course.grading` says why:\n" + "\n".join(lines[-5:]))
    seconds, torch_alone, most = map(float, lines[-1].split())
    return seconds, torch_alone, most, workers


def largest_copy(grader: int) -> float:
    """The most memory, in megabytes, that a process forked from the grader ever held; 0 where that can't be seen."""
    largest = 0.0
    try:
        own = Path(f"/proc/{grader}/cmdline").read_bytes()
        children = Path(f"/proc/{grader}/task/{grader}/children").read_text().split()
    except OSError:
        return largest
    for child in children:
        try:
            if Path(f"/proc/{child}/cmdline").read_bytes() != own:
                continue
            lines = Path(f"/proc/{child}/status").read_text().splitlines()
        except OSError:  # gone in the meantime
            continue
        largest = max([largest, *(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM:"))])
    return largest


TABLES = {"batch": batch}


def main(words: Sequence[str] | None = None) -> None:
    print_table(TABLES, table_parser(TABLES, __doc__).parse_args(words))


if __name__ == "__main__":
    main(sys.argv[1:])
