"""What a learner sees and gets back: sentences, points, hints in steps, and never a traceback."""

import functools
import inspect
import sys
import threading
import time

import pytest
import torch

from vae_course import check, hint, progress
from vae_course.tasks import Claim, Points, find
from vae_course.tasks.engine import calling, talk, time_limit
from vae_course.tasks.engine.calling import call
from vae_course.tasks.engine.judging import all_probes, judge, recognise
from vae_course.tasks.engine.memory import Memory

from .answers import RIGHT_ANSWERS


@pytest.fixture(autouse=True)
def _new_learner(monkeypatch, tmp_path):
    monkeypatch.setenv("VAE_COURSE_HOME", str(tmp_path))
    monkeypatch.setattr(talk, "memory", Memory())


def right(mu, log_var):
    return RIGHT_ANSWERS["gaussian_kl"][0](mu, log_var)


def test_a_pass_is_worth_its_points(capsys):
    points = check(find("kl_between").answer)
    assert (points, points.out_of) == (2, 2)
    assert capsys.readouterr().out.startswith("✓ kl_between")


def test_a_function_is_known_by_its_own_name(capsys):
    def kl_between(mu_q, log_var_q, mu_p, log_var_p):
        raise NotImplementedError()

    check(kl_between)
    check(functools.partial(kl_between), "kl_between")
    told = capsys.readouterr().out
    assert told.count("· kl_between: Not written yet") == 2


def test_a_warm_up_is_worth_nothing_and_said_so(capsys):
    points = check(right, "gaussian_kl")
    assert (points, points.out_of, points._repr_html_()) == (0, 0, "")
    progress()
    assert "for warming up" in capsys.readouterr().out


def test_what_the_check_itself_stumbles_over_is_one_sentence(monkeypatch, capsys):
    def stumble(task, function, seed):
        raise RuntimeError("somebody replaced torch.randn")

    monkeypatch.setattr(talk, "verdict_on", stumble)
    assert check(right, "gaussian_kl") == 0
    told = capsys.readouterr().out
    assert "stumbled (RuntimeError: somebody replaced torch.randn)" in told
    assert "Restart the kernel" in told


def test_two_slips_at_once_get_both_questions(capsys):
    check(lambda mu, log_var: -(1 + log_var - mu**2 - log_var.exp()).mean(-1), "gaussian_kl")
    told = " ".join(capsys.readouterr().out.split())
    assert "Two things at once, each told as if the other were not there:" in told
    assert "What happened to the sum?" in told
    assert "which factor stands before the square?" in told


def test_nbgrader_can_read_the_points():
    for points, out_of in ((2, 2), (0, 2)):
        assert float(repr(Points(points, out_of))) == points
        assert f"{points} of {out_of}" in Points(points, out_of)._repr_html_()


def test_a_known_mistake_gets_its_hint_and_the_identity(capsys):
    assert check(lambda mu, log_var: right(mu, log_var) / mu.shape[1], "gaussian_kl") == 0
    told = capsys.readouterr().out
    assert "Does yours grow with d?" in told
    assert "expected" in told
    assert "got" in told


def test_a_wrong_shape_repeats_the_contract(capsys):
    check(lambda mu, log_var: torch.zeros(3, 3), "gaussian_kl")
    told = capsys.readouterr().out
    assert find("gaussian_kl").contract.splitlines()[0] in told
    assert "expected: (7,)" in told
    assert "got:      (3, 3)" in told


def test_an_answer_in_another_dtype_is_told_so(capsys):
    check(lambda mu, log_var: right(mu.double(), log_var.double()), "gaussian_kl")
    told = capsys.readouterr().out
    assert "expected: torch.float32" in told
    assert "got:      torch.float64" in told


def test_an_error_is_told_in_a_sentence_with_its_line(capsys):
    def broken(mu, log_var):
        return mu @ log_var

    assert check(broken, "gaussian_kl") == 0
    told = capsys.readouterr().out
    assert "raised RuntimeError" in told
    assert "return mu @ log_var" in told
    assert "Traceback" not in told
    assert "vae_course" not in told


def test_wrong_arguments_are_told_with_the_contract(capsys):
    check(lambda mu: mu, "gaussian_kl")
    told = capsys.readouterr().out
    assert "raised TypeError" in told
    assert "gaussian_kl(mu, log_var)" in told


def test_a_result_instead_of_the_function_is_told_so(capsys):
    assert check(torch.zeros(3), "gaussian_kl") == 0
    assert "pass the function itself" in capsys.readouterr().out


