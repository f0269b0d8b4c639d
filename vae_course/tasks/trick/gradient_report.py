"""A report on three estimators of one gradient."""

import math

from ..engine import Claim, Column, Probe, hangs_together, measured, read_report, same_in_all, setting, slip, task
from ..engine.reports import COPIED, NOT_FINITE, OF_ITSELF, OTHER_WORD, WITH_UNIT

ESTIMATORS = ("pathwise", "score function", "with baseline")
# How many standard errors a mean may be off; by which factor a variance of many draws may be off (heavy tails).
STANDARD_ERRORS, FACTOR = 5.0, {"pathwise": 1.25, "score function": 2.0, "with baseline": 2.0}

UNBIASED = "All three estimate d/dμ E[(z − 3)²] = 2(μ − 3), so by the variance that you report, a mean over so many repeats lies near it. Which sign, or which factor, has yours? Is it the mean at the start, before any step?"
VARIANCE = "For this f the variance can be computed, and yours is far off. It is that of one estimate, a mean over its draws, at the start. Is yours a standard deviation? The variance of single draws, or of a mean over repeats?"
ALL_ONE = "All means agree in every digit, which draws of so great a variance never do. Is that what you measured, what a formula gives, or one run's mean in all?"
SAME_MU = "The estimators are compared at one place. From which μ did each of yours start?"
SAME_SIGMA = "The estimators are compared at one σ. Which had each of yours?"
NEEDS_BOTH = "The prediction is about the score function with its largest number of draws, beside the pathwise estimator with one. Which runs does that take?"
ALL_THREE = "Each estimator is there at least once, and the score function with two numbers of draws. Which run is missing?"
ALONE = "The baseline of a draw is made of the others. How many draws does that take at the least?"
NO_DRAWS = "An estimate is a mean over one draw or more. Did two columns change places?"
FEW_REPEATS = "A variance from so few estimates is a guess. How long do a thousand take?"
NO_SIGMA = "A σ is above 0, and above 10 the page's parabola is drowned in it. Which did you take?"
NO_MU = "Start within 20 of the best μ, 3. From where did you?"
NO_VARIANCE = "A variance is above 0, unless nothing was drawn. Is it rounded until nothing is left?"
NO_DISTANCE = "A mean of distances is above 0. Is it one of |μ − 3|? Is it rounded until nothing is left?"
DIVERGED = "This run flew away: a step was too long for the variance that it had. Take a smaller learning rate in all runs."
PREDICTIONS = ("nearer", "farther")


def variance_of(estimator, draws, mu, sigma):
    """The variance of one estimate, from the moments of a Gaussian. m is how far the start is from the best μ."""
    m = mu - 3
    if estimator == "pathwise":
        return 4 * sigma**2 / draws
    if estimator == "score function":
        return (m**4 / sigma**2 + 14 * m**2 + 15 * sigma**2) / draws
    # each draw's own noise, and that of its baseline
    return (8 * m**2 + 10 * sigma**2 + (8 * m**2 + 2 * sigma**2) / (draws - 1)) / draws


def rules(runs):
    yield same_in_all(runs, "mu", SAME_MU)
    yield same_in_all(runs, "sigma", SAME_SIGMA)
    there = {(run["estimator"], run["draws"]) for run in runs}
    counts = {estimator: sum(one == estimator for one, _ in there) for estimator in ESTIMATORS}
    enough = all(counts.values()) and counts["score function"] > 1
    yield Claim("The runs of each estimator are", "enough", "enough" if enough else ", ".join(f"{estimator}: {count}" for estimator, count in counts.items()), question=ALL_THREE)
    yield Claim("The pathwise estimator with one draw is", "there", "there" if ("pathwise", 1) in there else "missing", question=NEEDS_BOTH)
    for number, run in enumerate(runs, 1):
        estimator, draws = run["estimator"], run["draws"]
        if estimator == "with baseline":
            yield Claim(f"Run {number}: the draws are two or more", str(max(2, int(draws))), str(int(draws)), question=ALONE)
        expected, factor = variance_of(estimator, draws, run["mu"], run["sigma"]), FACTOR[estimator]
        nearest = min(max(run["variance"], expected / factor), expected * factor)
        yield Claim(f"Run {number}: the variance of this estimator with {int(draws)} draw{'s' * (draws > 1)}, the nearest that could be", float(nearest), float(run["variance"]), question=VARIANCE)
        room = STANDARD_ERRORS * (expected * factor / run["repeats"]) ** 0.5 + 0.006
        yield Claim(f"Run {number}: the mean of the estimates is 2(μ − 3)", float(2 * (run["mu"] - 3)), float(run["mean"]), room, question=UNBIASED)
    same = len({run["mean"] for run in runs}) == 1 and chance_of_one_mean(runs) < 0.002
    yield Claim("The means of the runs are", "not all one number", "all one number" if same else "not all one number", question=ALL_ONE)


