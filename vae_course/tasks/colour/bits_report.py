"""A report on a small VAE's bits beside those of two rivals that need no network."""

import math

from ..engine import Claim, Probe, adds_up, hangs_together, measured, read_report, same_in_all, setting, slip, task
from ..engine.reports import COPIED, NEGATIVE, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, PER_BATCH, ROUNDED, SAME_EPOCHS, SAME_IMAGES, TOLD_TWICE, WITH_UNIT

# By how much a figure in bits may be off that was rounded to two decimals.
FINE = 0.0051
ADDS_UP = "The loss is the sum of its two terms, and yours is another number. Were all three measured on the same test pictures?"
IN_BITS = "The loss in nats a picture and the bits per dimension are one figure in two units. How many bits is a nat, and how many numbers has a picture, its channels counted?"
NO_SEED = "Tables of counts and bz2 know no seed: on the same pictures they say the same each time. Did these figures come from different pictures?"
SAME_TESTED = "Other test pictures cost other bits, and bz2 packs many of a kind better than a few. Was each run measured on the same ones?"
SAME_SIZE = "Pictures of another size are another set. How many numbers has each of yours?"
A_DENSITY = "No byte costs less than nothing. Is it the probability of a level that was taken, or a density? And which sign has a cost?"
A_RIVAL = "A byte that nobody guesses costs 8 bits, and a packer that finds nothing to pack is hardly worse. Is it in bits per dimension, and of the test pictures alone?"
PER_NUMBER = "Bits of that size no picture's number needs. Is it per dimension, and are pixels in [0, 1]?"
CHANGED = "In your runs the code costs more than the pixels that it leaves. Did the columns of KL and reconstruction change places?"
WORDS = ("both", "the marginal alone", "bz2 alone", "neither")


def rules(runs):
    for name, question in (("images", SAME_IMAGES), ("epochs", SAME_EPOCHS), ("tested", SAME_TESTED), ("dimensions", SAME_SIZE), ("marginal", NO_SEED), ("bz2", NO_SEED)):
        yield same_in_all(runs, name, question)
    swapped = all(run["kl"] > run["reconstruction"] for run in runs)
    told = "no smaller than the KL in every run"
    yield Claim("The reconstruction is", told, "smaller than the KL in every run" if swapped else told, question=CHANGED)
    for number, run in enumerate(runs, 1):
        yield adds_up(number, run, ADDS_UP)
        nat = 1 / (run["dimensions"] * math.log(2))
        yield Claim(f"Run {number}: {run['loss']:,.1f} nats for {run['dimensions']:,} numbers are, in bits per dimension,", run["loss"] * nat, float(run["bits"]), FINE + ROUNDED * nat, question=IN_BITS)


def outcome(runs):
    marginal, packed = (all(run["bits"] < run[name] for run in runs) for name in ("marginal", "bz2"))
    return {(True, True): WORDS[0], (True, False): WORDS[1], (False, True): WORDS[2], (False, False): WORDS[3]}[marginal, packed]


