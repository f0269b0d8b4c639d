"""Pictures that the browser paints itself: the kernel's to a byte, while the kernel hears nothing, and told to it afterwards."""

from __future__ import annotations

import base64
import io
import json
import random
import re

import numpy as np
import pytest
from PIL import Image

from tests.explorers import anywhere

from .explorers import ONLY_THESE, PAINTED
from .lab import opened

# What is to be seen, as a PNG: the kernel's picture and what is painted over it.
SHOWN = """
async (root) => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const image = root.querySelector(".vae-picture"), painting = root.querySelector(".vae-painting");
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  if (!painting.hidden) pen.drawImage(painting, 0, 0);
  return canvas.toDataURL().split(",")[1];
}
"""
MOVE = """
(root, [choices, sliders]) => {
  root.querySelectorAll(".vae-choice").forEach((choice, number) => choice.querySelectorAll("button")[choices[number]].click());
  root.querySelectorAll("input[type=range]").forEach((input, number) => {
    input.value = sliders[number];
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
"""
PRESS = """
(node, [x, y]) => {
  const box = node.querySelector("img").getBoundingClientRect();
  const where = { clientX: box.left + x * box.width, clientY: box.top + y * box.height, button: 0, pointerId: 1, bubbles: true };
  node.setPointerCapture = () => {};
  node.dispatchEvent(new PointerEvent("pointerdown", where));
}
"""
WHERE = "(node) => ['left', 'top'].map((side) => parseFloat(node.querySelector('.vae-mark').style[side]) / 100)"


POSITIONS = {"lab/tree": 50, "notebooks": 10}


@pytest.fixture(scope="module", params=POSITIONS)
def busy(request, lab, browser, tmp_path_factory):
    """A page of explorers whose kernel computes until it is let go, in JupyterLab and in Notebook; `twins` are those of this process."""
    if request.param == "notebooks":
        pytest.importorskip("notebook", reason="needs Notebook 7, which `pip install vae-course[grading]` brings")
    cells = [ONLY_THESE.strip(), *(f"explorers[{title!r}]" for title in PAINTED)]
    lab.save_widgets(True)
    with opened(browser, lab, f"programmes-{request.param[:3]}.ipynb", cells, at=request.param) as page:
        names: dict = {}
        exec(ONLY_THESE, names)  # noqa: S102
        page.twins, page.positions = names["explorers"], POSITIONS[request.param]
        page.side.ask("1")
        for title in PAINTED:
            page.explorer(title)
        folder = tmp_path_factory.mktemp("busy")
        with page.side.computing(folder) as page.let_go:
            yield page
        lab.save_widgets(False)
        # Notebook complains of an extension that looks for JupyterLab's settings, with explorers or without.
        ours = [told for told in page.complaints if request.param == "lab/tree" or re.search("vae|explorer|anywidget", told)]
        assert ours == []
        assert page.side.errors == []


def rgb(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def moved(root, explorer, chance: random.Random) -> None:
    """Moves all controls on the page and those of its twin alike, by chance, and presses a button now and then."""
    values = {name: value for name, value in anywhere(explorer, chance).items() if value is not None}
    kinds = {kind: [c for c in explorer.controls.values() if c.kind == kind] for kind in ("choice", "slider", "pad")}
    for choice in kinds["choice"]:
        values.setdefault(choice.name, chance.choice(choice.options))
    if kinds["pad"]:
        pad, limit = root.locator(".vae-pad"), kinds["pad"][0].limit
        pad.evaluate(PRESS, [chance.random(), chance.random()])
        left, top = pad.evaluate(WHERE)
        values[kinds["pad"][0].name] = (round(limit * (2 * left - 1), 3), round(limit * (1 - 2 * top), 3))
    choices = [choice.options.index(values[choice.name]) for choice in kinds["choice"]]
    root.evaluate(MOVE, [choices, [values[slider.name] for slider in kinds["slider"]]])
    explorer.set(**values)
    if explorer.buttons and chance.random() < 0.3:
        button = chance.choice(list(explorer.buttons.values()))
        root.get_by_role("button", name=button.label, exact=True).click()
        explorer.press(button.name)


@pytest.mark.parametrize("title", PAINTED)
def test_controls_are_followed_to_a_byte_while_the_kernel_is_busy(busy, title):
    explorer, chance = busy.twins[title], random.Random(title)
    root = busy.page.locator(f'.vae-explorer[aria-label="{title}"]').first
    before = root.locator(".vae-picture").get_attribute("data-number")
    pictures = []
    for number in range(busy.positions):
        moved(root, explorer, chance)
        pictures.append(rgb(base64.b64decode(root.evaluate(SHOWN))))
        wanted = np.asarray(explorer.draw().convert("RGB")).astype(int)
        assert pictures[-1].shape == wanted.shape
        assert np.abs(pictures[-1] - wanted).max() <= 1, (number, explorer)
        readings = [slider.name for slider in explorer.controls.values() if slider.kind == "slider"]
        shown = root.locator("input[type=range]").evaluate_all("(all) => all.map((one) => one.valueAsNumber)")
        assert shown == pytest.approx([explorer.values[name] for name in readings], abs=1e-4)
    assert len({picture.tobytes() for picture in pictures}) > 0.6 * busy.positions
    assert root.locator(".vae-picture").get_attribute("data-number") == before, "the kernel has drawn nothing"
    assert "vae-busy" not in root.get_attribute("class"), "what is shown is not old"


def test_afterwards_the_kernel_knows_where_the_controls_stand(busy):
    """Last but one: lets the kernel go."""
    busy.let_go()
    for title in PAINTED:
        explorer = busy.explorer(title)
        assert explorer.number == busy.side.ask(f"explorers[{title!r}].panel.frame['number']")
        there, here = busy.side.ask(f"explorers[{title!r}].values"), busy.twins[title].values
        assert there.keys() == here.keys()
        for name, value in here.items():
            if not isinstance(value, bool | str | None):
                assert there[name] == pytest.approx(value, abs=1e-4), (title, name)
            else:
                assert there[name] == value, (title, name)
        assert explorer.root.locator(".vae-painting").is_hidden(), "the kernel's own picture is shown"
        assert np.abs(rgb(explorer.png()) - np.asarray(busy.twins[title].draw().convert("RGB"))).max() <= 1


def test_a_notebook_saved_with_its_widgets_holds_no_weights(busy):
    path = busy.lab.notebooks / busy.name
    busy.explorer(PAINTED[0]).root.focus()
    busy.page.keyboard.press("Control+s")

    def saved() -> dict | None:
        try:
            return json.loads(path.read_text("utf-8"))["metadata"].get("widgets")
        except ValueError:  # not yet all of it
            return None

    states = busy.lab.wait(saved, "the notebook was not saved with its widgets")["application/vnd.jupyter.widget-state+json"]["state"]
    carriers = [state["buffers"] for state in states.values() if "precision" in state["state"]]
    assert len(carriers) >= len(PAINTED), "each has tables of its own, and each model its weights"
    assert all(buffer["data"] == "" for buffers in carriers for buffer in buffers)
    assert busy.side.ask("len(explorers['Family'].panel.weights[0].numbers)") > 100_000, "the kernel keeps them"
