"""Data sets by name: `load("mnist")`. Found on disk, downloaded, or made on the spot."""

from __future__ import annotations

from functools import lru_cache

from .dataset import Dataset, Split
from .digits import load_digits, wobble
from .few_labels import few_labels, only_labelled
from .images import IMAGE_SETS, NoData, binarise, load_image_set
from .melodies import Melody, melodies
from .sprites import SPRITE_FACTORS, draw_sprite, draw_sprites, sprite_factors, sprite_traversal, sprites
from .waves import heartbeats, load_heartbeats, load_waves, waves

__all__ = [
    "SPRITE_FACTORS",
    "Dataset",
    "Melody",
    "Split",
    "binarise",
    "draw_sprite",
    "draw_sprites",
    "few_labels",
    "heartbeats",
    "load",
    "melodies",
    "names",
    "only_labelled",
    "sprite_factors",
    "sprite_traversal",
    "sprites",
    "waves",
    "wobble",
]

# What needs no download, and by what it is made.
MADE = {"digits": load_digits, "sprites": sprites, "melodies": melodies, "waves": load_waves, "heartbeats": load_heartbeats}


def names() -> list[str]:
    """The names that `load` knows."""
    return [*IMAGE_SETS, *MADE]


def load(name: str) -> Dataset:
    """The data set `name`, as tensors in memory: images (n, channels, height, width) with pixels in [0, 1], or sequences (n, steps, …).

    Looks in `VAE_COURSE_DATA`, then in the user's cache, then downloads. Where MNIST or Fashion-MNIST cannot be had,
    says so in one sentence and gives scikit-learn's digits, which have the same shape.
    Raises ValueError for an unknown name or a damaged file, ConnectionError when there is nothing of the same shape.
    """
    known = str(name).lower().replace("_", "-")
    known = {"cifar10": "cifar-10", "fashionmnist": "fashion-mnist", "fashion": "fashion-mnist"}.get(known, known)
    if known not in names():
        raise ValueError(f"unknown data set {name!r}, expected one of: {', '.join(names())}.")
    if known in MADE:
        return _made_once(known)
    try:
        return load_image_set(known)
    except NoData as missing:
        if known == "cifar-10":
            mend = f"Connect once, or point VAE_COURSE_DATA at a folder that holds {IMAGE_SETS[known].folder}."
            raise ConnectionError(f"{missing}. {mend}") from missing
        print(f"{missing}: using scikit-learn's handwritten digits instead.")
        return _made_once("digits")


@lru_cache(maxsize=len(MADE))
def _made_once(name: str) -> Dataset:
    return MADE[name]()
