"""An exercise on a student's desk: its cells are filled, added, moved and taken out, and the file is saved in one form or another."""

from __future__ import annotations

import copy
import inspect
import json
import re
from collections.abc import Callable, Mapping
from functools import cache

from tests.notebooks.project import ROOT
from tests.tasks.answers import RIGHT_ANSWERS
from vae_course.tasks import find
from vae_course.tasks.engine.slips import source_of

ELBO = "04-the-elbo"
# What a coded answer of the exercise is worth, in the order in which it asks for them.
POINTS = {"leaning_kl": 1, "kl_between": 2, "gaussian_log_likelihood": 1, "renyi_bound": 1, "effective_beta": 1, "bound_report": 2}
SET_UP = 2  # code cells before the first answer: the course's, and the imports
WORDS = "The loss weighs the KL with a β of about 20, so q(z|x) is the prior.\n\nSum where sums belong, and state σ."


def right(name: str) -> str:
    """The reference's answer to a task, as its author wrote it."""
    return source_of(find(name).answer)


def styled(name: str, style: str) -> str:
    """The right answer to `name` that is called `style` in tests/tasks/right_answers, under the name that the exercise asks for."""
    (answer,) = [one for one in RIGHT_ANSWERS[name] if one.__name__ == style]
    return renamed(answer, name)


def renamed(function: Callable, name: str) -> str:
    """The source of a function, as if it were called `name`."""
    return re.sub(rf"\Adef {function.__name__}\(", f"def {name}(", inspect.getsource(function))


def slipped(name: str, *changes: tuple[str, str]) -> str:
    """The right answer with texts of it changed. Raises ValueError for a text that does not stand there exactly once."""
    source = right(name)
    for old, new in changes:
        if source.count(old) != 1:
            raise ValueError(f"{old!r} stands {source.count(old)} times in the answer to {name}, expected once.")
        source = source.replace(old, new)
    return source


@cache
def _handed_out(exercise: str) -> str:
    return (ROOT / "exercises" / f"{exercise}.ipynb").read_text("utf-8")


class Work:
    """One exercise as a student works on it. Sources are texts; `saved` gives the file."""

    def __init__(self, answers: Mapping[str, str] | None = None, *, exercise: str = ELBO) -> None:
        self.notebook = json.loads(_handed_out(exercise))
        for cell in self.cells:
            cell["source"] = "".join(cell["source"])
        for name, source in (answers or {}).items():
            self.cell(name)["source"] = source

    @property
    def cells(self) -> list[dict]:
        return self.notebook["cells"]

    @cells.setter
    def cells(self, cells: list[dict]) -> None:
        self.notebook["cells"] = cells

    def place(self, grade_id: str) -> int:
        """Where the first cell with this grade id stands."""
        return next(number for number, cell in enumerate(self.cells) if grade_id_of(cell) == grade_id)

    def cell(self, grade_id: str) -> dict:
        return self.cells[self.place(grade_id)]

    def before(self, grade_id: str, *sources: str) -> Work:
        """New code cells in front of the one with this grade id."""
        place = self.place(grade_id)
        self.cells[place:place] = [code_cell(source) for source in sources]
        return self

    def after(self, grade_id: str, *sources: str) -> Work:
        """New code cells behind the one with this grade id."""
        place = self.place(grade_id) + 1
        self.cells[place:place] = [code_cell(source) for source in sources]
        return self

    def without(self, *grade_ids: str) -> Work:
        """The cells with these grade ids are deleted."""
        self.cells = [cell for cell in self.cells if grade_id_of(cell) not in grade_ids]
        return self

    def doubled(self, grade_id: str, source: str) -> Work:
        """The cell is copied with its marks, as an editor does, and the copy behind it says `source`."""
        double = copy.deepcopy(self.cell(grade_id))
        double["source"] = source
        double.pop("id", None)
        self.cells.insert(self.place(grade_id) + 1, double)
        return self

    def words(self, text: str = WORDS) -> Work:
        """The question in words is answered."""
        self.cell("in-words")["source"] = text
        return self

    def stripped(self) -> Work:
        """All marks of the cells are gone."""
        for cell in self.cells:
            cell["metadata"] = {}
        return self

    def kernel(self, **spec: str) -> Work:
        """The notebook names another kernel."""
        self.notebook["metadata"]["kernelspec"] |= spec
        return self

    def saved(self, *, run: bool = True, encoding: str = "utf-8", ascii_only: bool = False) -> bytes:
        """The file. run: whether its code cells were run, top to bottom."""
        return self.text(run=run, ascii_only=ascii_only).encode(encoding)

    def text(self, *, run: bool = True, ascii_only: bool = False) -> str:
        notebook = copy.deepcopy(self.notebook)
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        for number, cell in enumerate(code, 1):
            cell["execution_count"] = number if run else None
        return json.dumps(notebook, indent=1, ensure_ascii=ascii_only)


def code_cell(source: str) -> dict:
    """A cell of the student's own."""
    return {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": source}


def grade_id_of(cell: dict) -> str:
    return cell["metadata"].get("nbgrader", {}).get("grade_id", "")


def all_right(**others: str) -> dict[str, str]:
    """The reference's answers to all tasks of the exercise but for those that are given."""
    return {name: others.get(name, right(name)) for name in POINTS}
