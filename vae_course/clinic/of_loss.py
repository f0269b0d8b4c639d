"""Then the loss: which multiple of the reconstruction and of the KL does it minimise, and whom do its gradients reach?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor
from torch.distributions import Bernoulli

from .record import Finding
from .subject import Subject, both, disturbed, drawn, each, fresh, reported, seeded, training_quietly

SIZES = (0.0, 0.05, 0.1, 0.2, 0.4)
FEW = 64  # examples of a batch


@dataclass(frozen=True)
class Weights:
    """What the loss is made of: reconstruction · (−log p(x|z)) + kl · KL + a constant.

    at_mean: whether z is the mean of q(z|x), not a draw. of_reconstruction, of_kl: what the terms that it reports are, in shares of
    what they should be; None where it reports none. doubled: the loss of a batch taken twice, over that of the batch.
    squashed: whether its reconstruction is what the decoder's means would cost if they were logits. kl_varies: how far the share of the
    KL changes from weights to weights, over the share itself. left: the share of the loss that the two do not explain.
    """

    reconstruction: float
    kl: float
    at_mean: bool
    of_reconstruction: float | None
    of_kl: float | None
    doubled: float
    squashed: bool
    kl_varies: float
    left: float


def _batch(subject: Subject, n: int = FEW) -> tuple[Tensor, Tensor | None]:
    return subject.x[:n], None if subject.y is None else subject.y[:n]


def weights_of(subject: Subject) -> Weights | None:
    """The loss taken apart, once for each subject."""
    if "weights" not in subject.known:
        subject.known["weights"] = _taken_apart(subject)
    return subject.known["weights"]


@torch.no_grad()
def _taken_apart(subject: Subject) -> Weights | None:
    """It is told, with what encode and decode say, at the weights and at many others near them."""
    x, y = _batch(subject)
    rows, shares, kls, squashed = [], [], [], []
    anew = fresh(subject.model, 9)
    for number, (begun, size) in enumerate([(begun, size) for size in SIZES for begun in (subject.model, anew)]):
        with training_quietly(disturbed(begun, size, number)) as model:
            with seeded(number):
                terms = reported(model, x, y)
            with seeded(number):
                cost, kl = both(model, x, y)
            with seeded(number):
                at_mean, _ = both(model, x, y, at_mean=True)
            row = [terms["total"].item(), cost.item(), at_mean.item(), kl.item()]
            if not all(map(math.isfinite, row)) or max(map(abs, row[1:])) > 1e7:
                continue
            rows.append(row)
            if "reconstruction" in terms and row[1]:
                shares.append(terms["reconstruction"].item() / row[1])
                squashed.append(terms["reconstruction"].item() / _as_logits(model, x, y, number))
            if "kl" in terms and abs(row[3]) > 1e-3:
                kls.append(terms["kl"].item() / row[3])
    if len(rows) < 4:
        return None
    total, at_draw, at_mean, kl = torch.tensor(rows, dtype=torch.float64).unbind(1)
    fits = [_fitted(total, told, kl) for told in (at_draw, at_mean)]
    used = fits[1][2] < 0.2 * fits[0][2]
    reconstruction, of_kl, left = fits[used]
    with training_quietly(disturbed(anew, 0.1, 1)) as model:
        one, two = (reported(model, torch.cat([x] * n), None if y is None else torch.cat([y] * n))["total"].item() for n in (1, 2))
    varies = (max(kls) - min(kls)) / max(abs(median(kls)), 1e-9) if kls else 0.0
    twice = bool(squashed) and all(abs(share - 1) < 0.03 for share in squashed) and abs(median(shares) - 1) > 0.05
    return Weights(
        reconstruction,
        of_kl,
        used,
        median(shares) if shares else None,
        median(kls) if kls else None,
        two / one if one else 1.0,
        twice,
        varies,
        left,
    )


def _as_logits(model, x: Tensor, y: Tensor | None, seed: int) -> float:
    """What a reconstruction costs whose means are taken for logits."""
    with seeded(seed):
        means = model.decode(drawn(model.encode(x, y)), y).mean
    return -each(Bernoulli(logits=means, validate_args=False).log_prob(x)).mean().item()


def _fitted(total: Tensor, cost: Tensor, kl: Tensor) -> tuple[float, float, float]:
    """The multiples of cost and KL that make up the total, and what is left."""
    size = 1 / (cost.abs() + kl.abs() + 1)
    rows = torch.stack([cost, kl, torch.ones_like(kl)], 1) * size[:, None]
    found = torch.linalg.lstsq(rows, (total * size)[:, None], driver="gelsd").solution
    left = (rows @ found - (total * size)[:, None]).norm() / (total * size).norm().clamp_min(1e-12)
    return found[0].item(), found[1].item(), left.item()


def arithmetic(subject: Subject) -> tuple[str, list[Finding]]:
    """Sums or means, signs, and the KL's weight."""
    weights = weights_of(subject)
    if weights is None:
        return "could not be taken apart", []
    n, latents = subject.pixels, subject.latents
    a, b = weights.reconstruction, weights.kl
    if 1.7 < weights.doubled < 2.3 and abs(a) > 2:
        a, b = a / FEW, b / FEW
    told = f"about {_round(a)} · reconstruction" + (f" {'−' if b < -1e-3 else '+'} {_round(abs(b))} · KL" if subject.variational else "")
    found = []
    if weights.squashed or weights.left > 0.2:
        return f"not made of the two alone ({weights.left:.0%} is left)", []
    if abs(a) < 1e-9:
        return told, [
            Finding(
                "reconstruction forgotten", a, "The loss does not change with the reconstruction.", "the sum that backward is called on"
            )
        ]
    beta = b / a
    if a < 0:
        found.append(
            Finding(
                "wrong sign", a, f"The loss has the reconstruction with a minus ({_round(a)} times −log p).", "minimise −log p(x|z) + KL"
            )
        )
    elif not subject.variational:
        return told, found
    elif beta < -0.02:
        found.append(
            Finding(
                "wrong sign",
                beta,
                f"The KL counts {_round(beta)} times as much as the reconstruction: it is paid for.",
                "the sign of the KL",
            )
        )
    elif 0.4 < a * n < 2.5 and beta > 8:
        shown = (
            f"A nat of reconstruction counts {_round(a)}, about 1/{n} (1/pixels), and a nat of KL {_round(b)}: in effect β = {beta:.0f}."
        )
        found.append(
            Finding(
                "reconstruction averaged over pixels",
                beta,
                shown,
                "the reduction of the reconstruction: sum over pixels, mean over the batch",
            )
        )
    elif abs(beta) < 0.003:
        shown = f"The KL counts {_round(beta)} times as much as the reconstruction: it is not in the sum that is minimised."
        found.append(Finding("KL forgotten", beta, shown, "whether the total is reconstruction + KL"))
    elif beta < 0.06:
        shown = f"The KL counts {_round(beta)} times as much as the reconstruction, {1 / beta:.0f} times too little."
        found.append(Finding("KL weight too small", beta, shown, f"β, and whether the KL is averaged over its {latents} latents"))
    elif beta > 20 or (beta > 6 and subject.useless):
        shown = f"The KL counts {beta:.3g} times as much as the reconstruction."
        found.append(Finding("KL weight too large", beta, shown, "β, and whether one of the two terms is a mean where the other is a sum"))
    elif weights.of_kl is not None and latents > 2 and abs(weights.of_kl * latents - 1) < 0.1 and abs(beta * latents - 1) < 0.2:
        found.append(Finding("KL averaged over latents", beta, f"The KL is 1/{latents} of what it should be.", "the sum over latents"))
    return told, found


