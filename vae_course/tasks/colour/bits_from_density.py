"""Bits per dimension from the density of pictures that were dequantised."""

import math

import numpy
import torch

from ..engine import finite_far_out, matches, probes_from, relation, slip, task, unchanged

SIZES = {
    (4, 5, (3, 2, 3), 0.0, 1.0): "",
    (1, 4, (3, 4, 4), -1.0, 1.0): "with a single draw of the noise, on −1 to 1",
    (3, 1, (1, 5, 2), -0.5, 0.5): "with one picture, of one channel",
    (6, 3, (3, 1, 2), 0.0, 256.0): "with pixels left as bytes",
    (5, 3, (2, 3, 2), -1.0, 3.0): "in float64, on −1 to 3",
    (3, 4, (3, 32, 32), 0.0, 1.0): "with pictures of 32×32 in colour on 0 to 1, whose densities are great",
    (4, 3, (3, 32, 32), 0.0, 256.0): "with pictures of 32×32 in colour, whose densities are small",
}
AVERAGE, CELL = "log_density.logsumexp(0) - math.log(len(log_density))", "math.log((high - low) / 256)"
JENSEN = "Right for a single draw. With more you average logarithms: a byte's probability is the mean of the density itself over its cell. Which of the two is greater, and which do you need?"
UNITS = "One logarithm of yours counts in bits and the other in nats, and they are added. Which of the two is in which?"
OVERFLOW = "Right, until pictures are large: their densities leave the range of floats, above or below. Which function takes the logarithm of a sum of exponentials without the exponentials?"


def densities(draw, draws, n, shape, low, high):
    """Of a model that needs some 3 bits a dimension; draws of the noise differ by about a nat."""
    size = math.prod(shape)
    level = -size * (3.0 * math.log(2) + math.log((high - low) / 256))
    return {"log_density": level + 0.2 * size**0.5 * draw(1, n) + 1.3 * draw(draws, n), "shape": shape, "low": low, "high": high}


def in_powers_of_two(log_density, shape, low, high):
    """All in powers of 2: the densities added up one by one, a cell's width as so many bits."""
    bits = numpy.logaddexp2.reduce(log_density.detach().numpy() / numpy.log(2), axis=0) - numpy.log2(len(log_density))
    return torch.from_numpy(numpy.log2(256 / (high - low)) - bits / numpy.prod(shape))


