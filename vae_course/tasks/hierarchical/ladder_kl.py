"""What each level costs."""

import torch
from torch.distributions import Normal, kl_divergence

from ..cases.stack import level_parameters, prior_level, product_of, wrong_draws
from ..engine import Probe, each_row_for_itself, matches, never_negative, probes_from, slip, task
from .merge import merge as merge_task

merge = merge_task.answer
MERGE, DRAW = "merge(mu_1, log_var_1, prior_mu, prior_log_var)", "mu_2 + torch.exp(0.5 * log_var_2) * epsilon_2"
FROM_STANDARD = "prior_mu, prior_log_var = torch.zeros_like(mu), torch.zeros_like(mu)\n    squared = "
OTHER_WAY = "mu, log_var, prior_mu, prior_log_var = prior_mu, prior_log_var, mu, log_var\n    squared = "
SCATTERS = "Your kl_2 is right. Your kl_1 is log q − log p at a draw of z_1: right on average, and it scatters. Once z_2 is drawn, both are Gaussians: does their KL need a second draw?"
# one level far out a row: what x says of z_1, then q(z_2|x), all at a draw of z_2 that stays near 0
FAR_1, FAR_2 = torch.tensor([[-40.0, -0.5], [0.0, 0.5], [0.5, 0.0]]), torch.tensor([[0.5], [-40.0], [40.0]])
BELIEFS = {"mu_1": torch.zeros(3, 2), "log_var_1": FAR_1, "mu_2": torch.tensor([[0.5], [0.0], [1.0]]), "log_var_2": FAR_2, "epsilon_2": torch.zeros(3, 1)}
FAR_OUT = Probe({"weight": torch.tensor([[0.5, -0.4, 0.3, 0.2]]), "bias": torch.tensor([0.1, 0.0, -0.2, 0.3])} | BELIEFS, note="with very small and very large variances")


def _two_levels(draw, n, d):
    beliefs = {"mu_1": 1.5 * draw(n, d + 1), "log_var_1": draw(n, d + 1) - 0.5, "mu_2": draw(n, d), "log_var_2": 0.8 * draw(n, d) - 0.7}
    return {**level_parameters(draw, d, d + 1), **beliefs, "epsilon_2": draw(n, d)}


