"""Which β a loss really is."""

import torch
from torch.distributions import Normal

from ..engine import matches, probes_from, relation, slip, task

# Pixels and latents, σ and the weight; 0 stands for one that is drawn.
SIZES = {(784, 20, 0, 0): "", (64, 2, 0, 0): "", (2000, 50, 0, 0): "", (300, 1, 0, 0): "with one latent", (784, 16, 1.0, 0): "with σ = 1", (100, 8, 0, 1.0): "with a weight of 1"}


def settings(draw, pixels, latents, sigma, kl_weight):
    drawn = torch.special.ndtr(draw(2)).tolist()
    return {"pixels": pixels, "latents": latents, "sigma": sigma or round(0.05 + drawn[0], 3), "kl_weight": kl_weight or round(0.01 + 2 * drawn[1], 3)}


def reference(pixels, latents, sigma, kl_weight):
    """From gradients of the two losses in a squared error and a KL, both of one image: no formula is rearranged here."""
    error, kl = (torch.ones((), dtype=torch.float64, requires_grad=True) for _ in range(2))
    by_error, by_kl = torch.autograd.grad(error / pixels + kl_weight * kl / latents, (error, kl))
    (by_full,) = torch.autograd.grad(-Normal(0.0, torch.tensor(sigma).double()).log_prob(error.sqrt()), error)
    return (by_kl * by_full / by_error).item()


IN_NUMBERS = "Put numbers in: 100 pixels, 10 latents, kl_weight = 1, at σ = 1 and again at σ = 0.1. What must the written loss be multiplied by, so that the summed squared error has the right factor? What stands before the summed KL then?"


@task(
    points=1,
    probes=probes_from(settings, sizes=SIZES),
    laws=(
        relation(lambda pixels, latents, sigma, kl_weight: {"kl_weight": 2 * kl_weight}, lambda result: 2 * result, "With twice the kl_weight, β should be twice as large", "Double kl_weight: the KL counts twice. What becomes of your β?"),
        relation(lambda pixels, latents, sigma, kl_weight: {"pixels": 2 * pixels}, lambda result: 2 * result, "With twice the pixels, β should be twice as large", "More pixels in a mean make each count less, so the KL counts more. What becomes of your β?"),
    ),
    claims=matches(reference, "The two losses should weigh the KL against the squared error in the same proportion", question=lambda **_: IN_NUMBERS),
    slips=(
        slip("kl / squared_error * squared_error_of_elbo", "kl_weight", "The weight as it is written. But one mean divides by the pixels, the other by the latents: what is left of it in sums?"),
        slip("kl_weight / latents", "kl_weight", "You undid the mean over pixels. Look at kl.mean(): what does it divide by, besides the batch?"),
        slip(" * squared_error_of_elbo", "", "The two means are undone. A Gaussian's log-likelihood is not the squared error: which factor stands before it?"),
        slip("1 / (2 * sigma**2)", "1 / sigma**2", "Off by 2. How does −log N(x; x̂, σ²) begin?"),
        slip("1 / (2 * sigma**2)", "1 / 2", "At σ = 1 you are right. A narrower σ makes each pixel's error count more: where is it in yours?"),
        slip("kl_weight / latents", "kl_weight * latents", "More latents in a mean make each one's KL count less. Which way does your β go with their number?"),
        slip({"kl_weight / latents": "kl_weight * latents", "1 / (2 * sigma**2)": "1 / 2 * sigma**2"}, "Python reads a / b * c as (a / b) * c. What stands below the line in yours, and what did you mean to have there?"),
        slip("return kl / squared_error * squared_error_of_elbo", "return round(kl / squared_error * squared_error_of_elbo, 2)", "Right, and rounded. Who reads it next, and needs which digits?"),
        slip("return kl / squared_error * squared_error_of_elbo", "return kl_weight * pixels // (2 * sigma**2 * latents)", "Right, and its digits after the point are gone. Which of Python's two divisions leaves them?"),
        slip("sigma**2", "sigma", "At σ = 1 you are right. What is divided by: σ, or σ²?"),
        slip({"1 / pixels": "1 / latents", "kl_weight / latents": "kl_weight / pixels"}, "More pixels in a mean make each count less, so the KL counts more. Does your β rise with the number of pixels?"),
        slip("1 / (2 * sigma**2)", "2 * sigma**2", "A narrower σ makes each pixel's error count more. Compare with a loss whose errors count for a fixed amount: which way does β go?"),
        slip("kl / squared_error * squared_error_of_elbo", "squared_error / kl / squared_error_of_elbo", "Double kl_weight: the KL counts twice, so β must double. Is yours upside down?"),
    ),
    hints=(
        "Write both losses for one image with S, the summed squared error, and K, the summed KL. Only the ratio of the two coefficients matters.",
        "Written loss: S/pixels + kl_weight·K/latents. Negative ELBO with β: S/(2σ²) + β·K, and a constant.",
        "Multiply the written loss by pixels/(2σ²), so that S has the right coefficient. Read off what stands before K.",
    ),
)
def effective_beta(pixels, latents, sigma, kl_weight):
    """β, a Python float.

    The loss is mse_loss(x_hat, x) + kl_weight * kl.mean(), with kl of shape (batch, latents), a KL a dimension.
    Return the β for which it is a multiple of −log p(x|z) + β·KL, but for a constant, where every pixel is N(x_hat, sigma²).
    """
    squared_error = 1 / pixels
    kl = kl_weight / latents
    squared_error_of_elbo = 1 / (2 * sigma**2)
    return kl / squared_error * squared_error_of_elbo