@task(
    points=2,
    probes=probes_from(densities, sizes=SIZES),
    laws=(
        # the first probe's pictures hold 18 numbers
        unchanged(
            lambda log_density, low, high, **_: {"log_density": log_density - 18 * math.log(2), "high": 2 * high - low},
            "On a range twice as wide, where the density of each of 18 numbers is half as great",
            "Stretch the range to twice its width: the density halves in each number, and no file grows. How does the width come into yours, and how many times?",
        ),
        unchanged(lambda log_density, **_: {"log_density": torch.cat([log_density, log_density])}, "With every draw there twice", "With every draw there twice, yours changes. Where is a sum, and where should a mean be?"),
        relation(lambda log_density, **_: {"log_density": log_density[:, :1]}, lambda bits: bits[:1], "A picture alone should cost what it costs among others", "Does anything in yours mix the pictures? Which axis holds the draws, and which the pictures?"),
        finite_far_out("Which step leaves the range of floats: the exponential of a picture's log-density?"),
    ),
    gradients=("log_density",),
    claims=matches(in_powers_of_two, "−log₂ of the mean, over the draws, of the density of k + u, a dimension", question=lambda **_: "From a density of y to one of k + u, from that to a probability, from nats to bits, from a picture to a number: which of these steps is off?"),
    slips=(
        slip(f" + size * {CELL}", "", "You take the density of scaled pixels for that of bytes. Stretch the range to twice its width: your bits rise by one a dimension, and no file grows. How wide is a level's cell on it?"),
        slip(" + size * math", " - size * math", "Your width of a cell comes in with the wrong sign: on a wider range the bits rise by two. A density times a width is a probability: what becomes of the logarithms?"),
        slip("/ 256", "/ 255", "You count 255 cells on the range. The noise widens the last level, too: what does k + u run through?"),
        slip(" / 256)", ")", "You know how wide the whole range is. How many levels share it, and how wide is each one's cell?"),
        slip("(high - low) / 256", "1 / 256", "On 0 to 1 you are right. How wide is a level's cell on −1 to 1?"),
        slip("(high - low) / 256", "high / 256", "Right where the range begins at 0. How wide is a level's cell on −1 to 1?"),
        slip(" + size * math", " + math", "The cell's width comes in once for each picture. In how many directions does a cell of a picture extend?"),
        slip("math.log((high", "math.log2((high", UNITS),
        slip("math.log((high - low) / 256)", "math.log(2) * math.log((high - low) / 256)", UNITS),
        slip(" / (size * math.log(2))", " / size", "Your figures are in nats a dimension. How many bits is a nat?"),
        slip(" / (size * math.log(2))", " / size * math.log(2)", "Eight bits are 5.5 nats: which of the two numbers is the greater, and what do you do with log 2?"),
        slip(" / (size * math.log(2))", " / math.log(2)", "Your figures are bits for a whole picture. For how many numbers is that?"),
        slip("size = math.prod(shape)", "size = math.prod(shape[1:])", "Right for one channel. How many numbers has a pixel in colour?"),
        slip("math.prod(shape)", "sum(shape)", "You add channels, height and width up. How many numbers does a picture of that shape hold?"),
        slip("return -log_p", "return log_p", "A likelier picture costs more, in yours. Which sign has a cost?"),
        slip(AVERAGE, "log_density.mean(0)", JENSEN),
        slip(" - math.log(len(log_density))", "", "Every draw there twice, and yours changes: you add the densities up. What makes a mean of a sum, inside a logarithm?"),
        slip("- math.log(len(log_density))", "/ len(log_density)", "You divide a logarithm by the number of draws. Where does the 1/k of a mean stand: inside the logarithm, or outside?"),
        slip(AVERAGE, "size * ((log_density / size).logsumexp(0) - math.log(len(log_density)))", "You divide by the number of dimensions before the mean is taken. What is averaged over the draws: the density of a whole picture, or its root?"),
        slip("- math.log(len(log_density))", "+ math.log(len(log_density))", "More draws of the same, and your bits fall. Which sign has the logarithm of 1/k?"),
        slip(AVERAGE, "log_density.amax(0)", "You keep the luckiest draw of each picture. What of the noise that did worse?"),
        slip(AVERAGE, "log_density.exp().mean(0).log()", OVERFLOW),
        slip(AVERAGE, "log_density.double().exp().mean(0).log().to(log_density)", OVERFLOW),
        *(slip(AVERAGE, f"(log_density.exp().mean(0) + {least}).log()", OVERFLOW) for least in ("1e-8", "1e-12")),
        slip({"logsumexp(0)": "logsumexp(1)", "len(log_density)": "log_density.shape[1]"}, "You averaged over the pictures, and have a figure for each draw. Which axis holds the draws?"),
        slip({"-log_p": "-log_p.mean()"}, "One figure for all pictures. What does the contract want one of for each picture?"),
    ),
    hints=(
        "Begin with one draw and one number. k + u runs from 0 to 256, y from low to high. A density of y is how many times as great as that of k + u? And for D numbers?",
        "The probability of a picture is the mean of the density of k + u over its cell, which is 1 wide in every direction. The draws of the noise are draws from that cell.",
        "logsumexp over the draws, less log of how many; to this D times the logarithm of a cell's width on the range; then the sign, D and log 2.",
    ),
)
def bits_from_density(log_density, shape, low, high):
    """Bits per dimension of each picture, from the density of its dequantised pixels: (n,), in the dtype of log_density.

    A picture of bytes k = 0 … 255 gets noise u, uniform on [0, 1) and anew for each number, and is brought to y = low + (high − low) · (k + u) / 256.
    log_density: (draws, n), the model's log-density of y in nats, for the whole picture; each row is another draw of the noise for the same n pictures.
    shape: (channels, height, width) of a picture. low, high: floats, low < high. P(picture) is taken to be the mean over the draws of the density of k + u.
    Right also for log-densities of many thousands.
    """
    size = math.prod(shape)
    log_p = log_density.logsumexp(0) - math.log(len(log_density)) + size * math.log((high - low) / 256)
    return -log_p / (size * math.log(2))
