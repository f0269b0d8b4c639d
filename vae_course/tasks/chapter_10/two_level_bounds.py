"""A bound where no level has all it rests on."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.distributions import Independent, Normal

from ..claims import is_tensor, is_tuple, rounding
from ..declaration import Claim, Mistake, Plain, Probe, Task
from .ladder_kl import kl_of, kl_to_standard
from .merge import with_room
from .stack import LOG_2PI, log_normal, sigma_of


def _naive_draws(seed: int) -> list[Probe]:
    generator = torch.Generator().manual_seed(1000 + seed)

    def one(k: int, n: int, sizes: tuple[int, int], level: float, note: str = "", dtype: torch.dtype = torch.float32) -> Probe:
        def draw(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64)

        one, two = sizes
        q_1 = draw(n, one), 0.7 * draw(n, one) - 0.8
        z_1 = q_1[0] + sigma_of(q_1[1]) * draw(k, n, one)
        q_2 = 0.5 * z_1 @ draw(one, two) + 0.3 * draw(two), 0.5 * draw(k, n, two) - 0.4
        z_2 = q_2[0] + sigma_of(q_2[1]) * draw(k, n, two)
        p_1 = 0.4 * z_2 @ draw(two, one), 0.5 * draw(k, n, one) + 0.2
        arguments = {"log_likelihood": level + 1.5 * draw(k, n), "z_1": z_1, "z_2": z_2, "q_1": q_1, "q_2": q_2, "p_1": p_1}
        return Probe({name: _in(dtype, value) for name, value in arguments.items()}, seed, note)

    return [
        one(5, 4, (3, 2), -4.0),
        one(7, 3, (4, 3), -6.0),
        one(1, 4, (2, 3), -5.0, "with a single draw"),
        one(6, 1, (3, 2), -5.0, "with a batch of one"),
        one(5, 3, (1, 1), -5.0, "with one latent a level"),
        one(6, 3, (3, 2), -150.0, "with log-likelihoods near −150, as a picture has them"),
        one(4, 3, (3, 2), -4.0, "in float64", torch.float64),
    ]


def _in(dtype: torch.dtype, value: Plain) -> Plain:
    return value.to(dtype) if isinstance(value, Tensor) else tuple(part.to(dtype) for part in value)


def _claims_of_bounds(values: dict[str, Plain], log_likelihood, z_1, z_2, q_1, q_2, p_1) -> Iterator[Claim]:
    got, dtype = values["result"], log_likelihood.dtype
    names = ("the ELBO", "the importance-weighted bound")
    yield from is_tuple(got, 2)
    for name, one in zip(names, got, strict=True):
        yield from is_tensor(one, log_likelihood.shape[1:], dtype, name=name)

    def log_density(z: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
        return Independent(Normal(mu.double(), sigma_of(log_var.double())), 1).log_prob(z.double())

    zero = torch.zeros_like(z_2)
    parts = [
        log_likelihood.double(),
        log_density(z_1, *p_1),
        log_density(z_2, zero, zero),
        -log_density(z_1, *q_1),
        -log_density(z_2, *q_2),
    ]
    weights = torch.stack(parts).sum(0)
    size = torch.stack(parts).abs().sum(0).amax(0) + 10
    elbo = weights.mean(0)
    # the mean of the weights themselves, each measured by the greatest of its image
    greatest = weights.amax(0)
    bound = greatest + (weights - greatest).exp().mean(0).log()
    yield Claim(f"{names[0]} should be the mean of log w over the draws", elbo, got[0], rounding(elbo, dtype, scale=size))
    yield Claim(f"{names[1]} should be the logarithm of the mean of w", bound, got[1], rounding(bound, dtype, scale=size))


def _bounds_with(
    log_p_1=lambda z_1, p_1: log_normal(z_1, *p_1).sum(-1),
    log_p_2=lambda z_2: -0.5 * (LOG_2PI + z_2**2).sum(-1),
    log_q_1=lambda z_1, q_1: log_normal(z_1, *q_1).sum(-1),
    log_q_2=lambda z_2, q_2: log_normal(z_2, *q_2).sum(-1),
    likelihood=lambda log_likelihood: log_likelihood,
    elbo=lambda weights: weights.mean(0),
    bound=lambda weights: weights.logsumexp(0) - math.log(len(weights)),
):
    """The right answer, with any one of its parts replaced."""

    def bounds(log_likelihood, z_1, z_2, q_1, q_2, p_1):
        weights = likelihood(log_likelihood) + log_p_1(z_1, p_1) + log_p_2(z_2) - log_q_1(z_1, q_1) - log_q_2(z_2, q_2)
        return elbo(weights), bound(weights)

    return bounds


def _bounds_by(log_normal, over=torch.sum):
    """All densities by another function of (z, mu, log_var), one number a latent, put together by `over`."""

    def log_density(z, gaussian):
        return over(log_normal(z, *gaussian), -1)

    return _bounds_with(
        log_p_1=log_density,
        log_p_2=lambda z_2: log_density(z_2, (torch.zeros_like(z_2), torch.zeros_like(z_2))),
        log_q_1=log_density,
        log_q_2=log_density,
    )


def _weights_by_product(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    """Every density as a number, and never its logarithm."""

    def density(z, mu, log_var):
        return log_normal(z, mu, log_var).exp().prod(-1)

    zeros = torch.zeros_like(z_2)
    above = log_likelihood.exp() * density(z_1, *p_1) * density(z_2, zeros, zeros)
    weights = above / (density(z_1, *q_1) * density(z_2, *q_2))
    return weights.log().mean(0), weights.mean(0).log()


def _nothing(*anything):
    return 0.0


def _closed_form_wherever(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    """KLs of Gaussians for both levels, as in a ladder."""
    weights = log_likelihood - kl_of(*q_1, *p_1).sum(-1) - kl_to_standard(*q_2).sum(-1)
    return weights.mean(0), weights.logsumexp(0) - math.log(len(weights))


def _closed_form_at_the_top(log_likelihood, z_1, z_2, q_1, q_2, p_1):
    """The KL of the top level, log-densities for the bottom."""
    below = log_normal(z_1, *p_1).sum(-1) - log_normal(z_1, *q_1).sum(-1)
    weights = log_likelihood + below - kl_to_standard(*q_2).sum(-1)
    return weights.mean(0), weights.logsumexp(0) - math.log(len(weights))


TWO_LEVEL_BOUNDS = Task(
    name="10.two_level_bounds",
    points=2,
    contract="two_level_bounds(log_likelihood, z_1, z_2, q_1, q_2, p_1) -> (elbo, bound), both (batch,), in nats an example, from k draws of a naive stack:\n"
    "elbo is the mean over the draws of log w, bound the logarithm of the mean over the draws of w, for any finite arguments, with\n"
    "w = p(x|z_1) p(z_1|z_2) p(z_2) / (q(z_1|x) q(z_2|z_1)) and p(z_2) = N(0, I).\n"
    "log_likelihood: (k, batch), log p(x|z_1). z_1: (k, batch, latent_1), z_2: (k, batch, latent_2), drawn from q.\n"
    "q_1, q_2, p_1: pairs (mu, log_var) of the Gaussians q(z_1|x), q(z_2|z_1) and p(z_1|z_2). Those of q_1 are (batch, latent_1), the same for all draws;\n"
    "those of q_2 are (k, batch, latent_2), those of p_1 (k, batch, latent_1).",
    probes=_naive_draws,
    claims=with_room(_claims_of_bounds),
    mistakes=(
        Mistake(
            _bounds_with(log_p_1=lambda z_1, p_1: -0.5 * (LOG_2PI + z_1**2).sum(-1)),
            "The prior of your z_1 is N(0, I), whatever z_2 is: then the top level changes nothing and is worth nothing. Which density stands in w?",
        ),
        Mistake(
            _closed_form_wherever,
            "You took a KL in closed form for each level. For the bottom one: z_2 was drawn after z_1 here, and depends on it. Can z_1 be averaged over while z_2 is held?",
        ),
        Mistake(
            _closed_form_at_the_top,
            "Your expectation is right, but it is not the weight of a draw: the second bound needs log w at z_1 and z_2, and the contract's elbo is the mean of the same. Which densities at z_2 stand in w?",
        ),
        Mistake(
            lambda *arguments: (_closed_form_at_the_top(*arguments)[0], _bounds_with()(*arguments)[1]),
            "Your second result is right. In your ELBO the top level's KL stands in closed form: as good on average, but the contract's elbo is the mean of the same log w. Where did the log-densities at z_2 go?",
        ),
        Mistake(
            _bounds_with(log_p_1=_nothing),
            "p(z_1|z_2) is missing: z_1 comes for free. Which three factors does p(x, z_1, z_2) have?",
        ),
        Mistake(
            _bounds_with(log_p_2=_nothing),
            "p(z_2) is missing: a z_2 far from 0 costs nothing. Which three factors does p(x, z_1, z_2) have?",
        ),
        Mistake(
            _bounds_with(log_q_1=_nothing),
            "q(z_1|x) is missing from the weights. By the density of which draw is w divided: of z_2 alone, or of the pair?",
        ),
        Mistake(
            _bounds_with(log_q_2=_nothing),
            "q(z_2|z_1) is missing from the weights. By the density of which draw is w divided: of z_1 alone, or of the pair?",
        ),
        Mistake(
            _bounds_with(log_p_2=_nothing, log_q_2=_nothing),
            "z_2 appears nowhere in your weights but through p_1: its level comes for free. What is its prior, and what was it drawn from?",
        ),
        Mistake(
            _bounds_with(log_p_2=lambda z_2: -0.5 * z_2.square().sum(-1)),
            "Your log p(z_2) is too high by the same amount for every draw. Which constant makes the area of N(0, I) equal to 1?",
        ),
        Mistake(
            _bounds_with(log_p_1=_nothing, log_q_1=_nothing),
            "The bottom level's densities are missing: only the top one costs anything. Which Gaussians does z_1 come in?",
        ),
        Mistake(
            _bounds_with(likelihood=lambda log_likelihood: 0.0),
            "Where are the pixels? One factor of w speaks of x, and you were handed its logarithm.",
        ),
        Mistake(
            _bounds_by(lambda z, mu, log_var: -0.5 * (LOG_2PI + 2 * log_var + (z - mu) ** 2 / (2 * log_var).exp())),
            "You took exp(log_var) for σ. What is it?",
        ),
        Mistake(
            _bounds_by(lambda z, mu, log_var: -0.5 * (LOG_2PI + log_var + (z - mu) ** 2 / (0.5 * log_var).exp())),
            "A density's exponent is (z − μ)² over 2σ², and yours over 2σ. Which power of σ is exp(log_var)?",
        ),
        Mistake(
            _bounds_by(lambda z, mu, log_var: -0.5 * (LOG_2PI + (z - mu) ** 2 / log_var.exp())),
            "Your densities don't have the area 1: a wide Gaussian must be low. Which term says so?",
        ),
        Mistake(
            _bounds_by(lambda z, mu, log_var: -0.5 * (LOG_2PI + 2 * log_var + (z - mu) ** 2 / log_var.exp())),
            "Your densities are divided by σ², and not by σ. With which factor does log σ² stand in a Gaussian's logarithm?",
        ),
        Mistake(
            _bounds_by(lambda z, mu, log_var: -0.5 * (LOG_2PI + log_var) - (z - mu) ** 2 / log_var.exp()),
            "Look at your exponent: (z − μ)²/σ² stands without its factor. Which one is it?",
        ),
        Mistake(
            _bounds_by(log_normal, over=torch.mean),
            "The density of several independent latents is a product. What becomes of their logarithms: a mean, or a sum?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.mean(0)),
            "Both of your results are the ELBO. Where does the mean stand in the second: inside the logarithm, or outside?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.logsumexp(0)),
            "Your ELBO is right. The second one rises with k, even for equal weights: by log k. A sum, or a mean?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.exp().mean(0).log()),
            "Right, until the log-likelihood is that of a picture: what is exp(−150) to a computer in float32? Is there a sum of exponentials that does not leave the logarithms?",
        ),
        Mistake(
            _weights_by_product,
            "Right, until the log-likelihood is that of a picture: what is exp(−150) to a computer in float32? Add logarithms instead: what does the product of densities become?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: (weights - weights.amax(0)).exp().mean(0).log()),
            "Your ELBO is right. In the second you took the greatest log w away, so that nothing vanishes. When does it come back?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.logsumexp(0) - math.log(weights.shape[1])),
            "Your ELBO is right. In the second you take away the logarithm of the number of examples. Over how many weights is the mean?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.exp().mean(0)),
            "Your ELBO is right. Your second result is the mean of w. What is still to be taken of it?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.amax(0)),
            "Your ELBO is right. Your second result is the greatest log w. What did the contract ask to average?",
        ),
        Mistake(
            _bounds_with(elbo=lambda weights: -weights.mean(0), bound=lambda weights: math.log(len(weights)) - weights.logsumexp(0)),
            "Those are losses. Which sign has a bound on log p(x)?",
        ),
        Mistake(
            _bounds_with(elbo=lambda weights: weights.sum(0), bound=lambda weights: weights.logsumexp(0)),
            "Both of your results are sums over the draws. Let all the weights be equal: more draws of the same should change nothing. What is missing?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.logsumexp(0) / len(weights)),
            "Your ELBO is right. In the second you divide the logarithm by k. Where does the 1/k of a mean stand: inside the logarithm, or outside?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: weights.logsumexp(0) + math.log(len(weights))),
            "Your ELBO is right. The second one rises with k, even for equal weights: by 2 log k. Which sign has the logarithm of 1/k?",
        ),
        Mistake(
            _bounds_with(bound=lambda weights: (weights.exp().mean(0) + 1e-8).log()),
            "Right, until the log-likelihood is that of a picture: beside 1e-8, what is exp(−150)? Is there a sum of exponentials that does not leave the logarithms?",
        ),
        Mistake(
            _bounds_with(elbo=lambda weights: weights.sum(0)),
            "Your second result is right. Your ELBO grows with the number of draws: which is it, a sum or a mean?",
        ),
        Mistake(
            _bounds_with(elbo=lambda weights: weights.mean(), bound=lambda weights: (weights.logsumexp(0) - math.log(len(weights))).mean()),
            "One figure for the whole batch. What does the contract want one of for each example?",
        ),
        Mistake(
            _bounds_with(elbo=lambda weights: weights.mean(1), bound=lambda weights: weights.logsumexp(1) - math.log(weights.shape[1])),
            "You averaged over the examples, and have a figure for each draw. Which axis holds the draws?",
        ),
        Mistake(
            _bounds_with(elbo=lambda weights: weights),
            "Your ELBO has a figure for each draw. Over what is it the mean?",
        ),
        Mistake(
            lambda *arguments: _bounds_with()(*arguments)[::-1],
            "Both are there. In which order does the contract want them?",
        ),
        Mistake(
            lambda *arguments: _bounds_with()(*arguments)[0],
            "The ELBO is right and comes alone. Where is the second result?",
        ),
        Mistake(
            _bounds_by(lambda z, mu, log_var: -log_normal(z, mu, log_var)),
            "Your prior stands below the line, and q above it. Which of the two makes a draw weigh more?",
        ),
        Mistake(
            _bounds_with(
                log_q_1=lambda z_1, q_1: -log_normal(z_1, *q_1).sum(-1),
                log_q_2=lambda z_2, q_2: -log_normal(z_2, *q_2).sum(-1),
            ),
            "You multiply by q. A z that q proposes too often should count for less: above the line, or below it?",
        ),
    ),
    hints=(
        "First make the table of log w, (k, batch): five logarithms, those above the line added, those below it taken away. Both results come from that one table.",
        "The logarithm of a Gaussian's density is −½(log 2π + log σ² + (z − μ)²/σ²), summed over its latents. q_1 lacks the axis of the draws; broadcasting puts it in front by itself.",
        "elbo: the table's mean over axis 0. bound: logsumexp over axis 0, less log k.",
    ),
)
