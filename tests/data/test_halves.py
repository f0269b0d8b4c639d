"""Images in two halves: the left is what is given, the right what is to be drawn."""

import pytest
import torch

from vae_course.data import Dataset, Split, halves
from vae_course.data.halves import cut

IMAGES = torch.arange(2 * 4 * 6).view(2, 1, 4, 6) / 100


def test_the_halves_are_the_image():
    left, right = cut(IMAGES)
    assert left.shape == right.shape == (2, 1, 4, 3)
    assert torch.equal(torch.cat([left, right], 3), IMAGES)


def test_x_is_the_right_half_and_y_the_left():
    split = halves(Split(IMAGES, torch.tensor([0, 1])))
    assert torch.equal(split.x, IMAGES[..., 3:])
    assert torch.equal(split.y, IMAGES[..., :3])
    data = halves(Dataset("blobs", Split(IMAGES), Split(IMAGES[:1]), ("a", "b"), "made here"))
    assert (data.name, len(data.train), len(data.test), data.input_shape) == ("blobs, right halves", 2, 1, (1, 4, 3))
    assert data.classes == ("a", "b")


@pytest.mark.parametrize("images", [torch.zeros(2, 1, 4, 5), torch.zeros(2, 4, 6)])
def test_what_has_no_halves_is_refused(images):
    with pytest.raises(ValueError, match="with an even width"):
        halves(Split(images))
