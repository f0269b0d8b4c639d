"""A notebook is made anew with nothing of the student's lost, nothing of the course's changed, and nothing run."""

from __future__ import annotations

import ast
import copy
import json
import time
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.notebooks.project import ROOT
from vae_course.grading.flags import MEANINGS, flag
from vae_course.grading.magics import without_magics
from vae_course.grading.rebuild import rebuild
from vae_course.grading.records import Submission
from vae_course.grading.reference import WORDS_STUB, Reference, exercises_in, talks_only
from vae_course.grading.syntax import answers_in, belongs_together, is_unwritten, without_statements
from vae_course.tasks import find
from vae_course.tasks.engine.slips import source_of

ELBO = "04-the-elbo"
SOLUTIONS = ROOT / "solutions"
EXERCISES = exercises_in(SOLUTIONS)
REFERENCE = Reference.load(ELBO, SOLUTIONS)
TASKS = list(REFERENCE.tasks)
HANDED_IN = Submission("ada", ELBO, Path("ada/04-the-elbo.ipynb"))
WRONG = "def leaning_kl(mu, scale_tril):\n    return 0"
IMPORTS = REFERENCE.parts[3].source


def right(task):
    return source_of(find(task).answer).rstrip()


def cell(source, kind="code", **more):
    return {
        "cell_type": kind,
        "metadata": {},
        "source": source,
        **({"outputs": [], "execution_count": 1} if kind == "code" else {}),
        **more,
    }


def work(**answers):
    """The exercise with these answers, and the right ones elsewhere. None leaves the stub."""
    notebook = json.loads((ROOT / "exercises" / f"{ELBO}.ipynb").read_text("utf-8"))
    for one in notebook["cells"]:
        one["source"] = "".join(one["source"])
        if one["cell_type"] == "code":
            one["execution_count"] = 1
        if mark(one) in TASKS and answers.get(mark(one), "") is not None:
            one["source"] = answers.get(mark(one)) or right(mark(one))
    return notebook


def mark(one):
    return one["metadata"].get("nbgrader", {}).get("grade_id", "")


def place(notebook, grade_id):
    return next(number for number, one in enumerate(notebook["cells"]) if mark(one) == grade_id)


def put(notebook, where, *sources, behind=1):
    at = place(notebook, where) + behind
    notebook["cells"][at:at] = [cell(source) if isinstance(source, str) else source for source in sources]
    return notebook


def made(notebook, *, reference=REFERENCE, submission=HANDED_IN):
    """The rebuilt notebook, after what must be true of each."""
    content = notebook if isinstance(notebook, bytes) else json.dumps(notebook, ensure_ascii=False).encode("utf-8", "surrogatepass")
    built = rebuild(reference, submission, content)
    nbformat.validate(nbformat.from_dict(built.notebook))
    cells = built.notebook["cells"]
    assert (built.notebook["nbformat"], built.notebook["nbformat_minor"]) == (4, 5)
    assert len({one["id"] for one in cells}) == len(cells)
    assert json.dumps(built.notebook, ensure_ascii=False).encode()
    marks = [mark(one) for one in cells if mark(one)]
    assert sorted(marks) == sorted(mark(part.cell) for part in reference.parts if mark(part.cell)), "each marked cell once"
    by_mark = {mark(one): one for one in cells if mark(one)}
    for part in reference.parts:
        if mark(part.cell):
            assert by_mark[mark(part.cell)]["metadata"] == part.cell["metadata"]
            assert by_mark[mark(part.cell)]["cell_type"] == part.cell["cell_type"]
        if part.role == "check":
            assert by_mark[mark(part.cell)]["source"] == part.source
        if part.role == "set-up":
            assert part.source in [one["source"] for one in cells]
    assert all(one["outputs"] == [] for one in cells if one["cell_type"] == "code")
    assert {one.name for one in built.flags} <= set(MEANINGS)
    return built


def flags_of(built):
    return {one.name: one.detail for one in built.flags}


def sources(built):
    return [one.source for one in built.cells]


