"""Every explorer in a real JupyterLab, under a real mouse and a real keyboard."""

from __future__ import annotations

import base64
import math

import pytest

from .accessibility import violations
from .explorers import CELLS, LIVE, TITLES
from .lab import ROOT, opened

SCREENSHOTS = ROOT / "build" / "screenshots"


@pytest.fixture(scope="module")
def notebook(lab, browser):
    with opened(browser, lab, "explorers.ipynb", CELLS) as page:
        yield page


@pytest.fixture(autouse=True)
def _nothing_goes_wrong_unseen(request):
    """No console error, no request to another machine, no error on the kernel's side channel: after each test."""
    yield
    if "notebook" in request.fixturenames:
        notebook = request.getfixturevalue("notebook")
        wrong = [*notebook.complaints, *notebook.side.errors]
        notebook.complaints.clear()
        notebook.side.errors.clear()
        assert wrong == []


def fresh(notebook, title: str) -> bytes:
    return base64.b64decode(notebook.side.ask(f"fresh({title!r})"))


def target_of(explorer):
    """What is dragged: the pad, or else the first slider."""
    pad = explorer.root.locator(".vae-pad")
    return pad if pad.count() else explorer.slider(0)


@pytest.mark.parametrize("title", TITLES)
def test_mouse_changes_the_picture_each_time(notebook, title):
    explorer = notebook.explorer(title)
    pad, sliders = explorer.root.locator(".vae-pad"), explorer.root.locator("input[type=range]")
    targets = [pad] if pad.count() else [sliders.nth(i) for i in range(min(3, sliders.count()))]
    for target in targets:
        for stops in ([(0.5, 0.5), (0.8, 0.3)], [(0.8, 0.3), (0.2, 0.7)], [(0.2, 0.7), (0.6, 0.6)]):
            before = explorer.png()
            explorer.drag(target, stops)
            explorer.settled()
            assert explorer.png() != before
    assert explorer.png() == fresh(notebook, title)


@pytest.mark.parametrize("title", TITLES)
def test_keyboard_changes_the_picture_each_time(notebook, title):
    explorer = notebook.explorer(title)
    target = target_of(explorer)
    target.focus()
    explorer.settled()
    places = []
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft", "Home"):
        number = explorer.number
        for _ in range(5 if title == "Family" else 1):  # one step moves a carried-nothing latent of one model too little to see
            target.press(key)
        explorer.settled()
        assert explorer.number > number, f"{key} did nothing"
        places.append(explorer.png())
    assert all(a != b for a, b in zip(places[:-1], places[1:], strict=True))
    assert places[-1] == fresh(notebook, title)


def test_buttons_and_options_answer(notebook):
    for title in TITLES:
        explorer = notebook.explorer(title)
        buttons = explorer.root.locator("button")
        for number in [*range(min(buttons.count(), 3)), *range(max(3, buttons.count() - 3), buttons.count())]:
            before = explorer.number
            buttons.nth(number).click()
            explorer.settled()
            assert explorer.number > before
        assert explorer.png() == fresh(notebook, title)


def test_thumbnail_starts_from_that_image_and_buttons_go_back(notebook):
    explorer = notebook.explorer("Latent sliders")
    first = notebook.side.ask("explorers['Latent sliders'].order[0]")
    begun = notebook.side.ask("explorers['Latent sliders'].origin.tolist()")
    assert max(map(abs, begun)) > 0.5, "it begins with an example"
    start = notebook.side.ask("explorers['Latent sliders'].starts['3'].tolist()")
    for button, wanted in (("3", start), ("Reset", begun), ("z = 0", [0.0] * len(begun))):
        explorer.root.get_by_role("button", name=button, exact=True).click()
        explorer.settled()
        assert notebook.side.ask("explorers['Latent sliders'].z.tolist()") == wanted
        assert float(explorer.slider(0).input_value()) == pytest.approx(wanted[first], abs=1e-3)
    assert "z = 0" in explorer.image.get_attribute("alt")


def test_map_shows_the_decoded_images_on_request(notebook):
    explorer = notebook.explorer("Latent pad")
    backdrop = explorer.root.locator(".vae-backdrop")
    before = backdrop.get_attribute("src")
    explorer.root.get_by_role("checkbox").check()
    notebook.page.wait_for_function("([image, before]) => image.src !== before", arg=[backdrop.element_handle(), before])
    assert backdrop.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") > 0
    explorer.root.get_by_role("checkbox").uncheck()
    explorer.settled()


