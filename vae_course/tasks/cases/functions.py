"""Functions of a latent whose slope is known, and the draws at which estimators of a gradient are tried."""

from __future__ import annotations

import torch

from ..engine import Plain, Probe

# Each function and its slope.
FUNCTIONS = {
    "square": (lambda z: z**2, lambda z: 2 * z),
    "sine": (torch.sin, torch.cos),
    "exponential": (lambda z: torch.exp(z / 2), lambda z: torch.exp(z / 2) / 2),
}


def expectations(seed: int) -> list[Probe]:
    """f, μ, σ and draws ε: one probe for each function, one with a single draw, one in float64."""
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(f: str, n: int, note: str = "", dtype: torch.dtype = torch.float32) -> Probe:
        mu, log_sigma = torch.randn(2, generator=generator, dtype=torch.float64).to(dtype)
        epsilon = torch.randn(n, generator=generator, dtype=torch.float64).to(dtype)
        return Probe({"f": f, "mu": mu + 0.5, "sigma": (log_sigma / 2).exp(), "epsilon": epsilon}, seed, note)

    return [
        one("square", 8),
        one("sine", 6, "with f = sin"),
        one("exponential", 5, "with f(z) = exp(z/2)"),
        one("sine", 1, "with a single draw"),
        one("square", 7, "in float64", torch.float64),
    ]


def with_function(function, f: str, *arguments: Plain, **named: Plain) -> dict[str, Plain]:
    """The function gets f itself for its name."""
    return {"result": function(FUNCTIONS[f][0], *arguments, *named.values())}
