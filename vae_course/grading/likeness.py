"""Which answers are the same but for names and comments. Listed for a person to look at; it is no verdict."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# In parts of the syntax tree: below that, two people who know the formula write the same line.
TELLING = 50
# What more than a third of at least six wrote is the usual way to write it.
USUAL, FEW = 1 / 3, 6


@dataclass(frozen=True)
class Likeness:
    """What an answer is but for its names and comments. shape: a digest of that. size: in parts of its syntax."""

    shape: str
    size: int


@dataclass(frozen=True)
class Alike:
    """Students whose answers to one task are the same but for names. usual: whether so many wrote it that it tells nothing."""

    task: str
    students: tuple[str, ...]
    size: int
    usual: bool = False


def likeness_of(source: str) -> Likeness | None:
    """What an answer is but for its names, comments, docstrings, annotations and layout. None for what is no Python."""
    try:
        tree = _bare(ast.parse(source))
        # A number in place of each name that the answer itself gives, in the order in which they are met.
        names = _Renamed(_given_in(tree))
        shape = ast.dump(names.visit(tree), annotate_fields=False)
        size = sum(not isinstance(one, ast.expr_context) for one in ast.walk(tree))
        return Likeness(hashlib.sha256(shape.encode("utf-8", "replace")).hexdigest(), size)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def telling(answers: Mapping[str, str], known: Mapping[str, Iterable[str]]) -> dict[str, Likeness]:
    """The answers, by task, that are long enough to compare and are not the exercise's own text.

    answers: source by task. known: by task, the sources that everybody has: the reference's, which is public, and the empty one.
    """
    found = {}
    for task, source in answers.items():
        likeness = likeness_of(source)
        common = {one.shape for text in known.get(task, ()) if (one := likeness_of(text))}
        if likeness is not None and likeness.size >= TELLING and likeness.shape not in common:
            found[task] = likeness
    return found


def alike(answers: Mapping[str, Mapping[str, Likeness]], answered: Mapping[str, int]) -> list[Alike]:
    """Groups of students with the same answer, the longest answers first.

    answers: by student, then by task. answered: by task, how many have written an answer of any length.
    """
    by_shape: dict[tuple[str, str], list[str]] = {}
    sizes: dict[tuple[str, str], int] = {}
    for student, tasks in answers.items():
        for task, likeness in tasks.items():
            by_shape.setdefault((task, likeness.shape), []).append(student)
            sizes[task, likeness.shape] = likeness.size
    groups = []
    for (task, shape), students in by_shape.items():
        if len(students) > 1:
            of = answered.get(task, 0)
            usual = of >= FEW and len(students) > USUAL * of
            groups.append(Alike(task, tuple(sorted(students)), sizes[task, shape], usual))
    return sorted(groups, key=lambda group: (-group.size, group.task, group.students))


def _bare(tree: ast.Module) -> ast.Module:
    """Without docstrings and annotations, which say nothing about how it is computed."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)):
            node.body = [line for line in node.body if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))]
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return tree


def _given_in(tree: ast.Module) -> set[str]:
    """The names that the answer gives itself: arguments, variables, functions. Not what it imports or finds there."""
    given = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del))}
    given |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    given |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    given |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
    return given


class _Renamed(ast.NodeTransformer):
    def __init__(self, given: set[str]) -> None:
        self.given, self.numbers = given, {}

    def number(self, name: str) -> str:
        return self.numbers.setdefault(name, f"name {len(self.numbers)}") if name in self.given else name

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.number(node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.number(node.arg)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.ExceptHandler:
        node.name = self.number(node.name) if node.name else None
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.name = self.number(node.name)
        self.generic_visit(node)
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]
    visit_ClassDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_Nonlocal(self, node):
        node.names = [self.number(name) for name in node.names]
        return node

    visit_Global = visit_Nonlocal  # type: ignore[assignment]