@pytest.mark.parametrize("title", TITLES)
def test_fast_drag_ends_on_the_right_picture_and_never_blanks(notebook, title):
    explorer = notebook.explorer(title)
    target = target_of(explorer)
    before = explorer.settled()
    explorer.watch()
    stops = [(0.5 + 0.45 * math.sin(0.11 * i), 0.5 + (0.4 * math.cos(0.07 * i) if title == "Latent pad" else 0)) for i in range(101)]
    explorer.fast_drag(target, stops)
    after = explorer.settled()
    seen = explorer.watched()
    assert seen["frames"] > 0
    assert seen["blank"] == 0
    # Moves are coalesced: the kernel drew fewer pictures than there were moves, and none is owed after the last.
    assert before < after <= before + len(stops) + 1
    assert explorer.png() == fresh(notebook, title)
    if title != "Latent pad":
        name = notebook.side.ask(f"next(n for n, c in explorers[{title!r}].controls.items() if c.kind == 'slider')")
        value = notebook.side.ask(f"explorers[{title!r}].values[{name!r}]")
        step = notebook.side.ask(f"explorers[{title!r}].controls[{name!r}].step")
        assert float(target.input_value()) == pytest.approx(value, abs=0.51 * step)


def test_busy_kernel_owes_only_the_last_move(notebook, tmp_path):
    """While the kernel computes, any number of moves may be made; it then draws at most a handful of them, the last one last."""
    explorer = notebook.explorer("Two Gaussians")
    notebook.side.ask("explorers['Two Gaussians'].reset().values")
    explorer.shows(notebook.side.ask("explorers['Two Gaussians'].panel.frame['number']"))
    number = explorer.settled()
    with notebook.side.computing(tmp_path):
        explorer.slider(0).focus()
        for _ in range(40):
            explorer.slider(0).press("ArrowRight")
        explorer.root.locator("xpath=self::*[contains(@class, 'vae-busy')]").wait_for(timeout=10_000)
        wanted = float(explorer.slider(0).input_value())
        assert explorer.number == number
    explorer.settled()
    # Settled means that every move was heard; on a slow machine the picture of the last one may still be under way.
    explorer.shows(notebook.side.ask("explorers['Two Gaussians'].panel.frame['number']"))
    assert explorer.number - number <= 4
    assert notebook.side.ask("explorers['Two Gaussians'].values['mu']") == pytest.approx(wanted, abs=1e-9)
    assert explorer.png() == fresh(notebook, "Two Gaussians")


def test_python_moves_what_the_page_shows(notebook):
    explorer = notebook.explorer("Two Gaussians")
    notebook.side.ask("explorers['Two Gaussians'].set(mu=-2.0, sigma=0.4).values")
    explorer.shows(notebook.side.ask("explorers['Two Gaussians'].panel.frame['number']"))
    assert float(explorer.slider(0).input_value()) == -2.0
    assert "μ = −2.00" in explorer.image.get_attribute("alt")
    assert explorer.png() == fresh(notebook, "Two Gaussians")


def test_raising_callback_is_told_in_words_beside_the_control(lab, browser):
    cells = [
        "import torch, vae_course\nfrom vae_course.widgets import LatentSliders\nmodel = vae_course.pretrained('vae-mnist-20')",
        "def decode(z):\n    if z[0, 0] > 1:\n        raise RuntimeError('the decoder tripped')\n    return model.decode(z).mean",
        "sliders = LatentSliders(model, sliders=3, decode=decode)\nsliders",
    ]
    with opened(browser, lab, "raising.ipynb", cells) as page:
        explorer = page.explorer("Latent sliders")
        assert explorer.trouble() == ""
        good = explorer.png()
        explorer.drag(explorer.slider(0), [(0.5, 0.5), (0.95, 0.5)])
        explorer.root.locator(".vae-trouble:not(:empty)").wait_for()
        assert "the decoder tripped" in explorer.trouble()
        assert "RuntimeError" in explorer.trouble()
        assert explorer.png() == good or page.side.ask("sliders.values['z1']") > 1
        assert page.side.told_of("tripped")
        # It mends itself as soon as a move succeeds.
        explorer.drag(explorer.slider(0), [(0.95, 0.5), (0.3, 0.5)])
        explorer.settled()
        assert explorer.trouble() == ""
        assert page.complaints == []


