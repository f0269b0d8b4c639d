"""The KL between any two diagonal Gaussians."""

import torch
from torch.distributions import Normal, kl_divergence

from ..engine import Probe, each_row_for_itself, finite_far_out, matches, never_negative, probes_from, relation, slip, sums_over, task

ARGUMENTS = ("mu_q", "log_var_q", "mu_p", "log_var_p")
LOG_VAR_Q, LOG_VAR_P = torch.tensor([[-30.0, 12.0], [-40.0, -40.0], [40.0, 38.0]]), torch.tensor([[9.0, 12.0], [-37.0, 0.0], [37.0, 40.0]])
FAR_OUT = Probe({"mu_q": torch.tensor([[3.0, 0.0], [0.0, 0.0], [3.0, 0.0]]), "log_var_q": LOG_VAR_Q, "mu_p": torch.tensor([[-2.0, 0.0], [0.0, 1.0], [3.0, 0.0]]), "log_var_p": LOG_VAR_P}, note="with very small and very large variances")


@task(
    points=2,
    probes=probes_from(lambda draw, n, d: {name: draw(n, d) for name in ARGUMENTS}, more=(FAR_OUT,)),
    laws=(
        finite_far_out(),
        relation(lambda mu_q, log_var_q, mu_p, log_var_p: {"mu_p": mu_q, "log_var_p": log_var_q}, lambda result: 0 * result, "The KL of a distribution from itself should be 0", "Give it the same Gaussian twice. The KL of a distribution from itself is 0: what is left over in yours?"),
        never_negative(what="A KL"),
        sums_over("latents", *ARGUMENTS),
        each_row_for_itself(*ARGUMENTS),
    ),
    gradients=ARGUMENTS,
    claims=matches(
        lambda mu_q, log_var_q, mu_p, log_var_p: kl_divergence(Normal(mu_q, (log_var_q / 2).exp()), Normal(mu_p, (log_var_p / 2).exp())).sum(-1),
        "Your KL should be the one torch.distributions computes for the same two Gaussians",
        scale=lambda mu_q, log_var_q, mu_p, log_var_p: ((log_var_q.exp() + mu_q**2 + mu_p**2) / log_var_p.exp() + log_var_p.abs() + log_var_q.abs() + 1).sum(-1),
    ),
    slips=(
        slip({"log_var_q - log_var_p": "log_var_p - log_var_q", "/ log_var_p.exp()": "/ log_var_q.exp()"}, "That is KL(p ‖ q). The average is taken under the first of the two: whose variance ends up below the line?"),
        slip(" / log_var_p.exp()", "", "Move both means apart by 1, once with a wide p and once with a narrow one. Should the cost be the same?"),
        slip("/ log_var_p.exp()", "/ log_var_q.exp()", "How surprising a shift of the mean is depends on how wide a Gaussian is. Which of the two is the one that is surprised: q or p?"),
        slip("/ log_var_p.exp()", "/ (0.5 * log_var_p).exp()", "Measure everything in units half as large: no KL may change. A squared distance is divided by what: σ, or σ²?"),
        slip("log_ratio.exp()", "(-log_ratio).exp()", "Let q be far wider than p: most of its draws fall where p has next to nothing. Which of the two variances is divided by the other?"),
        slip("1 - log_ratio", "1 + log_ratio", "Let q be much narrower than p. The KL must grow without bound as q shrinks. Which way does your log term go?"),
        slip("distance - 1", "distance", "Give it the same Gaussian twice. The KL of a distribution from itself is 0: what is left over in yours?"),
        slip({"distance - 1": "distance", ".sum(-1)": ".sum(-1) - 0.5"}, "With one latent you are right, with more you are not, and the error is ½ for each further one. Which constant belongs inside the sum?"),
        slip({"log_ratio.exp()": "(0.5 * log_ratio).exp()", "/ log_var_p.exp()": "/ (0.5 * log_var_p).exp()"}, "Compare the units of your fraction: a squared distance, added to a standard deviation?"),
        slip(".sum(-1)", ".mean(-1)", "Repeat every latent once more: the KL must double. Does yours stay as it is?"),
        slip("1 - log_ratio", "1 - 0.5 * log_ratio", "log(σ_p/σ_q) or log(σ_p²/σ_q²): with ½ before the bracket, which one belongs inside?"),
        slip("0.5 * (log_ratio", "(log_ratio", "Let q and p be one unit apart and equally wide with σ = 1: the KL is ½. Which factor stands before the bracket?"),
        slip("0.5 * (log_ratio", "-0.5 * (log_ratio", "A KL is never negative. What sign does yours have for two Gaussians that are far apart?"),
        slip(".sum(-1)", ".sum(-1).mean()", "One number for the whole batch. Which axis holds the examples, and who averages over it?"),
        slip(".sum(-1)", ".sum()", "One number, and it doubles when the batch is doubled. Which axis should the sum leave alone?"),
        slip(".sum(-1)", "", "One number for each latent. How do the KLs of independent dimensions combine into that of the whole vector?"),
        slip({"log_var_q - log_var_p": "2 * (log_var_q - log_var_p)", "/ log_var_p.exp()": "/ (2 * log_var_p).exp()"}, "exp(log_var) undoes the logarithm of a variance. Did you go on as if it were a standard deviation, and square it?"),
        slip(
            "return 0.5 * (log_ratio.exp() + distance - 1 - log_ratio)",
            "distance = distance + (mu_q - mu_p) ** 2 / log_var_q.exp()\n    return 0.25 * (log_ratio.exp() + (-log_ratio).exp() + distance - 2)",
            "That is the mean of KL(q ‖ p) and KL(p ‖ q): q and p may change places in yours. Under which of the two alone is the average taken?",
        ),
        slip(
            "return 0.5 * (log_ratio.exp() + distance - 1 - log_ratio)",
            "distance = distance + (mu_q - mu_p) ** 2 / log_var_q.exp()\n    return 0.5 * (log_ratio.exp() + (-log_ratio).exp() + distance - 2)",
            "That is KL(q ‖ p) + KL(p ‖ q): q and p may change places in yours. Under which of the two alone is the average taken?",
        ),
        slip("(mu_q - mu_p) ** 2", "(mu_q - mu_p)", "Exchange the two means. The distance between them must stay what it is: does yours?"),
        slip("(mu_q - mu_p) ** 2", "(mu_q - mu_p).abs()", "Move the means twice as far apart: the logarithm of a Gaussian falls by four times as much. With which power of the distance does yours go?"),
    ),
    hints=(
        "Start from one dimension: E_q[log q(z) − log p(z)]. Only two averages under q are needed: of (z − μ_q)² and of (z − μ_p)².",
        "(z − μ_p) = (z − μ_q) + (μ_q − μ_p), so the mean of its square under q is σ_q² + (μ_q − μ_p)².",
        "One dimension: ½(log σ_p² − log σ_q² + (σ_q² + (μ_q − μ_p)²)/σ_p² − 1). Check: q = p gives 0, and p = N(0, 1) gives the KL of the page.",
    ),
)
def kl_between(mu_q, log_var_q, mu_p, log_var_p):
    """KL(q ‖ p) in nats of two diagonal Gaussians.

    All four: (batch, latent_size). Result: one number a row, (batch,), in the dtype of mu_q.
    """
    log_ratio = log_var_q - log_var_p
    distance = (mu_q - mu_p) ** 2 / log_var_p.exp()
    return 0.5 * (log_ratio.exp() + distance - 1 - log_ratio).sum(-1)
