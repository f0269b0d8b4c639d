"""Explorers in pages opened from disk, without a kernel and without a network: they move, to a byte, on a phone's width too."""

from __future__ import annotations

import base64
import random
import time

import numpy as np
import pytest

from vae_course.widgets.standalone import standalone, whole_page

from .accessibility import violations
from .explorers import ONLY_THESE, PAINTED
from .lab import ROOT
from .test_programmes import SHOWN, moved, rgb

SCREENSHOTS = ROOT / "build" / "screenshots"
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def explorers():
    names: dict = {}
    exec(ONLY_THESE + "\nexplorers['Two Gaussians'] = TwoGaussians()", names)  # noqa: S102
    return names["explorers"]


@pytest.fixture(scope="module")
def page(browser, explorers, tmp_path_factory):
    """The page, opened from disk; every request that isn't for a file of it is refused and noted."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "explorers.html").write_text(whole_page(list(explorers.values())), "utf-8")
    opened = browser.context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.route(
        lambda address: not address.startswith(("file:", "data:")), lambda route: (complaints.append(route.request.url), route.abort())
    )
    opened.goto((folder / "explorers.html").as_uri())
    yield opened
    opened.close()
    assert complaints == []


def on(page, title: str):
    root = page.locator(f'.vae-explorer[aria-label="{title}"]')
    root.wait_for()
    return root


@pytest.mark.parametrize("title", PAINTED)
def test_it_moves_to_a_byte_and_tells_where_it_stands(page, explorers, title):
    root, explorer, chance = on(page, title), explorers[title].reset(), random.Random(title)
    for number in range(15):
        moved(root, explorer, chance)
        shown = rgb(base64.b64decode(root.evaluate(SHOWN)))
        assert np.abs(shown - np.asarray(explorer.draw().convert("RGB"))).max() <= 1, (number, explorer)
    told = root.locator(".vae-picture").get_attribute("alt")
    assert told.startswith(f"{title}: ")
    assert root.get_attribute("data-settled") == "true"
    assert root.locator(".vae-says").inner_text() == "", "words of where it began would be untrue"


def test_what_needs_a_kernel_shows_its_still_picture_and_says_so(page):
    place = page.locator(".vae-standalone", has_text="Two Gaussians. This one moves in a notebook only")
    assert place.count() == 1
    assert place.locator("img").evaluate("(image) => image.naturalWidth") > 100
    assert place.locator(".vae-explorer").count() == 0


def test_a_drag_is_followed_picture_by_picture(page, explorers):
    """A mouse that waits for nothing; whether each move was painted is seen in the pictures and not in the readouts."""
    root = on(page, "Latent sliders")
    slider = root.locator("input[type=range]").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    seen = set()
    for share in np.linspace(0.05, 0.95, 25):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        seen.add(root.evaluate(SHOWN))
    page.mouse.up()
    assert len(seen) == 25


def test_keys_typed_in_it_reach_nobody_else(page):
    page.evaluate("() => { window.heard = []; document.addEventListener('keydown', ({ key }) => window.heard.push(key)); }")
    on(page, "Latent pad").locator(".vae-pad").focus()
    for key in ("ArrowRight", "d", "Delete", "j"):
        page.keyboard.press(key)
    assert page.evaluate("window.heard") == []


def test_scripts_beside_the_page_do_as_well(browser, explorers, tmp_path):
    """As a site has them: files that several pages share, found without a server."""
    piece = standalone(explorers["Latent pad"].reset())
    for name, script in piece.scripts.items():
        (tmp_path / name).write_text(script, "utf-8")
    scripts = "".join(f'<script src="{name}"></script>' for name in piece.scripts)
    (tmp_path / "page.html").write_text(f'<!doctype html><meta charset="utf-8">{scripts}{piece.html}', "utf-8")
    page = browser.context.new_page()
    try:
        page.goto((tmp_path / "page.html").as_uri())
        root = on(page, "Latent pad")
        before = root.evaluate(SHOWN)
        root.locator(".vae-pad").press("ArrowRight")
        assert root.evaluate(SHOWN) != before
    finally:
        page.close()


def test_nothing_of_it_breaks_a_rule_of_accessibility(page):
    assert violations(page, within=("main",)) == []


def test_it_fits_a_phone(page):
    before = page.viewport_size
    page.set_viewport_size(PHONE)
    try:
        time.sleep(0.3)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for title in PAINTED:
            root = on(page, title)
            narrow = root.locator("input[type=range]").evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().width)")
            assert min(narrow, default=100) >= 70, title
            root.screenshot(path=SCREENSHOTS / f"{title.lower().replace(' ', '-')}-phone.png")
        page.screenshot(path=SCREENSHOTS / "explorers-phone.png", full_page=True)
    finally:
        page.set_viewport_size(before)
