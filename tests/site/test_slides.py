"""The slides in a browser: no page asks another machine, nothing is cut off, and a formula is set."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docs.site.pages import all_pages
from docs.slides.__main__ import build
from tests.browser.accessibility import violations
from tests.site.test_site import Opened

NAMES = [page.name for page in all_pages() if page.folder == "notebooks"]
HIGH, WIDE, SMALLEST = 722, 1282, 19  # pixels of a slide, and of its letters

# Each slide is turned to, with all that appears on it, and measured: its height, the widest thing on it, its letters, its first words.
CUT_OFF = """([high, wide, smallest]) => {
  const slides = [...document.querySelectorAll(".slides > section > section")], found = [];
  for (const slide of slides) {
    const { h, v } = Reveal.getIndices(slide);
    Reveal.slide(h, v, 99);
    const widest = Math.max(0, ...[...slide.querySelectorAll("mjx-math, img, table, pre")].map((one) => one.offsetWidth));
    const seen = [slide.scrollHeight, widest, parseFloat(getComputedStyle(slide).fontSize), slide.innerText.slice(0, 60)];
    if (seen[0] > high || seen[1] > wide || seen[2] < smallest) found.push(seen);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def decks(tmp_path_factory) -> Path:
    npm = os.environ.get("VAE_COURSE_NPM", "")
    if not npm:
        pytest.skip("needs what npm brings: run `make test-site`")
    to = tmp_path_factory.mktemp("slides") / "slides"
    build(to, Path(npm))
    return to


@pytest.mark.parametrize("name", NAMES)
def test_every_slide_fits_the_wall(browser, decks, name):
    with Opened(browser, (decks / f"{name}.html").as_uri(), size={"width": 1280, "height": 720}) as opened:
        opened.page.locator("html[data-ready]").wait_for()
        cut_off = opened.page.evaluate(CUT_OFF, [HIGH, WIDE, SMALLEST])
        assert cut_off == []
        assert opened.complaints == []


def test_formulas_are_set_and_notes_are_not_shown(browser, decks):
    with Opened(browser, (decks / "04-the-elbo.html").as_uri(), size={"width": 1280, "height": 720}) as opened:
        opened.page.locator("html[data-ready]").wait_for()
        assert opened.page.locator("mjx-container").count() > 5
        assert not opened.page.locator("aside.notes").first.is_visible()
        assert opened.page.locator("section.title h1").inner_text() == "The ELBO"


def test_the_title_slide_breaks_no_rule_of_accessibility(browser, decks):
    with Opened(browser, (decks / "04-the-elbo.html").as_uri(), size={"width": 1280, "height": 720}) as opened:
        opened.page.locator("html[data-ready]").wait_for()
        assert violations(opened.page, within=[".slides"]) == []
