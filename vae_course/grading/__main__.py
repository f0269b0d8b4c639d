"""Grade a batch of notebooks.

python -m vae_course.grading SUBMISSIONS --to GRADED      grade what was handed in: a folder, or the zip of an LMS
python -m vae_course.grading --to GRADED                  make tables and pages again, with what was marked by hand since

The same command again runs nothing twice: it goes on where it was stopped, and grades what is new. docs/grading.md says more.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .batch import Outcome

NEEDED = (
    "Grading needs nbgrader, which learners do without. `make grade` has installed it into .venv: source .venv/bin/activate. "
    "Without make, in the folder of the repository: pip install -e '.[grading]'"
)
STOPPED = "Stopped. What was graded is kept, and the same command goes on from here."


def parser() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    made = argparse.ArgumentParser(
        prog="python -m vae_course.grading",
        description=(__doc__ or "").splitlines()[0],
        epilog="The same command again runs nothing twice. Exit status: 0 when done, 1 when there is something to mend.",
    )
    made.add_argument("submissions", nargs="?", type=Path, help="folder or zip with what was handed in; without it, tables are made again")
    made.add_argument("--to", type=Path, required=True, metavar="GRADED", help="folder for marks, gradebook and pages")
    made.add_argument("--exercise", nargs="+", default=(), metavar="NAME", help="grade only these, as in 04-the-elbo")
    made.add_argument("--reference", type=Path, metavar="FOLDER", help="folder of the reference solutions, if not the course's own")
    made.add_argument("--probes", type=Path, metavar="FOLDER", help="folder of further probes of your own, which are not public")
    made.add_argument(
        "--due", nargs="+", default=(), metavar="DATE", help="2026-05-31 or 2026-05-31T18:00; for one of several, 04-the-elbo=2026-05-31"
    )
    made.add_argument("--jobs", type=int, default=1, metavar="N", help="submissions to grade at the same time (default: 1)")
    made.add_argument("--unwalled", action="store_true", help="run students' code with no wall around it, as you, on this machine")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Grade as the command line says. The exit status: 0 done, 1 something to mend, which was said."""
    asked = parser().parse_args(arguments)
    try:
        from . import batch, gradebook
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "vae_course":
            raise
        print(f"{NEEDED} (There is no {error.name}.)", file=sys.stderr)
        return 1
    from .records import GradingError

    try:
        if asked.submissions is None:
            batch.report_again(asked.to)
        else:
            due = {name: gradebook.due(date) for name, date in map(_named_date, asked.due)}
            settings = {"exercises": asked.exercise, "private": asked.probes, "jobs": asked.jobs, "unwalled": asked.unwalled, "due": due}
            done = batch.grade(asked.submissions, asked.to, solutions=asked.reference or batch.SOLUTIONS, **settings)
            print(said(done))
    except GradingError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\n{STOPPED}", file=sys.stderr)
        return 1
    print(f"Look first at {asked.to / 'summary.html'}; the marks are in {asked.to / 'marks.csv'}.")
    return 0


def said(done: Outcome) -> str:
    """What a batch came to, in a sentence or two."""
    words = f"Graded {done.graded} notebook{'s' * (done.graded != 1)} of {', '.join(done.exercises)}"
    words += f"; {done.as_before} had been before." if done.as_before else "."
    if done.ungraded:
        words += f" The grader failed on {', '.join(done.ungraded)}: they have no points, and need a person."
    return words


def _named_date(words: str) -> tuple[str, str]:
    name, _, date = words.rpartition("=")
    return name, date


if __name__ == "__main__":
    raise SystemExit(main())
