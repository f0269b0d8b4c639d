"""Posterior collapse on wallpapers: what the codes tell, epoch by epoch, with nothing done and with three cures.

python -m benchmarks.collapse            fifteen small trainings of 160 epochs, about ten minutes, and the table in Markdown
python -m benchmarks.collapse --store    the same, kept for the page on blur and collapse

A `PixelVAE` with 12 latents on 3,000 wallpapers. I(x; z), the KL and −ELBO on 1,000 test wallpapers, every ten epochs; at the end the
importance-weighted bound with 50 draws. "Warm-up": the KL's weight rises from 0 to 1 over the first 20 epochs. "Head start": the
decoder's weights between pixels are trained for 30 epochs without z first. The others start from the same random weights.
"""

from __future__ import annotations

import argparse
import datetime
import json
from typing import Any

import torch
import torch.nn.functional as F

from benchmarks.tables import print_head, print_row, spread, versions
from vae_course import checkpoints, evaluate, fit
from vae_course.data.wallpapers import SIDE, wallpaper_cost, wallpapers
from vae_course.evaluation import active_units, code_information, negative_log_likelihood
from vae_course.models.pixels_in_order import PixelVAE

SEEDS, EPOCHS, EVERY, RISE = (0, 1, 2), 160, 10, 20
CURES: dict[str, dict[str, Any]] = {
    "nothing done": {},
    "head start": {},
    "warm-up": {"beta": 0.0},
    "free bits": {"free_bits": 0.5},
    "pixel dropout": {"pixel_dropout": 0.75},
}
FIGURES = ("information", "kl", "cost", "bound", "active")
STORED = checkpoints.FOLDER / "wallpaper-collapse.json"  # inside the package, so that the page finds it on Colab too


def head_start(model: PixelVAE, walls: torch.Tensor, epochs: int = 30) -> None:
    """Train the weights between pixels, and one number a pixel, without z."""
    bias = model.decoder[-1].bias
    optimizer = torch.optim.Adam([model.weights, bias], lr=1e-2)
    for _ in range(epochs):
        for x in walls[torch.randperm(len(walls))].flatten(1).split(100):
            loss = F.binary_cross_entropy_with_logits(bias + model.before(2 * x - 1), x, reduction="sum") / len(x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def one_run(cure: str, seed: int, epochs: int = EPOCHS) -> dict[str, Any]:
    """The curves of one training, a figure every ten epochs, and the figures at its end."""
    walls, test = wallpapers(3000, seed=0), wallpapers(1000, seed=1)
    torch.manual_seed(seed)
    model = PixelVAE(input_shape=(1, SIDE, SIDE), latent_size=12, hidden_sizes=(100,), **CURES[cure])
    if cure == "head start":
        head_start(model, walls)
    found: dict[str, Any] = {"epochs": [], "information": [], "kl": [], "cost": []}

    def look(model: PixelVAE, history: Any) -> None:
        if cure == "warm-up":
            model.beta = min(1.0, len(history) / RISE)
        if len(history) % EVERY == 0 or len(history) == 1:
            told = code_information(model, test)
            for name, value in (("information", told.information), ("kl", told.kl), ("cost", -evaluate(model, test)["elbo"])):
                found[name].append(round(value, 3))
            found["epochs"].append(len(history))

    fit(model, walls, epochs=epochs, batch_size=100, learning_rate=3e-3, seed=seed, device="cpu", quiet=True, on_epoch=look)
    found["bound"] = round(negative_log_likelihood(model, test, k=50, quiet=True).mean().item(), 3)
    found["active"] = int(active_units(model, test).sum())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}")
    arguments = parser.parse_args()
    runs: dict[str, list[dict[str, Any]]] = {cure: [] for cure in CURES}
    content = {"date": str(datetime.date.today()), "versions": versions(), "seeds": [], "runs": runs}
    content["floor"] = round(wallpaper_cost(wallpapers(1000, seed=1)).mean().item(), 3)
    for seed in arguments.seeds:
        for cure in CURES:
            runs[cure].append(one_run(cure, seed, arguments.epochs))
            print(cure, seed, {name: runs[cure][-1][name] for name in FIGURES}, flush=True)
        content["seeds"] = [*content["seeds"], seed]
        if arguments.store:  # after each seed, so that a run that is stopped leaves whole seeds
            STORED.write_text(json.dumps(content, ensure_ascii=False) + "\n", "utf-8")
    print_head("cure", *FIGURES)
    for cure, kept in runs.items():
        at_end = {name: [run[name][-1] if isinstance(run[name], list) else run[name] for run in kept] for name in FIGURES}
        print_row(cure, *(spread(values, 2) for values in at_end.values()))


if __name__ == "__main__":
    main()
