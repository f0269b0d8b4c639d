"""What was handed in, as cells: read from any encoding, any nbformat, and from files that are cut off, huge or made to do harm.

Outputs are passed over where they stand, so that a file of 50 MB costs little more than its own bytes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from .flags import flag
from .records import Flag
from .scanning import Damaged, Walker

LARGE = 20_000_000  # bytes of a file that an instructor should know of
LONGEST_SOURCE = 1_000_000  # bytes of one cell; a notebook with a picture pasted into its text stays below
MOST_CELLS = 2_000
MOST_CODE, MOST_TEXT = 1_000_000, 10_000_000  # characters in all cells together
METADATA = 100_000  # bytes of the metadata of a cell or of the notebook
CELL = re.compile(rb'\{\s*"(?:cell_type|attachments|execution_count|id|metadata|source|collapsed|input|language)"\s*:')
MARKS = ((codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
SAMPLE = 4096
CHUNK = 1 << 18


def cells_of(content: bytes) -> tuple[dict[str, Any], tuple[Flag, ...]]:
    """The notebook in the bytes of a file, and what had to be done to read it. Never raises, and runs nothing.

    The notebook is nbformat 4 and plain: "metadata" with "kernelspec" where the file names one; each cell with "cell_type", "source" (one
    string), "id" ("" where there is none), "metadata" and "was_run". Outputs are left out.
    """
    flags = [flag("large", f"{len(content) / 1e6:.0f} MB")] if len(content) > LARGE else []
    text, encoding = in_utf8(content)
    if encoding:
        flags.append(flag("encoding", encoding))
    found = _Found()
    whole = _read_whole(text, found)
    if not whole:
        _save_the_rest(text, found)
    cells = list(_within_bounds(found))
    if not cells:
        flags.append(flag("not a notebook", found.fault))
    elif not whole:
        flags.append(flag("mended", f"{len(cells)} cells could be saved"))
    if found.too_long:
        flags.append(flag("large", f"{found.too_long} cells were left out"))
    if found.too_many:
        flags.append(flag("large", f"only the first {MOST_CELLS:,} cells were read"))
    kernel = found.metadata.get("kernelspec")
    notebook = {"metadata": {"kernelspec": kernel} if isinstance(kernel, dict) else {}, "cells": cells}
    return {"nbformat": 4, "nbformat_minor": 5, **notebook}, (*flags, *_told_by(notebook))


def in_utf8(content: bytes) -> tuple[bytes | bytearray, str]:
    """A file's bytes as UTF-8, and what its encoding seems to be, "" where that is UTF-8."""
    if content.startswith(codecs.BOM_UTF8):
        content = content[len(codecs.BOM_UTF8) :]
    sample = content[:SAMPLE]
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return _recoded(content, encoding), encoding.upper()
    # Nearly all of a notebook is ASCII, of which every other byte is zero in UTF-16.
    for encoding, zeros in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        if len(sample) > 3 and zeros.count(0) > 0.8 * len(zeros) and sample.count(0) < 0.6 * len(sample):
            return _recoded(content, encoding), "UTF-16"
    if _is_utf8(content):
        return content, ""
    # A few bytes that are no UTF-8 among characters that are: damage, which the errors' handler replaces.
    wide, stray = _wide_and_stray(content)
    if wide > stray:
        return _recoded(content, "utf-8"), "UTF-8 with bytes that are none"
    return _recoded(content, "cp1252"), "Latin-1"


class _Found:
    """What a walk over the file gathers."""

    def __init__(self) -> None:
        self.cells: list[dict[str, Any]] = []
        self.metadata: dict[str, Any] = {}
        self.fault = "it has no cells"
        self.too_many = False
        self.too_long = self.reached = 0

    def add(self, cell: dict[str, Any]) -> None:
        if len(self.cells) < MOST_CELLS:
            self.cells.append(cell)
        else:
            self.too_many = True


def _read_whole(text: bytes | bytearray, found: _Found) -> bool:
    """Read the notebook as JSON; whether it is whole. What was found before a fault is kept, and where the walk was then."""
    walker = Walker(text)
    try:
        for key in walker.each_key():
            if key == "cells":
                _read_cells(walker, found)
            elif key == "worksheets":  # nbformat 3
                for _ in walker.each_item():
                    for inner in walker.each_key():
                        if inner == "cells":
                            _read_cells(walker, found)
            elif key == "metadata":
                found.metadata = _as_dict(walker.value(METADATA))
    except Damaged as fault:
        found.fault = str(fault)
        return False
    return bool(found.cells)


def _read_cells(walker: Walker, found: _Found) -> None:
    for _ in walker.each_item():
        found.reached = walker.at
        if walker.next() == ord("{"):
            _read_cell(walker, found)
            found.reached = walker.at


def _read_cell(walker: Walker, found: _Found) -> None:
    cell: dict[str, Any] = {}
    try:
        for key in walker.each_key():
            if key in ("source", "input", "code"):
                cell["source"] = _source(walker, found)
            elif key == "metadata":
                cell[key] = _as_dict(walker.value(METADATA))
            elif key in ("cell_type", "id", "execution_count", "prompt_number", "level", "language"):
                cell[key] = walker.value(1_000)
            elif key == "outputs":
                start = walker.at
                walker.skip()
                cell[key] = walker.at - start > 100 or walker.content[start : walker.at].strip(b"[] \t\r\n") != b""
            elif key == "attachments":  # pictures in the words of an answer
                cell[key] = _as_dict(walker.value(LONGEST_SOURCE))
    except Damaged:
        # Colab writes a cell's source before its outputs, where nearly every cut falls.
        if isinstance(cell.get("cell_type"), str) and isinstance(cell.get("source"), str):
            found.add(cell)
            found.reached = walker.at
        raise
    found.add(cell)


