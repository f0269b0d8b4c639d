"""A report on VAEs whose KL counts more or less."""

import math

from ..engine import (
    Claim,
    Probe,
    at_least,
    clearly,
    hangs_together,
    measured,
    read_report,
    same_in_all,
    setting,
    slip,
    split_by,
    task,
    to_two_decimals,
    two_groups,
    weights_in_place,
)
from ..engine.reports import CHANGED_PLACES, COPIED, NEGATIVE, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, PER_BATCH, ROUNDED, WITH_UNIT

# By how much a mean σ may be rounded.
ROUNDED_SIGMA = 0.006
# From where on σ is all but the prior's.
ALL_BUT_THE_PRIOR = 0.95
# What comes out of a run besides the loss, which depends on the weight; collapsed models may well be alike.
RESULTS = {"reconstruction": math.inf, "kl": math.inf, "sigma": ALL_BUT_THE_PRIOR}

ADDS_UP = "The loss is the reconstruction plus the KL times its weight, as it was minimised. Which of the three was measured elsewhere, or is the weight left out, or there twice?"
COSTS = "Even with every μ at 0, encodings whose σ are so much as this on average have a greater KL. Is yours summed over latents, and not a mean over them? Is σ the standard deviation, and not σ² or log σ²?"
ONE_DIGIT = "Of sigma two decimals are asked for, or more: it lies between 0 and 1, so that one decimal tells little. What did your runs print?"
TWO_WEIGHTS = "Two weights are compared, each with the same seeds, or luck has a say. Which runs are missing, or one too many?"
SAME_LATENTS = "Only the weight changes. More latents are another comparison. How many had each of your runs?"
SAME_EPOCHS = "Only the weight changes. A longer training is another comparison. How long was each of yours?"
NO_WEIGHT = "A weight is 0 or more, and beyond 100 nothing but the KL would count. Which did you take?"
PER_PIXEL = "So little costs no image of 784 pixels. Is it summed over pixels, in nats, or a mean over them?"
NO_SIGMA = "A standard deviation is above 0. Is this log σ², or rounded until nothing is left?"
WIDE_SIGMA = "Twice as wide as the prior, on average over latents: nothing is gained by that. Is it a mean over latents and images, or a sum?"
WORDS = ("narrower", "wider", "no clear difference")


def least_kl(sigma, latents):
    """The KL of latents with μ = 0 and σ as given; no encodings whose σ are so on average have less, since it is convex in σ."""
    sigma = sigma + math.copysign(min(ROUNDED_SIGMA, abs(1 - sigma)), 1 - sigma)
    return latents * (0.5 * (sigma**2 - 1) - math.log(sigma))


def rules(runs):
    yield two_groups(runs, "kl_weight", least=2, question=TWO_WEIGHTS)
    yield same_in_all(runs, "latents", SAME_LATENTS)
    yield same_in_all(runs, "epochs", SAME_EPOCHS)
    for number, run in enumerate(runs, 1):
        total = run["reconstruction"] + run["kl_weight"] * run["kl"]
        yield Claim(f"Run {number}: reconstruction + weight · KL is", float(total), float(run["loss"]), ROUNDED * (2 + run["kl_weight"]), question=ADDS_UP)
        least = least_kl(run["sigma"], run["latents"])
        yield at_least(f"Run {number}: with this mean σ, the KL is at least", least, run["kl"], room=ROUNDED, question=COSTS)
    for number, run in enumerate(runs, 1):
        before = [one for one, other in enumerate(runs[: number - 1], 1) if all(run[name] == other[name] < most for name, most in RESULTS.items())]
        yield Claim(f"Run {number}: the runs before it with the same reconstruction, KL and σ are", "none", ", ".join(map(str, before)) or "none", question=COPIED)
    narrow = [run for run in runs if run["sigma"] < ALL_BUT_THE_PRIOR]
    yield to_two_decimals(narrow, "sigma", ONE_DIGIT)
    yield weights_in_place(runs, "kl_weight")


