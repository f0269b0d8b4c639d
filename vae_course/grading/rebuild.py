"""The reference notebook with a student's cells put in. What the course gave is the reference's, what they wrote stands where it stood.

An answer is found by its cell's mark, else by the name of its function. All code of the student's is kept, and run in its order. Left out
are the set-up, cells that only ask for a verdict, stubs beside a written answer, and lines that are IPython's and not Python's.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .flags import flag
from .magics import without_magics
from .reading import cells_of
from .records import Cell, Flag, Rebuilt, Submission
from .reference import WORDS_STUB, Part, Reference, is_talk
from .static_look import look_at
from .syntax import answers_in, belongs_together, has_code, is_stub, is_unwritten, parsed, without_statements

START = re.compile(r"\bvae_course\.start\(")
MOST_SHOWN = 5


@dataclass(eq=False)
class Piece:
    """One cell of the student's. code: its source as Python, without magics; "" for what is no code. part: the reference's cell that it is.

    tasks: those whose function it defines. written: those of them for which it is more than the stub.
    """

    kind: str
    source: str
    own_id: str
    grade_id: str
    attachments: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    magics: tuple[str, ...] = ()
    part: Part | None = None
    tasks: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    answers: str = ""
    is_left_out: bool = False


def rebuild(reference: Reference, submission: Submission, content: bytes) -> Rebuilt:
    """The notebook of a submission, made anew from the reference and the cells in the bytes of its file. Never raises, and runs nothing.

    Its flags begin with the submission's own. `answers` has only what was written: a stub is run, and is no answer.
    """
    read, of_the_file = cells_of(content)
    return _Rebuilding(reference, read["cells"]).rebuilt((*submission.flags, *of_the_file))


class _Rebuilding:
    def __init__(self, reference: Reference, cells: Iterable[Mapping[str, Any]]) -> None:
        self.reference = reference
        self.flags: list[Flag] = []
        self.pieces = [_piece(cell) for cell in cells]
        self.known_marks = {_mark_of(part): part for part in reference.parts if _mark_of(part)}
        self.is_marked = any(piece.grade_id in self.known_marks for piece in self.pieces)
        self._join_what_was_cut()
        for piece in self.pieces:
            self._read_code(piece)
        self._find_what_the_course_gave()
        self.chosen = {task: piece for task in reference.tasks if (piece := self._choose(task)) is not None}
        self._leave_out_stubs()
        self.words = {name: self._find_words(name) for name in reference.written}

    def rebuilt(self, before: Iterable[Flag]) -> Rebuilt:
        """What has come of it. before: the flags that are known already."""
        flags = list(before)
        was_mended = any(one.name in ("mended", "not a notebook") for one in flags)
        cells, notebook = self._cells(), self._notebook()
        answers = {task: source for task in self.reference.tasks if (source := self._answer_to(task))}
        flags += [*self.flags, *self._flags_of_answers(), *self._flags_of_locked(was_mended), *self._flags_of_lines()]
        flags += look_at(cells, tuple(answers))
        written = {name: words for name, (words, _) in self.words.items() if words}
        return Rebuilt(notebook, cells, answers, written, tuple(_each_once(flags)))

    # Which cell is what.

    def _join_what_was_cut(self) -> None:
        """Put pieces together that a slip of a key had cut apart inside a function or a bracket."""
        joined: list[Piece] = []
        cut = []
        for piece in self.pieces:
            last = next((one for one in reversed(joined) if one.source.strip()), None)
            if (
                last is not None
                and last.kind == piece.kind == "code"
                and belongs_together(without_magics(last.source)[0], without_magics(piece.source)[0])
            ):
                last.source = f"{last.source}\n{piece.source}"
                cut.append(last)
            else:
                joined.append(piece)
        self.pieces = joined
        self.cut = set(map(id, cut))

    def _read_code(self, piece: Piece) -> None:
        if piece.kind != "code":
            return
        code, piece.magics = without_magics(piece.source)
        if START.search(code):
            course = [part for part in self.reference.parts if part.role == "set-up"]
            given = {_told(one) for part in course for one in _statements(without_magics(part.source)[0])} - {""}
            if piece.source.strip() in {part.source.strip() for part in course}:
                piece.part, piece.magics = course[0], ()
            code = without_statements(code, lambda one: _told(one) in given or _is_set_up(one))
        piece.code = _dedented(without_statements(code, is_talk))
        piece.tasks = frozenset(answers_in(piece.code, self.reference.tasks))
        piece.written = frozenset(task for task in piece.tasks if not is_unwritten(piece.code, task))

    def _find_what_the_course_gave(self) -> None:
        """Tell the reference's cells among the student's: by their marks, else by their text, else by their ids."""
        taken: set[int] = set()

        def take(piece: Piece, part: Part) -> None:
            piece.part = part
            taken.add(id(part))

        for piece in self.pieces:
            part = self.known_marks.get(piece.grade_id)
            if part is not None and part.role in ("check", "written"):
                take(piece, part)
        plain = [part for part in self.reference.parts if part.role not in ("answer", "written")]
        by_text = {(part.is_code, _even(part.source)): part for part in reversed(plain)}
        by_id = {part.cell.get("id"): part for part in plain if part.role in ("code", "text", "set-up")}
        for piece in self.pieces:
            part = by_text.get((piece.kind == "code", _even(piece.source)))
            if piece.part is None and part is not None and piece.grade_id not in self.reference.tasks:
                take(piece, part)
        for piece in self.pieces:
            part = by_id.get(piece.own_id)
            if piece.part is None and part is not None and id(part) not in taken and _is_version_of(piece, part):
                take(piece, part)

    def _choose(self, task: str) -> Piece | None:
        """The cell that is the answer: the last written one that is Python, else the last written, else its stub or its marked cell."""
        of_task = [piece for piece in self.pieces if task in piece.tasks]
        written = [piece for piece in of_task if task in piece.written]
        whole = [piece for piece in written if parsed(piece.code) is not None]
        marked = [piece for piece in self.pieces if piece.grade_id == task and piece.kind == "code" and not piece.tasks]
        for pieces in (whole, written, of_task, marked):
            if pieces:
                return pieces[-1]
        return None

    def _leave_out_stubs(self) -> None:
        """A stub that stands behind the answer would take its place."""
        done = {task for task, piece in self.chosen.items() if task in piece.written}
        for piece in self.pieces:
            if piece.tasks and piece.tasks <= done and is_stub(piece.code, self.reference.tasks):
                piece.is_left_out = True

    def _find_words(self, name: str) -> tuple[str, list[Piece]]:
        """An answer in words, and the pieces that it stands in: its cell, and what was written beside it up to the next given one."""
        parts = list(self.reference.parts)
        place = next(number for number, part in enumerate(parts) if part.role == "written" and part.name == name)
        own = [piece for piece in self.pieces if piece.grade_id == name]
        open_to_words = [piece for piece in self.pieces if piece.part is None and piece.kind != "code"]
        own = own or [piece for piece in open_to_words if piece.own_id and piece.own_id == parts[place].cell.get("id")]
        own = own or [piece for piece in open_to_words if piece.source.strip() == WORDS_STUB]
        said = [piece for piece in own if piece.source.strip() and piece.source.strip() != WORDS_STUB]
        beside = [piece for piece in self._between(parts, place, own) if piece.kind != "code" and piece.part is None and piece not in own]
        beside = [piece for piece in beside if piece.source.strip() and piece.source.strip() != WORDS_STUB]
        # A cell that was copied with its mark is there twice; what was written last counts.
        said = [piece for number, piece in enumerate(said) if piece.source not in [one.source for one in said[number + 1 :]]]
        pieces = [piece for piece in self.pieces if piece in said or piece in beside]
        for piece in (*own, *beside):
            piece.part, piece.is_left_out = parts[place], True
        return "\n\n".join(piece.source.strip() for piece in pieces), pieces

    def _between(self, parts: list[Part], place: int, own: list[Piece]) -> list[Piece]:
        """The pieces behind the question, or behind the answer's own cell, up to the next cell of the course's."""
        question = parts[place - 1] if place else None
        starts = [number for number, piece in enumerate(self.pieces) if piece in own or (question is not None and piece.part is question)]
        if not starts:
            return []
        found = []
        for piece in self.pieces[starts[0] + 1 :]:
            if piece.part is not None and piece not in own:
                break
            if piece.tasks:
                break
            found.append(piece)
        return found

    # What comes of it.

    def _answer_to(self, task: str) -> str:
        chosen = self.chosen.get(task)
        if chosen is None or (task in chosen.tasks and task not in chosen.written) or not has_code(chosen.code):
            return ""
        parts = [piece for piece in self._pieces_of(task) if piece is chosen or not piece.tasks]
        return "\n\n".join(piece.code for piece in parts)

    def _pieces_of(self, task: str) -> list[Piece]:
        """The chosen cell, and those that bear its mark as well."""
        chosen = self.chosen.get(task)
        return [
            piece for piece in self.pieces if piece is chosen or (piece.grade_id == task and piece.kind == "code" and has_code(piece.code))
        ]

    def _is_run(self, piece: Piece) -> bool:
        if piece.kind != "code" or piece.is_left_out or not has_code(piece.code):
            return False
        return piece.part is None or piece.part.role != "check" or bool(piece.tasks)

    def _cells(self) -> tuple[Cell, ...]:
        there = {id(piece.part) for piece in self.pieces if piece.part is not None}
        given = [part for part in self.reference.parts if part.role == "code" and id(part) not in there]
        first = [Cell(code) for part in given if has_code(code := without_statements(part.source, is_talk))]
        return (*first, *(cell for piece in self.pieces if self._is_run(piece) for cell in self._cells_of(piece)))

    def _cells_of(self, piece: Piece) -> Iterator[Cell]:
        """A piece as it is run. Where it answers more than one task, an empty cell behind it stands for each of the others."""
        tasks = [task for task, chosen in self.chosen.items() if chosen is piece] or [""]
        yield Cell(piece.code, tasks[0])
        yield from (Cell("", task) for task in tasks[1:])

    def _notebook(self) -> dict[str, Any]:
        """The reference's cells, each once, and between them the student's own, in their order."""
        cells: list[tuple[Part | None, dict[str, Any]]] = []
        put: set[int] = set()
        answers = {
            id(self.chosen[task]): part
            for part in reversed(self.reference.parts)
            if part.role == "answer" and (task := part.name) in self.chosen
        }
        words = {id(pieces[0]): part for part in self.reference.parts if part.role == "written" and (pieces := self.words[part.name][1])}
        for piece in self.pieces:
            part = answers.get(id(piece)) or words.get(id(piece)) or piece.part
            if part is None or (part.role != "written" and id(part) in put):
                if self._is_shown(piece):
                    cells.append((None, _own_cell(piece)))
            elif id(part) not in put and (part.role != "written" or id(piece) in words):
                put.add(id(part))
                cells.append((part, self._cell_of(part, piece)))
                if part.role in ("set-up", "check") and self._is_run(piece):
                    cells.append((None, _own_cell(piece)))
        before: Part | None = None
        for part in self.reference.parts:
            if id(part) not in put:
                place = next((number for number, (one, _) in enumerate(cells) if one is before), -1) if before is not None else -1
                cells.insert(place + 1, (part, self._cell_of(part, None)))
            before = part
        return _notebook([cell for _, cell in cells], self.reference)

    def _is_shown(self, piece: Piece) -> bool:
        return not piece.is_left_out and bool(piece.source.strip()) and (piece.kind != "code" or self._is_run(piece))

    def _cell_of(self, part: Part, piece: Piece | None) -> dict[str, Any]:
        """A cell of the reference, with what the student has put there where that is open to them."""
        attached: Mapping[str, Any] = {}
        if part.role == "answer":
            source = piece.code if piece is not None else part.stub
        elif part.role == "written":
            words, pieces = self.words[part.name]
            source = words or WORDS_STUB
            attached = {name: bundle for one in pieces for name, bundle in one.attachments.items()}
        elif part.role in ("text", "code") and piece is not None:
            source, attached = piece.source if part.role == "text" else _shown_code(piece), piece.attachments
        else:
            source = part.source
        return _cell(part.cell["cell_type"], source, part.cell.get("metadata", {}), attached)

    # What a person should know.

    def _flags_of_answers(self) -> Iterator[Flag]:
        tasks = list(self.reference.tasks)
        if not self.pieces:
            return  # that is told already
        if self.chosen and not self.is_marked:
            yield flag("no metadata")
        for task in tasks:
            chosen = self.chosen.get(task)
            if chosen is None:
                yield flag("missing", task)
            elif task not in chosen.tasks and has_code(chosen.code):
                yield flag("missing", f"{task}: its cell defines no function of this name")
            elif task not in chosen.tasks:
                yield flag("missing", f"{task}: its cell is empty")
        written = {task: [piece for piece in self.pieces if task in piece.written] for task in tasks}
        if twice := [task for task, pieces in written.items() if len(pieces) > 1]:
            yield flag("twice", ", ".join(twice))
        split = [
            task
            for task in tasks
            if any(id(piece) in self.cut or (piece is not self.chosen.get(task) and not piece.tasks) for piece in self._pieces_of(task))
        ]
        if split:
            yield flag("split", ", ".join(split))
        places = [next((number for number, piece in enumerate(self.pieces) if task in piece.tasks), None) for task in tasks]
        there = [place for place in places if place is not None]
        if there != sorted(there):
            yield flag("order")

    def _flags_of_locked(self, was_mended: bool) -> Iterator[Flag]:
        changed, deleted = [], []
        for part in self.reference.parts:
            if part.role == "check":
                own = [piece for piece in self.pieces if piece.part is part]
                if any(_even(piece.source) != _even(part.source) for piece in own):
                    changed.append(part.name)
                elif not own and not was_mended:
                    deleted.append(part.name)
        told = [f"{how}: {', '.join(names)}" for how, names in (("changed", changed), ("deleted", deleted)) if names]
        if told and self.pieces:
            yield flag("locked", "; ".join(told))

    def _flags_of_lines(self) -> Iterator[Flag]:
        lines = [line for piece in self.pieces for line in piece.magics]
        if lines:
            shown = " · ".join(line[:60] for line in lines[:MOST_SHOWN])
            yield flag("magics", shown + (f" and {len(lines) - MOST_SHOWN} more" if len(lines) > MOST_SHOWN else ""))


def _piece(cell: Mapping[str, Any]) -> Piece:
    mark = cell["metadata"].get("nbgrader", {})
    return Piece(cell["cell_type"], cell["source"], cell["id"], mark.get("grade_id", ""), cell.get("attachments", {}))


def _mark_of(part: Part) -> str:
    return part.cell["metadata"].get("nbgrader", {}).get("grade_id", "")


def _even(source: str) -> str:
    """A source but for spaces at the ends of its lines, and lines around it."""
    return "\n".join(line.rstrip() for line in source.strip().split("\n"))


def _is_version_of(piece: Piece, part: Part) -> bool:
    """Whether a cell that has the id of one of the course's still is that one, with something added or taken out."""
    if (piece.kind == "code") != part.is_code or piece.tasks:
        return False
    lines = {line.strip() for line in part.source.split("\n") if line.strip()}
    kept = {line.strip() for line in piece.source.split("\n")} & lines
    return 2 * len(kept) > len(lines)


