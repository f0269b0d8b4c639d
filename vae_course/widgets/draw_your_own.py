"""Draw your own: a digit drawn by hand is brought to MNIST's form, encoded, drawn from, decoded and priced while the pen moves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ..evaluation.examples import placed
from ..models import VAE
from ..models.base import evaluating
from ..plots import CLASS_COLOURS
from . import drawing, pen
from .explorer import HERE, SCRIPTS, Explorer, Panel, Slider, examples_of, latent, signed, thumbnails
from .latent_pad import kept_apart
from .latents import codes
from .programme import Programme, Weights, known_encoder, known_programme
from .ready_strokes import HAND_DRAWN, READY

MAP_SIDE = 300
CLOUD = 60  # draws on the map
SHOWN = 4  # of them, decoded at once
GAP = 2  # pixels between the images in the picture
PRICED = 500  # images of the data, for what one of them costs on average
MOST_POINTS = 20_000
LETTERS = dict(zip(HAND_DRAWN, "ABC", strict=True))

Strokes = list[list[list[float]]]


@dataclass(frozen=True)
class Sketch:
    """A canvas to draw on. Where it stands is a list of strokes, of each its points (x, y), x to the right and y down, from 0 to 1.

    ready: strokes to start from, by name, with a picture of each (PNG bytes); from Python a name stands for its strokes.
    line: how wide the pen's line is on the canvas.
    """

    name: str
    label: str
    ready: Mapping[str, Strokes]
    default: Strokes
    pictures: tuple[bytes, ...] = field(default=(), repr=False)
    line: float = pen.WIDTH / pen.SIDE
    kind: ClassVar[str] = "sketch"

    def check(self, value: Any) -> Strokes:
        if isinstance(value, str):
            if value not in self.ready:
                raise ValueError(f"{self.name} is {value!r}, expected strokes, or one of: {', '.join(self.ready)}.")
            return self.ready[value]
        strokes = [self._points(stroke) for stroke in value]
        if sum(map(len, strokes)) > MOST_POINTS:
            raise ValueError(f"{self.name} has {sum(map(len, strokes))} points, expected at most {MOST_POINTS}. Leave some of them out.")
        return strokes

    def _points(self, stroke: Any) -> list[list[float]]:
        points = np.asarray(stroke, dtype=float)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
            raise ValueError(f"a stroke of {self.name} has shape {points.shape}, expected (points, 2): x and y of at least one point.")
        if not ((points >= 0) & (points <= 1)).all():
            raise ValueError(f"a stroke of {self.name} goes from {points.min():g} to {points.max():g}, expected numbers from 0 to 1.")
        return np.round(points, 4).tolist()

    def stops(self) -> list:
        return [[], *self.ready.values(), self.default]


SCRIPT, STYLE = HERE / "draw_your_own.js", HERE / "draw_your_own.css"


class DrawPanel(Panel):
    """The panel with a canvas to draw on and a map."""

    _esm = "".join(path.read_text("utf-8") for path in (*SCRIPTS, SCRIPT))
    _css = "".join(path.read_text("utf-8") for path in (HERE / "panel.css", STYLE))


@dataclass(frozen=True)
class Read:
    """What a model makes of one drawing.

    image: (28, 28). mu, log_var: (latent_size,). decoded: from μ, then from the draws, (1 + n, 1, 28, 28).
    kl, cost: KL(q(z|x) ‖ p(z)) and the mean of −log p(x|z) over the draws, in nats.
    """

    image: Tensor
    mu: Tensor
    log_var: Tensor
    decoded: Tensor
    kl: float
    cost: float

    @property
    def elbo(self) -> float:
        return -self.cost - self.kl

    @property
    def sigma(self) -> Tensor:
        return (0.5 * self.log_var).exp()


class DrawYourOwn(Explorer):
    """Draw a digit with mouse, finger or pen, or start from ready strokes: see it as MNIST would hold it, its code, and what it costs.

    model: a `VAE` or `ConvolutionalVAE` of images (1, 28, 28) with Bernoulli pixels. data: a Dataset, Split or tensor, whose encodings
    are the map, coloured by class, and whose mean prices stand beside the drawing's. prices: False says nothing of nats, μ and draws,
    for a reader who has not met them.
    The controls are `drawing` (strokes, or "0" to "9" for ready ones) and `draws`: which four of 60 draws from q(z|x) are decoded; the
    noise of each stays the same. Readable afterwards: `image` (28, 28), in MNIST's form; `mu` and `log_var` (latent_size,); in nats `kl`,
    `reconstruction` (−log p(x|z), the mean over the four draws) and `elbo`.
    With more than two latents the map shows those two whose means vary most over the data, or the first two without data.
    Raises ValueError for another model.
    """

    title = "Draw your own"
    picture_width = 3 * ((2 + SHOWN) * (pen.SIDE + GAP) - GAP)
    in_pixels = True
    panel_kind = DrawPanel

    def __init__(self, model: VAE, data=None, *, prices: bool = True) -> None:
        _refuse_others(model)
        self.model, self.prices = model, prices
        self.noise = torch.randn(CLOUD, model.latent_size, generator=torch.Generator().manual_seed(0)).round(decimals=3)
        x, y, self.names = (None, None, ()) if data is None else examples_of(data)
        places = None if x is None else codes(model, x).cpu()
        self.axes = [0, 1] if places is None else sorted(places.var(0).argsort(descending=True)[:2].tolist())
        if model.latent_size == 1:
            self.axes = [0, 0]
        self.usual = "" if x is None or not prices else self._usual(x[:PRICED])
        self.labels = y if y is not None and 0 < len(self.names) <= len(CLASS_COLOURS) else None
        self.places = None if places is None else places[:, self.axes].numpy()
        self.limit = self._limit()
        self._plot = self._map()
        ready = torch.stack([_form(strokes) for strokes in READY.values()]).unsqueeze(1)
        controls = [
            Sketch("drawing", "drawing", READY, READY["3"], thumbnails(ready)),
            Slider("draws", "draws", 1, CLOUD // SHOWN, 1, 1, f"which {SHOWN} of {CLOUD}"),
        ]
        self._seen: Read | None = None
        super().__init__(controls, backdrop=drawing.to_small_png(self._plot.picture))  # pyright: ignore[reportArgumentType]

    # What can be read in Python.

    @property
    def image(self) -> Tensor:
        """The drawing in MNIST's form: (28, 28), pixels in [0, 1]."""
        return self.read.image

    @property
    def mu(self) -> Tensor:
        """The mean of q(z|x): (latent_size,)."""
        return self.read.mu

    @property
    def log_var(self) -> Tensor:
        """The logarithm of q's variance: (latent_size,)."""
        return self.read.log_var

    @property
    def kl(self) -> float:
        """KL(q(z|x) ‖ p(z)) in nats."""
        return self.read.kl

    @property
    def reconstruction(self) -> float:
        """−log p(x|z) in nats, the mean over the draws that are shown."""
        return self.read.cost

    @property
    def elbo(self) -> float:
        """−reconstruction − kl, in nats."""
        return self.read.elbo

    @property
    def read(self) -> Read:
        """All of it at once."""
        assert self._seen is not None
        return self._seen

    # What is shown.

    def _noise(self, draws: float) -> Tensor:
        """What the draws that are shown have for noise, (SHOWN, latent_size)."""
        return self.noise[SHOWN * (int(draws) - 1) :][:SHOWN]

    @torch.no_grad()
    def _read(self, strokes: Sequence[pen.Stroke], draws: float = 1) -> Read:
        image = _form(strokes)
        x = placed(self.model, image.reshape(1, 1, pen.SIDE, pen.SIDE))
        noise = self._noise(draws).to(x)
        with evaluating(self.model):
            q = self.model.encode(x)
            z = q.mean + q.stddev * noise
            p = self.model.decode(torch.cat([q.mean, z]))
            cost = -p.log_prob(x.expand(len(z) + 1, -1, -1, -1))[1:].mean()
            kl = self.model.kl_terms(q, z).sum()
        mu, log_var = q.mean[0].cpu().float(), 2 * q.stddev[0].cpu().float().log()
        return Read(image, mu, log_var, p.mean.cpu().float(), kl.item(), cost.item())

    def draw(self) -> Image.Image:
        self._seen = self._read(self.values["drawing"], self.values["draws"])
        return drawing.from_tensor(strip(self.image, self.read.decoded))

    def painted(self) -> Image.Image | None:
        known = self._known()
        if not known:
            return None
        (encoder, _), (decoder, _) = known
        mu, log_var = encoder.run(self.image.reshape(1, 1, pen.SIDE, pen.SIDE)).chunk(2, dim=-1)
        z = torch.cat([mu, mu + (0.5 * log_var).exp() * self._noise(self.values["draws"])])
        return drawing.from_tensor(strip(self.image, decoder.run(z)))

    def says(self) -> list[str]:
        seen = self.read
        mu, sigma = ([signed(values[axis].item(), 2) for axis in self.axes] for values in (seen.mu, seen.sigma))
        if not self.prices:
            return [f"On the map, {self._axes_told()}: {', '.join(mu)}."]
        lines = [f"{self._drawn()} {_priced(seen)}.", self.usual]
        lines.append(f"On the map, {self._axes_told()}: μ = ({', '.join(mu)}), σ = ({', '.join(sigma)}).")
        return [line for line in lines if line]

    def _drawn(self) -> str:
        return "This drawing:" if self.values["drawing"] else "Nothing is drawn; an empty picture:"

    def _axes_told(self) -> str:
        told = " and ".join(dict.fromkeys(map(latent, self.axes)))
        if self.model.latent_size <= 2:
            return told
        return f"{told}, {'which vary most' if self.places is not None else 'the first two'} of {self.model.latent_size}"

    def alt(self) -> str:
        count = len(self.values["drawing"])
        strokes = "an empty picture" if count == 0 else f"a drawing of {count} stroke{'s' * (count > 1)}"
        return f"Six images in a row: {strokes} in MNIST's form, {self._decoded_told()}."

    def _decoded_told(self) -> str:
        if not self.prices:
            return f"what is painted from the middle of its cloud, and from {SHOWN} points of the cloud"
        return f"what is decoded from μ, and what is decoded from {SHOWN} draws of z"

    def further(self) -> dict[str, Any]:
        return {"mu": self.read.mu.tolist(), "log_var": self.read.log_var.tolist()}

    @torch.no_grad()
    def _usual(self, x: Tensor) -> str:
        x = placed(self.model, x)
        with evaluating(self.model):
            q = self.model.encode(x)
            z = q.mean + q.stddev * self.noise[torch.arange(len(x)) % CLOUD].to(x)
            cost = -self.model.decode(z).log_prob(x).mean().item()
            kl = self.model.kl_terms(q, z).sum(-1).mean().item()
        return f"The data's images, on average: {_in_nats(kl, cost)}."

    # The map.

    def _limit(self) -> float:
        """Half the map's side: nearly all of the data and all ready strokes lie on it."""
        furthest = [3.0] if self.places is None else [float(np.quantile(np.abs(self.places), 0.99))]
        furthest += [self._read(strokes).mu[self.axes].abs().max().item() + 0.3 for strokes in READY.values()]
        return math.ceil(2 * max(furthest)) / 2

    def _map(self) -> drawing.Plot:
        """Where the data is encoded, without a cloud."""
        ends, ticks = (-self.limit, self.limit), drawing.ticks(-self.limit, self.limit, 6)
        names = [latent(axis) for axis in self.axes]
        plot = drawing.Plot(MAP_SIDE, MAP_SIDE, x=ends, y=ends, x_label=names[0], y_label=names[1], x_ticks=ticks, y_ticks=ticks)
        if self.places is not None:
            labels = np.zeros(len(self.places), dtype=int) if self.labels is None else self.labels.numpy()
            for (x, y), label in zip(self.places, labels, strict=True):
                if max(abs(x), abs(y)) <= self.limit:
                    _mark(plot, *plot.at(x, y), int(label))
            if self.labels is not None:
                self._names(plot, labels)
        return plot

    def _names(self, plot: drawing.Plot, labels: np.ndarray) -> None:
        assert self.places is not None
        present = np.unique(labels)
        middles = np.array([plot.at(*np.median(self.places[labels == label], axis=0)) for label in present])
        for label, (x, y) in zip(present, kept_apart(middles, 17 * drawing.DENSITY), strict=True):
            outline = {"stroke_width": 2 * drawing.DENSITY, "stroke_fill": drawing.PAPER}
            plot.draw.text((x, y), str(self.names[label]), drawing.INK, drawing.font(15), anchor="mm", **outline)

    def map(self, *reads: Read, names: Sequence[str] = ()) -> Image.Image:
        """The map with the cloud of each, a ring around its mean, and its name beside that."""
        plot = self._map()
        means = [plot.at(*seen.mu[self.axes].tolist()) for seen in reads]
        for seen, name, (mean_x, mean_y) in zip(reads, names or [""] * len(reads), means, strict=True):
            for x, y in (seen.mu + seen.sigma * self.noise)[:, self.axes].tolist():
                plot.dot(x, y, drawing.INK, radius=2)
            for radius, colour, width in ((9, drawing.PAPER, 4), (8, drawing.INK, 2)):
                r, width = radius * drawing.DENSITY, width * drawing.DENSITY
                plot.draw.ellipse([mean_x - r, mean_y - r, mean_x + r, mean_y + r], outline=colour, width=width)
            if name:  # on a plate of its own, not to be taken for the name of a class
                others = [other for other in means if other != (mean_x, mean_y)]
                nearest = min(others, key=lambda other: math.dist(other, (mean_x, mean_y)), default=(0, 0))
                x = mean_x + (18 if nearest[0] <= mean_x else -18) * drawing.DENSITY
                r = 8 * drawing.DENSITY
                plot.draw.ellipse([x - r, mean_y - r, x + r, mean_y + r], fill=drawing.INK, outline=drawing.PAPER, width=drawing.DENSITY)
                plot.draw.text((x, mean_y), name, drawing.PAPER, drawing.font(12), anchor="mm")
        return plot.picture

    # For the browser.

    def _known(self) -> list[tuple[Programme, Weights]]:
        """Encoder and decoder as programmes; none of them where one of them has none, so that all is left to the kernel."""
        known = [known_encoder(self.model), known_programme(self.model)]
        return [] if None in known else [one for one in known if one is not None]

    def _programme(self) -> dict[str, Any]:
        known, plot = self._known(), self._plot
        about = {
            "models": [{"key": programme.key, "steps": list(programme.steps), "shape": list(programme.shape)} for programme, _ in known],
            "pen": {"side": pen.SIDE, "box": pen.BOX, "centre": pen.CENTRE, "width": pen.WIDTH, "soft": pen.SOFT, "smallest": pen.SMALLEST},
            "map": {
                "sides": [plot.left, plot.top, plot.right, plot.bottom],
                "limit": self.limit,
                "axes": self.axes,
                "side": MAP_SIDE,
                "density": drawing.DENSITY,
                "told": self._map_told(),
            },
            "cloud": self.noise.tolist(),
            "shown": SHOWN,
            "gap": GAP,
            "usual": self.usual,
            "prices": self.prices,
            "decoded_told": self._decoded_told(),
            "axes_told": self._axes_told(),
            "leads": [],
            "draws": {},
        }
        return {"programme": about, "weights": [weights for _, weights in known]}

    def _map_told(self) -> str:
        of = "draws from q(z|x) and a ring around its mean" if self.prices else "points and a ring around its middle"
        told = f"Map of {self._axes_told()}, with a cloud of {CLOUD} {of}"
        return told if self.places is None else f"{told}, over the encodings of {len(self.places)} images of the data"

    # The still picture.

    def _examples(self) -> dict[str, Read]:
        return {name: self._read(strokes) for name, strokes in HAND_DRAWN.items()}

    def sheet(self) -> Image.Image:
        rows, reads = [], self._examples()
        for name, seen in reads.items():
            images = torch.cat([seen.image.reshape(1, 1, pen.SIDE, pen.SIDE), seen.decoded])
            labels = ["x", "from μ", *(f"draw {number + 1}" for number in range(SHOWN))]
            if not self.prices:
                labels = ["drawn", "painted", "", "from its cloud"]
            row = drawing.tiles(images, columns=len(images), side=64, column_labels=labels)
            rows += [_line(f"{LETTERS[name]}, {name}. {_priced(seen) if self.prices else ''}"), row]
        return drawing.beside(drawing.above(*rows, gap=2), self.map(*reads.values(), names=tuple(LETTERS[name] for name in reads)))

    def sheet_alt(self) -> str:
        told = "; ".join(
            f"{LETTERS[name]}, {name}, at {'μ = ' * self.prices}({', '.join(signed(seen.mu[axis].item()) for axis in self.axes)})"
            + f": {_priced(seen)}" * self.prices
            for name, seen in self._examples().items()
        )
        under = "" if self.places is None else f" and {len(self.places)} images of the data"
        return (
            f"Three drawings by hand, a row each: in MNIST's form, {self._decoded_told()}. "
            f"Right, a map of {self._axes_told()} with the clouds of their draws{under}. {told}."
        )

    def __repr__(self) -> str:
        strokes = self.values["drawing"]
        return f"DrawYourOwn({len(strokes)} strokes, {sum(map(len, strokes))} points, draws={self.values['draws']:g})"


