"""Then the codes: does the decoder listen to z, and to labels? Can it paint black? Is the prior where the codes are?"""

from __future__ import annotations

import torch
from torch import Tensor

from ..models.base import evaluating
from .likelihoods import says_probabilities
from .record import Finding
from .subject import Subject, disturbed, fresh, prior_of, seeded

ACTIVE = 0.01  # variance of a latent's mean


@torch.no_grad()
def outputs(subject: Subject) -> tuple[str, list[Finding]]:
    """What can the decoder paint at all? Asked far from the codes, and with other weights."""
    x, y = subject.x[:32], None if subject.y is None else subject.y[:32]
    low, high = float("inf"), -float("inf")
    for seed, tried in enumerate((subject.model, disturbed(subject.model, 0.5, 1), fresh(subject.model, 1))):
        with evaluating(tried) as model, seeded(seed):
            code = model.encode(x, y).mean
            for far in (1.0, 3.0, 10.0):
                p = model.decode(far * (code + torch.randn_like(code)), y)
                means = p.mean
                if torch.isfinite(means).all():
                    low, high = min(low, means.amin().item()), max(high, means.amax().item())
    told = f"from {low:.2f} to {high:.2f}, whatever z"
    if says_probabilities(p) or (low >= 0 and high <= 1):
        if low >= 0.49 and high <= 0.74:
            shown = f"Whatever z, no output is below {low:.2f} or above {high:.2f}: the sigmoid of a number in [0, 1]."
            return told, [Finding("sigmoid twice", low, shown, "the decoder's last layer: logits go into the likelihood")]
        if low > 0.4 and x.amin() < 0.1:
            shown = f"Whatever z, no output is below {low:.2f}."
            return told, [
                Finding("decoder can't paint black", low, shown, "an activation after the decoder's last layer (a ReLU before the sigmoid)")
            ]
        if high < 0.6 and x.amax() > 0.9:
            shown = f"Whatever z, no output is above {high:.2f}."
            return told, [Finding("decoder can't paint white", high, shown, "an activation after the decoder's last layer")]
    return told, []


@torch.no_grad()
def use_of_codes(subject: Subject) -> tuple[str, list[Finding]]:
    """Does z tell the decoder anything, and how many latents take part?"""
    costs = subject.costs
    with evaluating(subject.model), seeded():
        q = subject.model.encode(subject.x, subject.y)
        active = int((q.mean.flatten(1).var(0) > ACTIVE).sum())
    lost = costs.shuffled - costs.at_draw
    told = f"KL {costs.kl:.1f}; {active} of {subject.latents} latents active; another image's code costs {lost:.0f} nats more"
    return told, []


@torch.no_grad()
def listens(subject: Subject) -> tuple[str, list[Finding]]:
    """Does z enter the decoder at all?"""
    x, y = subject.x[:32], None if subject.y is None else subject.y[:32]
    moved = 0.0
    for seed, tried in enumerate((subject.model, disturbed(subject.model, 0.5, 1), fresh(subject.model, 1))):
        with evaluating(tried) as model, seeded(seed):
            z = torch.randn_like(model.encode(x, y).mean)
            moved = max(moved, (model.decode(3 * z, y).mean - model.decode(-3 * z, y).mean).abs().amax().item())
    if moved < 1e-6:
        return "the same for every z", [
            Finding("decoder ignores z", moved, "Whatever z, the decoder's output is the same.", "whether z is used in decode")
        ]
    return f"two far z give outputs that differ by up to {moved:.2f}", []


