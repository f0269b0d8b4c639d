"""How good samples look to the course's own classifier: VAE, conditional VAE and AAE, beside real images and noise.

VAE_COURSE_DATA=... python -m benchmarks.sample_quality

Every row is measured against the same 5,000 real test images with 5,000 images of its own, over several seeds of drawing; the real row
has the other 5,000 test images. The distance is no FID: its features are those of a small classifier trained on MNIST.
"""

from __future__ import annotations

import argparse
import datetime
import time

import torch
from torch import Tensor

from benchmarks.tables import spread, versions
from vae_course import load, pretrained
from vae_course.checkpoints import names
from vae_course.evaluation import sample_quality

COUNT = 5000
SEEDS = (0, 1, 2)
CHECKPOINTS = {
    "VAE": "vae-mnist-20",
    "conditional VAE": "dense-conditional-vae-mnist-10",
    "AAE": "adversarial-mnist-gaussian-2",
    "AAE, mixture": "adversarial-mnist-mixture-2",
}


def noise(seed: int) -> Tensor:
    """Every pixel uniform between 0 and 1."""
    return torch.rand(COUNT, 1, 28, 28, generator=torch.Generator().manual_seed(seed))


def from_model(name: str, seed: int) -> Tensor:
    """Means of p(x|z), z from the prior (and labels, where the model takes them, each class alike)."""
    torch.manual_seed(seed)
    return pretrained(name).sample(COUNT).cpu()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    arguments = parser.parse_args()
    data = load("mnist")
    if data.name != "MNIST":
        raise SystemExit("this benchmark needs real MNIST: point VAE_COURSE_DATA at it, or connect once")
    started = time.perf_counter()
    classifier = pretrained("classifier-mnist")
    order = [torch.randperm(len(data.test), generator=torch.Generator().manual_seed(seed)) for seed in arguments.seeds]
    rows = {"real test images": lambda number, seed: data.test.x[order[number][COUNT : 2 * COUNT]]}
    for title, name in CHECKPOINTS.items():
        if name in names():
            rows[f"{title} ({name})"] = lambda number, seed, name=name: from_model(name, seed)
        else:
            print(f"{title}: there is no checkpoint {name!r}, so no row")
    rows["noise"] = lambda number, seed: noise(seed)

    table = []
    for title, draw in rows.items():
        found = [
            sample_quality(classifier, draw(number, seed), data.test.x[order[number][:COUNT]])
            for number, seed in enumerate(arguments.seeds)
        ]
        table.append(
            f"| {title} | " + " | ".join(spread([getattr(one, name) for one in found]) for name in ("frechet", "coverage", "confidence"))
        )
    print(f"{datetime.date.today()}, {versions()}, ", end="")
    print(f"{len(arguments.seeds)} seeds, {time.perf_counter() - started:.0f} s\n")
    print("| samples | Fréchet distance (own features) | coverage | classifier's confidence |\n|---|---|---|---|")
    print("\n".join(line + " |" for line in table))


if __name__ == "__main__":
    main()