def _by_torch(weight, bias, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
    prior_mu, prior_log_var = prior_level(weight, bias)(mu_2 + (log_var_2 / 2).exp() * epsilon_2)
    mu, log_var = product_of(prior_mu, prior_log_var, mu_1, log_var_1)
    bottom = kl_divergence(Normal(mu, (log_var / 2).exp()), Normal(prior_mu, (prior_log_var / 2).exp()))
    return bottom.sum(-1), kl_divergence(Normal(mu_2, (log_var_2 / 2).exp()), Normal(0.0, 1.0)).sum(-1)


@task(
    points=1,
    probes=probes_from(_two_levels, sizes={(6, 3): "", (1, 3): "with a batch of one", (5, 1): "with one latent at the top", (4, 5): ""}, more=(FAR_OUT,)),
    run=lambda function, weight, bias, **beliefs: {"result": function(prior_level(weight, bias), *beliefs.values())},
    laws=(
        never_negative("A KL is never negative. Which sign stands before yours, and which terms of it are subtracted?", what="A KL"),
        each_row_for_itself("mu_1", "log_var_1", "mu_2", "log_var_2", "epsilon_2"),
    ),
    gradients=("mu_1", "log_var_1", "mu_2", "log_var_2"),
    claims=matches(_by_torch, "What a level costs should be KL(q ‖ p) of its own two Gaussians, at the drawn z₂", parts=("the KL of the bottom level", "the KL of the top level"), scale=lambda mu_1, **_: 20.0 * mu_1.shape[1]),
    slips=(
        slip("squared = ", FROM_STANDARD, "You measure the bottom level from N(0, I). From which Gaussian does p(x, z) expect z_1, once z_2 is drawn?"),
        slip(MERGE, "mu_1, log_var_1", "Your q of the bottom level is what x says, alone. In a ladder a second voice is merged in before anything is drawn or measured: whose?"),
        slip({MERGE: "mu_1, log_var_1", "squared = ": FROM_STANDARD}, "Your bottom level knows nothing of the one above: neither its q nor its prior. At which two places does z_2 come in?"),
        slip(DRAW, "mu_2", "You went down from the mean of z_2. What is the expectation in the bound taken over, and which draw were you given for it?"),
        slip(DRAW, "epsilon_2", "Your z_2 comes from the prior: the same for every x. From which distribution is z_2 drawn in the bound?"),
        *wrong_draws("mu_2", "log_var_2", "epsilon_2"),
        slip("top_down(z_2)", "top_down(z_2.detach())", "The numbers are right. But the bottom level's cost can't tell the top level anything: where is z_2 cut off from mu_2?"),
        slip(MERGE, f"(mu_1 * log_var_1.exp() + prior_mu * prior_log_var.exp()) / (log_var_1.exp() + prior_log_var.exp()), {MERGE}[1]", "Your merge weighs by variances. Try it with the check of task 1: who should win, the surer one or the other?"),
        slip("squared = ", OTHER_WAY, "Your kl_1 is measured the other way round. In KL(q ‖ p), under which of the two is the average taken?"),
        slip("* epsilon_2", "* torch.randn_like(mu_2)", "You draw the noise of z_2 anew. Then your kl_1 changes from call to call: which of the arguments is it for?"),
        slip({"squared = ": OTHER_WAY, "log_var_2.exp() + mu_2**2 - 1 - log_var_2": "log_var_2 + (1 + mu_2**2) / log_var_2.exp() - 1"}, "Both are measured the other way round. In KL(q ‖ p), under which of the two is the average taken?"),
        slip({"squared = ": "log_var, prior_log_var, log_var_2 = 2 * log_var, 2 * prior_log_var, 2 * log_var_2\n    squared = "}, "Your draw is right, but in both KLs exp(log_var) is taken for σ. What is it?"),
        slip("(prior_log_var - log_var", "(2 * prior_log_var - 2 * log_var", "Your kl_2 is right. In kl_1, is the logarithm that of a ratio of two σ, or of two σ²? Which factor turns the one into the other?"),
        slip("(prior_log_var - log_var", "(log_var - prior_log_var", "Your kl_2 is right. Let q and its prior have one mean, and q the smaller variance: your kl_1 is below 0. Which of the two variances stands above the line in the logarithm?"),
        slip("(log_var.exp() + (mu - prior_mu) ** 2) / prior_log_var.exp()", "log_var.exp() / prior_log_var.exp() + (mu - prior_mu) ** 2", "Your kl_2 is right. In kl_1 a step of 1 between the means costs the same, however sure the prior is. By what is it measured?"),
        slip("(mu - prior_mu) ** 2", "mu - prior_mu", "Your kl_2 is right. In kl_1 a mean below the prior's lowers the cost, and one above it raises it. Should the side matter?"),
        slip("kl_1 = 0.5 * ", "kl_1 = ", "Your kl_2 is right, and kl_1 is twice what it should be. Which factor stands before the KL of two Gaussians?"),
        slip({"squared = (log_var.exp() + (mu - prior_mu) ** 2)": "noise = torch.randn_like(mu)\n    squared = (mu + torch.exp(0.5 * log_var) * noise - prior_mu) ** 2", "squared - 1": "squared - noise**2"}, SCATTERS),
        slip("log_var_2.exp() + mu_2**2 - 1 - log_var_2", "z_2**2 - epsilon_2**2 - log_var_2", "Your kl_1 is right. Your kl_2 is log q − log p at the draw: right on average, and it scatters. Does the top level's KL need a draw?"),
        slip("squared = ", "prior_mu, prior_log_var = mu_1, log_var_1\n    squared = ", "Your kl_1 is measured from what x says. Which of the two that you merged is the prior?"),
        slip("kl_2 = ", "mu_2, log_var_2 = merge(mu_2, log_var_2, 0 * mu_2, 0 * mu_2)\n    kl_2 = ", "You merged the top level with N(0, I) as well. What does the contract say q(z_2|x) is? The merge is there to hear a level above: has the top one any?"),
        slip({"squared - 1)": "squared)", "mu_2**2 - 1 - log_var_2": "mu_2**2 - log_var_2"}, "Let q be its own prior, in both levels: yours still cost something. Which term of the KL is missing?"),
        slip("squared - 1)", "squared)", "Your kl_2 is right. Let q be its prior: your kl_1 still costs ½ for each latent. Which term is missing?"),
        slip("mu_2**2 - 1 - log_var_2", "mu_2**2 - log_var_2", "Your kl_1 is right. Let q(z_2|x) be N(0, I): your kl_2 still costs ½ for each latent. Which term is missing?"),
        slip("squared - 1).sum(-1)", "squared - 1).mean(-1)", "Your kl_2 is right. Give the bottom level every latent twice: its cost must double. Does yours stay as it is?"),
        slip("- log_var_2).sum(-1)", "- log_var_2).mean(-1)", "Your kl_1 is right. Give the top level every latent twice: its cost must double. Does yours stay as it is?"),
        slip(MERGE, "(mu_1 + prior_mu) / 2, (log_var_1 + prior_log_var) / 2", "Your merge is halfway between the two voices, however sure each of them is. Try it with the check of task 1: what adds up there?"),
        slip({"squared - 1).sum(-1)": "squared - 1).mean(-1)", "- log_var_2).sum(-1)": "- log_var_2).mean(-1)"}, "Give each level every latent twice: its cost must double. Does yours stay as it is?"),
        slip("return kl_1, kl_2", "return kl_1.mean(), kl_2.mean()", "One number a level for the whole batch. Which axis holds the examples?"),
        slip("return kl_1, kl_2", "return kl_1.sum(), kl_2.sum()", "One number a level for the whole batch, and it grows with the batch. Which axis holds the examples?"),
        slip({"squared - 1).sum(-1)": "squared - 1)", "- log_var_2).sum(-1)": "- log_var_2)"}, "One number for each latent. Independent latents: what becomes of their KLs within a level?"),
        slip({"kl_1 = 0.5 * ": "kl_1 = ", "kl_2 = 0.5 * ": "kl_2 = "}, "Both are twice what they should be. Which ½ stands before the KL of two Gaussians?"),
        slip("kl_2 = 0.5 * ", "kl_2 = ", "Your kl_1 is right, and kl_2 is twice what it should be. Which factor stands before the KL of two Gaussians?"),
        slip("kl_2 = 0.5 * ", "kl_2 = -0.5 * ", "Your kl_1 is right. Your kl_2 is below 0. Which signs have the terms inside the brackets, when −½ stands before them?"),
        slip("return kl_1, kl_2", "return -kl_1, -kl_2", "A KL below 0? Which sign stands before it in the bound, and which has it by itself?"),
        slip("return kl_1, kl_2", "return kl_2, kl_1", "Both are right. Levels count from the bottom: which of yours comes first?"),
        slip("return kl_1, kl_2", "return torch.stack([kl_1, kl_2], -1)", "Both are right, as columns of one tensor. As what does the contract want them?"),
        slip("return kl_1, kl_2", "return torch.stack([kl_1, kl_2])", "Both are right, as rows of one tensor. As what does the contract want them?"),
        slip("return kl_1, kl_2", "return kl_1 + kl_2", "The sum is right, and it hides what was asked for: which of the two levels is it that costs? Keep them apart."),
        slip("return kl_1, kl_2", "return kl_2", "One level's KL is there. What does the other one cost, at the z_2 that was drawn?"),
        slip("return kl_1, kl_2", "return kl_1, kl_1 + kl_2", "Your second figure holds both levels. What does the top one cost alone?"),
    ),
    hints=(
        "Go the way of the ladder: draw at the top, ask the prior about the level below, merge, and measure each level from its own prior.",
        "z_2 by the reparameterisation trick; prior of z_1 = top_down(z_2); q of z_1 = the merge of task 1 with that prior. The top level's KL needs no draw.",
        "KL of N(μ, σ²) from N(m, s²), a latent: ½(log s² − log σ² + (σ² + (μ − m)²)/s² − 1). For the bottom m and s² come from z_2, for the top they are 0 and 1. Sum over the last axis.",
    ),
)
def ladder_kl(top_down, mu_1, log_var_1, mu_2, log_var_2, epsilon_2):
    """(kl_1, kl_2), what each of two levels costs, in nats an example, each (batch,).

    kl_2 = KL(q(z_2|x) ‖ N(0, I)) with q(z_2|x) = N(mu_2, exp(log_var_2)), and kl_1 = KL(q(z_1|z_2, x) ‖ p(z_1|z_2)) at one draw
    z_2 = mu_2 + σ_2 · epsilon_2, with p(z_1|z_2) from top_down(z_2), and q(z_1|z_2, x) its merge with N(mu_1, exp(log_var_1)), what x says of z_1.
    top_down: a function, z_2 (batch, latent_2) -> (mu, log_var), each (batch, latent_1). mu_1, log_var_1: (batch, latent_1);
    mu_2, log_var_2, epsilon_2: (batch, latent_2). Both KLs in closed form, right for log-variances from −40 to 40.
    The gradient of kl_1 reaches mu_2.
    """
    z_2 = mu_2 + torch.exp(0.5 * log_var_2) * epsilon_2
    prior_mu, prior_log_var = top_down(z_2)
    mu, log_var = merge(mu_1, log_var_1, prior_mu, prior_log_var)
    squared = (log_var.exp() + (mu - prior_mu) ** 2) / prior_log_var.exp()
    kl_1 = 0.5 * (prior_log_var - log_var + squared - 1).sum(-1)
    kl_2 = 0.5 * (log_var_2.exp() + mu_2**2 - 1 - log_var_2).sum(-1)
    return kl_1, kl_2
