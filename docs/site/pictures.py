"""What is stored in a notebook as base64 becomes files beside the pages, each once, however many pages show it."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import struct
from pathlib import Path

FOLDER = "_pictures"
ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/svg+xml": "svg", "audio/wav": "wav", "audio/x-wav": "wav"}
STORED = re.compile(r'data:([\w/+.-]+);base64,([A-Za-z0-9+/=\s]+?)(?=["\')])')
IMAGE = re.compile(r"<img\b[^>]*>")


class Files:
    """Writes what was stored into `folder`, and says by which address a page in a folder beside it finds it."""

    def __init__(self, to: Path) -> None:
        self.folder = to / FOLDER
        self.folder.mkdir(parents=True, exist_ok=True)

    def address(self, kind: str, text: str, up: str = "../") -> str:
        """The address of what is stored as `text`, in base64. Raises ValueError for a kind of data that has no ending here."""
        if kind not in ENDINGS:
            raise ValueError(
                f"a page holds {kind} as base64, expected one of: {', '.join(ENDINGS)}. Name its ending in {Path(__file__).name}."
            )
        data = base64.b64decode(text)
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.{ENDINGS[kind]}"
        (self.folder / name).write_bytes(data)
        return f"{up}{FOLDER}/{name}"

    def lifted(self, page: str) -> str:
        """HTML with its stored pictures and sounds as files; pictures are loaded when they are seen, and keep their room till then."""
        page = STORED.sub(lambda found: self.address(found[1], found[2]), page)
        page = IMAGE.sub(lambda found: self._lazy(found[0]), page)
        return re.sub(r"<audio(?![^>]*preload)", '<audio preload="none"', page)

    def _lazy(self, tag: str) -> str:
        source = re.search(rf'src="\.\./{FOLDER}/(\w+\.png)"', tag)
        if not source or "loading=" in tag:
            return tag
        width, height = size_of((self.folder / source[1]).read_bytes())
        shown = re.search(r'width="(\d+)"', tag)
        room = f' height="{round(int(shown[1]) * height / width)}"' if shown else f' width="{width}" height="{height}"'
        return tag.replace("<img", '<img loading="lazy" decoding="async"', 1).replace(">", f"{room}>")

    def picture(self, png: str, about: dict) -> str:
        """A picture that is stored without HTML, as HTML."""
        width = about.get("width") or size_of(base64.b64decode(png))[0]
        alt = html.escape(about.get("alt", ""))
        return self.lifted(f'<img src="data:image/png;base64,{png}" alt="{alt}" width="{width}" style="max-width: 100%; height: auto">')


def size_of(png: bytes) -> tuple[int, int]:
    """A PNG's width and height, in its pixels."""
    return struct.unpack(">II", png[16:24])
