"""Slides: the rule by which a page becomes a deck."""

from __future__ import annotations

import json
import re

import nbformat
import pytest

from docs.site.pages import ROOT, Page, all_pages
from docs.slides import deck
from docs.slides.__main__ import written

PAGES = [page for page in all_pages() if page.folder == "notebooks"]
LONG = "One two three four five. " * 30


def page_of(tmp_path, *cells) -> Page:
    title = nbformat.v4.new_markdown_cell(
        "# Owls\n[![Open in Colab](https://badge.svg)](https://colab)\n\n**Do owls dream?**\n\n> **Time** about 5 minutes"
    )
    path = tmp_path / "notebooks" / "04-owls.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[title, *cells]), path)
    return Page(path)


def words(text: str):
    return nbformat.v4.new_markdown_cell(text)


def code(source: str, *outputs):
    return nbformat.v4.new_code_cell(source, outputs=list(outputs))


def picture(html: str = '<img src="data:image/png;base64,AA==" alt="an owl" style="width: 3px">'):
    return nbformat.v4.new_output("display_data", {"text/html": html})


def printed(text: str):
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def kinds(page: Page) -> list[list[str]]:
    return [[slide.kind for slide in stack.slides] for stack in deck.stacks_of(page)]


def test_headings_begin_and_the_rest_stands_below(tmp_path):
    page = page_of(tmp_path, words("Hm."), words("## Day\nAsleep."), code("x", picture()), words("## Night\nAwake.\n\n### Late\nStill."))
    assert kinds(page) == [["title", "words"], ["words", "picture"], ["words"], ["words"]]
    title = deck.stacks_of(page)[0].slides[0]
    assert "Do owls dream?" in title.inside
    assert "5 minutes" in title.notes
    assert "badge" not in title.notes
    assert "Owls" not in title.notes


def test_what_does_not_fit_is_said_in_the_notes():
    (slide,) = deck.words_of(f"## Night\n{LONG}\n\nAnd so on.")
    said = re.sub("<.*?>", "", slide.inside).split()
    assert len(said) <= deck.WORDS + 2
    assert said[-1] == "five."
    assert "And so on." in slide.notes
    assert len(re.sub("<.*?>", "", slide.inside + slide.notes).split()) >= len(LONG.split())


def test_a_formula_stays_with_its_sentence_and_a_colon_with_what_it_leads_to():
    (slide,) = deck.words_of("So we want:\n\n$$a = " + "b + " * 80 + "c$$\n\n" + LONG)
    assert "a = b" in slide.inside
    items = "\n".join(f"- {LONG[:200]}" for _ in range(4))
    (slide,) = deck.words_of(f"Four things:\n\n{items}")
    assert 1 <= slide.inside.count("<li>") < 4
    assert slide.inside.count("<li>") + slide.notes.count("<li>") == 4


def test_what_is_for_readers_alone_is_left_out(tmp_path):
    assert deck.words_of("<details><summary>Answer</summary>\n\nSecret\n</details>") == []
    assert kinds(page_of(tmp_path, words("## Recap\nOwls.\n\n### Papers\nOwl 1999."), words("**Papers**\n\nOwl 2001."))) == [
        ["title"],
        ["words"],
    ]


def test_pictures_come_without_code_and_code_without_plumbing(tmp_path):
    few, many = printed("1\n"), printed("1\n2\n3\n4\n5\n6\n")
    announced = printed("Owls: about 30 s on this device (cpu)\n")
    cells = [
        code("import sys\n"),
        code("import owls"),
        code("def owl():\n    pass"),
        code("show()", picture(), few),
        code("show()", picture(), many),
        code("hoot()", announced),
    ]
    assert kinds(page_of(tmp_path, *cells)) == [["title", "code", "picture", "picture", "code"]]
    _, _, shown, _, alone = deck.stacks_of(page_of(tmp_path, *cells))[0].slides
    assert 'alt="an owl"' in shown.inside
    assert "style=" not in shown.inside
    assert "show()" in re.sub("<.*?>", "", shown.notes)
    assert "show" not in shown.inside
    assert alone.inside == '<pre class="printed">1\n2\n3\n4\n5\n6</pre>'


def test_links_lead_to_slides_or_to_the_repository():
    made = deck.as_html("[a](05-bats.ipynb), [b](../README.md), [c](https://owl.org)")
    assert re.findall('href="([^"]+)"', made) == ["05-bats.html", f"{deck.REPOSITORY}/blob/main/README.md", "https://owl.org"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_becomes_a_deck(page):
    stacks = deck.stacks_of(page)
    pictures = sum("<img" in slide.inside for stack in stacks for slide in stack.slides if slide.kind == "picture")
    assert 10 <= sum(len(stack.slides) for stack in stacks) <= 80
    assert pictures >= 3
    assert "<script src=" not in "".join(slide.inside for stack in stacks for slide in stack.slides)
    text = written(page, stacks)
    assert not re.findall(r'(?:<link[^>]*href|<script[^>]*src|<img[^>]*src)="https?:', text), "a deck asks no other machine"


def test_what_turns_the_slides_is_locked():
    wanted = json.loads((ROOT / "docs/site/package.json").read_text("utf-8"))["dependencies"]
    locked = json.loads((ROOT / "docs/site/package-lock.json").read_text("utf-8"))["packages"]
    assert locked[""]["dependencies"] == wanted
    assert {f"node_modules/{name}" for name in wanted} == set(locked) - {""}
