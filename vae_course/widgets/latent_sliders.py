"""Latent sliders: one a dimension, the most telling first."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from . import drawing
from .explorer import Choice, examples_of, latent, signed, thumbnails
from .latent_vector import LatentVector
from .latents import Decoder, WithLatents, codes, decoder_of, drawn_from_prior, for_class, most_telling, picks, start_around, usual


class LatentSliders(LatentVector):
    """Push each latent dimension of a trained model and watch the decoded image.

    model: one of the course's, or one of your own that keeps the models' contract and has an `input_shape` and a `latent_size`.
    data: a Dataset, Split or tensor; it orders the sliders by the share of the data's variance that each carries
    (`latents.variance_carried`), and gives images to start from. Where it has labels, each image is encoded with its own.
    around: an image whose code the sliders go around, or latents, (latent_size,). Left out, it is one of the data's images, without
    data a draw from the prior, and for a `decode` of one's own z = 0.
    y: the class that is drawn, for a model that knows classes.
    sliders: how many to show (all by default). decode: a function of z to use instead of the mean of p(x|z). told: what the still picture
    shows, in words, for a `decode` in which a slider is something else than a latent dimension.
    The controls are called `z1`, `z2`, … after their dimensions; `z` is the whole vector.
    Raises ValueError when a model that knows classes gets no y, or data without labels, and for an `around` of another shape.
    """

    title = "Latent sliders"

    def __init__(
        self,
        model: WithLatents,
        data=None,
        *,
        around: Tensor | None = None,
        y: int | None = None,
        sliders: int | None = None,
        limit: float = 3.0,
        decode: Decoder | None = None,
        told: str = "",
    ) -> None:
        self.decode, self.told = decoder_of(model, decode, y), told
        x, labels, names = (None, None, ()) if data is None else examples_of(data)
        order, self.shares = most_telling(model, x, labels, decode)
        self.drawn = for_class(model, y, names, decode)
        controls: list = []
        starts: dict[str, Tensor] = {}
        first = None
        if x is not None:
            self.picks = picks(x, labels, names)
            rows = self.picks.rows
            starts = dict(zip(self.picks.options, codes(model, x[rows], None if labels is None else labels[rows]), strict=True))
            first = usual(self.picks.options) if around is None else None
            controls.append(Choice("image", "start from this image", self.picks.options, first, thumbnails(x[rows]), can_be_left=True))
        if around is not None:
            origin, self.around = start_around(model, around, y), "of the image given" if around.dim() > 1 else "given"
        elif first is not None:
            origin, self.around = starts[first], f"of {self.picks.told(first)}"
        elif decode is None:
            origin, self.around = drawn_from_prior(model, 1)[0].clamp(-limit, limit), "drawn from the prior"
        else:
            origin, self.around = torch.zeros(model.latent_size, device=model.device), "in the middle"
        notes = [""] * model.latent_size if self.shares is None else [f"{100 * share:.0f} %" for share in self.shares]
        super().__init__(
            model, controls, origin=origin, order=order[:sliders], notes=notes, starts=starts, limit=limit, label=y, decode=decode
        )

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
            z[row * len(steps) : (row + 1) * len(steps), i] = steps.to(z)
        row_labels = [f"{latent(i)}  {self.notes[i]}".strip() for i in rows]
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
        kept = f"as in the code {self.around}" if self.origin.any() else "at 0"
        carries = "" if self.shares is None else f", which carries {self.notes[rows[0]]} of the data's variance"
        return (
            f"Grid of decoded images{self.drawn}, {len(rows)} rows by 9 columns. Each row moves one latent dimension {ends} "
            f"and keeps all others {kept}. The top row moves {latent(rows[0])}{carries}; "
            f"the rows below move {', '.join(latent(i) for i in rows[1:]) or 'nothing else'}."
        )
