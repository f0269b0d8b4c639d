"""Work on submissions in several processes: one that dies, hangs or fails takes no other with it, and none outlives the grader.

Judging sets PyTorch's seed and takes over what is printed, and a process has one of each; so students are spread over processes, not over
threads. On Linux these are forked from the grader, which has imported PyTorch and never used it, and share its memory.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

import torch

from .records import GradingError

Job = TypeVar("Job")
PATIENCE = 900.0  # seconds for one submission, everything together; what its code may take is for the wall to say, and much less
SHARE = 50  # submissions, after which a worker is replaced and its memory given back
TO_TIDY_UP = 5.0  # seconds
PR_SET_PDEATHSIG = 1


class Stop(GradingError):
    """Not this submission alone but the whole batch can't go on, and says why and how to mend it."""


@dataclass(frozen=True)
class Done(Generic[Job]):
    """A job and what came of it: a value, or in words why there is none."""

    job: Job
    value: Any = None
    failure: str = ""


class _Worker:
    def __init__(self, work: Callable) -> None:
        kind = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self.line, far_end = kind.Pipe()
        self.process: BaseProcess = kind.Process(target=_at_work, args=(work, far_end, os.getpid()), daemon=False)
        self.process.start()
        far_end.close()
        self.job: Any = None
        self.since, self.done = 0.0, 0

    def give(self, job: Any) -> None:
        self.job, self.since = job, time.monotonic()
        self.line.send(job)

    def stop(self) -> None:
        """End it, and what it has started; ask first."""
        self.line.close()
        self.process.terminate()
        self.process.join(TO_TIDY_UP)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()


def each_of(
    jobs: Iterable[Job], work: Callable[[Job], Any], *, at_once: int, patience: float = PATIENCE
) -> Generator[Done[Job], None, None]:
    """Do `work` on each job, `at_once` at a time, and give what came of each when it is done; in no order.

    A job whose work raises, ends its process or takes longer than `patience` seconds is done too, without a value.
    Raises Stop where work did, since the whole batch can't go on; no work is left running then.
    """
    waiting = iter(jobs)
    workers: list[_Worker] = []
    try:
        while True:
            for job in _next(waiting, at_once - sum(worker.job is not None for worker in workers)):
                worker = next((one for one in workers if one.job is None), None)
                if worker is None:
                    worker = _Worker(work)
                    workers.append(worker)
                worker.give(job)
            busy = {worker.line: worker for worker in workers if worker.job is not None}
            if not busy:
                return
            overdue = min(worker.since for worker in busy.values()) + patience
            heard = wait(list(busy), timeout=max(0.0, overdue - time.monotonic()))
            for line in heard:
                yield _heard(busy[line], workers)  # type: ignore[index]
            for worker in [one for one in workers if one.job is not None and time.monotonic() > one.since + patience]:
                workers.remove(worker)
                worker.stop()
                yield Done(worker.job, failure=f"it was not done after {patience:.0f} seconds")
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.stop()


def _next(waiting: Iterator[Job], count: int) -> Iterator[Job]:
    for _ in range(count):
        try:
            yield next(waiting)
        except StopIteration:
            return


def _heard(worker: _Worker, workers: list[_Worker]) -> Done:
    job, worker.job = worker.job, None
    worker.done += 1
    try:
        kind, value = worker.line.recv()
    except (EOFError, OSError):
        worker.process.join(TO_TIDY_UP)
        code = worker.process.exitcode
        workers.remove(worker)
        worker.stop()
        return Done(job, failure=f"the grader's process for it ended by itself ({_how(code)})")
    if kind == "stop":
        raise Stop(value)
    if worker.done >= SHARE:
        workers.remove(worker)
        worker.stop()
    return Done(job, value) if kind == "done" else Done(job, failure=value)


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit status {code}"


def _at_work(work: Callable, line: Connection, grader: int) -> None:
    """What a worker does: one job after another, until there is no more or the grader is gone."""
    signal.signal(signal.SIGINT, _ignored)  # Ctrl-C reaches the grader too, which ends its workers
    signal.signal(signal.SIGTERM, _leave)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != grader:
            return
    torch.set_num_threads(1)
    while True:
        try:
            job = line.recv()
        except (EOFError, OSError):
            return
        try:
            answer = ("done", work(job))
        except Stop as error:
            answer = ("stop", str(error))
        except Exception as error:
            answer = ("failed", f"{type(error).__name__}: {str(error)[:300]}")
        try:
            line.send(answer)
        except (BrokenPipeError, OSError):
            return


def _ignored(*_) -> None:
    """Unlike SIG_IGN, this is not handed on to the programs that a worker starts."""


def _leave(*_) -> None:
    raise SystemExit(1)
