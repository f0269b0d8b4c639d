"""Work that is stopped when its time is up, also where it catches whatever is raised, and where there are no signals."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

RING_AGAIN = 0.05
HERE = os.path.dirname(__file__)


class OutOfTime(BaseException):
    """Raised inside work that runs too long; no Exception, so that `except Exception` lets it through."""


def finish_within(seconds: float, work: Callable[[], None]) -> bool:
    """Run `work`; False where it had to be stopped after `seconds`.

    In the main thread a signal interrupts it, again and again until it ends. Elsewhere (Windows, other threads) it runs in
    a thread of its own, which is asked to stop and, where it does not (deep inside one long operation), left behind.
    """
    if hasattr(signal, "pthread_kill") and threading.current_thread() is threading.main_thread():
        try:
            with _interrupted_after(seconds, work):
                work()
        except OutOfTime:
            return False
        return True
    return _finish_in_thread(seconds, work)


@contextlib.contextmanager
def _interrupted_after(seconds: float, work: Callable[[], None]):
    """A thread that rings from outside: a timer of the process could be switched off by the work itself, or be somebody else's."""
    over, end, rings = threading.Event(), time.monotonic() + seconds, 0
    main = threading.main_thread().ident
    assert main is not None

    def ring_until_over() -> None:
        wait = seconds
        while not over.wait(wait):
            signal.pthread_kill(main, signal.SIGALRM)
            wait = RING_AGAIN

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal rings
        if time.monotonic() < end or over.is_set():
            if callable(before):
                before(signum, frame)
            return
        if not _at_work(frame, work):
            return
        rings += 1
        if rings > 1:
            _raise_after_lines(rings - 1, frame, work)
        raise OutOfTime

    before, traced = signal.signal(signal.SIGALRM, stop), sys.gettrace()
    bell = threading.Thread(target=ring_until_over, daemon=True)
    bell.start()
    try:
        yield
    finally:
        over.set()
        sys.settrace(traced)
        bell.join()
        signal.signal(signal.SIGALRM, before)


def _at_work(frame: FrameType | None, work: Callable[[], None]) -> bool:
    """Whether somebody else's code runs inside `work`. The engine's own, which puts the session right, is not interrupted."""
    theirs = frame is not None and frame.f_code.co_name == "watched"  # a function that is none of Python's has no frame
    while frame is not None and frame.f_code is not work.__code__:
        theirs |= _is_theirs(frame)
        frame = frame.f_back
    return theirs and frame is not None


def _is_theirs(frame: FrameType) -> bool:
    return os.path.dirname(frame.f_code.co_filename) != HERE and frame.f_code.co_filename != contextlib.__file__


def _raise_after_lines(lines: int, frame: FrameType | None, work: Callable[[], None]) -> None:
    """Raise once more, `lines` lines further on: work that swallows every exception inside a `try` does not do so on each of its lines.

    Lines of the engine's own do not count: it puts the session right, and must come to the end of that.
    """

    def count(frame: FrameType, event: str, argument):
        nonlocal lines
        if not _is_theirs(frame):
            return None
        if event == "line":
            lines -= 1
            if lines <= 0:
                raise OutOfTime
        return count

    sys.settrace(count)
    while frame is not None and frame.f_code is not work.__code__:
        if _is_theirs(frame):
            frame.f_trace = count
        frame = frame.f_back


def _finish_in_thread(seconds: float, work: Callable[[], None]) -> bool:
    problems: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    thread.join(seconds)
    asked_until = time.monotonic() + 20 * RING_AGAIN
    stopped = thread.is_alive()
    while thread.is_alive() and time.monotonic() < asked_until:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(OutOfTime))
        thread.join(RING_AGAIN)
    if stopped or (problems and isinstance(problems[0], OutOfTime)):
        return False
    if problems:
        raise problems[0]
    return True
