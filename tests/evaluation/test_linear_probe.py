"""The linear probe: what a line can tell apart it does, what it cannot it does not."""

import pytest
import torch

from vae_course.evaluation import linear_probe


def points(n: int, seed: int):
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


def test_separable_classes_are_told_apart_whatever_their_units():
    x, test = points(300, 0), points(300, 1)
    rule = torch.tensor([1.0, -2.0])
    units = torch.tensor([1e-3, 1e3])
    assert linear_probe(x * units, (x @ rule > 0).long(), test * units, (test @ rule > 0).long()) > 0.97


def test_no_line_solves_a_checkerboard():
    x, test = points(400, 0), points(400, 1)
    assert 0.35 < linear_probe(x, (x.prod(1) > 0).long(), test, (test.prod(1) > 0).long()) < 0.65


def test_it_is_measured_on_the_test_set():
    x, test = points(30, 0), points(400, 1)
    y = (x[:, 0] > 0).long()
    assert linear_probe(x, y, test, 1 - (test[:, 0] > 0).long()) < 0.2


def test_images_are_flattened():
    x = torch.rand(40, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    y = (x[:, 0, 0, 0] > 0.5).long()
    assert linear_probe(x, y, x, y) > 0.9


def test_refuses_what_it_cannot_learn_from():
    x = points(6, 0)
    with pytest.raises(ValueError, match="6 training features came with 5 labels"):
        linear_probe(x, torch.zeros(5), x, torch.zeros(6))
    with pytest.raises(ValueError, match="all of one class"):
        linear_probe(x, torch.zeros(6), x, torch.zeros(6))
