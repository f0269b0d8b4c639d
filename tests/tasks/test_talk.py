"""What a learner sees and gets back: sentences, points, hints in steps, and never a traceback."""

import inspect
import sys
import threading
import time

import pytest
import torch

from vae_course import check, hint, progress
from vae_course.tasks import Claim, Mistake, Points, Probe, Task, calling, find, talk
from vae_course.tasks.calling import call
from vae_course.tasks.judging import judge, recognise

from .answers import VARIANTS


@pytest.fixture(autouse=True)
def _new_session(monkeypatch):
    monkeypatch.setattr(talk, "_verdicts", {})
    monkeypatch.setattr(talk, "_hints_given", {})


def right(mu, log_var):
    return VARIANTS["04.gaussian_kl"][0](mu, log_var)


def test_a_pass_is_worth_its_points(capsys):
    points = check("04.gaussian_kl", right)
    assert (points, points.out_of) == (1, 1)
    assert capsys.readouterr().out.startswith("✓ 04.gaussian_kl")


def test_nbgrader_can_read_the_points():
    for points, out_of in ((2, 2), (0, 2)):
        assert float(repr(Points(points, out_of))) == points
        assert f"{points} of {out_of}" in Points(points, out_of)._repr_html_()


def test_a_known_mistake_gets_its_hint_and_the_identity(capsys):
    assert check("04.gaussian_kl", lambda mu, log_var: right(mu, log_var) / mu.shape[1]) == 0
    told = capsys.readouterr().out
    assert "Does yours grow with d?" in told
    assert "expected" in told
    assert "got" in told


def test_expected_and_got_are_never_shown_alike(capsys):
    check("04.gaussian_kl", lambda mu, log_var: right(mu, log_var) * (1 + (1e-9 if mu.dtype == torch.float64 else 0)))
    expected, got = (line.partition(":")[2].strip() for line in capsys.readouterr().out.splitlines() if line.startswith("    "))
    assert expected != got


def test_a_wrong_shape_repeats_the_contract(capsys):
    check("04.gaussian_kl", lambda mu, log_var: torch.zeros(3, 3))
    told = capsys.readouterr().out
    assert find("04.gaussian_kl").contract.splitlines()[0] in told
    assert "expected: (7,)" in told
    assert "got:      (3, 3)" in told


def test_an_answer_in_another_dtype_is_told_so(capsys):
    check("04.gaussian_kl", lambda mu, log_var: right(mu.double(), log_var.double()))
    told = capsys.readouterr().out
    assert "expected: torch.float32" in told
    assert "got:      torch.float64" in told


def test_an_error_is_told_in_a_sentence_with_its_line(capsys):
    def broken(mu, log_var):
        return mu @ log_var

    assert check("04.gaussian_kl", broken) == 0
    told = capsys.readouterr().out
    assert "raised RuntimeError" in told
    assert "return mu @ log_var" in told
    assert "Traceback" not in told
    assert "vae_course" not in told


def test_wrong_arguments_are_told_with_the_contract(capsys):
    check("04.gaussian_kl", lambda mu: mu)
    told = capsys.readouterr().out
    assert "raised TypeError" in told
    assert "gaussian_kl(mu, log_var)" in told


def test_a_result_instead_of_the_function_is_told_so(capsys):
    assert check("04.gaussian_kl", torch.zeros(3)) == 0
    assert "pass the function itself" in capsys.readouterr().out


def test_an_unknown_name_is_told_with_the_nearest(capsys):
    assert check("04.gausian_kl", right) == 0
    hint("4.gaussian_kl")
    told = capsys.readouterr().out
    assert told.count("Did you mean '04.gaussian_kl'?") == 2


def test_hints_come_in_steps_and_the_last_one_stays(capsys):
    hints = find("04.gaussian_kl").hints
    for step in (1, 2, 3, 3):
        hint("04.gaussian_kl")
        told = capsys.readouterr().out
        assert f"Hint {step} of {len(hints)}" in told
        assert ("again for more" in told) == (step < len(hints))


def test_progress_shows_passed_tried_and_open(capsys):
    progress()
    assert "Nothing checked yet" in capsys.readouterr().out
    check("04.gaussian_kl", right)
    check("04.kl_between", lambda *arguments: arguments[0])
    capsys.readouterr()
    progress()
    told = capsys.readouterr().out
    assert "Chapter 04: 1 of 8 points" in told
    assert "✓ 04.gaussian_kl" in told
    assert "✗ 04.kl_between" in told
    assert "· 04.effective_beta" in told
    assert "Chapter 03" not in told


def test_what_an_answer_prints_is_shown_once(capsys):
    def chatty(mu, log_var):
        print("shape", tuple(mu.shape))
        return right(mu, log_var)

    check("04.gaussian_kl", chatty)
    assert capsys.readouterr().out.count("shape") == 1


