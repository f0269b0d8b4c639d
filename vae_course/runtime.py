"""Where the course runs: profile, device, seed, banner, and the one progress bar that everything shares."""

from __future__ import annotations

import contextlib
import io
import os
import random
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar

import torch
from tqdm.std import tqdm as plain_tqdm

from . import __version__

T = TypeVar("T")

PROFILES = ("quick", "full")


def profile() -> str:
    """The run profile: `full` (what a learner sees) unless `VAE_COURSE_PROFILE=quick` (continuous integration).

    Raises ValueError when the variable holds anything else.
    """
    name = os.environ.get("VAE_COURSE_PROFILE", "") or "full"
    if name not in PROFILES:
        raise ValueError(f"VAE_COURSE_PROFILE is {name!r}, expected one of {', '.join(PROFILES)}. Unset it for the default, full.")
    return name


def choose(*, quick: T, full: T) -> T:
    """The number for the profile in force, so that a notebook states both once: `epochs = choose(quick=1, full=10)`."""
    return quick if profile() == "quick" else full


def device(name: str | torch.device | None = None) -> torch.device:
    """The device to compute on: `name` if given, else `VAE_COURSE_DEVICE`, else a GPU if there is one, else the CPU.

    Of several GPUs each process that `torchrun` started gets one of its own. A GPU that this PyTorch was not built for is not chosen: it
    is said once, and the CPU computes.

    Raises ValueError when the device is unknown to PyTorch, absent from this machine, or a GPU that this PyTorch was not built for.
    """
    wanted = str(name or os.environ.get("VAE_COURSE_DEVICE", "") or "auto")
    its_gpu = f"cuda:{os.environ['LOCAL_RANK']}" if "LOCAL_RANK" in os.environ else "cuda"  # torchrun started one process a GPU
    if wanted == "auto":
        wanted = its_gpu if torch.cuda.is_available() and _can_compute_on(its_gpu) else "cpu"
    if wanted == "cuda":
        wanted = its_gpu
    mend = "Use 'cpu', 'cuda', 'mps' or 'auto', or unset VAE_COURSE_DEVICE."
    try:
        chosen = torch.device(wanted)
    except RuntimeError as error:
        raise ValueError(f"unknown device {wanted!r}. {mend}") from error
    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (chosen.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present.get(chosen.type, False):
        raise ValueError(f"device {wanted!r} was asked for, but this machine has none that PyTorch can use. {mend}")
    if chosen.type == "cuda" and (lacking := _what_it_lacks(chosen.index or 0)):
        raise ValueError(f"device {wanted!r} was asked for, but {lacking}. Use 'cpu', or install a PyTorch that was built for it.")
    return chosen


@lru_cache
def _can_compute_on(gpu: str) -> bool:
    """Whether this PyTorch has what it takes; if not, it is said, once, that the CPU computes instead."""
    index = torch.device(gpu).index or 0
    lacking = _what_it_lacks(index) if index < torch.cuda.device_count() else ""
    if lacking and rank() == 0:
        print(f"The GPU is not used, since {lacking}: the CPU computes.")
    return not lacking


def _what_it_lacks(gpu: int) -> str:
    """Why this PyTorch cannot compute on the GPU of that number, or nothing: it was built for certain kinds of GPU, and runs on no other.

    Machine code ("sm_80") runs on GPUs of the same major version and at least the same minor one; what is compiled on arrival
    ("compute_90") on all that are as new. Builds for other makers' GPUs list neither.
    """
    built = [re.fullmatch(r"(sm|compute)_(\d+)(\d)[af]?", name) for name in torch.cuda.get_arch_list()]
    built = [(kind, int(major), int(minor)) for kind, major, minor in (match.groups() for match in built if match)]
    own = torch.cuda.get_device_capability(gpu)
    runs = any((major, minor) <= own and (kind == "compute" or major == own[0]) for kind, major, minor in built)
    if runs or not built:
        return ""
    made_for = ", ".join(sorted({f"{major}.{minor}" for _, major, minor in built}, key=float))
    return f"{torch.cuda.get_device_name(gpu)} has compute capability {own[0]}.{own[1]}, and this PyTorch was built for {made_for}"


def rank() -> int:
    """Which of the processes that `torchrun` started this is: 0 for the first, and for a process alone. Only that one prints and writes."""
    return int(os.environ.get("RANK", "") or 0)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and PyTorch (CPU and GPU), so that a cell run twice gives the same picture."""
    import numpy

    random.seed(seed)
    numpy.random.seed(seed)  # noqa: NPY002 (libraries that draw from NumPy's global state are meant)
    torch.manual_seed(seed)


def in_notebook() -> bool:
    """Whether this code runs in a Jupyter kernel (JupyterLab, Colab, VS Code, nbval)."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


def start(page: str | None = None) -> None:
    """Print the one-line banner that opens every notebook; on Colab also switch on third-party widgets.

    page: the version of the course that the notebook belongs to. If the package's is another, one line more says what to do.
    """
    if "google.colab" in sys.modules:
        with contextlib.suppress(ImportError, AttributeError):  # places that imitate Colab do without
            from google.colab import output  # pyright: ignore[reportMissingImports]

            output.enable_custom_widget_manager()
    if rank() > 0:
        return
    where = device()
    label = torch.cuda.get_device_name(where) if where.type == "cuda" else where.type
    print(f"vae_course {__version__} | PyTorch {torch.__version__.split('+')[0]} | device: {label} | profile: {profile()}")
    if page not in (None, __version__):
        print(
            f"This page is of version {page} of the course, the package of {__version__}. In the course's folder `make update` "
            'makes them one; elsewhere run %pip install "{course}" in a cell of its own, and restart the kernel.'
        )


def announce(what: str, *, cpu: float, gpu: float) -> None:
    """Say, before something long starts, what it is, where it runs and about how many seconds it takes there."""
    if rank() > 0:
        return
    where = device()
    seconds = cpu if where.type == "cpu" else gpu
    span = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.1f} min"
    print(f"{what}: about {span} on this device ({where.type}).")


