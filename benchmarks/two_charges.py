"""An adversarial autoencoder beside the VAE of the same network, steps and rates: what each pays of the KL's two charges, over three seeds.

python -m benchmarks.two_charges                   eighteen trainings of 20 epochs, one after the other, and the table in Markdown
python -m benchmarks.two_charges --store           the same, kept for the page on the adversarial autoencoder
python -m benchmarks.two_charges --seeds 0         a part of it; with --store beside the arms that are kept

"VAE" pays the whole KL by its formula. The AAE with λ = 1 leaves out one charge and changes nothing else; with λ = 20 it is the recipe of
the stored models; "no game" pays for pixels only. Then two other priors by that recipe. All on test images, in nats an image:
reconstruction; "mismatch", KL(q(z) ‖ p(z)) by nearest neighbours of 5,000 codes; for the Gaussian prior the whole KL, and "tells", the rest
of it. "AUC" of neighbours that tell codes from draws. Fréchet distance and coverage of 2,000 draws from the prior beside as many test
images; "fitted" stands for draws from ten Gaussians that are fitted afterwards to the codes of 20,000 training images.
Runs lie among those of `benchmarks.train_models`, and what is done is not trained again.
"""

from __future__ import annotations

import argparse
import datetime
import json
from dataclasses import replace

import torch
from sklearn.mixture import GaussianMixture
from torch.distributions import Independent, kl_divergence

from benchmarks.recipes import RECIPES
from benchmarks.tables import print_head, print_row, real_mnist, spread, versions
from benchmarks.train_models import Run, folder_of_runs
from vae_course import checkpoints
from vae_course.evaluation import neighbours_gap, sample_quality, two_sample_auc

SEEDS, CODES, DRAWN, FITTED_TO = (0, 1, 2), 5_000, 2_000, 20_000
NAMES = {
    "VAE": "by-formula-mnist-gaussian-2",
    "AAE, λ = 1": "adversarial-mnist-light-2",
    "AAE, λ = 20": "adversarial-mnist-gaussian-2",
    "no game": "adversarial-mnist-asleep-2",
    "ten petals": "adversarial-mnist-mixture-2",
    "handwriting": "adversarial-mnist-handwriting-2",
}
GAME = RECIPES["adversarial-mnist-gaussian-2"]
# A weight of exactly 0 would be another kind of game; this one moves no digit of what is printed.
SILENT = {"match_weight": 1e-6, "discriminator_steps": 0}
RIVALS = {
    "AAE, λ = 1": replace(GAME, config=GAME.config | {"match_weight": 1.0}),
    "no game": replace(GAME, config=GAME.config | SILENT),
}
FIGURES = ("reconstruction", "KL", "tells", "mismatch", "AUC", "frechet", "coverage", "frechet, fitted", "coverage, fitted")
STORED = checkpoints.FOLDER / "mnist-two-charges.json"  # inside the package, so that the page finds it on Colab too


def one_run(arm: str, seed: int) -> dict[str, float]:
    """The figures of one training."""
    recipe, name = RIVALS.get(arm) or RECIPES[NAMES[arm]], NAMES[arm] + f"-seed-{seed}" * bool(seed)
    run = Run(name, replace(recipe, seed=seed), folder_of_runs())
    run.finish()
    model, x = checkpoints.rounded(run.model).eval(), run.data.test.x
    torch.manual_seed(0)
    with torch.no_grad():
        q = model.encode(x)
        z, prior = q.sample(), model.prior.sample((CODES,))
        found = {"reconstruction": -model.decode(z).log_prob(x).mean().item()}
        found |= {"mismatch": neighbours_gap(prior, z[:CODES]), "AUC": two_sample_auc(z[:CODES], prior)}
        if isinstance(model.prior, Independent):
            found["KL"] = kl_divergence(q, model.prior).mean().item()
            found["tells"] = found["KL"] - found["mismatch"]
        train = model.encode(run.train.head(FITTED_TO).x).mean.double().numpy()
        fitted = torch.from_numpy(GaussianMixture(10, random_state=seed).fit(train).sample(DRAWN)[0]).float()
        torch.manual_seed(0)
        drawn = {"": model.sample(DRAWN), ", fitted": model.decode(fitted[torch.randperm(DRAWN)]).mean}
    classifier = checkpoints.pretrained("classifier-mnist", device="cpu")
    for kind, images in drawn.items():
        look = sample_quality(classifier, images, x[:DRAWN])
        found |= {f"frechet{kind}": look.frechet, f"coverage{kind}": look.coverage}
    return {name: round(value, 4) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", nargs="+", default=list(NAMES), choices=list(NAMES))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}")
    arguments = parser.parse_args()
    real_mnist()
    found: dict[str, dict[str, list[float]]] = {}
    for seed in arguments.seeds:
        for arm in arguments.arms:
            run = one_run(arm, seed)
            print(arm, seed, run, flush=True)
            for name, value in run.items():
                found.setdefault(arm, {}).setdefault(name, []).append(value)
    print_head("model", *FIGURES)
    for arm, figures in found.items():
        print_row(arm, *(spread(figures[name], 1 if "frechet" in name else 2) if name in figures else "" for name in FIGURES))
    if arguments.store:
        kept = json.loads(STORED.read_text("utf-8"))["figures"] if STORED.is_file() else {}
        content = {"date": str(datetime.date.today()), "versions": versions(), "figures": kept | found}
        STORED.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
