"""β-VAEs on sprites: MIG and FactorVAE score over seeds and β, beside two encoders that learnt nothing of the kind.

python -m benchmarks.disentanglement                        25 runs, two at a time, and the table in Markdown
python -m benchmarks.disentanglement --store                the same, and keep every run's figures for the page on β-VAE
python -m benchmarks.disentanglement --betas 4 --seeds 0    a part of it
python -m benchmarks.disentanglement --walks                the five seeds of β = 4 again, for strips: kept beside the figures
"""

from __future__ import annotations

import argparse
import datetime
import json
import multiprocessing
import time

import torch

from benchmarks.tables import spread, versions
from vae_course import VAE, checkpoints, evaluate, fit, load
from vae_course.data import Dataset
from vae_course.evaluation import active_units, factor_vae_score, mutual_information_gap, posterior_means
from vae_course.evaluation.stored_images import packed

BETAS = (1.0, 2.0, 4.0, 8.0, 16.0)
SEEDS = (0, 1, 2, 3, 4)
RECIPE = {"latent_size": 10, "hidden_sizes": [256, 256], "epochs": 8, "batch_size": 64, "learning_rate": 1e-3}
WALKED, SPRITE, STEPS = 4.0, 3, 6
STORED = checkpoints.FOLDER / "sprites-disentanglement.json"  # inside the package, so that the page on β-VAE finds it on Colab too


def model_for(beta: float, seed: int) -> VAE:
    """The VAE of the recipe, not trained yet."""
    torch.manual_seed(seed)
    return VAE(input_shape=(1, 32, 32), latent_size=RECIPE["latent_size"], hidden_sizes=RECIPE["hidden_sizes"], beta=beta)


def trained(beta: float, seed: int, data: Dataset) -> VAE:
    """The VAE of the recipe, trained on `data`."""
    model = model_for(beta, seed)
    fit(model, data, seed=seed, quiet=True, **{name: RECIPE[name] for name in ("epochs", "batch_size", "learning_rate")})
    return model


def scores(codes: torch.Tensor, factors: torch.Tensor) -> dict:
    """MIG, its gap for each factor, and the FactorVAE score of some codes."""
    found = mutual_information_gap(codes, factors)
    gaps = [round(gap, 4) for gap in found.gaps.tolist()]
    told = [round(share, 4) for share in found.information.max(0).values.tolist()]
    return {"mig": round(found.score, 4), "gaps": gaps, "told": told, "factor_vae": round(factor_vae_score(codes, factors), 4)}


def figures(model: VAE, data: Dataset) -> dict:
    """What the table says about one model, on the test set: scores, reconstruction and KL in nats, active units."""
    measured = evaluate(model, data)
    return {
        **scores(posterior_means(model, data), data.test.y),
        "reconstruction": round(measured["reconstruction"], 3),
        "kl": round(measured["kl"], 3),
        "active": int(active_units(model, data).sum()),
    }


def one_run(job: tuple[float, int]) -> dict:
    """Train and measure one model, in a process of its own with one thread."""
    beta, seed = job
    torch.set_num_threads(1)
    started = time.perf_counter()
    data = load("sprites")
    run = {"kind": f"β = {beta:g}", "beta": beta, "seed": seed, **figures(trained(beta, seed, data), data)}
    print(f"β = {beta:g}, seed {seed}: MIG {run['mig']:.3f} in {time.perf_counter() - started:.0f} s", flush=True)
    return run


def walk(seed: int) -> dict:
    """Of one seed of β = 4: a test sprite decoded as the latent that tells most of x, and then the one that tells most of y, goes up."""
    torch.set_num_threads(1)
    data = load("sprites")
    model = trained(WALKED, seed, data)
    codes = posterior_means(model, data)
    found, pictures = mutual_information_gap(codes, data.test.y), []
    for factor in (3, 4):
        latent = found.carriers[factor]
        sign = torch.corrcoef(torch.stack([codes[:, latent], data.test.y[:, factor].float()]))[0, 1].sign()
        path = codes[SPRITE].repeat(STEPS, 1)
        path[:, latent] = codes[:, latent].mean() + sign * codes[:, latent].std() * torch.linspace(-1.7, 1.7, STEPS)
        with torch.no_grad():
            pictures.append(model.decode(path).mean)
    print(f"β = {WALKED:g}, seed {seed}: walked, MIG {found.score:.3f}", flush=True)
    return {"seed": seed, "mig": round(found.score, 4), "pictures": packed(torch.cat(pictures))}


def baselines(seeds: list[int]) -> list[dict]:
    """Principal components as codes (the same for every seed), and the means of encoders that were never trained."""
    from sklearn.decomposition import PCA

    data = load("sprites")
    pca = PCA(RECIPE["latent_size"], random_state=0).fit(data.train.x.flatten(1).numpy())
    codes = torch.from_numpy(pca.transform(data.test.x.flatten(1).numpy()))
    runs = [{"kind": "PCA", "seed": 0, **scores(codes, data.test.y)}]
    for seed in seeds:
        # An untrained encoder's codes hardly move; brought to variance 1 they are judged by what they hold, not by their size.
        codes = posterior_means(model_for(1.0, seed), data)
        runs.append({"kind": "untrained", "seed": seed, **scores((codes - codes.mean(0)) / codes.std(0), data.test.y)})
    return runs


def table(runs: list[dict]) -> str:
    """One row a kind of model: every seed's MIG, then mean ± s.d. of all figures, in Markdown."""
    head = "| model | MIG, one figure a seed | MIG | FactorVAE score | reconstruction (nats) | KL (nats) | active units |"
    lines = [head, "|" + "---|" * 7]
    for kind in dict.fromkeys(run["kind"] for run in runs):
        rows = [run for run in runs if run["kind"] == kind]
        column = {name: [row[name] for row in rows if name in row] for name in ("mig", "factor_vae", "reconstruction", "kl", "active")}
        each = ", ".join(f"{value:.3f}" for value in column["mig"])
        rest = [spread(column["mig"]), spread(column["factor_vae"])]
        rest += [spread(column[name], 1) if column[name] else "–" for name in ("reconstruction", "kl", "active")]
        lines.append(f"| {kind} | {each} | {' | '.join(rest)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--betas", type=float, nargs="+", default=list(BETAS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}")
    parser.add_argument("--walks", action="store_true", help=f"keep strips of β = {WALKED:g} in {STORED.name}, nothing else")
    arguments = parser.parse_args()
    started = time.perf_counter()
    if arguments.walks:
        with multiprocessing.get_context("spawn").Pool(arguments.processes) as pool:
            walks = pool.map(walk, arguments.seeds, chunksize=1)
        content = json.loads(STORED.read_text("utf-8")) | {"walks": {"beta": WALKED, "steps": STEPS, "seeds": walks}}
        STORED.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return
    jobs = [(beta, seed) for seed in arguments.seeds for beta in arguments.betas]
    with multiprocessing.get_context("spawn").Pool(arguments.processes) as pool:
        trained_runs = pool.map(one_run, jobs, chunksize=1)
    runs = baselines(arguments.seeds) + sorted(trained_runs, key=lambda run: (run["beta"], run["seed"]))
    minutes = (time.perf_counter() - started) / 60
    print(table(runs))
    print(f"\n{datetime.date.today()}, {versions()}, {len(jobs)} runs in {minutes:.0f} minutes")
    if arguments.store:
        about = {"date": str(datetime.date.today()), "versions": versions(), "recipe": RECIPE, "data": load("sprites").fingerprint()}
        STORED.write_text(json.dumps({**about, "runs": runs}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
