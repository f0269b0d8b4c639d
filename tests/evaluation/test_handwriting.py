"""Slant and thickness of strokes that were drawn to have them."""

import pytest
import torch

from vae_course.evaluation import hand_traits, slant, thickness


def stroke(lean: float, wide: int, grey: float = 1.0):
    """A stroke of 20 rows, `wide` pixels wide, that moves by `lean` columns to the right a row, going up."""
    image = torch.zeros(1, 1, 28, 28)
    for up in range(20):
        left = round(8 + lean * up)
        image[0, 0, 23 - up, left : left + wide] = grey
    return image


@pytest.mark.parametrize("lean", [-0.3, 0.0, 0.5])
def test_slant_is_how_far_a_stroke_leans_however_thick_or_pale(lean):
    for wide, grey in ((1, 1.0), (4, 1.0), (4, 0.3)):
        assert slant(stroke(lean, wide, grey)).item() == pytest.approx(lean, abs=0.02)


def test_thickness_counts_bright_pixels_and_not_their_greys():
    images = torch.cat([stroke(0, 2), stroke(0, 4), stroke(0, 4, 0.7), stroke(0, 4, 0.3)])
    assert thickness(images).tolist() == [40, 80, 80, 0]


def test_quarters_are_counted_within_a_class():
    leans, widths = (0.0, 0.1, 0.2, 0.3), (4, 3, 2, 1)
    of_one = [stroke(lean, wide) for lean, wide in zip(leans, widths, strict=True)]
    of_another = [stroke(lean + 0.2, wide + 3) for lean, wide in zip(leans[::-1], widths, strict=True)]
    traits = hand_traits(torch.cat([*of_one, *of_another]), torch.tensor([4] * 4 + [9] * 4))
    assert traits[:, 0].tolist() == [0] * 4 + [1] * 4
    assert traits[:, 1].tolist() == [0, 1, 2, 3, 3, 2, 1, 0]
    assert traits[:, 2].tolist() == [3, 2, 1, 0, 3, 2, 1, 0]
    with pytest.raises(ValueError, match="4 images came with 3 labels"):
        hand_traits(torch.cat(of_one), torch.zeros(3, dtype=torch.long))


def test_what_has_no_hand_is_refused():
    with pytest.raises(ValueError, match="an image holds no ink"):
        slant(torch.cat([stroke(0, 2), torch.zeros(1, 1, 28, 28)]))
    for measure in (slant, thickness):
        with pytest.raises(ValueError, match=r"the shape \(3, 28, 28\): expected \(n, 1, height, width\)"):
            measure(torch.ones(3, 28, 28))
