"""How well a small network reads each attribute of the drawn faces, beside a linear rule on their pixels and the commonest level.

python -m benchmarks.face_attributes                       10,000 faces to learn from, 2,000 to be tested on, and the table in Markdown
python -m benchmarks.face_attributes --epochs 2 --train 2000

One network reads all ten: three convolutions and a linear rule on what they find. On one thread, as long as it takes.
"""

from __future__ import annotations

import argparse
import datetime
import time

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from benchmarks.tables import versions
from vae_course.data import Dataset, Split
from vae_course.data.faces import FACE_ATTRIBUTES, faces

BATCH = 128
LEVELS = [len(levels) for levels in FACE_ATTRIBUTES.values()]
WANTED = 0.95


def network() -> nn.Module:
    """(n, 3, 64, 64) → a logit for each level of each attribute, side by side."""
    sizes, layers = (3, 24, 48, 96), []
    for before, after in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Conv2d(before, after, 5, stride=2, padding=2), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3), nn.Linear(sizes[-1] * 8 * 8, sum(LEVELS)))


def linear_rule() -> nn.Module:
    """The same from the pixels themselves."""
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(3 * 64 * 64, sum(LEVELS)))


def train(model: nn.Module, split: Split, *, epochs: int, peak: float, seed: int) -> None:
    """Adam, its steps rising to `peak` and falling to nothing."""
    order = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(model.parameters())
    steps = epochs * -(-len(split) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, peak, total_steps=steps)
    model.train()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in torch.randperm(len(split), generator=order).split(BATCH):
            x, y = split.rows(rows)
            assert y is not None
            loss = sum_of_losses(model(x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch} of {epochs}: {total / len(split):.3f} nats a face, all attributes together", flush=True)


def sum_of_losses(logits: Tensor, y: Tensor) -> Tensor:
    """Cross-entropies in nats, averaged over faces, summed over attributes."""
    return torch.stack([cross_entropy(part, column) for part, column in zip(logits.split(LEVELS, dim=1), y.T, strict=True)]).sum()


@torch.no_grad()
def accuracies(model: nn.Module, split: Split) -> Tensor:
    """The share of faces on which each attribute is read rightly, (10,)."""
    model.eval()
    logits = torch.cat([model(x) for x, _ in split.batches(500)])
    found = torch.stack([part.argmax(dim=1) for part in logits.split(LEVELS, dim=1)], dim=1)
    return (found == split.y).double().mean(dim=0)


def commonest(data: Dataset) -> Tensor:
    """The share that one is right about by naming each attribute's commonest level of the training set, (10,)."""
    assert data.train.y is not None
    assert data.test.y is not None
    return (data.test.y == data.train.y.mode(dim=0).values).double().mean(dim=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--train", type=int, default=10_000)
    parser.add_argument("--test", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    started = time.perf_counter()
    data = faces(train=arguments.train, test=arguments.test)
    print(f"drawn in {time.perf_counter() - started:.1f} s", flush=True)
    columns = [commonest(data)]
    for make, peak in ((linear_rule, 3e-4), (network, 3e-3)):
        torch.manual_seed(arguments.seed)
        model = make()
        train(model, data.train, epochs=arguments.epochs, peak=peak, seed=arguments.seed)
        columns.append(accuracies(model, data.test))
    print("\n| attribute | levels | commonest level | linear rule on pixels | small network |\n|---|---|---|---|---|")
    for name, levels, *shares in zip(FACE_ATTRIBUTES, LEVELS, *columns, strict=True):
        print(f"| {name} | {levels} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |")
    print(f"\nThe network's worst: {100 * columns[-1].min():.1f} %, where {100 * WANTED:.0f} % are wanted.")
    print(f"{datetime.date.today()}, {versions()}, seed {arguments.seed}, {time.perf_counter() - started:.0f} s on one thread")


if __name__ == "__main__":
    main()
