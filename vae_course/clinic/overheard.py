"""What a loss does inside: which q it asks for and which z it decodes, overheard while it is computed.

A model's own `loss` may draw z as it likes. Whoever draws z anew, to compare, compares two draws; whoever overhears it can be exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.distributions import Distribution

from .subject import reported


@dataclass
class Heard:
    """What was passed while a loss was computed. entered: the first input of each layer, by name. None where there was none, or several."""

    posteriors: list[Distribution] = field(default_factory=list)
    codes: list[Tensor] = field(default_factory=list)
    entered: dict[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Overheard:
    """A loss's terms, and the q and z it took them from; None where that could not be heard. corrupts: whether it changes x before."""

    terms: dict[str, Tensor]
    q: Distribution | None
    z: Tensor | None
    corrupts: bool = False


def overheard(model: Any, x: Tensor, y: Tensor | None) -> Overheard:
    """The loss of a batch, with what it was computed from. The caller seeds, and sets the model's mode."""
    with torch.random.fork_rng(devices=[]), torch.no_grad(), _listening(model) as alone:
        q = model.encode(x, y)
    with _listening(model) as inside:
        terms = reported(model, x, y)
    changed = not inside.posteriors and not _same_input(alone, inside)  # it corrupts its input: then its q is not encode's
    asked = inside.posteriors[0] if len(inside.posteriors) == 1 else None if inside.posteriors or changed else q
    codes = inside.codes or [value for name, value in inside.entered.items() if name not in alone.entered]
    wanted = q.mean.shape
    fitting = [z for z in codes if z.shape == wanted] if len(inside.codes) < 2 else []
    return Overheard(terms, asked, fitting[0] if fitting and asked is not None else None, changed)


def _same_input(one: Heard, other: Heard) -> bool:
    first, second = (next(iter(heard.entered.values()), None) for heard in (one, other))
    if first is None or second is None:
        return True
    return first.shape == second.shape and torch.equal(first, second)


@contextmanager
def _listening(model: Any) -> Iterator[Heard]:
    heard, encode, decode = Heard(), model.encode, model.decode

    def told_q(*given, **named):
        heard.posteriors.append(encode(*given, **named))
        return heard.posteriors[-1]

    def told_z(z, *given, **named):
        heard.codes.append(z)
        return decode(z, *given, **named)

    def look(name):
        def enters(_, inputs):
            if inputs and isinstance(inputs[0], Tensor):
                heard.entered.setdefault(name, inputs[0])

        return enters

    handles = [layer.register_forward_pre_hook(look(name)) for name, layer in model.named_modules() if not list(layer.children())]
    hidden = {name: model.__dict__[name] for name in ("encode", "decode") if name in model.__dict__}
    model.__dict__.update(encode=told_q, decode=told_z)
    try:
        yield heard
    finally:
        for handle in handles:
            handle.remove()
        del model.__dict__["encode"], model.__dict__["decode"]
        model.__dict__.update(hidden)
