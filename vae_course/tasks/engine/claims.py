"""The claims that most tasks make, and the one tolerance that goes with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from .declaration import Claim, Plain, as_double

ROUNDING_STEPS = 300
# A constant in float32, or a small ε inside a logarithm, is a habit and no mistake: double precision is not asked for.
LEAST_ROOM = 1e-5


def rounding(expected: Tensor | float, dtype: torch.dtype, *, scale: Tensor | float = 1.0) -> Tensor:
    """How far two right computations in `dtype` may lie apart: 300 rounding steps, at least 1e-5, of the result or of `scale`.

    scale: the size of the largest term that goes into a sum, where terms may cancel.
    """
    size = torch.maximum(as_double(expected).abs(), as_double(scale).abs().clamp(min=1.0))
    return max(ROUNDING_STEPS * torch.finfo(dtype).eps, LEAST_ROOM) * size


def is_tensor(got: Plain, shape: tuple[int, ...], dtype: torch.dtype, *, name: str = "the result") -> Iterator[Claim]:
    """The contract of a tensor: that it is one, its shape, its dtype (judged where the task's contract says "dtype")."""
    yield Claim(f"{name} is", "a tensor", "a tensor" if isinstance(got, Tensor) else described(got), kind="contract")
    yield Claim(f"{name} has shape", tuple(shape), tuple(got.shape), kind="contract")
    yield Claim(f"{name} has dtype", str(dtype), str(got.dtype), kind="dtype")


def is_number(got: Plain, *, name: str = "the result") -> Iterator[Claim]:
    """The contract of a number: a Python float (or int), not a tensor."""
    ok = isinstance(got, (float, int)) and not isinstance(got, bool)
    yield Claim(f"{name} is", "a Python number", "a Python number" if ok else described(got), kind="contract")


def is_tuple(got: Plain, length: int) -> Iterator[Claim]:
    """The contract of several results: a tuple (a list will do) of that many."""
    kind = f"a tuple of {length}"
    yield Claim("the result is", kind, kind if isinstance(got, (tuple, list)) and len(got) == length else described(got), kind="contract")


def is_one_of(got: Plain, answers: tuple[str, ...]) -> Iterator[Claim]:
    """The contract of a verdict in words: one of the strings that the task names."""
    kind = "one of the answers that the contract names"
    yield Claim("the result is", kind, kind if isinstance(got, str) and got in answers else described(got), kind="contract")


def matches(
    reference: Callable[..., Plain],
    identity: str,
    *,
    scale: Callable[..., Tensor | float] | None = None,
    parts: tuple[str, ...] = (),
    question: Callable[..., str] = lambda **_: "",
) -> Callable[..., Iterator[Claim]]:
    """The claims of a function with one right answer: the contract of `reference`'s result, then its values.

    reference: computes in float64, by another way than the one that is asked for where there is one. The dtype asked
    for is that of the first floating-point argument; the tolerance is its rounding. Where the result is a tuple,
    `parts` names what it holds. question: what to ask where the values are off, from the arguments.
    """

    def claims(values: dict[str, Plain], /, **arguments: Plain) -> Iterator[Claim]:
        dtype = dtype_of(arguments)
        in_double = {name: doubled(value) for name, value in arguments.items()}
        expected, got = reference(**in_double), values["result"]
        size, asked = 1.0 if scale is None else scale(**in_double), question(**in_double)
        if isinstance(expected, tuple):
            yield from is_tuple(got, len(expected))
            for name, one, ours in zip(parts, got, expected, strict=True):
                yield from is_tensor(one, ours.shape, dtype, name=name)
            for name, one, ours in zip(parts, got, expected, strict=True):
                yield Claim(f"{identity}: {name}", ours, one, rounding(ours, dtype, scale=size), question=asked)
        elif isinstance(expected, str):
            yield Claim("the result is", "a string", "a string" if isinstance(got, str) else described(got), kind="contract")
            yield Claim(identity, expected, got, question=asked)
        elif isinstance(expected, Tensor):
            yield from is_tensor(got, expected.shape, dtype)
            yield Claim(identity, expected, got, rounding(expected, dtype, scale=size), question=asked)
        else:
            yield from is_number(got)
            yield Claim(identity, float(expected), float(got), rounding(expected, dtype, scale=size), question=asked)

    return claims


def dtype_of(arguments: dict[str, Plain]) -> torch.dtype:
    """The dtype of the first floating-point tensor among the arguments; float64 (Python's own) where there is none."""
    floating = (value.dtype for value in arguments.values() if isinstance(value, Tensor) and value.is_floating_point())
    return next(floating, torch.float64)


def doubled(value: Plain) -> Plain:
    """Floating-point tensors as float64, also inside lists and tuples; anything else as it is."""
    if isinstance(value, (tuple, list)):
        return type(value)(doubled(element) for element in value)
    return value.double() if isinstance(value, Tensor) and value.is_floating_point() else value


def described(value: Plain) -> str:
    """What something is, for a person: "None (is there a return?)", "a tuple of 2", "a tensor of shape (3,)"."""
    if value is None:
        return "None (is there a return?)"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, str):
        return value if value.startswith(FOREIGN) else f"the string {value[:40]!r}"
    return f"{'an' if isinstance(value, int) and not isinstance(value, bool) else 'a'} {type(value).__name__}"


# How `calling` writes down a value that is no plain data.
FOREIGN = "an object of type "
