"""The last step: a verdict on outputs, and the name of the mistake, or of two at once, where they are known ones."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain, islice, takewhile, zip_longest

import torch
from torch import Tensor

from .calling import call, one_call
from .claims import doubled, rounding
from .declaration import Claim, Law, Mistake, Output, Plain, Probe, Task, Verdict, as_double
from .probes import HELD_BACK
from .session import session_kept, silence
from .slips import changed, pairs
from .time_limit import finish_within

# What recognising a mistake may take, from the start of the call on; with the call itself a check stays below five seconds.
# This is time of the processor, so that a busy machine finds what an idle one does; by the clock it may take four times as long.
SECONDS_TO_RECOGNISE = 3.0
CLOCK = 4.0
IN_A_REPORT = "Nothing is trained inside a report, which is checked again and again: train in cells above it, and type into it what came out."
BY_CHANCE = "Two calls with the same arguments give different numbers, and nothing is to be drawn here. Which of your lines draws?"


def verdict_on(task: Task, function: Callable, *, seed: int = 0) -> Verdict:
    """All steps one after another, with the mistake named where the answer is a known wrong one. Prints nothing of its own."""
    start = time.process_time()
    with session_kept():
        probes = all_probes(task, seed)
        outputs = call(task, function, probes)
        verdict = judge(task, probes, outputs)
        if verdict.passed:
            return verdict
        mistakes = recognise(task, probes, outputs, seconds=SECONDS_TO_RECOGNISE - (time.process_time() - start))
        if not mistakes and verdict.kind == "identity" and not task.random:
            verdict = judge(task, probes, outputs, again=_called_again(task, function, probes[0]))
        return replace(verdict, mistakes=mistakes)


def _called_again(task: Task, function: Callable, probe: Probe) -> Output | None:
    """What the same arguments give when PyTorch's generator stands elsewhere; None where the right answer, too, then gives something else."""
    other = replace(probe, seed=probe.seed + 1)
    with silence():
        if not _close(one_call(task, task.answer, probe).values, one_call(task, task.answer, other).values):
            return None
        return call(task, function, [other])[0]


def all_probes(task: Task, seed: int) -> list[Probe]:
    """The task's probes: the first, those that its laws derive from it, the others, and those whose gradient is wanted."""
    first, *others = task.probes(seed)
    derived = [law.derive(first) for law in task.laws if law.derive]
    in_double = [probe for probe in others if probe.note.startswith("in float64")]
    with_gradients = [replace(probe, gradients=task.gradients, note="its gradient") for probe in [first, *in_double[:1]] if task.gradients]
    return [first, *derived, *others, *with_gradients]


def judge(task: Task, probes: list[Probe], outputs: list[Output], *, again: Output | None = None) -> Verdict:
    """The verdict on what a function gave for `all_probes`: the first claim that is broken, or that none is.

    again: what a second call on the first probe gave, where nothing may be drawn.
    """
    derived = sum(law.derive is not None for law in task.laws)
    for number, (probe, output) in enumerate(zip(probes, outputs, strict=False)):
        if output.trouble is not None:
            asked = IN_A_REPORT if task.open and output.trouble.kind == "slow" else ""
            return Verdict(False, output.trouble.kind, output.trouble.words + _on(probe, output.trouble.kind), question=asked)
        if 0 < number <= derived:
            continue  # a law's own probe: what it gives is compared with the first one's
        related = outputs[1 : derived + 1] if number == 0 else []
        troubled = next((place for place, one in enumerate(related) if one.trouble), None)
        if troubled is not None:
            related = related[:troubled]
        try:
            broken = next((claim for claim in claims_on(task, probe, output, related, None if number else again) if not claim.holds), None)
        except Exception as error:  # a result that no claim can look at
            words = f"What your function returned could not be used: {type(error).__name__}: {str(error)[:200]}"
            return Verdict(False, "unusable", words + _on(probe))
        if broken:
            kind = "identity" if broken.kind == "value" else "contract"
            far_out = HELD_BACK if kind == "identity" and "very" in re.findall(r"\w+", probe.note) else ""
            return Verdict(False, kind, _told(broken, probe), question=broken.question or far_out)
    if len(outputs) < len(probes):
        return Verdict(False, "unusable", f"Only {len(outputs)} of {len(probes)} calls gave a result.")
    trouble = next((output.values["gradient trouble"] for output in outputs if "gradient trouble" in output.values), "")
    remark = "A remark that costs no points: the numbers are right, and PyTorch can compute no gradient of them. Is something changed in place?"
    return Verdict(True, "passed", f"{remark}\n    {trouble}" if trouble else "")


