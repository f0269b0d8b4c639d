"""Explorers: sliders and pads that answer at once. Each also has a still twin, and can be moved from Python."""

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
