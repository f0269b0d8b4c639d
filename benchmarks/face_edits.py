"""What a reader of attributes sees on edited faces: is the attribute there, and are the other nine as they were?

python -m benchmarks.face_edits            train the reader if it isn't yet, and print the table in Markdown
python -m benchmarks.face_edits --store    keep the figures for the page on faces

Test faces of 32×32 without an attribute are given it: by condition, by an arrow of codes, by one of pixels, or they are replaced by the
nearest training face that has it. The reader learnt on true training faces, with labels, and knows nothing of the model. All in per cent,
of up to 300 faces an edit.
"""

from __future__ import annotations

import argparse
import datetime
import json
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from vae_course import checkpoints, pretrained
from vae_course.data import FACE_ATTRIBUTES, Split, draw_faces, faces, with_level
from vae_course.evaluation import attribute_arrow, posterior_means
from vae_course.models import AttributeVAE

from .face_attributes import LEVELS, accuracies, train
from .tables import print_head, print_row, versions
from .train_models import folder_of_runs

STORED = checkpoints.FOLDER / "faces-edits.json"
EDITS = {
    "smile": ("neutral", "laughing"),
    "glasses": ("none", "glasses"),
    "hair": ("short", "long"),
    "beard": ("none", "beard"),
    "hat": ("none", "hat"),
}
STRENGTHS = (0.5, 1.0, 1.5, 2.0)
MOST = 300


def network() -> nn.Module:
    """(n, 3, 32, 32) → a logit for each level of each attribute: that of `face_attributes`, for smaller faces."""
    sizes, layers = (3, 24, 48, 96), []
    for before, after in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Conv2d(before, after, 5, stride=2, padding=2), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(sizes[-1] * 4 * 4, sum(LEVELS)))


def reader(learnt: Split, epochs: int) -> nn.Module:
    """What reads all ten attributes, kept among runs on their way."""
    path = folder_of_runs() / f"face-reader-{epochs}.pt"
    torch.manual_seed(0)
    found = network()
    if path.is_file():
        found.load_state_dict(torch.load(path, weights_only=True))
    else:
        train(found, learnt, epochs=epochs, peak=3e-3, seed=0)
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(found.state_dict(), path)
    return found.eval()


@torch.no_grad()
def read(by: nn.Module, x: Tensor) -> Tensor:
    """The levels that are read, (n, 10)."""
    return torch.stack([part.argmax(1) for part in by(x).split(LEVELS, dim=1)], dim=1)


@torch.no_grad()
def edited(model: AttributeVAE, known: Split, codes: Tensor, test: Split, attribute: str) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Name, pictures and attributes wanted, for each way to give some test faces the attribute."""
    column, (before, after) = list(FACE_ATTRIBUTES).index(attribute), map(FACE_ATTRIBUTES[attribute].index, EDITS[attribute])
    assert known.y is not None
    assert test.y is not None
    rows = (test.y[:, column] == before).nonzero()[:MOST, 0]
    x, old = test.x[rows], test.y[rows]
    new = with_level(old, attribute, EDITS[attribute][1])
    among, has = (known.y[:, column] == before) | (known.y[:, column] == after), known.y[:, column] == after
    arrow, difference = (attribute_arrow(vectors[among], has[among]) for vectors in (codes, known.x))
    z = posterior_means(model, x)
    copy = model.decode(z).mean
    yield "nothing is done", x, new
    yield "the true edit", avg_pool2d(draw_faces(new, rows=rows, seed=1), 2), new
    yield "its copy by the model", model.reconstruct(avg_pool2d(draw_faces(new, rows=rows, seed=1), 2)), new
    yield "copy, nothing is done", copy, new
    yield "condition", model.restyle(x, old, new), new
    yield "condition, laid on the face", (x + model.restyle(x, old, new) - model.restyle(x, old, old)).clamp(0, 1), new
    for strength in STRENGTHS:
        moved = model.decode(z + strength * arrow).mean
        yield f"arrow × {strength}", moved, new
        yield f"arrow × {strength}, laid on the face", (x + moved - copy).clamp(0, 1), new
        yield f"pixel arrow × {strength}", (x + strength * difference).clamp(0, 1), new
    candidates = known.x[has]
    yield "nearest face with it", candidates[torch.cdist(x.flatten(1), candidates.flatten(1)).argmin(1)], new


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--store", action="store_true", help=f"keep the figures in {STORED.name}")
    parser.add_argument("--reader", action="store_true", help="train the reader and stop")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = faces()
    known, test = (Split(torch.cat([avg_pool2d(x, 2) for x, _ in split.batches(1000)]), split.y) for split in (data.train, data.test))
    judge = reader(known, arguments.epochs)
    accuracy = {name: round(100 * value, 1) for name, value in zip(FACE_ATTRIBUTES, accuracies(judge, test).tolist(), strict=True)}
    print("read on test faces, in per cent:", accuracy, flush=True)
    if arguments.reader:
        return
    model = pretrained("attribute-vae-faces", device="cpu")
    codes = posterior_means(model, known.x)
    table: dict[str, dict[str, list[float]]] = {}
    for attribute in EDITS:
        column = list(FACE_ATTRIBUTES).index(attribute)
        for name, images, wanted in edited(model, known, codes, test, attribute):
            right = (read(judge, images) == wanted).double().mean(0)
            figures = table.setdefault(name, {"has it": [], "others kept": []})
            figures["has it"].append(round(100 * right[column].item(), 1))
            figures["others kept"].append(round(100 * (right.sum() - right[column]).item() / (len(right) - 1), 1))
    print_head("picture", *(f"{attribute}: {what}" for attribute in EDITS for what in ("has it", "others kept")))
    for name, figures in table.items():
        print_row(name, *(values[i] for i in range(len(EDITS)) for values in figures.values()))
    print(f"\n{datetime.date.today()}, {versions()}")
    if arguments.store:
        about = {"date": f"{datetime.date.today()}", "versions": versions(), "data": data.fingerprint(), "reader": accuracy}
        about |= {"edits": {attribute: list(levels) for attribute, levels in EDITS.items()}, "table": table}
        STORED.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
