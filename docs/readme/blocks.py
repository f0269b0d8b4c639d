"""Parts of a document that are written by a program: each stands between two comments, which a reader of the page does not see."""

from __future__ import annotations

import re


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}: written by `make readme` -->\n)(.*?)(<!-- end of {name} -->)", re.DOTALL)


def block(text: str, name: str) -> str:
    """What stands in the part called `name`. Raises ValueError where the text has not exactly one."""
    found = _pattern(name).findall(text)
    if len(found) != 1:
        raise ValueError(f"the document has {len(found)} parts called {name!r}, expected one, between its two comments.")
    return found[0][1]


def with_block(text: str, name: str, inside: str) -> str:
    """The text with another part called `name`. Raises ValueError as `block` does."""
    block(text, name)
    return _pattern(name).sub(lambda found: f"{found[1]}{inside}{found[3]}", text)
