"""A look at a student's code without running it: is an answer the course's own function, does code reach for what no answer needs?

Both are flags for a person to look at. They cost no points, and who wants to hide can: the wall and the judge outside rest on none of this.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from .flags import flag
from .names import Names
from .reaches import (
    ENVIRONMENT,
    FILES,
    INNER_ATTRIBUTES,
    OFTEN_PUT_TOGETHER,
    SETTING_OF_A_LIBRARY,
    SHELL,
    TALK,
    TELLING_PATH,
    is_below,
    is_foreign,
    is_outside,
    is_patch,
)
from .records import Cell, Flag
from .syntax import parsed

COURSE = "vae_course"
# What the course has for pages and for talking to a learner, which computes nothing that is asked for.
OF_THE_PAGE = frozenset(
    (
        *("check", "hint", "progress", "start", "choose", "device", "seed_everything", "announce", "runtime"),
        *("plots", "show", "show_images", "show_curves", "widgets"),
    )
)
MOST_SHOWN = 5


def look_at(cells: Sequence[Cell], tasks: Collection[str]) -> tuple[Flag, ...]:
    """The flags "course's own" (with the tasks whose answers it concerns) and "looks around" (with what is reached for), where they apply.

    cells: the student's, in the order in which they are run. tasks: the names of the answers.
    """
    names = Names([cell.source for cell in cells])
    own = {task: found for task in tasks if (found := course_names_in(task, names))}
    around = sorted(set(looks_around(cells, names)))
    if names.is_tangled:
        around.insert(0, "code too tangled to look through")
    flags = []
    if own:
        told = [f"{task}: {', '.join(sorted(found)[:MOST_SHOWN])}" for task, found in own.items()]
        flags.append(flag("course's own", "; ".join(told)))
    if around:
        more = f" and {len(around) - MOST_SHOWN} more" if len(around) > MOST_SHOWN else ""
        flags.append(flag("looks around", ", ".join(around[:MOST_SHOWN]) + more))
    return tuple(flags)


def course_names_in(task: str, names: Names) -> set[str]:
    """What of the course an answer rests on: in its own code, or in code that it calls, or in what the names that it uses were given."""
    return {path for path in names.reached_from(task) if _computes(path)}


def looks_around(cells: Sequence[Cell], names: Names) -> Iterator[str]:
    """What the code reaches for that no answer needs, in a few words each."""
    for cell in cells:
        tree = parsed(cell.source)
        if tree is None:
            continue
        harmless = set(_asked_whether_colab(tree)) | set(_harmless_environment(tree, names))
        for scope, node in names.nodes_in(tree):
            if id(node) not in harmless:
                yield from map(_shown, _of_node(node, scope, names, harmless))


def _of_node(node: ast.AST, scope: ast.AST | None, names: Names, harmless: Collection[int]) -> Iterator[str]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (path for path in names.imported_by(node) if path.startswith("vae_course.") and is_foreign(path))
    elif isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        yield from _of_use(node, scope, names)
    elif isinstance(node, ast.Call):
        yield from _of_call(node, scope, names)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in harmless:
        if len(node.value) < 300 and TELLING_PATH.match(node.value):
            yield repr(node.value)
    elif isinstance(node, ast.FunctionDef) and node.name in INNER_ATTRIBUTES:
        yield f"a {node.name} of its own"


def _of_use(node: ast.Name | ast.Attribute | ast.Subscript, scope: ast.AST | None, names: Names) -> Iterator[str]:
    if isinstance(node, ast.Attribute) and node.attr in INNER_ATTRIBUTES:
        yield node.attr
    for path in names.paths_of(node, scope):
        if isinstance(node.ctx, ast.Store):
            if isinstance(node, ast.Attribute) and is_patch(path):
                yield f"{path} given another value"
        elif is_foreign(path):
            yield path


def _of_call(node: ast.Call, scope: ast.AST | None, names: Names) -> Iterator[str]:
    for path in names.paths_of(node.func, scope):
        if path in FILES and (told := _file_told(node, path, scope, names)):
            yield told
        if path in ("builtins.setattr", "builtins.delattr") and node.args:
            yield from (f"{target} given another value" for target in names.paths_of(node.args[0], scope) if is_patch(target))
        if path in ("importlib.import_module", "builtins.__import__") and node.args and names.text_of(node.args[0], scope) is None:
            yield f"{path} of a name that is put together"
    if isinstance(node.func, ast.Attribute) and node.func.attr in SHELL:
        owner = node.func.value
        if isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "get_ipython":
            yield f"get_ipython().{node.func.attr}"


def _file_told(node: ast.Call, path: str, scope: ast.AST | None, names: Names) -> str:
    """What a call that opens or changes a file has in hand, "" where it stays in the student's own folder."""
    arguments = [
        *node.args,
        *(keyword.value for keyword in node.keywords if keyword.arg in ("file", "path", "src", "dst", "top", "pathname")),
    ]
    if path in ("builtins.open", "io.open", "codecs.open"):
        arguments = arguments[:1]
    for argument in arguments:
        text = names.text_of(argument, scope)
        if text is not None and is_outside(text):
            return f"{path.removeprefix('builtins.')}({text!r})"
        if text is None and not OFTEN_PUT_TOGETHER.match(path) and not _is_a_buffer(argument, scope, names):
            return f"{path.removeprefix('builtins.')} of a path that is put together"
    return ""


def _is_a_buffer(argument: ast.expr, scope: ast.AST | None, names: Names) -> bool:
    """Whether an argument is in memory, or a path below the student's own: a call of io.BytesIO, pathlib.Path and the like."""
    if not isinstance(argument, ast.Call):
        return isinstance(argument, ast.Constant)
    return any(path.startswith(("io.", "pathlib.", "tempfile.")) for path in names.paths_of(argument.func, scope))


def _computes(path: str) -> bool:
    rest = path.removeprefix(f"{COURSE}.")
    return path.startswith(f"{COURSE}.") and not rest.startswith("__") and rest.split(".")[0] not in OF_THE_PAGE and path not in TALK


def _asked_whether_colab(tree: ast.AST) -> Iterator[int]:
    """`"google.colab" in sys.modules`, as the course's own first cell asks."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Constant) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            yield from (id(inner) for inner in ast.walk(node.comparators[0]))


def _harmless_environment(tree: ast.AST, names: Names) -> Iterator[int]:
    """Settings of libraries, read or made."""
    for node in ast.walk(tree):
        key = None
        if isinstance(node, ast.Subscript):
            key, owner = node.slice, node.value
        elif isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute):
            key, owner = node.args[0], node.func
        is_harmless = isinstance(key, ast.Constant) and isinstance(key.value, str) and SETTING_OF_A_LIBRARY.match(key.value)
        if is_harmless and any(is_below(path, ENVIRONMENT) for path in names.paths_of(owner, None)):
            yield from (id(inner) for inner in ast.walk(node))


def _shown(words: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in words)[:80]
