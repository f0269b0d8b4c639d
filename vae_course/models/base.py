"""What all models share: a loss with named terms, a training step, settings that are kept, an encoder and a decoder, the ELBO."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal, kl_divergence

from ..data.dataset import as_examples, check_pixels
from ..objectives import gaussian

if TYPE_CHECKING:
    from typing_extensions import Self


# What a model with a code and a prior is asked for. One that has none of it says so for them all in `has_no`.
PARTS = ("encode", "decode", "reconstruct", "interpolate", "prior", "sample")


class Loss:
    """What `model.loss` returns: named terms in nats per example; `total` is what is minimised.

    `terms` holds them all by name, `total` among them, as scalar tensors; each can be read as an attribute, too: `loss.kl`.
    """

    def __init__(self, *, total: Tensor, **terms: Tensor) -> None:
        self.terms: dict[str, Tensor] = {"total": total, **terms}

    def __getattr__(self, name: str) -> Tensor:
        terms = self.__dict__.get("terms", {})
        if name not in terms:
            raise AttributeError(f"this loss has no term {name!r}, it has: {', '.join(terms)}.")
        return terms[name]

    def __repr__(self) -> str:
        return "Loss(" + ", ".join(f"{name}={value.item():.2f}" for name, value in self.terms.items()) + ")"


class Model(nn.Module):
    """What `fit` and a checkpoint need of any model: a `loss`, a step, a device, the settings it was built from, inputs checked.

    config: the settings that made it, recorded here, so that a checkpoint can build the same model again.
    steps_trained: its training steps, over all calls of `fit`, for schedules of its own; part of `state_dict`.
    measured_by: what a checkpoint's metrics are: "bounds" (the ELBO and its terms, −log p(x)), "losses" (every term of the loss),
        "match" (those, and how well codes fit the prior) or "accuracy".
    has_no: what other models have and this one has not, by name, with the sentence that whoever asks for it reads.
    """

    measured_by = "losses"
    has_no: Mapping[str, str] = {}
    config: dict[str, Any]
    history: Any  # what `fit` keeps
    steps_trained = 0

    def __new__(cls, *arguments, **settings) -> Self:
        model = super().__new__(cls)
        model.__dict__["config"] = settings_of(cls, settings)
        return model

    def __init__(self, *, input_shape: Sequence[int]) -> None:
        super().__init__()
        self.input_shape = tuple(input_shape)

    def __getattr__(self, name: str):
        if name in self.has_no:
            raise AttributeError(self.has_no[name], name=name, obj=self)
        return super().__getattr__(name)

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """What training makes small, with its named terms, in nats per example, averaged over the batch."""
        raise NotImplementedError

    @property
    def device(self) -> torch.device:
        """Where the model's numbers live."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the model's numbers."""
        return next(self.parameters()).dtype

    def placed(self, x: Tensor) -> Tensor:
        """x where the model's numbers live and in their precision; a NumPy array becomes a tensor. Raises ValueError for whole numbers."""
        return as_examples(x).to(self.dtype).to(self.device)  # in this order: there are devices that know no double precision

    def optimizer(self, learning_rate: float) -> Any:
        """What `training_step` takes: Adam over all parameters."""
        fused = self.device.type in ("cpu", "cuda")
        return torch.optim.Adam(self.parameters(), lr=learning_rate, fused=fused)

    def training_step(self, x: Tensor, y: Tensor | None, optimizer: Any) -> Loss:
        """One step on one batch. A model that trains in another way (two optimisers, say) overrides this."""
        loss = self.loss(x, y)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        self.steps_trained += 1
        return loss

    def check_input(self, x: Tensor) -> Tensor:
        """Return x if it is a batch of the shape and dtype that this model takes, else raise a ValueError that says what is wrong.

        It looks at no number: on a GPU that would make the program wait in each training step. `check_values` does.
        """
        if not isinstance(x, Tensor) or not x.is_floating_point():
            kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(f"expected a floating-point tensor of images, got {kind}. Use x.float() / 255 on bytes, or load(...).")
        if tuple(x.shape[1:]) != self.input_shape or x.dim() == 0:
            raise ValueError(
                f"expected a batch of shape (n, {', '.join(map(str, self.input_shape))}), got {tuple(x.shape)}. "
                f"Reshape the images, or build the model with input_shape={tuple(x.shape[1:])}."
            )
        if len(x) == 0:
            raise ValueError("the batch is empty: expected at least one example.")
        if x.dtype != self.dtype:
            raise ValueError(f"the images are {x.dtype} and the model is {self.dtype}. Use x.to(model.dtype).")
        return x

    def check_values(self, x: Tensor) -> Tensor:
        """Return x if this model can take all of its numbers, here from 0 to 1, else raise a ValueError. Asked where data enters."""
        check_pixels(x)
        return x

    def check_batch(self, x: Tensor, y: Tensor | None) -> None:
        """Raise ValueError unless the model can be trained on these examples and labels, shapes and values. Asked where data enters."""
        self.check_values(self.check_input(x))

    def entered(self, x: Tensor) -> Tensor:
        """x from outside, on the model's device and in its precision. Raises ValueError unless it is a batch that the model takes."""
        return self.check_values(self.check_input(self.placed(x)))

    # The count of steps goes wherever the weights go.

    def get_extra_state(self) -> Tensor:
        """What `state_dict` keeps beside parameters and buffers: the count of training steps, as a tensor."""
        return torch.tensor(self.steps_trained)

    def set_extra_state(self, state: Tensor) -> None:
        """Take over what `get_extra_state` gave."""
        self.steps_trained = int(state)

    def _load_from_state_dict(self, state_dict: dict, prefix: str, *others) -> None:
        state_dict.setdefault(f"{prefix}_extra_state", self.get_extra_state())  # PyTorch would call it missing; the dictionary is a copy
        super()._load_from_state_dict(state_dict, prefix, *others)


