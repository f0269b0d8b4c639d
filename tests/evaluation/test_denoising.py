"""The rivals of a denoising network are the best of their kind, on images where the best is known."""

import pytest
import torch

from vae_course.evaluation import best_blur, best_linear_map, with_noise


def error(x, x_hat):
    return (x - x_hat).square().mean().item()


@pytest.fixture
def squares():
    """White squares of 4 by 4 on black, anywhere."""
    images = torch.zeros(400, 1, 12, 12)
    corners = torch.randint(0, 9, (400, 2), generator=torch.Generator().manual_seed(1))
    for image, (top, left) in zip(images, corners.tolist(), strict=True):
        image[0, top : top + 4, left : left + 4] = 1
    return images


def test_noise_is_the_same_for_one_seed_and_stays_between_black_and_white(squares):
    noisy = with_noise(squares, 0.5, seed=3)
    assert torch.equal(noisy, with_noise(squares, 0.5, seed=3))
    assert not torch.equal(noisy, with_noise(squares, 0.5, seed=4))
    assert (noisy.min(), noisy.max()) == (0, 1)
    uncut = with_noise(0.5 + 0 * squares, 0.1, seed=3) - 0.5
    assert uncut.std() == pytest.approx(0.1, rel=0.02)


def test_without_noise_both_leave_the_images_alone(squares):
    assert error(squares, best_blur(squares, squares)(squares)) < 1e-9
    assert error(squares, best_linear_map(squares, squares)(squares)) < 1e-6


def test_gain_and_offset_take_away_a_veil(squares):
    veiled = 0.3 + 0.5 * squares
    assert error(squares, best_blur(veiled, squares)(veiled)) < 1e-9


def test_the_offset_makes_the_blur_better_where_noise_was_cut(squares):
    from scipy.ndimage import gaussian_filter

    noisy, fresh = with_noise(squares, 0.5, seed=0), with_noise(squares, 0.5, seed=2)
    plain = min(error(squares, torch.from_numpy(gaussian_filter(fresh.numpy(), (0, 0, width, width)))) for width in (0.5, 0.7, 0.9, 1.2))
    assert error(squares, best_blur(noisy, squares)(fresh)) < 0.8 * plain


def test_the_linear_map_is_the_one_of_least_squares(squares):
    small, noisy = squares[..., 3:9, 3:9], with_noise(squares, 0.5, seed=0)[..., 3:9, 3:9]
    with_one = torch.cat([noisy.flatten(1), torch.ones(400, 1)], 1).double()
    best = with_one @ torch.linalg.lstsq(with_one, small.flatten(1).double()).solution
    assert torch.allclose(best_linear_map(noisy, small)(noisy).flatten(1).double(), best.clamp(0, 1), atol=1e-4)


def test_a_pixel_that_is_always_black_does_no_harm(squares):
    dark = squares.clone()
    dark[..., 0] = 0
    restored = best_linear_map(dark, dark)(dark)
    assert restored.isfinite().all()
    assert restored[..., 0].abs().max() < 1e-3


@pytest.mark.parametrize("fit", [best_blur, best_linear_map])
def test_images_that_are_not_alike_are_refused(fit, squares):
    with pytest.raises(ValueError, match="the same images twice"):
        fit(squares[:3], squares)
    with pytest.raises(ValueError, match="the same images twice"):
        fit(squares.flatten(1), squares.flatten(1))
