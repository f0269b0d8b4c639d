"""What the benchmarks' tables have in common: rows in Markdown, mean ± s.d., machine and versions, earlier runs, real data under them."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import torch

from vae_course import load
from vae_course.data import Dataset


def print_head(*names: str) -> None:
    """The first two lines of a table in Markdown."""
    print("| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|", flush=True)


def print_row(*values: object) -> None:
    """One row of it, seen at once by whoever waits."""
    print("| " + " | ".join(map(str, values)) + " |", flush=True)


def spread(values: list[float], digits: int = 3) -> str:
    """Mean ± standard deviation over seeds; the one figure where there is only one."""
    tensor = torch.tensor(values, dtype=torch.float32)
    return f"{tensor.mean():.{digits}f}" + (f" ± {tensor.std():.{digits}f}" if len(values) > 1 else "")


def versions() -> str:
    """Python's and PyTorch's, for the line below a table."""
    return f"Python {platform.python_version()}, PyTorch {torch.__version__.split('+')[0]}"


def machine() -> str:
    """Processor, cores that this process may use, memory, GPU and system, as far as they can be told."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    told = [f"{_processor()}, {cores} cores"]
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        told.append(f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.0f} GB of memory")
    told.append(torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU")
    return ", ".join([*told, platform.system()])


def _processor() -> str:
    """What the processor calls itself."""
    if sys.platform == "darwin":
        return subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False).stdout.strip()
    file = Path("/proc/cpuinfo")
    lines = file.read_text("utf-8", errors="replace").splitlines() if file.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def signature() -> str:
    """When, where and with what a table is made, and how busy the machine is as it begins."""
    load_before = f"; load {os.getloadavg()[0]:.1f} before it began" if hasattr(os, "getloadavg") else ""
    return f"{datetime.date.today()}, {machine()}; {versions()}{load_before}"


def stored_runs(path: Path, about: dict) -> list[dict]:
    """The runs in the file at `path`, if all that `about` says (recipe, data, …) is said of them there, too; else none."""
    if not path.is_file():
        return []
    content = json.loads(path.read_text("utf-8"))
    return content["runs"] if all(content.get(name) == value for name, value in about.items()) else []


def images(quick: bool) -> Dataset:
    """MNIST; for a quick look a few of the digits that need no download, of the same shape."""
    return load("digits").subset(train=300, test=100) if quick else real_mnist()


def real_mnist() -> Dataset:
    """MNIST, or the end of the program where only its stand-in can be had."""
    data = load("mnist")
    if data.name != "MNIST":
        raise SystemExit("this benchmark needs real MNIST: point VAE_COURSE_DATA at it, or connect once")
    return data
