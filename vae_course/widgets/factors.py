"""Factor sliders: edit one known factor of a picture through the latent dimension that was found to carry it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from ..contract import EncodesAndDecodes
from ..data import Dataset, Split
from ..data.accepted import in_memory
from ..evaluation.disentanglement import mutual_information_gap
from ..evaluation.examples import labels_on
from . import drawing
from .explorer import Choice, Explorer, Slider, latent, signed, thumbnails
from .latents import Decoder, codes, decoder_of, for_class
from .scene import Put, Scene, Take, Tile

MEASURED = 10_000


class FactorSliders(Explorer):
    """Edit a picture factor by factor: `FactorSliders(model, load("sprites"))`.

    Nobody says which dimension is which: on the test set, each factor is given to the dimension that tells most about it
    (`evaluation.mutual_information_gap`), and gets a slider when that is at least `least` of the factor's entropy. Factors that fall
    to the same dimension share a slider, for it moves them together; `without` lists those that no dimension carries. A slider goes
    from the lowest to the highest percent of the dimension's posterior means; all other dimensions stay where the picture's own code
    has them.
    data: a Dataset or Split whose `y` holds factor levels, (n, factors). factors: their names (a Dataset's classes by default).
    y: the pictures' classes, for a model that knows classes: one for all, or (n,) labels, a column of the data's `y` for one. Each picture
    is encoded and decoded with its own.
    images: how many pictures to choose from. decode: a function of z to use instead of the mean of p(x|z).
    The controls are `image` and, for each slider, its first factor's name. Raises ValueError when the data's y is no table, nothing is
    carried, or a model that knows classes gets no y.
    """

    title = "Factor sliders"

    def __init__(
        self,
        model: EncodesAndDecodes,
        data: Dataset | Split,
        *,
        y: Tensor | int | None = None,
        factors: Sequence[str] = (),
        images: int = 8,
        least: float = 0.1,
        decode: Decoder | None = None,
    ) -> None:
        self.model, self.own_decode, self.least = model, decode, least
        x, levels = in_memory(data, most=MEASURED)
        if levels is None or levels.dim() != 2:
            given = type(data).__name__ if levels is None else tuple(levels.shape)
            raise ValueError(f'got {given}, expected a Dataset or Split whose y has shape (n, factors), load("sprites") for one.')
        names = tuple(factors) or (data.classes if isinstance(data, Dataset) else ())
        if len(names) != levels.shape[1]:
            raise ValueError(f"got {len(names)} names for {levels.shape[1]} factors, expected one a factor. Pass factors=(…).")
        self.classes = y[:MEASURED] if isinstance(y, Tensor) else y
        means = codes(model, x, self.classes)
        found = mutual_information_gap(means, levels)
        self.shares = {name: found.information[:, i].max().item() for i, name in enumerate(names)}
        carried = {name: int(found.carriers[i]) for i, name in enumerate(names) if self.shares[name] >= least}
        self.without = [name for name in names if name not in carried]
        if not carried:
            best = max(self.shares.values())
            raise ValueError(
                f"no dimension tells {least:.0%} of any factor, the most is {best:.0%}. Take another model, or a smaller least."
            )
        groups: dict[int, list[str]] = {}
        for name in sorted(carried, key=lambda name: self.shares[name], reverse=True):
            groups.setdefault(carried[name], []).append(name)
        self.moves = {group[0]: dimension for dimension, group in groups.items()}
        self.labels = {group[0]: f"{' and '.join(group)} ({latent(dimension)})" for dimension, group in groups.items()}
        self.images = x[:images]
        self.codes = means[:images]
        low, high = torch.quantile(means, torch.tensor([0.01, 0.99], device=means.device), dim=0).cpu()
        low, high = torch.minimum(low, self.codes.min(0).values.cpu()), torch.maximum(high, self.codes.max(0).values.cpu())
        self.ends = {name: (_to_tenths(low[i], -1), _to_tenths(high[i], 1)) for name, i in self.moves.items()}
        options = tuple(f"picture {number + 1}" for number in range(len(self.images)))
        self.row_of = {option: row for row, option in enumerate(options)}
        self.side = 128
        self.picture_width = 2 * (self.side + 4) + 4
        controls: list = [Choice("image", "the picture that is edited", options, options[0], thumbnails(self.images))]
        for name, i in self.moves.items():
            note = f"{100 * self.shares[name]:.0f} %"
            controls.append(Slider(name, self.labels[name], *self.ends[name], self.codes[0, i].item(), 0.05, note))
        super().__init__(controls)

    def scene(self) -> Scene:
        shape, count = tuple(self.images.shape[1:]), len(self.images)
        classes = labels_on(self.model, self.classes[:count] if isinstance(self.classes, Tensor) else self.classes, count)
        label = None if classes is None else Take(classes.unsqueeze(1), ("image",))
        # A new picture brings its own code, and the sliders follow.
        code = (Take(self.codes, ("image",)), *(Put(name, (i,), follows=True) for name, i in self.moves.items()))
        tiles = (Tile((Take(self.images.flatten(1), ("image",)),), shape), Tile(code, shape, self.model, label, self.own_decode))
        return Scene(tiles, mosaic=drawing.mosaic(2, shape, columns=2, side=self.side, gap=4, column_labels=["picture", "edited"]))

    @property
    def z(self) -> Tensor:
        """The latent vector that is decoded: the picture's own code, with the sliders' dimensions put where they stand."""
        return self.shown()[1][0]

    def _class(self) -> Tensor | int | None:
        """That of the picture that is edited."""
        row = self.row_of[self.values["image"]]
        return self.classes[row : row + 1] if isinstance(self.classes, Tensor) else self.classes

    def decode(self, z: Tensor) -> Tensor:
        """What latents (n, latent_size) look like in the class of the picture that is edited: (n, *input_shape)."""
        return decoder_of(self.model, self.own_decode, self._class())(z)

    @property
    def drawn(self) -> str:
        """That class in words (`latents.for_class`)."""
        return for_class(self.model, self._class(), decode=self.own_decode)

    def says(self) -> list[str]:
        lines = ["beside each slider: how much of its first factor's entropy the dimension tells"]
        if self.without:
            lines.append(f"no dimension carries {' or '.join(self.without)}: none tells {100 * self.least:.0f} % of it")
        return lines

    def alt(self) -> str:
        places = ", ".join(f"{label} = {signed(self.values[name])}" for name, label in self.labels.items())
        return f"{self.values['image'].capitalize()} and, to its right, what is decoded{self.drawn} when its code is edited to {places}."

    @torch.inference_mode()
    def sheet(self) -> Image.Image:
        rows = []
        for name, i in self.moves.items():
            z = self.codes[self.row_of[self.values["image"]]].repeat(7, 1)
            z[:, i] = torch.linspace(*self.ends[name], 7).to(z)
            rows.append(self.decode(z).cpu())
        labels = ["lowest", *[""] * 5, "highest"]
        return drawing.tiles(torch.cat(rows), columns=7, side=56, row_labels=list(self.labels.values()), column_labels=labels)

    def sheet_alt(self) -> str:
        told = ", ".join(f"{label} {100 * self.shares[name]:.0f} %" for name, label in self.labels.items())
        missing = f" No dimension carries {' or '.join(self.without)}: none tells {100 * self.least:.0f} % of it." if self.without else ""
        return (
            f"Grid of decoded pictures{self.drawn}, {len(self.moves)} rows by 7 columns, all from the same picture's code. "
            "Each row moves one latent dimension from low to high and nothing else. "
            f"The rows' dimensions tell, of their first factor's entropy: {told}.{missing}"
        )


def _to_tenths(value: Tensor, towards: int) -> float:
    """The next multiple of 0.1 below (towards = −1) or above (+1)."""
    tenths = value.double() * 10
    return (tenths.ceil() if towards > 0 else tenths.floor()).item() / 10
