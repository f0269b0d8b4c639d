"""The trick for another noise than the Gaussian."""

import torch
from scipy.stats import truncnorm

from ..engine import Probe, matches, probes_from, slip, task

NEAR_THE_BOUNDS = Probe({"mu": torch.zeros(4), "sigma": torch.ones(4), "low": -2.0, "high": 1.5, "u": torch.tensor([0.001, 0.999, 0.004, 0.993])}, note="with u very near 0 and 1")
IN_THE_TAIL = Probe({"mu": torch.zeros(4), "sigma": torch.ones(4), "low": -3.25, "high": -2.5, "u": torch.tensor([0.1, 0.4, 0.6, 0.9])}, note="with bounds in the tail")


def truncations(draw, n):
    """Bounds are exact in float32, so that torch.tensor(low) loses nothing."""
    a = torch.special.ndtr(draw(4))
    mu, sigma = 2 * a[0] - 1, 0.5 + a[1]
    low, high = mu - sigma * (0.2 + 1.5 * a[2]), mu + sigma * (0.3 + 1.5 * a[3])
    return {"mu": mu.repeat(n), "sigma": sigma.repeat(n), "low": low.float().item(), "high": high.float().item(), "u": 0.02 + 0.96 * torch.special.ndtr(draw(n))}


@task(
    points=2,
    probes=probes_from(truncations, sizes={(7,): "", (1,): "with a single draw", (5,): "", (6,): "in float64"}, more=(NEAR_THE_BOUNDS, IN_THE_TAIL)),
    gradients=("mu", "sigma"),
    claims=matches(lambda mu, sigma, low, high, u: torch.as_tensor(truncnorm.ppf(u, (low - mu) / sigma, (high - mu) / sigma, mu, sigma)), "z should be the u-quantile of the truncated Gaussian, as scipy has it", scale=lambda **_: 10.0),
    slips=(
        slip({"return mu": "return (mu", "ndtri(share)": "ndtri(u)).clamp(low, high)"}, "Many draws sit exactly on the bounds, and there the gradient is 0. Conditioning isn't clamping: where must the mass outside go?"),
        slip({"(low - mu) / sigma": "low + 0 * mu", "(high - mu) / sigma": "high + 0 * mu"}, "Φ belongs to N(0, 1). In which units are low and high measured when you ask it for the mass below them?"),
        slip("mu + sigma * torch.special.ndtri(share)", "low + (high - low) * u + 0 * (mu + sigma)", "All places between low and high are equally likely, in yours. Where did the Gaussian go? μ and σ change nothing."),
        slip("ndtri(share)", "ndtri(u)", "Some draws lie outside [low, high]. Which shares of Φ can u stand for, if z has to stay inside?"),
        slip("mu + sigma * torch", "torch", "Those are quantiles in units of σ around μ. What brings them back to the scale of low and high?"),
        slip("(not_above - below)", "(1 - below)", "Some draws exceed high. At u = 1, which share should you have reached?"),
        slip("below + u * (not_above - below)", "u * not_above", "Some draws are under low. At u = 0, which share should you start from?"),
        slip("below + u", "u", "At u = 0 your share is 0, which belongs to −∞. Which share belongs to low?"),
        slip("(not_above - below)", "not_above", "At u = 1 your share is Φ(a) + Φ(b), which may be more than 1. Where should it end?"),
        slip("ndtri(share)", "ndtri(share.clamp(0.01, 0.99))", "You keep the shares away from 0 and 1. Where do the draws go when low and high both lie far below μ?"),
        slip("return mu + sigma * torch.special.ndtri(share)", "return (mu + sigma * torch.special.ndtri(share)).detach()", "The draws are right, and no gradient gets through. Where does the chain of operations end?"),
        slip("below + u * (not_above - below)", "(below + u * (not_above - below)).detach()", "The draws are right, their slopes are not: when μ moves, the share of the mass below low moves, too. Who cut that off?"),
    ),
    hints=(
        "If F is a distribution function and u is uniform, F⁻¹(u) is distributed like F. Only u is random, and no parameter lives there.",
        "Of N(μ, σ²), the share Φ((low − μ)/σ) lies below low, and Φ((high − μ)/σ) below high. u runs from the first to the second.",
        "share = Φ(a) + u·(Φ(b) − Φ(a)), z = μ + σ·Φ⁻¹(share). torch.special has ndtr (Φ) and ndtri (Φ⁻¹), or take Normal(0, 1)'s cdf and icdf.",
    ),
)
def truncated_normal(mu, sigma, low, high, u):
    """z, draws from N(mu, sigma²) given that low ≤ z ≤ high.

    Computed from uniform draws u by the inverse of the distribution function, so that gradients reach mu and sigma.
    mu, sigma, u: (n,), u in (0, 1). low, high: Python numbers. Result: (n,), in the dtype of u: the u-quantiles.
    """
    below = torch.special.ndtr((low - mu) / sigma)
    not_above = torch.special.ndtr((high - mu) / sigma)
    share = below + u * (not_above - below)
    return mu + sigma * torch.special.ndtri(share)
