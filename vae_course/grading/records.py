"""What passes between the steps of a batch: a file handed in, the notebook rebuilt from it, what its answers gave, the marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..tasks import Output


class GradingError(Exception):
    """The batch cannot go on, and says why in one sentence and how to mend it in another."""


@dataclass(frozen=True)
class Flag:
    """Something that a person should know of, or look at. name: one of `flags.MEANINGS`; detail: what it was here."""

    name: str
    detail: str = ""


@dataclass(frozen=True)
class Submission:
    """One file that somebody handed in for one exercise.

    student: an id that is safe as a file name. exercise: the stem of its notebook, as in "04-the-elbo".
    path: the file, or the archive that holds it as `member`. shown_as: the student's name where the source tells one.
    submitted: seconds since 1970 where the source tells them.
    """

    student: str
    exercise: str
    path: Path
    member: str = ""
    shown_as: str = ""
    submitted: float | None = None
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One code cell that is run inside the wall. task: the task that it answers, "" for any other."""

    source: str
    task: str = ""


@dataclass(frozen=True)
class Rebuilt:
    """The reference notebook with the student's cells put in.

    notebook: in nbformat 4, with the reference's locked cells as they were. cells: what is run, in order.
    answers: the source of each task's answer, as far as there is one. written: the student's words, by grade id.
    """

    notebook: dict
    cells: tuple[Cell, ...]
    answers: Mapping[str, str]
    written: Mapping[str, str]
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True)
class Ran:
    """What came back from inside the wall. outputs: by task, one for each probe, as far as there are any."""

    outputs: Mapping[str, list[Output]]
    flags: tuple[Flag, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Mark:
    """The verdict on one task. kind: as `Verdict.kind`, or "missing". mistakes: short names of the recognised slips.

    hints: the questions that go with them.

    words: what the student reads, without hidden inputs and tracebacks.
    """

    task: str
    points: float
    out_of: float
    kind: str
    words: str
    hints: tuple[str, ...] = ()
    mistakes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """All that is known of one submission after it was graded. digest: of the file, the reference, the seed and the course's version."""

    student: str
    exercise: str
    marks: tuple[Mark, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()
    seconds: float = 0.0
    digest: str = ""
    shown_as: str = ""
    submitted: float | None = None

    @property
    def points(self) -> float:
        """The sum over the coded tasks."""
        return sum(mark.points for mark in self.marks)
