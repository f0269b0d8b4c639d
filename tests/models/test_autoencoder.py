"""Autoencoder and DenoisingAutoencoder: the contract as far as a point can keep it, the errors, PCA's subspace, the noise."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA
from torch.distributions import kl_divergence

from vae_course import checkpoints
from vae_course.evaluation import posterior_means
from vae_course.models import GenerativeModel
from vae_course.models.autoencoder import Autoencoder, DenoisingAutoencoder, PointMass
from vae_course.training import fit

SHAPE = (1, 4, 5)


@pytest.fixture
def x():
    return torch.rand(6, *SHAPE, generator=torch.Generator().manual_seed(0))


def make(kind=Autoencoder, **config):
    torch.manual_seed(0)
    return kind(**{"input_shape": SHAPE, "latent_size": 3, "hidden_sizes": (7,), **config})


@pytest.mark.parametrize("kind", [Autoencoder, DenoisingAutoencoder])
@pytest.mark.parametrize("config", [{}, {"error": "cross-entropy"}, {"linear": True}, {"hidden_sizes": ()}, {"hidden_sizes": (8, 6)}])
def test_keeps_the_contract_of_shapes(kind, config, x):
    model = make(kind, **config)
    q = model.encode(x)
    assert q.mean.shape == (6, 3)
    assert q.batch_shape == (6,)
    assert q.event_shape == (3,)
    p = model.decode(q.rsample((2,)))
    assert p.mean.shape == (2, 6, *SHAPE)
    assert p.log_prob(x).shape == (2, 6)
    assert model.loss(x).total.shape == ()
    assert model.reconstruct(x).shape == x.shape
    assert model.interpolate(x[0], x[1], steps=5).shape == (5, *SHAPE)


def test_a_code_is_a_point(x):
    q = make().encode(x)
    assert torch.equal(q.rsample(), q.mean)
    assert torch.equal(q.sample((2,))[0], q.sample((2,))[1])
    assert torch.equal(q.stddev, torch.zeros(6, 3))
    assert q.rsample().requires_grad
    assert not q.sample().requires_grad


def test_a_point_has_no_density_and_no_kl(x):
    model = make()
    with pytest.raises(NotImplementedError):
        model.encode(x).log_prob(torch.zeros(6, 3))
    with pytest.raises(NotImplementedError):
        kl_divergence(PointMass(torch.zeros(3)), torch.distributions.Normal(torch.zeros(3), torch.ones(3)))


def test_squared_error_is_summed_over_pixels_and_averaged_over_the_batch(x):
    model = make()
    found = model.loss(x)
    expected = F.mse_loss(model.reconstruct(x), x) * x[0].numel()
    assert torch.allclose(found.total, expected)
    assert torch.equal(found.total, found.reconstruction)
    assert torch.allclose(model.loss(torch.cat([x, x])).total, found.total)


def test_cross_entropy_is_the_reference_reconstruction_term(x):
    model = make(error="cross-entropy")
    expected = F.binary_cross_entropy(model.reconstruct(x), x, reduction="sum") / len(x)
    assert torch.allclose(model.loss(x).total, expected)


def test_squared_error_is_a_gaussian_likelihood_but_for_a_constant(x):
    model = make()
    surplus = -model.decode(model.encode(x).mean).log_prob(x).mean() - model.loss(x).total
    assert surplus.item() == pytest.approx(0.5 * np.log(np.pi) * x[0].numel(), rel=1e-4)


def test_a_linear_autoencoder_spans_the_principal_subspace():
    generator = torch.Generator().manual_seed(1)
    spread = torch.tensor([1.0, 0.8, 0.6, *[0.05] * 17])
    rotation = torch.linalg.qr(torch.randn(20, 20, generator=generator))[0]
    flat = (torch.randn(200, 20, generator=generator) * spread) @ rotation
    flat = (flat - flat.min()) / (flat.max() - flat.min())
    x = flat.view(-1, *SHAPE)
    model = make(linear=True)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=300, history_size=20, line_search_fn="strong_wolfe")

    def error():
        optimizer.zero_grad()
        total = model.loss(x).total
        total.backward()
        return total

    optimizer.step(error)
    pca = PCA(3).fit(flat.numpy())
    angles = np.degrees(subspace_angles(model.decoder[0].weight.detach().numpy(), pca.components_.T))
    assert angles.max() < 2
    best = ((flat.numpy() - pca.inverse_transform(pca.transform(flat.numpy()))) ** 2).sum(1).mean()
    with torch.no_grad():
        assert best * (1 - 1e-5) <= model.loss(x).total.item() <= best * 1.01


def test_training_lowers_the_error_and_a_checkpoint_brings_the_model_back(x, tmp_path):
    for kind, config in ((Autoencoder, {"error": "cross-entropy"}), (DenoisingAutoencoder, {"noise": (0.1, 0.4)})):
        model = make(kind, **config)
        history = fit(model, x, epochs=60, learning_rate=1e-2, seed=0, quiet=True)
        assert history.reconstruction == history.loss
        assert history.loss[-1] < 0.9 * history.loss[0]
        checkpoints.save(checkpoints.rounded(model), tmp_path / "some.safetensors", recipe={}, metrics={})
        again = checkpoints.load(tmp_path / "some.safetensors", device="cpu")
        assert type(again) is kind
        assert again.config == model.config
        assert torch.equal(again.reconstruct(x), model.reconstruct(x))
        assert torch.equal(posterior_means(again, x), model.encode(x).mean.detach())


def test_has_no_prior_and_gives_no_samples():
    assert not isinstance(make(), GenerativeModel)
    assert not hasattr(make(), "prior")
    assert not hasattr(make(), "sample")
    with pytest.raises(AttributeError, match=r"no p\(z\).*fit a distribution"):
        make().sample(4)


@pytest.mark.parametrize(
    ("kind", "config", "message"),
    [
        (Autoencoder, {"error": "mse"}, "unknown error 'mse'"),
        (Autoencoder, {"linear": True, "error": "cross-entropy"}, "error='squared'"),
        (Autoencoder, {"latent_size": 0}, "latent_size is 0"),
        (DenoisingAutoencoder, {"noise": -0.1}, "noise is -0.1"),
        (DenoisingAutoencoder, {"noise": (0.5, 0.1)}, "low ≤ high"),
    ],
)
def test_refuses_settings_that_mean_nothing(kind, config, message):
    with pytest.raises(ValueError, match=message):
        make(kind, **config)


@pytest.mark.parametrize("kind", [Autoencoder, DenoisingAutoencoder])
def test_refuses_input_that_is_no_image_of_its_kind(kind):
    with pytest.raises(ValueError, match="Divide by 255"):
        make(kind).reconstruct(torch.full((2, *SHAPE), 200.0))
    with pytest.raises(ValueError, match="expected a batch of shape"):
        make(kind).loss(torch.rand(2, 1, 28, 28))


def test_noise_has_the_standard_deviation_asked_for_and_stays_an_image():
    grey = torch.full((2000, *SHAPE), 0.5)
    torch.manual_seed(0)
    noisy = make(DenoisingAutoencoder, noise=0.1).corrupt(grey)
    assert noisy.std().item() == pytest.approx(0.1, rel=0.02)
    loud = make(DenoisingAutoencoder, noise=2.0).corrupt(grey)
    assert loud.min() >= 0
    assert loud.max() <= 1
    assert not torch.equal(make(DenoisingAutoencoder).corrupt(grey[:2])[0], make(DenoisingAutoencoder).corrupt(grey[:2])[1])


def test_a_range_of_noise_gives_each_image_its_own_level():
    torch.manual_seed(0)
    levels = (
        make(DenoisingAutoencoder, noise=(0.0, 0.1), input_shape=(1, 40, 40)).corrupt(torch.full((500, 1, 40, 40), 0.5)).flatten(1).std(1)
    )
    assert levels.min() < 0.01
    assert 0.095 < levels.max() < 0.11
    assert levels.mean().item() == pytest.approx(0.05, abs=0.006)


def test_without_noise_it_is_the_plain_autoencoder(x):
    assert torch.allclose(make(DenoisingAutoencoder, noise=0.0).loss(x).total, make(Autoencoder).loss(x).total)


def test_the_target_is_the_clean_image(x):
    """A decoder stuck on the clean image has no error, whatever noise the encoder saw."""
    model = make(DenoisingAutoencoder, noise=0.5, linear=True)
    with torch.no_grad():
        model.decoder[0].weight.zero_()
        model.decoder[0].bias.copy_(x[0].flatten())
    assert model.loss(x[:1]).total.item() == pytest.approx(0, abs=1e-10)
