"""How times and memory are taken: ways to do the same thing in turns, and figures of a process of its own."""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
Way = Callable[[], float]
Table = Callable[[bool, int], object]  # quick or not, and in how many rounds


def table_parser(tables: Mapping[str, Table], about: str | None) -> argparse.ArgumentParser:
    """For a program that prints one of some tables, the first when none is named."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=tables, nargs="?", default=next(iter(tables)))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="one round of little: to see that it runs")
    return parser


def print_table(tables: Mapping[str, Table], given: argparse.Namespace) -> None:
    """Print the table that was asked for."""
    tables[given.table](given.quick, 1 if given.quick else given.rounds)


def in_turns(ways: Mapping[str, Way], rounds: int, *, warm_up: int = 1) -> dict[str, list[float]]:
    """What each way returned, its seconds, in each of `rounds`. In a round each has its turn, so that another program's work falls on all.

    The first `warm_up` rounds are thrown away.
    """
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(warm_up + rounds):
        for name, way in ways.items():
            found[name].append(way())
    return {name: values[warm_up:] for name, values in found.items()}


def now(device: str | torch.device = "cpu") -> float:
    """The time in seconds, when the device has done all that it was given."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def middle(values: Sequence[float], digits: int = 2) -> str:
    """The median, and in brackets the smallest and the largest."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def ratio(values: Sequence[float], others: Sequence[float]) -> str:
    """How many times the median of `others` the median of `values` is."""
    return f"{statistics.median(values) / statistics.median(others):.2f}"


def peak_memory() -> float:
    """The most memory that this process ever held, in megabytes. Not on Windows."""
    if sys.platform == "linux":  # where `resource` counts what the parent held, too
        (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+)", Path("/proc/self/status").read_text("utf-8"), re.MULTILINE)
        return int(kilobytes) / 1e3
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def in_a_process(*words: object) -> list[float]:
    """The numbers on the last line that `python words…` prints in a process of its own: time and memory are its own."""
    done = subprocess.run([sys.executable, *map(str, words)], stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return [float(word) for word in done.stdout.splitlines()[-1].split()]
