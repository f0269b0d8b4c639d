"""How the site is made: lines that lead to an explorer, stored pictures as files, docstrings as plain text, minutes."""

from __future__ import annotations

import ast
import base64
import re

import nbformat
import pytest

from docs.site import docstrings, explorers, glossary, pictures, stage
from docs.site.pages import REPOSITORY, ROOT, Page, all_pages, parts
from vae_course.plots import outputs_of, to_png

CELLS = """
import math, torch
from torch import nn
size = 3
other = 4
table = {}
table["a"] = size
def half(x):
    return x / divisor
divisor = 2
for step in range(3):
    other += step
wanted = half(table)
"""


def kept(expression: str, source: str = CELLS) -> list[str]:
    wanted = ast.parse(expression, mode="eval").body
    return [ast.unparse(line).splitlines()[0] for line in explorers.leading_to(wanted, ast.parse(source).body)]


def test_lines_that_lead_to_what_is_asked_for_and_no_others():
    assert kept("f(wanted)") == ["size = 3", "table = {}", "table['a'] = size", "def half(x):", "divisor = 2", "wanted = half(table)"]
    assert kept("other") == ["other = 4", "for step in range(3):"]
    assert kept("nn.Linear(math.pi)") == ["import math, torch", "from torch import nn"]


def test_what_changes_a_model_leads_to_it():
    lines = "model = make()\nweights = read()\nmodel.load_state_dict(weights)\nmodel.eval()\nprint(model)\nmodel.beta = 4\n"
    assert kept("model", lines) == [
        "model = make()",
        "weights = read()",
        "model.load_state_dict(weights)",
        "model.eval()",
        "model.beta = 4",
    ]


def page_of(tmp_path, *cells: str, first: str = "# A page") -> Page:
    """A page whose last cell has left a picture."""
    folder = tmp_path / "notebooks"
    folder.mkdir(exist_ok=True)
    shown = nbformat.v4.new_code_cell(cells[-1], outputs=[nbformat.v4.new_output("display_data", data=stored("A picture."), metadata={})])
    made = [nbformat.v4.new_markdown_cell(first), *map(nbformat.v4.new_code_cell, cells[:-1]), shown]
    nbformat.write(nbformat.v4.new_notebook(cells=made), folder / "00-a-page.ipynb")
    return Page(folder / "00-a-page.ipynb")


def stored(alt: str) -> dict:
    import torch

    (data, _), _ = outputs_of(to_png(torch.full((1, 4, 4), 0.5)), alt)
    return {kind: base64.b64encode(value).decode() if isinstance(value, bytes) else value for kind, value in data.items()}


MODEL = "import torch\nfrom vae_course import VAE\nfrom vae_course.widgets import LatentSliders, TwoGaussians"
PLAIN = "torch.manual_seed(0)\nmodel = VAE(input_shape=(1, 8, 8), latent_size=3, hidden_sizes=(16,))"


@pytest.mark.parametrize(
    ("before", "cell", "moves"),
    [
        (PLAIN, "LatentSliders(model).sweep()", True),
        (PLAIN, "%time\nsliders = LatentSliders(model)\nsliders.sweep().show()", True),
        (f"{PLAIN}\nsliders = LatentSliders(model)", "sliders", False),  # not made in the cell that shows it
        (f"{PLAIN}\nhistory = fit(model, data)", "LatentSliders(model).sweep()", False),
        (f"{PLAIN}\nother = make()\nhistory = fit(other, data)", "LatentSliders(model).sweep()", True),
        (f"{PLAIN}\ndef train(it):\n    fit(it, data)\ntrain(model)", "LatentSliders(model).sweep()", False),
        (f"{PLAIN}\nfor _ in range(3):\n    model.loss(x).total.backward()", "LatentSliders(model).sweep()", False),
        (f"{PLAIN}\ndef made():\n    loss.backward()\n    return VAE()\nmodel = made()", "LatentSliders(model)", False),
        (PLAIN, "LatentSliders(model, decode=lambda z: z)", False),
        (PLAIN, "TwoGaussians()", False),
    ],
)
def test_an_explorer_moves_where_no_training_and_no_kernel_is_needed(tmp_path, before, cell, moves):
    page = page_of(tmp_path, MODEL, before, cell)
    found = [explorers.of_page(page, number, call) for number, call in explorers.calls(page).items()]
    explorer = found[0] if found else None
    assert (explorer is not None) == moves
    assert explorer is None or explorer.panel.weights


