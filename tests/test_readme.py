"""What README states is so: its wrong answer, its map, its pictures, its counts, and the commands that it names."""

from __future__ import annotations

import re

import nbformat
import pytest
from PIL import Image

from docs.readme import blocks, faces, map, picture
from docs.site.pages import ROOT, Page, all_pages
from tests.test_repository import missing
from vae_course.tasks.engine.registry import every_name, find

README = (ROOT / "README.md").read_text("utf-8")
PAGES = [page for page in all_pages() if page.folder == "notebooks"]
BEHIND = "README is behind its pages: make readme"
MOST_BYTES = 2_000_000
# What is there once a learner has begun.
MADE = ("my/",)


def fenced(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return found


def test_the_wrong_answer_gets_the_reply_that_is_shown(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("VAE_COURSE_HOME", str(tmp_path))
    exec(compile(fenced("python"), "README.md", "exec"), {"__name__": "README"})
    assert capsys.readouterr().out == fenced("text")


def test_the_map_is_that_of_the_pages():
    assert blocks.block(README, "the map") == map.table(PAGES), BEHIND


def test_every_page_has_its_face_there_small():
    assert [page.name for page in PAGES if not faces.is_current(page)] == [], BEHIND
    assert set(faces.FOLDER.iterdir()) == {faces.path_of(page) for page in PAGES}, BEHIND
    assert max(path.stat().st_size for path in faces.FOLDER.iterdir()) <= faces.MOST_BYTES


def test_a_map_that_is_behind_is_noticed(tmp_path):
    page = PAGES[4]
    notebook = nbformat.from_dict(page.notebook)
    notebook.cells[0].source = re.sub(r"about \d+ minutes", "about 99 minutes", notebook.cells[0].source)
    (tmp_path / "notebooks").mkdir()
    changed = Page(tmp_path / "notebooks" / page.path.name)
    nbformat.write(notebook, changed.path)
    assert map.row(changed) == map.row(page).replace(f"| {page.minutes} |", "| 99 |")
    other = Page(tmp_path / "notebooks" / PAGES[0].path.name)
    nbformat.write(notebook, other.path)
    assert not faces.is_current(other), "the face of another page"


def test_a_part_is_written_between_its_comments_and_nowhere_else():
    text = "a\n<!-- one: written by `make readme` -->\nold\n<!-- end of one -->\nb\n"
    assert blocks.with_block(text, "one", "new \\1\n") == text.replace("old", "new \\1")
    with pytest.raises(ValueError, match="has 0 parts called 'two'"):
        blocks.block(text, "two")


def test_the_moving_pictures_move_and_weigh_little():
    films = [picture.FOLDER / f"front-{theme}.webp" for theme in picture.THEMES]
    shown = [picture.FOLDER / name for name in re.findall(r'(?:srcset|src)="docs/pictures/([\w.-]+)"', README)]
    assert set(shown) == {*films, picture.FOLDER / picture.STILL}
    for path in films:
        film = Image.open(path)
        assert film.n_frames > 50
        assert film.info["loop"] == 0
        assert film.convert("RGBA").getpixel((0, 0))[3] == 0, "the page behind it shows at its corners"
        assert path.stat().st_size < MOST_BYTES
    (told,) = re.findall(r'front-light.webp"[^>]* alt="([^"]+)"', README)
    assert f"a mouse draws a {picture.DRAWN}." in told
    assert re.findall(r"the (\d)s", told)[1:] == [digit for crowds in picture.THROUGH for digit in crowds]


def test_its_counts_are_true():
    """Said in round numbers, which grow out of date slowly."""
    tasks, answers = (
        int(number.replace(",", "")) for number in re.search(r"More than (\d+) tasks know more than ([\d,]+)", README).groups()
    )
    assert tasks < len(every_name()) <= tasks + 20
    assert answers < sum(len(find(name).mistakes) for name in every_name()) <= answers + 200


def test_it_names_what_is_there():
    assert [name for name in missing(README) if not name.startswith(MADE)] == []
    assert {"make lab", "make test", "make site", "make smoke", "make update"} <= set(re.findall(r"\bmake [a-z]+\b", README))
