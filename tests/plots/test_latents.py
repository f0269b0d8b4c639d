"""Planes of two latents."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgba

from vae_course import plots
from vae_course.plots.latents import apart

ALT = "A plane that was made for this test and means nothing."
LABELS = torch.arange(40) % 4
Z = torch.stack([LABELS.float(), -LABELS.float()], 1) + 0.01 * torch.randn(40, 2, generator=torch.Generator().manual_seed(0))


def test_a_map_has_a_point_for_each_code_in_the_colour_of_its_class(axis):
    points = plots.draw_latent_map(axis, Z, labels=LABELS)
    places, colours = np.asarray(points.get_offsets()), points.get_facecolors()
    assert len(places) == 40
    for label in range(4):
        near = np.abs(places[:, 0] - label) < 0.2
        assert near.sum() == 10
        assert (colours[near] == to_rgba(plots.CLASS_COLOURS[label])).all()
    assert axis.get_aspect() == 1
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("z₁", "z₂")


def test_each_class_has_its_name_at_its_centre(axis):
    plots.draw_latent_map(axis, Z, labels=LABELS, names=("a", "b", "c", "d"))
    assert [text.get_text() for text in axis.texts] == ["a", "b", "c", "d"]
    for label, text in enumerate(axis.texts):
        assert text.xy == pytest.approx((label, -label), abs=0.05)
        assert text.get_bbox_patch().get_edgecolor()[:3] == to_rgba(plots.CLASS_COLOURS[label])[:3]


def test_names_of_classes_at_one_place_are_put_side_by_side(axis):
    plots.draw_latent_map(axis, torch.randn(40, 2, generator=torch.Generator().manual_seed(0)) * 1e-3, labels=LABELS, limit=3.0)
    places = np.array([text.xy for text in axis.texts])
    between = np.linalg.norm(places[:, None] - places[None], axis=-1)[~np.eye(4, dtype=bool)]
    assert between.min() > 0.15


def test_places_are_moved_no_further_than_it_takes():
    far = np.array([[0.0, 0.0], [5.0, 0.0]])
    assert apart(far, 1.0) == pytest.approx(far, abs=1e-4)
    near = apart(np.zeros((3, 2)), 1.0)
    assert min(np.linalg.norm(near[i] - near[j]) for i, j in ((0, 1), (0, 2), (1, 2))) > 0.9


def test_maps_by_name_share_one_key(figures):
    codes = {"autoencoder": Z, "VAE": 2 * Z, "AAE": Z, "third row": Z}
    plots.show_latent_map(codes, ALT, labels=LABELS, behind=torch.zeros(5, 2), limit=4.0, key="digit")
    (figure,) = figures
    maps = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title() for axis in maps] == list(codes)
    assert all(axis.get_xlim() == (-4.0, 4.0) for axis in maps)
    assert [len(axis.collections[0].get_offsets()) for axis in maps] == [5] * 4  # the grey ones lie below
    (legend,) = figure.legends
    assert legend.get_title().get_text() == "digit"
    assert [text.get_text() for text in legend.get_texts()] == ["0", "1", "2", "3"]


def test_panels_may_have_labels_of_their_own(figures):
    plots.show_latent_map({"a": Z, "b": Z[:4]}, ALT, labels={"a": LABELS, "b": LABELS[:4]})
    assert [len(axis.collections[0].get_offsets()) for axis in figures[0].axes] == [40, 4]
    with pytest.raises(ValueError, match="there is nothing for panel 'b'"):
        plots.show_latent_map({"a": Z, "b": Z}, ALT, labels={"a": LABELS})


def test_a_map_without_classes_has_no_key(figures):
    plots.show_latent_map(Z, ALT)
    (axis,) = figures[0].axes
    assert not figures[0].legends
    assert not axis.texts
    low, high = axis.get_xlim()
    assert low < 0
    assert high > 3
    assert np.diff(axis.get_xlim()) == pytest.approx(np.diff(axis.get_ylim()))


def test_ellipses_are_one_sigma_wide_to_scale(axis):
    mu, sigma = torch.tensor([[0.0, 1.0], [2.0, -1.0]]), torch.tensor([[0.5, 0.1], [0.2, 0.3]])
    ellipses = plots.draw_ellipses(axis, mu, sigma, labels=torch.tensor([3, 7]))
    assert list(axis.patches) == ellipses
    assert [ellipse.get_center() for ellipse in ellipses] == [(0.0, 1.0), (2.0, -1.0)]
    assert [(ellipse.width, ellipse.height) for ellipse in ellipses] == [pytest.approx((1.0, 0.2)), pytest.approx((0.4, 0.6))]
    assert [ellipse.get_edgecolor() for ellipse in ellipses] == [to_rgba(plots.CLASS_COLOURS[label]) for label in (3, 7)]
    assert [text.get_text() for text in axis.texts] == ["3", "7"]
    assert axis.get_aspect() == 1
    assert axis.get_xlim()[0] < -0.5
    assert axis.get_xlim()[1] > 2.2


def test_ellipses_are_marked_as_asked(figures):
    mu = torch.rand(3, 2)
    plots.show_ellipses(
        mu,
        torch.ones(3, 2),
        ALT,
        labels=torch.tensor([0, 1, 1]),
        names=("clear", "split"),
        marks="ABC",
        key="digits",
        behind=torch.rand(9, 2),
    )
    (figure,) = figures
    assert [text.get_text() for text in figure.axes[0].texts] == ["A", "B", "C"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["clear", "split"]
    assert len(figure.axes[0].collections[0].get_offsets()) == 9


def decode(z: torch.Tensor) -> torch.Tensor:
    """An image as bright as z₁ is large, with one row as bright as z₂."""
    images = ((z[:, 0] + 3) / 6).view(-1, 1, 1, 1).repeat(1, 1, 4, 4)
    images[:, 0, 0] = ((z[:, 1:] + 3) / 6).expand(-1, 4)
    return images


def test_the_decoded_plane_has_each_image_at_its_place(figures):
    plots.show_manifold(decode, ALT, tiles=3)
    (axis,) = figures[0].axes
    (picture,) = axis.images
    grid = np.asarray(picture.get_array())
    assert grid.shape == (12, 12)
    assert grid[1, ::4].tolist() == sorted(grid[1, ::4].tolist())  # z₁ grows to the right
    assert grid[::4, 0].tolist() == sorted(grid[::4, 0].tolist(), reverse=True)  # z₂ grows upwards
    assert grid[5, 5] == pytest.approx(255 / 2, abs=3)  # z = 0 lies in the middle
    assert picture.get_extent() == [-3, 3, -3, 3]
    assert picture.get_interpolation() == "nearest"
    box, (width, height) = axis.get_axes_locator()(axis, None), figures[0].get_size_inches() * 200
    assert box.width * width / 12 == pytest.approx(round(box.width * width / 12))
    assert box.height * height == pytest.approx(box.width * width)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.show_latent_map(torch.rand(5, 3), ALT), r"z has the shape \(5, 3\): expected \(n, 2\)"),
        (lambda: plots.show_latent_map(torch.full((5, 2), torch.nan), ALT), "z holds numbers that are not finite"),
        (lambda: plots.show_latent_map(Z, ALT, labels=LABELS[:3]), r"labels have the shape \(3,\) for 40 points"),
        (lambda: plots.show_latent_map(Z, ALT, labels=LABELS + 8), "labels go from 8 to 11: expected 0 to 9"),
        (lambda: plots.show_latent_map(Z, ALT, labels=LABELS, names="ab"), "expected 0 to 1, as there are 10 colours and 2 names"),
        (lambda: plots.show_latent_map(Z, ALT, limit=0.0), "limit is 0: expected a positive number"),
        (lambda: plots.show_ellipses(Z, Z[:3].exp(), ALT), "40 rows of mu and 3 of sigma"),
        (lambda: plots.show_ellipses(Z, -Z.exp(), ALT), "expected positive numbers. Is it the log of σ"),
        (lambda: plots.show_ellipses(Z, Z.exp(), ALT, marks="AB"), "2 marks for 40 ellipses"),
        (lambda: plots.show_manifold(lambda z: z, ALT), r"what decode gave has the shape \(169, 2\)"),
        (lambda: plots.show_manifold(decode, ALT, tiles=0), "tiles is 0 and limit 3"),
        (lambda: plots.show_latent_map({}, ALT), "there is no map to draw"),
    ],
)
def test_what_is_no_plane_is_refused(shown, call, message):
    with pytest.raises(ValueError, match=message):
        call()
    assert not shown
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    "call",
    [
        lambda alt: plots.show_latent_map(Z, alt, labels=LABELS),
        lambda alt: plots.show_ellipses(Z, Z.exp(), alt),
        lambda alt: plots.show_manifold(decode, alt),
    ],
)
def test_words_are_passed_on_and_asked_for(shown, call):
    call(ALT)
    assert shown[0][1]["image/png"]["alt"] == ALT
    with pytest.raises(ValueError, match="say in a sentence"):
        call("a map")
