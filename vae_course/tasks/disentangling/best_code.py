"""What β closes."""

import math

import torch
from scipy.optimize import fminbound

from ..engine import each_row_for_itself, matches, probes_from, slip, task

ALLOWED = "beta * sigma**2"
# Latents, β, σ: β·σ² is exact in every dtype.
SIZES = {(6, 1.75, 0.75): "", (1, 2.5, 0.625): "with one latent", (9, 2.25, 0.875): "", (5, 1.0, 0.75): "with β = 1", (5, 1.5, 1.0): "with σ = 1", (6, 3.0, 0.625): "in float64", (4, 4096.0, 0.75): "with a β that closes every latent", (4, 2.0**-10, 0.875): "with a very small β"}


def spectra(draw, d, beta, sigma):
    spread = torch.exp(1.2 * draw(d))
    spread[::2] += 1.5  # some that stay open
    spread[1::2] *= 0.2  # and some that close
    return {"variance": 2 * sigma**2 * spread, "sigma": sigma, "beta": beta}


def reference(variance, sigma, beta):
    """By a search for the KL with the smallest loss: nothing is differentiated or solved by hand."""

    def best(width):
        return fminbound(lambda kl: width * math.exp(-2 * kl) / (2 * sigma**2) + beta * kl, 0, 20, xtol=1e-10)

    kl = torch.tensor([best(width) for width in variance.tolist()], dtype=torch.float64)
    return kl, variance * torch.exp(-2 * kl)


@task(
    points=2,
    probes=probes_from(spectra, sizes=SIZES),
    laws=(each_row_for_itself("variance", question="Latents don't know of one another here. Where does yours mix them?"),),
    claims=matches(reference, "The code should have the smallest loss", scale=lambda variance, sigma, beta: variance.max() + 5, parts=("kl", "error")),
    slips=(
        slip(f"variance.clamp(max={ALLOWED})", f"torch.full_like(variance, {ALLOWED})", "Some of your KLs are negative, and some errors greater than the variance. What does a latent cost that carries nothing, and what error does it leave?"),
        slip("log(), error", f"log(), torch.full_like(variance, {ALLOWED})", "Your KLs are right. But a decoder that knows nothing still knows the mean: how great can the error be, at most?"),
        slip("beta * sigma", "sigma", "Change beta: yours does not move. Where does it stand in the loss?"),
        slip("sigma**2", "sigma", "At σ = 1 you are right. An error is a squared distance: with which power of σ is it compared?"),
        slip("beta * sigma", "1 / beta * sigma", "A greater β makes information dearer. Does your code then keep less, or more?"),
        slip(ALLOWED, f"{ALLOWED} / 2", "Your D is half of what it should be. Which ½ in the loss got lost when you took the slope?"),
        slip(ALLOWED, f"2 * {ALLOWED}", "Your D is twice what it should be. Which ½ in the loss got lost when you took the slope?"),
        slip("0.5 * (variance", "(variance", "Your errors are right. How many nats does a code cost that leaves this D? Is it log(λ/D)?"),
        slip("(variance / error).log()", "(variance / error).log2()", "Your errors are right, your KLs are in bits. Which unit is asked for?"),
        slip("return 0.5", "return beta * 0.5", "Your errors are right. Is it the KL that you return, or what the loss charges for it?"),
        slip("log(), error", "log(), variance - error", "Your KLs are right. Is it the error that you return, or what the code explains?"),
    ),
    hints=(
        "One coordinate at a time. Write the loss as a function of D alone, and set its slope to 0. Where does the slope's sign tell you to go if that D is out of reach?",
        "The slope of D/(2σ²) + β·½ log(λ/D) is 1/(2σ²) − β/(2D). D may not exceed λ: if the slope is still negative there, D = λ is best.",
        "D is the smaller of β·σ² and λ, and the KL is ½ log(λ/D), which is 0 where D = λ. torch.minimum, or clamp, does the choice.",
    ),
)
def best_code(variance, sigma, beta):
    """(kl, error), what the best β-VAE pays and leaves in each latent.

    variance: (latent_size,), positive: the data are Gaussian with independent coordinates of these variances, one latent for each.
    sigma, beta: positive Python floats. A code that leaves the mean squared error D of a coordinate of variance λ costs a KL of at least ½ log(λ/D) nats,
    0 < D ≤ λ, and a VAE can reach that. The loss of a coordinate is D/(2·sigma²) + beta·KL. Return the KL and the D that make it smallest,
    both (latent_size,), in the dtype of variance.
    """
    # the slope 1/(2σ²) − β/(2D) is 0 at D = βσ²; where that lies beyond λ, the loss falls all the way to D = λ
    error = variance.clamp(max=beta * sigma**2)
    return 0.5 * (variance / error).log(), error
