"""The middle step: a function is called on the probes, and what it gives is turned into plain data.

Nothing here knows what is right, so this step can run in another process.
"""

from __future__ import annotations

import functools
import linecache
import numbers
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from .claims import FOREIGN
from .declaration import Output, Plain, Probe, Task, Trouble
from .session import printed_once, settings_kept
from .time_limit import OutOfTime, finish_within

LONGEST_MESSAGE = 300
# Bound before there is an answer that could put others in their place.
SEED_OF_CPU, SEED_OF_ALL = torch.default_generator.manual_seed, torch.manual_seed
IS_THERE = (torch.cuda.is_available, torch.backends.mps.is_available, torch.xpu.is_available)


class _Raised(Exception):
    """The learner's function raised: carries its exception past whatever else happens around the call."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def call(task: Task, function: Callable, probes: list[Probe], *, seconds: float | None = None) -> list[Output]:
    """Call `function` on every probe, under PyTorch's seed of that probe. What it prints is shown once, for the first.

    All calls together may take `seconds` (the task's own limit by default); what comes after them is left undone.
    """
    limit = task.seconds if seconds is None else seconds
    outputs: list[Output] = []

    with printed_once() as show:

        def work() -> None:
            for number, probe in enumerate(probes):
                show(number == 0)
                outputs.append(one_call(task, function, probe, around=settings_kept))
                if outputs[-1].trouble:
                    return

        # a seed of its own for each probe; the session's generators go on where they were, even when the work is left behind
        with torch.random.fork_rng(devices=_devices(probes)):
            finished = finish_within(limit, work)
    if finished:
        return outputs
    why = "Is there a loop that never ends, or a loop where one tensor operation would do?"
    slow = Trouble("slow", f"Your function was stopped after {limit:g} seconds. {why}")
    return [*outputs[: len(probes) - 1], Output(trouble=slow)]


def one_call(task: Task, function: Callable, probe: Probe, *, around: Callable[[], AbstractContextManager] = nullcontext) -> Output:
    """What one probe gives. around: the context in which the function is called each time, for one that is not to be trusted."""
    # a compiled function is judged as it was written: compiling it for every shape takes longer than a check may
    function = getattr(function, "_torchdynamo_orig_callable", function)

    def watched(*arguments, **keywords):
        try:
            with around():
                return function(*arguments, **keywords)
        except OutOfTime:
            raise
        except BaseException as error:  # sys.exit() and the stop button among them
            raise _Raised(error) from None

    setattr(watched, "__wrapped__", function)  # for a `run` that looks at how the function is written  # noqa: B010
    _seeder()(probe.seed)
    try:
        arguments = {name: _own(value, probe.device) for name, value in probe.arguments.items()}
        with torch.enable_grad():
            wanted = {name: arguments[name].requires_grad_() for name in probe.gradients}
            # a tensor that was computed may be changed in place, a leaf may not
            found = task.run(watched, **arguments | {name: leaf.clone() for name, leaf in wanted.items()})
            values = {name: plain(value) for name, value in found.items()}
            if changed := [name for name in task.keeps if not _equal(arguments[name], probe.arguments[name])]:
                values["changed in place"] = ", ".join(changed)
            if probe.gradients:
                values |= _gradients_or_trouble(found["result"], wanted)
        return Output(values)
    except _Raised as raised:
        return Output(trouble=_told(raised.error, function))
    except OutOfTime:
        raise
    except BaseException as error:  # what the function returned could not be used as the contract says
        said = _said(error)
        return Output(trouble=Trouble("unusable", f"What your function returned could not be used: {said}", said))


def _gradients_or_trouble(result: Plain, wanted: dict[str, Tensor]) -> dict[str, Plain]:
    try:
        return {"gradients": gradients_of(result, wanted)}
    except RuntimeError as error:  # of what was changed in place; PyTorch says so in training, too
        return {"gradients": {}, "gradient trouble": _said(error)}


def gradients_of(result: Tensor | tuple | list, wanted: dict[str, Tensor]) -> dict[str, Tensor | None]:
    """The gradient of the sum of each part of `result` for each of the tensors `wanted`, None where there is no way back to it."""
    parts = list(result) if isinstance(result, (tuple, list)) else [result]
    found: dict[str, Tensor | None] = {}
    for number, part in enumerate(parts):
        whose = f" of part {number + 1}" if len(parts) > 1 else ""
        attached = isinstance(part, Tensor) and part.requires_grad
        ways = torch.autograd.grad(part.sum(), list(wanted.values()), allow_unused=True, retain_graph=True) if attached else [None] * len(wanted)
        found |= {f"{name}{whose}": None if way is None else plain(way) for name, way in zip(wanted, ways, strict=True)}
    return found


def plain(value) -> Plain:
    """A result as plain data: tensors cut off their graph and copied to the CPU, NumPy's numbers as Python's, containers element by element."""
    if isinstance(value, Tensor):
        if value.layout != torch.strided or value.is_nested or any(value.names):
            return f"{FOREIGN}torch.Tensor that is sparse, nested or has named dimensions"
        return value.detach().cpu().clone()
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (tuple, list)):  # named tuples among them
        return (tuple if isinstance(value, tuple) else list)(plain(element) for element in value)
    if isinstance(value, dict):
        return {str(key): plain(element) for key, element in value.items()}
    if type(value).__module__ == "numpy" and isinstance(value, (numbers.Number, bool)):
        return getattr(value, "item")()  # noqa: B009
    if type(value).__name__ in ("bool", "bool_") and type(value).__module__ == "numpy":
        return bool(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    return f"{FOREIGN}{type(value).__module__.partition('.')[0]}.{type(value).__name__}"


@functools.cache
def _seeder() -> Callable[[int], object]:
    """Seeds every kind of device that there is. Where that is the CPU alone, PyTorch's own would take half a millisecond a call:

    for each kind that could still come it writes down the stack.
    """
    return SEED_OF_ALL if any(there() for there in IS_THERE) else SEED_OF_CPU


def _devices(probes: list[Probe]) -> range | list:
    return range(torch.cuda.device_count()) if any(probe.device != "cpu" for probe in probes) else []


def _own(value: Plain, device: str) -> Plain:
    """The caller's own copy of an argument: a function may change it in place and no other call sees that."""
    if isinstance(value, Tensor):
        return value.to(device).clone()
    if isinstance(value, (tuple, list)):
        return type(value)(_own(element, device) for element in value)
    return value


def _equal(now: Plain, before: Plain) -> bool:
    if isinstance(before, Tensor):
        return now.shape == before.shape and torch.equal(now.cpu().nan_to_num(), before.nan_to_num())
    if isinstance(before, (tuple, list)):
        return len(now) == len(before) and all(map(_equal, now, before))
    return now == before


def _told(error: BaseException, function: Callable) -> Trouble:
    said = _said(error)
    frames = traceback.extract_tb(error.__traceback__)
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(function, "__code__", None)
    own = [frame for frame in frames if code and frame.filename == code.co_filename]
    # libraries raise this one for what they have not got: an empty answer raises it itself, and says nothing
    if isinstance(error, NotImplementedError) and own and frames[-1] is own[-1] and not error.args:
        return Trouble("unwritten", "Not written yet: replace `raise NotImplementedError()` by your answer.", said)
    line = linecache.getline(own[-1].filename, own[-1].lineno or 0).strip() if own else ""
    where = f"\n    in the line: {line[:LONGEST_MESSAGE]}" if line else ""
    return Trouble("raised", f"Your function raised {said}{where}", said)


def _said(error: BaseException) -> str:
    """An exception's type and the first line of its words, as far as it has any."""
    try:
        words = (str(error).strip().splitlines() or ["(no message)"])[0]
    except BaseException:  # a __str__ of the learner's own
        words = "(its message could not be read)"
    return f"{type(error).__name__}: {words[:LONGEST_MESSAGE]}{'…' * (len(words) > LONGEST_MESSAGE)}"
