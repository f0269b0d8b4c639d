"""What a session gets back after a foreign function has run in it, and time that runs out."""

import math
import os
import random
import signal
import sys
import threading
import time
import warnings

import numpy
import pytest
import torch
from torch.distributions import Distribution

from vae_course.tasks.engine import time_limit
from vae_course.tasks.engine.calling import call
from vae_course.tasks.engine.judging import recognise, verdict_on
from vae_course.tasks.engine.registry import find

KL = find("gaussian_kl")
right = KL.answer


# ---- the session

LEFT_BEHIND = {
    "default dtype": (lambda: torch.set_default_dtype(torch.float64), torch.get_default_dtype),
    "default device": (lambda: torch.set_default_device("meta"), torch.get_default_device),
    "gradients": (lambda: torch.set_grad_enabled(False), torch.is_grad_enabled),
    "autocast": (lambda: torch.set_autocast_enabled("cpu", True), lambda: torch.is_autocast_enabled("cpu")),
    "validation": (lambda: Distribution.set_default_validate_args(False), lambda: Distribution._validate_args),
    "threads": (lambda: torch.set_num_threads(torch.get_num_threads() + 1), torch.get_num_threads),
    "anomaly detection": (lambda: torch.autograd.set_detect_anomaly(True), torch.is_anomaly_enabled),
    "precision": (lambda: torch.set_float32_matmul_precision("medium"), torch.get_float32_matmul_precision),
    "NumPy's errors": (lambda: numpy.seterr(all="raise"), numpy.geterr),
    "NumPy's seed": (lambda: numpy.random.seed(1), lambda: numpy.random.get_state()[1].tolist()),  # noqa: NPY002
    "Python's seed": (lambda: random.seed(1), random.getstate),
    "PyTorch's seed": (lambda: torch.manual_seed(1), lambda: torch.get_rng_state().tolist()),
    "recursion": (lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 7), sys.getrecursionlimit),
    "folder": (lambda: os.chdir("/"), os.getcwd),
    "a method": (lambda: setattr(torch.Tensor, "exp", lambda self: self + 1), lambda: torch.Tensor.exp),
    "a function": (lambda: setattr(torch, "exp", None), lambda: torch.exp),
    "mathematics": (lambda: setattr(math, "log", None), lambda: math.log),
    "a function that is gone": (lambda: delattr(math, "log"), lambda: math.log),
    "a function under another's name": (lambda: setattr(torch, "exp", torch.log), lambda: torch.exp),
    "one name for another": (lambda: (delattr(math, "log"), setattr(math, "logarithm", 0)), lambda: math.log),
    "a new method for an own one": (
        lambda: (delattr(torch.Tensor, "backward"), setattr(torch.Tensor, "exp", None)),
        lambda: (torch.Tensor.backward, torch.Tensor.exp),
    ),
    "a builtin": (lambda: setattr(__import__("builtins"), "sum", None), lambda: sum),
}


@pytest.mark.parametrize("what", LEFT_BEHIND)
def test_what_an_answer_leaves_changed_is_put_back(what):
    change, read = LEFT_BEHIND[what]

    def untidy(mu, log_var):
        kl = right(mu, log_var)
        change()
        return kl

    before = read()
    assert verdict_on(KL, untidy).passed
    assert read() == before
    assert verdict_on(KL, right).passed


@pytest.mark.parametrize("what", ["default dtype", "default device", "gradients", "autocast"])
def test_a_right_answer_passes_whatever_the_session_is_set_to(what):
    from vae_course.tasks.engine.session import settings_kept

    with settings_kept():
        LEFT_BEHIND[what][0]()
        assert verdict_on(KL, right).passed
        assert verdict_on(find("effective_beta"), find("effective_beta").answer).passed


def test_nobody_is_warned_of_what_the_rooms_own_answers_do():
    """One of them takes a variance over a single image, which PyTorch warns of; the learner's answer does no such thing."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        assert not verdict_on(find("level_report"), lambda kl, sizes, threshold: (kl.mean(0)[:2], kl.mean(0)[:2])).passed
    assert not heard


def test_a_slip_is_named_whatever_the_session_is_set_to():
    """Where distributions are not validated, a grey pixel under a Bernoulli raises nothing."""
    from vae_course.tasks.engine.session import settings_kept

    hole = find("fill_hole")
    refused = next(mistake for mistake in hole.mistakes if "Bernoulli knows 0 and 1 alone, and refuses" in mistake.hint)
    with settings_kept():
        Distribution.set_default_validate_args(False)
        assert verdict_on(hole, refused.function).mistake is refused


def test_a_right_answer_passes_in_inference_mode():
    with torch.inference_mode():
        assert verdict_on(KL, right).passed


# ---- time


def swallows_all(mu, log_var):
    while True:
        try:  # noqa: SIM105 (as people write it)
            time.sleep(0.01)
        except:  # noqa: E722 (as people write it)
            pass


def swallows_all_twice(mu, log_var):
    while True:
        try:
            while True:
                try:
                    time.sleep(0.01)
                    mu = mu + 0
                except:  # noqa: E722
                    continue
        except:  # noqa: E722
            pass


def switches_the_timer_off(mu, log_var):
    signal.setitimer(signal.ITIMER_REAL, 0)
    while True:
        time.sleep(0.01)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals that interrupt")
@pytest.mark.parametrize("endless", [swallows_all, swallows_all_twice, switches_the_timer_off])
def test_an_endless_loop_ends_though_it_catches_everything(endless):
    outputs = call(KL, endless, KL.probes(0), seconds=0.3)
    assert outputs[-1].trouble.kind == "slow"
    assert not recognise(KL, KL.probes(0), outputs)
    assert threading.active_count() < 20
    assert sys.gettrace() is None or "coverage" in sys.modules


def test_where_there_are_no_signals_a_stuck_answer_leaves_the_session_whole(monkeypatch, capsys):
    monkeypatch.delattr(time_limit.signal, "pthread_kill", raising=False)
    calls, before = [], sys.stdout

    def stuck_at_its_second_call(mu, log_var):
        calls.append(1)
        if len(calls) > 1:
            time.sleep(2)
        return right(mu, log_var)

    state = torch.get_rng_state()
    outputs = call(KL, stuck_at_its_second_call, KL.probes(0), seconds=0.3)
    assert outputs[-1].trouble.kind == "slow"
    assert sys.stdout is before
    assert torch.equal(state, torch.get_rng_state())
    print("heard")
    assert "heard" in capsys.readouterr().out
