"""The density of all encodings taken together."""

import math

import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from ..engine import Probe, each_row_for_itself, finite_far_out, matches, probes_from, slip, task, unchanged

MU = torch.tensor([[1.0, 0.0], [-1.0, 0.5], [0.0, 1.0], [0.3, 0.3]])
FAR_AWAY = Probe({"z": torch.tensor([[60.0, 0.0], [0.0, -45.0], [0.0, 0.0]]), "mu": MU, "log_var": torch.full((4, 2), -1.0)}, note="with points far from every encoding")
FAR_OUT = Probe({"z": torch.tensor([[0.0], [5.0]]), "mu": torch.zeros(2, 1), "log_var": torch.tensor([[-40.0], [36.0]])}, note="with a very small and a very large variance")
LOG_MEAN = "torch.logsumexp(table, dim=1) - math.log(len(mu))"
ONE_GAUSSIAN = "torch.distributions.Normal(mu.mean(0), (mu.var(0, unbiased=False) + log_var.exp().mean(0)).sqrt()).log_prob(z).sum(1)"


@task(
    points=1,
    probes=probes_from(lambda draw, n, d: {"z": 1.5 * draw(n + 2, d), "mu": draw(n, d), "log_var": draw(n, d) - 1}, more=(FAR_AWAY, FAR_OUT)),
    laws=(
        unchanged(lambda z, mu, log_var: {"mu": torch.cat([mu, mu]), "log_var": torch.cat([log_var, log_var])}, "With every encoding there twice", "The same encodings once more make the same mixture. Which weight has each of them, in yours?"),
        each_row_for_itself("z"),
        finite_far_out(),
    ),
    gradients=("z", "mu", "log_var"),
    claims=matches(
        lambda z, mu, log_var: MixtureSameFamily(Categorical(torch.ones_like(mu[:, 0])), Independent(Normal(mu, (log_var / 2).exp()), 1)).log_prob(z),
        "The density should be the mean of the n encodings' densities at the point",
        scale=lambda z, mu, log_var: ((z.unsqueeze(1) - mu) ** 2 / log_var.exp()).sum(-1).amin(1) + z.square().sum(1) + 5,
    ),
    slips=(
        slip(" - math.log(len(mu))", "", "Your density integrates to n. Which weight has each encoding in the mixture?"),
        slip(LOG_MEAN, "table.mean(1)", "That is the mean of the logarithms, a product of densities: one encoding that is far away ruins it. In which order do mean and logarithm come?"),
        slip(LOG_MEAN, "table.exp().mean(1).log()", "Right on paper. Far from every encoding, each density rounds to 0, and log 0 follows. What can be taken out of the sum before exp?"),
        slip({"dim=1": "dim=0", "len(mu)": "len(z)"}, "You averaged over the points and kept the encodings. Which of the two is the mixture's?"),
        slip("len(mu)", "len(z)", "You divided by the number of points. Which number is the number of parts of the mixture?"),
        slip(LOG_MEAN, "table.amax(1)", "Only the nearest encoding counts, in yours, and with the weight 1. What of the others?"),
        slip(LOG_MEAN, ONE_GAUSSIAN, "That is one Gaussian with the mixture's moments. Put two encodings far apart: what is the density half way?"),
        slip(LOG_MEAN, f"({LOG_MEAN}).exp()", "That is the density. What was asked for?"),
        slip("- math.log(len(mu))", "- 2 * math.log(len(mu))", "log n is taken off twice, as if the weights were there already. How often does 1/n stand before the sum?"),
        slip({".sum(-1)": "", LOG_MEAN: f"({LOG_MEAN}).sum(-1)"}, "A product over latents of mixtures: each latent may pick another encoding, in yours. Does a draw pick one encoding, or one for each latent?"),
        slip(LOG_MEAN, "(table.exp().mean(1) + 1e-8).log()", "A small number inside keeps the logarithm finite, and makes it that small number's. What is the density far away from every encoding?"),
        slip(" + log_var", "", "At z = μ a narrower encoding is higher. Is yours?"),
        slip(" + math.log(2 * math.pi)", "", "A density integrates to 1. What does yours integrate to? Look for 2π."),
        slip("- math.log(len(mu))", "+ math.log(len(mu))", "A mean is a sum divided by n. Which sign does log n need?"),
    ),
    hints=(
        "First a table of log-densities, one row a point and one column an encoding. z.unsqueeze(1) − mu has the shape (m, n, latent_size).",
        "log((a₁ + … + a_n)/n), where you hold the logarithms of the a's: torch.logsumexp knows how to do that without underflow.",
        "Sum the three terms of the log-density over the last axis of the table, logsumexp over encodings, and take off log n.",
    ),
)
def aggregated_log_density(z, mu, log_var):
    """log of the aggregated posterior's density at each point, in nats.

    z: (m, latent_size). mu, log_var: (n, latent_size), n encodings of equal weight. Result: (m,). Finite, however far z is.
    """
    square = (z.unsqueeze(1) - mu) ** 2 / log_var.exp()
    table = -0.5 * (square + log_var + math.log(2 * math.pi)).sum(-1)
    return torch.logsumexp(table, dim=1) - math.log(len(mu))
