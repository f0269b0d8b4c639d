"""One digit left out of training, each in turn: does the discriminator of an adversarial autoencoder notice it? Three seeds, five scores.

python -m benchmarks.held_out_codes                        30 short trainings, one after the other, and the table in Markdown
python -m benchmarks.held_out_codes --store                the same, kept for the page on the adversarial autoencoder
python -m benchmarks.held_out_codes --digits 2 --seeds 0   a part of it

The model is trained on the other nine digits and scores test images of all ten. "discriminator": minus its logit of "drawn from the prior"
at the code; "distance among codes": of the code to the 20th nearest code of a training image, the best that can be said of z without a
game; "reconstruction": −log p(x|z) at the code. Two rivals look at no model: the distance to the mean of the training images, and that to
the nearest of them.
"""

from __future__ import annotations

import argparse
import datetime
import json

import torch
from torch import Tensor

from benchmarks.tables import print_head, print_row, real_mnist, spread, versions
from vae_course import checkpoints, fit
from vae_course.data import Dataset, Split
from vae_course.evaluation import auroc
from vae_course.models import AdversarialAutoencoder

DIGITS, SEEDS, IMAGES, TESTED, NEIGHBOUR = tuple(range(10)), (0, 1, 2), 6_000, 3_000, 20
SCORES = ("discriminator", "distance among codes", "reconstruction", "distance to the mean image", "nearest training image")
MODEL = {"prior": "gaussian", "hidden_sizes": [128, 128], "principal": 64, "discriminator_sizes": [128, 128], "discriminator_rate": 3.0}
MODEL |= {"spread": True, "match_weight": 20.0, "anneal_steps": 80, "half_life": 95}
EPOCHS, BATCH, RATE = 16, 256, 3e-3
STORED = checkpoints.FOLDER / "held-out-codes.json"  # inside the package, so that the page finds it on Colab too


def one_run(data: Dataset, digit: int, seed: int) -> dict[str, float]:
    """The AUROC of each score, for one digit and one seed."""
    assert data.train.y is not None, "which digit is which"
    keep = (data.train.y != digit).nonzero().squeeze(1)
    chosen = keep[torch.randperm(len(keep), generator=torch.Generator().manual_seed(seed))[:IMAGES]]
    train, test = data.train.x[chosen], data.test.head(TESTED)
    assert test.y is not None, "which digit is which"
    torch.manual_seed(seed)
    model = AdversarialAutoencoder(**MODEL)
    model.start_at(train)
    fit(model, Split(train, data.train.y[chosen]), epochs=EPOCHS, batch_size=BATCH, learning_rate=RATE, seed=seed, quiet=True)
    x, known = test.x.flatten(1), train.flatten(1)
    with torch.no_grad():
        z, codes = (model.eval().cpu().encode(images).mean for images in (test.x, train))
        scores = {
            "discriminator": -model.discriminate(z),
            "distance among codes": nearest(z, codes, NEIGHBOUR),
            "reconstruction": -model.decode(z).log_prob(test.x),
            "distance to the mean image": (x - known.mean(0)).norm(dim=1),
            "nearest training image": nearest(x, known, 1),
        }
    return {name: round(auroc(score, test.y == digit), 4) for name, score in scores.items()}


def nearest(points: Tensor, known: Tensor, k: int) -> Tensor:
    """The distance of each point to the k-th nearest of what is known: (n, size), (m, size) → (n,)."""
    return torch.cat([torch.cdist(piece, known).kthvalue(k, dim=1).values for piece in points.split(500)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", type=int, nargs="+", default=list(DIGITS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}")
    arguments = parser.parse_args()
    data, found = real_mnist(), {name: {} for name in SCORES}
    print_head("left out", *SCORES)
    for digit in arguments.digits:
        runs = [one_run(data, digit, seed) for seed in arguments.seeds]
        for name in SCORES:
            found[name][str(digit)] = [run[name] for run in runs]
        print_row(digit, *(spread(found[name][str(digit)]) for name in SCORES))
    count = len(arguments.digits) * len(arguments.seeds)
    print_row("mean", *(f"{sum(map(sum, found[name].values())) / count:.3f}" for name in SCORES))
    if arguments.store:
        recipe = {"model": MODEL, "images": IMAGES, "tested": TESTED, "epochs": EPOCHS, "batch_size": BATCH, "learning_rate": RATE}
        content = {"date": str(datetime.date.today()), "versions": versions(), "recipe": recipe, "seeds": arguments.seeds, "auroc": found}
        STORED.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
