"""Control groups: where they can be written, the kernel counts memory and processes of a student's whole run, and ends it whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MOUNTED, OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
PREFIX = "vae-course-"
PATIENCE = 5.0


@dataclass
class Group:
    """One run's groups: one folder where memory and processes are counted together (version 2), else one for each (version 1)."""

    folders: list[Path] = field(default_factory=list)

    @property
    def entries(self) -> list[Path]:
        """The files into which a process writes its number to be counted here."""
        return [folder / "cgroup.procs" for folder in self.folders]

    def close(self) -> None:
        """End what is still running in it, and take the groups away."""
        until = time.monotonic() + PATIENCE
        while self.folders and time.monotonic() < until:
            for folder in list(self.folders):
                with contextlib.suppress(OSError):
                    for number in (folder / "cgroup.procs").read_text().split():
                        os.kill(int(number), signal.SIGKILL)
                with contextlib.suppress(OSError):
                    folder.rmdir()
                if not folder.exists():
                    self.folders.remove(folder)
            if self.folders:
                time.sleep(0.01)


def group(memory: int, processes: int, *, mounted: Path = MOUNTED, own: Path = OWN) -> Group | None:
    """A new group with these limits, None where none can be made here. Its maker's number is in its name."""
    name = f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    for folders in _candidates(mounted, own):
        made = Group()
        try:
            for folder, limits in folders:
                (folder / name).mkdir()
                made.folders.append(folder / name)
                for file, value in limits(memory, processes).items():
                    if (folder / name / file).exists():
                        (folder / name / file).write_text(str(value))
                if not any((folder / name / file).exists() for file in limits(memory, processes)):
                    raise OSError(f"no such limits in {folder}")
            if _can_be_entered(made):
                return made
        except OSError:
            pass
        made.close()
    return None


def sweep(*, mounted: Path = MOUNTED, own: Path = OWN) -> None:
    """Take away the groups of makers that are gone, as one leaves them that was killed."""
    for folders in _candidates(mounted, own):
        for folder, _ in folders:
            for left in folder.glob(f"{PREFIX}*-*"):
                maker = left.name.removeprefix(PREFIX).partition("-")[0]
                if maker.isdigit() and not Path("/proc", maker).exists():
                    Group([left]).close()


def _candidates(mounted: Path, own: Path) -> Iterator[list]:
    """Where groups could be made, best first: lists of (folder, what limits are called there)."""
    try:
        lines = [line.split(":", 2) for line in own.read_text().splitlines()]
    except OSError:
        return
    of = {controller: path for _, controllers, path in lines for controller in controllers.split(",")}
    if (mounted / "cgroup.controllers").exists():
        here = mounted / of.get("", "/").strip("/")
        for folder in (here, *here.parents):
            with contextlib.suppress(OSError):
                if {"memory", "pids"} <= set((folder / "cgroup.subtree_control").read_text().split()):
                    yield [(folder, _version_2)]
            if folder == mounted:
                return
    elif "memory" in of and "pids" in of:
        yield [(mounted / "memory" / of["memory"].strip("/"), _memory_1), (mounted / "pids" / of["pids"].strip("/"), _processes_1)]


def _version_2(memory: int, processes: int) -> dict[str, int]:
    return {"memory.max": memory, "memory.swap.max": 0, "pids.max": processes}


def _memory_1(memory: int, processes: int) -> dict[str, int]:
    return {"memory.limit_in_bytes": memory, "memory.memsw.limit_in_bytes": memory}


def _processes_1(memory: int, processes: int) -> dict[str, int]:
    return {"pids.max": processes}


def _can_be_entered(made: Group) -> bool:
    return subprocess.run(entering(made, ["true"]), capture_output=True, check=False).returncode == 0


def entering(made: Group | None, command: list[str]) -> list[str]:
    """A command that puts itself into a group first."""
    if made is None:
        return command
    enter = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done; shift; exec "$@"'
    return ["/bin/sh", "-c", enter, "sh", *map(str, made.entries), "--", *command]
