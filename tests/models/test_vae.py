"""The contract of a model, kept by the reference VAE."""

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from vae_course.models import VAE, LatentVariableModel, latent_path
from vae_course.models.networks import LIKELIHOODS, PixelLikelihood, mlp


def test_the_defaults_are_the_reference_model():
    model = VAE()
    sizes = [tuple(p.shape) for p in model.parameters()]
    assert sizes == [(400, 784), (400,), (40, 400), (40,), (400, 20), (400,), (784, 400), (784,)]


def test_shapes_of_all_that_the_contract_names(small_vae, blobs):
    x = blobs.train.x[:5]
    q = small_vae.encode(x)
    assert q.batch_shape == (5,)
    assert q.event_shape == (3,)
    p = small_vae.decode(q.rsample((7,)))
    assert p.batch_shape == (7, 5)
    assert p.event_shape == (1, 8, 8)
    assert p.log_prob(x).shape == (7, 5)
    assert small_vae.sample(4).shape == (4, 1, 8, 8)
    assert small_vae.reconstruct(x).shape == x.shape
    assert small_vae.interpolate(x[0], x[1], steps=6).shape == (6, 1, 8, 8)
    assert kl_divergence(q, small_vae.prior).shape == (5,)


def test_pictures_are_pixels_and_carry_no_gradient(small_vae):
    images = small_vae.sample(8)
    assert 0 <= images.min() <= images.max() <= 1
    assert not images.requires_grad


def test_interpolation_ends_at_the_reconstructions(small_vae, blobs):
    x0, x1 = blobs.train.x[0], blobs.train.x[1]
    for spherical in (False, True):
        walk = small_vae.interpolate(x0, x1, steps=5, spherical=spherical)
        torch.testing.assert_close(walk[[0, -1]], small_vae.reconstruct(torch.stack([x0, x1])), rtol=1e-5, atol=1e-6)


def test_pictures_leave_the_mode_as_it_was(small_vae, blobs):
    small_vae.train()
    small_vae.sample(1)
    small_vae.reconstruct(blobs.train.x[:1])
    assert small_vae.training


def test_every_parameter_hears_the_loss(small_vae, blobs):
    small_vae.loss(blobs.train.x[:8]).total.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in small_vae.parameters())


def test_the_encoder_hears_the_reconstruction_through_the_sample(small_vae, blobs):
    small_vae.loss(blobs.train.x[:8]).reconstruction.backward()
    assert all(p.grad.abs().sum() > 0 for p in small_vae.encoder.parameters())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: x * 255, r"pixels must lie in \[0, 1\], got values from .* to .*. Divide by 255"),
        (lambda x: x - 0.5, r"pixels must lie in \[0, 1\], got values from -0"),
        (lambda x: torch.full_like(x, float("nan")), "got values from nan to nan"),
        (lambda x: x[:, :, :7], r"expected a batch of shape \(n, 1, 8, 8\), got \(4, 1, 7, 8\). Reshape the images, or build"),
        (lambda x: x[0], r"got \(1, 8, 8\)"),
        (lambda x: x[:0], "the batch is empty"),
        (lambda x: (x * 255).to(torch.uint8), r"got torch.uint8. Use x.float\(\) / 255"),
        (lambda x: x.numpy(), "got ndarray"),
    ],
)
def test_bad_images_are_refused_with_a_remedy(small_vae, blobs, make, message):
    with pytest.raises(ValueError, match=message):
        small_vae.check_batch(make(blobs.train.x[:4]), None)


def test_bad_latents_and_settings_are_refused(small_vae):
    with pytest.raises(ValueError, match=r"expected latents of shape \(..., 3\), got \(2, 4\)"):
        small_vae.decode(torch.zeros(2, 4))
    with pytest.raises(ValueError, match="latent_size is 0"):
        VAE(latent_size=0)
    with pytest.raises(ValueError, match="unknown likelihood 'poisson', expected one of: bernoulli"):
        VAE(likelihood="poisson")
    with pytest.raises(ValueError, match="steps is 1, expected at least 2"):
        latent_path(torch.zeros(2), torch.ones(2), 1)


def test_great_circles_keep_the_length_and_straight_lines_do_not():
    z0, z1 = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 2.0])
    around = latent_path(z0, z1, 9, spherical=True)
    torch.testing.assert_close(around.norm(dim=-1), torch.full((9,), 2.0))
    assert latent_path(z0, z1, 9)[4].norm() < 1.5
    torch.testing.assert_close(latent_path(z0, -z0, 3, spherical=True)[1], torch.zeros(2))


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_each_likelihood_sums_over_the_image(kind):
    likelihood = PixelLikelihood(kind, 3, sigma=0.3)
    output, x = torch.randn(5, 1, 4, 4), torch.rand(5, 1, 4, 4)
    p = likelihood(output)
    assert p.log_prob(x).shape == (5,)
    assert p.mean.shape == x.shape
    if kind == "gaussian":
        torch.testing.assert_close(p.log_prob(x), Independent(Normal(output.sigmoid(), 0.3), 3).log_prob(x))
    if kind == "bernoulli":
        cross_entropy = torch.nn.functional.binary_cross_entropy_with_logits(output, x, reduction="none").sum((1, 2, 3))
        torch.testing.assert_close(p.log_prob(x), -cross_entropy)


def test_the_continuous_bernoulli_is_a_density():
    grid = torch.linspace(0, 1, 20_001, dtype=torch.float64).view(-1, 1)
    for logit in (-3.0, 0.0, 0.4, 5.0):
        p = PixelLikelihood("continuous bernoulli", 1)(torch.tensor([logit], dtype=torch.float64))
        assert torch.trapezoid(p.log_prob(grid).exp(), grid.squeeze()).item() == pytest.approx(1, abs=1e-6)


def test_a_gaussians_sigma_is_learnt_only_when_asked():
    assert not VAE(likelihood="gaussian").pixels.log_sigma.requires_grad
    assert VAE(likelihood="gaussian", learn_sigma=True).pixels.log_sigma.requires_grad


def test_an_mlp_takes_any_leading_shape():
    assert mlp([3, 5, 2])(torch.zeros(4, 6, 3)).shape == (4, 6, 2)


def test_the_base_class_leaves_encoding_to_the_variants():
    model = LatentVariableModel(input_shape=(4,), latent_size=2)
    with pytest.raises(NotImplementedError):
        model.encode(torch.zeros(1, 4))
