"""What all explorers share: controls, one picture that is replaced in place, a still twin, and a way to move them from Python."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import torch
import traitlets
from ipywidgets import widget_serialization
from PIL import Image
from torch import Tensor

from ..data.accepted import in_memory
from ..plots import show_png
from . import drawing
from .programme import Weights
from .scene import Scene

HERE = Path(__file__).parent
SCRIPTS = tuple(HERE / name for name in ("programme.js", "scene.js", "panel.js"))


@dataclass(frozen=True)
class Slider:
    """A number between `low` and `high`. `unit` says what it carries, behind its label."""

    name: str
    label: str
    low: float
    high: float
    default: float
    step: float = 0.05
    note: str = ""
    kind: ClassVar[str] = "slider"

    def check(self, value: Any) -> float:
        number = float(value)
        if not (self.low <= number <= self.high):
            raise ValueError(f"{self.name} is {value}, expected a number from {self.low:g} to {self.high:g}.")
        return number

    def place(self, value: float) -> int:
        """How many steps it is from `low`."""
        return round((value - self.low) / self.step)

    def stops(self) -> list:
        return [self.low, self.high, self.default]


@dataclass(frozen=True)
class Choice:
    """One of several `options`; with `pictures` (PNG bytes, one an option) they are shown as thumbnails to press.

    Where it `can_be_left`, None stands for no option: a start that was moved away from.
    """

    name: str
    label: str
    options: tuple[str, ...]
    default: str | None
    pictures: tuple[bytes, ...] = field(default=(), repr=False)
    can_be_left: bool = False
    kind: ClassVar[str] = "choice"

    def check(self, value: Any) -> str | None:
        if value not in self.options and not (value is None and self.can_be_left):
            raise ValueError(f"{self.name} is {value!r}, expected one of: {', '.join(self.options)}.")
        return value

    def place(self, value: str | None) -> int | None:
        """Its number among the options."""
        return None if value is None else self.options.index(value)

    def stops(self) -> list:
        return [*self.options, self.default]


@dataclass(frozen=True)
class Toggle:
    """On or off."""

    name: str
    label: str
    default: bool = False
    kind: ClassVar[str] = "toggle"

    def check(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"{self.name} is {value!r}, expected True or False.")
        return value

    def stops(self) -> list:
        return [True, False, self.default]


@dataclass(frozen=True)
class Pad:
    """A point (x, y) in a square from −limit to limit, dragged over a picture."""

    name: str
    label: str
    limit: float
    default: tuple[float, float] = (0.0, 0.0)
    step: float = 0.1
    kind: ClassVar[str] = "pad"

    def check(self, value: Any) -> tuple[float, float]:
        x, y = (float(number) for number in value)
        if not (abs(x) <= self.limit and abs(y) <= self.limit):
            raise ValueError(f"{self.name} is ({x:g}, {y:g}), expected two numbers from {-self.limit:g} to {self.limit:g}.")
        return x, y

    def stops(self) -> list:
        a = self.limit
        return [(-a, -a), (a, -a), (a, a), (-a, a), self.default]


@dataclass(frozen=True)
class Button:
    """Does something when pressed: calls the explorer's method `press_<name>`."""

    name: str
    label: str
    kind: ClassVar[str] = "button"


@dataclass(frozen=True)
class Still:
    """A picture and what is to be seen in it: what an explorer leaves for print, for GitHub and for those who cannot drag."""

    png: bytes = field(repr=False)
    alt: str

    def show(self) -> None:
        """Display the picture with its alt text."""
        show_png(self.png, self.alt, density=drawing.DENSITY)

    def _ipython_display_(self) -> None:
        self.show()


class Panel(anywidget.AnyWidget):
    """The browser's half: draws the controls, sends where they stand, shows the newest picture, or paints it where there is a programme."""

    _esm = "".join(path.read_text("utf-8") for path in SCRIPTS)
    _css = HERE / "panel.css"
    about = traitlets.Dict().tag(sync=True)
    controls = traitlets.List().tag(sync=True)
    backdrop = traitlets.Bytes().tag(sync=True)
    png = traitlets.Bytes().tag(sync=True)
    sound = traitlets.Bytes().tag(sync=True)  # a WAV file; where there is one, a player stands below the picture
    frame = traitlets.Dict().tag(sync=True)
    programme = traitlets.Dict().tag(sync=True)
    weights = traitlets.List(traitlets.Instance(Weights)).tag(sync=True, **widget_serialization)


