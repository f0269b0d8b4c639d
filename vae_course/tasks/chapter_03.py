"""Tasks of chapter 03, the reparameterisation trick: draws that let a gradient through, and two ways to estimate one."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.distributions import Normal

from .claims import is_tensor, matches, rounding
from .declaration import Claim, Mistake, Plain, Probe, Task
from .probes import probes_from

# ---- a draw that lets the gradient through

DRAWS = 4000
SIGMAS = 6.0  # how many standard errors a right answer may be off: one in 10⁹ fails by chance


def _gaussians(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(n: int, d: int, draws: int, note: str = "", dtype=torch.float32, spread: float = 1.0) -> Probe:
        mu, log_var = torch.randn(2, n, d, generator=generator, dtype=torch.float64).to(dtype)
        return Probe({"mu": mu, "log_var": spread * log_var, "draws": draws}, seed + 31 * n + d, note)

    return [
        one(3, 2, DRAWS),
        one(1, 4, 1, "with a batch of one"),
        one(2, 1, DRAWS, "with one latent"),
        one(2, 3, DRAWS, "with small and large variances", spread=4.0),
        one(2, 2, DRAWS, "in float64", torch.float64),
    ]


def _drawn(function, mu: Tensor, log_var: Tensor, draws: int) -> dict[str, Plain]:
    """Draw from each row `draws` times in one call, and ask how the draws depend on μ and log σ²; then draw twice more."""
    mu, log_var = (value.repeat_interleave(draws, 0).requires_grad_() for value in (mu, log_var))
    z = function(mu, log_var)
    found: dict[str, Plain] = {"z": z}
    if isinstance(z, Tensor) and z.shape == mu.shape:
        by_mu = by_log_var = None
        if z.requires_grad:
            by_mu, by_log_var = torch.autograd.grad(z.sum(), (mu, log_var), allow_unused=True)
        again, and_again = function(mu, log_var), function(mu, log_var)
        found |= {"by_mu": by_mu, "by_log_var": by_log_var, "repeats": torch.equal(again, and_again)}
    return found


def _claims_of_draws(values: dict[str, Plain], mu: Tensor, log_var: Tensor, draws: int) -> Iterator[Claim]:
    n, d = mu.shape
    z = values["z"]
    yield from is_tensor(z, (n * draws, d), mu.dtype, name="z")
    undefined = int(z.isnan().sum())
    yield Claim("z has entries that are NaN", "none", f"{undefined} of {z.numel()}" if undefined else "none", contract=True)
    z = z.double().reshape(n, draws, d)
    mu, sigma = mu.double(), torch.exp(log_var.double() / 2)
    noise = (z - mu.unsqueeze(1)) / sigma.unsqueeze(1)
    mean, spread = noise.mean(1), noise.square().mean(1).sqrt()
    if draws > 1:
        error = SIGMAS / math.sqrt(draws)
        yield Claim("z should have mean μ: the mean of (z − μ)/σ", torch.zeros(n, d), mean, error)
        yield Claim("z should have standard deviation σ: the root mean square of (z − μ)/σ", torch.ones(n, d), spread, error)
        tails = noise.pow(4).mean(1)
        yield Claim("z should be Gaussian: the mean of ((z − μ)/σ)⁴", 3 * torch.ones(n, d), tails, error * math.sqrt(96))
        between_latents = torch.einsum("nki,nkj->nij", noise, noise) / draws
        yield Claim(
            "each latent should have noise of its own: the correlations",
            torch.eye(d).expand(n, d, d),
            between_latents,
            error * math.sqrt(2),
        )
        between_rows = (noise[:, 1:] * noise[:, :-1]).mean(1)
        yield Claim("each row should have noise of its own: the correlation of neighbours", torch.zeros(n, d), between_rows, error)
    yield Claim("Two calls one after another should differ", "they differ", "they are the same" if values["repeats"] else "they differ")
    by_mu, by_log_var = values["by_mu"], values["by_log_var"]
    yield Claim("What a gradient from z reaches: mu", "reached", "not reached" if by_mu is None else "reached")
    yield Claim("What a gradient from z reaches: log_var", "reached", "not reached" if by_log_var is None else "reached")
    yield Claim("∂z/∂μ of a draw should be 1; on average", 1.0, by_mu.double().mean(), 1e-5)
    ratio = (by_log_var.double().reshape(n, draws, d) * (z - mu.unsqueeze(1))).sum() / (z - mu.unsqueeze(1)).square().sum()
    yield Claim("∂z/∂(log σ²) of a draw should be ½(z − μ); their ratio", 0.5, ratio, 1e-4)


def _sigma(log_var):
    return torch.exp(0.5 * log_var)


def _drawn_half_forgotten(mu, log_var):
    return mu + log_var.exp() * torch.randn_like(mu)


def _drawn_log_var_as_sigma(mu, log_var):
    return mu + log_var * torch.randn_like(mu)


def _drawn_and_cut_off(mu, log_var):
    return Normal(mu, _sigma(log_var)).sample()


def _drawn_by_torch_normal(mu, log_var):
    return torch.normal(mu, _sigma(log_var))


def _drawn_without_noise(mu, log_var):
    return mu + _sigma(log_var)


def _drawn_mean_only(mu, log_var):
    return mu


def _drawn_one_noise_for_all_rows(mu, log_var):
    return mu + _sigma(log_var) * torch.randn(mu.shape[1], dtype=mu.dtype, device=mu.device)


def _drawn_one_noise_for_all(mu, log_var):
    return mu + _sigma(log_var) * torch.randn(1, device=mu.device)


def _drawn_one_noise_for_all_latents(mu, log_var):
    return mu + _sigma(log_var) * torch.randn(len(mu), 1, dtype=mu.dtype, device=mu.device)


def _drawn_uniform(mu, log_var):
    return mu + _sigma(log_var) * torch.rand_like(mu)


def _drawn_sigma_cut_off(mu, log_var):
    return mu + _sigma(log_var).detach() * torch.randn_like(mu)


def _drawn_from_a_fixed_seed(mu, log_var):
    torch.manual_seed(0)
    return mu + _sigma(log_var) * torch.randn_like(mu)


def _drawn_noise_around_noise(mu, log_var):
    return _sigma(log_var) * (mu + torch.randn_like(mu))


REPARAMETERISE = Task(
    name="03.reparameterise",
    points=2,
    contract="reparameterise(mu, log_var) -> z, one draw a row from N(mu, exp(log_var)), through which gradients reach mu and log_var.\n"
    "mu, log_var: (batch, latent_size). Result: the same shape and dtype. New noise at each call.",
    probes=_gaussians,
    run=_drawn,
    claims=_claims_of_draws,
    mistakes=(
        Mistake(_drawn_half_forgotten, "Draw with log_var = log 4. Your draws spread by 4. Which power of exp(log_var) is σ?"),
        Mistake(_drawn_log_var_as_sigma, "At log_var = 0 your draws don't spread at all. What is σ there?"),
        Mistake(
            _drawn_and_cut_off,
            "The draws are right, and the encoder never hears of it: no gradient reaches mu. Where in your line does the chain of operations end?",
        ),
        Mistake(
            _drawn_by_torch_normal,
            "The draws are right, and a gradient of 0 reaches mu and log_var: torch.normal is a plain draw. "
            "How would you make the same z from a draw that knows nothing of them?",
        ),
        Mistake(_drawn_without_noise, "Call it twice: the same z. Which symbol of z = μ + σ·ε is missing?"),
        Mistake(_drawn_mean_only, "You return the mean. An autoencoder does that; where does a draw get its spread from?"),
        Mistake(_drawn_one_noise_for_all_rows, "All examples of a batch got the same noise. Which shape should ε have?"),
        Mistake(_drawn_one_noise_for_all, "A single number is the noise of the whole batch. Which shape should ε have?"),
        Mistake(_drawn_one_noise_for_all_latents, "All latents of an example move together. Which shape should ε have?"),
        Mistake(_drawn_uniform, "Your noise is never negative. Which distribution does the name of your random function stand for?"),
        Mistake(
            _drawn_sigma_cut_off, "The gradient reaches mu, and not log_var: the encoder couldn't learn how sure to be. What cuts σ off?"
        ),
        Mistake(_drawn_from_a_fixed_seed, "Every call draws the same noise. Who reseeds the generator, and what would training see?"),
        Mistake(_drawn_noise_around_noise, "σ multiplies μ too, in yours. At σ → 0 the draw should go to μ: where does yours go?"),
    ),
    hints=(
        "Put the randomness where no parameter lives: draw ε from N(0, I), which depends on nothing, and compute z from it.",
        "z = μ + σ·ε. You are handed log σ². Half of it is log σ.",
        "Draw ε with the shape, dtype and device of mu (torch.randn_like does all three), take σ = exp(½ log_var), and put the three together.",
    ),
)

# ---- two estimators of the gradient of E[f(z)]

FUNCTIONS = {
    "square": (lambda z: z**2, lambda z: 2 * z),
    "sine": (torch.sin, torch.cos),
    "exponential": (lambda z: torch.exp(z / 2), lambda z: torch.exp(z / 2) / 2),
}


def _expectations(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(f: str, n: int, note: str = "", dtype=torch.float32) -> Probe:
        mu, log_sigma = torch.randn(2, generator=generator, dtype=torch.float64).to(dtype)
        epsilon = torch.randn(n, generator=generator, dtype=torch.float64).to(dtype)
        return Probe({"f": f, "mu": mu + 0.5, "sigma": (log_sigma / 2).exp(), "epsilon": epsilon}, seed, note)

    return [
        one("square", 8),
        one("sine", 6, "with f = sin"),
        one("exponential", 5, "with f(z) = exp(z/2)"),
        one("sine", 1, "with a single draw"),
        one("square", 7, "in float64", torch.float64),
    ]


def _with_function(function, f: str, mu: Tensor, sigma: Tensor, epsilon: Tensor) -> dict[str, Plain]:
    return {"result": function(FUNCTIONS[f][0], mu, sigma, epsilon)}


def _reference_pathwise(f: str, mu: Tensor, sigma: Tensor, epsilon: Tensor) -> Tensor:
    return FUNCTIONS[f][1](mu + sigma * epsilon)


def _reference_score_function(f: str, mu: Tensor, sigma: Tensor, epsilon: Tensor) -> Tensor:
    z = mu + sigma * epsilon
    at = mu.expand_as(z).clone().requires_grad_()
    (score,) = torch.autograd.grad(Normal(at, sigma).log_prob(z).sum(), at)
    return FUNCTIONS[f][0](z) * score


def _slope(f, z):
    z = z.detach().clone().requires_grad_()
    return torch.autograd.grad(f(z).sum(), z)[0]


CONTRACT_OF_ESTIMATORS = (
    "f: a function of tensors, applied to each element. mu, sigma: one number each, tensors of shape (). epsilon: (n,), draws from N(0, 1).\n"
    "Result: (n,), in the dtype of epsilon: one estimate of d/dμ E[f(z)] a draw, not averaged; z = mu + sigma·epsilon."
)

PATHWISE_GRADIENT = Task(
    name="03.pathwise_gradient",
    points=1,
    contract="pathwise_gradient(f, mu, sigma, epsilon) -> the pathwise estimates, by autograd.\n" + CONTRACT_OF_ESTIMATORS,
    probes=_expectations,
    run=_with_function,
    claims=matches(_reference_pathwise, "The estimate of each draw should be f′(z) at that draw's z"),
    mistakes=(
        Mistake(
            lambda f, mu, sigma, epsilon: _slope(f, mu + sigma * epsilon).sum(),
            "One number: the sum over all draws. Each draw is an estimate of its own; what did autograd add up for you?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: _slope(f, mu + sigma * epsilon).mean(),
            "One number: the average. It is a fine estimate, but the variance to be measured is that of a single draw.",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: _slope(f, mu + sigma * epsilon).sum().expand_as(epsilon),
            "All estimates are equal: the sum over all draws. Each draw needs a number of its own to be differentiated with respect to.",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: _slope(f, mu + sigma * epsilon).cumsum(0),
            "Each estimate holds all those before it as well. backward() adds to what .grad already holds: what should it find there?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: _slope(f, mu + sigma * epsilon) * epsilon,
            "Every estimate is multiplied by its ε. With respect to which parameter is ∂z/∂… = ε?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: _slope(f, mu + sigma * epsilon) * sigma,
            "Every estimate is σ times too large. That is the derivative with respect to ε; what is ∂z/∂μ?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: _slope(f, mu + sigma**2 * epsilon),
            "The slope is taken at μ + σ²·ε. You are handed σ here, not σ²: how wide are those draws?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: _slope(f, mu.expand_as(epsilon)),
            "All estimates are equal: the slope of f at μ. Where should the slope be taken?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: _slope(f, epsilon),
            "You differentiated f at ε. Which z does this draw stand for?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: _slope(f, mu + sigma * epsilon) / len(epsilon),
            "Every estimate is n times too small: the slope of the mean over draws. Which function of z did you differentiate?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: f(mu + sigma * epsilon) * epsilon / sigma,
            "That is the score-function estimator: it never looks at f′. The pathwise one follows z back to μ.",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: f(mu + sigma * epsilon),
            "Those are the values of f, not its slopes.",
        ),
    ),
    hints=(
        "z = μ + σ·ε moves with μ, one to one. So how does f(z) move with μ?",
        "The estimate of a draw is f′(z). torch.autograd.grad wants a scalar: if you give each draw a z of its own, f(z).sum() keeps them apart.",
        "Make z a leaf: compute it, detach it, let it require a gradient. Then torch.autograd.grad(f(z).sum(), z) holds f′ of each draw.",
    ),
)

SCORE_FUNCTION_GRADIENT = Task(
    name="03.score_function_gradient",
    points=1,
    contract="score_function_gradient(f, mu, sigma, epsilon) -> the score-function estimates, without the slope of f.\n"
    + CONTRACT_OF_ESTIMATORS,
    probes=_expectations,
    run=_with_function,
    claims=matches(
        _reference_score_function,
        "The estimate of each draw should be f(z)·∂log N(z; μ, σ²)/∂μ",
        scale=lambda f, mu, sigma, epsilon: 10 / sigma,
    ),
    mistakes=(
        Mistake(
            lambda f, mu, sigma, epsilon: epsilon / sigma + 0 * f(epsilon),
            "That is the score alone, whose mean is 0 whatever f is. What weighs it?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: f(mu + sigma * epsilon) * epsilon,
            "Right at σ = 1 only. Differentiate −(z − μ)²/(2σ²) with respect to μ, and then write z − μ with ε.",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: f(mu + sigma * epsilon) * epsilon / sigma**2,
            "Right at σ = 1 only. The score is (z − μ)/σ²: how much σ is there in z − μ?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: -f(mu + sigma * epsilon) * epsilon / sigma,
            "The sign. If f is greater where z > μ, should μ go up or down to make E[f(z)] greater?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: f(mu + sigma * epsilon) * (epsilon**2 - 1) / sigma,
            "That is the score with respect to σ. Which parameter's gradient is asked for?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: 0 * f(mu + sigma * epsilon),
            "Every score is 0: when μ moved, z moved with it, and z − μ stayed. What is z here, once it has been drawn?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: f(mu + sigma * epsilon) * (epsilon / sigma).sum(),
            "All draws got the same score, the sum over all of them. What did autograd add up for you?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: f(epsilon) * epsilon / sigma,
            "f is taken at ε. Which z does this draw stand for?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: f(mu) * epsilon / sigma,
            "f is taken at μ, the same for all draws: it then carries no news of where f is great. At which point does the draw look at f?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: (f(mu + sigma * epsilon) * epsilon / sigma).mean(),
            "One number: the average. It is a fine estimate, but the variance to be measured is that of a single draw.",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: (f(mu + sigma * epsilon) * epsilon / sigma).sum(),
            "One number: the sum over all draws. Each draw is an estimate of its own.",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: (
                f(mu + sigma * epsilon) * Normal(mu, sigma).log_prob(mu + sigma * epsilon).exp() * epsilon / sigma
            ),
            "You weigh f with ∂p/∂μ. The draws come from p already: which density do they bring along, and what is left of ∂p = p·∂log p?",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: _slope(f, mu + sigma * epsilon),
            "That is the pathwise estimator: it uses the slope of f. This one is for an f that has none.",
        ),
        Mistake(
            lambda f, mu, sigma, epsilon: f(mu + sigma * epsilon) * Normal(mu, sigma).log_prob(mu + sigma * epsilon),
            "You weigh f with log N(z; μ, σ²). What is still to be done to a log-density to make it a score?",
        ),
    ),
    hints=(
        "d/dμ of E[f(z)] = ∫ f(z) ∂p(z)/∂μ dz. Write ∂p = p·∂log p, and it is an expectation again.",
        "The estimate is f(z) times ∂log N(z; μ, σ²)/∂μ, where z is held fixed: it is a number that was drawn.",
        "∂log N(z; μ, σ²)/∂μ = (z − μ)/σ², and z − μ = σ·ε.",
    ),
)

# ---- the same estimator with less variance


def _values_and_scores(draw, n, d):
    return {"values": 3 + 2 * draw(n), "scores": draw(n)}


def _reference_leave_one_out(values: Tensor, scores: Tensor) -> Tensor:
    others = [torch.cat([values[:i], values[i + 1 :]]).mean() for i in range(len(values))]
    return (values - torch.stack(others)) * scores


LEAVE_ONE_OUT = Task(
    name="03.leave_one_out",
    points=2,
    contract="leave_one_out(values, scores) -> (value − baseline)·score of each draw; its baseline is the mean of all the OTHER values.\n"
    "values: (n,), f(z) of n ≥ 2 draws. scores: (n,), ∂log p(z)/∂μ of the same draws. Result: (n,), in their dtype.",
    probes=probes_from(_values_and_scores, sizes={(7, 1): "", (2, 1): "with two draws", (12, 1): ""}),
    claims=matches(
        _reference_leave_one_out,
        "Each draw's estimate should be (its value − the mean of the others')·its score",
        scale=lambda values, scores: 2 * (values.abs().max() + 1) * (scores.abs() + 1),
    ),
    mistakes=(
        Mistake(
            lambda values, scores: (values - values.mean()) * scores,
            "Your baseline knows the draw that it is subtracted from, and so the estimate comes out multiplied by (n − 1)/n on average. Who must be left out?",
        ),
        Mistake(
            lambda values, scores: (values - (values.sum() - values) / len(values)) * scores,
            "You left the draw out of the sum. How many values are there in that sum now?",
        ),
        Mistake(
            lambda values, scores: (values - values.sum() / (len(values) - 1)) * scores,
            "You divide by n − 1, and all n values are in the sum. Whose should not be?",
        ),
        Mistake(
            lambda values, scores: (values - (values.sum() - values)) * scores,
            "You subtract the sum of the others. Add 1 to all values: nothing should change. Does it?",
        ),
        Mistake(
            lambda values, scores: (values + (values.sum() - values) / (len(values) - 1)) * scores,
            "Added, the baseline makes the variance greater. Add 1 to all values: nothing should change.",
        ),
        Mistake(
            lambda values, scores: values * scores,
            "That is the estimator without a baseline. Add 1 to all values: its variance grows though its mean doesn't.",
        ),
        Mistake(
            lambda values, scores: ((values - (values.sum() - values) / (len(values) - 1)) * scores).mean(),
            "One number: the average. What is asked for is the estimate of each draw.",
        ),
        Mistake(
            lambda values, scores: values - (values.sum() - values) / (len(values) - 1),
            "The baseline is right. What multiplies the difference?",
        ),
        Mistake(
            lambda values, scores: ((values.sum() - values) / (len(values) - 1) - values) * scores,
            "The sign of all estimates is turned. Which one is subtracted from which?",
        ),
        Mistake(
            lambda values, scores: values * scores - ((values * scores).sum() - values * scores) / (len(values) - 1),
            "You subtract the mean of the other estimates, so that the average of all is 0. The baseline comes off the value, before the score.",
        ),
        Mistake(
            lambda values, scores: (values - values.mean()) / values.std() * scores,
            "Dividing by the spread changes what is estimated: the result is no gradient of E[f] any more. Which baseline was asked for?",
        ),
    ),
    hints=(
        "E[score] = 0, so any number that doesn't know this draw can come off its value without a change of the mean.",
        "The sum of the others is the sum of all without one's own, and there are n − 1 of them. No loop is needed.",
        "Baselines: (values.sum() − values)/(n − 1). Take them off the values and multiply by the scores.",
    ),
)

# ---- another noise than the Gaussian


def _truncations(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(n: int, note: str = "", dtype=torch.float32) -> Probe:
        a = torch.rand(5, generator=generator, dtype=torch.float64)
        mu, sigma = 2 * a[0] - 1, 0.5 + a[1]
        low, high = mu - sigma * (0.2 + 1.5 * a[2]), mu + sigma * (0.3 + 1.5 * a[3])
        u = 0.02 + 0.96 * torch.rand(n, generator=generator, dtype=torch.float64)
        low, high = low.float().item(), high.float().item()  # exact in float32, so that torch.tensor(low) loses nothing
        arguments = {"mu": mu.to(dtype), "sigma": sigma.to(dtype), "low": low, "high": high, "u": u.to(dtype)}
        return Probe(arguments, seed, note)

    return [one(7), one(1, "with a single draw"), one(5), one(6, "in float64", torch.float64)]


def _with_slopes(function, mu: Tensor, sigma: Tensor, low: float, high: float, u: Tensor) -> dict[str, Plain]:
    mu, sigma = (value.expand_as(u).clone().requires_grad_() for value in (mu, sigma))
    z = function(mu, sigma, low, high, u)
    slopes: tuple[Tensor | None, ...] = (None, None)
    if isinstance(z, Tensor) and z.requires_grad:
        slopes = torch.autograd.grad(z.sum(), (mu, sigma), allow_unused=True)
    return {"z": z, "by_mu": slopes[0], "by_sigma": slopes[1]}


def _claims_of_truncation(values: dict[str, Plain], mu: Tensor, sigma: Tensor, low: float, high: float, u: Tensor) -> Iterator[Claim]:
    from scipy.stats import truncnorm

    z = values["z"]
    yield from is_tensor(z, u.shape, u.dtype, name="z")
    m, s = mu.double(), sigma.double()
    a, b = (low - m) / s, (high - m) / s
    expected = torch.as_tensor(truncnorm.ppf(u.double().numpy(), a.item(), b.item(), m.item(), s.item()))
    # how the inverse moves with a parameter follows from the forward function alone: ∂z/∂θ = −(∂F/∂θ)/(∂F/∂z)
    m, s = (value.expand_as(expected).clone().requires_grad_() for value in (m, s))
    at = expected.clone().requires_grad_()
    standard = Normal(torch.zeros((), dtype=torch.float64), 1.0)
    below = standard.cdf((low - m) / s)
    share = (standard.cdf((at - m) / s) - below) / (standard.cdf((high - m) / s) - below)
    by_at, by_m, by_s = torch.autograd.grad(share.sum(), (at, m, s))
    yield Claim(
        "z should be the u-quantile of the truncated Gaussian, as scipy has it", expected, z, rounding(expected, u.dtype, scale=10.0)
    )
    for name, got, slope in (("mu", values["by_mu"], -by_m / by_at), ("sigma", values["by_sigma"], -by_s / by_at)):
        yield Claim(f"What a gradient from z reaches: {name}", "reached", "not reached" if got is None else "reached")
        yield Claim(f"∂z/∂{name} should be how that quantile moves", slope, got, rounding(slope, u.dtype, scale=30.0))


def _phi(value):
    return 0.5 * (1 + torch.erf(value / math.sqrt(2)))


def _inverse_phi(share):
    return math.sqrt(2) * torch.erfinv(2 * share - 1)


def _truncated(mu, sigma, low, high, u):
    below, above = _phi((low - mu) / sigma), _phi((high - mu) / sigma)
    return mu + sigma * _inverse_phi(below + u * (above - below))


def _truncated_by_clamping(mu, sigma, low, high, u):
    return (mu + sigma * _inverse_phi(u)).clamp(low, high)


def _truncated_bounds_not_standardised(mu, sigma, low, high, u):
    below, above = _phi(low + 0 * mu), _phi(high + 0 * mu)
    return mu + sigma * _inverse_phi(below + u * (above - below))


def _truncated_uniformly(mu, sigma, low, high, u):
    return low + (high - low) * u + 0 * (mu + sigma)


def _not_truncated(mu, sigma, low, high, u):
    return mu + sigma * _inverse_phi(u)


def _truncated_not_scaled_back(mu, sigma, low, high, u):
    below, above = _phi((low - mu) / sigma), _phi((high - mu) / sigma)
    return _inverse_phi(below + u * (above - below))


def _truncated_from_below_only(mu, sigma, low, high, u):
    below = _phi((low - mu) / sigma)
    return mu + sigma * _inverse_phi(below + u * (1 - below))


def _truncated_from_above_only(mu, sigma, low, high, u):
    return mu + sigma * _inverse_phi(u * _phi((high - mu) / sigma))


def _truncated_without_a_start(mu, sigma, low, high, u):
    below, above = _phi((low - mu) / sigma), _phi((high - mu) / sigma)
    return mu + sigma * _inverse_phi(u * (above - below))


def _truncated_beyond_the_end(mu, sigma, low, high, u):
    below, above = _phi((low - mu) / sigma), _phi((high - mu) / sigma)
    return mu + sigma * _inverse_phi(below + u * above)


def _truncated_and_cut_off(mu, sigma, low, high, u):
    return _truncated(mu, sigma, low, high, u).detach()


def _truncated_bounds_cut_off(mu, sigma, low, high, u):
    below, above = _phi((low - mu) / sigma).detach(), _phi((high - mu) / sigma).detach()
    return mu + sigma * _inverse_phi(below + u * (above - below))


TRUNCATED_NORMAL = Task(
    name="03.truncated_normal",
    points=2,
    contract="truncated_normal(mu, sigma, low, high, u) -> z, draws from N(mu, sigma²) given that low ≤ z ≤ high,\n"
    "computed from uniform draws u by the inverse of the distribution function, so that gradients reach mu and sigma.\n"
    "mu, sigma, u: (n,), u in (0, 1). low, high: Python numbers. Result: (n,), in the dtype of u: the u-quantiles.",
    probes=_truncations,
    run=_with_slopes,
    claims=_claims_of_truncation,
    mistakes=(
        Mistake(
            _truncated_by_clamping,
            "Many draws sit exactly on the bounds, and there the gradient is 0. Conditioning isn't clamping: where must the mass outside go?",
        ),
        Mistake(
            _truncated_bounds_not_standardised,
            "Φ belongs to N(0, 1). In which units are low and high measured when you ask it for the mass below them?",
        ),
        Mistake(
            _truncated_uniformly,
            "All places between low and high are equally likely, in yours. Where did the Gaussian go? μ and σ change nothing.",
        ),
        Mistake(_not_truncated, "Some draws lie outside [low, high]. Which shares of Φ can u stand for, if z has to stay inside?"),
        Mistake(
            _truncated_not_scaled_back, "Those are quantiles in units of σ around μ. What brings them back to the scale of low and high?"
        ),
        Mistake(_truncated_from_below_only, "Some draws exceed high. At u = 1, which share should you have reached?"),
        Mistake(_truncated_from_above_only, "Some draws are under low. At u = 0, which share should you start from?"),
        Mistake(_truncated_without_a_start, "At u = 0 your share is 0, which belongs to −∞. Which share belongs to low?"),
        Mistake(_truncated_beyond_the_end, "At u = 1 your share is Φ(a) + Φ(b), which may be more than 1. Where should it end?"),
        Mistake(_truncated_and_cut_off, "The draws are right, and no gradient gets through. Where does the chain of operations end?"),
        Mistake(
            _truncated_bounds_cut_off,
            "The draws are right, their slopes are not: when μ moves, the share of the mass below low moves, too. Who cut that off?",
        ),
    ),
    hints=(
        "If F is a distribution function and u is uniform, F⁻¹(u) is distributed like F. Only u is random, and no parameter lives there.",
        "Of N(μ, σ²), the share Φ((low − μ)/σ) lies below low, and Φ((high − μ)/σ) below high. u runs from the first to the second.",
        "share = Φ(a) + u·(Φ(b) − Φ(a)), z = μ + σ·Φ⁻¹(share). torch.special has ndtr (Φ) and ndtri (Φ⁻¹), or take Normal(0, 1)'s cdf and icdf.",
    ),
)