def values_of(built, *, skip=()):
    """The functions that the cells give, run one after the other as a kernel would."""
    room: dict = {}
    for number, one in enumerate(built.cells):
        if number in skip:
            continue
        try:
            exec(compile(one.source, f"<cell {number}>", "exec"), room)
        except Exception:
            continue
    return room


# The reference itself.


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_reference_rebuilt_gives_back_its_answers(exercise):
    reference = Reference.load(exercise, SOLUTIONS)
    built = made((SOLUTIONS / f"{exercise}.ipynb").read_bytes(), reference=reference)
    assert built.flags == ()
    for task in reference.tasks:
        bare = [line for line in built.answers[task].split("\n") if "SOLUTION" not in line]
        assert "\n".join(bare).rstrip() == right(task)
    assert [one.task for one in built.cells if one.task] == list(reference.tasks)
    assert all(part.source.strip() == built.written[part.name] for part in reference.parts if part.role == "written")
    assert [one["source"] for one in built.notebook["cells"]] == [
        part.source.strip() if part.role == "written" else part.source for part in reference.parts
    ]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_what_was_handed_out_rebuilt_has_no_answer(exercise):
    reference = Reference.load(exercise, SOLUTIONS)
    built = made((ROOT / "exercises" / f"{exercise}.ipynb").read_bytes(), reference=reference)
    assert (dict(built.answers), dict(built.written)) == ({}, {})
    assert [one.task for one in built.cells if one.task] == list(reference.tasks), "stubs are run, and say that they are unwritten"
    assert list(flags_of(built)) == ["not run"]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_nothing_of_the_reference_stands_in_for_what_is_missing(exercise):
    reference = Reference.load(exercise, SOLUTIONS)
    for content in (b"", b'{"cells": []}', json.dumps({"cells": [cell("x = 1")]}).encode()):
        built = made(content, reference=reference)
        assert (dict(built.answers), dict(built.written)) == ({}, {})
        text = json.dumps(built.notebook, ensure_ascii=False)
        for part in reference.parts:
            if part.role in ("answer", "written"):
                assert part.source not in [one["source"] for one in built.notebook["cells"]]
        assert "BEGIN SOLUTION" not in text


def test_nothing_is_run(tmp_path):
    trap = f"open({str(tmp_path / 'here')!r}, 'w').close()"
    started = time.monotonic()
    notebook = put(work(), "leaning_kl", trap, "import time; time.sleep(1000)", "while True: pass")
    notebook["cells"][0]["source"] = f"<script>{trap}</script>"
    made(notebook)
    assert list(tmp_path.iterdir()) == []
    assert time.monotonic() - started < 60


# Cells.


def test_helper_cells_are_kept_in_order():
    notebook = put(work(), "leaning_kl", "a = 1", cell("a note", "markdown"), "b = a + 1", behind=0)
    put(notebook, "kl_between-check", "c = 3")
    built = made(notebook)
    told = [one.source for one in built.cells]
    assert told[:4] == [IMPORTS, "a = 1", "b = a + 1", right("leaning_kl")]
    assert told.index("c = 3") == told.index(right("kl_between")) + 1
    assert flags_of(built) == {}
    shown = [one["source"] for one in built.notebook["cells"]]
    assert shown.index("a = 1") + 1 == shown.index("a note") == shown.index("b = a + 1") - 1


def stripped(notebook):
    for one in notebook["cells"]:
        one["metadata"] = {}
    return notebook


def without_ids(notebook):
    for one in notebook["cells"]:
        one.pop("id", None)
    notebook["nbformat_minor"] = 0
    return notebook


@pytest.mark.parametrize("spoil", [stripped, without_ids, lambda notebook: without_ids(stripped(notebook))])
def test_metadata_and_ids_that_were_lost(spoil):
    built = made(spoil(work()))
    assert built.answers == {task: right(task) for task in TASKS}
    assert set(flags_of(built)) == ({"no metadata"} if spoil is not without_ids else set())
    assert len(built.notebook["cells"]) == len(REFERENCE.parts), "every cell was known by its text"


