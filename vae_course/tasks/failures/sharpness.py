"""How sharp is a picture?"""

import math

import torch

from ..engine import Probe, each_row_for_itself, matches, probes_from, slip, task, unchanged

ALIKE = "as sharp as before. Are steps down and steps across treated alike, and over which pairs does one mean run?"
RATIO, LEVELS = "torch.where(any_two > 0, neighbours / any_two, torch.zeros_like(any_two))", "2 * images.flatten(1).var(1)"
PICTURE = torch.linspace(0, 1, 16).view(4, 4) ** 2
PLAIN = torch.stack([torch.zeros(4, 4), PICTURE, torch.full((4, 4), 0.75)])
# a checkerboard that fades towards its edges: of all pictures of 4 × 4 the sharpest, more than 2
FADING = torch.cos(0.75 * math.pi * (torch.arange(4) + 0.5))
FINEST = Probe({"images": 0.5 + 0.5 * (FADING.unsqueeze(1) * FADING).unsqueeze(0)}, note="with a checkerboard")
LIMIT = "Right, until an image is very sharp. In a checkerboard neighbours are more unlike than any two pixels are: what is the ratio then? Is there a limit that it cannot pass?"
STEPS, SQUARES = "torch.cat([down, across], dim=1)", "torch.cat([down, across], dim=1).square().mean(1)"


def grey_images(draw, n, height, width):
    """Noise on a slope: neighbours are more alike than strangers. Each image is paler than the one before."""
    slope = torch.linspace(0, 0.5, height).unsqueeze(1) + torch.linspace(0, 0.2, width)
    return {"images": (slope + 0.1 * draw(n, height, width)) / torch.arange(1, n + 1).view(-1, 1, 1)}


def pair_by_pair(a, b):
    """Of two copies of each image: the mean product of their differences for neighbours, over that for any two pixels."""
    places = torch.cartesian_prod(*(torch.arange(float(size)) for size in a.shape[1:]))
    steps_apart = torch.cdist(places, places, p=1)
    in_a, in_b = (copy.flatten(1).unsqueeze(2) - copy.flatten(1).unsqueeze(1) for copy in (a, b))
    near, any_two = ((in_a * in_b)[:, which].mean(1) for which in (steps_apart == 1, steps_apart > 0))
    return torch.where(any_two > 1e-12, near / any_two, 0.0)


@task(
    points=0,
    probes=probes_from(grey_images, sizes={(4, 6, 5): "", (1, 2, 9): "with a single image, low and wide", (5, 7, 2): "with images that are high and narrow"}, more=(Probe({"images": PLAIN}, note="with plain images among them"), FINEST)),
    laws=(
        unchanged(lambda images: {"images": 0.5 * images + 0.4}, "At half the contrast, and brighter", "Halve an image's contrast, or make it brighter: it is as sharp as it was. By what is yours measured, and from where does a pixel's deviation count?"),
        unchanged(lambda images: {"images": images.transpose(1, 2)}, "With each image on its side", f"Turn an image on its side: {ALIKE}"),
        each_row_for_itself("images", question="Put a pale image beside a strong one: may that change its figure? Whose pixels is each image measured by?"),
    ),
    claims=matches(lambda images: pair_by_pair(images, images), "It should be neighbours' mean squared difference over that of any two pixels"),
    slips=(
        slip(RATIO, "neighbours", "Halve the contrast of an image: it is as sharp as before. Yours falls to a quarter. By what must it be measured?"),
        slip(LEVELS, "images.flatten(1).square().mean(1)", "Make an image brighter by adding a constant: yours says that it gets less sharp. From where should a pixel's deviation be measured?"),
        slip("any_two = 2 *", "any_two =", "Shuffle an image's pixels: neighbours are then as strange to each other as any two, and the ratio should be about 1. Yours is about 2. How far apart are two draws of a variance v, squared and on average?"),
        slip(".var(1)", ".var(1, correction=0)", "Nearly: yours is too great, by more in a small image. Among your pairs of any two pixels, is there each pixel with itself?"),
        slip(STEPS, "across", "Blur an image up and down only: yours does not notice. Which neighbours does a pixel have?"),
        slip(STEPS, "down", "Blur an image from side to side only: yours does not notice. Which neighbours does a pixel have?"),
        slip({".square()": ".abs()", LEVELS: "images.flatten(1).std(1)"}, "You compare sizes: a difference of 0.2 counts for two of 0.1. For how many does it count when differences are squared?"),
        slip(SQUARES, "down.square().mean(1) + across.square().mean(1)", "You add the mean of the steps down to the mean of those across. For shuffled pixels each of the two is that of any two pixels: what is your ratio then? Over which pairs does one mean run?"),
        slip({"images.diff(dim=1)": "(images - images.roll(1, 1))", "images.diff(dim=2)": "(images - images.roll(1, 2))"}, "In your image the left edge is the neighbour of the right one, and the top that of the bottom. Which differences are there at an edge?"),
        slip(SQUARES, "(down.square().mean(1) + across.square().mean(1)) / 2", "You average the steps down, average those across, and take the middle of the two. In an image that is low and wide, are there as many of either? Over which pairs does the mean run?"),
        slip(".flatten(1).var(1)", ".var()", "Put a pale image beside a strong one: the pale one's figure falls. Whose pixels is it measured by?"),
        slip(RATIO, "neighbours / any_two", "Right, until an image is plain: what is 0/0 to the computer, and what does the contract ask for?"),
        *(slip(RATIO, f"{RATIO}.clamp(max={most})", LIMIT) for most in (1, 2)),
        *(slip(RATIO, f"neighbours / (any_two + {least})", "Nearly: the small number under the line weighs the more, the paler an image is. Contrast should drop out. Which case was it put there for?") for least in (1e-6, 1e-5, 1e-4)),
    ),
    hints=(
        "Two means of squares for each image. The first is over neighbours: subtract the image from itself, moved by one row; then the same with columns.",
        "All pairs need no loop: of two different pixels, the squared difference is on average twice the variance (the one that divides by n − 1).",
        "images.diff along a dimension gives the steps. Join both kinds, flattened from dimension 1 on, before you take the mean. Where the variance is 0, put 0.",
    ),
)
def sharpness(images):
    """How sharp each image is: (n,), in the dtype of images. images: (n, height, width), height and width at least 2.

    For each image: the mean squared difference of two pixels that are neighbours (side by side, or one above the other), over all such pairs together,
    divided by the mean squared difference of two different pixels of that image, over all pairs. 0 for a plain image, whose pixels are all alike.
    """
    down, across = images.diff(dim=1).flatten(1), images.diff(dim=2).flatten(1)
    neighbours = torch.cat([down, across], dim=1).square().mean(1)
    any_two = 2 * images.flatten(1).var(1)
    return torch.where(any_two > 0, neighbours / any_two, torch.zeros_like(any_two))
