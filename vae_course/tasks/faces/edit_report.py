"""A report on what more latents are worth to an edit."""

from ..engine import Claim, Column, Probe, clearly, hangs_together, measured, read_report, same_in_all, setting, slip, split_by, task, two_groups
from ..engine.reports import COPIED, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, ROUNDED, SAME_EPOCHS, SAME_IMAGES, WITH_UNIT

ADDS_UP = "What an edit saves is the distance that the face had from the true edit, less that which is left, and yours is another number. Were all three measured on the same faces?"
TWO_SIZES = "Luck differs from seed to seed, so that both numbers of latents are run with the same three seeds or more. Which runs are missing, or there twice?"
SAME_FACES = "The faces before any edit know nothing of the model: they lie equally far from the true edits in all runs. Were other faces asked, or is this column the distance after the edit?"
SAME_NUMBER = "Other test faces would be another question. How many were edited in each of your runs?"
IN_LEVELS = "So large a distance no two pictures have: 255 grey levels lie between black and white. Is yours a root of a mean over pixels, times 255?"
TOO_NEAR = "So near the true edit comes no edit of a blurred model. Are yours grey levels of 255, the root of a mean over pixels?"
WORDS = ("smaller", "larger", "no clear difference")


def rules(runs):
    yield two_groups(runs, "latents", least=3, question=TWO_SIZES)
    for name, question in (("images", SAME_IMAGES), ("epochs", SAME_EPOCHS), ("edited", SAME_NUMBER), ("before", SAME_FACES)):
        yield same_in_all(runs, name, question)
    for number, run in enumerate(runs, 1):
        yield Claim(f"Run {number}: before − after is", float(run["before"] - run["after"]), float(run["saved"]), 3 * ROUNDED, question=ADDS_UP)


def outcome(runs):
    few, many = split_by(runs, "latents", "after")
    return clearly(many, few, WORDS)


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            setting("latents", 1, 10_000, NO_SIZE),
            setting("seed", 0, 1e12, NO_SIZE),
            setting("images", 50, 1_000_000, NO_SIZE),
            setting("epochs", 1, 10_000, NO_SIZE),
            setting("edited", 20, 1_000_000, NO_SIZE),
            measured("before", 3, 255, TOO_NEAR, IN_LEVELS),
            measured("after", 3, 255, TOO_NEAR, IN_LEVELS),
            Column("saved", low=-255, high=255, too_low=IN_LEVELS, too_high=IN_LEVELS, measured=True),
        ),
        least=6,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": True', '"came_true": False', OF_ITSELF),
        slip('"saved": [3.54, 5.78, 4.34, 7.42, 7.32, 7.48]', '"saved": [3.54, 5.78, 4.34, 7.42, 26.57, 7.48]', ADDS_UP),
        slip('"saved": [3.54, 5.78, 4.34, 7.42, 7.32, 7.48]', '"saved": [-3.54, -5.78, -4.34, -7.42, -7.32, -7.48]', ADDS_UP),
        slip('"before": [33.90, 33.90, 33.90, 33.90, 33.90, 33.90]', '"before": [33.90, 35.01, 33.90, 33.90, 33.90, 33.90]', SAME_FACES),
        slip('"after": [30.36, 28.11, 29.56, 26.48, 26.57, 26.42]', '"after": [0.119, 28.11, 29.56, 26.48, 26.57, 26.42]', TOO_NEAR),
        slip('"after": [30.36, 28.11, 29.56, 26.48, 26.57, 26.42]', '"after": [921.7, 28.11, 29.56, 26.48, 26.57, 26.42]', IN_LEVELS),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 7]', TWO_SIZES),
        slip('"latents": [4, 4, 4, 32, 32, 32]', '"latents": [4, 4, 4, 32, 32, 64]', TWO_SIZES),
        slip('"images": [2_000, 2_000, 2_000, 2_000, 2_000, 2_000]', '"images": [2_000, 2_000, 2_000, 4_000, 2_000, 2_000]', SAME_IMAGES),
        slip('"epochs": [12, 12, 12, 12, 12, 12]', '"epochs": [12, 12, 12, 12, 24, 12]', SAME_EPOCHS),
        slip('"edited": [104, 104, 104, 104, 104, 104]', '"edited": [104, 104, 104, 50, 104, 104]', SAME_NUMBER),
        slip('"after": [30.36, 28.11, 29.56, 26.48, 26.57, 26.42]', '"after": [30.36, float("nan"), 29.56, 26.48, 26.57, 26.42]', NOT_FINITE),
        slip('"after": [30.36, 28.11, 29.56, 26.48, 26.57, 26.42]', '"after": [30.36, None, 29.56, 26.48, 26.57, 26.42]', NO_NUMBER),
        slip('"after": [30.36, 28.11, 29.56, 26.48, 26.57, 26.42]', '"after": [30.36, "28.11 levels", 29.56, 26.48, 26.57, 26.42]', WITH_UNIT),
        slip({'"after": [30.36, 28.11, 29.56, 26.48, 26.57, 26.42]': '"after": [30.36, 30.36, 29.56, 26.48, 26.57, 26.42]', '"saved": [3.54, 5.78, 4.34, 7.42, 7.32, 7.48]': '"saved": [3.54, 3.54, 4.34, 7.42, 7.32, 7.48]'}, COPIED),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the number of latents and the seed that gives a row, and call it for both numbers and all seeds.",
        'Draw the faces and their true edits once, above the function: `draw_faces(with_level(y, "hair", "long"), rows=rows, seed=1)` gives the edits of the test faces in these rows.',
        "The arrow: `attribute_arrow` on the codes of training faces with long and with short hair. The edit: x + decode(z + arrow) − decode(z), pixels cut to [0, 1], as in task 3.",
    ),
)
def edit_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: with more latents the distance after the edit is "smaller", "larger", or there is
    "no clear difference".
    "runs": two numbers of latents, each with the same three seeds or more, as a list with a dictionary for each run, or as one dictionary
    with a list for each column: latents. seed. images, epochs: the same in all runs, images being those trained on. edited: how many test
    faces were edited, the same in all. In grey levels of 255, the root of the mean squared difference of pixels, averaged over these faces:
    before, from the face as it was to the true edit; after, from the face with the arrow's change laid on; saved, before − after.
    Type the numbers in, rounded to one decimal or finer.
    "came_true": True or False. The distance is smaller with more latents when each of their `after` lies below all of the other's.
    """
    return {
        "predicted": "smaller",
        "runs": {
            "latents": [4, 4, 4, 32, 32, 32],
            "seed": [0, 1, 2, 0, 1, 2],
            "images": [2_000, 2_000, 2_000, 2_000, 2_000, 2_000],
            "epochs": [12, 12, 12, 12, 12, 12],
            "edited": [104, 104, 104, 104, 104, 104],
            "before": [33.90, 33.90, 33.90, 33.90, 33.90, 33.90],
            "after": [30.36, 28.11, 29.56, 26.48, 26.57, 26.42],
            "saved": [3.54, 5.78, 4.34, 7.42, 7.32, 7.48],
        },
        "came_true": True,
    }
