"""The middle step: a function is called on the probes, and what it gives is turned into plain data.

Nothing here knows what is right, so this step can run in another process.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import linecache
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from functools import wraps

import torch
from torch import Tensor

from .claims import FOREIGN
from .declaration import Output, Plain, Probe, Task, Trouble


class _OutOfTime(BaseException):
    """Raised inside a function that runs too long; no Exception, so that `except Exception` lets it through."""


class _Raised(Exception):
    """The learner's function raised: carries its exception past whatever else happens around the call."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


def call(task: Task, function: Callable, probes: list[Probe], *, seconds: float | None = None) -> list[Output]:
    """Call `function` on every probe, under PyTorch's seed of that probe. What it prints is shown once, for the first.

    All calls together may take `seconds` (the task's own limit by default); what comes after them is left undone.
    """
    limit = task.seconds if seconds is None else seconds
    outputs: list[Output] = []
    why = "Is there a loop that never ends, or a loop where one tensor operation would do?"
    slow = Trouble("slow", f"Your function was stopped after {limit:g} seconds. {why}")
    end = time.monotonic() + limit

    def work() -> None:
        for number, probe in enumerate(probes):
            if time.monotonic() > end:
                raise _OutOfTime
            with contextlib.redirect_stdout(io.StringIO()) if number else contextlib.nullcontext():
                outputs.append(_one_call(task, function, probe))
            if outputs[-1].trouble:
                return

    if not _finish_within(limit, work):
        return [*outputs[: len(probes) - 1], Output(trouble=slow)]
    return outputs


def _one_call(task: Task, function: Callable, probe: Probe) -> Output:
    @wraps(function)
    def watched(*arguments, **keywords):
        try:
            return function(*arguments, **keywords)
        except Exception as error:
            raise _Raised(error) from error

    devices = range(torch.cuda.device_count()) if probe.device != "cpu" else []
    with torch.random.fork_rng(devices=devices), torch.enable_grad():
        torch.manual_seed(probe.seed)
        try:
            values = task.run(watched, **{name: _own(value, probe.device) for name, value in probe.arguments.items()})
            return Output({name: plain(value) for name, value in values.items()})
        except _Raised as raised:
            return Output(trouble=_told(raised.error, function))
        except Exception as error:  # what the function returned could not be used as the contract says
            said = f"{type(error).__name__}: {_first_line(error)}"
            return Output(trouble=Trouble("unusable", f"What your function returned could not be used: {said}", said))


def plain(value) -> Plain:
    """A result as plain data: tensors cut off their graph and copied to the CPU, containers element by element."""
    if isinstance(value, Tensor):
        return value.detach().cpu().clone()
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, float):  # numpy.float64 is one
        return float(value)
    if type(value) in (tuple, list):
        return type(value)(plain(element) for element in value)
    if type(value) is dict:
        return {str(key): plain(element) for key, element in value.items()}
    return f"{FOREIGN}{type(value).__module__.partition('.')[0]}.{type(value).__name__}"


def _own(value: Plain, device: str) -> Plain:
    """The caller's own copy of an argument: a function may change it in place and no other call sees that."""
    if isinstance(value, Tensor):
        return value.to(device).clone()
    if isinstance(value, (tuple, list)):
        return type(value)(_own(element, device) for element in value)
    return value


def _told(error: Exception, function: Callable) -> Trouble:
    said = f"{type(error).__name__}: {_first_line(error)}"
    if isinstance(error, NotImplementedError):
        return Trouble("unwritten", "Not written yet: replace `raise NotImplementedError()` by your answer.", said)
    code = getattr(function, "__code__", None)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if code and frame.filename == code.co_filename]
    line = linecache.getline(frames[-1].filename, frames[-1].lineno).strip() if frames else ""
    where = f"\n    in the line: {line}" if line else ""
    return Trouble("raised", f"Your function raised {said}{where}", said)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or ["(no message)"])[0]


def _finish_within(seconds: float, work: Callable[[], None]) -> bool:
    """Run `work`; False where it had to be stopped after `seconds`.

    In the main thread a timer signal interrupts it. Elsewhere (Windows, other threads) it runs in a thread of its own,
    which is asked to stop and, where it does not (deep inside one long operation), left behind.
    """
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        try:
            with _alarm(seconds):
                work()
        except _OutOfTime:
            return False
        return True
    return _finish_in_thread(seconds, work)


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(signum, frame):
        raise _OutOfTime

    handler = signal.signal(signal.SIGALRM, ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    started = time.monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:  # someone else's timer goes on where it was
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - started), 0.001), interval)


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
    if thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(_OutOfTime))
        thread.join(1.0)
        return False
    if problems and isinstance(problems[0], _OutOfTime):
        return False
    if problems:
        raise problems[0]
    return True
