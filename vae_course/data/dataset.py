"""What `load` returns: a named pair of splits, held in memory as tensors."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

NO_EXAMPLES = "the data set is empty: expected at least one example. Look at how it was cut or filtered."


def check_lengths(x: Tensor, y: Tensor | None) -> None:
    """Raise ValueError unless there are examples, and a label for each where there are labels."""
    if y is not None and len(x) != len(y):
        raise ValueError(f"{len(x)} examples came with {len(y)} labels, expected one label an example.")
    if len(x) == 0:
        raise ValueError(NO_EXAMPLES)


def check_pixels(x: Tensor) -> None:
    """Raise ValueError unless every value of `x` lies in [0, 1] (values that are not numbers do not)."""
    low, high = (value.item() for value in torch.aminmax(x.detach()))
    if not (low >= 0 and high <= 1):
        mend = "Divide by 255, or use load(...), which does."
        raise ValueError(f"pixels must lie in [0, 1], got values from {low:g} to {high:g}. {mend}")


def as_examples(values: Tensor | np.ndarray) -> Tensor:
    """Examples as a floating-point tensor (n, *input_shape), of the precision that they come in.

    Raises ValueError for what holds no numbers, and for whole numbers: whether these are bytes or zeros and ones is not for us to guess.
    """
    x = _as_tensor(values, "the examples")
    if not x.is_floating_point():
        mend = "Divide bytes by 255, zeros and ones by 1, or use load(...)."
        raise ValueError(f"the examples are {x.dtype}, expected floating-point numbers in [0, 1]. {mend}")
    return x.detach()


def as_labels(values: Tensor | np.ndarray | list | None) -> Tensor | None:
    """Labels as a tensor (n, …): integers of every kind, and booleans, as 64-bit integers; other numbers as they are; None stays None.

    Raises ValueError for what holds no numbers.
    """
    if values is None:
        return None
    y = _as_tensor(values, "the labels")
    return y if y.is_floating_point() or y.is_complex() else y.long()


def _as_tensor(values, what: str) -> Tensor:
    try:
        if isinstance(values, Tensor):
            found = values
        else:
            array = np.ascontiguousarray(values)
            found = torch.from_numpy(array if array.flags.writeable else array.copy())
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what} are a {type(values).__name__} that holds no numbers ({error}). Give a tensor or a NumPy array."
        ) from error
    if np.ndim(values) == 0:
        raise ValueError(f"{what} are a single number, expected a tensor with one entry an example.")
    return found


@dataclass(frozen=True, eq=False)
class Split:
    """Examples and their labels, in memory. NumPy arrays become tensors.

    x: (n, *input_shape), floating-point numbers in [0, 1].
    y: (n, …), integers, or None without labels.
    Raises ValueError when the two differ in length, when there are none, when `x` holds no floating-point
    numbers, or when values of `x` leave [0, 1].
    """

    x: Tensor
    y: Tensor | None = None

    def __post_init__(self) -> None:
        for name, value in (("x", as_examples(self.x)), ("y", as_labels(self.y))):
            object.__setattr__(self, name, value)  # what a frozen record allows while it is being made
        check_lengths(self.x, self.y)
        check_pixels(self.x)

    def __len__(self) -> int:
        return len(self.x)

    def head(self, n: int | None) -> Split:
        """The first `n` examples, or all of them when there are fewer."""
        return Split(self.x[:n], None if self.y is None else self.y[:n])

    def to(self, device: torch.device | str) -> Split:
        """The same examples on another device."""
        return Split(self.x.to(device), None if self.y is None else self.y.to(device))


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training and a test split.

    name: what it is called.
    train, test: its splits; no example stands in both.
    classes: the name of each label, by its number.
    source: where the data came from, in a few words.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    source: str

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example, for images (channels, height, width)."""
        return tuple(self.train.x.shape[1:])

    def subset(self, *, train: int | None = None, test: int | None = None) -> Dataset:
        """The same data with at most `train` and `test` examples, the first ones (files are already in random order)."""
        return replace(self, train=self.train.head(train), test=self.test.head(test))

    def fingerprint(self) -> str:
        """A short hash of all training examples, kept with a checkpoint so that one knows what it was trained on."""
        return hashlib.sha256(self.train.x.contiguous().numpy().tobytes()).hexdigest()[:16]

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.input_shape))
        return f"{self.name}: {len(self.train):,} training and {len(self.test):,} test examples of {shape} ({self.source})"