def test_a_notebook_of_colab():
    notebook = without_ids(work())
    for number, one in enumerate(notebook["cells"]):
        one["metadata"] |= {"id": f"x{number}", "colab": {"base_uri": "https://localhost:8080/"}, "outputId": "9"}
    built = made(notebook)
    assert built.answers == {task: right(task) for task in TASKS}
    assert flags_of(built) == {}


def test_an_answer_that_is_there_twice():
    doubled = copy.deepcopy(work()["cells"][place(work(), "leaning_kl")])
    doubled["source"] = WRONG
    built = made(put(work(), "leaning_kl", doubled))
    assert built.answers["leaning_kl"] == WRONG, "the last one counts"
    assert flags_of(built) == {"twice": "leaning_kl"}
    assert sources(built).index(right("leaning_kl")) + 1 == sources(built).index(WRONG), "both are run, as in a kernel"


@pytest.mark.parametrize("behind", [0, 1, 6])
@pytest.mark.parametrize("keep_mark", [True, False])
def test_a_stub_never_takes_the_place_of_what_was_written(behind, keep_mark):
    stub = cell(REFERENCE.stub_of("leaning_kl"))
    if keep_mark:
        stub["metadata"] = work()["cells"][place(work(), "leaning_kl")]["metadata"]
    built = made(put(work(), "leaning_kl", stub, behind=behind))
    assert built.answers["leaning_kl"] == right("leaning_kl")
    assert stub["source"] not in sources(built)
    assert flags_of(built) == {}


@pytest.mark.parametrize("behind", [0, 1, 9])
def test_an_answer_in_a_new_cell_counts_and_the_stub_is_left(behind):
    built = made(put(work(leaning_kl=None), "leaning_kl", right("leaning_kl"), behind=behind))
    assert built.answers["leaning_kl"] == right("leaning_kl")
    assert flags_of(built) == {}
    assert [one.task for one in built.cells].count("leaning_kl") == 1
    assert built.notebook["cells"][[mark(one) for one in built.notebook["cells"]].index("leaning_kl")]["source"] == right("leaning_kl")


def test_an_answer_in_the_wrong_cell_is_found_by_its_name():
    built = made(work(leaning_kl=right("kl_between"), kl_between=right("leaning_kl")))
    assert built.answers == {task: right(task) for task in TASKS}
    assert set(flags_of(built)) == {"order"}


def test_a_deleted_answer_is_missing_and_nothing_else():
    notebook = work()
    del notebook["cells"][place(notebook, "renyi_bound")]
    built = made(notebook)
    assert flags_of(built) == {"missing": "renyi_bound"}
    assert set(built.answers) == set(TASKS) - {"renyi_bound"}
    assert "renyi_bound" not in {one.task for one in built.cells}
    assert REFERENCE.stub_of("renyi_bound") in [one["source"] for one in built.notebook["cells"]]


@pytest.mark.parametrize("source", ["", "# to do", "x = 1", "def leaningkl(mu, scale_tril):\n    return 0"])
def test_a_cell_that_defines_another_function_is_told(source):
    built = made(work(leaning_kl=source or "\n"))
    assert flags_of(built)["missing"].startswith("leaning_kl: its cell")
    assert (source in sources(built)) is (source not in ("", "# to do"))


def test_an_answer_that_became_text_is_missing():
    notebook = work()
    notebook["cells"][place(notebook, "leaning_kl")]["cell_type"] = "markdown"
    built = made(notebook)
    assert "leaning_kl" not in built.answers
    assert flags_of(built) == {"missing": "leaning_kl"}


