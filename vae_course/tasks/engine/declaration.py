"""What a task is made of: inputs to try, what a call gave, the claims it must meet, the usual slips, the verdict."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import torch
from torch import Tensor

from .slips import Slip, changed, contract_of

# What crosses from one step to the next is plain data, so that a call may run in another process: tensors, numbers, strings, None, and tuples,
# lists and dictionaries of them. Which of these an answer gives is what is to be found out, and no type checker can know it.
Plain: TypeAlias = Any


@dataclass(frozen=True, eq=False)
class Probe:
    """One set of arguments to try a function on. `seed` is PyTorch's while it runs; `note` says what is awkward about it.

    A note that says "very" (small, wide, sure, …) is for numbers far out: what breaks there for the first time, and has no question, gets `HELD_BACK`.
    gradients: the arguments whose gradient is wanted as well, under "gradients" among the values of the output.
    """

    arguments: dict[str, Plain]
    seed: int = 0
    note: str = ""
    device: str = "cpu"
    gradients: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trouble:
    """Why a call gave nothing to judge. kind: "unwritten", "raised", "slow", "unusable"; `words` is for the learner,
    `error` is the exception's type and message, by which two troubles are told to be the same.
    """

    kind: str
    words: str
    error: str = ""


@dataclass(frozen=True, eq=False)
class Output:
    """What one call gave: named plain values, or the trouble it ran into."""

    values: dict[str, Plain] = field(default_factory=dict)
    trouble: Trouble | None = None


@dataclass(frozen=True, eq=False)
class Claim:
    """One statement about an output: `got` must lie within `tolerance` of `expected` (equal, where they are no numbers).

    kind: "value"; "contract" for type and shape, on which the claims of value rest; "dtype", judged where the contract speaks of it.
    question: what to ask a learner whose output breaks it, where no slip is recognised.
    """

    identity: str
    expected: Plain
    got: Plain
    tolerance: Tensor | float = 0.0
    kind: str = "value"
    question: str = ""

    @property
    def holds(self) -> bool:
        return self.where_broken() is None

    def where_broken(self) -> tuple[int, ...] | None:
        """The first index at which expected and got differ (an empty one for scalars and other values), None where they agree."""
        if not isinstance(self.expected, (Tensor, float)):
            return None if type(self.expected) is type(self.got) and self.expected == self.got else ()
        expected, got = as_double(self.expected), as_double(self.got)
        # written so that a NaN breaks the claim; equal infinities keep it
        broken = ~(((got - expected).abs() <= as_double(self.tolerance)) | (got == expected))
        return tuple(broken.nonzero()[0].tolist()) if broken.any() else None


@dataclass(frozen=True)
class Law:
    """A property that the right answer has whatever its values are, asked before them.

    derive: probe -> a second probe made from it, None where the law looks at each output by itself.
    claims: (values, [values on the derived probe,] **arguments of the first probe) -> claims.
    """

    claims: Callable[..., Iterable[Claim]]
    derive: Callable[[Probe], Probe] | None = None


@dataclass(frozen=True)
class Mistake:
    """A wrong implementation that works, and the question that leads on from it. `slip` is the change that made it, if one did."""

    function: Callable
    hint: str
    slip: Slip | None = None


def called_plainly(function: Callable, **arguments: Plain) -> dict[str, Plain]:
    """The usual way to run a function: pass the arguments in order, keep the result."""
    return {"result": function(*arguments.values())}


@dataclass(frozen=True, eq=False)
class Task:
    """One exercise task: the right answer, and all that is needed to judge another.

    answer: the right function as a student writes it; its docstring is the contract. points: 0 for a warm-up, which no exercise grades.
    probes: seed -> the inputs to try. run: (function, **arguments) -> named values; it builds what a function needs and
        is no data (a model, a function to differentiate) and takes what is wanted from the result.
    claims: (output values, **arguments) -> the claims in the order in which a learner should read them.
    laws: properties asked before the values. gradients: the arguments whose gradient is judged after them.
    keeps: the arguments that must be left as they are; the contract says so.
    slips: usual changes of the answer's source. programs: wrong programs that are no change of it.
    random: whether the answer draws; then slips are told apart by statistics and not tried in pairs.
    open: whether it asks for a report of the learner's own measurements (see `reports`). Two learners have other numbers, so a mistake is told
        by the claim that it breaks: a slip then has that claim's question.
    """

    answer: Callable
    points: int
    probes: Callable[[int], list[Probe]]
    claims: Callable[..., Iterable[Claim]]
    slips: tuple[Slip, ...]
    hints: tuple[str, ...]
    laws: tuple[Law, ...] = ()
    gradients: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    programs: tuple[Mistake, ...] = ()
    run: Callable[..., dict[str, Plain]] = called_plainly
    random: bool = False
    open: bool = False
    seconds: float = 10.0

    def __post_init__(self) -> None:
        if not (self.points >= 0 and (self.slips or self.programs) and self.hints):
            raise ValueError(f"task {self.name!r} needs points, slips and hints.")

    @property
    def name(self) -> str:
        """The name of its function, which no other task has."""
        return self.answer.__name__

    @property
    def contract(self) -> str:
        """How the function is called and what it must return: its signature and its docstring."""
        return contract_of(self.answer)

    @cached_property
    def mistakes(self) -> tuple[Mistake, ...]:
        """Every usual mistake as a program: the answer with each slip, then the wrong programs.

        Raises ValueError when the text that a slip changes does not stand in the answer exactly once.
        """
        return (*(Mistake(changed(self.answer, slip), slip.question, slip) for slip in self.slips), *self.programs)


def task(**settings) -> Callable[[Callable], Task]:
    """Decorate the right answer with all that a `Task` holds besides it."""
    return lambda answer: Task(answer=answer, **settings)


@dataclass(frozen=True)
class Verdict:
    """What the judge found, in `words`. kind: "passed" (its words are a remark, if any), "identity", "contract", or the kind of a Trouble.

    mistakes: the known mistake that the answer is, or the two that it makes at once. question: the broken law's, where none is known.
    """

    passed: bool
    kind: str
    words: str = ""
    mistakes: tuple[Mistake, ...] = ()
    question: str = ""

    @property
    def mistake(self) -> Mistake | None:
        """The one mistake that was recognised, None where there is none or where there are two."""
        return self.mistakes[0] if len(self.mistakes) == 1 else None

    @property
    def hints(self) -> tuple[str, ...]:
        """What to ask the learner: the hints of the mistakes that were recognised, else the question of the law that broke."""
        told = tuple(mistake.hint for mistake in self.mistakes) or ((self.question,) if self.question else ())
        return tuple(map(beside_another, told)) if len(told) > 1 else told


def beside_another(hint: str) -> str:
    """A hint that stands beside another one: without the sentences that say what is right, since the other mistake may be there.

    Such a sentence says "… is right", "… are right" or "Right on paper", and nothing else. "Right, until x is large" and "Right, but for x" are turned round.
    """
    sentences = re.split(r"(?<=[.?!]) ", hint)
    kept = [one for one in sentences if not re.fullmatch(r"[^,:;?]*\b(is|are) right( but for [^,:;?]*)?\.|Right on paper\.", one)]
    told = " ".join(kept or sentences).removeprefix("But ").replace("Right, until ", "Wrong once ", 1).replace("Right, but for ", "Wrong for ", 1)
    return told[0].upper() + told[1:] if kept[:1] != sentences[:1] and not re.match(r"\w+_|\w\(", told) else told


def as_double(value) -> Tensor:
    """A number or tensor as float64 on the CPU, so that comparing loses nothing."""
    return torch.as_tensor(value).detach().cpu().to(torch.float64)