def settings_of(cls: type, given: dict[str, Any]) -> dict[str, Any]:
    """All settings by name, those that were left out with their defaults. A class that hands **settings on takes those above it, too."""
    found: dict[str, Any] = {}
    for level in cls.__mro__:
        if "__init__" not in vars(level) or not issubclass(level, Model):
            continue
        parameters = [one for one in inspect.signature(vars(level)["__init__"]).parameters.values() if one.name != "self"]
        for parameter in parameters:
            if parameter.name in given or parameter.default is not parameter.empty:
                found.setdefault(parameter.name, given.get(parameter.name, parameter.default))
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


class EncoderDecoder(Model):
    """An encoder from x to a distribution over latents, and a decoder back. A variant writes `encode` and `decode`.

    Labels are optional everywhere: a model without them takes `y` and does not look at it; one with labels says so in `labels`.
    """

    def __init__(self, *, input_shape: Sequence[int], latent_size: int) -> None:
        if latent_size < 1:
            raise ValueError(f"latent_size is {latent_size}, expected at least 1.")
        super().__init__(input_shape=input_shape)
        self.latent_size = latent_size

    def encode(self, x: Tensor, y: Tensor | None = None) -> Distribution:
        """q(z|x) for x of shape (batch, *input_shape), pixels in [0, 1]: a distribution over (batch, latent_size)."""
        raise NotImplementedError

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """p(x|z) for z of shape (..., latent_size): a distribution over (..., *input_shape)."""
        raise NotImplementedError

    def labels(self, y: Tensor | int | None, n: int) -> Tensor | None:
        """`n` labels on the model's device, as `encode` and `decode` take them, from one class for all or (n,) labels; here none."""
        return None

    @torch.no_grad()
    def reconstruct(self, x: Tensor, y: Tensor | int | None = None) -> Tensor:
        """Encode x, take the mean of q(z|x) and decode it: (batch, *input_shape) → the same shape, pixels in [0, 1]."""
        x = self.entered(x)
        y = self.labels(y, len(x))
        with evaluating(self):
            return self.decode(self.encode(x, y).mean, y).mean

    @torch.no_grad()
    def interpolate(
        self, x0: Tensor, x1: Tensor, steps: int = 10, *, y0: int | None = None, y1: int | None = None, spherical: bool = False
    ) -> Tensor:
        """Decode `steps` points on the way from one image's encoding to another's, both ends included.

        x0, x1: one image each, (*input_shape) or (1, *input_shape). y0, y1: their classes, where the model knows classes; y1 is y0 when
        left out, and all points are decoded as y0. Result: (steps, *input_shape), pixels in [0, 1].
        """
        ends = self.entered(torch.stack([self.placed(x).reshape(self.input_shape) for x in (x0, x1)]))
        first, last = self.labels(y0, 1), self.labels(y0 if y1 is None else y1, 1)
        with evaluating(self):
            z0, z1 = self.encode(ends, None if first is None or last is None else torch.cat([first, last])).mean
            path = latent_path(z0, z1, steps, spherical=spherical)
            return self.decode(path, None if first is None else first.expand(steps, *first.shape[1:])).mean

    def check_latent(self, z: Tensor) -> Tensor:
        """Return z if its last dimension is `latent_size`, else raise a ValueError that says what is wrong."""
        if z.dim() == 0 or z.shape[-1] != self.latent_size:
            raise ValueError(f"expected latents of shape (..., {self.latent_size}), got {tuple(z.shape)}.")
        return z


