"""One, two and three latent levels on binarised MNIST at equal parameters and epochs, by three ways to infer: bounds, KLs, active units.

Two are controls. "deaf": the naive stack, whose bottom level never hears the level above it; what it can do, too, is not the upper level's
work. "one level, as deep": between one level of latents and the pixels stand as many layers as between a stack's top and the pixels; what
it can do, too, is the work of depth, and not of latents.

python -m benchmarks.hierarchy                              all runs but the control's, two at a time, and the table in Markdown
python -m benchmarks.hierarchy --store                      the same, and keep every run's figures for the page on hierarchical VAEs
                                                            (figures of runs not made this time are kept, if the recipe is the same)
python -m benchmarks.hierarchy --models "one level" --seeds 0     a part of it
python -m benchmarks.hierarchy --models "two levels, naive, deaf" the control
python -m benchmarks.hierarchy --plane                      two numbers in z₁ and three digits, as on the page, with the control of equal
                                                            depth: minutes; it is kept, too
python -m benchmarks.hierarchy --trained                    the models trained to their end, on pixels drawn anew, beside published figures;
                                                            with --store the table is kept, too

−log p(x) is bounded by 5,000 importance samples on the first half of the test set, with --trained on its first 1,000 images; most of the
time goes there. The rest is on all of it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import multiprocessing
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.distributions import Independent

from benchmarks.recipes import RECIPES
from benchmarks.tables import print_head, print_row, signature, spread, stored_runs, versions
from benchmarks.train_models import folder_of_runs
from vae_course import VAE, HierarchicalVAE, checkpoints, evaluate, fit, load, negative_log_likelihood
from vae_course.data import Dataset
from vae_course.evaluation import active_units, sample_quality
from vae_course.training import mean_losses

CONTROL, DEEP = "two levels, naive, deaf", "one level, as deep"
COLD = "two levels, naive, no warm-up"  # in the plane
# Sizes chosen so that all have the same number of parameters, to within a half per cent.
NAIVE = {"latent_sizes": [32, 16], "hidden_sizes": [210, 110], "inference": "naive"}
MODELS = {
    "one level": {"latent_sizes": [32], "hidden_sizes": [220]},
    DEEP: {"latent_size": 32, "hidden_sizes": [190, 100, 100]},
    "two levels": {"latent_sizes": [32, 16], "hidden_sizes": [200, 100]},
    "three levels": {"latent_sizes": [32, 16, 8], "hidden_sizes": [195, 104, 50]},
    "two levels, naive": NAIVE,
    "two levels, residual": {"latent_sizes": [32, 16], "hidden_sizes": [196, 100], "inference": "residual"},
    CONTROL: NAIVE,
}
# The same, by the names under which they are trained to their end.
OF_RECIPE = {
    "one-level-mnist-binary": "one level",
    "one-level-as-deep-mnist-binary": DEEP,
    "two-levels-naive-mnist-binary": "two levels, naive",
    "two-levels-ladder-mnist-binary": "two levels",
    "two-levels-residual-mnist-binary": "two levels, residual",
    "three-levels-ladder-mnist-binary": "three levels",
}
SEEDS = (0, 1, 2)
ANNEAL_STEPS = 6000  # ten epochs
RECIPE = {"epochs": 30, "batch_size": 100, "learning_rate": 1e-3}
SAMPLES, IMAGES, IMAGES_OF_TRAINED = 5000, 5000, 1000
DRAWN, DRAWN_SEEDS = 2000, (6, 7, 8)  # as many as the page draws, which takes the first of these seeds
STORED = (
    checkpoints.FOLDER / "mnist-binary-hierarchy.json"
)  # inside the package, so that the page on hierarchical VAEs finds it on Colab too

# The page's plane: z₁ of two numbers, three digits. Equal in parameters to within one per cent.
DIGITS = (0, 1, 4)
PLANE = {
    "one level": {"latent_sizes": [2], "hidden_sizes": [201], "inference": "naive"},
    DEEP: {"latent_size": 2, "hidden_sizes": [188, 32, 128]},
    "two levels, naive": {"latent_sizes": [2, 2], "hidden_sizes": [200, 128], "inference": "naive"},
    COLD: {"latent_sizes": [2, 2], "hidden_sizes": [200, 128], "inference": "naive"},
}
PLANE_RECIPE = {"epochs": 20, "batch_size": 128, "learning_rate": 2e-3}
PLANE_TRAIN, PLANE_WARM_UP, PLANE_SAMPLES, PLANE_IMAGES = 12_000, 940, 500, 500  # images; steps, half of all; draws; test images
PLANE_STORED = STORED.with_name("mnist-binary-plane.json")
TRAINED_STORED = STORED.with_name("mnist-binary-trained.json")


class DeafStack(HierarchicalVAE):
    """A stack in which p(z₁|z₂) never hears z₂: one Gaussian for all images, whose mean and variance are learnt."""

    def _prior_of(self, level: int, above: Tensor) -> Independent:
        return super()._prior_of(level, torch.zeros_like(above))


def model_for(name: str, seed: int) -> HierarchicalVAE | VAE:
    """The model of that name, not trained yet."""
    torch.manual_seed(seed)
    return {CONTROL: DeafStack, DEEP: VAE}.get(name, HierarchicalVAE)(**MODELS[name], anneal_steps=ANNEAL_STEPS)


def parameters(model: torch.nn.Module) -> int:
    """How many numbers training sets."""
    return sum(parameter.numel() for parameter in model.parameters())


def figures(model: HierarchicalVAE | VAE, data: Dataset) -> dict:
    """What the table says about one model, on the test set: the ELBO, −log p(x) and each level's KL in nats, each level's active units."""
    measured, losses = evaluate(model, data), mean_losses(model, data.test)
    active = active_units(model, data)
    likelihoods = negative_log_likelihood(model, data.test.head(IMAGES), k=SAMPLES, quiet=True)
    sizes = model.latent_sizes if isinstance(model, HierarchicalVAE) else [model.latent_size]
    kl = [losses[f"kl_{number}"] for number in range(1, len(sizes) + 1)] if isinstance(model, HierarchicalVAE) else [losses["kl"]]
    return {
        "elbo": round(measured["elbo"], 3),
        "negative_log_likelihood": round(likelihoods.mean().item(), 3),
        "kl": [round(level, 3) for level in kl],
        "active": [int(level.sum()) for level in active.split(sizes)],
    }


def one_run(job: tuple[str, int]) -> dict:
    """Train and measure one model, in a process of its own with one thread."""
    name, seed = job
    torch.set_num_threads(1)
    started = time.process_time()
    data, model = load("mnist-binary"), model_for(name, seed)
    history = fit(model, data, seed=seed, quiet=True, **RECIPE)
    run = {"model": name, "seed": seed, "parameters": parameters(model), "train_loss": round(history.loss[-1], 3), **figures(model, data)}
    run["seconds"] = round(time.process_time() - started)
    print(f"{name}, seed {seed}: −log p(x) {run['negative_log_likelihood']:.2f} in {run['seconds']} s of processor time", flush=True)
    return run


def plane_run(name: str, seed: int) -> dict:
    """Train and measure one model of the plane."""
    data = load("mnist-binary")
    assert data.train.y is not None
    assert data.test.y is not None
    train = data.train.part(torch.isin(data.train.y, torch.tensor(DIGITS)))
    test = data.test.part(torch.isin(data.test.y, torch.tensor(DIGITS)))
    torch.manual_seed(seed)
    model = (VAE if name == DEEP else HierarchicalVAE)(**PLANE[name], anneal_steps=0 if name == COLD else PLANE_WARM_UP)
    fit(model, train.head(PLANE_TRAIN), seed=seed, quiet=True, **PLANE_RECIPE)
    negative = negative_log_likelihood(model, test.head(PLANE_IMAGES), k=PLANE_SAMPLES, quiet=True).mean().item()
    losses = mean_losses(model, test)
    elbo = -losses["reconstruction"] - losses["kl"]
    run = {"model": name, "seed": seed, "parameters": parameters(model), "elbo": round(elbo, 3)}
    run["negative_log_likelihood"] = round(negative, 3)
    levels = [round(losses[term], 3) for term in ("kl_1", "kl_2") if term in losses]
    return run | ({"kl": levels} if len(levels) > 1 else {})


def plane() -> None:
    """Run all of the plane one after the other, in this process, and keep the figures."""
    runs = []
    for seed in SEEDS:
        for name in PLANE:
            runs.append(plane_run(name, seed))
            print(runs[-1], flush=True)
    about = {"recipe": PLANE_RECIPE, "anneal_steps": PLANE_WARM_UP, "digits": DIGITS, "train": PLANE_TRAIN, "samples": PLANE_SAMPLES}
    write(PLANE_STORED, {**about, "images": PLANE_IMAGES, "runs": runs})


def write(path: Path, content: dict) -> None:
    """Keep a table for the page, with date and versions."""
    content = {"date": str(datetime.date.today()), "versions": versions(), **content}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def table(runs: list[dict]) -> str:
    """One row a model, mean ± s.d. over seeds, levels from the bottom up, in Markdown."""
    head = "| model | parameters | −log p(x), one figure a seed | −log p(x) | −ELBO | KL of each level | active units of each level |"
    lines = [head, "|" + "---|" * 7]
    for name in dict.fromkeys(run["model"] for run in runs):
        rows = [run for run in runs if run["model"] == name]
        each = ", ".join(f"{row['negative_log_likelihood']:.2f}" for row in rows)
        bounds = [spread([row["negative_log_likelihood"] for row in rows], 2), spread([-row["elbo"] for row in rows], 2)]
        levels = range(len(rows[0]["kl"]))
        kl = "; ".join(spread([row["kl"][level] for row in rows], 1) for level in levels)
        active = "; ".join(spread([row["active"][level] for row in rows], 1) for level in levels)
        lines.append(f"| {name} | {rows[0]['parameters']:,} | {each} | {' | '.join(bounds)} | {kl} | {active} |")
    return "\n".join(lines)


# Of whom, on which pixels, −log p(x) in nats, and in what its training was another one than here.
PUBLISHED = (
    ("VAE, z of size 40, a hidden layer of 400 (pythae's reproduction)", "drawn once", 89.8, "500 epochs, k = 200"),
    ("VAE, z of size 50, two hidden layers of 200 tanh (Burda et al. 2016, table 1)", "drawn anew", 86.76, "3,280 epochs in batches of 20"),
    ("the same with two stochastic levels, naive (the same)", "drawn anew", 85.33, "likewise"),
    ("ladder VAE, five levels (Sønderby et al. 2016)", "drawn anew", 81.74, "2,000 epochs, batch normalisation and warm-up"),
)


def look_of(model: HierarchicalVAE | VAE, judge, x: Tensor, seed: int) -> float:
    """The Fréchet distance of as many draws as there are images x to these, by the course's classifier, which makes it no FID."""
    torch.manual_seed(seed)
    return sample_quality(judge, model.sample(len(x)), x).frechet


