"""The stored comparison: packed draws come back, figures have a line a seed."""

import pytest
import torch

from vae_course.checkpoints import card
from vae_course.evaluation import four_models
from vae_course.evaluation.stored_images import packed


def test_what_was_packed_comes_back():
    images = torch.rand(3, 1, 28, 28)
    stored = {"runs": [{"drawn": {"VAE": packed(images)}}]}
    torch.testing.assert_close(four_models.drawn(stored, "VAE"), images, rtol=0, atol=0.5 / 255 + 1e-6)
    with pytest.raises(ValueError, match="no draws are stored for 'GAN'. There are some for: VAE"):
        four_models.drawn(stored, "GAN")


def test_each_seed_has_a_line():
    found = four_models.figures(card("mnist-autoencoder-vae-gan"))
    assert found["GAN, z from N(0, I)"].shape == (5, len(four_models.FIGURES))
    assert found["noise"].shape == (1, len(four_models.FIGURES))
