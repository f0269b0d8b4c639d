"""A report on two rivals that draw: an autoencoder with a Gaussian fitted to its codes, and a VAE with its prior."""

from math import sqrt

from ..engine import Claim, Column, Probe, at_least, clearly, hangs_together, measured, read_report, same_in_all, setting, slip, split_by, task, two_groups
from ..engine.reports import ALL_WHOLE, COPIED, NO_NUMBER, NO_SIZE, NOT_FINITE, OF_ITSELF, OTHER_WORD, ROUNDED, SAME_EPOCHS, SAME_IMAGES, WITH_UNIT

RIVALS = ("VAE", "autoencoder")
TWO_RIVALS = "Luck differs from seed to seed, so that both rivals are run with the same three seeds or more. Which runs are missing, or there twice?"
SAME_LATENTS = "A longer code is another model. How many latents had each of yours?"
SAME_COUNT = "With fewer draws a Fréchet distance comes out larger. How many did each of your runs draw?"
FEW_DRAWS = "Of so few pictures 64 features have no covariance to speak of. How many did you draw?"
NO_DISTANCE = "A Fréchet distance is a sum of squares: never below 0. Where does yours get its sign from?"
TOO_FAR = "So far from digits not even noise lies, to this classifier. Are the features those of pictures with pixels in [0, 1]?"
NO_MODEL = "Real images against other real ones: no model comes in, and no seed. Where do several numbers come from, if images and counts are the same?"
TRIANGLE = "The root of a Fréchet distance is a distance: no way round is shorter than the straight one. Draws, reconstructions, test images: are these three measured between the same three sets, and all left squared?"
SAME_SET = "At distance 0 from each other are two sets of the same pictures. Which two did you compare here, and which are asked for?"
CONTROL = "Your draws lie nearer to the test images than other real images do, of which there are as many. Which two sets is the control between, and is each of them as large as it should be?"
# A test set against itself gives 0; halves of all digits there are, 35,000 each, still a few tenths.
LEAST = 0.05
WORDS = ("lower", "higher", "no clear difference")


def triangle(number, run):
    """Each root is at most the sum of the other two; each number may be off by its rounding."""
    (least_again, again), (least_apart, apart) = ((sqrt(max(run[name] - ROUNDED, 0)), sqrt(run[name] + ROUNDED)) for name in ("rebuilt", "apart"))
    most, least, got = (again + apart) ** 2, max(least_again - apart, least_apart - again, 0.0) ** 2, float(run["distance"])
    told = f"Run {number}: with its 'rebuilt' and 'apart', 'distance' is at"
    yield Claim(f"{told} most", min(most, got), got, ROUNDED, question=TRIANGLE)
    yield at_least(f"{told} least", least, got, room=ROUNDED, question=TRIANGLE)


def rules(runs):
    yield two_groups(runs, "rival", least=3, question=TWO_RIVALS)
    for name, question in (("latents", SAME_LATENTS), ("images", SAME_IMAGES), ("epochs", SAME_EPOCHS), ("drawn", SAME_COUNT), ("real", NO_MODEL)):
        yield same_in_all(runs, name, question)
    for number, run in enumerate(runs, 1):
        yield from triangle(number, run)
        for name in ("rebuilt", "distance", "real"):
            yield at_least(f"Run {number}: {name!r} is at least", LEAST, run[name], room=0.0, question=SAME_SET)
    real, nearest = runs[0]["real"], min(run["distance"] for run in runs)
    yield Claim("'real' is, but for chance, at most", float(min(real, 1.5 * nearest)), float(real), ROUNDED, question=CONTROL)


def outcome(runs):
    by_vae, by_autoencoder = split_by(runs, "rival", "distance")
    return clearly(by_autoencoder, by_vae, WORDS)


