"""Every figure carries words, is drawn sharp, and is shown at its size on paper."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from vae_course import plots


def images_in(page: str) -> list[dict]:
    """The attributes of each `img`, as a browser reads them."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tag == "img" and found.append(dict(attributes))
    parser.feed(page)
    return found


AWKWARD = 'A cross where "two" lines <meet> & part, nothing else: β = ½.'


def test_a_figure_carries_its_alt_text_and_is_closed(shown):
    figure, _ = plt.subplots()
    plots.show(figure, AWKWARD)
    (picture, metadata), (words, _) = shown
    assert picture["image/png"].startswith(b"\x89PNG")
    assert picture["text/plain"] == metadata["image/png"]["alt"] == AWKWARD
    assert "&lt;meet&gt;" in words["text/html"]
    assert not plt.get_fignums()


def test_what_readers_of_html_are_shown_is_the_same_picture_with_its_alt_text(shown):
    plots.show_images(torch.rand(7, 3, 5, 5), AWKWARD)
    (picture, _), _ = shown
    (image,) = images_in(picture["text/html"])
    assert image["alt"] == AWKWARD
    assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")) == picture["image/png"]


def test_only_one_place_shows_pictures():
    """A picture shown elsewhere would have no alt text that is read."""
    package = Path(plots.__file__).parent.parent
    showing = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"[\"']image/(png|jpeg|svg)|display\.Image|plt\.show", path.read_text("utf-8"))
    ]
    assert showing == ["plots/output.py"]


def rgb(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


def test_a_packed_picture_looks_the_same_and_is_smaller():
    figure, axis = plt.subplots()
    for number, colour in enumerate(plots.COLOURS):
        axis.plot([0, 1, 2], [number, 3, -number], color=colour, label=f"line {number}")
    up, along = np.mgrid[0:1:28j, 0:1:28j]
    axis.imshow(np.stack([up, along, 1 - up * along], -1), extent=(0, 1, 0, 1))
    axis.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    whole, packed = buffer.getvalue(), plots.packed(buffer.getvalue())
    assert len(packed) < 0.7 * len(whole)
    assert rgb(packed).shape == rgb(whole).shape
    assert np.abs(rgb(packed) - rgb(whole)).mean() < 2  # of 255


def test_up_to_256_colours_are_kept_as_they_are():
    grey = torch.arange(256).reshape(1, 16, 16) / 255
    png = plots.to_png(grey, size=64)
    assert np.array_equal(rgb(plots.packed(png)), rgb(png))


def test_a_figure_without_words_is_refused(shown):
    figure, _ = plt.subplots()
    with pytest.raises(ValueError, match="the alt text is 'plot': say in a sentence"):
        plots.show(figure, "plot")
    plt.close(figure)
    assert not shown


def test_a_figure_is_shown_at_half_its_pixels_by_both_readers(shown):
    figure, _ = plt.subplots(figsize=(4, 3))
    plots.show(figure, AWKWARD)
    (picture, metadata), _ = shown
    width, height = Image.open(io.BytesIO(picture["image/png"])).size
    about = metadata["image/png"]
    assert (about["width"], about["height"]) == (round(width / 2), round(height / 2))
    (image,) = images_in(picture["text/html"])
    assert int(image["width"]) == about["width"]
    assert image["style"] == "max-width: 100%; height: auto"
    assert 700 < width < 900  # four inches at 200 pixels each


def test_a_picture_that_is_not_twice_as_fine_keeps_its_size(shown):
    """The stills of explorers are stored as they stand on screen."""
    plots.show_png(plots.to_png(torch.rand(1, 4, 4), size=120), AWKWARD)
    (picture, metadata), _ = shown
    assert metadata["image/png"]["width"] == metadata["image/png"]["height"] == 120
    assert images_in(picture["text/html"])[0]["width"] == "120"


@pytest.mark.parametrize("place", [0.0, 0.1, 0.123, 0.137])
def test_a_figure_is_cut_between_pixels(shown, place):
    """Wherever an image stands: its rows are all as thick as each other."""
    figure = plt.figure(figsize=(2.013, 2.007))
    axis = figure.add_axes((place, place, 0.6, 0.6))
    plots.draw_images(axis, torch.arange(16).remainder(2).add(torch.arange(16).div(4, rounding_mode="floor")).remainder(2).view(1, 1, 4, 4))
    plots.show(figure, AWKWARD)
    dark = rgb(shown[0][0]["image/png"])[..., 0] < 128
    rows, columns = np.flatnonzero(dark.any(1)), np.flatnonzero(dark.any(0))
    board = dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    side, rest = divmod(len(board), 4)
    assert rest == 0
    assert board.shape == (4 * side, 4 * side)
    assert np.array_equal(board, np.kron(board[side // 2 :: side, side // 2 :: side], np.ones((side, side), dtype=bool)))


def test_lines_need_few_colours_and_photographs_keep_many():
    figure, axis = plt.subplots()
    for number, colour in enumerate(plots.COLOURS):
        axis.plot([0, 1, 2], [number, 3, -number], "o-", color=colour)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=200)
    plt.close(figure)
    photograph = plots.to_png(torch.rand(3, 90, 90, generator=torch.Generator().manual_seed(0)), size=90)
    lines, pixels = (Image.open(io.BytesIO(plots.packed(png))).convert("RGB").getcolors() for png in (buffer.getvalue(), photograph))
    assert len(lines) <= 64 < len(pixels)


def test_no_picture_is_smoothed_unless_asked():
    """Smoothed pixels would look like the model's doing, those that a page draws by itself among them."""
    assert plt.rcParams["image.interpolation"] == "nearest"
    package = Path(plots.__file__).parent
    drawing = [line for path in package.glob("*.py") for line in path.read_text("utf-8").split("imshow(")[1:]]
    assert drawing
    assert all('interpolation="nearest"' in line.split("\n)")[0][:200] for line in drawing)


def test_only_crowds_of_points_have_hard_edges(figures):
    """They are most of the bytes of a figure."""
    figure, axis = plt.subplots()
    crowd, few = axis.scatter(*torch.rand(2, 1000)), axis.scatter(*torch.rand(2, 10))
    plots.show(figure, AWKWARD)
    assert not any(crowd.get_antialiased())
    assert all(few.get_antialiased())