def formulas(subject: Subject) -> tuple[str, list[Finding]]:
    """Are the terms that it reports those of its own q and p?"""
    weights = weights_of(subject)
    if weights is None or (weights.of_reconstruction is None and weights.of_kl is None):
        return "no terms to compare", []
    told, found = [], []
    if weights.of_reconstruction is not None:
        told.append(f"reconstruction {_round(weights.of_reconstruction)} of −log p(x|z)")
    if weights.of_kl is not None and subject.variational:
        told.append(f"KL {_round(weights.of_kl)} of KL(q ‖ p)")
    if weights.squashed:
        shown = "The loss's reconstruction is what the decoder's probabilities cost when they are taken for logits."
        found.append(
            Finding("sigmoid twice", weights.of_reconstruction or 0.0, shown, "the likelihood: logits go in, or probabilities, not both")
        )
    if subject.variational and weights.of_kl is not None and (weights.of_kl < -0.02 or weights.kl_varies > 0.3):
        varies = f"this changes from weights to weights by {weights.kl_varies:.0%}"
        shown = f"The KL that the loss reports is {_round(weights.of_kl)} times KL(q ‖ p), and {varies}."
        found.append(Finding("KL is not that of q", weights.of_kl, shown, "the formula: ½ Σ (μ² + σ² − 1 − log σ²), and what σ is"))
    return ", ".join(told), found


