"""The decoder's σ, where it has one: is it near to what its means are off by?"""

from __future__ import annotations

import torch
from torch.distributions import Normal

from ..models.base import evaluating
from .likelihoods import innermost
from .record import Finding
from .subject import Subject, seeded

FAR, TOO_FAR = 3.0, 10.0  # times. A σ that is k times as wide as the residuals makes the KL count about k² times as much as it should


@torch.no_grad()
def pixels(subject: Subject) -> tuple[str, list[Finding]]:
    """A Gaussian decoder's σ is a choice, and acts as another β: a remark, unless it is so small that hardly a KL is left."""
    with evaluating(subject.model), seeded():
        one = innermost(subject.model.decode(subject.model.encode(subject.x, subject.y).mean, subject.y))
    if not isinstance(one, Normal):
        return "no σ", []
    sigma, off = one.scale.mean().item(), (subject.x - one.loc).square().mean().sqrt().item()
    told = f"σ is {sigma:.2g}, and the means are off by {off:.2g}"
    if sigma < off < FAR * sigma or off < sigma < FAR * off:
        return told, []
    told += f": it acts as β = {(sigma / off) ** 2:.2g} would"
    learnt = subject.marks is not None and subject.costs.at_mean < subject.marks.mean  # before that, what they are off by says nothing
    if off > TOO_FAR * sigma and learnt and subject.variational:
        return told, [Finding("decoder's σ too small", sigma / off, f"The decoder's {told}.", "σ of p(x|z): learnt, or near the residuals")]
    return told, []
