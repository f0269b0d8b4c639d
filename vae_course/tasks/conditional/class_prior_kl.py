"""The KL to a prior that each class has for itself."""

import torch
from torch import tensor
from torch.distributions import Normal, kl_divergence

from ..engine import Probe, each_row_for_itself, finite_far_out, matches, never_negative, probes_from, relation, slip, sums_over, task

OWN_PRIOR, EACH_CLASS = "prior_mu[y], prior_log_var[y]", "prior_mu, prior_log_var\n    mu, log_var = mu.unsqueeze(1), log_var.unsqueeze(1)"
FAR_Q = {"mu": tensor([[3.0, -2.0], [3.0, 0.0], [0.5, 1.0], [1.0, 2.0]]), "log_var": tensor([[-40.0, 0.0], [30.0, 0.0], [0.0, -40.0], [30.0, 0.0]]), "y": tensor([0, 1, 0, 2])}
FAR_PRIORS = {"prior_mu": tensor([[2.0, -1.0], [0.5, 0.5], [1.0, 0.0]]), "prior_log_var": tensor([[0.0, 1.0], [28.0, 0.0], [-40.0, 0.0]])}
FAR_OUT = Probe(FAR_Q | FAR_PRIORS, note="with very small and very large variances")


def class_priors(draw, n, d):
    classes = 2 + d
    y = (draw(n).abs() * 1000).long() % classes
    return {"mu": draw(n, d), "log_var": draw(n, d) - 1, "y": y, "prior_mu": 1.5 * draw(classes, d), "prior_log_var": 0.7 * draw(classes, d) - 0.5}


def reference(mu, log_var, y, prior_mu, prior_log_var):
    return kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(prior_mu[y], (prior_log_var[y] / 2).exp())).sum(-1)


@task(
    points=1,
    probes=probes_from(class_priors, more=(FAR_OUT,)),
    laws=(
        never_negative("A KL is never negative. Which sign do your terms have where q is wider than the prior?", what="A KL"),
        sums_over("latents", "mu", "log_var", "prior_mu", "prior_log_var", question="Repeat every latent once more: the KL must double. Is there a mean where a sum belongs?"),
        each_row_for_itself("mu", "log_var", "y"),
        relation(lambda y, prior_mu, prior_log_var, **_: {"mu": prior_mu[y], "log_var": prior_log_var[y]}, torch.zeros_like, "A code distributed as the prior of its class should cost nothing", "Let q be its class's prior: which of your terms is left over?"),
        finite_far_out(),
    ),
    gradients=("mu", "log_var", "prior_mu", "prior_log_var"),
    claims=matches(reference, "Each KL should be the one torch.distributions computes between q and the prior of the example's own class", scale=lambda mu, log_var, y, prior_mu, prior_log_var: ((log_var.exp() + mu**2 + prior_mu[y] ** 2) / prior_log_var[y].exp() + prior_log_var[y].abs() + log_var.abs() + 1).sum(-1)),
    slips=(
        slip(OWN_PRIOR, "torch.zeros_like(mu), torch.zeros_like(mu)", "That is the KL to N(0, I), the same for every class. Which Gaussian does a decoder that was told the class expect z from?"),
        slip(OWN_PRIOR, EACH_CLASS, "One KL for each class, right or wrong. Which of them does the label of the example ask for?"),
        slip({OWN_PRIOR: EACH_CLASS, ".sum(-1)": ".sum(-1).mean(1)"}, "You averaged over the classes. Does the label change your result at all?"),
        slip({OWN_PRIOR: EACH_CLASS, ".sum(-1)": ".sum(-1).amin(1)"}, "You took the nearest class. A 4 that looks like a 9: which prior is it to be measured from?"),
        slip(OWN_PRIOR, "prior_mu.mean(0), prior_log_var.mean(0)", "You made one Gaussian out of all the classes' and measured from it. What is the label for?"),
        slip(f"mu_p, log_var_p = {OWN_PRIOR}", f"mu_p, log_var_p, mu, log_var = mu, log_var, {OWN_PRIOR}", "That is KL(p ‖ q). The average is taken under the first of the two: whose variance ends up below the line?"),
        slip("prior_log_var[y]", "torch.zeros_like(mu)", "The centres of the classes are there, their widths are not. How much does a step away from a narrow prior cost?"),
        slip("/ log_var_p.exp()", "", "A narrow prior and a wide one charge the same for a step away from their centre. In which unit should the step be measured?"),
        slip(".sum(-1)", ".mean(-1)", "Repeat every latent once more: the KL must double. Does yours stay as it is?"),
        slip(".sum(-1)", ".sum(-1).mean()", "One number for the whole batch. Which axis holds the examples, and who averages over it?"),
        slip(".sum(-1)", ".sum()", "One number, and it doubles when the batch is doubled. Which axis should the sum leave alone?"),
        slip(".sum(-1)", "", "One number for each latent. How do the KLs of independent dimensions combine into that of the whole vector?"),
        slip("0.5 * (", "(", "Twice what it should be. Write log N(z; μ, σ²) down: which factor stands before the square, and before log σ²?"),
        slip("0.5 * (", "-0.5 * (", "A KL is never negative. What sign does yours have, and what would a minimiser do with it?"),
        slip("- 1 -", "-", "Let q be its class's prior. What should the KL be there, and what is yours?"),
        slip("- 1 - (log_var", "- 1 + (log_var", "Make q ever narrower around its prior's centre: the KL must grow. Which sign has the logarithm of the two variances' ratio?"),
        slip("    ratio", "    log_var, log_var_p = 2 * log_var, 2 * log_var_p\n    ratio", "exp(log_var) undoes the logarithm of a variance. Did you go on as if it were a standard deviation?"),
    ),
    hints=(
        "Two Gaussians a row: q, and the prior of that row's class. First bring the second one into the shape of the first.",
        "A tensor of labels is an index: a table with one row a class, indexed by y, gives one row an example.",
        "With m and s² from prior_mu[y] and exp(prior_log_var[y]), a dimension costs ½(log s² − log σ² + (σ² + (μ − m)²)/s² − 1). Sum over the last axis.",
    ),
)
def class_prior_kl(mu, log_var, y, prior_mu, prior_log_var):
    """KL(q(z|x, y) ‖ p(z|y)) in nats, where each class has a prior of its own.

    mu, log_var: (batch, latent_size), of q. y: (batch,), integers. prior_mu, prior_log_var: (classes, latent_size), one row a class.
    Result: one number an example, (batch,), in the dtype of mu.
    """
    mu_p, log_var_p = prior_mu[y], prior_log_var[y]
    ratio = torch.exp(log_var - log_var_p)
    distance = (mu - mu_p) ** 2 / log_var_p.exp()
    return 0.5 * (ratio + distance - 1 - (log_var - log_var_p)).sum(-1)