def draws(subject: Subject) -> tuple[str, list[Finding]]:
    """Does the loss draw z? Two passes over a batch must differ."""
    if not subject.variational:
        return "no q(z|x) with a width: nothing to draw", []
    x, y = _batch(subject)
    apart = 0.0
    for tried in (disturbed(subject.model, 0.1, 3), fresh(subject.model, 3)):
        with torch.no_grad(), training_quietly(tried) as model:
            totals = []
            for seed in range(2):
                with seeded(seed):
                    terms = reported(model, x, y)
                    totals.append(terms.get("reconstruction", terms["total"]).item())
        apart = max(apart, abs(totals[0] - totals[1]) / max(1.0, abs(totals[0])))
    told = f"two passes over a batch differ by {apart:.2%}"
    costs = subject.costs
    if apart <= 1e-6:
        shown = f"Two passes give the same loss. A draw of q(z|x) costs {costs.at_draw - costs.at_mean:.0f} nats more than its mean."
        return told, [
            Finding("noise not used", costs.at_draw - costs.at_mean, shown, "where z is made: it must be a draw of q(z|x) in training")
        ]
    if (
        costs.at_draw - costs.at_mean > 0.5 * subject.span
        and costs.kl > 0
        and subject.marks
        and costs.at_mean < subject.marks.mean - 0.2 * subject.span
    ):
        shown = f"A draw of q(z|x) costs {costs.at_draw - costs.at_mean:.0f} nats more than its mean: the decoder never met such noise."
        return told, [
            Finding("noise not used", costs.at_draw - costs.at_mean, shown, "how z is made from μ and σ, the ½ in σ = exp(½ log σ²) too")
        ]
    asked, paid = _price_of_noise(subject)
    if asked > 0.005 * subject.span and not 0.5 < paid / asked < 2:
        shown = f"A draw of q(z|x) costs {asked:.1f} nats more than its mean, and the noise that the loss draws costs {paid:.1f}."
        where = "how z is made from μ and σ, the ½ in σ = exp(½ log σ²) too"
        return told, [Finding("noise is not that of q", paid / asked, shown, where)]
    return told, []


@torch.no_grad()
def _price_of_noise(subject: Subject) -> tuple[float, float]:
    """What a draw of q costs above its mean, and what the loss's own reconstruction does, where it reports one in nats."""
    weights = weights_of(subject)
    if weights is None or weights.of_reconstruction is None or abs(weights.of_reconstruction - 1) > 0.1:
        return 0.0, 0.0
    asked, paid = [], []
    with training_quietly(subject.model) as model:
        at_mean = both(model, subject.x, subject.y, at_mean=True)[0].item()
        for seed in range(4):
            with seeded(seed):
                asked.append(both(model, subject.x, subject.y)[0].item() - at_mean)
            with seeded(seed):
                paid.append(reported(model, subject.x, subject.y)["reconstruction"].item() - at_mean)
    return sum(asked) / len(asked), sum(paid) / len(paid)


