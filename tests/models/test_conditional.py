"""The conditional VAE: the contract with a label in it, its objective against one written out, and what the label is worth."""

import math

import pytest
import torch
import torch.nn.functional as F

from vae_course.data import Split, halves
from vae_course.evaluation import evaluate, negative_log_likelihood, posterior_means
from vae_course.models import ConditionalVAE, ImageConditionalVAE, ImageRegression
from vae_course.models.conditional import LabelledMLP
from vae_course.objectives import elbo, importance_weighted_bound
from vae_course.training import fit


@pytest.fixture
def model() -> ConditionalVAE:
    return ConditionalVAE(input_shape=(1, 8, 8), classes=4, latent_size=3, hidden_sizes=(16,))


def joined(network: LabelledMLP, vector: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """What the network computes, written out: one layer on [vector, one-hot label] joined, ReLU, one layer."""
    both = torch.cat([vector, F.one_hot(y, network.from_label.in_features).float()], dim=1)
    weight = torch.cat([network.from_vector.weight, network.from_label.weight], dim=1)
    hidden = F.relu(both @ weight.T + network.from_vector.bias)
    last = network.rest[1][0]
    return hidden @ last.weight.T + last.bias


def test_the_defaults_are_the_reference_sizes_with_a_label_beside():
    model = ConditionalVAE()
    sizes = [tuple(p.shape) for p in model.parameters()]
    assert sizes == [(400, 784), (400,), (400, 10), (40, 400), (40,), (400, 20), (400,), (400, 10), (784, 400), (784,)]


def test_the_loss_is_the_objective_written_out(model, blobs):
    x, y = blobs.train.x[:6], blobs.train.y[:6]
    torch.manual_seed(5)
    loss = model.loss(x, y)

    torch.manual_seed(5)
    mu, log_var = joined(model.encoder, x.flatten(1), y).chunk(2, dim=1)
    z = mu + torch.exp(0.5 * log_var) * torch.randn(6, 3)
    logits = joined(model.decoder, z, y)
    reconstruction = sum(F.binary_cross_entropy_with_logits(logits[i], x[i].flatten(), reduction="sum") for i in range(6)) / 6
    kl = sum(0.5 * (m**2 + v.exp() - 1 - v).sum() for m, v in zip(mu, log_var, strict=True)) / 6
    torch.testing.assert_close(loss.reconstruction, reconstruction)
    torch.testing.assert_close(loss.kl, kl)
    torch.testing.assert_close(loss.total, reconstruction + kl)


def test_a_label_shifts_both_networks_and_nothing_but_the_own_rows(model, blobs):
    x, y = blobs.train.x[:4], torch.tensor([0, 1, 2, 3])
    changed = torch.tensor([1, 1, 2, 3])
    rows = (model.encode(x, y).mean - model.encode(x, changed).mean).abs().sum(1)
    assert rows[0] > 0
    assert rows[1:].abs().max() == 0
    z = torch.randn(4, 3)
    rows = (model.decode(z, y).mean - model.decode(z, changed).mean).abs().flatten(1).sum(1)
    assert rows[0] > 0
    assert rows[1:].abs().max() == 0


def test_shapes_of_all_that_the_contract_names(model, blobs):
    x, y = blobs.train.x[:5], blobs.train.y[:5]
    q = model.encode(x, y)
    assert (q.batch_shape, q.event_shape) == ((5,), (3,))
    p = model.decode(q.rsample((7,)), y)
    assert (p.batch_shape, p.event_shape) == ((7, 5), (1, 8, 8))
    assert p.log_prob(x).shape == (7, 5)
    assert model.sample(4).shape == (4, 1, 8, 8)
    assert model.sample(4, 2).shape == (4, 1, 8, 8)
    assert model.reconstruct(x, y).shape == x.shape
    assert model.restyle(x, y, 3).shape == x.shape
    assert model.interpolate(x[0], x[1], steps=6, y0=int(y[0]), y1=int(y[1])).shape == (6, 1, 8, 8)
    assert elbo(model, x, y).shape == importance_weighted_bound(model, x, y, k=3).shape == (5,)


def test_evaluation_hands_the_labels_on(model, blobs):
    figures = evaluate(model, blobs)
    assert figures["elbo"] == pytest.approx(-figures["reconstruction"] - figures["kl"], abs=1e-4)
    assert negative_log_likelihood(model, blobs, k=5, quiet=True).shape == (64,)


def test_sampling_follows_the_label_given_and_draws_all_of_them_else(model):
    torch.manual_seed(1)
    given = model.sample(6, torch.tensor([0, 1, 2, 3, 0, 1]))
    torch.manual_seed(1)
    z = model.prior.sample((6,))
    torch.testing.assert_close(given, model.decode(z, torch.tensor([0, 1, 2, 3, 0, 1])).mean)
    torch.manual_seed(1)
    torch.testing.assert_close(model.sample(6, 2), model.decode(z, torch.full((6,), 2)).mean)

    seen = []
    inner = model.decode
    model.decode = lambda z, y: seen.append(y) or inner(z, y)
    model.sample(4000)
    share = seen[0].bincount(minlength=4) / 4000
    assert (share - 0.25).abs().max() < 4 * math.sqrt(0.25 * 0.75 / 4000)


def test_restyling_keeps_z_and_changes_the_label(model, blobs):
    x, y = blobs.train.x[:4], blobs.train.y[:4]
    z = model.encode(x, y).mean
    torch.testing.assert_close(model.restyle(x, y, y), model.reconstruct(x, y))
    for other in range(4):
        torch.testing.assert_close(model.restyle(x, y, other), model.decode(z, torch.full((4,), other)).mean)


def test_interpolation_ends_at_the_two_styles_in_the_first_class(model, blobs):
    x, y = blobs.train.x[:2], blobs.train.y[:2]
    walk = model.interpolate(x[0], x[1], steps=5, y0=int(y[0]), y1=int(y[1]))
    torch.testing.assert_close(walk[[0, -1]], model.restyle(x, y, int(y[0])))


def test_every_parameter_hears_the_loss(model, blobs):
    model.loss(blobs.train.x[:32], blobs.train.y[:32]).total.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_shuffled_labels_raise_the_loss_of_a_trained_model(blobs):
    model = ConditionalVAE(input_shape=(1, 8, 8), classes=4, latent_size=2, hidden_sizes=(32,))
    fit(model, blobs, epochs=30, seed=0, quiet=True)
    right, wrong = [], []
    for seed in range(5):
        torch.manual_seed(seed)
        order = torch.randperm(64)
        for labels, losses in ((blobs.test.y, right), (blobs.test.y[order], wrong)):
            torch.manual_seed(seed)
            losses.append(model.loss(blobs.test.x, labels).total.item())
    assert min(wrong) > max(right) + 1


def test_a_model_that_is_deaf_to_labels_does_not_mind_the_shuffling(model, blobs):
    """The check above can fail: silence the label's weights, and shuffling changes nothing."""
    with torch.no_grad():
        model.encoder.from_label.weight.zero_()
        model.decoder.from_label.weight.zero_()
    x, y = blobs.test.x, blobs.test.y
    losses = []
    for labels in (y, y[torch.randperm(64)]):
        torch.manual_seed(0)
        losses.append(model.loss(x, labels).total.item())
    assert losses[0] == losses[1]


def test_pictures_are_pixels_leave_the_mode_and_carry_no_gradient(model):
    model.train()
    images = model.sample(8)
    assert 0 <= images.min() <= images.max() <= 1
    assert not images.requires_grad
    assert model.training


def test_labels_that_are_no_class_are_refused_where_data_enters(model, blobs):
    x = blobs.train.x[:4]
    for bad, message in (
        (torch.tensor([0, 1, 2, 4]), "labels run from 0 to 4, expected a tensor of 4 integers from 0 to 3"),
        (torch.tensor([0, 1, 2, -1]), r"labels run from -1 to 2, .* keep those that are known with only_labelled"),
    ):
        for enter in (
            lambda bad: fit(model, (x, bad), epochs=1, quiet=True),
            lambda bad: evaluate(model, (x, bad)),
            lambda bad: posterior_means(model, (x, bad)),
            lambda bad: model.reconstruct(x, bad),
            lambda bad: model.restyle(x, bad, 0),
        ):
            with pytest.raises(ValueError, match=message):
                enter(bad)


@pytest.mark.parametrize("ask", ["encode", "loss", "reconstruct"])
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "labels are missing: this model sees a label with each example. Give y, a tensor of 4 integers from 0 to 3"),
        (torch.tensor([0, 1, 2]), r"labels have shape \(3,\) beside 4 examples"),
        (torch.zeros(4, 4, dtype=torch.int64), r"labels have shape \(4, 4\) beside 4 examples"),
        (torch.zeros(4), r"labels are torch.float32, expected a tensor of 4 integers .* Use y.long\(\)"),
        (torch.zeros(4, dtype=torch.bool), "labels are torch.bool"),
        ([0, 1, 2, 3], "labels are list"),
    ],
)
def test_bad_labels_are_refused_with_a_remedy(model, blobs, ask, labels, message):
    with pytest.raises(ValueError, match=message):
        getattr(model, ask)(blobs.train.x[:4], labels)


