"""The engine by itself: slips and pairs, laws, gradients, randomness, and what comes back."""

import itertools
import math
import re
import sys
import time

import numpy
import pytest
import torch
from scipy import stats

from vae_course.tasks.engine import (
    HELD_BACK,
    Claim,
    Mistake,
    Probe,
    Verdict,
    averages_over_the_batch,
    calling,
    distributed_as,
    each_row_for_itself,
    finite_far_out,
    matches,
    never_negative,
    probes_from,
    randomness,
    slip,
    sums_over,
    symmetric_in,
    task,
    unrelated,
)
from vae_course.tasks.engine.calling import call, one_call, plain
from vae_course.tasks.engine.declaration import beside_another
from vae_course.tasks.engine.judging import all_probes, recognise, verdict_on
from vae_course.tasks.engine.registry import every_name, find
from vae_course.tasks.engine.slips import changed, contract_of, pairs

KL = find("gaussian_kl")


# ---- slips


@task(
    points=1,
    probes=probes_from(lambda draw, n, d: {"x": draw(n, d)}),
    laws=(never_negative(), sums_over("columns", "x"), averages_over_the_batch("x"), symmetric_in("x"), finite_far_out()),
    gradients=("x",),
    claims=matches(lambda x: (x**2).sum(1).mean(), "It should be the mean square length"),
    slips=(slip(".sum(1)", ".mean(1)", "Sum?"), slip("x**2", "x", "Square?"), slip({"sum": "mean", ".mean()": ".sum()"}, "Both?")),
    hints=("Square.",),
)
def mean_square(x):
    """The mean squared length of the rows.

    x: (batch, columns). Text of a slip, .sum(1), may stand in the docstring.
    """
    return (x**2).sum(1).mean()


def test_a_slip_changes_the_answers_source_and_leaves_the_docstring_alone():
    x = torch.tensor([[1.0, 2.0]])
    assert changed(mean_square.answer, mean_square.slips[0])(x) == 2.5
    assert changed(mean_square.answer, *mean_square.slips[:2])(x) == 1.5
    assert ".sum(1)" in changed(mean_square.answer, mean_square.slips[0]).__doc__


@pytest.mark.parametrize("old", ["m", "nowhere"])
def test_a_slip_must_name_one_place(old):
    with pytest.raises(ValueError, match="expected once"):
        changed(mean_square.answer, slip(old, "y", "?"))


def test_two_slips_at_one_place_are_no_pair():
    one, other, both = mean_square.slips
    assert list(pairs(mean_square.answer, mean_square.slips)) == [(one, other), (other, both)]
    with pytest.raises(ValueError, match="overlap"):
        changed(mean_square.answer, one, both)


def test_the_contract_is_the_signature_and_the_docstring():
    assert contract_of(mean_square.answer).startswith("mean_square(x) -> The mean squared length of the rows.\nx: (batch")


def test_two_slips_at_once_are_named_both():
    verdict = verdict_on(KL, lambda mu, log_var: -(1 + log_var - mu**2 - log_var.exp()).mean(-1))
    assert [mistake.slip.changes for mistake in verdict.mistakes] == [((".sum(-1)", ".mean(-1)"),), (("-0.5 *", "-"),)]
    assert verdict.mistake is None
    assert len(verdict.hints) == 2


def test_a_task_without_slips_is_refused():
    with pytest.raises(ValueError, match="needs points, slips and hints"):
        task(points=1, probes=mean_square.probes, claims=mean_square.claims, slips=(), hints=("x",))(mean_square.answer)


# ---- laws: a slip that nobody listed breaks the one that it breaks, before any value is looked at

SPOILED = {
    "With all columns there twice": lambda x: (x**2).sum(1).mean() / math.sqrt(x.shape[1]),
    "With every example there twice": lambda x: (x**2).sum(1).mean() * math.sqrt(len(x)),
    "is never negative": lambda x: -(x**2).sum(1).mean(),
    "of the other sign": lambda x: (x**2 + x.clamp(min=0)).sum(1).mean(),
    "All numbers are": lambda x: (x**2).sum(1).mean() / 0,
}


