"""Laws: what right answers of a kind have in common. A law needs no right value, so it also names slips that nobody listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from .claims import dtype_of, rounding
from .declaration import Claim, Law, Plain, Probe


def sums_over(axis_name: str, *names: str, axis: int = -1, question: str = "") -> Law:
    """With every latent (pixel, step, …) there twice, along `axis` of the arguments `names`, the result doubles."""
    asked = question or f"Independent {axis_name} add up. Is there a mean where a sum belongs, or something that is counted once for all?"
    told = f"With all {axis_name} there twice, your result should double"
    return _relation(_twice(names, axis, f"all {axis_name} there twice"), lambda result: 2 * result, told, asked)


def averages_over_the_batch(*names: str, question: str = "") -> Law:
    """With every example there twice (first axis), the one number for the batch stays as it is."""
    asked = question or "Which axis holds the examples, and what happens along it: a sum, or a mean?"
    told = "With every example there twice, a mean over the batch should stay as it is"
    return _relation(_twice(names, 0, "every example there twice"), lambda result: result, told, asked)


def each_row_for_itself(*names: str, question: str = "") -> Law:
    """The first row alone gives what it gives among the others."""
    asked = question or "Does anything in yours mix the examples of a batch: a mean, a maximum, an axis left out?"
    lost = "The shape is another one where an axis has length 1. Which of your operations loses an axis there: squeeze(), an index, a sum over a guessed axis?"

    def derive(probe: Probe) -> Probe:
        return _with(probe, {name: probe.arguments[name][:1] for name in names}, "its first row alone")

    return _relation(derive, lambda result: result[:1], "A row alone should give what it gives among others", asked, lost)


def symmetric_in(*names: str, question: str = "") -> Law:
    """Turning the sign of the arguments `names` round changes nothing."""
    told = f"With {' and '.join(names)} of the other sign, your result should stay as it is"

    def derive(probe: Probe) -> Probe:
        return _with(probe, {name: -probe.arguments[name] for name in names}, f"{' and '.join(names)} of the other sign")

    return _relation(derive, lambda result: result, told, question or f"By symmetry the sign of {names[0]} cannot matter. Where does yours use it?")


def never_negative(question: str = "", *, what: str = "This") -> Law:
    """No number of the result lies below 0 by more than rounding."""
    asked = question or "May it be negative? Look at your signs, and at what is subtracted from what."

    def claims(values: dict[str, Plain], /, **arguments: Plain) -> Iterator[Claim]:
        for part in _parts(values["result"]):
            if isinstance(part, (Tensor, float)):
                got = torch.as_tensor(part, dtype=torch.float64)
                if got.isnan().any():
                    continue  # no number, and so of no sign: told by the values
                room = rounding(0.0, dtype_of(arguments), scale=_largest(got))
                yield Claim(f"{what} is never negative", got.clamp(min=0), got, room, question=asked)

    return Law(claims)


def finite_far_out(question: str = "") -> Law:
    """Every number of the result is finite, also where the arguments are extreme."""
    asked = question or "Which step leaves the range of floating-point numbers: an exponential of something large, a logarithm of 0?"

    def claims(values: dict[str, Plain], /, **arguments: Plain) -> Iterator[Claim]:
        for part in _parts(values["result"]):
            if isinstance(part, (Tensor, float)):
                finite = bool(torch.as_tensor(part).isfinite().all())
                yield Claim("All numbers are", "finite", "finite" if finite else "not all finite", question=asked)

    return Law(claims)


def relation(derive: Callable[..., dict[str, Plain]], expected: Callable[[Plain], Plain], identity: str, question: str) -> Law:
    """A law of one task: arguments changed by `derive` (it gives the ones that change) turn the result r into `expected(r)`."""
    return _relation(lambda probe: _with(probe, derive(**probe.arguments), "its arguments changed"), expected, identity, question)


def unchanged(derive: Callable[..., dict[str, Plain]], when: str, question: str) -> Law:
    """A law of one task: arguments changed by `derive` leave the result as it is. when: "With a and b exchanged"."""
    return relation(derive, lambda result: result, f"{when}, your result should stay as it is", question)


def _relation(derive: Callable[[Probe], Probe], expected: Callable[[Tensor], Tensor], identity: str, question: str, of_shape: str = "") -> Law:
    def claims(values: dict[str, Plain], derived: dict[str, Plain], /, **arguments: Plain) -> Iterator[Claim]:
        for before, after in zip(_parts(values["result"]), _parts(derived["result"]), strict=True):
            should = expected(before)
            if isinstance(should, (Tensor, float)) and torch.as_tensor(should).isnan().any():
                continue  # a NaN keeps no law and breaks none: that it is no number is told by the values
            if isinstance(should, Tensor) and isinstance(after, Tensor):
                yield Claim(f"{identity}. Its shape", tuple(should.shape), tuple(after.shape), question=of_shape or question)
                if should.shape != after.shape:
                    return
            if isinstance(should, (Tensor, float)):
                room = rounding(should, dtype_of(arguments), scale=_largest(before))
                yield Claim(identity, should, after, room, question=question)

    return Law(claims, derive)


def _parts(result: Plain) -> list[Plain]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def _largest(value: Tensor | float) -> float:
    """The largest finite number, by which rounding is measured."""
    finite = torch.as_tensor(value).double().nan_to_num(0.0, 0.0, 0.0)
    return finite.abs().max().item() if finite.numel() else 1.0


def _with(probe: Probe, arguments: dict[str, Plain], note: str) -> Probe:
    return replace(probe, arguments=probe.arguments | arguments, note=note)


def _twice(names: tuple[str, ...], axis: int, note: str) -> Callable[[Probe], Probe]:
    def derive(probe: Probe) -> Probe:
        return _with(probe, {name: torch.cat([probe.arguments[name]] * 2, axis) for name in names}, note)

    return derive
