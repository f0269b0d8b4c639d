"""Data sets by name: `load("mnist")`. Found on disk, downloaded, or made on the spot."""

from __future__ import annotations

from functools import lru_cache

from .dataset import Dataset, Split
from .digits import load_digits
from .images import IMAGE_SETS, NoData, binarise, load_image_set

__all__ = ["Dataset", "Split", "binarise", "load", "names"]


def names() -> list[str]:
    """The names that `load` knows."""
    return [*IMAGE_SETS, "digits"]


def load(name: str) -> Dataset:
    """The data set `name`, as tensors in memory: images (n, channels, height, width) with pixels in [0, 1].

    Looks in `VAE_COURSE_DATA`, then in the user's cache, then downloads. Where MNIST or Fashion-MNIST cannot be had,
    says so in one sentence and gives scikit-learn's digits, which have the same shape.
    Raises ValueError for an unknown name or a damaged file, ConnectionError when there is nothing of the same shape.
    """
    known = str(name).lower().replace("_", "-")
    known = {"cifar10": "cifar-10", "fashionmnist": "fashion-mnist", "fashion": "fashion-mnist"}.get(known, known)
    if known not in names():
        raise ValueError(f"unknown data set {name!r}, expected one of: {', '.join(names())}.")
    if known == "digits":
        return _digits_once()
    try:
        return load_image_set(known)
    except NoData as missing:
        if known == "cifar-10":
            mend = f"Connect once, or point VAE_COURSE_DATA at a folder that holds {IMAGE_SETS[known].folder}."
            raise ConnectionError(f"{missing}. {mend}") from missing
        print(f"{missing}: using scikit-learn's handwritten digits instead.")
        return _digits_once()


@lru_cache(maxsize=1)
def _digits_once() -> Dataset:
    return load_digits()
