"""Marks: the same as `check` gives in the notebook on the same answers, in words that give nothing away."""

import os
import re
from dataclasses import replace

import pytest
import torch

from tests.tasks.foreign_answers import FOREIGN_ANSWERS
from vae_course.grading import marking, private
from vae_course.grading.marking import marks_of, short_name, verdict_on_outputs
from vae_course.grading.records import Cell, GradingError, Ran, Rebuilt
from vae_course.grading.running import run_answers, seed_for
from vae_course.tasks import verdict_on
from vae_course.tasks.engine import Output, Trouble
from vae_course.tasks.engine.calling import call
from vae_course.tasks.engine.judging import all_probes
from vae_course.tasks.engine.registry import every_name, find
from vae_course.tasks.engine.session import session_kept
from vae_course.tasks.engine.slips import changed

from .walled import IMPORTS, SEED, SHORT, graded, handed_in, reference, right, slipped, stranger, strangers_tools, wall

HEAD = "def gaussian_kl(mu, log_var):\n    "
NUMBER = re.compile(r"\d+\.\d{3,}")


def graded_together(answers, *helpers):
    """All in one submission, which may take its time."""
    asked, rebuilt = reference(*answers), handed_in(answers, "import torch.nn.functional as F", *helpers)
    patient = replace(wall(), limits=replace(SHORT, run=600.0, cell=30.0))
    ran = run_answers(rebuilt, asked, patient, seed=SEED)
    return ran, {mark.task: mark for mark in marks_of(asked, rebuilt, ran, seed=SEED)}, seed_for(SEED, asked.exercise)


def compare(marks, functions, seed):
    """That each mark is the verdict which the notebook gives on the same function."""
    for name, function in functions.items():
        task, mark = find(name), marks[name]
        verdict = verdict_on(task, function, seed=seed)
        assert mark.kind == verdict.kind, (name, mark, verdict)
        assert mark.points == (1.0 if verdict.passed else 0.0)
        assert mark.hints == verdict.hints, name
        assert mark.mistakes == tuple(short_name(task, one) for one in verdict.mistakes)


def test_a_slip_of_each_task_is_named_as_in_the_notebook():
    slips = {name: find(name).slips[len(name) % len(find(name).slips)] for name in every_name() if find(name).slips}
    # an answer that another one calls stays right
    called = {name for name in slips if any(f"{name}(" in right(other) for other in slips if other != name)}
    slips = {name: slip for name, slip in slips.items() if name not in called}
    ran, marks, seed = graded_together(
        {name: right(name) for name in called} | {name: slipped(find(name), slip) for name, slip in slips.items()}
    )
    assert not ran.flags
    assert len(called) < 5
    compare(marks, {name: changed(find(name).answer, slip) for name, slip in slips.items()}, seed)
    assert sum(bool(mark.mistakes) for mark in marks.values()) > 0.9 * len(slips)


def test_a_strangers_answer_of_each_task_is_judged_as_in_the_notebook():
    by_themselves = [(task, function) for task, _, function in FOREIGN_ANSWERS if function.__closure__ is None]
    first, last = dict(reversed(by_themselves)), dict(by_themselves)
    assert len(first) > 20
    for functions in (first, last):
        _, marks, seed = graded_together({task: stranger(task, function) for task, function in functions.items()}, strangers_tools())
        compare(marks, functions, seed)


@pytest.mark.parametrize(
    "source",
    [
        HEAD + "return -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1) + 0.1 * torch.rand(())",
        HEAD + "return -0.5 * (1 + log_var - mu**2 - log_var.exp()).detach().sum(-1)",
        HEAD + "return -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1).double()",
        HEAD + "return mu.new_tensor(3.0)",
        HEAD + "return -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum()",
        HEAD + "mu.mul_(0)\n    return -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1)",
        "def gaussian_kl(mu):\n    return mu",
        HEAD + "if mu.dtype == torch.float64:\n        raise ValueError\n    return -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1)",
    ],
)
def test_any_answer_is_judged_as_in_the_notebook(source):
    room = {"torch": torch}
    exec(source, room)
    _, marks, seed = graded_together({"gaussian_kl": source})
    compare(marks, {"gaussian_kl": room["gaussian_kl"]}, seed)