class _OneLine(io.TextIOBase):
    """Where tqdm writes inside a notebook: one plain-text output, replaced in place.

    tqdm's own notebook bar is a widget, whose state would be lost in a stored notebook, and its console bar fills
    standard error; a text that updates itself is kept whole by GitHub and by print.
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        self._handle = None

    def write(self, text: str) -> int:
        line = text.strip("\r\n ")
        if line:
            from IPython.display import display

            bundle = {"text/plain": line}
            if self._handle is None:
                self._handle = display(bundle, raw=True, display_id=True)
            else:
                self._handle.update(bundle, raw=True)
        return len(text)


class Bar(plain_tqdm):
    """A progress bar that may move by parts, a batch of an epoch say, and counts what is whole."""

    @property
    def format_dict(self) -> dict:
        n = round(self.n, 6)  # parts may add up to a little less than 1
        return {**super().format_dict, "n": n, "whole": int(n)}


def track(iterable: Iterable[T] | None, what: str, *, total: int | None = None, quiet: bool = False) -> Bar:
    """Iterate with a progress bar named `what`; `quiet=True` shows none. The bar's `set_postfix` adds figures to it.

    Without an iterable it is moved by its `update`, by parts if need be, and closed as a context; each move also sets its clock.
    """
    quiet = quiet or rank() > 0
    how = {"total": total, "disable": quiet, "mininterval": 0.2, "miniters": 0}
    if in_notebook():
        look = "{desc}: {whole}/{total_fmt} |{bar:20}| {elapsed}{postfix}"
        return Bar(iterable, what, file=_OneLine(), ncols=140, bar_format=look, **how)
    return Bar(iterable, what, leave=False, bar_format="{desc}: {whole}/{total_fmt} |{bar}| {elapsed}<{remaining}{postfix}", **how)
