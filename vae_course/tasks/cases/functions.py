"""Functions of a latent whose slope is known, and the draws at which estimators of a gradient are tried."""

from __future__ import annotations

import torch

from ..engine import Plain, probes_from

# Each function and its slope.
FUNCTIONS = {
    "square": (lambda z: z**2, lambda z: 2 * z),
    "sine": (torch.sin, torch.cos),
    "exponential": (lambda z: torch.exp(z / 2), lambda z: torch.exp(z / 2) / 2),
}
# A function and the number of draws.
SIZES = {("square", 8): "", ("sine", 6): "with f = sin", ("exponential", 5): "with f(z) = exp(z/2)", ("sine", 1): "with a single draw", ("square", 7): "in float64"}
expectations = probes_from(lambda draw, f, n: {"f": f, "mu": draw(()) + 0.5, "sigma": (draw(()) / 2).exp(), "epsilon": draw(n)}, sizes=SIZES)


def with_function(function, f: str, *arguments: Plain, **named: Plain) -> dict[str, Plain]:
    """The function gets f itself for its name."""
    return {"result": function(FUNCTIONS[f][0], *arguments, *named.values())}
