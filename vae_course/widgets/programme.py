"""A network as data: steps and numbers that Python can run and that a browser can run alike, so that a moved slider needs no kernel."""

from __future__ import annotations

import hashlib
import math
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import anywidget
import numpy as np
import torch
import torch.nn.functional as F
import traitlets
from torch import Tensor, nn

from ..models.base import evaluating
from ..models.conditional import LabelledMLP
from ..models.hierarchical import HierarchicalVAE
from ..models.networks import PixelLikelihood
from . import chart
from .latents import decoder_of

TRIALS = 8
CLOSE = 0.5 / 255  # a byte's worth of difference would be seen by who compares; half of it is not there once both are rounded
CLOSE_CODES = 0.005  # of μ and log σ²: half precision moves them by less than a thousandth where a VAE was trained in single precision


class NoProgramme(ValueError):
    """A network, or a likelihood, that has no steps here: its pictures come from the kernel."""


@dataclass(frozen=True)
class Programme:
    """z → pixels, or pixels → μ and log σ², as `steps` that refer to `numbers` by where they begin.

    steps: what JSON can carry, each with a `kind`; `programme.js` runs the same.
    numbers: all weights, one after the other, (n,) in half precision.
    shape: of what comes out: of a picture, (channels, height, width); of a code, (2 · latent_size,).
    """

    steps: tuple[dict[str, Any], ...]
    numbers: np.ndarray
    shape: tuple[int, ...]

    @property
    def key(self) -> str:
        """The same for the same numbers and for no others."""
        return hashlib.sha256(self.numbers.tobytes()).hexdigest()[:16]

    def run(self, z: Tensor, label: int | None = None) -> Tensor:
        """Latents (n, latent_size), of one class where there are classes → pictures (n, *shape), pixels in [0, 1].

        Of an encoder: pictures (n, channels, height, width) → (n, 2 · latent_size), μ and then log σ².
        """
        numbers, x = torch.from_numpy(self.numbers).float(), z.detach().cpu().float()
        for step in self.steps:
            x = RUN[step["kind"]](x, step, lambda at, *size: numbers[at : at + math.prod(size)].view(size), label)
        return x.reshape(-1, *self.shape)


Numbers = Callable[..., Tensor]


def _affine(x: Tensor, step: dict, numbers: Numbers, label: int | None) -> Tensor:
    out = F.linear(x.flatten(1), numbers(step["weight"], step["out"], step["in"]), numbers(step["bias"], step["out"]))
    return out if "labels" not in step else out + numbers(step["labels"] + (label or 0) * step["out"], step["out"])


def _convolution(x: Tensor, step: dict, numbers: Numbers, label: int | None) -> Tensor:
    weight = numbers(step["weight"], step["to"][0], step["from"][0], *step["kernel"])
    return F.conv2d(x.view(-1, *step["from"]), weight, numbers(step["bias"], step["to"][0]), stride=step["stride"], padding=step["padding"])


def _transposed(x: Tensor, step: dict, numbers: Numbers, label: int | None) -> Tensor:
    weight = numbers(step["weight"], step["from"][0], step["to"][0], *step["kernel"])
    bias = numbers(step["bias"], step["to"][0])
    return F.conv_transpose2d(x.view(-1, *step["from"]), weight, bias, stride=step["stride"], padding=step["padding"])


RUN: dict[str, Callable[[Tensor, dict, Numbers, int | None], Tensor]] = {
    "affine": _affine,
    "convolution": _convolution,
    "first": lambda x, step, *_: x[:, : step["out"]],
    "transposed convolution": _transposed,
    "relu": lambda x, *_: x.relu(),
    "silu": lambda x, *_: F.silu(x),
    "tanh": lambda x, *_: x.tanh(),
    "sigmoid": lambda x, *_: x.sigmoid(),
    "chart": lambda x, step, *_: chart.painted(x, step["steps"], step["height"], step["width"]),
    # The mean of a pixel between 0 and 1 whose level is a logistic's: `models.discretised`.
    "logistic mean": lambda x, step, *_: step["scale"] * (F.softplus((x + 0.5) / step["scale"]) - F.softplus((x - 0.5) / step["scale"])),
}
ACTIVATIONS = {nn.ReLU: "relu", nn.SiLU: "silu", nn.Tanh: "tanh", nn.Sigmoid: "sigmoid"}


