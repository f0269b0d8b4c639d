"""Two levels at two resolutions: shapes, what each level reaches, and where the image adds nothing."""

import pytest
import torch

from vae_course.models import ConvolutionalStack

SHAPE = (3, 16, 8)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return ConvolutionalStack(input_shape=SHAPE, top_size=3, maps=2, channels=(4, 6, 8)).eval()


@pytest.fixture
def x():
    return torch.rand(5, *SHAPE, generator=torch.Generator().manual_seed(1))


def test_a_level_has_the_places_of_its_resolution(model, x):
    q = model.encode(x)
    assert model.latent_sizes == [2 * 4 * 2, 3]
    assert model.depth == 2
    assert q.rsample((7,)).shape == (7, 5, 19)
    assert q.log_prob(q.sample((7,))).shape == (7, 5)
    assert model.decode(q.sample((7,))).mean.shape == (7, 5, *SHAPE)
    assert model.prior.log_prob(model.prior.sample((4,))).shape == (4,)
    assert model.sample(4).shape == (4, *SHAPE)
    terms = model.loss(x).terms
    assert torch.isclose(terms["kl"], terms["kl_1"] + terms["kl_2"])


def test_a_place_of_the_map_paints_about_itself_and_the_top_everywhere(model):
    z = torch.zeros(1, model.latent_size, requires_grad=True)
    corner = model.decode(z).mean[0, :, -1, -1].sum()
    (gradient,) = torch.autograd.grad(corner, z)
    bottom, top = model.levels(gradient)
    reaches = bottom.unflatten(-1, model.map_shape)[0].abs().sum(0) > 0
    assert reaches[-1, -1]
    assert not reaches[0, 0]
    assert (top != 0).all()


def test_where_the_image_adds_nothing_the_bottom_costs_nothing(model, x):
    with torch.no_grad():
        for parameter in model.add[-1].parameters():
            parameter.zero_()
    q = model.encode(x)
    shares = model.kl_terms(q, q.rsample())
    bottom, top = model.levels(shares)
    assert torch.allclose(bottom, torch.zeros(()), atol=1e-5)
    assert top.sum() > 1e-4


def test_the_shares_are_the_kl_in_expectation(model, x):
    torch.manual_seed(2)
    q = model.encode(x)
    z = q.sample((3000,))
    by_draws = (q.log_prob(z) - model.prior.log_prob(z)).mean(0)
    in_closed_form = torch.stack([model.kl_terms(q, draw).sum(-1) for draw in z[:50]]).mean(0)
    assert torch.allclose(by_draws, in_closed_form, atol=0.15)


def test_sides_and_channels_are_asked_for():
    with pytest.raises(ValueError, match="shape \\(3, 30, 32\\).*that 8 divides"):
        ConvolutionalStack(input_shape=(3, 30, 32))
    with pytest.raises(ValueError, match="three numbers of channels"):
        ConvolutionalStack(channels=(16, 32))
