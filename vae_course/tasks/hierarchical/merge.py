"""Two beliefs about one latent."""

import torch

from ..cases.stack import product_of
from ..engine import Probe, each_row_for_itself, matches, probes_from, slip, task, unchanged

# A tiny constant that keeps a division finite is no mistake: no variance is smaller than such constants can bear.
LOG_1, LOG_2 = torch.tensor([[-6.5, 8.8, 9.5, -6.0, 0.5, 40.0]]), torch.tensor([[-5.4, 9.9, 7.0, 9.0, 0.5, 38.0]])
# the two parts of the answer, and what usually stands there instead
MEAN, LOG = "(mu_1 * precision_1 + mu_2 * precision_2) * variance", "torch.log(variance)"
BY_VARIANCES, HALFWAY = "(mu_1 * precision_2 + mu_2 * precision_1) * variance", "(mu_1 + mu_2) / 2"
ADDED, AVERAGED = "torch.log(1 / precision_1 + 1 / precision_2)", "torch.log((1 / precision_1 + 1 / precision_2) / 2)"


@task(
    points=1,
    probes=probes_from(
        lambda draw, n, d: {"mu_1": 2 * draw(n, d), "log_var_1": draw(n, d) - 1, "mu_2": draw(n, d), "log_var_2": 1.2 * draw(n, d)},
        more=(Probe({"mu_1": LOG_2 / 4, "log_var_1": LOG_1, "mu_2": -LOG_1 / 3, "log_var_2": LOG_2}, note="with very small and very large variances, and two that are equal"),),
    ),
    laws=(
        unchanged(lambda mu_1, log_var_1, mu_2, log_var_2: {"mu_1": mu_2, "log_var_1": log_var_2, "mu_2": mu_1, "log_var_2": log_var_1}, "With the two Gaussians exchanged", "A product does not ask which factor comes first. Where does yours treat the two in different ways?"),
        each_row_for_itself("mu_1", "log_var_1", "mu_2", "log_var_2"),
    ),
    claims=matches(product_of, "The Gaussian should be proportional to the product of the two", parts=("mu", "log_var"), scale=lambda mu_1, log_var_1, mu_2, log_var_2: mu_1.abs() + mu_2.abs() + log_var_1.abs() + log_var_2.abs()),
    slips=(
        slip(MEAN, BY_VARIANCES, "Your variance is right. But let the first Gaussian be all but certain: its variance goes to 0, and so does its weight in your mean. Who should win?"),
        slip(MEAN, HALFWAY, "Your variance is right. Your mean is halfway between the two, however sure each of them is. A coarse ruler and a fine one: which reading counts more?"),
        slip({"exp(-log_var_1)": "exp(log_var_1)", "exp(-log_var_2)": "exp(log_var_2)"}, "exp(log_var) is a variance. You used it where a precision belongs: is a Gaussian with a great one sure, or unsure?"),
        slip({MEAN: BY_VARIANCES, LOG: AVERAGED}, "You weighted by variances and averaged them. Hear two independent witnesses who agree: are you less sure than of the surer one alone, or more?"),
        slip(LOG, ADDED, "Your mean is right. Your variance is greater than either of the two: that is the variance of a sum of two numbers. Does a second witness make you less sure?"),
        slip({MEAN: HALFWAY, LOG: ADDED}, "A mean halfway between the two, and a variance greater than either: none of them counts by how sure it is. What adds up when two Gaussian densities are multiplied?"),
        slip({MEAN: "mu_1 + mu_2", LOG: ADDED}, "That is the distribution of z_1 + z_2, two numbers added. Here there is one number, and two opinions of it. Which operation on the densities is asked for?"),
        slip({MEAN: HALFWAY, LOG: AVERAGED}, "Both parts are plain averages. Let one of the two be all but certain: should the other one still have half a say?"),
        slip(LOG, AVERAGED, "Your mean is right. Two opinions that agree: your variance lies between theirs. What happens to precisions when densities are multiplied?"),
        slip({MEAN: HALFWAY, LOG: "(log_var_1 + log_var_2) / 2"}, "You averaged what you were given, log-variances and all. Which quantity of a Gaussian adds up when densities are multiplied?"),
        slip(LOG, "torch.log(2 * variance)", "Your mean is right. Merge a Gaussian with itself: yours comes back unchanged. Two independent witnesses who say the same, are they worth no more than one?"),
        slip({MEAN: HALFWAY, LOG: "torch.log((1 / precision_1 + 1 / precision_2) / 2 + (mu_1 - mu_2) ** 2 / 4)"}, "Those are mean and variance of a mixture: z comes from the one or from the other. Here both speak of the same z. Sum of the densities, or product?"),
        slip({"exp(-log_var_1)": "exp(-log_var_1 / 2)", "exp(-log_var_2)": "exp(-log_var_2 / 2)"}, "Your precisions are 1/σ. Write log of a Gaussian density: by what is (z − μ)² divided?"),
        slip({"exp(-log_var_1)": "exp(-log_var_1 / 2)", "exp(-log_var_2)": "exp(-log_var_2 / 2)", LOG: "2 * torch.log(variance)"}, "You added 1/σ of both, and took the result for a σ. What stands before (z − μ)² in the logarithm of a Gaussian: 1/σ, or 1/σ²?"),
        slip({"exp(-log_var_1)": "exp(-2 * log_var_1)", "exp(-log_var_2)": "exp(-2 * log_var_2)"}, "Your precisions are 1/σ⁴: you squared exp(log_var), as if it were σ. What is it?"),
        slip({"torch.exp(-log_var_1)": "1 / log_var_1", "torch.exp(-log_var_2)": "1 / log_var_2"}, "Some of your variances are negative. Is what you are given σ², or its logarithm?"),
        slip({"torch.exp(-log_var_1)": "1 / log_var_1**2", "torch.exp(-log_var_2)": "1 / log_var_2**2"}, "You took log σ² for σ. Which function leads from a logarithm back to the thing itself?"),
        slip(LOG, "variance", "Your mean is right. Of the variance you return the value itself. What does the contract ask for?"),
        slip(LOG, "variance.sqrt()", "Your mean is right. Your second result is σ. What does the contract ask for?"),
        slip("mu, torch.log(variance)", "torch.log(variance), mu", "Both are right. Which of the two does the contract want first?"),
        slip({MEAN: "(mu_1 * log_var_2 + mu_2 * log_var_1) / (log_var_1 + log_var_2)", LOG: "log_var_1 * log_var_2 / (log_var_1 + log_var_2)"}, "The formula for two variances, with their logarithms put in. What has to be done with log σ² before the formula, and what with the result after it?"),
        slip(LOG, "1 / variance", "Your mean is right. Your second result is the precision itself. What does the contract ask for, and how does it follow from that?"),
        slip(LOG, "-torch.log(1 / precision_1 + 1 / precision_2)", "Your mean is right. In your second result there is one over a sum of variances. What adds up: variances, or precisions?"),
        slip(LOG, "log_var_1 + log_var_2", "Your mean is right. You added log-variances, so your variance is the product of both. Merge two Gaussians with σ² = 4: does a second witness make it 16?"),
        slip(LOG, "torch.minimum(log_var_1, log_var_2)", "Your mean is right. Your result is as sure as the surer of the two, and no surer. Two independent witnesses who say the same: are they worth no more than one?"),
        slip({MEAN: "torch.where(log_var_1 < log_var_2, mu_1, mu_2)", LOG: "torch.minimum(log_var_1, log_var_2)"}, "The surer one wins, and the other one is not heard. Let both be nearly equally sure: should a hair decide?"),
        slip("mu_2 * precision_2) * variance", "mu_2 * precision_2) / 2", "Your variance is right. You weighted the means by precisions and divided by 2. What are the weights of a weighted mean to add up to?"),
        slip(LOG, "-torch.log(variance)", "Your mean is right. Merging makes surer, so log σ² must fall. Is yours the logarithm of a variance, or of a precision?"),
        slip(LOG, "torch.log(variance) / 2", "Your mean is right. Your second result is log σ. Which power of σ is asked for?"),
        slip(LOG, "1 / torch.log(precision_1 + precision_2)", "Your mean is right. You took the logarithm first and the reciprocal of it then. In which order do a precision and log σ² follow from each other?"),
        slip("mu_2 * precision_2) * variance", "mu_2 * precision_2)", "Your variance is right. Merge a Gaussian with itself: the mean must stay. By what is a weighted sum divided?"),
        slip("precision_1, precision_2 = torch", "log_var_1, mu_2 = mu_2, log_var_1\n    precision_1, precision_2 = torch", "Mean and log-variance are taken for each other somewhere. In which order do the four arguments come?"),
        slip({MEAN: "mu_1 + mu_2", LOG: "log_var_1 + log_var_2"}, "You take the one for a correction of the other: its mean is added, its variance multiplied. Merge a Gaussian with itself: where should the mean be?"),
        slip(MEAN, "mu_1 + mu_2", "Your variance is right. Your means are added up. Merge a Gaussian with itself: where should the mean be?"),
    ),
    hints=(
        "Write the logarithm of the product as a function of z: it is a parabola again. Which numbers stand before z² and before z?",
        "The precision 1/σ² = exp(−log σ²) stands before z² (times −½), and μ/σ² before z. Both add up when the logarithms do.",
        "Variance: one over the sum of both precisions. Mean: each mean times its precision, added up, times that variance. Then the logarithm of the variance.",
    ),
)
def merge(mu_1, log_var_1, mu_2, log_var_2):
    """(mu, log_var) of the Gaussian that is proportional to the product of two Gaussian densities.

    These are N(z; mu_1, exp(log_var_1)) and N(z; mu_2, exp(log_var_2)): precisions add up, and each mean counts by its precision.
    All four arguments and both results: (batch, latent_size), each latent for itself, in one dtype. Right for log-variances up to 40.
    """
    precision_1, precision_2 = torch.exp(-log_var_1), torch.exp(-log_var_2)
    variance = 1 / (precision_1 + precision_2)
    mu = (mu_1 * precision_1 + mu_2 * precision_2) * variance
    return mu, torch.log(variance)
