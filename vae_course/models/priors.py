"""Priors by name. An adversarial autoencoder only draws from its prior, so a prior need not have a density that can be written down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution, MixtureSameFamily, MultivariateNormal, constraints

from ..objectives import gaussian

PRIORS = ("gaussian", "mixture", "swiss roll", "handwriting")
HANDWRITING = Path(__file__).parents[1] / "data" / "handwriting.txt"


def prior_named(name: str, latent_size: int, *, device: torch.device | str | None = None) -> Distribution:
    """The prior `name` over (latent_size,): "gaussian", N(0, I); "mixture", `ring_of_gaussians`; "swiss roll", `SwissRoll`;
    "handwriting", `Rows` of a table of where a pen was.

    All but the first live in the plane. Raises ValueError for an unknown name, and for another latent size than 2 with these.
    """
    if name not in PRIORS:
        raise ValueError(f"unknown prior {name!r}, expected one of: {', '.join(PRIORS)}.")
    if name == "gaussian":
        zeros = torch.zeros(latent_size, device=device)
        return gaussian(zeros, zeros)
    if latent_size != 2:
        raise ValueError(f"the prior {name!r} lives in 2 dimensions, got latent_size={latent_size}. Use latent_size=2, or 'gaussian'.")
    if name == "handwriting":
        return Rows(_pen().to(device or "cpu"))
    return ring_of_gaussians(device=device) if name == "mixture" else SwissRoll(device=device)


@cache
def _pen() -> Tensor:
    """The table of "handwriting": (4000, 2)."""
    rows = HANDWRITING.read_text("utf-8").splitlines()[1:]
    return torch.tensor([[float(number) for number in row.split()] for row in rows])


def draw_parts(prior: Distribution, y: Tensor, parts: int) -> Tensor:
    """A draw from the y-th of `parts` equally likely parts of the prior, for each y: (n,) integers → (n, 2).

    The parts are the petals of a ring, and lengths of the roll's arm from the middle outwards, each with as many draws as any other.
    Raises ValueError for a prior without parts, or a ring of another number of petals.
    """
    if isinstance(prior, SwissRoll):
        return prior.draw_between(y / parts, (y + 1) / parts)
    if not isinstance(prior, MixtureSameFamily):
        raise ValueError("a Gaussian has no parts to give to classes. Use prior='mixture' or 'swiss roll', or classes=0.")
    petals = prior.component_distribution
    if petals.batch_shape != (parts,):
        raise ValueError(f"the mixture has {petals.batch_shape[0]} components, expected one for each of {parts} classes.")
    return petals.sample(y.shape)[torch.arange(len(y), device=y.device), y]


def ring_of_gaussians(
    components: int = 10, *, radius: float = 2.0, along: float = 0.45, across: float = 0.15, device: torch.device | str | None = None
) -> MixtureSameFamily:
    """Gaussians in a ring, each as likely as any other: petals that point outwards (Makhzani et al. 2015, section 2.3).

    Component k has its mean at the angle 2πk/components and the distance `radius`; its standard deviations are `along` the ray and `across`
    it. `log_prob` exists: log of a sum of densities. The KL to it has no closed form. Raises ValueError when components < 1.
    """
    if components < 1:
        raise ValueError(f"components is {components}, expected at least 1.")
    angle = torch.arange(components, device=device) * (2 * math.pi / components)
    ray = torch.stack([angle.cos(), angle.sin()], -1)
    tangent = torch.stack([-angle.sin(), angle.cos()], -1)
    covariance = along**2 * _outer(ray) + across**2 * _outer(tangent)
    petals = MultivariateNormal(radius * ray, covariance, validate_args=False)
    return MixtureSameFamily(Categorical(logits=torch.zeros(components, device=device), validate_args=False), petals, validate_args=False)


class SwissRoll(Distribution):
    """A spiral in the plane, drawn by a recipe: where along the arm, then a little noise. There is no formula for its density here.

    A point lies at the angle t and the distance radius·t/(2π·turns) from the middle, plus N(0, noise²) in both coordinates. t is drawn so
    that the outer part of the arm, which is longer, gets more. Raises ValueError for settings that are not above 0.
    """

    arg_constraints = {}  # pyright: ignore[reportAssignmentType]
    support = constraints.real_vector  # pyright: ignore[reportAssignmentType]
    has_rsample = False

    def __init__(self, *, turns: float = 2.0, radius: float = 3.0, noise: float = 0.1, device: torch.device | str | None = None) -> None:
        for name, value in (("turns", turns), ("radius", radius), ("noise", noise)):
            if not value > 0:
                raise ValueError(f"{name} is {value}, expected a number above 0.")
        self.turns, self.radius, self.noise = turns, radius, noise
        self.device = device
        super().__init__(batch_shape=torch.Size(), event_shape=torch.Size([2]), validate_args=False)

    def arm(self, share: Tensor) -> Tensor:
        """The middle of the arm, `share` of the way out (0 to 1): (...) → (..., 2)."""
        angle = 2 * math.pi * self.turns * share
        return self.radius * share.unsqueeze(-1) * torch.stack([angle.cos(), angle.sin()], -1)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Points of the roll: (*sample_shape, 2)."""
        zeros = torch.zeros(tuple(sample_shape), device=self.device)
        return self.draw_between(zeros, zeros + 1)

    def draw_between(self, low: Tensor, high: Tensor) -> Tensor:
        """One point for each pair, from the part of the roll that holds its `low`-th to its `high`-th share of draws: (...) → (..., 2)."""
        share = (low + (high - low) * torch.rand_like(low)).sqrt()
        return self.arm(share) + self.noise * torch.randn(*low.shape, 2, device=low.device)

    def log_prob(self, value: Tensor) -> Tensor:
        """Not there. Raises NotImplementedError."""
        mend = "Draw from it and let a discriminator compare, as AdversarialAutoencoder does."
        raise NotImplementedError(f"the swiss roll has a recipe for samples and no formula for log p(z). {mend}")


class Rows(Distribution):
    """Draws the rows of a table, each as likely as any other. That is all: there is no density, neither here nor anywhere.

    rows: (n, latent_size). Raises ValueError unless it is a table with a row at least.
    """

    arg_constraints = {}  # pyright: ignore[reportAssignmentType]
    support = constraints.real_vector  # pyright: ignore[reportAssignmentType]
    has_rsample = False

    def __init__(self, rows: Tensor) -> None:
        if rows.dim() != 2 or not rows.numel():
            raise ValueError(f"got rows of shape {tuple(rows.shape)}, expected a table, (n, latent_size), with a row at least.")
        self.rows = rows
        super().__init__(batch_shape=torch.Size(), event_shape=rows.shape[1:], validate_args=False)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Rows: (*sample_shape, latent_size)."""
        return self.rows[torch.randint(len(self.rows), tuple(sample_shape), device=self.rows.device)]

    def log_prob(self, value: Tensor) -> Tensor:
        """Not there. Raises NotImplementedError."""
        mend = "Draw from it and let a discriminator compare, as AdversarialAutoencoder does."
        raise NotImplementedError(f"a table has rows and no formula for log p(z). {mend}")


def _outer(vectors: Tensor) -> Tensor:
    return vectors.unsqueeze(-1) * vectors.unsqueeze(-2)
