"""A stack is drawn from the top."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..claims import matches
from ..declaration import Mistake, Plain, Task
from ..probes import Draw, probes_from
from .stack import level_parameters, mistakes_in, prior_level, sigma_of


def _noise(draw: Draw, n: int, d: int) -> dict[str, Plain]:
    weight, bias = level_parameters(draw, d, d + 1)
    return {"weight": weight, "bias": bias, "epsilon_1": draw(n, d + 1), "epsilon_2": draw(n, d)}


def _drawn(function, weight: Tensor, bias: Tensor, epsilon_1: Tensor, epsilon_2: Tensor) -> dict[str, Plain]:
    return {"result": function(prior_level(weight, bias), epsilon_1, epsilon_2)}


def _reference_sample_prior(weight: Tensor, bias: Tensor, epsilon_1: Tensor, epsilon_2: Tensor) -> Tensor:
    """Row by row and number by number."""
    given = prior_level(weight, bias)
    rows = []
    for bottom, top in zip(epsilon_1, epsilon_2, strict=True):
        mu, log_var = (part[0].tolist() for part in given(top[None]))
        below = [m + math.exp(v / 2) * e for m, v, e in zip(mu, log_var, bottom.tolist(), strict=True)]
        rows.append(below + top.tolist())
    return torch.tensor(rows, dtype=torch.float64)


def _sampled_with(below):
    """z_1 from (mu, log_var, epsilon_1), side by side with z_2."""

    def sample(top_down, epsilon_1, epsilon_2):
        return torch.cat([below(*top_down(epsilon_2), epsilon_1), epsilon_2], -1)

    return sample


def _z_1_of(top_down, epsilon_1, epsilon_2):
    mu, log_var = top_down(epsilon_2)
    return mu + sigma_of(log_var) * epsilon_1


def _given_the_mean_above(top_down, epsilon_1, epsilon_2):
    return torch.cat([_z_1_of(top_down, epsilon_1, torch.zeros_like(epsilon_2)), epsilon_2], -1)


def _given_its_own_noise(top_down, epsilon_1, epsilon_2):
    return torch.cat([_z_1_of(top_down, epsilon_1, epsilon_1), epsilon_2], -1)


def _noise_side_by_side(top_down, epsilon_1, epsilon_2):
    return torch.cat([epsilon_1, epsilon_2], -1)


def _top_first(top_down, epsilon_1, epsilon_2):
    return torch.cat([epsilon_2, _z_1_of(top_down, epsilon_1, epsilon_2)], -1)


def _noise_of_its_own(top_down, epsilon_1, epsilon_2):
    mu, log_var = top_down(epsilon_2)
    return torch.cat([mu + sigma_of(log_var) * torch.randn_like(mu), epsilon_2], -1)


def _top_noise_of_its_own(noise_below):
    """z_2 is drawn anew; `noise_below(epsilon_1)` is the noise of z_1."""

    def sample(top_down, epsilon_1, epsilon_2):
        return _sampled_with(lambda mu, log_var, epsilon: mu + sigma_of(log_var) * noise_below(epsilon))(
            top_down, epsilon_1, torch.randn_like(epsilon_2)
        )

    return sample


SAMPLE_PRIOR = Task(
    name="10.sample_prior",
    points=1,
    contract="sample_prior(top_down, epsilon_1, epsilon_2) -> z, draws from p(z_2) p(z_1|z_2) made out of the given noise, z_1 and z_2 side by side:\n"
    "(n, latent_1 + latent_2), z_1 (the bottom level) first. p(z_2) = N(0, I); p(z_1|z_2) = N(mu, exp(log_var)) with mu, log_var = top_down(z_2).\n"
    "top_down: a function, z_2 (n, latent_2) -> (mu, log_var), each (n, latent_1).\n"
    "epsilon_1: (n, latent_1), epsilon_2: (n, latent_2), draws from N(0, I), one for each level.",
    probes=probes_from(_noise, sizes={(6, 3): "", (1, 3): "with a single draw", (5, 1): "with one latent at the top", (4, 5): ""}),
    run=_drawn,
    claims=matches(
        _reference_sample_prior,
        "z_2 should be its noise, and z_1 = mu + σ · its noise, with mu and σ as z_2 says",
        scale=lambda weight, bias, epsilon_1, epsilon_2: 10 * (1 + weight.abs().max() * epsilon_2.abs().max()),
    ),
    mistakes=(
        Mistake(
            _noise_side_by_side,
            "Your z_1 doesn't look up: it is N(0, I) whatever z_2 is. Which Gaussian does the level above name for it?",
        ),
        Mistake(
            _given_the_mean_above,
            "You told the lower level that z_2 is 0, its mean, for every draw. Which z_2 was drawn?",
        ),
        Mistake(
            _given_its_own_noise,
            "What goes into top_down: the level above, or the noise of the level itself?",
        ),
        Mistake(
            _sampled_with(lambda mu, log_var, epsilon: mu),
            "z_1 is its mean. Draw twice with the same z_2: how much do the two differ, and how much should they?",
        ),
        Mistake(
            _sampled_with(lambda mu, log_var, epsilon: sigma_of(log_var) * epsilon),
            "z_2 sets how wide your z_1 is, but not where. Which of top_down's two results is missing?",
        ),
        *mistakes_in(_sampled_with),
        Mistake(_top_first, "The draws are right. Which level comes first where they stand side by side?"),
        Mistake(
            lambda top_down, epsilon_1, epsilon_2: (_z_1_of(top_down, epsilon_1, epsilon_2), epsilon_2),
            "Both levels are right, as two tensors. What does a decoder, which is given one z, want them to be?",
        ),
        Mistake(
            lambda top_down, epsilon_1, epsilon_2: (epsilon_2, _z_1_of(top_down, epsilon_1, epsilon_2)),
            "Both levels are right, as two tensors, and the top one first. How does the contract want them, and in which order?",
        ),
        Mistake(_z_1_of, "z_1 is right and comes alone. What else belongs to a draw from the stack?"),
        Mistake(
            _noise_of_its_own,
            "You draw the bottom level's noise anew, so nobody can repeat your draws. Which of the arguments is it for?",
        ),
        Mistake(
            _top_noise_of_its_own(torch.randn_like),
            "You draw all the noise anew, so nobody can repeat your draws. What are the arguments epsilon_1 and epsilon_2 for?",
        ),
        Mistake(
            _top_noise_of_its_own(lambda epsilon: epsilon),
            "You draw z_2 anew, so nobody can repeat your draws. What is a draw from N(0, I), when its noise is given?",
        ),
    ),
    hints=(
        "Who has to be known first? Start at the level that rests on no other.",
        "A draw from N(0, I) is its noise itself. For the level below, ask top_down about what was drawn above, and do the reparameterisation trick with the answer.",
        "σ is exp of half log_var; z_1 is mu plus σ times epsilon_1; torch.cat along the last axis, the bottom first.",
    ),
)
