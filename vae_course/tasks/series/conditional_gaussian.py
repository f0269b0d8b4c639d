"""What one Gaussian says of the steps that were not seen."""

import torch

from ..engine import Probe, matches, probes_from, slip, task, unchanged

MEAN = "mean[hidden] + (x[:, seen] - mean[seen]) @ weights"
SPREAD = "covariance[hidden][:, hidden] - across @ weights"
SOLVED = "torch.linalg.solve(covariance[seen][:, seen], across.T)"


def together(draw, n, steps, known):
    """A covariance with strong ties between all steps, and a mask with so many seen steps."""
    mix = draw(steps, steps)
    covariance = mix @ mix.T / steps + 0.2 * torch.eye(steps).to(mix)
    seen = torch.zeros(steps, dtype=torch.bool)
    seen[draw(steps).argsort()[:known]] = True
    return {"mean": 1 + draw(steps), "covariance": covariance, "x": draw(n, steps) + 0.5, "seen": seen}


def reference(mean, covariance, x, seen):
    """By the precision, the inverse of the whole covariance: what is left of it for the hidden steps is the inverse of their covariance."""
    precision = torch.linalg.inv(covariance)
    hidden = ~seen
    inner = torch.linalg.inv(precision[hidden][:, hidden])
    filled, sigma = x.clone(), torch.zeros_like(mean)
    filled[:, hidden] = mean[hidden] - (x[:, seen] - mean[seen]) @ precision[seen][:, hidden] @ inner
    sigma[hidden] = inner.diagonal().sqrt()
    return filled, sigma


# As files of measurements have it: what was not seen is not a number.
MISSING = Probe(
    {
        "mean": torch.tensor([1.0, 0.5, -0.5, 2.0]),
        "covariance": torch.tensor([[1.0, 0.6, 0.3, 0.1], [0.6, 1.2, 0.5, 0.2], [0.3, 0.5, 0.9, 0.4], [0.1, 0.2, 0.4, 1.1]]),
        "x": torch.tensor([[1.5, torch.nan, torch.nan, 1.0], [0.25, torch.nan, torch.nan, 3.0]]),
        "seen": torch.tensor([True, False, False, True]),
    },
    note="with NaN in the hidden steps",
)


@task(
    points=2,
    probes=probes_from(together, sizes={(5, 7, 4): "", (1, 6, 3): "with a single series", (4, 5, 4): "with one step hidden", (3, 6, 1): "with one step seen", (2, 9, 5): ""}, more=(MISSING,)),
    keeps=("x",),
    laws=(unchanged(lambda x, seen, **_: {"x": torch.where(seen, x, x + 3.0)}, "With other values where nothing was seen", "A leak. Put other values into the gap: your answer changes. Which of your steps looks at them?"),),
    claims=matches(reference, "Mean and spread of the hidden steps, given the seen ones", parts=("filled", "sigma"), scale=lambda **_: 20.0),
    slips=(
        slip("mean[hidden] + ", "", "Your filling is how far the steps lie from their means. What is to be added?"),
        slip("(x[:, seen] - mean[seen])", "x[:, seen]", "A series whose seen steps are all usual should be filled with the mean. Is yours? What do you multiply with the weights?"),
        slip(SOLVED, "across.T", "The covariance alone: double the units of the seen steps, and your filling gets four times as far from the mean. By what is a covariance divided to be a slope?"),
        slip(SOLVED, "across.T / covariance.diagonal()[seen].unsqueeze(1)", "You take each seen step for itself and add up what each says. Two neighbours say nearly the same thing: do you count it twice?"),
        slip(MEAN, "mean[hidden].expand(len(x), -1)", "Your filling is the mean, whatever was seen. What does the covariance of hidden and seen steps say?"),
        slip(SPREAD, "covariance[hidden][:, hidden]", "Your spread is that of a step of which nothing is known. What do the seen steps take away from it?"),
        slip("- across @ weights", "+ across @ weights", "To see more makes you less sure, in yours. Which sign has what the seen steps explain?"),
        slip("left.diagonal().sqrt()", "left.diagonal()", "That is a variance. What is the spread in the units of the series?"),
        slip(SPREAD, "torch.linalg.inv(torch.linalg.inv(covariance)[hidden][:, hidden].diagonal().diag())", "So little is left of a step's spread once all others are seen, the hidden ones among them. Which of them are known here?"),
        slip("filled, sigma = x.clone()", "filled, sigma = mean.expand(len(x), -1).clone()", "The hidden steps are right. The seen ones were known, and you wrote the mean over them. What should stand there?"),
        slip({"filled, sigma = x.clone()": "filled, sigma = x * seen", "filled[:, hidden] =": "filled[:, hidden] +="}, "You multiply what was not seen by 0, and NaN times 0 is NaN. What chooses a step without computing with it?"),
        slip("x.clone(), torch.zeros_like(mean)", "x.clone(), covariance.diagonal().sqrt()", "The hidden steps are right. How sure is one of a step that was seen?"),
        slip("sigma[hidden] = left", "sigma[:] = 1\n    sigma[hidden] = left", "The hidden steps are right. How sure is one of a step that was seen?"),
        slip("filled[:, hidden] =", "filled[:, hidden][:] =", "The hidden steps hold what they held before. A mask gives a copy of what it chooses: into which of the two did you write?"),
        slip("hidden = ~seen", "seen, hidden = ~seen, seen", "You fill the steps that were seen, from those that were not. What is true in `seen`?"),
    ),
    hints=(
        "Take one hidden step and one seen step first: the regression line. Its slope is covariance by variance of the seen one, and it goes through both means.",
        "With many seen steps the variance is a matrix, Σ_ss, and to divide by it is to solve a system. The weights are Σ_ss⁻¹ Σ_su: (seen, hidden).",
        "Mean: μ_u plus how far the seen steps lie from μ_s, times the weights. Covariance: Σ_uu less Σ_us times the weights; of its diagonal the root.",
    ),
)
def conditional_gaussian(mean, covariance, x, seen):
    """The series with hidden steps filled by their mean given the seen ones, and how sure that is: (filled, sigma).

    One Gaussian N(mean, covariance) of all steps. mean: (steps,). covariance: (steps, steps), positive definite. seen: (steps,), booleans, the same
    for all series, some true and some not. x: (n, steps); what it holds in a hidden step is arbitrary, NaN even, and x is left as it is.
    filled: (n, steps), in the dtype of mean; a seen step keeps its value. sigma: (steps,), the standard deviation of each hidden step given the
    seen ones, and 0 at the seen ones.
    """
    hidden = ~seen
    across = covariance[hidden][:, seen]
    weights = torch.linalg.solve(covariance[seen][:, seen], across.T)  # (seen, hidden)
    left = covariance[hidden][:, hidden] - across @ weights
    filled, sigma = x.clone(), torch.zeros_like(mean)
    filled[:, hidden] = mean[hidden] + (x[:, seen] - mean[seen]) @ weights
    sigma[hidden] = left.diagonal().sqrt()
    return filled, sigma
