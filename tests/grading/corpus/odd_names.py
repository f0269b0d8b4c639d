"""People, or their folders, that a page, a table, a shell, a database or a file system may take for something else."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import Entry, World, notebook

NAMES = (
    "=cmd|'C calc'!A0",
    "<script>alert(1)",
    "<img src=x onerror=alert(1)>",
    "'; drop table student; --",
    "Zoë Ångström-Šmíd",
    "王小明",
    "O'Brien & Söhne {{ secret }}",
    "-rf",
    "CON",
    "%2e%2e%2fescaped",
    "a" * 200,
    "two\nlines",
    "\u202etxt.exe",
)


def entries(world: World) -> Iterator[Entry]:
    """One each, with a file in which nothing can be read: it is their names that are tried."""
    for name in NAMES:
        yield Entry(name, notebook(b"nothing"), flags=frozenset({"not a notebook"}))
