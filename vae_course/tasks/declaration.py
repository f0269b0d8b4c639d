"""What a task is: a function's contract, the inputs it is tried on, the claims its outputs must meet, the usual mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
from torch import Tensor

# What crosses from one step to the next is plain data, so that a call may run in another process.
Plain = Tensor | float | int | bool | str | tuple | list | dict | None


@dataclass(frozen=True, eq=False)
class Probe:
    """One set of arguments to try a function on. `seed` is PyTorch's while it runs; `note` says what is awkward about it."""

    arguments: dict[str, Plain]
    seed: int = 0
    note: str = ""
    device: str = "cpu"


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

    A claim of the contract (type, shape, dtype) comes before the claims of value that rest on it.
    """

    identity: str
    expected: Plain
    got: Plain
    tolerance: Tensor | float = 0.0
    contract: bool = False

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
class Mistake:
    """A wrong implementation that works, and the question that leads on from it."""

    function: Callable
    hint: str


def called_plainly(function: Callable, **arguments: Plain) -> dict[str, Plain]:
    """The usual way to run a function: pass the arguments in order, keep the result."""
    return {"result": function(*arguments.values())}


@dataclass(frozen=True)
class Task:
    """One exercise task.

    probes: seed -> the inputs to try. run: (function, **arguments) -> named values; it builds what a function needs and
    is no data (a model, a function to differentiate) and takes what is wanted from the result (a gradient).
    claims: (output values, **arguments) -> the claims in the order in which a learner should read them.
    """

    name: str
    points: int
    contract: str
    probes: Callable[[int], list[Probe]]
    claims: Callable[..., Iterable[Claim]]
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, ...]
    run: Callable[..., dict[str, Plain]] = called_plainly
    seconds: float = 10.0

    def __post_init__(self) -> None:
        if not (self.points > 0 and self.mistakes and self.hints):
            raise ValueError(f"task {self.name!r} needs points, mistakes and hints.")


@dataclass(frozen=True)
class Verdict:
    """What the judge found. kind: "passed", "identity", "contract", or the kind of a Trouble. `mistake` is the one recognised."""

    passed: bool
    kind: str
    words: str = ""
    mistake: Mistake | None = None


def as_double(value) -> Tensor:
    """A number or tensor as float64 on the CPU, so that comparing loses nothing."""
    return torch.as_tensor(value).detach().cpu().to(torch.float64)
