"""Tables, pages and rebuilt notebooks: complete, in the form that others read, and with nothing of a student's that acts."""

from __future__ import annotations

import csv
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.grading.fakes import EXERCISE, OTHER, grade, hand_in, notebook
from vae_course.grading import flags
from vae_course.grading.autograded import harmless
from vae_course.grading.folder import Graded
from vae_course.grading.pages import FOR_STUDENTS
from vae_course.grading.reports import lms_of
from vae_course.grading.tables import FORMULA, _plain

EVIL = '</pre><script>alert(1)</script><img src=x onerror="alert(2)"> {{ 7 * 7 }} {% raw %}'
STANDARD = {
    "html",
    "head",
    "meta",
    "style",
    "title",
    "body",
    "main",
    "h1",
    "h2",
    "h3",
    "p",
    "strong",
    "a",
    "code",
    "pre",
    "ul",
    "li",
    "section",
}
STANDARD |= {"table", "caption", "thead", "tbody", "tr", "th", "td", "span", "details", "summary"}
ANSWER = """def renyi_bound(log_weights, alpha):
    scaled = (1 - alpha) * log_weights
    highest = scaled.max(0).values
    apart = scaled - highest
    weights = apart.exp()
    mean = weights.sum(0) / len(weights)
    return (mean.log() + highest) / (1 - alpha)
"""