@task(
    points=2,
    open=True,
    probes=lambda seed: [Probe({}, seed)],
    run=read_report,
    claims=hangs_together(
        (
            Column("rival", "word", words=RIVALS),
            setting("seed", 0, 1e12, NO_SIZE),
            setting("latents", 1, 784, NO_SIZE),
            setting("images", 50, 70_000, NO_SIZE),
            setting("epochs", 1, 10_000, NO_SIZE),
            setting("drawn", 100, 70_000, FEW_DRAWS),
            measured("rebuilt", 0, 1e5, NO_DISTANCE, TOO_FAR),
            measured("apart", 0, 1e5, NO_DISTANCE, TOO_FAR),
            measured("distance", 0, 1e5, NO_DISTANCE, TOO_FAR),
            measured("real", 0, 1e5, NO_DISTANCE, TOO_FAR),
        ),
        least=6,
        predictions=WORDS,
        outcome=outcome,
        rules=rules,
    ),
    slips=(
        slip('"came_true": True', '"came_true": False', OF_ITSELF),
        slip('"predicted": "lower"', '"predicted": "higher"', OF_ITSELF),
        slip('"distance": [200.17, 195.45, 189.68, 373.77, 353.21, 368.82]', '"distance": [14.15, 195.45, 189.68, 373.77, 353.21, 368.82]', TRIANGLE),
        slip('"distance": [200.17, 195.45, 189.68, 373.77, 353.21, 368.82]', '"distance": [200.17, 195.45, 189.68, 33.77, 353.21, 368.82]', TRIANGLE),
        slip('"apart": [30.20, 31.77, 28.74, 58.17, 65.68, 65.24]', '"apart": [30.20, 3.02, 28.74, 58.17, 65.68, 65.24]', TRIANGLE),
        slip('"rebuilt": [118.32, 117.15, 116.48, 192.12, 162.49, 170.53]', '"rebuilt": [118.32, 117.15, 116.48, 192.12, 162.49, 13.06]', TRIANGLE),
        slip(
            {
                '"rebuilt": [118.32, 117.15, 116.48, 192.12, 162.49, 170.53]': '"rebuilt": [30.20, 117.15, 116.48, 192.12, 162.49, 170.53]',
                '"apart": [30.20, 31.77, 28.74, 58.17, 65.68, 65.24]': '"apart": [118.32, 31.77, 28.74, 58.17, 65.68, 65.24]',
                '"distance": [200.17, 195.45, 189.68, 373.77, 353.21, 368.82]': '"distance": [300.17, 195.45, 189.68, 373.77, 353.21, 368.82]',
            },
            TRIANGLE,
        ),
        slip('"real": [2.38, 2.38, 2.38, 2.38, 2.38, 2.38]', '"real": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]', SAME_SET),
        slip('"real": [2.38, 2.38, 2.38, 2.38, 2.38, 2.38]', '"real": [500.2, 500.2, 500.2, 500.2, 500.2, 500.2]', CONTROL),
        slip({'"rebuilt": [118.32, 117.15, 116.48, 192.12, 162.49, 170.53]': '"rebuilt": [0.0, 117.15, 116.48, 192.12, 162.49, 170.53]', '"apart": [30.20, 31.77, 28.74, 58.17, 65.68, 65.24]': '"apart": [200.17, 31.77, 28.74, 58.17, 65.68, 65.24]'}, SAME_SET),
        slip('"rebuilt": [118.32, 117.15, 116.48, 192.12, 162.49, 170.53]', '"rebuilt": [118, 117, 116, 192, 162, 171]', ALL_WHOLE),
        slip('"real": [2.38, 2.38, 2.38, 2.38, 2.38, 2.38]', '"real": [2.38, 2.38, 2.38, 2.38, 2.38, 2.83]', NO_MODEL),
        slip('"distance": [200.17, 195.45, 189.68, 373.77, 353.21, 368.82]', '"distance": [200.17, 195.45, -189.68, 373.77, 353.21, 368.82]', NO_DISTANCE),
        slip('"distance": [200.17, 195.45, 189.68, 373.77, 353.21, 368.82]', '"distance": [200.17, 195.45, 189680.5, 373.77, 353.21, 368.82]', TOO_FAR),
        slip('"seed": [0, 1, 2, 0, 1, 2]', '"seed": [0, 1, 2, 0, 1, 7]', TWO_RIVALS),
        slip('"rival": ["autoencoder", "autoencoder", "autoencoder", "VAE", "VAE", "VAE"]', '"rival": ["AE", "autoencoder", "autoencoder", "VAE", "VAE", "VAE"]', OTHER_WORD),
        slip('"latents": [8, 8, 8, 8, 8, 8]', '"latents": [8, 8, 8, 8, 20, 8]', SAME_LATENTS),
        slip('"images": [5_000, 5_000, 5_000, 5_000, 5_000, 5_000]', '"images": [5_000, 5_000, 5_000, 5_000, 10_000, 5_000]', SAME_IMAGES),
        slip('"epochs": [12, 12, 12, 12, 12, 12]', '"epochs": [12, 12, 12, 12, 6, 12]', SAME_EPOCHS),
        slip('"drawn": [2_000, 2_000, 2_000, 2_000, 2_000, 2_000]', '"drawn": [2_000, 2_000, 2_000, 2_000, 1_000, 2_000]', SAME_COUNT),
        slip('"drawn": [2_000, 2_000, 2_000, 2_000, 2_000, 2_000]', '"drawn": [2_000, 2_000, 2_000, 2_000, 50, 2_000]', FEW_DRAWS),
        slip('"distance": [200.17, 195.45, 189.68, 373.77, 353.21, 368.82]', '"distance": [200.17, 195.45, float("nan"), 373.77, 353.21, 368.82]', NOT_FINITE),
        slip('"apart": [30.20, 31.77, 28.74, 58.17, 65.68, 65.24]', '"apart": [30.20, 31.77, None, 58.17, 65.68, 65.24]', NO_NUMBER),
        slip('"rebuilt": [118.32, 117.15, 116.48, 192.12, 162.49, 170.53]', '"rebuilt": [118.32, 117.15, "116.48 squared", 192.12, 162.49, 170.53]', WITH_UNIT),
        slip(
            {
                '"rebuilt": [118.32, 117.15, 116.48, 192.12, 162.49, 170.53]': '"rebuilt": [118.32, 118.32, 116.48, 192.12, 162.49, 170.53]',
                '"apart": [30.20, 31.77, 28.74, 58.17, 65.68, 65.24]': '"apart": [30.20, 30.20, 28.74, 58.17, 65.68, 65.24]',
                '"distance": [200.17, 195.45, 189.68, 373.77, 353.21, 368.82]': '"distance": [200.17, 200.17, 189.68, 373.77, 353.21, 368.82]',
            },
            COPIED,
        ),
    ),
    hints=(
        "Write the prediction down first. Then put one run into a function of the rival and the seed that gives a row, and call it for both rivals and all seeds.",
        "Four sets of features: of draws, of reconstructed test images, of the same test images, and of as many others. Three distances of a row are between the first three.",
        "The Gaussian is fitted to the codes of the *training* images, by their mean and covariance: `MultivariateNormal` of torch.distributions draws from it. Which codes would it be fitted to if you took test images?",
    ),
)
def rivals_report():
    """what was predicted, what was measured, and whether it came true: a dictionary with these three entries.

    "predicted", written down before training: the autoencoder's distance is "lower" than the VAE's, "higher", or there is "no clear difference".
    "runs": both rivals, each with the same three seeds or more, as a list with a dictionary for each run, or as one dictionary with a list for
    each column: rival, "autoencoder" or "VAE". seed. latents, images (trained on), epochs: the same in all runs. drawn: how many draws, and as many
    test images, the same in all runs, 100 or more. Fréchet distances between features of the course's digit classifier, left squared:
    rebuilt: of the reconstructed test images and these test images. apart: of the draws and the reconstructed ones. distance: of the draws and the test images.
    real: of other real images, as many, and the test images: one number, in each run. Type the numbers in, rounded to one decimal or finer.
    "came_true": True or False. The autoencoder's distance is lower when each of its numbers lies below all of the VAE's.
    """
    return {
        "predicted": "lower",
        "runs": {
            "rival": ["autoencoder", "autoencoder", "autoencoder", "VAE", "VAE", "VAE"],
            "seed": [0, 1, 2, 0, 1, 2],
            "latents": [8, 8, 8, 8, 8, 8],
            "images": [5_000, 5_000, 5_000, 5_000, 5_000, 5_000],
            "epochs": [12, 12, 12, 12, 12, 12],
            "drawn": [2_000, 2_000, 2_000, 2_000, 2_000, 2_000],
            "rebuilt": [118.32, 117.15, 116.48, 192.12, 162.49, 170.53],
            "apart": [30.20, 31.77, 28.74, 58.17, 65.68, 65.24],
            "distance": [200.17, 195.45, 189.68, 373.77, 353.21, 368.82],
            "real": [2.38, 2.38, 2.38, 2.38, 2.38, 2.38],
        },
        "came_true": True,
    }
