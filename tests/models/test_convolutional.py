"""The convolutional VAE and its pixels: shapes, probabilities against an independent sum, gradients, training, storage."""

import numpy as np
import pytest
import torch
from scipy.stats import logistic
from torch.distributions import kl_divergence

from vae_course import checkpoints
from vae_course.evaluation import bits_per_dimension, evaluate
from vae_course.models import VAE, ConvolutionalVAE
from vae_course.models.discretised import HALF, LEVELS, DiscretisedLogistic
from vae_course.models.networks import LIKELIHOODS, PixelLikelihood, convolutional_decoder, convolutional_encoder
from vae_course.training import fit

GRID = torch.arange(LEVELS, dtype=torch.float64) / (LEVELS - 1)
SIZES = [(1, 28, 28), (3, 32, 32), (2, 7, 12), (4, 5, 1)]


def small(input_shape=(3, 8, 8), **config) -> ConvolutionalVAE:
    torch.manual_seed(0)
    return ConvolutionalVAE(input_shape=input_shape, latent_size=3, channels=(4, 6), **config)


@pytest.fixture
def squares():
    """96 images of 3×8×8, pixels from the 256 levels: a coloured square in one of four corners."""
    generator = torch.Generator().manual_seed(0)
    x = torch.zeros(96, 3, 8, 8)
    for image in x:
        row, column = 4 * torch.randint(2, (2,), generator=generator)
        image[:, row : row + 4, column : column + 4] = torch.randint(256, (3, 1, 1), generator=generator) / 255
    return x


@pytest.mark.parametrize("input_shape", SIZES)
def test_shapes_of_all_that_the_contract_names(input_shape):
    model, x = small(input_shape), torch.rand(5, *input_shape)
    q = model.encode(x)
    p = model.decode(q.rsample((7,)))
    assert q.batch_shape == (5,)
    assert p.batch_shape == (7, 5)
    assert p.event_shape == input_shape
    assert p.log_prob(x).shape == (7, 5)
    assert p.mean.shape == (7, 5, *input_shape)
    assert model.decode(torch.zeros(3)).mean.shape == input_shape
    assert model.sample(4).shape == (4, *input_shape)
    assert model.reconstruct(x).shape == x.shape
    assert model.interpolate(x[0], x[1], steps=6).shape == (6, *input_shape)
    assert kl_divergence(q, model.prior).shape == (5,)


