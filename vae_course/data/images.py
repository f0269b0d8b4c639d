"""Image sets that are downloaded: taken from the folder that the user names, else from the cache, else fetched. Those of torchvision."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .dataset import Dataset, Split
from .download import NoData, load_cached
from .idx import IDX_FILES, idx_names, read_idx_folder

DIGITS = tuple("0123456789")
FASHION = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

# SHA-256 of MNIST's four files once unpacked, from LeCun, Cortes and Burges's distribution.
MNIST_HASHES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


@dataclass(frozen=True)
class ImageSet:
    """How a data set lies on disk, what downloads it and what reads it.

    title: what a sentence calls it.
    folder: what it is called where whoever downloads it puts it; in the cache too.
    signs: a folder that holds one of these holds the set.
    fetch: a function that downloads `folder` into the folder that it is given.
    read: a function of the set's folder that gives its data, or raises ValueError that names the file that is missing or damaged.
    by_hand: for a sentence, what must lie in `folder` and where it is to be had, when it is got by hand.
    wait: how many seconds one process waits for another that downloads it; None for the usual number.
    """

    title: str
    folder: str
    signs: tuple[str, ...]
    fetch: Callable[[str], object]
    read: Callable[[Path], Dataset]
    by_hand: str = ""
    wait: float | None = None


def load_image_set(spec: ImageSet | str) -> Dataset:
    """Read a data set from `VAE_COURSE_DATA` or the cache, downloading it first if need be.

    spec: how it lies and is read, or its name in `IMAGE_SETS`.
    Raises ValueError when `VAE_COURSE_DATA` is no folder, cannot be read, or holds the set with a file missing or damaged;
    NoData when the set is neither on disk nor to be had from the network. A damaged cache is fetched anew.
    """
    if isinstance(spec, str):
        spec = IMAGE_SETS[spec]
    named = _named_folder()
    if named is None:
        return _from_cache(spec)
    try:
        place = _find(spec, named)
    except OSError as error:
        raise ValueError(f"VAE_COURSE_DATA is {str(named)!r}, which cannot be read ({error}). Mend that, or unset it.") from error
    if place is not None:
        return _from_named(spec, place)
    passed_over = f"VAE_COURSE_DATA names the folder …/{named.absolute().name}, which holds no {spec.title} (no folder {spec.folder})"
    try:
        data = _from_cache(spec)
    except NoData as missing:
        raise NoData(f"{passed_over}, and {missing}") from missing
    print(f"{passed_over}: using the copy in your cache instead.")
    return data


def _named_folder() -> Path | None:
    """The folder that the user names, None when none is named. Raises ValueError when it is no folder."""
    given = os.environ.get("VAE_COURSE_DATA", "")
    if not given:
        return None
    mend = "Point it at the folder that holds MNIST/raw, by its full path (a notebook runs in its own folder), or unset it."
    try:
        named = Path(given).expanduser()
        named.stat()
    except (OSError, RuntimeError) as error:  # RuntimeError: ~ where nobody has a home
        fault = getattr(error, "strerror", None) or error
        raise ValueError(f"VAE_COURSE_DATA is {given!r}, which is no folder that can be read ({fault}). {mend}") from error
    if not named.is_dir():
        raise ValueError(f"VAE_COURSE_DATA is {given!r}, which is no folder. {mend}")
    return named


def _find(spec: ImageSet, root: Path) -> Path | None:
    """The folder of `spec` in the folder that the user names, or that folder itself when the files lie loose in it."""
    inside = root / spec.folder
    # MNIST and Fashion-MNIST have files of the same names: a folder that bears the name of one is not the other.
    others = {other.folder for other in IMAGE_SETS.values()} - {spec.folder}
    loose = [] if others & set(Path(os.path.realpath(root)).parts[-2:]) else [root]
    for place in (inside, *loose):
        if any(_exists(place / sign) for sign in spec.signs):
            return place
    return inside if _exists(inside) else None


def _exists(path: Path) -> bool:
    """Whether something lies at `path`, a link to nowhere included. Raises OSError where that cannot be told."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _from_named(spec: ImageSet, place: Path) -> Dataset:
    try:
        return spec.read(place)
    except ValueError as fault:
        mend = f"Delete the folder {spec.folder} and load again, or copy the file anew."
        if place.name != spec.folder:
            mend = "Copy the file anew, or point VAE_COURSE_DATA at another folder."
        raise ValueError(f"{str(fault).rstrip('.')}. {mend}") from fault


