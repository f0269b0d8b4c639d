"""JupyterLab on this machine's loopback and Chromium in front of it, both with throw-away folders and nothing that phones home."""

from __future__ import annotations

import ast
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty

import nbformat

ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 120  # seconds until something that should happen is given up


def chromium() -> str | None:
    """Where Chromium is, or None: `VAE_COURSE_CHROMIUM`, or what is on the path."""
    named = os.environ.get("VAE_COURSE_CHROMIUM", "")
    return named or next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def settings(*, theme: str) -> dict[str, dict]:
    """What is set differently from a fresh JupyterLab: no news, no autosave, every cell in the page, and the theme."""
    return {
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
        "apputils-extension/themes": {"theme": f"JupyterLab {theme.capitalize()}", "adaptive-theme": False},
        "docmanager-extension/plugin": {"autosave": False},
        "notebook-extension/tracker": {"windowingMode": "none"},
    }


class Lab:
    """A running JupyterLab: `url(notebook)`, `write(name, cells)`, and what its kernels said where no page shows it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir(parents=True)
        self.log = folder / "server.log"
        self.environment = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")])),
            "VAE_COURSE_DEVICE": "cpu",
            "VAE_COURSE_PROFILE": "quick",
        }
        self.set_theme("light")

    def set_theme(self, theme: str) -> None:
        """For pages opened from now on."""
        for name, values in settings(theme=theme).items():
            self._set(f"@jupyterlab/{name}", values)

    def save_widgets(self, wanted: bool) -> None:
        """Whether a notebook is saved with its widgets' state, as Colab does; for pages opened from now on."""
        self._set("@jupyter-widgets/jupyterlab-manager/plugin", {"saveState": wanted})

    def _set(self, name: str, values: dict) -> None:
        path = self.folder / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))

    def start(self) -> None:
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={self.port}"]
        command += ["--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.allow_root=True"]
        command += [
            f"--ServerApp.root_dir={self.notebooks}",
            "--LabApp.news_url=",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
        self.process = subprocess.Popen(command, env=self.environment, stdout=self.log.open("w"), stderr=subprocess.STDOUT, cwd=self.folder)
        self.wait(lambda: self.get("api/status"), "JupyterLab did not answer")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def get(self, path: str):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=10) as answer:
            return json.load(answer)

    def wait(self, true, complaint: str):
        """What `true()` gives once it gives something (errors of a server that is not up yet count as nothing)."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                if found := true():
                    return found
            except OSError:
                pass
            time.sleep(0.2)
        raise TimeoutError(f"{complaint}. The server's log ends: {self.log.read_text()[-2000:]}")

    def write(self, name: str, cells: list[str] | nbformat.NotebookNode) -> int:
        """A notebook of these cells of code, or this one as it is; how many cells of code it has."""
        if isinstance(cells, list):
            made = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(cells)]
            kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
            cells = nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": kernel})
        nbformat.write(cells, self.notebooks / name)
        return sum(cell.cell_type == "code" for cell in cells.cells)

    def url(self, name: str, at: str = "lab/tree") -> str:
        """A notebook's address in JupyterLab; at "notebooks", the same server shows it in Notebook 7."""
        return f"http://127.0.0.1:{self.port}/{at}/{name}?reset"

    def kernel_of(self, name: str) -> str:
        sessions = self.wait(lambda: [s for s in self.get("api/sessions") if s["path"] == name], f"{name} got no kernel")
        return sessions[0]["kernel"]["id"]


@contextmanager
def opened(
    browser: Browser, lab: Lab, name: str, cells: list[str] | nbformat.NotebookNode, *, at: str = "lab/tree"
) -> Iterator[NotebookPage]:
    """The page of a new notebook whose cells have all been run; closed at the end."""
    count = lab.write(name, cells)
    page = NotebookPage(browser, lab, name, at=at)
    try:
        page.run_all(count)
        yield page
    finally:
        page.close()


