"""One submission run behind the wall: its cells, one after the other, then each answer on the probes.

The grader leads: it asks for one cell or one answer at a time, and the probes of an answer go inside when it is that answer's turn. So it
knows by itself at which point a process ended, and starts a fresh one for what is left: an answer that takes the process with it costs no
other answer.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Collection, Iterable
from hashlib import sha256
from pathlib import Path

from ..tasks.engine import Output, Plain, Trouble
from ..tasks.engine.registry import find
from .flags import flag
from .inside import PROGRAM
from .kit import module_of, without_answers
from .private import call_again, probes_of
from .process import Ended, Late, Started
from .records import Cell, Flag, GradingError, Ran, Rebuilt
from .reference import Reference
from .syntax import parsed
from .wall import Wall
from .wire import Malformed, to_output

SECONDS_OF_A_SEED = 2**31 - 10_000
LONGEST_DETAIL = 200
ENDED = Trouble("raised", "Your answer ended the process that ran it.", "the process ended")
NOT_READ = Trouble("unusable", "What came out could not be read.", "not in the grader's form")
TOO_LARGE = Trouble("unusable", "What your function returned is far larger than a right result.", "too large")
LATE = Trouble("slow", "Your answer was stopped after its time.", "out of time")
NO_TIME = Trouble("slow", "There was no time left: the cells and answers before it had used it up.", "out of time")
DEFINES = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
DEEPEST_CALL = 3
TRAINS = re.compile(r"\bfit\s*\(|\.backward\s*\(")


def run_answers(rebuilt: Rebuilt, reference: Reference, wall: Wall, *, seed: int, private: Path | None = None) -> Ran:
    """What a submission's answers give on all probes of their tasks.

    For each task that is answered: an output for each probe, up to the first that ran into trouble; where there was none and nothing is to
    be drawn, one more for a second call of the first probe. Nothing that the student's code does is raised here; GradingError is for
    what is not the student's: a wall that no longer stands, private probes that are broken.
    """
    return _Run(rebuilt, list(reference.tasks), wall, seed_for(seed, reference.exercise), private).ran()


def seed_for(seed: int, exercise: str) -> int:
    """The seed of an exercise's probes, from the batch's secret: the same for all students, and no help with any other exercise's."""
    return int.from_bytes(sha256(f"{seed}/{exercise}".encode()).digest()[:8], "big") % SECONDS_OF_A_SEED


def trains(source: str, trainers: Collection[str] = ()) -> bool:
    """Whether a cell trains when it is run, as far as its text tells; what only defines a function that would does not.

    trainers: the functions of other cells that train when they are called.
    """
    tree = parsed(source)
    at_once = [one for one in (tree.body if tree else ()) if not isinstance(one, DEFINES)]
    return any(TRAINS.search(ast.unparse(one)) or _calls(one, trainers) for one in at_once)


def trainers_in(cells: Iterable[Cell]) -> frozenset[str]:
    """The names of functions that would train, or call one that would: those of later cells, too."""
    functions = [one for cell in cells for one in getattr(parsed(cell.source), "body", ()) if isinstance(one, ast.FunctionDef)]
    found: set[str] = set()
    for _ in range(DEEPEST_CALL):
        found |= {one.name for one in functions if TRAINS.search(ast.unparse(one)) or _calls(one, found)}
    return frozenset(found)


def _calls(tree: ast.AST, names: Collection[str]) -> bool:
    return any(isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names for node in ast.walk(tree))


