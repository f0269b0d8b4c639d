"""What a learner calls in a notebook: `check`, `hint`, `progress`. Everything is said in sentences; nothing raises."""

from __future__ import annotations

import contextlib
import difflib
import io
import textwrap
from collections.abc import Callable

from .calling import call
from .declaration import Probe, Task, Verdict
from .judging import judge, recognise
from .registry import chapter_names, every_name, find, tasks_of

GPU = "cuda"
_verdicts: dict[str, bool] = {}
_hints_given: dict[str, int] = {}


class Points(float):
    """The points of one check. As plain text it is the number, which is what nbgrader reads from a graded cell."""

    out_of: int

    def __new__(cls, points: float, out_of: int) -> Points:
        made = super().__new__(cls, points)
        made.out_of = out_of
        return made

    def __repr__(self) -> str:
        return f"{float(self):g}"

    def _repr_html_(self) -> str:
        return f"<small>{float(self):g} of {self.out_of} point{'s' * (self.out_of != 1)}</small>"


def check(name: str, function: Callable, *, seed: int = 0) -> Points:
    """Try `function` on the probes of the task `name` and print what was found. Returns the points.

    A wrong answer is compared with the usual mistakes; where it is one of them, its own hint is printed, else the
    identity that broke, with expected and got. The contract is repeated where a type, shape or dtype is off.
    """
    task = _task_or_none(name)
    if task is None:
        return Points(0, 0)
    if isinstance(function, type) or not callable(function):
        print(f'✗ {name}: pass the function itself, as in check("{name}", {task.name.partition(".")[2]}), without calling it.')
        return Points(0, task.points)
    verdict = verdict_on(task, function, seed=seed)
    _verdicts[name] = verdict.passed or _verdicts.get(name, False)  # what was passed stays passed
    print(_sentence(task, verdict))
    if verdict.passed and (remark := remark_on_gpu(task, function, seed=seed)):
        print(remark)
    return Points(task.points if verdict.passed else 0, task.points)


def verdict_on(task: Task, function: Callable, *, seed: int = 0) -> Verdict:
    """The three steps one after another, with the mistake named where the answer is a known wrong one."""
    probes = task.probes(seed)
    outputs = call(task, function, probes)
    verdict = judge(task, probes, outputs)
    if verdict.passed:
        return verdict
    return Verdict(False, verdict.kind, verdict.words, recognise(task, probes, outputs))


def remark_on_gpu(task: Task, function: Callable, *, seed: int = 0) -> str:
    """What happens to a right answer on the GPU, if there is one and something does. No verdict: grading may run where there is none."""
    import torch

    if not torch.cuda.is_available():
        return ""
    first = task.probes(seed)[0]
    probes = [Probe(first.arguments, first.seed, note="on the GPU", device=GPU)]
    with contextlib.redirect_stdout(io.StringIO()):  # what an answer prints was shown once
        verdict = judge(task, probes, call(task, function, probes))
    if verdict.passed:
        return ""
    return (
        "A remark that costs no points: this works on the CPU, not on the GPU.\n"
        f"{textwrap.indent(verdict.words, '    ')}\n"
        "To work on both, make new tensors where the arguments are, as in torch.eye(4, device=x.device), and call .cpu() before .numpy()."
    )


def hint(name: str) -> None:
    """Print the next hint for the task `name`: a small push first, the last one nearly the answer."""
    task = _task_or_none(name)
    if task is None:
        return
    step = min(_hints_given.get(name, 0), len(task.hints) - 1)
    _hints_given[name] = step + 1
    more = "" if step + 1 == len(task.hints) else f'\nhint("{name}") again for more.'
    print(_wrapped(f"Hint {step + 1} of {len(task.hints)}. {task.hints[step]}") + more)


def progress() -> None:
    """Print the tasks of every chapter that was begun in this session: passed (✓), tried (✗) or still to do (·)."""
    begun = [chapter for chapter in chapter_names() if any(name.startswith(f"{chapter}.") for name in _verdicts)]
    if not begun:
        print("Nothing checked yet in this session.")
    for chapter in begun:
        tasks = tasks_of(chapter)
        earned = sum(task.points for task in tasks if _verdicts.get(task.name))
        print(f"Chapter {chapter}: {earned} of {sum(task.points for task in tasks)} points on the coded tasks")
        for task in tasks:
            mark = {True: "✓", False: "✗", None: "·"}[_verdicts.get(task.name)]
            print(f"  {mark} {task.name:<32} {task.points} point{'s' * (task.points != 1)}")


def _sentence(task: Task, verdict: Verdict) -> str:
    if verdict.passed:
        return f"✓ {task.name}: right, on every probe."
    if verdict.kind == "unwritten":
        return f"· {task.name}: {verdict.words}"
    lines = [f"✗ {task.name}: {verdict.words}"]
    if verdict.mistake is not None:
        lines.append(_wrapped(verdict.mistake.hint))
    elif verdict.kind != "identity":
        lines.append(f"The contract:\n{textwrap.indent(task.contract, '    ')}")
    lines.append(f'Stuck? hint("{task.name}")')
    return "\n".join(lines)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100)


def _task_or_none(name: str) -> Task | None:
    try:
        return find(name)
    except KeyError:
        near = difflib.get_close_matches(str(name), every_name(), n=1, cutoff=0.4)
        print(f"There is no task {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return None
