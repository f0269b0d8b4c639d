"""A report on how many series it takes until a VAE fills gaps better than one Gaussian."""

import math

from ..engine import Claim, Probe, at_least, clearly, hangs_together, measured, read_report, same_in_all, setting, slip, split_by, task, two_groups
from ..engine.reports import COPIED, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, WITH_UNIT

STEPS = 64
# By how much a number typed to one decimal or finer may be off, in hundredths of the axis.
ROUNDED = 0.051

TWO_SIZES = "Luck differs from seed to seed, so that both numbers of series are run with the same three seeds or more. Which runs are missing, or there twice?"
SAME_STEPS = "The fewer series, the fewer steps an epoch has, and a model that took fewer steps would be another change. How long was each of yours trained?"
SAME_GAP = "A longer gap would be another change. How many steps were hidden from each of yours?"
TOO_FINE = "That is less than the noise leaves to anybody. Is it in hundredths of the axis, the root of a mean square, and taken over all test waves?"
TOO_COARSE = "The mean wave itself is off by less. Is it in hundredths of the axis, and against the test waves that the gaps were cut from?"
NOT_FROM_A_SEED = "One Gaussian and a straight line are not trained from a seed: on the same series and gaps they say the same each time. Why are yours different: were new series drawn for each seed, or another gap?"
NO_SERIES_NEEDED = "A straight line looks at no training series. Why should more of them change its error?"
SQUARES = "Mean squares add up, each step counting once; their roots do not. From its error in the gap and in the rest, what should be the VAE's error over all 64 steps?"
EASIER = "More series, and one Gaussian got clearly worse. Did the rows of the two sizes change places, or the series that they were fitted on?"
WORDS = ("lower", "higher", "no clear difference")


def rules(runs):
    yield two_groups(runs, "series", least=3, question=TWO_SIZES)
    # a few steps more or less come from whole epochs
    fewest, most = min(run["steps"] for run in runs), max(run["steps"] for run in runs)
    yield Claim("The most steps that a run took are about as many as the fewest", float(fewest), float(most), 0.1 * fewest, question=SAME_STEPS)
    yield same_in_all(runs, "hidden", SAME_GAP)
    yield same_in_all(runs, "line", NO_SERIES_NEEDED)
    few, many = split_by(runs, "series", "gaussian")
    for group in (few, many):
        yield Claim("One Gaussian's errors on the same series differ by", 0.0, max(group) - min(group), 1e-9, question=NOT_FROM_A_SEED)
    yield at_least("With fewer series, one Gaussian's error is at least", many[0], few[0], room=1.0, question=EASIER)
    for number, run in enumerate(runs, 1):
        gap, rest = run["hidden"] * run["vae"] ** 2, (STEPS - run["hidden"]) * run["rest"] ** 2
        yield Claim(f"Run {number}: the VAE's error over all steps is", math.sqrt((gap + rest) / STEPS), float(run["whole"]), 2 * ROUNDED, question=SQUARES)


def outcome(runs):
    most = max(run["series"] for run in runs)
    ours, theirs = ([run[name] for run in runs if run["series"] == most] for name in ("vae", "gaussian"))
    return clearly(ours, theirs, WORDS)


