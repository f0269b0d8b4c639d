"""Label and style: ask for a class, and move the style it is written in."""

from __future__ import annotations

import torch
from PIL import Image
from torch import Tensor
from torch.distributions import kl_divergence

from ..models.base import evaluating
from . import drawing
from .explorer import Button, Choice, Explorer, Slider, examples_of, signed, subscript, thumbnails
from .latents import picks


class LabelAndStyle(Explorer):
    """Ask a trained conditional VAE for a class, in a style that is moved by sliders or taken from an image.

    model: anything with the contract of `ConditionalVAE`. data: a Dataset, or a Split with labels; its images lend their styles, and it
    orders the sliders by the KL that each latent costs, the most telling first. sliders: how many to show (all by default).
    The controls are `label`, `image` (take the style of this one) and `z0`, `z1`, … after the latents; `z` is the whole style.
    Raises ValueError when the data has no labels.
    """

    title = "Label and style"
    picture_width = 252
    in_pixels = True

    def __init__(self, model, data, *, sliders: int | None = None, limit: float = 3.0) -> None:
        self.model = model
        x, y, names = examples_of(data)
        if y is None or y.dim() != 1:
            raise ValueError("the data has no labels, expected a Dataset or a Split: the style of an image is encoded with its label.")
        self.labels = names or tuple(map(str, range(model.classes)))
        self.picks = picks(x, y, self.labels)
        chosen, options = self.picks.rows, self.picks.options
        self.images, self.image_labels = x[chosen], y[chosen]
        with evaluating(model), torch.no_grad():
            q = model.encode(x.to(model.device), y.to(model.device))
            self.nats = kl_divergence(q.base_dist, model.prior.base_dist).mean(0).cpu()
        self.order = self.nats.argsort(descending=True).tolist()[:sliders]
        self.styles = dict(zip(options, q.mean[chosen], strict=True))
        self.generator = torch.Generator().manual_seed(0)
        self._z = torch.zeros(model.latent_size, device=model.device)
        self.limit = max(limit, -(-q.mean[chosen].abs().max().item() // 0.5) * 0.5)
        controls = [
            Choice("label", "draw a", self.labels, self.labels[len(self.labels) * 7 // 10]),
            Choice("image", "take the style of this image", options, None, thumbnails(self.images)),
            *(Button("random", "Random style"), Button("centre", "Reset style")),
            *(Slider(f"z{i}", f"z{subscript(i)}", -self.limit, self.limit, 0.0, 0.1, f"{self.nats[i]:.1f} nats") for i in self.order),
        ]
        super().__init__(controls)

    @property
    def z(self) -> Tensor:
        """The style that is decoded: (latent_size,)."""
        return self._z.clone()

    def moved(self, names: set[str]) -> None:
        # Resetting everything moves "image" too, back to none: the sliders' own values then count.
        if "image" in names and self.values["image"] is not None:
            self._place(self.styles[self.values["image"]])
        for name in names - {"image", "label"}:
            self._z[int(name[1:])] = self.values[name]
        if names >= set(self.controls) - {"image"}:
            self._z[[i for i in range(len(self._z)) if i not in self.order]] = 0.0

    def press_random(self) -> None:
        self._place(torch.randn(self.model.latent_size, generator=self.generator).clamp(-self.limit, self.limit))
        self.values["image"] = None

    def press_centre(self) -> None:
        self._place(torch.zeros(self.model.latent_size))
        self.values["image"] = None

    def _place(self, z: Tensor) -> None:
        self._z = z.clone().to(self._z)
        self.values.update({f"z{i}": float(z[i]) for i in self.order})

    def _decoded(self, styles: Tensor, labels: Tensor) -> Tensor:
        with evaluating(self.model):
            return self.model.decode(styles.to(self._z), labels.to(self._z.device)).mean.cpu()

    def draw(self) -> Image.Image:
        label = torch.tensor([self.labels.index(self.values["label"])])
        return drawing.from_tensor(self._decoded(self._z.unsqueeze(0), label)[0])

    def alt(self) -> str:
        z = self._z.tolist()
        moved = sorted((i for i in self.order if abs(z[i]) > 0.05), key=lambda i: -abs(z[i]))
        if self.values["image"] is not None:
            style = f"the style of {self.picks.told(self.values['image'])}"
        elif not moved:
            style = "the middle style, z = 0"
        else:
            style = "a style of one's own"
        places = ", ".join(f"z{subscript(i)} = {signed(z[i])}" for i in moved[:4])
        rest = f" and {len(moved) - 4} more away from zero" if len(moved) > 4 else ""
        return f"The image decoded for class {self.values['label']} in {style}" + (f": {places}{rest}." if moved else ".")

    @torch.inference_mode()
    def _rows(self) -> list[Tensor]:
        """For each of up to five styles, what every label makes of it: (classes, *input_shape) each."""
        classes = torch.arange(len(self.labels))
        return [self._decoded(z.expand(len(classes), -1), classes) for z in list(self.styles.values())[:5]]

    def sheet(self) -> Image.Image:
        rows = [part for number, row in enumerate(self._rows()) for part in (self.images[number : number + 1].cpu(), row)]
        return drawing.tiles(torch.cat(rows), columns=1 + len(self.labels), side=48, column_labels=["image", *self.labels])

    def sheet_alt(self) -> str:
        lent = ", ".join(list(self.styles)[:5])
        # What the label does is measured and not taken for granted: a model may ignore it.
        differ = torch.stack([(row - row.mean(0)).abs().amax((1, 2, 3)).mean() for row in self._rows()]).mean().item()
        return (
            f"Grid of {min(len(self.styles), 5)} rows by {1 + len(self.labels)} columns. The first column shows images of class {lent}. "
            f"To the right of each, its style is decoded with every label in turn: {', '.join(self.labels)}. "
            "Along a row the style stays and the label changes. "
            f"A picture differs from the average of its row by up to {differ:.2f} in a pixel (white is 1; an ignored label gives 0)."
        )