def claims_on(task: Task, probe: Probe, output: Output, related: Sequence[Output] = (), again: Output | None = None) -> Iterator[Claim]:
    """All claims on one output, in the order in which they are asked: the contract, the laws, the values, the gradients.

    related: the outputs on the probes that the laws derived from this one. again: that of a second call, the same if nothing is drawn. Nothing follows a broken claim of the contract,
    since it would not know what it looks at. A dtype is judged where the contract speaks of it.
    """
    laws_asked = False
    for claim in task.claims(output.values, **probe.arguments):
        if claim.kind == "value" and not laws_asked:
            laws_asked = True
            if again is not None and not again.trouble:
                told = ("other numbers", "the same")[_close(output.values, again.values)]
                yield Claim("Called again with the same arguments, yours should give", "the same", told, question=BY_CHANCE)
            yield from _claims_of_laws(task.laws, probe, output, related)
        if claim.kind != "dtype" or "dtype" in task.contract:
            yield claim
        if claim.kind == "contract" and not claim.holds:
            return
    if task.keeps:
        question = "The result is right, and the caller's own argument is another one afterwards. Which line writes into it?"
        yield Claim("Changed in place", "nothing", output.values.get("changed in place", "nothing"), question=question)
    if probe.gradients:
        yield from _claims_of_gradients(task, probe, output)


def _claims_of_laws(laws: tuple[Law, ...], probe: Probe, output: Output, related: Sequence[Output]) -> Iterator[Claim]:
    others = iter(related)
    for law in laws:
        if law.derive is None:
            yield from law.claims(output.values, **probe.arguments)
        elif (other := next(others, None)) is not None:
            yield from law.claims(output.values, other.values, **probe.arguments)


def _claims_of_gradients(task: Task, probe: Probe, output: Output) -> Iterator[Claim]:
    """A number that is there to be differentiated must have the right answer's gradient."""
    if "gradient trouble" in output.values:  # told in a remark
        return
    in_double = replace(probe, arguments={name: doubled(value) for name, value in probe.arguments.items()})
    right = one_call(task, task.answer, in_double).values["gradients"]
    for name, expected in right.items():
        got = output.values["gradients"].get(name)
        if expected is None:
            continue
        if got is None and expected.any():
            question = "The numbers are right, but no gradient flows back. Where does yours leave PyTorch's graph: .item(), detach, no_grad, a new tensor?"
            yield Claim(f"Your result depends on {name}, so its gradient is", "there", "missing", question=question)
        elif got is not None:
            room = rounding(expected, probe_dtype(probe, name), scale=expected.abs().max().item() if expected.numel() else 1.0)
            asked = "Which term of yours is cut off from its arguments?"
            there, off = as_double(got), (as_double(got) - as_double(expected)).abs() > room
            if not expected[off].any():  # nothing is cut off: too much is let through
                asked = "Where yours has a gradient, the right one is 0: the result does not depend on it there. Which line changes numbers behind PyTorch's back: .data, .detach(), no_grad?"
            question = f"The numbers are right, and a minimiser would still go elsewhere. {asked}"
            yield Claim(f"The gradient for {name} should be the right answer's", expected, there, room, question=question)


def probe_dtype(probe: Probe, name: str) -> torch.dtype:
    """The dtype of one of a probe's arguments, which is a tensor."""
    return probe.arguments[name.partition(" of ")[0]].dtype


def recognise(task: Task, probes: list[Probe], outputs: list[Output], *, seconds: float = SECONDS_TO_RECOGNISE) -> tuple[Mistake, ...]:
    """The known mistake that gives the same outputs on the same probes, or the two that do when both are made; else none.

    For outputs already found wrong. seconds: of the processor's time, after which to give up looking.
    """
    if not outputs or (outputs[0].trouble and outputs[0].trouble.kind != "raised"):
        return ()
    if task.open:
        asked = judge(task, probes, outputs).question
        return next(((mistake,) for mistake in task.mistakes if mistake.hint == asked), ())
    found: list[tuple[Mistake, ...]] = []

    def work() -> None:
        until = time.thread_time() + seconds
        two_at_once = [] if task.random or _nothing_but_nan(outputs) else _pairs_of(task)
        candidates = chain(((mistake,) for mistake in task.mistakes), two_at_once)
        in_time = takewhile(lambda _: time.thread_time() < until, candidates)
        alike = (one for one in in_time if _gives(task, _program_of(task, one), probes, outputs))
        found.extend(islice((one for one in alike if len(one) == 1 or not _right(task, _program_of(task, one), probes)), 1))

    with silence(), torch.random.fork_rng(devices=[]):
        finish_within(CLOCK * max(seconds, 0.0), work)
    return found[0] if found else ()


