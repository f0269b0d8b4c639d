"""One submission of the corpus, and the world in which the corpus is graded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.notebooks.project import ROOT

from .notebooks import ELBO


@dataclass(frozen=True)
class World:
    """Where the corpus is graded, as far as a hostile cell knows or guesses.

    handed_in: the folder of submissions. graded: where the results go. outside: a folder that everybody may write into, and nobody should.
    port: of a listener on loopback; socket: one in `outside`. secret: the value of an environment variable of the grader.
    """

    handed_in: Path
    graded: Path
    outside: Path
    port: int
    secret: str

    @property
    def solutions(self) -> Path:
        return ROOT / "solutions"

    @property
    def socket(self) -> Path:
        return self.outside / "socket"


@dataclass(frozen=True)
class Entry:
    """One student's folder and what must come of it.

    write: fills the folder, which is there. points: by task; tasks that are not named have 0. otherwise: other points that will do as well,
    where it depends on the system how far the work got. flags: those that must be there; perhaps: those that may.
    hints: a part of the hint that must be given for a task.
    """

    student: str
    write: Callable[[Path], object]
    points: Mapping[str, float] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    hints: Mapping[str, str] = field(default_factory=dict)
    otherwise: tuple[Mapping[str, float], ...] = ()
    exercise: str = ELBO
    words: str | None = None


def notebook(content: bytes | Callable[[], bytes], name: str = f"{ELBO}.ipynb") -> Callable[[Path], object]:
    """Fills a student's folder with one file."""
    return lambda folder: (folder / name).write_bytes(content if isinstance(content, bytes) else content())
