"""Every data set that `load` knows: how much there is, what it takes, and whose it is.

VAE_COURSE_DATA=... python -m benchmarks.data_sets [names]

Each is loaded in a process of its own, so that seconds and memory are its own: those above what `import vae_course.data` took.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time

from vae_course.data import load, names

from .tables import versions

# By what no two examples of a set are shared between training and test.
UNITS = {
    "mnist": "writer (published)",
    "fashion-mnist": "picture (published)",
    "cifar-10": "picture (published)",
    "olivetti": "person",
    "celeba": "person (published)",
    "mnist-binary": "writer (published)",
    "strokes": "writer (published)",
    "digits": "picture, before it is turned and shifted",
    "sprites": "combination of factors",
    "colour-sprites": "combination of factors",
    "faces": "person",
    "photographs": "region of each photograph, no pixel shared",
    "melodies": "tune",
    "texts": "story",
    "waves": "seed",
    "heartbeats": "seed",
    "sensor": "day",
    "payments": "payment",
    "speech": "utterance (published; the same speakers)",
    "motion": "recording (published)",
    "electricity": "day (published)",
    "ecg": "time",
}


def measured(name: str) -> dict:
    """One set, loaded here and now."""
    before = _peak()
    started = time.perf_counter()
    data = load(name)
    seconds = time.perf_counter() - started
    kept = [tensor for split in (data.train, data.test) for tensor in (split.kept, split.y) if tensor is not None]
    return {
        "shape": " × ".join(map(str, data.input_shape)),
        "train": len(data.train),
        "test": len(data.test),
        "dtype": str(data.train.kept.dtype).removeprefix("torch."),
        "megabytes": sum(tensor.numel() * tensor.element_size() for tensor in kept) / 1e6,
        "peak": _peak() - before,
        "seconds": seconds,
        "fingerprint": data.fingerprint()[:8],
        "licence": data.licence,
    }


def _peak() -> float:
    """The most memory that this process ever held, in megabytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1e6 if sys.platform == "darwin" else 1e3)


def main(chosen: list[str]) -> None:
    print("| `load(…)` | training + test | of shape | kept as | MB | peak MB | s | split by | training data | licence |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in chosen or names():
        done = subprocess.run([sys.executable, "-m", "benchmarks.data_sets", "--one", name], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"| {name} | not to be had here: {done.stderr.strip().splitlines()[-1]} |")
            continue
        one = json.loads(done.stdout.splitlines()[-1])
        counts = f"{one['train']:,} + {one['test']:,}"
        took = f"{one['megabytes']:.1f} | {one['peak']:.0f} | {one['seconds']:.1f}"
        row = (name, counts, one["shape"], one["dtype"], took, UNITS[name], one["fingerprint"], one["licence"])
        print("|", " | ".join(row), "|", flush=True)
    print(f"\n{versions()}.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(sys.argv[2])))
    else:
        main(sys.argv[1:])
