"""How well single latent dimensions carry single factors: the mutual information gap and the FactorVAE score."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class InformationGap:
    """What `mutual_information_gap` finds.

    score: the MIG, the mean of `gaps`. gaps: (factors,), 0 to 1. information: (latent_size, factors), the mutual information of
    each dimension and each factor as a share of the factor's entropy: 1 where the dimension tells the factor's level, 0 where it
    tells nothing about it. entropies: (factors,), in nats.
    """

    score: float
    gaps: Tensor
    information: Tensor
    entropies: Tensor

    @property
    def carriers(self) -> Tensor:
        """The dimension that carries most of each factor: (factors,), integers."""
        return self.information.argmax(0)


def mutual_information_gap(codes: Tensor, factors: Tensor, *, bins: int = 20, threshold: float = 0.01) -> InformationGap:
    """The MIG: for each factor, how much more the best dimension tells about it than the second best, as a share of its entropy.

    codes: (n, latent_size), the posterior means of n examples (10,000 are usual). factors: (n, factors), integers, the level of
    each factor. Each dimension is cut into `bins` bins that hold equally many examples, so that only its order counts: a stretched
    or bent axis has the same MIG. A dimension whose variance is at most `threshold` is dead and tells nothing (its mean still stirs
    with the picture, far below the noise of q, and bins that look at the order alone would see it). Information is estimated from
    counts, which adds about (bins − 1)(levels − 1) / 2n nats to every entry, and nearly nothing to a gap. Raises ValueError for
    shapes that do not fit, fewer than two dimensions, or a factor that never changes.
    Source: Chen et al. 2018, equation 6 (there, and in Locatello et al. 2019, with bins of equal width).
    """
    codes, factors = _checked(codes, factors)
    if codes.shape[1] < 2:
        raise ValueError("the codes have one dimension, expected at least two: the gap is between the best and the second best.")
    if bins < 2:
        raise ValueError(f"bins is {bins}, expected at least 2.")
    levels = [column.unique(return_inverse=True)[1] for column in factors.T]
    for number, column in enumerate(levels):
        if column.max() == 0:
            raise ValueError(f"factor {number} has the same level in all examples: there is no information to be had about it.")
    binned = [_equally_filled(column, bins) for column in codes.T]
    information = torch.stack([torch.stack([_mutual_information(b, level) for level in levels]) for b in binned])
    information[codes.var(0) <= threshold] = 0.0
    entropies = torch.stack([_mutual_information(level, level) for level in levels])
    shares = information / entropies
    best, second = shares.topk(2, dim=0).values
    return InformationGap((best - second).mean().item(), (best - second).float(), shares.float(), entropies.float())


def factor_vae_score(
    codes: Tensor, factors: Tensor, *, votes: int = 800, batch_size: int = 64, threshold: float = 0.05, seed: int = 0
) -> float:
    """How often one can tell, from the dimension that varies least, which factor was held fixed: 0 to 1.

    For each vote, a factor is drawn and one of its levels; of `batch_size` examples that have it, the variance of every dimension
    is taken, over its variance in all examples, and the smallest names a dimension. Half of 2 · `votes` votes teach, for each
    dimension, which factor it most often stood for; the score is the share of the others that this gets right. Guessing is right
    once in as many times as there are factors. codes: (n, latent_size); factors: (n, factors), integers. Dimensions with a variance
    up to `threshold` are dead and take no part; where all are dead the score is that of guessing. Raises ValueError for shapes
    that do not fit.
    Source: Kim & Mnih 2018, section 4; the threshold and the votes kept apart as in Locatello et al. 2019.
    """
    codes, factors = _checked(codes, factors)
    if votes < 1 or batch_size < 2:
        raise ValueError(f"votes is {votes} and batch_size {batch_size}, expected at least 1 and 2.")
    variance = codes.var(0)
    alive = variance > threshold
    count = factors.shape[1]
    if not alive.any():
        return 1 / count
    scaled = codes[:, alive] / variance[alive].sqrt()
    generator = torch.Generator().manual_seed(seed)
    members = [[(column == level).nonzero().squeeze(1) for level in column.unique()] for column in factors.T]
    table = torch.zeros(2, int(alive.sum()), count)  # taught and asked; by dimension; by factor
    for vote in range(2 * votes):
        factor = int(torch.randint(count, (), generator=generator))
        among = members[factor][int(torch.randint(len(members[factor]), (), generator=generator))]
        chosen = among[torch.randint(len(among), (batch_size,), generator=generator)]
        table[vote % 2, scaled[chosen].var(0).argmin(), factor] += 1
    taught, asked = table
    stands_for = taught.argmax(1)
    return (asked[torch.arange(len(stands_for)), stands_for].sum() / votes).item()


def _checked(codes: Tensor, factors: Tensor) -> tuple[Tensor, Tensor]:
    codes, factors = codes.detach().cpu().double(), factors.detach().cpu()
    if codes.dim() != 2 or factors.dim() != 2 or len(codes) != len(factors):
        raise ValueError(
            f"got codes of shape {tuple(codes.shape)} and factors of shape {tuple(factors.shape)}, "
            "expected (n, latent_size) and (n, factors) for the same n examples."
        )
    if factors.is_floating_point():
        raise ValueError(f"the factors are {factors.dtype}, expected integers: the index of each factor's level.")
    if not torch.isfinite(codes).all():
        raise ValueError("the codes hold values that are not finite. Look at the model that gave them.")
    return codes, factors


def _equally_filled(values: Tensor, bins: int) -> Tensor:
    """The number of the bin that each value lies in: (n,) → (n,). Equal values share a bin, so a constant has one only."""
    edges = values.sort().values[torch.arange(1, bins) * len(values) // bins]
    return torch.searchsorted(edges.contiguous(), values.contiguous(), right=True)


def _mutual_information(a: Tensor, b: Tensor) -> Tensor:
    """I(a; b) in nats, from how often each pair of levels occurs; I(a; a) is the entropy of a. a, b: (n,), integers from 0."""
    columns = int(b.max()) + 1
    joint = torch.bincount(a * columns + b, minlength=(int(a.max()) + 1) * columns).view(-1, columns).double() / len(a)
    independent = joint.sum(1, keepdim=True) * joint.sum(0, keepdim=True)
    return torch.where(joint > 0, joint * (joint / independent).log(), 0.0).sum()
