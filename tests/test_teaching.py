"""What TEACHING.md states is so: hours, misconceptions and their questions, links and commands."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import pytest

from docs.readme import blocks, plans
from docs.site.pages import ROOT, Page
from tests.notebooks.project import REPOSITORY
from tests.test_repository import missing
from vae_course.tasks.engine.registry import TOPICS, find, tasks_of

TEACHING = (ROOT / "TEACHING.md").read_text("utf-8")
MISCONCEPTIONS = re.findall(r"^\| ([^|]+\.) \| ([^|]+\?) \| \[`(\w+)`\]\(exercises/([\w-]+\.ipynb)\) \|$", TEACHING, re.MULTILINE)
MADE = ("handed-in/", "graded/", "build/")


@pytest.mark.parametrize("name", ["a day", "four weeks", "all hours"])
def test_hours_are_those_of_the_pages(name):
    assert blocks.block(TEACHING, name) == plans.parts_of_teaching()[name], "TEACHING.md is behind its pages: make readme"


def test_hours_are_added_up_right():
    course = plans.Course()
    assert course.reading(["the-elbo"]) == 2 * course.pages["the-elbo"].minutes
    assert course.practice(["the-elbo", "when-it-fails"]) == 75 + 90
    assert [plans.hours(minutes) for minutes in (4, 59, 60, 61, 95)] == ["5 min", "1 h 00", "1 h 00", "1 h 05", "1 h 35"]


def test_an_exercise_without_a_time_that_is_known_is_named(tmp_path):
    path = tmp_path / "04-owls.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Owls\n> **Time** about a night.")]), path)
    with pytest.raises(ValueError, match="04-owls.ipynb says no time that is known"):
        plans.minutes_of_exercise(Page(path))
    with pytest.raises(ValueError, match="04-owls.ipynb says no time"):
        plans.minutes_of(Page(path))


def complaints_about(said: str, question: str, task: str, exercise: str) -> list[str]:
    found = [] if question in {mistake.hint for mistake in find(task).mistakes} else [f"{task} asks no such question: {question}"]
    text = "\n".join(cell.source for cell in nbformat.read(ROOT / "exercises" / exercise, as_version=4).cells)
    return found + ([] if re.search(rf"\b{task}\b", text) else [f"{exercise} has no {task}, which is to resolve: {said}"])


def test_each_misconception_is_met_by_a_question_of_the_course():
    assert 12 <= len(MISCONCEPTIONS) == len({question for _, question, _, _ in MISCONCEPTIONS}) <= 15
    assert [complaint for row in MISCONCEPTIONS for complaint in complaints_about(*row)] == []


def test_one_that_is_not_is_named():
    made_up = complaints_about("A mean does.", "Who are you?", "gaussian_kl", "08-conditional-vae.ipynb")
    assert [text.split(":")[0] for text in made_up] == [
        "gaussian_kl asks no such question",
        "08-conditional-vae.ipynb has no gaussian_kl, which is to resolve",
    ]


def test_the_link_for_a_hub_opens_the_first_page_of_this_course():
    (link,) = re.findall(r"^https://YOUR-HUB\S+$", TEACHING, re.MULTILINE)
    asked = {key: value for key, (value,) in parse_qs(urlsplit(link).query).items()}
    assert urlsplit(link).path == "/hub/user-redirect/git-pull"
    assert (asked["repo"], asked["branch"]) == (REPOSITORY, "main")
    prefix = f"lab/tree/{REPOSITORY.rpartition('/')[2]}/"
    assert asked["urlpath"].startswith(prefix)
    assert (ROOT / unquote(asked["urlpath"]).removeprefix(prefix)).exists()


def test_the_walks_exercises_have_their_reports():
    assert all(any(task.open for task in tasks_of(topic)) for topic in TOPICS)


def test_it_names_what_is_there():
    without_anchors = re.sub(r"\(([^)\s]+)#[^)]+\)", r"(\1)", TEACHING)
    assert [name for name in missing(without_anchors) if not name.startswith(MADE)] == []
    for target, anchor in re.findall(r"\]\((\S+\.md)#([\w-]+)\)", TEACHING):
        heads = re.findall(r"^#+ (.+)$", (ROOT / target).read_text("utf-8"), re.MULTILINE)
        assert anchor in {head.lower().replace(" ", "-") for head in heads}