def test_an_unknown_name_is_told_with_the_nearest(capsys):
    assert check(right, "gausian_kl") == 0
    hint("gaussian_k")
    told = capsys.readouterr().out
    assert "say so: check(…, 'gaussian_kl')" in told
    assert "Did you mean 'gaussian_kl'?" in told
    check(lambda mu, log_var: mu)
    assert "Which task is this for?" in capsys.readouterr().out


def test_hints_come_in_steps_and_the_last_one_stays(capsys):
    hints = find("gaussian_kl").hints
    for step in (1, 2, 3, 3):
        hint("gaussian_kl")
        told = capsys.readouterr().out
        assert f"Hint {step} of {len(hints)}" in told
        assert ("again for more" in told) == (step < len(hints))


def test_progress_shows_passed_tried_and_open(capsys):
    progress()
    assert "Nothing checked yet" in capsys.readouterr().out
    check(find("kl_between").answer)
    check(lambda *arguments: arguments[0], "effective_beta")
    capsys.readouterr()
    progress()
    told = capsys.readouterr().out
    assert "The ELBO: 2 of 8 points" in told
    assert "✓ kl_between" in told
    assert "✗ effective_beta" in told
    assert "· renyi_bound" in told
    assert "trick" not in told


def test_what_an_answer_prints_is_shown_once(capsys):
    def chatty(mu, log_var):
        print("shape", tuple(mu.shape))
        return right(mu, log_var)

    check(chatty, "gaussian_kl")
    assert capsys.readouterr().out.count("shape") == 1


def test_a_check_leaves_the_learners_random_numbers_alone(capsys):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    check(RIGHT_ANSWERS["reparameterise"][0], "reparameterise")
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
        monkeypatch.delattr(time_limit.signal, "pthread_kill", raising=False)
    task = find("gaussian_kl")
    probes = all_probes(task, 0)
    outputs = call(task, endless, probes, seconds=0.3)
    verdict = judge(task, probes, outputs)
    assert verdict.kind == "slow"
    assert "stopped after 0.3 seconds" in verdict.words
    assert not recognise(task, probes, outputs)
    assert judge(task, probes, call(task, right, probes)).passed, "the next call runs as if nothing had happened"


def test_a_check_works_from_any_thread():
    task, found = find("gaussian_kl"), []

    def work():
        probes = all_probes(task, 0)
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
        task = find("gaussian_kl")
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
    task = find("gaussian_kl")
    probes = all_probes(task, 0)
    verdict = judge(task, probes, call(task, lambda mu, log_var: right(mu, log_var).numpy(), probes))
    assert verdict.kind == "contract"
    assert "numpy.ndarray" in verdict.words


def test_a_claim_of_nan_is_broken_and_equal_infinities_hold():
    inf, nan = float("inf"), float("nan")
    assert not Claim("x", 1.0, nan, 1e9).holds
    assert not Claim("x", torch.tensor([1.0, 2.0]), torch.tensor([1.0, nan]), inf).holds
    assert Claim("x", torch.tensor(inf), torch.tensor(inf)).holds
    assert Claim("x", torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.5]), 0.1).where_broken() == (1,)
    assert not Claim("x", 1, True).holds


def test_an_answer_for_the_cpu_alone_passes_with_a_remark(monkeypatch, capsys):
    """PyTorch's "meta" device stands in for a GPU: what leaves it, or meets a tensor of the CPU, raises there, too."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(talk, "GPU", "meta")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)

    def at_home(mu_0, mu_1, sigma):
        print("shape", tuple(mu_0.shape))
        return find("chance_of_confusion").answer(*(torch.from_numpy(value.numpy()) for value in (mu_0, mu_1, sigma)))

    points = check(at_home, "chance_of_confusion")
    told = capsys.readouterr().out
    assert points == points.out_of
    assert "right, on every probe" in told
    assert told.count("shape") == 1, "what an answer prints is shown once"
    assert "costs no points" in told
    assert "device=x.device" in told


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU: what a right answer does there is told as a remark")
@pytest.mark.parametrize("name", RIGHT_ANSWERS)
def test_a_remark_is_made_on_answers_that_stay_on_the_cpu_and_on_no_others(name):
    for answer in RIGHT_ANSWERS[name]:
        code = inspect.getsource(answer)
        stays = any(word in code for word in ("numpy", "sklearn", "torch.eye", "torch.zeros", "torch.ones", "torch.full", "torch.tensor"))
        remark = talk.remark_on_gpu(find(name), answer)
        assert not remark or stays, remark
