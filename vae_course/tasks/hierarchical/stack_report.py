"""A report on two ways to infer a stack of latents."""

from ..engine import (
    Column,
    Probe,
    adds_up,
    at_least,
    clearly,
    hangs_together,
    measured,
    read_report,
    same_in_all,
    setting,
    slip,
    task,
    two_groups,
)
from ..engine.reports import COPIED, NEGATIVE, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, OTHER_WORD, PER_BATCH, PER_PIXEL, SAME_EPOCHS, SAME_IMAGES, SWAPPED, WITH_UNIT

WAYS = ("naive", "residual")

ADDS_UP = "The loss is the reconstruction and the KLs of both levels together. Which of the four was measured elsewhere, or is a level left out, or there twice?"
TWO_WAYS = "Luck differs from seed to seed, so that both ways are run with the same three seeds or more. Which runs are missing, or there twice?"
WORDS = ("lower", "higher", "no clear difference")


def rules(runs):
    yield two_groups(runs, "inference", least=3, question=TWO_WAYS)
    for name, question in (("images", SAME_IMAGES), ("epochs", SAME_EPOCHS)):
        yield same_in_all(runs, name, question)
    for number, run in enumerate(runs, 1):
        yield at_least(f"Run {number}: 'reconstruction' is at least", min(max(run["kl_bottom"], run["kl_top"]), 50.0), run["reconstruction"], room=0.0, question=SWAPPED)
        yield adds_up(number, run, ADDS_UP, kls=("kl_bottom", "kl_top"))


