"""The site as a reader gets it: all pages, no broken link, nothing from elsewhere, explorers that move, from disk and from a server."""

from __future__ import annotations

import functools
import gzip
import http.server
import os
import re
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from docs.site import glossary, reference
from docs.site.pages import all_pages
from tests.browser.accessibility import violations
from tests.browser.test_programmes import SHOWN

PAGES = all_pages()
COURSE = [page.name for page in PAGES if page.folder == "notebooks"]
OURS = ("main", ".bd-article", ".vae-place")
PHONE = {"width": 390, "height": 844}
MOST, FIRST = 500_000, 1_500_000  # bytes, packed
NOT_COUNTED = re.compile(r"_pictures/|_static/(?!mathjax/|site\.)")
# What to press, in the order in which it is tried: the end of a range is left by one of two keys.
CONTROLS = [("input[type=range]", "ArrowRight"), ("input[type=range]", "ArrowLeft"), (".vae-pad", "ArrowRight"), (".vae-ink", "ArrowLeft")]
CONTROLS += [(".vae-option:not([aria-pressed=true])", "Enter"), (".vae-button", "Enter")]


class Read(HTMLParser):
    """What a page names: its links and anchors, and what a browser loads without being asked."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.ids: set[str] = set()
        self.images: list[dict] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        about = dict(attrs)
        self.ids |= {about[key] for key in ("id", "name") if about.get(key)}
        if tag == "a" and about.get("href"):
            self.links.append(about["href"])
        if tag == "link" and about.get("rel") not in ("canonical", "search", "index", "next", "prev", "author", "copyright"):
            self.loaded.append(about["href"])
        if tag in ("script", "img", "audio", "source", "video", "iframe") and about.get("src"):
            self.loaded.append(about["src"])
        if tag == "img":
            self.images.append(about)


@pytest.fixture(scope="module")
def read(site) -> dict[Path, Read]:
    return {path: Read(path.read_text("utf-8")) for path in site.rglob("*.html")}


def test_every_page_is_there(site):
    wanted = [f"{page.folder}/{page.name}.html" for page in PAGES] + [f"reference/{room}.html" for room in reference.ROOMS]
    wanted += [f"{page.folder}/{page.path.name}" for page in PAGES]  # to be taken along
    wanted += ["index.html", "contents.html", "exercises.html", "glossary.html", "search.html", "genindex.html"]
    assert [name for name in wanted if not (site / name).is_file()] == []


def broken(read: dict[Path, Read]) -> list[str]:
    """Links, and names of what is loaded, that lead to no file or to no place in it."""
    found = []
    for path, page in read.items():
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme or not (parts.path or parts.fragment):
                continue
            aim = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not aim.is_file() or (parts.fragment and aim in read and unquote(parts.fragment) not in read[aim].ids):
                found.append(f"{path.name}: {link}")
    return found


def test_no_link_is_broken(read):
    assert broken(read) == []


def test_a_broken_link_is_named(site, read):
    spoilt = Read('<a href="nowhere.html">x</a><a href="glossary.html#nothing">y</a><img src="lost.png"><a href="#here" id="here">z</a>')
    assert len(broken({**read, site / "search.html": spoilt})) == 3


def test_nothing_is_loaded_from_elsewhere_and_no_picture_stands_in_a_page(site, read):
    assert {link for page in read.values() for link in page.loaded if urlsplit(link).scheme not in ("", "data")} == set()
    styles = [path.read_text("utf-8") for path in site.rglob("*.css")]
    assert [address for text in styles for address in re.findall(r"url\(\s*[\"']?(https?:[^)]*)", text)] == []
    assert [path.name for path in read if re.search(r"data:(?:image|audio)/[\w.+-]+;base64,", path.read_text("utf-8"))] == []


def test_pictures_are_told_and_wait_until_they_are_seen(site, read):
    for name in COURSE:
        shown = [image for image in read[site / "notebooks" / f"{name}.html"].images if "_pictures/" in image["src"]]
        assert shown, name
        assert all(len(image.get("alt", "")) >= 20 and image.get("loading") == "lazy" and image.get("height") for image in shown), name


def test_explorers_are_those_that_are_stored(site):
    """Of every explorer that may move, the still picture was made anew, and is the stored one: the same model, data and settings."""
    said = (site.parent / "said.txt").read_text("utf-8")
    count = int(re.search(r"(\d+) explorers move", said)[1])
    assert count == sum((site / "notebooks" / f"{name}.html").read_text("utf-8").count('class="vae-place"') for name in COURSE) >= 10
    if "VAE_COURSE_DATA" in os.environ:
        assert "Not as their pages store them" not in said, said


def test_a_glossary_of_words_that_their_pages_use(site):
    shown = re.findall(r'<dt id="term-', (site / "glossary.html").read_text("utf-8"))
    assert len(shown) == len(glossary.words()) == len(glossary.ENTRY.findall(glossary.TEXT.read_text("utf-8"))), "a word stands twice"
    for word, (meaning, name) in glossary.words().items():
        page = next(page for page in PAGES if page.path.name == glossary.page_named(name))
        used = " ".join(cell.source for cell in page.notebook.cells if cell.cell_type == "markdown").lower()
        assert any(piece in used for piece in (word.lower(), *word.lower().split(" and "))), f"{page.name} does not speak of {word!r}"
        assert meaning.endswith("."), word


def test_the_first_page_has_the_map_with_minutes_and_faces(site, read):
    text = (site / "index.html").read_text("utf-8")
    for page in PAGES:
        if page.folder == "notebooks":
            assert page.minutes, f"{page.name}: its box says no time"
            assert page.face, page.name
    assert re.findall(r'href="notebooks/([\w-]+)\.html"><span class="face">', text) == COURSE
    assert len(re.findall(r"about \d+ minutes", text)) == len(COURSE)


# In a browser.


class Opened:
    """A page in the browser. complaints: errors in the console, and whatever was asked of another machine; asked: all that was loaded."""

    def __init__(self, browser, address: str, *, theme: str = "light", size: dict | None = None) -> None:
        self.context = browser.browser.new_context(viewport=size or {"width": 1400, "height": 900}, color_scheme=theme)
        self.page, self.complaints, self.asked = self.context.new_page(), [], []
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.route(re.compile(r"^https?://(?!127\.0\.0\.1:)"), self._refuse)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(address)

    def _refuse(self, route) -> None:
        self.complaints.append(f"asked another machine: {route.request.url}")
        route.abort()

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_) -> None:
        self.context.close()


@pytest.fixture(scope="module")
def server(site):
    """The same files on loopback."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    served.server_close()