@pytest.mark.parametrize(
    "source",
    [
        "leaning_kl = lambda mu, scale_tril: mu",
        "import functools\n\n@functools.cache\ndef leaning_kl(mu, scale_tril):\n    return mu",
        "def other(mu, scale_tril):\n    return mu\n\nleaning_kl = other",
        "if True:\n    def leaning_kl(mu, scale_tril):\n        return mu",
        "try:\n    x = 1\nfinally:\n    def leaning_kl(mu, scale_tril): return mu",
        "class KL:\n    def __call__(self, mu, scale_tril):\n        return mu\n\nleaning_kl = KL()",
        "from helper import something as leaning_kl",
        "leaning_kl: object = lambda mu, scale_tril: mu",
        "first, leaning_kl = 1, lambda mu, scale_tril: mu",
        "def leaning_kl(mu, scale_tril)\n    return mu",
        "def leaning_kl (mu, scale_tril):\n    return (mu",
        "leaning_kl = lambda mu, scale_tril: (mu",
    ],
)
def test_ways_to_write_an_answer_in_a_cell_of_its_own(source):
    assert answers_in(source, TASKS) == {"leaning_kl"}
    built = made(put(work(leaning_kl=None), "leaning_kl", source))
    assert built.answers["leaning_kl"] == source


@pytest.mark.parametrize(
    "source",
    [
        "print(leaning_kl)",
        "kl = leaning_kl(mu, scale)",
        "leaning_kl = leaning_kl(mu, scale)",
        "async def leaning_kl(mu, scale_tril):\n    return mu",
        "def other():\n    def leaning_kl(mu, scale_tril):\n        return mu",
        "class A:\n    def leaning_kl(self):\n        return 1",
        "'''\ndef leaning_kl(mu, scale_tril):\n    return mu\n'''",
        "# def leaning_kl(mu, scale_tril):",
        "leaning_kl = 3",
        "leaning_kl += 1",
        "x = (\n# def leaning_kl(",
    ],
)
def test_what_is_no_answer(source):
    assert answers_in(source, TASKS) == set()


@pytest.mark.parametrize(
    ("source", "unwritten"),
    [
        (REFERENCE.stub_of("leaning_kl"), True),
        ("def leaning_kl(mu, scale_tril):\n    ...", True),
        ("def leaning_kl(mu, scale_tril):\n    pass", True),
        ("def leaning_kl(mu, scale_tril):\n    raise NotImplementedError('later')", True),
        ("def leaning_kl(mu, scale_tril):\n    '''Mine.'''", True),
        ("def leaning_kl(mu, scale_tril):\n    return None", False),
        ("def leaning_kl(mu, scale_tril):\n    x = mu\n    raise NotImplementedError()", False),
        ("def leaning_kl(mu, scale_tril):\n    raise ValueError", False),
        ("leaning_kl = lambda mu, scale_tril: ...", False),
    ],
)
def test_what_is_the_stub_and_what_was_written(source, unwritten):
    assert is_unwritten(source, "leaning_kl") is unwritten


def test_all_answers_in_one_cell():
    together = "\n\n\n".join(right(task) for task in TASKS)
    notebook = work(leaning_kl=together)
    notebook["cells"] = [one for one in notebook["cells"] if mark(one) not in TASKS[1:]]
    built = made(notebook)
    assert built.answers == dict.fromkeys(TASKS, together)
    assert [one.task for one in built.cells if one.task] == TASKS, "each answer has a cell that stands for it"
    assert set(values_of(built)) >= set(TASKS)


def halves(source, at):
    lines = source.split("\n")
    return "\n".join(lines[:at]), "\n".join(lines[at:])


@pytest.mark.parametrize("task", TASKS)
def test_an_answer_that_was_cut_anywhere_is_whole_again(task):
    source = right(task)
    for at in range(1, len(source.split("\n"))):
        first, second = halves(source, at)
        if not second.strip() or not first.strip():
            continue
        notebook = work(**{task: first})
        rest = copy.deepcopy(notebook["cells"][place(notebook, task)]) | {"source": second}
        built = made(put(notebook, task, rest))
        assert ast.dump(ast.parse(built.answers[task])) == ast.dump(ast.parse(source)), at
        assert flags_of(built) == {"split": task}


