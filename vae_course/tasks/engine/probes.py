"""Inputs drawn from a seed, the awkward ones among them: a batch of one, one latent, float64, numbers far out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from .declaration import Plain, Probe

# Sizes differ in every probe: a mean that stands for a sum must not come out right by accident.
ROWS = {(7, 3): "", (1, 3): "with a single row", (5, 1): "with one column", (4, 6): ""}
DOUBLE = "in float64"
HELD_BACK = "Right, until a number is very small or very large: a variance, a scale, a logit, a share. What keeps yours from following it: a limit, a small number beside it, a step that leaves the range of floats?"


def probes_from(make: Callable[..., dict[str, Plain]], *, sizes: Mapping[tuple, str] = ROWS, more: tuple[Probe, ...] = ()) -> Callable[[int], list[Probe]]:
    """seed -> probes, from `make(draw, *size)`, which builds the arguments out of `draw(*shape)`, a standard normal.

    sizes: one probe each, usually (n rows, of d), with a note. The size whose note begins with "in float64" is drawn so; where there is none, and
    arguments are floating-point tensors, the first size once more. more: chosen probes that come after them and that no seed changes.
    """

    def probes(seed: int) -> list[Probe]:
        generator = torch.Generator().manual_seed(1000 + seed)

        def one(number: int, size: tuple, note: str) -> Probe:
            dtype = torch.float64 if note.startswith(DOUBLE) else torch.float32
            drawn = make(lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype), *size)
            return Probe(drawn, seed + 17 * number, note)

        found = [one(number, size, note) for number, (size, note) in enumerate(sizes.items())]
        floating = any(isinstance(value, torch.Tensor) and value.is_floating_point() for value in found[0].arguments.values())
        if floating and not any(note.startswith(DOUBLE) for note in sizes.values()):
            found.append(one(len(found), next(iter(sizes)), DOUBLE))
        return [*found, *more]

    return probes
