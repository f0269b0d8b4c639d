"""Wallpapers have the cost that counting gives."""

import math

import pytest
import torch

from vae_course.data.wallpapers import FLIPPED, SIDE, TILE_NATS, wallpaper_cost, wallpapers


def test_a_clean_wallpaper_costs_nine_coins_and_the_pixels_left_alone():
    clean = wallpaper_cost(torch.ones(1, 1, SIDE, SIDE)).item()
    assert clean == pytest.approx(TILE_NATS - SIDE**2 * math.log(1 - FLIPPED), abs=1e-3)


def test_a_flipped_pixel_costs_more_and_a_seed_gives_the_same_again():
    flipped = torch.ones(1, 1, SIDE, SIDE)
    flipped[..., 4, 4] = 0
    assert wallpaper_cost(flipped) - wallpaper_cost(torch.ones_like(flipped)) == pytest.approx(math.log((1 - FLIPPED) / FLIPPED), abs=1e-3)
    assert wallpapers(5, seed=2).equal(wallpapers(5, seed=2))
    assert wallpapers(5, seed=2).shape == (5, 1, SIDE, SIDE)
    with pytest.raises(ValueError, match="at least one"):
        wallpapers(0, seed=0)
