"""How soon a slider answers: the course's explorers beside `interact` + matplotlib and beside a bare slider with one image.

python -m benchmarks.sliders                 kernel side, live training, and three runs in a real JupyterLab (needs Chromium)
python -m benchmarks.sliders --kernel        without the browser
python -m benchmarks.sliders --painted       only what the browser paints: each kind of explorer, while the kernel is in an endless loop
python -m benchmarks.sliders --runs 5

Absolute times drift with the machine; the ratios within one session are what counts.
"""

from __future__ import annotations

import argparse
import io
import math
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch

import vae_course
from vae_course.widgets import LatentSliders, LiveTraining

OURS, INTERACT, BARE = "explorer", "interact + matplotlib", "bare slider + one image"
BUSY = "explorer, while the kernel computes in an endless loop"
ALIKE = "{}, while the kernel computes in an endless loop"
MOVES, PRESSES = 300, 30


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


# Kernel side: from set value to new image bytes.


def kernel_side() -> dict[str, list[float]]:
    """Milliseconds a move, on one core."""
    import matplotlib.pyplot as plt

    torch.set_num_threads(1)
    model = vae_course.pretrained("vae-mnist-20", device="cpu")
    explorer = LatentSliders(model)
    z = torch.zeros(1, 20)

    def with_matplotlib(value: float) -> bytes:
        z[0, 3] = value
        with torch.no_grad():
            image = model.decode(z).mean[0, 0]
        figure, axis = plt.subplots()
        axis.imshow(image, vmin=0, vmax=1)
        axis.axis("off")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", bbox_inches="tight")  # what the inline backend does
        plt.close(figure)
        return buffer.getvalue()

    ways: dict[str, tuple[Callable[[float], bytes], int]] = {
        OURS: (lambda value: explorer.set(z4=value).png, MOVES),
        INTERACT: (with_matplotlib, MOVES // 5),
    }
    times: dict[str, list[float]] = {}
    for name, (move, count) in ways.items():
        for i in range(10):
            move(0.1 * i)
        times[name] = []
        for i in range(count):
            value = 3 * math.sin(0.37 * i)
            begun = time.perf_counter()
            move(value)
            times[name].append(1000 * (time.perf_counter() - begun))
    return times


def live_training_share() -> tuple[float, float]:
    """Seconds of one epoch of the reference VAE, and of one live picture after it."""
    data = vae_course.load("mnist")
    view, spent = LiveTraining(data.test), []

    def timed(model, history) -> None:
        begun = time.perf_counter()
        view.draw(model, history)
        view.still()
        spent.append(time.perf_counter() - begun)

    history = vae_course.fit(vae_course.VAE(), data, epochs=2, on_epoch=timed, quiet=True)
    return (history.seconds - spent[0]) / 2, statistics.mean(spent)


# Browser side.

CELLS = [
    """
import io, torch, ipywidgets, matplotlib.pyplot as plt, vae_course
from PIL import Image
from vae_course.widgets import LatentSliders
torch.set_num_threads(1)
model = vae_course.pretrained("vae-mnist-20")
z = torch.zeros(1, 20)
def decoded(value):
    z[0, 0] = value
    with torch.no_grad():
        return model.decode(z).mean[0, 0]
""".strip(),
    "from IPython.display import display\ndisplay(LatentSliders(model, sliders=1).panel)",
    """
def draw(value):
    plt.imshow(decoded(value), vmin=0, vmax=1); plt.axis("off"); plt.show()
ipywidgets.interact(draw, value=ipywidgets.FloatSlider(min=-3, max=3, step=0.1));
""".strip(),
    """
def png(value):
    pixels = (decoded(value) * 255).to(torch.uint8).numpy()
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((252, 252), Image.Resampling.NEAREST).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
slider, shown = ipywidgets.FloatSlider(min=-3, max=3, step=0.1), ipywidgets.Image(value=png(0.0))
slider.observe(lambda change: setattr(shown, "value", png(change["new"])), "value")
ipywidgets.VBox([slider, shown])
""".strip(),
]
# Notes the time at which each new picture in a cell's output is loaded or painted, of each key that goes down, and of the mouse's going up.
# Pictures are compared by what is to be seen in them: one that looks like the last is none.
CLOCK = """
(cell) => {
  const clock = { changes: [], keys: [], up: [], last: null };
  const pen = Object.assign(document.createElement("canvas"), { width: 96, height: 96 }).getContext("2d", { willReadFrequently: true });
  pen.imageSmoothingEnabled = false;
  const look = (picture) => {
    const now = performance.now();
    pen.clearRect(0, 0, 96, 96);
    pen.drawImage(picture, 0, 0, 96, 96);
    const seen = pen.getImageData(0, 0, 96, 96).data.reduce((sum, value) => (Math.imul(sum, 31) + value) | 0, 7);
    if (seen === clock.last) return;
    clock.last = seen;
    clock.changes.push(now);
  };
  cell.addEventListener("load", ({ target }) => { if (target.matches("img:not(.vae-backdrop)")) look(target); }, true);
  for (const root of cell.querySelectorAll(".vae-explorer")) {
    new MutationObserver(() => look(root.querySelector(".vae-painting"))).observe(root, { attributeFilter: ["data-painted"] });
  }
  document.addEventListener("keydown", () => clock.keys.push(performance.now()), true);
  document.addEventListener("pointerup", () => clock.up.push(performance.now()), true);
  document.addEventListener("pointerdown", () => { clock.down = performance.now(); }, true);
  cell.clock = clock;
}
"""


def key_presses(page, cell, handle) -> list[float]:
    """Milliseconds from a key's going down to the next change of the picture."""
    waits = []
    handle.press("Home")
    time.sleep(0.3)
    for number in range(PRESSES):
        handle.press("ArrowRight" if number % 10 < 5 else "ArrowLeft")
        changed = "(cell) => cell.clock.changes.at(-1) > cell.clock.keys.at(-1)"
        page.wait_for_function(changed, arg=cell, timeout=20_000)
        waits.append(cell.evaluate("(cell) => cell.clock.changes.find((at) => at > cell.clock.keys.at(-1)) - cell.clock.keys.at(-1)"))
        time.sleep(0.12 + 0.05 * (number % 4))
    return waits


def one_drag(notebook, cell, handle, track) -> tuple[int, float]:
    """100 moves in a second: how many pictures came while the mouse was down, and how long after it the last one came."""
    from tests.browser.lab import send_drag

    cell.evaluate("(cell) => { cell.clock.changes.length = 0; cell.clock.up.length = 0; }")
    box = track.bounding_box()
    grip = (handle or track).bounding_box()
    first = (grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2)
    stops = [first] + [(box["x"] + box["width"] * (0.5 + 0.45 * math.sin(0.11 * i)), first[1]) for i in range(1, 101)]
    send_drag(notebook, stops, seconds=1.0)
    time.sleep(1.5)
    seen = cell.evaluate("(cell) => ({ changes: cell.clock.changes, up: cell.clock.up.at(-1) })")
    during = [at for at in seen["changes"] if at <= seen["up"]]
    return len(during), max(0.0, max(seen["changes"], default=0.0) - seen["up"])


@contextmanager
def computing(notebook, folder: Path) -> Iterator[None]:
    """Inside, the kernel computes and hears nothing."""
    with tempfile.TemporaryDirectory(dir=folder) as signs, notebook.side.computing(Path(signs), doing="sum(range(100_000))") as let_go:
        yield
        let_go()
        settled = "[...document.querySelectorAll('.vae-explorer')].every((one) => one.dataset.settled === 'true')"
        notebook.page.wait_for_function(settled, timeout=60_000)


Figures = dict[str, dict[str, list]]


@contextmanager
def opened(cells: list[str]) -> Iterator[tuple]:
    """A page in JupyterLab whose cells have been run, and a folder that goes with it."""
    from tests.browser.lab import Browser, Lab, NotebookPage, chromium

    executable = chromium()
    if executable is None:
        raise SystemExit("needs Chromium: install it, or name it in VAE_COURSE_CHROMIUM")
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder))
        lab.start()
        browser = Browser(executable)
        try:
            lab.write("sliders.ipynb", cells)
            notebook = NotebookPage(browser, lab, "sliders.ipynb")
            notebook.run_all(len(cells))
            notebook.page.locator(".vae-picture[data-number]").first.wait_for()
            time.sleep(2)
            yield notebook, Path(folder)
            notebook.close()
        finally:
            browser.close()
            lab.stop()


