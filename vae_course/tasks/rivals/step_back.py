"""One step out of the noise, once the image is known."""

import torch

from ..engine import Claim, Law, Probe, each_row_for_itself, matches, probes_from, rounding, slip, task

ON, SHARE = "kept_t / kept_s", "(1 - kept_s) / (1 - kept_t)"
VARIANCE, OF_IMAGE, OF_NOISY = "(1 - on) * share", "kept_s.sqrt() * (1 - on) / (1 - kept_t)", "on.sqrt() * share"
MEAN = "of_image.unsqueeze(1) * x + of_noisy.unsqueeze(1) * x_t"
SAME_NOISE = "kept_s.sqrt().unsqueeze(1) * x + ((1 - kept_s) / (1 - kept_t)).sqrt().unsqueeze(1) * (x_t - kept_t.sqrt().unsqueeze(1) * x)"
NO_NOISE = "Let x_t be √ᾱ_t x, so that the noise is 0. Nothing then pulls x_s off √ᾱ_s x: what does your mean say, and do your two weights belong to x and to x_t?"


def noised(draw, n, d):
    """Images, what is kept of them at two times, and one x_t of each."""
    kept_s, x = 0.05 + 0.9 * draw(n).sigmoid(), draw(n, d)
    kept_t = kept_s * (0.1 + 0.8 * draw(n).sigmoid())
    x_t = kept_t.sqrt().unsqueeze(1) * x + (1 - kept_t).sqrt().unsqueeze(1) * draw(n, d)
    return {"x_t": x_t, "x": x, "kept_t": kept_t, "kept_s": kept_s}


GRID = torch.linspace(-1, 1, 12).view(3, 4)
TO_THE_IMAGE = Probe({"x_t": GRID.flip(0) + 0.3, "x": GRID, "kept_t": torch.tensor([0.9, 0.5, 0.1]), "kept_s": torch.ones(3)}, note="with s = 0, the image itself")
FROM_NOISE = Probe({"x_t": 2 * GRID.flip(1), "x": GRID, "kept_t": torch.tensor([4e-5, 1e-4, 1e-3]), "kept_s": torch.tensor([4.1e-5, 0.5, 0.99])}, note="from all but pure noise")


def by_conditioning(x_t, x, kept_t, kept_s):
    """x_s and x_t are jointly Gaussian, given x: the mean is the line of regression, and the variance what that leaves."""
    spread_s, spread_t, between = 1 - kept_s, 1 - kept_t, (kept_t / kept_s).sqrt() * (1 - kept_s)
    off = x_t - kept_t.sqrt().unsqueeze(1) * x
    return kept_s.sqrt().unsqueeze(1) * x + (between / spread_t).unsqueeze(1) * off, spread_s - between**2 / spread_t


def without_noise(probe):
    arguments = probe.arguments
    clean = arguments["kept_t"].sqrt().unsqueeze(1) * arguments["x"]
    return Probe(arguments | {"x_t": clean}, probe.seed, "with x_t = √ᾱ_t x")


def stays_on_the_way(values, derived, x, kept_s, **_):
    should = kept_s.sqrt().unsqueeze(1) * x
    yield Claim("Where x_t is √ᾱ_t x, the mean of x_s is √ᾱ_s x", should, derived["result"][0], rounding(should, x.dtype), question=NO_NOISE)


