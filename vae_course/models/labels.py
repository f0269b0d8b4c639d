"""Labels as models take them: checked, and as one-hot vectors. Shapes are checked everywhere, values where data enters."""

from __future__ import annotations

import torch
from torch import Tensor

from ..data.few_labels import UNKNOWN


def _wanted(n: int, classes: int, unknown_allowed: bool) -> str:
    return f"a tensor of {n} integers from 0 to {classes - 1}" + (f", or {UNKNOWN} where unknown" if unknown_allowed else "")


def check_labels(y: Tensor | None, n: int, classes: int, *, unknown_allowed: bool = False) -> Tensor:
    """Return y if it is `n` integers, else raise a ValueError. It looks at no number: `check_label_values` does."""
    wanted = _wanted(n, classes, unknown_allowed)
    if y is None:
        raise ValueError(f"labels are missing: this model sees a label with each example. Give y, {wanted}.")
    if not isinstance(y, Tensor) or y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        kind = y.dtype if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(f"labels are {kind}, expected {wanted}. Use y.long(), or torch.tensor(y).")
    if y.shape != (n,):
        raise ValueError(f"labels have shape {tuple(y.shape)} beside {n} examples, expected {wanted}.")
    return y


def check_label_values(y: Tensor | None, n: int, classes: int, *, unknown_allowed: bool = False) -> Tensor:
    """Return y if it is `n` integers from 0 to classes − 1 (or −1 where unknown labels are allowed), else raise a ValueError."""
    y = check_labels(y, n, classes, unknown_allowed=unknown_allowed)
    low, high = (value.item() for value in torch.aminmax(y))
    if low < (UNKNOWN if unknown_allowed else 0) or high >= classes:
        mend = (
            "few_labels(...) hides labels: keep those that are known with only_labelled(...)." if low == UNKNOWN else "Check the classes."
        )
        raise ValueError(f"labels run from {low} to {high}, expected {_wanted(n, classes, unknown_allowed)}. {mend}")
    return y


def labels_from(y: Tensor | int | None, n: int, classes: int, device: torch.device) -> Tensor:
    """One label an example on `device`, from one class for all or from (n,) labels. Raises ValueError as `check_label_values` does."""
    # a bool is an int, too, and no class
    each = torch.full((n,), y) if isinstance(y, int) and not isinstance(y, bool) else y
    return check_label_values(each, n, classes).to(device)  # pyright: ignore[reportArgumentType]


def one_hot(y: Tensor, classes: int) -> Tensor:
    """Integers (...) → (..., classes), floating point: 1 at the label's place, 0 elsewhere; zeros where the label is unknown."""
    return (y.unsqueeze(-1) == torch.arange(classes, device=y.device)).to(torch.get_default_dtype())
