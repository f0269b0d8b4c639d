"""A program behind the wall, and how it is spoken to: one request, one reply, each within its time. It always ends whole."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from . import kinds
from .groups import entering, group
from .limits import Limits
from .view import ROOM, environment, libraries, places
from .wire import HEAD, START, TOKEN, Malformed, Plain, framed, from_bytes

CHUNK = 2**18
LAST_WORDS = 2000
MOST_FORGERIES = 20
# What the tools that build a wall may see of the grader's own environment.
OF_THE_TOOLS = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "XDG_RUNTIME_DIR")


class Ended(Exception):
    """The program ended, or closed the wire, before it replied."""


class Late(Exception):
    """No reply came within the time."""


class Started:
    """A program behind a wall of some kind. Use it as a context: afterwards nothing of it runs.

    printed: how many bytes it printed. forged: how often something came over the wire that was no reply to what was asked.
    """

    def __init__(self, kind: str, kit: Path, program: str, limits: Limits, hidden: tuple[Path, ...] = (), plan: Plain = None) -> None:
        self.kind, self.limits, self.name = kind, limits, f"vae-course-{os.getpid()}-{secrets.token_hex(4)}"
        self.printed, self.forged, self.last_words = 0, 0, b""
        self._came, self._to_send = bytearray(), memoryview(b"")
        self._unwalled_room = tempfile.TemporaryDirectory(ignore_cleanup_errors=True) if kind == "none" else None
        self.group = None if kind in ("docker", "none") else group(limits.memory, limits.processes)
        user = kinds.unused_user() if kinds.changes_user(kind) else None
        settings = {
            "name": self.name,
            "limits": limits.on_each(),
            "user": user,
            "filtered": kind != "none",
            "paths": libraries(),
            "plan": plan,
        }
        python = [sys.executable, "-I", "-c", program, str(kinds.kit_of(kind, kit)), json.dumps(settings)]
        around = environment(Path(self._unwalled_room.name) if self._unwalled_room else ROOM)
        line = kinds.KINDS[kind](places(kit, limits, hidden), around, limits, self.name, python)
        self.process = subprocess.Popen(
            entering(self.group, line),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd=self._unwalled_room.name if self._unwalled_room else "/",
            env={name: os.environ[name] for name in OF_THE_TOOLS if name in os.environ},
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.selector = selectors.DefaultSelector()
        for stream, heard in ((self.process.stdout, self._hear), (self.process.stderr, self._count)):
            os.set_blocking(stream.fileno(), False)
            self.selector.register(stream, selectors.EVENT_READ, heard)
        os.set_blocking(self.process.stdin.fileno(), False)

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, request: Plain, within: float) -> Plain:
        """The reply to a request. Raises Ended or Late where there is none; what else came counts as forged."""
        token = secrets.token_bytes(TOKEN)
        self._to_send = memoryview(framed(request, token))
        assert self.process.stdin
        with contextlib.suppress(KeyError, ValueError, OSError):
            self.selector.register(self.process.stdin, selectors.EVENT_WRITE, self._send)
        found: list[Plain] = []

        def replied() -> bool:
            if reply := self._reply(token):
                found.append(reply[0])
            return bool(found)

        self._listen(replied, within, after_its_end=self.limits.grace)
        return found[0]

    def output(self, within: float) -> bytes:
        """All that a program without the wire prints on standard output, until nothing holds its streams open. Raises Late."""
        assert self.process.stdin
        self.process.stdin.close()
        with contextlib.suppress(Ended):
            self._listen(lambda: False, within, after_its_end=within)
        return bytes(self._came)

    def close(self) -> None:
        """End the program with everything that it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        kinds.end(self.kind, self.name)
        self.process.wait()
        if self.group is not None:
            self.group.close()
        self.selector.close()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError, AttributeError):
                stream.close()  # pyright: ignore[reportOptionalMemberAccess]
        if self._unwalled_room is not None:
            self._unwalled_room.cleanup()

    def _listen(self, done: Callable[[], bool], within: float, *, after_its_end: float) -> None:
        until = time.monotonic() + within
        gone_since = None
        while not done():
            now = time.monotonic()
            if now > until:
                raise Late
            if not any(key.data == self._hear or key.data == self._count for key in self.selector.get_map().values()):
                raise Ended
            # a process that it left behind may hold the streams open where there is no wall
            if self.process.poll() is not None:
                gone_since = gone_since or now
                if now - gone_since > after_its_end:
                    raise Ended
            for key, _ in self.selector.select(min(until - now, 0.2)):
                key.data(key.fileobj)

    def _hear(self, stream) -> None:
        if not (more := self._read(stream)):
            return
        self._came += more
        if len(self._came) > self.limits.answer + CHUNK:
            self.forged += 1
            self._came.clear()
            raise Ended

    def _count(self, stream) -> None:
        more = self._read(stream)
        self.printed += len(more)
        self.last_words = (self.last_words + more)[-LAST_WORDS:]

    def _read(self, stream) -> bytes:
        try:
            more = os.read(stream.fileno(), CHUNK)
        except BlockingIOError:
            return b""
        if not more:
            self.selector.unregister(stream)
        return more

    def _send(self, stream) -> None:
        try:
            sent = os.write(stream.fileno(), self._to_send[:CHUNK])
            self._to_send = self._to_send[sent:]
        except BlockingIOError:
            return
        except OSError:
            self._to_send = memoryview(b"")
        if not self._to_send:
            self.selector.unregister(stream)

    def _reply(self, token: bytes) -> list[Plain]:
        """The reply with this token, in a list, once it is there whole. Whatever stands before it is dropped, and counted."""
        while True:
            begins = self._came.find(START + token)
            if begins < 0:
                return []
            if begins > 0:
                self._drop(begins)
            if len(self._came) < HEAD.size:
                return []
            _, _, size = HEAD.unpack_from(self._came)
            if size <= self.limits.answer:
                if len(self._came) < HEAD.size + size:
                    return []
                with contextlib.suppress(Malformed):
                    value = from_bytes(self._came[HEAD.size : HEAD.size + size])
                    del self._came[: HEAD.size + size]
                    return [value]
            self._drop(HEAD.size)

    def _drop(self, size: int) -> None:
        del self._came[:size]
        self.forged += 1
        if self.forged > MOST_FORGERIES:
            raise Ended