class Tags(HTMLParser):
    """What a browser would make of a page: its tags, their attributes, its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data):
        self.text += data


def page_of(graded: Path, student: str) -> str:
    return (graded / "feedback" / student / EXERCISE / f"{EXERCISE}.html").read_text()


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open()))


# Tables.


def test_a_row_has_all_points_the_total_and_the_flags(tmp_path):
    hand_in(
        tmp_path / "in", ada=notebook(right=2, flags=[["magics", "3 lines"], ["twice", "kl_between"]]), ben=notebook(right=True, words="")
    )
    hand_in(tmp_path / "in", exercise=OTHER, ada=notebook(right=1))
    grade(tmp_path / "in", tmp_path / "out")
    rows = {(row["student"], row["exercise"]): row for row in rows_of(tmp_path / "out" / "marks.csv")}
    ada = rows["ada", EXERCISE]
    assert (ada["leaning_kl"], ada["kl_between"], ada["renyi_bound"], ada["correlated_draw"]) == ("1", "2", "0", "")
    assert (ada["written"], ada["total"], ada["out of"]) == ("", "3", "10")
    assert ada["flags"] == "magics: 3 lines; twice: kl_between"
    assert rows["ada", OTHER]["correlated_draw"] == "1"
    assert (rows["ben", EXERCISE]["written"], rows["ben", EXERCISE]["total"]) == ("0", "8")


@pytest.mark.parametrize("words", ['=HYPERLINK("http://evil")', "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_no_cell_is_a_formula(words):
    assert not _plain(words).startswith(FORMULA)
    assert not _plain(words).lstrip(" ").startswith(FORMULA)
    assert words in _plain(words)


def test_names_that_are_formulas_reach_no_table_as_such(tmp_path):
    hand_in(tmp_path / "in", **{"=cmd|' !A1": notebook(), "=1+1_5_assignsubmission_file_": notebook(flags=[["missing", "=2+2"]])})
    grade(tmp_path / "in", tmp_path / "out")
    tables = [path for path in (tmp_path / "out").iterdir() if path.suffix == ".csv"]
    assert {path.name for path in tables} == {"marks.csv", f"moodle-{EXERCISE}.csv"}
    cells = [cell for path in tables for row in csv.reader(path.open()) for cell in row]
    assert any("=1+1" in cell for cell in cells)
    assert not [cell for cell in cells if cell.startswith(FORMULA) and cell != "-"], "Moodle's own mark for never is no formula"


def test_moodle_gets_its_worksheet(tmp_path):
    hand_in(tmp_path / "in", **{"Ada Lovelace_4711_assignsubmission_file_": notebook(right=True)}, ben=notebook())
    grade(tmp_path / "in", tmp_path / "out")
    assert rows_of(tmp_path / "out" / f"moodle-{EXERCISE}.csv") == [
        {"Identifier": "Participant 4711", "Full name": "Ada Lovelace", "Grade": "8", "Maximum grade": "10", "Last modified (grade)": "-"}
    ]
    assert not (tmp_path / "out" / "canvas.csv").exists()


def test_canvas_gets_a_column_an_exercise(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"lovelaceada_LATE_81_9001_{EXERCISE}.ipynb").write_bytes(notebook(right=True))
    (tmp_path / "in" / f"lovelaceada_81_9002_{OTHER}.ipynb").write_bytes(notebook(right=1))
    (tmp_path / "in" / f"turingalan_82_9003_{EXERCISE}.ipynb").write_bytes(notebook(right=0))
    grade(tmp_path / "in", tmp_path / "out")
    possible, *rows = rows_of(tmp_path / "out" / "canvas.csv")
    assert list(possible) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", OTHER, EXERCISE]
    assert (possible["Student"].strip(), possible[EXERCISE]) == ("Points Possible", "10")
    assert {row["ID"]: (row[EXERCISE], row[OTHER]) for row in rows} == {"81": ("8", "1"), "82": ("0", "")}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("Ada Lovelace_12_assignsubmission_file_/04-the-elbo.ipynb", ("moodle", "12")),
        ("class.zip/Ada_Lovelace_12_assignsubmission_file_04-the-elbo.ipynb", ("moodle", "12")),
        ("class.zip/lovelaceada_LATE_81_9001_04-the-elbo-1.ipynb", ("canvas", "81")),
        ("ada/04-the-elbo.ipynb", ("", "")),
        ("ada_04-the-elbo.ipynb", ("", "")),
    ],
)
def test_ids_are_those_that_the_files_had(file, expected):
    assert lms_of(file) == expected


# A student's page.


def test_a_students_page_says_what_was_found_and_what_to_look_at(tmp_path):
    hand_in(tmp_path / "in", ada=notebook(right=1, hints=["Which sum is it?"], flags=[["magics", ""], ["missing", "renyi_bound"]]))
    grade(tmp_path / "in", tmp_path / "out")
    page = Tags(page_of(tmp_path / "out", "ada")).text
    assert "1 of 10 points" in page
    assert "leaning_kl: 1 of 1" in page
    assert "✗ kl_between: What came out is not what should." in page
    assert "Which sum is it?" in page
    assert FOR_STUDENTS["magics"] in page
    assert FOR_STUDENTS["missing"] + " (renyi_bound)" in page
    assert "Because." in page
    assert "still to be read" in page


def test_a_students_page_keeps_what_is_the_instructors(tmp_path):
    told = [["looks around", "opens solutions/"], ["course's own", "kl"], ["raised", "Traceback: hidden input 0.123"]]
    hand_in(tmp_path / "in", ada=notebook(right=True, flags=told), ben=notebook(right=0, answers={"renyi_bound": ANSWER}))
    hand_in(tmp_path / "in", cleo=notebook(right=0, answers={"renyi_bound": ANSWER.replace("scaled", "s")}))
    grade(tmp_path / "in", tmp_path / "out")
    page = page_of(tmp_path / "out", "ada")
    for words in ("looks around", "solutions/", "course&#39;s own", "Traceback", "0.123"):
        assert words not in page
    assert "cleo" not in page_of(tmp_path / "out", "ben")
    assert "same answers: renyi_bound, with cleo" in (tmp_path / "out" / "marks.csv").read_text()


def test_nothing_that_a_student_wrote_is_more_than_text(tmp_path):
    name = "Eve<script>alert(3)<"
    hand_in(
        tmp_path / "in", **{f"{name}_666_assignsubmission_file_": notebook(right=1, words=EVIL, said=EVIL, hints=[EVIL], mistakes=[EVIL])}
    )
    hand_in(tmp_path / "in", mal=notebook(right=1, flags=[["missing", EVIL], ["flood", EVIL]]))
    grade(tmp_path / "in", tmp_path / "out")
    pages = [*(tmp_path / "out" / "feedback").rglob("*.html"), tmp_path / "out" / "summary.html"]
    assert len(pages) == 3
    for path in pages:
        seen = Tags(path.read_text())
        assert seen.tags <= STANDARD, path
        assert not {one for one in seen.attributes if one.startswith("on") or one == "src"}, path
        assert "<script>" in seen.text, "it is there to be read"
        assert "49" not in seen.text
        assert "default-src 'none'" in path.read_text()


# The summary.


def test_the_summary_tells_an_instructor_what_to_look_at(tmp_path):
    hand_in(
        tmp_path / "in", ada=notebook(right=True), ben=notebook(right=3, mistakes=["slip of the sign"], do="flood"), cleo=notebook(right=3)
    )
    hand_in(tmp_path / "in", dora=notebook(right=0, answers={"renyi_bound": ANSWER}), ed=notebook(right=0, answers={"renyi_bound": ANSWER}))
    grade(tmp_path / "in", tmp_path / "out")
    page = (tmp_path / "out" / "summary.html").read_text()
    text = "".join(Tags(page).text.split())
    for words in (
        "5 submissions of 04-the-elbo, 10 points to be had",
        "5 wait for a person in Formgrader",
        "renyi_bound slip of the sign 1",
        "renyi_bound sign of the KL 3",
        "renyi_bound dora, ed",
        "This is no verdict",
        flags.MEANINGS["flood"],
        "Running a notebook took 0.25 s",
    ):
        assert "".join(words.split()) in text, words
    for student in ("ada", "ben", "cleo", "dora", "ed"):
        assert f'href="feedback/{student}/{EXERCISE}/{EXERCISE}.html"' in page


def test_pages_follow_links_to_files_that_are_there(tmp_path):
    hand_in(tmp_path / "in", **{"Zoë Müller": notebook(), "李雷": notebook()})
    grade(tmp_path / "in", tmp_path / "out")
    from urllib.parse import unquote

    page = (tmp_path / "out" / "summary.html").read_text()
    links = {unquote(part.split('"')[0]) for part in page.split('href="')[1:]}
    assert len(links) == 3
    assert all((tmp_path / "out" / link).is_file() for link in links)


def test_every_flag_that_students_read_about_is_one():
    assert set(FOR_STUDENTS) <= set(flags.MEANINGS)


# The rebuilt notebook.


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a < b and c <d", "a < b and c < d"),
        ("$x<y$", "$x< y$"),
        ("<script>alert(1)</script>", "< script>alert(1)< /script>"),
        ("<img src=x onerror=alert(1)>", "< img src=x onerror=alert(1)>"),
        ("<!--", "< !--"),
        (r"\<b>", r"\< b>"),
        ("![me](attachment:me.png)", "![me](attachment:me.png)"),
        ("![me](/formgrader/?path=/evil)", "! [me] (/formgrader/?path=/evil)"),
        ("![a ![b](attachment:b.png)](/evil)", "! [a ![b](attachment:b.png)] (/evil)"),
        ("![](attachment:a.png)(/evil)", "![](attachment:a.png)(/evil)"),
        ("![me][1]\n\n[1]: /evil", "! [me][1]\n\n[1] : /evil"),
        ("[link](javascript:x)", "[link] (javascript:x)"),
        ("![me](attachment:javascript:x)", "![me](attachment:javascript:x)"),
        (r"$\href{javascript:x}{y} + \sum$", r"$\ href{javascript:x}{y} + \sum$"),
    ],
)
def test_markdown_reads_the_same_and_does_nothing(written, shown):
    assert harmless(written) == shown
    assert harmless(shown) == shown


def test_of_a_students_cells_only_text_is_left(tmp_path):
    evil = [
        {"cell_type": "markdown", "source": "<b>bold</b>", "attachments": {"a.png": {"image/png": "QUJD", 'image/png" onload="x': "QUJD"}}},
        {"cell_type": "raw", "source": "<script>alert(1)</script>", "metadata": {"raw_mimetype": "text/html"}},
        {
            "cell_type": "code",
            "source": "1",
            "outputs": [{"output_type": "display_data", "data": {"text/html": "<script>"}, "metadata": {}}],
        },
        {
            "cell_type": "code",
            "source": "2",
            "metadata": {"nbgrader": {"grade_id": 'x"><script>', "grade": True, "solution": False, "points": 99}},
        },
        {"cell_type": "code", "source": "3", "metadata": {"nbgrader": {"grade_id": "kl_between-check", "grade": True, "points": 99}}},
    ]
    hand_in(tmp_path / "in", eve=notebook(cells=evil, words="<i>so</i>"))
    grade(tmp_path / "in", tmp_path / "out")
    made = json.loads((tmp_path / "out" / "autograded" / "eve" / EXERCISE / f"{EXERCISE}.ipynb").read_text())
    bold, raw, *code = made["cells"][-5:]
    assert (bold["source"], bold["attachments"]) == ("< b>bold< /b>", {"a.png": {"image/png": "QUJD"}})
    assert (raw["cell_type"], raw["source"], raw["metadata"]) == ("markdown", "    < script>alert(1)< /script>", {})
    assert [(cell["metadata"], cell["outputs"]) for cell in code] == [({}, [])] * 3
    ids = [cell["metadata"]["nbgrader"]["grade_id"] for cell in made["cells"] if cell["metadata"]]
    assert len(ids) == len(set(ids)) == 13
    written = next(cell for cell in made["cells"] if cell["metadata"].get("nbgrader", {}).get("grade_id") == "in-words")
    assert written["source"] == "< i>so< /i>"
    assert "https://colab.research.google.com" in json.dumps(made["cells"][0]), "what is the exercise's own stays as it is"


def test_results_come_back_as_they_were_kept(tmp_path):
    hand_in(tmp_path / "in", ada=notebook(right=1, flags=[["missing", "x"]], answers={"renyi_bound": ANSWER}, words="Ä \ud800 ✓"))
    grade(tmp_path / "in", tmp_path / "out")
    kept = Graded(tmp_path / "out").kept(EXERCISE, "ada")
    assert kept.result.points == 1
    assert kept.result.flags == (flags.flag("missing", "x"),)
    assert kept.result.marks[1].hints == ("Which term has the wrong sign?",)
    assert kept.answers.keys() == {"renyi_bound"}
    assert kept.file == f"ada/{EXERCISE}.ipynb"
    with pytest.raises(ValueError, match="is no name of a file"):
        Graded(tmp_path / "out").file_of(EXERCISE, "../../ada")
