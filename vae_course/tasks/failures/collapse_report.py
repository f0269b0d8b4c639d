"""A report on one cure of a collapse: what the code tells at the end, and what it costs."""

import math

from ..engine import Claim, Column, Probe, at_least, clearly, hangs_together, measured, read_report, same_in_all, setting, slip, split_by, task, two_groups
from ..engine.reports import COPIED, NEGATIVE, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, OTHER_WORD, ROUNDED, SAME_EPOCHS, SAME_IMAGES, WITH_UNIT

CURES = ("with", "without")
TWO_CURES = "Luck differs from seed to seed, so that training with and without the cure is run with the same three seeds or more. Which runs are missing, or there twice?"
SAME_TEST = "What can be told of an image depends on among how many it is looked for. How many test images had each of your runs?"
ADDS_UP = "The loss is the sum of its two terms with weight 1, whatever was charged in training. Were both measured on the test images, at the end of the same run?"
SPLIT = "The KL is what the code tells and what is only paid for, together; yours is another number. Were all three taken from the same encodings of the same images?"
TELLS_LESS = "A code tells no less than nothing, but for chance. Which density is subtracted from which?"
FAR_OFF = "An aggregated posterior is no nearer to the prior than at 0, but for chance. Which density is subtracted from which?"
SO_MANY = "Who knows which of n images it was knows log n nats, and there is no more to know. Over how many encodings is your mixture a mean?"
ONE_EXACT = "The exact cost belongs to the test images: no model comes in, and no seed. Where do several numbers come from?"
BELOW_EXACT = "−ELBO bounds −log p(x), and no model's is below that of the images' own p, but for chance. Is the loss measured with all its pixels, and with the KL in full?"
A_PIXEL = "So little costs no wallpaper of 81 pixels, of which one in a hundred is flipped. Is it summed over pixels, in nats, or a mean over them?"
A_BATCH = "81 coins cost 56 nats, and yours costs many times that. Is it averaged over images, or a sum over a batch?"
SURPLUS = "The loss less the exact cost is all that is paid too much, and the mismatch is a part of it. Yours is greater than the whole: did information and mismatch change places?"
# By how much a number may be off that was given with two decimals.
ROUNDED_TO_TWO = 0.0051
WORDS = ("smaller", "larger", "no clear difference")


def rounded(*numbers):
    """By how much a sum of numbers may be off: each by half of its own last digit, of two decimals at the most."""
    return sum(ROUNDED if abs(one - round(one, 1)) < 1e-6 * max(abs(one), 1) else ROUNDED_TO_TWO for one in numbers)


def sum_of(number, run, one, other, total, question):
    room = rounded(run[one], run[other], run[total])
    return Claim(f"Run {number}: {one} + {other} is", float(run[one] + run[other]), float(run[total]), room, question=question)


def rules(runs):
    yield two_groups(runs, "cure", least=3, question=TWO_CURES)
    for name, question in (("images", SAME_IMAGES), ("epochs", SAME_EPOCHS), ("test_images", SAME_TEST), ("exact", ONE_EXACT)):
        yield same_in_all(runs, name, question)
    for number, run in enumerate(runs, 1):
        most, by_chance = math.log(run["test_images"]), 15 / math.sqrt(run["test_images"])
        yield sum_of(number, run, "information", "mismatch", "kl", SPLIT)
        yield Claim(f"Run {number}: of {int(run['test_images'])} images no more can be told than", float(min(run["information"], most)), float(run["information"]), ROUNDED, question=SO_MANY)
        yield sum_of(number, run, "reconstruction", "kl", "loss", ADDS_UP)
        yield at_least(f"Run {number}: the loss is, but for chance, at least", run["exact"], run["loss"], room=by_chance + 2 * ROUNDED, question=BELOW_EXACT)
        if run["information"] < most - 1:  # nearer to its limit an information comes out too small, and so a mismatch too great
            yield at_least(f"Run {number}: loss − exact is, but for chance, at least", run["mismatch"], run["loss"] - run["exact"], room=by_chance + 3 * ROUNDED, question=SURPLUS)


