"""What an encoder hears of its log-variance: the pathwise gradient with respect to log σ²."""

import torch

from ..cases.functions import FUNCTIONS, SIZES, with_function
from ..engine import Mistake, matches, probes_from, relation, slip, task


@task(
    points=1,
    probes=probes_from(lambda draw, f, n: {"f": f, "mu": draw(()) + 0.5, "log_var": draw(()), "epsilon": draw(n)}, sizes=SIZES),
    run=with_function,
    laws=(relation(lambda f, mu, log_var, epsilon: {"epsilon": 0 * epsilon}, lambda result: 0 * result, "A draw that sits at μ (ε = 0) does not move when σ grows: its estimate should be 0", "Let ε be 0: z stays at μ, however wide the Gaussian is. Why should f(z) change with log σ²?"),),
    claims=matches(lambda f, mu, log_var, epsilon: FUNCTIONS[f][1](mu + (log_var / 2).exp() * epsilon) * (log_var / 2).exp() * epsilon / 2, "The estimate of each draw should be f′(z)·∂z/∂(log σ²) at that draw"),
    slips=(
        slip("return slope", "return slope.sum()", "One number: the sum over all draws. Each draw needs a log σ² of its own; what did autograd add up for you?"),
        slip("return slope", "return slope.mean()", "One number: the average. It is a fine estimate, but what was asked for is that of each draw."),
        slip("return slope", "return slope.sum().expand_as(epsilon)", "All estimates are equal: the sum over all draws. Which number of its own could each draw be differentiated with respect to?"),
        slip("torch.exp(0.5 * own)", "torch.exp(own)", "Your draws spread by σ². Which power of exp(log_var) is σ?"),
        slip("torch.exp(0.5 * own)", "own", "At log_var = 0 your draws don't spread at all. What is σ there?"),
        slip("return slope", "return 2 * slope", "Twice too large: is that the derivative with respect to log σ, or to log σ²?"),
        slip("return slope", "return slope / torch.exp(log_var)", "That is the derivative with respect to σ². Which function of it does the encoder hand out?"),
        slip("return slope", "return 2 * slope / torch.exp(0.5 * log_var)", "That is the derivative with respect to σ itself: f′(z)·ε. One more step of the chain leads from σ to log σ²."),
        slip("f(z).sum()", "f(z).mean()", "Every estimate is n times too small: the slope of the mean over draws. Which function did you differentiate?"),
        slip("z = mu + ", "z = ", "Your draws lie around 0, wherever μ is. At which z should f be looked at?"),
        slip("* epsilon", "* epsilon.abs()", "Draws below μ move down when σ grows. Which sign has ∂z/∂σ there, in yours?"),
        slip("return slope", "return slope / (0.5 * torch.exp(0.5 * log_var) * epsilon)", "That is f′(z), the gradient for μ. By how much does z itself move when log σ² does?"),
    ),
    programs=(Mistake(lambda f, mu, log_var, epsilon: f(mu + (log_var / 2).exp() * epsilon) * (epsilon**2 - 1) / 2, "That is the score-function estimator: it never looks at f′. The pathwise one follows z back to log σ²."),),
    hints=(
        "z = μ + σ·ε with σ = exp(½ log σ²). How far does z move when log σ² moves a little, and how far f(z) then?",
        "∂z/∂(log σ²) = ½σε, so the estimate of a draw is f′(z)·½σε. Autograd does both steps if each draw has a log σ² of its own.",
        "Expand log_var to the shape of epsilon, clone it, let it require a gradient, compute z from it, and ask torch.autograd.grad(f(z).sum(), …).",
    ),
)
def spread_gradient(f, mu, log_var, epsilon):
    """the pathwise estimates of the gradient with respect to log_var, by autograd.

    f: a function of tensors, applied to each element. mu, log_var: one number each, tensors of shape (). epsilon: (n,), draws from N(0, 1).
    Result: (n,), in the dtype of epsilon: one estimate of d/d(log_var) E[f(z)] a draw, not averaged; z = mu + exp(½ log_var)·epsilon.
    """
    own = log_var.detach().expand_as(epsilon).clone().requires_grad_()
    z = mu + torch.exp(0.5 * own) * epsilon
    (slope,) = torch.autograd.grad(f(z).sum(), own)
    return slope
