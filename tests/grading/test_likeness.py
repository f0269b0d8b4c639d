"""Answers that are the same but for names are found, and what tells nothing is left out."""

from __future__ import annotations

import pytest

from vae_course.grading.likeness import Likeness, alike, likeness_of, telling
from vae_course.tasks import find
from vae_course.tasks.engine.slips import source_of

ANSWER = '''
def kl_between(mu_q, log_var_q, mu_p, log_var_p):
    """The contract."""
    # the ratio of the variances first
    ratio = (log_var_q - log_var_p).exp()
    shift = (mu_q - mu_p) ** 2 / log_var_p.exp()
    total = 0
    for part in (ratio, shift, log_var_p - log_var_q):
        total = total + part
    return 0.5 * (total - 1).sum(-1)
'''
RENAMED = """
def kl_between(a: float, b, c, d) -> float:
    r = (b - d).exp()
    s = (a - c) ** 2 / d.exp()

    t = 0
    for p in (r, s, d - b):
        t = t + p
    return 0.5 * (t - 1).sum(-1)  # mine
"""


def shape(source: str) -> str:
    found = likeness_of(source)
    assert found is not None
    return found.shape


def test_names_comments_annotations_and_layout_make_no_difference():
    assert shape(ANSWER) == shape(RENAMED)


@pytest.mark.parametrize(
    "change",
    [
        ("0.5 *", "0.25 *"),
        ("ratio, shift, log_var_p - log_var_q", "shift, ratio, log_var_p - log_var_q"),
        (".exp()", ".log()"),
        (".sum(-1)", ".sum(1)"),
        ("(mu_q - mu_p)", "(mu_p - mu_q)"),
        ("total + part", "total - part"),
    ],
)
def test_what_is_computed_does(change):
    assert change[0] in ANSWER
    assert shape(ANSWER) != shape(ANSWER.replace(*change))


def test_names_that_are_not_the_answers_own_are_kept():
    assert shape("def f(x):\n    return torch.exp(x)") != shape("def f(x):\n    return torch.log(x)")
    assert shape("def f(x):\n    return exp(x)") != shape("def f(x):\n    return log(x)")


def test_two_names_are_not_taken_for_one():
    assert shape("def f(a, b):\n    return a - b") != shape("def f(a, b):\n    return a - a")
    assert shape("def f(a, b):\n    return a - b") == shape("def f(b, a):\n    return b - a")


@pytest.mark.parametrize("source", ["def broken(:", "x = '\0'", "(" * 3000, "-" * 100_000 + "1"])
def test_what_is_no_python_is_like_nothing(source):
    assert likeness_of(source) is None


def test_short_answers_the_public_solution_and_what_was_handed_out_are_left_out():
    solution, stub = source_of(find("leaning_kl").answer), "def leaning_kl(mu, scale_tril):\n    raise NotImplementedError()"
    known = {"leaning_kl": (solution, stub), "kl_between": ("def kl_between(): ...", "")}
    found = telling(
        {
            "leaning_kl": solution.replace("mu", "mean").replace("scale_tril", "chol"),
            "kl_between": ANSWER,
            "auroc": "def auroc(x):\n    return x",
        },
        known,
    )
    assert found.keys() == {"kl_between"}
    assert telling({"leaning_kl": solution}, {}).keys() == {"leaning_kl"}, "it is long enough, and only left out for being public"


def test_groups_are_listed_the_longest_answers_first():
    short, long = Likeness("s", 60), Likeness("l", 90)
    found = alike(
        {"ada": {"one": short, "two": long}, "ben": {"one": short, "two": long}, "cleo": {"one": Likeness("x", 70)}}, {"one": 3, "two": 2}
    )
    assert [(group.task, group.students, group.usual) for group in found] == [
        ("two", ("ada", "ben"), False),
        ("one", ("ada", "ben"), False),
    ]


def test_what_a_third_of_the_class_wrote_is_the_usual_way():
    same = {f"student-{number}": {"one": Likeness("s", 60)} for number in range(5)}
    assert alike(same, {"one": 12})[0].usual
    assert not alike(same, {"one": 15})[0].usual
    assert not alike({name: same[name] for name in list(same)[:2]}, {"one": 3})[0].usual, "in a small class two are still two"