def outcome(runs):
    cured, as_before = split_by(runs, "cure", "information")
    return clearly(cured, as_before, WORDS)


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            Column("cure", "word", words=CURES),
            setting("seed", 0, 1e12, NO_SIZE),
            setting("images", 50, 1e6, NO_SIZE),
            setting("epochs", 1, 10_000, NO_SIZE),
            setting("test_images", 50, 1e5, NO_SIZE),
            measured("information", -0.5, 20, TELLS_LESS, SO_MANY),
            measured("mismatch", -0.5, 20_000, FAR_OFF, A_BATCH),
            measured("kl", 0, 20_000, NEGATIVE, A_BATCH),
            measured("reconstruction", 1, 500, A_PIXEL, A_BATCH),
            measured("loss", 1, 20_000, A_PIXEL, A_BATCH),
            measured("exact", 1, 500, A_PIXEL, A_BATCH),
        ),
        least=6,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": True', '"came_true": False', OF_ITSELF),
        slip('"predicted": "larger"', '"predicted": "no clear difference"', OF_ITSELF),
        slip('"information": [4.07, 4.01, 3.96, 4.94, 5.07, 5.08]', '"information": [4.36, 4.01, 3.96, 4.94, 5.07, 5.08]', SPLIT),
        slip('"mismatch": [0.29, 0.25, 0.21, 0.86, 1.03, 0.87]', '"mismatch": [0.29, 0.25, 0.21, 0.86, 0.03, 0.87]', SPLIT),
        slip(
            {
                '"kl": [4.36, 4.26, 4.17, 5.79, 6.10, 5.95]': '"kl": [4.36, 4.26, 4.17, 6.65, 6.10, 5.95]',
                '"reconstruction": [7.32, 7.36, 7.45, 6.65, 6.41, 6.55]': '"reconstruction": [7.32, 7.36, 7.45, 5.79, 6.41, 6.55]',
            },
            SPLIT,
        ),
        slip(
            {
                '"information": [4.07, 4.01, 3.96, 4.94, 5.07, 5.08]': '"information": [4.07, 4.01, 3.96, 4.94, 7.03, 5.08]',
                '"mismatch": [0.29, 0.25, 0.21, 0.86, 1.03, 0.87]': '"mismatch": [0.29, 0.25, 0.21, 0.86, -0.43, 0.87]',
                '"kl": [4.36, 4.26, 4.17, 5.79, 6.10, 5.95]': '"kl": [4.36, 4.26, 4.17, 5.79, 6.60, 5.95]',
                '"loss": [11.68, 11.62, 11.62, 12.44, 12.50, 12.50]': '"loss": [11.68, 11.62, 11.62, 12.44, 13.01, 12.50]',
            },
            SO_MANY,
        ),
        slip(
            {
                '"information": [4.07, 4.01, 3.96, 4.94, 5.07, 5.08]': '"information": [4.07, 4.01, 3.96, 21.50, 5.07, 5.08]',
                '"mismatch": [0.29, 0.25, 0.21, 0.86, 1.03, 0.87]': '"mismatch": [0.29, 0.25, 0.21, 0.20, 1.03, 0.87]',
                '"kl": [4.36, 4.26, 4.17, 5.79, 6.10, 5.95]': '"kl": [4.36, 4.26, 4.17, 21.70, 6.10, 5.95]',
                '"loss": [11.68, 11.62, 11.62, 12.44, 12.50, 12.50]': '"loss": [11.68, 11.62, 11.62, 28.35, 12.50, 12.50]',
            },
            SO_MANY,
        ),
        slip('"loss": [11.68, 11.62, 11.62, 12.44, 12.50, 12.50]', '"loss": [7.32, 11.62, 11.62, 12.44, 12.50, 12.50]', ADDS_UP),
        slip(
            {
                '"reconstruction": [7.32, 7.36, 7.45, 6.65, 6.41, 6.55]': '"reconstruction": [7.32, 7.36, 4.65, 6.65, 6.41, 6.55]',
                '"loss": [11.68, 11.62, 11.62, 12.44, 12.50, 12.50]': '"loss": [11.68, 11.62, 8.82, 12.44, 12.50, 12.50]',
            },
            BELOW_EXACT,
        ),
        slip('"kl": [4.36, 4.26, 4.17, 5.79, 6.10, 5.95]', '"kl": [4.36, 4.40, 4.17, 5.79, 6.10, 5.95]', SPLIT),
        slip('"loss": [11.68, 11.62, 11.62, 12.44, 12.50, 12.50]', '"loss": [11.68, 11.76, 11.62, 12.44, 12.50, 12.50]', ADDS_UP),
        slip({'"information": [4.07, 4.01, 3.96, 4.94, 5.07, 5.08]': '"information": [0.29, 0.25, 0.21, 0.86, 1.03, 0.87]', '"mismatch": [0.29, 0.25, 0.21, 0.86, 1.03, 0.87]': '"mismatch": [4.07, 4.01, 3.96, 4.94, 5.07, 5.08]'}, SURPLUS),
        slip('"exact": [10.79, 10.79, 10.79, 10.79, 10.79, 10.79]', '"exact": [10.79, 10.82, 10.79, 10.79, 10.79, 10.79]', ONE_EXACT),
        slip(
            {
                '"reconstruction": [7.32, 7.36, 7.45, 6.65, 6.41, 6.55]': '"reconstruction": [0.09, 7.36, 7.45, 6.65, 6.41, 6.55]',
                '"kl": [4.36, 4.26, 4.17, 5.79, 6.10, 5.95]': '"kl": [0.05, 4.26, 4.17, 5.79, 6.10, 5.95]',
                '"loss": [11.68, 11.62, 11.62, 12.44, 12.50, 12.50]': '"loss": [0.14, 11.62, 11.62, 12.44, 12.50, 12.50]',
            },
            A_PIXEL,
        ),
        slip(
            {
                '"reconstruction": [7.32, 7.36, 7.45, 6.65, 6.41, 6.55]': '"reconstruction": [732.1, 7.36, 7.45, 6.65, 6.41, 6.55]',
                '"kl": [4.36, 4.26, 4.17, 5.79, 6.10, 5.95]': '"kl": [436.1, 4.26, 4.17, 5.79, 6.10, 5.95]',
                '"loss": [11.68, 11.62, 11.62, 12.44, 12.50, 12.50]': '"loss": [1168.2, 11.62, 11.62, 12.44, 12.50, 12.50]',
            },
            A_BATCH,
        ),
        slip('"information": [4.07, 4.01, 3.96, 4.94, 5.07, 5.08]', '"information": [4.07, 4.01, -3.96, 4.94, 5.07, 5.08]', TELLS_LESS),
        slip('"mismatch": [0.29, 0.25, 0.21, 0.86, 1.03, 0.87]', '"mismatch": [0.29, 0.25, 0.21, 0.86, 1.03, -0.87]', FAR_OFF),
        slip('"kl": [4.36, 4.26, 4.17, 5.79, 6.10, 5.95]', '"kl": [4.36, -4.26, 4.17, 5.79, 6.10, 5.95]', NEGATIVE),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 7]', TWO_CURES),
        slip('"cure": ["without", "without", "without", "with", "with", "with"]', '"cure": ["none", "without", "without", "with", "with", "with"]', OTHER_WORD),
        slip('"images": [3_000, 3_000, 3_000, 3_000, 3_000, 3_000]', '"images": [3_000, 3_000, 3_000, 3_000, 5_000, 3_000]', SAME_IMAGES),
        slip('"epochs": [60, 60, 60, 60, 60, 60]', '"epochs": [60, 60, 60, 60, 160, 60]', SAME_EPOCHS),
        slip('"test_images": [1_000, 1_000, 1_000, 1_000, 1_000, 1_000]', '"test_images": [1_000, 1_000, 1_000, 1_000, 500, 1_000]', SAME_TEST),
        slip('"loss": [11.68, 11.62, 11.62, 12.44, 12.50, 12.50]', '"loss": [11.68, 11.62, float("nan"), 12.44, 12.50, 12.50]', NOT_FINITE),
        slip('"kl": [4.36, 4.26, 4.17, 5.79, 6.10, 5.95]', '"kl": [4.36, 4.26, None, 5.79, 6.10, 5.95]', NO_NUMBER),
        slip('"kl": [4.36, 4.26, 4.17, 5.79, 6.10, 5.95]', '"kl": [4.36, 4.26, "4.17 nats", 5.79, 6.10, 5.95]', WITH_UNIT),
        slip(
            {
                '"information": [4.07, 4.01, 3.96, 4.94, 5.07, 5.08]': '"information": [4.07, 4.07, 3.96, 4.94, 5.07, 5.08]',
                '"mismatch": [0.29, 0.25, 0.21, 0.86, 1.03, 0.87]': '"mismatch": [0.29, 0.29, 0.21, 0.86, 1.03, 0.87]',
                '"kl": [4.36, 4.26, 4.17, 5.79, 6.10, 5.95]': '"kl": [4.36, 4.36, 4.17, 5.79, 6.10, 5.95]',
                '"reconstruction": [7.32, 7.36, 7.45, 6.65, 6.41, 6.55]': '"reconstruction": [7.32, 7.32, 7.45, 6.65, 6.41, 6.55]',
                '"loss": [11.68, 11.62, 11.62, 12.44, 12.50, 12.50]': '"loss": [11.68, 11.68, 11.62, 12.44, 12.50, 12.50]',
            },
            COPIED,
        ),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the cure and the seed that gives a row, and call it with and without the cure for all seeds.",
        "`code_information(model, test)` has the KL and its two parts; `evaluate(model, test)` has the reconstruction. What was charged in training, β or free bits, has no place in the loss that you report.",
        "`wallpaper_cost(test).mean()` is the exact cost. How far above it is each of your losses, and for which of the two reasons: a code that fits badly, or a decoder that was trained on something else?",
    ),
)
def collapse_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: with the cure information is "smaller", "larger", or there is "no clear difference".
    "runs": training with and without the cure, each with the same three seeds or more, as a list with a dictionary for each run, or as one dictionary
    with a list for each column: cure, "with" or "without". seed. images (wallpapers trained on), epochs: the same in all runs. test_images:
    how many, the same in all runs. On test wallpapers, at the end, in nats an image: information, what z tells of x. mismatch, what is only paid for.
    kl, their sum. reconstruction. loss, reconstruction + kl: −ELBO, whatever training charged. exact: the mean exact −log p(x), one number, in each run.
    Type the numbers in, rounded to one decimal or finer.
    "came_true": True or False. Information is larger with the cure when each of its numbers lies above all of those without.
    """
    return {
        "predicted": "larger",
        "runs": {
            "cure": ["without", "without", "without", "with", "with", "with"],
            "seed": [0, 1, 2, 0, 1, 2],
            "images": [3_000, 3_000, 3_000, 3_000, 3_000, 3_000],
            "epochs": [60, 60, 60, 60, 60, 60],
            "test_images": [1_000, 1_000, 1_000, 1_000, 1_000, 1_000],
            "information": [4.07, 4.01, 3.96, 4.94, 5.07, 5.08],
            "mismatch": [0.29, 0.25, 0.21, 0.86, 1.03, 0.87],
            "kl": [4.36, 4.26, 4.17, 5.79, 6.10, 5.95],
            "reconstruction": [7.32, 7.36, 7.45, 6.65, 6.41, 6.55],
            "loss": [11.68, 11.62, 11.62, 12.44, 12.50, 12.50],
            "exact": [10.79, 10.79, 10.79, 10.79, 10.79, 10.79],
        },
        "came_true": True,
    }
