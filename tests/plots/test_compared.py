"""Samples beside their figures: names must agree."""

import pytest
import torch

from vae_course.plots import show_compared


def test_other_names_are_refused():
    with pytest.raises(ValueError, match="expected the same names"):
        show_compared({"VAE": torch.zeros(2, 1, 8, 8)}, {"GAN": [1.0]}, "rows of samples and dots", value_label="distance")


def test_it_is_shown(capsys):
    rows = {"VAE": torch.zeros(2, 1, 8, 8), "GAN": torch.ones(2, 1, 8, 8)}
    show_compared(rows, {"VAE": [3.0, 4.0], "GAN": [5.0]}, "rows of samples and dots", value_label="distance", level=("real", 1.0))
