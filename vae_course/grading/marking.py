"""The marks: outputs that came from behind the wall are judged outside it, by the same judge as in the notebook.

Outputs are a stranger's claims (see `wire`): of any shape and size within the wire's limits. So they are judged with a bound on memory, and
a student never reads what hidden inputs were: not the numbers of a claim, nor those of an error's message.
"""

from __future__ import annotations

import contextlib
import re
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from ..tasks.engine import Mistake, Output, Probe, Task, Verdict
from ..tasks.engine.calling import one_call
from ..tasks.engine.judging import SECONDS_TO_RECOGNISE, _close, judge, recognise
from ..tasks.engine.registry import find
from ..tasks.engine.session import session_kept
from .limits import MEGABYTE
from .private import call_again, probes_of
from .records import Mark, Ran, Rebuilt
from .reference import Reference
from .running import seed_for

ROOM_TO_JUDGE = 1536 * MEGABYTE
LONGEST_NAME, LONGEST_WORDS = 60, 240
# Of an error's message: numbers with a point, long ones, lists of numbers. Of an identity, which the task has written: figures of an input.
HIDDEN = re.compile(r"[-+]?(\d+\.(\d+|(?=[\],)]))|\.\d+)([eE][-+]?\d+)?|\d{5,}|\[[^\[\]]*\d[^\[\]]*,[^\[\]]*\]")
FIGURE = re.compile(r"\d+\.\d{3,}")
EXPECTED = "\n    expected"
MISSING = "There is no answer to this in your notebook."


def marks_of(reference: Reference, rebuilt: Rebuilt, ran: Ran, *, seed: int, private: Path | None = None) -> tuple[Mark, ...]:
    """The mark for each coded task of an exercise, in its order. seed, private: as they were for `run_answers`."""
    own = seed_for(seed, reference.exercise)
    return tuple(_mark(find(name), points, ran.outputs.get(name), seed=own, private=private) for name, points in reference.tasks.items())


def verdict_on_outputs(task: Task, probes: list[Probe], outputs: list[Output]) -> Verdict:
    """The verdict on what came back for these probes, with known mistakes named, as `verdict_on` gives it in the notebook.

    outputs: one for each probe, up to the first with a trouble, and behind them that of a second call of the first where there is one.
    """
    try:
        return _verdict(task, probes, outputs[: len(probes)], outputs[len(probes)] if len(outputs) > len(probes) else None)
    except Exception as error:  # a claim of a form that no answer called by the course's own step could give
        return Verdict(False, "unusable", f"What your function returned could not be used: {type(error).__name__}")


def _verdict(task: Task, probes: list[Probe], outputs: list[Output], again: Output | None) -> Verdict:
    with session_kept(), _memory_bounded():
        warnings.simplefilter("ignore")  # what known mistakes are warned of is nobody's news here
        start = time.process_time()
        verdict = judge(task, probes, outputs)
        if verdict.passed:
            return verdict
        mistakes = recognise(task, probes, outputs, seconds=SECONDS_TO_RECOGNISE - (time.process_time() - start))
        if not mistakes and verdict.kind == "identity" and again is not None and not _differs_by_itself(task, probes[0]):
            verdict = judge(task, probes, outputs, again=again)
        return Verdict(verdict.passed, verdict.kind, verdict.words, mistakes, verdict.question)


def short_name(task: Task, mistake: Mistake) -> str:
    """What a known mistake is called in a table: its task, its number there, and how its question begins."""
    number = next((number for number, one in enumerate(task.mistakes, 1) if one.hint == mistake.hint), 0)
    first = re.split(r"(?<=[.?!:]) ", mistake.hint)[0]
    return f"{task.name} {number}: {first if len(first) <= LONGEST_NAME else first[:LONGEST_NAME].rsplit(' ', 1)[0] + ' …'}"


def _mark(task: Task, points: float, outputs: list[Output] | None, *, seed: int, private: Path | None) -> Mark:
    if not outputs:
        return Mark(task.name, 0.0, points, "missing", MISSING)
    verdict = verdict_on_outputs(task, probes_of(task, seed=seed, private=private), outputs)
    mistakes = tuple(short_name(task, mistake) for mistake in verdict.mistakes)
    return Mark(task.name, points if verdict.passed else 0.0, points, verdict.kind, _words(task, verdict, outputs), verdict.hints, mistakes)


def _words(task: Task, verdict: Verdict, outputs: list[Output]) -> str:
    """What the student reads besides the hints: what was broken, without the numbers that would tell what it was tried on."""
    trouble = next((output.trouble for output in outputs if output.trouble), None)
    if verdict.passed:
        return verdict.words.partition("\n")[0]
    if verdict.kind == "raised" and trouble:
        return f"Your answer raised an error: {_without_numbers(trouble.error)}" if ":" in trouble.error else trouble.words
    if verdict.kind == "unwritten":
        return "Not written yet."
    if verdict.kind == "slow":
        return (
            f"Your answer was stopped: it took longer than {task.seconds:g} seconds. Is there a loop where one tensor operation would do?"
        )
    if verdict.kind == "identity":
        return FIGURE.sub("…", verdict.words.partition(EXPECTED)[0])
    return _without_numbers(verdict.words)


def _without_numbers(text: str) -> str:
    """Words from a student's process: numbers with a decimal point, long ones and lists may be hidden inputs."""
    text = HIDDEN.sub("…", text)
    return text if len(text) <= LONGEST_WORDS else text[:LONGEST_WORDS] + "…"


def _differs_by_itself(task: Task, probe: Probe) -> bool:
    """Whether the right answer, too, gives something else when PyTorch's generator stands elsewhere."""
    other = call_again(task, probe)
    return other is None or not _close(one_call(task, task.answer, probe).values, one_call(task, task.answer, other).values)


@contextlib.contextmanager
def _memory_bounded() -> Iterator[None]:
    """Inside, this process can't take much more memory than it has: a claim on two tensors of odd shapes must not bring the machine down.

    What would go beyond that raises, and the judge says that the result could not be used.
    """
    try:
        import resource

        in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ModuleNotFoundError, OSError):  # not Linux: no bound
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = in_use + ROOM_TO_JUDGE
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