class SideChannel:
    """Listens to all that a kernel publishes, and asks it for values: what a page may leave unsaid."""

    def __init__(self, lab: Lab, notebook: str) -> None:
        from jupyter_client import BlockingKernelClient

        file = lab.folder / "runtime" / f"kernel-{lab.kernel_of(notebook)}.json"
        self.client = BlockingKernelClient(connection_file=str(file))
        self.client.load_connection_file()
        self.client.start_channels(stdin=False, hb=False)
        self.client.wait_for_ready(timeout=PATIENCE)
        self.errors: list[str] = []
        self._refused: str | None = None  # that the target is not known may have been said before anybody listened
        self.answers: dict[str, dict] = {}
        self._listening = threading.Event()
        self._listening.set()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        while self._listening.is_set():
            try:
                message = self.client.get_iopub_msg(timeout=0.2)
            except Empty:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "error":
                self.errors.append(f"{content['ename']}: {content['evalue']}")
            elif kind == "stream" and content["name"] == "stderr":
                self.errors += [line for line in content["text"].splitlines(keepends=True) if not self._asked_too_early(line)]

    def _asked_too_early(self, line: str) -> bool:
        """Whether a line only says that the page asked for widgets, as it does when it opens, before the kernel had imported ipywidgets."""
        if line.startswith("No such comm target registered: jupyter.widget.control"):
            self._refused = None
            return True
        if line.startswith("No such comm:") and self._refused in (None, line):  # what the page said on that one, which was never opened
            self._refused = line
            return True
        return False

    def told_of(self, word: str) -> bool:
        """Whether an error with this word in it was published, now or within a few seconds."""
        until = time.monotonic() + 20
        while not (told := any(word in error for error in self.errors)) and time.monotonic() < until:
            time.sleep(0.1)
        return told

    def ask(self, expression: str):
        """The value of a Python expression in the kernel (anything that JSON can carry)."""
        code = f"import json as _json\n_asked = _json.dumps({expression})"
        reply = self.client.execute(code, silent=True, store_history=False, user_expressions={"it": "_asked"}, reply=True, timeout=PATIENCE)
        content = reply["content"]
        if content["status"] != "ok":
            raise RuntimeError(f"{content['ename']}: {content['evalue']}")
        text = content["user_expressions"]["it"]["data"]["text/plain"]
        return json.loads(ast.literal_eval(text))

    @contextmanager
    def computing(self, folder: Path, *, doing: str = "time.sleep(0.05)") -> Iterator[Callable[[], None]]:
        """Inside, the kernel is busy and hears nothing, until what is handed out is called, or until the end.

        folder: where two empty files tell when it has begun and when it may stop. doing: what it does over and over.
        """
        begun, done = folder / "begun", folder / "done"
        loop = f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\nwhile not pathlib.Path({str(done)!r}).exists(): {doing}"
        self.client.execute(loop, silent=True, store_history=False)
        while not begun.exists():
            time.sleep(0.05)
        try:
            yield done.touch
        finally:
            done.touch()

    def close(self) -> None:
        self._listening.clear()
        self._thread.join()
        self.client.stop_channels()


class Browser:
    """Chromium, driven by Playwright, with a second line to its debugging protocol for input faster than a frame."""

    def __init__(self, executable: str) -> None:
        from playwright.sync_api import sync_playwright

        self.port = free_port()
        self.playwright = sync_playwright().start()
        flags = [*FLAGS, f"--remote-debugging-port={self.port}"]
        self.browser = self.playwright.chromium.launch(executable_path=executable, args=flags)
        self.context = self.browser.new_context(viewport={"width": 1280, "height": 900})

    def close(self) -> None:
        self.context.close()
        self.browser.close()
        self.playwright.stop()


