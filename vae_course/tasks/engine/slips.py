"""A slip is a change of the right answer's own source. One can be made, or two at once."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations


@dataclass(frozen=True)
class Slip:
    """Texts of the answer and what stands there instead, and the question that a good tutor would ask."""

    changes: tuple[tuple[str, str], ...]
    question: str


def slip(old: str | Mapping[str, str], new: str, question: str = "") -> Slip:
    """`slip(old, new, question)`, or `slip({old: new, …}, question)` where one slip changes several places."""
    if isinstance(old, Mapping):
        return Slip(tuple(old.items()), new)
    return Slip(((old, new),), question)


@cache  # reading a file takes milliseconds, and hundreds of pairs are made of one answer
def source_of(answer: Callable) -> str:
    """The source of a function from its `def` on, without decorators."""
    lines = textwrap.dedent(inspect.getsource(answer)).splitlines(keepends=True)
    first = next(node.lineno for node in ast.walk(ast.parse("".join(lines))) if isinstance(node, ast.FunctionDef))
    return "".join(lines[first - 1 :])


@cache
def body_of(answer: Callable) -> str:
    """The source of a function after its docstring: what a student writes."""
    source = source_of(answer)
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    docstring = function.body[0]
    return "".join(source.splitlines(keepends=True)[docstring.end_lineno :])


def contract_of(answer: Callable) -> str:
    """How a function is called, and what its docstring says of the result, as plain text."""
    names = ", ".join(inspect.signature(answer).parameters)
    result, _, more = (inspect.getdoc(answer) or "").partition("\n\n")
    return f"{answer.__name__}({names}) -> {result}\n{more}".strip()


def changed(answer: Callable, *slips: Slip) -> Callable:
    """The answer with the slips made in its source.

    Raises ValueError when a text to be changed does not stand there exactly once, or when two changes overlap.
    """
    source = source_of(answer)
    places = sorted(place for one in slips for place in _places(answer, one))
    if _overlap(places):
        raise ValueError(f"{answer.__name__}: two changes of {[one.changes for one in slips]} overlap.")
    for start, end, new in reversed(places):
        source = source[:start] + new + source[end:]
    room = dict(answer.__globals__)
    exec(compile(source, f"<{answer.__name__} with a slip>", "exec"), room)
    return room[answer.__name__]


def pairs(answer: Callable, slips: Iterable[Slip]) -> Iterator[tuple[Slip, Slip]]:
    """Every two slips that can be made at once: those that change different places, and leave a program."""
    placed = [(one, _places(answer, one)) for one in slips]
    for (one, here), (other, there) in combinations(placed, 2):
        if not _overlap(sorted(here + there)):
            yield one, other


def _places(answer: Callable, one: Slip) -> list[tuple[int, int, str]]:
    """Where each text to be changed begins and ends in the answer's source (its docstring is left alone), and what comes there."""
    source, body = source_of(answer), body_of(answer)
    for old, _ in one.changes:
        if body.count(old) != 1:
            raise ValueError(f"{answer.__name__}: {old!r} stands in the answer {body.count(old)} times, expected once. Quote more of the line.")
    starts = [len(source) - len(body) + body.index(old) for old, _ in one.changes]
    return [(start, start + len(old), new) for start, (old, new) in zip(starts, one.changes, strict=True)]


def _overlap(places: list[tuple[int, int, str]]) -> bool:
    return any(end > start for (_, end, _), (start, _, _) in zip(places, places[1:], strict=False))