class GenerativeModel(EncoderDecoder):
    """An encoder and a decoder with a prior over the latents, from which new examples can be drawn."""

    _zeros: Tensor

    def __init__(self, *, input_shape: Sequence[int], latent_size: int) -> None:
        super().__init__(input_shape=input_shape, latent_size=latent_size)
        self.register_buffer("_zeros", torch.zeros(latent_size), persistent=False)

    @property
    def prior(self) -> Distribution:
        """p(z), here N(0, I) over `latent_size` dimensions."""
        return gaussian(self._zeros, self._zeros)

    def drawn_labels(self, n: int) -> Tensor | None:
        """`n` labels for samples of which nobody said what they should be; here there are none."""
        return None

    @torch.no_grad()
    def sample(self, n: int, y: Tensor | int | None = None) -> Tensor:
        """Draw `n` latents from the prior and decode them: (n, *input_shape), the mean of p(x|z) for each.

        y: one class for all, or (n,) labels, where the model knows classes; left out, they are drawn.
        """
        labels = self.drawn_labels(n) if y is None else self.labels(y, n)
        with evaluating(self):
            return self.decode(self.prior.sample((n,)), labels).mean


class LatentVariableModel(GenerativeModel):
    """A model p(x|z) p(z) with an encoder q(z|x), trained on the ELBO. A variant writes `encode` and `decode`.

    beta: what the KL counts for in the loss (Higgins et al. 2017). May be changed while training goes on, by `fit`'s `on_epoch` say.
    anneal_steps: in training the KL's weight rises from 0 to `beta` in a straight line over the first so many steps, in however many
        calls of `fit`; 0 for no annealing (Bowman et al. 2016, section 3.1; Sønderby et al. 2016, section 3).
    free_bits: a KL in nats that each latent has for nothing (Kingma et al. 2016): one whose KL, averaged over the batch, lies below is
        counted at `free_bits`, so that nothing is gained by emptying it. The term `kl` stays the true one.
    Raises ValueError when latent_size < 1, or anneal_steps or free_bits is negative.
    """

    measured_by = "bounds"

    def __init__(
        self, *, input_shape: Sequence[int], latent_size: int, beta: float = 1.0, anneal_steps: int = 0, free_bits: float = 0.0
    ) -> None:
        super().__init__(input_shape=input_shape, latent_size=latent_size)
        if anneal_steps < 0:
            raise ValueError(f"anneal_steps is {anneal_steps}, expected at least 0.")
        if not free_bits >= 0:
            raise ValueError(f"free_bits is {free_bits}, expected a KL per latent dimension of at least 0 nats.")
        self.beta, self.anneal_steps, self.free_bits = beta, anneal_steps, free_bits

    @property
    def kl_weight(self) -> float:
        """What the KL counts for in the loss now: `beta`, or less of it in training while it is annealed."""
        if not self.training or self.anneal_steps == 0:
            return self.beta
        return self.beta * min(1.0, self.steps_trained / self.anneal_steps)

    def kl_terms(self, q: Distribution, z: Tensor) -> Tensor:
        """Each latent's share of KL(q(z|x) ‖ p(z)), in nats: (batch, latent_size), which sums to the KL over the last dimension.

        q: what `encode` gave. z: a draw from it, for models whose KL has no closed form. Where q's latents are not independent of each
        other, the KL is one column, (batch, 1).
        """
        if type(self).prior is GenerativeModel.prior and isinstance(q, Independent) and isinstance(q.base_dist, Normal):
            mu, variance = q.base_dist.loc, q.base_dist.scale.square()
            return 0.5 * (variance + mu.square() - 1 - variance.log())  # to the last digit as below, without making a prior in each step
        p = self.prior
        if isinstance(q, Independent) and isinstance(p, Independent) and q.reinterpreted_batch_ndims == p.reinterpreted_batch_ndims == 1:
            return kl_divergence(q.base_dist, p.base_dist)
        return kl_divergence(q, p).unsqueeze(-1)

    def kl_parts(self, shares: Tensor) -> dict[str, Tensor]:
        """Further terms for the loss, from the latents' shares (latent_size,) of the batch's KL; here none."""
        return {}

    def loss(self, x: Tensor, y: Tensor | None = None) -> Loss:
        """The negative ELBO and its two terms, in nats per example, averaged over the batch; `total` has the KL as it counts now."""
        q = self.encode(x, y)
        z = q.rsample()
        reconstruction = -self.decode(z, y).log_prob(x).mean()
        each = self.kl_terms(q, z)
        shares = each.mean(0)
        kl = shares.sum()
        counted = shares.clamp_min(self.free_bits).sum() if self.free_bits else kl
        return Loss(total=reconstruction + self.kl_weight * counted, reconstruction=reconstruction, kl=kl, **self.kl_parts(shares))


