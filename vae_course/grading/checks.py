"""What an instructor can have got wrong, asked before anything is graded. Each check raises GradingError, and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from .folder import ROOM, Graded, is_full
from .private import check_private
from .records import GradingError
from .reference import Reference, exercises_in
from .workers import Stop, each_of


def check_places(source: Path, graded: Graded, private: Path | None, jobs: int) -> None:
    """Where things are to be found and put."""
    if jobs < 1:
        raise GradingError(f"--jobs is {jobs}, expected at least 1: how many submissions are graded at a time.")
    if not source.exists():
        raise GradingError(f"There is no {source}. Name the folder, or the zip, with what was handed in.")
    inner, outer = graded.path.resolve(), source.resolve()
    if inner == outer or outer in inner.parents:
        raise GradingError(f"{graded.path} lies in {source}, and would be graded itself the next time. Give --to a folder beside it.")
    if inner in outer.parents:
        raise GradingError(f"{source} lies in {graded.path}, where results go. Take the folder or zip that was handed in.")
    if private is not None and not private.is_dir():
        raise GradingError(f"{private} is no folder, expected the one with your own probes. Leave --probes out if you have none.")


def references_for(exercises: Sequence[str], solutions: Path) -> dict[str, Reference]:
    """The references of these exercises, of all in `solutions` where none is named."""
    known = exercises_in(solutions)
    names = [name.removesuffix(".ipynb") for name in exercises]
    for name in names:
        if name not in known:
            raise GradingError(f"There is no exercise {name!r} in {solutions}, only: {', '.join(known)}. Name one of these.")
    return {name: Reference.load(name, solutions) for name in names or known}


def check_due(due: Mapping[str, datetime], references: Mapping[str, Reference]) -> None:
    """Whether each due date is for an exercise that is graded."""
    for name in due:
        if name and name not in references:
            raise GradingError(f"--due names {name!r}, which is not graded here. It is one of: {', '.join(references)}.")


def check_room(graded: Graded) -> None:
    """Whether the disk has room for anything."""
    if is_full(graded.path):
        raise GradingError(f"The disk is full: not a megabyte more goes into {graded.path}. {ROOM}")


def check_probes(private: Path | None) -> None:
    """Whether the instructor's own probes are as they should be. They are tried in a process of their own."""
    if private is not None:
        with closing(each_of([private], _tried, at_once=1)) as done:
            for one in done:
                if one.failure:
                    raise GradingError(f"Your own probes in {private} could not be tried: {one.failure}. Mend them, or leave --probes out.")


def _tried(private: Path) -> None:
    try:
        check_private(private, seed=0)  # the batch's own is not drawn before all is known to be well
    except GradingError as error:
        raise Stop(str(error)) from error
