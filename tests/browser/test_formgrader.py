"""Formgrader, in a real browser, on a gradebook that was graded in batch: a person marks by hand there, and no notebook does."""

from __future__ import annotations

import csv
import json

import pytest

pytest.importorskip("nbgrader", reason="needs nbgrader, which `pip install vae-course[grading]` brings")

from tests.browser.accessibility import violations
from tests.browser.lab import PATIENCE, Lab
from tests.grading.fakes import EXERCISE, grade, hand_in, notebook
from vae_course.grading.batch import report_again

EVIL = """<script>window.hacked = 1</script>
<img src="x" onerror="window.hacked = 1">
<svg onload="window.hacked = 1"><a href="javascript:window.hacked = 1">a</a></svg>
[click](javascript:window.hacked=1) <javascript:window.hacked=1> [and][here] $\\href{javascript:window.hacked=1}{z}$
![](/formgrader/?path=/evil) $x<y$ and `a<b`

| <img src="y" onerror="window.hacked = 1"> |
|---|

[here]: <javascript:window.hacked=1>
"""
CELLS = [
    {"cell_type": "markdown", "source": EVIL, "attachments": {"a.png": {'image/png" onerror="window.hacked=1': "QUJD"}}},
    {"cell_type": "raw", "source": EVIL, "metadata": {"raw_mimetype": "text/html"}},
    {
        "cell_type": "code",
        "source": f'"""{EVIL}"""',
        "outputs": [{"output_type": "display_data", "data": {"text/html": EVIL}, "metadata": {}}],
    },
]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    place = tmp_path_factory.mktemp("grading")
    hand_in(place / "in", ada=notebook(right=True, words="Twenty, since the KL is averaged."), ben=notebook(right=1))
    hand_in(place / "in", eve=notebook(right=0, words=EVIL, said=EVIL, hints=[EVIL], cells=CELLS), mal=notebook(right=0))
    grade(place / "in", place / "out")
    return place / "out"


@pytest.fixture(scope="module")
def formgrader(graded, tmp_path_factory, browser):
    """JupyterLab as an instructor starts it: in the folder of the gradebook."""
    started = Lab(tmp_path_factory.mktemp("formgrader"))
    started.folder = started.notebooks = graded
    started.start()
    yield started
    started.stop()


@pytest.fixture
def page(formgrader, browser):
    opened = browser.context.new_page()
    opened.set_default_timeout(1000 * PATIENCE)
    opened.asked = []
    opened.on("request", lambda request: opened.asked.append(request.url))
    yield opened
    opened.close()


def submission_of(formgrader, page, student: str) -> str:
    """The address of a student's notebook in Formgrader, found as a person finds it: by the list."""
    page.goto(f"http://127.0.0.1:{formgrader.port}/formgrader/gradebook/{EXERCISE}/{EXERCISE}")
    link = page.locator("a.name-shown", has_text=student)
    link.wait_for(state="attached")
    return f"http://127.0.0.1:{formgrader.port}{link.get_attribute('href')}"


def test_a_mark_that_a_person_enters_is_in_the_table(graded, formgrader, page):
    page.goto(f"http://127.0.0.1:{formgrader.port}/lab")
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name="Formgrader", exact=True).click()
    inside = page.frame_locator("iframe")
    inside.get_by_role("link", name="Manual Grading").click()
    inside.get_by_role("link", name=EXERCISE).click()
    inside.get_by_role("link", name=EXERCISE).last.click()
    inside.locator("a.name-hidden", has_text="Submission #1").wait_for()
    page.goto(submission_of(formgrader, page, "ada"))
    assert "✓ kl_between: right, on every probe.\n2 of 2 points" in page.locator("#notebook").first.inner_text()
    assert "Twenty, since the KL is averaged." in page.locator("#notebook").first.inner_text()
    page.locator('input#kl_between-check[placeholder="2"]').wait_for()
    page.wait_for_load_state("networkidle")  # comments are fetched apart, and fetching empties what was typed
    page.locator("#in-words").fill("1.5")
    page.locator("#in-words").press("Tab")
    page.locator("#in-words-comment").fill("And with σ learnt?")
    page.locator("#in-words-comment").press("Tab")
    page.wait_for_function(
        """async () => {
          const id = location.pathname.split("/").filter(Boolean).at(-1);
          const [grades, comments] = await Promise.all(["grades", "comments"].map(
            async (what) => (await fetch(`/formgrader/api/${what}?submission_id=${id}`)).json()));
          return grades.some((one) => one.name === "in-words" && one.manual_score === 1.5)
              && comments.some((one) => one.name === "in-words" && one.manual_comment);
        }"""
    )
    report_again(graded)
    rows = {row["student"]: row for row in csv.DictReader((graded / "marks.csv").open())}
    assert (rows["ada"]["written"], rows["ada"]["total"]) == ("1.5", "9.5")
    assert rows["ben"]["written"] == ""
    assert "And with σ learnt?" in (graded / "feedback" / "ada" / EXERCISE / f"{EXERCISE}.html").read_text()


def hacked(page) -> bool:
    """Whether anything of a student's was run, or would be by a click, or asked the server for something."""
    page.wait_for_load_state("load")
    links = page.eval_on_selector_all("a[href], a", "(all) => all.map((one) => (one.href.baseVal ?? one.href) || '')")
    return (
        bool(page.evaluate("window.hacked"))
        or any("hacked" in link or "evil" in link for link in links)
        or any("evil" in one for one in page.asked)
    )


def test_no_notebook_acts_in_the_page_where_marks_are_entered(formgrader, page):
    page.goto(submission_of(formgrader, page, "eve"))
    assert not hacked(page)
    assert "window.hacked = 1" in page.locator("#notebook").first.inner_text(), "it is there to be read"


def test_it_would_if_it_were_shown_as_it_was_handed_in(graded, formgrader, page):
    path = graded / "autograded" / "mal" / EXERCISE / f"{EXERCISE}.ipynb"
    shown = json.loads(path.read_text())
    next(cell for cell in shown["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == "in-words")["source"] = EVIL
    path.write_text(json.dumps(shown))
    page.goto(submission_of(formgrader, page, "mal"))
    assert hacked(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["summary.html", f"feedback/eve/{EXERCISE}/{EXERCISE}.html"])
def test_pages_are_accessible_in_light_and_dark(graded, browser, scheme, name):
    opened = browser.context.new_page()
    try:
        opened.emulate_media(color_scheme=scheme)
        opened.goto((graded / name).as_uri())
        opened.eval_on_selector_all("details", "(all) => all.forEach((one) => { one.open = true; })")
        background = opened.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 23, 27)"}[scheme]
        assert violations(opened, within=("html",)) == []
        assert not opened.evaluate("window.hacked")
    finally:
        opened.close()
