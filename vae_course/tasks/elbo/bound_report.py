"""A report on bounds: how far the ELBO lies below a tighter one."""

import math

from ..engine import Claim, Probe, at_least, clearly, hangs_together, measured, not_swapped, read_report, same_in_all, setting, slip, split_by, task, two_groups
from ..engine.reports import COPIED, NEGATIVE, NO_SIZE, NOT_FINITE, OF_ITSELF, PER_BATCH, PER_PIXEL, ROUNDED, WITH_UNIT

PIXELS = 784
# Both bounds are estimated from draws: by how much one that is tighter may come out lower, times the root of the number of images.
BY_CHANCE = 10.0

ADDS_UP = "The ELBO is minus the sum of reconstruction and KL, and yours is another number. Were the three measured on the same images, with the same model? Which sign has each?"
TIGHTER = "With more draws the bound can only rise, but for chance. Did two columns change places? Is yours the logarithm of the mean weight, or the mean of the logarithms? Does it have the sign of a log-probability, and the images of the ELBO?"
PARAMETERS = "Count once more: 784 → hidden → 2·latents, and latents → hidden → 784. The encoder gives a μ and a log σ² for each latent; every layer has a bias for each output."
TWO_SIZES = "Two numbers of latents are compared, each with the same seeds, or luck has a say. Which runs are missing, or one too many?"
SAME_IMAGES = "Bounds on other images are bounds on something else. How many test images had each of your runs?"
SAME_HIDDEN = "Only the latents change. A wider hidden layer is another comparison. Which width had each of yours?"
FEW_IMAGES = "On so few images chance is as large as the gap. Take a hundred or more."
SAME_BOUND = "Ten draws, a hundred, and the single one of the ELBO never give the same digits in all runs. Was a column copied, or did the number of draws stay as it was?"
NOT_BELOW_0 = "The log-probability of an image of 784 pixels lies far below 0. Is this the loss, which has the other sign, or a mean over pixels?"
FAR_BELOW = "So improbable is no image, even to a decoder that knows nothing. Is it averaged over images, or a sum over a batch?"
WORDS = ("smaller", "larger", "no clear difference")


def parameters_of(latents, hidden):
    """Weights and biases of 784 → hidden → 2·latents and of latents → hidden → 784."""
    return (PIXELS + 1) * hidden + (hidden + 1) * 2 * latents + (latents + 1) * hidden + (hidden + 1) * PIXELS


def rules(runs):
    yield two_groups(runs, "latents", least=2, question=TWO_SIZES)
    yield same_in_all(runs, "hidden", SAME_HIDDEN)
    yield same_in_all(runs, "test_images", SAME_IMAGES)
    for number, run in enumerate(runs, 1):
        yield Claim(f"Run {number}: a VAE with these latents and this hidden layer has the parameters", str(parameters_of(int(run["latents"]), int(run["hidden"]))), str(int(run["parameters"])), question=PARAMETERS)
        yield not_swapped(number, run)
        yield Claim(f"Run {number}: minus (reconstruction + KL) is", -float(run["reconstruction"] + run["kl"]), float(run["elbo"]), 3 * ROUNDED, question=ADDS_UP)
        for below, above in (("elbo", "bound_10"), ("bound_10", "bound_100")):
            yield at_least(f"Run {number}: {above!r} is at least {below!r}", run[below], run[above], room=BY_CHANCE / math.sqrt(run["test_images"]) + 2 * ROUNDED, question=TIGHTER)
    for one, other in (("elbo", "bound_10"), ("bound_10", "bound_100")):
        alike = all(run[one] == run[other] for run in runs) and max(run["kl"] for run in runs) > 1  # of a collapsed model all bounds are one
        yield Claim(f"In some run {one!r} and {other!r} are", "different numbers", "the same in every run" if alike else "different numbers", question=SAME_BOUND)


