"""The rules that every stored notebook keeps. Each rule is a function: notebook in, complaints out.

python -m tests.notebooks.rules notebooks/*.ipynb
"""

from __future__ import annotations

import ast
import json
import math
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import nbformat

from .project import ROOT, SET_UP, badge

MAX_LINES = 30
# What a page may have, and the pages that were written to it. The others join when they are.
MAX_WORDS, MAX_CODE, MAX_TEACHING, MAX_CLASS = 2200, 250, 15, 25
MAX_WORDS_UNSEEN, MAX_CELLS_UNSEEN = 350, 3
WORDS_A_MINUTE, MINUTES_OF_COMPUTATION = 150, 3
WITHIN_BUDGET = re.compile(r"notebooks/(0[0-9]-|1[0-8]-|99-made-for-tests)")
MAX_BYTES = 2_000_000
MIN_ALT = 20
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
MACHINE_PATHS = re.compile(r"(?<![\w.:/-])(/home/|/Users/|/root/|/work/|/tmp/|/var/folders/|[A-Z]:\\\\Users)")
MARKDOWN_IMAGE = re.compile(r"!\[([^\]]*)\]\(")
FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
READING_LIST = re.compile(r"^(?:#+ |\*\*)(?:Papers|Read on).*?(?=^#|\Z)", re.MULTILINE | re.DOTALL)
CLOSING = re.compile(r"^## (?:Recap|The map)", re.MULTILINE)
TIME_BOX = re.compile(r"\*\*Time\*\* about (\d+) minutes")
TABLE_HEAD = re.compile(r"^(\|.*\|)\s*\n\|[\s:|-]+\|\s*$", re.MULTILINE)
ANATOMY = ("You will be able to", "You need", "Time")

# Numbers change when a page comes between; they stand in file names and nowhere else.
PAGE_NUMBER = re.compile(r"\b(?:notebook|page|chapter|exercise)s? \d\d\b|\[\d\d\b[^]]*\]\(", re.IGNORECASE)
NUMBERED_TITLE = re.compile(r"# \d")

RELATIVE_LINK = re.compile(r"\]\((?!https?:|#|attachment:|mailto:)([^)#\s]+)")

Complaints = Iterator[str]


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def was_run_from_top_to_bottom(notebook) -> Complaints:
    counts = [cell.execution_count for cell in code_cells(notebook) if cell.source.strip()]
    if counts != list(range(1, len(counts) + 1)):
        yield f"was not run once from top to bottom: its cells are numbered {counts}"


def has_no_error_output(notebook) -> Complaints:
    for number, output in outputs(notebook):
        if output.output_type == "error":
            yield f"cell {number} holds an error: {output.ename}: {output.evalue}"
        if output.output_type == "stream" and output.name == "stderr":
            yield f"cell {number} printed to standard error: {output.text.strip()[:80]!r}"


def describes_every_picture(notebook) -> Complaints:
    """What is spoken counts: JupyterLab and exported pages read the HTML of an output, and no alt text from its metadata."""
    for number, output in outputs(notebook):
        data = output.get("data", {})
        for tag, attributes in elements(as_text(data.get("text/html", ""))):
            if tag == "img" and len(attributes.get("alt", "").strip()) < MIN_ALT:
                yield f"cell {number} shows an HTML picture without an alt text that describes it (got {attributes.get('alt', '')!r})"
        for kind in ("image/png", "image/jpeg", "image/svg+xml"):
            if kind not in data:
                continue
            alt = output.metadata.get(kind, {}).get("alt", "")
            spoken = [attributes.get("alt") for tag, attributes in elements(as_text(data.get("text/html", ""))) if tag == "img"]
            if len(alt) < MIN_ALT:
                yield f"cell {number} shows a picture without an alt text that describes it (got {alt!r})"
            elif spoken != [alt]:
                yield f"cell {number} shows a picture whose alt text is not spoken: its HTML should hold it, as vae_course.plots does"
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            for alt in MARKDOWN_IMAGE.findall(cell.source):
                if not alt.strip():
                    yield f"cell {number} has a picture in its text without an alt text"


