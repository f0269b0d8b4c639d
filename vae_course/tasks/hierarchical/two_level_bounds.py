"""A bound where no level has all it rests on."""

import math

import torch
from torch.distributions import Normal

from ..engine import Claim, Law, finite_far_out, matches, probes_from, relation, rounding, slip, task, unchanged

OF_DRAWS = ("log_likelihood", "z_1", "z_2", "mu_2", "log_var_2", "prior_mu", "prior_log_var")
BOUND = "torch.logsumexp(log_w, dim=0) - math.log(len(log_w))"
# minus the KL of each level in closed form, and where they usually come in
TOP = "0.5 * (1 + q_2[1] - q_2[0] ** 2 - q_2[1].exp()).sum(-1)"
BOTTOM = "0.5 * (1 + q_1[1] - p_1[1] - (q_1[1].exp() + (q_1[0] - p_1[0]) ** 2) / p_1[1].exp()).sum(-1)"
SIZES = {
    (5, 4, 3, 2, -4.0, 0.0): "",
    (1, 4, 2, 3, -5.0, 0.0): "with a single draw",
    (6, 1, 3, 2, -5.0, 0.0): "with a batch of one",
    (5, 3, 1, 1, -5.0, 0.0): "with one latent a level",
    (6, 3, 3, 2, -150.0, 0.0): "with log-likelihoods near −150, as a picture has them",
    (4, 3, 3, 2, -4.0, 0.0): "in float64",
    (3, 2, 2, 1, -2400.0, 0.0): "in float64, with log-likelihoods near −2400",
    (4, 2, 1, 2, 1200.0, 0.0): "in float64, with log-likelihoods near 1200",
    (2, 3, 2, 2, -4.0, 11.0): "in float64, with very small and very large variances",
}


def _naive_draws(draw, k, n, one, two, level, wide):
    """level: about which log-likelihoods lie. wide: how far log-variances go beyond those of a model that has learnt."""
    mu_1, log_var_1 = draw(n, one), 0.7 * draw(n, one) - 0.8 - wide
    mu_2, log_var_2 = draw(k, n, two), 0.5 * draw(k, n, two) - 0.4 - wide
    drawn = {"z_1": mu_1 + (log_var_1 / 2).exp() * draw(k, n, one), "z_2": mu_2 + (log_var_2 / 2).exp() * draw(k, n, two)}
    gaussians = {"mu_1": mu_1, "log_var_1": log_var_1, "mu_2": mu_2, "log_var_2": log_var_2, "prior_mu": 0.4 * draw(k, n, one), "prior_log_var": 0.5 * draw(k, n, one) + 0.2 + wide}
    return {"log_likelihood": level + 1.5 * draw(k, n), **drawn, **gaussians}


def _by_the_greatest(log_likelihood, z_1, z_2, mu_1, log_var_1, mu_2, log_var_2, prior_mu, prior_log_var):
    """The mean of the weights themselves, each measured by the greatest of its image; the densities are the library's."""
    log_p = Normal(prior_mu, (prior_log_var / 2).exp()).log_prob(z_1).sum(-1) + Normal(0.0, 1.0).log_prob(z_2).sum(-1)
    log_q = Normal(mu_1, (log_var_1 / 2).exp()).log_prob(z_1).sum(-1) + Normal(mu_2, (log_var_2 / 2).exp()).log_prob(z_2).sum(-1)
    log_w = log_likelihood + log_p - log_q
    return log_w.mean(0), log_w.amax(0) + (log_w - log_w.amax(0)).exp().mean(0).log()


def _never_below_the_elbo(values, log_likelihood, **_):
    (elbo, bound), question = values["result"], "The logarithm of a mean against the mean of logarithms: what does Jensen's inequality say, and which of your two results is which?"
    room = rounding(elbo, log_likelihood.dtype, scale=log_likelihood.abs().max() + 50)
    yield Claim("The importance-weighted bound is never below the ELBO", elbo.maximum(bound), bound, room, question=question)


