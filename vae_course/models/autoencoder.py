"""Autoencoders: a code is a point, not a distribution. The plain one, the linear one (PCA's twin) and the denoising one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal, constraints

from .base import EncoderDecoder, Loss
from .networks import OfPixels, PixelLikelihood, mlp

LIKELIHOOD_OF = {"squared": "gaussian", "cross-entropy": "bernoulli"}
# The σ at which a Gaussian's −log p is the squared error itself, but for a constant: σ² = ½.
SIGMA = math.sqrt(0.5)


class PointMass(Distribution):
    """All probability on one point: its mean is the point, its σ is zero, and every draw is the same.

    It lets an autoencoder's code be used wherever a model's q(z|x) is. A point has no density, so `log_prob` and the KL
    to a prior are not defined (NotImplementedError).
    """

    arg_constraints = {"point": constraints.real}  # pyright: ignore[reportAssignmentType]
    support = constraints.real  # pyright: ignore[reportAssignmentType]
    has_rsample = True

    def __init__(self, point: Tensor) -> None:
        self.point = point
        super().__init__(batch_shape=point.shape, validate_args=False)

    @property
    def mean(self) -> Tensor:
        return self.point

    @property
    def variance(self) -> Tensor:
        return torch.zeros_like(self.point)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.point.expand(*sample_shape, *self.point.shape)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return self.rsample(sample_shape).detach()


def point(codes: Tensor) -> Independent:
    """Codes (batch, latent_size) as a distribution that has all its mass on them."""
    return Independent(PointMass(codes), 1, validate_args=False)


class Autoencoder(EncoderDecoder):
    """Encoder and decoder with a bottleneck between them, trained to give back what went in (Hinton & Salakhutdinov 2006).

    It has no prior, says nothing about which codes are likely, and so gives no samples.
    error: what `loss` measures, summed over pixels: "squared", ‖x − x̂‖², or "cross-entropy", the reference VAE's
        reconstruction term in nats.
    linear: one linear layer each way and no sigmoid, so that x̂ is not bound to [0, 1]. With the squared error its best
        weights span the subspace of the first principal components (Baldi & Hornik 1989).
    The defaults have the reference VAE's sizes: 784 → 400 → 20 → 400 → 784.
    """

    has_no = dict.fromkeys(
        ("prior", "sample"),
        "an autoencoder has no p(z) to draw codes from. Encode some images and fit a distribution to their codes, or use a VAE, "
        "which has one.",
    )

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 28),
        latent_size: int = 20,
        hidden_sizes: Sequence[int] = (400,),
        error: str = "squared",
        linear: bool = False,
    ) -> None:
        if error not in LIKELIHOOD_OF:
            raise ValueError(f"unknown error {error!r}, expected one of: {', '.join(LIKELIHOOD_OF)}.")
        if linear and error != "squared":
            raise ValueError(f"a linear decoder leaves [0, 1], where {error!r} has no meaning. Use error='squared'.")
        super().__init__(input_shape=input_shape, latent_size=latent_size)
        pixels = math.prod(input_shape)
        between = () if linear else tuple(hidden_sizes)
        self.error = error
        self.linear = linear
        self.encoder = OfPixels(*mlp([pixels, *between, latent_size]))
        self.decoder = mlp([latent_size, *reversed(between), pixels])
        self.pixels = PixelLikelihood(LIKELIHOOD_OF[error], len(self.input_shape), sigma=SIGMA)

    def encode(self, x: Tensor, y: Tensor | None = None) -> Independent:
        """The code of x as a distribution with all its mass on one point: `encode(x).mean`, of shape (batch, latent_size)."""
        return point(self.encoder(self.check_input(x)))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        output = self.decoder(self.check_latent(z)).unflatten(-1, self.input_shape)
        if self.linear:
            return Independent(Normal(output, SIGMA, validate_args=False), len(self.input_shape), validate_args=False)
        return self.pixels(output)

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """The reconstruction error and nothing else: per example, summed over pixels, averaged over the batch."""
        return self._loss_of(seen=x, wanted=x)

    def _loss_of(self, *, seen: Tensor, wanted: Tensor) -> Loss:
        p = self.decode(self.encode(seen).mean)
        if self.error == "squared":
            errors = (wanted - p.mean).pow(2).flatten(1).sum(1)
        else:
            errors = -p.log_prob(wanted)
        reconstruction = errors.mean()
        return Loss(total=reconstruction, reconstruction=reconstruction)


class DenoisingAutoencoder(Autoencoder):
    """Sees a noisy image and has to give back the clean one (Vincent et al. 2008).

    noise: the σ of the Gaussian noise, in pixels' units, or a pair (low, high): each image then draws its own σ from that range.
    settings: those of an `Autoencoder`.
    """

    def __init__(self, *, noise: float | Sequence[float] = 0.5, **settings) -> None:
        low, high = noise if isinstance(noise, Sequence) else (noise, noise)
        if not 0 <= low <= high:
            raise ValueError(f"noise is {noise!r}, expected a σ of at least 0 or a pair (low, high) of them with low ≤ high.")
        super().__init__(**settings)
        self.noise = (float(low), float(high))

    def corrupt(self, x: Tensor) -> Tensor:
        """x with fresh noise, cut to [0, 1]: the same shape, a new draw at each call."""
        low, high = self.noise
        sigma = low + (high - low) * torch.rand(len(x), *[1] * (x.dim() - 1), device=x.device)
        return (x + sigma * torch.randn_like(x)).clamp(0, 1)

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """The error of what is made of a noisy x, against the clean x. The noise is new at each call, in evaluation too."""
        return self._loss_of(seen=self.corrupt(self.check_input(x)), wanted=x)