class Explorer:
    """Controls and one picture. A kind of explorer lists its `controls`, and writes `scene` or `draw`, and `alt`, `sheet`, `sheet_alt`.

    From Python: `values` (where each control stands), `set(name=value)`, `press(name)`, `reset()`, `png` (the picture now),
    `still()`, and `sweep()`, which moves each control through its minimum, maximum and default. All of these raise what
    drawing raises, so that a test notices; a control moved in the browser shows the message beside itself.
    """

    title = "Explorer"
    picture_width = 224  # screen pixels
    panel_kind = Panel
    in_pixels = False  # the picture is a decoded image and nothing else: the browser enlarges it, pixel by pixel

    def __init__(self, controls: Sequence[Slider | Choice | Toggle | Pad | Button], *, backdrop: bytes = b"") -> None:
        self.buttons = {control.name: control for control in controls if isinstance(control, Button)}
        self.controls = {control.name: control for control in controls if not isinstance(control, Button)}
        self.values: dict[str, Any] = {name: control.default for name, control in self.controls.items()}
        self.alt_text = ""
        self._number = 0
        self._answer: dict = {}
        self._trouble = ""
        self._scene = self.scene()
        self._base = None if self._scene is None else self._scene.base
        self._pressed = {} if self._scene is None else dict.fromkeys(self._scene.draws, 0)
        self.panel = self.panel_kind(
            about={"title": self.title, "width": self.picture_width, "pixels": self.in_pixels},
            controls=[_for_the_browser(control) for control in controls],
            backdrop=backdrop,
            **self._programme(),
        )
        self.panel.on_msg(self._on_message)
        self._redraw()

    # What a kind of explorer writes.

    def scene(self) -> Scene | None:
        """For a picture of decoded images: how they come about, as data, so that the browser can paint them. Asked once."""
        return None

    def draw(self) -> Image.Image:
        """The picture for the controls as they stand in `values`: that of the scene, where there is one."""
        if self._scene is None:
            raise NotImplementedError
        return self._scene.picture(self.tiles())

    def alt(self) -> str:
        """What is to be seen in it."""
        raise NotImplementedError

    def says(self) -> list[str]:
        """Lines of text below the picture, for figures that a picture shows badly."""
        return []

    def sheet(self) -> Image.Image:
        """The still twin's picture: what moving the controls would show, side by side."""
        raise NotImplementedError

    def sheet_alt(self) -> str:
        """What is to be seen in the still twin."""
        raise NotImplementedError

    def moved(self, names: set[str]) -> None:
        """Called after `values` changed and before the picture is drawn: what follows from it for other values."""

    def further(self) -> dict[str, Any]:
        """What else the browser's half is told with each picture, where it is one of its own."""
        return {}

    # What all of them do.

    @property
    def standing(self) -> Mapping[str, int | None]:
        """Where sliders and choices stand, counted from 0: what tables are read by."""
        return {name: control.place(self.values[name]) for name, control in self.controls.items() if isinstance(control, Slider | Choice)}

    def shown(self) -> list[tuple[Tensor, int | None]]:
        """Of a picture of decoded images: each tile's z, (latent_size,), and its class."""
        assert self._scene is not None
        return list(self._scene.shown(self.values, self.standing, self._base))

    def tiles(self) -> list[Tensor]:
        """Of a picture of decoded images: each tile's image, (channels, height, width), on the CPU."""
        assert self._scene is not None
        return self._scene.images(self.shown())

    def painted(self) -> Image.Image | None:
        """The picture as the browser paints it, from weights in half precision; None where that is left to the kernel."""
        return None if self._scene is None else self._scene.painted(self.shown())

    @property
    def png(self) -> bytes:
        """The picture as it is now."""
        return self.panel.png

    @property
    def trouble(self) -> str:
        """The message shown beside the controls, or nothing."""
        return self._trouble

    def set(self, **values) -> Explorer:
        """Move controls by name and draw. Returns the explorer.

        Raises ValueError for an unknown control or a value outside its range, and whatever drawing raises.
        """
        self._tell_of_trouble(lambda: self._stand(values))
        return self

    def press(self, name: str) -> Explorer:
        """Press the button `name`. Raises ValueError when there is none."""
        self._tell_of_trouble(lambda: self._push(name))
        return self

    def reset(self) -> Explorer:
        """Put every control back to its default."""
        return self.set(**{name: control.default for name, control in self.controls.items()})

    def sweep(self) -> Explorer:
        """Move each control through minimum, maximum and default (or every option), press each button, and come back.

        A drawing that raises at any of these ends it, so that a notebook which calls `sweep` fails when run.
        """
        self.reset()
        for name, control in self.controls.items():
            for stop in control.stops():
                self.set(**{name: stop})
        for name in self.buttons:
            self.press(name)
        return self.reset()

    def still(self) -> Still:
        """The still twin: a picture of what the controls can show, with an alt text made from what it holds."""
        return Still(drawing.to_small_png(self.sheet()), self.sheet_alt())

    def show(self) -> None:
        """Display the controls, and below them the still twin, which remains where no control can be shown."""
        from IPython.display import display

        display(self.panel)
        self.still().show()

    def _ipython_display_(self) -> None:
        self.show()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.values.items())})"

    def _stand(self, values: dict[str, Any]) -> None:
        unknown = [name for name in values if name not in self.controls]
        if unknown:
            raise ValueError(f"{self.title} has no control {unknown[0]!r}, it has: {', '.join(self.controls)}.")
        self.values.update({name: self.controls[name].check(value) for name, value in values.items()})
        if self._scene is not None:
            if set(values) >= set(self.controls):
                self._base = self._scene.base
            if set(values) & self._scene.leads:
                self._follow(but=set(values))
        self.moved(set(values))

    def _follow(self, but: set[str] = frozenset()) -> None:  # pyright: ignore[reportArgumentType]
        """Controls that follow go to where the row has them that is now taken."""
        assert self._scene is not None
        self.values.update({name: value for name, value in self._scene.following(self.standing, self._base).items() if name not in but})

    def begin_at(self, z: Tensor) -> None:
        """Take z for the base, leave the rows that were taken, and put the controls that follow where z has them; nothing is drawn."""
        assert self._scene is not None
        self._base = z
        self.values.update(dict.fromkeys(self._scene.leads))
        self._follow()

    def _push(self, name: str) -> None:
        if name not in self.buttons:
            raise ValueError(f"{self.title} has no button {name!r}, it has: {', '.join(self.buttons) or 'none'}.")
        if self._scene is not None and name in self._scene.draws:
            rows = self._scene.draws[name]
            self.begin_at(rows[self._pressed[name] % len(rows)])
            self._pressed[name] += 1
        else:
            getattr(self, f"press_{name}")()

    def _programme(self) -> dict[str, Any]:
        """What the browser needs to paint, as the models stand now: nothing where it cannot."""
        programme, weights = ({}, []) if self._scene is None else self._scene.for_the_browser()
        return {"programme": programme, "weights": weights}

    def _redraw(self) -> None:
        with torch.inference_mode():
            picture = self.draw()
        now = self._programme()
        if now["programme"].get("models") != self.panel.programme.get("models"):  # a model was trained on
            with self.panel.hold_sync():
                self.panel.weights, self.panel.programme = now["weights"], now["programme"]
        self.alt_text = self.alt()
        self._publish(drawing.to_png(picture), self.says())

    def _publish(self, png: bytes | None, says: list[str] | None, trouble: str = "") -> None:
        """One message to the browser: picture, words, where the controls stand, and which move this answers."""
        self._trouble = trouble
        self._number += 1
        frame = {
            "number": self._number,
            "answer": self._answer,
            "values": self.values,
            "alt": self.alt_text,
            "says": self.panel.frame.get("says", []) if says is None else says,
            "trouble": trouble,
            **self.further(),
        }
        if self.panel.programme:
            frame["base"] = None if self._base is None else self._base.tolist()
            frame["pressed"] = dict(self._pressed)
        with self.panel.hold_sync():
            if png is not None:
                self.panel.png = png
            self.panel.frame = frame

    def _tell_of_trouble(self, action) -> None:
        try:
            action()
            self._redraw()
        except Exception as error:
            self._publish(None, None, in_words(error))
            raise

    def _on_message(self, _, content: dict, buffers=None) -> None:
        """A control was moved in the browser. What it raises is shown there, and raised again for the kernel's log."""
        self._answer = content.get("answer", {})

        def obey() -> None:  # one answer, when all of it was done
            self._stand(content.get("values", {}))
            if "press" in content:
                self._push(content["press"])

        self._tell_of_trouble(obey)


