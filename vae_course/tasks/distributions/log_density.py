"""How likely is a point under an encoding?"""

import math

import torch
from torch.distributions import Normal

from ..engine import Probe, each_row_for_itself, finite_far_out, matches, probes_from, slip, sums_over, task, unchanged

ALL = ("z", "mu", "log_var")
FAR_OUT = Probe({"z": torch.tensor([[0.0, 1.0]]), "mu": torch.tensor([[0.0, -1.0]]), "log_var": torch.tensor([[-30.0, 40.0]])}, note="with very small and very large variances")
FAR_AWAY = Probe({"z": torch.tensor([[25.0, 0.0], [0.5, -30.0]]), "mu": torch.tensor([[0.0, 1.0], [0.0, 0.0]]), "log_var": torch.tensor([[0.0, -1.0], [0.5, 0.0]])}, note="with points far from μ")


@task(
    points=1,
    probes=probes_from(lambda draw, n, d: {name: draw(n, d) for name in ALL}, more=(FAR_OUT, FAR_AWAY)),
    laws=(
        sums_over("latents", *ALL),
        unchanged(lambda z, mu, log_var: {"z": 2 * mu - z}, "As far on the other side of μ", "Go as far to the left of μ as to the right. The density must be the same: is it?"),
        each_row_for_itself(*ALL),
        finite_far_out(),
    ),
    gradients=ALL,
    claims=matches(lambda z, mu, log_var: Normal(mu, (log_var / 2).exp()).log_prob(z).sum(-1), "Your log-density should be the one torch.distributions computes", scale=lambda z, mu, log_var: ((z**2 + mu**2) / log_var.exp() + log_var.abs() + 1).sum(-1)),
    slips=(
        slip({" + math.log(2 * math.pi)": "", ".sum(-1)": ".sum(-1) - 0.5 * math.log(2 * math.pi)"}, "With one latent you are right, with more you are not. How many Gaussians are multiplied, and how many constants have they?"),
        slip("(square + log_var + math.log(2 * math.pi))", "(square + log_var + 2 * math.log(2 * math.pi))", "One Gaussian is divided by √(2π)·σ. How much of log 2π is the logarithm of that root?"),
        slip(" + math.log(2 * math.pi)", "", "A density integrates to 1. What does exp of yours integrate to, in one dimension with μ = 0 and σ = 1?"),
        slip(" + log_var", "", "At z = μ a narrower Gaussian is higher. Is yours?"),
        slip("+ log_var", "+ 2 * log_var", "The density is divided by σ. You are handed log σ²: how much of it is log σ?"),
        slip(".sum(-1)", ".mean(-1)", "Independent latents: their densities multiply. What do the logarithms do?"),
        slip(".sum(-1)", ".sum()", "One number for all rows. Which axis holds the examples?"),
        slip({"/ log_var.exp()": "/ log_var.exp() ** 2", "+ log_var": "+ 2 * log_var"}, "You squared exp(log_var). Is it a variance already?"),
        slip({"return -0.5 * (square + log_var + math.log(2 * math.pi)).sum(-1)": "return (-0.5 * (square + log_var + math.log(2 * math.pi)).sum(-1)).exp()"}, "That is the density. With 20 latents it soon is too small for a float: what was asked for?"),
        slip({"-0.5 * (square": "(-0.5 * (square", ".sum(-1)": ").exp().prod(-1).log()"}, "Right on paper. Far from μ a density rounds to 0, and log 0 follows. Is exp needed at all, if the logarithm is wanted?"),
        slip("+ log_var", "- log_var", "At z = μ a narrower Gaussian is higher. Is yours?"),
        slip({"square = (z - mu) ** 2 / log_var.exp()": "square = (z - mu) / (0.5 * log_var).exp()"}, "Go as far to the left of μ as to the right. The density must be the same: is it?"),
        slip("-0.5 *", "0.5 *", "The nearer z is to μ, the higher its density. Which way does yours go?"),
        slip("-0.5 * (square + log_var", "-(square + 0.5 * log_var", "Write down the density of N(0, 1) at 1, and its logarithm. Which factor stands before the square?"),
        slip(".sum(-1)", "", "One number for each latent. How do the densities of independent latents combine into that of the row?"),
        slip("/ log_var.exp()", "/ log_var", "At log_var = 0 you divide by 0. Which of σ, σ² and log σ² is handed to you?"),
    ),
    hints=(
        "Independent latents: the density of the row is a product, its logarithm a sum over latents.",
        "In one dimension: −½(z − μ)²/σ² − log σ − ½ log 2π.",
        "σ² is exp(log_var), and log σ is half of log_var. Add all three terms first, then sum over the last axis.",
    ),
)
def log_density(z, mu, log_var):
    """log N(z; mu, exp(log_var)) of each row in nats.

    All three: (batch, latent_size). Result: (batch,), in the dtype of z.
    """
    square = (z - mu) ** 2 / log_var.exp()
    return -0.5 * (square + log_var + math.log(2 * math.pi)).sum(-1)