@torch.no_grad()
def use_of_labels(subject: Subject) -> tuple[str, list[Finding]]:
    """Does a label change anything, and should it?"""
    y = subject.y
    if y is None:
        return "none", []
    other = y.roll(1, 0)
    with evaluating(subject.model):
        z, moved = (_same_chance(subject.model.encode, subject.x, labels) for labels in (y, other))
        right, wrong = (_same_chance(subject.model.decode, z, labels) for labels in (y, other))
    decoder = (right - wrong).abs().mean().item() / (right.std(0).mean().item() + 1e-8)
    encoder = (moved - z).abs().mean().item() / (z.std(0).mean().item() + 1e-8)
    takes = getattr(subject.model, "labels", None)
    declared = declares_labels(subject)
    told = f"another label moves codes by {encoder:.0%} and pictures by {decoder:.0%} of their spread"
    if not declared and max(encoder, decoder) > 1e-3 and callable(takes):
        shown = f"The model says that it takes no labels, and another label moves its pictures by {decoder:.0%} of their spread."
        return told, [
            Finding("labels leaked into the model", max(encoder, decoder), shown, "where y enters encode and decode: samples have none")
        ]
    if declared and decoder < 0.01:
        shown = f"With another label the picture changes by {decoder:.1%} of its spread."
        return told, [
            Finding("decoder ignores the label", decoder, shown, "how y enters decode, and whether labels still stand beside their images")
        ]
    return told, []


def _same_chance(call, values: Tensor, labels: Tensor) -> Tensor:
    with seeded():
        return call(values, labels).mean


def declares_labels(subject: Subject) -> bool:
    """Whether the model says that it takes labels such as these."""
    takes, y = getattr(subject.model, "labels", None), subject.y
    if not callable(takes) or y is None:
        return False
    try:
        return takes(y[:2], 2) is not None
    except (ValueError, TypeError, IndexError, RuntimeError):
        return True


@torch.no_grad()
def prior(subject: Subject) -> tuple[str, list[Finding]]:
    """Are the codes where samples are drawn, and are samples drawn there?"""
    model, p = subject.model, prior_of(subject.model)
    if p is None or not subject.variational:
        return "no prior to draw from", []
    with evaluating(model), seeded():
        q = model.encode(subject.x, subject.y)
        z = (q.mean + q.stddev * torch.randn_like(q.mean)).flatten(1)
        there = p.sample((2000,)).flatten(1)
    wide = ((z - there.mean(0)).square().mean(0) / there.var(0)).clamp_min(1e-9)
    most = wide.max().item()
    told = f"codes spread {wide.mean().sqrt():.2f} times as wide as the prior"
    found = []
    if wide.mean() > 36 or most > 150:  # early in training codes lie far out
        shown = f"The codes lie {wide.mean().sqrt():.1f} times as far out as the prior's draws (the widest latent {most**0.5:.1f} times)."
        found.append(Finding("codes off the prior", wide.mean().sqrt().item(), shown, "the KL's weight, and its formula"))
    return told, found + _samples(subject)


def _samples(subject: Subject) -> list[Finding]:
    """Whether `sample` decodes draws of the prior."""
    model, p = subject.model, prior_of(subject.model)
    if p is None or not callable(getattr(model, "sample", None)):
        return []
    n = 400
    with evaluating(model):
        y = None
        if callable(getattr(model, "drawn_labels", None)):
            with seeded(3):
                y = model.drawn_labels(n)
        with seeded(1):
            given = model.sample(n, y) if y is not None else model.sample(n)
        with seeded(2):
            wanted = model.decode(p.sample((n,)), y).mean
    if given.shape != wanted.shape:
        return []
    given, wanted = given.flatten(1), wanted.flatten(1)
    error = (given.var(0) + wanted.var(0)).clamp_min(1e-8) / n
    mean = ((given.mean(0) - wanted.mean(0)).square() / error).mean().item()
    spread = (given.std(0).mean() / wanted.std(0).mean().clamp_min(1e-8)).item()
    if mean < 12 and 0.6 < spread < 1.6:
        return []
    apart = f"their mean by {mean**0.5:.1f} standard errors, their spread {spread:.2f} times"
    shown = f"Pictures of sample(n) differ from decoded draws of the prior: {apart}."
    return [Finding("samples not drawn from the prior", spread, shown, "where sample takes z from")]
