"""The course's own pages: every explorer that one shows is dragged, drawn in and tabbed through, right where a reader meets it.

Running a page takes longer than driving it, and each kind of explorer is driven elsewhere, so only the first page is opened.
VAE_COURSE_EVERY_PAGE=1 opens all.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable

import nbformat
import pytest

from tests.notebooks.project import badge
from tests.notebooks.rules import code_cells, explorers_in

from .lab import ROOT, OnPage, opened
from .test_keys import NOTEBOOK

EVERY = bool(os.environ.get("VAE_COURSE_EVERY_PAGE"))
READ = {path.name: nbformat.read(path, as_version=4) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}
PAGES = {name: notebook for name, notebook in READ.items() if explorers_in(notebook)}
AT_THE_MIDDLE, TO_THE_LEFT, LOWEST, HIGHEST = (0.5, 0.5), (0.37, 0.55), (-0.02, 1.02), (1.02, -0.02)
STROKES = [(0.4, 0.3), (0.6, 0.45), (0.5, 0.7)], [(0.35, 0.5), (0.65, 0.55)]
OF_A_PLAYER = 8  # a browser's own player has buttons that Tab reaches one by one, and all of them count as the player
CHEATS = "abxdd"  # above, below, cut and twice d for delete: what a notebook does with keys that get through to it

# Numbers what Tab should reach; how much there is.
NUMBER = """
(root) => {
  const stops = [...root.querySelectorAll("*")].filter((node) => node.tabIndex >= 0 && node.offsetWidth > 0);
  stops.forEach((node, number) => { node.dataset.stop = number; });
  return stops.length;
}
"""
REACHED = """
(root) => {
  const node = document.activeElement;
  if (!root.contains(node) || node === root) return null;
  return { stop: Number(node.dataset.stop ?? -1), player: node.tagName === "AUDIO" };
}
"""


def to_be_run(name: str) -> nbformat.NotebookNode:
    """The page before anything was run, without its badge, which a browser fetches from another machine."""
    notebook = copy.deepcopy(PAGES[name])
    notebook.cells[0].source = notebook.cells[0].source.replace(badge(f"notebooks/{name}"), "")
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    return notebook


def changes(explorer: OnPage, act: Callable[[], object], doing: str) -> None:
    before = explorer.png()
    act()
    explorer.settled()
    assert explorer.png() != before, f"{explorer.root.get_attribute('aria-label')}: {doing} did nothing"


def move(explorer: OnPage, target) -> None:
    """To both ends by mouse, or two strokes, and then a little back by arrow keys."""
    target.scroll_into_view_if_needed()
    name, drawn_on = target.get_attribute("aria-label"), "vae-ink" in target.get_attribute("class")
    explorer.drag(target, [AT_THE_MIDDLE, TO_THE_LEFT])  # it may stand at an end
    explorer.settled()
    for stops in STROKES if drawn_on else ([AT_THE_MIDDLE, LOWEST], [AT_THE_MIDDLE, HIGHEST]):
        changes(explorer, lambda stops=stops: explorer.drag(target, stops), f"dragging {name} to {stops[-1]}")
    for key in ("ArrowLeft", "ArrowDown"):
        changes(explorer, lambda key=key: [target.press(key) for _ in range(3)], f"{key} on {name}")


def tab_through(explorer: OnPage) -> None:
    """From the first control to beyond the last; on each, keys that would change the notebook."""
    page, root = explorer.notebook.page, explorer.root.element_handle()
    count = root.evaluate(NUMBER)
    before = page.evaluate(NOTEBOOK)
    explorer.root.locator("[data-stop='0']").focus()
    reached: list[int] = []
    for _ in range(count + OF_A_PLAYER):
        at = root.evaluate(REACHED)
        if at is None or len(reached) > count:
            break
        if not (at["player"] and reached[-1:] == [at["stop"]]):
            reached.append(at["stop"])
        for key in CHEATS:
            page.keyboard.press(key)
        page.keyboard.press("Tab")
    assert page.evaluate(NOTEBOOK) == before, "keys reached the notebook"
    assert reached == list(range(count)), f"Tab reached {reached} of {count} controls"


def drive(explorer: OnPage) -> None:
    targets = explorer.root.locator("input[type=range], .vae-pad, .vae-ink").all()
    assert targets
    for target in targets:
        move(explorer, target)
    tab_through(explorer)


@pytest.mark.parametrize("name", PAGES if EVERY else list(PAGES)[:1])
def test_every_explorer_of_a_page_follows_mouse_and_keys_and_keeps_its_keys(lab, browser, name):
    with opened(browser, lab, name, to_be_run(name)) as page:
        explorers = page.explorers()
        assert len(explorers) >= len(explorers_in(PAGES[name])) > 0
        for explorer in explorers:
            drive(explorer)
        assert [*page.complaints, *page.side.errors] == []


DEAD = """
from vae_course.widgets import TwoGaussians

class Dead(TwoGaussians):
    def draw(self):
        return still

still = TwoGaussians().draw()
"""
TRAP = "(root) => root.addEventListener('keydown', (event) => { if (event.key === 'Tab') event.preventDefault(); })"
# What keeps keys in an explorer, undone.
LEAK = """
() => {
  KeyboardEvent.prototype.stopPropagation = () => {};
  Element.prototype.toggleAttribute = () => {};
  for (const node of document.querySelectorAll("[data-lm-suppress-shortcuts]")) node.removeAttribute("data-lm-suppress-shortcuts");
}
"""


def test_an_explorer_that_is_dead_holds_the_focus_or_lets_keys_through_is_found_out(lab, browser):
    with opened(browser, lab, "spoiled.ipynb", [DEAD.strip(), "TwoGaussians()", "Dead()"]) as page:
        good, dead = page.explorers()
        drive(good)
        with pytest.raises(AssertionError, match="Two Gaussians: dragging .* did nothing"):
            drive(dead)
        dead.root.evaluate(TRAP)
        with pytest.raises(AssertionError, match=r"Tab reached \[0, 0, "):
            tab_through(dead)
        page.page.evaluate(LEAK)
        with pytest.raises(AssertionError, match="keys reached the notebook"):
            tab_through(good)
