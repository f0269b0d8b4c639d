"""An image under every label: each bar stands below its picture and says what its label costs above the cheapest."""

import pytest
import torch

from vae_course import plots

ALT = "An image tried under three labels, made for this test."
IMAGE, TRIED = torch.zeros(1, 28, 28), torch.linspace(0, 1, 3).view(3, 1, 1, 1).expand(3, 1, 28, 28)


def test_bars_rise_from_the_cheapest_which_has_a_colour_of_its_own(figures):
    plots.show_tried(IMAGE, TRIED, torch.tensor([120.0, 100.0, 102.5]), ALT)
    image, tried, bars = figures[0].axes
    assert [bar.get_height() for bar in bars.patches] == [20.0, 0.0, 2.5]
    assert [text.get_text() for text in bars.texts] == ["20.0", "0.0", "2.5"]
    colours = [bar.get_facecolor() for bar in bars.patches]
    assert colours[0] == colours[2] != colours[1]
    assert [tick.get_text() for tick in tried.get_xticklabels()] == ["0", "1", "2"]
    assert [tick.get_text() for tick in image.get_xticklabels()] == ["x"]


def test_each_bar_stands_below_its_picture(figures):
    plots.show_tried(IMAGE, TRIED, [1.0, 2.0, 3.0], ALT, names=["a", "b", "c"])
    figure = figures[0]
    figure.draw_without_rendering()
    _, tried, bars = figure.axes
    middles = [tried.transData.transform((place, 0))[0] for place in tried.get_xticks()]
    below = [bars.transData.transform((bar.get_x() + bar.get_width() / 2, 0))[0] for bar in bars.patches]
    assert below == pytest.approx(middles, abs=4)  # pixels of the figure, of 112 that an image is wide


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"costs": [1.0, 2.0]}, "3 images were tried, with costs of shape"),
        ({"costs": [1.0, float("nan"), 2.0]}, "expected a finite cost"),
        ({"names": ["a"]}, "and 1 names"),
        ({"image": torch.zeros(1, 14, 28)}, "expected one size"),
        ({"image": torch.zeros(28, 28)}, "the image has the shape"),
        ({"alt": "short"}, "the alt text is"),
    ],
)
def test_what_does_not_fit_is_refused(change, told, figures):
    given = {"image": IMAGE, "tried": TRIED, "costs": [1.0, 2.0, 3.0], "alt": ALT} | change
    with pytest.raises(ValueError, match=told):
        plots.show_tried(**given)
