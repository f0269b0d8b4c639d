"""What every figure starts from: examples on the model's device, looked at as they come in. Which ones is for `data.accepted` to say."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contract import EncodesAndDecodes
from ..data.dataset import as_examples
from ..models.base import EncoderDecoder, Model


def placed(model: EncodesAndDecodes, x) -> Tensor:
    """x on the model's device, in its precision if it names one; a NumPy array becomes a tensor.

    Raises ValueError for whole numbers, and for what one of the course's models cannot take.
    """
    if isinstance(model, Model):
        return model.entered(x)
    x = as_examples(x)
    return x.to(getattr(model, "dtype", x.dtype)).to(model.device)  # in this order: there are devices that know no double precision


def labels_on(model: EncodesAndDecodes, y, n: int) -> Tensor | None:
    """`n` labels on the model's device: one class for all or (n,) labels; None for a model that does not look at them.

    Raises ValueError where the model needs labels and they are missing, or are not one of its classes each.
    """
    if isinstance(model, EncoderDecoder):
        return model.labels(y, n)
    y = torch.full((n,), y) if isinstance(y, int) else y
    return None if y is None else y.to(model.device)


def on_device(model: EncodesAndDecodes, x: Tensor, y: Tensor | None, chosen: Tensor) -> tuple[Tensor, Tensor | None]:
    """The chosen examples and their labels on the model's device."""
    return placed(model, x[chosen]), labels_on(model, None if y is None else y[chosen], len(chosen))
