"""Every stored notebook keeps the rules, and every rule catches what it is there for."""

import base64
import re

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebooks import rules
from tests.notebooks.project import ROOT, SET_UP, badge
from vae_course.plots import outputs_of, to_png

STORED = sorted(path.relative_to(ROOT).as_posix() for folder in ("notebooks", "solutions") for path in (ROOT / folder).glob("*.ipynb"))
PIXEL = to_png(torch.ones(1, 1, 1), size=1)


def good_notebook(path="notebooks/99-made-for-tests.ipynb"):
    """A small notebook that keeps every rule."""
    box = "> **You will be able to** see.\n>\n> **You need** eyes.\n>\n> **Time** none."
    first = "\n\n".join([f"# Made for tests\n{badge(path)}", "**Does it pass?**", box])
    (data, metadata), _ = outputs_of(PIXEL, "A single pixel, white, alone on its canvas.")
    data = {**data, "image/png": base64.b64encode(data["image/png"]).decode()}
    picture = new_output("display_data", data=data, metadata=metadata)
    cells = [
        new_markdown_cell(first),
        new_code_cell(SET_UP, execution_count=1),
        new_code_cell("1 + 1", execution_count=2, outputs=[picture]),
    ]
    return new_notebook(cells=cells)


@pytest.fixture
def complaints(tmp_path):
    def about(notebook):
        path = tmp_path / "99-made-for-tests.ipynb"
        nbformat.write(notebook, path)
        return rules.complaints_about(path)

    return about


@pytest.mark.parametrize("path", STORED)
def test_stored_notebooks_keep_the_rules(path):
    assert rules.complaints_about(ROOT / path) == []


@pytest.mark.parametrize("path", ["README.md", "notebooks/00-start-here.ipynb"])
def test_the_contents_name_every_page_in_order(path):
    """By its title; the first page needs no link to itself."""
    text = (
        (ROOT / path).read_text("utf-8")
        if path.endswith(".md")
        else "\n".join(cell.source for cell in nbformat.read(ROOT / path, as_version=4).cells)
    )
    listed = re.findall(r"^\| \[([^]]+)\]\((?:notebooks/)?(\d\d-[^)]+)\) \|", text, re.MULTILINE)
    pages = [page for page in STORED if page.startswith("notebooks/") and page != path]
    titles = [nbformat.read(ROOT / page, as_version=4).cells[0].source.splitlines()[0].removeprefix("# ") for page in pages]
    assert listed == list(zip(titles, [page.removeprefix("notebooks/") for page in pages], strict=True))


def test_the_course_has_notebooks_to_check():
    assert {"notebooks/00-start-here.ipynb", "notebooks/05-train-sample-interpolate.ipynb"} <= set(STORED)


def test_a_good_notebook_is_left_alone(complaints):
    assert complaints(good_notebook()) == []


def spoil(change):
    notebook = good_notebook()
    change(notebook)
    return notebook


def out_of_order(notebook):
    notebook.cells[2].execution_count = 7


def an_error(notebook):
    notebook.cells[2].outputs = [new_output("error", ename="ValueError", evalue="no", traceback=[])]


def a_warning(notebook):
    notebook.cells[2].outputs = [new_output("stream", name="stderr", text="FutureWarning")]


def no_alt(notebook):
    notebook.cells[2].outputs[0].metadata = {}


def prose_in_a_code_cell(notebook):
    notebook.cells[2].source = "1 + 1\nA further sentence."


def a_short_alt(notebook):
    notebook.cells[2].outputs[0].metadata["image/png"]["alt"] = "plot"


def an_alt_nobody_reads(notebook):
    del notebook.cells[2].outputs[0].data["text/html"]


def another_alt_in_html(notebook):
    data = notebook.cells[2].outputs[0].data
    data["text/html"] = data["text/html"].replace("white", "black")


