"""How good samples look to a classifier: distance to real images in its feature space, coverage, and how sure it is of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .checks import two_sets

NEIGHBOURS = 5


@dataclass(frozen=True)
class SampleQuality:
    """What `sample_quality` finds. None of it means much alone: put real images against real ones, and noise, beside it.

    frechet: the Fréchet distance between the features of samples and of real images, in the features' own units; 0 is the best.
    coverage: the share of real images that have a sample in their neighbourhood, 0 to 1; low where samples lack variety.
    confidence: the classifier's mean probability for the class that it names, 0 to 1; low where samples are no digits.
    """

    frechet: float
    coverage: float
    confidence: float


def sample_quality(classifier, samples: Tensor, real: Tensor, *, batch_size: int = 1000) -> SampleQuality:
    """`samples` against `real`, two batches of images (n, *input_shape) and (m, *input_shape), by a trained `classifier`.

    classifier: anything with `features(x)` → (n, size) and `classify(x)` → (n, classes), a `DigitClassifier` say. Figures depend on
    it, and on n and m: compare only what was measured with the same classifier, the same real images and as many samples. The Fréchet
    distance is that of Heusel et al. 2017 with this classifier in place of their Inception network: no FID, not to be compared with one.
    Raises ValueError when there are fewer images than `frechet_distance` or `coverage` needs.
    """
    ours, theirs = (torch.cat([classifier.features(piece).cpu() for piece in images.split(batch_size)]) for images in (samples, real))
    sure = torch.cat([classifier.classify(piece).amax(1).cpu() for piece in samples.split(batch_size)])
    return SampleQuality(frechet_distance(ours, theirs), coverage(ours, theirs), sure.mean().item())


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """The Fréchet distance between two sets of points, each taken for a Gaussian: ‖μₐ − μ_b‖² + tr(Σₐ + Σ_b − 2 (Σₐ Σ_b)^½).

    a: (n, …), b: (m, …), flattened, in double precision from here on. With few points it comes out too large; n and m of a thousand or more
    keep that small. Raises ValueError for different sizes, fewer than two points, or values that are not finite.
    Source: Dowson & Landau 1982; Heusel et al. 2017.
    """
    a, b = two_sets(a, b, least=2)
    covariance_a, covariance_b = torch.cov(a.T).reshape(a.shape[1], -1), torch.cov(b.T).reshape(b.shape[1], -1)
    # Σₐ Σ_b has the eigenvalues of the symmetric Σₐ^½ Σ_b Σₐ^½, which are real and not negative but for rounding.
    values, vectors = torch.linalg.eigh(covariance_a)
    root = vectors * values.clamp_min(0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ covariance_b @ root).clamp_min(0).sqrt().sum()
    distance = (a.mean(0) - b.mean(0)).square().sum() + covariance_a.trace() + covariance_b.trace() - 2 * cross
    return max(distance.item(), 0.0)


def coverage(samples: Tensor, real: Tensor, *, neighbours: int = NEIGHBOURS) -> float:
    """The share of `real` points with a sample no further away than their own `neighbours`-th nearest real point: 0 to 1.

    samples: (n, …), real: (m, …), flattened. For two sets of one distribution and n = m it is about 1 − 2^(−neighbours).
    Raises ValueError for different sizes, or fewer than neighbours + 1 real points. Source: Naeem et al. 2020, equation 6.
    """
    samples, real = two_sets(samples, real, least=1)
    if len(real) <= neighbours:
        raise ValueError(f"got {len(real)} real points, expected more than {neighbours}: each needs that many others around it.")
    covered = 0
    for piece in real.split(1000):
        radius = torch.cdist(piece, real).kthvalue(neighbours + 1, dim=1).values  # the nearest one is the point itself
        covered += (torch.cdist(piece, samples).amin(1) <= radius).sum().item()
    return covered / len(real)