def chance_of_one_mean(runs):
    """How likely all means are the same three digits: for each run at most the height of its Gaussian times a step of the third digit."""
    chance = 1.0
    for run in runs:
        step = 10.0 ** (math.floor(math.log10(abs(run["mean"]) or 1.0)) - 2)
        chance *= min(1.0, step / (2 * math.pi * run["variance"] / run["repeats"]) ** 0.5)
    return chance


def outcome(runs):
    pathwise = next(run for run in runs if (run["estimator"], run["draws"]) == ("pathwise", 1))
    score = max((run for run in runs if run["estimator"] == "score function"), key=lambda run: run["draws"])
    return PREDICTIONS[0] if score["distance"] < pathwise["distance"] else PREDICTIONS[1]


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            Column("estimator", "word", words=ESTIMATORS),
            setting("draws", 1, 1e7, NO_DRAWS),
            setting("mu", -17, 23, NO_MU, kind="number"),
            setting("sigma", 0.01, 10, NO_SIGMA, kind="number"),
            setting("repeats", 1_000, 1e9, FEW_REPEATS),
            measured("mean", -1e6, 1e6, DIVERGED, DIVERGED),
            measured("variance", 1e-12, 1e12, NO_VARIANCE, DIVERGED),
            measured("distance", 1e-9, 1e3, NO_DISTANCE, DIVERGED),
        ),
        least=4,
        predictions=PREDICTIONS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": False', '"came_true": True', OF_ITSELF),
        slip('"mean": [-6.024, -6.181, -6.01, -5.989, -6.0]', '"mean": [-6.024, 6.181, -6.01, -5.989, -6.0]', UNBIASED),
        slip('"mean": [-6.024, -6.181, -6.01, -5.989, -6.0]', '"mean": [-6.0, -6.0, -6.0, -6.0, -6.0]', ALL_ONE),
        slip('"distance": [0.0825, 0.2421, 0.0179, 0.1054, 0.0144]', '"distance": [0.0825, 0.2421, 0.0, 0.1054, 0.0]', NO_DISTANCE),
        slip('"mean": [-6.024, -6.181, -6.01, -5.989, -6.0]', '"mean": [-3.012, -6.181, -6.01, -5.989, -6.0]', UNBIASED),
        slip('"variance": [4.037, 228.5, 2.228, 76.17, 0.8291]', '"variance": [4.037, 15.12, 2.228, 76.17, 0.8291]', VARIANCE),
        slip('"variance": [4.037, 228.5, 2.228, 76.17, 0.8291]', '"variance": [4.037, 228.5, 222.8, 76.17, 0.8291]', VARIANCE),
        slip('"draws": [1, 1, 100, 2, 100]', '"draws": [1, 1, 100, 2, 10]', VARIANCE),
        slip('"sigma": [1.0, 1.0, 1.0, 1.0, 1.0]', '"sigma": [0.5, 1.0, 1.0, 1.0, 1.0]', SAME_SIGMA),
        slip('"mu": [0.0, 0.0, 0.0, 0.0, 0.0]', '"mu": [1.0, 0.0, 0.0, 0.0, 0.0]', SAME_MU),
        slip('"estimator": ["pathwise", "score function", "score function", "with baseline", "with baseline"]', '"estimator": ["reparameterised", "score function", "score function", "with baseline", "with baseline"]', OTHER_WORD),
        slip({'"draws": [1, 1, 100, 2, 100]': '"draws": [10, 1, 100, 2, 100]', '"variance": [4.037, 228.5, 2.228, 76.17, 0.8291]': '"variance": [0.4037, 228.5, 2.228, 76.17, 0.8291]'}, NEEDS_BOTH),
        slip(
            {
                '"estimator": ["pathwise", "score function", "score function", "with baseline", "with baseline"]': '"estimator": ["pathwise", "with baseline", "score function", "with baseline", "with baseline"]',
                '"draws": [1, 1, 100, 2, 100]': '"draws": [1, 4, 100, 2, 100]',
                '"variance": [4.037, 228.5, 2.228, 76.17, 0.8291]': '"variance": [4.037, 26.7, 2.228, 76.17, 0.8291]',
            },
            ALL_THREE,
        ),
        slip('"draws": [1, 1, 100, 2, 100]', '"draws": [1, 1, 100, 1, 100]', ALONE),
        slip('"repeats": [20_000, 20_000, 20_000, 20_000, 20_000]', '"repeats": [20_000, 20, 20_000, 20_000, 20_000]', FEW_REPEATS),
        slip('"distance": [0.0825, 0.2421, 0.0179, 0.1054, 0.0144]', '"distance": [0.0825, float("nan"), 0.0179, 0.1054, 0.0144]', NOT_FINITE),
        slip('"distance": [0.0825, 0.2421, 0.0179, 0.1054, 0.0144]', '"distance": [0.0825, 1000000000.0, 0.0179, 0.1054, 0.0144]', DIVERGED),
        slip('"distance": [0.0825, 0.2421, 0.0179, 0.1054, 0.0144]', '"distance": [-0.0825, 0.2421, 0.0179, 0.1054, 0.0144]', NO_DISTANCE),
        slip(
            {
                '"mean": [-6.024, -6.181, -6.01, -5.989, -6.0]': '"mean": [-6.024, -6.181, -6.01, -6.181, -6.0]',
                '"variance": [4.037, 228.5, 2.228, 76.17, 0.8291]': '"variance": [4.037, 228.5, 2.228, 228.5, 0.8291]',
                '"distance": [0.0825, 0.2421, 0.0179, 0.1054, 0.0144]': '"distance": [0.0825, 0.2421, 0.0179, 0.2421, 0.0144]',
            },
            COPIED,
        ),
        slip('"variance": [4.037, 228.5, 2.228, 76.17, 0.8291]', '"variance": ["4.037 per draw", 228.5, 2.228, 76.17, 0.8291]', WITH_UNIT),
    ),
    hints=(
        "Write a function that gives many estimates at once: ε of shape (repeats, draws), and for each row one estimate, the mean over its draws. With it, mean and variance at the start are a line each.",
        "With m = z − 3: pathwise is 2m; the score is ε/σ; the score function is m²·ε/σ. For the baseline of a row, take from the sum of its m² the draw's own, and divide by what is left.",
        "Training: `mu -= 0.02 * estimate(...)`, some 500 times, with a single estimate each. Collect |μ − 3| over the second half of the steps and take the mean: a single end point is luck.",
    ),
)
def gradient_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before any step: with its largest number of draws the score function ends "nearer" to the best μ, or
    "farther" from it, than the pathwise estimator with one draw. "runs": a list with a dictionary for each run, or one dictionary with
    a list for each column; each estimator once or more, the score function with two numbers of draws, the pathwise one with one draw.
    estimator: "pathwise", "score function" or "with baseline" (leave-one-out). draws: over how many draws one estimate is a mean.
    mu, sigma: of q at the start, the same in all runs. repeats: of how many estimates, 1,000 or more, the next two were taken.
    mean, variance: of one estimate of d/dμ E[(z − 3)²] at the start. distance: the mean of |μ − 3| over the second half of training.
    Type the numbers in, with three digits or more. "came_true": True or False, by the column distance.
    """
    return {
        "predicted": "farther",
        "runs": {
            "estimator": ["pathwise", "score function", "score function", "with baseline", "with baseline"],
            "draws": [1, 1, 100, 2, 100],
            "mu": [0.0, 0.0, 0.0, 0.0, 0.0],
            "sigma": [1.0, 1.0, 1.0, 1.0, 1.0],
            "repeats": [20_000, 20_000, 20_000, 20_000, 20_000],
            "mean": [-6.024, -6.181, -6.01, -5.989, -6.0],
            "variance": [4.037, 228.5, 2.228, 76.17, 0.8291],
            "distance": [0.0825, 0.2421, 0.0179, 0.1054, 0.0144],
        },
        "came_true": False,
    }