def judged(name, function):
    """The mark on what a function gives, without a wall."""
    task, asked = find(name), reference(name)
    probes = all_probes(task, seed_for(SEED, asked.exercise))
    with session_kept():
        outputs = call(task, function, probes)
    return one_mark(name, outputs)


def one_mark(name, outputs):
    (mark,) = marks_of(reference(name), handed_in({name: ""}), Ran({name: outputs}), seed=SEED)
    return mark


def test_an_answer_that_is_not_there_is_missing():
    (mark,) = marks_of(reference("gaussian_kl"), Rebuilt({}, (), {}, {}), Ran({}), seed=SEED)
    assert (mark.kind, mark.points, mark.out_of) == ("missing", 0.0, 1.0)


@pytest.mark.parametrize("name", every_name())
def test_a_student_reads_no_hidden_input(name):
    """Slips are told by their questions, and broken identities by what they say, without the numbers on which they broke."""
    task = find(name)
    for mistake in task.mistakes[::4]:
        mark = judged(name, mistake.function)
        assert mark.points == 0
        assert not NUMBER.search(mark.words), mark.words
        assert "expected: tensor" not in mark.words
        assert mark.kind != "identity" or "\n" not in mark.words  # below the identity stand what was expected and what was got
        assert mark.words


def test_an_error_that_tells_the_input_is_told_without_it():
    def gaussian_kl(mu, log_var):
        raise ValueError(f"{mu.tolist()} {mu[0]} {mu.sum().item()} {hash(mu)} {mu.shape} of 3")

    mark = judged("gaussian_kl", gaussian_kl)
    assert mark.kind == "raised"
    assert mark.words.startswith("Your answer raised an error: ValueError: ")
    assert "(\\d" not in mark.words
    assert not re.search(r"\d\.\d|\d{5}", mark.words)
    assert "Traceback" not in mark.words
    assert "in the line" not in mark.words


def test_the_truth_about_a_case_is_not_told():
    mark = judged("diagnose", lambda reconstruction, kl: "healthy")
    assert mark.kind == "identity"
    assert not [word for word in ("collapsed", "diverged", "sigmoid", "unscaled") if word in mark.words]


@pytest.mark.parametrize("kind", ["unwritten", "slow", "raised", "unusable"])
def test_each_trouble_has_words_of_the_graders_own(kind):
    mark = one_mark("gaussian_kl", [Output(trouble=Trouble(kind, "words from inside", "Error: from inside"))])
    assert mark.kind == kind
    assert mark.points == 0
    assert kind == "unusable" or "words from inside" not in mark.words


ODD = [
    torch.zeros(200_000, 1, 1),
    torch.zeros(0),
    torch.zeros((), dtype=torch.complex64),
    "z",
    None,
    {"a": [torch.ones(3)]},
    [1, 2],
    torch.full((7,), torch.nan),
    10**400,
    True,
]


# Claims have few forms, so that every third task meets most of them. VAE_COURSE_EVERY_PAGE=1 takes every one.
@pytest.mark.parametrize("name", every_name() if "VAE_COURSE_EVERY_PAGE" in os.environ else every_name()[::3])
def test_no_claim_of_any_form_brings_the_grader_down(name, monkeypatch):
    """Each value of what the right answer gives, replaced by something odd: the mark is none, and nothing is raised."""
    monkeypatch.setattr(marking, "SECONDS_TO_RECOGNISE", 0.02)  # what it is called does not matter here
    task = find(name)
    probes = all_probes(task, seed_for(SEED, "04-the-elbo"))
    with session_kept():
        outputs = call(task, task.answer, probes)
    for odd in ODD:
        for key in outputs[0].values.keys() - {"gradients", "changed in place", "gradient trouble"}:
            forged = [Output(output.values | {key: odd}) for output in outputs]
            assert one_mark(name, forged).points == 0 or key != "result"
    assert one_mark(name, [Output({})] * len(outputs)).points == 0
    assert one_mark(name, outputs[:1]).points == 0 or len(outputs) == 1


