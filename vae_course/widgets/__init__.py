"""Explorers: sliders and pads that answer at once. Each also has a still twin, and can be moved from Python."""

from .explorer import Explorer, Still
from .family import Family
from .latent_pad import LatentPad
from .latent_sliders import LatentSliders
from .live_training import LiveTraining
from .morph import Morph
from .posterior_gap import PosteriorGap
from .trick import Trick
from .two_gaussians import TwoGaussians

__all__ = ["Explorer", "Family", "LatentPad", "LatentSliders", "LiveTraining", "Morph", "PosteriorGap", "Still", "Trick", "TwoGaussians"]
