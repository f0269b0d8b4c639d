"""Adversarial autoencoders: a discriminator that compares codes with draws from the prior stands where a VAE has its KL."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Distribution, Independent
from torch.func import functional_call

from ..data import wobble
from .autoencoder import PointMass
from .base import LatentVariableModel, Loss, evaluating, latent_path
from .classifier import DigitClassifier
from .conditional import LabelledMLP
from .counting import CountingModel
from .labels import UNKNOWN, check_labels, one_hot
from .networks import PixelLikelihood, mlp
from .priors import draw_parts, prior_named


class AdversarialAutoencoder(CountingModel):
    """An autoencoder whose codes a discriminator cannot tell from draws of the prior (Makhzani et al. 2015).

    The code of x is a point, as in an autoencoder: what spreads the codes is the data. So there is no KL and no ELBO, and the prior need
    only give samples. `prior` is one of `priors.PRIORS`. A training step has three phases, each with an optimiser of its own:
    encoder and decoder against the reconstruction, the discriminator against the codes, the encoder against the discriminator.

    discriminator_steps: how often the discriminator learns in one step (0: never). discriminator_rate, generator_rate: the learning rates
    of phases 2 and 3 as multiples of phase 1's. Together they say who is strong in the game, and how much the game counts.
    half_life: after so many training steps all three learning rates have halved, and so on (0: they stay); steps of earlier calls of `fit`
    count. Two players that take steps of one size circle round a match; as the steps shrink, they settle.
    classes: with 10, say, the discriminator sees each image's label beside its code, and compares class k with the k-th part of the
    prior (`priors.draw_parts`), so that each class gets a place of its own; the encoder sees no label. With 0 nobody does.
    """

    measured_by = "match"

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 28),
        latent_size: int = 2,
        hidden_sizes: Sequence[int] = (400,),
        discriminator_sizes: Sequence[int] = (200, 200),
        prior: str = "gaussian",
        discriminator_steps: int = 1,
        discriminator_rate: float = 1.0,
        generator_rate: float = 1.0,
        half_life: int = 0,
        classes: int = 0,
    ) -> None:
        strengths = {
            "discriminator_steps": discriminator_steps,
            "discriminator_rate": discriminator_rate,
            "generator_rate": generator_rate,
            "half_life": half_life,
        }
        for name, value in strengths.items():
            if value < 0:
                raise ValueError(f"{name} is {value}, expected a number of at least 0.")
        super().__init__(
            input_shape=input_shape,
            latent_size=latent_size,
            hidden_sizes=list(hidden_sizes),
            discriminator_sizes=list(discriminator_sizes),
            prior=prior,
            classes=classes,
            **strengths,
        )
        it = prior_named(prior, latent_size)  # complains now about a prior that is not there
        if classes:
            draw_parts(it, torch.arange(classes), classes)  # or has no such parts
        pixels = math.prod(input_shape)
        self.prior_name, self.classes = prior, classes
        self.discriminator_steps, self.discriminator_rate, self.generator_rate, self.half_life = strengths.values()
        self.encoder = mlp([pixels, *hidden_sizes, latent_size])
        self.decoder = mlp([latent_size, *reversed(hidden_sizes), pixels])
        self.discriminator = mlp([latent_size + classes, *discriminator_sizes, 1])
        self.pixels = PixelLikelihood("bernoulli", len(self.input_shape))

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        super().check_batch(x, y)
        if self.classes:
            check_labels(y, len(x), self.classes)

    def encode(self, x: Tensor) -> Independent:
        """The code of x as a distribution with all its mass on one point: `encode(x).mean`, of shape (batch, latent_size)."""
        return Independent(PointMass(self.encoder(self.check_input(x).flatten(1))), 1, validate_args=False)

    def decode(self, z: Tensor) -> Independent:
        return self.pixels(self.decoder(self.check_latent(z)).unflatten(-1, self.input_shape))

    @property
    def prior(self) -> Distribution:
        """p(z). It can be drawn from; whether it has a `log_prob` depends on which it is."""
        return prior_named(self.prior_name, self.latent_size, device=self.device)

    def discriminate(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """The discriminator's logit of "z was drawn from the prior": (batch, latent_size) → (batch,). Low for a z unlike the prior's.

        y: (batch,) labels, where the discriminator sees them.
        """
        return self.discriminator(self._seen(z, y)).squeeze(-1)

    def _seen(self, z: Tensor, y: Tensor | None) -> Tensor:
        """What the discriminator looks at: z, and its label if it is shown."""
        self.check_latent(z)
        return torch.cat([z, one_hot(check_labels(y, len(z), self.classes), self.classes)], -1) if self.classes else z

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """The three phases' losses side by side; `total` is what encoder and decoder make small, reconstruction + generator.

        All in nats per example: `reconstruction` summed over pixels, `discriminator` a cross-entropy per pair of a code and a draw from the
        prior (2 log 2 when it guesses), `generator` one per code (log 2 when it guesses).
        """
        reconstruction, generator = self.reconstruction_loss(x), self.generator_loss(x, y)
        return Loss(
            total=reconstruction + generator,
            reconstruction=reconstruction,
            discriminator=self.discriminator_loss(x, y),
            generator=generator,
        )

    def reconstruction_loss(self, x: Tensor) -> Tensor:
        """Phase 1: −log p(x|z) at the code z of x, averaged over the batch. Its gradient reaches encoder and decoder."""
        return -self.decode(self.encode(x).mean).log_prob(x).mean()

    def discriminator_loss(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Phase 2: −log D(z′) − log(1 − D(z)), z′ from the prior, z the code of x. Its gradient reaches the discriminator alone."""
        with torch.no_grad():
            z = self.encode(x).mean
            if self.classes:
                drawn = draw_parts(self.prior, check_labels(y, len(x), self.classes), self.classes)
            else:
                drawn = self.prior.sample((len(x),))
        return telling_apart(self.discriminate(drawn, y), self.discriminate(z, y))

    def generator_loss(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Phase 3: −log D(z), z the code of x. Its gradient passes through the discriminator and reaches the encoder alone."""
        return F.softplus(-through(self.discriminator, self._seen(self.encode(x).mean, y))).mean()

    def optimizer(self, learning_rate: float) -> Phases:
        """What `training_step` takes: one Adam for each phase, with the learning rates that the steps trained so far have left."""
        if self.half_life:
            learning_rate *= 0.5 ** (self.steps_trained / self.half_life)
        return Phases(
            reconstruction=adam([self.encoder, self.decoder, self.pixels], learning_rate),
            discriminator=adam([self.discriminator], learning_rate * self.discriminator_rate, momentum=0.5),
            generator=adam([self.encoder], learning_rate * self.generator_rate, momentum=0.5),
            half_life=self.half_life,
        )

    def training_step(self, x: Tensor, y: Tensor | None, optimizer: Phases) -> Loss:
        """The three phases on one batch. The losses returned are those that each phase met, the discriminator's at its last step."""
        reconstruction = step(optimizer.reconstruction, self.reconstruction_loss(x))
        for _ in range(self.discriminator_steps):
            discriminator = step(optimizer.discriminator, self.discriminator_loss(x, y))
        if self.discriminator_steps == 0:
            discriminator = self.discriminator_loss(x, y).detach()
        generator = step(optimizer.generator, self.generator_loss(x, y))
        optimizer.cool()
        self.steps_trained += 1
        return Loss(total=reconstruction + generator, reconstruction=reconstruction, discriminator=discriminator, generator=generator)


class SemiSupervisedAdversarialAutoencoder(LatentVariableModel):
    """An encoder that splits x into a class and a style, each made to look like its prior by a game of its own (Makhzani et al. 2015).

    Classes are uniform one-hot vectors, styles N(0, I) of `latent_size`. Labels are (batch,) integers, −1 where unknown:
    `data.few_labels` makes such data for the ordinary `fit`. A step has three phases: encoder and decoder against the reconstruction,
    both discriminators against the codes, and the encoder against both discriminators and for the labels that are known.
    In training the classifier sees each image a little turned, shifted and stretched (`data.wobble`), and with pixel noise of the σ
    `noise`: a class should not depend on that. noise=0 switches both off. alpha: the weight of the classification in phase 3.
    As in `ConditionalVAE`, labels go with the methods: `decode(z, y)`, `sample(n, y)`.
    """

    conditional = True
    measured_by = "losses"

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
        super().__init__(
            input_shape=input_shape,
            classes=classes,
            latent_size=latent_size,
            hidden_sizes=list(hidden_sizes),
            discriminator_sizes=list(discriminator_sizes),
            noise=noise,
            alpha=alpha,
        )
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
            check_labels(y, len(x), self.classes, unknown_allowed=True)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """The style of x as a point: `encode(x).mean`, (batch, latent_size). The encoder needs no label and does not look at one."""
        return Independent(PointMass(self._style(x)), 1, validate_args=False)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x|z, y) for styles (..., batch, latent_size) and labels (batch,): a distribution over (..., batch, *input_shape)."""
        self.check_latent(z)
        n = z.shape[-2] if z.dim() > 1 else 1
        return self._likelihood(z, one_hot(check_labels(y, n, self.classes), self.classes))

    @torch.no_grad()
    def classify(self, x: Tensor) -> Tensor:
        """The probability of each class, in evaluation mode: (batch, *input_shape) → (batch, classes), each row sums to 1."""
        with evaluating(self):
            return self._class(self.placed(x)).softmax(-1)

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
        return Loss(total=sum(parts.values()), discriminator=self.discriminator_loss(x), **parts)

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
        generator, classification = self._generation(logits, style), self._classification(logits, y)
        step(optimizer.generator, generator + self.alpha * classification)
        parts = {"reconstruction": reconstruction, "generator": generator.detach(), "classification": classification.detach()}
        return Loss(total=sum(parts.values()), discriminator=discriminator, **parts)

    def _reconstruction(self, x: Tensor, logits: Tensor, style: Tensor) -> Tensor:
        return -self._likelihood(style, logits.detach().softmax(-1)).log_prob(x).mean()

    def _discrimination(self, logits: Tensor, style: Tensor) -> Tensor:
        n = len(style)
        real_class = one_hot(torch.randint(self.classes, (n,), device=style.device), self.classes)
        of_class = telling_apart(self.class_discriminator(real_class), self.class_discriminator(logits.detach().softmax(-1)))
        return of_class + telling_apart(self.style_discriminator(self.prior.sample((n,))), self.style_discriminator(style.detach()))

    def _generation(self, logits: Tensor, style: Tensor) -> Tensor:
        games = (self.class_discriminator, logits.softmax(-1)), (self.style_discriminator, style)
        return sum(F.softplus(-through(discriminator, codes)).mean() for discriminator, codes in games)

    def _classification(self, logits: Tensor, y: Tensor | None) -> Tensor:
        n = len(logits)
        y = torch.full((n,), UNKNOWN, device=logits.device) if y is None else check_labels(y, n, self.classes, unknown_allowed=True)
        known = y != UNKNOWN
        return F.cross_entropy(logits[known], y[known], reduction="sum") / known.sum().clamp_min(1)

    @torch.no_grad()
    def sample(self, n: int, y: Tensor | int | None = None) -> Tensor:
        """Draw `n` styles from the prior and decode each with its label: (n, *input_shape), the mean of p(x|z, y).

        y: one class for all, or (n,) labels; left out, labels are drawn, each class as likely as any other.
        """
        if y is None:
            y = torch.randint(self.classes, (n,))
        elif isinstance(y, int):
            y = torch.full((n,), y)
        labels = check_labels(y, n, self.classes).to(self.device)
        with evaluating(self):
            return self.decode(self.prior.sample((n,)), labels).mean

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> Tensor:
        """Style and class probabilities of x, decoded: (batch, *input_shape) → the same shape, pixels in [0, 1]."""
        with evaluating(self):
            x = self.placed(x)
            return self._likelihood(self._style(x), self._class(x).softmax(-1)).mean

    @torch.no_grad()
    def interpolate(self, x0: Tensor, x1: Tensor, steps: int = 10, *, spherical: bool = False) -> Tensor:
        """Walk from one image to another in style and class probabilities, both ends included: (steps, *input_shape), pixels in [0, 1]."""
        with evaluating(self):
            ends = torch.stack([self.placed(x).reshape(self.input_shape) for x in (x0, x1)])
            probabilities = latent_path(*self._class(ends).softmax(-1), steps)
            return self._likelihood(latent_path(*self._style(ends), steps, spherical=spherical), probabilities).mean

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


@dataclass(frozen=True)
class Phases:
    """The optimisers of an adversarial autoencoder, one a phase, handed from `optimizer` to `training_step` as one object.

    half_life: the number of calls of `cool` in which the learning rates halve, 0 for never.
    """

    reconstruction: torch.optim.Optimizer
    discriminator: torch.optim.Optimizer
    generator: torch.optim.Optimizer
    half_life: int = 0

    def cool(self) -> None:
        """Make all three learning rates a little smaller, as is due after one training step."""
        if self.half_life:
            for optimizer in (self.reconstruction, self.discriminator, self.generator):
                for group in optimizer.param_groups:
                    group["lr"] *= 0.5 ** (1 / self.half_life)


def telling_apart(real: Tensor, made: Tensor) -> Tensor:
    """−log D(real) − log(1 − D(made)) from logits (n,) each, averaged: a discriminator's loss, 2 log 2 nats when every logit is 0.

    Source: Goodfellow et al. 2014, equation 1, with the sign of a loss.
    """
    return F.softplus(-real).mean() + F.softplus(made).mean()


def through(discriminator: nn.Module, z: Tensor) -> Tensor:
    """The discriminator's logits (n,), with its weights as constants: a gradient passes to z and leaves the discriminator alone."""
    weights = {name: value.detach() for name, value in discriminator.named_parameters()}
    return functional_call(discriminator, weights, (z,)).squeeze(-1)


def adam(modules: Iterable[nn.Module], learning_rate: float, *, momentum: float = 0.9) -> torch.optim.Optimizer:
    """Adam over all parameters of some modules. A game needs a shorter memory than 0.9: the opponent's last moves are what counts."""
    parameters = [parameter for module in modules for parameter in module.parameters()]
    fused = parameters[0].device.type in ("cpu", "cuda")
    return torch.optim.Adam(parameters, lr=learning_rate, betas=(momentum, 0.999), fused=fused)


def step(optimizer: torch.optim.Optimizer, loss: Tensor) -> Tensor:
    """One step of one optimiser down one loss, which is given back without its graph."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()
