"""Keys typed in an explorer: none reaches a cell, in JupyterLab and in Notebook; what saves and what runs the cell still does."""

from __future__ import annotations

import json
import string

import pytest

from .explorers import CELLS, TITLES
from .lab import opened

NAMED = ["Delete", "Backspace", "Escape", "Enter", " ", "Home", "End", "PageUp", "PageDown", "F2"]
NAMED += ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]
SHIFTED = [f"Shift+{key}" for key in (*"ABJKLMORVZ", "ArrowUp", "ArrowDown", "Home", "End", "Delete")]
COMMANDS = [f"Control+{key}" for key in (*"amxvd", "Backspace", "Delete", "Home", "End", "ArrowUp", "ArrowDown")]
COMMANDS += [f"Control+Shift+{key}" for key in ("M", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "-")]
COMMANDS += ["Alt+Enter", "Alt+ArrowUp", "Alt+ArrowDown", "Meta+a", "Meta+Backspace"]
UNDO = ["Control+z", "Control+y", "Control+Shift+Z"]  # last: the browser itself goes back to the field that was typed in
KEYS = [*string.ascii_lowercase, *string.digits, *"dd00ii-=[];',./", *NAMED, *SHIFTED, *COMMANDS, *UNDO]

# What can have the focus in the output of an explorer's cell: its own elements, its still picture's words, and itself.
FOCUSABLE = """
(root) => [root, ...root.closest(".jp-Cell-outputArea").querySelectorAll(".vae-explorer *, .jp-OutputArea-output summary")].filter((node) =>
  (node.tabIndex >= 0 || node === root || node.hasAttribute("contenteditable")) && node.offsetWidth > 0)
"""
TYPE = (
    "(root, keys) => {"
    f"const focusable = {FOCUSABLE};"
    """
  const codes = { Enter: 13, Escape: 27, " ": 32, PageUp: 33, PageDown: 34, End: 35, Home: 36, ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39,
    ArrowDown: 40, Delete: 46, Backspace: 8, F2: 113, "-": 189 };
  const said = keys.map((written) => {
    const parts = written.split("+"), key = parts.at(-1);
    const [shiftKey, ctrlKey, altKey, metaKey] = ["Shift", "Control", "Alt", "Meta"].map((name) => parts.includes(name));
    const keyCode = codes[key] ?? key.toUpperCase().charCodeAt(0);
    return { key, keyCode, shiftKey, ctrlKey, altKey, metaKey, bubbles: true, cancelable: true, composed: true };
  });
  for (const node of focusable(root)) {
    for (const one of said) {
      if (document.activeElement !== node) node.focus({ preventScroll: true });
      node.dispatchEvent(new KeyboardEvent("keydown", one));
      node.dispatchEvent(new KeyboardEvent("keyup", one));
    }
  }
  return focusable(root).map((node) => `${node.tagName} ${node.className}`);
}"""
)
# One of each kind on the whole page, marked with its kind: a tag with its type and class.
MARK = (
    "(roots) => {"
    f"const focusable = {FOCUSABLE};"
    """
  const kinds = new Set();
  for (const node of roots.flatMap(focusable)) {
    const kind = `${node.tagName} ${node.type ?? ""} ${node.classList[0] ?? ""} ${node.querySelector("img") ? "img" : ""}`;
    if (!kinds.has(kind)) node.dataset.kind = kind;
    kinds.add(kind);
  }
  return [...kinds];
}"""
)
# What an explorer of another day may hold: it is put there after the page was drawn.
LATER = """
(root) => {
  const later = document.createElement("div");
  later.innerHTML = '<input type="text"><input type="number"><select><option>a</option><option>b</option></select><textarea></textarea>' +
    '<div role="button" tabindex="0">press</div><div contenteditable="true">words</div><details><summary>more</summary>words</details>';
  root.querySelector(".vae-controls").append(later);
}
"""
# What the page makes of the notebook: its cells and what they show, whether one is edited, and a question that was asked.
NOTEBOOK = """
() => ({
  cells: [...document.querySelectorAll(".jp-Notebook .jp-Cell")].map((cell) => [
    ["jp-CodeCell", "jp-MarkdownCell", "jp-RawCell", "jp-mod-multiSelected"].filter((name) => cell.classList.contains(name)).join(),
    cell.querySelector(".cm-content")?.textContent, cell.querySelectorAll(".jp-OutputArea-child").length,
    cell.querySelector(".jp-InputPrompt")?.textContent, cell.querySelector(".vae-explorer")?.offsetWidth > 0,
  ]),
  editing: document.querySelector(".jp-Notebook").classList.contains("jp-mod-editMode"),
  asked: [...document.querySelectorAll(".jp-Dialog")].map((dialog) => dialog.textContent),
})
"""


