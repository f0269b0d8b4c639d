"""M2: a conditional VAE that learns from images whose label is unknown as well, by trying every label."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.distributions import kl_divergence

from .base import Loss
from .classifier import DigitClassifier
from .conditional import ConditionalVAE
from .labels import UNKNOWN, check_label_values, check_labels


class SemiSupervisedVAE(ConditionalVAE):
    """A label y ~ uniform and a style z ~ N(0, I) make an image; q(y|x) guesses the label, q(z|x, y) the style (Kingma et al. 2014, "M2").

    Labels are (batch,) integers, −1 where unknown: `data.few_labels` makes such data for the ordinary `fit`.
    alpha: the weight of the classification term.
    augment: that of q(y|x), a `DigitClassifier`.
    settings: those of a `ConditionalVAE`, but for free_bits; beta and anneal_steps are for the KL of the style.
    `classify(x)` gives q(y|x), and all that a `ConditionalVAE` can do, this can too.
    """

    def __init__(self, *, alpha: float = 50.0, augment: bool = False, **settings) -> None:
        super().__init__(**settings)
        if self.free_bits:
            raise ValueError("this model tries every label of an image, and knows no free_bits. Use beta or anneal_steps.")
        self.alpha = alpha
        self.classifier = DigitClassifier(input_shape=self.input_shape, classes=self.classes, augment=augment)

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        self.check_values(self.check_input(x))
        if y is not None:
            check_label_values(y, len(x), self.classes, unknown_allowed=True)

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """Bounds on −log p(x, y) and −log p(x), and how well the known labels are guessed, in nats per example.

        `labelled`: mean over the labelled examples of L(x, y) = −E log p(x|z, y) − log p(y) + KL(q(z|x, y) ‖ p(z)).
        `unlabelled`: mean over the others of Σ_y q(y|x) L(x, y) − H(q(y|x)), every label tried.
        `classification`: mean over the labelled examples of −log q(y|x). A mean over no examples is 0.
        `total`: the mean bound over all examples + alpha · classification. Source: Kingma et al. 2014, equations 6 to 9.
        y: (batch,) labels with −1 for unknown; left out, all are unknown.
        """
        y = torch.full((len(x),), UNKNOWN, device=x.device) if y is None else check_labels(y, len(x), self.classes, unknown_allowed=True)
        known = (y != UNKNOWN).to(x.dtype)
        label = y.clamp_min(0).unsqueeze(1)
        log_q = self.classifier(x).log_softmax(-1)
        tried = self._bound(x, torch.eye(self.classes, device=x.device).unsqueeze(1)).T  # (batch, classes): with every label
        labelled = tried.gather(1, label).squeeze(1)
        unlabelled = (log_q.exp() * (tried + log_q)).sum(-1)
        classification = -log_q.gather(1, label).squeeze(1)

        bound = torch.where(known > 0, labelled, unlabelled).mean()
        terms = {
            "labelled": _mean(labelled, known),
            "unlabelled": _mean(unlabelled, 1 - known),
            "classification": _mean(classification, known),
        }
        return Loss(total=bound + self.alpha * terms["classification"], **terms)

    def _bound(self, x: Tensor, label: Tensor) -> Tensor:
        """L(x, y) from one draw of z: images (n, …) with one-hot labels (…, n or 1, classes) → (…, n), in nats.

        All labels of an image share their noise, so that what differs between their bounds is the label and not the luck of the draw.
        """
        q = self._posterior(x, label)
        epsilon = torch.randn(len(x), self.latent_size, device=x.device)
        p = self._likelihood(q.mean + q.stddev * epsilon, label)
        return -p.log_prob(x) + math.log(self.classes) + self.kl_weight * kl_divergence(q, self.prior)

    def classify(self, x: Tensor) -> Tensor:
        """q(y|x), in evaluation mode: (batch, *input_shape) → (batch, classes), each row sums to 1."""
        return self.classifier.classify(x)


def _mean(values: Tensor, counted: Tensor) -> Tensor:
    """The mean of those that are counted (1, not 0), and 0 of nothing."""
    return (values * counted).sum() / counted.sum().clamp_min(1)
