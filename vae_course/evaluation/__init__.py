"""Figures on the test set: bounds on the likelihood, what the latents carry, how good representations and samples are.

Everything here runs in evaluation mode, without gradients, on the model's device, and in nats per example.
"""

from .bounds import evaluate, negative_log_likelihood
from .grid_posterior import GridPosterior, posterior_on_grid
from .latents import active_units, kl_per_dimension, posterior_means
from .linear_probe import linear_probe

__all__ = [
    "GridPosterior",
    "active_units",
    "evaluate",
    "kl_per_dimension",
    "linear_probe",
    "negative_log_likelihood",
    "posterior_means",
    "posterior_on_grid",
]
