"""Adversarial autoencoders: a discriminator that compares codes with draws from the prior stands where a VAE has its KL."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, kl_divergence

from ..objectives import gaussian
from .autoencoder import point
from .base import GenerativeModel, Loss
from .games import adam, step, telling_apart, through
from .labels import check_label_values, check_labels, one_hot
from .networks import OfPixels, PixelLikelihood, convolutional_decoder, convolutional_encoder, mlp
from .priors import draw_parts, prior_named

PRINCIPAL_IMAGES = 5000  # are enough to find the axes that matter


class AdversarialAutoencoder(GenerativeModel):
    """An autoencoder whose codes a discriminator cannot tell from draws of the prior (Makhzani et al. 2015).

    The code of x is a point, as in an autoencoder: what spreads the codes is the data. So there is no KL and no ELBO, and the prior need
    only give samples. A training step has three phases, each with an optimiser of its own:
    encoder and decoder against the reconstruction, the discriminator against the codes, the encoder against the discriminator.
    With `match_weight` there are two: the discriminator against the codes, then encoder and decoder against one sum in nats.

    channels: with some, encoder and decoder are those of a `ConvolutionalVAE`, and `hidden_sizes` is not looked at.
    prior: one of `priors.PRIORS`.
    discriminator_sizes: of the discriminator's hidden layers.
    discriminator_steps: how often the discriminator learns in one step (0: never).
    discriminator_rate, generator_rate: the learning rates of phases 2 and 3 as multiples of phase 1's. With discriminator_steps they say
        who is strong in the game, and how much the game counts.
    half_life: after so many training steps all three learning rates have halved, and so on (0: they stay); steps of earlier calls of `fit`
        count. Two players that take steps of one size circle round a match; as the steps shrink, they settle.
    gradient_penalty: how much it costs the discriminator to be steep (`steepness`). A slope at which the codes slide past the prior and
        back again is what makes a strong discriminator useless; with a penalty its rate can be several times the encoder's. Its hidden
        units are then SiLUs, whose slope, unlike that of ReLUs, changes gradually.
    spread: the code of x is a Gaussian N(μ(x), diag σ²(x)), as a VAE's is, and each phase looks at one draw of it. σ is not charged for.
    match_weight: with a weight λ, encoder and decoder go down reconstruction + λ · mean(−logit D(z)). The best discriminator's logit is
        log p(z) − log q(z), so the mean estimates KL(q(z) ‖ p(z)), of which the −log D of the third phase is another reading. The
        discriminator's hidden units are then SiLUs, and `generator_rate` is not looked at. With 0 there are three phases.
    by_formula: λ weighs KL(q(z|x) ‖ p(z)) itself, averaged over images, and nobody hears the discriminator: with λ = 1 the loss is a
        VAE's, of the same network, steps and rates, so that what the game changes can be told from what they do. Needs `spread` and a
        Gaussian prior.
    anneal_steps: λ rises from 0 to `match_weight` over so many steps, so that there are codes worth pressing before they are pressed.
    principal: with a number, encoder and decoder have a linear layer of that width at their pixels' side, which `start_at` sets to the
        data's principal axes. Training then begins with what a linear model knows, and goes on from there in all weights.
    classes: with 10, say, the discriminator sees each image's label beside its code, and compares class k with the k-th part of the
        prior (`priors.draw_parts`), so that each class gets a place of its own; the encoder sees no label. With 0 nobody does.
    Raises ValueError for settings out of range, and for a prior that is not there or has no such parts.
    """

    measured_by = "match"

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 28),
        latent_size: int = 2,
        hidden_sizes: Sequence[int] = (400,),
        channels: Sequence[int] = (),
        discriminator_sizes: Sequence[int] = (200, 200),
        prior: str = "gaussian",
        discriminator_steps: int = 1,
        discriminator_rate: float = 1.0,
        generator_rate: float = 1.0,
        half_life: int = 0,
        gradient_penalty: float = 0.0,
        spread: bool = False,
        match_weight: float = 0.0,
        by_formula: bool = False,
        anneal_steps: int = 0,
        principal: int = 0,
        classes: int = 0,
    ) -> None:
        strengths = {
            "discriminator_steps": discriminator_steps,
            "discriminator_rate": discriminator_rate,
            "generator_rate": generator_rate,
            "half_life": half_life,
            "gradient_penalty": gradient_penalty,
            "match_weight": match_weight,
            "anneal_steps": anneal_steps,
            "principal": principal,
        }
        for name, value in strengths.items():
            if not value >= 0:
                raise ValueError(f"{name} is {value}, expected a number of at least 0.")
        if by_formula and not (spread and match_weight and prior == "gaussian"):
            given = f"spread={spread}, match_weight={match_weight}, prior={prior!r}"
            raise ValueError(f"by_formula came with {given}, expected spread=True, a match_weight above 0, and the prior 'gaussian'.")
        super().__init__(input_shape=input_shape, latent_size=latent_size)
        it = prior_named(prior, latent_size)  # complains now about a prior that is not there
        if classes:
            draw_parts(it, torch.arange(classes), classes)  # or has no such parts
        pixels = math.prod(input_shape)
        self.prior_name, self.classes = prior, classes
        self.discriminator_steps, self.discriminator_rate, self.generator_rate = discriminator_steps, discriminator_rate, generator_rate
        self.half_life, self.gradient_penalty = half_life, gradient_penalty
        self.spread, self.match_weight, self.anneal_steps, self.principal = spread, match_weight, anneal_steps, principal
        self.by_formula = by_formula
        numbers = 2 * latent_size if spread else latent_size  # μ and log σ², or the point
        self.encoder: nn.Module
        self.decoder: nn.Module
        if channels:
            self.encoder = convolutional_encoder(input_shape, channels, numbers, nn.SiLU)
            self.decoder = convolutional_decoder(latent_size, channels, input_shape, nn.SiLU)
        elif principal:
            between = [*hidden_sizes, numbers]
            self.encoder = OfPixels(nn.Linear(pixels, principal), *mlp([principal, *between], nn.SiLU))
            self.decoder = nn.Sequential(*mlp([latent_size, *reversed(hidden_sizes), principal], nn.SiLU), nn.Linear(principal, pixels))
        else:
            self.encoder = OfPixels(*mlp([pixels, *hidden_sizes, numbers]))
            self.decoder = mlp([latent_size, *reversed(hidden_sizes), pixels])
        smooth = gradient_penalty or match_weight
        self.discriminator = mlp([latent_size + classes, *discriminator_sizes, 1], nn.SiLU if smooth else nn.ReLU)
        self.pixels = PixelLikelihood("bernoulli", len(self.input_shape))

    @torch.no_grad()
    def start_at(self, x: Tensor) -> None:
        """Set the outermost layers to the principal axes of some images (n, *input_shape), where there are such layers.

        The encoder begins with an image's shares in the axes. The decoder ends with the mean image as logits, plus the axes times 4, the
        slope of a logit at one half. Call it once, before training.
        """
        if not self.principal:
            return
        rows = self.check_input(x).flatten(1)
        mean = rows.mean(0)
        axes = torch.linalg.eigh(torch.cov(rows[:PRINCIPAL_IMAGES].T)).eigenvectors.T.flip(0)[: self.principal]
        first, last = self.encoder[0], self.decoder[-1]  # pyright: ignore[reportIndexIssue]
        first.weight.copy_(axes)
        first.bias.copy_(-axes @ mean)
        last.weight.copy_(4 * axes.T)
        last.bias.copy_(mean.clamp(0.003, 0.997).logit())

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        super().check_batch(x, y)
        if self.classes:
            check_label_values(y, len(x), self.classes)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """The code of x, over (batch, latent_size): all its mass on one point, or with `spread` a Gaussian."""
        given = self.encoder(self.check_input(x))
        return gaussian(*given.chunk(2, dim=-1)) if self.spread else point(given)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        rows = self.check_latent(z).reshape(-1, self.latent_size)  # convolutions take one batch dimension, and z may have several
        return self.pixels(self.decoder(rows).reshape(*z.shape[:-1], *self.input_shape))

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
        prior (2 log 2 when it guesses), `generator` one per code (log 2 when it guesses), or with `match_weight`, by which it is multiplied
        in the total, the estimate of KL(q(z) ‖ p(z)) (0 when it guesses).
        """
        reconstruction, generator = self.reconstruction_loss(x), self.generator_loss(x, y)
        return Loss(
            total=reconstruction + self._weight() * generator,
            reconstruction=reconstruction,
            discriminator=self.discriminator_loss(x, y),
            generator=generator,
        )

    def reconstruction_loss(self, x: Tensor) -> Tensor:
        """Phase 1: −log p(x|z) at the code z of x, averaged over the batch. Its gradient reaches encoder and decoder."""
        return -self.decode(self.encode(x).rsample()).log_prob(x).mean()

    def discriminator_loss(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Phase 2: −log D(z′) − log(1 − D(z)), z′ from the prior, z the code of x. Its gradient reaches the discriminator alone."""
        with torch.no_grad():
            z = self.encode(x).sample()
        drawn = self._drawn(len(x), y)
        return telling_apart(self.discriminate(drawn, y), self.discriminate(z, y))

    def _drawn(self, n: int, y: Tensor | None) -> Tensor:
        """As many draws from the prior as there are images."""
        if self.classes:
            return draw_parts(self.prior, check_labels(y, n, self.classes), self.classes)
        return self.prior.sample((n,))

    def steepness(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Half the squared length of the logit's slope at z, ½ ‖∂ logit/∂z‖², averaged over the batch: (batch, latent_size) → a scalar.

        Taken at draws and at codes it is what a discriminator pays for beside its loss (Mescheder et al. 2018, equation 9 and below it).
        """
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            (slope,) = torch.autograd.grad(self.discriminate(z, y).sum(), z, create_graph=True)
        return 0.5 * slope.square().sum(-1).mean()

    def generator_loss(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Phase 3: −log D(z), z the code of x. Its gradient passes through the discriminator and reaches the encoder alone.

        With `match_weight` −logit D(z), whose mean estimates KL(q(z) ‖ p(z)); `by_formula` KL(q(z|x) ‖ p(z)), which hears no discriminator.
        """
        q = self.encode(x)
        return self._charge(q, q.rsample(), y)

    def _weight(self) -> float:
        """What the generator's loss counts in the total: 1, or λ as far as it has risen."""
        risen = min(1.0, (self.steps_trained + 1) / self.anneal_steps) if self.anneal_steps else 1.0
        return self.match_weight * risen if self.match_weight else 1.0

    def _charge(self, q: Independent, z: Tensor, y: Tensor | None) -> Tensor:
        """What the encoder pays for its codes z, drawn from q."""
        if self.by_formula:
            return kl_divergence(q, self.prior).mean()
        return self._mismatch(z, y)

    def _mismatch(self, z: Tensor, y: Tensor | None) -> Tensor:
        """What the discriminator says of codes, as a price."""
        logits = through(self.discriminator, self._seen(z, y))
        return -logits.mean() if self.match_weight else F.softplus(-logits).mean()

    def optimizer(self, learning_rate: float) -> Phases:
        """What `training_step` takes: one Adam for each phase that there is, with the rates that the steps trained so far have left."""
        if self.half_life:
            learning_rate *= 0.5 ** (self.steps_trained / self.half_life)
        return Phases(
            reconstruction=adam([self.encoder, self.decoder, self.pixels], learning_rate),
            discriminator=adam([self.discriminator], learning_rate * self.discriminator_rate, momentum=0.5),
            generator=None if self.match_weight else adam([self.encoder], learning_rate * self.generator_rate, momentum=0.5),
            half_life=self.half_life,
        )

    def training_step(self, x: Tensor, y: Tensor | None, optimizer: Phases) -> Loss:
        """All phases on one batch. The losses returned are those that each phase met, the discriminator's at its last step."""
        steps = self._two_phases if optimizer.generator is None else self._three_phases
        weight, terms = self._weight(), steps(x, y, optimizer)
        optimizer.cool()
        self.steps_trained += 1
        return Loss(total=terms["reconstruction"] + weight * terms["generator"], **terms)

    def _three_phases(self, x: Tensor, y: Tensor | None, optimizer: Phases) -> dict[str, Tensor]:
        assert optimizer.generator is not None, "the third phase's"
        reconstruction = step(optimizer.reconstruction, self.reconstruction_loss(x))
        discriminator = self._discriminator_steps(x, y, optimizer.discriminator)
        generator = step(optimizer.generator, self.generator_loss(x, y))
        return {"reconstruction": reconstruction, "discriminator": discriminator, "generator": generator}

    def _two_phases(self, x: Tensor, y: Tensor | None, optimizer: Phases) -> dict[str, Tensor]:
        """The discriminator, then encoder and decoder together, on one draw of each code."""
        discriminator = self._discriminator_steps(x, y, optimizer.discriminator)
        q = self.encode(x)
        z = q.rsample()
        reconstruction, charge = -self.decode(z).log_prob(x).mean(), self._charge(q, z, y)
        step(optimizer.reconstruction, reconstruction + self._weight() * charge)
        return {"reconstruction": reconstruction.detach(), "discriminator": discriminator, "generator": charge.detach()}

    def _discriminator_steps(self, x: Tensor, y: Tensor | None, optimizer: torch.optim.Optimizer) -> Tensor:
        """As many steps as are set, all on one batch; the loss that the last one met."""
        for _ in range(self.discriminator_steps):
            discriminator = self._discriminator_step(x, y, optimizer)
        return discriminator if self.discriminator_steps else self.discriminator_loss(x, y).detach()

    def _discriminator_step(self, x: Tensor, y: Tensor | None, optimizer: torch.optim.Optimizer) -> Tensor:
        """Phase 2: one step down the discriminator's loss and what it pays for being steep; the loss alone is given back."""
        if not self.gradient_penalty:
            return step(optimizer, self.discriminator_loss(x, y))
        with torch.no_grad():
            z = self.encode(x).sample()
        drawn = self._drawn(len(x), y)
        loss = telling_apart(self.discriminate(drawn, y), self.discriminate(z, y))
        everywhere, labels = torch.cat([drawn, z]), None if y is None else torch.cat([y, y])
        step(optimizer, loss + self.gradient_penalty * self.steepness(everywhere, labels))
        return loss.detach()


@dataclass(frozen=True)
class Phases:
    """The optimisers of an adversarial autoencoder, one a phase, handed from `optimizer` to `training_step` as one object.

    generator: None where the first holds the encoder for both.
    half_life: the number of calls of `cool` in which the learning rates halve, 0 for never.
    """

    reconstruction: torch.optim.Optimizer
    discriminator: torch.optim.Optimizer
    generator: torch.optim.Optimizer | None
    half_life: int = 0

    @property
    def param_groups(self) -> list[dict]:
        """Those of all, where one looks for a learning rate."""
        return [group for optimizer in self._all().values() for group in optimizer.param_groups]

    def state_dict(self) -> dict[str, dict]:
        """What each optimiser remembers, by its phase."""
        return {phase: optimizer.state_dict() for phase, optimizer in self._all().items()}

    def load_state_dict(self, state: dict[str, dict]) -> None:
        """Take over what `state_dict` gave."""
        for phase, optimizer in self._all().items():
            optimizer.load_state_dict(state[phase])

    def cool(self) -> None:
        """Make all learning rates a little smaller, as is due after one training step."""
        if self.half_life:
            for group in self.param_groups:
                group["lr"] *= 0.5 ** (1 / self.half_life)

    def _all(self) -> dict[str, torch.optim.Optimizer]:
        phases = {"reconstruction": self.reconstruction, "discriminator": self.discriminator, "generator": self.generator}
        return {phase: optimizer for phase, optimizer in phases.items() if optimizer is not None}
