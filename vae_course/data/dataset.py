"""What `load` returns: a named pair of splits, held in memory as tensors."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import torch
from torch import Tensor


def check_pixels(x: Tensor) -> None:
    """Raise ValueError unless every value of `x` lies in [0, 1] (values that are not numbers do not)."""
    low, high = (value.item() for value in torch.aminmax(x.detach()))
    if not (low >= 0 and high <= 1):
        mend = "Divide by 255, or use load(...), which does."
        raise ValueError(f"pixels must lie in [0, 1], got values from {low:g} to {high:g}. {mend}")


@dataclass(frozen=True, eq=False)
class Split:
    """Examples `x` of shape (n, *input_shape), pixels in [0, 1], and their labels `y` of shape (n, …), integers.

    Raises ValueError when the two differ in length, when there are none, or when values of `x` leave [0, 1].
    """

    x: Tensor
    y: Tensor

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise ValueError(f"{len(self.x)} examples came with {len(self.y)} labels, expected one label an example.")
        if len(self.x) == 0:
            raise ValueError("the data set is empty: expected at least one example. Look at how it was cut or filtered.")
        check_pixels(self.x)

    def __len__(self) -> int:
        return len(self.x)

    def head(self, n: int | None) -> Split:
        """The first `n` examples, or all of them when there are fewer."""
        return Split(self.x[:n], self.y[:n])

    def to(self, device: torch.device | str) -> Split:
        """The same examples on another device."""
        return Split(self.x.to(device), self.y.to(device))


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training and a test split with the names of their classes. `source` says where the data came from."""

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
