"""Latent sliders: one a dimension, the most telling first."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from . import drawing
from .explorer import Button, Choice, Painted, examples_of, signed, subscript, thumbnails
from .latent_vector import LatentVector
from .latents import Decoder, WithLatents, codes, decoder_of, for_class, most_telling, picks


class LatentSliders(LatentVector):
    """Push each latent dimension of a trained model and watch the decoded image.

    model: one of the course's, or one of your own that keeps the models' contract and has a `latent_size`.
    data: a Dataset, Split or tensor; it orders the sliders by the share of the data's variance that each carries
    (`latents.variance_carried`), and gives images to start from. Where it has labels, each image is encoded with its own.
    y: the class that is drawn, for a model that knows classes.
    sliders: how many to show (all by default). decode: a function of z to use instead of the mean of p(x|z). told: what the still picture
    shows, in words, for a `decode` in which a slider is something else than a latent dimension.
    The controls are called `z0`, `z1`, … after their dimensions; `z` is the whole vector.
    Raises ValueError when a model that knows classes gets no y, or data without labels.
    """

    title = "Latent sliders"

    def __init__(
        self,
        model: WithLatents,
        data=None,
        *,
        y: int | None = None,
        sliders: int | None = None,
        limit: float = 3.0,
        decode: Decoder | None = None,
        told: str = "",
    ) -> None:
        self.decode, self.told, self.y, self.decodes_itself = decoder_of(model, decode, y), told, y, decode is None
        x, labels, names = (None, None, ()) if data is None else examples_of(data)
        order, self.shares = most_telling(model, x, labels, decode)
        self.drawn = for_class(model, y, names, decode)
        controls: list = []
        starts: dict[str, Tensor] = {}
        if x is not None:
            self.picks = picks(x, labels, names)
            rows = self.picks.rows
            starts = dict(zip(self.picks.options, codes(model, x[rows], None if labels is None else labels[rows]), strict=True))
            controls.append(Choice("image", "start from this image", self.picks.options, None, thumbnails(x[rows])))
        controls += [Button("random", "Random"), Button("centre", "Reset")]
        notes = [""] * model.latent_size if self.shares is None else [f"{100 * share:.0f} %" for share in self.shares]
        super().__init__(model, controls, order=order[:sliders], notes=notes, starts=starts, limit=limit)

    def painted(self) -> Painted | None:
        return super().painted() if self.decodes_itself else None

    def position(self) -> tuple[list[float], int | None]:
        return self._z.tolist(), self.y

    def draw(self) -> Image.Image:
        return drawing.from_tensor(self.decode(self._z.unsqueeze(0))[0])

    def alt(self) -> str:
        places = self.places()
        start = f" The start was {self.picks.told(self.values['image'])}." if self.values.get("image") else ""
        if self.told:
            return f"The image with the sliders at {places}.{start}" if places else "The image with all sliders at 0."
        decoded = f"The image decoded{self.drawn} from z"
        return f"{decoded} with {places}.{start}" if places else f"{decoded} = 0, the middle of the prior."

    @torch.inference_mode()
    def sheet(self) -> Image.Image:
        rows, steps = self.order[:8], torch.linspace(-self.limit, self.limit, 9)
        z = self.origin.repeat(len(rows) * len(steps), 1)
        for row, i in enumerate(rows):
            z[row * len(steps) : (row + 1) * len(steps), i] = steps.to(z.device)
        row_labels = [f"z{subscript(i)}  {self.notes[i]}".strip() for i in rows]
        return drawing.tiles(
            self.decode(z),
            columns=len(steps),
            side=48,
            row_labels=row_labels,
            column_labels=[signed(step, 2).rstrip("0").rstrip(".") for step in steps.tolist()],
        )

    def sheet_alt(self) -> str:
        if self.told:
            return self.told
        rows = self.order[:8]
        ends = f"from {signed(-self.limit)} to {signed(self.limit)}"
        carries = "" if self.shares is None else f", which carries {self.notes[rows[0]]} of the data's variance"
        return (
            f"Grid of decoded images{self.drawn}, {len(rows)} rows by 9 columns. Each row moves one latent dimension {ends} "
            f"and keeps all others at 0. The top row moves z{subscript(rows[0])}{carries}; "
            f"the rows below move {', '.join(f'z{subscript(i)}' for i in rows[1:]) or 'nothing else'}."
        )
