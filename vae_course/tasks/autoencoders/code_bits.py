"""What a code costs."""

from collections import Counter

import torch
from scipy.stats import entropy

from ..engine import Probe, matches, never_negative, probes_from, slip, sums_over, task, unchanged

SIZES = {(40, 3): "", (1, 3): "with a single image", (60, 1): "with one latent", (25, 6): ""}
ONE_CELL = Probe({"z": torch.tensor([[0.3, -0.2], [-0.4, 0.1], [0.2, 0.4]]), "step": 1.0}, note="with all codes in one cell")
FAR = Probe({"z": torch.tensor([[4000.2], [4000.9], [-7000.1], [4000.2], [-7000.2], [4001.1]]), "step": 0.5}, note="far from zero")
ON_THE_GRID = Probe({"z": torch.tensor([[1.0], [1.25], [0.75], [2.0], [2.25], [3.0], [1.0], [-0.25]]), "step": 1.0}, note="with codes on the grid")


def codes_on_a_grid(draw, n, d):
    """Codes that lie well inside the cells of the grid, so that no rounding error moves one across."""
    step = round(0.05 + abs(draw(1).item()), 3)
    # latents of different widths that have something in common
    cells = ((1 + 2 * torch.arange(d) / d) * (draw(n, d) + draw(n, 1))).round()
    return {"z": step * (cells + 0.8 * torch.special.ndtr(draw(n, d)) - 0.4), "step": step}


@task(
    points=1,
    probes=probes_from(codes_on_a_grid, sizes=SIZES, more=(ONE_CELL, FAR, ON_THE_GRID)),
    laws=(
        never_negative("What costs less than nothing? The logarithm of a share is negative: which sign belongs before the sum?", what="A cost"),
        sums_over("latents", "z"),
        unchanged(lambda z, step: {"z": torch.cat([z, z])}, "With every image there twice", "The same images once more have the same shares. What does yours count?"),
        unchanged(lambda z, step: {"z": z + 3 * step}, "With all codes moved by three whole steps", "Moved by whole steps, the same images share a cell. Which cells does your rounding make?"),
    ),
    claims=matches(lambda z, step: sum(entropy(list(Counter(cells).values()), base=2) for cells in torch.floor(z / step + 0.5).t().tolist()), "The bits should be the entropies of the rounded latents, added up"),
    slips=(
        slip("p.log2()", "p.log()", "Two values, half of the images each: that is one bit. Yours says 0.69. Which logarithm counts in bits?"),
        slip("return bits", "return bits / z.shape[1]", "Send twice as many latents: the message gets longer. Does yours?"),
        slip(".round()", ".trunc()", "Which multiples does your rounding send −0.9 and 0.9 steps to? Turning a number into an integer is not the same as rounding it."),
        slip(".round()", ".floor()", "Your cells begin at the multiples of the step. Where do 0.9 and 1.1 steps end up, and which multiple is nearest to each?"),
        slip(".round()", ".ceil()", "Your cells end at the multiples of the step. Where do 0.9 and 1.1 steps end up, and which multiple is nearest to each of them?"),
        slip("z / step", "z * step", "A finer step must cost more bits. Does it, in yours? How often does the step go into a code?"),
        slip("bits -= (p * p.log2()).sum().item()", "bits += torch.tensor(float(len(counts))).log2().item()", "You give every value that occurs an equally long word. If one value has 99 images of 100, how much does an image cost on average?"),
        slip({"(z / step).round().T": "[(z / step).round()]", "(return_counts": "(dim=0, return_counts"}, "You count whole codes. If all n are different, yours gives log₂ n, whatever the step. What is counted when each latent is coded on its own?"),
        slip({".round().T": ".round().reshape(1, -1)", "len(z)": "z.numel()"}, "All latents in one pot. A latent that is always 0 and one that is always 7 cost nothing, each on its own. What do they cost in yours?"),
        slip(".round().T", ".round().reshape(1, -1)", "All latents in one pot, divided by n: do your shares add up to 1? What is counted when each latent is coded on its own?"),
        slip({".round().T": ".round()", "len(z)": "len(latent)"}, "You go from image to image and count the values in one code. A latent is a column of z: over which of its axes does your loop go?"),
        slip("latent.unique(return_counts=True)[1]", "(latent - latent.min()).long().bincount()", "Not a number: a value that no image has, between two that occur, has the share 0, and 0 · log₂ 0 is NaN. Which values does the sum run over?"),
        slip(".round()", "", "Nothing is rounded, so every image has a value of its own, whatever the step. What happens to z / step before it is counted?"),
        slip("return bits", "return len(z) * bits", "That is the bill for all n images together. What does one cost on average?"),
        slip("bits -=", "bits +=", "A cost below zero: log₂ of a share is negative. Which sign stands before the sum?"),
    ),
    hints=(
        "Start with one latent: divide by the step, round, and count how often each value occurs.",
        "torch.unique(…, return_counts=True) counts. Counts divided by n are the shares p, and −Σ p log₂ p is that latent's entropy in bits.",
        "Loop over the columns of (z / step).round(), add up their entropies, and give the sum as a float, with .item().",
    ),
)
def code_bits(z, step):
    """The bits that an image's code costs on average, a Python float.

    z: (n, latent_size), one code a row. Every number is rounded to the nearest multiple of step, a Python float.
    Each latent is coded on its own, from the shares p of its rounded values among the n images: −Σ p log₂ p bits. The latents' bits add up.
    """
    bits = 0.0
    for latent in (z / step).round().T:
        counts = latent.unique(return_counts=True)[1]
        p = counts / len(z)
        bits -= (p * p.log2()).sum().item()
    return bits