class _Run:
    def __init__(self, rebuilt: Rebuilt, tasks: list[str], wall: Wall, seed: int, private: Path | None) -> None:
        self.cells, self.wall, self.limits, self.seed, self.private = rebuilt.cells, wall, wall.limits, seed, private
        self.trainers = trainers_in(self.cells)
        # what was measured there is typed in, and need not be measured again
        self.stopped_training = "as handed in" if any(find(name).open for name in tasks) else "slow"
        answered = {cell.task for cell in self.cells if cell.task}
        self.left = [name for name in tasks if name in answered]
        self.dropped: set[int] = set()
        self.raised: dict[str, str] = {}
        self.outputs: dict[str, list[Output]] = {}
        self.flags: dict[tuple[str, str], Flag] = {}
        self.until = 0.0

    def ran(self) -> Ran:
        began = time.monotonic()
        self.until = began + self.limits.run
        for _ in range(self.limits.restarts + 1):
            if not self.left or time.monotonic() > self.until:
                break
            with self.wall.started(PROGRAM) as inside:
                self._one_process(inside)
            self._look_at(inside)
        if self.left:
            self._flag("stopped", f"not run any more: {', '.join(self.left)}")
        self.outputs |= {name: [Output(trouble=NO_TIME)] for name in self.left}
        if self.wall.kind == "none":
            self._flag("unwalled")
        return Ran(self.outputs, tuple(self.flags.values()), time.monotonic() - began)

    def _one_process(self, inside: Started) -> None:
        """Run all cells that are not known to end the process, then call what is left to be called."""
        try:
            inside.ask({"ready": True}, self.limits.start)
        except (Ended, Late):
            said = inside.last_words.decode("utf-8", "replace").strip()[-500:]
            raise GradingError(
                f"The program behind the wall did not start, before anything of a student's was run: {said or 'it said nothing'}"
            ) from None
        for number, cell in enumerate(self.cells):
            if number not in self.dropped and not self._cell(inside, number, cell):
                return
        for name in list(self.left):
            self.left.remove(name)
            if not self._answer(inside, name):
                return

    def _cell(self, inside: Started, number: int, cell: Cell) -> bool:
        """Run one cell; False where the process is lost over it."""
        is_training = not cell.task and trains(cell.source, self.trainers)
        seconds = self.limits.training if is_training else self.limits.cell
        which = f"the answer to {cell.task}" if cell.task else f"cell {number + 1}"
        reply, lost = self._ask(inside, {"cell": cell.source, "number": number + 1, "seconds": seconds}, seconds)
        if lost:
            self.dropped.add(number)
            self._flag("slow" if lost is LATE else "stopped", which)
            if cell.task in self.left:
                self.left.remove(cell.task)
                self.outputs[cell.task] = [Output(trouble=lost)]
            return False
        state = reply.get("state") if isinstance(reply, dict) else None
        words = str(reply.get("words", ""))[:LONGEST_DETAIL] if isinstance(reply, dict) else ""
        if state == "slow":
            self._flag(self.stopped_training if is_training else "slow", which)
        elif state == "raised" and cell.task:
            self.raised[cell.task] = words
        elif state == "raised":
            self._flag("raised", f"{which}: {words}")
        elif state != "ran":
            inside.forged += 1
        return True

    def _answer(self, inside: Started, name: str) -> bool:
        """Call one answer on its probes; False where the process is lost over it."""
        task = find(name)
        probes = probes_of(task, seed=self.seed, private=self.private)
        again = call_again(task, probes[0])
        rounds = [probes] if again is None else [probes, [again]]
        sent = [
            [[one.arguments, one.seed, list(one.gradients)] for one in (without_answers(task, probe) for probe in together)]
            for together in rounds
        ]
        request = {"task": name, "from": module_of(task), "keeps": list(task.keeps), "seconds": task.seconds, "rounds": sent}
        reply, lost = self._ask(inside, request, len(rounds) * task.seconds)
        if lost:
            self._flag("slow" if lost is LATE else "stopped", f"the answer to {name}")
            self.outputs[name] = [Output(trouble=lost)]
            return False
        if isinstance(reply, dict) and reply.get("too large") is True:
            self.outputs[name] = [Output(trouble=TOO_LARGE)]
            return True
        try:
            outputs = [to_output(one) for one in reply] if isinstance(reply, list) else []
            if not 0 < len(outputs) <= sum(map(len, rounds)):
                raise Malformed("another number of outputs")
        except Malformed:
            inside.forged += 1
            outputs = [Output(trouble=NOT_READ)]
        first = outputs[0].trouble
        if first and first.kind == "unusable" and first.error.startswith(f"{name} is ") and name in self.raised:
            outputs = [Output(trouble=Trouble("raised", f"Your cell raised {self.raised[name]}", self.raised[name]))]
        self.outputs[name] = outputs
        return True

    def _ask(self, inside: Started, request: Plain, seconds: float) -> tuple[Plain, Trouble | None]:
        """The reply, or why there is none."""
        within = min(seconds + self.limits.grace, self.until - time.monotonic())
        try:
            return inside.ask(request, max(within, 0.1)), None
        except Late:
            return None, LATE
        except Ended:
            return None, ENDED

    def _look_at(self, inside: Started) -> None:
        """Flag what one process did besides answering."""
        if inside.printed > self.limits.printed:
            self._flag("flood")
        if inside.forged:
            self._flag("forged")

    def _flag(self, name: str, detail: str = "") -> None:
        self.flags.setdefault((name, detail), flag(name, detail))
