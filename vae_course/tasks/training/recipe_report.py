"""A report on one change of the recipe of training."""

import math

from ..engine import Claim, Column, Probe, adds_up, clearly, hangs_together, measured, not_swapped, read_report, same_in_all, setting, slip, split_by, task, two_groups
from ..engine.reports import COPIED, NEGATIVE, NO_SIZE, NOT_FINITE, OF_ITSELF, ONE_CHANGE, OTHER_WORD, PER_BATCH, PER_PIXEL, WITH_UNIT

RECIPES = ("as before", "changed")
SETTINGS = ("epochs", "batch_size", "learning_rate")

ADDS_UP = "The loss is the sum of its two terms, and yours is another number. Were all three measured on the test images, at the end of the same run?"
STEPS = "A step is taken for each batch, the last and smaller one among them, and all batches come once an epoch. How many is that with these images, this batch size and these epochs?"
THREE_SEEDS = "Luck differs from seed to seed, so both recipes are run with the same three seeds or more. Which runs are missing, or there twice?"
SAME_IMAGES = "More images would be another change. On how many was each of yours trained?"
WITHIN = "All runs of one recipe have the same settings, but for the seed. Which of yours differs?"
NO_CHANGE = "By its settings the changed recipe is the old one. What did you change: epochs, batch size, or learning rate?"
NO_RATE = "A learning rate lies above 0 and below 1. Which had this run?"
WORDS = ("lower", "higher", "no clear difference")


def rules(runs):
    yield two_groups(runs, "recipe", least=3, question=THREE_SEEDS)
    yield same_in_all(runs, "images", SAME_IMAGES)
    groups = [[tuple(run[name] for name in SETTINGS) for run in runs if run["recipe"] == recipe] for recipe in RECIPES]
    for recipe, group in zip(RECIPES, groups, strict=True):
        yield Claim(f"The settings of the runs {recipe!r} are", "the same", "the same" if len(set(group)) == 1 else "not the same", question=WITHIN)
    differ = [name for name, one, other in zip(SETTINGS, groups[0][0], groups[1][0], strict=True) if one != other]
    yield Claim("Between the recipes there differs", "one setting", "one setting" if len(differ) == 1 else ", ".join(differ) or "none", question=ONE_CHANGE if differ else NO_CHANGE)
    for number, run in enumerate(runs, 1):
        steps = int(run["epochs"]) * math.ceil(run["images"] / run["batch_size"])
        yield Claim(f"Run {number}: its steps are", str(steps), str(int(run["steps"])), question=STEPS)
        yield not_swapped(number, run)
        yield adds_up(number, run, ADDS_UP)


