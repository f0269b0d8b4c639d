"""Explorers: sliders and pads that answer at once. Each also has a still twin, and can be moved from Python.

**A new explorer whose picture is made of decoded images** is one file and its test. The file holds a subclass of `Explorer` that

1. lists its controls, `super().__init__([Slider(…), Choice(…), …])`, after it has made what `scene` needs;
2. writes `scene`, once, as data: a `Tile` an image, whose z is taken from tables by where controls stand (`Take`) and has controls' numbers
   put into it (`Put`), and where the tiles lie (`drawing.mosaic`; a single tile is the picture). Noise comes as a table too;
3. writes `alt`, `sheet` and `sheet_alt`, the words and the still twin.

From that, Python draws it with the model and the browser paints it without the kernel, in notebooks and on pages opened from disk
(`standalone`). Named in `tests/explorers.py` and `tests/browser/explorers.py`, it is compared with the model at random positions, moved by
mouse and keys, looked at, and painted under a busy kernel, with no test of its own for any of these. `tests/widgets/test_scene.py`
holds such an explorer.

An explorer of plots writes `draw` in place of `scene`, and the kernel draws it.
"""

try:
    import anywidget as _anywidget  # noqa: F401
    import IPython as _ipython  # noqa: F401
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        f'explorers need a notebook\'s libraries: pip install "vae-course[notebooks]" ({_missing.name} is missing)', name=_missing.name
    ) from None

from .arrow_sliders import ArrowSliders
from .draw_your_own import DrawYourOwn
from .explorer import Explorer, Still
from .factors import FactorSliders
from .family import Family
from .gap_filler import GapFiller
from .label_style import LabelAndStyle
from .latent_pad import LatentPad
from .latent_sliders import LatentSliders
from .levels import LevelResampler
from .live_training import LiveTraining
from .morph import Morph
from .posterior_gap import PosteriorGap
from .story_rewriter import StoryRewriter
from .trick import Trick
from .tune_mixer import TuneMixer
from .two_gaussians import TwoGaussians

__all__ = [
    "ArrowSliders",
    "DrawYourOwn",
    "Explorer",
    "FactorSliders",
    "Family",
    "GapFiller",
    "LabelAndStyle",
    "LatentPad",
    "LatentSliders",
    "LevelResampler",
    "LiveTraining",
    "Morph",
    "PosteriorGap",
    "Still",
    "StoryRewriter",
    "Trick",
    "TuneMixer",
    "TwoGaussians",
]
