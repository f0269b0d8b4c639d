"""The attribute VAE: what it is told reaches both networks, what it isn't told reaches neither, and z stays when attributes change."""

import pytest
import torch

from vae_course import evaluate, fit
from vae_course.data import Split
from vae_course.models import AttributeVAE

LEVELS = [2, 3]


@pytest.fixture
def model() -> AttributeVAE:
    torch.manual_seed(0)
    return AttributeVAE(levels=LEVELS, input_shape=(1, 8, 8), latent_size=3, channels=(8, 16), likelihood="gaussian")


@pytest.fixture
def marked(blobs) -> Split:
    """Rows: above or below, and a level that says nothing."""
    y = torch.stack([blobs.train.y // 2, torch.arange(len(blobs.train)) % 3], dim=1)
    return Split(blobs.train.x, y)


def by_hand(model, x, y, told):
    """The negative ELBO, its noise drawn here."""
    one_hot = torch.cat([torch.eye(2)[y[:, 0]], torch.eye(3)[y[:, 1]]], dim=1) * told
    planes = (one_hot @ model.from_attributes.weight.T)[:, :, None, None]
    mu, log_var = model.encoder(model.from_pixels(x) + planes).chunk(2, dim=1)
    z = mu + (0.5 * log_var).exp() * torch.randn_like(mu)
    painted = model.pixels(model.decoder(torch.cat([z, one_hot], dim=1)))
    return -painted.log_prob(x).mean() + 0.5 * (mu**2 + log_var.exp() - 1 - log_var).sum() / len(x)


def test_the_loss_is_the_objective_written_out(model, marked):
    x, y = marked.rows(slice(6))
    torch.manual_seed(1)
    loss = model.loss(x, y)
    torch.manual_seed(1)
    torch.testing.assert_close(loss.total, by_hand(model, x, y, torch.ones(6, 1)))


def test_hidden_attributes_are_zeros_to_both_networks(marked):
    torch.manual_seed(0)
    model = AttributeVAE(levels=LEVELS, hidden=0.5, input_shape=(1, 8, 8), latent_size=3, channels=(4, 8))
    x, y = marked.rows(slice(6))
    torch.manual_seed(1)
    loss = model.loss(x, y)
    torch.manual_seed(1)
    told = (torch.rand(6, 1) >= 0.5).float()
    assert 0 < told.sum() < 6
    torch.testing.assert_close(loss.total, by_hand(model, x, y, told))
    model.eval()
    torch.manual_seed(1)
    untold = model.loss(x, None)
    torch.manual_seed(1)
    torch.testing.assert_close(untold.total, by_hand(model, x, y, torch.zeros(6, 1)))
    assert model.sample(3, model.labels(None, 3)).shape == (3, 1, 8, 8)


def test_shapes_of_all_that_the_contract_names(model, marked):
    x, y = marked.rows(slice(5))
    assert model.encode(x, y).mean.shape == (5, 3)
    assert model.decode(torch.zeros(2, 5, 3), y).mean.shape == (2, 5, 1, 8, 8)
    assert model.decode(torch.zeros(3), y[:1]).mean.shape == (1, 8, 8)
    assert model.sample(4).shape == model.sample(4, y[0]).shape == (4, 1, 8, 8)
    assert model.reconstruct(x, y).shape == x.shape
    assert model.interpolate(x[0], x[1], steps=6, y0=y[0], y1=y[1]).shape == (6, 1, 8, 8)
    assert evaluate(model, marked.head(5))["elbo"] < 0


def test_several_draws_of_z_meet_their_own_attributes(model, marked):
    y, z = marked.y[:5], torch.randn(2, 5, 3)
    model.eval()
    together = model.decode(z, y).mean
    torch.testing.assert_close(together[1], model.decode(z[1], y).mean)


def test_attributes_that_are_not_told_reach_neither_network(marked):
    torch.manual_seed(0)
    deaf = AttributeVAE(levels=LEVELS, told=[0], input_shape=(1, 8, 8), latent_size=3, channels=(4, 8)).eval()
    x, y = marked.rows(slice(5))
    other = torch.stack([y[:, 0], 2 - y[:, 1]], dim=1)
    assert torch.equal(deaf.encode(x, y).mean, deaf.encode(x, other).mean)
    assert torch.equal(deaf.decode(torch.ones(5, 3), y).mean, deaf.decode(torch.ones(5, 3), other).mean)
    told = torch.stack([1 - y[:, 0], y[:, 1]], dim=1)
    assert not torch.equal(deaf.encode(x, y).mean, deaf.encode(x, told).mean)


def test_attributes_that_tell_the_truth_are_worth_nats_and_shuffled_ones_are_not(model, marked):
    """The encoder sees the image; what the decoder is told it need not read from z."""
    torch.manual_seed(0)
    fit(model, marked, epochs=4, batch_size=16, learning_rate=1e-2, quiet=True)
    x, y = marked.rows(slice(64))
    wrong = torch.stack([1 - y[:, 0], y[:, 1]], dim=1)
    assert evaluate(model, Split(x, y))["elbo"] > evaluate(model, Split(x, wrong))["elbo"] + 1
    assert not torch.allclose(model.restyle(x, y, wrong), model.restyle(x, y, y), atol=1e-3)


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (None, "missing"),
        (torch.zeros(4, 2), "float32"),
        (torch.zeros(4, dtype=torch.long), r"shape \(4,\)"),
        (torch.tensor([[0, 3]] * 4), "attribute 1 runs from 3 to 3, expected levels from 0 to 2"),
    ],
)
def test_what_is_no_row_of_attributes_is_refused(model, marked, y, told):
    with pytest.raises(ValueError, match=told):
        fit(model, Split(marked.x[:4], y), epochs=1, quiet=True)


@pytest.mark.parametrize(
    ("settings", "told"), [({"levels": []}, "at least one attribute"), ({"levels": [2], "told": [1]}, "columns from 0 to 0")]
)
def test_settings_that_make_no_sense_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        AttributeVAE(**settings)
