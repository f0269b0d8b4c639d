"""Missing pixels: masks that hide them, ways to fill them in, and what a filling costs where it is wrong.

`seen` is a tensor of booleans, true where a pixel is known; (n, *input_shape), or anything that expands to it. A filling keeps the seen
pixels as they are. Several fillings of one image stand along a leading dimension: (fillings, n, *input_shape).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent

from ..contract import LatentModel
from ..data.dataset import as_examples
from ..models.base import evaluating
from .examples import labels_on, placed

BLOCKS = ("upper half", "lower half", "left half", "right half", "middle quarter")
SURE = 1e-4  # no pixel is held for more certain than this, so that no wrong one costs infinitely many nats


def seen_at_random(n: int, shape: Sequence[int], *, missing: float, seed: int) -> Tensor:
    """Each pixel hidden with probability `missing`, independently: (n, *shape), booleans. Raises ValueError unless 0 < missing < 1."""
    if not 0 < missing < 1:
        raise ValueError(f"missing is {missing}, expected a share between 0 and 1, both excluded.")
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(seed)) >= missing


def seen_beside(block: str, shape: Sequence[int]) -> Tensor:
    """Everything but one block, a name in `BLOCKS`: (1, *shape), booleans, for images of `shape` (channels, height, width)."""
    if block not in BLOCKS:
        raise ValueError(f"unknown block {block!r}, expected one of: {', '.join(BLOCKS)}.")
    height, width = shape[-2:]
    rows, columns = {
        "upper half": (slice(0, height // 2), slice(None)),
        "lower half": (slice(height // 2, None), slice(None)),
        "left half": (slice(None), slice(0, width // 2)),
        "right half": (slice(None), slice(width // 2, None)),
        "middle quarter": (slice(height // 4, height - height // 4), slice(width // 4, width - width // 4)),
    }[block]
    seen = torch.ones(1, *shape, dtype=torch.bool)
    seen[..., rows, columns] = False
    return seen


def fill_by_optimisation(
    model: LatentModel,
    x: Tensor,
    seen: Tensor,
    *,
    y: Tensor | int | None = None,
    starts: int = 1,
    steps: int = 200,
    learning_rate: float = 0.1,
    seed: int = 0,
) -> Tensor:
    """The decoder's image at a z that makes log p(x_seen|z) + log p(z) as large as it gets: (starts, n, *input_shape), the best first.

    Each start is a draw from the prior, followed uphill by `steps` of Adam; several starts end on several hills. What x holds in the
    missing pixels is never looked at. y: labels, (n,) or one class for all, where the model knows classes.
    Raises ValueError for masks that do not fit and settings below 1.
    """
    x, seen = _checked(x, seen, starts=starts, steps=steps)
    with evaluating(model), torch.no_grad():
        x, seen, y = placed(model, torch.where(seen, x, 0.0)), seen.to(model.device), labels_on(model, y, len(x))
        settings = {"starts": starts, "steps": steps, "learning_rate": learning_rate, "seed": seed}
        z = highest_codes(model, lambda z: _log_seen(model.decode(z, y), x, seen), len(x), **settings)
        return torch.where(seen, x, model.decode(z, y).mean).cpu()


def highest_codes(
    model: LatentModel,
    log_likelihood: Callable[[Tensor], Tensor],
    n: int,
    *,
    starts: int,
    steps: int,
    learning_rate: float = 0.1,
    seed: int = 0,
) -> Tensor:
    """z that make log_likelihood(z) + log p(z) as large as it gets, for n examples: (starts, n, latent_size), the best first.

    Each start is a draw from the prior, followed uphill by `steps` of Adam.
    log_likelihood: z, (starts, n, latent_size) → (starts, n), nats.
    """
    with evaluating(model), torch.enable_grad(), torch.random.fork_rng():
        torch.manual_seed(seed)
        z = model.prior.sample((starts, n)).requires_grad_()
        optimizer = torch.optim.Adam([z], lr=learning_rate)
        for step in range(steps + 1):
            height = log_likelihood(z) + model.prior.log_prob(z)
            if step < steps:
                z.grad = -torch.autograd.grad(height.sum(), z)[0]  # the model's own weights get no gradient
                optimizer.step()
    order = height.detach().argsort(0, descending=True)
    return z.detach().gather(0, order.unsqueeze(-1).expand_as(z))


@torch.no_grad()
def fill_by_gibbs(
    model: LatentModel,
    x: Tensor,
    seen: Tensor,
    *,
    y: Tensor | int | None = None,
    chains: int = 1,
    rounds: int = 50,
    start: Tensor | None = None,
    draw_pixels: bool = False,
    seed: int = 0,
) -> Tensor:
    """Encode, draw z, decode, replace the missing pixels, and again: (chains, n, *input_shape), each chain's last image.

    y: labels, (n,) or one class for all, where the model knows classes.
    start: what the missing pixels hold at first, images that expand to (chains, n, *input_shape); by default noise, uniform in [0, 1].
    draw_pixels: put draws from p(x|z) into them on the way, as in the source; by default it is the mean of p(x|z), since an encoder trained
    on grey levels has not seen drawn ones. With drawn pixels, and a q(z|x) that is the exact posterior, the chain's z come to be drawn from
    p(z | x_seen) wherever it started. A learnt q(z|x) is narrow and not exact: chains then mix slowly and remember their start.
    The last image always holds the mean of p(x|z). Raises ValueError as `fill_by_optimisation` does.
    Source: Rezende et al. 2014, appendix F.
    """
    x, seen = _checked(x, seen, chains=chains, rounds=rounds)
    with evaluating(model), torch.random.fork_rng():
        torch.manual_seed(seed)
        labels = labels_on(model, y, len(x))
        once = placed(model, torch.where(seen, x, 0.0)), seen.to(model.device)
        x, seen = (each.repeat(chains, *[1] * (each.dim() - 1)) for each in once)
        labels = None if labels is None else labels.repeat(chains)
        if start is None:
            start = torch.rand_like(x)
        else:
            start = placed(model, as_examples(start).expand(chains, len(x) // chains, *x.shape[1:]).flatten(0, 1))
        filled = torch.where(seen, x, start)
        for number in range(rounds):
            p = model.decode(model.encode(filled, labels).sample(), labels)
            last = number == rounds - 1
            filled = torch.where(seen, x, p.sample() if draw_pixels and not last else p.mean)
        return filled.unflatten(0, (chains, -1)).cpu()


def fill_with_mean(train: Tensor, x: Tensor, seen: Tensor) -> Tensor:
    """The average training image in the missing pixels: (1, n, *input_shape)."""
    x, seen = _checked(x, seen)
    return torch.where(seen, x, as_examples(train).to(x).mean(0)).unsqueeze(0)


def fill_from_neighbours(train: Tensor, x: Tensor, seen: Tensor, *, neighbours: int = 1) -> Tensor:
    """The missing pixels of the training images that are nearest in the seen ones (Euclidean): (neighbours, n, *input_shape)."""
    x, seen = _checked(x, seen, neighbours=neighbours)
    train, found = as_examples(train).to(x), []
    candidates = train.flatten(1)
    for image, known in zip(x.flatten(1).split(250), seen.flatten(1).to(x).split(250), strict=True):
        # Σ known (x − t)², but for the part that is the same for all candidates
        distance = known @ candidates.square().T - 2 * (known * image) @ candidates.T
        found.append(distance.topk(neighbours, dim=1, largest=False).indices)
    return torch.where(seen, x, train[torch.cat(found).T])


def fill_by_gaussian(train: Tensor, x: Tensor, seen: Tensor, *, ridge: float = 0.01) -> Tensor:
    """The best linear guess: the mean of the missing pixels given the seen ones under one Gaussian fitted to `train`: (1, n, *input_shape).

    ridge: added to the variance of each pixel. The guess is brought back into [0, 1].
    """
    x, seen = _checked(x, seen)
    pixels = as_examples(train).flatten(1).cpu().double()
    mean, covariance = pixels.mean(0), torch.cov(pixels.T)
    covariance += ridge * torch.eye(len(covariance), dtype=covariance.dtype)
    filled, masks = x.flatten(1).cpu().double().clone(), seen.flatten(1).cpu()
    kinds, kind_of = masks.unique(dim=0, return_inverse=True)  # a block is one system to solve for all images
    for number, known in enumerate(kinds):
        rows = (kind_of == number).nonzero().squeeze(1)
        away = filled[rows][:, known] - mean[known]
        weights = torch.linalg.solve(covariance[known][:, known], away.T)
        guess = mean[~known] + (covariance[~known][:, known] @ weights).T
        filled[rows.unsqueeze(1), (~known).nonzero().squeeze(1)] = guess.clamp(0, 1)
    return filled.to(x.dtype).to(x.device).view_as(x).unsqueeze(0)


def missing_rmse(filling: Tensor, x: Tensor, seen: Tensor) -> float:
    """The root mean squared error over the missing pixels alone. filling, x: (n, *input_shape)."""
    x, seen = _checked(x, seen)
    return (filling - x)[~seen].square().mean().sqrt().item()


def missing_nats(fillings: Tensor, x: Tensor, seen: Tensor) -> Tensor:
    """What the true missing pixels cost when each filling is one guess of their probabilities, all guesses equally likely: (n,), in nats.

    −log (1/K) Σ_k Π p_k(x_i), the product over missing pixels, p_k the Bernoulli with the k-th filling's grey levels (`SURE` at the most).
    fillings: (K, n, *input_shape). On grey levels this is a cross-entropy and no likelihood: compare, but do not read it as −log p.
    """
    x, seen = _checked(x, seen)
    p = fillings.clamp(SURE, 1 - SURE)
    pixels = torch.xlogy(x, p) + torch.xlogy(1 - x, 1 - p)
    return math.log(len(fillings)) - torch.where(seen, 0.0, pixels).flatten(2).sum(2).logsumexp(0)


def _log_seen(p: Distribution, x: Tensor, seen: Tensor) -> Tensor:
    """log p(x_seen|z), the sum over seen pixels only: (starts, n). p(x|z) must be independent pixels."""
    if not isinstance(p, Independent):
        raise ValueError(f"p(x|z) is a {type(p).__name__}, expected independent pixels, of which some can be left out.")
    pixels = p.base_dist.log_prob(x)
    return torch.where(seen, pixels, 0.0).flatten(2).sum(2)


def _checked(x: Tensor, seen: Tensor, **at_least_one: int) -> tuple[Tensor, Tensor]:
    """x, and `seen` expanded to its shape; or a ValueError."""
    for name, value in at_least_one.items():
        if value < 1:
            raise ValueError(f"{name} is {value}, expected at least 1.")
    x, seen = as_examples(x), torch.as_tensor(seen)
    if seen.dtype != torch.bool:
        raise ValueError(f"seen holds {seen.dtype}, expected booleans, true where a pixel is known. Write the condition: seen == 1, say.")
    try:
        seen = seen.expand(x.shape)
    except RuntimeError as error:
        raise ValueError(f"seen has shape {tuple(seen.shape)}, expected {tuple(x.shape)} or what expands to it.") from error
    return x, seen
