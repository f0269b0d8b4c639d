"""Codes over the prior's circle."""

import pytest
import torch

from vae_course.plots import show_codes_and_samples

CODES = torch.randn(5, 2)


def test_codes_without_samples_of_the_same_names_are_refused():
    with pytest.raises(ValueError, match="expected the same names"):
        show_codes_and_samples({"a": CODES}, {"b": torch.rand(4, 1, 8, 8)}, "Codes, samples below.", labels=torch.arange(5))


def test_it_draws():
    show_codes_and_samples(
        {"a": CODES}, {"a": torch.rand(4, 1, 8, 8)}, "Five codes over a circle, four samples below.", labels=torch.arange(5)
    )
