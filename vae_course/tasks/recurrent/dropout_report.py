"""A report on hiding steps from a decoder, and on whether its code is heard."""

from ..engine import (
    Claim,
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
    split_by,
    task,
    two_groups,
)
from ..engine.reports import COPIED, NEGATIVE, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, ROUNDED, SAME_EPOCHS, WITH_UNIT

# By how many nats another's code may, by chance, explain a window better than its own: where codes say nothing, the two are alike.
CHANCE = 0.5
# How much more, at the very most, a window costs under the mean of its q(z|x) than under draws from it, as a share of the latter.
SCATTER = 0.15

ADDS_UP = "The loss is the sum of its two terms, and yours is another number. Were all three measured on the test windows, at the end of the same run?"
TWO_RATES = "Luck differs from seed to seed, so that two rates are run with the same three seeds or more each. Which runs are missing, or there twice?"
SAME_WINDOWS = "More windows would be another change. On how many was each of yours trained?"
NO_RATE = "A rate of dropout is a probability. Which had this run?"
OTHERS = "Another's code explains a window better than its own. Did the two columns change places, or are they log p, and not −log p?"
OWN = "A window costs far more under the mean of its q(z|x) than under draws from it. Were own and reconstruction measured on the same windows and by the same model, with dropout at rest?"
PER_STEP = "So little costs no window of 40 steps. Is it summed over steps, in nats, or a mean over them? Has it the sign of a loss?"
PER_BATCH = "So much costs not even a decoder that knows nothing. Is it averaged over windows, or a sum over a batch?"
WORDS = ("lower", "higher", "no clear difference")


def rules(runs):
    yield two_groups(runs, "dropout", least=3, question=TWO_RATES)
    for name, question in (("windows", SAME_WINDOWS), ("epochs", SAME_EPOCHS)):
        yield same_in_all(runs, name, question)
    for number, run in enumerate(runs, 1):
        yield adds_up(number, run, ADDS_UP)
        most = (1 + SCATTER) * run["reconstruction"] + 1
        yield Claim(f"Run {number}: 'own' is at most", float(min(run["own"], most)), float(run["own"]), question=OWN)
        yield at_least(f"Run {number}: 'other' is at least", run["own"], run["other"], room=CHANCE + 2 * ROUNDED, question=OTHERS)


