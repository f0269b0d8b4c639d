"""Which slides a page becomes. No notebook says anything of slides: this rule decides.

- The title with the question begins; every heading begins a slide, and what comes until the next one stands below it.
- A slide has the first words of a cell, WORDS at most. The rest is for the speaker, in the notes.
- A picture has a slide of its own, without its code; what the cell printed appears below it, or on the next slide.
- Code has one where something is defined or printed, and no picture. The set-up cell, and cells that only load or import, have none.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from nbconvert.filters import Highlight2HTML, ansi2html, markdown2html

from docs.site.pages import REPOSITORY, Page

WORDS = 60
LEEWAY = 30  # more words where a colon leads on to them
PRINTED = 4  # lines below a picture; more have a slide of their own
LINES = 18  # of code: more is cut off on a projector
HEADING = re.compile(r"^(?=#{2,3} )", re.MULTILINE)
FOLDED = re.compile(r"<details.*?</details>", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|attachment:|mailto:)([^)\s]+)\)")
CLOSING = re.compile(r"^(?:#+ |\*\*)(?:Papers|Read on)\b")
TAKES_TIME = re.compile(r"^.*: about .* on this device \(.*\)\.?$\n?", re.MULTILINE)
OF_THE_PAPER = re.compile(r"\(?Reading this on a page where nothing moves\?|The line above says where you are")
PLUMBING = re.compile(r"^(?:import sys$|\s*%pip)", re.MULTILINE)


@dataclass
class Slide:
    """inside: HTML. notes: HTML that only the speaker sees. kind: "title", "words", "picture" or "code"."""

    kind: str
    inside: str
    notes: str = ""


@dataclass
class Stack:
    """A slide with a heading, and those below it."""

    slides: list[Slide] = field(default_factory=list)


def stacks_of(page: Page) -> list[Stack]:
    """The page as slides, from left to right, each with those below it."""
    first, *others = page.notebook.cells
    box = first.source[first.source.find("\n>") + 1 :]  # what one will be able to do, what one needs, how long it takes
    stacks = [Stack([Slide("title", f"<h1>{html.escape(page.title)}</h1><p>{html.escape(page.question)}</p>", as_html(box))])]
    for cell in others:
        for part in HEADING.split(cell.source) if cell.cell_type == "markdown" else [""]:
            if CLOSING.match(part):  # a reading list is for reading
                continue
            if part.startswith("#"):
                stacks.append(Stack())
            stacks[-1].slides += words_of(part) if cell.cell_type == "markdown" else shown_by(cell)
    return [stack for stack in stacks if stack.slides]


def words_of(text: str) -> list[Slide]:
    """The first words of a cell, the rest as notes."""
    blocks = [block for block in blocks_of(FOLDED.sub("", text)) if not OF_THE_PAPER.match(block)]
    taken: list[str] = []
    for number, block in enumerate(blocks):
        leads = bool(taken) and taken[-1].endswith(":")
        room = WORDS - sum(map(words_in, taken)) + (LEEWAY if leads else 0)
        if words_in(block) <= room:
            taken.append(block)
            continue
        rest = blocks[number:]
        if leads or all(one.startswith("#") for one in taken):
            head, tail = cut(block, room)
            taken.append(head)
            rest = [tail, *blocks[number + 1 :]]
        return [Slide("words", as_html("\n\n".join(taken)), as_html("\n\n".join(rest)))]
    return [Slide("words", as_html("\n\n".join(taken)))] if taken else []


def words_in(block: str) -> int:
    """A formula that stands by itself is no word: it belongs to the sentence before it."""
    return 0 if block.startswith("$$") else len(block.split())


def blocks_of(text: str) -> list[str]:
    """Paragraphs, lists, tables and formulas, each whole; a heading is one by itself."""
    text = re.sub(r"^(#+ .*)\n", r"\1\n\n", text, flags=re.MULTILINE)
    return [block.strip("\n") for block in re.split(r"\n\s*\n(?=\S)", text) if block.strip()]


def cut(block: str, words: int) -> tuple[str, str]:
    """A paragraph or a list after its last whole sentence, or item, within so many words; at least one. A table stays whole."""
    if block.startswith("|"):
        return block, ""
    pieces = re.split(r"\n(?=[-*\d])", block) if re.match(r"[-*] |\d+\. ", block) else re.split(r"(?<=[.?!]) (?=[A-ZΑ-Ω*\"])", block)
    kept = [pieces[0]]
    for piece in pieces[1:]:
        if sum(len(one.split()) for one in [*kept, piece]) > words:
            break
        kept.append(piece)
    joint = "\n" if "\n".join(pieces) == block else " "
    return joint.join(kept), joint.join(pieces[len(kept) :])


def shown_by(cell) -> Iterator[Slide]:
    """A code cell's pictures, each by itself, or else its code with what it printed."""
    if PLUMBING.search(cell.source):
        return
    seen, printed = outputs_of(cell)
    code = Highlight2HTML(pygments_lexer="ipython3")(cell.source)
    many = printed.count("\n") >= PRINTED
    said = f'<pre class="fragment printed">{printed}</pre>' if printed else ""
    if seen:
        for number, picture in enumerate(seen):
            yield Slide("picture", picture + (said if number == len(seen) - 1 and not many else ""), code)
        if many:
            yield Slide("code", said.replace("fragment ", ""))
    elif (printed or re.search(r"^(?:def|class) ", cell.source, re.MULTILINE)) and len(cell.source.splitlines()) <= LINES:
        yield Slide("code", code + said)


def outputs_of(cell) -> tuple[list[str], str]:
    """HTML of what is seen or heard, and what was printed. The figure in words is in the picture's alt text already."""
    seen, printed = [], []
    for output in cell.get("outputs", ()):
        spoken = output.get("data", {}).get("text/html", "")
        if spoken and not spoken.lstrip().startswith("<details"):
            seen.append(re.sub(r'(<img\b[^>]*?) (?:style|width|height)="[^"]*"', r"\1", spoken))
        elif output.output_type == "stream":
            printed.append(ansi2html(TAKES_TIME.sub("", output.text).rstrip("\n")))
        elif output.output_type == "execute_result" and not spoken:
            printed.append(ansi2html(output.data.get("text/plain", "")))
    return seen, "\n".join(filter(None, printed))


def as_html(text: str) -> str:
    """Markdown as HTML; links to pages lead to their slides, and others to the repository."""

    def led(found: re.Match[str]) -> str:
        page = re.fullmatch(r"(?:\.\./notebooks/)?(\d\d-[\w-]+)\.ipynb(?:#.*)?", found[1])
        return f"]({page[1]}.html)" if page else f"]({REPOSITORY}/blob/main/{found[1].removeprefix('../')})"

    return markdown2html(LINK.sub(led, text))
