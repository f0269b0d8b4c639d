"""Two levels at two resolutions on tiles of photographs, beside the same network with its top cut off and beside a single code.

python -m benchmarks.two_resolutions            train and measure what is not done yet, three seeds of each, and print the table in Markdown
python -m benchmarks.two_resolutions --seeds 0  one seed
python -m benchmarks.two_resolutions --store    keep the figures for the page on hierarchical VAEs, and its model, of seed 0

All have as many parameters, to within one per cent, and the same tiles, steps and σ. "top cut off" is one level of latents: the map, whose
prior is one learnt Gaussian for all images. "one code" has numbers without a place, and no second level.
Figures are of the test tiles, which come from other columns of the same two photographs.
"""

from __future__ import annotations

import argparse
import datetime
import json
import time

import torch
from torch import Tensor

from vae_course import ConvolutionalVAE, checkpoints, fit, load
from vae_course.models import ConvolutionalStack
from vae_course.models.base import evaluating
from vae_course.training import mean_losses

from .tables import print_head, print_row, signature, spread, versions
from .train_models import folder_of_runs

SEEDS, TILES = (0, 1, 2), 3000
COMMON = {"channels": [16, 32, 64], "likelihood": "gaussian", "sigma": 0.07, "learn_sigma": False}
KINDS = {
    "two levels": COMMON | {"top_size": 16, "maps": 4},
    "top cut off": COMMON | {"top_size": 16, "maps": 4},
    "one code": COMMON | {"latent_size": 26},
}
RECIPE = {"epochs": 12, "batch_size": 32, "learning_rate": 3e-3}
LAST_RATE = 2e-4  # to which the rate falls, in a straight line over the last third of the epochs
CHECKPOINT = "convolutional-stack-photographs"
STORED = checkpoints.FOLDER / "photographs-two-resolutions.json"  # inside the package, so that the page finds it on Colab too


class Headless(ConvolutionalStack):
    """Nothing rests on z₂: neither the map's prior nor the pixels hear it."""

    def layout(self, z_2: Tensor) -> Tensor:
        return super().layout(torch.zeros_like(z_2))


CLASSES = {"two levels": ConvolutionalStack, "top cut off": Headless, "one code": ConvolutionalVAE}


def trained(kind: str, seed: int) -> ConvolutionalStack | ConvolutionalVAE:
    """The model of that kind and seed, rounded as it is stored."""
    train = load("photographs").train.head(TILES)
    torch.manual_seed(seed)
    model = CLASSES[kind](**KINDS[kind], start=train.x.mean().item())
    weights = folder_of_runs() / f"two-resolutions-{kind.replace(' ', '-')}-seed-{seed}.pt"
    if weights.is_file():
        model.load_state_dict(torch.load(weights, weights_only=True))
        return model
    first, epochs, began = RECIPE["learning_rate"], RECIPE["epochs"], time.process_time()
    optimizer = model.optimizer(first)

    def slower(model, history) -> None:
        left = (epochs - len(history.loss)) / (epochs / 3)
        for group in optimizer.param_groups:
            group["lr"] = LAST_RATE + (first - LAST_RATE) * min(left, 1.0)

    fit(model, train, epochs=epochs, batch_size=RECIPE["batch_size"], optimizer=optimizer, on_epoch=slower, seed=seed, quiet=True)
    checkpoints.rounded(model)
    weights.parent.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), weights)
    print(f"{kind} {seed}: {time.process_time() - began:.0f} s of processor time", flush=True)
    return model


def edges(images: Tensor) -> float:
    """How far neighbouring pixels differ, on average, across and down: little where an image is blurred."""
    return (images.diff(dim=-1).abs().mean() + images.diff(dim=-2).abs().mean()).item() / 2


@torch.no_grad()
def followed(model: ConvolutionalStack, x: Tensor) -> dict[str, list[float]]:
    """Whom a tile takes after that has its z₁ from one tile and its z₂ from another: [correlation with the one of z₁, with that of z₂].

    "colour": of a tile's mean colour; "detail": of what is left of it, pixel by pixel. Both tiles are as the model paints them.
    """
    z_1, z_2 = model.levels(model.encode(x).mean)
    other = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    own, mixed = (model.decode(torch.cat([z_1, top], -1)).mean for top in (z_2, z_2[other]))
    found = {}
    for name, part in (
        ("colour", lambda images: images.mean((2, 3))),
        ("detail", lambda images: images - images.mean((2, 3), keepdim=True)),
    ):
        pairs = [torch.stack([part(mixed).flatten(), part(one).flatten()]) for one in (own, own[other])]
        found[name] = [round(torch.corrcoef(pair)[0, 1].item(), 2) for pair in pairs]
    return found


def figures(kind: str, seed: int) -> dict:
    """What the page says of one model."""
    model, test = trained(kind, seed), load("photographs").test
    with evaluating(model), torch.no_grad():
        torch.manual_seed(0)
        losses = mean_losses(model, test)
        again = model.reconstruct(test.x)
    levels = [losses["kl_1"], losses["kl_2"]] if isinstance(model, ConvolutionalStack) else [losses["kl"]]
    found = {"model": kind, "seed": seed, "parameters": sum(one.numel() for one in model.parameters())}
    found |= {"elbo": -losses["reconstruction"] - losses["kl"], "kl": levels, "edges": edges(again) / edges(test.x)}
    if isinstance(model, ConvolutionalStack) and not isinstance(model, Headless):
        found["followed"] = followed(model, test.x)
    return found | {"error": (again - test.x).square().mean().sqrt().item()}


def rounded(value):
    return [round(one, 1) for one in value] if isinstance(value, list) else round(value, 4) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}, and the two levels of seed 0")
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    arguments = parser.parse_args()
    runs = []
    for seed in arguments.seeds:
        for kind in KINDS:
            runs.append({name: rounded(value) for name, value in figures(kind, seed).items()})
            print(json.dumps(runs[-1]), flush=True)
    if arguments.store:
        data = load("photographs")
        about = {"date": datetime.date.today().isoformat(), "versions": versions(), "data": data.fingerprint(), "tiles": TILES}
        recipe = RECIPE | {"last_learning_rate": LAST_RATE}
        STORED.write_text(json.dumps(about | {"recipe": recipe, "common": COMMON, "runs": runs}, indent=1) + "\n", "utf-8")
        made = {"data": "photographs", "data_fingerprint": data.fingerprint(), "tiles": TILES, "seed": 0}
        made |= {"trained_by": "python -m benchmarks.two_resolutions --store", **recipe}
        metrics = {name: runs[0][name] for name in ("elbo", "edges", "error")}
        checkpoints.save(trained("two levels", 0), checkpoints.FOLDER / CHECKPOINT, recipe=made, metrics=metrics)
    print_head("model", "parameters", "ELBO, nats of density a tile", "KL of each level", "edges, of the tiles' own", "error of a pixel")
    for kind in KINDS:
        its = [run for run in runs if run["model"] == kind]
        kl = "; ".join(spread([run["kl"][level] for run in its], 1) for level in range(len(its[0]["kl"])))
        others = [spread([run[name] for run in its], 3) for name in ("edges", "error")]
        print_row(kind, f"{its[0]['parameters']:,}", spread([run["elbo"] for run in its], 0), kl, *others)
    print(f"\n{signature()}")


if __name__ == "__main__":
    main()
