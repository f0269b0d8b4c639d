"""The error of a denoising autoencoder."""

import torch
from torch.nn.functional import hardtanh, mse_loss

from ..engine import averages_over_the_batch, matches, never_negative, probes_from, slip, task

# The number of images, their width, and how loud the noise is.
SIZES = {(7, 3, 0.5): "", (1, 3, 0.5): "with a single image", (5, 1, 0.5): "with images of two pixels", (4, 6, 0.5): "", (2, 2, 0.0): "with no noise", (2, 2, 8.0): "with very loud noise"}


def network(weight):
    """A reconstruction small enough to be followed by hand: every pixel drawn from all pixels, never outside [0, 1]."""

    def reconstruct(y):
        if y.ndim != 4:
            raise ValueError(f"reconstruct takes images of shape (batch, 1, height, width), got {tuple(y.shape)}. Give it the shape of x.")
        return torch.sigmoid(y.flatten(1) @ weight).reshape(y.shape)

    return reconstruct


@task(
    points=1,
    probes=probes_from(lambda draw, n, d, loud: {"weight": draw(2 * d, 2 * d), "x": torch.sigmoid(2 * draw(n, 1, 2, d)), "noise": loud * draw(n, 1, 2, d)}, sizes=SIZES),
    run=lambda function, weight, x, noise: {"result": function(network(weight), x, noise)},
    laws=(never_negative(what="A squared error"), averages_over_the_batch("x", "noise")),
    gradients=("weight",),
    claims=matches(
        lambda weight, x, noise: mse_loss(network(weight)(hardtanh(x + noise, 0.0, 1.0)), x, reduction="sum") / len(x),
        "Your error should be the squared distance between x and what is drawn from its noisy twin, averaged over images",
        scale=lambda weight, x, noise: float(x[0].numel()),
    ),
    slips=(
        slip("(x - x_hat)", "(noisy - x_hat)", "You ask for the noisy image back. Which network has the smallest such error, and does it remove any noise?"),
        slip("reconstruct(noisy)", "reconstruct(x)", "Make the noise louder: your error stays as it is. What does the network get to see?"),
        slip({"(x - x_hat)": "(noisy - x_hat)", "reconstruct(noisy)": "reconstruct(x)"}, "Clean in and noisy out. Which of the two does one have when an image has to be repaired, and which does one want?"),
        slip(".clamp(0, 1)", "", "What is the largest pixel that your network is shown? Pixels lie in [0, 1], noisy ones too."),
        slip("(x - x_hat)", "(noise - x_hat)", "You compare what is drawn with the noise. Is the network asked to draw the noise, or the image under it?"),
        slip(".flatten(1).sum(1).mean()", ".mean()", "Glue two images together side by side, to one of twice the width: the error of the pair must be the sum. What does a mean over pixels do?"),
        slip(".flatten(1).sum(1).mean()", ".sum()", "Show it the same batch twice over: your error doubles. Over which axis should there be a mean?"),
        slip(".sum(1).mean()", ".sum(1)", "One number for each image. What is done with the batch, at the very end?"),
        slip(".sum(1).mean()", ".sum(1).sqrt().mean()", "That is a distance. Errors of 3 and 4 in two pixels: is 25 asked for, or 5?"),
        slip({"(x - x_hat)": "(x.flatten(1) - x_hat)", "reconstruct(noisy)": "reconstruct(noisy.flatten(1))"}, "The network takes images and draws images, and the contract says in which shape. What is it given in yours?"),
        slip(".square()", ".abs()", "One pixel wrong by 1, or ten wrong by 0.1: to you they are the same. Are they to a squared error?"),
    ),
    hints=(
        "Three steps: make the noisy image, let the network draw, compare. Which two images are compared in the last step?",
        "(x + noise).clamp(0, 1) goes in; x itself is the target. Square the differences, sum over all axes but the first.",
        "With d = x − reconstruct(noisy): d squared, flatten(1), sum over axis 1 gives one number an image. Then the mean of these.",
    ),
)
def denoising_error(reconstruct, x, noise):
    """The error of a denoising autoencoder on the batch x, a tensor of shape ().

    reconstruct: a function from images to images of the same shape. It is shown x + noise, cut to [0, 1], and has to draw x.
    x, noise: (batch, 1, height, width), x in [0, 1]. The squared error is summed over pixels and averaged over the batch.
    """
    noisy = (x + noise).clamp(0, 1)
    x_hat = reconstruct(noisy)
    return (x - x_hat).square().flatten(1).sum(1).mean()
