"""What a learner calls in a notebook: `check`, `hint`, `progress`. Everything is said in sentences; nothing raises."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Callable

from .calling import call
from .declaration import Probe, Task, Verdict
from .judging import judge, verdict_on
from .memory import Memory
from .registry import TOPICS, every_name, find, tasks_of, title_of
from .session import silence

GPU = "cuda"
memory = Memory()


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
        return f"<small>{float(self):g} of {self.out_of} point{'s' * (self.out_of != 1)}</small>" if self.out_of else ""


def check(function: Callable, name: str | None = None, *, seed: int = 0) -> Points:
    """Try `function` on the probes of its task and print what was found. Returns the points.

    name: the task, where the function is not called as the task is. seed: what the probes are drawn from.
    A wrong answer is compared with the usual slips, one or two at a time; where it is one of them, that question is printed,
    else the law or identity that broke, with expected and got. The contract is repeated where a type or shape is off.
    """
    task = _task_or_none(name or getattr(function, "__name__", ""), function)
    if task is None:
        return Points(0, 0)
    if isinstance(function, type) or not callable(function):
        print(f"✗ {task.name}: pass the function itself, as in check({task.name}), without calling it.")
        return Points(0, task.points)
    try:
        verdict = verdict_on(task, function, seed=seed)
        said = _sentence(task, verdict)
        if verdict.passed and (remark := remark_on_gpu(task, function, seed=seed)):
            said = f"{said}\n{remark}"
    except Exception as error:  # not the learner's fault: something in the session that the check itself rests on
        print(f"· {task.name}: the check itself stumbled ({type(error).__name__}: {str(error)[:200]}), so nothing was judged. Has a cell replaced something of Python's or PyTorch's? Restart the kernel and run this again.")
        return Points(0, task.points)
    memory.add(task.name, passed=verdict.passed, tries=verdict.kind != "unwritten")
    print(said)
    return Points(task.points if verdict.passed else 0, task.points)


def remark_on_gpu(task: Task, function: Callable, *, seed: int = 0) -> str:
    """What happens to a right answer on the GPU, if there is one and something does. No verdict: grading may run where there is none."""
    import torch

    if not torch.cuda.is_available():
        return ""
    first = task.probes(seed)[0]
    probes = [Probe(first.arguments, first.seed, note="on the GPU", device=GPU)]
    with silence():  # what an answer prints was shown once
        verdict = judge(task, probes, call(task, function, probes))
    if verdict.passed:
        return ""
    return f"A remark that costs no points: this works on the CPU, not on the GPU.\n{textwrap.indent(verdict.words, '    ')}\nTo work on both, make new tensors where the arguments are, as in torch.eye(4, device=x.device), and call .cpu() before .numpy()."


def hint(task: str | Callable) -> None:
    """Print the next hint for a task, given by its function or its name: a small push first, the last one nearly the answer."""
    found = _task_or_none(task if isinstance(task, str) else getattr(task, "__name__", ""), task)
    if found is None:
        return
    step = min(memory.of(found.name)["hints"], len(found.hints) - 1)
    memory.add(found.name, hints=1)
    more = "" if step + 1 == len(found.hints) else f"\nhint({found.name}) again for more."
    print(_wrapped(f"Hint {step + 1} of {len(found.hints)}. {found.hints[step]}") + more)


def progress(*, reset: bool = False) -> None:
    """Print the tasks of every topic that was begun, in this session or before: passed (✓), tried (✗) or still to do (·).

    reset: forget all of it, and begin anew.
    """
    if reset:
        memory.reset()
        print("All is forgotten: every task is still to do.")
        return
    tried = memory.known()
    begun = [topic for topic in TOPICS if any(task.name in tried for task in tasks_of(topic))]
    if not begun:
        print("Nothing checked yet.")
    for topic in begun:
        tasks = tasks_of(topic)
        passed = {task.name for task in tasks if memory.of(task.name)["passed"]}
        earned = sum(task.points for task in tasks if task.name in passed)
        print(f"{title_of(topic)}: {earned} of {sum(task.points for task in tasks)} points on the coded tasks")
        for task in tasks:
            mark = "✓" if task.name in passed else "✗" if task.name in tried else "·"
            worth = f"{task.points} point{'s' * (task.points != 1)}" if task.points else "for warming up"
            if task.points or task.name in tried:
                print(f"  {mark} {task.name:<32} {worth}")


def _sentence(task: Task, verdict: Verdict) -> str:
    if verdict.passed:
        return "\n".join(filter(None, (f"✓ {task.name}: right, on every probe.", verdict.words)))
    if verdict.kind == "unwritten":
        return f"· {task.name}: {verdict.words}"
    lines = [f"✗ {task.name}: {verdict.words}"]
    if len(verdict.mistakes) == 2:
        lines.append("Two things at once, each told as if the other were not there:")
    lines += [_wrapped(text) for text in verdict.hints]
    if not verdict.hints and verdict.kind != "identity":
        lines.append(f"The contract:\n{textwrap.indent(task.contract, '    ')}")
    lines.append(f"Stuck? hint({task.name})")
    return "\n".join(lines)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100)


def _task_or_none(name: object, given: object) -> Task | None:
    name = name if isinstance(name, str) else ""
    try:
        return find(name)
    except KeyError:
        pass
    near = difflib.get_close_matches(name.rpartition(".")[2], every_name(), n=1, cutoff=0.5)
    if near and callable(given):
        print(f"There is no task {name!r}. If yours is for {near[0]}, say so: check(…, {near[0]!r}).")
    elif near:
        print(f"There is no task {name!r}. Did you mean {near[0]!r}?")
    else:
        print("Which task is this for? Say its name after the function: check(my_function, 'gaussian_kl').")
    return None
