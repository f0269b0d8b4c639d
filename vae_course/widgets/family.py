"""Family: several trained models side by side, moved together."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from PIL import Image
from torch import Tensor

from ..evaluation.examples import labels_on
from . import drawing
from .explorer import Choice, Explorer, Slider, examples_of, signed, thumbnails
from .latents import Decoder, WithLatents, codes, decoder_of, most_telling, picks
from .scene import Put, Scene, Take, Tile


class Family(Explorer):
    """One image and one latent position, seen through several trained models: `Family({"β = 1": model, "β = 4": other}, data)`.

    Each model encodes the chosen image; one of its latents, the first, second, … in the order of what they carry
    (`latents.variance_carried`: a dimension's number means nothing across models), is then put where the slider says.
    models: label → model, of the same input shape. data: a Dataset, Split or tensor; models that know classes need its labels, and encode
    and decode each image with its own. ranks: how many latents can be chosen.
    decodes: label → a function of z, for models where the mean of p(x|z) is not what is to be seen.
    The controls are `image`, `rank` ("1" is the most telling latent) and `value`.
    Raises ValueError without models, and when one of them knows classes and the data has no labels.
    """

    title = "Family"

    def __init__(
        self, models: Mapping[str, WithLatents], data, *, ranks: int = 5, limit: float = 3.0, decodes: Mapping[str, Decoder] | None = None
    ) -> None:
        if not models:
            raise ValueError("no models were given, expected a dictionary from label to model with at least one.")
        self.models = dict(models)
        self.decodes = dict(decodes or {})
        x, y, names = examples_of(data)
        self.picks = picks(x, y, names)
        self.images, self.classes = x[self.picks.rows], None if y is None else y[self.picks.rows]
        self.codes = {label: codes(model, self.images, self.classes) for label, model in self.models.items()}
        telling = {label: most_telling(model, x, y, self.decodes.get(label)) for label, model in self.models.items()}
        self.orders = {label: order for label, (order, _) in telling.items()}
        self.shares = {label: shares for label, (_, shares) in telling.items() if shares is not None}
        self.limit = limit
        self.side = 96
        self.count = count = min(ranks, *(model.latent_size for model in self.models.values()))
        self.picture_width = 100 * (len(self.models) + 1) + 4
        controls = [
            Choice("image", "the image that is encoded", self.picks.options, self.picks.options[0], thumbnails(self.images)),
            Choice("rank", "which latent is moved (1 carries most)", tuple(str(rank + 1) for rank in range(count)), "1"),
            Slider("value", "put it to", -limit, limit, 0.0, 0.1),
        ]
        super().__init__(controls)

    def _decoded(self, row: int, rank: int, values: Tensor) -> dict[str, Tensor]:
        """Every model's images for one encoded image and some values of its rank-th latent: (len(values), *input_shape) each."""
        decoded = {}
        own = None if self.classes is None else self.classes[row : row + 1]
        for label, model in self.models.items():
            z = self.codes[label][row].repeat(len(values), 1)
            z[:, self.orders[label][rank]] = values.to(z)
            decoded[label] = decoder_of(model, self.decodes.get(label), own)(z).cpu()
        return decoded

    def scene(self) -> Scene:
        shape, count = tuple(self.images.shape[1:]), len(self.images)
        tiles = [Tile((Take(self.images.flatten(1), ("image",)),), shape)]
        for label, model in self.models.items():
            classes = labels_on(model, self.classes, count)
            moved = Put("value", tuple(self.orders[label][: self.count]), by="rank")
            own = None if classes is None else Take(classes.unsqueeze(1), ("image",))
            tiles.append(Tile((Take(self.codes[label], ("image",)), moved), shape, model, own, self.decodes.get(label)))
        room = drawing.mosaic(len(tiles), shape, columns=len(tiles), side=self.side, gap=4, column_labels=["image", *self.models])
        return Scene(tuple(tiles), mosaic=room)

    def says(self) -> list[str]:
        rank = int(self.values["rank"]) - 1
        carried = ", ".join(f"{label}: {100 * shares[self.orders[label][rank]]:.0f} %" for label, shares in self.shares.items())
        return [f"this latent's share of the data's variance: {carried}"]

    def alt(self) -> str:
        return (
            f"At the left {self.picks.told(self.values['image'])}; to its right, what {len(self.models)} models "
            f"({', '.join(self.models)}) decode when number {self.values['rank']} of their latents "
            f"is put to {signed(self.values['value'])}. {self.says()[0].capitalize()}."
        )

    @torch.inference_mode()
    def sheet(self) -> Image.Image:
        steps = torch.linspace(-self.limit, self.limit, 7)
        decoded = self._decoded(self.picks.place(self.values["image"]), 0, steps)
        labels = [signed(step) for step in steps.tolist()]
        return drawing.tiles(torch.cat(list(decoded.values())), columns=7, side=56, row_labels=list(decoded), column_labels=labels)

    def sheet_alt(self) -> str:
        carried = ", ".join(f"{label}: {100 * shares[self.orders[label][0]]:.0f} %" for label, shares in self.shares.items())
        return (
            f"Grid of decoded images, one row a model ({', '.join(self.models)}) and 7 columns. "
            f"All start from the code of {self.picks.told(self.values['image'])}; each row moves the latent that carries most in its model "
            f"from {signed(-self.limit)} to {signed(self.limit)}. "
            f"It carries, of the data's variance: {carried}."
        )
