"""The model under examination: a copy of it, some examples, its history, and what it costs by its own encode and decode."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Independent, Normal, kl_divergence
from torch.utils.data import DataLoader

from ..data import Dataset
from ..data.accepted import in_memory
from ..models.base import evaluating
from .likelihoods import Marks, marks

MOST = 384  # examples that are looked at
BATCH_MOODS = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
RECONSTRUCTIONS = ("reconstruction", "recon", "rec", "reconstruction_loss", "recon_loss", "nll", "bce", "mse")
KLS = ("kl", "kld", "kl_loss", "kl_divergence", "kl_term")


@dataclass(frozen=True)
class Costs:
    """Nats an example, by encode, decode and the prior alone: the model's own loss is not asked.

    at_draw, at_mean: −log p(x|z) at a draw of q(z|x) and at its mean. shuffled: at draws for other examples. kl: KL(q(z|x) ‖ p(z)).
    """

    at_draw: float
    at_mean: float
    shuffled: float
    kl: float

    @property
    def bound(self) -> float:
        """−ELBO."""
        return self.at_draw + self.kl


class Subject:
    """What is examined. Nothing here changes the model that was given."""

    def __init__(self, model: Any, data: Any, history: Any = None, test: Any = None) -> None:
        for needed in ("encode", "decode", "loss"):
            if not callable(getattr(model, needed, None)):
                raise ValueError(f"a {type(model).__name__} has no {needed}(...), expected a model with encode, decode and loss.")
        self.model = copied(model).cpu()
        self.handed_over_training = bool(model.training)
        self.x, self.y, self.count = examples(data, "train")
        given = test if test is not None else data if isinstance(data, Dataset) else None
        self.test = None if given is None else examples(given, "test")
        self.steps = int(getattr(model, "steps_trained", 0))
        self.known: dict[str, Any] = {}  # what was found out once
        terms = getattr(history, "terms", history) or {}
        self.terms = {name: [float(value) for value in values] for name, values in dict(terms).items()}

    @property
    def pixels(self) -> int:
        """How many numbers an example has."""
        return self.x[0].numel()

    @cached_property
    def latents(self) -> int:
        """How many latents a code has."""
        with seeded(), torch.no_grad(), evaluating(self.model):
            return self.model.encode(self.x[:2], None if self.y is None else self.y[:2]).mean[0].numel()

    @property
    def curve(self) -> list[float]:
        """The training loss, epoch by epoch, nats an example."""
        return [value / self.summed for value in self.terms.get("loss", self.terms.get("total", []))]

    @cached_property
    def summed(self) -> float:
        """Over how many examples the history's figures are sums: 1, or about a batch, where the model's loss is a sum over the batch."""
        values, x, y = self.terms.get("loss", self.terms.get("total", [])), self.x[:32], None if self.y is None else self.y[:32]
        if not values or not self.finite:
            return 1.0
        with seeded(), torch.no_grad(), training_quietly(self.model):
            one, two = (reported(self.model, torch.cat([x] * n), None if y is None else torch.cat([y] * n))["total"].item() for n in (1, 2))
        # A mean gives 1 and a sum 2, but for the draws. Then one example's share of a batch's loss says how large the batches were.
        return max(values[-1] / (two / (2 * len(x))), 1.0) if one > 0 and 1.8 < two / one < 2.2 else 1.0

    def curve_of(self, name: str) -> list[float]:
        """Another curve of the history, likewise; no test curve where losses are sums, for its batches may be of any size."""
        return [] if self.summed > 1 and name.startswith("test") else [value / self.summed for value in self.terms.get(name, [])]

    @cached_property
    def finite(self) -> bool:
        """Whether all weights are numbers."""
        return all(bool(torch.isfinite(value).all()) for value in self.model.parameters())

    @cached_property
    def costs(self) -> Costs:
        """On training examples, in evaluation mode."""
        return costs(self.model, self.x, self.y)

    @cached_property
    def test_costs(self) -> Costs | None:
        """The same on test examples, or None where there are none."""
        return None if self.test is None else costs(self.model, self.test[0], self.test[1])

    @cached_property
    def marks(self) -> Marks | None:
        """What the mean example costs, and a perfect copy."""
        with seeded(), torch.no_grad(), evaluating(self.model):
            q = self.model.encode(self.x, self.y)
            return marks(self.model.decode(q.mean, self.y), self.x)

    @cached_property
    def span(self) -> float:
        """What there is to gain from telling examples apart: all costs are judged by it."""
        return self.marks.span if self.marks else max(abs(self.costs.shuffled - self.costs.at_mean), 1e-6)

    @property
    def nothing_to_gain(self) -> bool:
        """Whether telling examples apart is worth less than a nat: then no cost says anything of a model."""
        return self.marks is not None and self.span < 1

    @cached_property
    def variational(self) -> bool:
        """Whether a code has a width and a prior: an autoencoder's has neither."""
        with seeded(), torch.no_grad(), evaluating(self.model):
            q = self.model.encode(self.x[:8], self.y if self.y is None else self.y[:8])
        return prior_of(self.model) is not None and bool((q.variance != 0).any())

    @cached_property
    def useless(self) -> bool:
        """Whether z tells the decoder next to nothing: another example's would do as well."""
        return self.costs.shuffled - self.costs.at_draw < 0.03 * self.span and self.costs.shuffled - self.costs.at_mean < 0.03 * self.span


