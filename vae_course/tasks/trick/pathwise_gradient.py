"""The pathwise estimator of the gradient of E[f(z)]."""

import torch

from ..cases.functions import FUNCTIONS, expectations, with_function
from ..engine import Mistake, matches, slip, task


@task(
    points=0,
    probes=expectations,
    run=with_function,
    claims=matches(lambda f, mu, sigma, epsilon: FUNCTIONS[f][1](mu + sigma * epsilon), "The estimate of each draw should be f′(z) at that draw's z"),
    slips=(
        slip("return slope", "return slope.sum()", "One number: the sum over all draws. Each draw is an estimate of its own; what did autograd add up for you?"),
        slip("return slope", "return slope.mean()", "One number: the average. It is a fine estimate, but the variance to be measured is that of a single draw."),
        slip("return slope", "return slope.sum().expand_as(epsilon)", "All estimates are equal: the sum over all draws. Each draw needs a number of its own to be differentiated with respect to."),
        slip("return slope", "return slope.cumsum(0)", "Each estimate holds all those before it as well. backward() adds to what .grad already holds: what should it find there?"),
        slip("return slope", "return slope * epsilon", "Every estimate is multiplied by its ε. With respect to which parameter is ∂z/∂… = ε?"),
        slip("return slope", "return slope * sigma", "Every estimate is σ times too large. That is the derivative with respect to ε; what is ∂z/∂μ?"),
        slip("sigma * epsilon", "sigma**2 * epsilon", "The slope is taken at μ + σ²·ε. You are handed σ here, not σ²: how wide are those draws?"),
        slip("sigma * epsilon", "0 * epsilon", "All estimates are equal: the slope of f at μ. Where should the slope be taken?"),
        slip("(mu + sigma * epsilon)", "epsilon", "You differentiated f at ε. Which z does this draw stand for?"),
        slip("f(z).sum()", "f(z).mean()", "Every estimate is n times too small: the slope of the mean over draws. Which function of z did you differentiate?"),
    ),
    programs=(
        Mistake(lambda f, mu, sigma, epsilon: f(mu + sigma * epsilon) * epsilon / sigma, "That is the score-function estimator: it never looks at f′. The pathwise one follows z back to μ."),
        Mistake(lambda f, mu, sigma, epsilon: f(mu + sigma * epsilon), "Those are the values of f, not its slopes."),
    ),
    hints=(
        "z = μ + σ·ε moves with μ, one to one. So how does f(z) move with μ?",
        "The estimate of a draw is f′(z). torch.autograd.grad wants a scalar: if you give each draw a z of its own, f(z).sum() keeps them apart.",
        "Make z a leaf: compute it, detach it, let it require a gradient. Then torch.autograd.grad(f(z).sum(), z) holds f′ of each draw.",
    ),
)
def pathwise_gradient(f, mu, sigma, epsilon):
    """the pathwise estimates, by autograd.

    f: a function of tensors, applied to each element. mu, sigma: one number each, tensors of shape (). epsilon: (n,), draws from N(0, 1).
    Result: (n,), in the dtype of epsilon: one estimate of d/dμ E[f(z)] a draw, not averaged; z = mu + sigma·epsilon.
    """
    z = (mu + sigma * epsilon).detach().requires_grad_()
    (slope,) = torch.autograd.grad(f(z).sum(), z)
    return slope
