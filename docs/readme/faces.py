"""The face of each page, small: made from the picture that is stored in its notebook."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from docs.site.pages import ROOT, Page

FOLDER = ROOT / "docs" / "pictures" / "pages"
SIZE = (330, 190)  # twice what README shows
EDGE = 8  # of paper around the picture
MOST_BYTES = 20_000
UNLIKE = 6.0  # of 255: two faces whose grey levels are further apart, on average, are two pictures


def path_of(page: Page) -> Path:
    """Without the page's number, so that a page that is renumbered keeps its face."""
    return FOLDER / f"{re.sub(r'^[0-9]+-', '', page.name)}.webp"


def small(page: Page) -> Image.Image:
    """The page's face on white paper, whole. Raises ValueError where a page has none."""
    if page.face is None:
        raise ValueError(f"{page.path.name} has no picture that is stored: run `python -m tests.notebooks.store {page.path}`.")
    stored = Image.open(io.BytesIO(base64.b64decode(page.face[0]))).convert("RGBA")
    paper = Image.new("RGBA", stored.size, "white")
    paper.alpha_composite(stored)
    picture = paper.convert("RGB")
    if drawn := ImageChops.difference(picture, Image.new("RGB", picture.size, "white")).getbbox():
        picture = picture.crop(drawn)
    scale = min((SIZE[0] - 2 * EDGE) / picture.width, (SIZE[1] - 2 * EDGE) / picture.height)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    card = Image.new("RGB", SIZE, "white")
    card.paste(picture, ((SIZE[0] - picture.width) // 2, (SIZE[1] - picture.height) // 2))
    return card


def as_bytes(card: Image.Image) -> bytes:
    """The card as WebP, as good as the limit lets it be."""
    for quality in (85, 75, 60, 45, 30):
        buffer = io.BytesIO()
        card.save(buffer, format="WEBP", quality=quality, method=6)
        if buffer.tell() <= MOST_BYTES:
            break
    return buffer.getvalue()


def is_current(page: Page) -> bool:
    """Whether the small face that lies here shows what the notebook stores now: looked at, since two encoders write other bytes."""
    if not path_of(page).exists():
        return False
    seen = [picture.convert("L").resize((66, 38), Image.Resampling.BOX) for picture in (Image.open(path_of(page)), small(page))]
    return ImageStat.Stat(ImageChops.difference(*seen)).mean[0] < UNLIKE


def write(pages: list[Page]) -> None:
    """Small faces of all pages; what belongs to no page goes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in set(FOLDER.glob("*.webp")) - {path_of(page) for page in pages}:
        path.unlink()
    for page in pages:
        if not is_current(page):
            path_of(page).write_bytes(as_bytes(small(page)))
