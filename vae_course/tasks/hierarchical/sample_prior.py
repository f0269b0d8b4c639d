"""A stack is drawn from the top."""

import torch
from torch.distributions import Normal

from ..cases.stack import level_parameters, prior_level, wrong_draws
from ..engine import Probe, each_row_for_itself, matches, probes_from, slip, task

FAR_OUT = {"weight": torch.tensor([[0.3, 0.2, 4.0, -4.0]]), "bias": torch.zeros(4), "epsilon_1": torch.tensor([[1.5, -0.5], [0.5, 2.0]]), "epsilon_2": torch.tensor([[1.0], [-1.5]]), "reach": 40.0}


def _by_quantiles(weight, bias, epsilon_1, epsilon_2, reach=1.5):
    """What lies in the Gaussian of z_1 where the noise lies in N(0, 1)."""
    mu, log_var = prior_level(weight, bias, reach)(epsilon_2)
    return torch.cat([Normal(mu, (log_var / 2).exp()).icdf(Normal(0.0, 1.0).cdf(epsilon_1)), epsilon_2], -1)


@task(
    points=1,
    probes=probes_from(lambda draw, n, d: {**level_parameters(draw, d, d + 1), "epsilon_1": draw(n, d + 1), "epsilon_2": draw(n, d)}, sizes={(6, 3): "", (1, 3): "with a single draw", (5, 1): "with one latent at the top", (4, 5): ""}, more=(Probe(FAR_OUT, note="with very small and very large variances"),)),
    run=lambda function, weight, bias, epsilon_1, epsilon_2, reach=1.5: {"result": function(prior_level(weight, bias, reach), epsilon_1, epsilon_2)},
    laws=(each_row_for_itself("epsilon_1", "epsilon_2"),),
    keeps=("epsilon_1", "epsilon_2"),
    claims=matches(_by_quantiles, "z_2 should be its noise, and z_1 = mu + σ · its noise, with mu and σ as z_2 says", scale=lambda weight, bias, epsilon_1, epsilon_2, **_: 10 * (1 + weight.abs().max() * epsilon_2.abs().max())),
    slips=(
        slip("mu + torch.exp(0.5 * log_var) * epsilon_1", "epsilon_1", "Your z_1 doesn't look up: it is N(0, I) whatever z_2 is. Which Gaussian does the level above name for it?"),
        slip("top_down(z_2)", "top_down(torch.zeros_like(z_2))", "You told the lower level that z_2 is 0, its mean, for every draw. Which z_2 was drawn?"),
        slip("top_down(z_2)", "top_down(epsilon_1)", "What goes into top_down: the level above, or the noise of the level itself?"),
        slip("mu + torch.exp(0.5 * log_var) * epsilon_1", "mu", "z_1 is its mean. Draw twice with the same z_2: how much do the two differ, and how much should they?"),
        slip("mu + torch", "torch", "z_2 sets how wide your z_1 is, but not where. Which of top_down's two results is missing?"),
        *wrong_draws("mu", "log_var", "epsilon_1"),
        slip("mu + torch", "mu - torch", "As good a draw, of the same Gaussian, and the mirror image of the one asked for. With noise above 0, on which side of mu should z_1 lie?"),
        slip("[z_1, z_2]", "[z_2, z_1]", "The draws are right. Which level comes first where they stand side by side?"),
        slip("torch.cat([z_1, z_2], dim=-1)", "z_1, z_2", "Both levels are right, as two tensors. What does a decoder, which is given one z, want them to be?"),
        slip("torch.cat([z_1, z_2], dim=-1)", "z_2, z_1", "Both levels are right, as two tensors, and the top one first. How does the contract want them, and in which order?"),
        slip("torch.cat([z_1, z_2], dim=-1)", "z_1", "z_1 is right and comes alone. What else belongs to a draw from the stack?"),
        slip("dim=-1", "dim=0", "You put one level below the other. Along which axis do the latents of one draw stand?"),
        slip("* epsilon_1", "* torch.randn_like(mu)", "You draw the bottom level's noise anew, so nobody can repeat your draws. Which of the arguments is it for?"),
        slip({"= epsilon_2": "= torch.randn_like(epsilon_2)", "* epsilon_1": "* torch.randn_like(mu)"}, "You draw all the noise anew, so nobody can repeat your draws. What are the arguments epsilon_1 and epsilon_2 for?"),
        slip("= epsilon_2", "= torch.randn_like(epsilon_2)", "You draw z_2 anew, so nobody can repeat your draws. What is a draw from N(0, I), when its noise is given?"),
    ),
    hints=(
        "Who has to be known first? Start at the level that rests on no other.",
        "A draw from N(0, I) is its noise itself. For the level below, ask top_down about what was drawn above, and do the reparameterisation trick with the answer.",
        "σ is exp of half log_var; z_1 is mu plus σ times epsilon_1; torch.cat along the last axis, the bottom first.",
    ),
)
def sample_prior(top_down, epsilon_1, epsilon_2):
    """z, draws from p(z_2) p(z_1|z_2) made out of the given noise: (n, latent_1 + latent_2), z_1 and z_2 side by side.

    z_1 (the bottom level) comes first. p(z_2) = N(0, I); p(z_1|z_2) = N(mu, exp(log_var)) with mu, log_var = top_down(z_2).
    top_down: a function, z_2 (n, latent_2) -> (mu, log_var), each (n, latent_1).
    epsilon_1: (n, latent_1), epsilon_2: (n, latent_2), draws from N(0, I), one for each level. Both are left as they are.
    """
    z_2 = epsilon_2
    mu, log_var = top_down(z_2)
    z_1 = mu + torch.exp(0.5 * log_var) * epsilon_1
    return torch.cat([z_1, z_2], dim=-1)