def test_decoding_sampling_and_walking_refuse_them_too(model, blobs):
    with pytest.raises(ValueError, match="labels are missing"):
        model.decode(torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"labels have shape \(3,\) beside 2 examples"):
        model.decode(torch.zeros(2, 3), torch.tensor([0, 1, 2]))
    with pytest.raises(ValueError, match="labels run from 9 to 9"):
        model.sample(2, 9)
    with pytest.raises(ValueError, match="labels are missing"):
        model.interpolate(blobs.train.x[0], blobs.train.x[1])
    with pytest.raises(ValueError, match="classes is 1, expected at least 2"):
        ConditionalVAE(classes=1)


def test_vectors_meet_every_label_at_once():
    network = LabelledMLP([5, 7, 2], classes=3)
    vectors = torch.randn(6, 5)
    everything = network(vectors, torch.eye(3).unsqueeze(1))
    assert everything.shape == (3, 6, 2)
    for label in range(3):
        torch.testing.assert_close(everything[label], joined(network, vectors, torch.full((6,), label)))
    assert LabelledMLP([5, 2], classes=3)(vectors, torch.eye(3)[:1]).min() < 0, "no ReLU after a last layer"


# What is given may be an image.


@pytest.fixture
def halved(blobs):
    return halves(blobs)


