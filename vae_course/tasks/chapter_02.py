"""Tasks of chapter 02, from points to distributions: densities of encodings, their sum, and what their noise does to a decoder."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from .claims import matches
from .declaration import Mistake, Probe, Task
from .probes import probes_from, with_more

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)

# ---- how likely is a point under an encoding?


def _points(draw, n, d):
    return {"z": draw(n, d), "mu": draw(n, d), "log_var": draw(n, d)}


def _reference_log_density(z: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    return Independent(Normal(mu, (log_var / 2).exp()), 1).log_prob(z)


def _terms(z, mu, log_var):
    return -0.5 * (z - mu) ** 2 / log_var.exp(), -0.5 * log_var, -HALF_LOG_2PI


def _density_with_constant_once(z, mu, log_var):
    square, width, constant = _terms(z, mu, log_var)
    return (square + width).sum(-1) + constant


def _density_without_constant(z, mu, log_var):
    square, width, _ = _terms(z, mu, log_var)
    return (square + width).sum(-1)


def _density_without_width(z, mu, log_var):
    square, _, constant = _terms(z, mu, log_var)
    return (square + constant).sum(-1)


def _density_with_whole_log_var(z, mu, log_var):
    square, width, constant = _terms(z, mu, log_var)
    return (square + 2 * width + constant).sum(-1)


def _density_averaged(z, mu, log_var):
    return sum(_terms(z, mu, log_var)).mean(-1)


def _density_of_everything(z, mu, log_var):
    return sum(_terms(z, mu, log_var)).sum()


def _density_exp_taken_for_sigma(z, mu, log_var):
    return (-0.5 * (z - mu) ** 2 / log_var.exp() ** 2 - log_var - HALF_LOG_2PI).sum(-1)


def _density_itself(z, mu, log_var):
    return sum(_terms(z, mu, log_var)).sum(-1).exp()


def _density_not_squared(z, mu, log_var):
    return (-0.5 * (z - mu) / (0.5 * log_var).exp() - 0.5 * log_var - HALF_LOG_2PI).sum(-1)


LOG_DENSITY = Task(
    name="02.log_density",
    points=1,
    contract="log_density(z, mu, log_var) -> log N(z; mu, exp(log_var)) of each row in nats.\n"
    "All three: (batch, latent_size). Result: (batch,), in the dtype of z.",
    probes=probes_from(_points),
    claims=matches(
        _reference_log_density,
        "Your log-density should be the one torch.distributions computes",
        scale=lambda z, mu, log_var: ((z**2 + mu**2) / log_var.exp() + log_var.abs() + 1).sum(-1),
    ),
    mistakes=(
        Mistake(
            _density_with_constant_once,
            "With one latent you are right, with more you are not. How many Gaussians are multiplied, and how many constants have they?",
        ),
        Mistake(
            _density_without_constant,
            "A density integrates to 1. What does exp of yours integrate to, in one dimension with μ = 0 and σ = 1?",
        ),
        Mistake(_density_without_width, "At z = μ a narrower Gaussian is higher. Is yours?"),
        Mistake(_density_with_whole_log_var, "The density is divided by σ. You are handed log σ²: how much of it is log σ?"),
        Mistake(_density_averaged, "Independent latents: their densities multiply. What do the logarithms do?"),
        Mistake(_density_of_everything, "One number for all rows. Which axis holds the examples?"),
        Mistake(_density_exp_taken_for_sigma, "You squared exp(log_var). Is it a variance already?"),
        Mistake(_density_itself, "That is the density. With 20 latents it soon is too small for a float: what was asked for?"),
        Mistake(_density_not_squared, "Go as far to the left of μ as to the right. The density must be the same: is it?"),
    ),
    hints=(
        "Independent latents: the density of the row is a product, its logarithm a sum over latents.",
        "In one dimension: −½(z − μ)²/σ² − log σ − ½ log 2π.",
        "σ² is exp(log_var), and log σ is half of log_var. Add all three terms first, then sum over the last axis.",
    ),
)

# ---- mean and variance of all encodings taken together


def _encodings(draw, n, d):
    return {"mu": 1.5 * draw(n + 1, d) + 0.5, "log_var": draw(n + 1, d) - 1}


def _reference_moments(mu: Tensor, log_var: Tensor) -> tuple[Tensor, Tensor]:
    """From torch's own mixture, latent by latent."""
    components = Normal(mu.t(), (log_var / 2).exp().t())
    mixture = MixtureSameFamily(Categorical(logits=torch.zeros_like(mu.t())), components)
    return mixture.mean, mixture.variance


