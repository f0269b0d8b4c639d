"""The decoder's σ, where it has one: is it near to what its means are off by?"""

from __future__ import annotations

import torch
from torch.distributions import Normal

from ..models.base import evaluating
from .likelihoods import innermost
from .subject import Subject, seeded

FAR = 3.0  # times. With a σ that is k times too wide the KL counts k² times as much as it should


@torch.no_grad()
def pixels(subject: Subject) -> str | None:
    """A remark on a Gaussian decoder's σ that lies far from the spread of its residuals. It is a choice, and acts as another β."""
    with evaluating(subject.model), seeded():
        p = subject.model.decode(subject.model.encode(subject.x, subject.y).mean, subject.y)
    one = innermost(p)
    if not isinstance(one, Normal):
        return None
    sigma, off = one.scale.mean().item(), (subject.x - one.loc).square().mean().sqrt().item()
    if off < FAR * sigma and sigma < FAR * off:
        return None
    return f"The decoder's σ is {sigma:.2g}, and its means are off by {off:.2g}: this σ acts as β = {(sigma / off) ** 2:.2g} would."
