"""Every task: right answers pass however they are written, slips get their own question, one or two at a time, others get none."""

import ast
from dataclasses import replace
from itertools import islice

import pytest
import torch

from vae_course.tasks import Claim, verdict_on
from vae_course.tasks.engine.calling import call, gradients_of, one_call
from vae_course.tasks.engine.claims import doubled
from vae_course.tasks.engine.judging import _same, all_probes, claims_on, judge
from vae_course.tasks.engine.registry import TOPICS, every_name, find, names_of, title_of
from vae_course.tasks.engine.slips import changed, pairs, source_of

from .answers import RIGHT_ANSWERS, SEEDS, TASKS

MISTAKES = [pytest.param(task, mistake, id=f"{task.name}-{i}") for task in TASKS for i, mistake in enumerate(task.mistakes)]
RIGHT = [
    pytest.param(task, answer, id=f"{task.name}-{i}-{answer.__name__}")
    for task in TASKS
    for i, answer in enumerate(RIGHT_ANSWERS[task.name])
]
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
# Of an open task there are no inputs and no one right table: see test_reports.
closed = pytest.mark.parametrize("task", [task for task in TASKS if not task.open], ids=lambda task: task.name)
sure = pytest.mark.parametrize("task", [task for task in TASKS if not task.random], ids=lambda task: task.name)


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
        assert verdict.mistake is not None, verdict.words
        assert verdict.mistake.hint == mistake.hint, f"seed {seed}: {verdict.words} — recognised as: {verdict.hints}"


@sure
def test_a_slip_is_what_it_says_where_it_stands(task):
    """An expression put in another's place must not be torn apart by what stands beside it: in brackets it gives the same."""
    if task.open:
        return
    source, first = source_of(task.answer), task.probes(0)[0]
    for one in task.slips:
        changes = [
            (old, f"({new})" if "\n" not in new and _is_expression(old, source) and _is_expression(new) else new)
            for old, new in one.changes
        ]
        if tuple(changes) != one.changes:
            torn, whole = (one_call(task, changed(task.answer, each), first) for each in (one, replace(one, changes=tuple(changes))))
            assert _same(task, first, torn, whole), (one.changes, torn.trouble, whole.trouble)