def gradients(subject: Subject) -> tuple[str, list[Finding]]:
    """Whom does the reconstruction reach?"""
    reach: dict[str, float] = {}
    missing = 1.0
    for tried in (disturbed(subject.model, 0.1, 4), fresh(subject.model, 4)):
        arrived, unheld = _reached(subject, tried)
        for part, value in arrived.items():
            reach[part] = max(value, reach.get(part, value), key=abs)
        missing = min(missing, unheld)
    biggest = max((abs(value) for value in reach.values()), default=0.0)
    told = ", ".join(f"{part} {_round(value)}" for part, value in reach.items())
    found = []
    for part, value in reach.items():
        if abs(value) < 0.1 * biggest or biggest < 1e-9:
            shown = f"The reconstruction's gradient reaches the {part} with {_round(value)} of its strength."
            where = (
                "how z is drawn: rsample or μ + σ·ε, no sample, detach or no_grad"
                if part == "encoder"
                else "detach, no_grad, requires_grad in the decoder"
            )
            found.append(Finding(f"gradient cut before the {part}", value, shown, where))
    if not found and missing > 0.1:
        shown = f"{missing:.0%} of the weights that the loss depends on are not in the optimizer."
        found.append(
            Finding(
                "weights missing from the optimizer", missing, shown, "what the optimizer was given: encoder's and decoder's parameters"
            )
        )
    return f"of the reconstruction's gradient arrives: {told}", found


def _reached(subject: Subject, tried) -> tuple[dict[str, float], float]:
    """How much of the reconstruction's gradient arrives at encoder and decoder, and the share of weights that no optimizer holds."""
    x, y = _batch(subject, 64)
    with torch.enable_grad(), training_quietly(tried) as model:
        matrices = {name: value for name, value in model.named_parameters() if value.dim() > 1}  # no σ that is held fixed
        parameters = list(matrices.values())
        free = [value.requires_grad for value in parameters]
        own, price, total = ([torch.zeros_like(value) for value in parameters] for _ in range(3))
        for value in parameters:
            value.requires_grad_(True)
        for seed in range(3):
            for sums, what in ((own, 0), (price, 1)):
                with seeded(seed):
                    term = both(model, x, y)[what]
                _add(sums, term, parameters)
        for value, was in zip(parameters, free, strict=True):
            value.requires_grad_(was)
        for seed in range(3):
            with seeded(seed):
                term = reported(model, x, y)["total"]
            _add(total, term, parameters)
        missing = _not_held(model, parameters, own)
    before = [place for place, grad in enumerate(price) if grad.abs().amax() > 0]
    encoder = before or [place for place, name in enumerate(matrices) if "enc" in name]
    decoder = [place for place, grad in enumerate(own) if grad.abs().amax() > 0 and place not in encoder]
    return {part: _reach(own, price, total, places) for part, places in (("encoder", encoder), ("decoder", decoder)) if places}, missing


def _add(sums: list[Tensor], term: Tensor, parameters: list[Tensor]) -> None:
    if not term.requires_grad:
        return
    wanted = [place for place, value in enumerate(parameters) if value.requires_grad]
    for place, grad in zip(wanted, torch.autograd.grad(term, [parameters[place] for place in wanted], allow_unused=True), strict=True):
        if grad is not None and torch.isfinite(grad).all():
            sums[place] += grad


def _reach(own: list[Tensor], price: list[Tensor], total: list[Tensor], places: list[int]) -> float:
    """How much of the reconstruction's gradient stands in the loss's, the KL's part set aside."""
    e, k, t = (torch.cat([grads[place].flatten() for place in places]).double() for grads in (own, price, total))
    if k.norm() > 0:
        e, t = (v - (v @ k) / (k @ k) * k for v in (e, t))
    return ((t @ e) / (e @ e)).item() if e.norm() > 0 else 0.0


def _not_held(model, parameters: list[Tensor], own: list[Tensor]) -> float:
    """The share of the weights that matter which the model's own optimizer does not hold."""
    if not callable(getattr(model, "optimizer", None)):
        return 0.0
    groups = getattr(model.optimizer(1e-3), "param_groups", None)
    if groups is None:
        return 0.0
    held = {id(value) for group in groups for value in group["params"]}
    sizes = [(value.numel(), id(value) in held) for value, grad in zip(parameters, own, strict=True) if grad.abs().amax() > 0]
    return sum(size for size, there in sizes if not there) / max(1, sum(size for size, _ in sizes))


def _round(value: float) -> str:
    return "0" if abs(value) < 1e-6 else f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"
