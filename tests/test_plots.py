"""Every figure carries words, and grids show what they are given."""

import io

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


def test_a_figure_carries_its_alt_text_and_is_closed(shown):
    figure, _ = plt.subplots()
    plots.show(figure, "A cross where two lines <meet>, nothing else.")
    (picture, metadata), (words, _) = shown
    assert picture["image/png"].startswith(b"\x89PNG")
    assert picture["text/plain"] == metadata["image/png"]["alt"] == "A cross where two lines <meet>, nothing else."
    assert "&lt;meet&gt;" in words["text/html"]
    assert not plt.get_fignums()


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