def test_live_training_replaces_one_picture(lab, browser):
    with opened(browser, lab, "live.ipynb", [CELLS[0].split("makers =")[0], LIVE.strip()]) as page:
        pictures = page.page.locator(".jp-OutputArea-output img")
        pictures.first.wait_for()
        assert pictures.count() == 1
        assert "in 3 epochs" in page.page.locator(".jp-OutputArea-output details").text_content()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.page.locator(".jp-OutputArea").last.screenshot(path=SCREENSHOTS / "live-training-light.png")
        assert page.complaints == []
        assert page.side.errors == []


LEGIBLE = """
(root) => {
  const numbers = (colour) => (colour.match(/[\\d.]+/g) ?? [0, 0, 0]).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  let paper = [255, 255, 255];
  for (let node = root; node; node = node.parentElement) {
    const colour = numbers(getComputedStyle(node).backgroundColor);
    if (colour.length < 4 || colour[3] > 0.99) { paper = colour; break; }
  }
  const complaints = [];
  for (const node of root.querySelectorAll("span, div, output, label, button")) {
    const text = [...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.data.trim()).join(" ").trim();
    const box = node.getBoundingClientRect();
    if (!text || !box.width) continue;
    const style = getComputedStyle(node);
    const faded = numbers(style.color).slice(0, 3).map((c, i) => style.opacity * c + (1 - style.opacity) * paper[i]);
    const [high, low] = [light(faded), light(paper)].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < 4.5) complaints.push(`"${text}" has a contrast of ${contrast.toFixed(1)}`);
    if (node.scrollWidth > node.clientWidth + 1 && style.display !== "inline") complaints.push(`"${text}" is cut off`);
  }
  const bounds = root.getBoundingClientRect();
  for (const node of root.querySelectorAll("*")) {
    const box = node.getBoundingClientRect();
    if (!box.width) continue;
    if (box.right > bounds.right + 1 || box.left < bounds.left - 1) complaints.push(`${node.className || node.tagName} sticks out`);
  }
  const sliders = [...root.querySelectorAll("input[type=range]")].map((node) => node.getBoundingClientRect().width);
  if (sliders.some((width) => width < 60)) complaints.push(`a slider is ${Math.min(...sliders)} pixels wide`);
  return complaints;
}
"""


def complaints_about_looks(notebook) -> list[str]:
    return [f"{title}: {complaint}" for title in TITLES for complaint in notebook.explorer(title).root.evaluate(LEGIBLE)]


def photograph(notebook, theme: str, *, width: int = 1280) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    notebook.page.set_viewport_size({"width": width, "height": 1500})
    for title in TITLES:
        explorer = notebook.explorer(title)
        area = explorer.root.locator("xpath=ancestor::*[contains(concat(' ', @class, ' '), ' jp-OutputArea ')][1]")
        area.screenshot(path=SCREENSHOTS / f"{title.lower().replace(' ', '-')}-{theme}.png")


@pytest.mark.parametrize("title", TITLES)
def test_an_explorer_and_its_still_picture_break_no_rule_of_accessibility(notebook, title):
    notebook.explorer(title)
    cell = 1 + TITLES.index(title)
    assert violations(notebook.page, within=(f".jp-Cell:nth-of-type({cell + 1}) .jp-OutputArea-output",)) == []


def test_looks_light(notebook):
    photograph(notebook, "light")
    assert complaints_about_looks(notebook) == []


def test_looks_in_a_narrow_window(notebook):
    try:
        photograph(notebook, "narrow", width=900)
        assert complaints_about_looks(notebook) == []
    finally:
        notebook.page.set_viewport_size({"width": 1280, "height": 900})


def test_looks_dark(lab, browser):
    lab.set_theme("dark")
    try:
        with opened(browser, lab, "explorers-dark.ipynb", CELLS) as page:
            assert page.page.evaluate("document.body.dataset.jpThemeLight") == "false"
            photograph(page, "dark")
            assert complaints_about_looks(page) == []
            assert page.complaints == []
            assert page.side.errors == []
    finally:
        lab.set_theme("light")