def test_an_answer_in_two_cells_of_its_own():
    head, tail = "def half(x):\n    return x / 2", "def leaning_kl(mu, scale_tril):\n    return half(mu)"
    notebook = work(leaning_kl=head)
    second = copy.deepcopy(notebook["cells"][place(notebook, "leaning_kl")]) | {"source": tail}
    built = made(put(notebook, "leaning_kl", second))
    assert built.answers["leaning_kl"] == f"{head}\n\n{tail}"
    assert values_of(built)["leaning_kl"](4, None) == 2
    assert flags_of(built) == {"split": "leaning_kl"}


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("def f(x):\n    y = x", "    return y", True),
        ("x = [1,", "2]", True),
        ("def f(x):\n    return x", "    print(f(1))", False),
        ("x = 1", "y = 2", False),
        ("x = (", "y = (", False),
        ("def f(x):\n    y = x", "z = 3", False),
        ("def f(x):\n    y = x", "", False),
        ("if x:\n    y = 1", "else:\n    y = 2", False),
    ],
)
def test_what_belongs_together(first, second, together):
    assert belongs_together(first, second) is together


def test_cells_in_another_order():
    notebook = work()
    notebook["cells"] = [*notebook["cells"][:4], *reversed(notebook["cells"][4:])]
    built = made(notebook)
    assert built.answers == {task: right(task) for task in TASKS}
    assert "order" in flags_of(built)
    assert [one.task for one in built.cells if one.task] == list(reversed(TASKS)), "run in the order of the student's"


def test_an_answer_that_was_improved_further_down_is_in_no_other_order():
    notebook = work(renyi_bound="def renyi_bound(log_weights, alpha):\n    return 0")
    notebook["cells"].append(cell(right("renyi_bound")))
    built = made(notebook)
    assert built.answers["renyi_bound"] == right("renyi_bound")
    assert set(flags_of(built)) == {"twice"}


def test_every_cell_twice():
    notebook = work()
    notebook["cells"] = [copy.deepcopy(one) for one in notebook["cells"] for _ in range(2)]
    built = made(notebook)
    assert built.answers == {task: right(task) for task in TASKS}
    assert set(flags_of(built)) == {"twice"}


# What the course gave.


@pytest.mark.parametrize("source", ["assert True", "check(leaning_kl, seed=7)", "check(leaning_kl)\nprint('mine')", ""])
def test_a_changed_check_is_the_references_again(source):
    notebook = work()
    notebook["cells"][place(notebook, "leaning_kl-check")]["source"] = source
    built = made(notebook)
    assert flags_of(built) == {"locked": "changed: leaning_kl"}
    assert source not in sources(built)


def test_a_deleted_check_is_there_again():
    notebook = work()
    del notebook["cells"][place(notebook, "leaning_kl-check")]
    built = made(notebook)
    assert flags_of(built) == {"locked": "deleted: leaning_kl"}
    marks = [mark(one) for one in built.notebook["cells"]]
    assert marks.index("leaning_kl") + 1 == marks.index("leaning_kl-check")


def test_an_answer_in_a_check_cell_is_not_lost():
    notebook = work(leaning_kl=None)
    notebook["cells"][place(notebook, "leaning_kl-check")]["source"] = f"{right('leaning_kl')}\n\ncheck(leaning_kl)"
    built = made(notebook)
    assert right("leaning_kl") in built.answers["leaning_kl"]
    assert set(flags_of(built)) == {"locked"}


def test_cells_that_ask_for_a_verdict_are_not_run():
    asks = "check(leaning_kl)\nhint(leaning_kl)\nprogress()"
    built = made(put(work(), "leaning_kl", asks, "hint('leaning_kl'); x = 3", "points = check(leaning_kl)"))
    assert asks not in sources(built)
    assert "pass; x = 3" in sources(built)
    assert "points = check(leaning_kl)" in sources(built)
    assert talks_only(asks)
    assert not talks_only("check(leaning_kl)\nx = 1")
    assert not talks_only("")