def _nothing_but_nan(outputs: list[Output]) -> bool:
    """Whether no number came out at all: that has too many causes for two slips to be told from it."""

    def floats(value: Plain) -> Iterator[Tensor]:
        if isinstance(value, dict):
            value = tuple(value.values())
        if isinstance(value, (tuple, list)):
            for element in value:
                yield from floats(element)
        elif isinstance(value, float) or (isinstance(value, Tensor) and value.is_floating_point()):
            yield torch.as_tensor(value)

    found = [part for output in outputs for part in floats(output.values)]
    return bool(found) and all(part.isnan().all() for part in found)


@cache
def _pairs_of(task: Task) -> list[tuple[Mistake, Mistake]]:
    by_slip = {mistake.slip: mistake for mistake in task.mistakes if mistake.slip}
    return [(by_slip[one], by_slip[other]) for one, other in pairs(task.answer, task.slips)]


@cache
def _program_of(task: Task, mistakes: tuple[Mistake, ...]) -> Callable:
    if len(mistakes) == 1:
        return mistakes[0].function
    return changed(task.answer, *(mistake.slip for mistake in mistakes if mistake.slip))


def _gives(task: Task, function: Callable, probes: list[Probe], outputs: list[Output]) -> bool:
    """Whether a function gives these outputs. Most are ruled out by the first probe."""
    return all(_same(task, probe, output, one_call(task, function, probe)) for probe, output in zip(probes, outputs, strict=False))


def _right(task: Task, function: Callable, probes: list[Probe]) -> bool:
    """Whether a function is right after all, as two slips that cancel are: what is wrong with an answer like it is no slip of these."""
    return judge(task, probes, [one_call(task, function, probe) for probe in probes]).passed


def _same(task: Task, probe: Probe, ours: Output, theirs: Output) -> bool:
    if ours.trouble or theirs.trouble:
        return bool(ours.trouble and theirs.trouble and ours.trouble.error == theirs.trouble.error)
    try:
        return _close(ours.values, theirs.values) or (task.random and _alike(task, probe, ours, theirs))
    except Exception:  # of a result that no claim can look at
        return False


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
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return _values_close(ours, theirs) and _gradients_close(ours.get("gradients", {}), theirs.get("gradients", {}))
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, (tuple, list)):
        return len(ours) == len(theirs) and all(map(_close, ours, theirs))
    return ours == theirs


def _values_close(ours: dict[str, Plain], theirs: dict[str, Plain]) -> bool:
    """Whether all values are the same; what else is known of the call is another matter."""
    aside = ("gradients", "gradient trouble", "changed in place")
    ours, theirs = ({name: one for name, one in values.items() if name not in aside} for values in (ours, theirs))
    return ours.keys() == theirs.keys() and all(_close(value, theirs[name]) for name, value in ours.items())


def _gradients_close(ours: dict[str, Tensor | None], theirs: dict[str, Tensor | None]) -> bool:
    """Whether no gradient of ours differs: one that ours lacks says nothing of the arithmetic, one that theirs lacks is 0."""
    there = ((value, theirs.get(name)) for name, value in ours.items() if value is not None)
    return all(not value.any() if other is None else _close(value, other) for value, other in there)


def _alike(task: Task, probe: Probe, ours: Output, theirs: Output) -> bool:
    """Whether two random results differ by no more than chance: every claim's statistic within the tolerances of both."""
    for one, other in zip_longest(claims_on(task, probe, ours), claims_on(task, probe, theirs)):
        if one is None or other is None or one.kind != other.kind:
            return False
        if one.kind != "value":
            if not (one.holds and other.holds):
                return False
            continue
        if not isinstance(one.got, (Tensor, float)) or not isinstance(other.got, (Tensor, float)):
            if type(one.got) is not type(other.got) or one.got != other.got:
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
    digits = next((digits for digits in (6, 9, 12, 17) if _shown(expected, digits) != _shown(got, digits)), 17)
    return f"{claim.identity}{_on(probe)}\n    expected{place}: {_shown(expected, digits)}\n    got{place}:      {_shown(got, digits)}"


def _on(probe: Probe, kind: str = "") -> str:
    """Where it happened, if the probe is a special one."""
    return f" ({probe.note})" if probe.note and kind not in ("unwritten", "slow") else ""


def _shown(value: Plain, digits: int) -> str:
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, Tensor):
        return str(value.tolist())
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
