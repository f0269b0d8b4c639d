"""The wall between a student's code and everything else: which one stands on this machine, and what was seen when it was tried.

Nothing here is believed because a tool exists: before anything is graded, a program behind the wall tries what nobody may do there
(see `trial`), and what comes of it decides.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from . import kinds, trial
from .groups import sweep
from .kit import COURSE, build_kit
from .limits import MEGABYTE, Limits
from .process import Late, Started
from .records import GradingError
from .view import OF_THE_REPOSITORY, environment

ORDER = ("bubblewrap", "namespaces", "docker")
SECRET = "secret"
# The trial's own limits: small, so that reaching beyond them takes no time.
IN_THE_TRIAL = {"memory": 512 * MEGABYTE, "processes": 24, "file": 8 * MEGABYTE, "folder": 16 * MEGABYTE}
# Python sets this one itself where there is no locale; docker sets the other.
HARMLESS = ("LC_CTYPE", "HOSTNAME", "PWD", "SHLVL", "_", "OLDPWD", "container")
PATIENCE = 60.0
MEND = "Install bubblewrap (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap), or run a docker engine, on Linux"


@dataclass(frozen=True)
class Wall:
    """A wall that was tried and stands, or none where the instructor asked for none. It can be handed to other processes.

    kind: one of `kinds.KINDS`. words: which wall it is, and what each attempt showed. kit: the course as it is seen inside.
    """

    kind: str
    words: str
    kit: Path
    limits: Limits = field(default_factory=Limits)
    hidden: tuple[Path, ...] = ()

    def started(self, program: str) -> Started:
        """A program behind the wall, as a context."""
        return Started(self.kind, self.kit, program, self.limits, self.hidden)


def choose_wall(*, unwalled: bool = False, limits: Limits | None = None, hidden: Iterable[Path] = ()) -> Wall:
    """The best wall that stands on this machine. Raises GradingError where none does, unless `unwalled`, which takes none.

    limits: what one submission may use. hidden: folders of which nothing may be seen (submissions, results), wherever they lie.
    """
    limits, hidden = limits or Limits(), tuple(hidden)
    folder = _folder()
    kit = folder / "kit"
    build_kit(kit)
    if unwalled:
        if os.name != "posix":
            raise GradingError("Without a wall, grading still needs Linux or macOS. Run it there.")
        words = "No wall: students' code is run with all your rights, as you asked. Limits of time and memory hold, and nothing else does."
        return Wall("none", words, kit, limits, hidden)
    sweep()
    refused = []
    for kind in ORDER:
        if why := kinds.lacking(kind):
            refused.append(f"{kind}: {why}")
            continue
        words, failed = tried(kind, kit, limits, hidden)
        if not failed:
            return Wall(kind, words, kit, limits, hidden)
        refused.append(f"{kind}: {failed}")
    shutil.rmtree(folder, ignore_errors=True)
    tried_words = "\n    ".join(refused)
    raise GradingError(
        f"There is no wall behind which students' code could be run, so nothing was graded.\n    {tried_words}\n"
        f"{MEND}. To run students' code with all your rights instead, say --unwalled."
    )


def tried(kind: str, kit: Path, limits: Limits, hidden: tuple[Path, ...] = ()) -> tuple[str, str]:
    """What came of trying one kind of wall: (words for the instructor, what failed), the latter empty where it stands."""
    small = Limits(**{**vars(limits), **IN_THE_TRIAL})
    with tempfile.TemporaryDirectory() as outside, socket.create_server(("127.0.0.1", 0)) as listener:
        Path(outside).chmod(0o777)
        secret = Path(outside, SECRET)
        secret.write_text("the marks of all")
        secret.chmod(0o644)
        plan = _plan(small, outside, hidden, listener.getsockname())
        try:
            kinds.make_ready(kind)
            with Started(kind, kit, trial.PROGRAM, small, hidden, plan) as started:
                came = started.output(PATIENCE)
                counted = "control groups" if started.group else "docker" if kind == "docker" else "limits of each process"
        except Late:
            return "", "a process that it was left with went on running"
        except OSError as error:
            return "", f"it could not be started ({error})"
        try:
            found = json.loads(came)
        except ValueError:
            said = started.last_words.decode("utf-8", "replace").strip().splitlines()
            return "", f"it could not be built ({said[-1][:300] if said else 'nothing was said'})"
        written = [path.name for path in Path(outside).iterdir() if path.name != SECRET]
    if written:
        found["wrote"] += written
    failed = _failures(found, small)
    seen = [
        "writing outside and reading a secret file: refused, nothing of the tasks' answers in sight",
        "loopback and other machines: out of reach",
        f"a file has at most {found['file'] // MEGABYTE} of {small.file // MEGABYTE} MB",
        f"at most {found['processes']} of {small.processes} processes run at once",
        f"memory: at most {found['memory'] // MEGABYTE} of {small.memory // MEGABYTE} MB, counted by {counted}",
        "another user, root's rights, the grader's environment: refused",
        "a process left behind: ended with the wall",
    ]
    return f"The wall is {kind}. It was tried:\n    " + "\n    ".join(seen), "; ".join(failed)


def _plan(limits: Limits, outside: str, hidden: Iterable[Path], listener: tuple[str, int]) -> dict:
    repository = [COURSE.parent / name for name in OF_THE_REPOSITORY]
    answers = [COURSE / "tasks" / "elbo" / "gaussian_kl.py", Path("/course", COURSE.name, "tasks", "elbo", "gaussian_kl.py")]
    homes = [Path.home() / ".bashrc", Path.home() / ".profile", Path.home() / ".ssh", Path("/root/.bashrc"), Path("/etc/shadow")]
    return {
        "write": [
            f"{outside}/written",
            str(COURSE / "written"),
            f"{sys.prefix}/written",
            "/written",
            "/course/written",
            "/usr/written",
            "/dev/written",
        ],
        "read": [f"{outside}/{SECRET}", *map(str, (*repository, *answers, *hidden, *homes))],
        "environment": [*environment(), *HARMLESS],
        "reach": [list(listener)],
        "file": 4 * limits.file,
        "processes": 4 * limits.processes,
        "memory": 3 * limits.memory,
    }


def _failures(found: dict, limits: Limits) -> list[str]:
    """What was possible behind the wall and should not be, in words."""
    broken = {
        f"files could be written outside ({', '.join(found['wrote'])})": found["wrote"],
        f"files could be read that are none of a student's business ({', '.join(found['read'])})": found["read"],
        f"variables of the grader's environment were there ({', '.join(found['environment'])})": found["environment"],
        f"open files were left to it ({found['open']})": found["open"],
        "root's rights, or new namespaces, could be had": found["root"],
        "a listener on loopback could be reached": found["reached"],
        "there is a way to other machines": found["route"],
        f"a file of {found['file']} bytes could be written, at most {limits.file} are allowed": found["file"] > limits.file,
        f"{found['processes']} processes ran at once, at most {limits.processes} are allowed": found["processes"] > limits.processes,
        f"{found['memory']} bytes of memory could be used, at most {limits.memory} are allowed": found["memory"] > limits.memory,
    }
    return [words for words, wrong in broken.items() if wrong]


def _folder() -> Path:
    """A folder that others can read, gone when this process ends."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="vae-course-wall-"))
    except OSError as error:
        raise GradingError(
            f"No folder for temporary files can be made: {error}. Make room, or set TMPDIR to a folder that can be written."
        ) from None
    owner = os.getpid()

    def away() -> None:
        if os.getpid() == owner:  # no copy of this process takes it away
            with contextlib.suppress(OSError):
                shutil.rmtree(folder)

    atexit.register(away)
    folder.chmod(0o755)
    for name in ("kit", kinds.ROOT):
        (folder / name).mkdir()
        (folder / name).chmod(0o755)
    return folder
