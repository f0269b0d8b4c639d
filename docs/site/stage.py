"""The pages as Sphinx takes them: stored notebooks with files for pictures, links that lead within the site, and places for explorers."""

from __future__ import annotations

import copy
import html
import re
import shutil
from pathlib import Path

import nbformat

from . import explorers, pictures
from .pages import COLAB, REPOSITORY, ROOT, Page, parts

BADGE = re.compile(r"^\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)\s*$", re.MULTILINE)
LINK = re.compile(r"(?<=\]\()(?!https?:|#|mailto:)([^()\s]+)(?=\))")
STILL = "This one moves in a notebook, where Python draws it. Here is a picture of what it shows."
MOVES = "It moves here, without Python; where scripts are off, see the picture."


def write(pages: list[Page], made: dict[tuple[str, int], explorers.Live], source: Path, to: Path) -> None:
    """Write what Sphinx reads into `source`; pictures, sounds, and the notebooks to take along go to the site, `to`."""
    files = pictures.Files(to)
    for page in pages:
        path = source / page.folder / page.path.name
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(staged(page, made, files), path)
        (to / page.folder).mkdir(parents=True, exist_ok=True)
        shutil.copy(page.path, to / page.folder / page.path.name)
    (source / "contents.md").write_text(contents(pages), "utf-8")
    (source / "exercises.md").write_text(exercises(pages), "utf-8")


def staged(page: Page, made: dict[tuple[str, int], explorers.Live], files: pictures.Files) -> nbformat.NotebookNode:
    """A copy of the page's notebook. Nothing in it is run, and what it shows is what is stored in it."""
    notebook = copy.deepcopy(page.notebook)
    shown = explorers.calls(page)
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(lambda found: within(found[1], page), BADGE.sub(lambda _: buttons(page), cell.source))
        if cell.cell_type != "code":
            continue
        if "google.colab" in cell.source:
            cell.metadata.setdefault("tags", []).append("hide-input")
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/png" in data:
                stored, about = data.pop("image/png"), output.metadata.get("image/png", {})
                data.setdefault("text/html", files.picture(stored, about))
                if number in shown:
                    data["text/html"] = place(made.get((page.name, number)), data["text/html"])
            if "text/html" in data:
                data["text/html"] = files.lifted(data["text/html"])
                data["text/html"] = data["text/html"].replace(' style="font-size: 85%; opacity: 0.75"', ' class="in-words"')
    return notebook


def place(live: explorers.Live | None, still: str) -> str:
    """Where an explorer stands: its still picture, and what a script needs to put the moving one above it."""
    if live is None:
        return f'<p class="moves-elsewhere">{STILL}</p>\n{still}'
    asked = f'data-title="{html.escape(live.title)}" data-state="{live.state}" data-numbers="{" ".join(live.scripts)}"'
    return f'<div class="vae-place" {asked}>\n<noscript><p class="moves-elsewhere">{MOVES}</p></noscript>\n{still}\n</div>'


def buttons(page: Page) -> str:
    """In place of the badge, whose picture lies elsewhere: where to run the page, how to take it along, and its exercise."""
    links = [f'<a href="{COLAB}/{page.folder}/{page.path.name}">Open in Colab</a>']
    links.append(f'<a href="{page.path.name}" download>Download the notebook</a>')
    if page.exercise:
        links.append(f'<a href="../exercises/{page.name}.html">Exercise</a>')
    return f'<div class="page-buttons">{"".join(links)}</div>\n'


def within(target: str, page: Page) -> str:
    """A link of a notebook: to another page as it is, to any other file of the repository as that is on the web."""
    path, mark, anchor = target.partition("#")
    aim = (page.path.parent / path).resolve()
    if not aim.is_relative_to(ROOT) or not aim.exists():
        return target
    if aim.suffix == ".ipynb" and aim.parent.name in ("notebooks", "exercises"):
        return target
    return f"{REPOSITORY}/blob/main/{aim.relative_to(ROOT).as_posix()}{mark}{anchor}"


def contents(pages: list[Page]) -> str:
    """The page of all pages: what the side bar shows, and the order of previous and next."""
    text = "# Contents\n\nEach page asks one question. Those of the walk are best taken in order.\n"
    for heading, some in parts(pages).items():
        text += listed(heading, [f"notebooks/{page.name}" for page in some])
    text += listed("Practice", ["exercises"]) + listed("Look up", ["glossary", "reference/index"])
    return text


def listed(heading: str, names: list[str]) -> str:
    return f"\n```{{toctree}}\n:caption: {heading}\n:maxdepth: 1\n\n" + "\n".join(names) + "\n```\n"


def exercises(pages: list[Page]) -> str:
    """The page of all exercises."""
    told = "Each asks for what is not on its page. `check(…)` says whether an answer is right and, where it is not, which mistake it was."
    return f"# Exercises\n\n{told}\n" + listed("Exercises", [f"exercises/{page.name}" for page in pages if page.folder == "exercises"])
