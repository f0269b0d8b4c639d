"""`fit` against the plain loop that most tutorials show: same model, seed and machine, in turns, in one run.

VAE_COURSE_DATA=... python -m benchmarks.fit_speed [epochs] [rounds]
"""

import statistics
import sys
import time

import torch
from torch.utils.data import DataLoader, Sampler
from torchvision import datasets, transforms

from vae_course import VAE, fit, load
from vae_course.data.images import roots


class SameOrder(Sampler):
    """Shuffles as `fit` does, from the same seed, so that both loops see the same batches and draw the same noise."""

    def __init__(self, examples: int) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return self.examples

    def __iter__(self):
        yield from torch.randperm(self.examples).tolist()


def plain_loop(model, images: DataLoader, epochs: int) -> list[float]:
    """DataLoader, ToTensor per image, `.item()` each step: the mean loss per epoch, nats per image."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    curve = []
    for _ in range(epochs):
        total = 0.0
        for x, _ in images:
            optimizer.zero_grad()
            loss = model.loss(x).total
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        curve.append(total / len(images.dataset))
    return curve


def main(epochs: int = 2, rounds: int = 3) -> None:
    data = load("mnist")
    if data.name != "MNIST":
        raise SystemExit("this benchmark needs real MNIST: point VAE_COURSE_DATA at it, or connect once")
    files = datasets.MNIST(str(roots()[0]), train=True, transform=transforms.ToTensor())
    ratios, furthest = [], 0.0
    print("| round | plain loop, s per epoch | fit, s per epoch | ratio | largest distance between the curves, nats |")
    print("|---|---|---|---|---|")
    for number in range(rounds):
        torch.manual_seed(0)
        plain, ours = VAE(), VAE()
        ours.load_state_dict(plain.state_dict())
        started = time.perf_counter()
        torch.manual_seed(0)
        # A generator of its own keeps the loader from drawing numbers that `fit` does not draw.
        loader = DataLoader(files, batch_size=128, sampler=SameOrder(len(files)), generator=torch.Generator())
        curve = plain_loop(plain, loader, epochs)
        middle = time.perf_counter()
        history = fit(ours, data, epochs=epochs, seed=0, device="cpu", quiet=True)
        ended = time.perf_counter()
        ratios.append((middle - started) / (ended - middle))
        distance = max(abs(a - b) for a, b in zip(curve, history.loss, strict=True))
        furthest = max(furthest, distance)
        print(f"| {number + 1} | {(middle - started) / epochs:.2f} | {(ended - middle) / epochs:.2f} | {ratios[-1]:.2f} | {distance:.2f} |")
    print(f"\nmedian ratio {statistics.median(ratios):.2f} (at least 3.0 wanted); curves at most {furthest:.2f} nats apart (0.5 allowed)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
