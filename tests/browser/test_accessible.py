"""What a stored notebook tells those who cannot see its figures: in JupyterLab before anything was run, and as an exported page."""

from __future__ import annotations

import base64
import html
import shutil
from pathlib import Path

import nbformat
import pytest
import torch
from IPython.core.formatters import format_display_data

from vae_course.audio import play
from vae_course.data.melodies import Melody
from vae_course.plots import outputs_of, to_png

from .accessibility import violations
from .lab import ROOT, NotebookPage
from .test_sound import DECODED

FIRST = "00-start-here.ipynb"
ALT = 'A grey square, made for "tests" & nothing < else.'


def opened_as_stored(browser, lab, path: Path) -> NotebookPage:
    """A copy of a notebook, opened and not run: to JupyterLab it comes from a stranger."""
    shutil.copy(path, lab.notebooks / path.name)
    page = NotebookPage(browser, lab, path.name)
    page.page.locator(".jp-OutputArea-output").first.wait_for()
    return page


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A stored notebook with a figure and a player, as the package shows them."""
    path = tmp_path_factory.mktemp("stored") / "made.ipynb"
    figure = [
        nbformat.v4.new_output("display_data", data=format_values(data), metadata=metadata)
        for data, metadata in outputs_of(to_png(torch.full((1, 4, 4), 0.5)), ALT)
    ]
    data, metadata = format_display_data(play(Melody(((60, 4), (64, 4)))))
    player = [nbformat.v4.new_output("execute_result", data=data, metadata=metadata, execution_count=2)]
    cells = [nbformat.v4.new_code_cell("1", execution_count=n, outputs=outputs) for n, outputs in ((1, figure), (2, player))]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return path


def format_values(data: dict) -> dict:
    """As a kernel sends them: bytes in base64."""
    return {kind: base64.b64encode(value).decode() if isinstance(value, bytes) else value for kind, value in data.items()}


def exported(browser, path: Path, template: str, folder: Path):
    """The page that nbconvert makes of a notebook, opened without a network."""
    import nbconvert

    page_of_it, _ = nbconvert.HTMLExporter(template_name=template).from_notebook_node(nbformat.read(path, as_version=4))
    target = folder / f"{path.stem}-{template}.html"
    target.write_text(page_of_it, "utf-8")
    page = browser.context.new_page()
    page.route(lambda address: address.startswith("http"), lambda route: route.abort())
    page.goto(target.as_uri())
    return page


@pytest.mark.parametrize("name", ["made", FIRST])
def test_in_jupyterlab_every_picture_is_told_and_nothing_of_ours_breaks_a_rule(browser, lab, made, name):
    page = opened_as_stored(browser, lab, made if name == "made" else ROOT / "notebooks" / name)
    try:
        images = page.page.locator(".jp-OutputArea-output img")
        assert images.count() >= 1
        assert all(len(image.get_attribute("alt")) >= 20 and image.evaluate("(node) => node.naturalWidth") > 0 for image in images.all())
        assert name != "made" or images.first.get_attribute("alt") == ALT
        assert violations(page.page) == []
        assert [told for told in violations(page.page, within=("body",)) if told.startswith("image-alt")] == []
    finally:
        page.close()


@pytest.mark.parametrize("template", ["lab", "classic"])
@pytest.mark.parametrize("name", ["made", FIRST])
def test_in_an_exported_page_every_picture_is_told_and_nothing_of_ours_breaks_a_rule(browser, made, tmp_path, name, template):
    page = exported(browser, made if name == "made" else ROOT / "notebooks" / name, template, tmp_path)
    try:
        assert "No description has been provided" not in page.content()
        assert name != "made" or html.unescape(page.content()).count(f'alt="{ALT}"') == 1
        # The colour of a link, and that nothing but colour tells it from the text around it, is nbconvert's theme.
        of_the_theme = ("color-contrast: <a ", "link-in-text-block: <a ")
        assert [told for told in violations(page) if not told.startswith(of_the_theme)] == []
        assert [told for told in violations(page, within=("body",)) if told.startswith("image-alt")] == []
    finally:
        page.close()


def test_a_stored_player_is_named_and_can_be_heard_before_its_cell_was_run(browser, lab, made):
    page = opened_as_stored(browser, lab, made)
    try:
        audio = page.page.locator(".jp-OutputArea-output audio")
        assert audio.evaluate(DECODED)["loudest"] > 0.2
        assert names_of_players(page.page) == ["a melody, 2 seconds"]
        # The sentence for pages that show no player is not in the way of one that plays.
        assert "Run this cell" not in page.page.locator(".jp-OutputArea").last.inner_text()
    finally:
        page.close()


def names_of_players(page) -> list[str]:
    """What the browser tells a screen reader of each player."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    return [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "Audio"]