def _moments(mu, variance):
    return mu.mean(0), variance


AGGREGATE_MOMENTS = Task(
    name="02.aggregate_moments",
    points=2,
    contract="aggregate_moments(mu, log_var) -> (mean, variance) of the aggregated posterior, the mixture with equal weights of all encodings.\n"
    "mu, log_var: (n, latent_size), one encoding N(mu, exp(log_var)) a row. Both results: (latent_size,).",
    probes=probes_from(_encodings, sizes={(7, 3): "", (1, 3): "of two encodings", (5, 1): "with one latent", (9, 2): ""}),
    claims=matches(
        _reference_moments,
        "The moments should be those of a draw from an encoding picked at random",
        scale=lambda mu, log_var: (mu**2 + log_var.exp()).max(),
        parts=("mean", "variance"),
    ),
    mistakes=(
        Mistake(
            lambda mu, log_var: _moments(mu, log_var.exp().mean(0)),
            "Let every σ go to 0: the encodings become points, yet they are spread out. Where is that spread in yours?",
        ),
        Mistake(
            lambda mu, log_var: _moments(mu, mu.var(0, unbiased=False)),
            "Put all μ at one place: the mixture still has width. Where is it in yours?",
        ),
        Mistake(
            lambda mu, log_var: _moments(mu, mu.var(0) + log_var.exp().mean(0)),
            "With two encodings you are far off. You estimate the variance of a population from a sample: but here the n encodings are all there is. What is divided by?",
        ),
        Mistake(
            lambda mu, log_var: _moments(mu, mu.var(0, unbiased=False) + (0.5 * log_var).exp().mean(0) ** 2),
            "Which mean is meant: of the variances, or of the standard deviations, squared afterwards?",
        ),
        Mistake(
            lambda mu, log_var: _moments(mu, mu.var(0, unbiased=False) + (0.5 * log_var).exp().mean(0)),
            "A squared distance added to a standard deviation. Which power of σ belongs there?",
        ),
        Mistake(
            lambda mu, log_var: _moments(mu, mu.var(0, unbiased=False) + log_var.mean(0).exp()),
            "You average log σ² and exponentiate afterwards. That gives less than the mean of σ², always: which of the two is asked for?",
        ),
        Mistake(
            lambda mu, log_var: _moments(mu, (mu**2).mean(0) + log_var.exp().mean(0)),
            "That is the mean of z². What is still between it and the variance?",
        ),
        Mistake(
            lambda mu, log_var: _moments(mu, mu.var(0, unbiased=False) + log_var.exp().mean(0) / len(mu)),
            "You divide the noise by n, as for a mean of n draws. Is a draw from a mixture an average of draws, or one of them?",
        ),
        Mistake(
            lambda mu, log_var: _moments(mu, (mu.var(0, unbiased=False) + log_var.exp().mean(0)).sqrt()),
            "That is the standard deviation. Which was asked for?",
        ),
    ),
    hints=(
        "Drawing from the mixture has two steps: pick an encoding, then draw from it. Both steps spread z.",
        "The law of total variance: the mean of the variances + the variance of the means.",
        "The variance of the means divides by n, since these n encodings are the whole mixture: unbiased=False, or mean of squares − square of the mean.",
    ),
)

# ---- the density of all encodings taken together


def _mixture(draw, n, d):
    return {"z": 1.5 * draw(n + 2, d), "mu": draw(n, d), "log_var": draw(n, d) - 1}


