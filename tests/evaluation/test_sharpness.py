"""Sharpness has the values that are known, and its hole; the best decoder knows its images by heart."""

import pytest
import torch

from vae_course import VAE
from vae_course.evaluation.sharpness import BlurScale, best_decoder, blurred, edges_found, sharpness


def pictures():
    torch.manual_seed(0)
    return torch.kron((torch.rand(20, 1, 7, 7) > 0.6).float(), torch.ones(4, 4))


def test_contrast_cancels_out_noise_is_one_and_blur_lowers_it():
    x = pictures()
    assert sharpness(0.5 * x) == pytest.approx(sharpness(x), abs=1e-5)
    assert sharpness(torch.rand(200, 1, 28, 28)) == pytest.approx(1, abs=0.02)
    assert sharpness(x) > sharpness(blurred(x, 0.6)) > sharpness(blurred(x, 1.2))
    with pytest.raises(ValueError, match="above 0"):
        blurred(x, 0)


def test_a_blur_is_told_by_its_width_and_noise_is_found_out_by_edges():
    x = pictures()
    scale = BlurScale(x)
    assert scale(sharpness(blurred(x, 1.0))) == pytest.approx(1.0, abs=0.06)
    assert scale(1.0) == 0
    assert edges_found(x, x) == 1
    assert edges_found(x, torch.full_like(x, 0.5)) == 0
    assert edges_found(x, torch.rand_like(x)) < 0


def test_where_codes_lie_apart_the_best_decoder_gives_the_image_back():
    x, model = pictures(), VAE(latent_size=8, hidden_sizes=(30,)).eval()
    with torch.no_grad():
        model.encoder[-1].bias[8:] = -20.0
        best, sharing = best_decoder(model, x, model.encode(x).mean)
    assert torch.allclose(best, x, atol=1e-3)
    assert sharing.max() < 1.01
