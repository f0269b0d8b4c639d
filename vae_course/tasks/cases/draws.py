"""Draws by the reparameterisation trick, many from each row: the noise behind them, and where gradients go."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from scipy.stats import norm
from torch import Tensor

from ..engine import Claim, Plain, distributed_as, is_tensor, unrelated

DRAWS = 8000
SIGMAS = 6.0  # how many standard errors a right answer may be off: one in 10⁹ fails by chance
NEW_EACH_TIME = "Is the noise drawn anew at each call and for each row, or does the same noise serve twice?"


def drawn(function: Callable, draws: int, **parameters: Tensor) -> dict[str, Plain]:
    """Draw from each row `draws` times in one call, ask for the gradient of the sum of all draws, and draw twice more."""
    rows = [value.repeat_interleave(draws, 0).requires_grad_() for value in parameters.values()]
    z = function(*rows)
    if not isinstance(z, Tensor) or z.shape != rows[0].shape:
        return {"z": z}
    ways = torch.autograd.grad(z.sum(), rows, allow_unused=True) if z.requires_grad else [None] * len(rows)
    return {"z": z, "again": function(*rows), "and_again": function(*rows), "ways": dict(zip(parameters, ways, strict=True))}


def claims_of_draws(noise_of: Callable[..., Tensor], noise: str, slope_of: Callable[..., Tensor], slope: str) -> Callable[..., Iterator[Claim]]:
    """That N(0, I) is behind z, new for each latent, row and call, and that gradients reach mu and the other parameter, the width.

    noise_of: (z, mu, width) -> ε, (n * draws, d); `noise` is its formula. slope_of: (z, mu, width) -> ∂z/∂width, in its shape; `slope` says what it is.
    """

    def claims(values: dict[str, Plain], /, mu: Tensor, draws: int, **width: Tensor) -> Iterator[Claim]:
        (n, d), z = mu.shape, values["z"]
        yield from is_tensor(z, (n * draws, d), mu.dtype, name="z")
        undefined = int(z.isnan().sum())
        yield Claim("z has entries that are NaN", "none", f"{undefined} of {z.numel()}" if undefined else "none", kind="contract")
        z, again, and_again = (values[name].double() for name in ("z", "again", "and_again"))
        given = [value.double().repeat_interleave(draws, 0) for value in (mu, *width.values())]
        if draws > 1:
            flat, error = noise_of(z, *given), SIGMAS / draws**0.5
            others = [noise_of(call, *given) for call in (again, and_again)]
            rows, half = flat.reshape(n, draws, d), len(flat) // 2
            yield Claim(f"z should have mean μ: the mean of {noise}", torch.zeros(n, d), rows.mean(1), error)
            covariance, told = torch.einsum("nki,nkj->nij", rows, rows) / draws, "z should be as wide as was asked for, in each direction"
            yield Claim(f"{told}: the covariance of {noise} should be the identity", torch.eye(d).expand(n, d, d), covariance, error * 2**0.5)
            yield from unrelated(flat[1:], flat[:-1], "each row should have noise of its own: neighbours", question=NEW_EACH_TIME)
            yield from unrelated(flat[:half], flat[half : 2 * half], "each row should have noise of its own: the halves of a batch", question=NEW_EACH_TIME)
            if d > 1:
                yield from unrelated(flat[:, 1:], flat[:, :-1], "each latent should have noise of its own", question="How many random numbers does a draw in d dimensions need, and how many do you draw?")
            yield from unrelated(others[0], others[1], "Two calls should have nothing in common", question=NEW_EACH_TIME)
            yield from distributed_as(torch.cat([flat, *others]), norm.cdf, f"z should be Gaussian: {noise} should be N(0, I)")
        told = "they are the same" if torch.equal(again, and_again) else "they differ"
        yield Claim("Two calls one after another should differ", "they differ", told, question=NEW_EACH_TIME)
        for name, way in values["ways"].items():
            yield Claim(f"What a gradient from z reaches: {name}", "reached", "not reached" if way is None else "reached")
        by_mu, by_width = values["ways"].values()
        if by_mu is not None and by_width is not None:
            yield Claim("∂z/∂μ of a draw should be the identity; all of it, on average", 1.0, by_mu.double().mean(), 1e-5)
            steps = slope_of(z, *given)
            yield Claim(f"{slope}; their ratio", 1.0, (by_width.double() * steps).sum() / steps.square().sum(), 1e-4)

    return claims