@task(
    points=2,
    probes=probes_from(noised, sizes={(5, 3): "", (1, 4): "with a single image", (6, 1): "with one pixel", (4, 7): ""}, more=(TO_THE_IMAGE, FROM_NOISE)),
    laws=(each_row_for_itself("x_t", "x", "kept_t", "kept_s"), Law(stays_on_the_way, without_noise)),
    claims=matches(by_conditioning, "It should be x_s's Gaussian, once x and x_t are known", parts=("mean", "variance")),
    slips=(
        slip(ON, "kept_t", "You take ᾱ_t for what is kept from s to t. It is kept from the image to t. How much of it was gone at s already?"),
        slip(ON, "kept_s / kept_t", "More is kept from s to t than there was, in yours. Which of the two times has lost more of the image?"),
        slip(VARIANCE, "1 - on", "That is the noise that is added from s to t. Take s = 0: x is known, so how sure is x_s? Where does your variance say so?"),
        slip(VARIANCE, "1 - kept_s", "That is how unsure x_s is when the image alone is known. You have seen x_t, too. May a look at x_t leave you as unsure as before?"),
        slip(VARIANCE, "1 - (1 - on) * share", "Take s = 0: x_s is the image, which is known. What must the variance be, and what is yours?"),
        slip("* x_t, variance", "* x_t, variance.sqrt()", "The mean is right. Is the second a variance, or a standard deviation?"),
        slip("on.sqrt()", "on", "Your weight of x_t is too small. By what is x_s multiplied on its way to x_t: by what is kept of its square, or of itself?"),
        slip("kept_s.sqrt()", "kept_s", "Your weight of x is too small. How much of x is in x_s: ᾱ_s, or which power of it?"),
        slip(SHARE, "(1 - kept_t) / (1 - kept_s)", "Your share is above 1. Which holds more noise, x_s or x_t, and which belongs above the line?"),
        slip(OF_IMAGE, "kept_s.sqrt() * (1 - on)", "Look at pure noise, ᾱ_t near 0, and then at a small t. Precisions add up, and the weights are shares of their sum. By what is yours to be divided?"),
        slip(MEAN, "of_noisy.unsqueeze(1) * x + of_image.unsqueeze(1) * x_t", "Take s = 0: x_s is x itself. Which of the two has the whole weight in yours?"),
        slip(MEAN, "kept_s.sqrt().unsqueeze(1) * x", "Your mean is that of x_s with the image alone. What x_t says of the noise at s is left out. Is the noise at s not a part of that at t?"),
        slip(MEAN, SAME_NOISE, "You carry x_t's whole noise over to s, made smaller: that is the way back which draws nothing. Here some noise came after s. Which share of the noise in x_t was there at s?"),
        slip(f"{MEAN}, variance", f"{MEAN}, 0 * variance", "The mean is right. Once x_t and x are known, is x_s known for sure?"),
    ),
    hints=(
        "From x_s to x_t it goes as from x to x_s: x_t = √a x_s + √(1 − a) noise. Of x, √a √ᾱ_s is left at t. What is a, then?",
        "Two things speak of x_s: the image says N(√ᾱ_s x, 1 − ᾱ_s), and x_t says that √a x_s lies about x_t, with variance 1 − a. Multiply the two densities.",
        "The precisions add up: 1/(1 − ᾱ_s) and a/(1 − a). Their sum, turned over, is the variance; simplify it. The mean weighs √ᾱ_s x and x_t/√a by those two precisions.",
    ),
)
def step_back(x_t, x, kept_t, kept_s):
    """(mean, variance) of q(x_s|x_t, x), the Gaussian of an earlier time s once x_t and the image are known: (n, pixels) and (n,), in the dtype of x_t.

    The way to noise is diffusion's: from x_{t−1} to x_t by N(√(1 − β_t) x_{t−1}, β_t I), so q(x_t|x) = N(√ᾱ_t x, (1 − ᾱ_t) I). x_t, x: (n, pixels).
    kept_t, kept_s: (n,), ᾱ_t and ᾱ_s of each image, 0 < ᾱ_t < ᾱ_s ≤ 1. There may be any number of steps between s and t. The variance is one for all pixels of an image.
    """
    on = kept_t / kept_s  # of x_s's square, kept at t
    share = (1 - kept_s) / (1 - kept_t)
    variance = (1 - on) * share
    of_image = kept_s.sqrt() * (1 - on) / (1 - kept_t)
    of_noisy = on.sqrt() * share
    return of_image.unsqueeze(1) * x + of_noisy.unsqueeze(1) * x_t, variance
