"""What a linear rule reads from features: raw pixels, PCA, autoencoder, VAE means and an untrained encoder, with few and many labels.

python -m benchmarks.linear_probe                   three seeds, two at a time, and the table in Markdown
python -m benchmarks.linear_probe --seeds 0         one seed

Codes have 20 numbers each. A seed draws the labels (equally many a class) and, where there is a network, its first weights and the order of
its training. The stored VAE stands for its own seed. All encoders and PCA see the 60,000 training images without their labels.
"""

from __future__ import annotations

import argparse
import datetime
import multiprocessing
import time

import torch
from torch import Tensor

from benchmarks.tables import real_mnist, spread, versions
from vae_course import VAE, Autoencoder, checkpoints, fit, load
from vae_course.data import Dataset, few_labels, only_labelled
from vae_course.evaluation import linear_probe, posterior_means

STORED = "vae-mnist-20"
LABELS = (100, 1000, 60_000)
FEATURES = ("raw pixels", "PCA", "autoencoder", "VAE means", "untrained encoder")


def vae(data: Dataset, seed: int):
    """The reference VAE of this seed, trained as the stored one, which stands for its own."""
    recipe = checkpoints.card(STORED)["recipe"]
    if recipe["seed"] == seed and recipe["data_fingerprint"] == data.fingerprint():
        return checkpoints.pretrained(STORED)
    return trained(VAE, data, seed)


def trained(kind, data: Dataset, seed: int, **config):
    """A model of the reference's sizes, trained by the reference's recipe."""
    recipe = checkpoints.card(STORED)["recipe"]
    torch.manual_seed(seed)
    model = kind(**config)
    fit(model, data, seed=seed, quiet=True, **{name: recipe[name] for name in ("epochs", "batch_size", "learning_rate")})
    return model


def features_of(data: Dataset, seed: int) -> dict:
    """For each name in `FEATURES` a function from images to features, (n, 1, 28, 28) → (n, size)."""
    from sklearn.decomposition import PCA

    torch.manual_seed(seed)
    models = {
        "untrained encoder": VAE(),
        "autoencoder": trained(Autoencoder, data, seed, error="cross-entropy"),
        "VAE means": vae(data, seed),
    }
    pca = PCA(models["VAE means"].latent_size, random_state=0).fit(data.train.x.flatten(1).numpy())
    ways = {name: lambda x, model=model: posterior_means(model, x) for name, model in models.items()}
    return ways | {"raw pixels": lambda x: x.flatten(1), "PCA": lambda x: torch.from_numpy(pca.transform(x.flatten(1).numpy()))}


def accuracy(data: Dataset, way, count: int, seed: int) -> float:
    """Test accuracy of the probe on `count` labels; all of them are no draw."""
    labelled = data.train if count >= len(data.train) else only_labelled(few_labels(data.train, count=count, share=None, seed=seed))
    codes: tuple[Tensor, Tensor] = way(labelled.x), way(data.test.x)
    return linear_probe(codes[0], labelled.y, codes[1], data.test.y)


def one_seed(seed: int) -> dict[tuple[str, int], float]:
    """Everything for one seed, in a process of its own with one thread."""
    torch.set_num_threads(1)
    data, found = load("mnist"), {}
    for name, way in sorted(features_of(data, seed).items()):
        for count in LABELS:
            if (name, count) == ("raw pixels", LABELS[-1]) and seed > 0:
                continue  # nothing in it depends on the seed, and it takes minutes
            started = time.perf_counter()
            found[name, count] = accuracy(data, way, count, seed)
            print(f"seed {seed}: {name}, {count} labels: {found[name, count]:.4f} in {time.perf_counter() - started:.0f} s", flush=True)
    return found


def cell(values: list[float]) -> str:
    """Mean ± standard deviation over seeds, in per cent; the mean alone where the seed makes no difference."""
    tensor = 100 * torch.tensor(values)
    differs = len(values) > 1 and tensor.std() >= 0.005
    return spread(tensor.tolist() if differs else [tensor.mean().item()], 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    real_mnist()
    started = time.perf_counter()
    with multiprocessing.get_context("spawn").Pool(arguments.processes) as pool:
        runs = pool.map(one_seed, arguments.seeds, chunksize=1)
        pool.close()
        pool.join()
    print("\n| features | numbers | " + " | ".join(f"{count:,} labels" for count in LABELS) + " |\n|---|---|" + "---|" * len(LABELS))
    for name in FEATURES:
        cells = [cell([run[name, count] for run in runs if (name, count) in run]) for count in LABELS]
        print(f"| {name} | {784 if name == 'raw pixels' else 20} | {' | '.join(cells)} |")
    print(f"\n{datetime.date.today()}, {versions()}, {time.perf_counter() - started:.0f} s with {arguments.processes} processes")


if __name__ == "__main__":
    main()
