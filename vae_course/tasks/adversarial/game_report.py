"""A report on a discriminator that learns more often than the encoder."""

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
)
from ..engine.reports import COPIED, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, PER_BATCH, PER_PIXEL, ROUNDED, SAME_EPOCHS, SAME_IMAGES, WITH_UNIT

ADDS_UP = "The loss is the reconstruction plus weight times the mismatch, and yours is another number. Were all three measured on the test images, by one call, at the end of the same run, and typed in with their decimals?"
TWO_GAMES = "Luck differs from seed to seed, so that both games are played with the same three seeds or more. Which runs are missing, or there twice?"
SAME_WEIGHT = "Another weight would be another change. What does the mismatch count for in each of your games?"
NO_AUC = "An AUC is a share of pairs, so it lies between 0 and 1, and a judge is far below one half only where the two sets changed their names. Is it in per cent, or was it told who is who the other way round?"
COARSE = "The mismatch is small, and it counts for much: with one decimal the sum is off by nats. Which digits did your runs print?"
NEGATIVE = "A mean logit lies a little below 0 by chance, and never far: it estimates a KL. Which sign has yours, and is it the test set's mean?"
FAR_OFF = "So great a mismatch has no code that was ever pressed, nor one that was not. Is it averaged over codes, or a sum, or already multiplied by its weight?"
NEVER = "In a game both sides learn: the discriminator at least once a step. What did you count?"
WORDS = ("lower", "higher", "no clear difference")
FINE = 0.0051  # of a number that was rounded to two decimals


def rules(runs):
    yield two_groups(runs, "discriminator_steps", least=3, question=TWO_GAMES)
    for name, question in (("images", SAME_IMAGES), ("epochs", SAME_EPOCHS), ("weight", SAME_WEIGHT)):
        yield same_in_all(runs, name, question)
    yield to_two_decimals(runs, "mismatch", COARSE)
    for number, run in enumerate(runs, 1):
        total, room = run["reconstruction"] + run["weight"] * run["mismatch"], 2 * ROUNDED + run["weight"] * FINE
        yield Claim(f"Run {number}: reconstruction + weight · mismatch is", float(total), float(run["loss"]), room, question=ADDS_UP)


