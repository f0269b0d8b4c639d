"""Morph: slide between images, straight through the latent space and along the sphere."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor

from ..data.dataset import as_examples
from ..evaluation.examples import labels_on
from ..models.base import EncoderDecoder, latent_path
from . import drawing
from .explorer import Explorer, Slider, signed
from .latents import Decoder, codes, decoder_of, for_class
from .scene import Scene, Take, Tile

STEPS = 101
WAYS = ("straight", "spherical")


class Morph(Explorer):
    """Slide between two images by their encodings; several pairs at once, each the straight and the spherical way.

    images: pairs in a row, first and last image of each: `Morph(model, a, b)`, `Morph(model, a, b, c, d)`, or one batch with an
    even number of images. Each is (*input_shape) or (1, *input_shape). y: their classes, for a model that knows classes: one for all, or
    (n,) labels. Each image is encoded with its own, and the ways of a pair are decoded with its first image's, as `interpolate` does.
    decode: a function of z to use instead of the mean of p(x|z).
    The control is `position`, from 0 (the first image of each pair, where it begins) to 1 (the second).
    Raises ValueError when the number of images is odd or zero, and when a model that knows classes gets no y.
    """

    title = "Morph"

    def __init__(self, model: EncoderDecoder, *images: Tensor, y: Tensor | int | None = None, decode: Decoder | None = None) -> None:
        rows = [as_examples(image).float().reshape(-1, *model.input_shape) for image in images]
        batch = torch.cat(rows) if rows else torch.zeros(0, *model.input_shape)
        if len(batch) == 0 or len(batch) % 2:
            raise ValueError(f"got {len(batch)} images, expected pairs: a first and a last image each, so an even number.")
        self.images = batch
        z = codes(model, batch, y)
        firsts = y[::2] if isinstance(y, Tensor) else y
        self.own_decode, self.labels = decode, labels_on(model, y, len(batch))
        self.model, self.decode, self.drawn = model, decoder_of(model, decode, firsts), for_class(model, firsts, decode=decode)
        self.ends = list(zip(z[::2], z[1::2], strict=True))
        # (pairs · ways, STEPS, latent_size): every place that the slider can stand at.
        self.paths = torch.stack([latent_path(a, b, STEPS, spherical=way == "spherical") for a, b in self.ends for way in WAYS])
        self.picture_width = 4 * (64 + 3) + 3
        super().__init__([Slider("position", "from first to second", 0.0, 1.0, 0.0, 0.01)])

    def scene(self) -> Scene:
        shape = tuple(self.model.input_shape)
        tiles: list[Tile] = []
        for i in range(len(self.ends)):
            first, second = (Tile((Take(image.flatten()),), shape) for image in self.images[2 * i : 2 * i + 2])
            label = None if self.labels is None else int(self.labels[2 * i])
            ways = (Tile((Take(path, ("position",)),), shape, self.model, label, self.own_decode) for path in self.paths[2 * i : 2 * i + 2])
            tiles += [first, *ways, second]
        room = drawing.mosaic(len(tiles), shape, columns=4, side=64, column_labels=["first", *WAYS, "second"])
        return Scene(tuple(tiles), mosaic=room)

    def says(self) -> list[str]:
        at = round(self.values["position"] * (STEPS - 1))
        lengths = self.paths[:, at].norm(dim=-1).view(-1, 2).mean(0).tolist()
        mean = "mean " if len(self.ends) > 1 else ""
        return [f"{mean}length of z on the way: straight {lengths[0]:.2f}, spherical {lengths[1]:.2f}"]

    def alt(self) -> str:
        share = round(100 * self.values["position"])
        decoded = f" and are decoded{self.drawn}" if self.drawn else ""
        rows = "one row" if len(self.ends) == 1 else f"{len(self.ends)} rows"
        return (
            f"A grid of {rows} by 4 columns: first image, the straight and the spherical way between, second image. "
            f"The ways stand at {share} % from first to second{decoded}. {self.says()[0].capitalize()}."
        )

    @torch.inference_mode()
    def sheet(self) -> Image.Image:
        at = torch.linspace(0, STEPS - 1, 9).round().long()
        images = self.decode(self.paths[:, at].flatten(0, 1)).cpu().unflatten(0, (-1, 9))
        rows = [
            torch.cat([self.images[2 * (i // 2)].unsqueeze(0).cpu(), row, self.images[2 * (i // 2) + 1].unsqueeze(0).cpu()])
            for i, row in enumerate(images)
        ]
        labels = ["first", *(signed(i / (STEPS - 1), 2).rstrip("0").rstrip(".") for i in at.tolist()), "second"]
        return drawing.tiles(torch.cat(rows), columns=11, side=48, row_labels=list(WAYS) * len(self.ends), column_labels=labels)

    def sheet_alt(self) -> str:
        half = self.paths[:, STEPS // 2].norm(dim=-1).view(-1, 2).mean(0).tolist()
        pairs = "a pair of images" if len(self.ends) == 1 else f"{len(self.ends)} pairs of images"
        return (
            f"Grid of decoded images{self.drawn} between {pairs}, {2 * len(self.ends)} rows by 11 columns: the first image, "
            "nine steps, the second image. Rows take turns: straight, then spherical. "
            f"Half way z is {half[0]:.1f} long on the straight way and {half[1]:.1f} on the spherical one."
        )
