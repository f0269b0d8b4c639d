"""python -m docs.readme.picture: the moving picture of README, taken of the site's first page while a mouse draws a 2 and drags it away.

What is seen is the page itself in Chromium: its canvas, its map, its network. Only the pointer is painted, since no picture of a page has
one. There is a film for light themes and one for dark, and a still picture for readers who asked their machine for less motion.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from string import Template

from PIL import Image

from docs.site import explorers, front
from docs.site.pages import ROOT
from vae_course.widgets.ready_strokes import READY

FOLDER = ROOT / "docs" / "pictures"
THEMES = ("light", "dark")
STILL = "front-still.png"
WIDTH, DENSITY = 1000, 1.2  # of the page in its own pixels, and of the picture to one of these
FRAME, REST, LAST = 80, 500, 1600  # milliseconds
QUALITY, EFFORT = 70, 5
DRAWN = "2"
# Crowds that the ring is taken through, on the map of codes and then on the map of what each place paints. The middle of each of these is
# painted as its digit; those of the others are not.
THROUGH = (("6", "0"), ("8", "9", "7", "1"))
STILL_AT = "9"  # where the still picture is taken
A_STRETCH = 0.2  # of the map's units between two pictures of the drag
POINTER = (
    '<svg id="pointer" width="22" height="28" viewBox="0 0 11 14" style="position:fixed;left:0;top:0;z-index:9;pointer-events:none">'
    '<path d="M1 1v10.2l2.5-2.2 1.7 3.9 1.9-.8-1.7-3.8h3.4z" fill="#111" stroke="#fff" stroke-width=".9"/></svg>'
)
PAGE = Template("""<!doctype html><html lang="en" data-theme="$theme"><meta charset="utf-8"><title>Stage</title><style>$style
body { background: none; } main { padding: 6px; max-width: none; } .stage { box-shadow: none; min-height: 0; }
.stage .says { min-height: 3.2em; font-size: 12.5px; }
.stage .vae-ink ~ *, .stage .row:not(.vae-toggle), .stage .says ~ * { display: none; }</style>
$scripts<main><div class="stage" id="stage"></div></main>$pointer</html>""")

Point = tuple[float, float]
Frames = list[tuple[Image.Image, int]]


def between(start: Point, end: Point, step: float) -> Iterator[Point]:
    """Points on the way, slow at both ends, the last one `end`."""
    count = max(2, round(math.dist(start, end) / step))
    for number in range(1, count + 1):
        share = number / count
        eased = share * share * (3 - 2 * share)
        yield tuple(a + eased * (b - a) for a, b in zip(start, end, strict=True))  # type: ignore[misc]


class Film:
    """A page with a mouse of its own, and what was seen of it."""

    def __init__(self, page) -> None:
        self.page, self.at = page, (WIDTH * 0.5, 40.0)
        self.frames: Frames = []

    def to(self, point: Point) -> None:
        self.at = point
        self.page.mouse.move(*point)
        self.page.evaluate("([x, y]) => { pointer.style.transform = `translate(${x - 2}px, ${y - 2}px)`; }", point)

    def see(self, milliseconds: int = FRAME) -> None:
        self.page.evaluate("() => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
        png = self.page.screenshot(omit_background=True)
        self.frames.append((Image.open(io.BytesIO(png)).convert("RGBA"), milliseconds))

    def go(self, end: Point, step: float) -> None:
        for point in between(self.at, end, step):
            self.to(point)
            self.see()


def shoot(page, middles: dict[str, list[float]], limit: float) -> tuple[Frames, Image.Image]:
    """Draw, then drag. middles: digit → its place on the map, which reaches from −limit to limit. Returns the film and a still of it."""
    ink, pad = (page.locator(name).bounding_box() for name in (".vae-ink", ".vae-pad"))
    film = Film(page)

    def on(box, point: Sequence[float]) -> Point:
        return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]

    def place(z: Sequence[float]) -> Point:
        return on(pad, ((z[0] / limit + 1) / 2, (1 - z[1] / limit) / 2))

    page.locator(".vae-buttons button", has_text="Clear").evaluate("button => button.click()")
    page.evaluate("document.activeElement.blur()")
    strokes = READY[DRAWN]
    film.to(on(ink, (0.62, 0.5)))
    film.see(REST)
    for stroke in strokes:
        film.go(on(ink, stroke[0]), 70)
        page.mouse.down()
        for number, point in enumerate(stroke):
            film.to(on(ink, point))
            if number % 2 or number == len(stroke) - 1:
                film.see()
        page.mouse.up()
    film.see(REST)
    still = film.frames[-1][0]
    for number, crowds in enumerate(THROUGH):
        if number:
            film.go(middle_of(page, ".vae-toggle.row input"), 70)
            page.mouse.click(*film.at)
            film.see(REST)
        film.go(middle_of(page, ".vae-mark"), 50)
        page.mouse.down()
        for digit in crowds:
            film.go(place(middles[digit]), A_STRETCH * pad["width"] / (2 * limit))
            film.frames[-1] = (film.frames[-1][0], REST)
            still = film.frames[-1][0] if digit == STILL_AT else still
        page.mouse.up()
    film.frames[-1] = (film.frames[-1][0], LAST)
    return film.frames, still


def middle_of(page, name: str) -> Point:
    box = page.locator(name).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def written(frames: Frames, path: Path) -> None:
    first, *others = [picture for picture, _ in frames]
    durations = [duration for _, duration in frames]
    first.save(path, save_all=True, append_images=others, duration=durations, loop=0, quality=QUALITY, method=EFFORT, minimize_size=True)


def make(to: Path, executable: str | None) -> None:
    """Write the moving pictures and the still one into the folder `to`. Needs Chromium and MNIST."""
    from playwright.sync_api import sync_playwright

    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as kept, sync_playwright() as playwright:
        folder = Path(kept)
        (folder / explorers.FOLDER).mkdir()
        scripts = front.stage(folder / explorers.FOLDER)
        state = json.loads((folder / explorers.FOLDER / front.STATE).read_text("utf-8").partition("(")[2].rpartition(")")[0])
        limit = next(control["limit"] for control in state["pad"]["controls"] if control["kind"] == "pad")
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        for theme in THEMES:
            sources = "".join(f'<script defer src="{explorers.FOLDER}/{name}"></script>' for name in scripts)
            style = (front.HERE / "front.css").read_text("utf-8")
            (folder / "stage.html").write_text(PAGE.substitute(theme=theme, style=style, scripts=sources, pointer=POINTER), "utf-8")
            page = chromium.new_page(viewport={"width": WIDTH, "height": 500}, device_scale_factor=DENSITY, reduced_motion="reduce")
            page.goto((folder / "stage.html").as_uri())
            page.wait_for_selector(".vae-mark")
            box = page.locator("main").bounding_box()
            page.set_viewport_size({"width": WIDTH, "height": math.ceil(box["height"])})
            frames, still = shoot(page, state["middles"], limit)
            path = to / f"front-{theme}.webp"
            written(frames, path)
            print(f"{path.name}: {len(frames)} pictures, {sum(ms for _, ms in frames) / 1000:.0f} s, {path.stat().st_size / 1e6:.2f} MB")
            if theme == THEMES[0]:
                still.quantize(128, dither=Image.Dither.NONE).save(to / STILL, optimize=True)
            page.close()
        chromium.close()


def main() -> None:
    from tests.browser.lab import chromium

    parser = argparse.ArgumentParser(prog="python -m docs.readme.picture", description=__doc__)
    parser.add_argument("--to", type=Path, default=FOLDER)
    make(parser.parse_args().to, chromium())


if __name__ == "__main__":
    main()
