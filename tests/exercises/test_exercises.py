"""solutions/ and exercises/ belong together: one is made from the other, one passes, the other fails with a sentence."""

import os
import re

import nbformat
import pytest

from tests.notebooks import warm
from tests.notebooks.project import ROOT, badge
from vae_course.tasks import find, verdict_on
from vae_course.tasks.engine.registry import every_name
from vae_course.tasks.engine.slips import contract_of

pytest.importorskip("nbgrader", reason="exercises are made by nbgrader, of the 'grading' extra")
from nbgrader import utils  # noqa: E402

from .generate import answer_cell, asked_in, exercise_from, solution_from, sources, target_of  # noqa: E402

SOLUTIONS = [pytest.param(path, id=path.stem) for path in sources()]
each_pair = pytest.mark.parametrize("solution", SOLUTIONS)
# What takes seconds a pair, and asks of each the same: of all where every page is wanted, and of every seventh elsewhere.
some_pairs = pytest.mark.parametrize("solution", SOLUTIONS if "VAE_COURSE_EVERY_PAGE" in os.environ else SOLUTIONS[::7])
SEEDS = range(5)


def cells_of(path, kind=None):
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if kind is None or kind(cell)]


def tasks_in(path):
    return [find(name) for name in asked_in(nbformat.read(path, as_version=4))]


def functions_of(path):
    """What the answer cells of a notebook define, with the imports that they rest on."""
    room = {}
    for cell in cells_of(path, lambda cell: cell.cell_type == "code"):
        if utils.is_solution(cell) or cell.source.startswith(("import torch", "import math")):
            exec(compile(cell.source, f"<{path.stem}>", "exec"), room)
    return room


@each_pair
def test_the_exercise_is_what_the_solution_gives(solution):
    assert target_of(solution).read_bytes() == exercise_from(solution).encode(), "run: make exercises"


@each_pair
def test_the_solutions_answers_are_the_tasks_own(solution):
    assert solution.read_bytes() == solution_from(solution).encode(), "run: make exercises"
    for cell in cells_of(solution, lambda cell: cell.cell_type == "code" and utils.is_solution(cell)):
        assert cell.source == answer_cell(cell.metadata.nbgrader.grade_id)


def test_no_exercise_is_without_its_solution():
    assert {path.name for path in (ROOT / "exercises").glob("*.ipynb")} == {path.name for path in sources()}


@each_pair
def test_the_exercise_holds_no_answer(solution):
    text = target_of(solution).read_text("utf-8")
    assert "BEGIN SOLUTION" not in text
    assert "END SOLUTION" not in text
    for answer, cleared in zip(cells_of(solution), cells_of(target_of(solution)), strict=True):
        assert cleared.get("outputs", []) == []
        if utils.is_solution(answer):
            assert "raise NotImplementedError()" in cleared.source or "YOUR ANSWER HERE" in cleared.source
            assert cleared.source != answer.source


@each_pair
def test_each_exercise_asks_for_ten_points(solution):
    graded = cells_of(solution, utils.is_grade)
    assert sum(cell.metadata.nbgrader.points for cell in graded) == 10
    assert asked_in(nbformat.read(solution, as_version=4)) == {task.name: task.points for task in tasks_in(solution)}
    assert 4 <= len(tasks_in(solution)) <= 6
    written = [cell for cell in graded if cell.cell_type == "markdown"]
    assert len(written) == 1
    assert "*Rubric.*" in written[0].source


def test_every_task_is_asked_in_one_exercise_or_warms_up_in_one():
    asked = [name for solution in sources() for name in asked_in(nbformat.read(solution, as_version=4))]
    assert len(set(asked)) == len(asked)
    texts = {solution: "\n".join(cell.source for cell in cells_of(solution) if "**Warm up" in cell.source) for solution in sources()}
    for name in set(every_name()) - set(asked):
        assert find(name).points == 0, name
        assert sum(f"`{name}(" in text for text in texts.values()) == 1, name


@each_pair
def test_the_graders_metadata_is_whole(solution):
    for path in (solution, target_of(solution)):
        marked = cells_of(path, lambda cell: "nbgrader" in cell.metadata)
        names = [cell.metadata.nbgrader.grade_id for cell in marked]
        assert len(set(names)) == len(names)
        assert all(cell.metadata.nbgrader.schema_version == 3 for cell in marked)
    for cell in cells_of(target_of(solution), lambda cell: utils.is_grade(cell) or utils.is_solution(cell)):
        assert cell.metadata.nbgrader.checksum == utils.compute_checksum(cell)
        assert cell.metadata.deletable is False
        assert utils.is_solution(cell) or cell.metadata.editable is False


@each_pair
def test_the_exercise_opens_on_colab_and_says_how_to_hand_in(solution):
    cells = cells_of(target_of(solution))
    assert badge(f"exercises/{solution.name}") in cells[0].source
    if (ROOT / "notebooks" / solution.name).exists():
        assert f"(../notebooks/{solution.name})" in cells[0].source
    assert "solutions/" not in cells[0].source
    assert cells[-1].source.startswith("## Handing in")


@each_pair
def test_every_solution_passes_and_every_stub_fails_with_a_sentence(solution):
    answers, stubs = functions_of(solution), functions_of(target_of(solution))
    for task in tasks_in(solution):
        assert all(verdict_on(task, answers[task.name], seed=seed).passed for seed in SEEDS)
        verdict = verdict_on(task, stubs[task.name])
        assert verdict.kind == "unwritten"
        assert re.fullmatch(r"[A-Z].*\.", verdict.words)


@each_pair
def test_the_stub_says_what_the_contract_says(solution):
    stubs = functions_of(target_of(solution))
    for task in tasks_in(solution):
        assert contract_of(stubs[task.name]) == task.contract


@some_pairs
def test_nbgraders_own_validation_agrees(solution, monkeypatch):
    from nbgrader.validator import Validator

    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    warm.fork_kernels(monkeypatch.setattr)
    validator = Validator()
    assert "failed" not in validator.validate(str(solution))
    failed = Validator().validate(str(target_of(solution)))["failed"]
    assert len(failed) == len(tasks_in(solution)) + 1, "each check, and the question that nobody answered"
