"""A gradient through a coin: the score-function estimator where no path is left."""

import torch

from ..engine import Mistake, Probe, matches, probes_from, slip, task

# Of 0 and 1 these give numbers of any kind; none has a slope that would help.
REWARDS = {"cost": lambda b: 3 - 4 * b, "square": lambda b: (b - 0.45) ** 2, "threshold": lambda b: (b > 0.5).to(b.dtype)}
SIZES = {("cost", 8): "", ("square", 6): "with f(b) = (b − 0.45)²", ("threshold", 5): "with a threshold for f", ("cost", 1): "with a single draw", ("square", 7): "in float64"}
ONE_SIDED = Probe({"f": "cost", "logit": torch.tensor(-40.0), "b": torch.tensor([0.0, 1.0, 1.0, 0.0])}, note="with a coin that nearly always falls on one side")


def coins(draw, f, n):
    """f, a logit and draws: the even and the odd ones of n numbers in a random order, so that 0 and 1 are both there."""
    logit = draw(())
    return {"f": f, "logit": logit, "b": (draw(n).argsort() % 2).to(logit.dtype)}


@task(
    points=1,
    probes=probes_from(coins, sizes=SIZES, more=(ONE_SIDED,)),
    run=lambda function, f, logit, b: {"result": function(REWARDS[f], logit, b)},
    claims=matches(lambda f, logit, b: REWARDS[f](b) * torch.where(b > 0.5, torch.sigmoid(-logit), -torch.sigmoid(logit)), "The estimate of each draw should be f(b)·∂log p(b)/∂logit"),
    slips=(
        slip("torch.sigmoid(logit)", "logit", "At logit = 0 a coin is fair: what is the score of a 1 then? In which units is what you take off from b?"),
        slip("b - torch.sigmoid(logit)", "(torch.sigmoid(logit) - b)", "The sign. If f(1) is the greater one, should the logit go up or down to make E[f(b)] greater?"),
        slip("return f(b) * score", "return score + 0 * f(b)", "That is the score alone, whose mean is 0 whatever f is. What weighs it?"),
        slip("return f(b) * score", "return (f(b) * score).mean()", "One number: the average. It is a fine estimate, but what was asked for is that of each draw."),
        slip("return f(b) * score", "return (f(b) * score).sum()", "One number: the sum over all draws. Each draw is an estimate of its own."),
        slip("b - torch.sigmoid(logit)", "(b - torch.sigmoid(logit)) / (torch.sigmoid(logit) * (1 - torch.sigmoid(logit)))", "That is the derivative with respect to the probability. By how much does the probability move when the logit does?"),
        slip("b - torch.sigmoid(logit)", "(b - torch.sigmoid(logit)) * torch.sigmoid(logit) * (1 - torch.sigmoid(logit))", "∂p/∂logit is in yours once too often. Differentiate b·log p + (1 − b)·log(1 − p) with respect to the logit, and look at what cancels."),
        slip("b - torch.sigmoid(logit)", "b * (1 - torch.sigmoid(logit))", "A draw of 0 has a score of 0, in yours. Does it carry no news? What does log(1 − p) do when the logit moves?"),
        slip("f(b) * score", "b * score + 0 * f(b)", "You weigh the score with the draw itself. What did f say of the draw?"),
        slip("f(b) * score", "f(torch.sigmoid(logit)) * score", "f is taken at the probability, which no coin ever shows. At which point does the draw look at f?"),
        slip("b - torch.sigmoid(logit)", "torch.where(b > 0.5, torch.nn.functional.logsigmoid(logit), torch.nn.functional.logsigmoid(-logit))", "You weigh f with log p(b). What is still to be done to a log-probability to make it a score?"),
    ),
    programs=(Mistake(lambda f, logit, b: torch.full_like(b, ((f(torch.ones(())) - f(torch.zeros(()))) * torch.sigmoid(logit) * torch.sigmoid(-logit)).item()), "All estimates are equal: that is the exact gradient, from both sides of the coin. It is right, and needs f at every value; what does one draw say?"),),
    hints=(
        "b is 0 or 1: it does not move when the logit moves a little, so there is no path. Its probability moves. ∂p = p·∂log p makes an expectation of that.",
        "log p(b) = b·log σ(logit) + (1 − b)·log(1 − σ(logit)). Differentiate with respect to the logit; nearly everything cancels.",
        "The score is b − σ(logit). Each draw's estimate is f(b) times its score.",
    ),
)
def coin_gradient(f, logit, b):
    """the score-function estimates of d/d(logit) E[f(b)] for a coin b that is 1 with probability σ(logit).

    f: a function of tensors, applied to each element; it may have no slope. logit: one number, a tensor of shape ().
    b: (n,), draws of 0 and 1, as floats. Result: (n,), in the dtype of b: one estimate a draw, not averaged.
    """
    score = b - torch.sigmoid(logit)
    return f(b) * score
