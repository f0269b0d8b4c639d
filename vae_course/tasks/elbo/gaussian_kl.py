"""The KL from a diagonal Gaussian to N(0, I)."""

import torch
from torch.distributions import Normal, kl_divergence

from ..engine import Probe, each_row_for_itself, finite_far_out, matches, never_negative, probes_from, slip, sums_over, symmetric_in, task


@task(
    points=0,
    probes=probes_from(lambda draw, n, d: {"mu": draw(n, d), "log_var": draw(n, d)}, more=(Probe({"mu": torch.tensor([[3.0, -2.0], [0.0, 0.0]]), "log_var": torch.tensor([[-40.0, 0.0], [0.0, 30.0]])}, note="with very small and very large variances"),)),
    laws=(
        never_negative("A KL is never negative. Which sign do your terms have at μ = 1, σ = 1?", what="A KL"),
        sums_over("latents", "mu", "log_var"),
        symmetric_in("mu"),
        each_row_for_itself("mu", "log_var"),
        finite_far_out(),
    ),
    gradients=("mu", "log_var"),
    claims=matches(lambda mu, log_var: kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(0.0, 1.0)).sum(-1), "Your KL should be the one torch.distributions computes", scale=lambda mu, log_var: (mu**2 + log_var.exp() + log_var.abs() + 1).sum(-1)),
    slips=(
        slip(".sum(-1)", ".mean(-1)", "KL of μ = 1, σ = 1 in d dimensions is d/2. Does yours grow with d? What happened to the sum?"),
        slip(".sum(-1)", ".sum(-1).mean()", "One number for the whole batch. Which axis holds the examples, and who averages over it?"),
        slip(".sum(-1)", ".sum()", "One number, and it doubles when the batch is doubled. Which axis should the sum leave alone?"),
        slip(".sum(-1)", ".mean()", "One number, averaged over everything. Which axis holds the examples, and what happens along the other?"),
        slip(".sum(-1)", "", "One number for each latent. How do the KLs of independent dimensions combine into that of the whole vector?"),
        slip("-0.5 *", "0.5 *", "A KL is never negative. What sign does yours have at μ = 1, σ = 1, and what would a minimiser do with it?"),
        slip("-0.5 *", "-", "At μ = 1, σ = 1 yours gives 1 a dimension. Write log N(z; μ, σ²) down: which factor stands before the square?"),
        slip({"+ log_var -": "+ torch.log(log_var**2) -", "log_var.exp()": "log_var**2"}, "Try log_var = 0, 1, −1 by hand. Which of σ, σ² and log σ² did your formula take the input for? (It looks like σ.)"),
        slip({"+ log_var -": "+ torch.log(log_var) -", "log_var.exp()": "log_var"}, "A logarithm of log_var: what if log_var is negative? Which of σ, σ² and log σ² is handed to you? (It looks as if you read σ².)"),
        slip({"+ log_var -": "+ 2 * log_var -", "log_var.exp()": "(2 * log_var).exp()"}, "exp(log_var) undoes the logarithm of a variance. Did you go on as if it were a standard deviation?"),
        slip("+ log_var -", "+ 0.5 * log_var -", "One term of yours wants log σ and got it; the formula asks for log σ². How do the two differ?"),
        slip("(1 + log_var - mu**2 - log_var.exp())", "(1 - log_var - (1 + mu**2) / log_var.exp())", "You measured from N(0, I) to q. In KL(q ‖ p) the average is taken under q: which of the two variances is divided by?"),
        slip("mu**2", "mu", "Flip the sign of μ. By symmetry the KL must stay as it is: does yours?"),
    ),
    hints=(
        "For independent dimensions, KL of the vectors is the sum of the KLs of the dimensions. So solve one dimension first.",
        "In one dimension KL = E_q[log q(z) − log p(z)]. Under q, the mean of (z − μ)²/σ² is 1, and the mean of z² is μ² + σ².",
        "Put together, one dimension gives ½(μ² + σ² − 1 − log σ²). Write σ² with log_var, and sum over the last axis.",
    ),
)
def gaussian_kl(mu, log_var):
    """KL(N(mu, exp(log_var)) ‖ N(0, I)) in nats.

    mu, log_var: (batch, latent_size). Result: one number a row, (batch,), in the dtype of mu.
    """
    return -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1)
