"""The best linear denoiser."""

import torch

from ..engine import Claim, is_tensor, is_tuple, probes_from, rounding, slip, task

SOLVED = "torch.linalg.solve(of_noisy, covariance)"
NOISE = "sigma**2 * torch.eye(len(mean), dtype=mean.dtype, device=mean.device)"
# The pixels, how many of them never change, and a σ whose square is exact in every dtype, also where it is multiplied by a float32 identity.
SIZES = {(4, 0, 0.625): "", (1, 0, 0.5): "with one pixel", (7, 0, 1.25): "", (3, 1, 0.75): "with a pixel that never changes", (2, 0, 0.0): "with no noise", (3, 1, 30.0): "with very loud noise"}


def noisy_gaussian(draw, pixels, dead, sigma):
    mixing = draw(pixels, pixels + 1)
    mixing[:dead] = 0
    return {"mean": 1 + draw(pixels), "covariance": mixing @ mixing.t() / 2, "sigma": sigma}


def claims(values, mean, covariance, sigma):
    """E(x − x̂)(y − mean)ᵀ = 0: what is left over has nothing in common with what was seen."""
    got, pixels = values["result"], len(mean)
    yield from is_tuple(got, 2)
    yield from is_tensor(got[0], (pixels, pixels), mean.dtype, name="weight")
    yield from is_tensor(got[1], (pixels,), mean.dtype, name="bias")
    weight, bias, m, c = (one.double() for one in (*got, mean, covariance))
    room = rounding(0.0, mean.dtype, scale=10 * (c.diagonal().sum() + 1))
    seen = weight @ (c + sigma**2 * torch.eye(pixels, dtype=torch.float64))
    yield Claim("What is left of x should not be predictable from y: weight @ cov(y) = cov(x, y)", c, seen, room)
    yield Claim("Shown the mean image, it should give the mean image: weight @ mean + bias = mean", m, weight @ m + bias, room)


@task(
    points=2,
    probes=probes_from(noisy_gaussian, sizes=SIZES),
    claims=claims,
    slips=(
        slip("sigma**2", "sigma", "At σ = 1 you are right. What does noise of standard deviation σ add to a variance?"),
        slip(SOLVED, "torch.linalg.inv(of_noisy)", "Measure pixels in other units, say all ten times as large, σ too: the weight must stay as it is. Yours shrinks: what is missing beside the inverse?"),
        slip(SOLVED, f"torch.eye(len(mean), dtype=mean.dtype) - {SOLVED}", "With no noise yours returns nothing but the mean. Is it the image that your weight estimates, or the noise?"),
        slip(SOLVED, "torch.diag(covariance.diagonal() / of_noisy.diagonal())", "Each pixel looks at itself alone. Two pixels that are always equal under independent noise: should they not be averaged?"),
        slip({NOISE: "sigma**2", SOLVED: "covariance / of_noisy"}, 'Element by element you divided. What does "divide by a matrix" mean for vectors?'),
        slip({NOISE: "sigma**2", SOLVED: "covariance @ torch.linalg.pinv(of_noisy)"}, "You added σ² to every entry. The noise of two pixels is independent: what is its covariance matrix?"),
        slip(SOLVED, "torch.linalg.inv(torch.eye(len(mean), dtype=mean.dtype) + sigma**2 * torch.linalg.inv(covariance))", "Right on paper, but you invert the covariance of x. A pixel that is always 0 has no variance to invert. Which of the matrices always has an inverse?"),
        slip("mean - weight @ mean", "torch.zeros_like(mean)", "The weight is right. It pulls everything towards 0: towards what should it pull?"),
        slip("mean - weight @ mean", "mean.clone()", "For the mean image you give the mean, and something on top. How much of the mean does the weight let through already?"),
        slip("mean - weight @ mean", "-weight @ mean", "You take the mean away before the weight. Who puts it back?"),
    ),
    hints=(
        "Take the mean away first; put it back at the end. In one dimension: which a makes E(x − a(x + σε))² smallest, if x has variance λ?",
        "a = λ/(λ + σ²): the covariance of x with y over the variance of y. With vectors, the division becomes an inverse: which matrix is that of y?",
        "weight = covariance · (covariance + σ²I)⁻¹, for instance by torch.linalg.solve. bias = mean − weight @ mean, so that the mean is left alone.",
    ),
)
def linear_denoiser(mean, covariance, sigma):
    """(weight, bias), so that x̂ = weight @ y + bias has the smallest E‖x − x̂‖².

    x has this mean, (pixels,), and covariance, (pixels, pixels). y = x + sigma·ε, with independent ε of mean 0 and variance 1 in each pixel.
    sigma: a Python float. weight: (pixels, pixels). bias: (pixels,), both in the dtype of mean. The covariance may be singular, where a pixel
    never changes; covariance + sigma²·I never is.
    """
    of_noisy = covariance + sigma**2 * torch.eye(len(mean), dtype=mean.dtype, device=mean.device)
    # weight · of_noisy = covariance; both matrices are symmetric and share their axes, so the side does not matter
    weight = torch.linalg.solve(of_noisy, covariance)
    return weight, mean - weight @ mean