def moves_by_a_key(page, root) -> bool:
    """Whether what an explorer shows is another picture after a key was pressed on one of its controls."""
    root.locator(".vae-picture").wait_for(state="attached")
    before = root.evaluate(SHOWN)
    for control, key in CONTROLS:
        if root.locator(control).count():
            root.locator(control).first.press(key)
            if root.evaluate(SHOWN) != before:
                return True
    return False


@pytest.mark.parametrize("name", COURSE)
def test_its_explorers_move(browser, site, name):
    with Opened(browser, (site / "notebooks" / f"{name}.html").as_uri()) as opened:
        for place in opened.page.locator(".vae-place").all():
            place.scroll_into_view_if_needed()
            place.and_(opened.page.locator("[data-moves]")).wait_for()
            assert moves_by_a_key(opened.page, place.locator(".vae-explorer")), place.get_attribute("data-title")
        assert opened.complaints == []


def painted(page) -> str:
    return page.locator("canvas.painted").evaluate("(canvas) => canvas.toDataURL()")


@pytest.mark.parametrize("by", ["disk", "server"])
def test_the_first_page_draws_encodes_and_drags(browser, site, server, by):
    with Opened(browser, (site / "index.html").as_uri() if by == "disk" else f"{server}/index.html") as opened:
        page, ring = opened.page, opened.page.locator("#stage .vae-mark")
        ring.wait_for()
        ink = page.locator(".vae-ink")
        box = ink.bounding_box()
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.15 * box["height"])
        page.mouse.down()
        first = ring.get_attribute("style")
        page.mouse.move(box["x"] + 0.46 * box["width"], box["y"] + 0.85 * box["height"], steps=8)
        page.mouse.up()
        assert "nearest crowd: the 1s" in page.locator(".says").inner_text()
        assert ring.get_attribute("style") != first, "the ring did not follow the pen"
        one = painted(page)
        page.locator("#stage .vae-pad").press("Shift+ArrowDown")
        assert painted(page) != one, "a key on the map painted nothing"
        page.get_by_role("button", name="Walk to a 0").click()
        page.wait_for_function("document.querySelector('.says').innerText.includes('nearest crowd: the 0s')")
        assert opened.complaints == []