def outcome(runs):
    gaps = [run | {"gap": round(run["bound_100"] - run["elbo"], 6)} for run in runs]  # two gaps of 2.3 are equal, whatever floats make of them
    of_few, of_many = split_by(gaps, "latents", "gap")
    return clearly(of_many, of_few, WORDS)


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            setting("latents", 1, 500, NO_SIZE),
            setting("seed", 0, 1e12, NO_SIZE),
            setting("hidden", 1, 20_000, NO_SIZE),
            setting("parameters", 1, 1e9, NO_SIZE),
            setting("test_images", 100, 70_000, FEW_IMAGES),
            measured("reconstruction", 20, 900, PER_PIXEL, PER_BATCH),
            measured("kl", 0, 20_000, NEGATIVE, PER_BATCH),
            measured("elbo", -20_000, -20, FAR_BELOW, NOT_BELOW_0),
            measured("bound_10", -20_000, -20, FAR_BELOW, NOT_BELOW_0),
            measured("bound_100", -20_000, -20, FAR_BELOW, NOT_BELOW_0),
        ),
        least=4,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": True', '"came_true": False', OF_ITSELF),
        slip('"predicted": "larger"', '"predicted": "smaller"', OF_ITSELF),
        slip('"elbo": [-167.23, -163.78, -122.5, -122.8]', '"elbo": [-167.23, -163.78, -80.6, -122.8]', ADDS_UP),
        slip('"kl": [4.56, 4.85, 20.95, 21.3]', '"kl": [4.56, 4.85, 1.05, 21.3]', ADDS_UP),
        slip(
            {'"elbo": [-167.23, -163.78, -122.5, -122.8]': '"elbo": [167.23, -163.78, -122.5, -122.8]', '"bound_10": [-165.69, -161.34, -118.74, -118.65]': '"bound_10": [165.69, -161.34, -118.74, -118.65]', '"bound_100": [-165.23, -160.58, -117.47, -117.24]': '"bound_100": [165.23, -160.58, -117.47, -117.24]'},
            NOT_BELOW_0,
        ),
        slip({'"bound_10": [-165.69, -161.34, -118.74, -118.65]': '"bound_10": [-165.69, -161.34, -126.26, -118.65]', '"bound_100": [-165.23, -160.58, -117.47, -117.24]': '"bound_100": [-165.23, -160.58, -127.53, -117.24]'}, TIGHTER),
        slip('"bound_100": [-165.23, -160.58, -117.47, -117.24]', '"bound_100": [-169.84, -160.58, -117.47, -117.24]', TIGHTER),
        slip('"parameters": [631_188, 631_188, 652_824, 652_824]', '"parameters": [631_188, 631_188, 644_804, 652_824]', PARAMETERS),
        slip(
            {
                '"reconstruction": [162.67, 158.93, 101.55, 101.5]': '"reconstruction": [162.67, 0.2027, 101.55, 101.5]',
                '"kl": [4.56, 4.85, 20.95, 21.3]': '"kl": [4.56, 0.0062, 20.95, 21.3]',
                '"elbo": [-167.23, -163.78, -122.5, -122.8]': '"elbo": [-167.23, -0.2089, -122.5, -122.8]',
                '"bound_10": [-165.69, -161.34, -118.74, -118.65]': '"bound_10": [-165.69, -0.2058, -118.74, -118.65]',
                '"bound_100": [-165.23, -160.58, -117.47, -117.24]': '"bound_100": [-165.23, -0.2048, -117.47, -117.24]',
            },
            PER_PIXEL,
        ),
        slip({'"reconstruction": [162.67, 158.93, 101.55, 101.5]': '"reconstruction": [162.67, 158930.0, 101.55, 101.5]', '"kl": [4.56, 4.85, 20.95, 21.3]': '"kl": [4.56, 4850.0, 20.95, 21.3]'}, PER_BATCH),
        slip('"seed": [0, 1, 0, 1]', '"seed": [0, 1, 0, 7]', TWO_SIZES),
        slip('"test_images": [1_000, 1_000, 1_000, 1_000]', '"test_images": [1_000, 1_000, 1_000, 500]', SAME_IMAGES),
        slip({'"hidden": [400, 400, 400, 400]': '"hidden": [400, 400, 400, 200]', '"parameters": [631_188, 631_188, 652_824, 652_824]': '"parameters": [631_188, 631_188, 652_824, 326_824]'}, SAME_HIDDEN),
        slip('"test_images": [1_000, 1_000, 1_000, 1_000]', '"test_images": [8, 1_000, 1_000, 1_000]', FEW_IMAGES),
        slip(
            {
                '"reconstruction": [162.67, 158.93, 101.55, 101.5]': '"reconstruction": [162.67, 162.67, 101.55, 101.5]',
                '"kl": [4.56, 4.85, 20.95, 21.3]': '"kl": [4.56, 4.56, 20.95, 21.3]',
                '"elbo": [-167.23, -163.78, -122.5, -122.8]': '"elbo": [-167.23, -167.23, -122.5, -122.8]',
                '"bound_10": [-165.69, -161.34, -118.74, -118.65]': '"bound_10": [-165.69, -165.69, -118.74, -118.65]',
                '"bound_100": [-165.23, -160.58, -117.47, -117.24]': '"bound_100": [-165.23, -165.23, -117.47, -117.24]',
            },
            COPIED,
        ),
        slip('"bound_10": [-165.69, -161.34, -118.74, -118.65]', '"bound_10": [-165.69, -161.34, -118.74, float("-inf")]', NOT_FINITE),
        slip('"kl": [4.56, 4.85, 20.95, 21.3]', '"kl": ["4.56 nats", 4.85, 20.95, 21.3]', WITH_UNIT),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the latents and the seed that gives a row, and call it for both sizes and all seeds.",
        "A run: seed everything, `VAE(latent_size=…)`, `fit`, then `evaluate(model, test)`, which gives the ELBO and its two terms. How are its three numbers related?",
        "`negative_log_likelihood(model, test, k=10)` gives −log p(x) of each image, bounded with ten draws. A bound of the table is the mean of these, with the other sign.",
    ),
)
def bound_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: with the greater number of latents, the gap between bound_100 and elbo is "smaller",
    "larger", or there is "no clear difference". "runs": two numbers of latents, each with the same two seeds or more, as a list with a
    dictionary for each run, or as one dictionary with a list for each column: latents, seed. hidden: the width of the one hidden layer
    of encoder and decoder. parameters: of the whole model. test_images: how many, 100 or more. On these, in nats an image:
    reconstruction, kl, elbo = −(reconstruction + kl), and bound_10 and bound_100, the importance-weighted bounds on log p(x) with 10
    and with 100 draws. hidden and test_images are the same in all runs. Type the numbers in, rounded to one decimal or finer.
    "came_true": True or False. One gap is smaller when all of its seeds' lie below all of the other's.
    """
    return {
        "predicted": "larger",
        "runs": {
            "latents": [2, 2, 20, 20],
            "seed": [0, 1, 0, 1],
            "hidden": [400, 400, 400, 400],
            "parameters": [631_188, 631_188, 652_824, 652_824],
            "test_images": [1_000, 1_000, 1_000, 1_000],
            "reconstruction": [162.67, 158.93, 101.55, 101.5],
            "kl": [4.56, 4.85, 20.95, 21.3],
            "elbo": [-167.23, -163.78, -122.5, -122.8],
            "bound_10": [-165.69, -161.34, -118.74, -118.65],
            "bound_100": [-165.23, -160.58, -117.47, -117.24],
        },
        "came_true": True,
    }