def test_the_set_up_is_the_references_and_what_was_added_to_it_is_kept():
    notebook = work()
    assert made(notebook).cells[0].source == IMPORTS
    notebook["cells"][1]["source"] += "\nimport numpy as np"
    built = made(notebook)
    assert built.cells[0].source.rstrip().endswith("import numpy as np")
    assert "vae_course.start" not in built.cells[0].source
    assert "np" in values_of(built)
    assert set(flags_of(built)) <= {"magics"}
    older = notebook["cells"][1]["source"].replace("0.1.0", "0.0.9")
    notebook["cells"][1]["source"] = older
    assert "start(" not in made(notebook).cells[0].source


def test_imports_that_were_deleted_are_run_and_imports_that_were_added_are_kept():
    notebook = work()
    del notebook["cells"][:4]
    built = made(notebook)
    assert "import torch" in built.cells[0].source
    assert flags_of(built) == {}
    added = work()
    added["cells"][3]["source"] += "\nimport numpy as np"
    built = made(added)
    assert sum("import torch" in one.source for one in built.cells) == 1
    assert "import numpy" in built.cells[0].source


def test_only_the_answers():
    built = made({"cells": [cell(right(task)) for task in TASKS], "metadata": {}})
    assert built.answers == {task: right(task) for task in TASKS}
    assert set(values_of(built)) >= {"torch", "math", *TASKS}
    assert set(flags_of(built)) == {"no metadata", "locked"}


# Words.


WORDS = "β is about 20.\n\n<b>So</b> the KL is zero."


@pytest.mark.parametrize("spoil", [lambda notebook: notebook, stripped, without_ids, lambda notebook: without_ids(stripped(notebook))])
def test_words_in_their_cell(spoil):
    notebook = work()
    notebook["cells"][place(notebook, "in-words")]["source"] = WORDS
    assert made(spoil(notebook)).written == {"in-words": WORDS}


@pytest.mark.parametrize("spoil", [lambda notebook: notebook, stripped, lambda notebook: without_ids(stripped(notebook))])
def test_words_in_a_new_cell_below_the_stub(spoil):
    notebook = put(work(), "in-words", cell("One.", "markdown"), cell("Two.", "raw"), "beta = 784 / 40", cell("Three.", "markdown"))
    built = made(spoil(notebook))
    assert built.written == {"in-words": "One.\n\nTwo.\n\nThree."}
    assert "beta = 784 / 40" in sources(built)
    assert WORDS_STUB not in [one["source"] for one in built.notebook["cells"]]


def test_words_that_go_on_in_a_cell_of_their_own():
    notebook = work()
    notebook["cells"][place(notebook, "in-words")]["source"] = "One."
    assert made(put(notebook, "in-words", cell("Two.", "markdown"))).written == {"in-words": "One.\n\nTwo."}


def test_words_that_are_there_twice_are_said_once():
    notebook = work()
    at = place(notebook, "in-words")
    notebook["cells"][at]["source"] = WORDS
    notebook["cells"].insert(at, copy.deepcopy(notebook["cells"][at]))
    assert made(notebook).written == {"in-words": WORDS}


def test_words_written_as_code_are_words_and_are_not_run():
    notebook = work()
    at = place(notebook, "in-words")
    notebook["cells"][at] |= {"cell_type": "code", "source": "β is 20", "outputs": [], "execution_count": None}
    built = made(notebook)
    assert built.written == {"in-words": "β is 20"}
    assert "β is 20" not in sources(built)


def test_pictures_in_words_are_kept():
    notebook = work()
    attached = {"a.png": {"image/png": "iVBORw0KGgo="}}
    notebook["cells"][place(notebook, "in-words")] |= {"source": "![a](attachment:a.png)", "attachments": attached}
    built = made(notebook)
    assert [one["attachments"] for one in built.notebook["cells"] if "attachments" in one] == [attached]


def test_notes_elsewhere_are_no_words():
    built = made(put(work(), "leaning_kl", cell("I wonder.", "markdown")))
    assert built.written == {}
    assert "I wonder." in [one["source"] for one in built.notebook["cells"]]


# IPython's lines.


