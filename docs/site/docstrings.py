"""Docstrings as Sphinx takes them. The package's are plain text: paragraphs, lines that begin with an argument's name, indented code."""

from __future__ import annotations

import re

ARGUMENT = re.compile(r"^(\w+(?:, \w+)*): (?=\S)")
BEGINS = re.compile(r"^(Raises|Returns|Readable afterwards|The controls are)\b")
MARKS = re.compile(r"([*|_\\])")


def as_rst(lines: list[str]) -> list[str]:
    """The lines of a docstring as reStructuredText: nothing in them is taken for markup but `names`, arguments, lists and code."""
    found: list[str] = []
    code = False
    for line, above in zip(lines, ["", *lines], strict=False):
        if line.startswith("    ") and (code or not above.strip() or above.rstrip().endswith(":")):
            found += [line] if code else ["", "::", "", line]
            code = True
            continue
        if line.startswith("    "):
            line = line.strip()  # what goes on under its argument's name
        code = code and not line.strip()
        if BEGINS.match(line) or ARGUMENT.match(line):
            found.append("")
        found.append(marked(line))
    return found


def marked(line: str) -> str:
    """One line, with its argument's name in bold, its `names` as code, and all else as it stands."""
    argument = ARGUMENT.match(line)
    head, rest = (f"**{escaped(argument[1])}**: ", line[argument.end() :]) if argument else ("", line)
    pieces = rest.split("`")
    if len(pieces) % 2 == 0:  # a lone mark is itself
        return head + escaped(rest).replace("`", "\\`")
    # A name may stand close to what surrounds it: an escaped space is no space.
    return head + "".join(f"\\ :py:obj:`{piece}`\\ " if number % 2 else escaped(piece) for number, piece in enumerate(pieces))


def escaped(text: str) -> str:
    return MARKS.sub(r"\\\1", text)


def setup(app) -> None:
    """Sphinx's way in."""

    def process(_app, _what, _name, _object, _options, lines: list[str]) -> None:
        lines[:] = as_rst(lines)

    app.connect("autodoc-process-docstring", process)
