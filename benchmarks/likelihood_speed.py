"""How long −log p(x) takes by 5,000 importance samples an image, in how much memory, and how long its largest matrix products take alone;
and the same with networks that compute in bfloat16.

python -m benchmarks.likelihood_speed                100 and 400 test images, and what 10,000 would take at the same rate
python -m benchmarks.likelihood_speed --all          all 10,000 as well

Each row is a process of its own, so that memory is its own: the most that it ever held, Python, PyTorch and the data included. The floor:
the decoder's matrix products for all samples, in the pieces in which they are computed, into memory that is there already.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence

import torch
from torch import nn

from benchmarks.tables import images, print_head, print_row
from benchmarks.timing import in_a_process, now, peak_memory
from vae_course import binarise, checkpoints, negative_log_likelihood
from vae_course.evaluation import bounds

MODEL = "vae-mnist-20"
TEST_SET = 10_000


def measured(n: int, k: int, quick: bool, half: bool) -> tuple[float, float, float, float]:
    """For `n` images, in this process: seconds, seconds of the products alone in float32, the peak in megabytes, and the mean in nats."""
    model, x = checkpoints.pretrained(MODEL, device="cpu"), binarise(images(quick).test.head(n).x, seed=0)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
        negative_log_likelihood(model, x[:1], k=k, quiet=True)
        started = now()
        found = negative_log_likelihood(model, x, k=k, quiet=True)
        seconds = now() - started
    return seconds, products(model, n * k), peak_memory(), found.mean().item()


def products(model, samples: int) -> float:
    """Seconds that the decoder's matrix products take for so many samples."""
    rows = min(samples, bounds.DECODED_AT_ONCE)
    step = []
    for layer in model.decoder.modules():
        if isinstance(layer, nn.Linear):
            step.append((torch.rand(rows, layer.in_features), layer.weight.detach().T, torch.empty(rows, layer.out_features)))
    started = now()
    for _ in range(max(1, samples // rows)):
        for left, right, result in step:
            torch.mm(left, right, out=result)
    return now() - started


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="the whole test set, too")
    parser.add_argument("--quick", action="store_true", help="few images and samples: to see that it runs")
    parser.add_argument("--measure", type=int, metavar="N", help="only the four numbers for N images, in this process")
    parser.add_argument("--half", action="store_true", help="with it: with networks in bfloat16")
    given = parser.parse_args(words)
    k = 50 if given.quick else 5_000
    if given.measure:
        print(*measured(given.measure, k, given.quick, given.half))
        return
    counts = (2, 4) if given.quick else (100, 400, *((TEST_SET,) if given.all else ()))
    print(f"−log p(x) of {MODEL} on binarised images, k = {k:,}, {torch.get_num_threads()} threads.\n")
    heads = ("images", "networks", "s", f"minutes for {TEST_SET:,}", "products alone, s", "times the products", "peak memory, MB", "nats")
    print_head(*heads)
    for n, half in itertools.product(counts, (False, True)):
        words = ["--quick"] * given.quick + ["--half"] * half
        seconds, floor, memory, nats = in_a_process("-m", "benchmarks.likelihood_speed", "--measure", n, *words)
        minutes = f"{seconds * TEST_SET / n / 60:.1f}" + ("" if n == TEST_SET else ", at this rate")
        figures = f"{seconds:.1f}", minutes, f"{floor:.1f}", f"{seconds / floor:.2f}", f"{memory:.0f}", f"{nats:.3f}"
        print_row(f"{n:,}", "bfloat16" if half else "float32", *figures)


if __name__ == "__main__":
    main(sys.argv[1:])
