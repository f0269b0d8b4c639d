"""Which latent dimension carries how much, and decoding by whatever a model calls it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ..contract import EncodesAndDecodes
from ..evaluation.examples import labels_on, placed
from ..models.base import evaluating

Decoder = Callable[[Tensor], Tensor]


class WithLatents(EncodesAndDecodes, Protocol):
    """What an explorer that moves single latents needs beside the contract: how many there are, and of what shape an image is."""

    latent_size: int

    @property
    def input_shape(self) -> Sequence[int]: ...


def decoder_of(model: EncodesAndDecodes, decode: Decoder | None = None, y: Tensor | int | None = None) -> Decoder:
    """A function from latents (n, latent_size) to images (n, *input_shape): `decode`, or else the mean of p(x|z).

    y: what is decoded, for a model that knows classes: one class, or labels (k,) of which each goes with the next n / k latents.
    Raises ValueError when such a model is given none.
    """
    if decode is not None:
        return decode
    labels = _labels(model, y)

    def mean_image(z: Tensor) -> Tensor:
        each = None if labels is None else labels.repeat_interleave(len(z) // len(labels), 0)
        if not model.training:
            return model.decode(z, each).mean
        with evaluating(model):
            return model.decode(z, each).mean

    return mean_image


def for_class(model: EncodesAndDecodes, y: Tensor | int | None, names: Sequence[str] = (), decode: Decoder | None = None) -> str:
    """What `decoder_of` makes of the class, in words: " for class b", or nothing where it decodes none."""
    labels = None if decode is not None or y is None else _labels(model, y)
    if labels is None:
        return ""
    told = [str(names[label]) if label < len(names) else str(label) for label in labels.unique().tolist()]
    return f" for class {told[0]}" if len(told) == 1 else f" for the classes {', '.join(told)}"


def _labels(model: EncodesAndDecodes, y: Tensor | int | None) -> Tensor | None:
    return labels_on(model, y, 1 if y is None or isinstance(y, int) else len(y))


@torch.no_grad()
def codes(model: EncodesAndDecodes, x: Tensor, y: Tensor | int | None = None) -> Tensor:
    """The means of q(z|x): (n, *input_shape) → (n, latent_size), on the model's device. y: labels, for a model that looks at them."""
    with evaluating(model):
        return model.encode(placed(model, x), labels_on(model, y, len(x))).mean


@torch.no_grad()
def variance_carried(model: EncodesAndDecodes, x: Tensor, y: Tensor | int | None = None, decode: Decoder | None = None) -> Tensor:
    """The share of the data's pixel variance that is lost when one latent is set to its average: (latent_size,), 0 to 1.

    With x̂ the reconstruction from the mean codes and x̂₋ᵢ that with latent i averaged away, it is
    (‖x − x̂₋ᵢ‖² − ‖x − x̂‖²) / ‖x − x̄‖², summed over the examples. A latent that the decoder ignores carries 0; the shares
    need not add up to 1, and a label that the decoder sees carries its own. x: (n, *input_shape) with n of at least 2; y: its labels,
    for a model that knows classes.
    """
    if len(x) < 2:
        raise ValueError(f"variance needs at least two examples, got {len(x)}.")
    decoded = decoder_of(model, decode, y)
    x = placed(model, x)
    z = codes(model, x, y)
    total = (x - x.mean(0)).pow(2).sum().clamp_min(1e-12)
    error = (x - decoded(z)).pow(2).sum()
    shares = []
    for i in range(z.shape[1]):
        without = z.clone()
        without[:, i] = z[:, i].mean()
        shares.append((((x - decoded(without)).pow(2).sum() - error) / total).item())
    return torch.tensor(shares).clamp(0, 1)


def most_telling(
    model: WithLatents, x: Tensor | None, y: Tensor | None = None, decode: Decoder | None = None
) -> tuple[list[int], Tensor | None]:
    """The latent dimensions, those that carry most first, and what each carries (by its own number); as they come without x."""
    if x is None:
        return list(range(model.latent_size)), None
    shares = variance_carried(model, x[:500], None if y is None else y[:500], decode)
    return torch.argsort(shares, descending=True).tolist(), shares


def start_around(model: WithLatents, around: Tensor, y: Tensor | int | None = None) -> Tensor:
    """The z that an explorer goes around, (latent_size,): the mean code of an image, (*input_shape), or latents as they are given.

    y: the image's class, for a model that knows classes. Raises ValueError for another shape.
    """
    around = torch.as_tensor(around)
    if around.shape == (model.latent_size,):
        return around.to(model.device)
    shape = tuple(model.input_shape)
    if tuple(around.shape) not in (shape, (1, *shape)):
        raise ValueError(f"around has shape {tuple(around.shape)}, expected an image {shape} or latents {(model.latent_size,)}.")
    return codes(model, around.float().reshape(1, *shape), y)[0]


def drawn_from_prior(model: WithLatents, n: int) -> Tensor:
    """`n` latents, always the same: (n, latent_size), from the model's prior, or from N(0, I) where it has none."""
    prior = getattr(model, "prior", None)
    with torch.random.fork_rng(), torch.no_grad():  # what a page draws afterwards is not for an explorer to change
        torch.manual_seed(0)
        return torch.randn(n, model.latent_size, device=model.device) if prior is None else prior.sample((n,))


def usual(options: Sequence[str]) -> str:
    """The option that an explorer begins with: of ten digits the seven, which is told from all others at a glance."""
    return options[len(options) * 7 // 10]


def one_of_each(y: Tensor | None, count: int) -> list[int]:
    """Indexes of one example a class, in the classes' order; without labels, the first `count`."""
    if y is None or y.dim() != 1:
        return list(range(count))
    found = [int((y == label).nonzero()[0]) for label in y.unique()]
    return found[:count]


@dataclass(frozen=True)
class Picks:
    """Examples that a reader can choose from: `rows` of the data, and the `options` by which they are chosen."""

    rows: list[int]
    options: tuple[str, ...]
    named_by_class: bool

    def place(self, option: str) -> int:
        """Where the option stands among the picks."""
        return self.options.index(option)

    def told(self, option: str) -> str:
        """The picked image in words: by its class, or by its number where classes have no name."""
        return f"an image of class {option}" if self.named_by_class else option


def picks(x: Tensor, y: Tensor | None, names: Sequence[str], count: int = 10) -> Picks:
    """One example a class, or the first `count` where classes have no name. x: (n, …), y: (n,) or None, as from `examples_of`."""
    rows, named = one_of_each(y, min(count, len(x))), bool(names) and y is not None
    return Picks(rows, tuple(names[int(y[i])] if named else f"image {i}" for i in rows), named)  # pyright: ignore[reportOptionalSubscript]
