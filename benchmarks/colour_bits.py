"""Bits per dimension of three kinds of pictures in colour: a small convolutional VAE's bound, beside what packs the same bytes without one.

python -m benchmarks.colour_bits           train what is not trained yet, three seeds of each, and print the table in Markdown
python -m benchmarks.colour_bits --trained with the seeds that have been trained, and no more
python -m benchmarks.colour_bits --store   keep the figures for the page on colour and scale

One network and one recipe for all three kinds (`recipes._colour`). Of faces and sprites the first 1,000 test images are counted, of the
photographs all 104 test tiles; the rows without a network learn from the training images that the networks see. A bound is the mean over
`DRAWS` draws of z a picture. `weights` is what the network itself takes, two bytes each, spread over the numbers of those test images.
"""

from __future__ import annotations

import argparse
import datetime
import json

import torch

from vae_course import checkpoints
from vae_course.data import Split
from vae_course.evaluation import bits_per_dimension, bits_when_packed, evaluate

from .autoencoders import ended
from .recipes import RECIPES
from .tables import spread, versions
from .train_models import folder_of_runs

KINDS, SEEDS = ("sprites", "faces", "photographs"), (0, 1, 2)
NAME = "colour-{}-32-seed-{}"
IMAGES, DRAWS = 1000, 10
STORED = checkpoints.FOLDER / "colour-bits.json"  # inside the package, so that the page finds it on Colab too


def figures(trained_only: bool = False) -> dict[str, dict]:
    """By kind of picture: what each row without a network takes, the bound and its KL for each seed, and what the weights take."""
    found: dict[str, dict] = {}
    for kind in KINDS:
        bounds, kls, falling = [], [], []
        done = [seed for seed in SEEDS if not trained_only or (folder_of_runs() / f"{NAME.format(kind, seed)}.safetensors").is_file()]
        for seed in done:
            run = ended(NAME.format(kind, seed), RECIPES[NAME.format(kind, seed)])
            test = Split(run.data.test.x[:IMAGES])
            torch.manual_seed(0)
            measured = evaluate(run.model, Split(test.x.repeat(DRAWS, 1, 1, 1)))
            dimensions = test.x[0].numel()
            bounds.append(round(float(bits_per_dimension(-measured["elbo"], dimensions)), 3))
            kls.append(round(float(bits_per_dimension(measured["kl"], dimensions)), 3))
            falling.append(run.since < run.recipe.patience)
        rows = {name: round(bits, 3) for name, bits in bits_when_packed(run.train.x, test.x).items()}
        weights = 16 * sum(weight.numel() for weight in run.model.parameters()) / test.x.numel()
        found[kind] = {"seeds": done, "images": len(test), "training images": len(run.train), "without a network": rows}
        found[kind] |= {"VAE": bounds, "of it KL": kls, "weights": round(weights, 3), "still falling": falling}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}")
    parser.add_argument("--trained", action="store_true", help="train nothing: with the seeds that there are")
    arguments = parser.parse_args()
    kinds = figures(arguments.trained)
    if arguments.store:
        about = {"date": datetime.date.today().isoformat(), "versions": versions(), "draws": DRAWS}
        STORED.write_text(json.dumps({**about, "bits per dimension": kinds}, indent=1) + "\n", "utf-8")
    ways = list(kinds[KINDS[0]]["without a network"])
    print("| pictures | " + " | ".join(ways) + " | VAE | its weights |\n" + "|---" * (len(ways) + 3) + "|")
    for kind, row in kinds.items():
        packed = " | ".join(f"{row['without a network'][way]:.2f}" for way in ways)
        print(f"| {kind} | {packed} | {spread(row['VAE'], 2)} | {row['weights']:.2f} |")


if __name__ == "__main__":
    main()
