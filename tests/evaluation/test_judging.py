"""A judge of two sets of points: its logit against a known log ratio, its mean against a known KL."""

import pytest
import torch

from vae_course.evaluation import FreshJudge, neighbours_logit


def two(n=4000):
    torch.manual_seed(0)
    return torch.randn(n, 2), torch.randn(n, 2) + torch.tensor([1.0, 0.0])


def test_the_logit_is_the_log_ratio_and_its_mean_the_kl():
    """log N(z; 0, I) − log N(z; (1, 0), I) = ½ − z₁; KL(b ‖ a) = ½."""
    judge = FreshJudge(*two())
    z = 0.5 * torch.randn(500, 2) + torch.tensor([0.5, 0.0])
    assert (judge(z) - (0.5 - z[:, 0])).abs().mean() < 0.25
    assert judge.gap() == pytest.approx(0.5, abs=0.12)


def test_of_two_sets_of_one_kind_there_is_nothing_to_tell():
    a, b = two()
    assert FreshJudge(a[::2], a[1::2]).gap() == pytest.approx(0, abs=0.1)


def test_the_same_seed_gives_the_same_judge_and_leaves_others_draws_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    a, b = two(100)
    torch.manual_seed(3)
    first = FreshJudge(a, b, steps=5)
    assert torch.equal(torch.rand(2), expected)
    assert torch.equal(first(a), FreshJudge(a, b, steps=5)(a))
    assert not torch.equal(first(a), FreshJudge(a, b, steps=5, seed=1)(a))


def test_refuses_sets_that_do_not_go_together():
    with pytest.raises(ValueError, match="expected the same"):
        FreshJudge(torch.zeros(20, 2), torch.zeros(20, 3))
    with pytest.raises(ValueError, match="expected at least 10"):
        FreshJudge(torch.zeros(5, 2), torch.zeros(20, 2))


def test_neighbours_say_the_log_ratio_too_and_nothing_where_nobody_is():
    a, b = two()
    logit = neighbours_logit(a, b[:2000])  # sets need not be of one size
    z = 0.4 * torch.randn(300, 2) + torch.tensor([0.5, 0.0])
    assert (logit(z) - (0.5 - z[:, 0])).abs().mean() < 0.3
    assert abs((logit(z) - (0.5 - z[:, 0])).mean()) < 0.1
    assert logit(torch.tensor([[0.0, 9.0]])).isnan().all()
