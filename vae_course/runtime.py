"""Where the course runs: profile, device, seed, banner, and the one progress bar that everything shares."""

from __future__ import annotations

import contextlib
import io
import os
import random
import sys
from collections.abc import Iterable
from typing import TypeVar

import torch
from tqdm.auto import tqdm
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

    Of several GPUs each process that `torchrun` started gets one of its own.

    Raises ValueError when the device is unknown to PyTorch or absent from this machine.
    """
    wanted = str(name or os.environ.get("VAE_COURSE_DEVICE", "") or "auto")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cuda" and "LOCAL_RANK" in os.environ:
        wanted = f"cuda:{os.environ['LOCAL_RANK']}"  # torchrun started one process a GPU
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
    return chosen


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


def start() -> None:
    """Print the one-line banner that opens every notebook; on Colab also switch on third-party widgets."""
    if "google.colab" in sys.modules:
        with contextlib.suppress(ImportError, AttributeError):  # places that imitate Colab do without
            from google.colab import output

            output.enable_custom_widget_manager()
    if rank() > 0:
        return
    where = device()
    label = torch.cuda.get_device_name(where) if where.type == "cuda" else where.type
    print(f"vae_course {__version__} | PyTorch {torch.__version__.split('+')[0]} | device: {label} | profile: {profile()}")


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


def track(iterable: Iterable[T], what: str, *, total: int | None = None, quiet: bool = False) -> tqdm:
    """Iterate with a progress bar named `what`; `quiet=True` shows none. The bar's `set_postfix` adds figures to it."""
    quiet = quiet or rank() > 0
    if in_notebook():
        look = "{desc}: {n_fmt}/{total_fmt} |{bar:20}| {elapsed}{postfix}"
        return plain_tqdm(iterable, what, total=total, disable=quiet, file=_OneLine(), ncols=140, mininterval=0.2, bar_format=look)
    return plain_tqdm(iterable, what, total=total, disable=quiet, mininterval=0.2, leave=False)
