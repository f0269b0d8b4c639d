"""Autoencoder, VAE, GAN and diffusion on the same images for the same epochs: how good and how varied their samples are, over seeds.

python -m benchmarks.autoencoder_vae_gan                all runs, two at a time, and the table in Markdown
python -m benchmarks.autoencoder_vae_gan --store        the same, and keep every run's figures for the page that compares the three

Samples are judged by the course's own classifier, 2,000 against 2,000 real test images: the Fréchet distance between its features (no
FID), coverage, the share of the class that it reads most rarely, and the share of grey among pixels that hold ink.
"""

from __future__ import annotations

import argparse
import datetime
import json
import multiprocessing
import time

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from benchmarks.tables import real_mnist, spread, versions
from vae_course import VAE, Autoencoder, checkpoints, fit, pretrained
from vae_course.data import Dataset
from vae_course.evaluation import sample_quality
from vae_course.evaluation.stored_images import packed
from vae_course.models import GAN, Diffusion

# All decode 20 numbers through 400 units to 784 pixels. The GAN's learning rate is the best of 2e-4, 4e-4 and 1e-3 with a seed that is not
# among those below; the others' is the course's usual one. "fast": 2.5 times that rate, to see who bears it.
# The diffusion model's is the first that was tried; it has another network, convolutional, and draws by many passes through it.
# Two of them are trained ten times as long as well.
MODELS = {
    "autoencoder": (Autoencoder, {"error": "cross-entropy"}, 1e-3),
    "VAE": (VAE, {}, 1e-3),
    "VAE, fast": (VAE, {}, 2.5e-3),
    "GAN": (GAN, {}, 4e-4),
    "GAN, fast": (GAN, {}, 1e-3),
    "diffusion": (Diffusion, {}, 2e-3),
    "VAE, 150 epochs": (VAE, {}, 1e-3),
    "diffusion, 150 epochs": (Diffusion, {}, 2e-3),
}
EPOCHS = {"VAE, 150 epochs": 150, "diffusion, 150 epochs": 150}  # where it is not the recipe's number
SEEDS = (0, 1, 2, 3, 4)
RECIPE = {"images": 10_000, "epochs": 15, "batch_size": 64}
COUNT = 2000
WEIGHTS = checkpoints.FOLDER / "diffusion-mnist"
SHOWN = 10
PASSES = (50, 20, 10, 5, 2, 1)
STORED = (
    checkpoints.FOLDER / "mnist-autoencoder-vae-gan.json"
)  # inside the package, so that the page that compares the three finds it on Colab too
FIGURES = ("frechet", "coverage", "rarest", "grey")


def quality(classifier, samples: Tensor, real: Tensor) -> dict[str, float]:
    """The four figures of the table."""
    found, read = sample_quality(classifier, samples, real), classifier.classify(samples).argmax(1).bincount(minlength=10)
    ink = samples[samples > 0.2]
    return {
        "frechet": round(found.frechet, 2),
        "coverage": round(found.coverage, 4),
        "rarest": round(read.min().item() / len(samples), 4),
        "grey": round((ink < 0.8).float().mean().item(), 4),
    }


@torch.no_grad()
def from_fitted_gaussian(model, train: Tensor, count: int) -> Tensor:
    """Decode draws of the one Gaussian that fits the codes of the training images, each drawn once from q(z|x)."""
    codes = model.encode(train).sample()
    return model.decode(MultivariateNormal(codes.mean(0), torch.cov(codes.T)).sample((count,))).mean


@torch.no_grad()
def draws(name: str, model, train: Tensor, others: Tensor) -> dict[str, Tensor]:
    """Every way to get images out of a model, by the name of its row."""
    if isinstance(model, Diffusion):
        noise = torch.randn(COUNT, *model.input_shape)
        return {f"{name}, {n} passes": torch.cat([model.cleaned(piece, n) for piece in noise.split(250)]) for n in PASSES}
    z = torch.randn(COUNT, model.latent_size)
    rows = {f"{name}, z from N(0, I)": model.generate(z) if isinstance(model, GAN) else model.decode(z).mean}
    if isinstance(model, (Autoencoder, VAE)) and name != "VAE, fast":
        rows[f"{name}, z from a fitted Gaussian"] = from_fitted_gaussian(model, train, COUNT)
        rows[f"{name}, reconstructions"] = model.reconstruct(others)
    return rows