def a_dead_player(notebook):
    page = '<audio controls title="a tune"><source src="data:audio/wav;base64,AAAA" type="audio/wav"></audio>'
    notebook.cells[2].outputs = [new_output("display_data", data={"text/html": page})]


def a_player_without_a_name(notebook):
    notebook.cells[2].outputs = [
        new_output("display_data", data={"text/html": '<audio controls src="data:audio/wav;base64,AAAA"></audio>'})
    ]


def no_alt_in_html(notebook):
    notebook.cells[2].outputs = [new_output("display_data", data={"text/html": '<img src="data:image/png;base64,AAAA">'})]


def no_alt_in_prose(notebook):
    notebook.cells.append(new_markdown_cell("![](picture.png)"))


def a_column_without_a_head(notebook):
    notebook.cells.append(new_markdown_cell("What each is:\n\n| | name |\n|---|---|\n| 1 | one |"))


def widget_state(notebook):
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}


def a_widget_view(notebook):
    notebook.cells[2].outputs = [new_output("display_data", data={rules.WIDGET_VIEW: {"model_id": "1"}})]


def a_machine_path(notebook):
    notebook.cells[2].outputs = [new_output("stream", name="stdout", text="saved in /home/" + "me/data")]


def a_machine_path_in_code(notebook):
    notebook.cells[2].source = "open('/Users/" + "me/data')"


def a_huge_output(notebook):
    notebook.cells[2].outputs = [new_output("stream", name="stdout", text="x" * 2_000_001)]


def a_long_cell(notebook):
    notebook.cells[2].source = "\n".join(["1"] * 31)


def another_badge(notebook):
    notebook.cells[0].source = notebook.cells[0].source.replace("github/", "github/somebody-else/")


def another_set_up(notebook):
    notebook.cells[1].source = "import vae_course"


def no_question(notebook):
    notebook.cells[0].source = notebook.cells[0].source.replace("pass?**", "pass.**")


def no_time(notebook):
    notebook.cells[0].source = notebook.cells[0].source.replace("**Time", "Time")


def no_title(notebook):
    del notebook.cells[0]


def a_dead_link(notebook):
    notebook.cells.append(new_markdown_cell("See [there](../notebooks/98-nowhere.ipynb)."))


def a_number_in_the_title(notebook):
    notebook.cells[0].source = notebook.cells[0].source.replace("# Made", "# 99 · Made")


def a_page_by_its_number(notebook):
    notebook.cells.append(new_markdown_cell("As in Notebook 07, and in many more."))


def pages_by_their_numbers(notebook):
    notebook.cells.append(new_markdown_cell("As in (exercises 03 and 04)."))


def a_link_by_its_number(notebook):
    notebook.cells.append(new_markdown_cell("See [00, the start](00-start-here.ipynb)."))


def words(number):
    return new_markdown_cell("word " * number)


def cell(source):
    return new_code_cell(source, execution_count=1)


def too_many_words(notebook):
    notebook.cells.extend(words(300) for _ in range(8))


def too_much_code(notebook):
    notebook.cells.extend(cell("\n".join(["1"] * 14)) for _ in range(18))


def a_teaching_cell_too_long(notebook):
    notebook.cells[2].source = "\n".join(["1"] * 16)


def a_class_too_long(notebook):
    notebook.cells[2].source = "\n".join(["class One:", *["    1"] * 25])


def a_time_too_short(notebook):
    notebook.cells[0].source = notebook.cells[0].source.replace("none.", "about 1 minutes.")
    notebook.cells.append(words(200))


def a_time_too_long(notebook):
    notebook.cells[0].source = notebook.cells[0].source.replace("none.", "about 6 minutes.")


def explorers_without_time(notebook):
    notebook.cells[0].source = notebook.cells[0].source.replace("none.", "about 2 minutes.")
    notebook.cells[2].source = "%pip list\nfrom vae_course.widgets import LatentPad, Morph"


def long_without_a_picture(notebook):
    notebook.cells.extend([words(200), words(151)])