@pytest.mark.parametrize("input_shape", SIZES)
def test_encoder_and_decoder_pass_the_same_shapes_in_opposite_order(input_shape):
    down, up = convolutional_encoder(input_shape, (4, 6, 8), 2), convolutional_decoder(2, (4, 6, 8), input_shape)
    there, back = [tuple(input_shape)], []
    x = torch.zeros(2, *input_shape)
    for layer in down:
        x = layer(x)
        if isinstance(layer, torch.nn.Conv2d):
            assert x.shape[2:] == tuple(-(-side // 2) for side in there[-1][1:])
            there.append(tuple(x.shape[1:]))
    x = torch.zeros(2, 2)
    for layer in up:
        x = layer(x)
        if isinstance(layer, (torch.nn.Unflatten, torch.nn.ConvTranspose2d)):
            back.append(tuple(x.shape[1:]))
    assert back == there[::-1]


def test_several_latents_at_once_decode_as_one_by_one():
    model, z = small(), torch.randn(4, 2, 3)
    torch.testing.assert_close(model.decode(z).mean[3, 1], model.decode(z[3, 1]).mean)


def test_the_loss_is_the_elbo_and_does_not_grow_with_the_batch():
    model, x = small().double(), torch.rand(6, 3, 8, 8, dtype=torch.float64)
    torch.manual_seed(1)
    terms = model.loss(x)
    assert torch.isclose(terms.total, terms.reconstruction + terms.kl)
    torch.manual_seed(1)
    q = model.encode(x)
    by_hand = -model.decode(q.rsample()).log_prob(x).mean() + kl_divergence(q, model.prior).mean()
    torch.testing.assert_close(terms.total, by_hand)
    with torch.no_grad():  # a posterior without spread: then there is no noise, and two copies must cost what one does
        model.encoder[-1].bias[3:] = -1e3
        model.encoder[-1].weight[3:] = 0
    torch.testing.assert_close(model.loss(torch.cat([x, x])).total, model.loss(x).total, rtol=1e-2, atol=0)


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_every_parameter_hears_the_loss(kind, squares):
    model = small(likelihood=kind)
    model.loss(squares[:16]).total.backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


@pytest.mark.parametrize("kind", LIKELIHOODS)
def test_the_encoder_hears_the_reconstruction_through_the_sample(kind, squares):
    model = small(likelihood=kind)
    model.loss(squares[:16]).reconstruction.backward()
    assert all(p.grad.abs().sum() > 0 for p in model.encoder.parameters())


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian", "discretised logistic"])
@pytest.mark.parametrize("start", [0.05, 0.5, 0.9])
def test_an_untrained_decoder_paints_the_start_give_or_take_its_random_biases(kind, start):
    torch.manual_seed(0)
    settings = {"input_shape": (3, 8, 8), "latent_size": 3, "channels": (4, 6), "likelihood": kind, "start": start, "sigma": 0.01}
    painted = torch.stack([ConvolutionalVAE(**settings).sample(8).mean() for _ in range(40)])
    torch.testing.assert_close(painted.mean(), torch.tensor(start), rtol=0, atol=0.04)


def test_a_start_at_the_mean_saves_the_steps_that_find_the_background(squares):
    losses = {}
    for start in (squares.mean().item(), 0.5):
        model = small(start=start)
        losses[start] = fit(model, squares, epochs=10, batch_size=32, learning_rate=3e-3, seed=0, quiet=True).loss
    (_, near), (_, far) = losses.items()
    assert near[0] < far[0] - 100
    assert near[-1] < far[-1]


def test_training_lowers_the_loss(squares):
    model = small()
    before = evaluate(model, squares)
    history = fit(model, squares, epochs=40, batch_size=32, learning_rate=3e-3, seed=0, quiet=True)
    after = evaluate(model, squares)
    assert after["elbo"] > before["elbo"] + 100
    assert history.loss[-1] < history.loss[0] - 100


def test_a_checkpoint_round_trip_gives_the_same_pictures(tmp_path, squares):
    model = checkpoints.rounded(small(likelihood="gaussian", sigma=0.2))
    checkpoints.save(model, tmp_path / "some.safetensors", recipe={}, metrics={})
    again = checkpoints.load(tmp_path / "some.safetensors", device="cpu")
    assert again.config == model.config
    torch.testing.assert_close(again.reconstruct(squares[:4]), model.reconstruct(squares[:4]), rtol=0, atol=0)


def test_under_autocast_networks_are_halved_and_distributions_are_not(squares):
    model = small()
    seen = []
    model.encoder[0].register_forward_hook(lambda layer, inputs, output: seen.append(output.dtype))
    torch.manual_seed(1)
    whole = model.loss(squares)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert model.encode(squares).mean.dtype == torch.float32
        torch.manual_seed(1)
        halved = model.loss(squares)
    assert seen == [torch.float32, torch.bfloat16, torch.bfloat16]
    assert halved.total.dtype == torch.float32
    assert halved.total != whole.total
    torch.testing.assert_close(halved.total, whole.total, rtol=1e-2, atol=0)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"input_shape": (784,)}, r"the images have shape \(784,\), expected \(channels, height, width\)"),
        ({"channels": ()}, r"channels is \[\], expected at least one layer"),
        ({"channels": (8, 0)}, r"channels is \[8, 0\]"),
        ({"likelihood": "poisson"}, "unknown likelihood 'poisson'"),
        ({"latent_size": 0}, "latent_size is 0"),
        ({"start": 0.0}, "start is 0.0, expected a pixel value between 0 and 1"),
        ({"start": 1.0}, "start is 1.0, expected a pixel value between 0 and 1"),
    ],
)
def test_bad_settings_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        ConvolutionalVAE(**config)


# The pixels


@pytest.mark.parametrize("mu", [-30.0, -0.1, 0.0, 0.3, 1.0, 1.4, 40.0])
@pytest.mark.parametrize("sigma", [1e-3, 0.02, 0.5, 30.0])
def test_the_probabilities_of_the_256_levels_sum_to_one(mu, sigma):
    p = DiscretisedLogistic(torch.full((LEVELS,), mu, dtype=torch.float64), torch.tensor(sigma, dtype=torch.float64))
    probabilities = p.log_prob(GRID).exp()
    assert probabilities.sum().item() == pytest.approx(1, abs=1e-9)
    assert p.mean[0].item() == pytest.approx((probabilities * GRID).sum().item(), abs=HALF if sigma < 0.01 else 1e-4)


