"""Level resampler: one level of a hierarchy is drawn anew, the levels above it are held."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from ..data import Dataset, Split
from ..models import HierarchicalVAE
from ..models.base import evaluating
from . import drawing
from .explorer import Choice, Explorer, Slider, examples_of, thumbnails
from .latents import codes, picks
from .scene import Scene, Take, Tile

LAST_DRAW = 40  # a drag through them all is to feel like one movement
SHOWN = 3  # images on the still twin


class LevelResampler(Explorer):
    """An image, its reconstruction, and a row of images for which one level was drawn anew: `LevelResampler(model, data)`.

    It shows what `model.resample` does: the levels above the chosen one keep the means that the image gives them, the chosen one is drawn
    from its prior given the level above, and the levels below follow with their means. So the top is drawn without looking at the image.
    model: a `HierarchicalVAE`. data: a Dataset, Split or tensor of images like those that it was trained on. draws: how many in a row.
    The controls are `image`, `level` ("1" is the bottom) and `draw`, a whole number that seeds the draws: the same number, the same row.
    `drawn` holds the row that is shown. Raises ValueError when the model has no levels, or `draws` is less than 2.
    """

    title = "Level resampler"

    def __init__(self, model: HierarchicalVAE, data: Dataset | Split | Tensor, *, draws: int = 8) -> None:
        if not hasattr(model, "resample"):
            raise ValueError(f"model is a {type(model).__name__}, which has no levels: expected a HierarchicalVAE.")
        if draws < 2:
            raise ValueError(f"draws is {draws}, expected at least 2: a single image does not show what varies.")
        self.model, self.draws = model, draws
        x, y, names = examples_of(data)
        self.picks = picks(x, y, names)
        self.images = x[self.picks.rows].cpu()
        self.reconstructions = model.reconstruct(self.images).cpu()
        self.side = 56
        self.picture_width = (draws + 2) * (self.side + 3) + 3
        levels = tuple(str(number + 1) for number in range(model.depth))
        super().__init__(
            [
                Choice("image", "the image that is encoded", self.picks.options, self.picks.options[0], thumbnails(self.images)),
                Choice("level", "the level that is drawn anew (1 is the bottom)", levels, levels[0]),
                Slider("draw", "which draws", 1, LAST_DRAW, 1, 1),
            ]
        )

    @torch.no_grad()
    def _drawn_anew(self, level: int) -> Tensor:
        """z₁, which is decoded, for one level drawn anew: (images, LAST_DRAW, draws, size of z₁). The same draws for every image."""
        noise = []
        with torch.random.fork_rng():  # what a page draws afterwards is not for an explorer to change
            for number in range(LAST_DRAW):
                torch.manual_seed(number + 1)
                noise.append(torch.randn(self.draws, self.model.latent_sizes[level - 1]))
        epsilon = torch.stack(noise).to(self.model.device)
        held = self.model.levels(codes(self.model, self.images))
        with evaluating(self.model):
            prior, z = self.model.prior, None
            for index in range(level - 1, -1, -1):
                if z is None:
                    above = held[level][:, None, None] if level < self.model.depth else None
                    given = prior.conditionals[index](above)
                    z = given.mean + given.stddev * epsilon.to(given.mean.dtype)
                else:
                    z = prior.conditionals[index](z).mean
        assert z is not None
        return z.expand(len(self.images), *z.shape[-3:])

    def scene(self) -> Scene:
        shape = tuple(self.images.shape[1:])
        z = torch.stack([self._drawn_anew(level) for level in range(1, self.model.depth + 1)], 1)
        pair = [Tile((Take(images.flatten(1), ("image",)),), shape) for images in (self.images, self.reconstructions)]
        drawn = [Tile((Take(z[..., i, :], ("image", "level", "draw")),), shape, self.model) for i in range(self.draws)]
        labels = ["image", "again", *[""] * self.draws]
        labels[2 + self.draws // 2] = "drawn anew"
        room = drawing.mosaic(self.draws + 2, shape, columns=self.draws + 2, side=self.side, gap=3, column_labels=labels)
        return Scene((*pair, *drawn), mosaic=room)

    def draw(self) -> Image.Image:
        assert self._scene is not None
        images = self.tiles()
        self.drawn = torch.stack(images[2:])
        self.apart = spread(self.drawn)
        return self._scene.picture(images)

    def _resampled(self, row: int, level: int) -> Tensor:
        """The first row of an image and a level: (draws, *input_shape)."""
        assert self._scene is not None
        places = {"image": row, "level": level - 1, "draw": 0}
        return torch.stack(self._scene.images(list(self._scene.shown({}, places, None)))[2:])

    def held(self, level: int) -> str:
        """Which levels keep what the image gave them, are drawn, and follow, in words."""
        top = self.model.depth
        kept = "nothing of the image is held" if level == top else f"held: {_levels(level + 1, top)}"
        follow = "" if level == 1 else f"; {_levels(1, level - 1)} follow{'s' * (level == 2)} with the mean"
        return f"{kept}; drawn anew: level {level}{follow}"

    def says(self) -> list[str]:
        return [self.held(int(self.values["level"])), f"two draws of this row are {self.apart:.1f} apart on average"]

    def alt(self) -> str:
        level = int(self.values["level"])
        return (
            f"At the left {self.picks.told(self.values['image'])} with its reconstruction, and to their right {self.draws} images "
            f"for which level {level} was drawn anew; {self.held(level)}. "
            f"Two of them are {self.apart:.1f} apart on average (length of the difference of their pixels)."
        )

    def _rows(self) -> list[tuple[int, int, Tensor]]:
        """The still twin's rows: (row of the image, level, draws)."""
        return [
            (row, level, self._resampled(row, level))
            for row in range(min(SHOWN, len(self.images)))
            for level in range(1, self.model.depth + 1)
        ]

    @torch.inference_mode()
    def sheet(self) -> Image.Image:
        rows = self._rows()
        images = [torch.cat([self.images[row : row + 1], self.reconstructions[row : row + 1], drawn]) for row, _, drawn in rows]
        return drawing.tiles(
            torch.cat(images),
            columns=self.draws + 2,
            side=48,
            row_labels=[f"level {level}" for _, level, _ in rows],
            column_labels=["image", "again", *[""] * self.draws],
        )

    @torch.inference_mode()
    def sheet_alt(self) -> str:
        rows = self._rows()
        apart = {level: [spread(drawn) for _, number, drawn in rows if number == level] for level in range(1, self.model.depth + 1)}
        told = ", ".join(f"level {level} {sum(values) / len(values):.1f}" for level, values in apart.items())
        lent = ", ".join(self.picks.told(option) for option in self.picks.options[:SHOWN])
        return (
            f"Grid of {len(rows)} rows by {self.draws + 2} columns: for {lent}, one row a level each. A row shows the image, "
            f"its reconstruction, and {self.draws} images for which that level was drawn anew. "
            f"Two images of a row are, on average, apart by: {told}."
        )


def spread(images: Tensor) -> float:
    """The mean distance between two of the images (n, *input_shape), as the length of the difference of their pixels."""
    return torch.pdist(images.flatten(1)).mean().item()


def _levels(first: int, last: int) -> str:
    return f"level {first}" if first == last else f"levels {first} to {last}"