def measured(notebook, place, figures: dict[str, list], *, ours: bool) -> None:
    """One run of keys and one of dragging in a cell, added to its figures."""
    place.scroll_into_view_if_needed()
    cell = place.element_handle()
    if not cell.evaluate("(cell) => Boolean(cell.clock)"):
        cell.evaluate(CLOCK)
    handle = place.locator(".vae-pad, input[type=range]" if ours else ".noUi-handle").first
    track = handle if ours else place.locator(".noUi-base").first
    handle.focus()
    figures["keys"].append(key_presses(notebook.page, cell, handle))
    updates, lag = one_drag(notebook, cell, None if ours else handle, track)
    figures["updates"].append(updates)
    figures["lag"].append(lag)


def browser_side(runs: int) -> Figures:
    """The figures of each way, run by run; the ways take turns within a run."""
    found: Figures = {name: {"keys": [], "updates": [], "lag": []} for name in (OURS, BUSY, INTERACT, BARE)}
    with opened(CELLS) as (notebook, folder):
        cells = notebook.page.locator(".jp-CodeCell")
        for _ in range(runs):
            for name, number in ((OURS, 1), (BUSY, 1), (INTERACT, 2), (BARE, 3)):
                with computing(notebook, folder) if name == BUSY else nullcontext():
                    measured(notebook, cells.nth(number), found[name], ours=number == 1)
    return found


