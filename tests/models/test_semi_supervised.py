"""M2: its bounds against loops written out, labels masked as they should be, and unlabelled images that help."""

import math

import pytest
import torch
import torch.nn.functional as F

from vae_course.data import few_labels, only_labelled
from vae_course.models import SemiSupervisedVAE
from vae_course.models.classifier import DigitClassifier
from vae_course.training import fit


@pytest.fixture
def model() -> SemiSupervisedVAE:
    """Small, and with a posterior of no width at all, so that a bound does not depend on which noise was drawn."""
    model = SemiSupervisedVAE(input_shape=(1, 8, 8), classes=4, latent_size=3, hidden_sizes=(16,), alpha=7.0)
    with torch.no_grad():
        last = model.encoder.rest[1][0]
        last.weight[3:] = 0
        last.bias[3:] = -40.0  # log σ², which the package bounds to −10: σ = 0.0067
    return model.eval()


def one_bound(model, x, y: int) -> torch.Tensor:
    """L(x, y) of one image and one label, written out with z at its mean."""
    label = torch.tensor([y])
    q = model.encode(x.unsqueeze(0), label)
    logits = model.decode(q.mean, label).base_dist.logits.squeeze(0)
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    mu, sigma = q.mean, q.stddev
    kl = 0.5 * (mu**2 + sigma**2 - 1 - 2 * sigma.log()).sum()
    return reconstruction + kl - math.log(1 / 4)


def test_the_labelled_bound_is_the_one_written_out(model, blobs):
    x, y = blobs.train.x[:5], blobs.train.y[:5]
    expected = sum(one_bound(model, x[i], int(y[i])) for i in range(5)) / 5
    loss = model.loss(x, y)
    torch.testing.assert_close(loss.labelled, expected, rtol=1e-3, atol=0)
    assert loss.unlabelled == 0


def test_the_unlabelled_bound_sums_over_every_class(model, blobs):
    """−U = Σ q(y|x) (−L(x, y)) + H(q(y|x)), in a plain double loop."""
    x = blobs.train.x[:5]
    probabilities = model.classify(x)
    expected = 0.0
    for i in range(5):
        weighted = sum(probabilities[i, y] * one_bound(model, x[i], y) for y in range(4))
        entropy = -sum(p * p.log() for p in probabilities[i])
        expected += (weighted - entropy) / 5
    for unknown in (None, torch.full((5,), -1)):
        loss = model.loss(x, unknown)
        torch.testing.assert_close(loss.unlabelled, expected, rtol=1e-3, atol=0)
        assert loss.labelled == loss.classification == 0
        torch.testing.assert_close(loss.total, loss.unlabelled)


def test_the_total_weighs_examples_alike_and_the_classification_by_alpha(model, blobs):
    x, y = blobs.train.x[:8], blobs.train.y[:8].clone()
    y[2:] = -1
    loss = model.loss(x, y)
    torch.testing.assert_close(loss.classification, F.cross_entropy(model.classifier(x[:2]), y[:2]))
    torch.testing.assert_close(loss.total, (2 * loss.labelled + 6 * loss.unlabelled) / 8 + 7.0 * loss.classification)
    torch.testing.assert_close(model.loss(x[:2], y[:2]).labelled, loss.labelled, rtol=1e-3, atol=0)
    torch.testing.assert_close(model.loss(x[2:]).unlabelled, loss.unlabelled, rtol=1e-3, atol=0)


def test_the_unlabelled_bound_lies_above_the_exact_sum_and_touches_it_at_the_best_guess(model, blobs):
    """U ≥ −log Σ_y exp(−L(x, y)), with equality when q(y|x) ∝ exp(−L(x, y)): Jensen, for labels."""
    x = blobs.train.x[:5]
    bounds = torch.stack([torch.stack([one_bound(model, one, y) for y in range(4)]) for one in x])
    exact = -torch.logsumexp(-bounds, dim=1).mean()
    assert model.loss(x).unlabelled > exact
    model.classifier.forward = lambda _: -bounds
    torch.testing.assert_close(model.loss(x).unlabelled, exact, rtol=1e-3, atol=0)


def test_a_hidden_label_has_no_influence(blobs):
    torch.manual_seed(0)
    model = SemiSupervisedVAE(input_shape=(1, 8, 8), classes=4, latent_size=3, hidden_sizes=(16,)).eval()
    x, y = blobs.train.x[:6], blobs.train.y[:6].clone()
    hidden = y.clone()
    hidden[3:] = -1
    gradients = []
    for truth in (y, (y + 1) % 4):  # what the last three "really" are must not matter
        seen = torch.where(hidden == -1, hidden, y)
        assert not torch.equal(truth[3:], seen[3:])
        torch.manual_seed(1)
        model.zero_grad()
        model.loss(x, seen).total.backward()
        gradients.append([p.grad.clone() for p in model.parameters()])
    for a, b in zip(*gradients, strict=True):
        assert torch.equal(a, b)
    # and a label that is shown does matter
    torch.manual_seed(1)
    other = y.clone()
    other[3:] = -1
    other[0] = (other[0] + 1) % 4
    assert model.loss(x, other).classification != model.loss(x, hidden).classification


def test_every_parameter_hears_the_loss(blobs):
    model = SemiSupervisedVAE(input_shape=(1, 8, 8), classes=4, latent_size=3, hidden_sizes=(16,))
    model.loss(blobs.train.x[:32]).total.backward()
    assert all(p.grad is not None for p in model.parameters())
    assert sum(p.grad.abs().sum() for p in model.classifier.parameters()) > 0, "the guess is trained without any label too"


def test_the_conditional_contract_holds(model, blobs):
    x, y = blobs.test.x[:4], blobs.test.y[:4]
    assert model.sample(3, 2).shape == (3, 1, 8, 8)
    assert model.restyle(x, y, 1).shape == x.shape
    probabilities = model.classify(x)
    assert probabilities.shape == (4, 4)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(4))
    with pytest.raises(ValueError, match="labels run from -1 to -1"):
        model.reconstruct(x, torch.full((4,), -1))
    with pytest.raises(ValueError, match="labels run from -2 to 0, expected .* or -1 where unknown"):
        model.check_batch(x, torch.tensor([0, -2, -1, 0]))


def test_unlabelled_images_help(blobs):
    """Four corners, eight labels, 30 % of the pixels lost: with the unlabelled images in the loss more test images are named rightly."""
    errors = {"M2": 0.0, "labels alone": 0.0}
    generator = torch.Generator().manual_seed(0)

    def noisy(x):
        return (x + 0.6 * torch.randn(x.shape, generator=generator)).clamp(0, 1)

    train_x, test_x = noisy(blobs.train.x), noisy(blobs.test.x)
    for seed in range(3):
        split = few_labels(type(blobs.train)(train_x, blobs.train.y), count=8, share=0.3, seed=seed)
        torch.manual_seed(seed)
        m2 = SemiSupervisedVAE(input_shape=(1, 8, 8), classes=4, latent_size=2, hidden_sizes=(32,))
        fit(m2, split, epochs=25, batch_size=32, seed=seed, quiet=True)
        torch.manual_seed(seed)
        alone = DigitClassifier(input_shape=(1, 8, 8), classes=4)
        fit(alone, only_labelled(split), epochs=25, batch_size=32, seed=seed, quiet=True)
        for name, model in (("M2", m2), ("labels alone", alone)):
            errors[name] += (model.classify(test_x).argmax(1) != blobs.test.y).float().mean().item() / 3
    assert errors["M2"] < errors["labels alone"]