def test_memory_for_judging_is_bounded():
    """A broadcast of two calls' results, whose table would take the machine's memory, is an answer that could not be used."""
    task = find("correlated_draw")
    probes = all_probes(task, 3)
    with session_kept():
        outputs = call(task, task.answer, probes)
    forged = [Output(output.values | {"again": torch.zeros(400_000, 1, 1), "and_again": torch.zeros(400_000, 1, 1)}) for output in outputs]
    verdict = verdict_on_outputs(task, probes, forged)
    assert not verdict.passed
    assert "could not be used" in verdict.words


def test_names_of_mistakes_are_short_and_their_own():
    names = [short_name(find(name), mistake) for name in every_name() for mistake in find(name).mistakes]
    assert all(len(name) <= 100 and re.match(r"\w+ [1-9]\d*: \S", name) for name in names)
    hints = {(name, mistake.hint) for name in every_name() for mistake in find(name).mistakes}
    assert len(set(names)) == len(hints)


@pytest.fixture
def folder(tmp_path):
    """A folder of private probes, from what is to stand in its one file."""

    def make(text: str, name: str = "gaussian_kl"):
        (tmp_path / f"{name}.py").write_text(text)
        return tmp_path

    return make


GOOD = "import torch\n\ndef probes(seed):\n    return [{'mu': torch.full((2, 3), 1.5), 'log_var': torch.zeros(2, 3)}]\n"


def test_private_probes_are_judged_by_the_tasks_claims(folder):
    learnt = HEAD + "kl = -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1)\n    return kl + 1 if (mu == 1.5).all() else kl"
    added = folder(GOOD)
    assert private.check_private(added, seed=1) == ("gaussian_kl",)
    assert graded({"gaussian_kl": learnt})[1]["gaussian_kl"].kind == "passed"
    mark = graded({"gaussian_kl": learnt}, private=added)[1]["gaussian_kl"]
    assert mark.kind == "identity"
    assert private.NOTE in mark.words
    assert graded({"gaussian_kl": right("gaussian_kl")}, private=added)[1]["gaussian_kl"].kind == "passed"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nowhere_at_all", "ModuleNotFoundError"),
        ("def probes(seed", "SyntaxError"),
        ("raise SystemExit", "SystemExit"),
        ("x = 3", "no function probes"),
        ("def probes():\n    return []", "TypeError"),
        ("def probes(seed):\n    return 1 / 0", "ZeroDivisionError"),
        ("def probes(seed):\n    return []", "not empty"),
        ("def probes(seed):\n    return {'mu': 1}", "list of dictionaries"),
        ("def probes(seed):\n    return [{'mu': 1}]", "expected mu, log_var"),
        ("def probes(seed):\n    return [{'mu': object(), 'log_var': 1}]", "no plain value"),
        ("def probes(seed):\n    return [{'mu': 'a', 'log_var': 'b'}]", "the right answer does not pass"),
    ],
)
def test_private_probes_that_are_broken_stop_before_anything_is_graded(folder, text, words):
    with pytest.raises(GradingError, match=words):
        private.check_private(folder(text), seed=1)


def test_private_probes_for_no_task_are_an_error(folder, tmp_path):
    with pytest.raises(GradingError, match="no task 'gaussian_kj'"):
        private.check_private(folder(GOOD, "gaussian_kj"), seed=1)
    with pytest.raises(GradingError, match="There is no folder"):
        private.check_private(tmp_path / "nowhere", seed=1)
    (tmp_path / "empty").mkdir()
    with pytest.raises(GradingError, match="There are no private probes"):
        private.check_private(tmp_path / "empty", seed=1)


def test_an_answer_in_one_cell_with_its_helper_is_judged_like_any():
    source = "def squared(x):\n    return x * x\n\n" + right("gaussian_kl").replace("mu**2", "squared(mu)")
    rebuilt = Rebuilt({}, (IMPORTS, Cell(source, "gaussian_kl")), {"gaussian_kl": source}, {})
    ran = run_answers(rebuilt, reference("gaussian_kl"), wall(), seed=SEED)
    (mark,) = marks_of(reference("gaussian_kl"), rebuilt, ran, seed=SEED)
    assert mark.points == 1
