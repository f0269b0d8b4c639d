"""Draws given what was seen follow the exact posterior of a linear model, even where q is too narrow; coverage counts."""

import pytest
import torch
from torch import nn
from torch.distributions import Independent, Normal

from vae_course.evaluation import coverage, draws_given_seen
from vae_course.models.base import LatentVariableModel
from vae_course.models.series import SeriesDistribution


class Line(LatentVariableModel):
    """x_t = t z + noise with σ = 1, one latent, and a q that is a third too narrow and a little off."""

    def __init__(self) -> None:
        super().__init__(input_shape=(3, 2), latent_size=1)
        self.weight = nn.Parameter(torch.ones(1))
        self.slopes = torch.tensor([1.0, 2.0, 3.0])

    def exact(self, x):
        seen = x[..., 1]
        precision = 1 + (seen * self.slopes.square()).sum(-1)
        return (seen * self.slopes * x[..., 0]).sum(-1) / precision, precision.rsqrt()

    def encode(self, x, y=None):
        mean, spread = self.exact(x)
        return Independent(Normal((mean + 0.3 * spread).unsqueeze(-1), (0.7 * spread).unsqueeze(-1)), 1)

    def decode(self, z, y=None):
        return SeriesDistribution((z * self.slopes).unsqueeze(-1), torch.ones(1))


def test_draws_follow_the_posterior_that_q_misses():
    x = torch.tensor([[[0.5, 1.0], [0.0, 0.0], [0.0, 0.0]], [[0.2, 1.0], [1.0, 1.0], [0.4, 1.0]]])
    model = Line()
    mean, spread = model.exact(x)
    z = draws_given_seen(model, x, 4000, candidates=8000)[..., 0]
    torch.testing.assert_close(z.mean(0), mean, atol=0.08, rtol=0)
    torch.testing.assert_close(z.std(0), spread, atol=0.08, rtol=0)
    narrow = model.encode(x).base_dist.scale[:, 0]
    assert ((z.std(0) - spread).abs() < 0.5 * (narrow - spread).abs()).all()


def test_draws_are_the_same_from_the_same_seed_and_leave_the_stream_alone():
    x = torch.tensor([[[0.5, 1.0], [0.0, 0.0], [0.0, 0.0]]])
    torch.manual_seed(5)
    first = draws_given_seen(Line(), x, 4, seed=1)
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.rand(1) == after
    torch.testing.assert_close(first, draws_given_seen(Line(), x, 4, seed=1))


def test_coverage_counts_what_lies_between():
    torch.manual_seed(0)
    drawn, truth = torch.randn(2000, 500), torch.randn(500)
    assert coverage(drawn, truth) == pytest.approx(0.8, abs=0.05)
    assert coverage(0.3 * drawn, truth) < 0.5


def test_bad_questions_are_refused():
    with pytest.raises(ValueError, match="draws is 0 and candidates 500, expected at least 1 each"):
        draws_given_seen(Line(), torch.zeros(1, 3, 2), 0)
    with pytest.raises(ValueError, match="expected \\(draws, …\\), \\(…\\), 0 to 1"):
        coverage(torch.zeros(3, 4), torch.zeros(5))
