"""What names in a student's code stand for, as far as that can be told without running it.

A name leads by way of imports, other names, getattr and the like to a dotted path: `m.gaussian_kl` to `vae_course.objectives.gaussian_kl`.
"""

from __future__ import annotations

import ast
import builtins
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import vae_course

from .syntax import parsed

COURSE = Path(vae_course.__file__).parent
DEEPEST = 20  # names that stand for names
MOST_PATHS = 20
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
MODULES_OF = {"importlib.import_module", "builtins.__import__", "importlib.__import__"}
KEPT = {
    "functools.partial",
    "functools.cache",
    "functools.lru_cache",
    "functools.wraps",
    "torch.no_grad",
    "torch.compile",
    "torch.vmap",
    "torch.func.vmap",
    "staticmethod",
    "builtins.staticmethod",
}
# Modules by another name.
SAME = {"posix": "os", "nt": "os", "_io": "io", "posixpath": "os.path", "ntpath": "os.path"}
MOST_STEPS = 300_000  # code that takes more to look through was not written to be read


class Names:
    """All that the cells give names to, in the order in which they are run."""

    def __init__(self, sources: Sequence[str]) -> None:
        self.given: dict[str, list[ast.AST | str]] = defaultdict(list)
        self.inner: dict[int, dict[str, list[ast.AST | str]]] = {}
        self.parameters: dict[int, set[str]] = {}
        self.outer: dict[int, ast.AST | None] = {}
        self.stars: list[str] = []
        self.steps = 0
        self.trees = [tree for source in sources if (tree := parsed(source)) is not None]
        for tree in self.trees:
            for scope, node in self.nodes_in(tree):
                self._note(node, scope)

    @property
    def is_tangled(self) -> bool:
        """Whether the code is such that looking was given up."""
        return self.steps > MOST_STEPS

    def nodes_in(self, tree: ast.AST) -> Iterator[tuple[ast.AST | None, ast.AST]]:
        """Every node with the innermost function that it is in; docstrings are left out."""
        waiting: list[tuple[ast.AST | None, ast.AST]] = [(None, tree)]
        while waiting:
            scope, node = waiting.pop()
            if not isinstance(node, ast.Module):
                yield scope, node
            inner = node if isinstance(node, FUNCTIONS) else scope
            waiting += [(inner, child) for child in reversed(list(ast.iter_child_nodes(node))) if not _is_docstring(child)]

    def paths_of(self, node: ast.AST, scope: ast.AST | None) -> set[str]:
        """The dotted paths that an expression may stand for."""
        return self._paths(node, scope, DEEPEST, set())

    def text_of(self, node: ast.AST, scope: ast.AST | None) -> str | None:
        """The text that an expression is, None where that is not known."""
        return self._text(node, scope, DEEPEST)

    def imported_by(self, node: ast.Import | ast.ImportFrom) -> list[str]:
        """The paths that an import names."""
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        return [f"{node.module}.{alias.name}" for alias in node.names] if node.module and not node.level else []

    def reached_from(self, name: str) -> set[str]:
        """The paths of all that is used by what `name` was given, and by what the names in it were given, and so on."""
        found: set[str] = set()
        waiting: list[ast.AST | str] = list(self.given.get(name, ()))
        seen: set[int] = set()
        while waiting:
            node = waiting.pop()
            if isinstance(node, str):
                found.add(node)
                continue
            if id(node) in seen:
                continue
            seen.add(id(node))
            for scope, inner in self.nodes_in(node):
                if isinstance(inner, (ast.Import, ast.ImportFrom)):
                    continue
                scope = scope if scope is not None else (node if isinstance(node, FUNCTIONS) else None)
                if isinstance(inner, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)):
                    found |= self.paths_of(inner, scope)
                if isinstance(inner, ast.Name) and not self._is_local(inner.id, scope):
                    waiting += self.given.get(inner.id, ())
        return {path for path in found if not any(other.startswith(f"{path}.") for other in found)}

    def _note(self, node: ast.AST, scope: ast.AST | None) -> None:
        room = self.given if scope is None else self.inner.setdefault(id(scope), defaultdict(list))
        if isinstance(node, FUNCTIONS):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
            self.parameters[id(node)] = {one.arg for one in every if one is not None}
            self.outer[id(node)] = scope
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            room[node.name].append(node)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                room[alias.asname or alias.name.partition(".")[0]].append(alias.name if alias.asname else alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if alias.name == "*":
                    self.stars.append(node.module)
                else:
                    room[alias.asname or alias.name].append(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._give(target, node.value, room)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            self._give(node.target, node.value, room)
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            self._give(node.target, node.iter, room, each=True)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            self._give(node.optional_vars, node.context_expr, room)

    def _give(self, target: ast.AST, value: ast.AST, room: dict[str, list[ast.AST | str]], *, each: bool = False) -> None:
        if isinstance(target, ast.Name):
            given = list(value.elts) if each and isinstance(value, (ast.Tuple, ast.List, ast.Set)) else [value]
            room[target.id] += given
        elif isinstance(target, (ast.Tuple, ast.List)):
            values = (
                value.elts
                if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts) and not each
                else [value] * len(target.elts)
            )
            for one, its in zip(target.elts, values, strict=True):
                self._give(one, its, room)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            # What is kept on an object may be called from it.
            room[target.value.id].append(value)

    def _is_local(self, name: str, scope: ast.AST | None) -> bool:
        return self._home_of(name, scope) is not None

    def _home_of(self, name: str, scope: ast.AST | None) -> ast.AST | None:
        """The function, from the innermost outwards, that gives the name a value; None for a name of the notebook."""
        for _ in range(DEEPEST):
            if scope is None or name in self.parameters.get(id(scope), ()) or name in self.inner.get(id(scope), {}):
                return scope
            scope = self.outer.get(id(scope))
        return None

    def _given_to(self, name: str, scope: ast.AST | None) -> tuple[list[ast.AST | str], ast.AST | None]:
        """What a name was given where it is used, and the function that did. A parameter was given nothing that is known."""
        home = self._home_of(name, scope)
        if home is None:
            return self.given.get(name, []), None
        return ([] if name in self.parameters.get(id(home), ()) else self.inner.get(id(home), {}).get(name, [])), home

    def _is_over(self, depth: int) -> bool:
        self.steps += 1
        return depth <= 0 or self.is_tangled

    def _paths(self, node: ast.AST, scope: ast.AST | None, depth: int, seen: set[int]) -> set[str]:
        if self._is_over(depth):
            return set()
        attributes: list[str] = []
        while isinstance(node, ast.Attribute):  # a chain of ten thousand is no reason to recurse
            attributes.append(node.attr)
            node = node.value
        found = self._paths_of_root(node, scope, depth, seen)
        if attributes and len(attributes) <= DEEPEST:
            behind = ".".join(reversed(attributes))
            found = {f"{path}.{behind}" for path in found}
        elif attributes:
            found = set()
        return set(sorted(map(_usual, found))[:MOST_PATHS])

    def _paths_of_root(self, node: ast.AST, scope: ast.AST | None, depth: int, seen: set[int]) -> set[str]:
        if isinstance(node, ast.Name):
            return self._paths_of_name(node.id, scope, depth, seen)
        if isinstance(node, ast.Call):
            return self._paths_of_call(node, scope, depth, seen)
        if isinstance(node, ast.Subscript):
            key = self._text(node.slice, scope, depth - 1)
            owners = self._paths(node.value, scope, depth - 1, seen)
            if key is None:
                return set()
            modules = {key} if "sys.modules" in owners else set()
            return modules | {f"{owner.removesuffix('.__dict__')}.{key}" for owner in owners if owner.endswith(".__dict__")}
        if isinstance(node, ast.IfExp):
            return self._paths(node.body, scope, depth - 1, seen) | self._paths(node.orelse, scope, depth - 1, seen)
        if isinstance(node, ast.BoolOp):
            return set().union(*(self._paths(one, scope, depth - 1, seen) for one in node.values[:MOST_PATHS]))
        if isinstance(node, ast.NamedExpr):
            return self._paths(node.value, scope, depth - 1, seen)
        return set()

    def _paths_of_name(self, name: str, scope: ast.AST | None, depth: int, seen: set[int]) -> set[str]:
        given, home = self._given_to(name, scope)
        found: set[str] = set()
        for value in given[-MOST_PATHS:]:
            if isinstance(value, str):
                found.add(value)
            elif id(value) not in seen and not isinstance(value, (*FUNCTIONS, ast.ClassDef)):
                found |= self._paths(value, home, depth - 1, seen | {id(value)})
        if not given and home is None:
            found = {f"{module}.{name}" for module in self.stars if name in _names_of(module)}
            if not found and (hasattr(builtins, name) or name in ("__builtins__", "__loader__")):
                found = {"builtins" if name == "__builtins__" else f"builtins.{name}"}
        return found

    def _paths_of_call(self, node: ast.Call, scope: ast.AST | None, depth: int, seen: set[int]) -> set[str]:
        functions = self._paths(node.func, scope, depth - 1, seen)
        first = node.args[0] if node.args else None
        if first is None:
            return set()
        if functions & MODULES_OF:
            told = self._text(first, scope, depth - 1)
            return {told} if told else set()
        if "builtins.getattr" in functions and len(node.args) > 1:
            name = self._text(node.args[1], scope, depth - 1)
            return {f"{path}.{name}" for path in self._paths(first, scope, depth - 1, seen)} if name else set()
        if "builtins.vars" in functions:
            return {f"{path}.__dict__" for path in self._paths(first, scope, depth - 1, seen)}
        if functions & KEPT:
            return self._paths(first, scope, depth - 1, seen)
        if isinstance(node.func, ast.Call):
            return self._of_attrgetter(node.func, first, scope, depth, seen)
        return set()

    def _of_attrgetter(self, getter: ast.Call, first: ast.AST, scope: ast.AST | None, depth: int, seen: set[int]) -> set[str]:
        if "operator.attrgetter" not in self._paths(getter.func, scope, depth - 1, seen) or not getter.args:
            return set()
        name = self._text(getter.args[0], scope, depth - 1)
        return {f"{path}.{name}" for path in self._paths(first, scope, depth - 1, seen)} if name else set()

    def _text(self, node: ast.AST, scope: ast.AST | None, depth: int) -> str | None:
        if self._is_over(depth):
            return None
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return _joined(self._text(one, scope, depth - 1) for one in (node.left, node.right))
        if isinstance(node, ast.JoinedStr):
            return _joined(self._text(one.value if isinstance(one, ast.FormattedValue) else one, scope, depth - 1) for one in node.values)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join" and node.args:
            parts = node.args[0].elts if isinstance(node.args[0], (ast.List, ast.Tuple)) else None
            between = self._text(node.func.value, scope, depth - 1)
            texts = [self._text(one, scope, depth - 1) for one in parts] if parts is not None else [None]
            return between.join(text for text in texts if text is not None) if between is not None and None not in texts else None
        if isinstance(node, ast.Call) and self._paths(node.func, scope, depth - 1, set()) & {"os.path.join", "pathlib.Path"}:
            texts = [self._text(one, scope, depth - 1) for one in node.args]
            return "/".join(text for text in texts if text is not None) if texts and None not in texts else None
        if isinstance(node, ast.Name):
            given, home = self._given_to(node.id, scope)
            texts = {None if isinstance(one, str) else self._text(one, home, depth - 1) for one in given[-MOST_PATHS:]}
            return texts.pop() if len(texts) == 1 else None
        return None


def _joined(parts: Iterable[str | None]) -> str | None:
    texts = list(parts)
    return "".join(text for text in texts if text is not None) if None not in texts else None


def _usual(path: str) -> str:
    first, dot, rest = path.partition(".")
    return f"{SAME.get(first, first)}{dot}{rest}"


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@lru_cache(maxsize=256)
def _names_of(module: str) -> frozenset[str]:
    """The names that `from module import *` may give. The course's are read and not run; of others dangerous names are known."""
    first, *inner = module.split(".")
    if first == "vae_course" and all(part.isidentifier() for part in inner):
        if not inner:
            return frozenset(vae_course.__all__)
        path = COURSE.joinpath(*inner)
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return frozenset(_given_in(file))
    return KNOWN.get(module, frozenset())


KNOWN = {
    "os": frozenset(("system", "popen", "fork", "kill", "execv", "walk", "listdir", "environ", "getenv", "remove", "_exit", "getppid")),
    "subprocess": frozenset(("run", "Popen", "call", "check_output", "check_call", "getoutput")),
    "socket": frozenset(("socket", "create_connection", "create_server", "getaddrinfo")),
    "ctypes": frozenset(("CDLL", "cdll", "string_at", "memmove", "pythonapi")),
    "importlib": frozenset(("import_module", "reload")),
    "inspect": frozenset(("stack", "currentframe", "getouterframes", "getsource")),
    "sys": frozenset(("modules", "settrace", "setprofile", "exit")),
    "shutil": frozenset(("rmtree", "copy", "copytree", "move")),
    "urllib.request": frozenset(("urlopen", "urlretrieve")),
}


def _given_in(file: Path) -> Iterator[str]:
    tree = parsed(file.read_text("utf-8"))
    for node in tree.body if tree else ():
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
