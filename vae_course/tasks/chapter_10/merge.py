"""Two beliefs about one latent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from ..claims import matches
from ..declaration import Claim, Mistake, Plain, Probe, Task
from ..probes import Draw, probes_from, with_more
from .stack import sigma_of


def _two_beliefs(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    return {"mu_1": 2 * draw(n, d), "log_var_1": draw(n, d) - 1, "mu_2": draw(n, d), "log_var_2": 1.2 * draw(n, d)}


def _sure_and_unsure() -> list[Probe]:
    mu_1, mu_2 = torch.tensor([[2.0, -1.0, 0.5]]), torch.tensor([[-1.0, -1.0, 1.5]])
    sure, equal = torch.tensor([[-3.0, 3.0, -3.0]]), torch.tensor([[0.5, -2.0, 1.0]])
    return [
        Probe({"mu_1": mu_1, "log_var_1": sure, "mu_2": mu_2, "log_var_2": -sure}, note="with one Gaussian much surer than the other"),
        Probe({"mu_1": mu_1, "log_var_1": equal, "mu_2": mu_2, "log_var_2": equal}, note="with two that are equally sure"),
    ]


def reference_merge(mu_1: Tensor, log_var_1: Tensor, mu_2: Tensor, log_var_2: Tensor) -> tuple[Tensor, Tensor]:
    """As a filter does it: start from the first, and move by the share of its variance in both."""
    share = torch.sigmoid(log_var_1 - log_var_2)
    return mu_1 + share * (mu_2 - mu_1), log_var_1 + log_var_2 - torch.logaddexp(log_var_1, log_var_2)


def with_room(claims: Callable[..., Iterator[Claim]]) -> Callable[..., Iterator[Claim]]:
    """The same claims, a millionth wider: a tiny constant that keeps a division finite is no mistake here."""

    def wider(values: dict[str, Plain], /, **arguments: Plain) -> Iterator[Claim]:
        for claim in claims(values, **arguments):
            yield claim if claim.contract else replace(claim, tolerance=claim.tolerance + 1e-6)

    return wider


def merged_by(mu_1, log_var_1, mu_2, log_var_2):
    precision_1, precision_2 = (-log_var_1).exp(), (-log_var_2).exp()
    variance = 1 / (precision_1 + precision_2)
    return (mu_1 * precision_1 + mu_2 * precision_2) * variance, variance.log()


def _merged_with(precision_of):
    """The right formulas with something else for a precision."""

    def merge(mu_1, log_var_1, mu_2, log_var_2):
        precision_1, precision_2 = precision_of(log_var_1), precision_of(log_var_2)
        variance = 1 / (precision_1 + precision_2)
        return (mu_1 * precision_1 + mu_2 * precision_2) * variance, variance.log()

    return merge


def merged_but(mu=None, log_var=None):
    """The right answer but for one of its parts."""

    def merge(mu_1, log_var_1, mu_2, log_var_2):
        right = merged_by(mu_1, log_var_1, mu_2, log_var_2)
        given = (mu_1, log_var_1, mu_2, log_var_2)
        return right[0] if mu is None else mu(*given), right[1] if log_var is None else log_var(*given)

    return merge


def weighted_by_variances(mu_1, log_var_1, mu_2, log_var_2):
    return (mu_1 * log_var_1.exp() + mu_2 * log_var_2.exp()) / (log_var_1.exp() + log_var_2.exp())


def _halfway(mu_1, log_var_1, mu_2, log_var_2):
    return (mu_1 + mu_2) / 2


def _variances_added(mu_1, log_var_1, mu_2, log_var_2):
    return (log_var_1.exp() + log_var_2.exp()).log()


def _variances_averaged(mu_1, log_var_1, mu_2, log_var_2):
    return ((log_var_1.exp() + log_var_2.exp()) / 2).log()


def _precisions_averaged(mu_1, log_var_1, mu_2, log_var_2):
    return (2 / ((-log_var_1).exp() + (-log_var_2).exp())).log()


def _precisions_of_sigma_throughout(mu_1, log_var_1, mu_2, log_var_2):
    mu, log_sigma = merged_by(mu_1, log_var_1 / 2, mu_2, log_var_2 / 2)
    return mu, 2 * log_sigma


def _mixed(mu_1, log_var_1, mu_2, log_var_2):
    """Mean and variance of a mixture of the two."""
    variance = (log_var_1.exp() + log_var_2.exp()) / 2 + (mu_1 - mu_2) ** 2 / 4
    return (mu_1 + mu_2) / 2, variance.log()


MERGE = Task(
    name="10.merge",
    points=1,
    contract="merge(mu_1, log_var_1, mu_2, log_var_2) -> (mu, log_var) of the Gaussian that is proportional to the product of two Gaussian densities,\n"
    "N(z; mu_1, exp(log_var_1)) · N(z; mu_2, exp(log_var_2)): precisions add up, and each mean counts by its precision.\n"
    "All four arguments and both results: (batch, latent_size), each latent for itself, in one dtype.",
    probes=with_more(probes_from(_two_beliefs), _sure_and_unsure),
    claims=with_room(
        matches(
            reference_merge,
            "The Gaussian should be proportional to the product of the two",
            parts=("mu", "log_var"),
            scale=lambda mu_1, log_var_1, mu_2, log_var_2: mu_1.abs() + mu_2.abs() + log_var_1.abs() + log_var_2.abs(),
        )
    ),
    mistakes=(
        Mistake(
            merged_but(mu=weighted_by_variances),
            "Your variance is right. But let the first Gaussian be all but certain: its variance goes to 0, and so does its weight in your mean. Who should win?",
        ),
        Mistake(
            merged_but(mu=_halfway),
            "Your variance is right. Your mean is halfway between the two, however sure each of them is. A coarse ruler and a fine one: which reading counts more?",
        ),
        Mistake(
            _merged_with(torch.exp),
            "exp(log_var) is a variance. You used it where a precision belongs: is a Gaussian with a great one sure, or unsure?",
        ),
        Mistake(
            merged_but(weighted_by_variances, _variances_averaged),
            "You weighted by variances and averaged them. Hear two independent witnesses who agree: are you less sure than of the surer one alone, or more?",
        ),
        Mistake(
            merged_but(log_var=_variances_added),
            "Your mean is right. Your variance is greater than either of the two: that is the variance of a sum of two numbers. Does a second witness make you less sure?",
        ),
        Mistake(
            merged_but(_halfway, _variances_added),
            "A mean halfway between the two, and a variance greater than either: none of them counts by how sure it is. What adds up when two Gaussian densities are multiplied?",
        ),
        Mistake(
            merged_but(lambda mu_1, log_var_1, mu_2, log_var_2: mu_1 + mu_2, _variances_added),
            "That is the distribution of z_1 + z_2, two numbers added. Here there is one number, and two opinions of it. Which operation on the densities is asked for?",
        ),
        Mistake(
            merged_but(_halfway, _variances_averaged),
            "Both parts are plain averages. Let one of the two be all but certain: should the other one still have half a say?",
        ),
        Mistake(
            merged_but(log_var=_variances_averaged),
            "Your mean is right. Two opinions that agree: your variance lies between theirs. What happens to precisions when densities are multiplied?",
        ),
        Mistake(
            merged_but(_halfway, lambda mu_1, log_var_1, mu_2, log_var_2: (log_var_1 + log_var_2) / 2),
            "You averaged what you were given, log-variances and all. Which quantity of a Gaussian adds up when densities are multiplied?",
        ),
        Mistake(
            merged_but(log_var=_precisions_averaged),
            "Your mean is right. Merge a Gaussian with itself: yours comes back unchanged. Two independent witnesses who say the same, are they worth no more than one?",
        ),
        Mistake(
            _mixed,
            "Those are mean and variance of a mixture: z comes from the one or from the other. Here both speak of the same z. Sum of the densities, or product?",
        ),
        Mistake(
            _merged_with(lambda log_var: torch.exp(-log_var / 2)),
            "Your precisions are 1/σ. Write log of a Gaussian density: by what is (z − μ)² divided?",
        ),
        Mistake(
            _precisions_of_sigma_throughout,
            "You added 1/σ of both, and took the result for a σ. What stands before (z − μ)² in the logarithm of a Gaussian: 1/σ, or 1/σ²?",
        ),
        Mistake(
            _merged_with(lambda log_var: torch.exp(-2 * log_var)),
            "Your precisions are 1/σ⁴: you squared exp(log_var), as if it were σ. What is it?",
        ),
        Mistake(
            _merged_with(lambda log_var: 1 / log_var),
            "Some of your variances are negative. Is what you are given σ², or its logarithm?",
        ),
        Mistake(
            _merged_with(lambda log_var: 1 / log_var**2),
            "You took log σ² for σ. Which function leads from a logarithm back to the thing itself?",
        ),
        Mistake(
            merged_but(log_var=lambda *given: merged_by(*given)[1].exp()),
            "Your mean is right. Of the variance you return the value itself. What does the contract ask for?",
        ),
        Mistake(
            merged_but(log_var=lambda *given: sigma_of(merged_by(*given)[1])),
            "Your mean is right. Your second result is σ. What does the contract ask for?",
        ),
        Mistake(lambda *given: merged_by(*given)[::-1], "Both are right. Which of the two does the contract want first?"),
        Mistake(
            lambda mu_1, log_var_1, mu_2, log_var_2: (
                (mu_1 * log_var_2 + mu_2 * log_var_1) / (log_var_1 + log_var_2),
                log_var_1 * log_var_2 / (log_var_1 + log_var_2),
            ),
            "The formula for two variances, with their logarithms put in. What has to be done with log σ² before the formula, and what with the result after it?",
        ),
        Mistake(
            merged_but(log_var=lambda *given: (-merged_by(*given)[1]).exp()),
            "Your mean is right. Your second result is the precision itself. What does the contract ask for, and how does it follow from that?",
        ),
        Mistake(
            merged_but(log_var=lambda *given: -_variances_added(*given)),
            "Your mean is right. In your second result there is one over a sum of variances. What adds up: variances, or precisions?",
        ),
        Mistake(
            merged_but(log_var=lambda mu_1, log_var_1, mu_2, log_var_2: log_var_1 + log_var_2),
            "Your mean is right. You added log-variances, so your variance is the product of both. Merge two Gaussians with σ² = 4: does a second witness make it 16?",
        ),
        Mistake(
            merged_but(log_var=lambda mu_1, log_var_1, mu_2, log_var_2: torch.minimum(log_var_1, log_var_2)),
            "Your mean is right. Your result is as sure as the surer of the two, and no surer. Two independent witnesses who say the same: are they worth no more than one?",
        ),
        Mistake(
            lambda mu_1, log_var_1, mu_2, log_var_2: (torch.where(log_var_1 < log_var_2, mu_1, mu_2), torch.minimum(log_var_1, log_var_2)),
            "The surer one wins, and the other one is not heard. Let both be nearly equally sure: should a hair decide?",
        ),
        Mistake(
            merged_but(mu=lambda *given: merged_by(*given)[0] / merged_by(*given)[1].exp() / 2),
            "Your variance is right. You weighted the means by precisions and divided by 2. What are the weights of a weighted mean to add up to?",
        ),
        Mistake(
            merged_but(log_var=lambda *given: -merged_by(*given)[1]),
            "Your mean is right. Merging makes surer, so log σ² must fall. Is yours the logarithm of a variance, or of a precision?",
        ),
        Mistake(
            merged_but(log_var=lambda *given: merged_by(*given)[1] / 2),
            "Your mean is right. Your second result is log σ. Which power of σ is asked for?",
        ),
        Mistake(
            merged_but(log_var=lambda *given: 1 / ((-given[1]).exp() + (-given[3]).exp()).log()),
            "Your mean is right. You took the logarithm first and the reciprocal of it then. In which order do a precision and log σ² follow from each other?",
        ),
        Mistake(
            merged_but(mu=lambda mu_1, log_var_1, mu_2, log_var_2: mu_1 * (-log_var_1).exp() + mu_2 * (-log_var_2).exp()),
            "Your variance is right. Merge a Gaussian with itself: the mean must stay. By what is a weighted sum divided?",
        ),
    ),
    hints=(
        "Write the logarithm of the product as a function of z: it is a parabola again. Which numbers stand before z² and before z?",
        "The precision 1/σ² = exp(−log σ²) stands before z² (times −½), and μ/σ² before z. Both add up when the logarithms do.",
        "Variance: one over the sum of both precisions. Mean: each mean times its precision, added up, times that variance. Then the logarithm of the variance.",
    ),
)
