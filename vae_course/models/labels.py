"""Labels as models take them: checked, and as one-hot vectors."""

from __future__ import annotations

import torch
from torch import Tensor

from ..data.few_labels import UNKNOWN


def check_labels(y: Tensor | None, n: int, classes: int, *, unknown_allowed: bool = False) -> Tensor:
    """Return y if it is `n` integers from 0 to classes − 1 (or −1 where unknown labels are allowed), else raise a ValueError."""
    wanted = f"a tensor of {n} integers from 0 to {classes - 1}" + (f", or {UNKNOWN} where unknown" if unknown_allowed else "")
    if y is None:
        raise ValueError(f"labels are missing: this model sees a label with each example. Give y, {wanted}.")
    if not isinstance(y, Tensor) or y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        kind = y.dtype if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(f"labels are {kind}, expected {wanted}. Use y.long(), or torch.tensor(y).")
    if y.shape != (n,):
        raise ValueError(f"labels have shape {tuple(y.shape)} beside {n} examples, expected {wanted}.")
    low, high = (value.item() for value in torch.aminmax(y))
    if low < (UNKNOWN if unknown_allowed else 0) or high >= classes:
        mend = (
            "few_labels(...) hides labels: keep those that are known with only_labelled(...)." if low == UNKNOWN else "Check the classes."
        )
        raise ValueError(f"labels run from {low} to {high}, expected {wanted}. {mend}")
    return y


def one_hot(y: Tensor, classes: int) -> Tensor:
    """Integers (...) → (..., classes), floating point: 1 at the label's place, 0 elsewhere."""
    return torch.nn.functional.one_hot(y.long(), classes).to(torch.get_default_dtype())