def _source(walker: Walker, found: _Found) -> str | None:
    """A source: one string, or a list of them. Whatever else stands in the list is left out; None for what is no source."""
    start = walker.at
    if walker.next() != ord("["):
        source = walker.value(LONGEST_SOURCE)
    else:
        lines, size = [], 0
        for _ in walker.each_item():
            size = walker.at - start
            if size <= LONGEST_SOURCE:
                lines.append(walker.value(LONGEST_SOURCE))
        source = "".join(line for line in lines if isinstance(line, str))
    if walker.at - start > LONGEST_SOURCE:
        found.too_long += 1
        return None
    return source if isinstance(source, str) else None


def _save_the_rest(text: bytes | bytearray, found: _Found) -> None:
    """Look for more cells behind the place where the JSON broke. Work in all is bounded by a few times the file's size."""
    at, budget = found.reached, 8 * len(text) + 1_000_000
    while budget > 0 and (start := CELL.search(text, at)):
        walker = Walker(text, start.start())
        more = _Found()
        with suppress(Damaged):
            _read_cell(walker, more)
        kept = [cell for cell in more.cells if isinstance(cell.get("cell_type"), str) and isinstance(cell.get("source"), str)]
        for cell in kept:
            found.add(cell)
        budget -= walker.at - start.start() + 1_000
        at = walker.at if kept else start.start() + 1


def _within_bounds(found: _Found) -> Iterator[dict[str, Any]]:
    """The cells in plain form, as long as all together are no longer than what a class can write in a year."""
    left = {True: MOST_CODE, False: MOST_TEXT}
    for cell in map(_plain_cell, found.cells):
        if cell is not None:
            is_code = cell["cell_type"] == "code"
            left[is_code] -= len(cell["source"]) + sum(
                len(data) for bundle in cell.get("attachments", {}).values() for data in bundle.values()
            )
            if left[is_code] >= 0:
                yield cell
            else:
                found.too_long += 1


def _plain_cell(cell: Mapping[str, Any]) -> dict[str, Any] | None:
    """A cell of any nbformat as one of nbformat 4; None for what is no cell."""
    kind, source, metadata = cell.get("cell_type"), cell.get("source"), cell.get("metadata")
    if not isinstance(kind, str) or not isinstance(source, str):
        return None
    if kind == "heading":  # nbformat 3
        level = cell.get("level")
        kind, source = "markdown", f"{'#' * (level if isinstance(level, int) and 0 < level < 7 else 1)} {source}"
    if kind in ("html", "plaintext"):
        kind = "raw" if kind == "plaintext" else "markdown"
    if kind not in ("code", "markdown", "raw"):
        return None
    if cell.get("language", "python") not in ("python", None):
        kind = "raw"
    metadata = metadata if isinstance(metadata, dict) else {}
    mark = metadata.get("nbgrader")
    grade_id = mark.get("grade_id") if isinstance(mark, dict) else None
    own = cell.get("id")
    plain = {
        "cell_type": kind,
        "id": _clean(own)[:64] if isinstance(own, str) else "",
        "metadata": {"nbgrader": {"grade_id": _clean(grade_id)}} if isinstance(grade_id, str) else {},
        "source": _clean(source),
        "was_run": bool(cell.get("outputs")) or any(isinstance(cell.get(key), int) for key in ("execution_count", "prompt_number")),
    }
    if kind != "code" and isinstance(cell.get("attachments"), dict) and (pictures := _attached(cell["attachments"])):
        plain["attachments"] = pictures
    return plain


def _attached(attachments: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """What is attached to a cell, as far as it is texts by kind by name."""
    return {
        _clean(name): {_clean(kind): _clean(data) for kind, data in bundle.items() if isinstance(data, str)}
        for name, bundle in attachments.items()
        if isinstance(bundle, dict)
    }


def _told_by(notebook: Mapping[str, Any]) -> Iterator[Flag]:
    kernel = notebook["metadata"].get("kernelspec", {})
    name, language = (kernel.get(key) for key in ("name", "language"))
    if "name" in kernel and (name != "python3" or language not in ("python", "python3", None)):
        yield flag("kernel", _clean(", ".join(str(word) for word in (name, language) if word))[:100])
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and cell["source"].strip()]
    if code and not any(cell["was_run"] for cell in code):
        yield flag("not run")


def _clean(text: str) -> str:
    """Text that can be written as UTF-8 and compiled: without lone surrogates and NUL, every line ended as on Unix."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _decoded(content: bytes, encoding: str, errors: str) -> Iterator[str]:
    """The text of the file, a quarter of a megabyte at a time, so that no more than that is held as characters of up to four bytes each."""
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for start in range(0, len(content), CHUNK):
        yield decoder.decode(content[start : start + CHUNK])
    yield decoder.decode(b"", True)


def _recoded(content: bytes, encoding: str) -> bytearray:
    told = bytearray()
    for text in _decoded(content, encoding, "replace"):
        told += text.encode("utf-8", "replace")
    return told


def _is_utf8(content: bytes) -> bool:
    """Whether it is UTF-8, but for a character at its end that was cut in two."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        for start in range(0, len(content), CHUNK):
            decoder.decode(content[start : start + CHUNK])
    except UnicodeDecodeError:
        return False
    return True


def _wide_and_stray(content: bytes) -> tuple[int, int]:
    """How many characters beyond ASCII the file has when read as UTF-8, and how many places that are none."""
    wide = stray = 0
    for text in _decoded(content, "utf-8", "replace"):
        wide += len(text) - len(text.encode("ascii", "ignore"))
        stray += text.count("\N{REPLACEMENT CHARACTER}")
    return wide - stray, stray
