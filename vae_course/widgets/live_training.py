"""Live training: a view for `fit` that shows loss, reconstructions and samples after each epoch, in one place."""

from __future__ import annotations

import math

import torch
from PIL import Image

from ..models.base import EncoderDecoder, evaluating
from ..plots import COLOURS, outputs_of
from ..training import History
from . import drawing
from .explorer import Still, examples_of
from .latents import one_of_each


class LiveTraining:
    """Watch a model learn: `fit(model, data, epochs=10, on_epoch=LiveTraining(data.test))`.

    After each epoch one picture is replaced in place: the loss so far, `count` test images above their reconstructions, and
    `count` samples, always from the same draws of z. The last picture stays in the notebook; `still()` gives it as well.
    examples: a Dataset, Split or tensor, with labels for a model that knows classes. every: draw after each so many epochs (and after the
    first).
    """

    def __init__(self, examples, *, count: int = 10, every: int = 1) -> None:
        if every < 1:
            raise ValueError(f"every is {every}, expected at least 1.")
        x, y, _ = examples_of(examples)
        chosen = (one_of_each(y, count) + list(range(len(x))))[:count]
        self.x, self.y, self.every = x[chosen], None if y is None else y[chosen], every
        self.losses: list[float] = []
        self.test_losses: list[float] = []
        self._samples = True
        self._picture: Image.Image | None = None
        self._handles: list = []

    def __call__(self, model: EncoderDecoder, history: History) -> None:
        """What `fit` calls after each epoch."""
        if len(history) == 1 or len(history) % self.every == 0:
            self.draw(model, history)
            self._show()

    @torch.no_grad()
    def draw(self, model: EncoderDecoder, history: History) -> None:
        """Make the picture anew, without showing it: what `still()` gives from now on."""
        self.losses = list(history.terms["loss"])
        self.test_losses = list(history.terms.get("test_loss", ()))
        with evaluating(model), torch.random.fork_rng():
            torch.manual_seed(0)
            seen = self.x.to(model.device)
            rows = [seen, model.reconstruct(seen, self.y)]
            labels = ["test images", "reconstructed"]
            # An autoencoder has no prior, and so no `sample`. This is asked beforehand: what goes wrong in sampling has to be seen.
            sample = getattr(model, "sample", None)
            self._samples = sample is not None
            if sample is not None:
                rows.append(sample(len(seen)))
                labels.append("sampled")
        grid = drawing.tiles(torch.cat(rows).cpu(), columns=len(seen), side=44, row_labels=labels)
        self._picture = drawing.above(self._curve(grid.width // drawing.DENSITY), grid)

    def _curve(self, width: int) -> Image.Image:
        finite = [value for value in (*self.losses, *self.test_losses) if math.isfinite(value)]
        low, high = min(finite), max(finite)
        margin = max(0.08 * (high - low), 0.01 * abs(high), 1e-6)
        y = (low - margin, high + margin)
        epochs = list(range(1, len(self.losses) + 1))
        x = (0.5, max(len(epochs), 2) + 0.5)
        whole = [tick for tick in drawing.ticks(1, max(len(epochs), 2), 6) if tick == int(tick)]
        plot = drawing.Plot(
            width, 170, x=x, y=y, x_ticks=whole, y_ticks=drawing.ticks(*y, 4), x_label="epoch", y_label="loss (nats per image)"
        )
        for values, colour, dashed in ((self.losses, COLOURS[0], False), (self.test_losses, COLOURS[3], True)):
            if values:
                plot.curve(epochs, values, colour, dashed=dashed)
                for epoch, value in zip(epochs, values, strict=True):
                    plot.dot(epoch, value, colour, radius=3)
        key = plot.right, plot.top + 4
        for line, (name, values, colour) in enumerate(
            (("training ——", self.losses, COLOURS[0]), ("test - - -", self.test_losses, COLOURS[3]))
        ):
            if values:
                at = (key[0] * drawing.DENSITY, (key[1] + 17 * line) * drawing.DENSITY)
                plot.draw.text(at, f"{name} {values[-1]:.1f}", colour, drawing.font(), anchor="ra")
        return plot.picture

    def alt(self) -> str:
        """What is to be seen: the figures of the curve, and what the rows hold."""
        span = f"from {self.losses[0]:.1f} to {self.losses[-1]:.1f} nats per image in {len(self.losses)} epochs"
        if len(self.losses) == 1:
            span = f"{self.losses[0]:.1f} nats per image after the first epoch"
        test = f", test loss at the end {self.test_losses[-1]:.1f}" if self.test_losses else ""
        rows = f"a row of {len(self.x)} test images, one of their reconstructions" + (", and one of samples" if self._samples else "")
        return f"Above: the training loss, {span}{test}. Below: {rows}."

    def still(self) -> Still:
        """The last picture with its alt text. Raises ValueError before the first epoch is over."""
        if self._picture is None:
            raise ValueError("nothing was drawn yet: give this to fit as on_epoch=… and let it finish an epoch.")
        return Still(drawing.to_small_png(self._picture), self.alt())

    def _show(self) -> None:
        from IPython.display import display

        still = self.still()
        outputs = outputs_of(still.png, still.alt, density=drawing.DENSITY)
        if not self._handles:
            self._handles = [display(data, raw=True, metadata=about, display_id=True) for data, about in outputs]
            return
        for handle, (data, about) in zip(self._handles, outputs, strict=True):
            if handle is not None:  # outside a notebook there is nothing to replace
                handle.update(data, raw=True, metadata=about)
