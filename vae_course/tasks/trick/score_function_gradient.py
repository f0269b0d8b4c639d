"""The score-function estimator of the gradient of E[f(z)]."""

import torch

from ..cases.functions import FUNCTIONS, expectations, with_function
from ..engine import Mistake, matches, slip, task


@task(
    points=0,
    probes=expectations,
    run=with_function,
    claims=matches(lambda f, mu, sigma, epsilon: FUNCTIONS[f][0](mu + sigma * epsilon) * epsilon / sigma, "The estimate of each draw should be f(z)·∂log N(z; μ, σ²)/∂μ", scale=lambda f, mu, sigma, epsilon: 10 / sigma),
    slips=(
        slip("return f(z) * score", "return score + 0 * f(z)", "That is the score alone, whose mean is 0 whatever f is. What weighs it?"),
        slip("/ sigma**2", "/ sigma", "Right at σ = 1 only. Differentiate −(z − μ)²/(2σ²) with respect to μ, and then write z − μ with ε."),
        slip("(z - mu) / sigma**2", "epsilon / sigma**2", "Right at σ = 1 only. The score is (z − μ)/σ²: how much σ is there in z − μ?"),
        slip("(z - mu)", "(mu - z)", "The sign. If f is greater where z > μ, should μ go up or down to make E[f(z)] greater?"),
        slip("(z - mu) / sigma**2", "(epsilon**2 - 1) / sigma", "That is the score with respect to σ. Which parameter's gradient is asked for?"),
        slip("(z - mu)", "0 * (z - mu)", "Every score is 0: when μ moved, z moved with it, and z − μ stayed. What is z here, once it has been drawn?"),
        slip("f(z) * score", "f(z) * score.sum()", "All draws got the same score, the sum over all of them. What did autograd add up for you?"),
        slip("f(z) * score", "f(epsilon) * score", "f is taken at ε. Which z does this draw stand for?"),
        slip("f(z) * score", "f(mu) * score", "f is taken at μ, the same for all draws: it then carries no news of where f is great. At which point does the draw look at f?"),
        slip("return f(z) * score", "return (f(z) * score).mean()", "One number: the average. It is a fine estimate, but the variance to be measured is that of a single draw."),
        slip("return f(z) * score", "return (f(z) * score).sum()", "One number: the sum over all draws. Each draw is an estimate of its own."),
        slip("f(z) * score", "f(z) * score * torch.distributions.Normal(mu, sigma).log_prob(z).exp()", "You weigh f with ∂p/∂μ. The draws come from p already: which density do they bring along, and what is left of ∂p = p·∂log p?"),
        slip("f(z) * score", "f(z) * torch.distributions.Normal(mu, sigma).log_prob(z)", "You weigh f with log N(z; μ, σ²). What is still to be done to a log-density to make it a score?"),
    ),
    programs=(Mistake(lambda f, mu, sigma, epsilon: torch.autograd.functional.vjp(f, mu + sigma * epsilon, torch.ones_like(epsilon))[1], "That is the pathwise estimator: it uses the slope of f. This one is for an f that has none."),),
    hints=(
        "d/dμ of E[f(z)] = ∫ f(z) ∂p(z)/∂μ dz. Write ∂p = p·∂log p, and it is an expectation again.",
        "The estimate is f(z) times ∂log N(z; μ, σ²)/∂μ, where z is held fixed: it is a number that was drawn.",
        "∂log N(z; μ, σ²)/∂μ = (z − μ)/σ², and z − μ = σ·ε.",
    ),
)
def score_function_gradient(f, mu, sigma, epsilon):
    """the score-function estimates, without the slope of f.

    f: a function of tensors, applied to each element. mu, sigma: one number each, tensors of shape (). epsilon: (n,), draws from N(0, 1).
    Result: (n,), in the dtype of epsilon: one estimate of d/dμ E[f(z)] a draw, not averaged; z = mu + sigma·epsilon.
    """
    z = mu + sigma * epsilon
    score = (z - mu) / sigma**2
    return f(z) * score
