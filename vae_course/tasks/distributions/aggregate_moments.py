"""Mean and variance of all encodings taken together."""

import torch

from ..engine import Probe, matches, probes_from, slip, task, unchanged

FAR_OUT = Probe({"mu": torch.zeros(2, 3), "log_var": torch.tensor([[-40.0, 40.0, 12.0], [-38.0, 37.0, 11.0]])}, note="with very small and very large variances")


@task(
    points=1,
    probes=probes_from(lambda draw, n, d: {"mu": 1.5 * draw(n, d) + 0.5, "log_var": draw(n, d) - 1}, sizes={(8, 3): "", (2, 3): "of two encodings", (6, 1): "with one latent", (10, 2): ""}, more=(FAR_OUT,)),
    laws=(unchanged(lambda mu, log_var: {"mu": torch.cat([mu, mu]), "log_var": torch.cat([log_var, log_var])}, "With every encoding there twice", "The same encodings once more make the same mixture. What in yours depends on their number?"),),
    claims=matches(lambda mu, log_var: (mu.mean(0), (mu**2 + log_var.exp()).mean(0) - mu.mean(0) ** 2), "The moments should be those of a draw from an encoding picked at random", scale=lambda mu, log_var: (mu**2 + log_var.exp()).amax(0), parts=("mean", "variance")),
    slips=(
        slip("spread_of_means + mean_of_variances", "mean_of_variances", "Let every σ go to 0: the encodings become points, yet they are spread out. Where is that spread in yours?"),
        slip("spread_of_means + mean_of_variances", "spread_of_means", "Put all μ at one place: the mixture still has width. Where is it in yours?"),
        slip("((mu - mean) ** 2).mean(0)", "mu.var(0)", "With two encodings you are far off. You estimate the variance of a population from a sample: but here the n encodings are all there is. What is divided by?"),
        slip("log_var.exp().mean(0)", "(0.5 * log_var).exp().mean(0) ** 2", "Which mean is meant: of the variances, or of the standard deviations, squared afterwards?"),
        slip("log_var.exp().mean(0)", "(0.5 * log_var).exp().mean(0)", "A squared distance added to a standard deviation. Which power of σ belongs there?"),
        slip("log_var.exp().mean(0)", "log_var.mean(0).exp()", "You average log σ² and exponentiate afterwards. That gives less than the mean of σ², always: which of the two is asked for?"),
        slip("((mu - mean) ** 2)", "(mu**2)", "That is the mean of z². What is still between it and the variance?"),
        slip("log_var.exp().mean(0)", "log_var.exp().mean(0) / len(mu)", "You divide the noise by n, as for a mean of n draws. Is a draw from a mixture an average of draws, or one of them?"),
        slip("return mean, spread_of_means + mean_of_variances", "return mean, (spread_of_means + mean_of_variances).sqrt()", "That is the standard deviation. Which was asked for?"),
        slip("log_var.exp().mean(0)", "log_var.mean(0)", "With small σ your variance is below 0. What is handed to you: σ² or its logarithm?"),
        slip("log_var.exp().mean(0)", "(2 * log_var).exp().mean(0)", "exp(log_var) undoes the logarithm of a variance. Did you square it once more?"),
        slip("mean = mu.mean(0)", "mean = mu.mean(1, keepdim=True)", "You averaged over the latents of each encoding. Which axis holds the encodings?"),
        slip("return mean, spread", "return mean.mean(), spread", "One mean for all latents. Which axis stays?"),
    ),
    hints=(
        "Drawing from the mixture has two steps: pick an encoding, then draw from it. Both steps spread z.",
        "The law of total variance: the mean of the variances + the variance of the means.",
        "The variance of the means divides by n, since these n encodings are the whole mixture: unbiased=False, or mean of squares − square of the mean.",
    ),
)
def aggregate_moments(mu, log_var):
    """(mean, variance) of the aggregated posterior, the mixture with equal weights of all encodings.

    mu, log_var: (n, latent_size), one encoding N(mu, exp(log_var)) a row. Both results: (latent_size,).
    """
    mean = mu.mean(0)
    spread_of_means = ((mu - mean) ** 2).mean(0)
    mean_of_variances = log_var.exp().mean(0)
    return mean, spread_of_means + mean_of_variances
