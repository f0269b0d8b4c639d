"""Figures on the test set: bounds on the likelihood, what the latents carry, how good representations and samples are.

Everything here runs in evaluation mode, without gradients, on the model's device, and in nats per example.
"""

from .bounds import evaluate, negative_log_likelihood
from .detection import auroc
from .disentanglement import InformationGap, factor_vae_score, mutual_information_gap
from .grid_posterior import GridPosterior, posterior_on_grid
from .latents import active_units, kl_per_dimension, posterior_means
from .linear_probe import linear_probe
from .matching import maximum_mean_discrepancy, two_sample_auc
from .sample_quality import SampleQuality, frechet_distance, sample_quality

__all__ = [
    "GridPosterior",
    "InformationGap",
    "SampleQuality",
    "active_units",
    "auroc",
    "evaluate",
    "factor_vae_score",
    "frechet_distance",
    "kl_per_dimension",
    "linear_probe",
    "maximum_mean_discrepancy",
    "mutual_information_gap",
    "negative_log_likelihood",
    "posterior_means",
    "posterior_on_grid",
    "sample_quality",
    "two_sample_auc",
]
