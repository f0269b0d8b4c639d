"""How sharp is a picture of which only two noisy copies are known?"""

import torch

from ..engine import Probe, each_row_for_itself, matches, probes_from, slip, task, unchanged
from .sharpness import ALIKE, LIMIT, PICTURE, pair_by_pair

OF_ONE = "(torch.cat([{0}.diff(dim=1).flatten(1), {0}.diff(dim=2).flatten(1)], 1).square().mean(1) / (2 * {0}.flatten(1).var(1))).nan_to_num()"
RATIO, COVARIANCE = "torch.where(any_two > 0, neighbours / any_two, torch.zeros_like(any_two))", "(away_a * away_b).sum(1) / (away_a.shape[1] - 1)"
STEPS, SQUARES = "torch.cat([down, across], dim=1)", "torch.cat([down, across], dim=1).mean(1)"
AROUND_DOWN, AROUND_ACROSS = "(a - a.roll(1, 1)).flatten(1) * (b - b.roll(1, 1))", "(a - a.roll(1, 2)).flatten(1) * (b - b.roll(1, 2))"
CHECKS, FLAT = (torch.arange(4).unsqueeze(1) + torch.arange(4)) % 2.0, torch.full((4, 4), 0.75)
NOTHING = {"a": torch.stack([CHECKS, PICTURE, FLAT]), "b": torch.stack([1 - CHECKS, PICTURE + 0.2 * CHECKS, FLAT - 0.5])}
# products of differences, whose mean is that of the one picture less that of the other: far above 2, and far below 0
LOUD = Probe({"a": torch.stack([CHECKS + PICTURE, PICTURE + 0.5 * CHECKS]), "b": torch.stack([CHECKS - PICTURE, PICTURE - 0.5 * CHECKS])}, note="with much noise")
BELOW = "You let no figure be below 0. That of one picture scatters around its sharpness, to both sides: what becomes of the mean over many pictures if one side is cut off? Of which figure does the contract say what to do below 0?"
SIZES = {(4, 6, 5, 0.15): "", (2, 5, 4, 0.0): "with two copies that are alike", (1, 2, 9, 0.05): "with a single image, low and wide", (5, 7, 2, 0.3): "with images that are high and narrow", (3, 4, 6, 0.15): "in float64"}


def noisy_copies(draw, n, height, width, noise):
    slope = torch.linspace(0, 1.0, height).unsqueeze(1) + torch.linspace(0, 0.6, width)
    a, b = slope + 0.1 * draw(n, height, width) + noise * draw(2, n, height, width)
    return {"a": a, "b": b}


