"""Tasks of chapter 04, the ELBO: its terms between any two Gaussians, the bound above it, and which β a loss really has."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from .claims import matches
from .declaration import Mistake, Probe, Task
from .probes import probes_from, with_more

LOG_2PI = math.log(2 * math.pi)

# ---- the KL from a diagonal Gaussian to N(0, I)


def _spread_and_narrow() -> list[Probe]:
    far = {"mu": torch.tensor([[3.0, -2.0], [0.0, 0.0]]), "log_var": torch.tensor([[-9.0, 9.0], [0.0, 0.0]])}
    return [Probe(far, note="with very small and very large variances")]


def _normal(mu: Tensor, log_var: Tensor) -> Independent:
    return Independent(Normal(mu, torch.exp(log_var / 2)), 1)


def _reference_gaussian_kl(mu: Tensor, log_var: Tensor) -> Tensor:
    return kl_divergence(_normal(mu, log_var), _normal(torch.zeros_like(mu), torch.zeros_like(mu)))


def _kl_averaged_over_latents(mu, log_var):
    return -0.5 * (1 + log_var - mu**2 - log_var.exp()).mean(-1)


def _kl_averaged_over_batch(mu, log_var):
    return -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1).mean()


def _kl_summed_over_everything(mu, log_var):
    return -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum()


def _kl_not_summed(mu, log_var):
    return -0.5 * (1 + log_var - mu**2 - log_var.exp())


def _kl_of_wrong_sign(mu, log_var):
    return 0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1)


def _kl_without_half(mu, log_var):
    return -(1 + log_var - mu**2 - log_var.exp()).sum(-1)


def _kl_log_var_taken_for_sigma(mu, log_var):
    return -0.5 * (1 + torch.log(log_var**2) - mu**2 - log_var**2).sum(-1)


def _kl_log_var_taken_for_variance(mu, log_var):
    return -0.5 * (1 + torch.log(log_var) - mu**2 - log_var).sum(-1)


def _kl_exp_taken_for_sigma(mu, log_var):
    return -0.5 * (1 + 2 * log_var - mu**2 - (2 * log_var).exp()).sum(-1)


def _kl_log_sigma_in_one_place(mu, log_var):
    return -0.5 * (1 + 0.5 * log_var - mu**2 - log_var.exp()).sum(-1)


def _kl_the_other_way_round(mu, log_var):
    return 0.5 * (log_var + (1 + mu**2) / log_var.exp() - 1).sum(-1)


def _kl_mean_not_squared(mu, log_var):
    return -0.5 * (1 + log_var - mu - log_var.exp()).sum(-1)


GAUSSIAN_KL = Task(
    name="04.gaussian_kl",
    points=1,
    contract="gaussian_kl(mu, log_var) -> KL(N(mu, exp(log_var)) ‖ N(0, I)) in nats.\n"
    "mu, log_var: (batch, latent_size). Result: one number a row, (batch,), in the dtype of mu.",
    probes=with_more(
        probes_from(lambda draw, n, d: {"mu": draw(n, d), "log_var": draw(n, d)}),
        _spread_and_narrow,
    ),
    claims=matches(
        _reference_gaussian_kl,
        "Your KL should be the one torch.distributions computes",
        scale=lambda mu, log_var: (mu**2 + log_var.exp() + log_var.abs() + 1).sum(-1),
    ),
    mistakes=(
        Mistake(_kl_averaged_over_latents, "KL of μ = 1, σ = 1 in d dimensions is d/2. Does yours grow with d? What happened to the sum?"),
        Mistake(_kl_averaged_over_batch, "One number for the whole batch. Which axis holds the examples, and who averages over it?"),
        Mistake(_kl_summed_over_everything, "One number, and it doubles when the batch is doubled. Which axis should the sum leave alone?"),
        Mistake(
            _kl_not_summed, "One number for each latent. How do the KLs of independent dimensions combine into that of the whole vector?"
        ),
        Mistake(
            _kl_of_wrong_sign, "A KL is never negative. What sign does yours have at μ = 1, σ = 1, and what would a minimiser do with it?"
        ),
        Mistake(
            _kl_without_half,
            "At μ = 1, σ = 1 yours gives 1 a dimension. Write log N(z; μ, σ²) down: which factor stands before the square?",
        ),
        Mistake(
            _kl_log_var_taken_for_sigma,
            "Try log_var = 0, 1, −1 by hand. Which of σ, σ² and log σ² did your formula take the input for? (It looks like σ.)",
        ),
        Mistake(
            _kl_log_var_taken_for_variance,
            "A logarithm of log_var: what if log_var is negative? Which of σ, σ² and log σ² is handed to you? (It looks as if you read σ².)",
        ),
        Mistake(
            _kl_exp_taken_for_sigma, "exp(log_var) undoes the logarithm of a variance. Did you go on as if it were a standard deviation?"
        ),
        Mistake(
            _kl_log_sigma_in_one_place, "One term of yours wants log σ and got it; the formula asks for log σ². How do the two differ?"
        ),
        Mistake(
            _kl_the_other_way_round,
            "You measured from N(0, I) to q. In KL(q ‖ p) the average is taken under q: which of the two variances is divided by?",
        ),
        Mistake(_kl_mean_not_squared, "Flip the sign of μ. By symmetry the KL must stay as it is: does yours?"),
    ),
    hints=(
        "For independent dimensions, KL of the vectors is the sum of the KLs of the dimensions. So solve one dimension first.",
        "In one dimension KL = E_q[log q(z) − log p(z)]. Under q, the mean of (z − μ)²/σ² is 1, and the mean of z² is μ² + σ².",
        "Put together, one dimension gives ½(μ² + σ² − 1 − log σ²). Write σ² with log_var, and sum over the last axis.",
    ),
)

# ---- the KL between any two diagonal Gaussians


def _pair(draw, n, d):
    return {"mu_q": draw(n, d), "log_var_q": draw(n, d), "mu_p": draw(n, d), "log_var_p": draw(n, d)}


def _reference_kl_between(mu_q: Tensor, log_var_q: Tensor, mu_p: Tensor, log_var_p: Tensor) -> Tensor:
    return kl_divergence(_normal(mu_q, log_var_q), _normal(mu_p, log_var_p))


def _between_reversed(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * (log_var_q - log_var_p + (log_var_p.exp() + (mu_q - mu_p) ** 2) / log_var_q.exp() - 1).sum(-1)


def _between_mean_unscaled(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * (log_var_p - log_var_q + log_var_q.exp() / log_var_p.exp() + (mu_q - mu_p) ** 2 - 1).sum(-1)


def _between_mean_over_own_variance(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * (log_var_p - log_var_q + (log_var_q - log_var_p).exp() + (mu_q - mu_p) ** 2 / log_var_q.exp() - 1).sum(-1)


def _between_log_ratio_flipped(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * (log_var_q - log_var_p + (log_var_q.exp() + (mu_q - mu_p) ** 2) / log_var_p.exp() - 1).sum(-1)


def _between_without_minus_one(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * (log_var_p - log_var_q + (log_var_q.exp() + (mu_q - mu_p) ** 2) / log_var_p.exp()).sum(-1)


def _between_one_for_all_dimensions(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * ((log_var_p - log_var_q + (log_var_q.exp() + (mu_q - mu_p) ** 2) / log_var_p.exp()).sum(-1) - 1)


def _between_sigmas_for_variances(mu_q, log_var_q, mu_p, log_var_p):
    sigma_q, sigma_p = (0.5 * log_var_q).exp(), (0.5 * log_var_p).exp()
    return 0.5 * (log_var_p - log_var_q + (sigma_q + (mu_q - mu_p) ** 2) / sigma_p - 1).sum(-1)


def _between_averaged(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * (log_var_p - log_var_q + (log_var_q.exp() + (mu_q - mu_p) ** 2) / log_var_p.exp() - 1).mean(-1)


def _between_log_ratio_of_sigmas(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * (0.5 * (log_var_p - log_var_q) + (log_var_q.exp() + (mu_q - mu_p) ** 2) / log_var_p.exp() - 1).sum(-1)


KL_BETWEEN = Task(
    name="04.kl_between",
    points=2,
    contract="kl_between(mu_q, log_var_q, mu_p, log_var_p) -> KL(q ‖ p) in nats of two diagonal Gaussians.\n"
    "All four: (batch, latent_size). Result: one number a row, (batch,), in the dtype of mu_q.",
    probes=probes_from(_pair),
    claims=matches(
        _reference_kl_between,
        "Your KL should be the one torch.distributions computes for the same two Gaussians",
        scale=lambda mu_q, log_var_q, mu_p, log_var_p: (
            (log_var_q.exp() + mu_q**2 + mu_p**2) / log_var_p.exp() + log_var_p.abs() + log_var_q.abs() + 1
        ).sum(-1),
    ),
    mistakes=(
        Mistake(
            _between_reversed, "That is KL(p ‖ q). The average is taken under the first of the two: whose variance ends up below the line?"
        ),
        Mistake(
            _between_mean_unscaled,
            "Move both means apart by 1, once with a wide p and once with a narrow one. Should the cost be the same?",
        ),
        Mistake(
            _between_mean_over_own_variance,
            "How surprising a shift of the mean is depends on how wide a Gaussian is. Which of the two is the one that is surprised: q or p?",
        ),
        Mistake(
            _between_log_ratio_flipped,
            "Let q be much narrower than p. The KL must grow without bound as q shrinks. Which way does your log term go?",
        ),
        Mistake(
            _between_without_minus_one,
            "Give it the same Gaussian twice. The KL of a distribution from itself is 0: what is left over in yours?",
        ),
        Mistake(
            _between_one_for_all_dimensions,
            "With one latent you are right, with more you are not, and the error is ½ for each further one. Which constant belongs inside the sum?",
        ),
        Mistake(_between_sigmas_for_variances, "Compare the units of your fraction: a squared distance, added to a standard deviation?"),
        Mistake(_between_averaged, "Repeat every latent once more: the KL must double. Does yours stay as it is?"),
        Mistake(_between_log_ratio_of_sigmas, "log(σ_p/σ_q) or log(σ_p²/σ_q²): with ½ before the bracket, which one belongs inside?"),
    ),
    hints=(
        "Start from one dimension: E_q[log q(z) − log p(z)]. Only two averages under q are needed: of (z − μ_q)² and of (z − μ_p)².",
        "(z − μ_p) = (z − μ_q) + (μ_q − μ_p), so the mean of its square under q is σ_q² + (μ_q − μ_p)².",
        "One dimension: ½(log σ_p² − log σ_q² + (σ_q² + (μ_q − μ_p)²)/σ_p² − 1). Check: q = p gives 0, and p = N(0, 1) gives the task before.",
    ),
)

# ---- a Gaussian likelihood with a learnt variance


def _image_and_noise(draw, n, d):
    return {"x": torch.sigmoid(draw(n, 2, d)), "mean": torch.sigmoid(draw(n, 2, d)), "log_sigma": 0.5 * draw(1).squeeze() - 1}


def _reference_log_likelihood(x: Tensor, mean: Tensor, log_sigma: Tensor) -> Tensor:
    return Normal(mean, log_sigma.exp()).log_prob(x).flatten(1).sum(-1)


def _squares(x, mean, log_sigma):
    return ((x - mean) / log_sigma.exp()).pow(2).flatten(1)


def _constants_once(x, mean, log_sigma):
    return -0.5 * _squares(x, mean, log_sigma).sum(-1) - log_sigma - 0.5 * LOG_2PI


def _log_sigma_once(x, mean, log_sigma):
    return (-0.5 * _squares(x, mean, log_sigma) - 0.5 * LOG_2PI).sum(-1) - log_sigma


def _pi_once(x, mean, log_sigma):
    return (-0.5 * _squares(x, mean, log_sigma) - log_sigma).sum(-1) - 0.5 * LOG_2PI


def _without_log_sigma(x, mean, log_sigma):
    return (-0.5 * _squares(x, mean, log_sigma) - 0.5 * LOG_2PI).sum(-1)


def _without_pi(x, mean, log_sigma):
    return (-0.5 * _squares(x, mean, log_sigma) - log_sigma).sum(-1)


def _log_sigma_taken_for_log_variance(x, mean, log_sigma):
    return (-0.5 * (x - mean).pow(2).flatten(1) / log_sigma.exp() - 0.5 * log_sigma - 0.5 * LOG_2PI).sum(-1)


def _averaged_over_pixels(x, mean, log_sigma):
    return (-0.5 * _squares(x, mean, log_sigma) - log_sigma - 0.5 * LOG_2PI).mean(-1)


def _square_without_half(x, mean, log_sigma):
    return (-_squares(x, mean, log_sigma) - log_sigma - 0.5 * LOG_2PI).sum(-1)


def _likelihood_of_wrong_sign(x, mean, log_sigma):
    return -(-0.5 * _squares(x, mean, log_sigma) - log_sigma - 0.5 * LOG_2PI).sum(-1)


GAUSSIAN_LOG_LIKELIHOOD = Task(
    name="04.gaussian_log_likelihood",
    points=2,
    contract="gaussian_log_likelihood(x, mean, log_sigma) -> log p(x|z) in nats, where every pixel is N(mean, σ²), σ = exp(log_sigma).\n"
    "x, mean: (batch, height, width). log_sigma: one number, a tensor of shape (). Result: one number an image, (batch,).",
    probes=probes_from(_image_and_noise),
    claims=matches(
        _reference_log_likelihood,
        "Your log-likelihood should be the sum of torch.distributions' log-densities of the pixels",
        scale=lambda x, mean, log_sigma: (((x - mean) / log_sigma.exp()) ** 2 + log_sigma.abs() + 1).flatten(1).sum(-1),
    ),
    mistakes=(
        Mistake(
            _constants_once,
            "One pixel has a constant of its own. How many pixels are there, and how often did you add what doesn't depend on x?",
        ),
        Mistake(_log_sigma_once, "log σ is one number, but whose density does it belong to: the image's or each pixel's?"),
        Mistake(_pi_once, "How often does log 2π occur in the density of d independent pixels?"),
        Mistake(
            _without_log_sigma,
            "Let σ grow and grow: your likelihood never falls. What keeps a density's integral at 1 when it gets wider?",
        ),
        Mistake(
            _without_pi,
            "A density must integrate to 1. Yours is right but for a constant a pixel. It doesn't train differently, but it is no log p.",
        ),
        Mistake(
            _log_sigma_taken_for_log_variance,
            "Is exp(log_sigma) a variance here, or a standard deviation? Look at what you divide by, and at your log term.",
        ),
        Mistake(_averaged_over_pixels, "Two independent pixels: do their log-densities add, or average? The KL beside it is a sum, too."),
        Mistake(_square_without_half, "Write down the density of N(0, 1) at 1, and its logarithm. Which factor stands before the square?"),
        Mistake(_likelihood_of_wrong_sign, "A better reconstruction must have a higher log-likelihood. Does it, in yours?"),
    ),
    hints=(
        "Pixels are independent given z: log-densities add. One pixel first, then sum over all but the first axis.",
        "log N(x; m, σ²) has three terms: a square, a log σ, and a constant with 2π. All three are there once a pixel.",
        "One pixel: −(x − m)²/(2σ²) − log σ − ½ log 2π. log_sigma broadcasts over the pixels as long as you add it before you sum.",
    ),
)

# ---- the importance-weighted bound


def _log_weights(draw, n, d):
    return {"log_weights": 3 * draw(max(n, 2), d) - 2}


def _far_below() -> list[Probe]:
    low = torch.tensor([[-1200.0, -95.0], [-1203.0, -91.0], [-1199.0, -93.0]])
    return [
        Probe({"log_weights": low}, note="with log-weights near −1200, as images have"),
        Probe({"log_weights": -low}, note="with log-weights near 1200"),
    ]


def _reference_bound(log_weights: Tensor) -> Tensor:
    highest = log_weights.amax(0)
    return highest + torch.log(torch.exp(log_weights - highest).mean(0))


IMPORTANCE_WEIGHTED_BOUND = Task(
    name="04.importance_weighted_bound",
    points=2,
    contract="importance_weighted_bound(log_weights) -> log of the mean of the weights, one bound an example, in nats.\n"
    "log_weights: (k, batch), log p(x, z) − log q(z|x) of k draws. Result: (batch,). Finite wherever log_weights is.",
    probes=with_more(probes_from(_log_weights), _far_below),
    claims=matches(
        _reference_bound,
        "Your bound should be log((w₁ + … + w_k)/k)",
        scale=lambda log_weights: log_weights.abs().amax(0),
    ),
    mistakes=(
        Mistake(
            lambda log_weights: log_weights.mean(0),
            "The mean of the logarithms is the ELBO, whatever k is: it doesn't rise with k. What should stand inside the logarithm?",
        ),
        Mistake(
            lambda log_weights: torch.logsumexp(log_weights, 0),
            "Take k equal weights: the bound should be their logarithm. Yours is too large by log k. What is a mean, besides a sum?",
        ),
        Mistake(
            lambda log_weights: torch.logsumexp(log_weights, 0) / len(log_weights),
            "You divided by k outside the logarithm. Inside, dividing by k becomes which operation outside?",
        ),
        Mistake(
            lambda log_weights: torch.logsumexp(log_weights, 0) + math.log(len(log_weights)),
            "Take k equal weights: their mean is that weight. Which sign does log k need?",
        ),
        Mistake(
            lambda log_weights: torch.logsumexp(log_weights, 1) - math.log(log_weights.shape[1]),
            "You summed over the examples and kept the draws. Which of the two axes is k?",
        ),
        Mistake(
            lambda log_weights: torch.logsumexp(log_weights, 0) - math.log(log_weights.shape[1]),
            "You subtracted the logarithm of the batch size. Which axis is k?",
        ),
        Mistake(
            lambda log_weights: log_weights.exp().mean(0).log(),
            "Right on paper. Now put log_weights = −1200 in: what is exp(−1200) to a computer? What could you take out of the sum first?",
        ),
        Mistake(
            lambda log_weights: log_weights.amax(0),
            "The largest weight alone. With k equal weights it happens to be right; what of the others when they differ?",
        ),
    ),
    hints=(
        "The bound is a logarithm of a mean of weights, and you are given the logarithms of the weights. The draws lie along the first axis.",
        "log(exp(a) + exp(b)) = m + log(exp(a − m) + exp(b − m)) for any m. Which m keeps every exponential at most 1?",
        "PyTorch has this sum as torch.logsumexp. A mean is a sum divided by k, so a log k has to go off.",
    ),
)

# ---- which β a loss really is


def _settings(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(note: str = "", **fixed) -> Probe:
        pixels = int(torch.randint(20, 3000, (), generator=generator))
        latents = int(torch.randint(2, 64, (), generator=generator))
        sigma = round(0.05 + torch.rand((), generator=generator).item(), 3)
        weight = round(0.01 + 2 * torch.rand((), generator=generator).item(), 3)
        return Probe({"pixels": pixels, "latents": latents, "sigma": sigma, "kl_weight": weight} | fixed, note=note)

    return [one(), one(), one(), one("with one latent", latents=1), one("with σ = 1", sigma=1.0), one("with a weight of 1", kl_weight=1.0)]


def _reference_beta(pixels: int, latents: int, sigma: float, kl_weight: float) -> float:
    """From gradients of the two losses in a squared error and a KL, both of one image: no formula is rearranged here."""
    error, kl = (torch.tensor(1.0, dtype=torch.float64, requires_grad=True) for _ in range(2))
    loss = error / pixels + kl_weight * kl / latents
    likelihood = -Normal(0.0, torch.tensor(sigma, dtype=torch.float64)).log_prob(error.sqrt())
    by_error, by_kl = torch.autograd.grad(loss, (error, kl))
    (full,) = torch.autograd.grad(likelihood, error)
    return (by_kl * full / by_error).item()


EFFECTIVE_BETA = Task(
    name="04.effective_beta",
    points=1,
    contract="effective_beta(pixels, latents, sigma, kl_weight) -> β, a Python float.\n"
    "The loss is mse_loss(x_hat, x) + kl_weight * kl.mean(), with kl of shape (batch, latents), a KL a dimension.\n"
    "Return the β for which it is a multiple of −log p(x|z) + β·KL, but for a constant, where every pixel is N(x_hat, sigma²).",
    probes=_settings,
    claims=matches(_reference_beta, "The two losses should weigh the KL against the squared error in the same proportion"),
    mistakes=(
        Mistake(
            lambda pixels, latents, sigma, kl_weight: kl_weight,
            "The weight as it is written. But one mean divides by the pixels, the other by the latents: what is left of it in sums?",
        ),
        Mistake(
            lambda pixels, latents, sigma, kl_weight: kl_weight * pixels / (2 * sigma**2),
            "You undid the mean over pixels. Look at kl.mean(): what does it divide by, besides the batch?",
        ),
        Mistake(
            lambda pixels, latents, sigma, kl_weight: kl_weight * pixels / latents,
            "The two means are undone. A Gaussian's log-likelihood is not the squared error: which factor stands before it?",
        ),
        Mistake(
            lambda pixels, latents, sigma, kl_weight: kl_weight * pixels / (sigma**2 * latents),
            "Off by 2. How does −log N(x; x̂, σ²) begin?",
        ),
        Mistake(
            lambda pixels, latents, sigma, kl_weight: kl_weight * pixels / (2 * sigma * latents),
            "At σ = 1 you are right. What is divided by: σ, or σ²?",
        ),
        Mistake(
            lambda pixels, latents, sigma, kl_weight: kl_weight * latents / (2 * sigma**2 * pixels),
            "More pixels in a mean make each count less, so the KL counts more. Does your β rise with the number of pixels?",
        ),
        Mistake(
            lambda pixels, latents, sigma, kl_weight: 2 * sigma**2 * kl_weight * pixels / latents,
            "A narrower σ makes each pixel's error count more. Compare with a loss whose errors count for a fixed amount: which way does β go?",
        ),
        Mistake(
            lambda pixels, latents, sigma, kl_weight: 2 * sigma**2 * latents / (kl_weight * pixels),
            "Double kl_weight: the KL counts twice, so β must double. Is yours upside down?",
        ),
    ),
    hints=(
        "Write both losses for one image with S, the summed squared error, and K, the summed KL. Only the ratio of the two coefficients matters.",
        "Written loss: S/pixels + kl_weight·K/latents. Negative ELBO with β: S/(2σ²) + β·K, and a constant.",
        "Multiply the written loss by pixels/(2σ²), so that S has the right coefficient. Read off what stands before K.",
    ),
)
