"""The glossary: words and where they are met, in glossary.md; here its links find their pages, whatever number these have."""

from __future__ import annotations

import re
from pathlib import Path

from .pages import ROOT

LINK = re.compile(r"\]\(page:([\w-]+)\)")
ENTRY = re.compile(r"^(\S.*)\n: (.+)$", re.MULTILINE)
TEXT = Path(__file__).with_suffix(".md")


def write(source: Path) -> None:
    """Write the page. Raises ValueError where a word leads to a page that is not there."""
    text = TEXT.read_text("utf-8")
    head = text[: next(ENTRY.finditer(text)).start()]
    entries = "\n\n".join(f"{word}\n  {meaning}" for word, meaning in ENTRY.findall(text))
    entries = LINK.sub(lambda found: f"](notebooks/{page_named(found[1])})", entries)
    (source / "glossary.md").write_text(f"{head}```{{glossary}}\n{entries}\n```\n", "utf-8")


def words() -> dict[str, tuple[str, str]]:
    """Word → what it means, and the name of the page that it leads to, without its number."""
    found = {}
    for word, meaning in ENTRY.findall(TEXT.read_text("utf-8")):
        (name,) = LINK.findall(meaning)
        found[word] = (re.sub(r" \[[^\]]*\]\([^)]*\)$", "", meaning), name)
    return found


def page_named(name: str) -> str:
    """The file of the page with this name, whose number may change."""
    there = [path.name for path in (ROOT / "notebooks").glob(f"[0-9][0-9]-{name}.ipynb")]
    if len(there) != 1:
        raise ValueError(f"the glossary leads to a page {name!r}, expected the name of a notebook without its number.")
    return there[0]
