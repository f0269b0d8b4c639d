"""A latent vector under one's hands: what those explorers share in which z is moved by sliders or taken from an image."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from .explorer import Button, Choice, Explorer, Painted, Slider, signed, subscript
from .latents import WithLatents


class LatentVector(Explorer):
    """One vector z, with a slider a latent. A kind of it says what is decoded: it writes `draw`, `alt`, `sheet` and `sheet_alt`.

    controls: what stands above the sliders; among them the buttons `random` (z is drawn from N(0, I)) and `centre` (z = 0), and, where
    there are `starts`, the choice `image`, which puts z to the start of that name.
    order: the latents that get a slider, from the top; what an image puts into the others stays until all is reset. notes: behind the
    sliders' labels, by the latents' own numbers. limit: how far the sliders go to either side, at least; all starts lie within.
    """

    picture_width = 252
    in_pixels = True

    def __init__(
        self,
        model: WithLatents,
        controls: Sequence[Button | Choice],
        *,
        order: Sequence[int],
        notes: Sequence[str],
        starts: Mapping[str, Tensor],
        limit: float,
    ) -> None:
        self.model, self.order, self.notes, self.starts = model, list(order), list(notes), dict(starts)
        self.origin = torch.zeros(model.latent_size, device=model.device)
        self.generator = torch.Generator().manual_seed(0)
        self._z = self.origin.clone()
        furthest = max((z.abs().max().item() for z in self.starts.values()), default=0.0)
        self.limit = max(limit, math.ceil(2 * furthest) / 2)
        sliders = [Slider(f"z{i}", f"z{subscript(i)}", -self.limit, self.limit, 0.0, 0.1, self.notes[i]) for i in self.order]
        super().__init__([*controls, *sliders])

    @property
    def z(self) -> Tensor:
        """The latent vector that is decoded: (latent_size,)."""
        return self._z.clone()

    @z.setter
    def z(self, z: Tensor) -> None:
        z = torch.as_tensor(z)
        if z.shape != self.origin.shape:
            raise ValueError(f"expected latents of shape {tuple(self.origin.shape)}, got {tuple(z.shape)}.")
        self._place(z)
        self._redraw()

    def painted(self) -> Painted | None:
        starts = {"image": {option: z.tolist() for option, z in self.starts.items()}} if self.starts else {}
        return Painted(self.model, {f"z{i}": [i] for i in self.order}, starts, self.classes())

    def classes(self) -> dict[str, dict[str, int]]:
        """Which class each option of a control decodes, by control; here none does."""
        return {}

    def position(self) -> tuple[list[float], int | None]:
        return self._z.tolist(), None

    def moved(self, names: set[str]) -> None:
        # Resetting everything moves "image" too, back to none: the sliders' own values then count.
        if "image" in names and self.values["image"] is not None:
            self._place(self.starts[self.values["image"]])
        for i in self.order:
            if f"z{i}" in names:
                self._z[i] = self.values[f"z{i}"]
        if names >= set(self.controls) - {"image"}:
            hidden = [i for i in range(len(self._z)) if i not in self.order]
            self._z[hidden] = 0.0

    def press_random(self) -> None:
        self._leave_the_image(torch.randn(len(self.origin), generator=self.generator).clamp(-self.limit, self.limit))

    def press_centre(self) -> None:
        self._leave_the_image(self.origin)

    def _leave_the_image(self, z: Tensor) -> None:
        self._place(z)
        if "image" in self.values:
            self.values["image"] = None

    def _place(self, z: Tensor) -> None:
        self._z = z.to(self.origin, copy=True)
        self.values.update({f"z{i}": float(z[i]) for i in self.order})

    def places(self) -> str:
        """Where z stands: up to four of its latents that have a slider and are away from zero, the furthest first; nothing when none is."""
        z = self._z.tolist()
        away = sorted((i for i in self.order if abs(z[i]) > 0.05), key=lambda i: -abs(z[i]))
        told = ", ".join(f"z{subscript(i)} = {signed(z[i])}" for i in away[:4])
        return told + (f" and {len(away) - 4} more away from zero" if len(away) > 4 else "")
