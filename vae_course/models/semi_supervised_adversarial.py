"""The adversarial autoencoder that learns classes and styles, from images whose label is unknown as well."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Independent

from ..data import wobble
from .adversarial import Phases
from .autoencoder import point
from .base import GenerativeModel, Loss, evaluating, latent_path
from .classifier import DigitClassifier
from .conditional import LabelledMLP
from .games import adam, step, telling_apart, through
from .labels import UNKNOWN, check_label_values, check_labels, labels_from, one_hot
from .networks import PixelLikelihood, mlp


class SemiSupervisedAdversarialAutoencoder(GenerativeModel):
    """An encoder that splits x into a class and a style, each made to look like its prior by a game of its own (Makhzani et al. 2015).

    Classes are uniform one-hot vectors, styles N(0, I) of `latent_size`. Labels are (batch,) integers, −1 where unknown:
    `data.few_labels` makes such data for the ordinary `fit`. A step has three phases: encoder and decoder against the reconstruction,
    both discriminators against the codes, and the encoder against both discriminators and for the labels that are known.
    As in `ConditionalVAE`, labels go with the methods: `decode(z, y)`, `sample(n, y)`.
    discriminator_sizes: of both discriminators' hidden layers.
    noise: in training the classifier sees each image a little turned, shifted and stretched (`data.wobble`), and with pixel noise of this
        σ: a class should not depend on that. 0 switches both off.
    alpha: the weight of the classification in phase 3.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 28),
        classes: int = 10,
        latent_size: int = 10,
        hidden_sizes: Sequence[int] = (400,),
        discriminator_sizes: Sequence[int] = (200, 200),
        noise: float = 0.3,
        alpha: float = 3.0,
    ) -> None:
        if classes < 2:
            raise ValueError(f"classes is {classes}, expected at least 2: with one class there is nothing to tell apart.")
        if noise < 0:
            raise ValueError(f"noise is {noise}, expected a σ of at least 0.")
        super().__init__(input_shape=input_shape, latent_size=latent_size)
        pixels = math.prod(input_shape)
        self.classes, self.noise, self.alpha = classes, noise, alpha
        self.classifier = DigitClassifier(input_shape=input_shape, classes=classes)
        self.style = mlp([pixels, *hidden_sizes, latent_size])
        self.decoder = LabelledMLP([latent_size, *reversed(hidden_sizes), pixels], classes)
        self.class_discriminator = mlp([classes, *discriminator_sizes, 1])
        self.style_discriminator = mlp([latent_size, *discriminator_sizes, 1])
        self.pixels = PixelLikelihood("bernoulli", len(self.input_shape))

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        super().check_batch(x, y)
        if y is not None:
            check_label_values(y, len(x), self.classes, unknown_allowed=True)

    def labels(self, y: Tensor | int | None, n: int) -> Tensor | None:
        """As for every model that knows classes; but without labels images can be encoded here, and only `decode` asks for some."""
        return None if y is None else labels_from(y, n, self.classes, self.device)

    def drawn_labels(self, n: int) -> Tensor:
        """`n` labels, each class as likely as any other."""
        return torch.randint(self.classes, (n,)).to(self.device)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """The style of x as a point: `encode(x).mean`, (batch, latent_size). The encoder needs no label and does not look at one."""
        return point(self._style(x))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x|z, y) for styles (..., batch, latent_size) and labels (batch,): a distribution over (..., batch, *input_shape)."""
        self.check_latent(z)
        n = z.shape[-2] if z.dim() > 1 else 1
        return self._likelihood(z, one_hot(check_labels(y, n, self.classes), self.classes))

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """The probability of each class, in evaluation mode: (batch, *input_shape) → (batch, classes), each row sums to 1."""
        with evaluating(self):
            return self._class(self.entered(x)).softmax(-1)

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """The losses of all phases in nats per example; `total` is what encoder and decoder make small, all but the discriminator's.

        `discriminator` and `generator` are sums over the two games, `classification` the mean cross-entropy over the labelled examples
        (0 when there are none). y: (batch,) labels with −1 for unknown; left out, all are unknown.
        """
        parts = {
            "reconstruction": self.reconstruction_loss(x),
            "generator": self.generator_loss(x),
            "classification": self.classification_loss(x, y),
        }
        return Loss(total=torch.stack(list(parts.values())).sum(), discriminator=self.discriminator_loss(x), **parts)

    def reconstruction_loss(self, x: Tensor) -> Tensor:
        """Phase 1: −log p(x|z, y) at the style and the class probabilities of x. Its gradient reaches the style's encoder and the decoder.

        The probabilities are constants here: pixels would pull them to whatever split of the images saves ink, and that need not be digits.
        """
        return self._reconstruction(x, self._class(x), self._style(x))

    def discriminator_loss(self, x: Tensor) -> Tensor:
        """Phase 2: both games' −log D(from the prior) − log(1 − D(from x)). Its gradient reaches the two discriminators alone."""
        return self._discrimination(self._class(x), self._style(x))

    def generator_loss(self, x: Tensor) -> Tensor:
        """Phase 3: both games' −log D(from x). Its gradient reaches the encoder alone."""
        return self._generation(self._class(x), self._style(x))

    def classification_loss(self, x: Tensor, y: Tensor | None) -> Tensor:
        """Also phase 3: −log of the probability of the known labels, averaged over them. Its gradient reaches the encoder's classifier."""
        return self._classification(self._class(x), y)

    def optimizer(self, learning_rate: float) -> Phases:
        """What `training_step` takes: one Adam for each phase."""
        return Phases(
            reconstruction=adam([self.style, self.decoder, self.pixels], learning_rate),
            discriminator=adam([self.class_discriminator, self.style_discriminator], learning_rate, momentum=0.5),
            generator=adam([self.classifier, self.style], learning_rate, momentum=0.5),
        )

    def training_step(self, x: Tensor, y: Tensor | None, optimizer: Phases) -> Loss:
        """The three phases on one batch. The losses returned are those that each phase met.

        The classifier is the slow part and learns in the last phase only, so that all three can share what it says of the batch.
        """
        logits = self._class(x)
        reconstruction = step(optimizer.reconstruction, self._reconstruction(x, logits, self._style(x)))
        style = self._style(x)
        discriminator = step(optimizer.discriminator, self._discrimination(logits, style))
        assert optimizer.generator is not None, "this model's encoder has an optimiser for each phase"
        generator, classification = self._generation(logits, style), self._classification(logits, y)
        step(optimizer.generator, generator + self.alpha * classification)
        self.steps_trained += 1
        parts = {"reconstruction": reconstruction, "generator": generator.detach(), "classification": classification.detach()}
        return Loss(total=torch.stack(list(parts.values())).sum(), discriminator=discriminator, **parts)

    def _reconstruction(self, x: Tensor, logits: Tensor, style: Tensor) -> Tensor:
        return -self._likelihood(style, logits.detach().softmax(-1)).log_prob(x).mean()

    def _discrimination(self, logits: Tensor, style: Tensor) -> Tensor:
        n = len(style)
        real_class = one_hot(torch.randint(self.classes, (n,), device=style.device), self.classes)
        of_class = telling_apart(self.class_discriminator(real_class), self.class_discriminator(logits.detach().softmax(-1)))
        return of_class + telling_apart(self.style_discriminator(self.prior.sample((n,))), self.style_discriminator(style.detach()))

    def _generation(self, logits: Tensor, style: Tensor) -> Tensor:
        games = (self.class_discriminator, logits.softmax(-1)), (self.style_discriminator, style)
        losses = [F.softplus(-through(discriminator, codes)).mean() for discriminator, codes in games]
        return torch.stack(losses).sum()

    def _classification(self, logits: Tensor, y: Tensor | None) -> Tensor:
        n = len(logits)
        y = torch.full((n,), UNKNOWN, device=logits.device) if y is None else check_labels(y, n, self.classes, unknown_allowed=True)
        return F.cross_entropy(logits, y, reduction="sum", ignore_index=UNKNOWN) / (y != UNKNOWN).sum().clamp_min(1)

    @torch.no_grad()
    def reconstruct(self, x: Tensor, y: Tensor | int | None = None) -> Tensor:
        """Style and class probabilities of x, decoded: (batch, *input_shape) → the same shape, pixels in [0, 1]."""
        with evaluating(self):
            x = self.entered(x)
            return self._likelihood(self._style(x), self._class(x).softmax(-1)).mean

    @torch.no_grad()
    def interpolate(
        self, x0: Tensor, x1: Tensor, steps: int = 10, *, y0: int | None = None, y1: int | None = None, spherical: bool = False
    ) -> Tensor:
        """Walk from one image to another in style and class probabilities, both ends included: (steps, *input_shape), pixels in [0, 1]."""
        ends = self.entered(torch.stack([self.placed(x).reshape(self.input_shape) for x in (x0, x1)]))
        with evaluating(self):
            (class_0, class_1), (style_0, style_1) = self._class(ends).softmax(-1), self._style(ends)
            path = latent_path(style_0, style_1, steps, spherical=spherical)
            return self._likelihood(path, latent_path(class_0, class_1, steps)).mean

    def _class(self, x: Tensor) -> Tensor:
        """The class logits of x: (batch, classes)."""
        self.check_input(x)
        if self.training and self.noise > 0:
            x = (wobble(x) + self.noise * torch.randn_like(x)).clamp(0, 1)
        return self.classifier(x)

    def _style(self, x: Tensor) -> Tensor:
        """The style of x: (batch, latent_size)."""
        return self.style(self.check_input(x).flatten(1))

    def _likelihood(self, style: Tensor, label: Tensor) -> Independent:
        return self.pixels(self.decoder(style, label).unflatten(-1, self.input_shape))
