"""Lines that IPython understands and Python does not: found where they are code, and left alone where they are part of a string."""

from __future__ import annotations

import re
from functools import lru_cache

BREAKS = re.compile(r"\r\n|\r|\n")  # what ends a line for Python; str.splitlines knows more
# What moves the place in a line: a comment, a string, a bracket, a line that goes on.
TURN = re.compile(r"#|(?<![\w])[rRbBuUfFtT]{0,3}(?:'''|\"\"\"|'|\")|'''|\"\"\"|'|\"|[()\[\]{}]|\\$")
ENDS = {quote: re.compile(rf"\\.?|{quote}") for quote in ("'''", '"""', "'", '"')}
# The rest of a cell that begins so is Python still, which is timed or kept from showing what it prints.
OF_PYTHON = ("time", "timeit", "capture", "prun", "memit", "mprun", "lprun")
CELL_MAGIC = re.compile(r"%%(\w+)")
TIMED = re.compile(r"^(?P<indent>\s*)%(time|prun)\s+(?!-)(?P<code>\S.*)$")
ASSIGNED = re.compile(r"^(?P<names>\s*[\w.,\[\]\"' ]+?=\s*)(?P<sign>!|%(?!=))(?P<rest>.*)$")
# IPython takes these for magics without their sign.
SIGNLESS = re.compile(r"^\s*(pip3?|conda|mamba|uv)\s+(un)?(install|pip|list|show)\b")
NOT_IN_A_COMMENT = re.compile(r"[\x00\x0c]")


@lru_cache(maxsize=128)
def without_magics(source: str) -> tuple[str, tuple[str, ...]]:
    """The source with such lines made into comments, and these lines.

    A line keeps its number, and a block its indent: `pass` stands where the line stood. `%time f()` and what follows `%%time` are kept as
    Python; `files = !ls` gives an empty list and `answer = %pwd` None, so that what comes after them can go on; the body of any other cell
    magic is dropped with it.
    """
    lines = BREAKS.split(source)
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is not None and (magic := CELL_MAGIC.match(lines[first].strip())):
        rest = lines[first + 1 :]
        if magic[1] not in OF_PYTHON:
            return "\n".join(["", *map(_commented, lines[first:])]), (lines[first].strip(),)
        inner, dropped = without_magics("\n".join(rest))
        return "\n".join([*lines[:first], _commented(lines[first]), inner]), (lines[first].strip(), *dropped)
    kept, dropped = [], []
    place = _Place()
    dropping = False  # inside a magic that goes on over several lines
    for line in lines:
        if dropping or (place.is_fresh and _is_magic(line)):
            kept.append(_commented(line) if dropping else _instead_of(line))
            dropping, told = line.rstrip().endswith("\\"), line.strip()
            dropped.append(told)
            # What is kept of a line may open a bracket: `%time f(` goes on below.
            if not dropping and TIMED.match(line):
                place.pass_over(kept[-1])
            continue
        kept.append(line)
        place.pass_over(line)
    return "\n".join(kept), tuple(dropped)


class _Place:
    """Where the end of a line is, in strings and brackets."""

    def __init__(self) -> None:
        self.quote, self.depth, self.goes_on = "", 0, False

    @property
    def is_fresh(self) -> bool:
        """Whether a statement may begin at the next line."""
        return not self.quote and not self.depth and not self.goes_on

    def pass_over(self, line: str) -> None:
        at, self.goes_on = 0, False
        while at < len(line):
            if self.quote:
                at = self._end_of_string(line, at)
                continue
            turn = TURN.search(line, at)
            if turn is None:
                return
            at, sign = turn.end(), turn[0]
            if sign == "#":
                return
            if sign == "\\":
                self.goes_on = True
            elif sign in "([{":
                self.depth += 1
            elif sign in ")]}":
                self.depth = max(0, self.depth - 1)
            else:
                self.quote = sign.lstrip("rRbBuUfFtT")
        if len(self.quote) == 1 and not line.endswith("\\"):
            self.quote = ""  # a string that nobody closed ends with its line

    def _end_of_string(self, line: str, at: int) -> int:
        for turn in ENDS[self.quote].finditer(line, at):
            if not turn[0].startswith("\\"):
                self.quote = ""
                return turn.end()
        return len(line)


def _is_magic(line: str) -> bool:
    text = line.strip()
    if text.startswith(("%", "!", "?")) or SIGNLESS.match(line):
        return True
    if ASSIGNED.match(line) and not _in_string(line, ASSIGNED.match(line).start("sign")):  # type: ignore[union-attr]
        return True
    return text.endswith("?") and not _ends_in_string_or_comment(line)


def _in_string(line: str, at: int) -> bool:
    place = _Place()
    place.pass_over(line[:at] + "\\")  # the last sign keeps an open string open
    return bool(place.quote)


def _ends_in_string_or_comment(line: str) -> bool:
    place, bare = _Place(), line.rstrip()
    place.pass_over(bare[:-1] + "\\")
    return bool(place.quote) or not place.goes_on


def _instead_of(line: str) -> str:
    if timed := TIMED.match(line):
        return f"{timed['indent']}{timed['code']}"
    if assigned := ASSIGNED.match(line):
        return f"{assigned['names']}{'[]' if assigned['sign'] == '!' else 'None'}  # {assigned['sign']}{_bare(assigned['rest'])}"
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}pass  # {_bare(line.strip())}"


def _commented(line: str) -> str:
    return f"# {_bare(line)}".rstrip()


def _bare(text: str) -> str:
    return NOT_IN_A_COMMENT.sub(" ", text)