@pytest.mark.parametrize("by", ["disk", "server"])
def test_search_finds_posterior_collapse(browser, site, server, by):
    root = site.as_uri() if by == "disk" else server
    with Opened(browser, f"{root}/search.html?q=posterior+collapse") as opened:
        found = opened.page.locator("#search-results ul.search li a")
        found.first.wait_for()
        opened.page.wait_for_function("/found|matching/.test(document.querySelector('#search-results').innerText)")
        assert any("when-it-fails" in (link.get_attribute("href") or "") for link in found.all())
        assert opened.complaints == []


def weight(site: Path, server: str, asked: list[str]) -> int:
    """The bytes, packed, of the files that were asked for: of what is ours, and no picture, as these are loaded when they are near."""
    names = {unquote(address.removeprefix(server).partition("?")[0]).lstrip("/") for address in asked if address.startswith(server)}
    return sum(len(gzip.compress((site / name).read_bytes())) for name in names if (site / name).is_file() and not NOT_COUNTED.search(name))


def heaviest(site: Path, count: int = 3) -> list[str]:
    """The pages with most to load at once: those with most HTML, and those with an explorer near the top."""
    pages = sorted((site / "notebooks").glob("*.html"), key=lambda path: path.stat().st_size)
    early = sorted(pages, key=lambda path: (path.read_text("utf-8") + 'class="vae-place"').index('class="vae-place"'))
    return [f"notebooks/{path.stem}" for path in dict.fromkeys([*pages[-count:], *early[:count]])]


def test_pages_are_light_until_they_are_scrolled(browser, site, server):
    for name in ["index", *heaviest(site), "reference/models"]:
        with Opened(browser, f"{server}/{name}.html") as opened:
            opened.page.wait_for_load_state("load")
            opened.page.evaluate("() => globalThis.MathJax?.startup?.promise.then(() => document.fonts.ready).then(() => 0)")
            found = weight(site, server, opened.asked)
            assert found <= (FIRST if name == "index" else MOST), f"{name}: {found}"
            assert opened.complaints == [], name


LOOKED_AT = ["index", "notebooks/00-start-here", "notebooks/03-the-reparameterisation-trick", "glossary", "reference/checkpoints", "search"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", LOOKED_AT)
def test_nothing_of_ours_breaks_a_rule_of_accessibility(browser, site, name, theme):
    with Opened(browser, (site / f"{name}.html").as_uri(), theme=theme) as opened:
        if opened.page.locator(".vae-place").count():
            opened.page.locator(".vae-place").first.scroll_into_view_if_needed()
            opened.page.locator(".vae-place[data-moves]").first.wait_for()
        assert opened.page.locator("html").get_attribute("data-theme") == theme
        assert violations(opened.page, within=OURS) == []


def test_pages_fit_a_phone(browser, site):
    for name in ["index", "notebooks/00-start-here", "notebooks/03-the-reparameterisation-trick", "glossary", "reference/models"]:
        with Opened(browser, (site / f"{name}.html").as_uri(), size=PHONE) as opened:
            opened.page.wait_for_function("!globalThis.MathJax?.startup || !document.querySelector('.math:not(:has(mjx-container))')")
            opened.page.wait_for_function(f"document.documentElement.scrollWidth <= {PHONE['width']}", timeout=5000)
