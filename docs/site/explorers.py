"""Explorers that move on a page without a kernel: made by the lines of their own page, written as scripts that all pages share.

A notebook is not run here. Of an explorer's cell, the one call that makes it is taken, and of the cells before it those statements alone
that lead to what the call is given. Where they lead to training, or where only a kernel could draw, the explorer stays a still picture.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import vae_course.widgets as kinds
from vae_course.plots import packed
from vae_course.widgets import Explorer, standalone

from .pages import Page

FOLDER = "_explorers"
TRAINS = {"fit", "backward"}
OWN = {"decode", "decodes"}  # a picture by a function of one's own has no programme
KINDS = {name for name in kinds.__all__ if isinstance(getattr(kinds, name), type) and issubclass(getattr(kinds, name), Explorer)}
RETURN_IT = {"sweep", "set", "reset", "press", "show"}  # methods of an explorer at the end of a cell
CHANGES = {"load_state_dict", "requires_grad_", "eval", "append", "update"}  # methods that change what they are called on


@dataclass(frozen=True)
class Live:
    """An explorer that moves in the browser. state: the file that has its state; scripts: those with its numbers.

    as_stored: whether its still picture is the one that is stored on its page, and so what it was made of.
    """

    title: str
    state: str
    scripts: tuple[str, ...]
    as_stored: bool


def write(pages: list[Page], to: Path) -> dict[tuple[str, int], Live]:
    """Make all that can be made, and write its scripts. Returns (page's name, cell) → what stands there."""
    to.mkdir(parents=True)
    (to / standalone.RUNTIME).write_text(standalone.runtime(), "utf-8")
    made = {}
    for page in pages:
        for cell, call in calls(page).items():
            explorer = of_page(page, cell, call)
            if explorer is not None and explorer.panel.weights:
                made[page.name, cell] = written(explorer, to, stored_picture(page, cell))
    return made


def written(explorer: Explorer, to: Path, stored: bytes) -> Live:
    """The explorer's state and numbers as classic scripts: a page that was opened from disk may load no others."""
    numbers = standalone.numbers_of(explorer)
    for name, script in numbers.items():
        (to / name).write_text(script, "utf-8")
    told = json.dumps(standalone.state_of(explorer), ensure_ascii=False)
    name = f"state-{hashlib.sha256(told.encode()).hexdigest()[:16]}.js"
    (to / name).write_text(f'vaeSite.tell("{name}", {told});\n', "utf-8")
    return Live(explorer.title, name, tuple(numbers), packed(explorer.still().png) == stored)


def stored_picture(page: Page, cell: int) -> bytes:
    """The still picture that an explorer's cell has left on its page, as PNG."""
    return next(
        base64.b64decode(output.data["image/png"]) for output in page.notebook.cells[cell].outputs if "image/png" in output.get("data", {})
    )


def calls(page: Page) -> dict[int, ast.Call]:
    """Cell → the call that makes the explorer which it shows."""
    found = {}
    for number, cell in enumerate(page.notebook.cells):
        if cell.cell_type == "code" and any("image/png" in output.get("data", {}) for output in cell.outputs):
            call = shown_by(parsed(cell.source).body)
            if call is not None:
                found[number] = call
    return found


def shown_by(lines: list[ast.stmt]) -> ast.Call | None:
    """The call that makes what a cell shows at its end, where that is an explorer: `Kind(…).sweep()`, or by a name that was given it."""
    if not lines or not isinstance(lines[-1], ast.Expr):
        return None
    base = without_methods(lines[-1].value)
    if isinstance(base, ast.Name):
        given_it = [line for line in lines if isinstance(line, ast.Assign) and any(ast.unparse(one) == base.id for one in line.targets)]
        base = without_methods(given_it[-1].value) if given_it else base
    return base if isinstance(base, ast.Call) and called(base) in KINDS else None


def without_methods(node: ast.expr) -> ast.expr:
    """`explorer` of `explorer.set(…).sweep()`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RETURN_IT:
        node = node.func.value
    return node


def of_page(page: Page, cell: int, call: ast.Call) -> Explorer | None:
    """The explorer as the page makes it; None where that takes a training, or where only a kernel draws it."""
    kind = getattr(kinds, called(call))
    if kind.scene is Explorer.scene and kind._programme is Explorer._programme:
        return None
    if OWN & {keyword.arg for keyword in call.keywords}:
        return None
    before = statements(page, cell)
    lines = leading_to(call, before)
    if any(trains(line, trainers(before)) for line in lines):
        return None
    names: dict = {}
    try:
        exec(compile(ast.Module(lines, []), page.path.name, "exec"), names)  # noqa: S102
        return eval(compile(ast.Expression(call), page.path.name, "eval"), names)  # noqa: S307
    except Exception as error:
        told = "the lines that lead to its explorer were run by themselves, and raised"
        raise ValueError(f"{page.path.name}, cell {cell}: {told} {type(error).__name__}: {error}") from error


def statements(page: Page, cell: int) -> list[ast.stmt]:
    """All that stands on the page up to a cell, but the set-up, which only installs."""
    before = [one.source for one in page.notebook.cells[: cell + 1] if one.cell_type == "code" and "google.colab" not in one.source]
    return [statement for source in before for statement in parsed(source).body]


def leading_to(wanted: ast.AST, lines: list[ast.stmt]) -> list[ast.stmt]:
    """Those lines, in order, that give the wanted expression its names: what it rests on, and what that rests on."""
    trained = trained_by(lines)
    late: set[str] = set()  # what functions look up when they are called, which may be given below them
    while True:
        needed, kept = used(wanted) | late, []
        for line in reversed(lines):
            if any(node is wanted for node in ast.walk(line)):
                continue  # the line of the call itself
            if (given(line) | trained.get(line, set())) & needed:
                kept.append(line)
                needed |= used(line)
        found = {name for line in kept if isinstance(line, ast.FunctionDef | ast.ClassDef) for name in used(line)}
        if found <= late:
            return kept[::-1]
        late |= found


def used(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}


def given(line: ast.stmt) -> set[str]:
    """The names that a statement binds, or whose things it changes."""
    if isinstance(line, ast.FunctionDef | ast.ClassDef):
        return {line.name}
    if isinstance(line, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in line.names}
    names = {node.id for node in ast.walk(line) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(line):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names |= {one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
            names |= {one.id for one in ast.walk(node.func.value) if isinstance(one, ast.Name)}
    return names


def trainers(lines: list[ast.stmt]) -> set[str]:
    """What trains: `fit`, a backward pass, and the page's own functions that call these."""
    found = set(TRAINS)
    while more := {line.name for line in lines if isinstance(line, ast.FunctionDef) and trains(line, found)} - found:
        found |= more
    return found


def trains(line: ast.stmt, known: set[str]) -> bool:
    return any(isinstance(node, ast.Call) and called(node) in known for node in ast.walk(line))


def trained_by(lines: list[ast.stmt]) -> dict[ast.stmt, set[str]]:
    """Line → names whose weights it changes although it does not bind them: all that a training is given, but for data."""
    known, found = trainers(lines), {}
    data = {
        name
        for line in lines
        if any(isinstance(node, ast.Call) and called(node) == "load" for node in ast.walk(line))
        for name in given(line)
    }
    for line in lines:
        if not isinstance(line, ast.FunctionDef | ast.ClassDef) and trains(line, known):
            found[line] = used(line) - data
    return found


def called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else call.func.attr if isinstance(call.func, ast.Attribute) else ""


def parsed(source: str) -> ast.Module:
    """A cell's code; magics, which only a notebook knows, are left out."""
    return ast.parse("\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines()))
