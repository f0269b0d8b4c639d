"""The least of a package's source that some names need: single statements of its modules, followed through their imports."""

from __future__ import annotations
import __future__

import ast
import dis
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType

READS = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
POSTPONED = __future__.annotations.compiler_flag


class Shaken:
    """Statements of a package's modules that are needed; `need` adds to them, `files` writes them down.

    root: the package's folder. Modules are named as seen from there: "engine.calling", "engine", "" for the package itself.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._modules: dict[str, _Module] = {}

    def need(self, module: str, names: Iterable[str]) -> None:
        """Keep the statements that bind these names, and whatever they need. Raises KeyError for a name that is not bound there."""
        here = self._module(module)
        for name in names:
            number = here.bound[name]
            statement = here.statements[number]
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                if name not in here.imported.setdefault(number, set()):
                    here.imported[number].add(name)
                    self._follow(here, statement, name)
            elif number not in here.kept:
                here.kept.add(number)
                self._need_all(here, statement)

    def add(self, module: str, name: str, value: ast.expr) -> None:
        """Bind a name to an expression that stands somewhere in a module, at the end of it, and keep what that needs."""
        here = self._module(module)
        here.added.append(ast.Assign([ast.Name(name, ast.Store())], value))
        self._need_all(here, here.added[-1])

    def files(self) -> Iterator[tuple[Path, str]]:
        """Where each module lies, as seen from the root, and its source."""
        for here in self._modules.values():
            yield here.path.relative_to(self.root), here.source()

    def _module(self, name: str) -> _Module:
        if name not in self._modules:
            self._modules[name] = _Module(self.root, name)
        return self._modules[name]

    def _need_all(self, here: _Module, statement: ast.stmt) -> None:
        self.need(here.name, here.bound.keys() & set(here.reads(statement)))

    def _follow(self, here: _Module, statement: ast.Import | ast.ImportFrom, name: str) -> None:
        if isinstance(statement, ast.Import) or (target := here.target_of(statement)) is None:
            return  # from outside the package: it is there as it is
        original = next(alias.name for alias in statement.names if (alias.asname or alias.name) == name)
        if original not in self._module(target).bound:
            raise KeyError(f"{here.path} imports {original!r} from {target!r}, which does not bind it: import the names themselves.")
        self.need(target, [original])


class _Module:
    def __init__(self, root: Path, name: str) -> None:
        self.name, folder = name, root.joinpath(*name.split(".")) if name else root
        self.is_package = folder.is_dir()
        self.path = folder / "__init__.py" if self.is_package else folder.with_suffix(".py")
        self.statements = ast.parse(self.path.read_text("utf-8")).body
        self.postponed = any(_is_future(one) for one in self.statements)
        self.bound = {name: number for number, one in enumerate(self.statements) for name in _names_bound_by(one)}
        self.kept: set[int] = set()
        self.imported: dict[int, set[str]] = {}
        self.added: list[ast.stmt] = []

    def reads(self, statement: ast.stmt) -> set[str]:
        """The names of the module that a statement reads, now or when it is called; what only its annotations name is not read."""
        tree = ast.fix_missing_locations(ast.Module([statement], []))
        return set(_globals_of(compile(tree, str(self.path), "exec", POSTPONED if self.postponed else 0, dont_inherit=True)))

    def target_of(self, statement: ast.ImportFrom) -> str | None:
        """The module of this package that a statement imports from, None for one outside."""
        parts = self.name.split(".") if self.name else []
        inside = parts if self.is_package else parts[:-1]
        up = statement.level - 1
        if up < 0 or up > len(inside):
            return None
        return ".".join([*inside[: len(inside) - up], *(statement.module or "").split(".")]).strip(".")

    def source(self) -> str:
        """The kept statements in their order, without docstrings."""
        body: list[ast.stmt] = []
        for number, statement in enumerate(self.statements):
            if _is_future(statement) or number in self.kept:
                body.append(statement)
            elif number in self.imported and isinstance(statement, (ast.Import, ast.ImportFrom)):
                names = [alias for alias in statement.names if (alias.asname or alias.name.partition(".")[0]) in self.imported[number]]
                body.append(
                    ast.Import(names) if isinstance(statement, ast.Import) else ast.ImportFrom(statement.module, names, statement.level)
                )
        tree = ast.fix_missing_locations(ast.Module([_WithoutDocstrings().visit(one) for one in [*body, *self.added]], []))
        return ast.unparse(tree) + "\n"


class _WithoutDocstrings(ast.NodeTransformer):
    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        return node


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _names_bound_by(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        for alias in statement.names:
            yield alias.asname or (alias.name.partition(".")[0] if isinstance(statement, ast.Import) else alias.name)
    elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
        for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
            yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _globals_of(code: CodeType) -> Iterator[str]:
    yield from (instruction.argval for instruction in dis.get_instructions(code) if instruction.opname in READS)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals_of(constant)
