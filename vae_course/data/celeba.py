"""CelebA: how it lies on disk, and how its pictures become one file of small ones in the cache, which is never read into memory whole."""

from __future__ import annotations

import hashlib
import io
import math
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..runtime import track
from .dataset import Dataset, Split, bytes_to_pixels
from .download import cache_folder, made_once
from .images import ImageSet

ARCHIVE, PICTURES = "img_align_celeba.zip", "img_align_celeba"
ATTRIBUTES, PARTITION = "list_attr_celeba.txt", "list_eval_partition.txt"
TRAIN, TEST = 0, 2  # in the published partition; 1 are its pictures to validate on, which stand in neither split here
MANY = 200_000  # a list of more lines is the published one, and must agree with it
SIZE, CROP, SIDE = (178, 218), (15, 35, 163, 183), 64  # of a picture; its middle 148 × 148: left, top, right, bottom; of what that becomes
MADE_AT_ONCE = 512
WAIT_SECONDS = 7200.0  # for another process: the archive has 1.4 GB

# What an archive or a picture that is damaged can raise.
DAMAGES = (OSError, ValueError, SyntaxError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile, Image.DecompressionBombError)


class NoRoom(Exception):
    """What is made from the pictures cannot be kept in the cache."""


@dataclass(frozen=True)
class _Pictures:
    """Pictures in a folder or an archive.

    sizes: how many bytes each has, by its name.
    read: a function of the name that gives these bytes.
    place: where they lie, for a sentence.
    """

    sizes: Mapping[str, int]
    read: Callable[[str], bytes]
    place: Path


def _fetch(root: str) -> None:
    """Download the two lists and the archive, which is not unpacked: of torchvision's other files none is used."""
    from torchvision.datasets import CelebA
    from torchvision.datasets.utils import download_file_from_google_drive

    listed = {name: (file_id, md5) for file_id, md5, name in CelebA.file_list}
    for name in (PARTITION, ATTRIBUTES, ARCHIVE):
        file_id, md5 = listed[name]
        try:
            download_file_from_google_drive(file_id, str(Path(root, CelebA.base_folder)), name, md5)
        except Exception as error:
            if type(error).__module__.partition(".")[0] != "gdown":  # an optional package: its errors cannot be named here
                raise
            raise OSError(" ".join(str(error).split())) from error


def _read(folder: Path) -> Dataset:
    """The training and the test pictures of the published partition.

    Raises ValueError that names the file that is missing or damaged, NoRoom when the cache cannot be written.
    """
    attributes, names, y = _read_attributes(folder / ATTRIBUTES)
    part = _read_partition(folder / PARTITION, names)
    train, test = (np.flatnonzero(part == number) for number in (TRAIN, TEST))
    with _opened(folder) as pictures:
        kept = _kept_small([names[row] for row in (*train, *test)], pictures)
    return Dataset(
        name="CelebA",
        train=Split(kept[: len(train)], y[train], read=bytes_to_pixels),
        test=Split(kept[len(train) :], y[test], read=bytes_to_pixels),
        classes=attributes,
        source="CelebFaces Attributes (Liu et al. 2015), through torchvision",
        licence="for research that is not commercial; the pictures may not be handed on",
    )


def _read_attributes(path: Path) -> tuple[tuple[str, ...], list[str], Tensor]:
    """The attributes' names; the pictures' names; and (n, attributes), 0 or 1."""
    lines = _lines(path)
    count, attributes = lines[0].strip() if lines else "", tuple(lines[1].split()) if len(lines) > 1 else ()
    if not count.isdecimal() or not attributes:
        raise ValueError(f"{path} is no list of attributes: it does not begin with the number of pictures and the attributes' names")
    if len(lines) - 2 != int(count):
        state = "truncated" if len(lines) - 2 < int(count) else "too long"
        raise ValueError(f"{path} is {state}: {len(lines) - 2:,} pictures, expected {int(count):,} from its first line")
    names, ones = [], []
    for number, line in enumerate(lines[2:], 3):
        name, *values = line.split() or [""]
        if len(values) != len(attributes) or not set(values) <= {"1", "-1"}:
            raise ValueError(f"{path} is damaged in line {number:,}: expected a picture's name and {len(attributes)} times 1 or -1")
        names.append(name)
        ones.append("".join(values).replace("-1", "0"))
    y = np.frombuffer("".join(ones).encode(), np.uint8).reshape(-1, len(attributes)) == ord("1")
    return attributes, names, torch.from_numpy(y)


def _read_partition(path: Path, names: Sequence[str]) -> np.ndarray:
    """For each of the pictures, which part it belongs to: (n,)."""
    rows = [line.split() for line in _lines(path)]
    if any(len(row) != 2 or row[1] not in ("0", "1", "2") for row in rows):
        raise ValueError(f"{path} is damaged: expected in each line a picture's name and 0, 1 or 2")
    if [name for name, _ in rows] != names:
        raise ValueError(f"{path} has {len(rows):,} pictures, expected the {len(names):,} of {ATTRIBUTES} in the same order")
    part = np.array([int(number) for _, number in rows], np.int64)
    if not {TRAIN, TEST} <= set(part.tolist()):
        raise ValueError(f"{path} is damaged: expected pictures to train on ({TRAIN}) and to test on ({TEST})")
    return part