def trained(samples: int = SAMPLES, images: int = IMAGES_OF_TRAINED) -> list[dict]:
    """Print the table of what `make models` has trained of dense networks on black-and-white pixels, beside what is published; ours."""
    print_head(
        "model",
        "pixels",
        "parameters",
        "epochs",
        f"−log p(x), k = {samples:,}, {images:,} test images",
        "−ELBO",
        "KL of each level",
        "Fréchet",
    )
    test, judge, runs = load("mnist-binary").test, checkpoints.pretrained("classifier-mnist", device="cpu"), []
    for name, recipe in RECIPES.items():
        path = next((one for one in (checkpoints.FOLDER / name, folder_of_runs() / name) if one.with_suffix(".json").is_file()), None)
        if recipe.data != "mnist-binary" or path is None or recipe.model.startswith("convolutional"):  # these would take hours
            continue
        model, end = checkpoints.load(path, device="cpu"), json.loads(path.with_suffix(".json").read_text("utf-8"))["recipe"]["end"]
        likelihood = negative_log_likelihood(model, test.head(images), k=samples, quiet=True).mean().item()
        losses = mean_losses(model, test)
        levels = [value for term, value in losses.items() if term.startswith("kl_")] or [losses["kl"]]
        drawn = [look_of(model, judge, test.x[:DRAWN], seed) for seed in DRAWN_SEEDS]
        run = {
            "model": OF_RECIPE.get(name, name),
            "seed": recipe.seed,
            "parameters": parameters(model),
            "pixels": "drawn anew" if recipe.fresh else "drawn once",
            "epochs": end["epochs_trained"],
            "still_falling": end["still_falling"],
            "negative_log_likelihood": round(likelihood, 3),
            "elbo": round(-losses["reconstruction"] - losses["kl"], 3),
            "kl": [round(level, 3) for level in levels],
            "frechet": round(sum(drawn) / len(drawn), 1),
        }
        runs.append(run)
        epochs = f"{run['epochs']}{', still falling' if run['still_falling'] else ''}"
        kl = "; ".join(f"{level:.1f}" for level in levels)
        print_row(name, run["pixels"], f"{run['parameters']:,}", epochs, f"{likelihood:.2f}", f"{-run['elbo']:.2f}", kl, run["frechet"])
    for who, pixels, figure, otherwise in PUBLISHED:
        print_row(f"*{who}*", pixels, "", otherwise, f"{figure:.2f}", "", "", "")
    print(f"\n{signature()}")
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=[name for name in MODELS if name != CONTROL], choices=list(MODELS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--trained", action="store_true", help="the models trained to their end, and what is published")
    parser.add_argument("--plane", action="store_true", help=f"three digits in a plane, kept in {PLANE_STORED.name}")
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}, or {TRAINED_STORED.name}")
    arguments = parser.parse_args()
    if arguments.trained:
        runs = trained()
        if arguments.store:
            write(TRAINED_STORED, {"samples": SAMPLES, "images": IMAGES_OF_TRAINED, "runs": runs})
        return
    if arguments.plane:
        plane()
        return
    started = time.perf_counter()
    jobs = [(name, seed) for seed in arguments.seeds for name in arguments.models]
    with multiprocessing.get_context("spawn").Pool(arguments.processes) as pool:
        runs = in_order(pool.map(one_run, jobs, chunksize=1))
    minutes = (time.perf_counter() - started) / 60
    busy = sum(run["seconds"] for run in runs) / 60
    print(table(runs))
    print(f"\n{datetime.date.today()}, {versions()}, {len(jobs)} runs in {minutes:.0f} minutes, {busy:.0f} of processor time")
    if arguments.store:
        data = load("mnist-binary").fingerprint()
        about = {"recipe": RECIPE, "anneal_steps": ANNEAL_STEPS, "samples": SAMPLES, "images": IMAGES, "data": data}
        write(STORED, {**about, "runs": in_order([*kept(about, runs), *runs])})


def in_order(runs: list[dict]) -> list[dict]:
    return sorted(runs, key=lambda run: (list(MODELS).index(run["model"]), run["seed"]))


def kept(about: dict, runs: list[dict]) -> list[dict]:
    """The stored runs with the same recipe that were not made again."""
    made = {(run["model"], run["seed"]) for run in runs}
    return [run for run in stored_runs(STORED, about) if (run["model"], run["seed"]) not in made]


if __name__ == "__main__":
    main()