def outcome(runs):
    naive, residual = ([run["loss"] for run in runs if run["inference"] == way] for way in WAYS)
    return clearly(residual, naive, WORDS)


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            Column("inference", "word", words=WAYS),
            setting("seed", 0, 1e12, NO_SIZE),
            setting("images", 50, 70_000, NO_SIZE),
            setting("epochs", 1, 10_000, NO_SIZE),
            measured("reconstruction", 20, 900, PER_PIXEL, PER_BATCH),
            measured("kl_bottom", 0, 20_000, NEGATIVE, PER_BATCH),
            measured("kl_top", 0, 20_000, NEGATIVE, PER_BATCH),
            measured("loss", 20, 20_000, PER_PIXEL, PER_BATCH),
        ),
        least=6,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": False', '"came_true": True', OF_ITSELF),
        slip('"loss": [143.39, 140.72, 140.27, 142.06, 140.91, 141.96]', '"loss": [141.82, 140.72, 140.27, 142.06, 140.91, 141.96]', ADDS_UP),
        slip('"kl_bottom": [12.83, 13.23, 12.44, 14.47, 14.42, 14.69]', '"kl_bottom": [14.41, 13.23, 12.44, 14.47, 14.42, 14.69]', ADDS_UP),
        slip(
            {
                '"reconstruction": [128.99, 125.98, 125.26, 126.83, 125.99, 126.72]': '"reconstruction": [0.1645, 125.98, 125.26, 126.83, 125.99, 126.72]',
                '"kl_bottom": [12.83, 13.23, 12.44, 14.47, 14.42, 14.69]': '"kl_bottom": [0.0164, 13.23, 12.44, 14.47, 14.42, 14.69]',
                '"kl_top": [1.58, 1.51, 2.58, 0.76, 0.5, 0.55]': '"kl_top": [0.002, 1.51, 2.58, 0.76, 0.5, 0.55]',
                '"loss": [143.39, 140.72, 140.27, 142.06, 140.91, 141.96]': '"loss": [0.1829, 140.72, 140.27, 142.06, 140.91, 141.96]',
            },
            PER_PIXEL,
        ),
        slip(
            {
                '"reconstruction": [128.99, 125.98, 125.26, 126.83, 125.99, 126.72]': '"reconstruction": [16510.72, 125.98, 125.26, 126.83, 125.99, 126.72]',
                '"kl_bottom": [12.83, 13.23, 12.44, 14.47, 14.42, 14.69]': '"kl_bottom": [1642.24, 13.23, 12.44, 14.47, 14.42, 14.69]',
                '"kl_top": [1.58, 1.51, 2.58, 0.76, 0.5, 0.55]': '"kl_top": [202.24, 1.51, 2.58, 0.76, 0.5, 0.55]',
                '"loss": [143.39, 140.72, 140.27, 142.06, 140.91, 141.96]': '"loss": [18353.92, 140.72, 140.27, 142.06, 140.91, 141.96]',
            },
            PER_BATCH,
        ),
        slip(
            {
                '"reconstruction": [128.99, 125.98, 125.26, 126.83, 125.99, 126.72]': '"reconstruction": [32.83, 33.230000000000004, 32.44, 34.47, 34.42, 34.69]',
                '"kl_bottom": [12.83, 13.23, 12.44, 14.47, 14.42, 14.69]': '"kl_bottom": [128.99, 125.98, 125.26, 126.83, 125.99, 126.72]',
                '"loss": [143.39, 140.72, 140.27, 142.06, 140.91, 141.96]': '"loss": [163.4, 160.72, 160.28, 162.06, 160.91, 161.96]',
            },
            SWAPPED,
        ),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 7]', TWO_WAYS),
        slip('"images": [6_000, 6_000, 6_000, 6_000, 6_000, 6_000]', '"images": [6_000, 6_000, 6_000, 6_000, 20_000, 6_000]', SAME_IMAGES),
        slip('"epochs": [8, 8, 8, 8, 8, 8]', '"epochs": [8, 8, 8, 8, 20, 8]', SAME_EPOCHS),
        slip('"inference": ["naive", "naive", "naive", "residual", "residual", "residual"]', '"inference": ["bottom-up", "bottom-up", "bottom-up", "residual", "residual", "residual"]', OTHER_WORD),
        slip('"kl_top": [1.58, 1.51, 2.58, 0.76, 0.5, 0.55]', '"kl_top": [1.58, -1.51, 2.58, 0.76, 0.5, 0.55]', NEGATIVE),
        slip('"loss": [143.39, 140.72, 140.27, 142.06, 140.91, 141.96]', '"loss": [143.39, 140.72, float("nan"), 142.06, 140.91, 141.96]', NOT_FINITE),
        slip('"kl_top": [1.58, 1.51, 2.58, 0.76, 0.5, 0.55]', '"kl_top": [1.58, 1.51, None, 0.76, 0.5, 0.55]', NO_NUMBER),
        slip('"kl_top": [1.58, 1.51, 2.58, 0.76, 0.5, 0.55]', '"kl_top": [1.58, 1.51, "2.58 nats", 0.76, 0.5, 0.55]', WITH_UNIT),
        slip(
            {
                '"reconstruction": [128.99, 125.98, 125.26, 126.83, 125.99, 126.72]': '"reconstruction": [128.99, 128.99, 125.26, 126.83, 125.99, 126.72]',
                '"kl_bottom": [12.83, 13.23, 12.44, 14.47, 14.42, 14.69]': '"kl_bottom": [12.83, 12.83, 12.44, 14.47, 14.42, 14.69]',
                '"kl_top": [1.58, 1.51, 2.58, 0.76, 0.5, 0.55]': '"kl_top": [1.58, 1.58, 2.58, 0.76, 0.5, 0.55]',
                '"loss": [143.39, 140.72, 140.27, 142.06, 140.91, 141.96]': '"loss": [143.39, 143.39, 140.27, 142.06, 140.91, 141.96]',
            },
            COPIED,
        ),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the way and the seed that gives a row, and call it for both ways and all seeds.",
        "A run: seed everything, `HierarchicalVAE(latent_sizes=(16, 8), hidden_sizes=(200, 100), inference=…)`, `fit`, then `mean_losses` on the test images. Its entries `kl_1` and `kl_2` are the levels, the bottom first.",
        "The rule for the verdict looks at all losses of a way, and not at their means: do the two groups overlap? And which level tells the two ways apart?",
    ),
)
def stack_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: with residual inference the test loss is "lower", "higher", or there is
    "no clear difference". "runs": both ways, each with the same three seeds or more, as a list with a dictionary for each run, or as one
    dictionary with a list for each column: inference, "naive" or "residual". seed. images, epochs: the same in all runs, images being
    those trained on. On test images, in nats an image: reconstruction, kl_bottom, kl_top, and loss, their sum.
    Type the numbers in, rounded to one decimal or finer.
    "came_true": True or False. One way's loss is lower when each of its numbers lies below all of the other's.
    """
    return {
        "predicted": "lower",
        "runs": {
            "inference": ["naive", "naive", "naive", "residual", "residual", "residual"],
            "seed": [0, 1, 2, 0, 1, 2],
            "images": [6_000, 6_000, 6_000, 6_000, 6_000, 6_000],
            "epochs": [8, 8, 8, 8, 8, 8],
            "reconstruction": [128.99, 125.98, 125.26, 126.83, 125.99, 126.72],
            "kl_bottom": [12.83, 13.23, 12.44, 14.47, 14.42, 14.69],
            "kl_top": [1.58, 1.51, 2.58, 0.76, 0.5, 0.55],
            "loss": [143.39, 140.72, 140.27, 142.06, 140.91, 141.96],
        },
        "came_true": False,
    }
