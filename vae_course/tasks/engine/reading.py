"""An open task's middle step: a report is called, and what it gives is turned into plain data. Nothing here knows what is right.

A report has numbers that were measured and typed in. So it may use libraries to lay them out, and nothing else from outside itself: what a
notebook trained is not there any more when the report is graded.
"""

from __future__ import annotations

import builtins
import dis
import numbers
from collections.abc import Callable, Iterator
from itertools import islice
from types import CodeType, ModuleType

import torch

from .claims import FOREIGN
from .declaration import Plain

READS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_GLOBALS", "LOAD_FROM_DICT_OR_DEREF")
# Ways to numbers that stand elsewhere.
AROUND = ("open", "eval", "exec", "globals", "vars", "__import__", "input")
# What is longer is cut off: it is refused for its length.
MOST_ENTRIES, LONGEST_WORD, DEEPEST = 200, 200, 4


def read_report(function: Callable) -> dict[str, Plain]:
    """How a report is run: called without arguments, but not where it borrows; {"result": …, "borrowed": the names, as text}."""
    borrowed = ", ".join(borrowed_by(getattr(function, "__wrapped__", function)))
    return {"result": None if borrowed else as_table(function()), "borrowed": borrowed or "nothing"}


def borrowed_by(function: Callable) -> list[str]:
    """What a function takes from outside: arguments and names, but for modules, and for what a library defines."""
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        return [f"an object of type {type(function).__name__}"]
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    room = getattr(function, "__globals__", {})
    read = {name for name in _names_read(code) if name in code.co_freevars or not _is_a_tool(name, room)}
    return sorted({*arguments, *read})


def _names_read(code: CodeType) -> Iterator[str]:
    """The names from outside that some code, and functions in it, would read."""
    lines = list(dis.get_instructions(code))
    inner = {*code.co_cellvars, *(line.argval for line in lines if line.opname == "STORE_NAME")}  # the latter in the body of a class
    yield from (line.argval for line in lines if line.opname in READS and line.argval not in inner)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from (name for name in _names_read(constant) if name not in inner)


def _is_a_tool(name: str, room: dict) -> bool:
    if name not in room or name.startswith("__"):
        return hasattr(builtins, name) and name not in AROUND
    value = room[name]
    if not isinstance(value, ModuleType) and not callable(value):
        return False
    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None) or type(value).__module__
    return str(home).partition(".")[0] not in ("__main__", "vae_course")


def as_table(value, depth: int = 0) -> Plain:
    """A result as numbers, words, lists and dictionaries of the plain types, whatever it was laid out in.

    Subclasses are read as what they are subclasses of, so that none of their own methods has a say.
    """
    if value is None or type(value) in (bool, int, float):
        return value
    if isinstance(value, str):
        return str.__str__(value)[:LONGEST_WORD].strip()
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if depth > DEEPEST:
        return f"{FOREIGN}{type(value).__name__}, nested too deeply"
    library = type(value).__module__.partition(".")[0]
    if library == "pandas":
        value = value.to_dict("records") if hasattr(value, "columns") else value.to_dict()
    elif library == "numpy" and hasattr(value, "tolist"):
        value = value[:MOST_ENTRIES].tolist() if getattr(value, "ndim", 0) else value.item()
    elif isinstance(value, torch.Tensor):
        value = value.detach()[:MOST_ENTRIES].tolist() if value.dim() else value.item()
    elif hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        entries = islice(dict.items(value), MOST_ENTRIES)
        return {as_table(key) if isinstance(key, str) else f"{FOREIGN}{type(key).__name__}": as_table(one, depth + 1) for key, one in entries}
    if isinstance(value, (list, tuple)):
        entries = (list if isinstance(value, list) else tuple).__iter__(value)  # pyright: ignore[reportArgumentType]
        return [as_table(one, depth + 1) for one in islice(entries, MOST_ENTRIES)]
    if isinstance(value, (bool, int, float, str)):  # a number that a library gave back
        return as_table(value)
    return float(value) if isinstance(value, numbers.Real) else f"{FOREIGN}{library}.{type(value).__name__}"
