"""A walk over JSON that may be huge, cut off or hostile: nothing is built of what is passed over, nothing recurses, nothing is trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

SPACE = re.compile(rb"[ \t\r\n]*")
# A thousand escapes at most in one go: the engine remembers each for going back, and a long string has millions.
STRETCH = re.compile(rb'[^"\\]*(?:\\.[^"\\]*){0,1000}', re.DOTALL)
# Values side by side, most of them short: a list of lines has a million. Bounded for the same reason.
FLAT = re.compile(rb'(?:[^"\[\]{}]+|"[^"\\]{0,500}(?:\\.[^"\\]{0,500}){0,8}"){0,1000}', re.DOTALL)
LITERAL = re.compile(rb"[^\s,:\"\[\]{}]+")
OPENS = {ord("["): ord("]"), ord("{"): ord("}")}
QUOTE = ord('"')


class Damaged(Exception):
    """The JSON ends too early, or is none from here on."""


class Walker:
    """A place in JSON in UTF-8, and ways to go on from it."""

    def __init__(self, content: bytes | bytearray, at: int = 0) -> None:
        self.content, self.at = content, at

    def next(self) -> int:
        """The next byte that is no space, not passed yet. Raises Damaged at the end."""
        self.at = self._after(SPACE)
        if self.at >= len(self.content):
            raise Damaged("it ends too early")
        return self.content[self.at]

    def take(self, byte: str) -> bool:
        """Pass the byte if it comes next."""
        if self.next() != ord(byte):
            return False
        self.at += 1
        return True

    def need(self, byte: str) -> None:
        if not self.take(byte):
            raise Damaged(f"expected {byte} at byte {self.at}")

    def string(self) -> tuple[int, int]:
        """Pass a string. Returns where it begins and ends, its quotes included."""
        start = self.at
        self.need('"')
        while True:
            before, self.at = self.at, self._after(STRETCH)
            if self.at < len(self.content) and self.content[self.at] == QUOTE:
                self.at += 1
                return start, self.at
            if self.at >= len(self.content) or self.at == before:
                raise Damaged("it ends inside a string")

    def skip(self) -> None:
        """Pass any value, looking at nothing in it but brackets and quotes."""
        first = self.next()
        if first == QUOTE:
            self.string()
        elif first in OPENS:
            self._skip_nested()
        else:
            start, self.at = self.at, self._after(LITERAL)
            if self.at == start:
                raise Damaged(f"no value at byte {start}")

    def each_key(self) -> Iterator[str]:
        """The keys of an object. At each the walker stands before its value; whoever leaves it there has it passed over."""
        self.need("{")
        if self.take("}"):
            return
        while True:
            self.next()
            start, end = self.string()
            self.need(":")
            self.next()
            before = self.at
            yield _text(bytes(self.content[start:end])) if end - start < 1000 else ""
            if self.at == before:
                self.skip()
            if not self.take(","):
                self.need("}")
                return

    def each_item(self) -> Iterator[None]:
        """Stand before each item of a list in turn; an item that is left there is passed over."""
        self.need("[")
        if self.take("]"):
            return
        while True:
            self.next()
            before = self.at
            yield
            if self.at == before:
                self.skip()
            if not self.take(","):
                self.need("]")
                return

    def value(self, most: int) -> Any:
        """The value that comes next, None where it has more than `most` bytes, is nested too deeply, or cannot be read."""
        self.next()
        start = self.at
        self.skip()
        if self.at - start > most:
            return None
        return _built(bytes(self.content[start : self.at]))

    def _after(self, pattern: re.Pattern[bytes]) -> int:
        found = pattern.match(self.content, self.at)
        return found.end() if found else self.at

    def _skip_nested(self) -> None:
        awaited = bytearray()
        while True:
            before, self.at = self.at, self._after(FLAT)
            if self.at > before:
                continue
            if self.at >= len(self.content):
                raise Damaged("it ends inside a list or an object")
            byte = self.content[self.at]
            if byte == QUOTE:
                self.string()
                continue
            self.at += 1
            if byte in OPENS:
                awaited.append(OPENS[byte])
            elif not awaited or awaited.pop() != byte:
                raise Damaged(f"a bracket at byte {self.at - 1} closes what is not open")
            if not awaited:
                return


def _built(text: bytes) -> Any:
    try:
        return json.loads(text.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):  # numbers of a million digits are a ValueError, too
        return None


def _text(string: bytes) -> str:
    built = _built(string)
    return built if isinstance(built, str) else ""
