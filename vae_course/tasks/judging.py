"""The last step: a verdict on outputs, and the name of the mistake where it is a known one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

import torch
from torch import Tensor

from .calling import call
from .claims import rounding
from .declaration import Claim, Mistake, Output, Plain, Probe, Task, Verdict, as_double


def judge(task: Task, probes: list[Probe], outputs: list[Output]) -> Verdict:
    """The verdict on what a function gave for the probes: the first claim that is broken, or that none is."""
    for probe, output in zip(probes, outputs, strict=False):
        if output.trouble is not None:
            return Verdict(False, output.trouble.kind, output.trouble.words + _on(probe, output.trouble.kind))
        for claim in _claims(task, probe, output):
            if not claim.holds:
                return Verdict(False, "contract" if claim.contract else "identity", _told(claim, probe))
    if len(outputs) < len(probes):
        return Verdict(False, "unusable", f"Only {len(outputs)} of {len(probes)} calls gave a result.")
    return Verdict(True, "passed")


def recognise(task: Task, probes: list[Probe], outputs: list[Output]) -> Mistake | None:
    """The known mistake that gives the same outputs on the same probes, if there is one. For outputs already found wrong."""
    if not outputs or (outputs[0].trouble and outputs[0].trouble.kind != "raised"):
        return None
    for mistake in task.mistakes:
        for probe, output in zip(probes, outputs, strict=False):
            if not _same(task, probe, output, call(task, mistake.function, [probe])[0]):
                break  # most are ruled out by the first probe
        else:
            return mistake
    return None


def _claims(task: Task, probe: Probe, output: Output) -> Iterator[Claim]:
    """The task's claims, up to the first one of the contract that is broken: what follows would not know what it looks at."""
    for claim in task.claims(output.values, **probe.arguments):
        yield claim
        if claim.contract and not claim.holds:
            return


def _same(task: Task, probe: Probe, ours: Output, theirs: Output) -> bool:
    if ours.trouble or theirs.trouble:
        return bool(ours.trouble and theirs.trouble and ours.trouble.error == theirs.trouble.error)
    return _close(ours.values, theirs.values) or _alike(task, probe, ours, theirs)


def _close(ours: Plain, theirs: Plain) -> bool:
    """Whether two results are the same but for rounding. The dtype may differ: it is the arithmetic that names a mistake."""
    if isinstance(ours, Tensor) and isinstance(theirs, Tensor):
        if ours.shape != theirs.shape or ours.is_floating_point() != theirs.is_floating_point():
            return False
        a, b = as_double(ours), as_double(theirs)
        coarser = max((tensor.dtype for tensor in (ours, theirs) if tensor.is_floating_point()), key=_eps, default=torch.float64)
        tolerance = rounding(torch.where(b.isfinite(), b, torch.ones(())), coarser)
        return bool((((a - b).abs() <= tolerance) | (a == b) | (a.isnan() & b.isnan())).all())
    if isinstance(ours, float) and isinstance(theirs, float):
        return _close(torch.tensor(ours, dtype=torch.float64), torch.tensor(theirs, dtype=torch.float64))
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(_close(value, theirs[name]) for name, value in ours.items())
    if isinstance(ours, (tuple, list)):
        return len(ours) == len(theirs) and all(map(_close, ours, theirs))
    return ours == theirs


def _alike(task: Task, probe: Probe, ours: Output, theirs: Output) -> bool:
    """Whether two random results differ by no more than chance: every claim's statistic within the tolerances of both."""
    for one, other in zip_longest(_claims(task, probe, ours), _claims(task, probe, theirs)):
        if one is None or other is None or one.contract != other.contract:
            return False
        if one.contract:
            if not (one.holds and other.holds):
                return False
            continue
        if not isinstance(one.got, (Tensor, float)):
            if one.got != other.got:
                return False
        elif not Claim("", one.got, other.got, as_double(one.tolerance) + as_double(other.tolerance)).holds:
            return False
    return True


def _eps(dtype: torch.dtype) -> float:
    return torch.finfo(dtype).eps


def _told(claim: Claim, probe: Probe) -> str:
    index = claim.where_broken()
    expected, got = claim.expected, claim.got
    place = ""
    if index and isinstance(expected, Tensor):
        place = f" at [{', '.join(map(str, index))}]"
        expected, got = expected[index], got[index] if isinstance(got, Tensor) else got
    digits = 6 if _shown(expected) != _shown(got) else 12
    return f"{claim.identity}{_on(probe)}\n    expected{place}: {_shown(expected, digits)}\n    got{place}:      {_shown(got, digits)}"


def _on(probe: Probe, kind: str = "") -> str:
    """Where it happened, if the probe is a special one."""
    return f" ({probe.note})" if probe.note and kind not in ("unwritten", "slow") else ""


def _shown(value: Plain, digits: int = 6) -> str:
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, Tensor):
        return str(value.tolist())
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
