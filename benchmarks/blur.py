"""What is to blame for blur: the KL's weight, the pixels' likelihood, or losses that do not go pixel by pixel, trained alike.

python -m benchmarks.blur            three seeds of each arm, ten epochs on 12,000 digits: some ten minutes, and the table in Markdown
python -m benchmarks.blur --store    the same, kept for the page on blur and collapse

The reference network (20 latents, 400 hidden units) every time. All on 2,000 test images: KL; "sharp", the sharpness of
reconstructions, and "drawn", that of samples; "edges", the share of the edges that are found where they are; "error", the mean squared
error of a pixel in thousandths; "misread", the per cent of reconstructions that a classifier does not read as the image's digit.
"""

from __future__ import annotations

import argparse
import datetime
import json
from typing import Any

import torch

from benchmarks.tables import print_head, print_row, real_mnist, spread, versions
from vae_course import VAE, checkpoints, evaluate, fit, load
from vae_course.evaluation.sharpness import edges_found, sharpness
from vae_course.models.judged import FeatureDistance, JudgedVAE, pyramid_distance

SEEDS, EPOCHS, IMAGES, TESTED = (0, 1, 2), 10, 12_000, 2_000
ARMS: dict[str, dict[str, Any]] = {
    "β = 1": {},
    "β = 0.3": {"beta": 0.3},
    "β = 0.1": {"beta": 0.1},
    "β = 0": {"beta": 0.0},
    "Gaussian, σ = 0.1": {"likelihood": "gaussian", "sigma": 0.1},
    "pyramid": {"distance": "pyramid", "weight": 1.0},
    "features": {"distance": "features", "weight": 0.3},
    "pixels and features": {"distance": "features", "weight": 0.3, "pixel_weight": 1.0},
}
FIGURES = ("KL", "sharp", "drawn", "edges", "error", "misread")
STORED = checkpoints.FOLDER / "mnist-blur.json"  # inside the package, so that the page finds it on Colab too


def one_run(arm: str, seed: int, epochs: int = EPOCHS) -> dict[str, float]:
    """The figures of one training."""
    data, classifier = load("mnist"), checkpoints.pretrained("classifier-mnist", device="cpu")
    config = dict(ARMS[arm])
    if "distance" in config:
        judge = checkpoints.pretrained("classifier-mnist", device="cpu")
        config["distance"] = FeatureDistance(judge) if config["distance"] == "features" else pyramid_distance
    torch.manual_seed(seed)
    model = (JudgedVAE if "distance" in config else VAE)(**config)
    fit(model, data.train.head(IMAGES), epochs=epochs, seed=seed, device="cpu", quiet=True)
    test = data.test.head(TESTED)
    kl = evaluate(model.eval(), test)["kl"]
    torch.manual_seed(0)
    answer, drawn = model.reconstruct(test.x), model.sample(TESTED)
    misread = (classifier.classify(answer).argmax(1) != test.y).float().mean().item()
    found = {"KL": kl, "sharp": sharpness(answer), "drawn": sharpness(drawn), "edges": edges_found(test.x, answer)}
    found |= {"error": 1000 * (answer - test.x).square().mean().item(), "misread": 100 * misread}
    return {name: round(value, 4) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}")
    arguments = parser.parse_args()
    real_mnist()
    found: dict[str, dict[str, list[float]]] = {arm: {name: [] for name in FIGURES} for arm in arguments.arms}
    real = sharpness(load("mnist").test.head(TESTED).x)
    for seed in arguments.seeds:
        for arm in arguments.arms:
            run = one_run(arm, seed, arguments.epochs)
            print(arm, seed, run, flush=True)
            for name in FIGURES:
                found[arm][name].append(run[name])
        if arguments.store:  # after each seed, so that a run that is stopped leaves whole seeds
            content = {"date": str(datetime.date.today()), "versions": versions(), "seeds": list(arguments.seeds), "real": round(real, 4)}
            STORED.write_text(json.dumps(content | {"figures": found}, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print_head("arm", *FIGURES)
    for arm, figures in found.items():
        print_row(arm, *(spread(figures[name], 3 if name in ("sharp", "drawn", "edges") else 1) for name in FIGURES))


if __name__ == "__main__":
    main()
