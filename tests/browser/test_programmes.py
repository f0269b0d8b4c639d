"""Pictures that the browser paints itself: the kernel's to a byte, while the kernel hears nothing, and told to it afterwards."""

from __future__ import annotations

import random
import time

import pytest
import torch

from vae_course import pretrained

from .lab import opened

CELLS = [
    """
import vae_course
from vae_course.widgets import LabelAndStyle, LatentPad, LatentSliders

data = vae_course.load("digits")
sliders = LatentSliders(vae_course.pretrained("vae-mnist-20"), data)
sliders
""",
    """
class InColour(LatentSliders):
    title = "In colour"

colours = InColour(vae_course.pretrained("convolutional-vae-colour-sprites"))
colours
""",
    "pad = LatentPad(vae_course.pretrained('vae-mnist-2'), data)\npad",
    "style = LabelAndStyle(vae_course.pretrained('conditional-vae-mnist-2'), data)\nstyle",
]
PIXELS = """
async (image) => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.naturalWidth, height: image.naturalHeight });
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  return [canvas.height, canvas.width, [...pen.getImageData(0, 0, canvas.width, canvas.height).data]];
}
"""
PUT = """
(root, values) => root.querySelectorAll("input[type=range]").forEach((input, number) => {
  input.value = values[number];
  input.dispatchEvent(new Event("input", { bubbles: true }));
})
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


@pytest.fixture(scope="module")
def busy(lab, browser, tmp_path_factory):
    """A page of explorers whose kernel computes until it is let go."""
    with opened(browser, lab, "programmes.ipynb", CELLS) as page:
        page.side.ask("1")
        for title in ("Latent sliders", "In colour", "Latent pad", "Label and style"):
            page.explorer(title)
        folder = tmp_path_factory.mktemp("busy")
        begun, done = folder / "begun", folder / "done"
        wait = (
            f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\nwhile not pathlib.Path({str(done)!r}).exists(): time.sleep(0.05)"
        )
        page.side.client.execute(wait, silent=True, store_history=False)
        while not begun.exists():
            time.sleep(0.05)
        page.let_go = done.touch
        yield page
        done.touch()
        assert page.complaints == []
        assert page.side.errors == []


def shown(explorer) -> torch.Tensor:
    """The picture's pixels: (3, height, width), 0 to 255."""
    height, width, values = explorer.image.evaluate(PIXELS)
    return torch.tensor(values).view(height, width, 4).permute(2, 0, 1)[:3]


def on_page(busy, title):
    """The explorer, without waiting for a kernel that does not answer."""
    explorer = busy.page.locator(f'.vae-explorer[aria-label="{title}"]').first
    return type("Shown", (), {"root": explorer, "image": explorer.locator(".vae-picture")})


def agrees(explorer, model, z: list[float], label: int | None = None) -> None:
    with torch.no_grad():
        y = None if label is None else torch.tensor([label])
        wanted = (255 * model.decode(torch.tensor([z]), y).mean[0].clamp(0, 1)).expand(3, -1, -1)
    assert (shown(explorer) - wanted).abs().max() <= 1.0, z


@pytest.mark.parametrize(("title", "name"), [("Latent sliders", "vae-mnist-20"), ("In colour", "convolutional-vae-colour-sprites")])
def test_sliders_are_followed_to_a_byte_while_the_kernel_is_busy(busy, title, name):
    model, explorer, chance = pretrained(name, device="cpu"), on_page(busy, title), random.Random(0)
    inputs = explorer.root.locator("input[type=range]")
    order = [
        int("".join(digit for digit in inputs.nth(i).get_attribute("aria-label").split()[0] if digit.isdigit()).translate(LOWER))
        for i in range(inputs.count())
    ]
    before = explorer.image.get_attribute("data-number")
    for _ in range(50):
        values = [round(chance.uniform(-2.9, 2.9), 1) for _ in order]
        explorer.root.evaluate(PUT, values)
        z = [0.0] * model.latent_size
        for place, value in zip(order, values, strict=True):
            z[place] = value
        agrees(explorer, model, z)
    assert explorer.image.get_attribute("data-number") == before, "the kernel has drawn nothing"
    assert "vae-busy" not in explorer.root.get_attribute("class"), "what is shown is not old"


def test_the_pad_is_followed_to_a_byte_while_the_kernel_is_busy(busy):
    model, explorer, chance = pretrained("vae-mnist-2", device="cpu"), on_page(busy, "Latent pad"), random.Random(1)
    pad = explorer.root.locator(".vae-pad")
    limit = float(pad.evaluate("(node) => node.dataset.limit"))
    for _ in range(50):
        pad.evaluate(PRESS, [chance.random(), chance.random()])
        left, top = pad.evaluate(WHERE)
        agrees(explorer, model, [round(limit * (2 * left - 1), 3), round(limit * (1 - 2 * top), 3)])


def test_labels_and_styles_are_followed_to_a_byte_while_the_kernel_is_busy(busy):
    model, explorer, chance = pretrained("conditional-vae-mnist-2", device="cpu"), on_page(busy, "Label and style"), random.Random(2)
    inputs, labels = explorer.root.locator("input[type=range]"), explorer.root.locator(".vae-choice").first.locator("button")
    names = [inputs.nth(i).get_attribute("aria-label") for i in range(2)]
    first = 0 if names[0].startswith("z₀") else 1
    for _ in range(50):
        label, values = chance.randrange(10), [round(chance.uniform(-2.5, 2.5), 1) for _ in range(2)]
        labels.nth(label).click()
        explorer.root.evaluate(PUT, values)
        agrees(explorer, model, values if first == 0 else values[::-1], label)
        assert labels.nth(label).get_attribute("aria-pressed") == "true"


def test_afterwards_the_kernel_knows_where_the_controls_stand(busy):
    """Last: lets the kernel go."""
    wanted = {
        title: [on_page(busy, title).root.locator("input[type=range]").nth(i).input_value() for i in range(2)]
        for title in ("Latent sliders", "Label and style")
    }
    style = on_page(busy, "Latent sliders").root.get_by_role("button", name="7")
    style.click()
    assert style.evaluate("(node) => node.getAttribute('aria-pressed')") is not None
    busy.let_go()
    for title, name in (("Latent sliders", "sliders"), ("Label and style", "style"), ("Latent pad", "pad")):
        explorer = busy.explorer(title)
        explorer.settled()
        assert explorer.number == busy.side.ask(f"{name}.panel.frame['number']")
        if title == "Label and style":
            first = busy.side.ask(f"{name}.order[0]")
            assert busy.side.ask(f"{name}.values")[f"z{first}"] == pytest.approx(float(wanted[title][0]), abs=1e-6)
    assert busy.side.ask("sliders.z.tolist()") == busy.side.ask("sliders.starts['7'].tolist()")
    assert float(busy.explorer("Latent sliders").slider(0).input_value()) == pytest.approx(
        busy.side.ask("sliders.values[f'z{sliders.order[0]}']"), abs=1e-3
    )


def test_a_page_keeps_no_numbers_that_it_would_save(busy):
    """What a notebook saves of a widget's state is what the page's models hold."""
    assert busy.side.ask("len(sliders.panel.weights.numbers)") > 100_000
    assert busy.page.evaluate("globalThis.vaeCourseNumbers.size") == 4


LOWER = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
