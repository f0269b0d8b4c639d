"""The decoder that sees the pixels before each one is a distribution, and the judged VAE pays what it says."""

import pytest
import torch

from vae_course import VAE
from vae_course.models.judged import JudgedVAE, pyramid_distance
from vae_course.models.pixels_in_order import PixelVAE

SMALL = {"input_shape": (1, 2, 2), "latent_size": 3, "hidden_sizes": (8,)}


def test_the_probabilities_of_all_images_add_up_to_one():
    torch.manual_seed(0)
    model = PixelVAE(**SMALL).eval()
    sixteen = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 4).view(16, 1, 2, 2)
    with torch.no_grad():
        model.weights.normal_()
        assert model.decode(torch.randn(1, 3)).log_prob(sixteen).exp().sum().item() == pytest.approx(1, abs=1e-5)
        assert set(model.decode(torch.randn(6, 3)).sample().unique().tolist()) <= {0.0, 1.0}


def test_a_share_that_is_none_is_refused():
    with pytest.raises(ValueError, match="pixel_dropout is 2"):
        PixelVAE(pixel_dropout=2, **SMALL)


def test_pixels_alone_are_the_plain_loss_and_a_distance_is_added_to_them():
    torch.manual_seed(0)
    model, x = (
        JudgedVAE(distance=lambda a, b: (a - b).abs().flatten(1).sum(1) * 0 + 5, weight=2, pixel_weight=1, **SMALL),
        torch.rand(4, 1, 2, 2),
    )
    torch.manual_seed(1)
    judged = model.loss(x).total
    torch.manual_seed(1)
    assert judged.item() == pytest.approx(VAE.loss(model, x).total.item() + 10, abs=1e-4)


def test_the_pyramid_is_nothing_for_equals_and_grows_with_the_error():
    x = torch.rand(3, 1, 28, 28)
    near, far = (pyramid_distance(x + step, x) for step in (0.01, 0.1))
    assert pyramid_distance(x, x).abs().max() == 0
    assert (far > near).all()
