"""The learner's session: what an answer may change in it is put back, and the judge works under settings of its own."""

from __future__ import annotations

import builtins
import io
import math
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from operator import is_

import numpy
import torch
from torch.distributions import Distribution

# How each setting is read and set again. What has no reader (flushing of denormals, print options) cannot be put back.
SETTINGS: dict[str, tuple[Callable, Callable]] = {
    "default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "default device": (torch.get_default_device, lambda device: torch.set_default_device(None if device.type == "cpu" else device)),
    "gradients": (torch.is_grad_enabled, torch.set_grad_enabled),
    "autocast on the CPU": (lambda: torch.is_autocast_enabled("cpu"), lambda on: torch.set_autocast_enabled("cpu", on)),
    "autocast on a GPU": (lambda: torch.is_autocast_enabled("cuda"), lambda on: torch.set_autocast_enabled("cuda", on)),
    "threads": (torch.get_num_threads, torch.set_num_threads),
    "deterministic algorithms": (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    "anomaly detection": (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
    "precision of products": (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    "validation of distributions": (lambda: Distribution._validate_args, Distribution.set_default_validate_args),
    "NumPy's errors": (numpy.geterr, lambda how: numpy.seterr(**how)),
    "recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "folder": (os.getcwd, os.chdir),
    "standard output": (lambda: sys.stdout, lambda stream: setattr(sys, "stdout", stream)),
    "standard error": (lambda: sys.stderr, lambda stream: setattr(sys, "stderr", stream)),
}
# Kept over a whole check, not over one call: two calls must be free to differ.
GENERATORS: dict[str, tuple[Callable, Callable]] = {
    "PyTorch's random numbers": (torch.get_rng_state, torch.set_rng_state),
    "NumPy's random numbers": (numpy.random.get_state, numpy.random.set_state),  # noqa: NPY002 (a learner's answer may use them)
    "Python's random numbers": (random.getstate, random.setstate),
}
FOR_JUDGING = {
    "default dtype": torch.float32,
    "default device": torch.device("cpu"),
    "gradients": True,
    "autocast on the CPU": False,
    "autocast on a GPU": False,
    "validation of distributions": True,
}
# Where functions live that an answer, and the judge after it, may use under their names.
ROOMS = (builtins, math, random, numpy, torch, torch.Tensor, torch.nn.functional, torch.nn.Module, torch.distributions.Normal)


@contextmanager
def session_kept() -> Iterator[None]:
    """Inside, the settings are the judge's; afterwards the session's settings, functions and random numbers are what they were before."""
    with ExitStack() as stack:
        stack.callback(_set, GENERATORS, {name: read() for name, (read, _) in GENERATORS.items()})
        stack.enter_context(settings_kept())
        _set(SETTINGS, FOR_JUDGING)
        yield


@contextmanager
def settings_kept() -> Iterator[None]:
    """Whatever happens inside, settings and functions are the same afterwards."""
    with ExitStack() as stack:
        stack.enter_context(_functions_kept())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(warnings.catch_warnings())
        stack.callback(_set, SETTINGS, {name: read() for name, (read, _) in SETTINGS.items()})
        yield


def _set(known: dict[str, tuple[Callable, Callable]], wanted: dict) -> None:
    """Set what differs: some settings cost time once they were set at all."""
    for name, value in wanted.items():
        read, write = known[name]
        with suppress(Exception):
            if read() == value:
                continue
        with suppress(Exception):  # what cannot be put back (a folder that is gone) must not keep the rest from it
            write(value)


@contextmanager
def _functions_kept() -> Iterator[None]:
    before = [(room, vars(room), vars(room).copy()) for room in ROOMS]
    put, take, every, each, size, same = setattr, delattr, all, map, len, is_  # these names are among what may be replaced
    try:
        yield
    finally:
        for room, now, names in before:
            if size(now) == size(names) and every(each(same, now, names)) and every(each(same, now.values(), names.values())):
                continue  # as nearly always, and seen much sooner than name by name
            for name, value in names.items():
                if now.get(name) is not value:
                    put(room, name, value)
            if room is torch.Tensor:  # its methods are inherited, so a replaced one is a new name here
                for name in now.keys() - names.keys():
                    take(room, name)


class _Printer(io.TextIOBase):
    """Standard output for a learner's function: heard while `shown`, and not to be closed."""

    def __init__(self, stream) -> None:
        self.stream, self.shown = stream, True

    def write(self, text: str) -> int:
        if self.shown:
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        if self.shown:
            self.stream.flush()

    def close(self) -> None:
        """Closing it would silence the notebook."""


@contextmanager
def silence() -> Iterator[None]:
    """Nothing is printed inside, and nobody is warned: it is the room's own answers that run here."""
    with printed_once() as show, warnings.catch_warnings(record=True):
        show(False)
        yield


@contextmanager
def printed_once() -> Iterator[Callable[[bool], None]]:
    """Standard output passes through while the function that is handed out was last called with True."""
    before = sys.stdout
    sys.stdout = printer = _Printer(before)

    def show(shown: bool) -> None:
        printer.shown = shown

    try:
        yield show
    finally:
        printer.shown = False  # work that was left behind may go on printing
        sys.stdout = before
