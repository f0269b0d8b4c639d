"""What every figure starts from: examples on the model's device. Which examples is for `data.accepted` to say."""

from __future__ import annotations

from torch import Tensor

from ..data.dataset import as_examples


def placed(model, x) -> Tensor:
    """x on the model's device, in its precision if it names one; a NumPy array becomes a tensor. Raises ValueError for whole numbers."""
    x = as_examples(x)
    return x.to(getattr(model, "dtype", x.dtype)).to(model.device)  # in this order: there are devices that know no double precision


def on_device(model, x: Tensor, y: Tensor | None, chosen: Tensor) -> tuple[Tensor, ...]:
    """The chosen examples on the model's device, with labels only where the model's encoder takes them."""
    batch = placed(model, x[chosen])
    if y is None or not getattr(model, "conditional", False):
        return (batch,)
    return batch, y[chosen].to(model.device)
