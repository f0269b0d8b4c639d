"""Every figure carries words, and grids show what they are given."""

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


@pytest.fixture
def shown(monkeypatch):
    """What was displayed: (data, metadata) pairs."""
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw, metadata=None: calls.append((data, metadata)))
    return calls


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
    package = Path(plots.__file__).parent
    showing = [
        path.name
        for path in package.rglob("*.py")
        if re.search(r"[\"']image/(png|jpeg|svg)|display\.Image|plt\.show", path.read_text("utf-8"))
    ]
    assert showing == ["plots.py"]


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


@pytest.mark.parametrize("channels", [1, 3])
def test_grids_and_curves_draw(shown, channels):
    plots.show_images(torch.rand(7, channels, 5, 5), "Seven images of noise in two rows.", columns=4, row_labels=["a", "b"], title="noise")
    plots.show_curves({"one": [3, 2, 1], "two": [1, 2]}, "One line falls while another line rises.")
    assert len(shown) == 4


def test_a_png_shows_the_pixels_it_was_given():
    image = torch.tensor([[[0.0, 1.0], [0.5, 0.25]]])
    back = np.asarray(Image.open(io.BytesIO(plots.to_png(image, size=4))))
    assert back.shape == (4, 4)
    assert back[0, 0] == 0
    assert back[0, 3] == 255
    assert back[3, 0] == 127


def test_the_palette_reads_in_grey():
    def lightness(colour):
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2

    first_four = sorted(lightness(colour) for colour in plots.COLOURS[:2])
    assert first_four[1] - first_four[0] > 0.15