def heads_every_column(notebook) -> Complaints:
    """A column without a head is read out without a name."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            for head in TABLE_HEAD.findall(cell.source):
                if not all(name.strip() for name in head.strip().strip("|").split("|")):
                    yield f"cell {number} has a table with a column that has no head: {head}"


def lets_every_player_be_heard(notebook) -> Complaints:
    """Named, and with its sound in the element itself: JupyterLab empties a player of its sources until the notebook is trusted."""
    for number, output in outputs(notebook):
        for tag, attributes in elements(as_text(output.get("data", {}).get("text/html", ""))):
            if tag in ("audio", "video") and not attributes.get("src"):
                yield f"cell {number} has a player that is dead until the cell is run: its sound should be its src"
            if tag in ("audio", "video") and not (attributes.get("aria-label") or attributes.get("title")):
                yield f"cell {number} has a player without a name"


def stores_no_widget_state(notebook) -> Complaints:
    if "widgets" in notebook.metadata:
        yield "stores widget state in its metadata"
    for number, output in outputs(notebook):
        if WIDGET_VIEW in output.get("data", {}):
            yield f"cell {number} stores a widget view, which no reader of the file can see"


def names_no_machine_paths(notebook) -> Complaints:
    for number, cell in enumerate(notebook.cells):
        found = MACHINE_PATHS.search(cell.source)
        if found:
            yield f"cell {number} names a path of one machine: {found.group()!r}"
    for number, output in outputs(notebook):
        pieces = [value for kind, value in output.get("data", {}).items() if kind.startswith("text/")]
        written = " ".join(as_text(piece) for piece in [*pieces, output.get("text", "")])
        found = MACHINE_PATHS.search(written)
        if found:
            yield f"the output of cell {number} names a path of one machine: {found.group()!r}"


def is_small(notebook) -> Complaints:
    size = len(json.dumps(notebook))
    if size > MAX_BYTES:
        yield f"is {size / 1e6:.1f} MB, expected at most {MAX_BYTES / 1e6:.0f} MB"


def has_short_cells(notebook) -> Complaints:
    for number, cell in enumerate(notebook.cells):
        lines = len(cell.source.splitlines())
        if cell.cell_type == "code" and lines > MAX_LINES:
            yield f"cell {number} has {lines} lines of code, expected at most {MAX_LINES}"


def parsed(cell) -> ast.AST | SyntaxError:
    """A cell's code without its magics, or what is wrong with it."""
    try:
        return ast.parse(re.sub(r"^(\s*)[%!].*", r"\1pass", cell.source, flags=re.MULTILINE))
    except SyntaxError as error:
        return error


def is_written_in_python(notebook) -> Complaints:
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and isinstance(error := parsed(cell), SyntaxError):
            yield f"cell {number}, line {error.lineno}, is no Python: {error.msg}"


def links_to_what_exists(notebook) -> Complaints:
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for target in RELATIVE_LINK.findall(cell.source):
                if not (ROOT / "notebooks" / target).exists():
                    yield f"links to {target}, which is not there"


def calls_pages_by_their_titles(notebook) -> Complaints:
    for number, cell in enumerate(notebook.cells):
        for found in PAGE_NUMBER.finditer(cell.source):
            yield f"cell {number} calls a page by its number: {found.group()!r}. Link to it by its title"
    if notebook.cells and NUMBERED_TITLE.match(notebook.cells[0].source):
        yield "has a number in its title"


def opens_as_every_notebook_does(notebook, path: str) -> Complaints:
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        yield "does not open with a title in a Markdown cell"
        return
    if badge(path) not in first.source:
        yield f"has no Colab badge that opens {path} of the repository named in pyproject.toml"
    for part in ANATOMY:
        if f"**{part}" not in first.source:
            yield f"does not say '{part}' in its first cell"
    if "?**" not in first.source:
        yield "does not ask its one question, in bold, in its first cell"
    if len(notebook.cells) < 2 or notebook.cells[1].cell_type != "code" or notebook.cells[1].source.strip() != SET_UP:
        yield "has another set-up cell than the one in tests/notebooks/project.py"


def words_in(source: str) -> int:
    """What is read aloud of some Markdown: not what is folded away, the reading list, where links lead, and the marks of formulas."""
    shown = READING_LIST.sub("", FOLDED.sub("", source))
    shown = re.sub(r"\]\([^)]*\)", "]", re.sub(r"\[!\[.*", "", shown))
    return len([word for word in shown.split() if re.search(r"\w", word)])


def length_of(source: str) -> int:
    """All that stands there, by the strictest count: what is between spaces."""
    return len(source.split())


def has_something_to_look_at(cell) -> bool:
    """A picture. A table is read."""
    if cell.cell_type == "markdown":
        return bool(MARKDOWN_IMAGE.search(cell.source.replace("[![", "")))
    return any("<img" in as_text(output.get("data", {}).get("text/html", "")) for output in cell.get("outputs", ()))


