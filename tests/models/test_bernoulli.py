"""Bernoulli images are PyTorch's, in all that a model, a figure or a formula asks of them."""

import pytest
import torch
from torch.distributions import Bernoulli, Independent, kl_divergence

from vae_course.models.bernoulli import BernoulliImage

SHAPES = [((5, 1, 4, 3), (5, 1, 4, 3)), ((7, 5, 1, 4, 3), (5, 1, 4, 3)), ((1, 4, 3), (5, 1, 4, 3)), ((5, 12), (5, 12))]


def of_torch(logits, event_dims):
    return Independent(Bernoulli(logits=logits, validate_args=False), event_dims, validate_args=False)


@pytest.mark.parametrize(("logits", "pixels"), SHAPES)
@pytest.mark.parametrize("scale", [1.0, 30.0, 1e4])
def test_it_prices_images_and_passes_gradients_on_as_pytorch_does(logits, pixels, scale):
    event_dims = len(pixels) - 1
    x = torch.rand(pixels, dtype=torch.float64, requires_grad=True)
    logits = (scale * torch.randn(logits, dtype=torch.float64)).requires_grad_()
    got, expected = (kind(logits, event_dims).log_prob(x) for kind in (BernoulliImage, of_torch))
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-9)
    weights = torch.rand_like(got)
    gradients = (torch.autograd.grad((weights * one).sum(), (logits, x)) for one in (got, expected))
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-9)


def test_all_else_is_pytorchs():
    logits, others = torch.randn(2, 5, 1, 4, 3)
    ours, theirs = BernoulliImage(logits, 3), of_torch(logits, 3)
    assert (ours.batch_shape, ours.event_shape) == (theirs.batch_shape, theirs.event_shape) == ((5,), (1, 4, 3))
    torch.testing.assert_close(ours.mean, logits.sigmoid())
    torch.testing.assert_close(ours.entropy(), theirs.entropy())
    torch.testing.assert_close(kl_divergence(ours, BernoulliImage(others, 3)), kl_divergence(theirs, of_torch(others, 3)))
    torch.manual_seed(0)
    drawn = ours.sample((2,))
    torch.manual_seed(0)
    assert torch.equal(drawn, theirs.sample((2,)))