VAE = '"vae": [10.22, 9.46, 10.17, 9.21, 9.76, 8.78]'
GAUSSIAN = '"gaussian": [9.61, 9.61, 9.61, 8.86, 8.86, 8.86]'
LINE = '"line": [22.99, 22.99, 22.99, 22.99, 22.99, 22.99]'
REST = '"rest": [8.07, 8.25, 8.01, 7.1, 7.07, 6.97]'
WHOLE = '"whole": [8.66, 8.57, 8.6, 7.68, 7.83, 7.46]'


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            setting("series", 20, 1_000_000, NO_SIZE),
            setting("seed", 0, 1e11, NO_SIZE),
            setting("steps", 20, 1_000_000, NO_SIZE),
            setting("hidden", 1, STEPS - 1, NO_SIZE),
            measured("vae", 1, 60, TOO_FINE, TOO_COARSE),
            measured("gaussian", 1, 60, TOO_FINE, TOO_COARSE),
            measured("line", 1, 60, TOO_FINE, TOO_COARSE),
            measured("rest", 0.5, 60, TOO_FINE, TOO_COARSE),
            measured("whole", 0.5, 60, TOO_FINE, TOO_COARSE),
        ),
        least=6,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": False', '"came_true": True', OF_ITSELF),
        slip(WHOLE, '"whole": [9.15, 8.57, 8.6, 7.68, 7.83, 7.46]', SQUARES),
        slip({REST: '"rest": [8.66, 8.25, 8.01, 7.1, 7.07, 6.97]', WHOLE: '"whole": [8.07, 8.57, 8.6, 7.68, 7.83, 7.46]'}, SQUARES),
        slip(
            {
                VAE: '"vae": [0.1022, 9.46, 10.17, 9.21, 9.76, 8.78]',
                REST: '"rest": [0.0807, 8.25, 8.01, 7.1, 7.07, 6.97]',
                WHOLE: '"whole": [0.0866, 8.57, 8.6, 7.68, 7.83, 7.46]',
            },
            TOO_FINE,
        ),
        slip(GAUSSIAN, '"gaussian": [0.92, 0.92, 0.92, 0.79, 0.79, 0.79]', TOO_FINE),
        slip(VAE, '"vae": [102.2, 9.46, 10.17, 9.21, 9.76, 8.78]', TOO_COARSE),
        slip(GAUSSIAN, '"gaussian": [9.61, 9.72, 9.61, 8.86, 8.86, 8.86]', NOT_FROM_A_SEED),
        slip(LINE, '"line": [22.99, 22.99, 22.99, 21.4, 21.4, 21.4]', NO_SERIES_NEEDED),
        slip(GAUSSIAN, '"gaussian": [8.86, 8.86, 8.86, 10.9, 10.9, 10.9]', EASIER),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 7]', TWO_SIZES),
        slip('"steps": [2_000, 2_000, 2_000, 2_016, 2_016, 2_016]', '"steps": [128, 128, 128, 2_016, 2_016, 2_016]', SAME_STEPS),
        slip('"hidden": [16, 16, 16, 16, 16, 16]', '"hidden": [16, 16, 16, 32, 32, 32]', SAME_GAP),
        slip(REST, '"rest": [8.07, 8.25, None, 7.1, 7.07, 6.97]', NO_NUMBER),
        slip(REST, '"rest": [8.07, 8.25, "8.01 %", 7.1, 7.07, 6.97]', WITH_UNIT),
        slip(VAE, '"vae": [10.22, 9.46, float("nan"), 9.21, 9.76, 8.78]', NOT_FINITE),
        slip(
            {
                VAE: '"vae": [10.22, 10.22, 10.17, 9.21, 9.76, 8.78]',
                REST: '"rest": [8.07, 8.07, 8.01, 7.1, 7.07, 6.97]',
                WHOLE: '"whole": [8.66, 8.66, 8.6, 7.68, 7.83, 7.46]',
            },
            COPIED,
        ),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the number of series and the seed that gives a row, and call it for both numbers and all seeds.",
        "As many steps for both: a batch has 128 series, so an epoch of 8,000 has 63 steps and an epoch of 500 has 4. `model.steps_trained` says how many it were.",
        "One Gaussian and the line are `gaussian_given_seen` and `interpolate_gaps` of `vae_course.evaluation.series`; `rmse` there takes the values of the gap, found and true. The true ones are those without noise.",
    ),
)
def series_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: with the more series to learn from, the VAE's error in the gap is, beside one Gaussian's, "lower",
    "higher", or there is "no clear difference". "runs": two numbers of training series, each with the same three seeds or more, as a list with a
    dictionary for each run, or as one dictionary with a list for each column: series. seed, of the model and its training; the series are not drawn
    again. steps: of training, within a tenth the same in all runs. hidden: how many of the 64 steps the gap hides, the same gap in all runs. Root
    mean squared errors on the test waves, against their values without noise, in hundredths of the axis: vae, gaussian and line, in the gap; rest
    and whole, the VAE's over the seen steps and over all 64.
    Type the numbers in, rounded to one decimal or finer.
    "came_true": True or False. The error is lower when each of the VAE's, with the more series, lies below all of one Gaussian's.
    """
    return {
        "predicted": "lower",
        "runs": {
            "series": [500, 500, 500, 8_000, 8_000, 8_000],
            "seed": [0, 1, 2, 0, 1, 2],
            "steps": [2_000, 2_000, 2_000, 2_016, 2_016, 2_016],
            "hidden": [16, 16, 16, 16, 16, 16],
            "vae": [10.22, 9.46, 10.17, 9.21, 9.76, 8.78],
            "gaussian": [9.61, 9.61, 9.61, 8.86, 8.86, 8.86],
            "line": [22.99, 22.99, 22.99, 22.99, 22.99, 22.99],
            "rest": [8.07, 8.25, 8.01, 7.1, 7.07, 6.97],
            "whole": [8.66, 8.57, 8.6, 7.68, 7.83, 7.46],
        },
        "came_true": False,
    }