class _Writer:
    """Collects steps, and their numbers behind each other."""

    def __init__(self, *shape: int) -> None:
        self.shape: tuple[int, ...] = shape
        self.steps: list[dict] = []
        self.pieces: list[np.ndarray] = []
        self.length = 0

    def keep(self, numbers: Tensor) -> int:
        """Where these numbers will begin."""
        at, piece = self.length, numbers.detach().cpu().half()
        if not piece.isfinite().all():
            raise NoProgramme("half precision does not hold its weights")
        self.pieces.append(piece.numpy().ravel())
        self.length += piece.numel()
        return at

    def network(self, module: nn.Module) -> None:
        if isinstance(module, LabelledMLP):
            self.linear(module.from_vector, labels=module.from_label.weight.T)
            self.network(module.rest)
        elif isinstance(module, nn.Sequential):
            for part in module:
                self.network(part)
        elif isinstance(module, nn.Linear):
            self.linear(module)
        elif isinstance(module, nn.Conv2d):
            self.convolution(module)
        elif isinstance(module, nn.ConvTranspose2d):
            self.transposed(module)
        elif type(module) in ACTIVATIONS:
            self.steps.append({"kind": ACTIVATIONS[type(module)]})
        elif isinstance(module, nn.Unflatten) and module.dim == 1:
            self.shape = torch.Size(module.unflattened_size)  # pyright: ignore[reportArgumentType]
        elif isinstance(module, nn.Flatten):
            self.shape = (math.prod(self.shape),)
        elif not isinstance(module, nn.Identity):
            raise NoProgramme(f"{type(module).__name__} has no step")

    def first(self, count: int) -> None:
        """Of several levels, only the bottom one is decoded."""
        self.steps.append({"kind": "first", "out": count})
        self.shape = (count,)

    def linear(self, module: nn.Linear, labels: Tensor | None = None) -> None:
        if math.prod(self.shape) != module.in_features:
            raise NoProgramme("its latents are not what the network takes")
        bias = torch.zeros(module.out_features) if module.bias is None else module.bias
        step = {"kind": "affine", "in": module.in_features, "out": module.out_features}
        step |= {"weight": self.keep(module.weight), "bias": self.keep(bias)}
        self.steps.append(step if labels is None else step | {"labels": self.keep(labels)})
        self.shape = (module.out_features,)

    def convolution(self, module: nn.Conv2d) -> None:
        plain = module.groups == 1 and module.dilation == (1, 1) and module.padding_mode == "zeros"
        if not plain or module.bias is None or len(self.shape) != 3 or isinstance(module.padding, str):
            raise NoProgramme("a convolution of another kind")
        sides = zip(self.shape[1:], module.stride, module.padding, module.kernel_size, strict=True)
        to = (module.out_channels, *((side + 2 * padding - kernel) // stride + 1 for side, stride, padding, kernel in sides))
        self._convolve("convolution", module, module.bias, to)

    def transposed(self, module: nn.ConvTranspose2d) -> None:
        plain = module.groups == 1 and module.output_padding == (0, 0) and module.dilation == (1, 1)
        if not plain or module.bias is None or len(self.shape) != 3 or isinstance(module.padding, str):
            raise NoProgramme("a transposed convolution of another kind")
        sides = zip(self.shape[1:], module.stride, module.padding, module.kernel_size, strict=True)
        to = (module.out_channels, *((side - 1) * stride - 2 * padding + kernel for side, stride, padding, kernel in sides))
        self._convolve("transposed convolution", module, module.bias, to)

    def _convolve(self, kind: str, module: nn.Conv2d | nn.ConvTranspose2d, bias: Tensor, to: tuple[int, ...]) -> None:
        step: dict[str, Any] = {"kind": kind, "from": list(self.shape), "to": list(to), "kernel": list(module.kernel_size)}
        step |= {"stride": list(module.stride), "padding": list(module.padding)}
        self.steps.append(step | {"weight": self.keep(module.weight), "bias": self.keep(bias)})
        self.shape = to

    def likelihood(self, pixels: PixelLikelihood) -> None:
        """What turns the network's output into the mean of p(x|z)."""
        if pixels.kind in ("bernoulli", "gaussian"):
            self.steps.append({"kind": "sigmoid"})
        elif pixels.kind == "discretised logistic":
            self.steps.append({"kind": "logistic mean", "scale": _logistic_scale(pixels)})
        else:
            raise NoProgramme(f"the mean of {pixels.kind} has no step")


def _logistic_scale(pixels: PixelLikelihood) -> float:
    return float(pixels(torch.zeros(1, 1, 1, 1, device=pixels.log_sigma.device)).base_dist.scale.max())


@torch.no_grad()
def programme_of(model: Any) -> Programme | None:
    """The decoder of one of the course's models as a programme, or None where it has steps that are not known here.

    What it paints is compared with what the model decodes, so that a model of one's own that does more is left to the kernel.
    What is no network and still is painted writes its programme itself, `as_programme`.
    """
    if hasattr(model, "as_programme"):
        return model.as_programme()
    network, pixels, shape = (getattr(model, name, None) for name in ("decoder", "pixels", "input_shape"))
    if not isinstance(network, nn.Module) or not isinstance(pixels, PixelLikelihood) or shape is None or len(shape) != 3:
        return None
    writer = _Writer(model.latent_size)
    try:
        if isinstance(model, HierarchicalVAE):
            writer.first(model.latent_sizes[0])
        writer.network(network)
        writer.likelihood(pixels)
    except NoProgramme:
        return None
    programme = Programme(tuple(writer.steps), np.concatenate(writer.pieces), tuple(shape))
    return programme if _paints_alike(programme, model) else None


@torch.no_grad()
def _paints_alike(programme: Programme, model: Any) -> bool:
    z = torch.randn(TRIALS, model.latent_size, generator=torch.Generator().manual_seed(0))
    for label in range(getattr(model, "classes", 0)) or [None]:
        wanted = decoder_of(model, y=label)(z.to(model.device, model.dtype)).cpu().float()
        if wanted.numel() != TRIALS * math.prod(programme.shape) or (programme.run(z, label) - wanted).abs().max() > CLOSE:
            return False
    return True


@torch.no_grad()
def encoder_programme_of(model: Any) -> Programme | None:
    """The encoder of a `VAE`, or of one of its kind, as a programme from pixels to μ and log σ², or None where it has other steps.

    As in `programme_of`, what comes out is compared with what the model says.
    """
    network, shape = getattr(model, "encoder", None), getattr(model, "input_shape", None)
    if not isinstance(network, nn.Module) or shape is None or len(shape) != 3:
        return None
    writer = _Writer(*shape)
    try:
        writer.network(network)
    except NoProgramme:
        return None
    programme = Programme(tuple(writer.steps), np.concatenate(writer.pieces), (2 * model.latent_size,))
    return programme if _encodes_alike(programme, model) else None


@torch.no_grad()
def _encodes_alike(programme: Programme, model: Any) -> bool:
    x = torch.rand(TRIALS, *model.input_shape, generator=torch.Generator().manual_seed(0)) ** 4  # mostly dark, as pictures of ink are
    with evaluating(model):
        q = model.encode(x.to(model.device, model.dtype))
    wanted = torch.cat([q.mean, 2 * q.stddev.log()], -1).cpu().float()
    given = programme.run(x)
    return given.shape == wanted.shape and bool((given - wanted).abs().max() <= CLOSE_CODES)


class Weights(anywidget.AnyWidget):
    """Numbers on their way to the browser: a programme's, once for all explorers of a model, or a scene's tables. No page saves them."""

    _esm = "export default { initialize() {} };"
    key = traitlets.Unicode().tag(sync=True)
    numbers = traitlets.Bytes().tag(sync=True)
    precision = traitlets.Unicode("half").tag(sync=True)  # or "single"


@dataclass
class _Known:
    version: tuple[float, ...]
    programme: Programme | None
    weights: Weights | None


_KNOWN: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_KNOWN_ENCODERS: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def known_programme(model: Any) -> tuple[Programme, Weights] | None:
    """The model's programme as its weights stand now, with what carries them: made once for all explorers, and anew after training."""
    return _known(model, _KNOWN, programme_of)


def known_encoder(model: Any) -> tuple[Programme, Weights] | None:
    """The same for its encoder. Its numbers travel by themselves, as most explorers need none of them."""
    return _known(model, _KNOWN_ENCODERS, encoder_programme_of)


def _known(model: Any, store: weakref.WeakKeyDictionary, make: Callable[[Any], Programme | None]) -> tuple[Programme, Weights] | None:
    if not isinstance(model, nn.Module):
        return None
    version = tuple(_versions(model))
    known = store.get(model)
    if known is None or known.version != version:
        programme = make(model)
        weights = None if programme is None else Weights(key=programme.key, numbers=programme.numbers.tobytes())
        known = store[model] = _Known(version, programme, weights)
    return None if known.programme is None or known.weights is None else (known.programme, known.weights)


@torch.no_grad()
def _versions(model: nn.Module) -> Iterator[float]:
    """What tells weights from what they were: PyTorch counts most writing in place, but not a fused optimiser's, which moves biases."""
    for parameter in model.parameters():
        yield from (parameter._version, parameter.data_ptr())
        if parameter.dim() == 1:
            yield parameter.sum().item()
