"""Two sets of points: equal ones match, different ones do not, and what must not matter does not."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from vae_course.evaluation.matching import maximum_mean_discrepancy, neighbours_gap, two_sample_auc


def points(n: int, seed: int, *, shift: float = 0.0, width: int = 2):
    z = torch.randn(n, width, generator=torch.Generator().manual_seed(seed))
    z[:, 0] += shift
    return z


def test_sets_from_one_distribution_match():
    for seed in range(3):
        a, b = points(600, seed), points(600, seed + 10)
        assert 0.43 < two_sample_auc(a, b, seed=seed) < 0.57
        assert abs(maximum_mean_discrepancy(a, b)) < 0.01


def test_neighbours_estimate_a_kl_whose_formula_is_known():
    p, q = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(1.0, 0.6)
    torch.manual_seed(0)
    a, b, again = p.sample((3000, 2)), q.sample((2000, 2)), p.sample((2000, 2))
    kl = 2 * torch.distributions.kl_divergence(q, p).item()
    assert neighbours_gap(a, b) == pytest.approx(kl, rel=0.1)
    assert abs(neighbours_gap(a, again)) < 0.06
    fine = torch.cat([again[:, :1], again[:, :1] + 0.01 * again[:, 1:]], 1)  # a line that fills no area
    assert neighbours_gap(a, fine, neighbours=5) > 3


def test_equal_points_have_no_distance():
    with pytest.raises(ValueError, match="no distance may be 0"):
        neighbours_gap(points(40, 0), torch.zeros(40, 2))


def test_sets_far_apart_do_not():
    a, b = points(300, 0), points(300, 1, shift=6)
    assert two_sample_auc(a, b) > 0.99
    assert maximum_mean_discrepancy(a, b) > 0.3


def test_the_auc_nears_what_the_best_rule_reaches():
    """For two normals a distance d apart, the best score's AUC is Φ(d / √2)."""
    found = two_sample_auc(points(2000, 0), points(2000, 1, shift=1.5))
    best = norm.cdf(1.5 / np.sqrt(2))
    assert best - 0.06 < found < best + 0.02


def test_a_shape_that_moments_do_not_show_is_seen():
    """A ring and a Gaussian of the same mean and covariance."""
    angle = 2 * torch.pi * torch.rand(600)
    ring = torch.stack([angle.cos(), angle.sin()], 1)
    gauss = points(600, 3) / 2**0.5
    assert two_sample_auc(ring, gauss) > 0.8
    chance = [maximum_mean_discrepancy(points(600, seed), points(600, seed + 10)) for seed in range(20, 26)]
    assert maximum_mean_discrepancy(ring, gauss) > 2 * max(map(abs, chance))


def test_mmd_is_the_written_out_sum():
    a, b = points(7, 0), points(5, 1)
    kernel = lambda p, q: np.exp(-np.square(p - q).sum() / (2 * 0.8**2))  # noqa: E731
    a_, b_ = a.double().numpy(), b.double().numpy()
    within_a = np.mean([kernel(a_[i], a_[j]) for i in range(7) for j in range(7) if i != j])
    within_b = np.mean([kernel(b_[i], b_[j]) for i in range(5) for j in range(5) if i != j])
    between = np.mean([kernel(p, q) for p in a_ for q in b_])
    assert maximum_mean_discrepancy(a, b, bandwidth=0.8) == pytest.approx(within_a + within_b - 2 * between, abs=1e-9)


def test_mmd_is_unbiased():
    found = [maximum_mean_discrepancy(points(20, 2 * seed), points(20, 2 * seed + 1), bandwidth=1.0) for seed in range(300)]
    assert abs(np.mean(found)) < 4 * np.std(found) / len(found) ** 0.5
    assert min(found) < 0


def test_mmd_does_not_depend_on_units_place_rotation_or_order():
    a, b = points(80, 0), points(60, 1, shift=1)
    first = maximum_mean_discrepancy(a, b)
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]])
    assert maximum_mean_discrepancy(1000 * a, 1000 * b) == pytest.approx(first, rel=1e-4)
    assert maximum_mean_discrepancy(a @ turn + 7, b @ turn + 7) == pytest.approx(first, rel=1e-4)
    assert maximum_mean_discrepancy(b, a) == pytest.approx(first, rel=1e-9)
    assert maximum_mean_discrepancy(a.flip(0), b) == pytest.approx(first, rel=1e-9)


def test_the_auc_depends_neither_on_units_nor_on_which_set_comes_first():
    a, b = points(300, 0), points(300, 1, shift=1)
    first = two_sample_auc(a, b)
    assert two_sample_auc(a * 1000, b * 1000) == pytest.approx(first, abs=0.01)
    assert two_sample_auc(b, a) == pytest.approx(first, abs=0.03)
    assert two_sample_auc(a, b) == first


def test_images_are_flattened():
    images = torch.rand(30, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    assert maximum_mean_discrepancy(images, images.flip(0) + 3) > 0.3
    assert two_sample_auc(images, images + 3) > 0.99


@pytest.mark.parametrize("measure", [two_sample_auc, maximum_mean_discrepancy])
def test_refuses_what_cannot_be_compared(measure):
    a = points(20, 0)
    with pytest.raises(ValueError, match="2 and 3 numbers a point"):
        measure(a, points(20, 1, width=3))
    with pytest.raises(ValueError, match=r"shape \(1, 2\), expected at least"):
        measure(a, a[:1])
    with pytest.raises(ValueError, match="one a row"):
        measure(a[:, 0], a[:, 0])
    with pytest.raises(ValueError, match="not finite"):
        measure(a, a / 0)


def test_refuses_points_without_a_distance():
    with pytest.raises(ValueError, match="bandwidth is 0"):
        maximum_mean_discrepancy(torch.zeros(5, 2), torch.zeros(5, 2))
