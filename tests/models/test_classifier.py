"""The classifier: trained by the ordinary loop, probabilities that are some, features that do not depend on the company."""

import math

import pytest
import torch

from tests.conftest import needs_mnist
from vae_course import checkpoints
from vae_course.data import load
from vae_course.models.classifier import DigitClassifier
from vae_course.training import fit


@pytest.fixture
def model() -> DigitClassifier:
    return DigitClassifier(input_shape=(1, 8, 8), classes=4, channels=(4, 8), feature_size=6)


def test_the_loss_is_the_cross_entropy_in_nats(model, blobs):
    x, y = blobs.train.x[:9], blobs.train.y[:9]
    model.eval()
    probabilities = model.classify(x)
    expected = -sum(math.log(probabilities[i, y[i]]) for i in range(9)) / 9
    assert model.loss(x, y).total.item() == pytest.approx(expected, rel=1e-4)
    assert model.loss(torch.cat([x, x]), torch.cat([y, y])).total.item() == pytest.approx(expected, rel=1e-4)


def test_the_ordinary_loop_trains_it(model, blobs):
    history = fit(model, blobs, epochs=20, batch_size=32, seed=0, quiet=True)
    assert history.loss[-1] < 0.5 * history.loss[0]
    assert (model.classify(blobs.test.x).argmax(1) == blobs.test.y).float().mean() > 0.95


def test_probabilities_and_features(model, blobs):
    model.train()
    x = blobs.test.x[:5]
    probabilities, features = model.classify(x), model.features(x)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(5))
    assert features.shape == (5, 6)
    assert features.min() >= 0
    torch.testing.assert_close(probabilities, model.output(features).softmax(1))
    torch.testing.assert_close(model.features(x[:1]), features[:1])
    assert model.training, "the mode is left as it was"
    assert not features.requires_grad


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 11)])
def test_takes_images_of_any_size(shape):
    assert DigitClassifier(input_shape=shape, classes=3).classify(torch.rand(2, *shape)).shape == (2, 3)


def test_bad_labels_and_images_are_refused(model, blobs):
    with pytest.raises(ValueError, match="labels are missing"):
        model.loss(blobs.test.x)
    with pytest.raises(ValueError, match="labels run from -1 to -1.*only_labelled"):
        model.check_batch(blobs.test.x[:2], torch.tensor([-1, -1]))
    with pytest.raises(ValueError, match=r"pixels must lie in \[0, 1\]"):
        model.classify(blobs.test.x * 255)


def test_a_checkpoint_brings_its_running_averages_back(model, blobs, tmp_path):
    fit(model, blobs, epochs=2, seed=0, quiet=True)
    checkpoints.save(checkpoints.rounded(model), tmp_path / "c.safetensors", recipe={}, metrics={})
    torch.testing.assert_close(checkpoints.load(tmp_path / "c.safetensors").classify(blobs.test.x), model.classify(blobs.test.x))


def test_images_are_augmented_in_training_alone(model, blobs):
    x = blobs.test.x[:6]
    shaky = DigitClassifier(input_shape=(1, 8, 8), classes=4, channels=(4, 8), feature_size=6, dropout=0.0, augment=True)
    calm = DigitClassifier(input_shape=(1, 8, 8), classes=4, channels=(4, 8), feature_size=6, dropout=0.0)
    for one in (shaky, calm):
        one.load_state_dict(model.state_dict())
    assert torch.equal(shaky.classify(x), calm.classify(x))
    assert not torch.equal(shaky(x), shaky(x))
    assert torch.equal(calm(x), calm(x))


@needs_mnist
def test_the_courses_own_is_right_on_more_than_985_in_a_thousand():
    test = load("mnist").test
    model = checkpoints.pretrained("classifier-mnist")
    right = torch.cat([model.classify(x).argmax(1) for x in test.x.split(1000)]) == test.y
    assert right.float().mean() > 0.985
    assert checkpoints.card("classifier-mnist")["metrics"]["accuracy"] == pytest.approx(right.float().mean().item(), abs=1e-3)
