"""Sample quality: distances that are known, and rows that stand in the right order."""

import numpy as np
import pytest
import scipy.linalg
import torch

from vae_course.evaluation import frechet_distance, sample_quality
from vae_course.evaluation.sample_quality import coverage
from vae_course.models import DigitClassifier
from vae_course.training import fit


def gaussians(n: int, mean: torch.Tensor, root: torch.Tensor, seed: int) -> torch.Tensor:
    """n points whose sample mean and covariance are exactly `mean` and root rootᵀ."""
    noise = torch.randn(n, len(mean), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    noise = noise - noise.mean(0)
    noise = noise @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(noise.T)).T)
    return noise @ root.T + mean


def test_the_distance_of_two_gaussians_with_covariances_that_commute_is_known():
    """Diagonal covariances: ‖μₐ − μ_b‖² + Σ (σₐ − σ_b)²."""
    a = gaussians(500, torch.tensor([0.0, 1.0, 2.0]).double(), torch.diag(torch.tensor([1.0, 2.0, 0.5]).double()), 0)
    b = gaussians(400, torch.tensor([1.0, 1.0, 0.0]).double(), torch.diag(torch.tensor([3.0, 2.0, 0.1]).double()), 1)
    assert frechet_distance(a, b) == pytest.approx(1 + 4 + 4 + 0.16, rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(frechet_distance(a, b), rel=1e-9)


def test_the_distance_of_any_two_gaussians_is_that_of_a_matrix_square_root():
    generator = torch.Generator().manual_seed(2)
    roots = [torch.randn(4, 4, generator=generator, dtype=torch.float64) for _ in range(2)]
    means = [torch.randn(4, generator=generator, dtype=torch.float64) for _ in range(2)]
    a, b = (gaussians(300, mean, root, seed) for seed, (mean, root) in enumerate(zip(means, roots, strict=True)))
    first, second = (root @ root.T for root in roots)
    square_root = np.real(scipy.linalg.sqrtm((first @ second).numpy()))
    expected = (means[0] - means[1]).square().sum() + first.trace() + second.trace() - 2 * square_root.trace()
    assert frechet_distance(a, b) == pytest.approx(expected.item(), rel=1e-8)


def test_features_that_never_fire_do_no_harm():
    points = torch.rand(100, 5)
    points[:, 2:] = 0
    assert frechet_distance(points, points) == pytest.approx(0, abs=1e-6)
    assert frechet_distance(points, points + 1) == pytest.approx(5, rel=1e-6)
    assert frechet_distance(torch.rand(100, 1), torch.rand(100, 1) + 2) == pytest.approx(4, rel=0.3)


def test_coverage_of_the_same_distribution_and_of_a_part_of_it():
    points = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0))
    same = coverage(points[:2000], points[2000:])
    assert same == pytest.approx(1 - 2**-5, abs=0.02)
    right = points[:2000][points[:2000, 0] > 0]
    assert 0.4 < coverage(right, points[2000:]) < 0.65, "samples from one half cover one half"
    assert coverage(points[:2000] + 100, points[2000:]) == 0
    assert coverage(points[:1].repeat(2000, 1), points[2000:]) < 0.02, "one sample, however often, covers next to nothing"


def test_rows_stand_in_the_right_order(blobs):
    torch.manual_seed(0)
    classifier = DigitClassifier(input_shape=(1, 8, 8), classes=4)
    fit(classifier, blobs, epochs=20, batch_size=32, seed=0, quiet=True)
    real, others = blobs.train.x[:128], blobs.train.x[128:]
    generator = torch.Generator().manual_seed(0)
    rows = {
        "real": sample_quality(classifier, others, real),
        "one class": sample_quality(classifier, blobs.train.x[blobs.train.y == 0], real),
        "soft": sample_quality(classifier, (others + 0.4 * torch.randn(others.shape, generator=generator)).clamp(0, 1), real),
        "noise": sample_quality(classifier, torch.rand(128, 1, 8, 8, generator=generator), real),
    }
    assert rows["real"].frechet < rows["soft"].frechet < rows["noise"].frechet
    assert rows["real"].frechet < rows["one class"].frechet
    assert rows["real"].coverage > rows["one class"].coverage
    assert rows["real"].coverage > rows["noise"].coverage
    assert rows["real"].confidence > rows["noise"].confidence


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (torch.rand(1, 3), torch.rand(5, 3), r"got points of shape \(1, 3\), expected at least 2 of them, one a row"),
        (torch.rand(5, 3), torch.rand(5), r"got points of shape \(5,\)"),
        (torch.rand(5, 3), torch.rand(5, 2), "the sets have 3 and 2 numbers a point"),
        (torch.rand(5, 3), torch.full((5, 3), float("nan")), "some points are not finite"),
    ],
)
def test_bad_points_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(a, b)


def test_too_few_real_points_for_coverage_are_refused():
    with pytest.raises(ValueError, match="got 5 real points, expected more than 5"):
        coverage(torch.rand(10, 2), torch.rand(5, 2))
