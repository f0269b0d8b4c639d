"""A report on what a price of the KL does to the order of a code, beside what luck does."""

from ..engine import (
    Claim,
    Probe,
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
from ..engine.reports import CHANGED_PLACES, COPIED, NEGATIVE, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, ROUNDED, WITH_UNIT

ADDS_UP = "What was minimised is the reconstruction plus β times the KL. Which of the three was measured elsewhere, or is β left out, or there twice?"
TWO_PRICES = "Luck differs from seed to seed, and here by much: two values of β, each with the same three seeds or more. Which runs are missing, or there twice?"
SAME_LATENTS = "Only β changes. More latents are another comparison. How many had each of your runs?"
SAME_IMAGES = "Only β changes. On how many images was each of yours trained?"
SAME_EPOCHS = "Only β changes. How long was each of yours trained?"
MORE_OPEN = "More latents are open than there are. Is this the number of open ones, or of all, or their share in per cent?"
CLOSED = "With no latent open, codes tell nothing of any factor, and the gap is 0. Was one of the two measured on another model?"
NO_PRICE = "A price is 0 or more, and beyond 1,000 nothing but the KL would count. Which did you take?"
NO_GAP = "A gap is a share of a factor's entropy: from 0 to 1, and not per cent. Is the greater information first in your difference?"
TWO_DECIMALS = "Of the gap two decimals are asked for, or more: most lie below 0.3, so that one decimal tells little. What did your runs print?"
PER_PIXEL = "So little costs no image of 1,024 pixels. Is it summed over pixels, in nats, or a mean over them?"
PER_BATCH = "So much costs not even a decoder that knows nothing. Is it averaged over images, or a sum over a batch?"
WORDS = ("lower", "higher", "no clear difference")


def rules(runs):
    yield two_groups(runs, "beta", least=3, question=TWO_PRICES)
    for name, question in (("latents", SAME_LATENTS), ("images", SAME_IMAGES), ("epochs", SAME_EPOCHS)):
        yield same_in_all(runs, name, question)
    for number, run in enumerate(runs, 1):
        total = run["reconstruction"] + run["beta"] * run["kl"]
        yield Claim(f"Run {number}: reconstruction + β · KL is", float(total), float(run["loss"]), ROUNDED * (2 + run["beta"]), question=ADDS_UP)
        yield Claim(f"Run {number}: open latents are at most", float(min(run["open"], run["latents"])), float(run["open"]), question=MORE_OPEN)
        gap = run["mig"] if run["open"] else 0.0
        yield Claim(f"Run {number}: with {run['open']:.0f} open latents the gap is", float(gap), float(run["mig"]), 0.006, question=CLOSED)
    yield to_two_decimals([run for run in runs if run["mig"] > 0.05], "mig", TWO_DECIMALS)
    yield weights_in_place(runs, "beta")


def outcome(runs):
    cheap, dear = split_by(runs, "beta", "mig")
    return clearly(dear, cheap, WORDS)


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            setting("beta", 0, 1000, NO_PRICE, kind="number"),
            setting("seed", 0, 1e12, NO_SIZE),
            setting("latents", 1, 500, NO_SIZE),
            setting("images", 50, 100_000, NO_SIZE),
            setting("epochs", 1, 10_000, NO_SIZE),
            measured("reconstruction", 5, 1200, PER_PIXEL, PER_BATCH),
            measured("kl", 0, 20_000, NEGATIVE, PER_BATCH),
            measured("loss", 5, 1e6, PER_PIXEL, PER_BATCH),
            setting("open", 0, 500, NO_SIZE),
            measured("mig", 0, 1, NO_GAP, NO_GAP),
        ),
        least=6,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": False', '"came_true": True', OF_ITSELF),
        slip('"loss": [63.35, 65.26, 66.71, 119.42, 119.78, 118.71]', '"loss": [63.35, 65.26, 66.71, 84.62, 119.78, 118.71]', ADDS_UP),
        slip('"kl": [16.15, 17.18, 16.38, 4.97, 5.14, 4.73]', '"kl": [16.15, 17.18, 16.38, 39.76, 5.14, 4.73]', ADDS_UP),
        slip(
            {
                '"reconstruction": [47.21, 48.07, 50.32, 79.65, 78.66, 80.89]': '"reconstruction": [0.0461, 48.07, 50.32, 79.65, 78.66, 80.89]',
                '"kl": [16.15, 17.18, 16.38, 4.97, 5.14, 4.73]': '"kl": [0.0158, 17.18, 16.38, 4.97, 5.14, 4.73]',
                '"loss": [63.35, 65.26, 66.71, 119.42, 119.78, 118.71]': '"loss": [0.0619, 65.26, 66.71, 119.42, 119.78, 118.71]',
            },
            PER_PIXEL,
        ),
        slip(
            {
                '"reconstruction": [47.21, 48.07, 50.32, 79.65, 78.66, 80.89]': '"reconstruction": [6042.88, 48.07, 50.32, 79.65, 78.66, 80.89]',
                '"kl": [16.15, 17.18, 16.38, 4.97, 5.14, 4.73]': '"kl": [2067.2, 17.18, 16.38, 4.97, 5.14, 4.73]',
                '"loss": [63.35, 65.26, 66.71, 119.42, 119.78, 118.71]': '"loss": [8108.8, 65.26, 66.71, 119.42, 119.78, 118.71]',
            },
            PER_BATCH,
        ),
        slip('"open": [10, 10, 10, 10, 10, 10]', '"open": [11, 10, 10, 10, 10, 10]', MORE_OPEN),
        slip('"open": [10, 10, 10, 10, 10, 10]', '"open": [10, 10, 10, 0, 10, 10]', CLOSED),
        slip('"mig": [0.02, 0.024, 0.023, 0.044, 0.082, 0.045]', '"mig": [-0.02, 0.024, 0.023, 0.044, 0.082, 0.045]', NO_GAP),
        slip('"mig": [0.02, 0.024, 0.023, 0.044, 0.082, 0.045]', '"mig": [2.0, 2.4, 2.3, 4.4, 8.2, 4.5]', NO_GAP),
        slip('"mig": [0.02, 0.024, 0.023, 0.044, 0.082, 0.045]', '"mig": [0.1, 0.1, 0.2, 0.1, 0.2, 0.3]', TWO_DECIMALS),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 7]', TWO_PRICES),
        slip('"latents": [10, 10, 10, 10, 10, 10]', '"latents": [10, 10, 10, 10, 20, 10]', SAME_LATENTS),
        slip('"images": [5_000, 5_000, 5_000, 5_000, 5_000, 5_000]', '"images": [5_000, 5_000, 5_000, 5_000, 10_000, 5_000]', SAME_IMAGES),
        slip('"epochs": [10, 10, 10, 10, 10, 10]', '"epochs": [10, 10, 10, 10, 20, 10]', SAME_EPOCHS),
        slip('"beta": [1.0, 1.0, 1.0, 8.0, 8.0, 8.0]', '"beta": [-1.0, 1.0, 1.0, 8.0, 8.0, 8.0]', NO_PRICE),
        slip('"kl": [16.15, 17.18, 16.38, 4.97, 5.14, 4.73]', '"kl": [16.15, -17.18, 16.38, 4.97, 5.14, 4.73]', NEGATIVE),
        slip('"loss": [63.35, 65.26, 66.71, 119.42, 119.78, 118.71]', '"loss": [63.35, 65.26, float("nan"), 119.42, 119.78, 118.71]', NOT_FINITE),
        slip('"mig": [0.02, 0.024, 0.023, 0.044, 0.082, 0.045]', '"mig": [0.02, 0.024, None, 0.044, 0.082, 0.045]', NO_NUMBER),
        slip('"mig": [0.02, 0.024, 0.023, 0.044, 0.082, 0.045]', '"mig": [0.02, 0.024, "0.023 of 1", 0.044, 0.082, 0.045]', WITH_UNIT),
        slip(
            {
                '"reconstruction": [47.21, 48.07, 50.32, 79.65, 78.66, 80.89]': '"reconstruction": [47.21, 47.21, 50.32, 79.65, 78.66, 80.89]',
                '"kl": [16.15, 17.18, 16.38, 4.97, 5.14, 4.73]': '"kl": [16.15, 16.15, 16.38, 4.97, 5.14, 4.73]',
                '"loss": [63.35, 65.26, 66.71, 119.42, 119.78, 118.71]': '"loss": [63.35, 63.35, 66.71, 119.42, 119.78, 118.71]',
                '"mig": [0.02, 0.024, 0.023, 0.044, 0.082, 0.045]': '"mig": [0.02, 0.02, 0.023, 0.044, 0.082, 0.045]',
            },
            COPIED,
        ),
        slip({'"beta": [1.0, 1.0, 1.0, 8.0, 8.0, 8.0]': '"beta": [8.0, 8.0, 8.0, 1.0, 1.0, 1.0]', '"loss": [63.35, 65.26, 66.71, 119.42, 119.78, 118.71]': '"loss": [176.41, 185.51, 181.36, 84.62, 83.8, 85.62]'}, CHANGED_PLACES),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of β and the seed that gives a row, and call it for both values and all seeds.",
        'A run: seed everything, `ConvolutionalVAE(input_shape=(1, 32, 32), likelihood="bernoulli", beta=…)`, `fit`, `mean_losses` on test images, then `active_units` and `mutual_information_gap` on the test set.',
        "The rule for the verdict looks at all gaps of a price, and not at their means: do the two groups overlap? Then luck can do what the price does.",
    ),
)
def gap_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: at the higher β the MIG is "lower", "higher", or there is "no clear difference".
    "runs": two values of β, each with the same three seeds or more, as a list with a dictionary for each run, or as one dictionary with
    a list for each column: beta, seed. latents, images, epochs: the same in all runs, images being those trained on. On test sprites,
    in nats an image: reconstruction, kl, and loss = reconstruction + beta·kl. open: how many latents are active. mig: from 0 to 1.
    Type the numbers in, rounded to one decimal or finer, mig to two or finer.
    "came_true": True or False. The MIG is higher at a price when each of its numbers lies above all of the other's.
    """
    return {
        "predicted": "no clear difference",
        "runs": {
            "beta": [1.0, 1.0, 1.0, 8.0, 8.0, 8.0],
            "seed": [0, 1, 2, 0, 1, 2],
            "latents": [10, 10, 10, 10, 10, 10],
            "images": [5_000, 5_000, 5_000, 5_000, 5_000, 5_000],
            "epochs": [10, 10, 10, 10, 10, 10],
            "reconstruction": [47.21, 48.07, 50.32, 79.65, 78.66, 80.89],
            "kl": [16.15, 17.18, 16.38, 4.97, 5.14, 4.73],
            "loss": [63.35, 65.26, 66.71, 119.42, 119.78, 118.71],
            "open": [10, 10, 10, 10, 10, 10],
            "mig": [0.02, 0.024, 0.023, 0.044, 0.082, 0.045],
        },
        "came_true": False,
    }
