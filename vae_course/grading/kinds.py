"""The kinds of wall: how each builds the places that are seen behind it, and starts a program there."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .limits import Limits
from .view import INSIDE, ROOM, SMALL, Place

EMPTY_IMAGE = "vae-course-empty"
OF_THE_MOUNT = {os.ST_NOSUID: "nosuid", os.ST_NODEV: "nodev", os.ST_NOEXEC: "noexec"} if hasattr(os, "ST_NODEV") else {}
LOWEST_USER, HIGHEST_USER = 20_000, 60_000
ROOT = "root"  # an empty folder beside the kit
OF_DEV = ("null", "zero", "full", "random", "urandom")


def bubblewrap(places: Sequence[Place], environment: Mapping[str, str], limits: Limits, name: str, command: list[str]) -> list[str]:
    """The command that runs `command` in a bubble: namespaces of its own for all that has them, and nothing but the places.

    Root keeps the two rights with which the program then becomes an unused user, as no user can read what is root's alone.
    """
    as_root = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    as_user = ["--unshare-user", "--cap-drop", "ALL"]
    line = ["bwrap", *(as_root if is_root() else as_user)]
    line += ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    line += ["--die-with-parent", "--new-session", "--hostname", "wall", "--dev", "/dev", "--proc", "/proc"]
    made: set[Path] = set()
    for place in places:
        for folder in reversed(place.path.parents[:-1]):
            if not made & {folder, *folder.parents}:  # else it would be one that only root may enter
                line += ["--perms", "0755", "--dir", str(folder)]
        if place.kind == "read-only":
            made.add(place.path)
        if place.kind == "read-only":
            line += ["--ro-bind", str(place.source), str(place.path)]
        elif place.kind == "link":
            line += ["--symlink", str(place.source), str(place.path)]
        elif place.kind == "room":
            line += ["--perms", "1777", "--size", str(place.size), "--tmpfs", str(place.path)]
        else:
            line += ["--size", str(SMALL), "--tmpfs", str(place.path), "--remount-ro", str(place.path)]
    line += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", str(ROOM), "--clearenv"]
    for variable, value in environment.items():
        line += ["--setenv", variable, value]
    return [*line, "--", *command]


def namespaces(places: Sequence[Place], environment: Mapping[str, str], limits: Limits, name: str, command: list[str]) -> list[str]:
    """The same by the tools that every Linux has: new namespaces, and in them a script that builds the places and goes there."""
    # in namespaces of its own the same folder may be covered again and again
    root = next(place.source for place in places if place.path == INSIDE).parent / ROOT
    # without root's rights, what was mounted before cannot be taken apart: it has to be taken with all that is on it
    bind = "--bind" if is_root() else "--rbind"

    def at(path: Path) -> str:
        return shlex.quote(f"{root}{path}")

    def mount_empty(path: str, size: int, mode: str) -> str:
        return f"mkdir -p {path}; mount -t tmpfs -o nosuid,nodev,size={size},mode={mode} wall {path}"

    script = ["set -e", mount_empty(shlex.quote(str(root)), SMALL, "755")]
    script += [f"mkdir {at(Path('/proc'))}; mount -t proc proc {at(Path('/proc'))}", f"mkdir {at(Path('/dev'))}"]
    for device in OF_DEV:
        script.append(f"touch {at(Path('/dev', device))}; mount --bind /dev/{device} {at(Path('/dev', device))}")
    script.append(f"ln -s /proc/self/fd {at(Path('/dev/fd'))}")
    for place in places:
        here = at(place.path)
        if place.kind == "read-only":
            make = f"mkdir -p {here}" if place.source.is_dir() else f"mkdir -p {at(place.path.parent)}; touch {here}"
            script.append(f"{make}; mount {bind} {shlex.quote(str(place.source))} {here}")
            script.append(f"mount -o remount,bind,ro{_kept(place.source)} {here}")
        elif place.kind == "link":
            script.append(f"ln -s {shlex.quote(str(place.source))} {here}")
        elif place.kind == "room":
            script.append(mount_empty(here, place.size, "1777"))
        else:
            script += [mount_empty(here, SMALL, "755"), f"mount -o remount,bind,ro,nosuid,nodev {here}"]
    script += [
        f"mkdir {at(Path('/outside'))}",
        f"cd {shlex.quote(str(root))}",
        "pivot_root . outside",
        "umount -l /outside",
        "rmdir /outside",
    ]
    variables = " ".join(f"{variable}={shlex.quote(value)}" for variable, value in environment.items())
    script += ["mount -o remount,bind,ro,nosuid,nodev /", f"cd {ROOM}", f"exec env -i {variables} {shlex.join(command)}"]
    apart = ["--mount", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts", "--cgroup", "--propagation", "private"]
    as_user = [] if is_root() else ["--user", "--map-root-user"]
    with_the_grader = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    return [*with_the_grader, "unshare", *as_user, *apart, "/bin/sh", "-c", "\n".join(script)]


def docker(places: Sequence[Place], environment: Mapping[str, str], limits: Limits, name: str, command: list[str]) -> list[str]:
    """The same in a container of an image that holds nothing: all that is seen comes from this system."""
    user = str(unused_user() if is_root() else os.geteuid())
    line = ["docker", "run", "--rm", "--interactive", "--name", name, "--network", "none", "--read-only", "--user", f"{user}:{user}"]
    line += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", str(limits.processes)]
    line += ["--memory", str(limits.memory), "--memory-swap", str(limits.memory), "--workdir", str(ROOM)]
    for place in places:
        if place.path.parts[1] == "sys":  # the engine puts its own there
            continue
        if place.kind == "room":
            line += ["--tmpfs", f"{place.path}:rw,nosuid,nodev,mode=1777,size={place.size}"]
        elif place.kind == "empty":
            line += ["--tmpfs", f"{place.path}:ro,mode=755,size={SMALL}"]
        else:  # a link of this system's becomes the folder that it leads to
            source = place.source if place.kind == "read-only" else place.path.resolve()
            line += ["--mount", f"type=bind,source={source},target={place.path},readonly"]
    for variable, value in environment.items():
        line += ["--env", f"{variable}={value}"]
    return [*line, EMPTY_IMAGE, *command]


def unwalled(places: Sequence[Place], environment: Mapping[str, str], limits: Limits, name: str, command: list[str]) -> list[str]:
    """No wall at all, as the instructor asked: the limits of each process, and an environment of its own."""
    return ["env", "-i", *(f"{variable}={value}" for variable, value in environment.items()), *command]


KINDS = {"bubblewrap": bubblewrap, "namespaces": namespaces, "docker": docker, "none": unwalled}
NEEDED = {"bubblewrap": ("bwrap",), "namespaces": ("unshare", "mount", "umount", "pivot_root", "env"), "docker": ("docker",)}


def lacking(kind: str) -> str:
    """Why a kind of wall cannot even be tried here, or nothing."""
    if not sys.platform.startswith("linux"):
        return "this system is not Linux"
    if missing := [program for program in NEEDED[kind] if shutil.which(program) is None]:
        return f"there is no {' and no '.join(missing)}"
    if kind != "docker":
        return ""
    answer = subprocess.run(["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, check=False, timeout=20)
    return "" if answer.returncode == 0 else "no engine answers"


def make_ready(kind: str) -> None:
    """What a kind needs once: the image that holds nothing."""
    if kind == "docker":
        nothing = subprocess.run(["tar", "--create", "--files-from", "/dev/null"], capture_output=True, check=True).stdout
        subprocess.run(["docker", "import", "-", EMPTY_IMAGE], input=nothing, capture_output=True, check=True, timeout=60)


def end(kind: str, name: str) -> None:
    """End what killing the command does not: a container is the engine's child."""
    if kind == "docker":
        subprocess.run(["docker", "kill", name], capture_output=True, check=False, timeout=20)


