"""Grids show what they are given, each pixel of an image as a whole number of the figure's."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from vae_course import plots

ALT = "Images that were made for this test and mean nothing."


def seen(shown) -> np.ndarray:
    """The grey levels of the picture that was shown last."""
    return np.asarray(Image.open(io.BytesIO(shown[-2][0]["image/png"])).convert("L")).astype(int)


def tile_of(shown, level: int) -> np.ndarray:
    """Where one grey level stands, as (top, left, height, width)."""
    rows, columns = (np.flatnonzero((seen(shown) == level).any(axis)) for axis in (1, 0))
    return np.array([rows[0], columns[0], rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1])


def noise(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("side", [5, 28, 64])
@pytest.mark.parametrize("labels", [{}, {"row_labels": ["a long name of a row"], "column_labels": [-1, 0.5], "title": "t"}])
def test_every_pixel_covers_the_same_whole_number(shown, side, labels):
    """Or some rows would be thicker than others, which reads as stripes."""
    red = (torch.arange(side)[:, None] + torch.arange(side)) % 2
    board = torch.stack([red, torch.zeros(side, side), 1 - red])  # red and blue stand in no letter
    plots.show_images(torch.stack([torch.zeros(3, side, side), torch.zeros(3, side, side), board]), ALT, columns=2, **labels)
    picture = np.asarray(Image.open(io.BytesIO(shown[0][0]["image/png"])).convert("RGB"))
    is_red = (picture == (255, 0, 0)).all(-1)
    either = is_red | (picture == (0, 0, 255)).all(-1)
    rows, columns = np.flatnonzero(either.any(1)), np.flatnonzero(either.any(0))
    times = plots.images.magnification(board[None], 2, None)
    assert len(rows) == len(columns) == side * times
    assert np.array_equal(is_red[rows][:, columns], np.kron(red.bool().numpy(), np.ones((times, times), dtype=bool)))


def test_a_tile_is_a_whole_multiple_and_stands_where_it_belongs(shown):
    images = torch.zeros(6, 1, 28, 28)
    images[4] = 40 / 63
    plots.show_images(images, ALT, columns=3, scale=0.75)
    times = plots.images.magnification(images, 3, 0.75)
    assert times == 5
    top, left, height, width = tile_of(shown, round(40 / 63 * 255))
    assert (height, width) == (28 * times, 28 * times)
    first = np.flatnonzero((seen(shown) == 0).any(1))[0], np.flatnonzero((seen(shown) == 0).any(0))[0]
    step = (28 + 2) * times
    assert (top - first[0], left - first[1]) == (step, step)  # the second row, the second column


def test_the_pixels_are_those_of_the_images_in_64_greys(shown):
    image = noise(1, 1, 8, 8)
    plots.show_images(image, ALT, columns=1)
    dark = np.argwhere(seen(shown) < 255)
    times = plots.images.magnification(image, 1, None)
    (top, left), middle = dark.min(0), times // 2
    back = seen(shown)[top + middle :: times, left + middle :: times][:8, :8]
    assert np.abs(back - (image[0, 0] * 255).numpy()).max() <= 255 / 63 / 2 + 1


def test_colour_is_kept(shown):
    images = torch.tensor([[1.0, 0, 0], [0, 0, 1.0]]).view(2, 3, 1, 1).expand(2, 3, 16, 16)
    plots.show_images(images, ALT, columns=2)
    picture = Image.open(io.BytesIO(shown[0][0]["image/png"])).convert("RGB")
    assert {(255, 0, 0), (0, 0, 255)} <= {colour for _, colour in picture.getcolors()}


@pytest.mark.parametrize(("count", "columns", "least"), [(20, 10, 56), (16, 8, 56), (3, 3, 100)])
def test_tiles_are_as_large_as_a_page_allows(shown, count, columns, least):
    plots.show_images(noise(count, 1, 28, 28), ALT, columns=columns)
    about = shown[0][1]["image/png"]
    assert about["width"] <= 860
    assert plots.images.magnification(noise(1, 1, 28, 28), columns, None) * 28 / 2 >= least


def test_labels_stand_beside_their_rows_and_over_their_columns(figures):
    plots.show_images(
        noise(4, 1, 28, 28), ALT, columns=2, row_labels=["x", -0.5], column_labels=[1, "b"], row_title="epoch", column_title="z₃"
    )
    (axis,) = figures[0].axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["x", "−0.5"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["1", "b"]
    assert list(axis.get_yticks()) == [13.5, 43.5]
    assert list(axis.get_xticks()) == [13.5, 43.5]
    assert axis.get_xlabel() == "z₃"
    assert [text.get_text() for text in axis.texts] == ["epoch"]
    assert axis.images[0].get_interpolation() == "nearest"


def test_long_labels_of_columns_do_not_run_into_each_other(figures):
    plots.show_images(noise(10, 1, 28, 28), ALT, column_labels=["reconstruct"] * 10)
    figures[0].draw_without_rendering()
    labels = figures[0].axes[0].get_xticklabels()
    assert labels[0].get_fontsize() < 10
    boxes = [label.get_window_extent() for label in labels]
    assert all(left.x1 < right.x0 for left, right in zip(boxes[:-1], boxes[1:], strict=True))


def test_a_last_row_may_be_short_and_a_grid_narrow(figures):
    plots.show_images(noise(7, 1, 28, 28), ALT, columns=4)
    plots.show_images(noise(3, 1, 28, 28), ALT)
    assert [figure.axes[0].images[0].get_size() for figure in figures] == [(58, 118), (28, 88)]
    assert (figures[0].axes[0].images[0].get_array()[30:, 90:] == 255).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_pairs_stand_one_above_the_other(figures, channels):
    originals, reconstructions = torch.zeros(5, channels, 8, 8), torch.full((5, channels, 8, 8), 20 / 63)
    plots.show_pairs(originals, reconstructions, ALT, columns=3)
    (axis,) = figures[0].axes
    grid = np.asarray(axis.images[0].get_array()).reshape(-1, 26, channels)[..., 0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["x", "x̂", "x", "x̂"]
    tops = [round(tick - 3.5) for tick in axis.get_yticks()]
    assert np.diff(tops).tolist() == [9, 11, 9]  # a wider gap parts a pair from the next
    assert [grid[top, 0] for top in tops] == [0, 81, 0, 81]
    assert [grid[tops[2], column] for column in (0, 9, 18)] == [0, 0, 255]  # two are left for the second line


def test_strips_are_named_and_go_on_below(figures):
    plots.show_strips({0: torch.zeros(3, 1, 8, 8), 10: torch.ones(3, 1, 8, 8)}, ALT, row_title="epoch")
    plots.show_strips({"a": torch.zeros(3, 1, 8, 8), "b": torch.full((3, 1, 8, 8), 20 / 63)}, ALT, columns=2)
    first, second = (figure.axes[0] for figure in figures)
    assert [label.get_text() for label in first.get_yticklabels()] == ["0", "10"]
    assert [label.get_text() for label in second.get_yticklabels()] == ["a", "", "b", ""]
    grid = np.asarray(second.images[0].get_array())
    assert grid[[0, 9, 18, 27]][:, [0, 9]].tolist() == [[0, 0], [0, 255], [81, 81], [81, 255]]


def test_images_drawn_onto_an_axis_share_a_figure_with_others(shown, figures):
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.1), layout="constrained")
    picture = plots.draw_images(left, noise(12, 1, 28, 28), columns=4)
    plots.draw_curves(right, {"loss": [3, 2, 1]})
    plots.show(figure, ALT)
    assert picture in left.images
    assert picture.get_interpolation() == "nearest"
    box = left.get_axes_locator()(left, None)
    width, height = box.width * 1400 / 118, box.height * 620 / 88
    assert width == pytest.approx(height)
    assert width == pytest.approx(round(width))
    assert box.x0 * 1400 == pytest.approx(round(box.x0 * 1400))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.rand(3, 784), r"the batch has the shape \(3, 784\): expected \(n, channels, height, width\)"),
        (torch.rand(3, 2, 8, 8), "with 1 or 3 channels"),
        (torch.rand(0, 1, 8, 8), "an image at least"),
        (torch.full((1, 1, 8, 8), 255.0), r"pixels from 255 to 255: expected numbers in \[0, 1\]. Divide by 255"),
        (torch.full((1, 1, 8, 8), torch.nan), "pixels that are NaN"),
    ],
)
def test_what_is_no_batch_of_images_is_refused(shown, images, message):
    with pytest.raises(ValueError, match=message):
        plots.show_images(images, ALT)
    assert not shown
    assert not plt.get_fignums()


def test_what_does_not_fit_together_is_refused(shown, axis):
    with pytest.raises(ValueError, match="expected an image below each"):
        plots.show_pairs(noise(3, 1, 8, 8), noise(2, 1, 8, 8), ALT)
    with pytest.raises(ValueError, match=r"strip 'b' has the shape \(2, 1, 8, 8\)"):
        plots.show_strips({"a": noise(3, 1, 8, 8), "b": noise(2, 1, 8, 8)}, ALT)
    with pytest.raises(ValueError, match="there is no strip to show"):
        plots.show_strips({}, ALT)
    with pytest.raises(ValueError, match="columns is 0"):
        plots.draw_images(axis, noise(3, 1, 8, 8), columns=0)


@pytest.mark.parametrize(
    "call",
    [
        lambda alt: plots.show_images(noise(2, 1, 8, 8), alt),
        lambda alt: plots.show_pairs(noise(2, 1, 8, 8), noise(2, 1, 8, 8), alt),
        lambda alt: plots.show_strips({"a": noise(2, 1, 8, 8)}, alt),
    ],
)
def test_words_are_passed_on_and_asked_for(shown, call):
    call(ALT)
    assert shown[0][1]["image/png"]["alt"] == ALT
    with pytest.raises(ValueError, match="say in a sentence"):
        call("digits")
    assert not plt.get_fignums()


def test_a_png_shows_the_pixels_it_was_given():
    image = torch.tensor([[[0.0, 1.0], [0.5, 0.25]]])
    back = np.asarray(Image.open(io.BytesIO(plots.to_png(image, size=4))))
    assert back.shape == (4, 4)
    assert back[0, 0] == 0
    assert back[0, 3] == 255
    assert back[3, 0] == 127