def outcome(runs):
    before, changed = split_by(runs, "recipe", "loss")
    return clearly(changed, before, WORDS)


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            Column("recipe", "word", words=RECIPES),
            setting("seed", 0, 1e12, NO_SIZE),
            setting("images", 50, 70_000, NO_SIZE),
            setting("epochs", 1, 10_000, NO_SIZE),
            setting("batch_size", 1, 70_000, NO_SIZE),
            setting("learning_rate", 1e-9, 1, NO_RATE, kind="number"),
            setting("steps", 1, 1e9, NO_SIZE),
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
        slip('"predicted": "lower"', '"predicted": "no clear difference"', OF_ITSELF),
        slip('"loss": [128.22, 128.01, 127.64, 116.14, 115.55, 115.42]', '"loss": [107.63, 128.01, 127.64, 116.14, 115.55, 115.42]', ADDS_UP),
        slip(
            {
                '"reconstruction": [107.63, 107.25, 107.88, 92.61, 91.94, 91.42]': '"reconstruction": [0.1373, 0.1368, 107.88, 92.61, 91.94, 91.42]',
                '"kl": [20.59, 20.76, 19.76, 23.53, 23.61, 24.0]': '"kl": [0.0263, 0.0265, 19.76, 23.53, 23.61, 24.0]',
                '"loss": [128.22, 128.01, 127.64, 116.14, 115.55, 115.42]': '"loss": [0.1635, 0.1633, 127.64, 116.14, 115.55, 115.42]',
            },
            PER_PIXEL,
        ),
        slip(
            {
                '"reconstruction": [107.63, 107.25, 107.88, 92.61, 91.94, 91.42]': '"reconstruction": [13776.6, 107.25, 107.88, 92.61, 91.94, 91.42]',
                '"kl": [20.59, 20.76, 19.76, 23.53, 23.61, 24.0]': '"kl": [2635.5, 20.76, 19.76, 23.53, 23.61, 24.0]',
                '"loss": [128.22, 128.01, 127.64, 116.14, 115.55, 115.42]': '"loss": [16412.2, 128.01, 127.64, 116.14, 115.55, 115.42]',
            },
            PER_BATCH,
        ),
        slip('"steps": [474, 474, 474, 1_878, 1_878, 1_878]', '"steps": [468, 474, 474, 1_878, 1_878, 1_878]', STEPS),
        slip('"steps": [474, 474, 474, 1_878, 1_878, 1_878]', '"steps": [474, 474, 474, 313, 1_878, 1_878]', STEPS),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 5]', THREE_SEEDS),
        slip({'"images": [10_000, 10_000, 10_000, 10_000, 10_000, 10_000]': '"images": [10_000, 10_000, 10_000, 20_000, 10_000, 10_000]', '"steps": [474, 474, 474, 1_878, 1_878, 1_878]': '"steps": [474, 474, 474, 3_750, 1_878, 1_878]'}, SAME_IMAGES),
        slip('"learning_rate": [0.001, 0.001, 0.001, 0.001, 0.001, 0.001]', '"learning_rate": [0.001, 0.001, 0.001, 0.002, 0.001, 0.001]', WITHIN),
        slip('"learning_rate": [0.001, 0.001, 0.001, 0.001, 0.001, 0.001]', '"learning_rate": [0.001, 0.001, 0.001, 0.002, 0.002, 0.002]', ONE_CHANGE),
        slip({'"batch_size": [128, 128, 128, 32, 32, 32]': '"batch_size": [128, 128, 128, 128, 128, 128]', '"steps": [474, 474, 474, 1_878, 1_878, 1_878]': '"steps": [474, 474, 474, 474, 474, 474]'}, NO_CHANGE),
        slip('"recipe": ["as before", "as before", "as before", "changed", "changed", "changed"]', '"recipe": ["old", "as before", "as before", "changed", "changed", "changed"]', OTHER_WORD),
        slip(
            {
                '"reconstruction": [107.63, 107.25, 107.88, 92.61, 91.94, 91.42]': '"reconstruction": [107.63, 107.63, 107.88, 92.61, 91.94, 91.42]',
                '"kl": [20.59, 20.76, 19.76, 23.53, 23.61, 24.0]': '"kl": [20.59, 20.59, 19.76, 23.53, 23.61, 24.0]',
                '"loss": [128.22, 128.01, 127.64, 116.14, 115.55, 115.42]': '"loss": [128.22, 128.22, 127.64, 116.14, 115.55, 115.42]',
            },
            COPIED,
        ),
        slip('"loss": [128.22, 128.01, 127.64, 116.14, 115.55, 115.42]', '"loss": [128.22, 128.01, 127.64, 116.14, 115.55, float("nan")]', NOT_FINITE),
        slip('"kl": [20.59, 20.76, 19.76, 23.53, 23.61, 24.0]', '"kl": [20.59, 20.76, "19.76 nats", 23.53, 23.61, 24.0]', WITH_UNIT),
        slip('"kl": [20.59, 20.76, 19.76, 23.53, 23.61, 24.0]', '"kl": [20.59, 20.76, -19.76, 23.53, 23.61, 24.0]', NEGATIVE),
        slip('"learning_rate": [0.001, 0.001, 0.001, 0.001, 0.001, 0.001]', '"learning_rate": [10.0, 0.001, 0.001, 0.001, 0.001, 0.001]', NO_RATE),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the setting that changes and the seed, and call it for both recipes and all seeds.",
        "A run: seed everything, `VAE()`, `fit` with the recipe's settings, then `mean_losses` on test images. `model.steps_trained` counts its steps: what number do you expect there?",
        "The rule for the verdict looks at all losses of a recipe, and not at their means: do the two groups overlap? Three seeds that overlap are no difference, however their means lie.",
    ),
)
def recipe_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: with the changed recipe the test loss is "lower", "higher", or there is
    "no clear difference". "runs": both recipes, each with the same three seeds or more, as a list with a dictionary for each run, or as
    one dictionary with a list for each column: recipe, "as before" or "changed". seed. images: how many were trained on, the same in
    all runs. epochs, batch_size, learning_rate: one of them differs between the recipes, and nothing else does. steps: how many the
    optimizer made. On test images at the end, in nats an image: reconstruction, kl, and loss, their sum.
    Type the numbers in, rounded to one decimal or finer.
    "came_true": True or False. One recipe's loss is lower when each of its losses lies below all of the other's.
    """
    return {
        "predicted": "lower",
        "runs": {
            "recipe": ["as before", "as before", "as before", "changed", "changed", "changed"],
            "seed": [0, 1, 2, 0, 1, 2],
            "images": [10_000, 10_000, 10_000, 10_000, 10_000, 10_000],
            "epochs": [6, 6, 6, 6, 6, 6],
            "batch_size": [128, 128, 128, 32, 32, 32],
            "learning_rate": [0.001, 0.001, 0.001, 0.001, 0.001, 0.001],
            "steps": [474, 474, 474, 1_878, 1_878, 1_878],
            "reconstruction": [107.63, 107.25, 107.88, 92.61, 91.94, 91.42],
            "kl": [20.59, 20.76, 19.76, 23.53, 23.61, 24.0],
            "loss": [128.22, 128.01, 127.64, 116.14, 115.55, 115.42],
        },
        "came_true": True,
    }