def _from_cache(spec: ImageSet) -> Dataset:
    return load_cached(spec.title, spec.folder, spec.fetch, spec.read, by_hand=spec.by_hand, wait=spec.wait)


def _read_idx(folder: Path, published: Mapping[str, str], foreign: Mapping[str, str]) -> tuple[Split, Split]:
    raw = folder / "raw"
    holds = (place for place in (raw, folder) if any(os.path.lexists(place / sign) for name in IDX_FILES for sign in idx_names(name)))
    return read_idx_folder(next(holds, raw), published=published, foreign=foreign)


def _read_cifar(folder: Path) -> tuple[Split, Split]:
    """From the batches in `folder`, or from the archive there; nothing is unpickled before it is known to be the published file."""
    from torchvision.datasets import CIFAR10

    known = dict([*CIFAR10.train_list, *CIFAR10.test_list])
    archive = folder / CIFAR10.filename
    if os.path.lexists(archive):
        with tarfile.open(fileobj=io.BytesIO(_published(archive, CIFAR10.tgz_md5))) as packed:
            members = {name: packed.extractfile(f"{CIFAR10.base_folder}/{name}") for name in known}
            contents = {name: member.read() for name, member in members.items() if member is not None}
    else:
        contents = {name: _published(folder / name, md5) for name, md5 in known.items()}
    batches = {name: pickle.loads(content, encoding="latin1") for name, content in contents.items()}
    train, test = (_colour_split([batches[name] for name, _ in part]) for part in (CIFAR10.train_list, CIFAR10.test_list))
    return train, test


def _published(path: Path, md5: str) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing") from error
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from error
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise ValueError(f"{path} is damaged: its contents are not those of the published file")
    return content


def _colour_split(batches: list[dict]) -> Split:
    pixels = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
    labels = np.concatenate([batch["labels"] for batch in batches])
    return Split(torch.from_numpy(pixels).float().div_(255), torch.from_numpy(labels).to(torch.int64))


def _through_torchvision(
    title: str,
    class_name: str,
    folder: str,
    classes: tuple[str, ...],
    signs: tuple[str, ...],
    read: Callable[[Path], tuple[Split, Split]],
    licence: str,
) -> ImageSet:
    """One of torchvision's data sets.

    class_name: of what downloads it there.
    classes: the name of each label, by its number.
    read: a function of the folder that gives the two splits.
    The others as in `ImageSet` and `Dataset`.
    """

    def fetch(root: str) -> None:
        from torchvision import datasets

        getattr(datasets, class_name)(root, train=True, download=True)

    return ImageSet(title, folder, signs, fetch, lambda place: Dataset(title, *read(place), classes, "through torchvision", licence))


IDX_SIGNS = tuple(f"{folder}{sign}" for folder in ("raw/", "") for name in IDX_FILES for sign in idx_names(name))
CIFAR_SIGNS = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "cifar-10-python.tar.gz")
_read_mnist = partial(_read_idx, published=MNIST_HASHES, foreign={})
_read_fashion = partial(_read_idx, published={}, foreign=MNIST_HASHES)
IMAGE_SETS = {
    "mnist": _through_torchvision("MNIST", "MNIST", "MNIST", DIGITS, IDX_SIGNS, _read_mnist, "CC BY-SA 3.0, Yann LeCun and Corinna Cortes"),
    "fashion-mnist": _through_torchvision(
        "Fashion-MNIST", "FashionMNIST", "FashionMNIST", FASHION, IDX_SIGNS, _read_fashion, "MIT, Zalando SE"
    ),
    "cifar-10": _through_torchvision(
        "CIFAR-10", "CIFAR10", "cifar-10-batches-py", CIFAR, CIFAR_SIGNS, _read_cifar, "none stated; cite Krizhevsky (2009)"
    ),
}


def binarise(x: Tensor, *, seed: int | None = None) -> Tensor:
    """Draw each pixel as 0 or 1 with its grey level as probability (Salakhutdinov & Murray 2008).

    x: any shape, pixels in [0, 1].
    seed: with one the draw is the same each time (static), without it new (dynamic).
    """
    generator = None if seed is None else torch.Generator(x.device).manual_seed(seed)
    return torch.bernoulli(x, generator=generator)