def _far_away() -> list[Probe]:
    z = torch.tensor([[60.0, 0.0], [0.0, -45.0], [0.0, 0.0]])
    mu = torch.tensor([[1.0, 0.0], [-1.0, 0.5], [0.0, 1.0], [0.3, 0.3]])
    return [Probe({"z": z, "mu": mu, "log_var": torch.full((4, 2), -1.0)}, note="with points far from every encoding")]


def _reference_mixture_density(z: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    components = Independent(Normal(mu, (log_var / 2).exp()), 1)
    return MixtureSameFamily(Categorical(logits=torch.zeros(len(mu), dtype=mu.dtype)), components).log_prob(z)


def _each_log_density(z, mu, log_var):
    """(points, encodings)"""
    gap = z.unsqueeze(1) - mu
    return (-0.5 * gap**2 / log_var.exp() - 0.5 * log_var - HALF_LOG_2PI).sum(-1)


AGGREGATED_LOG_DENSITY = Task(
    name="02.aggregated_log_density",
    points=2,
    contract="aggregated_log_density(z, mu, log_var) -> log of the aggregated posterior's density at each point, in nats.\n"
    "z: (m, latent_size). mu, log_var: (n, latent_size), n encodings of equal weight. Result: (m,). Finite, however far z is.",
    probes=with_more(probes_from(_mixture), _far_away),
    claims=matches(
        _reference_mixture_density,
        "The density should be the mean of the n encodings' densities at the point",
        scale=lambda z, mu, log_var: (-_each_log_density(z, mu, log_var)).abs().amin(1) + z.square().sum(1) + 5,
    ),
    mistakes=(
        Mistake(
            lambda z, mu, log_var: torch.logsumexp(_each_log_density(z, mu, log_var), 1),
            "Your density integrates to n. Which weight has each encoding in the mixture?",
        ),
        Mistake(
            lambda z, mu, log_var: _each_log_density(z, mu, log_var).mean(1),
            "That is the mean of the logarithms, a product of densities: one encoding that is far away ruins it. In which order do mean and logarithm come?",
        ),
        Mistake(
            lambda z, mu, log_var: _each_log_density(z, mu, log_var).exp().mean(1).log(),
            "Right on paper. Far from every encoding, each density rounds to 0, and log 0 follows. What can be taken out of the sum before exp?",
        ),
        Mistake(
            lambda z, mu, log_var: torch.logsumexp(_each_log_density(z, mu, log_var), 0) - math.log(len(z)),
            "You averaged over the points and kept the encodings. Which of the two is the mixture's?",
        ),
        Mistake(
            lambda z, mu, log_var: torch.logsumexp(_each_log_density(z, mu, log_var), 1) - math.log(len(z)),
            "You divided by the number of points. Which number is the number of parts of the mixture?",
        ),
        Mistake(
            lambda z, mu, log_var: _each_log_density(z, mu, log_var).amax(1),
            "Only the nearest encoding counts, in yours, and with the weight 1. What of the others?",
        ),
        Mistake(
            lambda z, mu, log_var: Independent(Normal(mu.mean(0), (mu.var(0, unbiased=False) + log_var.exp().mean(0)).sqrt()), 1).log_prob(
                z
            ),
            "That is one Gaussian with the mixture's moments. Put two encodings far apart: what is the density half way?",
        ),
        Mistake(
            lambda z, mu, log_var: (torch.logsumexp(_each_log_density(z, mu, log_var), 1) - math.log(len(mu))).exp(),
            "That is the density. What was asked for?",
        ),
    ),
    hints=(
        "First a table of log-densities, one row a point and one column an encoding. z.unsqueeze(1) − mu has the shape (m, n, latent_size).",
        "log((a₁ + … + a_n)/n), where you hold the logarithms of the a's: torch.logsumexp knows how to do that without underflow.",
        "Sum the three terms of the log-density over the last axis of the table, logsumexp over encodings, and take off log n.",
    ),
)

# ---- what noise in z costs a decoder


def _linear_decoders(draw, n, d):
    return {"weight": draw(4, d), "bias": draw(4), "x": draw(n, 4), "mu": draw(n, d), "log_var": draw(n, d) - 0.5}


def _reference_expected_error(weight: Tensor, bias: Tensor, x: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    """By quadrature: a parabola's mean under a Gaussian is exact from the two points μ ± σ of each latent, added up."""
    sigma = torch.exp(log_var / 2)

    def error(z):
        return (x - z @ weight.t() - bias).square().sum(-1)

    result = error(mu)
    for latent in range(mu.shape[1]):
        step = torch.zeros_like(mu)
        step[:, latent] = sigma[:, latent]
        result = result + (error(mu + step) + error(mu - step)) / 2 - error(mu)
    return result


def _at_the_mean(weight, bias, x, mu):
    return (x - mu @ weight.t() - bias).square().sum(-1)


EXPECTED_ERROR = Task(
    name="02.expected_error",
    points=2,
    contract="expected_error(weight, bias, x, mu, log_var) -> E‖x − (weight z + bias)‖² over z ~ N(mu, exp(log_var)), exactly, no draws.\n"
    "weight: (pixels, latent_size). bias: (pixels,). x: (batch, pixels). mu, log_var: (batch, latent_size). Result: (batch,).",
    probes=probes_from(_linear_decoders),
    claims=matches(
        _reference_expected_error,
        "The expected error should be the exact mean of a parabola under the Gaussian",
        scale=lambda weight, bias, x, mu, log_var: 10 * (x.square().sum(-1) + (mu.square() + log_var.exp()) @ weight.square().sum(0) + 1),
    ),
    mistakes=(
        Mistake(
            lambda weight, bias, x, mu, log_var: _at_the_mean(weight, bias, x, mu),
            "You decode the mean. That is the error of an autoencoder: what does the noise add, even when x is hit exactly on average?",
        ),
        Mistake(
            lambda weight, bias, x, mu, log_var: _at_the_mean(weight, bias, x, mu) + (0.5 * log_var).exp() @ weight.square().sum(0),
            "Double every σ: the noise's share should be four times as great. Is it?",
        ),
        Mistake(
            lambda weight, bias, x, mu, log_var: _at_the_mean(weight, bias, x, mu) + log_var.exp().sum(-1),
            "Make the decoder ten times as steep. Does the noise in z move the pixels more? Not in yours.",
        ),
        Mistake(
            lambda weight, bias, x, mu, log_var: _at_the_mean(weight, bias, x, mu) + log_var.exp() @ weight.sum(0),
            "A decoder with negative weights would make the noise help, in yours. What has to happen to a weight before it is summed?",
        ),
        Mistake(
            lambda weight, bias, x, mu, log_var: _at_the_mean(weight, bias, x, mu) + log_var.exp() @ weight.sum(0).square(),
            "You sum a column and square afterwards. Two pixels with weights 1 and −1: does the noise leave them in peace?",
        ),
        Mistake(
            lambda weight, bias, x, mu, log_var: _at_the_mean(weight, bias, x, mu) + log_var.exp() @ weight.square().mean(0),
            "The squared weights of a column are averaged over pixels, the errors are summed. Which of the two?",
        ),
        Mistake(
            lambda weight, bias, x, mu, log_var: _at_the_mean(weight, bias, x, mu) + log_var.exp().sum(-1) * weight.square().sum(),
            "All weights times all variances. Which latent's noise goes through which column of the weight?",
        ),
        Mistake(
            lambda weight, bias, x, mu, log_var: _at_the_mean(weight, bias, x, mu) - log_var.exp() @ weight.square().sum(0),
            "Noise makes the error smaller, in yours. Can that be, on average?",
        ),
        Mistake(
            lambda weight, bias, x, mu, log_var: (_at_the_mean(weight, bias, x, mu) + log_var.exp() @ weight.square().sum(0)).mean(),
            "One number for the whole batch. Which axis holds the examples?",
        ),
    ),
    hints=(
        "Write z = μ + σ·ε. The residual is r − weight (σ·ε), with r the residual at the mean. Square it: which of the three parts has mean 0?",
        "What stays is ‖r‖² + E‖weight (σ·ε)‖². The ε of different latents are independent with variance 1, so cross terms vanish.",
        "E‖weight (σ·ε)‖² = Σ_j σ_j² · (sum of the squares of column j). A matrix product of the variances with those column sums does it.",
    ),
)

# ---- when are two encodings mistaken for each other?


def _two_encodings(draw, n, d):
    return {"mu_0": draw(n, d), "mu_1": draw(n, d), "sigma": draw(1).abs().squeeze() + 0.4}


def _reference_confusion(mu_0: Tensor, mu_1: Tensor, sigma: Tensor) -> Tensor:
    """The share of draws beyond the plane half way, along the direction from one mean to the other."""
    from scipy.stats import norm

    direction = torch.nn.functional.normalize(mu_1 - mu_0, dim=-1)
    half_way = ((mu_0 + mu_1) / 2 * direction).sum(-1)
    start = (mu_0 * direction).sum(-1)
    return torch.as_tensor(norm.sf(half_way.numpy(), loc=start.numpy(), scale=sigma.item()))


def _upper(value):
    return 0.5 * torch.erfc(value / math.sqrt(2))


def _distance(mu_0, mu_1):
    return (mu_1 - mu_0).norm(dim=-1)


CHANCE_OF_CONFUSION = Task(
    name="02.chance_of_confusion",
    points=1,
    contract="chance_of_confusion(mu_0, mu_1, sigma) -> the probability that a draw from N(mu_0, sigma² I) lies nearer to mu_1 than to mu_0.\n"
    "mu_0, mu_1: (batch, latent_size). sigma: a tensor of shape (), the same for all. Result: (batch,).",
    probes=probes_from(_two_encodings),
    claims=matches(_reference_confusion, "The probability should be the mass of the Gaussian beyond the plane half way"),
    mistakes=(
        Mistake(
            lambda mu_0, mu_1, sigma: _upper(_distance(mu_0, mu_1) / sigma),
            "You ask for draws beyond μ₁ itself. From where on is a draw nearer to μ₁?",
        ),
        Mistake(
            lambda mu_0, mu_1, sigma: 1 - _upper(_distance(mu_0, mu_1) / (2 * sigma)),
            "Move the two far apart. The chance should go to 0: where does yours go?",
        ),
        Mistake(
            lambda mu_0, mu_1, sigma: _upper(_distance(mu_0, mu_1) / (2 * sigma**2)),
            "At σ = 1 you are right. A distance is compared with a spread in the same unit: σ, or σ²?",
        ),
        Mistake(
            lambda mu_0, mu_1, sigma: _upper(_distance(mu_0, mu_1) ** 2 / (2 * sigma)),
            "The distance is squared. In how many units of σ is the plane half way from μ₀?",
        ),
        Mistake(
            lambda mu_0, mu_1, sigma: _upper((mu_1 - mu_0).abs().sum(-1) / (2 * sigma)),
            "With one latent you are right. How long is the straight way from μ₀ to μ₁ with more?",
        ),
        Mistake(
            lambda mu_0, mu_1, sigma: _upper((mu_1 - mu_0).abs() / (2 * sigma)).prod(-1),
            "You ask for every latent to cross over. How many planes lie between two points?",
        ),
        Mistake(
            lambda mu_0, mu_1, sigma: 2 * _upper(_distance(mu_0, mu_1) / (2 * sigma)),
            "At distance 0 your chance is 1. Draws on the far side of μ₀, away from μ₁: are they confused, too?",
        ),
        Mistake(
            lambda mu_0, mu_1, sigma: _upper(_distance(mu_0, mu_1) / (2 * math.sqrt(2) * sigma)),
            "That is the spread of a difference of two draws. Only one point is drawn here, the other is a mean. How wide is one draw?",
        ),
    ),
    hints=(
        "Nearer to μ₁ means beyond the plane half way between the two. Only the coordinate along μ₁ − μ₀ matters.",
        "Along that line a draw is N(0, σ²) around μ₀, and the plane lies at half the distance.",
        "1 − Φ(‖μ₁ − μ₀‖/(2σ)). Normal(0, 1).cdf is Φ.",
    ),
)