def outcome(runs):
    at_little, at_much = split_by(runs, "kl_weight", "sigma")
    return clearly(at_much, at_little, WORDS)


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            setting("kl_weight", 0, 100, NO_WEIGHT, kind="number"),
            setting("seed", 0, 1e12, NO_SIZE),
            setting("latents", 1, 500, NO_SIZE),
            setting("epochs", 1, 10_000, NO_SIZE),
            measured("reconstruction", 20, 900, PER_PIXEL, PER_BATCH),
            measured("kl", 0, 20_000, NEGATIVE, PER_BATCH),
            measured("loss", 20, 100_000, PER_PIXEL, PER_BATCH),
            measured("sigma", 1e-6, 2, NO_SIGMA, WIDE_SIGMA),
        ),
        least=4,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": False', '"came_true": True', OF_ITSELF),
        slip('"loss": [125.02, 125.33, 126.11, 161.29, 160.85, 161.95]', '"loss": [125.02, 125.33, 126.11, 137.63, 160.85, 161.95]', ADDS_UP),
        slip('"kl": [17.09, 16.78, 17.15, 7.88, 7.52, 7.84]', '"kl": [17.09, 16.78, 17.15, 31.54, 7.52, 7.84]', ADDS_UP),
        slip({'"kl": [17.09, 16.78, 17.15, 7.88, 7.52, 7.84]': '"kl": [1.71, 1.68, 1.72, 7.88, 7.52, 7.84]', '"loss": [125.02, 125.33, 126.11, 161.29, 160.85, 161.95]': '"loss": [109.63, 110.23, 110.68, 161.29, 160.85, 161.95]'}, COSTS),
        slip(
            {
                '"reconstruction": [107.92, 108.55, 108.96, 129.75, 130.77, 130.59]': '"reconstruction": [0.1377, 108.55, 108.96, 129.75, 130.77, 130.59]',
                '"kl": [17.09, 16.78, 17.15, 7.88, 7.52, 7.84]': '"kl": [0.8545, 16.78, 17.15, 7.88, 7.52, 7.84]',
                '"loss": [125.02, 125.33, 126.11, 161.29, 160.85, 161.95]': '"loss": [0.9922, 125.33, 126.11, 161.29, 160.85, 161.95]',
            },
            PER_PIXEL,
        ),
        slip(
            {
                '"reconstruction": [107.92, 108.55, 108.96, 129.75, 130.77, 130.59]': '"reconstruction": [13814.1, 108.55, 108.96, 129.75, 130.77, 130.59]',
                '"kl": [17.09, 16.78, 17.15, 7.88, 7.52, 7.84]': '"kl": [2188.0, 16.78, 17.15, 7.88, 7.52, 7.84]',
                '"loss": [125.02, 125.33, 126.11, 161.29, 160.85, 161.95]': '"loss": [16002.1, 125.33, 126.11, 161.29, 160.85, 161.95]',
            },
            PER_BATCH,
        ),
        slip('"sigma": [0.252, 0.263, 0.259, 0.508, 0.522, 0.518]', '"sigma": [-1.378, 0.263, 0.259, 0.508, 0.522, 0.518]', NO_SIGMA),
        slip('"sigma": [0.252, 0.263, 0.259, 0.508, 0.522, 0.518]', '"sigma": [2.52, 0.263, 0.259, 0.508, 0.522, 0.518]', WIDE_SIGMA),
        slip('"sigma": [0.252, 0.263, 0.259, 0.508, 0.522, 0.518]', '"sigma": ["0.252 units of the prior", 0.263, 0.259, 0.508, 0.522, 0.518]', WITH_UNIT),
        slip({'"kl": [17.09, 16.78, 17.15, 7.88, 7.52, 7.84]': '"kl": [17.09, 16.78, float("nan"), 7.88, 7.52, 7.84]', '"loss": [125.02, 125.33, 126.11, 161.29, 160.85, 161.95]': '"loss": [125.02, 125.33, float("nan"), 161.29, 160.85, 161.95]'}, NOT_FINITE),
        slip(
            {
                '"reconstruction": [107.92, 108.55, 108.96, 129.75, 130.77, 130.59]': '"reconstruction": [107.92, 107.92, 108.96, 129.75, 130.77, 130.59]',
                '"kl": [17.09, 16.78, 17.15, 7.88, 7.52, 7.84]': '"kl": [17.09, 17.09, 17.15, 7.88, 7.52, 7.84]',
                '"loss": [125.02, 125.33, 126.11, 161.29, 160.85, 161.95]': '"loss": [125.02, 125.02, 126.11, 161.29, 160.85, 161.95]',
                '"sigma": [0.252, 0.263, 0.259, 0.508, 0.522, 0.518]': '"sigma": [0.252, 0.252, 0.259, 0.508, 0.522, 0.518]',
            },
            COPIED,
        ),
        slip(
            {
                '"reconstruction": [107.92, 108.55, 108.96, 129.75, 130.77, 130.59]': '"reconstruction": [107.92, 108.55, 108.96, 107.92, 130.77, 130.59]',
                '"kl": [17.09, 16.78, 17.15, 7.88, 7.52, 7.84]': '"kl": [17.09, 16.78, 17.15, 17.09, 7.52, 7.84]',
                '"loss": [125.02, 125.33, 126.11, 161.29, 160.85, 161.95]': '"loss": [125.02, 125.33, 126.11, 176.28, 160.85, 161.95]',
                '"sigma": [0.252, 0.263, 0.259, 0.508, 0.522, 0.518]': '"sigma": [0.252, 0.263, 0.259, 0.252, 0.522, 0.518]',
            },
            COPIED,
        ),
        slip(
            {
                '"kl_weight": [1.0, 1.0, 1.0, 4.0, 4.0, 4.0]': '"kl_weight": [4.0, 4.0, 4.0, 1.0, 1.0, 1.0]',
                '"loss": [125.02, 125.33, 126.11, 161.29, 160.85, 161.95]': '"loss": [176.28, 175.67, 177.56, 137.63, 138.29, 138.43]',
            },
            CHANGED_PLACES,
        ),
        slip('"sigma": [0.252, 0.263, 0.259, 0.508, 0.522, 0.518]', '"sigma": [0.3, 0.3, 0.3, 0.5, 0.5, 0.5]', ONE_DIGIT),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 3]', TWO_WEIGHTS),
        slip('"latents": [10, 10, 10, 10, 10, 10]', '"latents": [10, 10, 10, 10, 20, 10]', SAME_LATENTS),
        slip('"epochs": [8, 8, 8, 8, 8, 8]', '"epochs": [8, 8, 8, 8, 16, 8]', SAME_EPOCHS),
        slip('"sigma": [0.252, 0.263, 0.259, 0.508, 0.522, 0.518]', '"sigma": [0.252, 0.263, 0.259, None, 0.522, 0.518]', NO_NUMBER),
        slip('"kl": [17.09, 16.78, 17.15, 7.88, 7.52, 7.84]', '"kl": [17.09, 16.78, 17.15, 7.88, -7.52, 7.84]', NEGATIVE),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the weight and the seed that gives a row, and call it for both weights and all seeds.",
        "A run: seed everything, `VAE(latent_size=…, beta=kl_weight)`, `fit`, then `mean_losses` on test images. Which three of its entries are columns of the table?",
        "For the last column: `model.encode(test).stddev` has a σ for each image and each latent. The rule for the verdict looks at all of these means: do the two groups overlap?",
    ),
)
def weight_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: with the greater weight of the KL, encodings are "narrower", "wider", or there is
    "no clear difference". "runs": two weights, each with the same two seeds or more, as a list with a dictionary for each run, or as
    one dictionary with a list for each column: kl_weight, seed. latents, epochs: the same in all runs. On test images, in nats an
    image: reconstruction, kl, and loss = reconstruction + kl_weight·kl. sigma: the mean of σ over test images and latents.
    Type the numbers in, rounded to one decimal or finer, sigma to two or finer.
    "came_true": True or False. A weight's encodings are narrower when each of its sigma lies below all of the other's.
    """
    return {
        "predicted": "no clear difference",
        "runs": {
            "kl_weight": [1.0, 1.0, 1.0, 4.0, 4.0, 4.0],
            "seed": [0, 1, 2, 0, 1, 2],
            "latents": [10, 10, 10, 10, 10, 10],
            "epochs": [8, 8, 8, 8, 8, 8],
            "reconstruction": [107.92, 108.55, 108.96, 129.75, 130.77, 130.59],
            "kl": [17.09, 16.78, 17.15, 7.88, 7.52, 7.84],
            "loss": [125.02, 125.33, 126.11, 161.29, 160.85, 161.95],
            "sigma": [0.252, 0.263, 0.259, 0.508, 0.522, 0.518],
        },
        "came_true": False,
    }
