"""What a diffusion model's error is worth in nats, level by level."""

import torch
from torch.distributions import Normal, kl_divergence

from ..engine import Probe, each_row_for_itself, matches, never_negative, probes_from, slip, task

RATIO, WEIGHTS, LEVELS = "kept / (1 - kept)", "ratio[:-1] / ratio[1:] - 1", "weights * errors[:, 1:]"
BY_BETA = "(1 - kept[1:] / kept[:-1]) / (kept[1:] / kept[:-1] * (1 - kept[1:]))"


def levels_of(draw, n, d, times):
    """A schedule of steps that differ, images, and errors of a network that knows little or much."""
    kept = (1 - 0.02 - 0.5 * draw(times).sigmoid()).cumprod(0)
    return {"errors": d * draw(n, times).square(), "kept": kept, "x": draw(n, d)}


FINE = (1 - torch.linspace(0.002, 0.4, 50, dtype=torch.float64)).cumprod(0)
AS_IN_THE_COURSE = Probe({"errors": torch.linspace(9, 1, 100, dtype=torch.float64).view(2, 50), "kept": FINE, "x": torch.linspace(-1, 1, 18, dtype=torch.float64).view(2, 9)}, note="with fifty steps that begin small")


def by_gaussians(errors, kept, x):
    """The KLs of two Gaussians of x_{t−1} given x_t: of the image, and of the one that the network's noise makes of x_t."""
    before, after = kept[:-1], kept[1:]
    step = after / before
    spread = ((1 - step) * (1 - before) / (1 - after)).sqrt()
    off_image = ((1 - after) / after * errors[:, 1:]).sqrt()  # x and x̂ lie apart as ε and ε̂ do, in the units of x
    apart = before.sqrt() * (1 - step) / (1 - after) * off_image
    levels = kl_divergence(Normal(torch.zeros_like(apart), spread), Normal(apart, spread))
    top = kl_divergence(Normal(kept[-1].sqrt() * x, (1 - kept[-1]).sqrt().expand_as(x)), Normal(torch.zeros_like(x), torch.ones_like(x)))
    return top.sum(1), levels


def size_of_terms(errors, kept, x):
    ratio = kept / (1 - kept)
    return max((errors.max() * (ratio[:-1] / ratio[1:]).max()).item(), float(x.shape[1]))


@task(
    points=2,
    probes=probes_from(levels_of, sizes={(3, 5, 4): "", (1, 3, 6): "with a single image", (4, 1, 5): "with one pixel", (2, 7, 2): "with two times"}, more=(AS_IN_THE_COURSE,)),
    laws=(
        never_negative("A KL is never below 0. Look at a step that adds no noise, ᾱ_{t−1} = ᾱ_t: what must its weight be, and which sign has yours beside it?", what="A KL"),
        each_row_for_itself("errors", "x"),
    ),
    claims=matches(by_gaussians, "It should be what the KLs of the Gaussians say", parts=("top", "levels"), scale=size_of_terms),
    slips=(
        slip("0.5 * (ratio", "(ratio", "Your levels are twice what they should be. By what is the squared distance of two means divided in the KL of Gaussians with one variance?"),
        slip(WEIGHTS, "ratio[:-1] / ratio[1:]", "Think of a step that adds no noise. Both of its Gaussians are one point, and nothing has to be guessed. What is your weight there?"),
        slip(WEIGHTS, "ratio[:-1] - ratio[1:]", "That is the weight of the error of the *image*, ‖x − x̂‖². You were given the error of the noise. How much of x does a unit of noise hide at t?"),
        slip(WEIGHTS, "1 - ratio[1:] / ratio[:-1]", "Your weights are below ½, however much noise a step adds. The distance of two means in units of their spread has no such limit. At which of the two times is the error made, and at which is it looked at?"),
        slip("0.5 * (ratio[:-1] / ratio[1:] - 1)", f"0.5 * {BY_BETA}", "Your p has the variance β_t, that of the step to noise. Once the image is known, x_{t−1} is surer than that. What does the contract say of p?"),
        slip(RATIO, "kept", "You compare what is left of the image. The noise has changed as well. Signal to noise: what belongs below the line?"),
        slip(RATIO, "(kept / (1 - kept)).sqrt()", "Your signal and your noise are sizes of x. A KL has squared distances, over variances. What happens to your ratio when both are squared?"),
        slip("errors[:, 1:]", "errors[:, :-1]", "Your errors are of times one too early. The KL of x_{t−1} given x_t: which of the two did the network see when it named the noise?"),
        slip(LEVELS, "errors[:, 1:] * torch.ones_like(weights)", "Those are the errors of training, each t with the same weight. They are no nats. By how many standard deviations do two means of x_{t−1} differ where the noise is off by one?"),
        slip("last * x.square()", "(last * x).square()", "The levels are right. In the top, how much of x is left in the mean of x_T: ᾱ_T, or which power of it?"),
        slip(" - last - ", " - ", "The levels are right. In the top you leave out that the variance of x_T is below 1. Which terms has the KL of N(μ, σ²) and N(0, 1)?"),
        slip("- torch.log1p(-last)", "+ torch.log1p(-last)", "The levels are right. In the top, let x be 0: a KL is never below 0. Which sign has the logarithm of a variance?"),
        slip(".sum(1)", ".mean(1)", "The levels are right. Independent pixels add up, and you average them in the top. Which is asked for?"),
        slip("kept[-1]", "kept[0]", "The levels are right. Your top is at the other end of the way: is x_1 near N(0, I)? Which x is the last latent?"),
    ),
    hints=(
        "Both Gaussians have one variance, so each KL is the squared distance of the means, over twice that variance. Only x differs from x̂ in the means: how far are they apart, if ε and ε̂ are?",
        "x̂ is what ε̂ makes of x_t = √ᾱ_t x̂ + √(1 − ᾱ_t) ε̂. So ‖x − x̂‖² is a multiple of ‖ε − ε̂‖². Put the weight of x in the mean, squared, over twice the variance, and simplify.",
        "With the signal-to-noise ratio ᾱ/(1 − ᾱ) little is left of it: one ratio of two of them, less one, halved. The top is the KL of a Gaussian and N(0, I), as in any VAE.",
    ),
)
def level_nats(errors, kept, x):
    """(top, levels): the terms of a diffusion model's −ELBO but the last one, in nats: (n,) and (n, T − 1), in the dtype of errors.

    top: KL(q(x_T|x) ‖ N(0, I)), with q(x_T|x) = N(√ᾱ_T x, (1 − ᾱ_T) I). levels: KL(q(x_{t−1}|x_t, x) ‖ p(x_{t−1}|x_t)) at t = 2, …, T, where p is q(x_{t−1}|x_t, x̂):
    the same Gaussian with x̂ in the place of the image, and x̂ is what is left of x_t when the noise ε̂ that the network names is taken out.
    kept: (T,), ᾱ_1, …, ᾱ_T, which fall, between 0 and 1; T ≥ 2. x: (n, pixels). errors: (n, T), ‖ε − ε̂(x_t, t)‖² at t = 1, …, T, summed over pixels.
    """
    ratio = kept / (1 - kept)  # of signal to noise
    weights = 0.5 * (ratio[:-1] / ratio[1:] - 1)
    last = kept[-1]
    top = 0.5 * (last * x.square() - last - torch.log1p(-last)).sum(1)
    return top, weights * errors[:, 1:]
