"""Gap filler: hide a part of a series, and see what a VAE believes of it beside what one Gaussian believes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torch.distributions import Normal

from ..evaluation import draws_given_seen
from ..evaluation.series import chosen_ridge, gaussian_given_seen
from ..models.series import SeriesVAE
from . import chart, drawing
from .explorer import Choice, Explorer, Slider
from .programme import Programme
from .scene import Scene, Take, Tile

EVERY, LONGER = 4, 8  # steps from one place of a slider to the next
ACROSS, HEIGHT = 12, 300  # drawn pixels a step, and of the chart's height
DRAWS = 100
EIGHTY = (0.1, 0.9)  # between these quantiles lie 80 %


@dataclass(frozen=True)
class Drawn:
    """What a decoder gives, as far as an explorer asks: the mean."""

    mean: Tensor


class Charts(nn.Module):
    """Draws what `chart` describes as if it were a decoder, so that Python and the browser paint the same."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.latent_size = len(chart.ROWS) * steps
        self.input_shape = (3, HEIGHT, ACROSS * steps)
        self.device, self.dtype = torch.device("cpu"), torch.float32

    def decode(self, z: Tensor, y: Tensor | None = None) -> Drawn:
        """Numbers (n, 8 · steps) → pictures."""
        return Drawn(chart.painted(z, self.steps, *self.input_shape[1:]))

    def as_programme(self) -> Programme:
        """One step, and no weights but a zero that it doesn't use: numbers have to be there to be sent."""
        step = {"kind": "chart", "steps": self.steps, "height": self.input_shape[1], "width": self.input_shape[2]}
        return Programme((step,), np.zeros(1, np.float16), self.input_shape)


