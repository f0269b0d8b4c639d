"""The rebuilt notebook as Formgrader shows it: what the student reads under each check, and nothing that a browser would obey.

Formgrader renders Markdown with whatever HTML is in it, in the page from which marks are entered. So a tag, a link, a picture from
elsewhere or an output that a student wrote could enter marks in the instructor's name. Here none is left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from .records import Mark

PICTURES = tuple(f"image/{form}" for form in ("png", "jpeg", "gif"))
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
CHECK = "-check"
ATTACHED = re.compile(r"(!\[[^\[\]\n]*\]\(attachment:[^\s()\"'<>]*\))")
# Between which two signs a space goes.
LIVELY = re.compile(r"(?<=<)(?=[A-Za-z/!?])|(?<=\])(?=[(:])|(?<=!)(?=\[)|(?<=\\)(?=(?:href|require|style|class|cssId)\b)")


def harmless(markdown: str) -> str:
    """Markdown that reads the same, without HTML, links, pictures but attached ones, and formulas that do more than show.

    A space is put where any of these would begin: after "<", between "]" and "(" or ":", between "!" and "[", after a command's backslash.
    So it is in code and formulas as well, where it changes nothing.
    """
    whole = ATTACHED.split(markdown)  # every other part is a picture that came with the notebook
    whole[::2] = [LIVELY.sub(" ", part) for part in whole[::2]]
    return "".join(whole)


def shown(notebook: dict, exercise: dict, marks: Iterable[Mark]) -> str:
    """The text of the notebook for autograded/.

    notebook: as rebuilt. exercise: as handed out, whose Markdown and whose cells' grade ids and points are kept, and no others.
    marks: the verdicts on its tasks.
    """
    verdicts = {mark.task + CHECK: mark for mark in marks}
    left = {_grade_id(cell): cell["metadata"]["nbgrader"] for cell in exercise["cells"] if _grade_id(cell)}
    own = {text(cell) for cell in exercise["cells"] if cell["cell_type"] == "markdown"}
    cells = []
    for number, cell in enumerate(notebook["cells"]):
        # A grade id that is there twice makes a broken notebook for nbgrader: the first cell keeps it.
        cells.append({"id": f"cell-{number}", **_cell(cell, left.pop(_grade_id(cell), None), own, verdicts)})
    whole = {"cells": cells, "metadata": exercise.get("metadata", {}), "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def text(cell: Mapping) -> str:
    """The source of a cell, which may be stored as lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def sentence(mark: Mark) -> str:
    """What was found, as `check` begins to say it."""
    words = mark.words.strip()
    if mark.kind == "passed":
        return "\n".join(filter(None, (f"✓ {mark.task}: right, on every probe.", words)))
    return f"{'·' if mark.kind in ('missing', 'unwritten') else '✗'} {mark.task}: {words}"


def said(mark: Mark) -> str:
    """What stands under a check: what the student reads, and the points."""
    return "\n".join([sentence(mark), *mark.hints, f"{points(mark.points)} of {points(mark.out_of)} point{'s' * (mark.out_of != 1)}\n"])


def points(number: float) -> str:
    """A number of points, without needless digits."""
    return f"{round(number, 2):g}"


def _grade_id(cell: Mapping) -> str:
    return cell["metadata"].get("nbgrader", {}).get("grade_id", "")


def _cell(cell: Mapping, graded: Mapping | None, own: set[str], verdicts: Mapping[str, Mark]) -> dict:
    source, kind = text(cell), cell["cell_type"]
    metadata = {"nbgrader": dict(graded)} if graded else {}
    if kind == "code":
        mark = verdicts.get(graded["grade_id"]) if graded else None
        outputs = [{"output_type": "stream", "name": "stdout", "text": said(mark)}] if mark else []
        return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": outputs, "source": source}
    if kind == "raw":  # which a browser would be given as it is
        kind, source = "markdown", "\n".join(f"    {line}" for line in source.splitlines())
    made = {"cell_type": kind, "metadata": metadata, "source": source if source in own else harmless(source)}
    attachments = cell.get("attachments")
    if isinstance(attachments, Mapping) and (pictures := _pictures(attachments)):
        made["attachments"] = pictures
    return made


def _pictures(attachments: Mapping) -> dict:
    """The attached pictures that are what they say: their bytes and their kind end up in an attribute of the page."""
    kept = {}
    for name, bundle in attachments.items():
        if isinstance(bundle, Mapping):
            good = {kind: data for kind, data in bundle.items() if kind in PICTURES and isinstance(data, str) and BASE64.fullmatch(data)}
            kept |= {name: good} if good else {}
    return kept