def _lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing") from error
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from error
    lines = content.decode("ascii", "replace").splitlines()
    if len(lines) > MANY:
        from torchvision.datasets import CelebA

        published = {name: md5 for _, md5, name in CelebA.file_list}
        if hashlib.md5(content, usedforsecurity=False).hexdigest() != published[path.name]:
            raise ValueError(f"{path} is damaged: its contents are not those of the published file")
    return lines


@contextmanager
def _opened(folder: Path) -> Iterator[_Pictures]:
    """The pictures in the archive in `folder`, or, where there is none, those that were unpacked."""
    archive, place = folder / ARCHIVE, folder / PICTURES
    if os.path.lexists(archive):
        try:
            packed = zipfile.ZipFile(archive)
        except DAMAGES as error:
            raise ValueError(f"{archive} cannot be read ({getattr(error, 'strerror', None) or error})") from error
        with packed:
            members = {member.filename.rpartition("/")[2]: member for member in packed.infolist()}
            sizes = {name: member.file_size for name, member in members.items()}
            yield _Pictures(sizes, lambda name: packed.read(members[name]), archive)
        return
    try:
        with os.scandir(place) as entries:
            sizes = {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
    except FileNotFoundError as error:
        raise ValueError(f"{archive} is missing, as is the folder {PICTURES} that is in it") from error
    except OSError as error:
        raise ValueError(f"{place} cannot be read ({error.strerror})") from error
    yield _Pictures(sizes, lambda name: (place / name).read_bytes(), place)


def _kept_small(names: Sequence[str], pictures: _Pictures) -> Tensor:
    """The pictures of these names, bytes of (n, 3, SIDE, SIDE), mapped from a file in the cache that is made when there is none.

    The file is known by what it is made from: the pictures' names and their sizes, wherever they lie.
    """
    missing = [name for name in names if name not in pictures.sizes]
    if missing:
        others = f", and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise ValueError(f"{pictures.place / missing[0]} is missing{others}")
    known = hashlib.sha256(f"{CROP} bilinear {SIDE}".encode())
    for name in names:
        known.update(f"\n{name} {pictures.sizes[name]}".encode())
    shape = (len(names), 3, SIDE, SIDE)
    try:
        path = cache_folder() / f"celeba-{SIDE}" / f"{known.hexdigest()[:16]}.npy"
        return made_once(path, partial(_make_small, names, pictures), partial(_mapped, shape), wait=WAIT_SECONDS)
    except OSError as error:
        reason = f"{error.strerror or error}; they take {math.prod(shape) / 1e9:.1f} GB there"
        raise NoRoom(f"CelebA's pictures, made small, cannot be kept in the cache ({reason})") from error


def _make_small(names: Sequence[str], pictures: _Pictures, path: Path) -> None:
    print(f"CelebA: {len(names):,} pictures are made small and kept in your cache. It is done once and takes some minutes.")
    with open(path, "wb") as file, ThreadPoolExecutor() as pool, track(None, "pictures", total=len(names)) as bar:
        header = {"descr": "|u1", "fortran_order": False, "shape": (len(names), 3, SIDE, SIDE)}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(names), MADE_AT_ONCE):
            some = list(pool.map(partial(_small, pictures), names[start : start + MADE_AT_ONCE]))
            file.write(np.stack(some).tobytes())
            bar.update(len(some))
        file.flush()
        os.fsync(file.fileno())  # before it gets its name: a file that has it is whole, even after the power failed


def _small(pictures: _Pictures, name: str) -> np.ndarray:
    """The middle of one picture, (3, SIDE, SIDE), each pixel a weighted mean over all that it covers."""
    try:
        with Image.open(io.BytesIO(pictures.read(name)), formats=["JPEG"]) as picture:
            if picture.size != SIZE:
                raise ValueError(f"its size is {picture.width} × {picture.height}, expected {SIZE[0]} × {SIZE[1]}")
            small = picture.convert("RGB").crop(CROP).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    except DAMAGES as error:
        raise ValueError(f"{pictures.place / name} is damaged ({getattr(error, 'strerror', None) or error})") from error
    return np.asarray(small).transpose(2, 0, 1)


def _mapped(shape: tuple[int, ...], path: Path) -> Tensor:
    try:
        array = np.lib.format.open_memmap(path, mode="c")  # what is written to it stays in memory: PyTorch warns of arrays that are closed
        whole = array.shape == shape and array.dtype == np.uint8 and path.stat().st_size == array.offset + array.nbytes
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(f"{path} is missing or damaged ({error})") from error
    if not whole:
        raise ValueError(f"{path} is damaged: it does not hold {' × '.join(map(str, shape))} bytes")
    return torch.from_numpy(array)


CELEBA = ImageSet(
    title="CelebA",
    folder="celeba",
    signs=(ARCHIVE, PICTURES, ATTRIBUTES, PARTITION),
    fetch=_fetch,
    read=_read,
    by_hand=f"{ARCHIVE}, {ATTRIBUTES} and {PARTITION} from mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
    wait=WAIT_SECONDS,
)