@pytest.mark.parametrize("words", SPOILED)
def test_a_law_names_what_no_slip_does(words):
    verdict = verdict_on(mean_square, SPOILED[words])
    assert words in verdict.words, verdict.words
    assert not verdict.mistakes
    assert len(verdict.hints) == 1
    assert verdict.hints[0].count("?") >= 1


def test_rows_that_are_mixed_break_the_law_of_rows():
    law = each_row_for_itself("x")
    probe = Probe({"x": torch.randn(4, 3)})
    alone = law.derive(probe)

    def centred(x):
        return (x - x.mean(0)).sum(1)

    def claims(function):
        return list(law.claims({"result": function(probe.arguments["x"])}, {"result": function(alone.arguments["x"])}, **probe.arguments))

    assert all(claim.holds for claim in claims(lambda x: x.sum(1)))
    assert not all(claim.holds for claim in claims(centred))


def test_a_law_has_nothing_to_say_of_what_is_no_number():
    """The values tell it, in words of their own: "expected: nan, got: nan" and a question about a law would lead nowhere."""
    verdict = verdict_on(mean_square, lambda x: (x**2).sum(1).mean() * math.nan)
    assert "there twice" not in verdict.words
    assert "other sign" not in verdict.words
    assert "All numbers are" in verdict.words
    law = averages_over_the_batch("x")
    nothing, one = torch.tensor(math.nan), torch.tensor(1.0)
    assert not list(law.claims({"result": nothing}, {"result": one}, x=torch.ones(2, 2)))
    assert not all(claim.holds for claim in law.claims({"result": one}, {"result": nothing}, x=torch.ones(2, 2)))


# ---- seeds


def test_what_is_drawn_follows_the_seed_of_the_probe():
    probe = Probe({"x": torch.zeros(2, 3)}, seed=7)
    drawn = one_call(mean_square, lambda x: torch.randn(5), probe).values["result"]
    assert torch.equal(drawn, torch.randn(5, generator=torch.Generator().manual_seed(7)))


@pytest.mark.parametrize("there", [(False, False), (False, True)])
def test_every_kind_of_device_that_there_is_gets_the_seed(monkeypatch, there):
    monkeypatch.setattr(calling, "IS_THERE", [lambda one=one: one for one in there])
    assert calling._seeder.__wrapped__() is (calling.SEED_OF_ALL if any(there) else calling.SEED_OF_CPU)


# ---- gradients


def test_a_gradient_that_is_missing_is_asked_for():
    verdict = verdict_on(mean_square, lambda x: (x**2).sum(1).mean().detach())
    assert "missing" in verdict.words
    assert verdict.kind == "identity"
    assert "no gradient flows back" in verdict.hints[0]


def test_a_gradient_that_is_another_is_asked_for():
    verdict = verdict_on(mean_square, lambda x: (x * x.detach()).sum(1).mean())
    assert "should be the right answer's" in verdict.words


def test_a_graph_broken_in_place_passes_with_a_remark():
    def in_place(x):
        y = x.exp()
        y -= y
        return y.sum() + (x**2).sum(1).mean()

    verdict = verdict_on(mean_square, in_place)
    assert verdict.passed
    assert "remark that costs no points" in verdict.words


# ---- randomness


NOT_GAUSSIAN = {
    "the largest gap": lambda n: math.sqrt(3) * torch.randint(-1, 2, (n,)),
    "the fourth moment": lambda n: math.sqrt(3) * (torch.rand(4, n).sum(0) - 2),
    "so far out": lambda n: torch.randn(n).clamp(-3, 3),
    "all but equal": lambda n: torch.randn(n).round(decimals=2) + 1e-7 * torch.randn(n),
}


