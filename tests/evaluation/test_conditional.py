"""Every figure that asks a model takes one that knows classes: it is asked about each example given its label."""

import pytest
import torch

from vae_course import evaluation
from vae_course.models import VAE, ConditionalVAE, SemiSupervisedVAE

SMALL = {"input_shape": (1, 8, 8), "latent_size": 2, "hidden_sizes": (16,)}
BELOW = torch.arange(8).view(1, 1, 8, 1) < 4

FIGURES = {
    "evaluate": lambda model, x, y: evaluation.evaluate(model, (x, y))["elbo"],
    "negative_log_likelihood": lambda model, x, y: evaluation.negative_log_likelihood(model, (x, y), k=3, quiet=True),
    "anomaly_scores": lambda model, x, y: evaluation.anomaly_scores(model, (x, y), k=3)["importance-weighted"],
    "code_information": lambda model, x, y: evaluation.code_information(model, (x, y)).kl,
    "kl_per_dimension": lambda model, x, y: evaluation.kl_per_dimension(model, (x, y)),
    "posterior_means": lambda model, x, y: evaluation.posterior_means(model, (x, y)),
    "active_units": lambda model, x, y: evaluation.active_units(model, (x, y)),
    "posterior_on_grid": lambda model, x, y: evaluation.posterior_on_grid(model, x, y, points=41).log_evidence,
    "fill_by_optimisation": lambda model, x, y: evaluation.fill_by_optimisation(model, x, BELOW, y=y, steps=3),
    "draws_given_seen": lambda model, x, y: evaluation.draws_given_seen(model, x, 2, y=y, candidates=3),
    "fill_by_gibbs": lambda model, x, y: evaluation.fill_by_gibbs(model, x, BELOW, y=y, rounds=2),
}
# What gives no number that a label must move: which latents are active may come out the same.
SAME_PERHAPS = {"active_units"}


@pytest.mark.parametrize(
    "make", [lambda: ConditionalVAE(**SMALL, classes=4), lambda: SemiSupervisedVAE(**SMALL, classes=4)], ids=["conditional", "M2"]
)
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_asks_about_each_example_given_its_label(name, make, blobs):
    torch.manual_seed(0)
    model = make()
    with torch.no_grad():  # labels have to matter
        model.encoder.from_label.weight.mul_(20)
        model.decoder.from_label.weight.mul_(20)
    x, y = blobs.test.x[:12], blobs.test.y[:12]
    ours, others = (torch.as_tensor(FIGURES[name](model, x, labels)).double() for labels in (y, (y + 1) % 4))
    assert ours.isfinite().all()
    assert name in SAME_PERHAPS or not torch.equal(ours, others)
    with pytest.raises(ValueError, match="labels are missing"):
        FIGURES[name](model, x, None)
    with pytest.raises(ValueError, match="labels run from 9 to 9"):
        FIGURES[name](model, x, torch.full((12,), 9))


@pytest.mark.parametrize("name", FIGURES)
def test_a_model_without_labels_does_not_look_at_them(name, blobs):
    torch.manual_seed(0)
    model = VAE(**SMALL)
    x, y = blobs.test.x[:12], blobs.test.y[:12]
    ours, without = (torch.as_tensor(FIGURES[name](model, x, labels)) for labels in (y, None))
    assert torch.equal(ours, without)


def test_none_that_asks_a_model_is_forgotten():
    functions = {name: getattr(evaluation, name) for name in evaluation.__all__}
    asking = {name for name, one in functions.items() if "model" in getattr(getattr(one, "__wrapped__", one), "__annotations__", {})}
    assert asking == set(FIGURES)
