"""A small optimizer for checks: PyTorch's own loads its compiler at first use, which takes seconds that a check does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


class Descent:
    """Gradient descent with the face of `torch.optim.SGD`: v ← momentum · v + gradient, w ← w − learning rate · v."""

    def __init__(self, parameters: Iterable[nn.Parameter], learning_rate: float, momentum: float = 0.0) -> None:
        self.param_groups = [{"params": list(parameters), "lr": learning_rate, "momentum": momentum}]
        self._velocities = [torch.zeros_like(parameter) for parameter in self.param_groups[0]["params"]]

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None if set_to_none or parameter.grad is None else torch.zeros_like(parameter)

    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """One step. closure: as in torch.optim, computes the loss and its gradients first; the loss is returned."""
        loss = None if closure is None else closure()
        group = self.param_groups[0]
        with torch.no_grad():
            for parameter, velocity in zip(group["params"], self._velocities, strict=True):
                if parameter.grad is not None:
                    velocity.mul_(group["momentum"]).add_(parameter.grad)
                    parameter -= group["lr"] * velocity
        return loss
