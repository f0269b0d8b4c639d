"""How far apart are two clouds?"""

import math

import scipy  # noqa: F401 (a slip uses it)
import torch

from ..engine import Probe, matches, never_negative, probes_from, relation, slip, task, unchanged

PRODUCT = "torch.linalg.eigvals(covariance_a @ covariance_b)"
ROOT, APART = f"{PRODUCT}.real.clamp(min=0).sqrt().sum()", "(a.mean(0) - b.mean(0)).square().sum()"
CHOLESKY = "torch.linalg.cholesky(covariance_a)"
COMPLEX = "A complex number came out: a root of an eigenvalue that is below 0 by rounding, or of a matrix with one. Which part of it is meant, and what may be done to such an eigenvalue?"
COLUMNS = "Your covariances have a row for each point. What should they have a row for, and what does torch.cov take for a variable: a row or a column?"
RIDGE = "Nearly: you make the covariances a little greater along their diagonals, so that none is singular. What does a root make of so small a number? Is there a way to it that copes with 0?"
SAME, STILL = (torch.arange(27.0).view(9, 3).double() ** 2).sin(), (torch.arange(44.0).view(11, 4).double() ** 2).sin()
STILL[:, 0] = 0.5  # as a pixel that is black in every picture
CHOSEN = (
    Probe({"a": SAME, "b": SAME + 20.0}, note="with two sets that differ by a shift"),
    Probe({"a": SAME, "b": SAME.flip(0)}, note="with the same set twice"),
    Probe({"a": STILL, "b": STILL.roll(1, 1)[:9]}, note="with a feature that never changes"),
)
FEW = "with fewer points than features"  # so many eigenvalues of 0 that rounding makes some of them negative


def clouds(draw, n, m, d, scale, shift):
    a, b = (scale * draw(points, d).double() @ draw(d, d).double() for points in (n, m))
    return {"a": a, "b": b + shift}


def by_singular_values(a, b):
    """Without a root: tr (Σₐ Σ_b)^½ is the sum of the singular values of A Bᵀ, with A and B the centred points over √(n − 1)."""
    centred_a, centred_b = ((points - points.mean(0)) / math.sqrt(len(points) - 1) for points in (a, b))
    spread = centred_a.square().sum() + centred_b.square().sum()
    return ((a.mean(0) - b.mean(0)).square().sum() + spread - 2 * torch.linalg.svdvals(centred_a @ centred_b.t()).sum()).item()


def five_digits(a, b):
    """By what rounding is measured: half a unit in the fifth digit is five times a hundred-thousandth of the distance."""
    return 5 * by_singular_values(a, b)


