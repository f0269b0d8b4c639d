"""MNIST's format: four files of unsigned bytes, each with its sizes in front. Read and checked, as downloaded (.gz) or unpacked."""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from .dataset import Split

IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
SIDE, CLASSES = 28, 10


def idx_names(file_name: str) -> list[str]:
    """The names under which `file_name` is handed on: as it is or packed, with the dash of its first publisher or a dot."""
    return [f"{stem}{ending}" for stem in (file_name, file_name.replace("-idx", ".idx")) for ending in ("", ".gz")]


def read_idx_folder(folder: Path, *, published: Mapping[str, str], foreign: Mapping[str, str]) -> tuple[Split, Split]:
    """The training and the test split of the four files in `folder`: images (n, 1, 28, 28) with pixels in [0, 1], labels (n,).

    folder: where they lie.
    published: the SHA-256 of each file as published; full-sized ones must agree.
    foreign: those of a data set that this one is not.
    Raises ValueError that names the file that is missing, unreadable or damaged.
    """
    train, test = (_read_split(folder, names, published, foreign) for names in (IDX_FILES[:2], IDX_FILES[2:]))
    return train, test


def _read_split(folder: Path, names: tuple[str, ...], published: Mapping[str, str], foreign: Mapping[str, str]) -> Split:
    arrays = []
    for name in names:
        path, content = _read_bytes(folder, name)
        array = _parse(path, content)
        digest = hashlib.sha256(content).hexdigest()
        if digest in foreign.values():
            raise ValueError(f"{path} belongs to another data set that has files of the same names")
        if len(array) in (60_000, 10_000) and digest != published.get(name, digest):
            raise ValueError(f"{path} is damaged: its contents are not those of the published file")
        arrays.append((path, array))
    (images_path, images), (labels_path, labels) = arrays
    if images.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"{images_path} has the shape {images.shape}, expected (n, {SIDE}, {SIDE})")
    if labels.shape != images.shape[:1]:
        raise ValueError(f"{labels_path} has the shape {labels.shape}, expected {images.shape[:1]}: a label for each image")
    if len(labels) and labels.max() >= CLASSES:
        raise ValueError(f"{labels_path} holds a label {labels.max()}, expected 0 to {CLASSES - 1}")
    return Split(torch.tensor(images).unsqueeze(1).float().div_(255), torch.tensor(labels, dtype=torch.int64))


def _read_bytes(folder: Path, file_name: str) -> tuple[Path, bytes]:
    """Which file it was, and what is in it once unpacked."""
    for path in (folder / name for name in idx_names(file_name)):
        try:
            with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
                return path, file.read()
        except FileNotFoundError:
            continue
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from error
    raise ValueError(f"{folder / file_name} is missing")


def _parse(path: Path, content: bytes) -> np.ndarray:
    """The array in an IDX file of unsigned bytes: magic 00 00 08 rank, big-endian 32-bit sizes, then exactly so many bytes."""
    rank = content[3] if len(content) > 3 else 0
    start = 4 + 4 * rank
    if content[:3] != b"\x00\x00\x08" or not 0 < rank <= 3 or len(content) < start:
        raise ValueError(f"{path} is no IDX file: its first bytes are {content[:4].hex() or 'missing'}")
    sizes = struct.unpack(f">{rank}I", content[4:start])
    expected = start + math.prod(sizes)
    if len(content) != expected:
        state = "truncated" if len(content) < expected else "too long"
        raise ValueError(f"{path} is {state}: {len(content):,} bytes, expected {expected:,} from its header")
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)
