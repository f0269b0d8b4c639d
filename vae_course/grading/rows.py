"""What is kept of a submission for tables and the summary: figures and names, a line of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .likeness import Alike
from .records import Flag
from .reference import Reference


@dataclass(frozen=True)
class Row:
    """What tables and the summary say of one submission.

    points: by task and by grade id of what is written; None while a mark is waited for. out_of: likewise. written: which of these are in
    words. late: points taken for being late. mistakes: pairs of a task and the name of the mistake. lms: "moodle", "canvas" or "", and the
    id that it gave in the file's name.
    """

    student: str
    name: str
    exercise: str
    points: Mapping[str, float | None]
    out_of: Mapping[str, float]
    written: frozenset[str]
    late: float
    to_mark: bool
    flags: tuple[Flag, ...]
    mistakes: tuple[tuple[str, str], ...]
    seconds: float
    lms: tuple[str, str] = ("", "")

    @property
    def total(self) -> float:
        """The points that there are by now, less what was taken for being late."""
        return max(0.0, sum(one for one in self.points.values() if one is not None) - self.late)

    @property
    def whole(self) -> float:
        """The points that can be had."""
        return sum(self.out_of.values())


@dataclass(frozen=True)
class Sheet:
    """One exercise of the batch, for the summary."""

    reference: Reference
    rows: tuple[Row, ...]
    alike: tuple[Alike, ...]
