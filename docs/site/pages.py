"""What a notebook says of itself: its title, its question, how long it takes, and the picture that is its face."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]["Repository"]
COLAB = REPOSITORY.replace("https://github.com", "https://colab.research.google.com/github") + "/blob/main"
WORDS = {"half a": 0.5, "one": 1, "a": 1, "1½": 1.5, "two": 2, "2½": 2.5, "three": 3, "four": 4, "five": 5}
WALK_ENDS = "train-sample-interpolate"  # the pages up to here are one walk


@dataclass(frozen=True)
class Page:
    """A notebook of the course. folder: "notebooks" or "exercises"."""

    path: Path

    @property
    def folder(self) -> str:
        return self.path.parent.name

    @property
    def name(self) -> str:
        return self.path.stem

    @cached_property
    def notebook(self) -> nbformat.NotebookNode:
        return nbformat.read(self.path, as_version=4)

    @property
    def first(self) -> str:
        return self.notebook.cells[0].source

    @property
    def title(self) -> str:
        found = re.search(r"^# (.+)$", self.first, re.MULTILINE)
        if not found:
            raise ValueError(f"{self.path.name} has no title, expected a line `# …` in its first cell.")
        return found[1].strip()

    @property
    def question(self) -> str:
        """The one question; nothing where it has none."""
        found = re.search(r"^\*\*(.+\?)\*\*$", self.first, re.MULTILINE)
        return found[1] if found else ""

    @property
    def minutes(self) -> int | None:
        """What the box at the top says: reading, and computation where that is told apart."""
        found = re.search(r"\*\*Time\*\* about (\d+) minutes( of reading; [^.(]*)?", self.first)
        if not found:
            return None
        more = re.search(rf"({'|'.join(WORDS)}|\d+) minutes?", found[2] or "")
        return int(found[1]) + math.ceil(0 if not more else WORDS.get(more[1]) or float(more[1]))

    @cached_property
    def face(self) -> tuple[str, str] | None:
        """The first picture that is stored: its PNG, in base64, and its words."""
        for cell in self.notebook.cells:
            for output in cell.get("outputs", ()):
                if "image/png" in output.get("data", {}):
                    return output.data["image/png"], output.metadata.get("image/png", {}).get("alt", "")
        return None

    @property
    def exercise(self) -> Path | None:
        """The exercise that goes with a page of the course."""
        path = ROOT / "exercises" / self.path.name
        return path if self.folder == "notebooks" and path.exists() else None


def all_pages() -> list[Page]:
    """The course's pages in order, then the exercises."""
    return [Page(path) for folder in ("notebooks", "exercises") for path in sorted((ROOT / folder).glob("*.ipynb"))]


def parts(pages: list[Page]) -> dict[str, list[Page]]:
    """Heading → pages, as a reader takes them."""
    course = [page for page in pages if page.folder == "notebooks"]
    end = next((number for number, page in enumerate(course) if page.name.endswith(WALK_ENDS)), len(course) - 1) + 1
    return {"The walk": course[:end], "Then, each for itself": course[end:]}
