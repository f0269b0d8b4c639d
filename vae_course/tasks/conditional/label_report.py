"""A report on what labels are worth to a conditional VAE, beside labels that say nothing."""

import math

from ..engine import (
    Claim,
    Column,
    Probe,
    adds_up,
    clearly,
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
from ..engine.reports import COPIED, NEGATIVE, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, OTHER_WORD, PER_BATCH, PER_PIXEL, SAME_EPOCHS, SAME_IMAGES, WITH_UNIT

LABELS = ("true", "dealt")
CLASSES = 10

ADDS_UP = "The loss is the sum of its two terms, and yours is another number. Were all three measured on the test images, at the end of the same run?"
TWO_DECKS = "Luck differs from seed to seed, so that both kinds of labels are run with the same three seeds or more. Which runs are missing, or there twice?"
SAME_DRAWN = "A share of more draws is a surer one. How many did each of your runs draw?"
MORE_OBEYED = "More draws were named as asked than were drawn. Is this their number, or per cent?"
DEALT = "Labels dealt at random tell nothing of an image, so that a model taught with them can't know what a 7 is: a tenth of its draws is named as asked, by chance. Which model, or which labels, did you ask?"
FEW_DRAWS = "So few draws leave the share to chance. A hundred take no second: how many were yours?"
WORDS = ("lower", "higher", "no clear difference")


def rules(runs):
    yield two_groups(runs, "labels", least=3, question=TWO_DECKS)
    for name, question in (("images", SAME_IMAGES), ("epochs", SAME_EPOCHS), ("drawn", SAME_DRAWN)):
        yield same_in_all(runs, name, question)
    for number, run in enumerate(runs, 1):
        yield not_swapped(number, run)
        yield adds_up(number, run, ADDS_UP)
        yield Claim(f"Run {number}: draws named as asked are at most", float(min(run["obeyed"], run["drawn"])), float(run["obeyed"]), question=MORE_OBEYED)
        if run["labels"] == "dealt":
            by_chance = run["drawn"] / CLASSES
            room = 5 * math.sqrt(by_chance * (1 - 1 / CLASSES))  # standard deviations of a count
            yield Claim(f"Run {number}: draws named as asked, by chance, are about", by_chance, float(run["obeyed"]), room, question=DEALT)


def outcome(runs):
    true, dealt = ([run["loss"] for run in runs if run["labels"] == labels] for labels in LABELS)
    return clearly(true, dealt, WORDS)


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            Column("labels", "word", words=LABELS),
            setting("seed", 0, 1e12, NO_SIZE),
            setting("images", 50, 70_000, NO_SIZE),
            setting("epochs", 1, 10_000, NO_SIZE),
            setting("drawn", 100, 1e6, FEW_DRAWS),
            setting("obeyed", 0, 1e6, NO_SIZE),
            measured("reconstruction", 20, 900, PER_PIXEL, PER_BATCH),
            measured("kl", 0, 20_000, NEGATIVE, PER_BATCH),
            measured("loss", 20, 20_000, PER_PIXEL, PER_BATCH),
        ),
        least=6,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": True', '"came_true": False', OF_ITSELF),
        slip('"loss": [151.11, 149.24, 148.32, 172.04, 169.63, 170.98]', '"loss": [148.78, 149.24, 148.32, 172.04, 169.63, 170.98]', ADDS_UP),
        slip(
            {
                '"reconstruction": [146.44, 144.65, 143.82, 166.93, 164.37, 166.15]': '"reconstruction": [0.1868, 144.65, 143.82, 166.93, 164.37, 166.15]',
                '"kl": [4.68, 4.59, 4.51, 5.11, 5.25, 4.83]': '"kl": [0.006, 4.59, 4.51, 5.11, 5.25, 4.83]',
                '"loss": [151.11, 149.24, 148.32, 172.04, 169.63, 170.98]': '"loss": [0.1927, 149.24, 148.32, 172.04, 169.63, 170.98]',
            },
            PER_PIXEL,
        ),
        slip(
            {
                '"reconstruction": [146.44, 144.65, 143.82, 166.93, 164.37, 166.15]': '"reconstruction": [18744.32, 144.65, 143.82, 166.93, 164.37, 166.15]',
                '"kl": [4.68, 4.59, 4.51, 5.11, 5.25, 4.83]': '"kl": [599.04, 4.59, 4.51, 5.11, 5.25, 4.83]',
                '"loss": [151.11, 149.24, 148.32, 172.04, 169.63, 170.98]': '"loss": [19342.08, 149.24, 148.32, 172.04, 169.63, 170.98]',
            },
            PER_BATCH,
        ),
        slip('"obeyed": [370, 432, 494, 103, 100, 101]', '"obeyed": [1_040, 432, 494, 103, 100, 101]', MORE_OBEYED),
        slip('"obeyed": [370, 432, 494, 103, 100, 101]', '"obeyed": [370, 432, 494, 370, 100, 101]', DEALT),
        slip('"obeyed": [370, 432, 494, 103, 100, 101]', '"obeyed": [370, 432, 494, 10, 100, 101]', DEALT),
        slip({'"drawn": [1_000, 1_000, 1_000, 1_000, 1_000, 1_000]': '"drawn": [50, 50, 50, 50, 50, 50]', '"obeyed": [370, 432, 494, 103, 100, 101]': '"obeyed": [18, 21, 24, 5, 5, 5]'}, FEW_DRAWS),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 7]', TWO_DECKS),
        slip('"images": [10_000, 10_000, 10_000, 10_000, 10_000, 10_000]', '"images": [10_000, 10_000, 10_000, 10_000, 20_000, 10_000]', SAME_IMAGES),
        slip('"epochs": [6, 6, 6, 6, 6, 6]', '"epochs": [6, 6, 6, 6, 20, 6]', SAME_EPOCHS),
        slip('"drawn": [1_000, 1_000, 1_000, 1_000, 1_000, 1_000]', '"drawn": [1_000, 1_000, 1_000, 1_000, 2_000, 1_000]', SAME_DRAWN),
        slip('"labels": ["true", "true", "true", "dealt", "dealt", "dealt"]', '"labels": ["right", "right", "right", "dealt", "dealt", "dealt"]', OTHER_WORD),
        slip('"kl": [4.68, 4.59, 4.51, 5.11, 5.25, 4.83]', '"kl": [4.68, -4.59, 4.51, 5.11, 5.25, 4.83]', NEGATIVE),
        slip('"loss": [151.11, 149.24, 148.32, 172.04, 169.63, 170.98]', '"loss": [151.11, 149.24, float("nan"), 172.04, 169.63, 170.98]', NOT_FINITE),
        slip('"kl": [4.68, 4.59, 4.51, 5.11, 5.25, 4.83]', '"kl": [4.68, 4.59, None, 5.11, 5.25, 4.83]', NO_NUMBER),
        slip('"kl": [4.68, 4.59, 4.51, 5.11, 5.25, 4.83]', '"kl": [4.68, 4.59, "4.51 nats", 5.11, 5.25, 4.83]', WITH_UNIT),
        slip(
            {
                '"reconstruction": [146.44, 144.65, 143.82, 166.93, 164.37, 166.15]': '"reconstruction": [146.44, 146.44, 143.82, 166.93, 164.37, 166.15]',
                '"kl": [4.68, 4.59, 4.51, 5.11, 5.25, 4.83]': '"kl": [4.68, 4.68, 4.51, 5.11, 5.25, 4.83]',
                '"loss": [151.11, 149.24, 148.32, 172.04, 169.63, 170.98]': '"loss": [151.11, 151.11, 148.32, 172.04, 169.63, 170.98]',
            },
            COPIED,
        ),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the kind of labels and the seed that gives a row, and call it for both kinds and all seeds.",
        "Dealt labels: `Split(split.x, torch.randint(10, (len(split),)))` of `vae_course.data`, for training and for test images alike. `fit` and `mean_losses` take a Split.",
        "Ask each model for as many of each digit: `asked = torch.arange(drawn) % 10`, then `model.sample(drawn, asked)`; the stored classifier's largest logit names what was drawn. How many names do you expect to be right by chance?",
    ),
)
def label_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: with true labels the test loss is "lower", "higher", or there is "no clear difference".
    "runs": both kinds of labels, each with the same three seeds or more, as a list with a dictionary for each run, or as one dictionary
    with a list for each column: labels, "true" or "dealt". seed. images, epochs: the same in all runs, images being those trained on.
    drawn: how many images were drawn from a model that was asked for each digit equally often, 100 or more, the same in all runs.
    obeyed: how many of them the classifier names as asked. On test images, with labels of the same kind, in nats an image:
    reconstruction, kl, and loss, their sum. Type the numbers in, rounded to one decimal or finer.
    "came_true": True or False. The loss is lower with true labels when each of its numbers lies below all of the other's.
    """
    return {
        "predicted": "lower",
        "runs": {
            "labels": ["true", "true", "true", "dealt", "dealt", "dealt"],
            "seed": [0, 1, 2, 0, 1, 2],
            "images": [10_000, 10_000, 10_000, 10_000, 10_000, 10_000],
            "epochs": [6, 6, 6, 6, 6, 6],
            "drawn": [1_000, 1_000, 1_000, 1_000, 1_000, 1_000],
            "obeyed": [370, 432, 494, 103, 100, 101],
            "reconstruction": [146.44, 144.65, 143.82, 166.93, 164.37, 166.15],
            "kl": [4.68, 4.59, 4.51, 5.11, 5.25, 4.83],
            "loss": [151.11, 149.24, 148.32, 172.04, 169.63, 170.98],
        },
        "came_true": True,
    }
