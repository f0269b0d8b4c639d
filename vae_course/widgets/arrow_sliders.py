"""Arrow sliders: go along directions of the latent space that were found for attributes, from the code of a picture."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.distributions import Distribution

from ..models.base import evaluating
from . import drawing
from .explorer import Choice, Explorer, Slider, signed, thumbnails
from .latents import codes
from .scene import Put, Scene, Take, Tile


class AlongArrows(nn.Module):
    """A model's decoder with more inputs: how far to go along each arrow. Its z is the code, and then one number an arrow.

    The decoder begins with a linear layer, W z + b. Going along arrows A adds W A · amounts: a few more columns of weights and no more.
    """

    def __init__(self, model: Any, arrows: Tensor) -> None:
        super().__init__()
        first, *rest = folded(model.decoder)
        if not isinstance(first, nn.Linear) or arrows.shape[1:] != (model.latent_size,):
            wanted = f"(n, {model.latent_size}) and a decoder that begins with a linear layer"
            raise ValueError(f"arrows are {tuple(arrows.shape)}, expected {wanted}.")
        of_code = first.weight[:, : model.latent_size]  # what else a conditional decoder takes is 0 where nothing is told
        wider = nn.Linear(model.latent_size + len(arrows), first.out_features).to(first.weight)
        with torch.no_grad():
            wider.weight.copy_(torch.cat([of_code, of_code @ arrows.to(of_code).T], dim=1))
            wider.bias.copy_(first.bias)
        self.decoder, self.pixels, self.input_shape = nn.Sequential(wider, *rest), model.pixels, tuple(model.input_shape)
        self.latent_size = model.latent_size + len(arrows)

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        return next(self.parameters()).dtype

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """p(x|z) for z of shape (..., latent_size + arrows)."""
        rows = z.reshape(-1, self.latent_size)
        return self.pixels(self.decoder(rows).reshape(*z.shape[:-1], *self.input_shape))


@torch.no_grad()
def folded(layers: nn.Sequential) -> list[nn.Module]:
    """The layers without batch normalisation: in evaluation it multiplies each channel and adds to it, which the layer before can do."""
    found: list[Any] = []
    for layer in copy.deepcopy(list(layers)):
        if not isinstance(layer, nn.BatchNorm2d):
            found.append(layer)
            continue
        assert layer.running_mean is not None
        assert layer.running_var is not None
        scale = layer.weight * (layer.running_var + layer.eps).rsqrt()
        shift = layer.bias - layer.running_mean * scale
        *_, before = (one for one in found if isinstance(one, nn.Linear | nn.ConvTranspose2d))
        if isinstance(before, nn.Linear):  # each channel is several of its outputs
            scale, shift = (each.repeat_interleave(before.out_features // len(each)) for each in (scale, shift))
        dimension = 0 if isinstance(before, nn.Linear) else 1
        before.weight.mul_(scale.view([-1 if at == dimension else 1 for at in range(before.weight.dim())]))
        assert before.bias is not None
        before.bias.mul_(scale).add_(shift)
    return found


class ArrowSliders(Explorer):
    """Edit a picture by attributes: `ArrowSliders(model, faces, {"smile": smile, "glasses": glasses})`.

    Each slider adds so many times its arrow to the picture's code, and the sum is decoded. Sliders stay where they are when another picture
    is chosen: the same edit, of another face.
    images: (n, *input_shape), at most a few, to choose from. arrows: for each name a direction, (latent_size,).
    limit: how many lengths of its arrow a slider goes, both ways.
    The controls are `image` and the names of the arrows. Raises ValueError without an arrow, or for one of another shape.
    """

    title = "Arrow sliders"

    def __init__(self, model: Any, images: Tensor, arrows: Mapping[str, Tensor], *, limit: float = 2.0) -> None:
        if not arrows:
            raise ValueError("there is no arrow, expected a direction for each name, such as {'smile': attribute_arrow(codes, smiles)}.")
        self.images, self.codes, self.limit = images, codes(model, images, None), limit
        self.names = list(arrows)
        self.model = AlongArrows(model, torch.stack(list(arrows.values()))).eval()
        options = tuple(f"picture {number + 1}" for number in range(len(images)))
        self.row_of = {option: row for row, option in enumerate(options)}
        self.side = 128
        self.picture_width = 2 * (self.side + 4) + 4
        controls: list = [Choice("image", "the picture that is edited", options, options[0], thumbnails(images))]
        controls += [Slider(name, name, -limit, limit, 0.0, 0.05) for name in self.names]
        super().__init__(controls)

    def scene(self) -> Scene:
        shape, size = tuple(self.images.shape[1:]), self.codes.shape[1]
        moves = (Put(name, (size + number,)) for number, name in enumerate(self.names))
        tiles = (
            Tile((Take(self.images.flatten(1), ("image",)),), shape),
            Tile((Take(self.codes, ("image",)), *moves), shape, self.model),
        )
        return Scene(tiles, mosaic=drawing.mosaic(2, shape, columns=2, side=self.side, gap=4, column_labels=["picture", "edited"]))

    def alt(self) -> str:
        places = ", ".join(f"{signed(self.values[name])} × {name}" for name in self.names)
        return f"{self.values['image'].capitalize()} and, to its right, what is decoded from its code with {places}."

    @torch.inference_mode()
    def sheet(self) -> Image.Image:
        code, steps = self.codes[self.row_of[self.values["image"]]], torch.linspace(-self.limit, self.limit, 7)
        z = torch.zeros(len(self.names), len(steps), self.model.latent_size)
        z[..., : len(code)] = code
        for number in range(len(self.names)):
            z[number, :, len(code) + number] = steps
        with evaluating(self.model):
            rows = self.model.decode(z.flatten(0, 1).to(self.codes)).mean.cpu()
        labels = [signed(step, 2).rstrip("0").rstrip(".") for step in steps.tolist()]
        return drawing.tiles(rows, columns=len(steps), side=72, row_labels=self.names, column_labels=labels)

    def sheet_alt(self) -> str:
        return (
            f"Grid of decoded pictures, {len(self.names)} rows by 7 columns, decoded from the code of one picture. Each row adds from "
            f"{signed(-self.limit)} to {signed(self.limit)} times one arrow: {', '.join(self.names)}."
        )