class GapFiller(Explorer):
    """Hide a part of a series, and see what fills it: `GapFiller({"a heartbeat": (model, train, series), …})`.

    By name: a `SeriesVAE` of one channel, the series (m, steps) that it was trained on, whole, and a series (steps, 2) of which all was
    seen. In the hidden part stand the VAE's mean and its 80 % band, of draws given what was seen (`evaluation.draws_given_seen`), and the
    mean and 80 % band of one Gaussian with the mean and covariance of `train`. All places of the controls are worked out beforehand.
    candidates: of how many the draws are chosen.
    The controls are `series`, `start`, how many steps are seen before the gap, and `hidden`, how many the gap has (those beyond the end
    are left out).
    Raises ValueError when there is no series, or they differ in length.
    """

    title = "Gap filler"
    picture_width = 560

    def __init__(self, series: Mapping[str, tuple[SeriesVAE, Tensor, Tensor]], *, candidates: int = 300) -> None:
        lengths = {len(one) for _, _, one in series.values()}
        if len(lengths) != 1:
            raise ValueError(f"got series of {sorted(lengths) or 'no'} steps, expected one series or more, all of one length.")
        self.steps, self.candidates = lengths.pop(), candidates
        self.starts = range(0, self.steps - EVERY, EVERY)
        self.sizes = range(LONGER, self.steps - LONGER + 1, LONGER)
        ridges = {id(train): chosen_ridge(train) for _, train, _ in series.values()}
        self.table = torch.stack([self._answers(model, train, one, ridges[id(train)]) for model, train, one in series.values()])
        names = tuple(series)
        last = 16 if 16 in self.starts else self.starts[0]
        super().__init__(
            [
                Choice("series", "the series", names, names[0]),
                Slider("start", "steps before the gap", self.starts[0], self.starts[-1], last, EVERY),
                Slider("hidden", "steps in the gap", self.sizes[0], self.sizes[-1], self.sizes[min(1, len(self.sizes) - 1)], LONGER),
            ]
        )

    def _answers(self, model: SeriesVAE, train: Tensor, series: Tensor, ridge: float) -> Tensor:
        """The chart's numbers for every gap: (starts, sizes, 8 · steps)."""
        at = torch.arange(self.steps)
        places = torch.tensor([(start, size) for start in self.starts for size in self.sizes])
        start, size = places[:, :1], places[:, 1:]
        hidden = (at >= start) & (at < start + size)
        x = series.cpu() * (~hidden).unsqueeze(-1)
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(0)
            p = model.decode(draws_given_seen(model, x, DRAWS, candidates=self.candidates))
            mean, drawn = p.mean[..., 0].mean(0).cpu(), p.sample()[..., 0].cpu()
        low, high = (drawn.quantile(edge, 0) for edge in EIGHTY)
        rival, sigma = gaussian_given_seen(train.cpu(), x[..., 0], x[..., 1], ridge=ridge)
        reach = Normal(0.0, 1.0).icdf(torch.tensor(EIGHTY[1])) * sigma
        value = series[:, 0].cpu().expand_as(mean)
        rows = [value, hidden.float(), mean, low, high, rival, rival - reach, rival + reach]
        return torch.stack([row.float() for row in rows], 1).reshape(len(self.starts), len(self.sizes), -1)

    def scene(self) -> Scene:
        charts = Charts(self.steps)
        tile = Tile((Take(self.table, ("series", "start", "hidden")),), charts.input_shape, charts)
        return Scene((tile,), mosaic=room(*charts.input_shape[1:]))

    def rows(self, **places) -> Tensor:
        """What stands in the chart now, or with controls elsewhere: (8, steps), in the order of `chart.ROWS`."""
        values = self.values | places
        at = [self.controls[name].place(values[name]) for name in ("series", "start", "hidden")]  # pyright: ignore[reportAttributeAccessIssue]
        return self.table[tuple(at)].view(len(chart.ROWS), self.steps)

    def says(self) -> list[str]:
        return ["thick lines: what each expects in the hidden part; around them, between what 80 % should lie"]

    def alt(self) -> str:
        return f"{str(self.values['series']).capitalize()}. {self._told()}"

    def _told(self, **places) -> str:
        value, hidden, mean, low, high, rival, rival_low, rival_high = self.rows(**places)
        gap = hidden == 1
        first, last = gap.nonzero()[[0, -1], 0].tolist()

        def of(middle: Tensor, below: Tensor, above: Tensor) -> str:
            miss = (middle - value)[gap].square().mean().sqrt().item()
            held = ((value >= below) & (value <= above))[gap].float().mean().item()
            return f"misses by {miss:.3f} and holds {held:.0%} of what was hidden in its band"

        return (
            f"Steps {first + 1} to {last + 1} are hidden: the VAE {of(mean, low, high)}, one Gaussian {of(rival, rival_low, rival_high)}."
        )

    def _shown_at(self, **places) -> Image.Image:
        assert self._scene is not None
        return self._scene.picture([chart.painted(self.rows(**places).reshape(1, -1), self.steps, HEIGHT, ACROSS * self.steps)[0]])

    def _stills(self) -> list[dict]:
        names = self.controls["series"].options  # pyright: ignore[reportAttributeAccessIssue]
        gap = {"start": self.controls["start"].default, "hidden": self.controls["hidden"].default}
        long = gap | {"hidden": self.sizes[len(self.sizes) // 2]}
        return [{"series": name} | place for name in dict.fromkeys((names[0], names[-1])) for place in (gap, long)]

    def sheet(self) -> Image.Image:
        pictures = [self._shown_at(**places).resize((630, 300), Image.Resampling.LANCZOS) for places in self._stills()]
        return drawing.above(*(drawing.beside(*pictures[at : at + 2]) for at in range(0, len(pictures), 2)))

    def sheet_alt(self) -> str:
        told = " ".join(f"{places['series'].capitalize()}: {self._told(**places)}" for places in self._stills())
        return f"Charts of a series with a shaded part that was hidden, filled in blue by a VAE and in grey by one Gaussian. {told}"


def room(height: int, width: int) -> drawing.Mosaic:
    """Paper for one chart, with its key on top and its axes at the left and below."""
    left, top, below, right = 62, 46, 60, 16
    paper = Image.new("RGB", (left + width + right, top + height + below), drawing.PAPER)
    pen, font = ImageDraw.Draw(paper), drawing.font(10)
    pen.line([(left, top + height), (left + width, top + height)], drawing.INK, 2)
    for value in (0.0, 0.5, 1.0):
        pen.text((left - 8, top + round(height * (1 - value))), f"{value:g}", drawing.INK, font, anchor="rm" if value else "rb")
    pen.text((left, top + height + 10), "step 1", drawing.INK, font, anchor="la")
    pen.text((left + width, top + height + 10), f"step {width // ACROSS}", drawing.INK, font, anchor="ra")
    x = left
    keys = (("VAE", chart.COLOUR, False), ("one Gaussian", chart.GREY, True), ("seen, and hidden", chart.INK, None))
    for label, colour, dashed in keys:
        if dashed is None:
            faint = tuple(round(255 + chart.FAINT * (part - 255)) for part in colour)
            for place, paint in ((x + 8, colour), (x + 26, faint)):
                pen.ellipse([place - 4, 18, place + 4, 26], paint)
        else:
            for start in (0, 22) if dashed else (0,):
                pen.line([(x + start, 22), (x + start + (14 if dashed else 36), 22)], colour, 4)
        pen.text((x + 44, 22), label, drawing.INK, font, anchor="lm")
        x += 44 + drawing.text_width(label, 10) + 34
    return drawing.Mosaic(paper, ((left, top, width, height),))
