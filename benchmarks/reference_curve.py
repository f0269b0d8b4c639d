"""The reference VAE on real MNIST, seeds 0, 1, 2, against the reference curve.

VAE_COURSE_DATA=... python -m benchmarks.reference_curve
"""

import torch

from vae_course import VAE, fit, load

REFERENCE = (164.38, 121.55, 114.61, 111.62, 109.89, 108.76, 107.95, 107.23, 106.75, 106.27)
REFERENCE_TEST = 105.6
ALLOWED = (1.5, *[0.7] * 9)
ALLOWED_TEST = 1.0
SEEDS = (0, 1, 2)


def main() -> None:
    data = load("mnist")
    if data.name != "MNIST":
        raise SystemExit("this benchmark needs real MNIST: point VAE_COURSE_DATA at it, or connect once")
    histories = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        histories.append(fit(VAE(), data, epochs=10, test=data.test, seed=seed))
    print("| epoch | reference | " + " | ".join(f"seed {seed}" for seed in SEEDS) + " | largest distance | allowed |")
    print("|---|---|" + "---|" * (len(SEEDS) + 2))
    rows = [(str(epoch + 1), REFERENCE[epoch], [h.loss[epoch] for h in histories], ALLOWED[epoch]) for epoch in range(10)]
    rows.append(("test, after 10", REFERENCE_TEST, [h.test_loss[-1] for h in histories], ALLOWED_TEST))
    kept = True
    for name, reference, losses, allowed in rows:
        distance = max(abs(loss - reference) for loss in losses)
        kept &= distance <= allowed
        print(f"| {name} | {reference:.2f} | " + " | ".join(f"{loss:.2f}" for loss in losses) + f" | {distance:.2f} | {allowed} |")
    raise SystemExit(0 if kept else "some epoch is further from the reference than allowed")


if __name__ == "__main__":
    main()
