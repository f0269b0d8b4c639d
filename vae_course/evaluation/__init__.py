"""Figures on the test set: bounds on the likelihood, what the latents carry, how good representations and samples are.

Everything here runs in evaluation mode, without gradients, on the model's device, and in nats per example.
"""

from .anomalies import anomaly_scores, without_measure
from .attributes import attribute_arrow, share_explained, without_direction
from .bounds import bits_per_dimension, evaluate, negative_log_likelihood
from .calibration import Reliability, area_under_risk, reliability, risk_coverage
from .denoising import best_blur, best_linear_map, with_noise
from .detection import Alarms, alarms_at, auroc
from .disentanglement import InformationGap, factor_vae_score, mutual_information_gap
from .factors_read import factors_read
from .fairness import biased_sample, linear_prediction, network_probe, parity_gap
from .given_seen import coverage, draws_given_seen
from .grid_posterior import GridPosterior, posterior_on_grid
from .handwriting import hand_traits, slant, thickness
from .imputation import (
    fill_by_gaussian,
    fill_by_gibbs,
    fill_by_optimisation,
    fill_from_neighbours,
    fill_with_mean,
    missing_nats,
    missing_rmse,
    seen_at_random,
    seen_beside,
)
from .information import CodeInformation, code_information
from .judging import FreshJudge
from .latents import active_units, kl_per_dimension, posterior_means
from .linear_probe import linear_probe
from .matching import maximum_mean_discrepancy, neighbours_gap, neighbours_logit, two_sample_auc
from .packed import bits_when_packed
from .sample_quality import SampleQuality, frechet_distance, sample_quality

__all__ = [
    "Alarms",
    "CodeInformation",
    "FreshJudge",
    "GridPosterior",
    "InformationGap",
    "Reliability",
    "SampleQuality",
    "active_units",
    "alarms_at",
    "anomaly_scores",
    "area_under_risk",
    "attribute_arrow",
    "auroc",
    "best_blur",
    "best_linear_map",
    "biased_sample",
    "bits_per_dimension",
    "bits_when_packed",
    "code_information",
    "coverage",
    "draws_given_seen",
    "evaluate",
    "factor_vae_score",
    "factors_read",
    "fill_by_gaussian",
    "fill_by_gibbs",
    "fill_by_optimisation",
    "fill_from_neighbours",
    "fill_with_mean",
    "frechet_distance",
    "hand_traits",
    "kl_per_dimension",
    "linear_prediction",
    "linear_probe",
    "maximum_mean_discrepancy",
    "missing_nats",
    "missing_rmse",
    "mutual_information_gap",
    "negative_log_likelihood",
    "neighbours_gap",
    "neighbours_logit",
    "network_probe",
    "parity_gap",
    "posterior_means",
    "posterior_on_grid",
    "reliability",
    "risk_coverage",
    "sample_quality",
    "seen_at_random",
    "seen_beside",
    "share_explained",
    "slant",
    "thickness",
    "two_sample_auc",
    "with_noise",
    "without_direction",
    "without_measure",
]
