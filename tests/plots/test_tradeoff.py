"""What is paid against what is left: points in the order of their rates, each with its own images, and lines of the slope given."""

import pytest
import torch
from matplotlib.offsetbox import AnnotationBbox

from vae_course import plots

ALT = "Three points on a falling curve, made for this test."
POINTS = {1.0: (20.0, 80.0), 4.0: (10.0, 110.0), "no code": (0.0, 200.0)}
IMAGES = {name: torch.full((2, 1, 28, 28), shade) for name, shade in zip(POINTS, (0.2, 0.5, 0.9), strict=True)}


def test_the_curve_joins_the_points_by_rate_and_each_has_its_name(figures):
    plots.show_tradeoff(dict(reversed(POINTS.items())), IMAGES, ALT)
    (axis,) = figures[0].axes
    assert axis.lines[0].get_xdata().tolist() == [0.0, 10.0, 20.0]
    assert axis.lines[0].get_ydata().tolist() == [200.0, 110.0, 80.0]
    assert {text.get_text() for text in axis.texts} == {"β = 1", "β = 4", "no code"}


def test_images_stand_at_their_own_point(axis):
    plots.draw_tradeoff(axis, POINTS, IMAGES)
    boxes = [artist for artist in axis.artists if isinstance(artist, AnnotationBbox)]
    for box, (name, place) in zip(boxes, POINTS.items(), strict=True):
        assert box.xy == place
        picture = box.offsetbox.get_data()
        assert picture[0, 0, 0] == pytest.approx(255 * IMAGES[name].max().item(), abs=3)
        assert picture.shape[:2] == (28, 58)


def test_a_dashed_line_has_the_slope_that_was_given_and_meets_its_point(axis):
    plots.draw_tradeoff(axis, POINTS, IMAGES, slopes={4.0: -4.0})
    (line,) = [line for line in axis.lines if line.get_linestyle() == "--"]
    (x0, x1), (y0, y1) = line.get_xdata(), line.get_ydata()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(-4)
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((10, 110))


def test_images_stand_above_their_point_or_below_where_it_is_asked(axis):
    plots.draw_tradeoff(axis, POINTS, IMAGES, below=[1.0])
    axis.figure.draw_without_rendering()
    for box, (name, place) in zip([artist for artist in axis.artists if isinstance(artist, AnnotationBbox)], POINTS.items(), strict=True):
        height = axis.transData.transform(place)[1]
        shown = box.get_window_extent()
        assert shown.y1 < height if name == 1.0 else shown.y0 > height


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"points": {1.0: (1.0, 2.0)}}, "expected two or more by name"),
        ({"points": POINTS | {1.0: (float("nan"), 2.0)}}, "each a finite rate and distortion"),
        ({"images": {1.0: IMAGES[1.0]}}, r"without images: \[4.0, 'no code'\]"),
        ({"slopes": {2.0: -2.0}}, r"slopes of no point: \[2.0\]"),
        ({"images": IMAGES | {1.0: torch.zeros(28, 28)}}, "the images of 1.0 has the shape"),
        ({"alt": "short"}, "the alt text is"),
    ],
)
def test_what_does_not_fit_is_refused(change, told, figures):
    with pytest.raises(ValueError, match=told):
        plots.show_tradeoff(**({"points": POINTS, "images": IMAGES, "alt": ALT} | change))
