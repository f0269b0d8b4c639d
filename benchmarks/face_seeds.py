"""Edits of faces and what a code says of skin: models that are told attributes half of the time, and always, beside the page's own.

python -m benchmarks.face_seeds            train what is not trained yet (16 epochs each), three seeds, and print the table in Markdown
python -m benchmarks.face_seeds --store    keep the figures for the page on faces; no weights are kept
python -m benchmarks.face_seeds --seeds 0 --kinds "always told" --store     those of one run beside the page's model

Distances from the true edit are in grey levels of 255, the root of the mean over pixels, averaged over test faces without the attribute.
The always-told model's arrows are those of codes that were found with the true attributes. What reads a condition is `face_edits.reader`.
"""

from __future__ import annotations

import argparse
import datetime
import json

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from vae_course import checkpoints, pretrained
from vae_course.data import FACE_ATTRIBUTES, Split, draw_faces, faces, with_level
from vae_course.evaluation import (
    attribute_arrow,
    biased_sample,
    linear_prediction,
    linear_probe,
    network_probe,
    parity_gap,
    posterior_means,
    without_direction,
)
from vae_course.models import AttributeVAE

from .face_edits import EDITS, read, reader
from .recipes import RECIPES
from .tables import print_head, print_row, versions
from .train_models import Run, folder_of_runs

STORED = checkpoints.FOLDER / "faces-seeds.json"
OURS = "the page's"  # half told, 40 epochs
KINDS = {"half told": "half-told-faces-seed-{}", "always told": "always-told-faces-seed-{}"}
SEEDS = (0, 1, 2)
SHOWN = ("hair", "hat", "smile")
READER_EPOCHS = 4
COLUMNS = {name: column for column, name in enumerate(FACE_ATTRIBUTES)}


def trained(kind: str, seed: int) -> AttributeVAE:
    """The model of that kind and seed, trained where it is not yet."""
    if kind == OURS:
        model = pretrained("attribute-vae-faces", device="cpu")
        assert isinstance(model, AttributeVAE)
        return model
    name = KINDS[kind].format(seed)
    path = folder_of_runs() / f"{name}.safetensors"
    if not path.is_file():
        run = Run(name, RECIPES[name], folder_of_runs())
        run.finish()
        run.checkpoint(path)
    model = checkpoints.load(path, device="cpu")
    assert isinstance(model, AttributeVAE)
    return model.eval()


def having(y: Tensor, attribute: str, level: str) -> Tensor:
    return y[:, COLUMNS[attribute]] == FACE_ATTRIBUTES[attribute].index(level)


def distance(images: Tensor, truth: Tensor) -> float:
    return 255 * (images - truth).square().flatten(1).mean(1).sqrt().mean().item()


@torch.no_grad()
def edits(model: AttributeVAE, known: Split, test: Split, judge: torch.nn.Module) -> dict[str, dict[str, dict[str, float]]]:
    """By attribute and by way: the distance from the true edit, and how often a reader finds what was asked for."""
    assert known.y is not None
    assert test.y is not None
    told = not model.hidden
    codes = posterior_means(model, known if told else known.x)
    found = {}
    for attribute in SHOWN:
        before, after = EDITS[attribute]
        rows = having(test.y, attribute, before).nonzero()[:, 0]
        x, old = test.x[rows], test.y[rows]
        new = with_level(old, attribute, after)
        truth = avg_pool2d(draw_faces(new, rows=rows, seed=1), 2)
        among, has = having(known.y, attribute, before) | having(known.y, attribute, after), having(known.y, attribute, after)
        arrow, difference = (attribute_arrow(vectors[among], has[among]) for vectors in (codes, known.x))
        z = model.encode(x, old if told else None).mean
        copy, moved = (model.decode(code, old if told else None).mean for code in (z, z + arrow))
        swapped = model.restyle(x, old, new)
        ways = {
            "nothing": x,
            "condition": swapped,
            "condition, laid on": (x + swapped - model.restyle(x, old, old)).clamp(0, 1),
            "arrow": moved,
            "arrow, laid on": (x + moved - copy).clamp(0, 1),
            "pixel arrow": (x + difference).clamp(0, 1),
            "true edit, copied": model.restyle(truth, new, new) if told else model.reconstruct(truth),
        }
        seen = {name: (read(judge, images) == new)[:, COLUMNS[attribute]].double().mean().item() for name, images in ways.items()}
        found[attribute] = {name: {"distance": distance(images, truth), "has it": 100 * seen[name]} for name, images in ways.items()}
    return found


def fairness(model: AttributeVAE, known: Split, test: Split) -> dict[str, dict[str, float]]:
    """Of the code, of the code without a direction, and of pixels without one: parity gap, share right, and what probes read of skin."""
    assert known.y is not None
    assert test.y is not None
    dark, test_dark = ((y[:, COLUMNS["skin"]] > 1).long() for y in (known.y, test.y))
    wears, test_wears = (y[:, COLUMNS["glasses"]] for y in (known.y, test.y))
    told = not model.hidden
    codes = tuple(posterior_means(model, split if told else split.x) for split in (known, test))
    direction = attribute_arrow(codes[0], dark)
    found = {}
    for name, (features, asked) in {"code": codes, "a direction out": tuple(without_direction(each, direction) for each in codes)}.items():
        gaps, right = [], []
        for seed in SEEDS:
            learnt = biased_sample(wears, 1 - dark, agree=0.8, n=1_200, seed=seed)
            answers = linear_prediction(features[learnt], wears[learnt], asked)
            gaps.append(100 * parity_gap(answers, test_dark))
            right.append(100 * (answers == test_wears).double().mean().item())
        probes = {"line": linear_probe(features, dark, asked, test_dark), "network": network_probe(features, dark, asked, test_dark)}
        found[name] = {"gap": sum(gaps) / len(gaps), "right": sum(right) / len(right)}
        found[name] |= {f"skin by a {kind}": 100 * share for kind, share in probes.items()}
    return found


def rounded(found):
    """All numbers to one digit behind the point."""
    if isinstance(found, dict):
        return {name: rounded(value) for name, value in found.items()}
    return round(found, 1) if isinstance(found, float) else found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}")
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=list(KINDS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = faces()
    train, test = (Split(torch.cat([avg_pool2d(x, 2) for x, _ in split.batches(1000)]), split.y) for split in (data.train, data.test))
    judge, known = reader(train, READER_EPOCHS), train.part(slice(5_000))
    test = test.part(slice(1_000))
    runs = []
    for kind, seed in ((OURS, 0), *((kind, seed) for seed in arguments.seeds for kind in arguments.kinds)):
        model = trained(kind, seed)
        its = {"edits": edits(model, known, test, judge), "fairness": fairness(model, known, test)}
        runs.append(rounded({"kind": kind, "seed": seed, **its}))
        print(json.dumps(runs[-1]), flush=True)
    if arguments.store:
        about = {"date": f"{datetime.date.today()}", "versions": versions(), "data": data.fingerprint()}
        STORED.write_text(json.dumps(about | {"runs": runs}, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print_head("model", "seed", *(f"{attribute}: {way}" for attribute in SHOWN for way in ("condition", "arrow", "pixel arrow", "nothing")))
    for run in runs:
        ways = (run["edits"][attribute][way]["distance"] for attribute in SHOWN for way in ("condition", "arrow", "pixel arrow", "nothing"))
        print_row(run["kind"], run["seed"], *ways)


if __name__ == "__main__":
    main()