def examples(data: Any, part: str) -> tuple[Tensor, Tensor | None, int]:
    """At most `MOST` examples of `data`, drawn from all of them, their labels, and how many there are."""
    if isinstance(data, Dataset):
        data = getattr(data, part)
    if isinstance(data, (Tensor, np.ndarray)) and not torch.as_tensor(data).is_floating_point():
        data = torch.as_tensor(data).float()  # bytes: they are named below
    elif isinstance(data, tuple) and len(data) == 2 and not torch.as_tensor(data[0]).is_floating_point():
        data = (torch.as_tensor(data[0]).float(), data[1])
    most = 20 * MOST if isinstance(data, DataLoader) else None
    with seeded():
        x, y = in_memory(data, most=most)
    chosen = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))[:MOST]
    return x[chosen].float().cpu(), None if y is None else y[chosen].cpu(), len(x)


def copied(model: Any) -> Any:
    """A copy to try things on. Gradients and the record of training stay behind."""
    held, gradients = model.__dict__.pop("history", None), [parameter.grad for parameter in model.parameters()]
    try:
        for parameter in model.parameters():
            parameter.grad = None
        return copy.deepcopy(model)
    finally:
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.grad = gradient
        if held is not None:
            model.history = held


def disturbed(model: Any, size: float, seed: int) -> Any:
    """A copy whose weights are moved by so many of their own standard deviations, so that nothing is seen at its optimum only."""
    other = copied(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in other.parameters():
            if parameter.dim() > 1:
                parameter.add_(size * parameter.std() * torch.randn(parameter.shape, generator=generator))
    return other


def fresh(model: Any, seed: int) -> Any:
    """A copy with weights as before any training, so that what training has killed does not hide how the model is made."""
    other = copied(model)
    with seeded(seed):
        for module in other.modules():
            begin = getattr(module, "reset_parameters", None)
            if callable(begin):
                begin()
    return other


@contextmanager
def seeded(seed: int = 0) -> Iterator[None]:
    """The same random numbers each time; the caller's stream is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


@contextmanager
def training_quietly(model: Any) -> Iterator[Any]:
    """Training mode, but for dropout and BatchNorm: what is left of chance is the model's own draw."""
    was = {module: module.training for module in model.modules()}
    model.train()
    for module in model.modules():
        if isinstance(module, BATCH_MOODS):
            module.training = False
    try:
        yield model
    finally:
        for module, mode in was.items():
            module.training = mode


def prior_of(model: Any) -> Distribution | None:
    """The model's p(z), or None where it has none."""
    return getattr(model, "prior", None)


def each(values: Tensor) -> Tensor:
    """One number an example, summed over what is left."""
    return values.flatten(1).sum(1) if values.dim() > 1 else values


def gaussian_of(q: Distribution | None) -> Normal | None:
    """The independent Gaussians that q or a prior is made of, or None where it is something else."""
    one = q.base_dist if isinstance(q, Independent) else q
    return one if isinstance(one, Normal) else None


def drawn(q: Distribution) -> Tensor:
    """A draw, through which a gradient passes where it can."""
    return q.rsample() if q.has_rsample else q.sample()


def kl_of(model: Any, q: Distribution, z: Tensor) -> Tensor:
    """KL(q(z|x) ‖ p(z)), one number an example: in closed form, or from the draw z."""
    p = prior_of(model)
    if p is None:
        return torch.zeros(len(z), device=z.device)
    one = q.base_dist if isinstance(q, Independent) else q
    if isinstance(one, Normal) and not isinstance(q, Independent):
        q = Independent(q, 1, validate_args=False)
    try:
        return each(kl_divergence(q, p))
    except NotImplementedError:
        return each(q.log_prob(z)) - each(p.log_prob(z))


def both(model: Any, x: Tensor, y: Tensor | None, *, at_mean: bool = False) -> tuple[Tensor, Tensor]:
    """−log p(x|z), at a draw or at the mean of q(z|x), and the KL: batch means, with gradients."""
    q = model.encode(x, y)
    z = drawn(q)
    cost = -each(model.decode(q.mean if at_mean else z, y).log_prob(x)).mean()
    try:
        return cost, kl_of(model, q, z).mean()
    except NotImplementedError:  # a point has no KL
        return cost, torch.zeros(())


def costs(model: Any, x: Tensor, y: Tensor | None) -> Costs:
    """On examples x, in evaluation mode."""
    with seeded(), torch.no_grad(), evaluating(model):
        return costs_as_it_stands(model, x, y)


def costs_as_it_stands(model: Any, x: Tensor, y: Tensor | None) -> Costs:
    """The same, in the mode that the model is in."""
    with seeded(), torch.no_grad():
        q = model.encode(x, y)
        z = drawn(q)
        at_draw, at_mean, shuffled = (-each(model.decode(code, y).log_prob(x)).mean().item() for code in (z, q.mean, z.roll(1, 0)))
        try:
            kl = kl_of(model, q, z).mean().item()
        except NotImplementedError:
            kl = 0.0
    return Costs(at_draw, at_mean, shuffled, kl)


def reported(model: Any, x: Tensor, y: Tensor | None) -> dict[str, Tensor]:
    """The terms of the model's own loss, with "total", and "reconstruction" and "kl" where it names such."""
    loss = model.loss(x, y)
    if isinstance(loss, Tensor):
        return {"total": loss}
    terms = dict(getattr(loss, "terms", loss if isinstance(loss, Mapping) else {}))
    total = terms.get("total", terms.get("loss"))
    if total is None:
        raise ValueError(f"the model's loss gives {type(loss).__name__}, expected a record with `total` and named terms.")
    found = {"total": total}
    for name, known in (("reconstruction", RECONSTRUCTIONS), ("kl", KLS)):
        for one in terms:
            if one.lower() in known and isinstance(terms[one], Tensor):
                found[name] = terms[one]
                break
    return found