@task(
    points=1,
    probes=probes_from(noisy_copies, sizes=SIZES, more=(Probe(NOTHING, note="with copies that have very little in common, or nothing"), LOUD)),
    laws=(
        unchanged(lambda a, b: {"a": b, "b": a}, "With the copies exchanged", "Let the copies change places. Which of your means holds one of them alone?"),
        unchanged(lambda a, **_: {"a": 0.5 * a + 0.4}, "With one copy at half the contrast, and brighter", "Halve the contrast of one copy, or make it brighter: both means should change by the same factor. Which of yours holds a square of one copy, or a level instead of a difference?"),
        unchanged(lambda a, b: {"a": a.transpose(1, 2), "b": b.transpose(1, 2)}, "With the images on their side", f"Turn the images on their side: {ALIKE}"),
        each_row_for_itself("a", "b", question="An image alone gets another figure than among others. Whose pixels is each image measured by?"),
    ),
    claims=matches(pair_by_pair, "It should be neighbours' mean product of differences over that of any two pixels"),
    slips=(
        slip("down =", "a = b = (a + b) / 2\n    down =", "You average the two copies first. That halves the noise's variance: what does a squared difference still hold of it? Which product of two differences holds none, on average?"),
        slip("down =", "b = a\n    down =", "You look at the first copy alone. A difference that is noisy, squared: what does the noise add on average? And what does it add to a product with another copy's difference?"),
        slip(COVARIANCE, "away_a.square().sum(1) / (away_a.shape[1] - 1)", "Above the line the noise is gone, below it is not. Give it more noise: your figure sinks. Of what is a variance the mean, and where does the other copy come in?"),
        slip(COVARIANCE, "(away_a.square().sum(1) * away_b.square().sum(1)).sqrt() / (away_a.shape[1] - 1)", "Above the line the noise is gone. Below you take both copies' spreads, each with its own noise in it. What becomes of a variance when one of its two factors comes from the other copy?"),
        slip("2 * (", "(", "Shuffle the pixels of both copies in one way: neighbours are then as any two, and the ratio is about 1. Yours is about 2. How is a mean over all pairs related to a mean over pixels?"),
        slip("(away_a.shape[1] - 1)", "away_a.shape[1]", "Nearly: yours is too great, by more in a small image. Among your pairs of any two pixels, is there each pixel with itself?"),
        slip(STEPS, "across", "Blur both copies up and down only: yours does not notice. Which neighbours does a pixel have?"),
        slip(STEPS, "down", "Blur both copies from side to side only: yours does not notice. Which neighbours does a pixel have?"),
        slip(SQUARES, "down.mean(1) + across.mean(1)", "You add the mean of the steps down to the mean of those across. What is your figure for shuffled pixels? Over which pairs does one mean run?"),
        slip(SQUARES, "(down.mean(1) + across.mean(1)) / 2", "You take the middle of two means. In an image that is low and wide, are there as many steps of either kind? Over which pairs does one mean run?"),
        slip(SQUARES, f"{STEPS}.abs().mean(1)", "You make each product positive. Where there is nothing but noise, products of both signs should cancel. What is left of them in yours?"),
        slip("copy.flatten(1) - copy.mean((1, 2)).unsqueeze(1)", "copy.flatten(1)", "Make one copy brighter by a constant: your figure changes. From where should a pixel's deviation be measured?"),
        slip("copy.mean((1, 2)).unsqueeze(1)", "copy.mean()", "You measure from the mean of all images. Put a bright image beside a dark one: may that change their figures?"),
        slip({"a.diff(dim=1).flatten(1) * b.diff(dim=1)": AROUND_DOWN, "a.diff(dim=2).flatten(1) * b.diff(dim=2)": AROUND_ACROSS}, "In your image the left edge is the neighbour of the right one, and the top that of the bottom. Which differences are there at an edge?"),
        slip(RATIO, "neighbours / any_two", "Right, while the copies have something in common. What may the figure under the line be if they have not, and what does the contract ask for then?"),
        slip("any_two > 0", "any_two != 0", "You look out for 0 under the line. A product of two copies' deviations can also be negative on average. What does the contract ask for then?"),
        slip("down =", f"return ({OF_ONE.format('a')} + {OF_ONE.format('b')}) / 2\n    down =", "You take the mean of two sharpnesses, and noise is in each of them: it counts as sharp. Which product of differences holds no noise, on average?"),
        slip(RATIO, "neighbours / any_two.abs()", "You make the figure under the line positive. If it is negative the copies have nothing in common: what does the contract ask for then?"),
        *(slip(RATIO, f"{RATIO}.clamp(max={most})", LIMIT) for most in (1, 2)),
        *(slip(RATIO, f"{RATIO}.clamp({limits})", BELOW) for limits in ("min=0", "0, 1", "0, 2")),
        slip("any_two > 0", "(any_two > 0) & (neighbours > 0)", BELOW),
    ),
    hints=(
        "Write a = m + noise. What is the mean of (a_i − a_j)² over the noise, and what is that of (a_i − a_j)(b_i − b_j), if the copies' noises know nothing of each other?",
        "For neighbours: differences of a times differences of b, down and across together, and one mean. For any two pixels no table is needed: squares gave twice the variance. What do products give?",
        "Below the line stands twice the covariance of the two copies over the pixels of an image, divided by their number less one. Where it is not above 0, put 0.",
    ),
)
def sharpness_behind_noise(a, b):
    """How sharp each picture is of which two noisy copies are known: (n,), in the dtype of a.

    a, b: (n, height, width), height and width at least 2: n pictures m, and to each copy noise of its own was added, of mean 0 and independent from pixel to pixel.
    The sharpness of m is the mean of (m_i − m_j)² over all pairs of neighbours (side by side, or one above the other) together, divided by that over all pairs of
    different pixels. For each square put the product of two differences, one from each copy, that is right on average over the noise.
    0 where the figure below the line is not positive: then the copies have nothing in common.
    """
    down = a.diff(dim=1).flatten(1) * b.diff(dim=1).flatten(1)
    across = a.diff(dim=2).flatten(1) * b.diff(dim=2).flatten(1)
    neighbours = torch.cat([down, across], dim=1).mean(1)
    away_a, away_b = (copy.flatten(1) - copy.mean((1, 2)).unsqueeze(1) for copy in (a, b))
    any_two = 2 * (away_a * away_b).sum(1) / (away_a.shape[1] - 1)
    return torch.where(any_two > 0, neighbours / any_two, torch.zeros_like(any_two))
