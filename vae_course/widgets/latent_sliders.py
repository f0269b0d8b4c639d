"""Latent sliders: one a dimension, the most telling first."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from . import drawing
from .explorer import Button, Choice, Explorer, Slider, examples_of, signed, subscript, thumbnails
from .latents import Decoder, codes, decoder_of, most_telling, picks


class LatentSliders(Explorer):
    """Push each latent dimension of a trained model and watch the decoded image.

    model: anything that keeps the models' contract. data: a Dataset, Split or tensor; it orders the sliders by the share of
    the data's variance that each carries (`latents.variance_carried`), and gives images to start from.
    sliders: how many to show (all by default). decode: a function of z to use instead of the mean of p(x|z). told: what the still picture
    shows, in words, for a `decode` in which a slider is something else than a latent dimension.
    The controls are called `z0`, `z1`, … after their dimensions; `z` is the whole vector.
    """

    title = "Latent sliders"
    picture_width = 252
    in_pixels = True

    def __init__(
        self, model, data=None, *, sliders: int | None = None, limit: float = 3.0, decode: Decoder | None = None, told: str = ""
    ) -> None:
        self.model, self.decode, self.told = model, decoder_of(model, decode), told
        x, y, names = (None, None, ()) if data is None else examples_of(data)
        self.order, self.shares = most_telling(model, x, decode)
        self.order = self.order[:sliders]
        self.origin = torch.zeros(model.latent_size, device=model.device)
        self._z = self.origin.clone()
        self.generator = torch.Generator().manual_seed(0)
        controls: list = []
        self.starts: dict[str, Tensor] = {}
        if x is not None:
            self.picks = picks(x, y, names)
            images = x[self.picks.rows]
            starts = codes(model, images)
            self.starts = dict(zip(self.picks.options, starts, strict=True))
            limit = max(limit, -(-starts.abs().max().item() // 0.5) * 0.5)
            controls.append(Choice("image", "start from this image", self.picks.options, None, thumbnails(images)))
        self.limit = limit
        controls += [Button("random", "Random"), Button("centre", "Reset")]
        controls += [Slider(f"z{i}", f"z{subscript(i)}", -limit, limit, 0.0, 0.1, self._note(i)) for i in self.order]
        super().__init__(controls)

    def _note(self, i: int) -> str:
        return "" if self.shares is None else f"{100 * self.shares[i]:.0f} %"

    @property
    def z(self) -> Tensor:
        """The latent vector that is decoded: (latent_size,)."""
        return self._z.clone()

    @z.setter
    def z(self, z: Tensor) -> None:
        self._place(self.model.check_latent(torch.as_tensor(z, dtype=torch.float32)).to(self.origin.device))
        self._redraw()

    def moved(self, names: set[str]) -> None:
        # Resetting everything moves "image" too, back to none: the sliders' own values then count.
        if "image" in names and self.values["image"] is not None:
            self._place(self.starts[self.values["image"]])
        for name in names - {"image"}:
            self._z[int(name[1:])] = self.values[name]
        if names >= set(self.controls) - {"image"}:
            hidden = [i for i in range(len(self._z)) if i not in self.order]
            self._z[hidden] = 0.0

    def press_random(self) -> None:
        self._place(torch.randn(self.model.latent_size, generator=self.generator).clamp(-self.limit, self.limit).to(self.origin.device))
        if "image" in self.values:
            self.values["image"] = None

    def press_centre(self) -> None:
        self._place(self.origin)
        if "image" in self.values:
            self.values["image"] = None

    def _place(self, z: Tensor) -> None:
        self._z = z.clone()
        self.values.update({f"z{i}": float(z[i]) for i in self.order})

    def draw(self) -> Image.Image:
        return drawing.from_tensor(self.decode(self._z.unsqueeze(0))[0])

    def alt(self) -> str:
        z = self._z.tolist()
        moved = sorted((i for i in self.order if abs(z[i]) > 0.05), key=lambda i: -abs(z[i]))
        places = ", ".join(f"z{subscript(i)} = {signed(z[i])}" for i in moved[:4])
        rest = f" and {len(moved) - 4} more away from zero" if len(moved) > 4 else ""
        start = f" The start was {self.picks.told(self.values['image'])}." if self.values.get("image") else ""
        if self.told:
            return f"The image with the sliders at {places}{rest}.{start}" if moved else "The image with all sliders at 0."
        return (
            f"The image decoded from z with {places}{rest}.{start}" if moved else "The image decoded from z = 0, the middle of the prior."
        )

    @torch.inference_mode()
    def sheet(self) -> Image.Image:
        rows, steps = self.order[:8], torch.linspace(-self.limit, self.limit, 9)
        z = self.origin.repeat(len(rows) * len(steps), 1)
        for row, i in enumerate(rows):
            z[row * len(steps) : (row + 1) * len(steps), i] = steps.to(z.device)
        row_labels = [f"z{subscript(i)}  {self._note(i)}".strip() for i in rows]
        return drawing.tiles(
            self.decode(z),
            columns=len(steps),
            side=48,
            row_labels=row_labels,
            column_labels=[signed(step, 2).rstrip("0").rstrip(".") for step in steps],
        )

    def sheet_alt(self) -> str:
        if self.told:
            return self.told
        rows = self.order[:8]
        carries = "" if self.shares is None else f", which carries {self._note(rows[0])} of the data's variance"
        return (
            f"Grid of decoded images, {len(rows)} rows by 9 columns. Each row moves one latent dimension from {signed(-self.limit)} to "
            f"{signed(self.limit)} and keeps all others at 0. The top row moves z{subscript(rows[0])}{carries}; "
            f"the rows below move {', '.join(f'z{subscript(i)}' for i in rows[1:]) or 'nothing else'}."
        )