def latent_path(z0: Tensor, z1: Tensor, steps: int, *, spherical: bool = False) -> Tensor:
    """`steps` points from z0 to z1, both included: (latent_size,) twice → (steps, latent_size).

    Straight, or along the great circle (White 2016), which keeps the length of z where a straight line would cut
    through the middle, where a high-dimensional Gaussian has next to no mass. Raises ValueError when steps < 2.
    """
    if steps < 2:
        raise ValueError(f"steps is {steps}, expected at least 2 (both ends are included).")
    t = torch.linspace(0, 1, steps, device=z0.device, dtype=z0.dtype).unsqueeze(-1)
    if not spherical:
        return (1 - t) * z0 + t * z1
    cosine = torch.nn.functional.cosine_similarity(z0, z1, dim=-1).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if torch.sin(angle) < 1e-4:  # parallel or opposite: no unique great circle
        return (1 - t) * z0 + t * z1
    return (torch.sin((1 - t) * angle) * z0 + torch.sin(t * angle) * z1) / torch.sin(angle)


class HasModes(Protocol):
    """Whatever has a training mode and an evaluation mode, as every `nn.Module` has."""

    training: bool

    def train(self, mode: bool = True) -> object: ...

    def eval(self) -> object: ...


Evaluated = TypeVar("Evaluated", bound=HasModes)


@contextmanager
def evaluating(model: Evaluated) -> Iterator[Evaluated]:
    """Evaluation mode inside, the mode it had before afterwards."""
    was_training = model.training
    model.eval()
    try:
        yield model
    finally:
        model.train(was_training)