def strip(image: Tensor, decoded: Tensor) -> Tensor:
    """The drawing (28, 28) and what is decoded (n, 1, 28, 28) in one row, GAP white pixels between them: (1, 28, width)."""
    white = torch.ones(1, pen.SIDE, GAP)
    images = [image.unsqueeze(0), *decoded]
    return torch.cat([piece for image in images for piece in (image, white)][:-1], dim=-1)


def _form(strokes: Sequence[pen.Stroke]) -> Tensor:
    return torch.from_numpy(pen.mnist_form(strokes)).float()


def _priced(seen: Read) -> str:
    return _in_nats(seen.kl, seen.cost)


def _in_nats(kl: float, cost: float) -> str:
    return f"KL {kl:.1f}, −log p(x|z) {cost:.1f}, ELBO {signed(-kl - cost)} nats"


def _line(text: str) -> Image.Image:
    """A line of text on white paper."""
    paper = Image.new("RGB", (drawing.text_width(text) + 8, 2 * drawing.TEXT_SIZE * drawing.DENSITY), drawing.PAPER)
    ImageDraw.Draw(paper).text((6, paper.height - 6), text, drawing.INK, drawing.font(), anchor="lb")
    return paper


def _mark(plot: drawing.Plot, x: float, y: float, label: int) -> None:
    """Three shapes, so that classes differ in more than colour; their names stand on the map as well."""
    r = 1.1 * drawing.DENSITY
    if label % 3 == 2:
        plot.draw.polygon([(x, y - 1.3 * r), (x + 1.2 * r, y + r), (x - 1.2 * r, y + r)], fill=CLASS_COLOURS[label])
    else:
        (plot.draw.rectangle if label % 3 else plot.draw.ellipse)([x - r, y - r, x + r, y + r], fill=CLASS_COLOURS[label])


def _refuse_others(model: Any) -> None:
    expected = f"a VAE or ConvolutionalVAE of images (1, {pen.SIDE}, {pen.SIDE}) with Bernoulli pixels"
    if not isinstance(model, VAE):
        raise ValueError(f"one draws for {expected}, got a model of the kind {type(model).__name__}.")
    if model.input_shape != (1, pen.SIDE, pen.SIDE):
        raise ValueError(f"one draws for {expected}, got one of images {model.input_shape}. Train one on MNIST, or take a stored one.")
    if model.pixels.kind != "bernoulli":
        raise ValueError(f"one draws for {expected}, got {model.pixels.kind} pixels. Train with likelihood='bernoulli'.")
