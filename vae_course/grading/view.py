"""What can be seen from behind the wall: a list of places, which each kind of wall builds in its own way. All else is not there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .kit import COURSE
from .limits import MEGABYTE, Limits

INSIDE = Path("/course")  # where the kit is
ROOM = Path("/tmp")  # where a student's files are: gone with the process
SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
OF_ETC = ("ld.so.cache", "localtime", "nsswitch.conf")
PROCESSORS = Path("/sys/devices/system/cpu")  # PyTorch counts them there
# The repository's own folders, where the course runs from it.
OF_THE_REPOSITORY = ("solutions", "exercises", "tests", ".git")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
DATA = "VAE_COURSE_DATA"


@dataclass(frozen=True)
class Place:
    """One place. kind: "read-only" (what lies at `source` outside), "link" (to `source`), "room" (empty, to be written, of `size` bytes),
    "empty" (covers what would be seen there).
    """

    kind: str
    path: Path
    source: Path = Path()
    size: int = 0


def places(kit: Path, limits: Limits, hidden: Iterable[Path] = ()) -> list[Place]:
    """All places, in the order in which they have to be built. hidden: folders to be covered where they lie in one that is seen."""
    # what lies in a room (a virtual environment in /tmp) is put into it afterwards
    found = [Place("room", ROOM, size=limits.folder), Place("room", Path("/dev/shm"), size=limits.folder)]
    found += [_system(Path("/", name)) for name in SYSTEM if os.path.lexists(Path("/", name))]
    found += [_read_only(path) for path in (*(Path("/etc", name) for name in OF_ETC), PROCESSORS) if path.exists()]
    for path in (*map(Path, (sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix)), *map(Path, libraries()), *data()):
        if not any(_lies_in(path, place.path) for place in found if place.kind == "read-only"):
            found.append(_read_only(path))
    seen = [place.path for place in found if place.kind == "read-only"]
    repository = [COURSE, *(COURSE.parent / name for name in OF_THE_REPOSITORY)]
    others = [Path(library, COURSE.name) for library in libraries()]  # a copy that is installed beside a checkout has the answers, too
    covered = {path.resolve() for path in (*repository, *others, *hidden) if path.is_dir()}
    found += [Place("empty", path) for path in sorted(covered) if any(_lies_in(path, one) for one in seen)]
    return [*found, Place("read-only", INSIDE, kit)]


def libraries() -> list[str]:
    """The folders of Python's packages that are searched outside."""
    return [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages") and Path(path).is_dir()]


def data() -> list[Path]:
    """The folder of data that a person named, if it is there."""
    return [Path(os.environ[DATA]).absolute()] if os.environ.get(DATA) and Path(os.environ[DATA]).is_dir() else []


def environment(room: Path = ROOM) -> dict[str, str]:
    """All variables that a program behind the wall has. room: the folder that is its home."""
    named = {} if not data() else {DATA: str(data()[0])}
    return {
        **ONE_THREAD,
        **named,
        "HOME": str(room),
        "TMPDIR": str(room),
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "USER": "student",
        "LOGNAME": "student",
        "MPLBACKEND": "agg",
        "VAE_COURSE_PROFILE": "quick",
        "VAE_COURSE_DEVICE": "cpu",
        "VAE_COURSE_HOME": str(room),
    }


def _system(path: Path) -> Place:
    return Place("link", path, Path(os.readlink(path))) if path.is_symlink() else _read_only(path)


def _read_only(path: Path) -> Place:
    return Place("read-only", path, path)


def _lies_in(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


SMALL = 4 * MEGABYTE  # of what holds nothing but the places themselves
