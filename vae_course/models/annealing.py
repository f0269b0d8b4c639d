"""KL annealing: the KL's weight rises while the decoder learns to use z."""

from __future__ import annotations

from torch import Tensor

from .base import Loss
from .counting import CountingModel


class AnnealedModel(CountingModel):
    """A model whose KL counts for little at first: in training its weight rises in a straight line from 0 to `beta` over the first
    `anneal_steps` steps of the optimiser (0: no annealing), in however many calls of `fit`, with or without a checkpoint between them.
    Source: Bowman et al. 2016, section 3.1; Sønderby et al. 2016, section 3.
    """

    beta = 1.0
    anneal_steps = 0

    @property
    def kl_weight(self) -> float:
        """What the KL counts for in the loss now: `beta`, or less of it in training while it is annealed."""
        if not self.training or self.anneal_steps == 0:
            return self.beta
        return self.beta * min(1.0, self.steps_trained / self.anneal_steps)

    def training_step(self, x: Tensor, y: Tensor | None, optimizer) -> Loss:
        loss = super().training_step(x, y, optimizer)
        self.steps_trained += 1
        return loss