def outcome(runs):
    seldom, often = split_by(runs, "discriminator_steps", "auc")
    return clearly(often, seldom, WORDS)


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            setting("discriminator_steps", 1, 1_000, NEVER),
            setting("seed", 0, 1e12, NO_SIZE),
            setting("images", 50, 70_000, NO_SIZE),
            setting("epochs", 1, 10_000, NO_SIZE),
            setting("weight", 0.01, 10_000, NO_SIZE, kind="number"),
            measured("reconstruction", 20, 900, PER_PIXEL, PER_BATCH),
            measured("mismatch", -1, 60, NEGATIVE, FAR_OFF),
            measured("loss", 20, 1e6, PER_PIXEL, PER_BATCH),
            setting("auc", 0.3, 1, NO_AUC, kind="number"),
        ),
        least=6,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": False', '"came_true": True', OF_ITSELF),
        slip('"loss": [158.95, 153.09, 177.56, 153.82, 152.38, 151.93]', '"loss": [158.57, 153.09, 177.56, 153.82, 152.38, 151.93]', ADDS_UP),
        slip('"mismatch": [0.0204, -0.0675, 0.2417, -0.0047, -0.0008, -0.0863]', '"mismatch": [0.408, -0.0675, 0.2417, -0.0047, -0.0008, -0.0863]', ADDS_UP),
        slip('"mismatch": [0.0204, -0.0675, 0.2417, -0.0047, -0.0008, -0.0863]', '"mismatch": [0.0, -0.1, 0.2, 0.0, 0.0, -0.1]', COARSE),
        slip(
            {
                '"reconstruction": [158.55, 154.44, 172.72, 153.91, 152.4, 153.66]': '"reconstruction": [0.2022, 154.44, 172.72, 153.91, 152.4, 153.66]',
                '"loss": [158.95, 153.09, 177.56, 153.82, 152.38, 151.93]': '"loss": [0.6102, 153.09, 177.56, 153.82, 152.38, 151.93]',
            },
            PER_PIXEL,
        ),
        slip(
            {
                '"reconstruction": [158.55, 154.44, 172.72, 153.91, 152.4, 153.66]': '"reconstruction": [40588.8, 154.44, 172.72, 153.91, 152.4, 153.66]',
                '"loss": [158.95, 153.09, 177.56, 153.82, 152.38, 151.93]': '"loss": [40589.2, 153.09, 177.56, 153.82, 152.38, 151.93]',
            },
            PER_BATCH,
        ),
        slip('"mismatch": [0.0204, -0.0675, 0.2417, -0.0047, -0.0008, -0.0863]', '"mismatch": [0.0204, -0.0675, 61.9, -0.0047, -0.0008, -0.0863]', FAR_OFF),
        slip('"mismatch": [0.0204, -0.0675, 0.2417, -0.0047, -0.0008, -0.0863]', '"mismatch": [0.0204, -0.0675, -4.83, -0.0047, -0.0008, -0.0863]', NEGATIVE),
        slip('"auc": [0.6945, 0.6616, 0.5827, 0.6719, 0.6802, 0.6333]', '"auc": [69.45, 66.16, 58.27, 67.19, 68.02, 63.33]', NO_AUC),
        slip('"auc": [0.6945, 0.6616, 0.5827, 0.6719, 0.6802, 0.6333]', '"auc": [0.6945, 0.6616, 0.0173, 0.6719, 0.6802, 0.6333]', NO_AUC),
        slip('"discriminator_steps": [1, 1, 1, 4, 4, 4]', '"discriminator_steps": [0, 0, 0, 4, 4, 4]', NEVER),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 7]', TWO_GAMES),
        slip('"images": [6_000, 6_000, 6_000, 6_000, 6_000, 6_000]', '"images": [6_000, 6_000, 6_000, 6_000, 60_000, 6_000]', SAME_IMAGES),
        slip('"epochs": [15, 15, 15, 15, 15, 15]', '"epochs": [15, 15, 15, 15, 40, 15]', SAME_EPOCHS),
        slip('"weight": [20.0, 20.0, 20.0, 20.0, 20.0, 20.0]', '"weight": [20.0, 20.0, 20.0, 20.0, 1.0, 20.0]', SAME_WEIGHT),
        slip('"loss": [158.95, 153.09, 177.56, 153.82, 152.38, 151.93]', '"loss": [158.95, 153.09, float("nan"), 153.82, 152.38, 151.93]', NOT_FINITE),
        slip('"auc": [0.6945, 0.6616, 0.5827, 0.6719, 0.6802, 0.6333]', '"auc": [0.6945, 0.6616, None, 0.6719, 0.6802, 0.6333]', NO_NUMBER),
        slip('"mismatch": [0.0204, -0.0675, 0.2417, -0.0047, -0.0008, -0.0863]', '"mismatch": [0.0204, -0.0675, "0.2417 nats", -0.0047, -0.0008, -0.0863]', WITH_UNIT),
        slip(
            {
                '"reconstruction": [158.55, 154.44, 172.72, 153.91, 152.4, 153.66]': '"reconstruction": [158.55, 158.55, 172.72, 153.91, 152.4, 153.66]',
                '"mismatch": [0.0204, -0.0675, 0.2417, -0.0047, -0.0008, -0.0863]': '"mismatch": [0.0204, 0.0204, 0.2417, -0.0047, -0.0008, -0.0863]',
                '"loss": [158.95, 153.09, 177.56, 153.82, 152.38, 151.93]': '"loss": [158.95, 158.95, 177.56, 153.82, 152.38, 151.93]',
                '"auc": [0.6945, 0.6616, 0.5827, 0.6719, 0.6802, 0.6333]': '"auc": [0.6945, 0.6945, 0.5827, 0.6719, 0.6802, 0.6333]',
            },
            COPIED,
        ),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the discriminator's steps and the seed that gives a row, and call it for both games and all seeds.",
        "`mean_losses` gives `reconstruction`, `generator`, which is the mismatch, and `loss`, what encoder and decoder went down. What does the mismatch count for in the loss?",
        "The rule for the verdict looks at all AUCs of a game, and not at their means: do the two groups overlap? And which other column tells the two games apart?",
    ),
)
def game_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: where the discriminator learns more often in a step, the fresh judge's AUC is "lower",
    "higher", or there is "no clear difference". "runs": two games, each with the same three seeds or more, as a list with a dictionary for
    each run, or as one dictionary with a list for each column: discriminator_steps, how often it learns in a step. seed. images, epochs,
    weight: the same in all runs, images being those trained on, weight what the mismatch counts for. On test images, in nats an image:
    reconstruction, mismatch, the game's own mean of −logit D(z), and loss, what encoder and decoder make small; auc, the fresh judge's.
    Type the numbers in, the mismatch and the AUC rounded to two decimals or finer, the others to one.
    "came_true": True or False. The AUC is lower in a game when each of its numbers lies below all of the other's.
    """
    return {
        "predicted": "lower",
        "runs": {
            "discriminator_steps": [1, 1, 1, 4, 4, 4],
            "seed": [0, 1, 2, 0, 1, 2],
            "images": [6_000, 6_000, 6_000, 6_000, 6_000, 6_000],
            "epochs": [15, 15, 15, 15, 15, 15],
            "weight": [20.0, 20.0, 20.0, 20.0, 20.0, 20.0],
            "reconstruction": [158.55, 154.44, 172.72, 153.91, 152.4, 153.66],
            "mismatch": [0.0204, -0.0675, 0.2417, -0.0047, -0.0008, -0.0863],
            "loss": [158.95, 153.09, 177.56, 153.82, 152.38, 151.93],
            "auc": [0.6945, 0.6616, 0.5827, 0.6719, 0.6802, 0.6333],
        },
        "came_true": False,
    }
