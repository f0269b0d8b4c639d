"""The folder that a batch is graded into: its seed, a file of results for each submission, and nothing in it that is half written."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from .likeness import Likeness
from .records import Flag, GradingError, Mark, Result

SEED, LOCK, RESULTS, GRADEBOOK, SETTINGS = "seed", ".lock", "results", "gradebook.db", "nbgrader_config.py"
HALF = ".half"  # how the name of a file ends while it is being written
ROOM = "Make room, and run the same command again; it goes on from here."
MEND = "Mend that, and run the same command again."
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Kept:
    """One file of results. file: what the file was called where it came from. answers: by task, for those long enough to be compared."""

    result: Result
    file: str = ""
    answers: Mapping[str, Likeness] = field(default_factory=dict)


def write(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, and its folder where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{os.getpid()}{HALF}")
    try:
        half.write_bytes(content.encode("utf-8", "replace") if isinstance(content, str) else content)
        os.replace(half, path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def is_full(*folders: Path) -> bool:
    """Whether a megabyte more does not go into one of these folders. Asked of the disk by writing it."""
    for folder in folders:
        try:
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".room", suffix=HALF) as room:
                room.write(bytes(1 << 20))
                room.flush()
        except OSError as error:
            if error.errno in FULL:
                return True
    return False


class Graded:
    """The folder at `path`. Made, or found to be one of ours, by `open`."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def check(self) -> None:
        """Raises GradingError where the folder has things in it that this command did not make. Changes nothing."""
        if self.path.exists() and not self.path.is_dir():
            raise GradingError(f"{self.path} is a file. Say with --to in which folder marks and gradebook shall be.")
        if (self / SEED).exists():
            self.seed()
            return
        there = sorted(one.name for one in self.path.iterdir() if one.name != LOCK) if self.path.exists() else []
        if GRADEBOOK in there or SETTINGS in there:
            what = GRADEBOOK if GRADEBOOK in there else SETTINGS
            raise GradingError(
                f"{self.path} belongs to another course: it has a {what} that this command did not make. Grade into a folder of its own, "
                "with --to."
            )
        if there:
            raise GradingError(f"{self.path} has other things in it ({', '.join(there[:3])}). Give --to a folder that is new or empty.")

    @contextmanager
    def open(self) -> Iterator[None]:
        """Make the folder, and keep other graders out of it until this one is done; what an interrupted one left half written goes.

        Raises GradingError where the folder is another's, is in use, or can't be written, be it only after a while.
        """
        self.check()
        lock = FileLock(self / LOCK)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except Timeout as error:
            raise GradingError(f"Another grader is at work in {self.path}. Wait until it is done, or stop it.") from error
        except OSError as error:
            raise GradingError(f"{self.path} can't be written: {error.strerror}. Say with --to where there is room.") from error
        try:
            for half in self.path.rglob(f".*{HALF}"):
                half.unlink(missing_ok=True)
            if not (self / SEED).exists():
                self._draw_seed()
            yield
        except OSError as error:
            if error.errno in FULL:
                raise GradingError(f"The disk is full: {self.path}. {ROOM}") from error
            raise GradingError(f"{error.filename or self.path}: {error.strerror or error}. {MEND}") from error
        finally:
            lock.release()

    def _draw_seed(self) -> None:
        write(self / SEED, f"{secrets.randbelow(2**31)}\n")
        (self / SEED).chmod(0o600)

    def seed(self) -> int:
        """What probes are drawn from: made once, and shown to nobody. Raises GradingError where the file holds anything else."""
        text = (self / SEED).read_text("utf-8", "replace").strip()
        if not (text.isascii() and text.isdigit()):
            raise GradingError(f"{self / SEED} holds no number, from which marks are made. Restore it, or grade into a new folder.")
        return int(text)

    def file_of(self, exercise: str, student: str) -> Path:
        """Where the result of one submission is. Raises ValueError for a name that leads elsewhere."""
        for name in (exercise, student):
            if name != Path(name).name or name.startswith("."):
                raise ValueError(f"{name!r} is no name of a file, so no result can have it.")
        return self / RESULTS / exercise / f"{student}.json"

    def keep(self, kept: Kept) -> None:
        """Write one result, whole or not at all."""
        plain = dataclasses.asdict(kept.result)
        plain["file"] = kept.file
        plain["answers"] = {task: dataclasses.asdict(likeness) for task, likeness in kept.answers.items()}
        write(self.file_of(kept.result.exercise, kept.result.student), json.dumps(plain, ensure_ascii=False, indent=1))

    def kept(self, exercise: str, student: str) -> Kept | None:
        """One result, None where there is none, or none that can be read."""
        try:
            return _read(self.file_of(exercise, student))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def exercises(self) -> list[str]:
        """The exercises of which there are results."""
        folder = self / RESULTS
        return sorted(one.name for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []

    def results(self, exercise: str) -> Iterator[Kept]:
        """All results of one exercise, one after another, so that no more than one is held."""
        for path in sorted((self / RESULTS / exercise).glob("[!.]*.json")):
            kept = self.kept(exercise, path.stem)
            if kept is not None:
                yield kept


def _read(path: Path) -> Kept:
    plain = json.loads(path.read_text("utf-8"))
    answers = {task: Likeness(**likeness) for task, likeness in plain.pop("answers").items()}
    file = plain.pop("file")
    plain["flags"] = tuple(Flag(**one) for one in plain["flags"])
    plain["marks"] = tuple(Mark(**{**one, "hints": tuple(one["hints"]), "mistakes": tuple(one["mistakes"])}) for one in plain["marks"])
    return Kept(Result(**plain), file, answers)
