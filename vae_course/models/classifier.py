"""A small convolutional classifier: it judges samples, gives the features for their quality, and is M2's q(y|x)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data import wobble
from .base import PARTS, Loss, Model, evaluating
from .labels import check_label_values, check_labels


class DigitClassifier(Model):
    """p(y|x): two convolutions that halve the image, one hidden layer, one logit a class.

    channels: of the two convolutions.
    feature_size: of the hidden layer, the penultimate one.
    dropout: in training, the share of features that is silenced.
    augment: whether in training each image is turned, shifted and stretched a little (`data.wobble`), for small training sets.
    """

    measured_by = "accuracy"
    has_no = dict.fromkeys(
        PARTS,
        "a classifier names images (classify) and gives their features, and makes none. Where an image is to be drawn, use a VAE.",
    )

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 28),
        classes: int = 10,
        channels: Sequence[int] = (16, 32),
        feature_size: int = 64,
        dropout: float = 0.3,
        augment: bool = False,
    ) -> None:
        super().__init__(input_shape=input_shape)
        self.augment = augment
        first, second = channels
        colours, height, width = input_shape
        self.classes = classes
        self.convolutions = nn.Sequential(
            *(nn.Conv2d(colours, first, 5, stride=2, padding=2), nn.BatchNorm2d(first), nn.ReLU()),
            *(nn.Conv2d(first, second, 5, stride=2, padding=2), nn.BatchNorm2d(second), nn.ReLU()),
        )
        quarter = second * -(-height // 4) * -(-width // 4)
        self.hidden = nn.Linear(quarter, feature_size)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(feature_size, classes)

    def forward(self, x: Tensor) -> Tensor:
        """The logits of p(y|x): (batch, *input_shape) → (batch, classes)."""
        return self.output(self.dropout(self._features(x)))

    def _features(self, x: Tensor) -> Tensor:
        self.check_input(x)
        if self.training and self.augment:
            x = wobble(x).clamp(0, 1)
        return F.relu(self.hidden(self.convolutions(x).flatten(1)))

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        super().check_batch(x, y)
        check_label_values(y, len(x), self.classes)

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """The cross-entropy −log p(y|x) in nats per example, averaged over the batch."""
        return Loss(total=F.cross_entropy(self(x), check_labels(y, len(x), self.classes)))

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """p(y|x), in evaluation mode: (batch, *input_shape) → (batch, classes), each row sums to 1."""
        with evaluating(self):
            return self(self.entered(x)).softmax(-1)

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """The penultimate layer, in evaluation mode: (batch, *input_shape) → (batch, feature_size), none below 0."""
        with evaluating(self):
            return self._features(self.entered(x))
