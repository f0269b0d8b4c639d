"""A training step of a convolutional VAE in bfloat16, compiled, and both, as a ratio to the plain step on the same device; three sizes.

python -m benchmarks.half_and_compiled          on the GPU if there is one, else on the CPU (`VAE_COURSE_DEVICE` decides)

The four kinds take turns, and each figure is a median, so that another program's work falls on all alike. Compiling itself is not counted.
On a GPU, PyTorch computes float32 convolutions in TF32 unless told otherwise; "plain" is what it does untold.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import time

import torch
from torch._dynamo.utils import counters

from benchmarks.tables import versions
from vae_course import ConvolutionalVAE, device
from vae_course.data.sprites import sprites

SIZES = {"the page's": ((16, 32, 64), 256), "wider": ((64, 128, 256), 256), "wider still": ((128, 256, 512), 1024)}
SMALL_ENOUGH_FOR_A_CPU = ("the page's", "wider")
WARM_UP = 5


class HalfPrecision(ConvolutionalVAE):
    """Networks in bfloat16, likelihood and KL in float32."""

    def loss(self, x, y=None):
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            return super().loss(x, y)


def stepper(kind: type, channels, x, compiled: bool):
    """A function that takes one training step and returns how long it took, in seconds."""
    torch.manual_seed(0)
    model = kind(latent_size=32, channels=channels).to(x.device)
    if compiled:  # not `.compile()` in place: PyTorch 2.11 then leaves an `nn.Sequential` as it is, and says nothing
        model.encoder, model.decoder = torch.compile(model.encoder), torch.compile(model.decoder)
    optimizer = model.optimizer(1e-4)

    def step() -> float:
        started = settled(x)
        model.training_step(x, None, optimizer)
        return settled(x) - started

    graphs = counters["stats"]["unique_graphs"]
    for _ in range(WARM_UP):
        step()
    assert (counters["stats"]["unique_graphs"] > graphs) == compiled, "nothing was compiled, or what should not be"
    return step


def settled(x) -> float:
    """The time when the device has done all it was given."""
    if x.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=None, help="timed steps of each kind; by default 200 on a GPU, 8 on a CPU")
    arguments = parser.parse_args()
    where = device()
    steps = arguments.steps or (200 if where.type == "cuda" else 8)
    print("| networks | channels | batch | plain step | bfloat16 | compiled | both |\n" + "|---" * 7 + "|")
    for name, (channels, batch) in SIZES.items():
        if where.type == "cpu" and name not in SMALL_ENOUGH_FOR_A_CPU:
            continue
        torch.compiler.reset()  # after a few recompilations it would give up and run what is written
        x = sprites(colour=True, train=batch, test=1).train.x.to(where)
        ways = {
            (kind, compiled): stepper(kind, channels, x, compiled)
            for kind in (ConvolutionalVAE, HalfPrecision)
            for compiled in (False, True)
        }
        times = {way: [] for way in ways}
        for _ in range(steps):
            for way, step in ways.items():
                times[way].append(step())
        plain, compiled, half, both = (statistics.median(times[way]) for way in times)
        told = " | ".join(f"{value / plain:.2f}" for value in (half, compiled, both))
        print(f"| {name} | {', '.join(map(str, channels))} | {batch:,} | {1000 * plain:.1f} ms | {told} |", flush=True)
    label = torch.cuda.get_device_name(where) if where.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"\n{datetime.date.today()}, {versions()}, {label}, {steps} steps of each kind")


if __name__ == "__main__":
    main()