@pytest.mark.parametrize(
    ("source", "python"),
    [
        ("%matplotlib inline\nx = 1", "pass  # %matplotlib inline\nx = 1"),
        ("!pip install einops", "pass  # !pip install einops"),
        ("pip install einops\nx = 1", "pass  # pip install einops\nx = 1"),
        ("if x:\n    !ls\n    y = 1", "if x:\n    pass  # !ls\n    y = 1"),
        ("if x:\n    %pip install a", "if x:\n    pass  # %pip install a"),
        ("!pip install a \\\n    b c\nx = 1", "pass  # !pip install a \\\n#     b c\nx = 1"),
        ("files = !ls *.py", "files = []  # !ls *.py"),
        ("a, b = !ls", "a, b = []  # !ls"),
        ("here = %pwd", "here = None  # %pwd"),
        ("%time answer = f(1)", "answer = f(1)"),
        ("%time f(\n    1)", "f(\n    1)"),
        ("%timeit f(1)", "pass  # %timeit f(1)"),
        ("%time -n 3 f(1)", "pass  # %time -n 3 f(1)"),
        ("torch.sum?", "pass  # torch.sum?"),
        ("?torch.sum", "pass  # ?torch.sum"),
        ("torch.sum??", "pass  # torch.sum??"),
        ("%%time\ndef f():\n    return 1", "# %%time\ndef f():\n    return 1"),
        ("\n%%capture out\n%matplotlib inline\nx = 1", "\n# %%capture out\npass  # %matplotlib inline\nx = 1"),
    ],
)
def test_lines_that_python_does_not_know(source, python):
    assert without_magics(source)[0] == python
    assert without_magics(source)[1]


@pytest.mark.parametrize("magic", ["bash", "html", "writefile helper.py", "javascript", "script false", "R", "latex"])
def test_a_cell_of_another_language_is_dropped_whole(magic):
    code, dropped = without_magics(f"%%{magic}\nrm -rf x\nimport this")
    assert ast.parse(code).body == []
    assert dropped == (f"%%{magic}",)


PYTHON = [
    'x = """\n%matplotlib inline\n!ls\nwhat?\n"""',
    "x = '''\n!a\n''' + \"\"\"\n%b\n\"\"\"",
    "x = (a\n% b)",
    "x = a \\\n% b",
    "x = [\n    '!ls',\n    '%time',\n]",
    "print('really?')  # why?",
    "# is it?\nx = 1",
    'x = "# not a comment?"\ny = x  # "',
    "x != y\nx = y != z",
    "x = 'a=!b'\nf(x='= %d' % 3)",
    "x %= 3",
    "def f():\n    '''What does it do?\n\n    %timeit is no magic here?\n    '''\n    return 1",
    "x = r'a\\'b' + '''\n!\n'''",
    's = \'it\\\'s\'\nt = """a\\"""\n%x\n"""',
    "f'''{x}\n!ls\n{'%d' % 3}'''",
    "x = {'a': 1,\n     'b':\n     2}\nassert x, '?'",
]


@pytest.mark.parametrize("source", PYTHON)
def test_what_python_understands_is_left_as_it_is(source):
    ast.parse(source)
    assert without_magics(source) == (source, ())


@given(
    st.lists(st.sampled_from([*PYTHON, "x = 1", "", "    ", "def f():\n    return '?'", "y = '%' '!'"]), max_size=6),
    st.sampled_from(["", "\n"]),
)
@settings(max_examples=200, deadline=None)
def test_any_python_is_left_as_it_is(parts, end):
    source = "\n".join(part if part.strip() else "" for part in parts) + end
    ast.parse(source)
    assert without_magics(source) == (source, ())


def test_every_source_of_the_course_is_left_as_it_is():
    paths = [*(ROOT / "vae_course").rglob("*.py"), *(ROOT / "tests" / "tasks").rglob("*.py")]
    assert len(paths) > 100
    for path in paths:
        source = path.read_text("utf-8")
        assert without_magics(source) == (source, ()), path


@given(st.text(alphabet="%!?x=('\"\\\n #\r[]", max_size=60))
@settings(max_examples=400, deadline=None)
def test_no_text_breaks_it_and_no_line_is_lost(source):
    code, dropped = without_magics(source)
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    # A cell of another language begins with an empty line more, and is all comments.
    assert code.count("\n") in (len(lines) - 1, len(lines))
    if not dropped:
        assert code == "\n".join(lines)