def changes_user(kind: str) -> bool:
    """Whether the program behind the wall starts as root, and has to become another user by itself."""
    return kind in ("bubblewrap", "namespaces") and is_root()


def is_root() -> bool:
    """Whether this is a root who can become somebody else, and not one in a namespace where there is nobody else."""
    return os.geteuid() == 0 and _highest_user() > LOWEST_USER


def unused_user() -> int:
    """The number of a user that nobody is. Another one each time, as the kernel counts a user's processes wherever they run."""
    import pwd
    import secrets

    taken = {entry.pw_uid for entry in pwd.getpwall()}
    while True:
        number = LOWEST_USER + secrets.randbelow(_highest_user() - LOWEST_USER)
        if number not in taken:
            return number


def _highest_user() -> int:
    first, _, many = Path("/proc/self/uid_map").read_text().split()[:3]
    return min(HIGHEST_USER, int(first) + int(many) - 1)


def kit_of(kind: str, kit: Path) -> Path:
    """Where the program finds the kit."""
    return kit if kind == "none" else INSIDE


def _kept(source: Path) -> str:
    """What a mount forbids already, and has to go on forbidding where it is mounted again by somebody without rights."""
    flags = os.statvfs(source).f_flag
    return "".join(f",{name}" for flag, name in OF_THE_MOUNT.items() if flags & flag)
