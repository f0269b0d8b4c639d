"""A report on an alarm for a digit that was never seen, beside what needs no model of digits."""

from dataclasses import replace

from ..engine import (
    Claim,
    Probe,
    adds_up,
    hangs_together,
    measured,
    not_swapped,
    read_report,
    same_in_all,
    setting,
    slip,
    task,
    two_groups,
)
from ..engine.reports import COPIED, NEGATIVE, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, PER_BATCH, PER_PIXEL, SAME_EPOCHS, SAME_IMAGES, WITH_UNIT

ADDS_UP = "The loss is the sum of its two terms, and yours is another number. Were all three measured on the same images, the familiar ones of the test set?"
TWO_DIGITS = "Luck differs from seed to seed, so that each of two digits is held out with the same three seeds or more. Which runs are missing, or there twice?"
NO_DIGIT = "Ten digits there are. Which one was held out?"
A_SHARE = "An AUROC in per cent lies between 0, always wrong, and 100; 50 is a coin. Is yours a share, or another number altogether?"
NO_SEED = "The mean image of the same training images has no seed, so that what it says of a digit is one number. Does each run stand in its own column?"
OTHER_ORDER = "On average strangers cost far more than familiar images, or far less, and the AUROC says the opposite of it. Was the ELBO taken for −ELBO, or do the two columns belong to two digits?"
TOO_MANY = "So many training images of the other nine digits there are not. How many were left when one digit was taken out?"
IN_TRAINING = 54_579  # images without the rarest digit
# Of the mean costs of the two kinds, by how many nats they differ clearly, and how far an AUROC then lies on their side of a coin, loosely.
CLEARLY, LOOSELY = 10.0, 15.0

ONE_COLUMN = "Strangers and familiar images cost the same, to the digit, in every run. Was one column typed twice?"
WORDS = ("both", "one of them", "neither")


def rules(runs):
    yield two_groups(runs, "digit", least=3, question=TWO_DIGITS)
    for name, question in (("images", SAME_IMAGES), ("epochs", SAME_EPOCHS)):
        yield same_in_all(runs, name, question)
    for number, run in enumerate(runs, 1):
        yield not_swapped(number, run)
        yield adds_up(number, run, ADDS_UP)
        dearer = run["stranger_loss"] - run["loss"]
        if abs(dearer) > CLEARLY:
            bound = max(run["auroc"], 50 - LOOSELY) if dearer > 0 else min(run["auroc"], 50 + LOOSELY)
            told = "more" if dearer > 0 else "less"
            yield Claim(f"Run {number}: strangers cost {abs(dearer):.0f} nats {told} on average, so the nearest AUROC that could be is", float(bound), float(run["auroc"]), question=OTHER_ORDER)
    twice = all(run["stranger_loss"] == run["loss"] for run in runs)
    told = "a column of their own"
    yield Claim("The strangers' losses have", told, "the numbers of the loss" if twice else told, question=ONE_COLUMN)
    for digit in sorted({run["digit"] for run in runs}):
        by_mean = sorted({run["mean_auroc"] for run in runs if run["digit"] == digit})
        yield Claim(f"With the {digit} held out, the AUROC by the mean image is", str(by_mean[0]), ", ".join(map(str, by_mean)), question=NO_SEED)