def test_magics_are_flagged_and_answers_below_them_count():
    built = made(put(work(leaning_kl=f"%%time\n{right('leaning_kl')}"), "leaning_kl", "%matplotlib inline\n!nvidia-smi"))
    assert right("leaning_kl") in built.answers["leaning_kl"]
    assert set(flags_of(built)) == {"magics"}
    assert "nvidia-smi" in flags_of(built)["magics"]
    assert callable(values_of(built)["leaning_kl"])


def test_a_cell_that_is_indented_as_a_whole():
    indented = "\n".join(f"    {line}" for line in right("leaning_kl").split("\n"))
    built = made(work(leaning_kl=indented))
    assert callable(values_of(built)["leaning_kl"])


def test_statements_are_taken_out_and_lines_beside_them_stay():
    source = "a = 'é'; drop(1); b = 2\ndrop(\n    2,\n)\nc = 3"
    kept = without_statements(source, lambda one: ast.unparse(one).startswith("drop("))
    assert kept == "a = 'é'; pass; b = 2\npass\nc = 3"


# What must hold for any notebook.


def test_flags_of_the_submission_come_first():
    submission = Submission("ada", ELBO, Path("x"), flags=(flag("renamed", "x.ipynb"),))
    built = made(stripped(work()), submission=submission)
    assert [one.name for one in built.flags] == ["renamed", "no metadata"]


def test_what_is_no_notebook_is_said_once():
    submission = Submission("ada", ELBO, Path("x"), flags=(flag("not a notebook", "it is a link"),))
    built = made(b"", submission=submission)
    assert [(one.name, one.detail) for one in built.flags] == [("not a notebook", "it is a link")]


ALL = work()["cells"]
OWN = [cell("x = 1"), cell("# note"), cell("also = leaning_kl"), cell("mine", "markdown"), cell(WRONG), cell("(((")]


@given(st.lists(st.integers(0, len(ALL) + len(OWN) - 1), max_size=40), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_whatever_was_deleted_doubled_and_moved(order, keep_marks, keep_ids):
    cells = copy.deepcopy([(ALL + OWN)[number] for number in order])
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    if not keep_marks:
        stripped(notebook)
    if not keep_ids:
        without_ids(notebook)
    built = made(notebook)
    told = "\n".join(sources(built))
    for task in TASKS:
        there = [one["source"] for one in cells if one["cell_type"] == "code" and f"def {task}(" in one["source"]]
        assert (task in built.answers) is bool(there)
        if there:
            assert built.answers[task] == there[-1]
            assert told.rindex(f"def {task}(") == told.rindex(there[-1].split("\n")[0]), "the last one is run last"
    for own in ("x = 1", "also = leaning_kl", "((("):
        assert sources(built).count(own) == sum(one["source"] == own for one in cells)
    shown = [one["source"] for one in built.notebook["cells"]]
    for one in cells:
        if one["source"] == "mine":
            assert "mine" in "\n".join(shown)


@pytest.mark.parametrize(
    "source",
    [
        "(" * 50_000,
        "a" + ".b" * 40_000,
        "1" + "+1" * 40_000,
        "-" * 90_000 + "1",
        "f" + "()" * 40_000,
        "lambda:" * 9000 + "1",
        "leaning_kl = " + "getattr(" * 60 + "vae_course" + ", 'x')" * 60,
        "\n".join(f"a{n} = a{n - 1} or a{n - 2} or a{n - 3}" for n in range(3, 1500)) + "\ndef leaning_kl(mu, s):\n    return a1499",
        "'''" * 30_000,
        "%" * 90_000,
        "\\\n" * 40_000,
        "x = '\\ud800'",
        "if 1:\n pass\n" + "elif 1:\n pass\n" * 5000,
    ],
    ids=range(13),
)
def test_no_source_is_too_much(source):
    made(put(work(), "leaning_kl", source))
    made(work(leaning_kl=source))
