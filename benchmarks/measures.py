"""What a stored model's card says of it, by what its class names as `measured_by`: figures on the test set."""

from __future__ import annotations

import torch

from vae_course.data import Split
from vae_course.evaluation import evaluate, maximum_mean_discrepancy, negative_log_likelihood, posterior_means, two_sample_auc
from vae_course.training import mean_losses

LIKELIHOOD_IMAGES, LIKELIHOOD_SAMPLES = 1000, 50
MATCHED_POINTS = 2000


def bounds(model, test: Split) -> dict[str, float]:
    likelihoods = negative_log_likelihood(model, test.head(LIKELIHOOD_IMAGES), k=LIKELIHOOD_SAMPLES, quiet=True)
    name = f"negative_log_likelihood_k{LIKELIHOOD_SAMPLES}_first_{LIKELIHOOD_IMAGES}"
    return evaluate(model, test) | {name: likelihoods.mean().item()}


def losses(model, test: Split) -> dict[str, float]:
    """Every term of the loss but the total, which is there under its own name where it has only one."""
    return {name: value for name, value in mean_losses(model, test).items() if name != "loss"}


def accuracy(model, test: Split) -> dict[str, float]:
    right = torch.cat([model.classify(x).argmax(1).cpu() for x in test.x.split(1000)]) == test.y
    return {"accuracy": right.float().mean().item()} | {"cross_entropy": mean_losses(model, test)["loss"]}


def match(model, test: Split) -> dict[str, float]:
    """The loss's terms, and how well the test images' codes match draws from the prior."""
    codes = posterior_means(model, test)
    drawn = model.prior.sample((len(codes),)).cpu()
    discrepancy = maximum_mean_discrepancy(codes[:MATCHED_POINTS], drawn[:MATCHED_POINTS])
    return losses(model, test) | {"two_sample_auc": two_sample_auc(codes, drawn), "maximum_mean_discrepancy": discrepancy}


# The first figure of each is the one that the tolerance is a share of.
MEASURES = {"bounds": bounds, "losses": losses, "accuracy": accuracy, "match": match}
