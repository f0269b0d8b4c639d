"""What the encoder can say and the decoder can hear: means on one side of 0 only, widths that can't shrink, latents that no one reads."""

from __future__ import annotations

import torch

from ..models.base import evaluating
from .record import Finding
from .subject import Subject, disturbed, fresh, gaussian_of, prior_of, seeded

FRESH = (
    6  # so many new encoders: that every mean of each had one sign by chance is one in 64 for a single latent, and asked of all there are
)


@torch.no_grad()
def reach(subject: Subject) -> tuple[str, list[Finding]]:
    """Which μ and σ can the encoder give, whatever its weights?"""
    model, x = subject.model, subject.x[:64]
    y = None if subject.y is None else subject.y[:64]
    means, widths = [], []
    for seed, tried in enumerate(
        [model, disturbed(model, 0.5, 1), disturbed(model, 2.0, 2), *(fresh(model, seed) for seed in range(FRESH))]
    ):
        with evaluating(tried), seeded(seed):
            q = tried.encode(x, y)
        one = gaussian_of(q)
        if one is None or gaussian_of(prior_of(model)) is None:
            return "not a Gaussian q, or not a Gaussian prior", []
        means.append(one.loc.flatten(1))
        widths.append(one.scale.flatten(1))
    mu, sigma = torch.cat(means), torch.cat(widths)
    told = f"μ from {mu.amin():.2g} to {mu.amax():.2g}, σ from {sigma.amin():.2g} to {sigma.amax():.2g}, whatever its weights"
    if mu.amin() >= 0 and mu.amax() > 0:
        bounds = f"no μ is below 0 or above {mu.amax():.2f}" if mu.amax() <= 1 else "no μ is below 0"
        shown = f"Whatever the encoder's weights, {bounds}; half of the prior's draws are."
        where = "an activation after the layer that gives μ (a ReLU, a sigmoid): none belongs there"
        return told, [Finding("encoder's means can't be negative", mu.amin().item(), shown, where)]
    if sigma.amin() > 0.999 and sigma.amax() > 1.01:
        shown = f"Whatever the encoder's weights, no σ is below {sigma.amin():.2f}: a code can't be surer than the prior."
        where = "an activation after the layer that gives log σ² (a ReLU): none belongs there"
        return told, [Finding("encoder's widths can't be small", sigma.amin().item(), shown, where)]
    return told, []


@torch.no_grad()
def unread(subject: Subject) -> tuple[str, list[Finding]]:
    """Does the decoder read each latent?"""
    model, n = subject.model, 16
    y = None if subject.y is None else subject.y[:n]
    with evaluating(model), seeded():
        q = model.encode(subject.x[:n], y)
    if gaussian_of(q) is None or gaussian_of(prior_of(model)) is None:
        return "not judged: a latent may speak to the decoder through others", []
    latents, heard = q.mean[0].numel(), torch.zeros(q.mean[0].numel(), dtype=torch.bool)
    for seed, tried in enumerate((model, disturbed(model, 0.5, 1), fresh(model, 1), fresh(model, 2))):
        with evaluating(tried), seeded(seed):
            z = torch.randn_like(q.mean)
            for latent in (~heard).nonzero().flatten().tolist():
                other = z.clone()
                other.view(n, -1)[:, latent] += 3.0
                heard[latent] = bool((tried.decode(other, y).mean - tried.decode(z, y).mean).abs().amax() > 1e-7)
    deaf = int((~heard).sum())
    if deaf:
        shown = f"Whatever the decoder's weights, {deaf} of {latents} latents change nothing in its output."
        return f"{latents - deaf} of {latents} latents", [
            Finding("decoder doesn't read all latents", deaf, shown, "how z is cut and shaped on its way into the decoder")
        ]
    return f"all {latents} latents", []
