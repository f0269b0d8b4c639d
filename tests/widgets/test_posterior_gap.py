"""The gap's explorer: its figures are the grid's and add up, its slider changes the picture, its still tells the same figures."""

import numpy as np
import pytest
import torch

from vae_course.evaluation import posterior_on_grid
from vae_course.models import VAE
from vae_course.widgets import PosteriorGap, drawing


@pytest.fixture
def gap(blobs):
    torch.manual_seed(1)
    model = VAE(input_shape=(1, 8, 8), latent_size=2, hidden_sizes=(16,))
    return PosteriorGap(model, blobs.test.x[:4].round(), limit=5.0, points=101), model


def test_figures_are_the_grids_and_add_up(gap, blobs):
    explorer, model = gap
    x = blobs.test.x[:4].round()
    grid = posterior_on_grid(model, x, limit=5.0, points=101)
    torch.testing.assert_close(explorer.gap, grid.kl_from(model.encode(x)))
    torch.testing.assert_close(explorer.approximation + explorer.amortisation, explorer.gap)
    assert (explorer.approximation > 0).all()
    assert (explorer.amortisation >= 0).all()


def test_the_slider_changes_picture_and_words_and_comes_back(gap):
    explorer, _ = gap
    first, words = explorer.png, explorer.says()
    assert explorer.set(image=4).png != first
    assert explorer.says() != words
    assert explorer.sweep().png == first
    assert f"{explorer.gap[0]:.2f}" in explorer.says()[0]


def test_the_still_tells_the_largest_gap(gap):
    explorer, _ = gap
    assert f"gap {explorer.gap.max():.2f}" in explorer.still().alt


def test_a_unit_of_z_is_as_long_to_the_right_as_upwards(gap, monkeypatch):
    plots = []

    class Watched(drawing.Plot):
        def __init__(self, *arguments, **words):
            super().__init__(*arguments, **words)
            plots.append(self)

    explorer, _ = gap
    monkeypatch.setattr(drawing, "Plot", Watched)
    for row in range(4):
        explorer._map(row)
        plot = plots[-1]
        (left, bottom), (right, top) = (plot.at(plot.x_range[end], plot.y_range[end]) for end in (0, 1))
        across, up = np.ptp(plot.x_range), np.ptp(plot.y_range)
        assert (right - left) / across == pytest.approx((bottom - top) / up, rel=1e-6)


def test_what_is_told_adds_up_and_the_line_holds_two_sigmas(gap):
    explorer, _ = gap
    for row in range(4):
        told = explorer._told(row)
        assert told[0] == pytest.approx(told[1] + told[2])
        assert told[2] == pytest.approx(explorer.amortisation[row].item(), abs=0.011)
        density = explorer.grid.log_density[row].exp()
        held = density[density > explorer._edge(row)].sum().item() * explorer.grid.step**2
        assert held == pytest.approx(0.865, abs=0.01)


def test_one_image_is_too_few(gap, blobs):
    with pytest.raises(ValueError, match="expected at least two to slide over"):
        PosteriorGap(gap[1], blobs.test.x[:1])