@pytest.fixture(scope="module", params=["lab/tree", "notebooks"])
def notebook(request, lab, browser):
    if request.param == "notebooks":
        pytest.importorskip("notebook", reason="needs Notebook 7, which `pip install vae-course[grading]` brings")
    with opened(browser, lab, f"keys-{request.param[:3]}.ipynb", CELLS, at=request.param) as page:
        yield page


def saved_by(notebook, control) -> list:
    """The notebook's cells as stored, but for the numbers of runs, once Ctrl+S pressed in `control` has saved them."""
    path = notebook.lab.notebooks / notebook.name
    before = path.stat().st_mtime_ns

    def written() -> list | None:
        if path.stat().st_mtime_ns == before:
            return None
        try:
            cells = json.loads(path.read_text("utf-8"))["cells"]
        except ValueError:  # not yet all of it
            return None
        return [(cell["cell_type"], "".join(cell["source"]), len(cell["outputs"])) for cell in cells]

    control.focus()
    notebook.page.keyboard.press("Control+s")
    return notebook.lab.wait(written, "Ctrl+S did not save the notebook")


@pytest.mark.parametrize("title", TITLES)
def test_no_key_in_any_element_of_any_explorer_reaches_a_cell(notebook, title):
    root = notebook.explorer(title).root
    before = notebook.page.evaluate(NOTEBOOK)
    typed_at = root.evaluate(TYPE, KEYS)
    assert {name.split()[0] for name in typed_at} >= {"DIV", "INPUT", "SUMMARY"}
    notebook.explorer(title).settled()
    assert notebook.page.evaluate(NOTEBOOK) == before


def test_a_real_keyboard_edits_nothing_from_any_kind_of_control_but_saves_and_runs(notebook):
    page = notebook.page
    notebook.explorer(TITLES[0]).root.evaluate(LATER)
    kinds = page.locator(".vae-explorer").evaluate_all(MARK)
    assert {kind.split()[0] for kind in kinds} >= {"DIV", "INPUT", "BUTTON", "AUDIO", "SUMMARY", "SELECT", "TEXTAREA"}
    before, on_disk = page.evaluate(NOTEBOOK), None
    for kind in kinds:
        control = page.locator(f'[data-kind="{kind}"]')
        control.focus()
        for key in KEYS:
            page.keyboard.press("Space" if key == " " else key)
        assert page.evaluate(NOTEBOOK) == before, kind
        now = saved_by(notebook, control)
        assert [source for _, source, _ in now] == CELLS
        assert on_disk in (None, now), kind
        on_disk = now
    cell = page.locator(".jp-Notebook .jp-Cell").nth(1)
    for control in (".vae-explorer", "input[type=range]", "summary.vae-keys"):
        cell.locator(control).first.focus()
        number = cell.locator(".jp-InputPrompt").inner_text()
        page.keyboard.press("Shift+Enter")
        ran = "([cell, number]) => ![number, '[*]:'].includes(cell.querySelector('.jp-InputPrompt').innerText.trim())"
        page.wait_for_function(ran, arg=[cell.element_handle(), number.strip()])
        # Once it has run, JupyterLab takes the focus to the next cell, and later than the number where the machine is busy.
        page.wait_for_function("!document.activeElement.closest('.vae-explorer') && document.activeElement.closest('.jp-Notebook')")
        notebook.explorer(TITLES[0])


def test_a_click_beside_a_control_keeps_the_keys_in_the_explorer(notebook):
    explorer = notebook.explorer(TITLES[0])
    before = notebook.page.evaluate(NOTEBOOK)
    for place in (explorer.image, explorer.root.locator(".vae-name").first, explorer.root.locator(".vae-reading").first):
        notebook.page.evaluate("getSelection().selectAllChildren(document.body)")  # a click on what is selected moves no focus by itself
        place.click()
        for key in "ddxmb":
            notebook.page.keyboard.press(key)
        assert notebook.page.evaluate(NOTEBOOK) == before
