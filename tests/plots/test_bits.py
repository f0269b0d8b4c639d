"""Where bits go: each map below its picture, all on one scale."""

import pytest
import torch

from vae_course import plots

ALT = "Two pictures and maps of their bits, made for this test."
IMAGES, BITS = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)), torch.stack([torch.zeros(8, 8), torch.full((8, 8), 5.0)])


def test_each_map_stands_below_its_picture_and_all_share_one_scale(figures):
    plots.show_bit_maps(IMAGES, BITS, ALT, names=["a", "b"], most=6)
    above, below = figures[0].axes[:2], figures[0].axes[2:4]
    assert [axis.get_title() for axis in above] == ["a", "b"]
    for column in range(2):
        assert torch.equal(torch.tensor(above[column].images[0].get_array()), IMAGES[column].permute(1, 2, 0))
        drawn = below[column].images[0]
        assert (drawn.get_array() == BITS[column].numpy()).all()
        assert drawn.get_clim() == (0, 6)
        assert above[column].get_position().x0 == pytest.approx(below[column].get_position().x0, abs=0.01)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"bits": BITS[:1]}, "one for each pixel of each picture"),
        ({"bits": BITS / 0}, "expected finite numbers"),
        ({"names": ["a"]}, "2 pictures and 1 names"),
        ({"images": 255 * IMAGES}, "Divide by 255"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(figures, change, told):
    with pytest.raises(ValueError, match=told):
        plots.show_bit_maps(**{"images": IMAGES, "bits": BITS, "alt": ALT} | change)
    assert not figures