def explorers_in(notebook) -> set[str]:
    """The explorers that a page takes from the package, each under one's hands for a minute."""
    trees = [tree for cell in code_cells(notebook) if isinstance(tree := parsed(cell), ast.AST)]
    imports = [
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "vae_course.widgets"
    ]
    return {alias.name for node in imports for alias in node.names}


def keeps_to_its_budget(notebook) -> Complaints:
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    words, length = sum(map(words_in, prose)), sum(length_of(FOLDED.sub("", source)) for source in prose)
    teaching = [cell for cell in code_cells(notebook) if cell.source.strip() != SET_UP]
    lines = sum(len(cell.source.splitlines()) for cell in code_cells(notebook))
    if length > MAX_WORDS:
        yield f"has {length} words, expected at most {MAX_WORDS}"
    if lines > MAX_CODE:
        yield f"has {lines} lines of code, expected at most {MAX_CODE}"
    for number, cell in enumerate(notebook.cells):
        most = MAX_CLASS if re.search(r"^class ", cell.source, re.MULTILINE) else MAX_TEACHING
        written = len([line for line in cell.source.splitlines() if line.strip()])
        if cell in teaching and written > most:
            yield f"cell {number} has {written} lines of code, expected at most {most} on a page"
    stated, explorers = TIME_BOX.search(notebook.cells[0].source), explorers_in(notebook)
    least = math.ceil(words / WORDS_A_MINUTE + len(explorers))
    if stated and not least <= int(stated[1]) <= least + MINUTES_OF_COMPUTATION + 1:
        yield (
            f"says that it takes {stated[1]} minutes, but {words} words and {len(explorers)} explorers take {least}, "
            f"and computing may add at most {MINUTES_OF_COMPUTATION}"
        )


def shows_something_often(notebook) -> Complaints:
    """Answers are counted, too, once they are unfolded. The recap, or where there is none the map, is for reading."""
    words = cells = 0
    for number, cell in enumerate(notebook.cells):
        if has_something_to_look_at(cell):
            words = cells = 0
        elif cell.cell_type == "markdown":
            words += length_of(CLOSING.split(cell.source)[0])
        elif cell.source.strip() != SET_UP:
            cells += 1
        if words > MAX_WORDS_UNSEEN or cells > MAX_CELLS_UNSEEN:
            unseen = f"{words} words and {cells} code cells without a picture up to cell {number}"
            yield f"has {unseen}, expected at most {MAX_WORDS_UNSEEN} and {MAX_CELLS_UNSEEN}"
            words = cells = 0
        if cell.cell_type == "markdown" and CLOSING.search(cell.source):
            return


def elements(page: str) -> list[tuple[str, dict]]:
    """Every element of some HTML with its attributes, as a browser reads them."""
    found: list[tuple[str, dict]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: found.append((tag, {name: value or "" for name, value in attributes}))
    parser.feed(page)
    return found


def outputs(notebook) -> Iterator[tuple[int, nbformat.NotebookNode]]:
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            yield number, output


def as_text(value) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


RULES = (
    was_run_from_top_to_bottom,
    has_no_error_output,
    describes_every_picture,
    heads_every_column,
    lets_every_player_be_heard,
    stores_no_widget_state,
    names_no_machine_paths,
    is_small,
    has_short_cells,
    is_written_in_python,
    links_to_what_exists,
    calls_pages_by_their_titles,
)


def complaints_about(path: Path) -> list[str]:
    """Everything that is wrong with the notebook at `path`, one sentence each."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    relative = path.resolve().relative_to(ROOT).as_posix() if path.resolve().is_relative_to(ROOT) else f"notebooks/{path.name}"
    opened = relative.replace("solutions/", "exercises/")  # what nbgrader hands out keeps the badge
    found = [complaint for rule in RULES for complaint in rule(notebook)]
    found += opens_as_every_notebook_does(notebook, opened)
    if WITHIN_BUDGET.match(relative):
        found += [*keeps_to_its_budget(notebook), *shows_something_often(notebook)]
    return [f"{relative} {complaint}" for complaint in found]


if __name__ == "__main__":
    everything = [complaint for name in sys.argv[1:] for complaint in complaints_about(Path(name))]
    print("\n".join(everything) or "nothing to complain about")
    sys.exit(bool(everything))
