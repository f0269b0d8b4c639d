"""Missing pixels filled in: a VAE by latent optimisation and by Gibbs-like sampling, against rules that need no network; three seeds.

python -m benchmarks.imputation                     seeds 0, 1 and 2
python -m benchmarks.imputation --seeds 0           one of them
python -m benchmarks.imputation --images 200        fewer test images than 250

Three figures over the missing pixels of test images. "one": RMSE of one filling, the best by its own lights (the highest optimum, the
nearest neighbour, one chain). "mean of ten": RMSE of the average of ten. "nats": what the true pixels cost under ten equally likely
guesses, per image; a cross-entropy on grey levels, no likelihood. A seed draws random masks, starts and chains, and the model: the stored
one stands for its own seed, the others are trained in the same way.
"""

from __future__ import annotations

import argparse
import datetime
import time

from torch import Tensor

from benchmarks.linear_probe import vae
from benchmarks.tables import real_mnist, spread, versions
from vae_course.data import Dataset
from vae_course.evaluation import imputation

MASKS = ("half of the pixels", "four fifths of the pixels", "lower half", "right half", "middle quarter")
RANDOM = {"half of the pixels": 0.5, "four fifths of the pixels": 0.8}
FILLINGS = 10
KNOWN = 20_000  # training images in which neighbours are looked for


def mask(name: str, images: int, seed: int) -> Tensor:
    if name in RANDOM:
        return imputation.seen_at_random(images, (1, 28, 28), missing=RANDOM[name], seed=seed)
    return imputation.seen_beside(name, (1, 28, 28))


def network_fillings(model, x: Tensor, seen: Tensor, neighbours: Tensor, seed: int) -> dict[str, Tensor]:
    return {
        "VAE, optimised z": imputation.fill_by_optimisation(model, x, seen, starts=FILLINGS, steps=150, seed=seed),
        "VAE, 50 rounds from noise": imputation.fill_by_gibbs(model, x, seen, chains=FILLINGS, rounds=50, seed=seed),
        "VAE, 5 rounds from neighbours": imputation.fill_by_gibbs(model, x, seen, chains=FILLINGS, rounds=5, start=neighbours, seed=seed),
        "VAE, 50 rounds from neighbours": imputation.fill_by_gibbs(model, x, seen, chains=FILLINGS, rounds=50, start=neighbours, seed=seed),
    }


def rules(train: Tensor, x: Tensor, seen: Tensor) -> dict[str, Tensor]:
    return {
        "average image": imputation.fill_with_mean(train, x, seen),
        "nearest neighbours": imputation.fill_from_neighbours(train, x, seen, neighbours=FILLINGS),
        "one Gaussian": imputation.fill_by_gaussian(train, x, seen),
    }


def figures(fillings: Tensor, x: Tensor, seen: Tensor) -> tuple[float, float, float]:
    """RMSE of the first filling, RMSE of their mean, and nats an image."""
    one, average = (imputation.missing_rmse(filling, x, seen) for filling in (fillings[0], fillings.mean(0)))
    return one, average, imputation.missing_nats(fillings, x, seen).mean().item()


def one_seed(data: Dataset, images: int, seed: int, *, first: bool) -> dict[tuple[str, str], tuple[float, float, float]]:
    """The figures of every method for every mask. Blocks are the same for every seed, so the rules are counted once there."""
    model, x, train, found = vae(data, seed), data.test.x[:images], data.train.x[:KNOWN], {}
    for name in MASKS:
        started = time.perf_counter()
        seen = mask(name, images, seed)
        if name in RANDOM or first:
            fillings = rules(train, x, seen)
            neighbours = fillings["nearest neighbours"]
        else:
            fillings, neighbours = {}, imputation.fill_from_neighbours(train, x, seen, neighbours=FILLINGS)
        fillings |= network_fillings(model, x, seen, neighbours, seed)
        found |= {(name, method): figures(filling, x, seen) for method, filling in fillings.items()}
        print(f"seed {seed}: {name} in {time.perf_counter() - started:.0f} s", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--images", type=int, default=250)
    arguments = parser.parse_args()
    data = real_mnist()
    started = time.perf_counter()
    runs = [one_seed(data, arguments.images, seed, first=number == 0) for number, seed in enumerate(arguments.seeds)]
    print("\n| missing | filled by | RMSE, one | RMSE, mean of ten | nats an image |\n|---|---|---|---|---|")
    for name in MASKS:
        for method in dict.fromkeys(method for run in runs for missing, method in run if missing == name):
            one, average, nats = zip(*(run[name, method] for run in runs if (name, method) in run), strict=True)
            print(f"| {name} | {method} | {spread(one, 4)} | {spread(average, 4)} | {spread(nats, 1)} |")
    print(f"\n{arguments.images} test images. {datetime.date.today()}, {versions()}, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