def one_run(job: tuple[str, int]) -> dict:
    """Train and measure one model, in a process of its own with one thread."""
    name, seed = job
    torch.set_num_threads(1)
    started = time.process_time()
    data, classifier = real_mnist(), pretrained("classifier-mnist")
    real, others = real_images(data)
    train, distances = data.train.head(RECIPE["images"]), []
    kind, config, learning_rate = MODELS[name]

    def look(model, history):
        if kind not in (Autoencoder, Diffusion):  # one has nothing to draw codes from while it trains, the other takes its time
            with torch.random.fork_rng():
                distances.append(round(sample_quality(classifier, model.sample(COUNT), real).frechet, 2))

    torch.manual_seed(seed)
    model = kind(**config)
    settings = {"epochs": EPOCHS.get(name, RECIPE["epochs"]), "batch_size": RECIPE["batch_size"], "learning_rate": learning_rate}
    history = fit(model, train, seed=seed, device="cpu", quiet=True, on_epoch=look, **settings)
    if name == "diffusion, 150 epochs" and seed == 0:  # the page shows its samples
        about = {
            "data": "mnist",
            **RECIPE,
            "epochs": EPOCHS[name],
            "learning_rate": learning_rate,
            "seed": seed,
            "data_fingerprint": data.fingerprint(),
        }
        checkpoints.save(model, WEIGHTS, recipe=about, metrics={"train_loss": round(history.loss[-1], 4)})
        model = checkpoints.load(WEIGHTS, device="cpu")
    trained_in = time.process_time() - started
    torch.manual_seed(seed)
    drawn = draws(name, model.eval(), train.x, others)
    rows = {row: quality(classifier, images, real) for row, images in drawn.items()}
    curves = {term: [round(value, 4) for value in values] for term, values in history.terms.items()} | {"frechet": distances}
    run = {"model": name, "seed": seed, "learning_rate": learning_rate, "rows": rows, "curves": curves}
    if seed == 0:  # the page shows some of its draws
        run["drawn"] = {row: packed(images[:SHOWN]) for row, images in drawn.items()}
    run["seconds"] = round(time.process_time() - started)
    if kind is Diffusion:
        run["seconds_of_training"] = round(trained_in)
    print(f"{name}, seed {seed}: {rows} in {run['seconds']} s of processor time", flush=True)
    return run


def real_images(data: Dataset) -> tuple[Tensor, Tensor]:
    """The real test images that all rows are measured against, and as many others."""
    order = torch.randperm(len(data.test), generator=torch.Generator().manual_seed(0))
    return data.test.x[order[:COUNT]], data.test.x[order[COUNT : 2 * COUNT]]


def ends(data: Dataset) -> dict[str, dict[str, float]]:
    """The two rows that need no model."""
    classifier, (real, others) = pretrained("classifier-mnist"), real_images(data)
    noise = torch.rand(COUNT, *data.input_shape, generator=torch.Generator().manual_seed(0))
    return {"other real images": quality(classifier, others, real), "noise": quality(classifier, noise, real)}


def kept(about: dict) -> list[dict]:
    """The stored runs that were made with the same settings."""
    content = json.loads(STORED.read_text("utf-8")) if STORED.exists() else {}
    same = all(content.get(name) == about[name] for name in ("recipe", "count", "data"))
    return [run for run in content["runs"] if run["learning_rate"] == MODELS[run["model"]][2]] if same else []


def table(runs: list[dict], ends: dict[str, dict[str, float]]) -> str:
    """One line a row, mean ± s.d. over seeds, in Markdown."""
    lines = ["| images | Fréchet distance (own features) | coverage | rarest class | grey among ink |", "|---|---|---|---|---|"]
    found: dict[str, list[dict]] = {}
    for run in runs:
        for row, figures in run["rows"].items():
            found.setdefault(row, []).append(figures)
    for row, all_figures in (found | {row: [figures] for row, figures in ends.items()}).items():
        cells = [spread([figures[name] for figures in all_figures], 1 if name == "frechet" else 3) for name in FIGURES]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}, and do not make again what it holds")
    arguments = parser.parse_args()
    data = real_mnist()
    about = {"date": str(datetime.date.today()), "versions": versions(), "recipe": RECIPE, "count": COUNT, "data": data.fingerprint()}
    runs, without_a_model = kept(about) if arguments.store else [], ends(data)
    done = {(run["model"], run["seed"]) for run in runs}
    jobs = [(name, seed) for seed in arguments.seeds for name in arguments.models if (name, seed) not in done]
    with multiprocessing.get_context("spawn").Pool(arguments.processes) as pool:
        for run in pool.imap_unordered(one_run, jobs):
            runs = sorted([*runs, run], key=lambda run: (list(MODELS).index(run["model"]), run["seed"]))
            if arguments.store:
                content = {**about, "ends": without_a_model, "runs": runs}
                STORED.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    busy = sum(run["seconds"] for run in runs) / 60
    print(table(runs, without_a_model))
    print(f"\n{datetime.date.today()}, {versions()}, {len(runs)} runs, {busy:.0f} minutes of processor time")


if __name__ == "__main__":
    main()