def _statements(source: str) -> list[ast.stmt]:
    tree = parsed(source)
    return tree.body if tree else []


def _told(statement: ast.stmt) -> str:
    """A statement by which another is told to be the same, "" for one that no person wrote."""
    try:
        return ast.dump(statement)
    except RecursionError:
        return ""


def _is_set_up(statement: ast.stmt) -> bool:
    """Whether a statement of a set-up cell is the course's, of whatever edition: what installs and starts it."""
    if isinstance(statement, ast.If):
        return any(isinstance(node, ast.Constant) and node.value == "google.colab" for node in ast.walk(statement.test))
    if isinstance(statement, ast.Assign):
        return any(isinstance(target, ast.Name) and target.id == "course" for target in statement.targets)
    function = statement.value.func if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) else None
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "start"
        and isinstance(function.value, ast.Name)
        and function.value.id == "vae_course"
    )


def _dedented(code: str) -> str:
    """As IPython takes a cell of which every line is indented as the first is."""
    first = next((line for line in code.split("\n") if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    if not indent or parsed(code) is not None:
        return code
    return "\n".join(line.removeprefix(indent) for line in code.split("\n"))


def _shown_code(piece: Piece) -> str:
    return piece.code if piece.magics else piece.source


def _own_cell(piece: Piece) -> dict[str, Any]:
    return _cell(piece.kind, piece.code if piece.kind == "code" else piece.source, {}, piece.attachments)


def _cell(kind: str, source: str, metadata: Mapping[str, Any], attachments: Mapping[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": copy.deepcopy(dict(metadata)), "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    elif attachments:
        cell["attachments"] = copy.deepcopy(dict(attachments))
    return cell


def _notebook(cells: list[dict[str, Any]], reference: Reference) -> dict[str, Any]:
    numbered = [{"id": f"cell-{number:02d}", **cell} for number, cell in enumerate(cells)]
    metadata = copy.deepcopy(
        {key: value for key, value in reference.notebook["metadata"].items() if key in ("kernelspec", "language_info")}
    )
    return {"cells": numbered, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _each_once(flags: Iterable[Flag]) -> Iterator[Flag]:
    """Each flag, but those that say again that a file is no notebook."""
    seen: set[object] = set()
    for one in flags:
        key = one.name if one.name == "not a notebook" else one
        if key not in seen:
            seen.add(key)
            yield Flag(one.name, "".join(sign if sign.isprintable() else " " for sign in one.detail)[:300])
