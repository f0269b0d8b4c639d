"""The kit: what goes behind the wall gives the same as the course's own tasks, and holds no answer."""

import ast
from dataclasses import replace

import pytest
import torch

from vae_course.grading import kit
from vae_course.grading.records import Cell, Rebuilt
from vae_course.grading.running import run_answers, seed_for
from vae_course.grading.shaking import Shaken
from vae_course.tasks.engine.calling import call
from vae_course.tasks.engine.judging import all_probes
from vae_course.tasks.engine.registry import TOPICS, every_name, find, names_of
from vae_course.tasks.engine.session import session_kept, silence

from .walled import IMPORTS, SEED, lines_of, reference, right, wall

# Lines that say nothing of an answer, wherever they stand.
TRIVIAL = 28
SOURCES = kit.sources()


def same(ours, theirs) -> bool:
    """Whether two plain values are the same to the last bit."""
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, torch.Tensor):
        return ours.dtype == theirs.dtype and ours.shape == theirs.shape and torch.equal(ours.nan_to_num(7.25), theirs.nan_to_num(7.25))
    if isinstance(ours, dict):
        return list(ours) == list(theirs) and all(same(ours[name], theirs[name]) for name in ours)
    if isinstance(ours, (list, tuple)):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs or (ours != ours and theirs != theirs)


@pytest.mark.parametrize("topic", TOPICS)
def test_an_answer_gives_behind_the_wall_what_it_gives_outside(topic):
    asked = reference(*names_of(topic))
    cells = (IMPORTS, Cell("import torch.nn.functional as F"), *(Cell(right(name), name) for name in names_of(topic)))
    ran = run_answers(Rebuilt({}, cells, {}, {}), asked, wall(), seed=SEED)
    assert not ran.flags
    seed = seed_for(SEED, asked.exercise)
    for name in names_of(topic):
        task = find(name)
        probes = all_probes(task, seed)
        with session_kept(), silence():
            outside = call(task, task.answer, probes)
            if not task.random:
                outside += call(task, task.answer, [replace(probes[0], seed=probes[0].seed + 1)])
        assert len(outside) == len(ran.outputs[name]) == len(probes) + (not task.random)
        for here, there in zip(outside, ran.outputs[name], strict=True):
            assert here.trouble is None
            assert there.trouble is None, there.trouble
            assert same(here.values, there.values), name


@pytest.mark.parametrize("name", every_name())
def test_no_line_of_a_right_answer_is_in_the_kit(name):
    telling = {line for line in lines_of(right(name)) if len(line) > TRIVIAL}
    inside = {line.strip() for source in SOURCES.values() for line in source.splitlines()}
    assert not telling & inside


def test_the_rule_of_lines_would_find_an_answer():
    source = right("gaussian_kl")
    inside = {line.strip() for line in ast.unparse(ast.parse(source)).splitlines()}
    assert {line for line in lines_of(source) if len(line) > TRIVIAL} & inside


@pytest.mark.parametrize("name", every_name())
def test_no_question_hint_claim_or_probe_is_in_the_kit(name):
    task, everything = find(name), "\n".join(SOURCES.values())
    said = [*task.hints, *(mistake.hint for mistake in task.mistakes), task.contract]
    assert not [words for words in said if words in everything]
    assert f"def {name}(" not in everything
    assert not [word for word in ("def claims", "Claim(", "Mistake", "slip(", "probes_from", "verdict") if word in everything]


def test_what_only_the_claims_look_at_stays_outside():
    for name in ("diagnose", "diagnose_game", "diagnose_detector", "diagnose_run"):
        task = find(name)
        for probe in all_probes(task, 3):
            inside = kit.without_answers(task, probe)
            assert isinstance(probe.arguments["truth"], str)
            assert inside.arguments["truth"] is None
            assert probe.arguments["truth"] not in str(inside.arguments)
            assert inside.note == ""


def test_every_argument_that_is_used_goes_inside():
    kept = [
        name
        for name in every_name()
        if all(v is not None for v in kit.without_answers(find(name), find(name).probes(0)[0]).arguments.values())
    ]
    assert set(every_name()) - set(kept) == {"diagnose", "diagnose_game", "diagnose_detector", "diagnose_run"}


@pytest.fixture
def package(tmp_path):
    """A small package: what is run, beside an answer that must not come along."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "deep" / "__init__.py").write_text("from .tools import hammer, saw\nfrom ..answers import secret\n")
    (tmp_path / "answers.py").write_text('"""The answers."""\nsecret = 42\n')
    tools = """
from __future__ import annotations
import math, os as system
from ..answers import secret
WEIGHT, EDGE = 2, 3

def hammer(x: secret):
    'Hit. secret'
    saw = WEIGHT
    return math.sqrt(saw) * x

def saw(x):
    return secret + EDGE
"""
    (tmp_path / "deep" / "tools.py").write_text(tools)
    (tmp_path / "job.py").write_text("from .deep import hammer, saw\nfrom .answers import secret\nPROBES = [secret]\n")
    return tmp_path


def test_only_what_is_reached_comes_along(package):
    shaken = Shaken(package)
    shaken.add("job", "run", ast.parse("lambda function, x: hammer(function(x))", mode="eval").body)
    found = {str(path): source for path, source in shaken.files()}
    assert set(found) == {"job.py", "deep/__init__.py", "deep/tools.py"}
    assert "secret = 42" not in "".join(found.values())  # an annotation, a docstring and a local name reach nothing
    assert "import secret" not in "".join(found.values())
    assert "def saw" not in found["deep/tools.py"]
    assert "import math\n" in found["deep/tools.py"]
    assert "WEIGHT, EDGE = (2, 3)" in found["deep/tools.py"]


def test_a_name_that_is_nowhere_is_an_error(package):
    with pytest.raises(KeyError, match="hamer"):
        Shaken(package).need("deep.tools", ["hamer"])
