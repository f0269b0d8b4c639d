"""What `load` returns: a named pair of splits, held in memory as tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

OWN_LICENCE = "MIT, as the course"  # of what the course makes itself
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


def bytes_to_pixels(kept: Tensor) -> Tensor:
    """Bytes, 0 to 255, as pixels in [0, 1]: any shape → the same."""
    return kept.to(torch.get_default_dtype()).div_(255)


def _rows_of(tensor: Tensor, chosen: Tensor | slice) -> Tensor:
    """The rows at `chosen`; by `index_select` where there are numbers, since brackets take longer."""
    return tensor[chosen] if isinstance(chosen, slice) or chosen.dtype == torch.bool else tensor.index_select(0, chosen)


@dataclass(frozen=True, eq=False, init=False)
class Split:
    """Examples and their labels, in memory. NumPy arrays become tensors.

    x: (n, *input_shape), floating-point numbers in [0, 1].
    y: (n, …), integers, or None without labels.
    read: what turns kept examples into such numbers, where `x` is given and kept in a smaller form (bytes, word numbers) or where the
        numbers are drawn anew each time: a function of some rows of what is kept. `x` is then all of them, made when it is asked for;
        `fit` and whatever goes through data batch by batch use `rows` and `batches`, and never hold more than a batch of floats.
    Raises ValueError when the two differ in length, when there are none, when `x` holds no floating-point
    numbers, or when values of `x` leave [0, 1].
    """

    kept: Tensor
    y: Tensor | None
    read: Callable[[Tensor], Tensor] | None

    def __init__(
        self, x: Tensor | np.ndarray, y: Tensor | np.ndarray | list | None = None, *, read: Callable[[Tensor], Tensor] | None = None
    ) -> None:
        kept = as_examples(x) if read is None else _as_tensor(x, "the examples")
        for name, value in (("kept", kept), ("y", as_labels(y)), ("read", read)):
            object.__setattr__(self, name, value)  # what a frozen record allows while it is being made
        check_lengths(self.kept, self.y)
        with torch.random.fork_rng(devices=[]):  # what is drawn to be looked at must not move the stream of random numbers on
            check_pixels(self.kept if read is None else read(self.kept[:1]))

    @property
    def x(self) -> Tensor:
        """All examples, (n, *input_shape), floating-point numbers in [0, 1]."""
        return self.kept if self.read is None else self.read(self.kept)

    def __len__(self) -> int:
        return len(self.kept)

    def rows(self, chosen: Tensor | slice) -> tuple[Tensor, Tensor | None]:
        """The examples at `chosen`, as floating-point numbers, and their labels."""
        x = _rows_of(self.kept, chosen)
        return x if self.read is None else self.read(x), None if self.y is None else _rows_of(self.y, chosen)

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor | None]]:
        """The examples in their order, `size` at a time, and their labels."""
        return (self.rows(slice(start, start + size)) for start in range(0, len(self), size))

    def part(self, chosen: Tensor | slice) -> Split:
        """The examples at `chosen` as a split, kept in the same form."""
        found = self._holding(self.kept[chosen], None if self.y is None else self.y[chosen])
        check_lengths(found.kept, found.y)
        return found

    def head(self, n: int | None) -> Split:
        """The first `n` examples, or all of them when there are fewer."""
        return self.part(slice(n))

    def to(self, device: torch.device | str) -> Split:
        """The same examples on another device."""
        return self._holding(self.kept.to(device), None if self.y is None else self.y.to(device))

    def placed(self, device: torch.device, dtype: torch.dtype) -> Split:
        """The same examples on another device, in the precision `dtype` where they are kept as floats."""
        kept = self.kept if self.read is not None else self.kept.to(dtype)  # first, since there are devices without double precision
        return self._holding(kept.to(device), None if self.y is None else self.y.to(device))

    def _holding(self, kept: Tensor, y: Tensor | None) -> Split:
        """A split of values of this one, which need no second look."""
        found = object.__new__(Split)
        for name, value in (("kept", kept), ("y", y), ("read", self.read)):
            object.__setattr__(found, name, value)
        return found


@dataclass(frozen=True, eq=False)
class Dataset:
    """A training and a test split.

    name: what it is called.
    train, test: its splits; no example stands in both.
    classes: the name of each label, by its number.
    source: where the data came from, in a few words.
    licence: under which terms it may be used, in a few words.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    source: str
    licence: str = ""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example, for images (channels, height, width)."""
        return tuple(self.train.rows(slice(1))[0].shape[1:])

    def subset(self, *, train: int | None = None, test: int | None = None) -> Dataset:
        """The same data with at most `train` and `test` examples, the first ones (files are already in random order)."""
        return replace(self, train=self.train.head(train), test=self.test.head(test))

    def fingerprint(self) -> str:
        """A short hash of all training examples as they are kept; it stands with a checkpoint, so that one knows what it was trained on."""
        return hashlib.sha256(self.train.kept.contiguous().numpy().data).hexdigest()[:16]

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.input_shape))
        return f"{self.name}: {len(self.train):,} training and {len(self.test):,} test examples of {shape} ({self.source})"
