"""Inputs drawn from a seed, the awkward ones among them: a batch of one, one latent, float64, numbers far out."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .declaration import Plain, Probe

Draw = Callable[..., Tensor]


# Sizes differ in every probe: a mean that stands for a sum must not come out right by accident.
ROWS = {(7, 3): "", (1, 3): "with a single row", (5, 1): "with one column", (4, 6): ""}


def probes_from(make: Callable[[Draw, int, int], dict[str, Plain]], *, sizes: dict[tuple[int, int], str] | None = None):
    """seed -> probes, from `make(draw, n, d)`, which builds the arguments out of `draw(*shape)`, a standard normal.

    One probe a size (n rows of d, with a note), then one in float64.
    """
    sizes = ROWS if sizes is None else sizes

    def probes(seed: int) -> list[Probe]:
        generator = torch.Generator().manual_seed(1000 + seed)

        def draw(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
            return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)

        def draw_double(*shape: int) -> Tensor:
            return draw(*shape, dtype=torch.float64)

        made = [Probe(make(draw, n, d), seed + 17 * number, note) for number, ((n, d), note) in enumerate(sizes.items())]
        n, d = next(iter(sizes))
        return [*made, Probe(make(draw_double, n, d), seed + 101, note="in float64")]

    return probes


def with_more(probes: Callable[[int], list[Probe]], *more: Probe) -> Callable[[int], list[Probe]]:
    """The same probes and, after them, chosen ones that no seed changes."""
    return lambda seed: [*probes(seed), *more]
