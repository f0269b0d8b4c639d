"""The right half of a digit from its left half: a conditional VAE whose condition is an image, beside a network that has no z.

python -m benchmarks.right_halves            train what is not trained yet, three seeds of each, and print the table in Markdown
python -m benchmarks.right_halves --seeds 0  one seed
python -m benchmarks.right_halves --store    keep the figures for the page on the conditional VAE, and both models of seed 0

A model that is stored is taken as it is; to train it anew, put its file away.

Both are trained by one recipe; the network without z is the decoder of the other, given nothing but the left half. −log p of the right
half given the left is exact for it, and for the conditional VAE a bound with 50 draws: the first 1,000 test images. "grey" is the share of
pixels between ¼ and ¾ in the right half that each paints: its one answer, or a draw.
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from vae_course import checkpoints, load
from vae_course.data import halves
from vae_course.evaluation import negative_log_likelihood

from .autoencoders import ended
from .recipes import RECIPES
from .tables import spread, versions

SEEDS = (0, 1, 2)
WITH_Z, WITHOUT_Z = "right-half-mnist-10-seed-{}", "right-half-without-z-mnist-seed-{}"
IMAGES, DRAWS = 1000, 50
STORED = checkpoints.FOLDER / "mnist-right-halves.json"  # inside the package, so that the page finds it on Colab too


def grey(images: Tensor) -> float:
    """The share in per cent of pixels that are neither nearly black nor nearly white."""
    return 100 * ((images > 0.25) & (images < 0.75)).float().mean().item()


def trained(name: str) -> Any:
    """The model of that name: as it is stored, or else from its run, which is brought to its end."""
    if _stored(name).is_file():
        return checkpoints.pretrained(name, device="cpu")
    return ended(name, RECIPES[name]).model


def _stored(name: str) -> Path:
    return checkpoints.FOLDER / f"{name}.safetensors"


def figures(seeds: list[int]) -> dict[str, dict[str, list[float]]]:
    """Nats and grey of both, a number for each seed."""
    test = halves(load("mnist")).test.head(IMAGES)
    assert test.y is not None, "the left halves"
    found: dict[str, dict[str, list[float]]] = {kind: {"nats": [], "grey": []} for kind in ("with z", "without z")}
    for seed in seeds:
        model = trained(WITH_Z.format(seed))
        torch.manual_seed(0)
        found["with z"]["nats"].append(negative_log_likelihood(model, test, k=DRAWS, quiet=True).mean().item())
        found["with z"]["grey"].append(grey(model.sample(IMAGES, test.y)))
        model = trained(WITHOUT_Z.format(seed))
        with torch.no_grad():
            found["without z"]["nats"].append(model.loss(test.x, test.y).total.item())
        found["without z"]["grey"].append(grey(model.answer(test.y)))
    return {kind: {what: [round(value, 2) for value in values] for what, values in row.items()} for kind, row in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}, and the models of seed 0")
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    arguments = parser.parse_args()
    rows, truth = figures(arguments.seeds), grey(halves(load("mnist")).test.head(IMAGES).x)
    if arguments.store:
        about = {"date": datetime.date.today().isoformat(), "versions": versions(), "data": load("mnist").fingerprint()}
        about |= {"images": IMAGES, "draws": DRAWS, "seeds": arguments.seeds, "true grey": round(truth, 2)}
        STORED.write_text(json.dumps(about | rows, indent=1) + "\n", "utf-8")
        for name in (WITH_Z.format(0), WITHOUT_Z.format(0)):
            if not _stored(name).is_file():
                ended(name, RECIPES[name]).checkpoint(_stored(name))
    print("| | −log p(right half given left), nats | grey pixels (%) |\n|---|---|---|")
    print(f"| true right halves | | {truth:.1f} |")
    for kind, row in rows.items():
        print(f"| {kind} | {spread(row['nats'], 2)} | {spread(row['grey'], 1)} |")


if __name__ == "__main__":
    main()
