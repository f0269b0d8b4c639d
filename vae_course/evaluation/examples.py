"""What every figure starts from: the test examples, and batches of them on the model's device."""

from __future__ import annotations

from torch import Tensor

from ..data import Dataset, Split


def test_examples(data: Dataset | Split | Tensor) -> tuple[Tensor, Tensor | None]:
    if isinstance(data, Dataset):
        data = data.test
    return (data, None) if isinstance(data, Tensor) else (data.x, data.y)


def on_device(model, x: Tensor, y: Tensor | None, chosen: Tensor) -> tuple[Tensor, ...]:
    """The chosen examples on the model's device, with labels only where the model's encoder takes them."""
    batch = x[chosen].to(model.device)
    if y is None or not getattr(model, "conditional", False):
        return (batch,)
    return batch, y[chosen].to(model.device)
