"""The way to noise, in one go."""

import torch

from ..engine import each_row_for_itself, matches, probes_from, relation, slip, task


def schedules(draw, n, d, times):
    """Steps that differ, and times among which are 0 and the last one."""
    t = torch.tensor([(times * i) // max(n - 1, 1) for i in range(n)]) if n > 1 else torch.tensor([times - 1])
    return {"x": draw(n, d), "betas": 0.02 + 0.3 * draw(times).sigmoid(), "t": t, "noise": draw(n, d)}


def by_walking(x, betas, t, noise):
    """Step by step: what is left of the image, and how much noise there is."""
    found = []
    for image, steps, one in zip(x, t.tolist(), noise, strict=True):
        left, variance = 1.0, 0.0
        for beta in betas[:steps].tolist():
            left, variance = left * (1 - beta) ** 0.5, variance * (1 - beta) + beta
        found.append(left * image + variance**0.5 * one)
    return torch.stack(found)


@task(
    points=0,
    probes=probes_from(schedules, sizes={(4, 3, 6): "", (1, 5, 4): "with a single image", (5, 1, 9): "with one pixel"}),
    laws=(
        each_row_for_itself("x", "t", "noise"),
        relation(lambda x, noise, **_: {"x": 2 * x, "noise": 2 * noise}, lambda there: 2 * there, "With image and noise twice as large, x_t is", "Image and noise are weighed and added, and nothing else. What else is there in yours?"),
    ),
    claims=matches(by_walking, "It should be what t small steps come to"),
    slips=(
        slip("(1 - betas).cumprod(0)", "1 - betas.cumsum(0)", "You subtract all βs from 1: some more steps, and less than nothing is left. What does each step do to what the one before has left?"),
        slip("(1 - betas).cumprod(0)", "1 - betas", "Your x_t has gone through one step, the last. What of those before?"),
        slip("(1 - betas).cumprod(0)", "betas.cumprod(0)", "That is the product of the βs, of what comes in as noise. What does a step keep?"),
        slip("kept[t]", "kept[(t - 1).clamp(min=0)]", "You are a step short. With ᾱ₀ = 1 in its place, at which index is ᾱ_t?"),
        slip("kept[t]", "kept[(t + 1).clamp(max=len(betas))]", "You are a step ahead. What is x_t at t = 0, where no noise has come in?"),
        slip("a.sqrt() * x", "a * x", "Too little is left of the image. ᾱ multiplies variances: by what is the image itself multiplied?"),
        slip("(1 - a).sqrt()", "(1 - a)", "1 − ᾱ is the variance of the noise. By what is a draw from N(0, 1) multiplied to have it?"),
        slip("(1 - a).sqrt()", "(1 - a.sqrt())", "The two weights add up to 1, in yours. What has to add up to 1 so that pixels of variance 1 keep it?"),
    ),
    hints=(
        "Two small steps first: what is x_2, in x and two noises? The variances of independent noises add up.",
        "What is left of the image's variance is a product, step after step. The rest, up to 1, is noise. And at t = 0 nothing has happened yet.",
    ),
)
def jump(x, betas, t, noise):
    """x_t of q(x_t|x), in one go: (n, pixels), in the dtype of x.

    betas: (T,), β_1, …, β_T, between 0 and 1; the step from x_{t−1} to x_t is N(√(1 − β_t) x_{t−1}, β_t I). t: (n,), integers from 0, the image itself, to T.
    x, noise: (n, pixels), the noise from N(0, I).
    """
    kept = torch.cat([torch.ones_like(betas[:1]), (1 - betas).cumprod(0)])  # ᾱ_0, …, ᾱ_T
    a = kept[t].unsqueeze(1)
    return a.sqrt() * x + (1 - a).sqrt() * noise