def broken(claims):
    return [claim.identity for claim in claims if not claim.holds]


@pytest.mark.parametrize("how", NOT_GAUSSIAN)
def test_draws_that_are_nearly_gaussian_are_told_from_gaussian_ones(how):
    torch.manual_seed(0)
    found = broken(distributed_as(NOT_GAUSSIAN[how](50_000), stats.norm.cdf, "Gaussian"))
    assert any(how in one for one in found)


@pytest.mark.parametrize("n", [1000, 4000, 50_000])
def test_gaussian_draws_are_gaussian_and_uniform_ones_uniform(n):
    for seed in range(200):
        torch.manual_seed(seed)
        assert not broken(distributed_as(torch.randn(n), stats.norm.cdf, "Gaussian"))
        assert not broken(distributed_as(torch.rand(n), stats.uniform.cdf, "uniform"))


def test_a_right_answer_breaks_the_claim_on_the_fourth_moment_less_than_once_in_ten_million():
    """Chernoff's bound, for as few draws as any task judges and as many: no number of trials would show it."""
    off = randomness._RIGHT - randomness._RIGHT.mean()
    for n, sign in itertools.product((3500, 144_000), (1, -1)):
        room = randomness.PATIENCE * off.std() / math.sqrt(n)
        bounds = [n * (math.log(numpy.exp(sign * slope * off).mean()) - slope * room) for slope in numpy.geomspace(1e-3, 1, 200)]
        assert min(bounds) < math.log(3e-7)


def test_noise_that_serves_twice_is_seen():
    noise, other = torch.randn(2, 1000, generator=torch.Generator().manual_seed(0))
    assert not broken(unrelated(noise, other, "two calls"))
    assert broken(unrelated(noise, noise + 0.1 * other, "two calls"))
    assert broken(unrelated(noise, noise * other.sign(), "two calls")) == ["two calls: the correlation of their sizes"]
    assert broken(unrelated(torch.ones(100), torch.ones(100), "two calls")), "what never varies is no draw"
    coins = noise > 0
    assert not broken(unrelated(coins, other > 0, "two calls"))


# ---- what is asked where nothing is recognised, and where two slips are


@pytest.mark.parametrize(
    ("alone", "beside"),
    [
        ("Your counts are right. Are they nats?", "Are they nats?"),
        ("Your ELBO is right. The second one rises with k: by what?", "The second one rises with k: by what?"),
        ("Sum it. Yours is right but for a constant a pixel. Which one?", "Sum it. Which one?"),
        ("At σ = 1 you are right. But is it σ, or σ²?", "Is it σ, or σ²?"),
        ("The numbers are right. kl_2 is far off: why?", "kl_2 is far off: why?"),
        ("Right, until x is large: what is exp(900)?", "Wrong once x is large: what is exp(900)?"),
        ("Right, but for ends that are parallel: what is the limit there?", "Wrong for ends that are parallel: what is the limit there?"),
        ("The draws are right, and no gradient gets through. Why?", "The draws are right, and no gradient gets through. Why?"),
        ("Both are right.", "Both are right."),
    ],
)
def test_beside_another_hint_no_sentence_says_that_all_else_is_right(alone, beside):
    assert beside_another(alone) == beside
    two = [Mistake(len, alone), Mistake(len, "And what else?")]
    assert Verdict(False, "identity", mistakes=two[:1]).hints == (alone,)
    assert Verdict(False, "identity", mistakes=two).hints == (beside, "And what else?")


def test_of_every_hint_something_is_left_beside_another_one():
    for name in every_name():
        for mistake in find(name).mistakes:
            left = beside_another(mistake.hint)
            assert len(left) > 20
            assert not re.search(r"(^|[.?] )(Your|The|Both|Each)[^,:;.?]* (is|are) right\.", left) or left == mistake.hint