def many_cells_without_a_picture(notebook):
    notebook.cells.extend(cell("1") for _ in range(4))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (out_of_order, "was not run once from top to bottom"),
        (an_error, "holds an error: ValueError: no"),
        (a_warning, "printed to standard error: 'FutureWarning'"),
        (no_alt, r"cell 2 shows a picture without an alt text"),
        (prose_in_a_code_cell, "cell 2, line 2, is no Python"),
        (a_short_alt, "got 'plot'"),
        (an_alt_nobody_reads, "whose alt text is not spoken"),
        (another_alt_in_html, "whose alt text is not spoken"),
        (a_dead_player, "dead until the cell is run"),
        (a_player_without_a_name, "a player without a name"),
        (no_alt_in_html, "an HTML picture without an alt text"),
        (no_alt_in_prose, "a picture in its text without an alt text"),
        (a_column_without_a_head, "a column that has no head"),
        (widget_state, "stores widget state"),
        (a_widget_view, "stores a widget view"),
        (a_machine_path, "the output of cell 2 names a path"),
        (a_machine_path_in_code, "cell 2 names a path"),
        (a_huge_output, "is 2.0 MB"),
        (a_long_cell, "cell 2 has 31 lines"),
        (another_badge, "has no Colab badge"),
        (another_set_up, "has another set-up cell"),
        (no_question, "does not ask its one question"),
        (no_time, "does not say 'Time'"),
        (no_title, "does not open with a title"),
        (a_dead_link, "links to ../notebooks/98-nowhere.ipynb, which is not there"),
        (a_number_in_the_title, "has a number in its title"),
        (a_page_by_its_number, "cell 3 calls a page by its number: 'Notebook 07'"),
        (pages_by_their_numbers, "by its number: 'exercises 03'"),
        (a_link_by_its_number, "by its number: '[00, the start]('"),
        (too_many_words, "has 2426 words, expected at most 2200"),
        (too_much_code, "has 264 lines of code, expected at most 250"),
        (a_teaching_cell_too_long, "cell 2 has 16 lines of code, expected at most 15"),
        (a_class_too_long, "cell 2 has 26 lines of code, expected at most 25"),
        (a_time_too_short, "says that it takes 1 minutes, but"),
        (a_time_too_long, "computing may add at most 3"),
        (explorers_without_time, "and 2 explorers take 3"),
        (long_without_a_picture, "has 351 words and 0 code cells without a picture up to cell 4"),
        (many_cells_without_a_picture, "has 0 words and 4 code cells without a picture up to cell 6"),
    ],
)
def test_each_rule_catches_its_fault(complaints, change, complaint):
    found = complaints(spoil(change))
    assert any(complaint in told for told in found), found


def test_what_is_folded_read_on_or_a_link_is_no_word():
    folded = "One.\n\n<details><summary>Answer</summary>\n\nNot these.\n</details>\n\n"
    assert rules.words_in(folded + "[two three](where/it-leads.html), $=$ and\n\n**Read on.** Nor this.") == 4


def test_a_table_is_read_and_a_picture_is_looked_at(complaints):
    notebook = good_notebook()
    notebook.cells += [words(200), new_markdown_cell("| a | b |\n|---|---|\n| 1 | 2 |"), words(200)]
    assert any("without a picture" in told for told in complaints(notebook))


@pytest.mark.parametrize("heading", ["## Recap", "## The map"])
def test_what_closes_a_page_needs_no_picture(complaints, heading):
    notebook = good_notebook()
    notebook.cells.append(new_markdown_cell("word " * 300 + f"\n\n{heading}\n\n" + "word " * 300))
    assert complaints(notebook) == []


def test_answers_count_between_pictures_once_they_are_unfolded(complaints):
    notebook = good_notebook()
    notebook.cells.append(new_markdown_cell("<details><summary>Answer</summary>" + " word" * 400 + "</details>"))
    assert any("without a picture" in told for told in complaints(notebook))