def painted_side(runs: int) -> Figures:
    """The figures of each kind of explorer that the browser paints, while the kernel hears nothing."""
    from tests.browser.explorers import ONLY_THESE, PAINTED

    found: Figures = {ALIKE.format(title): {"keys": [], "updates": [], "lag": []} for title in PAINTED}
    with opened([ONLY_THESE.strip(), *(f"explorers[{title!r}]" for title in PAINTED)]) as (notebook, folder):
        cells = notebook.page.locator(".jp-CodeCell")
        for _ in range(runs):
            with computing(notebook, folder):
                for number, figures in enumerate(found.values(), 1):
                    measured(notebook, cells.nth(number), figures, ours=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", action="store_true", help="leave the browser out")
    parser.add_argument("--painted", action="store_true", help="only what the browser paints")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.painted:
        told(painted_side(arguments.runs), arguments.runs)
        return

    times = kernel_side()
    print("\n| from set value to new image bytes, one core | median (ms) | p95 (ms) |\n|---|---|---|")
    for name, values in times.items():
        print(f"| {name} | {statistics.median(values):.2f} | {quantile(values, 0.95):.2f} |")
    ratio = statistics.median(times[INTERACT]) / statistics.median(times[OURS])
    print(f"\n{INTERACT} takes {ratio:.0f} times as long.")

    epoch, picture = live_training_share()
    print(f"\nLive training: {1000 * picture:.0f} ms a picture, {100 * picture / epoch:.1f} % of an epoch of {epoch:.1f} s.")

    if arguments.kernel:
        return
    told(browser_side(arguments.runs) | painted_side(arguments.runs), arguments.runs)


def told(found: Figures, runs: int) -> None:
    print(f"\n| in JupyterLab, {runs} runs | key to picture: median (ms) | p95 (ms) | pictures in a 1 s drag | lag after it (ms) |")
    print("|---|---|---|---|---|")
    for name, figures in found.items():
        keys = [wait for run in figures["keys"] for wait in run]
        updates, lag = statistics.median(figures["updates"]), statistics.median(figures["lag"])
        print(f"| {name} | {statistics.median(keys):.0f} | {quantile(keys, 0.95):.0f} | {updates:.0f} | {lag:.0f} |")
    print("\nEach run:")
    for name, figures in found.items():
        for run, keys in enumerate(figures["keys"]):
            middle, late = statistics.median(keys), quantile(keys, 0.95)
            drag = f"{figures['updates'][run]:3} pictures, lag {figures['lag'][run]:4.0f} ms"
            print(f"  {name:56} keys {middle:4.0f} / {late:4.0f} ms, drag {drag}")


if __name__ == "__main__":
    main()
