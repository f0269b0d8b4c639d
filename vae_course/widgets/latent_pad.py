"""Latent pad: wander over a two-dimensional latent space."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ..plots import CLASS_COLOURS
from . import drawing
from .explorer import Explorer, Pad, Toggle, examples_of, latent, signed
from .latents import Decoder, WithLatents, codes, decoder_of, drawn_from_prior, for_class, start_around
from .scene import Put, Scene, Tile

MAP_SIDE = 340
TILES = 17
_OUTLINE = {"stroke_width": round(2.5 * drawing.DENSITY), "stroke_fill": drawing.PAPER}


class LatentPad(Explorer):
    """Drag a point over a two-dimensional latent space and watch what it decodes to; arrow keys move it, too.

    model: one with `latent_size` 2. data: a Dataset, Split or tensor, whose encodings are the map, coloured by class. Where it has labels,
    each image is encoded with its own. y: the class that is drawn, for a model that knows classes.
    around: an image at whose code the point stands first, or a pair of latents; left out, it is the data's first image, and without data
    a draw from the prior. limit: half the map's side (by default so that nearly all encodings lie on it). decode: a function of z to use
    instead of the mean of p(x|z). The controls are `point`, a pair (z₁, z₂), and `manifold`, which lays the decoded images behind the map.
    Raises ValueError when the latent space has another size, and when a model that knows classes gets no y, or data without labels.
    """

    title = "Latent pad"
    picture_width = 252
    in_pixels = True

    def __init__(
        self,
        model: WithLatents,
        data=None,
        *,
        around: Tensor | None = None,
        y: int | None = None,
        limit: float | None = None,
        decode: Decoder | None = None,
    ) -> None:
        if model.latent_size != 2:
            raise ValueError(
                f"the model has {model.latent_size} latents, and a pad shows 2. Use LatentSliders, or train with latent_size=2."
            )
        self.model, self.decode, self.label, self.own_decode = model, decoder_of(model, decode, y), y, decode
        self.names: tuple[str, ...]
        x, self.y, self.names = (None, None, ()) if data is None else examples_of(data)
        self.places = None if x is None else codes(model, x, self.y).cpu().numpy()
        self.drawn = for_class(model, y, self.names, decode)
        if limit is None:
            limit = 3.0 if self.places is None else float(np.ceil(2 * np.quantile(np.abs(self.places), 0.99)) / 2)
        self.limit = limit
        self._maps: dict[bool, bytes] = {}
        self._manifold: Image.Image | None = None
        if around is None:
            first = drawn_from_prior(model, 1)[0] if self.places is None else torch.from_numpy(self.places[0])
        else:
            first = start_around(model, around, y)
        x0, y0 = (min(max(round(float(number), 2), -limit), limit) for number in first)
        controls = [
            Pad("point", "where in the latent space", limit, (x0, y0)),
            Toggle("manifold", "show the decoded images behind the map"),
        ]
        super().__init__(controls, backdrop=drawing.to_png(self.map(manifold=False)))

    def moved(self, names: set[str]) -> None:
        if "manifold" in names:
            wanted = self.values["manifold"]
            if wanted not in self._maps:
                self._maps[wanted] = drawing.to_png(self.map(manifold=wanted))
            self.panel.backdrop = self._maps[wanted]

    def scene(self) -> Scene:
        tile = Tile((Put("point", (0, 1)),), tuple(self.model.input_shape), self.model, self.label, self.own_decode)
        return Scene((tile,), torch.zeros(2, device=self.model.device))

    def says(self) -> list[str]:
        x, y = self.values["point"]
        return [f"z = ({signed(x, 2)}, {signed(y, 2)})"]

    def alt(self) -> str:
        x, y = self.values["point"]
        return f"The image decoded{self.drawn} from z = ({signed(x, 2)}, {signed(y, 2)}).{self._nearby(x, y)}"

    def _nearby(self, x: float, y: float) -> str:
        if self.places is None or self.y is None or not self._has_classes():
            return ""
        nearest = np.square(self.places - (x, y)).sum(1).argsort()[:15]
        votes = np.bincount(self.y[nearest].numpy(), minlength=len(self.names))
        return f" Of the 15 nearest encodings, {votes.max()} are of class {self.names[votes.argmax()]}."

    def _has_classes(self) -> bool:
        return self.y is not None and self.y.dim() == 1 and 0 < len(self.names) <= len(CLASS_COLOURS)

    @torch.inference_mode()
    def manifold(self) -> Tensor:
        """The decoded images on a grid over the map, top row first: (TILES², *input_shape)."""
        along = (torch.arange(TILES) + 0.5) / TILES * 2 * self.limit - self.limit
        z = torch.stack([along.repeat(TILES), -along.repeat_interleave(TILES)], 1)
        return self.decode(z.to(self.model.device))

    def _manifold_picture(self) -> Image.Image:
        if self._manifold is None:
            images = self.manifold()
            rows = torch.cat([torch.cat(list(row), dim=-1) for row in images.split(TILES)], dim=-2)
            side = MAP_SIDE * drawing.DENSITY
            self._manifold = drawing.from_tensor(rows).convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
        return self._manifold

    def map(self, *, manifold: bool) -> Image.Image:
        """Where the data's encodings lie, on white paper or over the decoded images."""
        side = MAP_SIDE * drawing.DENSITY
        paper = self._manifold_picture().copy() if manifold else Image.new("RGB", (side, side), drawing.PAPER)
        draw = ImageDraw.Draw(paper)
        if not manifold:
            for value in drawing.ticks(-self.limit, self.limit, 6):
                at = (value + self.limit) / (2 * self.limit) * side
                draw.line([(at, 0), (at, side)], drawing.FAINT if value else "#909090", drawing.DENSITY)
                draw.line([(0, side - at), (side, side - at)], drawing.FAINT if value else "#909090", drawing.DENSITY)
                if abs(value) > 0.93 * self.limit:  # no room for a number at the edge
                    continue
                number = f"{value:g}".replace("-", "−")
                draw.text((at, side - 3), number, drawing.INK, drawing.font(10), anchor="mb", **_OUTLINE)
                draw.text((4 * drawing.DENSITY, side - at), number, drawing.INK, drawing.font(10), anchor="lm", **_OUTLINE)
            draw.text((side - 4 * drawing.DENSITY, side / 2 - 4), latent(0), drawing.INK, drawing.font(11), anchor="rb", **_OUTLINE)
            draw.text((side / 2 + 8, 4 * drawing.DENSITY), latent(1), drawing.INK, drawing.font(11), anchor="lt", **_OUTLINE)
        if self.places is not None:
            self._dots(draw, side, self.places, few=manifold)
        return paper

    def _dots(self, draw: ImageDraw.ImageDraw, side: int, codes: np.ndarray, *, few: bool) -> None:
        places = (codes * (1, -1) + self.limit) / (2 * self.limit) * side
        labels = self.y.numpy() if self.y is not None and self._has_classes() else np.zeros(len(places), dtype=int)
        r = 1.3 * drawing.DENSITY
        for (x, y), label in zip(places[: 500 if few else None], labels, strict=False):
            box = [x - r, y - r, x + r, y + r]
            # Three shapes, so that classes differ in more than colour; their names stand on the map as well.
            if label % 3 == 0:
                draw.ellipse(box, fill=CLASS_COLOURS[label])
            elif label % 3 == 1:
                draw.rectangle(box, fill=CLASS_COLOURS[label])
            else:
                draw.polygon([(x, y - 1.3 * r), (x + 1.2 * r, y + r), (x - 1.2 * r, y + r)], fill=CLASS_COLOURS[label])
        if self._has_classes():
            present = np.unique(labels)
            middles = np.array([np.median(places[labels == label], axis=0) for label in present])
            for label, middle in zip(present, kept_apart(middles, 20 * drawing.DENSITY), strict=True):
                middle = np.clip(middle, 0.04 * side, 0.96 * side)
                draw.text(tuple(middle), str(self.names[label]), drawing.INK, drawing.font(17), anchor="mm", **_OUTLINE)

    def sheet(self) -> Image.Image:
        decoded = drawing.captioned(self._manifold_picture(), "what each place decodes to")
        if self.places is None:
            return decoded
        return drawing.beside(drawing.captioned(self.map(manifold=False), "where the data is encoded"), decoded)

    def sheet_alt(self) -> str:
        area = f"from {signed(-self.limit)} to {signed(self.limit)} in both latents"
        decoded = f"a grid of {TILES} by {TILES} decoded images{self.drawn} over the same area, changing smoothly from one to the next"
        if self.places is None:
            return f"The latent space {area}: {decoded}."
        shape = f"Map of the latent space {area}. Left: the encodings of {len(self.places)} images"
        if self.y is None or not self._has_classes():
            return f"{shape}. Right: {decoded}."
        labels = self.y.numpy()
        middles = {name: np.median(self.places[labels == i], axis=0) for i, name in enumerate(self.names) if (labels == i).any()}
        told = ", ".join(f"{name} near ({signed(x)}, {signed(y)})" for name, (x, y) in middles.items())
        return f"{shape}, coloured by class; the middle of each class: {told}. Right: {decoded}."


def kept_apart(points: np.ndarray, distance: float, rounds: int = 50) -> np.ndarray:
    """The points (n, 2) moved as little as need be, so that no two names written there overlap: two too close part along their line."""
    points = points.astype(float)
    for _ in range(rounds):
        for i in range(len(points)):
            for j in range(i):
                apart = points[i] - points[j]
                length = np.hypot(*apart)
                if length < distance:
                    way = apart / length if length > 1e-9 else np.array([1.0, 0.0])
                    points[i] += way * (distance - length) / 2
                    points[j] -= way * (distance - length) / 2
    return points
