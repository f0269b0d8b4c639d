"""What a student's code says of itself without being run: which names a cell defines, whether an answer was written."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache

LONGEST = 100_000  # characters of a cell; what is longer is run, but not looked into
DEFINED = re.compile(r"^(?=def[ \t]+\w+[ \t]*\(|\w+[ \t]*=[ \t]*lambda\b)(?:def[ \t]+)?(\w+)", re.MULTILINE)
INNER = ("body", "orelse", "finalbody")


@lru_cache(maxsize=128)
def parsed(source: str) -> ast.Module | None:
    """The syntax tree of a cell, None where it is no Python or longer than a person writes."""
    if len(source) > LONGEST:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the student's own escapes in strings
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def names_defined(source: str) -> dict[str, list[ast.AST]]:
    """The names that a cell gives a value when it is run, each with the nodes that do, in order; nothing for what is no Python."""
    found: dict[str, list[ast.AST]] = {}
    tree = parsed(source)
    for statement in _run_in(tree.body) if tree else ():
        for name, node in _given_by(statement):
            found.setdefault(name, []).append(node)
    return found


def answers_in(source: str, tasks: Collection[str]) -> set[str]:
    """The tasks for which a cell defines the function, in whatever way; by its text where it is no Python."""
    if parsed(source) is None:
        return {name for name in DEFINED.findall(source) if name in tasks}
    defined = names_defined(source)
    return {name for name in tasks if any(_may_be_called(name, node) for node in defined.get(name, ()))}


def is_unwritten(source: str, task: str) -> bool:
    """Whether all that a cell says of a task is the stub: a function with its docstring and nothing, `...` or NotImplementedError."""
    nodes = names_defined(source).get(task, [])
    return bool(nodes) and all(isinstance(node, ast.FunctionDef) and _is_empty(node) for node in nodes)


def is_stub(source: str, tasks: Collection[str]) -> bool:
    """Whether a cell has nothing in it but stubs of tasks."""
    tree = parsed(source)
    return (
        tree is not None
        and bool(tree.body)
        and all(isinstance(one, ast.FunctionDef) and one.name in tasks and _is_empty(one) for one in tree.body)
    )


def has_code(source: str) -> bool:
    """Whether a cell does anything: not when it is empty, or has comments and `pass` alone."""
    tree = parsed(source)
    return bool(source.strip()) if tree is None else any(not isinstance(one, ast.Pass) for one in tree.body)


def without_statements(source: str, unwanted: Callable[[ast.stmt], bool]) -> str:
    """The source with `pass` in place of the statements at its top level that are unwanted; as it is where it is no Python."""
    tree = parsed(source)
    spans = [
        (one.lineno, one.col_offset, one.end_lineno or one.lineno, one.end_col_offset or 0)
        for one in (tree.body if tree else ())
        if unwanted(one)
    ]
    lines = [line.encode() for line in source.split("\n")]
    for first, start, last, end in reversed(spans):
        lines[first - 1 : last] = [lines[first - 1][:start] + b"pass" + lines[last - 1][end:]]
    return b"\n".join(lines).decode()


def belongs_together(first: str, second: str) -> bool:
    """Whether two cells are one piece of code, cut in two: no Python apart, or a function without its end; and Python together."""
    if not second.strip() or parsed(second) is not None or parsed(f"{first}\n{second}") is None:
        return False
    tree = parsed(first)
    if tree is None:
        return True
    last = tree.body[-1] if tree.body else None
    return isinstance(last, ast.FunctionDef) and not isinstance(last.body[-1], (ast.Return, ast.Raise))


def _run_in(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run at the top level of a cell, those inside `if`, `for`, `with` and `try` among them."""
    waiting = list(reversed(statements))
    while waiting:
        one = waiting.pop()
        yield one
        if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        inner = [inner for part in INNER for inner in getattr(one, part, [])]
        inner += [inner for part in (*getattr(one, "handlers", []), *getattr(one, "cases", [])) for inner in part.body]
        waiting += reversed(inner)


def _given_by(statement: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name, statement
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        for alias in statement.names:
            yield (alias.asname or alias.name.partition(".")[0]), statement
    else:
        for node in ast.walk(statement) if not any(hasattr(statement, part) for part in INNER) else ():
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id, statement


def _may_be_called(name: str, node: ast.AST) -> bool:
    """Whether what a name is given may be an answer: not a coroutine, and not what calling the answer gave, as in `kl = kl(mu, scale)`."""
    if isinstance(node, ast.AsyncFunctionDef):
        return False
    value = getattr(node, "value", None)
    calls_itself = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == name
    return not calls_itself and not isinstance(value, ast.Constant) and not isinstance(node, (ast.AugAssign, ast.Delete))


def _is_empty(function: ast.FunctionDef) -> bool:
    return all(_says_nothing(statement) for statement in function.body)


def _says_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if not isinstance(statement, ast.Raise):
        return False
    raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"
