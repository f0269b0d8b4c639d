"""Models whose training depends on how many steps they have had: the count goes wherever the weights go."""

from __future__ import annotations

import torch
from torch import Tensor

from .base import LatentVariableModel


class CountingModel(LatentVariableModel):
    """A model that counts its training steps in `steps_trained`, over all calls of `fit`, for a schedule of its own.

    The count is part of `state_dict`, so that it is saved and loaded with the weights. A `state_dict` without one leaves it as it is.
    """

    steps_trained = 0

    def get_extra_state(self) -> Tensor:
        """What `state_dict` keeps beside parameters and buffers: the count, as a tensor."""
        return torch.tensor(self.steps_trained)

    def set_extra_state(self, state: Tensor) -> None:
        """Take over what `get_extra_state` gave."""
        self.steps_trained = int(state)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *others) -> None:
        state_dict.setdefault(f"{prefix}_extra_state", self.get_extra_state())  # PyTorch would call it missing; the dictionary is a copy
        super()._load_from_state_dict(state_dict, prefix, *others)
