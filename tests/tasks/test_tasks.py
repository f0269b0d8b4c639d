"""Every task: right answers pass however they are written, known mistakes get their own hint, others get none."""

import inspect

import pytest
import torch

from vae_course.tasks import Claim, chapter_names, tasks_of
from vae_course.tasks.judging import judge
from vae_course.tasks.talk import verdict_on

from .answers import SEEDS, TASKS, VARIANTS

MISTAKES = [pytest.param(task, mistake, id=f"{task.name}-{i}") for task in TASKS for i, mistake in enumerate(task.mistakes)]
RIGHT = [pytest.param(task, answer, id=f"{task.name}-{answer.__name__}") for task in TASKS for answer in VARIANTS[task.name]]
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)


@pytest.mark.parametrize(("task", "answer"), RIGHT)
def test_right_answers_pass_however_they_are_written(task, answer):
    for seed in SEEDS:
        verdict = verdict_on(task, answer, seed=seed)
        assert verdict.passed, verdict.words


@pytest.mark.parametrize(("task", "mistake"), MISTAKES)
def test_known_mistakes_get_their_own_hint(task, mistake):
    for seed in SEEDS:
        verdict = verdict_on(task, mistake.function, seed=seed)
        assert not verdict.passed
        assert verdict.mistake is mistake, f"seed {seed}: {verdict.words} — recognised as: {verdict.mistake and verdict.mistake.hint}"


@each_task
def test_each_task_knows_enough(task):
    assert len(task.mistakes) >= 4
    assert len(VARIANTS[task.name]) >= 3
    assert len(task.hints) >= 2
    assert len({mistake.hint for mistake in task.mistakes}) == len(task.mistakes)
    function = task.name.partition(".")[2]
    assert task.contract.startswith(f"{function}(")
    assert task.name.startswith(tuple(f"{chapter}." for chapter in chapter_names()))


@each_task
def test_a_stub_is_met_with_a_sentence(task):
    def stub(*arguments):
        raise NotImplementedError()

    verdict = verdict_on(task, stub)
    assert not verdict.passed
    assert verdict.kind == "unwritten"
    assert verdict.words.endswith(".")
    assert verdict.mistake is None


# Wrong in ways that no person would be: what is returned is turned into something else of the same kind.


def _elementwise(change):
    def changed(value, generator):
        if isinstance(value, torch.Tensor) and value.is_floating_point():
            return change(value, generator)
        if isinstance(value, float):
            return change(torch.tensor(value, dtype=torch.float64), generator).item()
        if isinstance(value, tuple):
            return tuple(changed(element, generator) for element in value)
        return "something else" if isinstance(value, str) else value

    return changed


def _noise(value, generator):
    return torch.randn(value.shape, generator=generator, dtype=torch.float64).to(value.dtype)


RANDOM_WRONGS = {
    "stretched": _elementwise(lambda value, generator: 1.371 * value),
    "shifted": _elementwise(lambda value, generator: value + 0.2718),
    "noisy": _elementwise(lambda value, generator: value + 0.1 * _noise(value, generator)),
    "random": _elementwise(_noise),
    "constant": _elementwise(lambda value, generator: torch.full_like(value, 0.123)),
    "warped": _elementwise(lambda value, generator: value + 0.3 * torch.sin(3 * value + 0.5)),
    "nan": _elementwise(lambda value, generator: torch.full_like(value, float("nan"))),
}


@pytest.mark.parametrize("how", RANDOM_WRONGS)
@each_task
def test_a_wrong_answer_that_nobody_knows_gets_no_hint_of_another(task, how):
    right = VARIANTS[task.name][0]
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)

        def wrong(*arguments, generator=generator):
            return RANDOM_WRONGS[how](right(*arguments), generator)

        verdict = verdict_on(task, wrong, seed=seed)
        assert not verdict.passed, f"{how} passes on seed {seed}"
        assert verdict.mistake is None, verdict.mistake.hint
        assert verdict.kind in ("identity", "contract")
        assert "expected" in verdict.words
        assert "got" in verdict.words


@each_task
def test_a_wrong_type_is_met_with_the_contract(task):
    for nonsense in (None, "seven", [1, 2], {"a": 1}, object(), torch.zeros(2, 9, 1), torch.zeros(3, dtype=torch.int64)):
        verdict = verdict_on(task, lambda *arguments, nonsense=nonsense: nonsense)
        assert not verdict.passed
        assert verdict.kind in ("contract", "identity", "unusable"), verdict
        assert verdict.words


def _flat(value):
    """All numbers and strings of an argument, in order."""
    if isinstance(value, (tuple, list)):
        return [part for element in value for part in _flat(element)]
    return value.nan_to_num(nan=-1.5).flatten().tolist() if isinstance(value, torch.Tensor) else [value]


@each_task
def test_probes_come_from_their_seed_alone(task):
    def drawn(seed):
        return repr([_flat(value) for probe in task.probes(seed) for value in probe.arguments.values()])

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


@each_task
def test_probes_and_outputs_are_plain_data(task):
    from vae_course.tasks.calling import call

    def plain(value):
        if isinstance(value, (tuple, list)):
            return all(map(plain, value))
        return value is None or type(value) in (int, float, bool, str) or (type(value) is torch.Tensor and not value.requires_grad)

    probes = task.probes(0)
    assert all(plain(value) for probe in probes for value in probe.arguments.values())
    outputs = call(task, VARIANTS[task.name][0], probes)
    assert all(plain(value) for output in outputs for value in output.values.values())
    assert judge(task, probes, outputs).passed


@each_task
def test_every_claim_is_a_statement_that_was_tried(task):
    """No claim may be vacuous: each value claim names an identity and compares with a finite or textual expectation."""
    from vae_course.tasks.calling import call

    probes = task.probes(0)
    for probe, output in zip(probes, call(task, VARIANTS[task.name][0], probes), strict=True):
        claims = list(task.claims(output.values, **probe.arguments))
        assert any(not claim.contract for claim in claims)
        assert all(isinstance(claim, Claim) and claim.identity for claim in claims)


@each_task
def test_the_arguments_of_an_answer_are_its_own(task):
    """In-place work on the arguments of one call must not be seen by the next, nor by the judge."""
    right = VARIANTS[task.name][0]

    def untidy(*arguments):
        result = right(*arguments)
        if isinstance(result, torch.Tensor) and not result.requires_grad:
            result = result.clone()
            for value in arguments:
                if isinstance(value, torch.Tensor):
                    value.zero_()
        return result

    assert verdict_on(task, untidy).passed


def test_every_module_of_tasks_has_tests():
    for chapter in chapter_names():
        assert {task.name for task in tasks_of(chapter)} == {name for name in VARIANTS if name.startswith(chapter)}
        assert all(inspect.isfunction(answer) for task in tasks_of(chapter) for answer in VARIANTS[task.name])
