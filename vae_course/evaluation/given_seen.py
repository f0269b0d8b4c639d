"""What a model believes of the rest of a series, given the part that was seen: draws of z, and whether their spread can be trusted."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import LatentModel
from ..models.base import evaluating
from .examples import labels_on, placed


@torch.no_grad()
def draws_given_seen(
    model: LatentModel, x: Tensor, draws: int = 100, *, y: Tensor | None = None, candidates: int = 500, seed: int = 0
) -> Tensor:
    """Draws of z from p(z | what was seen of x), up to what `candidates` allow: (draws, n, latent_size).

    Candidates come from q(z|x); each is kept with a chance in proportion to p(x_seen|z) p(z) / q(z|x), so that what q gets wrong about
    places that it reaches is mended: sampling–importance resampling (Rubin 1987). A place that q does not reach stays missing.
    x: (n, *input_shape), for which `model.decode(z).log_prob(x)` counts seen steps alone, as `SeriesVAE` and `RecurrentVAE` do.
    y: the labels (n,), for a model that knows classes.
    Raises ValueError when draws or candidates are below 1.
    """
    if draws < 1 or candidates < 1:
        raise ValueError(f"draws is {draws} and candidates {candidates}, expected at least 1 each.")
    with evaluating(model), torch.random.fork_rng():
        torch.manual_seed(seed)
        x, y = placed(model, x), labels_on(model, y, len(x))
        q = model.encode(x, y)
        z = q.sample((candidates,))
        # One candidate at a time: all of them decoded at once would not fit for many series.
        joint = torch.stack([model.decode(one, y).log_prob(x) + model.prior.log_prob(one) for one in z])
        weights = (joint - q.log_prob(z)).softmax(0)
        kept = torch.multinomial(weights.T, draws, replacement=True).T
        return z.gather(0, kept.unsqueeze(-1).expand(-1, -1, z.shape[-1]))


def coverage(drawn: Tensor, truth: Tensor, share: float = 0.8) -> float:
    """How often the truth lies between the quantiles of the draws that should hold it in `share` of all cases.

    drawn: (draws, …), what is predicted, with its noise; truth: (…). Raises ValueError for other shapes and unless 0 < share < 1.
    """
    if drawn.shape[1:] != truth.shape or not 0 < share < 1:
        raise ValueError(f"got draws {tuple(drawn.shape)}, truth {tuple(truth.shape)}, share {share}: expected (draws, …), (…), 0 to 1.")
    low, high = (drawn.quantile((1 + sign * share) / 2, dim=0) for sign in (-1, 1))
    return ((truth >= low) & (truth <= high)).double().mean().item()
