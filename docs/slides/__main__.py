"""python -m docs.slides --to build/slides --npm FOLDER: the pages as slides, which open from disk and need no network."""

from __future__ import annotations

import argparse
import html
import shutil
from pathlib import Path
from string import Template

from pygments.formatters import HtmlFormatter

from docs.site.__main__ import copy
from docs.site.pages import Page, all_pages

from .deck import Slide, Stack, stacks_of

HERE = Path(__file__).parent
REVEAL = ("dist/reset.css", "dist/reveal.css", "dist/reveal.js", "dist/theme/white.css", "dist/theme/fonts", "plugin/notes/notes.js")
MATHJAX = ("tex-chtml.js", "output/chtml/fonts/woff-v2")


def section(slide: Slide) -> str:
    notes = f'<aside class="notes">{slide.notes}</aside>' if slide.notes else ""
    return f'<section class="{slide.kind}">\n{slide.inside}\n{notes}</section>'


def written(page: Page, stacks: list[Stack]) -> str:
    """The whole deck of a page, as one HTML file."""
    slides = "\n".join("<section>\n" + "\n".join(map(section, stack.slides)) + "\n</section>" for stack in stacks)
    highlight = HtmlFormatter(style="default").get_style_defs(".highlight")
    return Template((HERE / "deck.html").read_text("utf-8")).substitute(title=html.escape(page.title), highlight=highlight, slides=slides)


def build(to: Path, npm: Path) -> None:
    """Decks of all pages and a list of them, in the folder `to`, which is emptied."""
    shutil.rmtree(to, ignore_errors=True)
    for name in REVEAL:
        copy(npm / "node_modules" / "reveal.js" / name, to / "reveal" / name)
    for name in MATHJAX:
        copy(npm / "node_modules" / "mathjax" / "es5" / name, to / "mathjax" / name)
    listed = []
    for page in (page for page in all_pages() if page.folder == "notebooks"):
        stacks = stacks_of(page)
        (to / f"{page.name}.html").write_text(written(page, stacks), "utf-8")
        count = sum(len(stack.slides) for stack in stacks)
        listed.append(f'<li><a href="{page.name}.html">{html.escape(page.title)}</a>, {count} slides</li>')
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Slides</title><h1>Slides</h1>'
    keys = "<p>Arrows turn them, S shows the notes, Esc all at once.</p>"
    (to / "index.html").write_text(f"{head}{keys}<ol>{''.join(listed)}</ol></html>\n", "utf-8")
    print(f"The slides stand in {to}, open {to / 'index.html'}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m docs.slides", description=__doc__)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--npm", type=Path, required=True, help="the folder whose node_modules hold what docs/site/package.json asks for")
    asked = parser.parse_args()
    build(asked.to, asked.npm)


if __name__ == "__main__":
    main()
