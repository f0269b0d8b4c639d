"""The grader's command line, called as an instructor calls it, with what it left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.grading.walled import no_wall
from tests.notebooks.project import ROOT

GRADING = "vae_course.grading"
NO_WALL = "There is no wall behind which"


@dataclass(frozen=True)
class Called:
    """What a call came to. status: the command's own. left: processes that outlived it, by what they were called with."""

    status: int
    said: str
    left: list[str]


def grade(
    source: Path,
    to: Path,
    *more: object,
    exercises: Sequence[str],
    home: Path,
    watch: Sequence[str] = (),
    program: str = GRADING,
    **environment: str,
) -> Called:
    """Grade `source` into `to`. more: further words of the command. home: becomes the user's home folder, with one for temporary files.

    watch: options of `watched`. program: the module that is run. environment: further variables. Where no wall stands the test is skipped,
    or fails where one is wanted.
    """
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    words = [
        "-m",
        "tests.grading.watched",
        *watch,
        sys.executable,
        "-m",
        "vae_course.grading",
        source,
        "--to",
        to,
        "--exercise",
        *exercises,
        *more,
    ]
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "HOME": str(home), "TMPDIR": str(home / "tmp"), "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=1800,
        check=False,
    )
    if NO_WALL in done.stdout:
        no_wall(done.stdout)
    told = json.loads(done.stdout.splitlines()[-1])
    return Called(told["status"], done.stdout, told["left"])
