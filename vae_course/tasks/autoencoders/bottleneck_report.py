"""A report on autoencoders with several bottlenecks, beside PCA."""

from itertools import combinations, pairwise

from ..engine import Claim, Probe, hangs_together, measured, read_report, same_in_all, setting, slip, task
from ..engine.reports import COPIED, NO_COLUMN, NO_PARTS, NO_PREDICTION, NO_SIZE, NOT_FINITE, NOT_WHOLE, OF_ITSELF, TOLD_TWICE, TOO_FEW, WITH_UNIT

PIXELS = 784
# By how much a PCA error may be rounded, or differ because what PCA draws is cut to [0, 1].
ROOM = 0.06
# By how much PCA's error falls at the least where k doubles, and how much greater an error may be on the images that were trained on.
FALL, LUCK = 0.2, 1.2

PARAMETERS = "Count once more: four layers, 784 → hidden → k → hidden → 784, and each has a weight for every pair of an input and an output, and a bias for every output."
PER_PIXEL = "So small an error has no autoencoder with this few numbers. Is it summed over the 784 pixels of an image, or a mean over them?"
PER_BATCH = "So large an error has not even an all-grey image. Is it averaged over images, or a sum over a batch? Do pixels lie in [0, 1]?"
FALLS = "With more directions PCA can only come nearer to every image: those of a small k are among those of a larger one. Do these errors belong to these k, and to the same images?"
TRAINED_ON = "The autoencoder was trained on some images, and draws others better, by far. Did train_error and another column change places?"
ONE_COLUMN = "Two columns are the same in every run. Images that were trained on, test images, PCA: each has an error of its own. Was a column copied?"
SAME_K = "The number k is what changes here, from run to run. Which two of yours have the same?"
SAME_IMAGES = "PCA and all autoencoders see the same training images, or more images would look like a better k. How many did each run of yours have?"
SAME_HIDDEN = "Only k changes. A run with a wider hidden layer is another comparison. Which width have yours?"
SAME_EPOCHS = "Only k changes. A run that trained for longer is another comparison. How long did yours train?"
NO_K = "The code has at least one number here, and at most 200: with many more there is nothing to be squeezed. Which k did you take?"
PREDICTIONS = ("at every k", "at some k", "at no k")


def parameters_of(k, hidden):
    """Weights and biases of 784 → hidden → k → hidden → 784."""
    return (PIXELS + 1) * hidden + (hidden + 1) * k + (k + 1) * hidden + (hidden + 1) * PIXELS


def rules(runs):
    for number, run in enumerate(runs, 1):
        expected, got = parameters_of(int(run["k"]), int(run["hidden"])), int(run["parameters"])
        got -= got == expected + 1  # the package's model also keeps a σ of its pixels, which is not trained
        yield Claim(f"Run {number}: an autoencoder with this k and this hidden layer has the parameters", str(expected), str(got), question=PARAMETERS)
    yield same_in_all(runs, "images", SAME_IMAGES)
    yield same_in_all(runs, "hidden", SAME_HIDDEN)
    yield same_in_all(runs, "epochs", SAME_EPOCHS)
    in_order = sorted(runs, key=lambda run: run["k"])
    widths = [int(run["k"]) for run in in_order]
    yield Claim("The numbers under 'k' are", str(sorted(set(widths))), str(widths), question=SAME_K)
    for one, other in pairwise(in_order):
        above = one["pca_error"] - FALL * (other["k"] >= 2 * one["k"])
        yield Claim(f"PCA's error with k = {other['k']} lies below that with k = {one['k']}", float(min(above, other["pca_error"])), float(other["pca_error"]), ROOM, question=FALLS)
    yield alike(runs)
    for one, other in combinations(("train_error", "test_error", "pca_error"), 2):
        same = all(run[one] == run[other] for run in runs)
        yield Claim(f"In some run {one!r} and {other!r} are", "different numbers", "the same in every run" if same else "different numbers", question=ONE_COLUMN)
    for number, run in enumerate(runs, 1):
        most = LUCK * run["test_error"]
        yield Claim(f"Run {number}: 'train_error' is, beside this 'test_error', at most", float(min(most, run["train_error"])), float(run["train_error"]), ROOM, question=TRAINED_ON)


def alike(runs):
    """No two autoencoders have the same errors in every digit; those rounded to one decimal may, where k hardly matters any more."""
    pairs = [(run["train_error"], run["test_error"]) for run in runs]
    fine = [pair for pair in pairs if any(error != round(error, 1) for error in pair)]
    again = next((f"{pairs.index(pair) + 1} and {number}" for number, pair in enumerate(pairs, 1) if pair in fine and pairs.index(pair) + 1 != number), "none")
    return Claim("The runs with the same errors of the autoencoder are", "none", again, question=COPIED)


