"""What images cost without a network: where it is known from outside, and that nothing is stored that could not be had back."""

import bz2
import math

import pytest
import torch

from vae_course.evaluation import bits_when_packed
from vae_course.evaluation.packed import _missed, as_bytes


def noise(count, seed):
    return torch.randint(256, (count, 3, 8, 8), generator=torch.Generator().manual_seed(seed)) / 255


def test_noise_cannot_be_packed():
    costs = bits_when_packed(noise(500, 0), noise(50, 1))
    assert costs["uniform"] == 8
    for way in ("marginal", "neighbours", "zlib", "bz2"):
        assert 7.9 < costs[way] < 8.5, way
    assert costs["PNG"] > 8, "a file has a head"


def test_one_grey_is_known_at_once():
    costs = bits_when_packed(torch.full((500, 3, 8, 8), 0.5), torch.full((50, 3, 8, 8), 0.5))
    assert costs["marginal"] == pytest.approx(math.log2((500 * 64 + 256) / (500 * 64 + 1)), rel=1e-6)
    assert costs["zlib"] < 0.1
    assert costs["bz2"] < 0.1


def test_a_ramp_is_free_for_neighbours_and_dear_for_the_marginal():
    down = torch.arange(8).view(1, 1, 8, 1) + torch.arange(8).view(1, 1, 1, 8)
    ramps = ((down + torch.arange(0, 200).view(-1, 1, 1, 1)).expand(-1, 3, -1, -1)) / 255
    costs = bits_when_packed(ramps, ramps[::10])
    assert costs["neighbours"] < 1.5 < 6 < costs["marginal"]


def test_what_is_missed_gives_the_bytes_back():
    images = as_bytes(noise(4, 2)).long()
    missed = _missed(images)
    back = torch.zeros_like(images)
    for row in range(8):
        for column in range(8):
            left = back[:, :, row, column - 1] if column else (back[:, :, row - 1, column] if row else torch.zeros(4, 3, dtype=torch.long))
            above = back[:, :, row - 1, column] if row else left
            miss = missed[:, :, row, column].clone()
            miss[:, 1:] += miss[:, :1]
            back[:, :, row, column] = ((left + above) // 2 + miss) % 256
    assert torch.equal(back, images)


def test_all_together_is_read_pixel_by_pixel():
    new = noise(5, 3)
    interleaved = bytes(as_bytes(new).permute(0, 2, 3, 1).flatten().tolist())
    assert bits_when_packed(noise(5, 4), new)["bz2"] == 8 * len(bz2.compress(interleaved, 9)) / len(interleaved)


def test_other_shapes_are_refused_in_words():
    with pytest.raises(ValueError, match="red, green and blue"):
        bits_when_packed(torch.zeros(2, 1, 8, 8), torch.zeros(2, 1, 8, 8))
    with pytest.raises(ValueError, match="expected one size"):
        bits_when_packed(torch.zeros(2, 3, 8, 8), torch.zeros(2, 3, 4, 4))