def _is_expression(text, source=""):
    """Whether a text is one expression, and stands in the source as a whole one."""
    try:
        alone = ast.dump(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError:
        return False
    return not source or any(ast.dump(node) == alone for node in ast.walk(ast.parse(source)) if isinstance(node, ast.expr))


@sure
def test_two_slips_at_once_get_both_questions(task):
    """A sample of the pairs that are wrong: of at least four in five both are named, or those that give the same outputs."""
    made = list(pairs(task.answer, task.slips))
    wrong = named = 0
    for one, other in islice(made, 0, None, max(1, len(made) // 12)):
        verdict = verdict_on(task, changed(task.answer, one, other))
        if not verdict.passed:
            wrong += 1
            named += bool(verdict.mistakes)
    assert named >= 0.8 * wrong


@each_task
def test_each_task_knows_enough(task):
    assert len(task.mistakes) >= 4
    assert len(RIGHT_ANSWERS[task.name]) >= 3
    assert len(task.hints) >= 2
    assert len({mistake.hint for mistake in task.mistakes}) >= 4
    assert task.contract.startswith(f"{task.name}(")
    assert all(hint.strip() == hint and hint for hint in (*task.hints, *(mistake.hint for mistake in task.mistakes)))


@each_task
def test_no_hint_holds_the_line_to_type(task):
    lines = [line.strip().removeprefix("return ") for line in source_of(task.answer).splitlines()]
    told = [line for line in lines if len(line) > 25 and any(line in mistake.hint for mistake in task.mistakes)]
    assert not told


def test_a_name_belongs_to_one_task_and_every_topic_has_a_title():
    assert len(set(every_name())) == len(every_name()) == len(TASKS)
    assert all(find(name).name == name for name in every_name())
    assert all(names_of(topic) and title_of(topic) for topic in TOPICS)


@each_task
def test_a_stub_is_met_with_a_sentence(task):
    def stub(*arguments):
        raise NotImplementedError()

    verdict = verdict_on(task, stub)
    assert not verdict.passed
    assert verdict.kind == "unwritten"
    assert verdict.words.endswith(".")
    assert not verdict.mistakes


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
@closed
def test_a_wrong_answer_that_nobody_knows_gets_no_hint_of_another(task, how):
    for seed in SEEDS if task.random else SEEDS[:1]:  # every slip and every pair is looked at before none is named
        generator = torch.Generator().manual_seed(seed)

        def wrong(*arguments, generator=generator):
            return RANDOM_WRONGS[how](task.answer(*arguments), generator)

        verdict = verdict_on(task, wrong, seed=seed)
        assert not verdict.passed, f"{how} passes on seed {seed}"
        assert not verdict.mistakes, verdict.hints
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


@closed
def test_probes_come_from_their_seed_alone(task):
    def drawn(seed):
        return repr([_flat(value) for probe in task.probes(seed) for value in probe.arguments.values()])

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)


@each_task
def test_probes_and_outputs_are_plain_data(task):
    def plain(value):
        if isinstance(value, dict):
            return all(map(plain, value.values()))
        if isinstance(value, (tuple, list)):
            return all(map(plain, value))
        return value is None or type(value) in (int, float, bool, str) or (type(value) is torch.Tensor and not value.requires_grad)

    probes = all_probes(task, 0)
    assert all(plain(value) for probe in probes for value in probe.arguments.values())
    outputs = call(task, task.answer, probes)
    assert all(plain(value) for output in outputs for value in output.values.values())
    assert judge(task, probes, outputs).passed


@each_task
def test_every_claim_of_value_breaks_on_some_spoiled_output(task):
    """No claim may be vacuous: spoil the right outputs, and each claim of value is broken by one of the spoilers on some probe."""
    probes = task.probes(0)
    outputs = [one_call(task, task.answer, probe) for probe in probes]
    broken, asked = set(), set()
    for probe, output in zip(probes, outputs, strict=True):
        values = [claim for claim in task.claims(output.values, **probe.arguments) if claim.kind == "value"]
        asked |= {claim.identity for claim in values}
        assert all(claim.holds for claim in values)
        for claim in values:
            for spoiled in _spoiled(claim.got):
                if not Claim(claim.identity, claim.expected, spoiled, claim.tolerance).holds:
                    broken.add(claim.identity)
    assert asked
    assert broken == asked


def _spoiled(value):
    if isinstance(value, torch.Tensor):
        value = value.double()
        return [value + 0.5 * (value.abs().max() + 1), torch.full_like(value, float("nan"))]
    if isinstance(value, bool):
        return [not value]
    return [value + 0.5 * (abs(value) + 1), float("nan")] if isinstance(value, (int, float)) else ["something else"]


@pytest.mark.parametrize("task", [task for task in TASKS if task.laws], ids=lambda task: task.name)
def test_laws_hold_for_the_right_answer_and_are_asked(task):
    """Each law makes at least one claim on the first probe, which the right answer keeps, and each can be broken."""
    for seed in SEEDS:
        first = task.probes(seed)[0]
        before = one_call(task, task.answer, first)
        for law in task.laws:
            derived = [one_call(task, task.answer, law.derive(first)).values] if law.derive else []
            claims = list(law.claims(before.values, *derived, **first.arguments))
            assert claims
            assert all(claim.holds for claim in claims), [claim.identity for claim in claims if not claim.holds]
            assert all(claim.question and not Claim("", claim.expected, _spoiled(claim.got)[-1], claim.tolerance).holds for claim in claims)


@pytest.mark.parametrize("task", [task for task in TASKS if task.gradients], ids=lambda task: task.name)
def test_a_right_number_without_its_gradient_is_refused(task):
    def detached(value):
        if isinstance(value, torch.Tensor):
            return torch.tensor(value.tolist(), dtype=value.dtype)
        return type(value)(map(detached, value)) if isinstance(value, (tuple, list)) else value

    verdict = verdict_on(task, lambda *arguments: detached(task.answer(*arguments)))
    assert not verdict.passed
    assert "gradient" in verdict.words
    assert verdict.hints


@pytest.mark.parametrize("task", [task for task in TASKS if task.gradients], ids=lambda task: task.name)
def test_gradients_are_asked_of_what_the_result_depends_on(task):
    probe = all_probes(task, 0)[-1]
    assert probe.gradients == task.gradients
    found = one_call(task, task.answer, probe).values["gradients"]
    assert all(any(way is not None and way.any() for whose, way in found.items() if whose.startswith(name)) for name in task.gradients)


@pytest.mark.parametrize("task", [task for task in TASKS if task.keeps], ids=lambda task: task.name)
def test_an_answer_that_writes_into_what_it_must_keep_is_refused(task):
    def spoil(value):
        if isinstance(value, list):
            for element in value:
                spoil(element)
        elif isinstance(value, torch.Tensor) and not value.requires_grad:
            value.zero_()

    def untidy(*arguments):
        result = task.answer(*arguments)
        result = result.clone() if isinstance(result, torch.Tensor) else result
        for value in arguments:
            spoil(value)
        return result

    verdict = verdict_on(task, untidy)
    assert not verdict.passed
    assert "hanged in place" in verdict.words


@closed
def test_the_arguments_of_an_answer_are_its_own(task):
    """In-place work on the arguments of one call must not be seen by the next, nor by the judge."""
    if task.keeps:
        return  # there it is refused, which the test before this one shows

    def copied(value):
        if isinstance(value, (tuple, list)):
            return type(value)(map(copied, value))
        return value.clone() if isinstance(value, torch.Tensor) and not value.requires_grad else value

    spoiled = 0

    def untidy(*arguments):
        nonlocal spoiled
        result = copied(task.answer(*arguments))
        for value in arguments:
            if isinstance(value, torch.Tensor) and not value.requires_grad:
                value.zero_()
                spoiled += 1
        return result

    assert verdict_on(task, untidy).passed
    has_tensors = any(isinstance(value, torch.Tensor) for value in task.probes(0)[0].arguments.values())
    assert spoiled or not has_tensors or task.run.__name__ != "called_plainly"


def test_every_task_judges_its_gradient_by_the_reference_where_that_can_be_differentiated():
    """The judge takes the right answer's gradient for right; here it is held against the reference's, written another way."""
    kl = find("kl_between")
    probe = next(probe for probe in kl.probes(0) if probe.note == "in float64")
    leaves = {name: doubled(value).clone().requires_grad_() for name, value in probe.arguments.items()}
    reference = next(claim.expected for claim in kl.claims({"result": torch.zeros(7)}, **leaves) if claim.kind == "value")
    by_reference = gradients_of(reference, leaves)
    by_answer = gradients_of(kl.answer(*leaves.values()), leaves)
    assert all(torch.allclose(by_reference[name], by_answer[name]) for name in leaves)


def test_claims_of_dtype_are_judged_where_the_contract_speaks_of_it():
    for task in TASKS:
        for probe in task.probes(0)[:1]:
            output = one_call(task, task.answer, probe)
            judged = [claim.kind for claim in claims_on(task, probe, output)]
            assert ("dtype" not in judged) or ("dtype" in task.contract)