def test_a_check_leaves_the_learners_random_numbers_alone(capsys):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    check("03.reparameterise", VARIANTS["03.reparameterise"][0])
    assert torch.equal(torch.rand(3), expected)


def endless(mu, log_var):
    while True:
        try:
            time.sleep(0.001)
        except Exception:  # noqa: PERF203
            continue


@pytest.mark.parametrize("in_main_thread", [True, False])
def test_an_endless_loop_ends_with_a_message(monkeypatch, in_main_thread):
    """In the main thread by a signal; where there are none, as on Windows, in a thread that is asked to stop."""
    if not in_main_thread:
        monkeypatch.delattr(calling.signal, "setitimer", raising=False)
    task = find("04.gaussian_kl")
    probes = task.probes(0)
    outputs = call(task, endless, probes, seconds=0.3)
    verdict = judge(task, probes, outputs)
    assert verdict.kind == "slow"
    assert "stopped after 0.3 seconds" in verdict.words
    assert recognise(task, probes, outputs) is None
    assert judge(task, probes, call(task, right, probes)).passed, "the next call runs as if nothing had happened"


def test_a_check_works_from_any_thread():
    task, found = find("04.gaussian_kl"), []

    def work():
        probes = task.probes(0)
        found.append(judge(task, probes, call(task, right, probes)))
        found.append(judge(task, probes, call(task, endless, probes, seconds=0.3)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found[0].passed
    assert found[1].kind == "slow"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no timer signals")
def test_someone_elses_timer_survives_a_check():
    import signal

    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    try:
        signal.setitimer(signal.ITIMER_REAL, 30)
        task = find("04.gaussian_kl")
        call(task, right, task.probes(0))
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        assert 0 < left <= 30
        assert not rung
        signal.raise_signal(signal.SIGALRM)
        assert rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_results_that_are_no_plain_data_are_named():
    import numpy

    assert calling.plain(numpy.zeros(3)) == "an object of type numpy.ndarray"
    task = find("04.gaussian_kl")
    probes = task.probes(0)
    verdict = judge(task, probes, call(task, lambda mu, log_var: right(mu, log_var).numpy(), probes))
    assert verdict.kind == "contract"
    assert "numpy.ndarray" in verdict.words


def test_a_float_of_numpy_is_a_float():
    import numpy

    assert calling.plain(numpy.float64(0.5)) == 0.5
    assert type(calling.plain([numpy.float64(0.5)])[0]) is float
    assert calling.plain(numpy.float32(0.5)) == "an object of type numpy.float32"


def test_a_claim_of_nan_is_broken_and_equal_infinities_hold():
    inf, nan = float("inf"), float("nan")
    assert not Claim("x", 1.0, nan, 1e9).holds
    assert not Claim("x", torch.tensor([1.0, 2.0]), torch.tensor([1.0, nan]), inf).holds
    assert Claim("x", torch.tensor(inf), torch.tensor(inf)).holds
    assert Claim("x", torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.5]), 0.1).where_broken() == (1,)
    assert not Claim("x", 1, True).holds


def test_a_task_without_mistakes_is_refused():
    made = {
        "name": "04.x",
        "points": 1,
        "contract": "x()",
        "probes": lambda seed: [Probe({})],
        "claims": lambda values: [],
        "hints": ("a",),
    }
    with pytest.raises(ValueError, match="mistakes"):
        Task(**made, mistakes=())
    Task(**made, mistakes=(Mistake(print, "why?"),))


def test_an_answer_for_the_cpu_alone_passes_with_a_remark(monkeypatch, capsys):
    """PyTorch's "meta" device stands in for a GPU: what leaves it, or meets a tensor of the CPU, raises there, too."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(talk, "GPU", "meta")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)

    def at_home(mu, log_var):
        print("shape", tuple(mu.shape))
        return right(torch.from_numpy(mu.numpy()), torch.from_numpy(log_var.numpy()))

    points = check("04.gaussian_kl", at_home)
    told = capsys.readouterr().out
    assert points == points.out_of
    assert "right, on every probe" in told
    assert told.count("shape") == 1, "what an answer prints is shown once"
    assert "costs no points" in told
    assert "device=x.device" in told


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: what a right answer does there is told as a remark")
@pytest.mark.parametrize("name", VARIANTS)
def test_a_remark_is_made_on_answers_that_stay_on_the_cpu_and_on_no_others(name):
    for answer in VARIANTS[name]:
        code = inspect.getsource(answer)
        stays = any(word in code for word in ("numpy", "sklearn", "torch.eye", "torch.zeros", "torch.ones", "torch.full", "torch.tensor"))
        remark = talk.remark_on_gpu(find(name), answer)
        assert not remark or stays, remark
