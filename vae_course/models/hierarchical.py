"""The hierarchical VAE: a stack of latent levels, each the prior of the one below it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, constraints, kl_divergence, register_kl

from ..objectives import gaussian
from .base import LatentVariableModel, evaluating
from .networks import PixelLikelihood, mlp

INFERENCES = ("ladder", "naive", "residual")

# The distribution of one level, given the latents of the level that was drawn before it (None for the first).
Conditional = Callable[[Tensor | None], Independent]


class LatentStack(Distribution):
    """A distribution over several levels of latents, drawn one after another: each level's depends on the one drawn before.

    It acts on all levels side by side, z = (z₁, z₂, …), the bottom level first: shape (…, Σ sizes). `order` says in which
    order the levels are drawn, as indexes with 0 the bottom. `mean` passes each level's mean on to the next: a typical
    point of the stack, and its mean only where there is one level.
    """

    arg_constraints = {}  # pyright: ignore[reportAssignmentType]
    support = constraints.real_vector  # pyright: ignore[reportAssignmentType]
    has_rsample = True

    def __init__(self, conditionals: Sequence[Conditional], sizes: Sequence[int], order: Sequence[int]) -> None:
        self.conditionals, self.sizes, self.order = list(conditionals), list(sizes), list(order)
        self.first = self.conditionals[self.order[0]](None)
        super().__init__(self.first.batch_shape, torch.Size([sum(sizes)]), validate_args=False)

    def levels(self, z: Tensor) -> tuple[Tensor, ...]:
        """z cut into its levels, the bottom first: (…, Σ sizes) → one (…, size) a level."""
        return z.split(self.sizes, dim=-1)

    def given(self, z: Tensor) -> list[Independent]:
        """Each level's distribution, given the rest of z, the bottom first."""
        levels, found, before = self.levels(z), {}, None
        for level in self.order:
            found[level] = self.first if before is None else self.conditionals[level](before)
            before = levels[level]
        return [found[level] for level in range(len(levels))]

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        shape = torch.Size(sample_shape)
        return self._drawn(lambda conditional, first: conditional.rsample(shape if first else torch.Size()))

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        with torch.no_grad():
            return self.rsample(sample_shape)

    @property
    def mean(self) -> Tensor:
        return self._drawn(lambda conditional, first: conditional.mean)

    def _drawn(self, draw: Callable[[Independent, bool], Tensor]) -> Tensor:
        found, before = {}, None
        for number, level in enumerate(self.order):
            conditional = self.first if number == 0 else self.conditionals[level](before)
            before = found[level] = draw(conditional, number == 0)
        return torch.cat([found[level] for level in range(len(found))], dim=-1)

    def log_prob(self, z: Tensor) -> Tensor:
        """log-density in nats, summed over all levels: (…, Σ sizes) → (…)."""
        pairs = zip(self.given(z), self.levels(z), strict=True)
        return torch.stack([conditional.log_prob(level) for conditional, level in pairs]).sum(0)


def kl_of_levels(q: LatentStack, p: LatentStack, z: Tensor) -> list[Tensor]:
    """Each latent's share of KL(q ‖ p), estimated at one draw z ~ q: one (batch, size) a level, in nats, the bottom first.

    Where all that a level rests on was drawn before it, a share is the KL of two Gaussians in closed form; else it is
    log q − log p at z. The sum has KL(q ‖ p) as its expectation. Source: Sønderby et al. 2016, section 2.
    """
    shares = []
    for level, (drawn, ours, theirs) in enumerate(zip(q.levels(z), q.given(z), p.given(z), strict=True)):
        place = p.order.index(level)
        above = p.order[place - 1] if place else None
        settled = above is None or q.order.index(above) < q.order.index(level)
        ours, theirs = ours.base_dist, theirs.base_dist  # one number a latent, not one a level
        shares.append(kl_divergence(ours, theirs) if settled else ours.log_prob(drawn) - theirs.log_prob(drawn))
    return shares


@register_kl(LatentStack, LatentStack)
def _kl_of_stacks(q: LatentStack, p: LatentStack) -> Tensor:
    """KL(q ‖ p) by one draw from q: unbiased, and exact where there is one level."""
    return torch.cat(kl_of_levels(q, p, q.rsample()), -1).sum(-1)