def in_words(error: Exception) -> str:
    """What went wrong, for the reader of a page: the message, and its kind where that says more."""
    message = str(error).strip() or "no message"
    kind = "" if isinstance(error, ValueError) else f" ({type(error).__name__})"
    return f"This could not be drawn: {message}{kind}"


def examples_of(data, most: int = 2000) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """The first `most` examples of what counts as data (`data.accepted`), of a `Dataset` its test split: x, labels or None, class names."""
    x, y = in_memory(data, most=most)
    if y is None or y.dim() != 1 or y.is_floating_point():  # with several labels an example, no class has a name
        return x.float(), y, ()
    return x.float(), y, tuple(getattr(data, "classes", None) or map(str, range(int(y.max()) + 1)))


def thumbnails(images: Tensor) -> tuple[bytes, ...]:
    """Small PNGs of a batch (n, channels, height, width), to be pressed."""
    return tuple(drawing.to_png(drawing.from_tensor(image, 20)) for image in images)


def latent(index: int) -> str:
    """A latent as a reader would write it, who counts from one: 0 → z₁, 11 → z₁₂."""
    return "z" + str(index + 1).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def signed(value: float, digits: int = 1) -> str:
    """A number with a true minus sign, and no minus before zero."""
    rounded = round(float(value), digits) + 0.0
    return f"{rounded:.{digits}f}".replace("-", "−")


def _for_the_browser(control) -> dict:
    about = {name: value for name, value in asdict(control).items() if name != "pictures"}
    if pictures := getattr(control, "pictures", ()):
        about["pictures"] = [f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}" for png in pictures]
    if control.kind == "slider":
        about["digits"] = max(0, math.ceil(-math.log10(control.step) - 1e-9))
    return {"kind": control.kind, **about}
