"""A latent vector under one's hands: what those explorers share in which z is moved by sliders or taken from an image."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .explorer import Button, Choice, Explorer, Slider, latent, signed
from .latents import Decoder, WithLatents, drawn_from_prior
from .scene import Put, Scene, Take, Tile

DRAWS = 40  # of the prior, until the button begins again


class LatentVector(Explorer):
    """One vector z, with a slider a latent. A kind of it says what is decoded: it writes `alt`, `sheet` and `sheet_alt`.

    origin: the z that all begins with and goes back to, (latent_size,).
    controls: what stands above the sliders; where there are `starts`, the choice `image` puts z to the start of that name.
    Behind them come the buttons `random` (the next draw from the prior), `start` (the origin) and `centre` (z = 0).
    order: the latents that get a slider, from the top; what an image puts into the others stays until all is reset. notes: behind the
    sliders' labels, by the latents' own numbers. limit: how far the sliders go to either side, at least; all starts lie within.
    label: the class that is decoded, or what tells it. decode: a function of z in place of the model's mean.
    """

    picture_width = 252
    in_pixels = True

    def __init__(
        self,
        model: WithLatents,
        controls: Sequence[Choice],
        *,
        origin: Tensor,
        order: Sequence[int],
        notes: Sequence[str],
        starts: Mapping[str, Tensor],
        limit: float,
        label: int | Take | None = None,
        decode: Decoder | None = None,
        random: str = "Random",
    ) -> None:
        self.model, self.order, self.notes, self.starts = model, list(order), list(notes), dict(starts)
        self.origin, self.label, self.own_decode = origin, label, decode
        furthest = max(z.abs().max().item() for z in (origin, *self.starts.values()))
        self.limit = max(limit, math.ceil(2 * furthest) / 2)
        buttons = [Button("random", random), Button("start", "Reset")]
        if origin.any():
            buttons.append(Button("centre", "z = 0"))
        sliders = [Slider(name_of(i), latent(i), -self.limit, self.limit, float(origin[i]), 0.1, self.notes[i]) for i in self.order]
        super().__init__([*controls, *buttons, *sliders])

    def scene(self) -> Scene:
        taken = [Take(torch.stack(list(self.starts.values())), ("image",))] if self.starts else []
        puts = [Put(name_of(i), (i,), follows=True) for i in self.order]
        tile = Tile((*taken, *puts), tuple(self.model.input_shape), self.model, self.label, self.own_decode)
        draws = drawn_from_prior(self.model, DRAWS).clamp(-self.limit, self.limit)
        rows = {"random": draws, "start": self.origin.unsqueeze(0), "centre": torch.zeros_like(self.origin).unsqueeze(0)}
        return Scene((tile,), self.origin, {name: row for name, row in rows.items() if name in self.buttons})

    @property
    def z(self) -> Tensor:
        """The latent vector that is decoded: (latent_size,)."""
        return self.shown()[0][0]

    @z.setter
    def z(self, z: Tensor) -> None:
        z = torch.as_tensor(z)
        if z.shape != self.origin.shape:
            raise ValueError(f"expected latents of shape {tuple(self.origin.shape)}, got {tuple(z.shape)}.")
        self.begin_at(z.to(self.origin))
        self._redraw()

    def places(self) -> str:
        """Where z stands: up to four of its latents that have a slider and are away from zero, the furthest first; nothing when none is."""
        z = self.z.tolist()
        away = sorted((i for i in self.order if abs(z[i]) > 0.05), key=lambda i: -abs(z[i]))
        told = ", ".join(f"{latent(i)} = {signed(z[i])}" for i in away[:4])
        return told + (f" and {len(away) - 4} more away from zero" if len(away) > 4 else "")


def name_of(index: int) -> str:
    """What a latent's control is called in Python: counted from one, as its label."""
    return f"z{index + 1}"