@pytest.fixture
def completing() -> ImageConditionalVAE:
    return ImageConditionalVAE(input_shape=(1, 8, 4), condition_shape=(1, 8, 4), latent_size=3, hidden_sizes=(16,))


def test_the_loss_given_an_image_is_the_objective_written_out(completing, halved):
    x, y = halved.train.x[:6], halved.train.y[:6]
    torch.manual_seed(5)
    loss = completing.loss(x, y)
    torch.manual_seed(5)
    mu, log_var = completing.encoder(x.flatten(1), y.flatten(1)).chunk(2, dim=1)
    z = mu + torch.exp(0.5 * log_var) * torch.randn(6, 3)
    logits = completing.decoder(z, y.flatten(1))
    reconstruction = F.binary_cross_entropy_with_logits(logits, x.flatten(1), reduction="sum") / 6
    kl = 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum() / 6
    torch.testing.assert_close(loss.total, reconstruction + kl)


def test_one_image_may_be_given_for_all_answers(completing, halved):
    one = halved.test.y[0]
    torch.manual_seed(1)
    answers = completing.sample(5, one)
    torch.manual_seed(1)
    torch.testing.assert_close(answers, completing.sample(5, one.expand(5, -1, -1, -1)))
    assert answers.shape == (5, 1, 8, 4)
    assert (answers - answers[0]).abs().max() > 0, "another z, another answer"


def test_a_trained_model_minds_another_images_half(halved):
    torch.manual_seed(0)
    model = ImageConditionalVAE(input_shape=(1, 8, 4), condition_shape=(1, 8, 4), latent_size=2, hidden_sizes=(32,))
    fit(model, halved, epochs=30, seed=0, quiet=True)
    other = Split(halved.test.x, halved.test.y.flip(0))
    assert evaluate(model, halved)["elbo"] > evaluate(model, other)["elbo"] + 0.5


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (None, "is missing"),
        (torch.tensor([0, 1]), "is torch.int64"),
        (3, "is int"),
        (torch.zeros(3, 1, 8, 4), r"has the shape \(3, 1, 8, 4\) beside 2 examples"),
        (torch.full((2, 1, 8, 4), 2.0), "pixels must lie in"),
    ],
)
def test_what_is_no_image_to_be_given_is_refused(completing, y, told):
    with pytest.raises(ValueError, match=told):
        completing.sample(2, y)
    if y is not None and not isinstance(y, int) and len(y) == 2:
        with pytest.raises(ValueError, match=told):
            fit(completing, (torch.zeros(2, 1, 8, 4), y), epochs=1, quiet=True)


def test_a_network_without_z_has_one_answer_and_learns_the_average(halved):
    """Two right halves, equally likely for one left: the answer is half of each."""
    seen = halved.train.y[:1].expand(64, -1, -1, -1)
    either = torch.stack([torch.zeros(1, 8, 4), torch.ones(1, 8, 4)]).repeat(32, 1, 1, 1)
    torch.manual_seed(0)
    model = ImageRegression(input_shape=(1, 8, 4), condition_shape=(1, 8, 4), hidden_sizes=(16,))
    fit(model, (either, seen), epochs=100, batch_size=64, learning_rate=1e-2, seed=0, quiet=True)
    answers = model.answer(seen[:2])
    assert torch.equal(answers[0], answers[1])
    torch.testing.assert_close(answers[0], torch.full((1, 8, 4), 0.5), atol=0.02, rtol=0)
    assert model.loss(either, seen).total.item() == pytest.approx(32 * math.log(2), abs=0.1)


def test_the_network_without_z_is_the_decoders(completing):
    rival = ImageRegression(input_shape=(1, 8, 4), condition_shape=(1, 8, 4), hidden_sizes=(16,))
    sizes = [tuple(part.shape) for part in rival.parameters()]
    assert sizes == [(16, 32), (16,), (32, 16), (32,)]
    assert completing.decoder.from_label.weight.shape == (16, 32)
