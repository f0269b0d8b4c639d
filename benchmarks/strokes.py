"""Pen strokes traced from MNIST against the pictures that they came from: how much of the ink they pass, and who still reads them.

python -m benchmarks.strokes

The judge is a skeleton that the tracer does not use: scikit-image's, of each test picture at its own size, where half white or more is ink.
A pixel of it is passed when its middle lies within a pixel of the line that the pen draws (three quarters of one, in the stricter rows).
A point of the line lies on ink when the pixel around it is ink. The first 1,000 test digits are judged so, beside lines that must fail:
those of the next test digit of the same class, and a zigzag that scribbles everything over. The reader is the course's own classifier,
which saw originals only.
"""

from __future__ import annotations

import datetime
import time

import numpy as np
import torch
from torch import Tensor

from benchmarks.tables import real_mnist, versions
from vae_course import checkpoints
from vae_course.data.strokes import SIDE, SPAN, STEPS, draw_strokes, pen_distances, to_strokes, trace_digits

JUDGED = 1_000
HALF_WHITE = 0.5
PASSED, ON_INK = 0.90, 0.95
GRID = torch.cartesian_prod(torch.arange(float(SIDE)), torch.arange(float(SIDE))).flip(1)  # x and y of each pixel


def skeletons(pictures: Tensor) -> Tensor:
    """Thinned one by one: (n, 1, SIDE, SIDE) → the same, booleans."""
    from skimage.morphology import skeletonize

    return torch.from_numpy(np.stack([skeletonize(ink) for ink in (pictures[:, 0] >= HALF_WHITE).numpy()])).unsqueeze(1)


def share_passed(x: Tensor, skeleton: Tensor, *, within: float) -> Tensor:
    """Of each skeleton (n, 1, SIDE, SIDE), the share of pixels that the pen's line passes within so many pixels: (n,)."""
    near = torch.cat([pen_distances(part, GRID) for part in x.split(250)]) <= within
    return (near & skeleton.flatten(1)).sum(1) / skeleton.flatten(1).sum(1)


def share_on_ink(x: Tensor, pictures: Tensor, *, points: int = 8) -> Tensor:
    """Of each drawing, the share of its length that lies on ink, measured at `points` points a step: (n,)."""
    found = []
    for steps, picture in zip(x, pictures[:, 0] >= HALF_WHITE, strict=True):
        start, end = (torch.cat(part) for part in zip(*((line[:-1], line[1:]) for line in to_strokes(steps)), strict=True))
        share = (torch.arange(points) + 0.5).view(-1, 1, 1) / points
        column, row = (start + share * (end - start)).round().long().clamp(0, SIDE - 1).unbind(-1)
        length = (end - start).norm(dim=1).clamp_min(1e-3)
        found.append((picture[row, column].float().mean(0) * length).sum() / length.sum())
    return torch.stack(found)


def scribble() -> Tensor:
    """A zigzag that leaves nothing out, two pixels from line to line: (1, steps, 3)."""
    half = (SIDE - 1) / 2
    moves = [(-half, -half, 0)]
    for row in range(0, SIDE, 2):
        sideways = half if row % 4 == 0 else -half
        moves += [(sideways, 0, 1), (sideways, 0, 1), (0, 2, 1)]
    x = torch.tensor(moves)
    return torch.cat([0.5 + x[:, :2] / SPAN, x[:, 2:]], dim=1).unsqueeze(0)


def next_of_class(y: Tensor) -> Tensor:
    """For each example the next one of its class, and for the last of a class the first: (n,) → (n,)."""
    found = torch.empty_like(y)
    for label in y.unique():
        rows = (y == label).nonzero().squeeze(1)
        found[rows] = rows.roll(-1)
    return found


def per_cent(share: Tensor) -> str:
    return f"{100 * share.float().mean().item():.1f}"


def main() -> None:
    data = real_mnist()
    started = time.process_time()
    traced = trace_digits(data)
    seconds = time.process_time() - started
    x, pictures, y = traced.test.x, data.test.x, data.test.y
    skeleton = skeletons(pictures)

    own, other = x[:JUDGED], x[:JUDGED][next_of_class(y[:JUDGED])]
    lines = {
        "its own strokes": own,
        "those of the next of its class": other,
        "a scribble over everything": scribble().expand(JUDGED, -1, -1),
    }
    print(f"| of {JUDGED:,} test digits, % | " + " | ".join(lines) + " | wanted |\n|" + "---|" * (len(lines) + 2))
    for within, wanted in ((1.0, "at least 95"), (0.75, "")):
        shares = [share_passed(line, skeleton[:JUDGED], within=within) for line in lines.values()]
        told = f"at least {100 * PASSED:.0f} % of the skeleton is passed within {within:g} pixels".replace("1 pixels", "1 pixel")
        print(f"| {told} | " + " | ".join(per_cent(share >= PASSED) for share in shares) + f" | {wanted} |")
        print("| the same, mean share | " + " | ".join(per_cent(share) for share in shares) + " | |")
    shares = [share_on_ink(line, pictures[:JUDGED]) for line in lines.values()]
    print("| the drawn line lies on ink, mean share | " + " | ".join(per_cent(share) for share in shares) + " | at least 95 |")
    print(f"| the same, digits with at least {100 * ON_INK:.0f} % | " + " | ".join(per_cent(share >= ON_INK) for share in shares) + " | |")

    reader = checkpoints.pretrained("classifier-mnist", device="cpu")
    seen = {"the originals": pictures, "drawn back from the strokes": draw_strokes(x), "the bare skeletons": skeleton.float()}
    print("\n| of 10,000 test digits the classifier reads | % right |\n|---|---|")
    for name, images in seen.items():
        read = torch.cat([reader.classify(part).argmax(1) for part in images.split(1_000)])
        print(f"| {name} | {100 * (read == y).float().mean().item():.2f} |")

    kept = torch.cat([traced.train.kept, traced.test.kept])
    rows, strokes = kept.any(-1).sum(1).sort().values, (kept[:, 1:, 2] > kept[:, :-1, 2]).sum(1).double()
    half, most = rows[len(rows) // 2], rows[99 * len(rows) // 100]
    print(f"\n{len(kept):,} digits traced in {seconds:.0f} s of one core, {strokes.mean():.2f} strokes a digit.")
    print(f"Of {STEPS} rows half of them take at most {half}, 99 % at most {most}. {datetime.date.today()}, {versions()}")


if __name__ == "__main__":
    main()
