"""What the benchmarks' tables have in common: mean ± s.d., the versions they were made with, earlier runs, and real data under them."""

from __future__ import annotations

import json
import platform
from pathlib import Path

import torch

from vae_course import load
from vae_course.data import Dataset


def spread(values: list[float], digits: int = 3) -> str:
    """Mean ± standard deviation over seeds; the one figure where there is only one."""
    tensor = torch.tensor(values, dtype=torch.float32)
    return f"{tensor.mean():.{digits}f}" + (f" ± {tensor.std():.{digits}f}" if len(values) > 1 else "")


def versions() -> str:
    """Python's and PyTorch's, for the line below a table."""
    return f"Python {platform.python_version()}, PyTorch {torch.__version__.split('+')[0]}"


def stored_runs(path: Path, about: dict) -> list[dict]:
    """The runs in the file at `path`, if all that `about` says (recipe, data, …) is said of them there, too; else none."""
    if not path.is_file():
        return []
    content = json.loads(path.read_text("utf-8"))
    return content["runs"] if all(content.get(name) == value for name, value in about.items()) else []


def real_mnist() -> Dataset:
    """MNIST, or the end of the program where only its stand-in can be had."""
    data = load("mnist")
    if data.name != "MNIST":
        raise SystemExit("this benchmark needs real MNIST: point VAE_COURSE_DATA at it, or connect once")
    return data