class LevelledVAE(LatentVariableModel):
    """What hierarchies share: latents of all levels side by side, z = (z₁, …, z_L), and a part of the KL for each level.

    A variant sets `latent_sizes`, one number a level, the bottom first, and writes `encode` and `prior` as `LatentStack`s, and `decode`.
    """

    latent_sizes: list[int]

    @property
    def depth(self) -> int:
        """The number of levels."""
        return len(self.latent_sizes)

    def levels(self, z: Tensor) -> tuple[Tensor, ...]:
        """z cut into its levels, the bottom first: (…, latent_size) → one (…, latent_sizes[i]) a level."""
        return self.check_latent(z).split(self.latent_sizes, dim=-1)

    @property
    def prior(self) -> LatentStack:
        """p(z) over all levels, drawn from the top."""
        raise NotImplementedError

    def kl_terms(self, q: LatentStack, z: Tensor) -> Tensor:
        """Each latent's share of the KL, those of the bottom level first: (batch, latent_size), in nats. See `kl_of_levels`."""
        return torch.cat(kl_of_levels(q, self.prior, z), -1)

    def kl_parts(self, shares: Tensor) -> dict[str, Tensor]:
        """Each level's part of the KL: `kl_1` (the bottom) to `kl_L`."""
        return {f"kl_{number}": part.sum() for number, part in enumerate(self.levels(shares), 1)}


