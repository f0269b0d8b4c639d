"""The program behind the wall: it runs a student's cells and calls the answers, as it is asked to, and hands out what they give.

It knows nothing of what is right. It shares its process with the student's code, which may change all of it: what it says is a claim, and
the other side treats it as one (see `wire`). What it needs while it answers is bound before there is such code.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time

PROGRAM = "import sys; sys.path[:0] = sys.argv[1:2]; from vae_course.grading.inside import main; main()"
_read, _write, _exit, _own_id, _now, _pause = os.read, os.write, os._exit, os.getpid, time.monotonic, time.sleep
_kill, _wait, _names_in, _do_not_block = os.kill, os.waitpid, os.listdir, getattr(os, "WNOHANG", 0)
ALL_OTHERS, AT_ONCE, HIGHEST_INSIDE, PATIENCE = -1, 9, 50, 5.0


def _apart() -> tuple[int, int]:
    """The two ends of the wire, apart from standard input and output: what a student prints goes where errors go."""
    asked, told = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return asked, told


def main() -> None:
    """Confine this process, then answer requests until there are no more. The settings are the second argument, in JSON."""
    import json

    from .confine import confine

    settings = json.loads(sys.argv[2])
    sys.path += [path for path in settings["paths"] if path not in sys.path]
    asked, told = _apart()
    confine(settings["limits"], user=settings["user"], filtered=settings["filtered"])
    from .notebook import Notebook

    Wire(asked, told, settings["limits"]["answer"], walled=settings["filtered"]).serve(Notebook())


class Wire:
    """Requests from one file descriptor, replies to another. most: how many bytes a reply may have."""

    def __init__(self, asked: int, told: int, most: int, *, walled: bool) -> None:
        from . import wire

        self.asked, self.told, self.me = asked, told, _own_id()
        self.framed, self.from_bytes, self.head = wire.framed, wire.from_bytes, wire.HEAD
        self.too_large, self.most, self.walled = wire.TooLarge, most, walled

    def serve(self, notebook) -> None:
        """Answer until the other side closes the wire. A copy of the process that the student's code made ends where it comes here."""
        while True:
            _, token, size = self.head.unpack(self._take(self.head.size))
            request = self.from_bytes(self._take(size))
            if self.walled:
                _end_all_others()
            reply = notebook.reply(request)
            if _own_id() != self.me:
                _exit(0)
            try:
                left = memoryview(self.framed(reply, token, self.most))
            except self.too_large:
                left = memoryview(self.framed({"too large": True}, token))
            except Exception:  # the student's code has broken what is used for writing
                left = memoryview(self.framed({"too large": False}, token))
            while left:
                left = left[_write(self.told, left) :]

    def _take(self, size: int) -> bytes:
        taken = bytearray()
        while len(taken) < size:
            if not (more := _read(self.asked, size - len(taken))):
                _exit(0)
            taken += more
        return bytes(taken)


def _end_all_others() -> None:
    """End what a cell or an answer started and left: the next one should have the memory, and the processes, for itself.

    Behind the wall there is nobody else. That this is so is seen once more: elsewhere, numbers as low as this one's are the system's.
    """
    if _own_id() > HIGHEST_INSIDE:
        return
    until = _now() + PATIENCE
    while _now() < until:
        with contextlib.suppress(OSError):
            _kill(ALL_OTHERS, AT_ONCE)
        with contextlib.suppress(OSError):
            while _wait(ALL_OTHERS, _do_not_block)[0]:
                pass
        # those that are not this process's own children are waited for by the first one
        if not {name for name in _names_in("/proc") if name.isdigit()} - {"1", str(_own_id())}:
            return
        _pause(0.01)