RECONSTRUCTION, KL = '"reconstruction": [1284.55, 1227.74, 1274.17]', '"kl": [55.7, 67.06, 59.85]'
LOSS, BITS, MARGINAL = '"loss": [1340.25, 1294.81, 1334.01]', '"bits": [0.629, 0.608, 0.626]', '"marginal": [0.696, 0.696, 0.696]'


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            setting("seed", 0, 1e11, NO_SIZE),
            setting("images", 20, 10_000_000, NO_SIZE),
            setting("epochs", 1, 100_000, NO_SIZE),
            setting("tested", 10, 10_000_000, NO_SIZE),
            setting("dimensions", 48, 10_000_000, NO_SIZE),
            measured("reconstruction", 0, 1e8, A_DENSITY, PER_BATCH),
            measured("kl", 0, 1e7, NEGATIVE, PER_BATCH),
            measured("loss", 0, 1e8, A_DENSITY, PER_BATCH),
            measured("bits", 0, 40, A_DENSITY, PER_NUMBER),
            measured("marginal", 0, 20, A_RIVAL, A_RIVAL),
            measured("bz2", 0, 40, A_RIVAL, A_RIVAL),
        ),
        least=3,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": True', '"came_true": False', OF_ITSELF),
        slip(LOSS, '"loss": [1284.55, 1294.81, 1334.01]', ADDS_UP),
        slip(BITS, '"bits": [0.436, 0.421, 0.434]', IN_BITS),
        slip(BITS, '"bits": [1.888, 1.824, 1.879]', IN_BITS),
        slip(BITS, '"bits": [0.603, 0.577, 0.598]', IN_BITS),
        slip('"dimensions": [3_072, 3_072, 3_072]', '"dimensions": [1_024, 1_024, 1_024]', IN_BITS),
        slip({RECONSTRUCTION: '"reconstruction": [0.418, 0.400, 0.415]', KL: '"kl": [0.018, 0.022, 0.019]', LOSS: '"loss": [0.436, 0.421, 0.434]'}, IN_BITS),
        slip(BITS, '"bits": [-0.629, -0.608, -0.626]', A_DENSITY),
        slip({RECONSTRUCTION: '"reconstruction": [-1284.55, -1227.74, -1274.17]', LOSS: '"loss": [-1228.85, -1160.68, -1214.32]'}, A_DENSITY),
        slip({RECONSTRUCTION: '"reconstruction": [55.7, 67.06, 59.85]', KL: '"kl": [1284.55, 1227.74, 1274.17]'}, CHANGED),
        slip(BITS, '"bits": [1933.5, 1868.0, 1924.6]', PER_NUMBER),
        slip(MARGINAL, '"marginal": [2139.1, 2139.1, 2139.1]', A_RIVAL),
        slip(MARGINAL, '"marginal": [0.696, 0.701, 0.696]', NO_SEED),
        slip('"bz2": [0.184, 0.184, 0.184]', '"bz2": [0.184, 0.184, 0.21]', NO_SEED),
        slip('"tested": [1_000, 1_000, 1_000]', '"tested": [1_000, 1_000, 10_000]', SAME_TESTED),
        slip('"images": [4_000, 4_000, 4_000]', '"images": [4_000, 4_000, 8_000]', SAME_IMAGES),
        slip('"epochs": [12, 12, 12]', '"epochs": [12, 12, 40]', SAME_EPOCHS),
        slip('"dimensions": [3_072, 3_072, 3_072]', '"dimensions": [3_072, 3_072, 1_024]', SAME_SIZE),
        slip('"seed": [0, 1, 2]', '"seed": [0, 1, 1]', TOLD_TWICE),
        slip(KL, '"kl": [55.7, -67.06, 59.85]', NEGATIVE),
        slip(KL, '"kl": [55.7, 67.06, None]', NO_NUMBER),
        slip(KL, '"kl": [55.7, 67.06, "59.85 nats"]', WITH_UNIT),
        slip(LOSS, '"loss": [1340.25, float("nan"), 1334.01]', NOT_FINITE),
        slip(
            {
                RECONSTRUCTION: '"reconstruction": [1284.55, 1284.55, 1274.17]',
                KL: '"kl": [55.7, 55.7, 59.85]',
                LOSS: '"loss": [1340.25, 1340.25, 1334.01]',
                BITS: '"bits": [0.629, 0.629, 0.626]',
            },
            COPIED,
        ),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the seed that gives a row, and call it for all seeds.",
        "`mean_losses` gives the three figures in nats a picture. `bits_when_packed` of `vae_course.evaluation` has both rivals, and wants the training pictures, for the counts, and the test pictures that your model is measured on.",
        "dimensions: channels · height · width. From nats a picture to bits per dimension it is one division; `bits_per_dimension` of `vae_course.evaluation` does it, too.",
    ),
)
def bits_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: in bits per dimension your VAE needs less than "both" rivals, than "the marginal alone", than
    "bz2 alone", or than "neither". "runs": three seeds or more, as a list with a dictionary for each run, or as one dictionary with a list for
    each column: seed. images: how many were trained on, epochs, tested: on how many pictures all that follows was measured, dimensions: how many
    numbers a picture has, all four the same in all runs. In nats a picture: reconstruction, kl, and loss, their sum. In bits per dimension: bits,
    the VAE's; marginal, under tables of counts from the training pictures; and bz2, over all the test pictures in one file.
    Type the numbers in: nats rounded to one decimal or finer, bits to two or finer.
    "came_true": True or False. A rival is beaten when every run's bits lie below the rival's.
    """
    return {
        "predicted": "the marginal alone",
        "runs": {
            "seed": [0, 1, 2],
            "images": [4_000, 4_000, 4_000],
            "epochs": [12, 12, 12],
            "tested": [1_000, 1_000, 1_000],
            "dimensions": [3_072, 3_072, 3_072],
            "reconstruction": [1284.55, 1227.74, 1274.17],
            "kl": [55.7, 67.06, 59.85],
            "loss": [1340.25, 1294.81, 1334.01],
            "bits": [0.629, 0.608, 0.626],
            "marginal": [0.696, 0.696, 0.696],
            "bz2": [0.184, 0.184, 0.184],
        },
        "came_true": True,
    }
