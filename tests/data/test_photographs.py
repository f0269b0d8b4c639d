"""Tiles of the two photographs: which pixels they are, and that the splits share none."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_sample_image

from vae_course.data.photographs import load_photographs


@pytest.fixture(scope="module")
def data():
    return load_photographs()


@pytest.fixture(scope="module")
def photographs():
    return [torch.tensor(np.array(pixels)).permute(2, 0, 1) for pixels in map(load_sample_image, ("china.jpg", "flower.jpg"))]


def places(tile: torch.Tensor, photograph: torch.Tensor) -> list[tuple[int, int]]:
    """Row and column of each place where a tile lies in a photograph."""
    corners = (photograph[:, :-31, :-31] == tile[:, :1, :1]).all(0).nonzero().tolist()
    return [(row, column) for row, column in corners if torch.equal(photograph[:, row : row + 32, column : column + 32], tile)]


def test_tiles_are_bytes_read_as_pixels_between_0_and_1(data):
    for split, n in ((data.train, 5000), (data.test, 104)):
        assert (tuple(split.kept.shape), split.kept.dtype) == ((n, 3, 32, 32), torch.uint8)
        assert torch.equal(split.x.mul(255).round().to(torch.uint8), split.kept)
        assert split.y.bincount().tolist() == [n // 2, n // 2]
    assert data.input_shape == (3, 32, 32)
    assert data.classes == ("china", "flower")


def test_test_tiles_can_be_laid_together_again(data, photographs):
    for number, photograph in enumerate(photographs):
        tiles = data.test.kept[data.test.y == number]
        laid = torch.cat([torch.cat(list(row), dim=2) for row in tiles.view(13, 4, 3, 32, 32)], dim=1)
        assert torch.equal(laid, photograph[:, :416, 160:288])


def test_training_tiles_lie_where_no_test_tile_is_near(data, photographs):
    columns = set()
    for tile, number in zip(data.train.kept[:100], data.train.y[:100], strict=True):
        found = [column for _, column in places(tile, photographs[number])]
        assert any(column + 32 <= 160 - 32 or column >= 288 + 32 for column in found)
        columns |= set(found)
    assert min(columns) < 64
    assert max(columns) > 560, "both sides of the strip are used"


def test_every_training_tile_stands_there_once_and_none_in_the_test(data):
    train, test = ({row.numpy().tobytes() for row in split.kept} for split in (data.train, data.test))
    assert len(train) == len(data.train)
    assert not train & test


def test_the_first_training_tiles_are_of_both_photographs(data):
    assert 20 < data.train.y[:100].sum() < 80
    assert data.test.y[:6].tolist() == [0, 1] * 3


def test_it_is_the_same_each_time(data):
    again = load_photographs()
    assert torch.equal(data.train.kept, again.train.kept)
    assert torch.equal(data.test.kept, again.test.kept)


def test_the_order_is_the_same_on_every_machine(data, photographs):
    """Where the first tiles lie, whatever a decoder does to their pixels by steps of 1/255."""
    expected = [(0, 240, 64), (1, 144, 456), (1, 360, 488), (1, 304, 448)]
    for tile, number, (photograph, row, column) in zip(data.train.kept, data.train.y, expected, strict=False):
        assert number == photograph
        difference = photographs[photograph][:, row : row + 32, column : column + 32].int() - tile.int()
        assert difference.abs().max() <= 2
