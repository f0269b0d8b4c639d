"""Label and style: ask for a class, and move the style it is written in."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from ..evaluation import kl_per_dimension
from ..models import ConditionalVAE
from . import drawing
from .explorer import Choice, examples_of, thumbnails
from .latent_vector import LatentVector
from .latents import codes, decoder_of, picks, start_around, usual
from .scene import Take


class LabelAndStyle(LatentVector):
    """Ask a trained conditional VAE for a class, in a style that is moved by sliders or taken from an image.

    model: a `ConditionalVAE`. data: a Dataset, or a Split with labels; its images lend their styles, and it orders the sliders by the KL
    that each latent costs, the most telling first. sliders: how many to show (all by default).
    around: the style that all begins with, as latents, (latent_size,). Left out, it is that of an image of the class that is drawn first.
    The controls are `label`, `image` (take the style of this one) and `z1`, `z2`, … after the latents; `z` is the whole style.
    Raises ValueError when the data has no labels.
    """

    title = "Label and style"

    def __init__(
        self, model: ConditionalVAE, data, *, around: Tensor | None = None, sliders: int | None = None, limit: float = 3.0
    ) -> None:
        x, y, names = examples_of(data)
        if y is None or y.dim() != 1:
            raise ValueError("the data has no labels, expected a Dataset or a Split: the style of an image is encoded with its label.")
        self.labels = names or tuple(map(str, range(model.classes)))
        self.picks = picks(x, y, self.labels)
        self.images = x[self.picks.rows]
        with torch.random.fork_rng():  # what a page draws afterwards is not for an explorer to change
            self.nats = kl_per_dimension(model, (x, y))
        starts = dict(zip(self.picks.options, codes(model, self.images, y[self.picks.rows]), strict=True))
        label = usual(self.labels)
        lender = label if label in starts else usual(self.picks.options)
        first = lender if around is None else None
        controls = [
            Choice("label", "draw a", self.labels, label),
            Choice("image", "take the style of this image", self.picks.options, first, thumbnails(self.images), can_be_left=True),
        ]
        super().__init__(
            model,
            controls,
            origin=starts[lender] if around is None else start_around(model, around),
            order=self.nats.argsort(descending=True).tolist()[:sliders],
            notes=[f"{nats:.1f} nats" for nats in self.nats],
            starts=starts,
            limit=limit,
            label=Take(torch.arange(len(self.labels)).unsqueeze(1), ("label",)),
            random="Random style",
        )

    def alt(self) -> str:
        places = self.places()
        if self.values["image"] is not None:
            style = f"the style of {self.picks.told(self.values['image'])}"
        elif not places:
            style = "the middle style, z = 0"
        else:
            style = "a style of one's own"
        return f"The image decoded for class {self.values['label']} in {style}" + (f": {places}." if places else ".")

    @torch.inference_mode()
    def _rows(self) -> list[Tensor]:
        """For each of up to five styles, what every label makes of it: (classes, *input_shape) each."""
        decode = decoder_of(self.model, y=torch.arange(len(self.labels)))
        return [decode(z.expand(len(self.labels), -1)).cpu() for z in list(self.starts.values())[:5]]

    def sheet(self) -> Image.Image:
        rows = [part for number, row in enumerate(self._rows()) for part in (self.images[number : number + 1].cpu(), row)]
        return drawing.tiles(torch.cat(rows), columns=1 + len(self.labels), side=48, column_labels=["image", *self.labels])

    def sheet_alt(self) -> str:
        lent = ", ".join(list(self.starts)[:5])
        # What the label does is measured and not taken for granted: a model may ignore it.
        differ = torch.stack([(row - row.mean(0)).abs().amax((1, 2, 3)).mean() for row in self._rows()]).mean().item()
        return (
            f"Grid of {min(len(self.starts), 5)} rows by {1 + len(self.labels)} columns. The first column shows images of class {lent}. "
            f"To the right of each, its style is decoded with every label in turn: {', '.join(self.labels)}. "
            "Along a row the style stays and the label changes. "
            f"A picture differs from the average of its row by up to {differ:.2f} in a pixel (white is 1; an ignored label gives 0)."
        )
