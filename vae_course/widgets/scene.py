"""From where the controls stand to a picture, as data: z is taken from tables and controls, and decoded. The browser does the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from . import drawing
from .latents import Decoder, decoder_of
from .programme import Programme, Weights, known_programme


@dataclass(frozen=True)
class Take:
    """A row of a table: that of where the controls `by` stand. Nothing is taken while one of them stands nowhere (None).

    table: (places of the first control, places of the second, …, numbers); a row with fewer numbers than z has leaves the rest at 0.
    """

    table: Tensor
    by: tuple[str, ...] = ()

    def row(self, places: Mapping[str, int | None]) -> Tensor | None:
        """The row for where controls stand, (numbers,)."""
        row = self.table
        for name in self.by:
            place = places[name]
            if place is None:
                return None
            row = row[place]
        return row


@dataclass(frozen=True)
class Put:
    """Where a control stands becomes a number of z, or two of them where it is a pad.

    at: which; with `by`, one for each place of that control, and the one of its place counts.
    follows: when another row is taken, the control goes to where that row has it.
    """

    control: str
    at: tuple[int, ...]
    by: str = ""
    follows: bool = False

    def into(self, z: Tensor, values: Mapping[str, Any], places: Mapping[str, int | None]) -> None:
        at = self.at
        if self.by:
            at = (at[places[self.by] or 0],)
        value = values[self.control]
        for index, number in zip(at, value if isinstance(value, tuple | list) else (value,), strict=True):
            z[index] = number


@dataclass(frozen=True)
class Tile:
    """One image of the picture. z: how it comes about, step by step, from the scene's `base` on.

    model: what decodes it; None where the row that is taken is the image itself. decode: a function of z in place of the model's mean.
    label: the class that is decoded, where the model knows classes: a number, or what is taken from a table of them.
    shape: of the image, (channels, height, width).
    """

    z: tuple[Take | Put, ...]
    shape: tuple[int, ...]
    model: Any = None
    label: int | Take | None = None
    decode: Decoder | None = None

    @property
    def size(self) -> int:
        """How many numbers z has."""
        return self.takes[0].table.shape[-1] if self.model is None else self.model.latent_size

    @property
    def takes(self) -> list[Take]:
        return [step for step in self.z if isinstance(step, Take)]

    @property
    def puts(self) -> list[Put]:
        return [step for step in self.z if isinstance(step, Put)]

    @property
    def moves(self) -> bool:
        """Whether any control changes it."""
        labels = [self.label] if isinstance(self.label, Take) else []
        return bool(self.puts) or any(take.by for take in (*self.takes, *labels))


Shown = tuple[Tensor, int | None]  # z and the class


@dataclass(frozen=True)
class Scene:
    """The tiles of a picture and how controls lead to them.

    base: the z that tiles begin with when they take none. draws: button → rows of z, (n, latent_size), of which each press makes the next
    one the base. mosaic: where the tiles lie; without it, the one tile is the picture, and the browser enlarges it.
    """

    tiles: tuple[Tile, ...]
    base: Tensor | None = None
    draws: Mapping[str, Tensor] = field(default_factory=dict)
    mosaic: drawing.Mosaic | None = None

    @property
    def leads(self) -> set[str]:
        """Controls that take others along: those by which a row is taken that some control follows."""
        return {name for tile in self.tiles for take in tile.takes for name in take.by if any(put.follows for put in tile.puts)}

    def taken(self, tile: Tile, places: Mapping[str, int | None], base: Tensor | None) -> Tensor:
        """A tile's z before controls put numbers into it."""
        z = base
        for take in tile.takes:
            row = take.row(places)
            z = z if row is None else F.pad(row, (0, tile.size - len(row)))
        if z is None:
            raise ValueError("a tile has no z: give the scene a base, or let the tile take a row first.")
        return z.clone()

    def shown(self, values: Mapping[str, Any], places: Mapping[str, int | None], base: Tensor | None) -> Iterator[Shown]:
        """z and the class of each tile."""
        for tile in self.tiles:
            z = self.taken(tile, places, base)
            for put in tile.puts:
                put.into(z, values, places)
            label = tile.label.row(places) if isinstance(tile.label, Take) else tile.label
            yield z, None if label is None else int(label)

    def following(self, places: Mapping[str, int | None], base: Tensor | None) -> dict[str, float]:
        """Where those controls go that follow a row when it is taken."""
        return {put.control: float(self.taken(tile, places, base)[put.at[0]]) for tile in self.tiles for put in tile.puts if put.follows}

    @torch.inference_mode()
    def images(self, shown: list[Shown]) -> list[Tensor]:
        """Each tile's image, as its model decodes it; tiles of one model and class are decoded together."""
        found: dict[int, Tensor] = {}
        together: dict[tuple, list[int]] = {}
        for number, (tile, (z, label)) in enumerate(zip(self.tiles, shown, strict=True)):
            if tile.model is None:
                found[number] = z.view(tile.shape).cpu()
            else:
                together.setdefault((id(tile.model), id(tile.decode), label), []).append(number)
        for (*_, label), numbers in together.items():
            tile = self.tiles[numbers[0]]
            decoded = decoder_of(tile.model, tile.decode, label)(torch.stack([shown[number][0] for number in numbers]))
            found.update(zip(numbers, decoded.cpu(), strict=True))
        return [found[number] for number in range(len(self.tiles))]

    def picture(self, images: list[Tensor]) -> Image.Image:
        """The images where they lie."""
        return drawing.from_tensor(images[0]) if self.mosaic is None else self.mosaic.filled(images)

    # For the browser.

    def programmes(self) -> dict[int, tuple[Programme, Weights]] | None:
        """What decodes, by the model's id; None where one of them has no programme, so that all is left to the kernel."""
        found = {}
        for tile in self.tiles:
            if tile.model is not None and id(tile.model) not in found:
                known = None if tile.decode is not None else known_programme(tile.model)
                if known is None:
                    return None
                found[id(tile.model)] = known
        return found

    def painted(self, shown: list[Shown]) -> Image.Image | None:
        """The picture as the browser paints it; None where it can't."""
        programmes = self.programmes()
        if programmes is None:
            return None
        images = []
        for tile, (z, label) in zip(self.tiles, shown, strict=True):
            images.append(z.view(tile.shape) if tile.model is None else programmes[id(tile.model)][0].run(z.unsqueeze(0), label)[0])
        return self.picture(images)

    @cached_property
    def _told(self) -> tuple[list[dict], dict[str, dict], Weights]:
        """Tiles and draws as JSON has them, and the numbers that they refer to."""
        numbers: dict[int, tuple[int, Tensor]] = {}
        length = 0

        def start(table: Tensor) -> int:
            nonlocal length
            if id(table) not in numbers:
                numbers[id(table)] = (length, table)
                length += table.numel()
            return numbers[id(table)][0]

        def told(step: Take | Put) -> dict:
            if isinstance(step, Put):
                return {"put": step.control, "at": list(step.at), "by": step.by, "follows": step.follows}
            return {"take": start(step.table), "sizes": list(step.table.shape), "by": list(step.by)}

        tiles = []
        models = list(dict.fromkeys(id(tile.model) for tile in self.tiles if tile.model is not None))
        for number, tile in enumerate(self.tiles):
            if not tile.moves and self.mosaic is not None:  # it's in the kernel's first picture, and stays there
                continue
            label = told(tile.label) if isinstance(tile.label, Take) else tile.label
            about = {"z": [told(step) for step in tile.z], "size": tile.size, "shape": list(tile.shape), "label": label}
            about["model"] = None if tile.model is None else models.index(id(tile.model))
            about["at"] = None if self.mosaic is None else list(self.mosaic.places[number])
            tiles.append(about)
        draws = {name: {"take": start(rows), "sizes": list(rows.shape)} for name, rows in self.draws.items()}
        pieces = [table.detach().cpu().float().numpy().tobytes() for _, table in numbers.values()]
        packed = b"".join(pieces)
        carrier = Weights(key=hashlib.sha256(packed).hexdigest()[:16], numbers=packed, precision="single")
        return tiles, draws, carrier

    def for_the_browser(self) -> tuple[dict[str, Any], list[Weights]]:
        """What the browser needs to paint, as the models stand now, and what carries the numbers; nothing where it can't."""
        programmes = self.programmes()
        if programmes is None:
            return {}, []
        tiles, draws, tables = self._told
        told = [{"key": one.key, "steps": list(one.steps), "shape": list(one.shape)} for one, _ in programmes.values()]
        size = [self.tiles[0].shape[2], self.tiles[0].shape[1]] if self.mosaic is None else list(self.mosaic.paper.size)
        about = {"models": told, "tables": tables.key, "tiles": tiles, "draws": draws, "leads": sorted(self.leads), "size": size}
        return about, [*(weights for _, weights in programmes.values()), tables]