class HierarchicalVAE(LevelledVAE):
    """A stack of Gaussian levels, z₁ (the bottom, which is decoded) to z_L (the top, N(0, I)): p(x|z₁) p(z₁|z₂) … p(z_L).

    inference: how the levels are found in an image.
        "naive": from the bottom up, q(z₁|x) q(z₂|z₁) … (Burda et al. 2016).
        "ladder": from the top down, q(z_L|x) … q(z₁|z₂, x), each level's Gaussian the product of what x says and what the level above
        says, weighted by their precisions (Sønderby et al. 2016, equations 8 to 10).
        "residual": from the top down too; what the level above says is moved and stretched by what x and that level say together
        (Vahdat & Kautz 2020, section 3.2). Where x adds nothing, q(z₁|z₂, x) is p(z₁|z₂), and costs nothing.
    latent_sizes, hidden_sizes: one number a level, the bottom first.
    beta, anneal_steps, free_bits: what the KL of all levels counts for, as for `LatentVariableModel`. Without annealing upper levels tend
        to stay empty.
    likelihood, sigma, learn_sigma: as for `networks.PixelLikelihood`.
    Latents of all levels stand side by side, z = (z₁, …, z_L): `encode`, `decode` and `prior` are over that z, and `levels` cuts it up.
    With one level it is the plain VAE with one hidden layer.
    """

    def __init__(
        self,
        *,
        input_shape: Sequence[int] = (1, 28, 28),
        latent_sizes: Sequence[int] = (20, 10),
        hidden_sizes: Sequence[int] = (400, 200),
        inference: str = "ladder",
        beta: float = 1.0,
        anneal_steps: int = 0,
        free_bits: float = 0.0,
        likelihood: str = "bernoulli",
        sigma: float = 0.1,
        learn_sigma: bool = False,
    ) -> None:
        if inference not in INFERENCES:
            raise ValueError(f"unknown inference {inference!r}, expected one of: {', '.join(INFERENCES)}.")
        if not len(latent_sizes) == len(hidden_sizes) >= 1 or min(latent_sizes) < 1:
            sizes = f"latent_sizes are {list(latent_sizes)} and hidden_sizes {list(hidden_sizes)}"
            raise ValueError(f"{sizes}, expected one of each for every level, and at least 1.")
        super().__init__(input_shape=input_shape, latent_size=sum(latent_sizes), beta=beta, anneal_steps=anneal_steps, free_bits=free_bits)
        self.latent_sizes = list(latent_sizes)
        self.inference = inference
        pixels, tops = math.prod(input_shape), range(1, len(latent_sizes))
        # What the encoder of a level sees: its latents where it goes bottom-up, else the features of the level below.
        below = latent_sizes if inference == "naive" else hidden_sizes
        seen = [pixels, *below[:-1]]
        self.features = nn.ModuleList(nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in zip(seen, hidden_sizes, strict=True))
        # What a head sees: a level's features, and in a residual stack what the hidden layer behind the level above makes of that one.
        merged_with = [*hidden_sizes[1:], 0] if inference == "residual" else [0] * len(hidden_sizes)
        sizes = zip(hidden_sizes, merged_with, latent_sizes, strict=True)
        self.heads = nn.ModuleList(nn.Linear(own + other, 2 * size) for own, other, size in sizes)
        self.top_down = nn.ModuleList(mlp([latent_sizes[i], hidden_sizes[i], 2 * latent_sizes[i - 1]]) for i in tops)
        self.decoder = mlp([latent_sizes[0], hidden_sizes[0], pixels])
        self.pixels = PixelLikelihood(likelihood, len(self.input_shape), sigma=sigma, learn_sigma=learn_sigma)

    def encode(self, x: Tensor, y: Tensor | None = None) -> LatentStack:
        """q(z|x) over all levels: a `LatentStack` over (batch, latent_size)."""
        seen = self.check_input(x).flatten(1)
        if self.inference == "naive":
            return LatentStack([self._naive_level(i, seen) for i in range(self.depth)], self.latent_sizes, range(self.depth))
        conditionals, level_of = [], self._ladder_level if self.inference == "ladder" else self._residual_level
        for level in range(self.depth):
            seen = self.features[level](seen)
            conditionals.append(level_of(level, seen))
        return LatentStack(conditionals, self.latent_sizes, range(self.depth - 1, -1, -1))

    def _naive_level(self, level: int, x: Tensor) -> Conditional:
        def conditional(below: Tensor | None) -> Independent:
            return gaussian(*self.heads[level](self.features[level](x if below is None else below)).chunk(2, dim=-1))

        return conditional

    def _ladder_level(self, level: int, features: Tensor) -> Conditional:
        from_x = gaussian(*self.heads[level](features).chunk(2, dim=-1))

        def conditional(above: Tensor | None) -> Independent:
            return from_x if above is None else merged(from_x, self._prior_of(level, above))

        return conditional

    def _residual_level(self, level: int, features: Tensor) -> Conditional:
        def conditional(above: Tensor | None) -> Independent:
            if above is None:
                return gaussian(*self.heads[level](features).chunk(2, dim=-1))
            *hidden, to_prior = self.top_down[level].children()
            said = nn.Sequential(*hidden)(above)
            both = torch.cat([features.expand(*said.shape[:-1], -1), said], dim=-1)
            return moved(gaussian(*to_prior(said).chunk(2, dim=-1)), *self.heads[level](both).chunk(2, dim=-1))

        return conditional

    def _prior_of(self, level: int, above: Tensor) -> Independent:
        """p(z_level | z_{level+1})."""
        return gaussian(*self.top_down[level](above).chunk(2, dim=-1))

    @property
    def prior(self) -> LatentStack:
        """p(z₁|z₂) … p(z_L), drawn from the top."""
        top = self._zeros[: self.latent_sizes[-1]]

        def conditional_of(level: int) -> Conditional:
            return lambda above: gaussian(top, top) if above is None else self._prior_of(level, above)

        return LatentStack([conditional_of(level) for level in range(self.depth)], self.latent_sizes, range(self.depth - 1, -1, -1))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Independent:
        """p(x|z₁) for z of shape (…, latent_size): of all the levels, the bottom alone reaches the pixels directly."""
        return self.pixels(self.decoder(self.levels(z)[0]).unflatten(-1, self.input_shape))

    @torch.no_grad()
    def resample(self, x: Tensor, level: int, n: int) -> Tensor:
        """Encode one image, draw one level anew `n` times and decode: (*input_shape) or (1, *input_shape) → (n, *input_shape).

        Levels above `level` (1 is the bottom) keep their means under q(z|x); `level` is drawn from its prior given the one above; the
        levels below follow with the means of their priors. So resampling the top changes everything that it does not hold fixed.
        Raises ValueError when there is no such level.
        """
        if not 1 <= level <= self.depth:
            raise ValueError(f"level is {level}, expected 1 (the bottom) to {self.depth} (the top).")
        with evaluating(self):
            kept = list(self.levels(self.encode(self.entered(x.reshape(1, *self.input_shape))).mean.expand(n, -1)))
            prior = self.prior
            for index in range(level - 1, -1, -1):
                above = kept[index + 1] if index + 1 < self.depth else None
                conditional = prior.conditionals[index](above)
                kept[index] = conditional.mean if index < level - 1 else conditional.sample((n,) if above is None else ())
            return self.decode(torch.cat(kept, dim=-1)).mean


def merged(one: Independent, other: Independent) -> Independent:
    """The normalised product of two diagonal Gaussians: precisions add up, means are weighted by them.

    Source: Sønderby et al. 2016, equations 9 and 10.
    """
    precision, other_precision = one.variance.reciprocal(), other.variance.reciprocal()
    variance = (precision + other_precision).reciprocal()
    mu = (one.mean * precision + other.mean * other_precision) * variance
    return gaussian(mu, variance.log())


def moved(prior: Independent, shift: Tensor, log_stretch: Tensor) -> Independent:
    """A diagonal Gaussian moved by `shift`, its variance multiplied by exp(`log_stretch`).

    KL(moved ‖ prior) = ½ (shift²/σ² + exp(log_stretch) − log_stretch − 1) nats a number: 0 where nothing is changed.
    Source: Vahdat & Kautz 2020, section 3.2.
    """
    return gaussian(prior.mean + shift, prior.variance.log() + log_stretch)
