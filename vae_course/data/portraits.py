"""Photographs of faces, got from the network: the Olivetti faces and CelebA, in the shape of the faces that the course draws."""

from __future__ import annotations

import hashlib
import io
import urllib.request
from pathlib import Path

import numpy as np
import torch

from .celeba import CELEBA, NoRoom
from .dataset import Dataset, Split, bytes_to_pixels
from .download import NoData
from .images import ImageSet, load_image_set

# The file that scikit-learn's fetch_olivetti_faces reads, from where it has it. It is kept as it comes and known by its SHA-256: so
# nothing is unpickled, and nobody's file is taken for it.
OLIVETTI_FILE = "olivettifaces.mat"
OLIVETTI_ADDRESS = "https://ndownloader.figshare.com/files/5976027"
OLIVETTI_HASH = "b612fb967f2dc77c9c62d3e1266e0c73d5fca46a4b8906c18e454d41af987794"
PERSONS, EACH, SIDE = 40, 10, 64


def load_olivetti() -> Dataset:
    """The Olivetti faces (Samaria & Harter 1994): 40 persons, ten grey photographs of each, taken from 1992 to 1994.

    Looks for olivettifaces.mat in `VAE_COURSE_DATA`, then in the cache, then downloads it (1 MB).

    x: (320, 3, 64, 64) and (80, 3, 64, 64), pixels in [0, 1], the three channels alike; kept as bytes.
    y: (n,), the person, whose number stands in `classes`. Every fifth person is a test person, so nobody stands in both splits. Each
        split goes through its persons ten times, so that its first 32, or 8, examples are of as many persons.
    Licence: free to use with credit to AT&T Laboratories Cambridge.
    Raises ValueError when `VAE_COURSE_DATA` is no folder, or holds another file of that name; ConnectionError when the file is neither
    on this machine nor to be had from the network.
    """
    return _load(OLIVETTI)


def load_celeba() -> Dataset:
    """CelebA (Liu et al. 2015): photographs of 10,177 well-known persons, with 40 attributes of each picture.

    Looks in `VAE_COURSE_DATA`, then in the cache, then downloads through torchvision, which needs the package gdown (1.4 GB). The folder
    celeba holds img_align_celeba.zip, or the folder img_align_celeba that is in it, and list_attr_celeba.txt and list_eval_partition.txt.
    The first time, the pictures are made small and kept in the cache in one file (2.2 GB), which takes some minutes. That file is mapped
    into memory: what is not looked at takes no room there.

    x: (162770, 3, 64, 64) and (19962, 3, 64, 64), pixels in [0, 1], kept as bytes: the middle 148 × 148 pixels of the aligned picture,
        made smaller by Pillow (bilinear, each new pixel a mean over all that it covers). Pillow's decoder may differ from another
        machine's by steps of 1/255.
    y: (n, 40), whether each of the attributes in `classes` is seen, 1 or 0.
    The splits are the published ones, by person; the published pictures to validate on are left out.
    Licence: for research that is not commercial; the pictures may not be handed on.
    Raises ValueError when `VAE_COURSE_DATA` is no folder, or holds the set with a file missing or damaged; ConnectionError when it is
    neither on this machine nor to be had from the network; OSError when the cache cannot be written.
    """
    return _load(CELEBA)


def _load(spec: ImageSet) -> Dataset:
    try:
        return load_image_set(spec)
    except NoData as missing:
        raise ConnectionError(f'{missing}; the drawn faces, load("faces"), need no network.') from missing
    except NoRoom as full:
        raise OSError(f'{full}; the drawn faces, load("faces"), need no room there.') from full


def _fetch_olivetti(root: str) -> None:
    folder = Path(root, OLIVETTI.folder)
    folder.mkdir()
    urllib.request.urlretrieve(OLIVETTI_ADDRESS, folder / OLIVETTI_FILE)


def _read_olivetti(folder: Path) -> Dataset:
    from scipy.io import loadmat

    path = folder / OLIVETTI_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ValueError(f"{path} is missing") from error
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from error
    if hashlib.sha256(content).hexdigest() != OLIVETTI_HASH:
        raise ValueError(f"{path} is damaged: its contents are not those of the published file")
    columns = loadmat(io.BytesIO(content))["faces"]  # (4096, 400): a picture a column, its own columns one below the other
    grey = columns.astype(np.uint8).T.reshape(PERSONS, EACH, 1, SIDE, SIDE).swapaxes(-1, -2)
    pictures = torch.from_numpy(np.repeat(grey, 3, axis=2))
    persons = torch.arange(PERSONS)
    train, test = (
        Split(pictures[chosen].transpose(0, 1).flatten(0, 1), chosen.repeat(EACH), read=bytes_to_pixels)
        for chosen in (persons[persons % 5 != 4], persons[persons % 5 == 4])
    )
    return Dataset(
        name="Olivetti faces",
        train=train,
        test=test,
        classes=tuple(f"person {number}" for number in range(1, PERSONS + 1)),
        source="AT&T Laboratories Cambridge (Samaria & Harter 1994), the file that scikit-learn fetches",
        licence="free to use with credit to AT&T Laboratories Cambridge",
    )


OLIVETTI = ImageSet(
    title="Olivetti",
    folder="olivetti",
    signs=(OLIVETTI_FILE,),
    fetch=_fetch_olivetti,
    read=_read_olivetti,
    by_hand=f"{OLIVETTI_FILE} from {OLIVETTI_ADDRESS.removeprefix('https://')}",
)
