"""What counts as data, decided here for `fit`, for every figure and for the explorers.

What has a clear meaning is taken; anything else is named in one sentence, before something is computed from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, TensorDataset, default_collate
from torch.utils.data import Dataset as TorchDataset

from .dataset import NO_EXAMPLES, Dataset, Split, as_examples, as_labels, check_lengths

EXPECTED = "a Dataset, a Split, a tensor or NumPy array of examples, a pair (x, y), one of PyTorch's data sets or a DataLoader"
NO_BATCHES = "the DataLoader gave no batches: expected at least one. Check its data set and drop_last."
# What data sets and loaders that speak in dictionaries call the examples and their labels.
NAMES = {
    "x": ("x", "image", "images", "img", "pixel_values", "input", "inputs"),
    "y": ("y", "label", "labels", "target", "targets"),
}


def accepted(data, *, part: str, batch_size: int = 1000, shuffled: bool = False) -> Split | DataLoader:
    """`data` as a Split in memory, or as a DataLoader where examples are made when they are asked for.

    data: a `Dataset` of the course, a `Split`, a tensor or NumPy array (n, *input_shape), a pair
        (x, y), a dictionary of both, a list of examples, a `TensorDataset`, anything else that a DataLoader reads from (a data set of
        torchvision, say), or a DataLoader.
    part: "train" or "test", which split of a `Dataset` is meant.
    batch_size: examples a batch of the DataLoader, where one is made.
    shuffled: whether it draws a new order each epoch.
    Raises ValueError for anything else, for whole numbers as examples, for values outside [0, 1], and for a data set without examples.
    """
    if isinstance(data, Dataset):
        data = getattr(data, part)
    if isinstance(data, Split):
        return data
    found = _pair_or_loader(data, batch_size, shuffled)
    return found if isinstance(found, DataLoader) else Split(*found)


def _pair_or_loader(data, batch_size: int = 1000, shuffled: bool = False) -> tuple[Tensor, Tensor | None] | DataLoader:
    """What `accepted` takes, but for the course's own, whatever its values are."""
    if isinstance(data, DataLoader):
        return data
    if isinstance(data, TensorDataset):
        data = data.tensors
    elif _is_read_by_number(data):
        _refuse_odd_examples(data)
        return DataLoader(data, batch_size, shuffle=shuffled)
    elif isinstance(data, IterableDataset):
        return DataLoader(data, batch_size)
    elif isinstance(data, list) and not _is_pair(data):
        data = _side_by_side(data)
    return pair_of(data)


def in_memory(data, *, most: int | None = None) -> tuple[Tensor, Tensor | None]:
    """The examples (n, *input_shape) of `data` and their labels (n, …), None without.

    data: whatever `accepted` takes, of a `Dataset` the test split. Values may lie outside [0, 1]: a model of one's own may want such.
        A DataLoader is read through; what it draws, the order of the examples for one, is the same each time.
    most: so many examples, the first ones; None for all.
    Raises ValueError as `accepted` does for all the rest.
    """
    if isinstance(data, Dataset):
        data = data.test
    if isinstance(data, Split):
        return data.rows(slice(most))
    found = _pair_or_loader(data)
    x, y = _read_through(found, most) if isinstance(found, DataLoader) else found
    check_lengths(x, y)
    return x[:most], None if y is None else y[:most]


def _read_through(loader: DataLoader, most: int | None) -> tuple[Tensor, Tensor | None]:
    pairs: list[tuple[Tensor, Tensor | None]] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for batch in loader:
            pairs.append(pair_of(batch))
            if most is not None and sum(len(x) for x, _ in pairs) >= most:
                break
    if not pairs:
        raise ValueError(NO_BATCHES)
    xs, ys = zip(*pairs, strict=True)
    return torch.cat(xs), None if ys[0] is None else torch.cat(ys)


def pair_of(batch) -> tuple[Tensor, Tensor | None]:
    """The examples and their labels (None where there are none), as tensors.

    batch: x, (x,), (x, y), or a dictionary that names them.
    Raises ValueError for anything else, and for whole numbers as examples.
    """
    if isinstance(batch, Mapping):
        batch = _by_name(batch)
    elif not isinstance(batch, (tuple, list)):
        batch = (batch,)
    if len(batch) not in (1, 2):
        raise ValueError(f"got {len(batch)} things for each example, expected x alone or a pair (x, y). Leave the others out.")
    x, y = (*batch, None)[:2]
    if not isinstance(x, (Tensor, np.ndarray)):
        mend = f" Use load({x!r})." if isinstance(x, str) else ""
        raise ValueError(f"cannot take a {type(x).__name__} for data, expected {EXPECTED}.{mend}")
    return as_examples(x), as_labels(y)


def _by_name(batch: Mapping) -> tuple:
    """A dictionary's examples and labels, known by their names; where there is one entry only, it is the examples."""
    if len(batch) == 1:
        return tuple(batch.values())
    x, y = ([name for name in batch if name in names] for names in NAMES.values())
    if len(x) != 1 or len(y) > 1:
        told, wanted = ", ".join(map(str, batch)), " or ".join(NAMES["x"])
        raise ValueError(f"a dictionary with the names {told} was given, expected one of {wanted}, and one of {' or '.join(NAMES['y'])}.")
    return tuple(batch[name] for name in (*x, *y))


def _is_pair(data: list) -> bool:
    """Whether a list is a pair [x, y], as loaders give it, and no list of examples, which all have one shape."""
    return len(data) == 2 and all(isinstance(each, (Tensor, np.ndarray)) for each in data) and data[0].shape != data[1].shape


def _side_by_side(examples: Sequence):
    """A list of examples, each a tensor, an array, a pair or a dictionary, as one batch."""
    if not examples:
        raise ValueError(NO_EXAMPLES)
    first = examples[0]
    x = first[0] if isinstance(first, (tuple, list)) and len(first) else first
    if not isinstance(x, (Tensor, np.ndarray, Mapping)):
        mend = " Give it transform=torchvision.transforms.ToTensor()." if hasattr(x, "getpixel") else ""
        raise ValueError(f"the examples are of the kind {type(x).__name__}, expected tensors or NumPy arrays.{mend}")
    try:
        return default_collate(list(examples))
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"the examples do not make a batch: {error}. Bring them to one shape and type.") from error


def _is_read_by_number(data) -> bool:
    """Whether it is what a DataLoader reads example by example: one of PyTorch's data sets, or whatever has a length and items alike."""
    if isinstance(data, (Tensor, np.ndarray, Mapping, tuple, list, str, bytes, IterableDataset)):
        return False
    return isinstance(data, TorchDataset) or (hasattr(data, "__getitem__") and hasattr(data, "__len__"))


def _refuse_odd_examples(data) -> None:
    """Raise ValueError unless the first example is one, so that one knows before a loader meets it."""
    try:
        first = data[0] if len(data) else None
    except (KeyError, IndexError, TypeError, NotImplementedError) as error:
        raise ValueError(f"cannot take a {type(data).__name__} for data, expected {EXPECTED}.") from error
    pair_of(_side_by_side([] if first is None else [first]))
