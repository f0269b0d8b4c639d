"""The trick for another noise than the Gaussian."""

import torch
from scipy.stats import truncnorm
from torch.distributions import Normal

from ..engine import Claim, Probe, is_tensor, rounding, slip, task

QUANTILE = "z should be the u-quantile of the truncated Gaussian, as scipy has it"


def truncations(seed):
    """Bounds are exact in float32, so that torch.tensor(low) loses nothing."""
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(n, note="", dtype=torch.float32):
        a = torch.rand(5, generator=generator, dtype=torch.float64)
        mu, sigma = 2 * a[0] - 1, 0.5 + a[1]
        low, high = ((mu + side * sigma * reach).float().item() for side, reach in ((-1, 0.2 + 1.5 * a[2]), (1, 0.3 + 1.5 * a[3])))
        u = 0.02 + 0.96 * torch.rand(n, generator=generator, dtype=torch.float64)
        return Probe({"mu": mu.to(dtype), "sigma": sigma.to(dtype), "low": low, "high": high, "u": u.to(dtype)}, seed, note)

    return [one(7), one(1, "with a single draw"), one(5), one(6, "in float64", torch.float64)]


def with_slopes(function, mu, sigma, low, high, u):
    """Besides z, how it moves with μ and σ."""
    mu, sigma = (value.expand_as(u).clone().requires_grad_() for value in (mu, sigma))
    z = function(mu, sigma, low, high, u)
    attached = isinstance(z, torch.Tensor) and z.requires_grad
    slopes = torch.autograd.grad(z.sum(), (mu, sigma), allow_unused=True) if attached else (None, None)
    return {"z": z, "by_mu": slopes[0], "by_sigma": slopes[1]}


def claims(values, mu, sigma, low, high, u):
    """How the inverse moves with a parameter follows from the forward function alone: ∂z/∂θ = −(∂F/∂θ)/(∂F/∂z)."""
    z = values["z"]
    yield from is_tensor(z, u.shape, u.dtype, name="z")
    m, s = mu.double(), sigma.double()
    expected = torch.as_tensor(truncnorm.ppf(u.double().numpy(), ((low - m) / s).item(), ((high - m) / s).item(), m.item(), s.item()))
    m, s = (value.expand_as(expected).clone().requires_grad_() for value in (m, s))
    at = expected.clone().requires_grad_()
    standard = Normal(torch.zeros((), dtype=torch.float64), 1.0)
    below = standard.cdf((low - m) / s)
    share = (standard.cdf((at - m) / s) - below) / (standard.cdf((high - m) / s) - below)
    with torch.enable_grad():
        by_at, by_m, by_s = torch.autograd.grad(share.sum(), (at, m, s))
    yield Claim(QUANTILE, expected, z, rounding(expected, u.dtype, scale=10.0))
    for name, got, slope in (("mu", values["by_mu"], -by_m / by_at), ("sigma", values["by_sigma"], -by_s / by_at)):
        yield Claim(f"What a gradient from z reaches: {name}", "reached", "not reached" if got is None else "reached")
        if got is not None:
            yield Claim(f"∂z/∂{name} should be how that quantile moves", slope, got, rounding(slope, u.dtype, scale=30.0))


@task(
    points=2,
    probes=truncations,
    run=with_slopes,
    claims=claims,
    slips=(
        slip(
            "return mu + sigma * torch.special.ndtri(share)",
            "return (mu + sigma * torch.special.ndtri(u)).clamp(low, high)",
            "Many draws sit exactly on the bounds, and there the gradient is 0. Conditioning isn't clamping: where must the mass outside go?",
        ),
        slip({"(low - mu) / sigma": "low + 0 * mu", "(high - mu) / sigma": "high + 0 * mu"}, "Φ belongs to N(0, 1). In which units are low and high measured when you ask it for the mass below them?"),
        slip("mu + sigma * torch.special.ndtri(share)", "low + (high - low) * u + 0 * (mu + sigma)", "All places between low and high are equally likely, in yours. Where did the Gaussian go? μ and σ change nothing."),
        slip("ndtri(share)", "ndtri(u)", "Some draws lie outside [low, high]. Which shares of Φ can u stand for, if z has to stay inside?"),
        slip("mu + sigma * torch", "torch", "Those are quantiles in units of σ around μ. What brings them back to the scale of low and high?"),
        slip("(not_above - below)", "(1 - below)", "Some draws exceed high. At u = 1, which share should you have reached?"),
        slip("below + u * (not_above - below)", "u * not_above", "Some draws are under low. At u = 0, which share should you start from?"),
        slip("below + u", "u", "At u = 0 your share is 0, which belongs to −∞. Which share belongs to low?"),
        slip("(not_above - below)", "not_above", "At u = 1 your share is Φ(a) + Φ(b), which may be more than 1. Where should it end?"),
        slip("return mu + sigma * torch.special.ndtri(share)", "return (mu + sigma * torch.special.ndtri(share)).detach()", "The draws are right, and no gradient gets through. Where does the chain of operations end?"),
        slip(
            {"ndtr((low - mu) / sigma)": "ndtr((low - mu) / sigma).detach()", "ndtr((high - mu) / sigma)": "ndtr((high - mu) / sigma).detach()"},
            "The draws are right, their slopes are not: when μ moves, the share of the mass below low moves, too. Who cut that off?",
        ),
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