def outcome(runs):
    digits = {run["digit"] for run in runs}
    ahead = [digit for digit in digits if all(run["auroc"] > run["mean_auroc"] for run in runs if run["digit"] == digit)]
    return WORDS[len(digits) - len(ahead)]


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            setting("digit", 0, 9, NO_DIGIT),
            setting("seed", 0, 1e12, NO_SIZE),
            replace(setting("images", 50, IN_TRAINING, NO_SIZE), too_high=TOO_MANY),
            setting("epochs", 1, 10_000, NO_SIZE),
            measured("reconstruction", 20, 900, PER_PIXEL, PER_BATCH),
            measured("kl", 0, 20_000, NEGATIVE, PER_BATCH),
            measured("loss", 20, 20_000, PER_PIXEL, PER_BATCH),
            measured("stranger_loss", 20, 20_000, PER_PIXEL, PER_BATCH),
            measured("auroc", 1, 100, A_SHARE, A_SHARE),
            measured("mean_auroc", 1, 100, A_SHARE, A_SHARE),
        ),
        least=6,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": True', '"came_true": False', OF_ITSELF),
        slip('"loss": [167.65, 169.48, 168.57, 178.01, 177.05, 177.24]', '"loss": [156.71, 169.48, 168.57, 178.01, 177.05, 177.24]', ADDS_UP),
        slip('"auroc": [72.8, 71.7, 73.4, 14.3, 21.1, 17.0]', '"auroc": [0.728, 71.7, 73.4, 14.3, 21.1, 17.0]', A_SHARE),
        slip('"auroc": [72.8, 71.7, 73.4, 14.3, 21.1, 17.0]', '"auroc": [72.8, 71.7, 73.4, 14.3, 21.1, 170.1]', A_SHARE),
        slip('"mean_auroc": [54.6, 54.6, 54.6, 8.7, 8.7, 8.7]', '"mean_auroc": [51.6, 54.6, 54.6, 8.7, 8.7, 8.7]', NO_SEED),
        slip('"mean_auroc": [54.6, 54.6, 54.6, 8.7, 8.7, 8.7]', '"mean_auroc": [54.6, 54.6, 54.6, 8.7, 8.7, 11.7]', NO_SEED),
        slip({'"auroc": [72.8, 71.7, 73.4, 14.3, 21.1, 17.0]': '"auroc": [54.6, 54.6, 54.6, 8.7, 8.7, 8.7]', '"mean_auroc": [54.6, 54.6, 54.6, 8.7, 8.7, 8.7]': '"mean_auroc": [72.8, 71.7, 73.4, 14.3, 21.1, 17.0]'}, NO_SEED),
        slip('"stranger_loss": [206.79, 207.47, 208.36, 136.35, 143.11, 138.29]', '"stranger_loss": [0.21, 207.47, 208.36, 136.35, 143.11, 138.29]', PER_PIXEL),
        slip(
            {
                '"reconstruction": [162.18, 164.20, 163.23, 173.08, 171.91, 172.32]': '"reconstruction": [0.19, 164.20, 163.23, 173.08, 171.91, 172.32]',
                '"kl": [5.47, 5.28, 5.34, 4.93, 5.14, 4.92]': '"kl": [0.01, 5.28, 5.34, 4.93, 5.14, 4.92]',
                '"loss": [167.65, 169.48, 168.57, 178.01, 177.05, 177.24]': '"loss": [0.20, 169.48, 168.57, 178.01, 177.05, 177.24]',
            },
            PER_PIXEL,
        ),
        slip(
            {
                '"reconstruction": [162.18, 164.20, 163.23, 173.08, 171.91, 172.32]': '"reconstruction": [18744.3, 164.20, 163.23, 173.08, 171.91, 172.32]',
                '"kl": [5.47, 5.28, 5.34, 4.93, 5.14, 4.92]': '"kl": [599.0, 5.28, 5.34, 4.93, 5.14, 4.92]',
                '"loss": [167.65, 169.48, 168.57, 178.01, 177.05, 177.24]': '"loss": [19343.3, 169.48, 168.57, 178.01, 177.05, 177.24]',
            },
            PER_BATCH,
        ),
        slip('"auroc": [72.8, 71.7, 73.4, 14.3, 21.1, 17.0]', '"auroc": [27.2, 71.7, 73.4, 14.3, 21.1, 17.0]', OTHER_ORDER),
        slip('"auroc": [72.8, 71.7, 73.4, 14.3, 21.1, 17.0]', '"auroc": [72.8, 71.7, 73.4, 14.3, 21.1, 83.0]', OTHER_ORDER),
        slip('"images": [10_000, 10_000, 10_000, 10_000, 10_000, 10_000]', '"images": [60_000, 60_000, 60_000, 60_000, 60_000, 60_000]', TOO_MANY),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 7]', TWO_DIGITS),
        slip('"stranger_loss": [206.79, 207.47, 208.36, 136.35, 143.11, 138.29]', '"stranger_loss": [167.65, 169.48, 168.57, 178.01, 177.05, 177.24]', ONE_COLUMN),
        slip('"digit": [8, 8, 8, 1, 1, 1]', '"digit": [8, 8, 8, 1, 1, 3]', TWO_DIGITS),
        slip('"digit": [8, 8, 8, 1, 1, 1]', '"digit": [12, 8, 8, 1, 1, 1]', NO_DIGIT),
        slip('"images": [10_000, 10_000, 10_000, 10_000, 10_000, 10_000]', '"images": [10_000, 10_000, 10_000, 10_000, 20_000, 10_000]', SAME_IMAGES),
        slip('"epochs": [6, 6, 6, 6, 6, 6]', '"epochs": [6, 6, 6, 6, 20, 6]', SAME_EPOCHS),
        slip('"kl": [5.47, 5.28, 5.34, 4.93, 5.14, 4.92]', '"kl": [5.47, -5.28, 5.34, 4.93, 5.14, 4.92]', NEGATIVE),
        slip('"loss": [167.65, 169.48, 168.57, 178.01, 177.05, 177.24]', '"loss": [167.65, 169.48, float("nan"), 178.01, 177.05, 177.24]', NOT_FINITE),
        slip('"kl": [5.47, 5.28, 5.34, 4.93, 5.14, 4.92]', '"kl": [5.47, 5.28, None, 4.93, 5.14, 4.92]', NO_NUMBER),
        slip('"kl": [5.47, 5.28, 5.34, 4.93, 5.14, 4.92]', '"kl": [5.47, 5.28, "5.34 nats", 4.93, 5.14, 4.92]', WITH_UNIT),
        slip(
            {
                '"reconstruction": [162.18, 164.20, 163.23, 173.08, 171.91, 172.32]': '"reconstruction": [162.18, 162.18, 163.23, 173.08, 171.91, 172.32]',
                '"kl": [5.47, 5.28, 5.34, 4.93, 5.14, 4.92]': '"kl": [5.47, 5.47, 5.34, 4.93, 5.14, 4.92]',
                '"loss": [167.65, 169.48, 168.57, 178.01, 177.05, 177.24]': '"loss": [167.65, 167.65, 168.57, 178.01, 177.05, 177.24]',
                '"stranger_loss": [206.79, 207.47, 208.36, 136.35, 143.11, 138.29]': '"stranger_loss": [206.79, 206.79, 208.36, 136.35, 143.11, 138.29]',
                '"auroc": [72.8, 71.7, 73.4, 14.3, 21.1, 17.0]': '"auroc": [72.8, 72.8, 73.4, 14.3, 21.1, 17.0]',
            },
            COPIED,
        ),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the digit and the seed that gives a row, and call it for both digits and all seeds.",
        "Familiar images are those with `y != digit`; take the same number of them whichever digit it is. The mean image is that of the training images that the VAE saw.",
        "Under the mean image each pixel is a coin of its own: an image costs its cross-entropy, summed over pixels. Clamp the mean away from 0 and 1 first. `auroc(scores, test.y == digit)` judges both.",
    ),
)
def alarm_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: −ELBO is a better alarm than the cost under the mean image for "both" digits that you hold
    out, for "one of them", or for "neither".
    "runs": two digits of your choice, each held out with the same three seeds or more, as a list with a dictionary for each run, or as one
    dictionary with a list for each column: digit, the one held out. seed. images, epochs: the same in all runs; images are those trained on.
    On test images of the other nine, in nats an image: reconstruction, kl, and loss, their sum; stranger_loss: the loss on the held-out digit.
    auroc: how often −ELBO is higher for a stranger, in per cent; mean_auroc: how often the cost under the mean training image is.
    Type the numbers in, rounded to one decimal or finer.
    "came_true": True or False. A digit counts when each of its runs has auroc above mean_auroc.
    """
    return {
        "predicted": "both",
        "runs": {
            "digit": [8, 8, 8, 1, 1, 1],
            "seed": [0, 1, 2, 0, 1, 2],
            "images": [10_000, 10_000, 10_000, 10_000, 10_000, 10_000],
            "epochs": [6, 6, 6, 6, 6, 6],
            "reconstruction": [162.18, 164.20, 163.23, 173.08, 171.91, 172.32],
            "kl": [5.47, 5.28, 5.34, 4.93, 5.14, 4.92],
            "loss": [167.65, 169.48, 168.57, 178.01, 177.05, 177.24],
            "stranger_loss": [206.79, 207.47, 208.36, 136.35, 143.11, 138.29],
            "auroc": [72.8, 71.7, 73.4, 14.3, 21.1, 17.0],
            "mean_auroc": [54.6, 54.6, 54.6, 8.7, 8.7, 8.7],
        },
        "came_true": True,
    }
