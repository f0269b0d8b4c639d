"""The image sets that torchvision downloads: found on disk, checked, or fetched; read into tensors."""

from __future__ import annotations

import hashlib
import os
import socket
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import torch
from torch import Tensor

from .dataset import Dataset, Split

FASHION = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

# SHA-256 of MNIST's four files once unpacked, from LeCun, Cortes and Burges's distribution.
MNIST_HASHES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


class NoData(Exception):
    """The data is not on this machine and could not be downloaded."""


@dataclass(frozen=True)
class ImageSet:
    """How one of torchvision's data sets lies on disk, and what its classes are called."""

    title: str
    folder: str
    classes: tuple[str, ...]
    check: Callable[[Path], None]


def roots() -> list[Path]:
    """The folders to look in: `VAE_COURSE_DATA` if set, then the user's cache. The last one is where downloads go.

    Raises ValueError when `VAE_COURSE_DATA` names no folder.
    """
    found = []
    named = os.environ.get("VAE_COURSE_DATA", "")
    if named:
        if not Path(named).is_dir():
            raise ValueError(f"VAE_COURSE_DATA is {named!r}, which is no folder. Point it at the folder that holds MNIST/raw, or unset it.")
        found.append(Path(named))
    return [*found, platformdirs.user_cache_path("vae-course")]


def load_image_set(name: str) -> Dataset:
    """Read `name` from disk, downloading it first if need be.

    Raises NoData when it is neither on disk nor to be had from the network, ValueError when a file is damaged.
    """
    spec = IMAGE_SETS[name]
    for root in roots():
        if (root / spec.folder).is_dir():
            spec.check(root / spec.folder)
            return _read(name, root)
    cache = roots()[-1]
    _download(name, cache)
    spec.check(cache / spec.folder)
    return _read(name, cache)


def _torchvision(name: str, root: Path, *, train: bool, download: bool = False):
    from torchvision import datasets

    kind = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST, "cifar-10": datasets.CIFAR10}[name]
    return kind(str(root), train=train, download=download)


def _read(name: str, root: Path) -> Dataset:
    spec = IMAGE_SETS[name]
    train, test = (_as_split(_torchvision(name, root, train=train)) for train in (True, False))
    return Dataset(spec.title, train, test, spec.classes, source="through torchvision")


def _as_split(images) -> Split:
    pixels = torch.as_tensor(images.data)
    channels_first = pixels.permute(0, 3, 1, 2) if pixels.dim() == 4 else pixels.unsqueeze(1)
    return Split(channels_first.float().div_(255).contiguous(), torch.as_tensor(images.targets, dtype=torch.int64))


def _download(name: str, cache: Path) -> None:
    """Fetch into a folder beside the final one and move it when it is whole, so that a broken download is never read."""
    spec = IMAGE_SETS[name]
    cache.mkdir(parents=True, exist_ok=True)
    patience, before = 20.0, socket.getdefaulttimeout()
    socket.setdefaulttimeout(patience)
    try:
        with tempfile.TemporaryDirectory(dir=cache, prefix="unfinished-") as unfinished:
            _torchvision(name, Path(unfinished), train=True, download=True)
            os.replace(Path(unfinished) / spec.folder, cache / spec.folder)
    except (OSError, RuntimeError) as error:  # torchvision turns some network failures into RuntimeError
        raise NoData(f"{spec.title} is not on this machine and could not be downloaded ({_first_line(error)})") from error
    finally:
        socket.setdefaulttimeout(before)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".:")


def _check_idx_folder(folder: Path, hashes: dict[str, str]) -> None:
    """Every IDX file must be as long as its own header says, and MNIST's must be MNIST's."""
    mend = f"Delete the folder {folder.name} beside it and load again, or copy the file anew."
    for file_name in MNIST_HASHES:
        path = folder / "raw" / file_name
        if not path.is_file():
            raise ValueError(f"{path} is missing. {mend}")
        content = path.read_bytes()
        sizes = _idx_sizes(content)
        if sizes is None:
            raise ValueError(f"{path} is no IDX file: its first bytes are {content[:4].hex() or 'missing'}. {mend}")
        expected = 4 + 4 * len(sizes) + int(torch.tensor(sizes).prod())
        if len(content) != expected:
            state = "truncated" if len(content) < expected else "too long"
            raise ValueError(f"{path} is {state}: {len(content):,} bytes, expected {expected:,} from its header. {mend}")
        official = sizes[0] in (60_000, 10_000)
        if official and file_name in hashes and hashlib.sha256(content).hexdigest() != hashes[file_name]:
            raise ValueError(f"{path} is damaged: its contents are not those of the published file. {mend}")


def _idx_sizes(content: bytes) -> list[int] | None:
    """The sizes in an IDX header of unsigned bytes (magic 00 00 08 rank, then big-endian 32-bit sizes), else None."""
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        return None
    rank = content[3]
    if len(content) < 4 + 4 * rank:
        return None
    return list(struct.unpack(f">{rank}I", content[4 : 4 + 4 * rank]))


def _check_cifar(folder: Path) -> None:
    from torchvision.datasets import CIFAR10

    known = [*CIFAR10.train_list, *CIFAR10.test_list]
    for file_name, md5 in known:
        path = folder / file_name
        if not path.is_file() or hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() != md5:
            state = "damaged" if path.is_file() else "missing"
            raise ValueError(f"{path} is {state}. Delete the folder {folder.name} and load again, or copy the file anew.")


IMAGE_SETS = {
    "mnist": ImageSet("MNIST", "MNIST", tuple("0123456789"), lambda folder: _check_idx_folder(folder, MNIST_HASHES)),
    "fashion-mnist": ImageSet("Fashion-MNIST", "FashionMNIST", FASHION, lambda folder: _check_idx_folder(folder, {})),
    "cifar-10": ImageSet("CIFAR-10", "cifar-10-batches-py", CIFAR, _check_cifar),
}


def binarise(x: Tensor, *, seed: int | None = None) -> Tensor:
    """Draw each pixel as 0 or 1 with its grey level as probability (Salakhutdinov & Murray 2008).

    x: any shape, pixels in [0, 1]. With a `seed` the draw is the same each time (static), without it new (dynamic).
    """
    generator = None if seed is None else torch.Generator(x.device).manual_seed(seed)
    return torch.bernoulli(x, generator=generator)