def outcome(runs):
    few, many = split_by(runs, "dropout", "kl")
    return clearly(many, few, WORDS)


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            setting("dropout", 0, 1, NO_RATE, kind="number"),
            setting("seed", 0, 1e12, NO_SIZE),
            setting("windows", 20, 100_000, NO_SIZE),
            setting("epochs", 1, 10_000, NO_SIZE),
            measured("reconstruction", 2, 200, PER_STEP, PER_BATCH),
            measured("kl", 0, 20_000, NEGATIVE, PER_BATCH),
            measured("loss", 2, 20_000, PER_STEP, PER_BATCH),
            measured("own", 2, 200, PER_STEP, PER_BATCH),
            measured("other", 2, 20_000, PER_STEP, PER_BATCH),
        ),
        least=6,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": False', '"came_true": True', OF_ITSELF),
        slip('"loss": [24.78, 25.32, 25.35, 25.73, 26.27, 26.12]', '"loss": [24.78, 25.32, 25.35, 24.93, 26.27, 26.12]', ADDS_UP),
        slip(
            {
                '"reconstruction": [23.89, 24.82, 24.63, 24.12, 25.09, 25.25]': '"reconstruction": [0.5973, 24.82, 24.63, 24.12, 25.09, 25.25]',
                '"kl": [0.88, 0.5, 0.72, 1.61, 1.17, 0.87]': '"kl": [0.022, 0.5, 0.72, 1.61, 1.17, 0.87]',
                '"loss": [24.78, 25.32, 25.35, 25.73, 26.27, 26.12]': '"loss": [0.6195, 25.32, 25.35, 25.73, 26.27, 26.12]',
            },
            PER_STEP,
        ),
        slip(
            {
                '"reconstruction": [23.89, 24.82, 24.63, 24.12, 25.09, 25.25]': '"reconstruction": [3057.92, 24.82, 24.63, 24.12, 25.09, 25.25]',
                '"kl": [0.88, 0.5, 0.72, 1.61, 1.17, 0.87]': '"kl": [112.64, 0.5, 0.72, 1.61, 1.17, 0.87]',
                '"loss": [24.78, 25.32, 25.35, 25.73, 26.27, 26.12]': '"loss": [3171.84, 25.32, 25.35, 25.73, 26.27, 26.12]',
            },
            PER_BATCH,
        ),
        slip({'"own": [23.01, 23.88, 23.79, 22.94, 24.37, 24.68]': '"own": [23.69, 24.46, 24.39, 24.9, 25.76, 25.9]', '"other": [23.69, 24.46, 24.39, 24.9, 25.76, 25.9]': '"other": [23.01, 23.88, 23.79, 22.94, 24.37, 24.68]'}, OTHERS),
        slip({'"own": [23.01, 23.88, 23.79, 22.94, 24.37, 24.68]': '"own": [-23.01, -23.88, -23.79, -22.94, -24.37, -24.68]', '"other": [23.69, 24.46, 24.39, 24.9, 25.76, 25.9]': '"other": [-23.69, -24.46, -24.39, -24.9, -25.76, -25.9]'}, PER_STEP),
        slip({'"own": [23.01, 23.88, 23.79, 22.94, 24.37, 24.68]': '"own": [23.01, 23.88, 43.79, 22.94, 24.37, 24.68]', '"other": [23.69, 24.46, 24.39, 24.9, 25.76, 25.9]': '"other": [23.69, 24.46, 44.39, 24.9, 25.76, 25.9]'}, OWN),
        slip('"dropout": [0.0, 0.0, 0.0, 0.5, 0.5, 0.5]', '"dropout": [0.0, 0.0, 0.0, 50.0, 0.5, 0.5]', NO_RATE),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 7]', TWO_RATES),
        slip('"windows": [1_000, 1_000, 1_000, 1_000, 1_000, 1_000]', '"windows": [1_000, 1_000, 1_000, 1_000, 3_438, 1_000]', SAME_WINDOWS),
        slip('"epochs": [12, 12, 12, 12, 12, 12]', '"epochs": [12, 12, 12, 12, 40, 12]', SAME_EPOCHS),
        slip('"kl": [0.88, 0.5, 0.72, 1.61, 1.17, 0.87]', '"kl": [0.88, -0.5, 0.72, 1.61, 1.17, 0.87]', NEGATIVE),
        slip('"loss": [24.78, 25.32, 25.35, 25.73, 26.27, 26.12]', '"loss": [24.78, 25.32, float("nan"), 25.73, 26.27, 26.12]', NOT_FINITE),
        slip('"kl": [0.88, 0.5, 0.72, 1.61, 1.17, 0.87]', '"kl": [0.88, 0.5, None, 1.61, 1.17, 0.87]', NO_NUMBER),
        slip('"kl": [0.88, 0.5, 0.72, 1.61, 1.17, 0.87]', '"kl": [0.88, 0.5, "0.72 nats", 1.61, 1.17, 0.87]', WITH_UNIT),
        slip(
            {
                '"reconstruction": [23.89, 24.82, 24.63, 24.12, 25.09, 25.25]': '"reconstruction": [23.89, 23.89, 24.63, 24.12, 25.09, 25.25]',
                '"kl": [0.88, 0.5, 0.72, 1.61, 1.17, 0.87]': '"kl": [0.88, 0.88, 0.72, 1.61, 1.17, 0.87]',
                '"loss": [24.78, 25.32, 25.35, 25.73, 26.27, 26.12]': '"loss": [24.78, 24.78, 25.35, 25.73, 26.27, 26.12]',
                '"own": [23.01, 23.88, 23.79, 22.94, 24.37, 24.68]': '"own": [23.01, 23.01, 23.79, 22.94, 24.37, 24.68]',
                '"other": [23.69, 24.46, 24.39, 24.9, 25.76, 25.9]': '"other": [23.69, 23.69, 24.39, 24.9, 25.76, 25.9]',
            },
            COPIED,
        ),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the rate and the seed that gives a row, and call it for both rates and all seeds.",
        "A run: seed everything, `RecurrentVAE(input_shape=(17, 40), end_token=2, word_dropout=…)`, `fit`, then `mean_losses` on the test windows. Which three of its entries are columns of the table?",
        "`z = model.encode(test).mean` has the windows' own codes and `z.roll(1, 0)` those of others; `model.decode(z).log_prob(test)` reads the true steps, as in training. Its mean, with the other sign, is the price.",
    ),
)
def dropout_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: at the higher rate of word dropout the KL is "lower", "higher", or there is
    "no clear difference". "runs": two rates, each with the same three seeds or more, as a list with a dictionary for each run, or as one
    dictionary with a list for each column: dropout, seed. windows, epochs: the same in all runs, windows being those trained on.
    On test windows, in nats a window: reconstruction, kl, and loss, their sum; own and other, the mean of −log p(x|z) under the mean of
    the window's own q(z|x), and under that of another window. Type the numbers in, rounded to one decimal or finer.
    "came_true": True or False. The KL is higher at a rate when each of its numbers lies above all of the other's.
    """
    return {
        "predicted": "higher",
        "runs": {
            "dropout": [0.0, 0.0, 0.0, 0.5, 0.5, 0.5],
            "seed": [0, 1, 2, 0, 1, 2],
            "windows": [1_000, 1_000, 1_000, 1_000, 1_000, 1_000],
            "epochs": [12, 12, 12, 12, 12, 12],
            "reconstruction": [23.89, 24.82, 24.63, 24.12, 25.09, 25.25],
            "kl": [0.88, 0.5, 0.72, 1.61, 1.17, 0.87],
            "loss": [24.78, 25.32, 25.35, 25.73, 26.27, 26.12],
            "own": [23.01, 23.88, 23.79, 22.94, 24.37, 24.68],
            "other": [23.69, 24.46, 24.39, 24.9, 25.76, 25.9],
        },
        "came_true": False,
    }