def test_each_level_has_the_mass_that_scipy_gives_it():
    mu, sigma = 0.4, 0.15
    edges = (np.arange(1, LEVELS) - 0.5) / (LEVELS - 1)
    inner = logistic.cdf(edges, loc=mu, scale=sigma * np.sqrt(3) / np.pi)
    expected = np.diff(np.concatenate([[0], inner, [1]]))
    p = DiscretisedLogistic(torch.full((LEVELS,), mu, dtype=torch.float64), torch.tensor(sigma, dtype=torch.float64))
    np.testing.assert_allclose(p.log_prob(GRID).exp().numpy(), expected, rtol=1e-9)


def test_sigma_is_the_standard_deviation_of_what_is_gathered():
    p = DiscretisedLogistic(torch.full((LEVELS,), 0.5, dtype=torch.float64), torch.tensor(0.03, dtype=torch.float64))
    probabilities = p.log_prob(GRID).exp()
    assert (probabilities * (GRID - 0.5) ** 2).sum().sqrt().item() == pytest.approx(0.03, rel=0.01)


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
@pytest.mark.parametrize("mu", [-50.0, 0.0, 0.5, 1.0, 50.0])
@pytest.mark.parametrize("sigma", [1e-4, 0.1, 1e3])
def test_log_probability_and_gradient_are_finite_everywhere(level, mu, sigma):
    mu, log_sigma = torch.tensor([mu], requires_grad=True), torch.tensor(sigma).log().requires_grad_()
    log_p = DiscretisedLogistic(mu, log_sigma.exp()).log_prob(GRID[level].float().reshape(1))
    log_p.sum().backward()
    assert torch.isfinite(log_p).all()
    assert log_p.item() <= 0
    assert torch.isfinite(mu.grad).all()
    assert torch.isfinite(log_sigma.grad).all()


def test_samples_have_the_distribution_they_are_drawn_from():
    torch.manual_seed(0)
    p = DiscretisedLogistic(torch.tensor([-0.1, 0.5, 0.9]), torch.tensor(0.2))
    drawn = p.sample((40_000,))
    assert torch.equal((drawn * 255).round() / 255, drawn)
    torch.testing.assert_close(drawn.mean(0), p.mean, rtol=0, atol=0.005)
    black = p.log_prob(torch.zeros(3)).exp()
    torch.testing.assert_close((drawn == 0).float().mean(0), black, rtol=0, atol=0.01)


def test_a_certain_decoder_pays_nothing_for_black_and_a_vague_one_the_same_for_every_inner_level():
    certain = PixelLikelihood("discretised logistic", 1)(torch.full((1, 5), -20.0))
    assert certain.log_prob(torch.zeros(1, 5)).item() == pytest.approx(0, abs=1e-6)
    wide = DiscretisedLogistic(torch.full((254,), 0.5, dtype=torch.float64), torch.tensor(1e4, dtype=torch.float64))
    inner = wide.log_prob(GRID[1:-1])  # the two ends share nearly all mass, the levels between have equal parts of the rest
    torch.testing.assert_close(inner, inner[:1].expand_as(inner), rtol=1e-6, atol=0)


def test_no_model_codes_random_bytes_in_less_than_eight_bits():
    noise = torch.randint(LEVELS, (400, 3, 8, 8), generator=torch.Generator().manual_seed(0)) / (LEVELS - 1)
    model = small(sigma=0.3)
    fit(model, noise[:200], epochs=20, batch_size=50, learning_rate=3e-3, seed=0, quiet=True)
    bits = bits_per_dimension(-evaluate(model, noise[200:])["elbo"], 3 * 8 * 8)
    assert 7.98 < bits < 10


def test_a_plain_vae_takes_the_same_pixels():
    model = VAE(input_shape=(3, 8, 8), latent_size=2, hidden_sizes=(8,), likelihood="discretised logistic", learn_sigma=True)
    x = torch.rand(4, 3, 8, 8)
    model.loss(x).total.backward()
    assert model.pixels.log_sigma.grad.abs() > 0
    assert model.sample(2).shape == (2, 3, 8, 8)
