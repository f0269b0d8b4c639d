"""Autoencoders of three bottlenecks, each trained to its end, and PCA beside them: their errors on the test set. Two that remove noise.

python -m benchmarks.autoencoders            train what is not trained yet, and print the table in Markdown
python -m benchmarks.autoencoders --store    the same, and keep the figures for the page on autoencoders

All are trained by the recipe of `dense-autoencoder-mnist-20` and end by its rule; a run that was stopped goes on where it stood.
PCA is fitted to the same training images. What removes noise was trained on clean images or on noisy ones, with two bottlenecks, so that
it can be seen which of the two did it; the noise of the test is the page's. Errors are squared, summed over the pixels of an image and
averaged over all test images.
"""

from __future__ import annotations

import argparse
import datetime
import json
from dataclasses import replace

import torch
from sklearn.decomposition import PCA
from torch import Tensor

from vae_course import checkpoints, load
from vae_course.evaluation import with_noise

from .recipes import RECIPES, Recipe
from .tables import versions
from .train_models import Run, folder_of_runs

SIZES = (2, 20, 64)
NOISE, LEVELS, AGAINST_NOISE = [0.0, 0.8], (0.1, 0.25, 0.5, 0.75), (20, 64)
RECIPE = RECIPES["dense-autoencoder-mnist-20"]
STORED = checkpoints.FOLDER / "mnist-autoencoders.json"  # inside the package, so that the page finds it on Colab too


def ended(name: str, recipe: Recipe) -> Run:
    """The run of that name, trained until its recipe says that it is enough; its model holds the weights of the best epoch."""
    run = Run(name, recipe, folder_of_runs())
    run.finish()
    checkpoints.rounded(run.model)
    run.model.cpu().eval()
    return run


def squared_error(x: Tensor, x_hat: Tensor) -> float:
    return (x - x_hat).square().flatten(1).sum(1).mean().item()


def pca_errors(train: Tensor, test: Tensor) -> dict[int, float]:
    """The error of the best linear way there and back, for each size; what it draws is cut to [0, 1], as the autoencoders' sigmoid does."""
    pca = PCA(max(SIZES), random_state=0).fit(train.flatten(1).numpy())
    mean, directions = (torch.tensor(array) for array in (pca.mean_, pca.components_))
    centred = test.flatten(1) - mean
    drawn = {k: mean + centred @ directions[:k].T @ directions[:k] for k in SIZES}
    return {k: squared_error(test.flatten(1), x_hat.clamp(0, 1)) for k, x_hat in drawn.items()}


def how_it_ended(run: Run) -> dict:
    curve = [round(value, 2) for value in run.curve]
    return {"epochs": len(curve), "still_falling": run.since < run.recipe.patience, "held_out": curve}


def figures() -> dict[str, dict]:
    """By size: both errors, and how training went."""
    data = load("mnist")
    train, test = data.train.x[: -RECIPE.held_out], data.test.x
    linear, sizes = pca_errors(train, test), {}
    for k in SIZES:
        run = ended(f"dense-autoencoder-mnist-{k}", replace(RECIPE, config={"latent_size": k}))
        error = squared_error(test, run.model.reconstruct(test))
        sizes[str(k)] = {"autoencoder": round(error, 2), "pca": round(linear[k], 2), **how_it_ended(run)}
    return sizes


def denoising() -> dict[str, dict]:
    """By how it was trained, and its size: the errors on test images under each level of noise, and how training went."""
    data, rows = load("mnist"), {}
    noisy = [with_noise(data.test.x, sigma, seed=2) for sigma in LEVELS]
    for k in AGAINST_NOISE:
        recipes = {
            f"dense-autoencoder-mnist-{k}": replace(RECIPE, config={"latent_size": k}),
            f"dense-denoising-autoencoder-mnist-{k}": replace(
                RECIPE, model="autoencoder:DenoisingAutoencoder", config={"latent_size": k, "noise": NOISE}
            ),
        }
        for name, recipe in recipes.items():
            run = ended(name, recipe)
            errors = [round(squared_error(data.test.x, run.model.reconstruct(x)), 2) for x in noisy]
            kind = "noisy" if "denoising" in name else "clean"
            rows[f"trained on {kind}, {k}"] = {"errors": errors, **how_it_ended(run)}
    return rows


def table(sizes: dict[str, dict]) -> str:
    """Errors over the bottleneck's size, in Markdown."""
    lines = ["| k | PCA | autoencoder | epochs |", "|---|---|---|---|"]
    lines += [f"| {k} | {row['pca']:.2f} | {row['autoencoder']:.2f} | {row['epochs']} |" for k, row in sizes.items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}")
    arguments = parser.parse_args()
    sizes, denoisers = figures(), denoising()
    if arguments.store:
        about = {"date": datetime.date.today().isoformat(), "versions": versions(), "recipe": RECIPE.training}
        about |= {"data": load("mnist").fingerprint(), "sizes": sizes, "noise": list(LEVELS), "denoising": denoisers}
        STORED.write_text(json.dumps(about, indent=1) + "\n", "utf-8")
    print(table(sizes))
    for name, row in denoisers.items():
        print(f"{name}: {row['errors']}, {row['epochs']} epochs")


if __name__ == "__main__":
    main()
