"""A student's notebook, run cell by cell in one namespace, and its answers called on probes. Runs behind the wall."""

from __future__ import annotations

import builtins
import contextlib
import importlib
import linecache
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass

from ..tasks.engine.calling import call
from ..tasks.engine.declaration import Output, Plain, Probe, Trouble, called_plainly
from ..tasks.engine.session import session_kept
from ..tasks.engine.time_limit import finish_within
from .wire import from_output

LONGEST_MESSAGE = 300


@dataclass(frozen=True)
class HowToRun:
    """As much of a task as the engine needs to call an answer."""

    name: str
    run: Callable[..., dict[str, Plain]]
    keeps: tuple[str, ...]
    seconds: float


class Notebook:
    """What a kernel is to a notebook: its cells share one namespace, and what one of them raises stops that cell alone."""

    def __init__(self) -> None:
        self.room = types.ModuleType("__main__")
        self.room.__dict__.update(__builtins__=builtins, display=_display, get_ipython=lambda: _Shell())
        sys.modules["__main__"] = self.room  # where pickling and dataclasses look for what a cell defines
        builtins.input = _nobody_there  # pyright: ignore[reportAttributeAccessIssue]

    def reply(self, request: Plain) -> Plain:
        """What one request is answered with: {"cell": …} runs a cell, {"task": …} calls an answer, anything else is only heard."""
        if "cell" in request:
            return self._run(request["cell"], request["number"], request["seconds"])
        if "task" in request:
            return [from_output(output) for output in self._call(request)]
        return {"ready": True}

    def _run(self, source: str, number: int, seconds: float) -> Plain:
        name = f"<cell {number}>"
        # so that an error can show the line, and inspect.getsource a function
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        said = ""

        def work() -> None:
            nonlocal said
            try:
                exec(compile(source, name, "exec", dont_inherit=True), self.room.__dict__)
            except Exception as error:
                said = _said(error)

        try:
            finished = finish_within(seconds, work)
        except BaseException as error:  # sys.exit() and the stop button among them
            return {"state": "raised", "words": _said(error)}
        if not finished:
            return {"state": "slow", "words": f"stopped after {seconds:g} seconds"}
        return {"state": "raised" if said else "ran", "words": said}

    def _call(self, request: Plain) -> list[Output]:
        name, of = request["task"], request["from"]
        function = self.room.__dict__.get(name)
        if not callable(function) or isinstance(function, type):
            kind = "is no function" if name in self.room.__dict__ else "is not there"
            return [Output(trouble=Trouble("unusable", f"{name} {kind}", f"{name} {kind}"))]
        run = importlib.import_module(of).run if of else called_plainly
        how = HowToRun(name, run, tuple(request["keeps"]), request["seconds"])
        outputs: list[Output] = []
        # as in the notebook: the last probe, if it is for a second call of the first, comes after the judge has looked
        for probes in request["rounds"]:
            with session_kept():
                outputs += call(how, function, [Probe(arguments, seed, gradients=tuple(wanted)) for arguments, seed, wanted in probes])  # pyright: ignore[reportArgumentType]
            if outputs[-1].trouble:
                break
        return outputs


class _Shell:
    """As much of IPython as a cell may ask for without one."""

    def __getattr__(self, name: str) -> Callable:
        return lambda *arguments, **keywords: None


def _display(*things, **settings) -> None:
    print(*things)


def _nobody_there(*prompt) -> str:
    raise EOFError("input() has nobody to ask: the notebook is run by a program.")


def _said(error: BaseException) -> str:
    """An exception's type and the first line of its words, as far as it has any."""
    words = "(its message could not be read)"
    with contextlib.suppress(BaseException):
        words = (str(error).strip().splitlines() or ["(no message)"])[0]
    return f"{type(error).__name__}: {words}"[:LONGEST_MESSAGE]