@task(
    points=2,
    probes=probes_from(_naive_draws, sizes=SIZES),
    run=lambda function, log_likelihood, z_1, z_2, mu_1, log_var_1, mu_2, log_var_2, prior_mu, prior_log_var: {"result": function(log_likelihood, z_1, z_2, (mu_1, log_var_1), (mu_2, log_var_2), (prior_mu, prior_log_var))},
    laws=(
        finite_far_out(),
        relation(lambda log_likelihood, **_: {"log_likelihood": log_likelihood + 3}, lambda part: part + 3, "With every log-likelihood greater by 3, both should be greater by 3", "Which factor of w speaks of x, and how does it come into each of your two results?"),
        unchanged(lambda **given: {name: torch.cat([given[name]] * 2) for name in OF_DRAWS}, "With every draw there twice", "With every draw there twice, which of your two results changes? Where is a sum, and where should a mean be?"),
        relation(lambda **given: {name: value[:, :1] if name in OF_DRAWS else value[:1] for name, value in given.items()}, lambda part: part[:1], "An example alone should get what it gets among others", "Does anything in yours mix the examples of the batch? Which axis holds the draws, and which the examples?"),
        Law(_never_below_the_elbo),
    ),
    gradients=(*OF_DRAWS, "mu_1", "log_var_1"),
    claims=matches(_by_the_greatest, "The mean of log w over the draws, and the logarithm of the mean of w", parts=("the ELBO", "the importance-weighted bound"), scale=lambda log_likelihood, **_: log_likelihood.abs().amax(0) + 50),
    slips=(
        slip("log_normal(z_1, *p_1)", "log_normal(z_1, 0 * z_1, 0 * z_1)", "The prior of your z_1 is N(0, I), whatever z_2 is: then the top level changes nothing and is worth nothing. Which density stands in w?"),
        slip({"log_normal(z_1, *p_1)": BOTTOM, "log_normal(z_2, zero, zero)": TOP, "log_p - log_q": "log_p"}, "You took a KL in closed form for each level. For the bottom one: z_2 was drawn after z_1 here, and depends on it. Can z_1 be averaged over while z_2 is held?"),
        slip({"log_normal(z_2, zero, zero)": TOP, " + log_normal(z_2, *q_2)": ""}, "Your expectation is right, but it is not the weight of a draw: the second bound needs log w at z_1 and z_2, and the contract's elbo is the mean of the same. Which densities at z_2 stand in w?"),
        slip("log_w.mean(0)", f"(log_likelihood + log_normal(z_1, *p_1) - log_normal(z_1, *q_1) + {TOP}).mean(0)", "Your second result is right. In your ELBO the top level's KL stands in closed form: as good on average, but the contract's elbo is the mean of the same log w. Where did the log-densities at z_2 go?"),
        slip(" + log_normal(z_1, *p_1)", "", "p(z_1|z_2) is missing: z_1 comes for free. Which three factors does p(x, z_1, z_2) have?"),
        slip(" + log_normal(z_2, zero, zero)", "", "p(z_2) is missing: a z_2 far from 0 costs nothing. Which three factors does p(x, z_1, z_2) have?"),
        slip("log_normal(z_1, *q_1) + ", "", "q(z_1|x) is missing from the weights. By the density of which draw is w divided: of z_2 alone, or of the pair?"),
        slip(" + log_normal(z_2, *q_2)", "", "q(z_2|z_1) is missing from the weights. By the density of which draw is w divided: of z_1 alone, or of the pair?"),
        slip({" + log_normal(z_2, zero, zero)": "", " + log_normal(z_2, *q_2)": ""}, "z_2 appears nowhere in your weights but through p_1: its level comes for free. What is its prior, and what was it drawn from?"),
        slip("log_normal(z_2, zero, zero)", "-0.5 * z_2.square().sum(-1)", "Your log p(z_2) is too high by the same amount for every draw. Which constant makes the area of N(0, I) equal to 1?"),
        slip({" + log_normal(z_1, *p_1)": "", "log_normal(z_1, *q_1) + ": ""}, "The bottom level's densities are missing: only the top one costs anything. Which Gaussians does z_1 come in?"),
        slip({"log_normal(z_1, *p_1)": "log_normal(z_1, *q_1)", "log_normal(z_1, *q_1)": "log_normal(z_1, *p_1)"}, "The two densities of z_1 have changed sides: what x says of it stands above the line, what z_2 says below. From which of the two was z_1 drawn?"),
        slip("log_likelihood + ", "", "Where are the pixels? One factor of w speaks of x, and you were handed its logarithm."),
        slip({" + log_var + ": " + 2 * log_var + ", "log_var.exp()": "(2 * log_var).exp()"}, "You took exp(log_var) for σ. What is it?"),
        slip("log_var.exp()", "(0.5 * log_var).exp()", "A density's exponent is (z − μ)² over 2σ², and yours over 2σ. Which power of σ is exp(log_var)?"),
        slip(" + log_var + ", " + ", "Your densities don't have the area 1: a wide Gaussian must be low. Which term says so?"),
        slip(" + log_var + ", " + 2 * log_var + ", "Your densities are divided by σ², and not by σ. With which factor does log σ² stand in a Gaussian's logarithm?"),
        slip("(z - mu) ** 2", "2 * (z - mu) ** 2", "Look at your exponent: (z − μ)²/σ² stands without its factor. Which one is it?"),
        slip(".sum(-1)", ".mean(-1)", "The density of several independent latents is a product. What becomes of their logarithms: a mean, or a sum?"),
        slip(BOUND, "log_w.mean(0)", "Both of your results are the ELBO. Where does the mean stand in the second: inside the logarithm, or outside?"),
        slip(" - math.log(len(log_w))", "", "Your ELBO is right. The second one rises with k, even for equal weights: by log k. A sum, or a mean?"),
        slip(BOUND, "log_w.exp().mean(0).log()", "Right, until the log-likelihood is that of a picture: what is exp(−150) to a computer in float32? Is there a sum of exponentials that does not leave the logarithms?"),
        slip(BOUND, "log_w.double().exp().mean(0).log()", "Right, until the log-likelihood is that of a large picture: what is exp(−2400), even in float64? Is there a sum of exponentials that does not leave the logarithms?"),
        slip("log_p - log_q", "(log_p.exp() / log_q.exp()).log()", "Right, until the log-likelihood is that of a picture: what is exp(−150) to a computer in float32? Add logarithms instead: what does the product of densities become?"),
        slip(BOUND, "(log_w - log_w.amax(0)).exp().mean(0).log()", "Your ELBO is right. In the second you took the greatest log w away, so that nothing vanishes. When does it come back?"),
        slip("math.log(len(log_w))", "math.log(log_w.shape[1])", "Your ELBO is right. In the second you take away the logarithm of the number of examples. Over how many weights is the mean?"),
        slip(BOUND, "log_w.exp().mean(0)", "Your ELBO is right. Your second result is the mean of w. What is still to be taken of it?"),
        slip(BOUND, "log_w.amax(0)", "Your ELBO is right. Your second result is the greatest log w. What did the contract ask to average?"),
        slip(BOUND, "(log_w.softmax(0) * log_w).sum(0)", "Your ELBO is right. Your second result averages log w, with weights that add up to 1. What does the contract average: log w, or w, before any logarithm?"),
        slip({"log_w.mean(0)": "-log_w.mean(0)", BOUND: "math.log(len(log_w)) - torch.logsumexp(log_w, dim=0)"}, "Those are losses. Which sign has a bound on log p(x)?"),
        slip({"log_w.mean(0)": "log_w.sum(0)", " - math.log(len(log_w))": ""}, "Both of your results are sums over the draws. Let all the weights be equal: more draws of the same should change nothing. What is missing?"),
        slip("- math.log(len(log_w))", "/ len(log_w)", "Your ELBO is right. In the second you divide the logarithm by k. Where does the 1/k of a mean stand: inside the logarithm, or outside?"),
        slip("- math.log(len(log_w))", "+ math.log(len(log_w))", "Your ELBO is right. The second one rises with k, even for equal weights: by 2 log k. Which sign has the logarithm of 1/k?"),
        *(slip(BOUND, f"(log_w.exp().mean(0) + 1e-{digits}).log()", f"Right, until the log-likelihood is that of a picture: beside 1e-{digits}, what is exp(−150)? Is there a sum of exponentials that does not leave the logarithms?") for digits in (*range(5, 17), 20, 30)),
        slip("log_w.mean(0)", "log_w.sum(0)", "Your second result is right. Your ELBO grows with the number of draws: which is it, a sum or a mean?"),
        slip({"log_w.mean(0)": "log_w.mean()", BOUND: f"({BOUND}).mean()"}, "One figure for the whole batch. What does the contract want one of for each example?"),
        slip({"mean(0)": "mean(1)", "dim=0": "dim=1", "len(log_w)": "log_w.shape[1]"}, "You averaged over the examples, and have a figure for each draw. Which axis holds the draws?"),
        slip("log_w.mean(0)", "log_w", "Your ELBO has a figure for each draw. Over what is it the mean?"),
        slip(f"log_w.mean(0), {BOUND}", f"{BOUND}, log_w.mean(0)", "Both are there. In which order does the contract want them?"),
        slip(f", {BOUND}", "", "The ELBO is right and comes alone. Where is the second result?"),
        slip("return -0.5", "return 0.5", "Your prior stands below the line, and q above it. Which of the two makes a draw weigh more?"),
        slip("log_p - log_q", "log_p + log_q", "You multiply by q. A z that q proposes too often should count for less: above the line, or below it?"),
    ),
    hints=(
        "First make the table of log w, (k, batch): five logarithms, those above the line added, those below it taken away. Both results come from that one table.",
        "The logarithm of a Gaussian's density is −½(log 2π + log σ² + (z − μ)²/σ²), summed over its latents. q_1 lacks the axis of the draws; broadcasting puts it in front by itself.",
        "elbo: the table's mean over axis 0. bound: logsumexp over axis 0, less log k.",
    ),
)
def two_level_bounds(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    """(elbo, bound), both (batch,), in nats an example, from k draws of a naive stack.

    elbo is the mean over the draws of log w, bound the logarithm of the mean over the draws of w, for any finite arguments, with
    w = p(x|z_1) p(z_1|z_2) p(z_2) / (q(z_1|x) q(z_2|z_1)) and p(z_2) = N(0, I).
    log_likelihood: (k, batch), log p(x|z_1). z_1: (k, batch, latent_1), z_2: (k, batch, latent_2), drawn from q.
    q_1, q_2, p_1: pairs (mu, log_var) of the Gaussians q(z_1|x), q(z_2|z_1) and p(z_1|z_2). Those of q_1 are (batch, latent_1), the same for all draws;
    those of q_2 are (k, batch, latent_2), those of p_1 (k, batch, latent_1).
    """

    def log_normal(z, mu, log_var):
        return -0.5 * (math.log(2 * math.pi) + log_var + (z - mu) ** 2 / log_var.exp()).sum(-1)

    zero = torch.zeros_like(z_2)
    log_p = log_likelihood + log_normal(z_1, *p_1) + log_normal(z_2, zero, zero)
    log_q = log_normal(z_1, *q_1) + log_normal(z_2, *q_2)
    log_w = log_p - log_q
    return log_w.mean(0), torch.logsumexp(log_w, dim=0) - math.log(len(log_w))
