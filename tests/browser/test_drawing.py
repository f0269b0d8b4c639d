"""A digit drawn in a real browser: followed while the kernel is busy, read as Python reads it, by keys alone, by finger on a phone."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from vae_course import VAE, fit, load, pretrained
from vae_course.widgets import DrawYourOwn
from vae_course.widgets.explorer import HERE, SCRIPTS
from vae_course.widgets.ready_strokes import HAND_DRAWN, READY
from vae_course.widgets.standalone import whole_page

from .accessibility import violations
from .lab import PATIENCE, opened
from .test_explorers import LEGIBLE, SCREENSHOTS

TITLE = "Draw your own"
CELLS = [
    "import vae_course\nfrom vae_course.widgets import DrawYourOwn\ndata = vae_course.load('digits')",
    "flat = DrawYourOwn(vae_course.pretrained('vae-mnist-2'), data)\nflat",
    'class Crisp(DrawYourOwn):\n    title = "Crisp"\n\ncrisp = Crisp(vae_course.pretrained("convolutional-vae-mnist-20"), data)\ncrisp',
    'class Bare(DrawYourOwn):\n    title = "Bare"\n\nbare = Bare(vae_course.pretrained("vae-mnist-2"), data, prices=False)\nbare',
]
PAGES = {TITLE: ("flat", "vae-mnist-2"), "Crisp": ("crisp", "convolutional-vae-mnist-20"), "Bare": ("bare", "vae-mnist-2")}

# What is to be seen, as a PNG: the kernel's picture and what is painted over it.
SHOWN = """
async (root) => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const image = root.querySelector(".vae-picture"), painting = root.querySelector(".vae-painting");
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
  canvas.getContext("2d").drawImage(painting.hidden ? image : painting, 0, 0);
  return canvas.toDataURL().split(",")[1];
}
"""
CLOUD = "(root) => root.querySelector('.vae-map canvas').toDataURL()"
FORMS = """
([source, programme, numbers, drawings]) => {
  const { mnistForm, readDrawing } = new Function(`${source}; return { mnistForm, readDrawing };`)();
  const unpacked = numbers.map((text) => fromHalvesOf(source, text));
  return drawings.map((drawing) => {
    const { images, mu, sigma, kl, cost } = readDrawing(drawing, 2, programme, unpacked);
    const form = [...mnistForm(drawing, programme.pen)];
    return { form, images: images.map((one) => [...one]), mu: [...mu], sigma: [...sigma], kl, cost };
  });
  function fromHalvesOf(source, text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Function("view", `${source}; return unpacked(view, "half");`)(new DataView(bytes.buffer));
  }
}
"""
# A stroke with a pen whose pressure changes on its way.
PEN = """
(ink, [pressure, points]) => {
  const box = ink.getBoundingClientRect();
  ink.setPointerCapture = () => {};
  points.forEach(([x, y], number) => {
    const where = { clientX: box.left + x * box.width, clientY: box.top + y * box.height, button: number ? -1 : 0, buttons: 1 };
    const about = { ...where, pointerId: 7, pointerType: "pen", pressure: number % 2 ? pressure : 1 - pressure, bubbles: true };
    ink.dispatchEvent(new PointerEvent(number ? "pointermove" : "pointerdown", about));
  });
  ink.dispatchEvent(new PointerEvent("pointerup", { pointerId: 7, pointerType: "pen", bubbles: true }));
}
"""
SEVEN = [(0.25, 0.2), (0.5, 0.22), (0.75, 0.2), (0.65, 0.4), (0.55, 0.65), (0.5, 0.85)]


def drawings(count: int) -> list:
    """Some that look like digits, and scribbles; strokes of one point and of many."""
    chance = np.random.default_rng(0)
    scribbles = [[np.round(chance.random((n, 2)), 4).tolist() for n in chance.integers(1, 25, chance.integers(1, 4))] for _ in range(count)]
    return [*READY.values(), *HAND_DRAWN.values(), [], [[[0.3, 0.3]]], *scribbles]


@pytest.mark.parametrize("name", ["vae-mnist-2", "convolutional-vae-mnist-20", "trained here"])
def test_python_and_the_browser_read_a_drawing_alike(browser, name):
    if name == "trained here":
        model = VAE(latent_size=4, hidden_sizes=(64,))
        fit(model, load("digits").train.head(2000), epochs=2, quiet=True, device="cpu")
    else:
        model = pretrained(name, device="cpu")
    explorer = DrawYourOwn(model)
    source = "".join(path.read_text("utf-8") for path in (*SCRIPTS, HERE / "draw_your_own.js")).replace("export default { render };", "")
    numbers = [base64.b64encode(weights.numbers).decode() for weights in explorer.panel.weights]
    page, drawn = browser.context.new_page(), drawings(25)
    try:
        told = page.evaluate(FORMS, [source, explorer.panel.programme, numbers, drawn])
    finally:
        page.close()
    # Stored models have the programme's own precision. Numbers in single precision are rounded to half of it on their way.
    rounded = name == "trained here"
    for drawing, one in zip(drawn, told, strict=True):
        explorer.set(drawing=drawing, draws=2)
        assert np.abs(np.array(one["form"]).reshape(28, 28) - explorer.image.numpy()).max() <= 1.001 / 255
        assert (torch.tensor(one["mu"]) - explorer.mu).abs().max() < (1e-3 if rounded else 1e-4)
        assert (torch.tensor(one["sigma"]) - explorer.read.sigma).abs().max() < (1e-3 if rounded else 1e-4)
        assert one["kl"] == pytest.approx(explorer.kl, abs=0.01, rel=1e-3)
        assert one["cost"] == pytest.approx(explorer.reconstruction, abs=0.02, rel=1e-3)
        images = torch.tensor(one["images"][1:]).view(-1, 1, 28, 28)
        assert (images - explorer.read.decoded).abs().max() < 1 / 255


@pytest.fixture(scope="module")
def page(lab, browser):
    with opened(browser, lab, "drawing.ipynb", CELLS) as opened_page:
        yield opened_page
        assert opened_page.complaints == []
        assert opened_page.side.errors == []


class Canvas:
    """An explorer to draw on. Nothing of it waits for the kernel."""

    def __init__(self, page, title: str = TITLE) -> None:
        self.page, self.root = page.page, page.page.locator(f'.vae-explorer[aria-label="{title}"]').first
        self.ink, self.told = self.root.locator(".vae-ink"), self.root.locator(".vae-told")
        self.ink.wait_for(timeout=1000 * PATIENCE)
        self.root.scroll_into_view_if_needed()
        self.page.wait_for_function("(root) => root.dataset.settled === 'true'", arg=self.root.element_handle(), timeout=1000 * PATIENCE)

    def picture(self) -> np.ndarray:
        png = base64.b64decode(self.root.evaluate(SHOWN))
        return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int)

    def says(self) -> str:
        return self.root.locator(".vae-says").inner_text()

    def numbers(self) -> list[float]:
        """All numbers of the readout, in their order."""
        return [float(text.replace("−", "-")) for text in re.findall(r"[−]?\d+\.\d+", self.says())]

    def press_down(self, points):
        box = self.ink.bounding_box()
        at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        self.page.mouse.move(*at[0])
        self.page.mouse.down()
        for x, y in at[1:]:
            self.page.mouse.move(x, y, steps=4)
            yield
        self.page.mouse.up()

    def draw(self, points) -> None:
        for _ in self.press_down(points):
            pass

    def told_to(self, page, name: str):
        """What Python has, once it has been told."""
        self.page.wait_for_function("(root) => root.dataset.settled === 'true'", arg=self.root.element_handle(), timeout=1000 * PATIENCE)
        return page.side.ask(f"{name}.values['drawing']")


def agrees(picture: np.ndarray, numbers: list[float], twin: DrawYourOwn) -> None:
    wanted = np.asarray(twin.draw()).astype(int)
    assert picture.shape == wanted.shape
    assert np.abs(picture - wanted).max() <= 1
    told = [float(text.replace("−", "-")) for text in re.findall(r"[−]?\d+\.\d+", "\n".join(twin.says()))]
    assert numbers == pytest.approx(told, abs=0.11)


@pytest.mark.parametrize("title", PAGES)
def test_picture_code_and_price_follow_the_mouse_while_the_kernel_is_busy(page, tmp_path, title):
    name, stored = PAGES[title]
    canvas, twin = Canvas(page, title), DrawYourOwn(pretrained(stored, device="cpu"), load("digits"), prices=title != "Bare")
    before = canvas.root.locator(".vae-picture").get_attribute("data-number")
    with page.side.computing(tmp_path):
        pictures, says, clouds = [canvas.picture()], [canvas.says()], [canvas.root.evaluate(CLOUD)]
        for _ in canvas.press_down(SEVEN):
            pictures.append(canvas.picture())
            says.append(canvas.says())
            clouds.append(canvas.root.evaluate(CLOUD))
        canvas.draw([(0.4, 0.5), (0.7, 0.52)])
        canvas.root.get_by_role("slider").press("ArrowRight")
        picture, numbers = canvas.picture(), canvas.numbers()
        assert canvas.root.locator(".vae-picture").get_attribute("data-number") == before, "the kernel has drawn nothing"
        assert "vae-busy" not in canvas.root.get_attribute("class")
    for seen in (says, clouds, [one.tobytes() for one in pictures]):
        assert len(set(seen)) == len(seen), "each part of the stroke changes picture, cloud and words"
    strokes = canvas.told_to(page, name)
    assert len(strokes) == 2, "the first stroke of a pen takes the place of strokes that were only lent"
    assert page.side.ask(f"{name}.values['draws']") == 2
    agrees(picture, numbers, twin.set(drawing=strokes, draws=2))
    assert canvas.root.locator(".vae-painting").is_hidden(), "the kernel's own picture is shown"
    agrees(canvas.picture(), canvas.numbers(), twin)
    assert page.side.ask(f"{name}.image.tolist()") == twin.image.tolist()
    assert page.side.ask(f"{name}.mu.tolist()") == pytest.approx(twin.mu.tolist(), abs=1e-4)
    assert page.side.ask(f"{name}.elbo") == pytest.approx(twin.elbo, abs=0.01)
    page.side.ask(f"{name}.reset().values['draws']")


def test_keys_alone_place_move_scale_turn_and_take_away(page):
    canvas = Canvas(page)
    page.side.ask("flat.reset().values['draws']")
    canvas.ink.focus()
    seen = []
    keys = ["5", "ArrowRight", "Shift+ArrowDown", "PageDown", "+", ".", "PageDown", "-", ",", "Delete"]
    for key in keys:
        canvas.page.keyboard.press(key)
        seen.append((canvas.told.inner_text(), len(canvas.told_to(page, "flat")), page.side.ask("flat.image.sum().item()")))
    told = [words for words, _, _ in seen]
    assert told[:4] == ["5 was put there.", "Moved to the right.", "Moved down.", "Stroke 1 of 2 is chosen."]
    assert told[4:7] == ["Larger.", "Turned to the right.", "Stroke 2 of 2 is chosen."]
    assert told[7:] == ["Smaller.", "Turned to the left.", "Taken away."]
    assert [count for _, count, _ in seen] == [2] * 9 + [1]
    assert seen[4][2] != seen[3][2], "one stroke made larger is another picture"
    left = canvas.told_to(page, "flat")
    for key in ["u"] * 7 + ["Control+z"]:  # all but the choices can be undone
        canvas.page.keyboard.press(key)
    assert canvas.told_to(page, "flat") == READY["3"]
    canvas.page.keyboard.press("c")
    assert canvas.told_to(page, "flat") == []
    assert "Nothing is drawn" in canvas.says()
    canvas.page.keyboard.press("ArrowUp")
    assert canvas.told.inner_text() == "There is no stroke to change."
    canvas.page.keyboard.press("u")
    assert canvas.told_to(page, "flat") == READY["3"] != left
    for _ in range(100):
        canvas.page.keyboard.press("u")
    assert canvas.told.inner_text() == "There is nothing to undo."


def test_what_is_placed_stays_on_the_canvas_however_far_it_is_moved(page):
    canvas = Canvas(page)
    canvas.ink.focus()
    for key in ["8", *["Shift+ArrowRight"] * 12, *["Shift+ArrowUp"] * 12, *["+"] * 12]:
        canvas.page.keyboard.press(key)
    points = np.concatenate(canvas.told_to(page, "flat"))
    assert points.min() >= 0
    assert points.max() <= 1
    assert canvas.told.inner_text() == "There is no room for it."
    assert np.ptp(points, axis=0).max() > 0.9


def test_every_control_is_reached_by_tab_with_a_frame_around_it(page):
    canvas = Canvas(page)
    canvas.ink.focus()
    reached = []
    for _ in range(16):
        about = canvas.page.evaluate(
            "() => { const node = document.activeElement; return [node.closest('.vae-explorer') !== null, "
            "node.getAttribute('aria-label') ?? node.alt ?? node.querySelector?.('img')?.alt ?? node.textContent, node.tagName, "
            "getComputedStyle(node).outlineStyle]; }"
        )
        reached.append(about)
        canvas.page.keyboard.press("Tab")
    inside = [(name, tag) for within, name, tag, _ in reached if within]
    assert inside[0][0].startswith("Drawing of ")
    assert [name for name, _ in inside[1:11]] == list("0123456789")
    assert [tag for _, tag in inside[11:]] == ["INPUT", "BUTTON", "BUTTON", "SUMMARY", "INPUT"]
    assert all(outline == "solid" for within, _, _, outline in reached[1:] if within)


def test_kept_strokes_are_joined_by_ready_ones_and_buttons_undo_and_clear(page):
    canvas = Canvas(page)
    canvas.root.get_by_role("button", name="1", exact=True).click()
    canvas.root.get_by_role("checkbox", name="keep what is drawn").check()
    canvas.root.get_by_role("button", name="4", exact=True).click()
    assert canvas.told_to(page, "flat") == [*READY["1"], *READY["4"]]
    canvas.root.get_by_role("button", name="Undo").click()
    assert canvas.told_to(page, "flat") == READY["1"]
    canvas.root.get_by_role("checkbox", name="keep what is drawn").uncheck()
    canvas.root.get_by_role("button", name="Clear").click()
    assert canvas.told_to(page, "flat") == []
    page.side.ask("flat.set(drawing='6').values['draws']")
    page.page.wait_for_function(
        "(ink) => ink.getAttribute('aria-label').startsWith('Drawing of 1 stroke')",
        arg=canvas.ink.element_handle(),
        timeout=1000 * PATIENCE,
    )


def test_how_hard_a_pen_is_pressed_changes_nothing(page):
    canvas = Canvas(page)
    pictures = []
    for pressure in (0.05, 0.95):
        canvas.root.get_by_role("button", name="Clear").click()
        canvas.ink.evaluate(PEN, [pressure, SEVEN])
        pictures.append(canvas.picture())
    assert len(canvas.told_to(page, "flat")) == 1
    assert np.array_equal(*pictures)
    assert pictures[0][:, :28].max() == 255


def test_words_wait_for_the_pen_to_rest_before_they_are_read_out(page):
    canvas = Canvas(page)
    says = canvas.root.locator(".vae-says")
    assert says.get_attribute("aria-live") == "polite"
    canvas.draw(SEVEN)
    assert says.get_attribute("aria-busy") == "true"
    page.page.wait_for_function("(says) => !says.hasAttribute('aria-busy')", arg=says.element_handle(), timeout=1000 * PATIENCE)


def test_names_and_rules_of_accessibility(page):
    canvas = Canvas(page)
    nodes = page.page.context.new_cdp_session(page.page).send("Accessibility.getFullAXTree")["nodes"]
    names = [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "application" and node.get("name")]
    assert any(name.startswith("Drawing of ") and "Keys 0 to 9" in name for name in names)
    assert "60 draws from q(z|x)" in canvas.root.locator(".vae-map img").get_attribute("alt")
    assert violations(page.page, within=(".vae-explorer",)) == []
    assert canvas.root.evaluate(LEGIBLE) == []


def test_on_a_page_from_disk_it_draws_reads_and_prices_without_a_kernel(browser, tmp_path):
    twin = DrawYourOwn(pretrained("vae-mnist-20", device="cpu"), load("digits"))
    (tmp_path / "drawing.html").write_text(whole_page([twin]), "utf-8")
    alone = browser.context.new_page()
    complaints: list[str] = []
    alone.on("pageerror", lambda error: complaints.append(str(error)))
    alone.on("console", lambda message: message.type == "error" and complaints.append(message.text))
    try:
        alone.goto((tmp_path / "drawing.html").as_uri())
        canvas = Canvas(type("OnDisk", (), {"page": alone}))
        canvas.root.get_by_role("button", name="8", exact=True).click()
        canvas.root.get_by_role("slider").press("ArrowRight")
        agrees(canvas.picture(), canvas.numbers(), twin.set(drawing="8", draws=2))
        assert canvas.root.locator(".vae-picture").get_attribute("alt") == twin.alt_text
        canvas.draw(SEVEN)
        assert canvas.numbers()[:3] != pytest.approx([twin.kl, twin.reconstruction, twin.elbo], abs=0.1)
        assert canvas.root.evaluate("(root) => root.dataset.settled") == "true"
        assert violations(alone, within=(".vae-explorer",)) == []
        assert complaints == []
    finally:
        alone.close()


def photograph(canvas: Canvas, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    area = canvas.root.locator("xpath=ancestor::*[contains(concat(' ', @class, ' '), ' jp-OutputArea ')][1]")
    area.screenshot(path=SCREENSHOTS / f"drawing-{name}.png")


def test_in_the_dark(lab, browser):
    lab.set_theme("dark")
    try:
        with opened(browser, lab, "drawing-dark.ipynb", CELLS[:2]) as dark:
            dark.page.set_viewport_size({"width": 1280, "height": 1300})
            canvas = Canvas(dark)
            canvas.ink.press("4")
            photograph(canvas, "dark")
            assert violations(dark.page, within=(".vae-explorer",)) == []
            assert canvas.root.evaluate(LEGIBLE) == []
            assert dark.complaints == []
    finally:
        lab.set_theme("light")


def test_a_finger_draws_on_a_phone_and_the_page_stays_where_it_is(lab, browser):
    pytest.importorskip("notebook", reason="needs Notebook 7, which `pip install vae-course[grading]` brings")
    with opened(browser, lab, "drawing-phone.ipynb", CELLS[:2], at="notebooks") as phone:
        phone.page.set_viewport_size({"width": 390, "height": 800})
        canvas = Canvas(phone)
        canvas.ink.scroll_into_view_if_needed()
        box = canvas.ink.bounding_box()
        line = phone.page.context.new_cdp_session(phone.page)
        at = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in SEVEN]
        line.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": at[:1]})
        for point in at[1:]:
            line.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        line.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        strokes = canvas.told_to(phone, "flat")
        assert len(strokes) == 1
        assert np.allclose([strokes[0][0], strokes[0][-1]], [SEVEN[0], SEVEN[-1]], atol=0.02)
        assert canvas.ink.bounding_box() == box
        assert canvas.ink.evaluate("(ink) => getComputedStyle(ink).touchAction") == "none"
        phone.page.set_viewport_size({"width": 390, "height": 1600})
        photograph(canvas, "phone")
        assert canvas.root.evaluate(LEGIBLE) == []
        assert canvas.root.bounding_box()["width"] <= 390
        assert violations(phone.page, within=(".vae-explorer",)) == []