class NotebookPage:
    """A notebook opened in the browser, and what went wrong there: `complaints` holds console errors and foreign requests."""

    def __init__(self, browser: Browser, lab: Lab, name: str, *, at: str = "lab/tree") -> None:
        self.lab, self.name, self.browser = lab, name, browser
        self.complaints: list[str] = []
        self.page = browser.context.new_page()
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(f"console: {said.text} {said.location}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"page: {error}"))
        self.page.on("request", self._note_request)
        self.page.on("requestfailed", lambda request: self._note_failure(request))
        self.page.goto(lab.url(name, at))
        self.page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=1000 * PATIENCE)
        self.side = SideChannel(lab, name)

    def _note_request(self, request) -> None:
        address = request.url
        if not address.startswith((f"http://127.0.0.1:{self.lab.port}/", f"ws://127.0.0.1:{self.lab.port}/", "data:", "blob:")):
            self.complaints.append(f"asked another machine: {address}")

    def _note_failure(self, request) -> None:
        if not request.url.startswith("blob:") and request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def run_all(self, cells: int) -> None:
        """Run every cell and wait for the last; all of them must have been run (Run All stops at the first error)."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        done = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].filter((prompt) => /\\d/.test(prompt.textContent)).length"
        try:
            self.page.wait_for_function(f"{done} >= {cells}", timeout=3 * 1000 * PATIENCE)  # a page trains
        except Exception as error:
            shown = self.page.locator(".jp-OutputArea-output").all_inner_texts()
            raise AssertionError(f"not all cells were run: {shown[-1:]} {self.side.errors}") from error

    def explorer(self, title: str) -> OnPage:
        return OnPage(self, self.page.locator(f'.vae-explorer[aria-label="{title}"]').first)

    def explorers(self) -> list[OnPage]:
        """All that the page shows, from the top down."""
        return [OnPage(self, root) for root in self.page.locator(".vae-explorer").all()]

    def close(self) -> None:
        self.side.close()
        self.page.close()

    @contextmanager
    def protocol(self) -> Iterator[RawProtocol]:
        """The browser's debugging protocol for this page, without waiting for answers."""
        import websocket

        with urllib.request.urlopen(f"http://127.0.0.1:{self.browser.port}/json/list") as answer:
            targets = json.load(answer)
        address = next(target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page" and self.name in target["url"])
        line = websocket.create_connection(address, suppress_origin=True)
        try:
            yield RawProtocol(line)
        finally:
            line.close()


class RawProtocol:
    def __init__(self, line) -> None:
        self.line, self.number = line, 0

    def mouse(self, kind: str, x: float, y: float) -> None:
        self.number += 1
        pressed = kind != "mouseReleased"
        about = {"type": kind, "x": x, "y": y, "button": "left", "buttons": int(pressed), "clickCount": int(kind != "mouseMoved")}
        self.line.send(json.dumps({"id": self.number, "method": "Input.dispatchMouseEvent", "params": about}))

    def settle(self) -> None:
        """Wait until the last of what was sent has been taken in."""
        while json.loads(self.line.recv()).get("id") != self.number:
            pass


WATCH = """
(image) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const seen = { frames: 0, blank: 0, pictures: [] };
  const look = () => {
    if (seen.stop) return;
    seen.frames += 1;
    pen.clearRect(0, 0, 8, 8);
    if (image.isConnected && image.naturalWidth > 0) pen.drawImage(image, 0, 0, 8, 8);
    if (pen.getImageData(0, 0, 8, 8).data.some((value, i) => i % 4 === 3 && value < 250)) seen.blank += 1;
    if (seen.pictures.at(-1) !== image.src) seen.pictures.push(image.src);
    requestAnimationFrame(look);
  };
  image.seen = seen;
  requestAnimationFrame(look);
}
"""


class OnPage:
    """One explorer on the page."""

    def __init__(self, notebook: NotebookPage, root) -> None:
        self.notebook, self.root = notebook, root
        self.root.wait_for(timeout=1000 * PATIENCE)
        self.image = self.root.locator(".vae-picture")
        self.root.scroll_into_view_if_needed()
        self.settled()

    @property
    def number(self) -> int:
        return int(self.image.get_attribute("data-number") or -1)

    def settled(self) -> int:
        """Wait until the page owes nothing: every move answered, and the newest picture shown. The number of that picture."""
        script = "(root) => root.dataset.settled === 'true'"
        self.notebook.page.wait_for_function(script, arg=self.root.element_handle(), timeout=1000 * PATIENCE)
        return self.number

    def shows(self, number: int) -> None:
        """Wait until the page shows the kernel's picture of that number."""
        script = "([image, number]) => Number(image.dataset.number) >= number"
        self.notebook.page.wait_for_function(script, arg=[self.image.element_handle(), number], timeout=1000 * PATIENCE)

    def png(self) -> bytes:
        """The bytes of the picture that the page shows."""
        script = """async (image) => {
          const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
          return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
        }"""
        return base64.b64decode(self.image.evaluate(script))

    def says(self) -> str:
        return self.root.locator(".vae-says").inner_text()

    def trouble(self) -> str:
        return self.root.locator(".vae-trouble").inner_text()

    def slider(self, number: int):
        return self.root.locator("input[type=range]").nth(number)

    def watch(self) -> None:
        """From now on look at the picture in every frame of the screen; `watched` tells what was seen."""
        self.image.evaluate(WATCH)

    def watched(self) -> dict:
        return self.image.evaluate("(image) => { image.seen.stop = true; return image.seen; }")

    def drag(self, target, stops: list[tuple[float, float]]) -> None:
        """Press the mouse at the first stop and drag it through the others; stops are shares of the target's box."""
        box = target.bounding_box()
        mouse = self.notebook.page.mouse
        at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stops]
        mouse.move(*at[0])
        mouse.down()
        for x, y in at[1:]:
            mouse.move(x, y, steps=3)
        mouse.up()

    def fast_drag(self, target, stops: list[tuple[float, float]], *, seconds: float = 1.0) -> None:
        """The same with as many moves as there are stops, in `seconds`, waiting for nothing."""
        box = target.bounding_box()
        send_drag(self.notebook, [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stops], seconds=seconds)


def send_drag(notebook: NotebookPage, at: list[tuple[float, float]], *, seconds: float) -> None:
    """Mouse down at the first point (in the page's pixels), moves through the others in `seconds`, mouse up; nothing is waited for."""
    with notebook.protocol() as line:
        line.mouse("mousePressed", *at[0])
        begun = time.perf_counter()
        for number, (x, y) in enumerate(at[1:], 1):
            line.mouse("mouseMoved", x, y)
            time.sleep(max(0.0, begun + seconds * number / (len(at) - 1) - time.perf_counter()))
        line.mouse("mouseReleased", *at[-1])
        line.settle()
