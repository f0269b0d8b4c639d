"""The map of the pages in README: face, title, question, minutes and exercise, read from the notebooks."""

from __future__ import annotations

import html
import re

from docs.site.pages import ROOT, Page, parts

from . import faces
from .plans import minutes_of

HEAD = "| page | its face | the question | minutes | exercise |\n|---|---|---|---|---|\n"


def row(page: Page) -> str:
    said = re.split(r"(?<=\.) ", page.face[1] if page.face else "")[0].rstrip(".")
    address = f"notebooks/{page.path.name}"
    source, width = faces.path_of(page).relative_to(ROOT).as_posix(), faces.SIZE[0] // 2
    picture = f'<a href="{address}"><img src="{source}" width="{width}" alt="{html.escape(said)}"></a>'
    exercise = f"[exercise](exercises/{page.path.name})" if page.exercise else ""
    return f"| [{page.title}]({address}) | {picture} | {page.question} | {minutes_of(page)} | {exercise} |\n"


def table(pages: list[Page]) -> str:
    """The walk, and what comes after it, each with its head."""
    return "\n".join(f"### {heading}\n\n{HEAD}{''.join(map(row, some))}" for heading, some in parts(pages).items())
