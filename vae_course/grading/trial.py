"""What the wall is tried with: a program that does behind it what nobody may do, and tells what came of each attempt.

Run as any program there, with the same limits. It prints one line of JSON.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import time

PROGRAM = "import sys; sys.path[:0] = sys.argv[1:2]; from vae_course.grading.trial import main; main()"
STEP = 32 * 2**20
LONG = 600


def main() -> None:
    """Make every attempt, the settings being the second argument, in JSON."""
    from .confine import confine

    settings = json.loads(sys.argv[2])
    confine(settings["limits"], user=settings["user"], filtered=settings["filtered"])
    plan = settings["plan"]
    found = {
        "wrote": [path for path in plan["write"] if _writes(path)],
        "read": [path for path in plan["read"] if _reads(path)],
        "environment": sorted(_variables() - set(plan["environment"])),
        "open": _open_files(),
        "root": _is_root(),
        "reached": [address for address in plan["reach"] if _reaches(*address)],
        "route": _has_a_route(),
        "file": _largest_file(plan["file"]),
        "processes": _most_processes(plan["processes"]),
        "memory": _most_memory(plan["memory"]),
    }
    _leave_a_daemon()
    print(json.dumps(found), flush=True)


def _writes(path: str) -> bool:
    with contextlib.suppress(OSError), open(path, "w") as file:
        file.write("written from behind the wall")
        return True
    return False


def _reads(path: str) -> bool:
    with contextlib.suppress(OSError):
        return bool(os.listdir(path)) if os.path.isdir(path) else bool(open(path, "rb").read(1))  # noqa: SIM115
    return False


def _variables() -> set[str]:
    """The names of all variables that this process or another one has, as far as they can be read."""
    found = set(os.environ)
    for number in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{number}/environ", "rb") as file:
            found |= {one.partition(b"=")[0].decode("utf-8", "replace") for one in file.read().split(b"\0") if one}
    return found


def _open_files() -> list[int]:
    """Descriptors beyond the first three, that is, what somebody forgot to close."""
    found = []
    for descriptor in range(3, 256):
        with contextlib.suppress(OSError):
            os.fstat(descriptor)
            found.append(descriptor)
    return found


def _is_root() -> bool:
    """Whether the process could become root, is root outside, or could make a namespace where it is."""
    for become in (lambda: os.setuid(0), lambda: os.setgid(0)):
        with contextlib.suppress(OSError):
            if os.getuid() != 0 and become() is None:
                return True
    with contextlib.suppress(OSError, AttributeError):
        new_user = 0x10000000
        return ctypes.CDLL(None).unshare(new_user) == 0
    return False


def _reaches(host: str, port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=2):
        return True
    return False


def _has_a_route() -> bool:
    """Whether there is a way to any other machine. Nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unsent:
        unsent.connect(("192.0.2.1", 9))
        return True
    return False


def _largest_file(goal: int) -> int:
    """How many bytes of a file could be written, up to `goal`."""
    written, path = 0, "large"
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
        while written < goal:
            more = file.write(bytes(STEP // 32))
            written += more
            if not more:
                break
    with contextlib.suppress(OSError):
        os.unlink(path)
    return written


def _most_processes(goal: int) -> int:
    """How many processes could be started at once, up to `goal`."""
    children = []
    with contextlib.suppress(OSError):
        while len(children) < goal:
            child = os.fork()
            if child == 0:
                time.sleep(LONG)
                os._exit(0)
            children.append(child)
    for child in children:
        os.kill(child, signal.SIGKILL)
    for child in children:
        os.waitpid(child, 0)
    return len(children)


def _most_memory(goal: int) -> int:
    """How many bytes one process could have and use, up to `goal`, before it was refused more or killed."""
    listening, telling = os.pipe()
    child = os.fork()
    if child == 0:
        held = []
        with contextlib.suppress(MemoryError):
            while len(held) * STEP < goal:
                held.append(b"\1" * STEP)
                os.write(telling, b".")
        os._exit(0)
    os.close(telling)
    steps = 0
    while more := os.read(listening, 4096):
        steps += len(more)
    os.waitpid(child, 0)
    return steps * STEP


def _leave_a_daemon() -> None:
    """A process that nobody waits for, in a session of its own, deaf to what can be ignored. It keeps standard error open."""
    sys.stdout.flush()
    if os.fork() == 0:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            os.close(1)
            time.sleep(LONG)
        os._exit(0)
