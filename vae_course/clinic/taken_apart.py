"""A loss taken apart: told, at many weights, with what the model's own encode and decode say of the very z that the loss decoded."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Distribution, Normal

from .overheard import overheard
from .subject import Subject, disturbed, drawn, each, fresh, gaussian_of, kl_of, reported, seeded, training_quietly

SIZES = (0.0, 0.05, 0.1, 0.2, 0.4)
FEW = 64  # examples of a batch
EXACT = 1e-3  # what is the same quantity agrees to single precision; a share of a thousandth leaves room for it
# What a KL may be of instead of q: a slip between σ, σ² and log σ² makes it that of a variance σ or σ⁴.
MISTAKEN = {"σ": 0.5, "σ⁴": 2.0}  # as powers of σ, of which the square is the variance

DRAWN = "drawn"  # and no mistake: log q(z|x) − log p(z) at the draw


@dataclass(frozen=True)
class Weights:
    """What the loss is made of: reconstruction · (−log p(x|z)) + kl · KL + a constant.

    of_reconstruction, of_kl: what the terms that it reports are, in shares of what they should be; None where it reports none. doubled:
    the loss of a batch taken twice, over that of the batch. squashed: whether its reconstruction is what the decoder's means would cost
    if they were logits. kl_varies: how far the share of the KL changes from weights to weights, over the share itself. left: the share
    of the loss that the two do not explain. mistaken: the variance that its KL takes for σ², one of `MISTAKEN`; None for σ² itself.
    """

    reconstruction: float
    kl: float
    of_reconstruction: float | None
    of_kl: float | None
    doubled: float
    squashed: bool
    kl_varies: float
    astray: float
    left: float
    mistaken: str | None


@dataclass(frozen=True)
class _Row:
    """The loss at some weights. kls: the KL, under "", and what it would be by mistake."""

    total: float
    cost: float
    at_mean: float
    kls: dict[str, float]
    reconstruction: float | None
    kl: float | None
    as_logits: float | None

    @property
    def usable(self) -> bool:
        numbers = (self.cost, self.at_mean, *self.kls.values())
        return math.isfinite(self.total) and all(math.isfinite(one) and abs(one) < 1e7 for one in numbers)


def batch(subject: Subject, n: int = FEW) -> tuple[Tensor, Tensor | None]:
    """The first examples and their labels."""
    return subject.x[:n], None if subject.y is None else subject.y[:n]


def rounded(value: float) -> str:
    """For a sentence."""
    return "0" if abs(value) < 1e-6 else f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"


def weights_of(subject: Subject) -> Weights | None:
    """The loss taken apart, once for each subject."""
    if "weights" not in subject.known:
        subject.known["weights"] = _taken_apart(subject)
    return subject.known["weights"]


@torch.no_grad()
def _taken_apart(subject: Subject) -> Weights | None:
    """At the weights, at many others near them, and from the beginning."""
    x, y = batch(subject)
    anew = fresh(subject.model, 9)
    tried = [(begun, size) for size in SIZES for begun in (subject.model, anew)]
    rows = [row for number, (begun, size) in enumerate(tried) if (row := _row(disturbed(begun, size, number), x, y, number)) and row.usable]
    if len(rows) < 4:
        return None
    total, at_draw, at_mean = (torch.tensor([getattr(row, name) for row in rows]).double() for name in ("total", "cost", "at_mean"))
    kls = {name: torch.tensor([row.kls[name] for row in rows]).double() for name in rows[0].kls}
    mistaken = _mistaken(rows, total, at_draw, kls)
    right = DRAWN if mistaken == DRAWN else ""
    fits = [_fitted(total, told, kls[mistaken or ""]) for told in (at_draw, at_mean)]
    reconstruction, of_kl, left = fits[fits[1][2] < 0.2 * fits[0][2]]
    shares = [row.reconstruction / row.cost for row in rows if row.reconstruction is not None and row.cost]
    squashed = [row.reconstruction / row.as_logits for row in rows if row.reconstruction is not None and row.as_logits]
    of_kls = [row.kl / row.kls[right] for row in rows if row.kl is not None and abs(row.kls[right]) > 1e-3]
    return Weights(
        reconstruction,
        of_kl,
        median(shares) if shares else None,
        median(of_kls) if of_kls else None,
        doubled(disturbed(anew, 0.1, 1), x, y),
        bool(squashed) and all(abs(share - 1) < 0.03 for share in squashed) and abs(median(shares) - 1) > 0.05,
        (max(of_kls) - min(of_kls)) / max(abs(median(of_kls)), 1e-9) if of_kls else 0.0,
        _astray(rows, at_draw),
        left,
        mistaken if mistaken in MISTAKEN else None,
    )


def _row(model, x: Tensor, y: Tensor | None, seed: int) -> _Row | None:
    with training_quietly(model):
        with seeded(seed):
            heard = overheard(model, x, y)
        terms, q, z = heard.terms, heard.q, heard.z
        if heard.corrupts:  # its q is of another x, and encode can't tell of which
            return None
        if q is None or z is None:  # compared with a draw of our own: exact where the loss draws in the same order
            q = model.encode(x, y)
            with seeded(seed):
                z = drawn(model.encode(x, y))
        with seeded(seed):
            cost = -each(model.decode(z, y).log_prob(x)).mean().item()
            at_mean = -each(model.decode(q.mean, y).log_prob(x)).mean().item()
            kls = _kls(model, q, z)
        p = model.decode(z, y)
    own, kl = (terms[name].item() if name in terms else None for name in ("reconstruction", "kl"))
    as_logits = None if own is None else -each(Bernoulli(logits=p.mean, validate_args=False).log_prob(x)).mean().item()
    return _Row(terms["total"].item(), cost, at_mean, kls, own, kl, as_logits)


def _kls(model, q: Distribution, z: Tensor) -> dict[str, float]:
    try:
        found = {"": kl_of(model, q, z).mean().item()}
    except NotImplementedError:  # a point has no KL
        return {"": 0.0}
    if (one := gaussian_of(q)) is not None and gaussian_of(model.prior) is not None:
        found[DRAWN] = (each(q.log_prob(z)) - each(model.prior.log_prob(z))).mean().item()
        for name, power in MISTAKEN.items():
            found[name] = kl_of(model, Normal(one.loc, one.scale**power, validate_args=False), z).mean().item()
    return found


def _mistaken(rows: list[_Row], total: Tensor, cost: Tensor, kls: dict[str, Tensor]) -> str | None:
    """Whose KL it is, where it is exactly that of a mistaken variance, and not that of q, as reported or as it stands in the total."""
    reported_kl = torch.tensor([math.nan if row.kl is None else row.kl for row in rows]).double()

    def off(name: str) -> float:
        if not torch.isnan(reported_kl).any():
            return ((reported_kl - kls[name]).abs() / kls[name].abs().clamp_min(0.1)).max().item()
        return _fitted(total, cost, kls[name])[2]

    best = min(kls, key=off)
    return best or None if off(best) < EXACT and off("") > 10 * EXACT else None


def _astray(rows: list[_Row], cost: Tensor) -> float:
    """A squared error, a mean over pixels, a sum over the batch: all are a line in −log p(x|z). What sees x by another way is not."""
    own = torch.tensor([math.nan if row.reconstruction is None else row.reconstruction for row in rows]).double()
    if torch.isnan(own).any():
        return 0.0
    slope, _, _ = _fitted(own, cost, torch.zeros_like(cost))
    rest = (own - slope * cost) / (slope or 1.0)
    return (rest - rest.median()).abs().max().item()


def doubled(model, x: Tensor, y: Tensor | None) -> float:
    """The loss of a batch taken twice, over that of the batch: 2 where it is a sum over the batch."""
    with training_quietly(model), torch.no_grad():
        one, two = (reported(model, torch.cat([x] * n), None if y is None else torch.cat([y] * n))["total"].item() for n in (1, 2))
    return two / one if one else 1.0


def _fitted(total: Tensor, cost: Tensor, kl: Tensor) -> tuple[float, float, float]:
    """The multiples of cost and KL that make up the total, and what is left."""
    size = 1 / (cost.abs() + kl.abs() + 1)
    rows = torch.stack([cost, kl, torch.ones_like(kl)], 1) * size[:, None]
    found = torch.linalg.lstsq(rows, (total * size)[:, None], driver="gelsd").solution
    left = (rows @ found - (total * size)[:, None]).norm() / (total * size).norm().clamp_min(1e-12)
    return found[0].item(), found[1].item(), left.item()
