"""Data sets by name: `load("mnist")`. Found on disk, downloaded, read from a package that ships them, or made on the spot."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial

import torch

from .augment import wobble
from .dataset import Dataset, Split
from .digits import load_digits
from .download import NoData
from .faces import FACE_ATTRIBUTES, draw_faces, face_traversal, faces, turning_face, with_level
from .few_labels import few_labels, only_labelled
from .halves import halves
from .images import IMAGE_SETS, binarise, load_image_set
from .melodies import Melody, melodies
from .payments import load_payments, payments
from .photographs import load_photographs
from .portraits import load_celeba, load_olivetti
from .recordings import load_ecg, load_electricity, load_motion, load_speech
from .sensor import load_sensor, sensor, sensor_faults
from .sprites import SPRITE_FACTORS, draw_sprite, draw_sprites, sprite_factors, sprite_traversal, sprites
from .strokes import draw_strokes, from_strokes, to_strokes, trace_digits
from .texts import texts
from .waves import heartbeats, load_heartbeats, load_waves, waves

__all__ = [
    "FACE_ATTRIBUTES",
    "SPRITE_FACTORS",
    "Dataset",
    "Melody",
    "Split",
    "binarise",
    "draw_sprite",
    "draw_sprites",
    "few_labels",
    "halves",
    "heartbeats",
    "load",
    "melodies",
    "names",
    "only_labelled",
    "payments",
    "sprite_factors",
    "sprite_traversal",
    "sprites",
    "waves",
    "draw_faces",
    "face_traversal",
    "faces",
    "turning_face",
    "with_level",
    "sensor",
    "sensor_faults",
    "draw_strokes",
    "from_strokes",
    "to_strokes",
    "trace_digits",
    "texts",
    "wobble",
]

# What needs no download, and by what it is made.
MADE = {
    "digits": load_digits,
    "sprites": sprites,
    "colour-sprites": partial(sprites, colour=True),
    "faces": faces,
    "photographs": load_photographs,
    "melodies": melodies,
    "texts": texts,
    "waves": load_waves,
    "heartbeats": load_heartbeats,
    "sensor": load_sensor,
    "payments": load_payments,
    "speech": load_speech,
    "motion": load_motion,
    "electricity": load_electricity,
    "ecg": load_ecg,
}
# Photographs of faces, from the network.
FETCHED = {"olivetti": load_olivetti, "celeba": load_celeba}
BINARY, STROKES = "mnist-binary", "strokes"
BINARY_SEED = 0


def names() -> list[str]:
    """The names that `load` knows."""
    return [*IMAGE_SETS, *FETCHED, BINARY, STROKES, *MADE]


def load(name: str, *, fresh: bool = False) -> Dataset:
    """The data set `name`, as tensors in memory: images (n, channels, height, width) with pixels in [0, 1], or sequences (n, steps, …).

    Looks in the folder that `VAE_COURSE_DATA` names, then in the user's cache, then downloads. Where MNIST or Fashion-MNIST cannot be
    had, says so in one sentence and gives scikit-learn's digits, which have the same shape.

    name: one of `names()`. "mnist-binary" is MNIST with each pixel drawn once as 0 or 1 (`binarise`), the same each time: on it the
        Bernoulli decoder's loss is a likelihood. "strokes" is MNIST as pen strokes. What each set holds, and whose it is, stands at what
        makes it: `vae_course.data.faces`, `.texts`, `.recordings`, …
    fresh: of "mnist-binary", draw the training pixels anew whenever they are read: in `fit`, each epoch's are new (Burda et al. 2016). The
        test pixels are the same each time.
    Raises ValueError for an unknown name, for fresh pixels of another set, and for a named folder that is none, cannot be read or holds
    a damaged file (one that does not hold the set is passed over with a sentence); ConnectionError when there is nothing of the same
    shape; ImportError where a set is read by a package that is not installed.
    """
    known = str(name).lower().replace("_", "-")
    known = {"cifar10": "cifar-10", "fashionmnist": "fashion-mnist", "fashion": "fashion-mnist"}.get(known, known)
    if known not in names():
        raise ValueError(f"unknown data set {name!r}, expected one of: {', '.join(names())}.")
    if fresh and known != BINARY:
        raise ValueError(f"fresh pixels were asked of {known!r}, expected {BINARY!r}: it alone has pixels that are drawn. Leave fresh out.")
    if known in MADE:
        return _made_once(known)
    if known in FETCHED:
        return FETCHED[known]()
    if known == STROKES:
        return _traced_once(load("mnist"))
    if known == BINARY:
        return _binary(load("mnist"), fresh)
    try:
        return load_image_set(known)
    except NoData as missing:
        if known == "cifar-10":
            raise ConnectionError(f"{missing}.") from missing
        print(f"{missing}: using scikit-learn's handwritten digits instead.")
        return _made_once("digits")


def _binary(data: Dataset, fresh: bool) -> Dataset:
    """`data` with pixels drawn once, or those to train on at each look; both splits from one stream of random numbers: they share none."""
    drawn = binarise(torch.cat([data.train.x, data.test.x]), seed=BINARY_SEED).split([len(data.train), len(data.test)])
    train, test = (Split(x, split.y) for split, x in zip((data.train, data.test), drawn, strict=True))
    if fresh:
        train = Split(data.train.kept, data.train.y, read=binarise)
    return replace(data, name=f"{data.name}, binary" + ", fresh" * fresh, train=train, test=test)


_traced: dict[str, Dataset] = {}  # strokes by what they were traced from, the last ones only


def _traced_once(data: Dataset) -> Dataset:
    of = data.fingerprint()
    if of not in _traced:
        _traced.clear()
        _traced[of] = trace_digits(data)
    return _traced[of]


@lru_cache(maxsize=len(MADE))
def _made_once(name: str) -> Dataset:
    return MADE[name]()