def root_of(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp(min=0).sqrt() @ vectors.t()


@task(
    points=1,
    probes=probes_from(clouds, sizes={(12, 8, 3, 1.0, 1.5): "", (15, 6, 1, 1.0, 0.0): "with one feature", (4, 5, 24, 0.03, -0.02): FEW, (6, 3, 30, 0.03, -0.02): FEW, (10, 14, 5, 1.0, 0.0): "in float64"}, more=CHOSEN),
    laws=(
        never_negative("A distance from here to there cannot be below 0. What are the two traces when both sets are one, and what must be left?", what="A Fréchet distance"),
        relation(lambda a, b: {"b": a}, lambda distance: 0.0 * distance, "A set is at distance 0 from itself", "Take the same set twice: nothing has to be moved. What must the mixed term be then, beside the two traces?"),
        unchanged(lambda a, b: {"a": b, "b": a}, "From b to a", "Let a and b change places. Which term of yours knows which set came first?"),
        relation(lambda a, b: {"a": 3 * a, "b": 3 * b}, lambda distance: 9 * distance, "With all points three times as far out, the distance, which is a squared one, is nine times as great", "Measure all features in units a third as long. Is each term of yours a square, and is the sum left squared?"),
    ),
    claims=matches(by_singular_values, "It should be the means' squared distance and what the covariances add", scale=five_digits),
    slips=(
        slip(ROOT, "(covariance_a.diagonal() * covariance_b.diagonal()).sqrt().sum()", "You take the root number by number, along the diagonal. Right for features that have nothing to do with each other. What is the root of a matrix?"),
        slip(ROOT, "(covariance_a @ covariance_b).trace().sqrt()", "The root of a trace, or the trace of a root: with one feature it is the same. Which is asked for?"),
        slip(ROOT, "(covariance_a @ covariance_b).sqrt().trace()", "You take the root of each number of a product of matrices. Multiply the result by itself: do you get the product back? What is the root of a matrix?"),
        slip(ROOT, "(root_of(covariance_a) @ root_of(covariance_b)).trace()", "You multiply the roots, instead of taking the root of the product. Is that the same when the two matrices don't commute?"),
        slip(f"{PRODUCT}.real", "torch.linalg.eigvalsh(covariance_a @ covariance_b)", "You use a routine for symmetric matrices, which looks at one triangle only. Is the product of two symmetric matrices symmetric?"),
        slip("torch.cov(points.t()).reshape(size, size)", "torch.cov(points)", COLUMNS),
        slip("points.t()", "points", COLUMNS),
        slip(".reshape(size, size)", "", "Right, until there is a single feature: torch.cov makes a number of one row, and numbers have no matrix product. What shape has the covariance of one feature?"),
        slip({".reshape(size, size)": "", "root =": "spread = covariance_a.trace() + covariance_b.trace()\n    root ="}, "Right, until there is a single feature: torch.cov makes a number of one row, and a number has no trace. What shape has the covariance of one feature?"),
        slip(".clamp(min=0)", "", "Right, until a covariance is singular. Eigenvalues that are 0 come out as 10⁻¹⁶ or −10⁻¹⁶, and the root of the latter is NaN. What may be done to them before the root?"),
        slip(f"{PRODUCT}.real.clamp(min=0)", "torch.linalg.svdvals(covariance_a @ covariance_b)", "You take the singular values of the product. For a symmetric matrix they are the sizes of its eigenvalues. Is the product of two symmetric matrices symmetric?"),
        slip("2 * root", "root", "Take the same set twice: yours is the trace of its covariance, where it should be 0. How often does the mixed term occur in (s − t)²?"),
        slip(APART, "(a.mean(0) - b.mean(0)).norm()", "Two sets that differ by a shift of 20 in each feature: the distance is then the shift's alone. Is it squared?"),
        slip("distance.item()", "distance.clamp(min=0).sqrt().item()", "That is the root. By custom, what is called the Fréchet distance of two sets of features is left squared. Which does the contract ask for?"),
        slip("points.t())", "points.t(), correction=0)", "Nearly: your covariances are a little too small, the more so with few points. By what are they divided?"),
        slip(ROOT, f"torch.linalg.eigvalsh({CHOLESKY}.t() @ covariance_b @ {CHOLESKY}).clamp(min=0).sqrt().sum()", "Right, until a covariance is singular, as with a feature that never changes. Cholesky's factor needs a positive definite matrix. Which decomposition makes do with eigenvalues of 0?"),
        *(slip(".reshape(size, size)", f".reshape(size, size) + {least} * torch.eye(size)", RIDGE) for least in (1e-3, 1e-5, 1e-6, 1e-8)),
        slip(".real.clamp(min=0).sqrt()", ".sqrt()", COMPLEX),
        slip(ROOT, "scipy.linalg.sqrtm((covariance_a @ covariance_b).numpy()).trace()", COMPLEX),
    ),
    hints=(
        "torch.cov wants one feature a row. The means and both traces are plain. What is left is the trace of a root, and a trace is the sum of the eigenvalues.",
        "The root's eigenvalues are the roots of the eigenvalues of Σₐ Σ_b. This product is not symmetric, but its eigenvalues are real and not negative, but for rounding.",
        "torch.linalg.eigvals gives complex numbers: take the real part, and clamp what is below 0. Or: Σₐ^½ by torch.linalg.eigh, then eigvalsh of the symmetric Σₐ^½ Σ_b Σₐ^½.",
    ),
)
def frechet(a, b):
    """The Fréchet distance of two sets of points, each taken for a Gaussian, a Python float.

    ‖μₐ − μ_b‖² + tr(Σₐ + Σ_b − 2 (Σₐ Σ_b)^½), with the means and the covariances (divided by n − 1) of the sets. It is a squared distance, by custom.
    a: (n, size), b: (m, size), float64. n and m may be less than size, and a feature may be the same in all points: covariances may be singular.
    S^½ is the matrix with S^½ S^½ = S whose eigenvalues are not negative. To 5 digits.
    """
    size = a.shape[1]
    covariance_a, covariance_b = (torch.cov(points.t()).reshape(size, size) for points in (a, b))
    root = torch.linalg.eigvals(covariance_a @ covariance_b).real.clamp(min=0).sqrt().sum()  # the trace of the root
    distance = (a.mean(0) - b.mean(0)).square().sum() + covariance_a.trace() + covariance_b.trace() - 2 * root
    return distance.item()