@pytest.mark.parametrize(
    "cell", ["image = LatentSliders(model).tiles()\nshow(image)", "LatentSliders(model).png", "x = LatentSliders(model)"]
)
def test_an_explorer_that_only_helps_is_not_shown(tmp_path, cell):
    assert explorers.calls(page_of(tmp_path, MODEL, PLAIN, cell)) == {}


def test_lines_that_cannot_be_run_are_named(tmp_path):
    page = page_of(tmp_path, MODEL, "model = nobody()", "LatentSliders(model)")
    ((number, call),) = explorers.calls(page).items()
    with pytest.raises(ValueError, match=r"00-a-page.ipynb, cell 3: .*NameError: name 'nobody'"):
        explorers.of_page(page, number, call)


def test_a_stored_picture_becomes_a_file_that_waits(tmp_path):
    files = pictures.Files(tmp_path)
    tag = files.lifted(stored("A grey <square>.")["text/html"])
    (path,) = (tmp_path / pictures.FOLDER).iterdir()
    assert f'src="../{pictures.FOLDER}/{path.name}"' in tag
    assert 'loading="lazy"' in tag
    assert 'alt="A grey &lt;square&gt;."' in tag
    assert re.search(r'width="(\d+)" style="max-width: 100%; height: auto" height="\1"', tag)
    assert files.lifted(tag) == tag
    assert files.lifted('<audio controls src="data:audio/wav;base64,UklGRg=="></audio>').startswith(
        '<audio preload="none" controls src="../_pic'
    )


def test_another_kind_of_stored_data_is_refused(tmp_path):
    with pytest.raises(ValueError, match="video/mp4"):
        pictures.Files(tmp_path).lifted('<video src="data:video/mp4;base64,AAAA"></video>')


def test_docstrings_are_plain_text_but_for_names_arguments_and_code():
    lines = ["μ*, q_φ and `fit`s.", "model, data: a `VAE` *or*", "    None.", "Raises ValueError.", "", "    code * 2", "", "After `it."]
    told = [r"μ\*, q\_φ and \ :py:obj:`fit`\ s.", "", r"**model, data**: a \ :py:obj:`VAE`\  \*or\*", "None.", "", "Raises ValueError.", ""]
    assert docstrings.as_rst(lines) == [*told, "", "::", "", "    code * 2", "", r"After \`it."]


@pytest.mark.parametrize(
    ("box", "minutes"),
    [
        ("about 15 minutes: eleven of reading, two of computation.", 15),
        ("about 25 minutes of reading; half a minute of computation.", 26),
        ("about 50 minutes of reading; about 1½ minutes of computation, about 35 s on a GPU.", 52),
        ("about 15 minutes of reading; a few seconds of computation.", 15),
        ("an hour", None),
    ],
)
def test_minutes_are_read_from_the_box(tmp_path, box, minutes):
    assert page_of(tmp_path, "1", first=f"# A page\n> **Time** {box}").minutes == minutes


def test_links_lead_within_the_site_or_to_the_repository():
    page = next(page for page in all_pages() if page.folder == "notebooks")
    exercise = next(page for page in all_pages() if page.folder == "exercises")
    assert stage.within(f"../exercises/{exercise.path.name}#a", page) == f"../exercises/{exercise.path.name}#a"
    assert stage.within("../README.md#data", page) == f"{REPOSITORY}/blob/main/README.md#data"
    assert stage.within("nowhere.md", page) == "nowhere.md", "Sphinx will complain of it"


def test_every_page_stands_in_one_part():
    walk, others = parts(all_pages()).values()
    assert [page.path for page in (*walk, *others)] == sorted((ROOT / "notebooks").glob("*.ipynb"))
    assert len(walk) > 1
    assert len(others) > 1


def test_a_word_that_leads_nowhere_is_named():
    with pytest.raises(ValueError, match="'no-such-page'"):
        glossary.page_named("no-such-page")