def test_an_answer_that_draws_is_asked_about_chance_before_any_law():
    verdict = verdict_on(KL, lambda mu, log_var: KL.answer(mu, log_var) * (1 + 0.1 * torch.randn(())))
    assert "Called again with the same arguments" in verdict.words
    assert "draws?" in verdict.question
    seeded = verdict_on(KL, lambda mu, log_var: KL.answer(mu, log_var) * 1.1)
    assert "Called again" not in seeded.words


def test_what_is_held_back_far_out_is_asked_about():
    verdict = verdict_on(KL, lambda mu, log_var: KL.answer(mu, log_var.clamp(-8, 8)))
    assert verdict.question == HELD_BACK
    assert "(with very" in verdict.words


def test_recognising_waits_for_its_own_time_not_for_the_clocks():
    """Two slips are named also where the machine is so busy that a second of work takes several by the clock."""

    def slow(mu, log_var):
        time.sleep(0.05)
        return -(1 + log_var - mu**2 - log_var.exp()).mean(-1)

    probes = all_probes(KL, 0)
    outputs = call(KL, slow, probes)
    assert len(recognise(KL, probes, outputs, seconds=0.5)) == 2
    assert not recognise(KL, probes, outputs, seconds=0.0)


# ---- what comes back, and what goes wrong on the way


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (numpy.float32(0.5), 0.5),
        (numpy.float64(0.5), 0.5),
        (numpy.int64(3), 3),
        (numpy.bool_(True), True),
        (numpy.str_("dog"), "dog"),
        ([numpy.float32(0.5)], [0.5]),
        (stats.norm.fit([1.0, 3.0]), (2.0, 1.0)),
    ],
)
def test_numbers_and_strings_of_numpy_are_pythons(value, expected):
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)


def test_a_named_tuple_is_a_tuple():
    assert plain(torch.ones(2).max(0)) == (torch.tensor(1.0), torch.tensor(0))


def right(mu, log_var):
    return KL.answer(mu, log_var)


class Speechless(Exception):
    def __str__(self):
        raise self


def raising(error):
    def answer(mu, log_var):
        raise error

    return answer


def closing(mu, log_var):
    sys.stdout.close()
    return mu


STRANGE = {
    "exit": raising(SystemExit()),
    "stop button": raising(KeyboardInterrupt()),
    "generator exit": raising(GeneratorExit()),
    "no words": raising(Speechless()),
    "long words": raising(ValueError("x" * 100_000)),
    "sparse": lambda mu, log_var: right(mu, log_var).to_sparse(),
    "nested": lambda mu, log_var: torch.nested.nested_tensor([mu, log_var]),
    "huge": lambda mu, log_var: 10**400,
    "generator": lambda mu, log_var: (one for one in mu),
    "standard output closed": closing,
}


@pytest.mark.parametrize("how", STRANGE)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_whatever_an_answer_does_is_a_verdict(how):
    verdict = verdict_on(KL, STRANGE[how])
    assert not verdict.passed
    assert 0 < len(verdict.words) < 1000
    assert not sys.stdout.closed


def test_only_an_empty_answer_is_called_unwritten():
    assert verdict_on(KL, raising(NotImplementedError())).kind == "unwritten"
    verdict = verdict_on(KL, lambda mu, log_var: torch.softmax(mu.long(), 0))
    assert verdict.kind == "raised"
    assert "softmax" in verdict.words
    assert verdict_on(KL, raising(NotImplementedError("for Long"))).kind == "raised"


def test_expected_and_got_are_never_shown_alike():
    claim = Claim("x", 1.0, 1.0 + 1e-15, 0.0)
    from vae_course.tasks.engine.judging import _told

    expected, got = (line.partition(":")[2].strip() for line in _told(claim, Probe({})).splitlines()[1:])
    assert expected != got


def test_a_compiled_answer_is_judged_as_it_was_written():
    assert verdict_on(KL, torch.compile(right)).passed