def outcome(runs):
    better = [run["test_error"] < run["pca_error"] for run in runs]
    return PREDICTIONS[0] if all(better) else PREDICTIONS[1] if any(better) else PREDICTIONS[2]


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            setting("k", 1, 200, NO_K),
            setting("hidden", 1, 20_000, NO_SIZE),
            setting("images", 50, 60_000, NO_SIZE),
            setting("epochs", 1, 10_000, NO_SIZE),
            setting("parameters", 1, 1e9, NO_SIZE),
            measured("train_error", 0.3, 300, PER_PIXEL, PER_BATCH),
            measured("test_error", 0.3, 300, PER_PIXEL, PER_BATCH),
            measured("pca_error", 0.3, 300, PER_PIXEL, PER_BATCH),
        ),
        least=3,
        predictions=PREDICTIONS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": False', '"came_true": True', OF_ITSELF),
        slip('"parameters": [630_386, 641_600, 731_312]', '"parameters": [628_800, 641_600, 731_312]', PARAMETERS),
        slip('"test_error": [39.51, 14.44, 9.32]', '"test_error": [0.0504, 0.0184, 0.0119]', PER_PIXEL),
        slip('"train_error": [34.99, 8.22, 4.45]', '"train_error": [4479.2, 1051.6, 570.2]', PER_BATCH),
        slip('"test_error": [39.51, 14.44, 9.32]', '"test_error": ["39.51 squared pixels", 14.44, 9.32]', WITH_UNIT),
        slip('"test_error": [39.51, 14.44, 9.32]', '"test_error": [39.51, 14.44, float("nan")]', NOT_FINITE),
        slip({'"train_error": [34.99, 8.22, 4.45]': '"train_error": [34.99, 34.99, 4.45]', '"test_error": [39.51, 14.44, 9.32]': '"test_error": [39.51, 39.51, 9.32]', '"pca_error": [44.14, 21.58, 3.68]': '"pca_error": [44.14, 44.14, 3.68]'}, COPIED),
        slip({'"train_error": [34.99, 8.22, 4.45]': '"train_error": [34.99, 8.22, 8.22]', '"test_error": [39.51, 14.44, 9.32]': '"test_error": [39.51, 14.44, 14.44]'}, COPIED),
        slip('"pca_error": [44.14, 21.58, 3.68]', '"pca_error": [21.58, 44.14, 3.68]', FALLS),
        slip('"pca_error": [44.14, 21.58, 3.68]', '"pca_error": [21.58, 21.58, 21.58]', FALLS),
        slip({'"train_error": [34.99, 8.22, 4.45]': '"train_error": [39.51, 14.44, 9.32]', '"test_error": [39.51, 14.44, 9.32]': '"test_error": [34.99, 8.22, 4.45]'}, TRAINED_ON),
        slip('"train_error": [34.99, 8.22, 4.45]', '"train_error": [39.51, 14.44, 9.32]', ONE_COLUMN),
        slip('"images": [2_000, 2_000, 2_000]', '"images": [2_000, 2_000, 20_000]', SAME_IMAGES),
        slip('"epochs": [60, 60, 60]', '"epochs": [30, 60, 60]', SAME_EPOCHS),
        slip({'"hidden": [400, 400, 400]': '"hidden": [400, 400, 800]', '"parameters": [630_386, 641_600, 731_312]': '"parameters": [630_386, 641_600, 1_461_712]'}, SAME_HIDDEN),
        slip({'"k": [2, 16, 128]': '"k": [2, 16, 16]', '"parameters": [630_386, 641_600, 731_312]': '"parameters": [630_386, 641_600, 641_600]', '"train_error": [34.99, 8.22, 4.45]': '"train_error": [34.99, 8.22, 8.31]'}, TOLD_TWICE),
        slip('"k": [2, 16, 128]', '"k": [2, 16, 784]', NO_K),
        slip('"epochs": [60, 60, 60]', '"epochs": [60, 60.5, 60]', NOT_WHOLE),
        slip('"predicted": "at every k"', '"predicted": "the autoencoder is better"', NO_PREDICTION),
        slip('"pca_error": [', '"pca": [', NO_COLUMN),
        slip('"came_true": False', '"verdict": False', NO_PARTS),
        slip(
            {
                '"k": [2, 16, 128]': '"k": [16, 128]',
                '"hidden": [400, 400, 400]': '"hidden": [400, 400]',
                '"images": [2_000, 2_000, 2_000]': '"images": [2_000, 2_000]',
                '"epochs": [60, 60, 60]': '"epochs": [60, 60]',
                '"parameters": [630_386, 641_600, 731_312]': '"parameters": [641_600, 731_312]',
                '"train_error": [34.99, 8.22, 4.45]': '"train_error": [8.22, 4.45]',
                '"test_error": [39.51, 14.44, 9.32]': '"test_error": [14.44, 9.32]',
                '"pca_error": [44.14, 21.58, 3.68]': '"pca_error": [21.58, 3.68]',
            },
            TOO_FEW,
        ),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of k that gives a row, and call it for three values of k that lie far apart.",
        'A run: seed, `Autoencoder(latent_size=k)`, `fit` on the images, then `mean_losses(model, test)["loss"]` for its test error. Its parameters: add up `p.numel()` over `model.parameters()`, for those p that have `requires_grad`.',
        "PCA on the same images: scikit-learn's `PCA(k).fit(...)`, then `inverse_transform(transform(...))` of the test images, flattened. Its error is summed over pixels and averaged over images, like the other.",
    ),
)
def bottleneck_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: the autoencoder has the smaller test error "at every k", "at some k" or "at no k".
    "runs": three values of k or more, as a list with a dictionary for each, or as one dictionary with a list for each column:
    k, from 1 to 200. hidden: the width of the one hidden layer of encoder and decoder. images: how many were trained on. epochs.
    parameters: how many numbers of the model training changes. train_error, test_error: of the autoencoder. pca_error: on the same
    test images, of PCA with k directions, fitted to the same training images. hidden, images and epochs are the same in all runs.
    Errors are squared, summed over the pixels of an image, averaged over images. Type them in, rounded to one decimal or finer.
    "came_true": True or False, by the columns test_error and pca_error.
    """
    return {
        "predicted": "at every k",
        "runs": {
            "k": [2, 16, 128],
            "hidden": [400, 400, 400],
            "images": [2_000, 2_000, 2_000],
            "epochs": [60, 60, 60],
            "parameters": [630_386, 641_600, 731_312],
            "train_error": [34.99, 8.22, 4.45],
            "test_error": [39.51, 14.44, 9.32],
            "pca_error": [44.14, 21.58, 3.68],
        },
        "came_true": False,
    }
