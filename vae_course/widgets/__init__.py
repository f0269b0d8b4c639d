"""Explorers: sliders and pads that answer at once. Each also has a still twin, and can be moved from Python."""

try:
    import anywidget as _anywidget  # noqa: F401
    import IPython as _ipython  # noqa: F401
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        f'explorers need a notebook\'s libraries: pip install "vae-course[notebooks]" ({_missing.name} is missing)', name=_missing.name
    ) from None

from .explorer import Explorer, Still
from .factors import FactorSliders
from .family import Family
from .label_style import LabelAndStyle
from .latent_pad import LatentPad
from .latent_sliders import LatentSliders
from .levels import LevelResampler
from .live_training import LiveTraining
from .morph import Morph
from .posterior_gap import PosteriorGap
from .trick import Trick
from .tune_mixer import TuneMixer
from .two_gaussians import TwoGaussians

__all__ = [
    "Explorer",
    "FactorSliders",
    "Family",
    "LabelAndStyle",
    "LatentPad",
    "LatentSliders",
    "LevelResampler",
    "LiveTraining",
    "Morph",
    "PosteriorGap",
    "Still",
    "Trick",
    "TuneMixer",
    "TwoGaussians",
]
