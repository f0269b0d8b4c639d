"""Then the noise: is the z that the loss decodes a draw of q(z|x)?"""

from __future__ import annotations

import torch
from torch import Tensor

from .overheard import overheard
from .record import Finding
from .subject import Subject, both, disturbed, fresh, gaussian_of, reported, seeded, training_quietly
from .taken_apart import batch, rounded, weights_of

WHERE = "how z is made from μ and σ: μ + σ·ε with a fresh ε for each example and latent, and σ = exp(½ log σ²), the ½ too"
# Some thousand numbers are looked at, so that their spread is known to a few hundredths and their mean too.
WIDE, ASIDE, TOGETHER = 0.12, 0.2, 0.3
# What the width of the noise may be by mistake, from σ. What fits better than σ must do so by more than a hundredth of a nat a number.
WIDTHS = {"σ": lambda s: s, "σ²": lambda s: s**2, "√σ": lambda s: s**0.5, "log σ²": lambda s: (2 * s.log()).abs(), "1": torch.ones_like}
BETTER = 0.01
FINE = 1e-4  # of μ: noise that is finer is lost in single precision


def draws(subject: Subject) -> tuple[str, list[Finding]]:
    """Does the loss draw z, and from q?"""
    if not subject.variational:
        return "no q(z|x) with a width: nothing to draw", []
    if overheard(subject.model, *batch(subject)).corrupts:
        return "not judged: the loss changes its images before it encodes them", []
    heard = _noise(subject)
    if heard is None:
        return _by_its_price(subject)
    away, sigma = heard
    costs, apart = subject.costs, away / sigma
    mean, spread = apart.mean().item(), apart.std().item()
    told = f"z − μ is {rounded(spread)} σ wide on average, {rounded(mean)} σ off"
    if spread < 0.01:
        subject.known["no noise"] = True
        shown = f"The loss decodes μ itself. A draw of q(z|x) costs {costs.at_draw - costs.at_mean:.0f} nats more than its mean."
        where = "where z is made: it must be a draw of q(z|x) in training"
        return told, [Finding("noise not used", costs.at_draw - costs.at_mean, shown, where)]
    name, shared = _width(away, sigma), _shared(apart - mean)
    if shared:
        shown = f"The noise is the same for all {shared}."
    elif abs(mean) > ASIDE:
        shown = f"The noise lies {mean:.2f} σ from μ on average, where it should lie around it: is it uniform (rand, not randn)?"
    elif name != "σ":
        shown = f"The loss draws noise of width {name}, where q(z|x) has σ."
    elif abs(spread - 1) > WIDE:
        shown = f"The loss draws noise that is {spread:.2f} times as wide as q(z|x)'s."
    else:
        return told, []
    return told, [Finding("noise is not that of q", spread, shown, WHERE)]


@torch.no_grad()
def _noise(subject: Subject) -> tuple[Tensor, Tensor] | None:
    """z − μ and σ as the loss has them, (draws, examples, latents), or None where they can't be heard or q is no Gaussian."""
    x, y = batch(subject)
    away, sigma = [], []
    for number, tried in enumerate((subject.model, disturbed(subject.model, 2.0, 3), fresh(subject.model, 3))):
        with training_quietly(tried) as model:
            for seed in range(5):
                with seeded(10 * number + seed):
                    heard = overheard(model, x, y)
                one = gaussian_of(heard.q)
                if one is None or heard.z is None:
                    return None
                if not ((one.scale > FINE * (1 + one.loc.abs())) & (one.scale < 1 / FINE)).all():
                    continue
                away.append((heard.z - one.loc).flatten(1))
                sigma.append(one.scale.expand_as(one.loc).flatten(1).clamp_min(1e-12))
    return (torch.stack(away), torch.stack(sigma)) if away else None


def _width(away: Tensor, sigma: Tensor) -> str:
    """Which width the noise most likely has."""
    likely = {}
    for name, width in WIDTHS.items():
        wide = width(sigma).clamp_min(1e-6)
        likely[name] = (-0.5 * (away / wide).square() - wide.log()).mean().item() - BETTER * (name != "σ")
    return max(likely, key=lambda name: likely[name])


def _shared(apart: Tensor) -> str:
    """Over what the noise is one and the same: how alike two numbers of it are, over all pairs."""
    for name, dim in (("passes", 0), ("examples", 1), ("latents", 2)):
        n = apart.shape[dim]
        alike = (apart.mean(dim).square().mean() / apart.square().mean()).item()
        if n > 1 and (n * alike - 1) / (n - 1) > TOGETHER:
            return name
    return ""


def _by_its_price(subject: Subject) -> tuple[str, list[Finding]]:
    """The same from outside, where z can't be overheard: two passes over a batch must differ, and by what a draw of q costs."""
    x, y = batch(subject)
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
        return told, [Finding("noise not used", costs.at_draw - costs.at_mean, shown, WHERE)]
    asked, paid = _price_of_noise(subject)
    if asked > 0.005 * subject.span and not 0.5 < paid / asked < 2:
        shown = f"A draw of q(z|x) costs {asked:.1f} nats more than its mean, and the noise that the loss draws costs {paid:.1f}."
        return told, [Finding("noise is not that of q", paid / asked, shown, WHERE)]
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
