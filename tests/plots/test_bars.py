"""Bars with their values, and histograms."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch.distributions import Normal

from vae_course import plots

ALT = "Bars that were made for this test and mean nothing."


def written(axis) -> list[str]:
    return [text.get_text() for text in axis.texts]


def test_a_bar_for_each_latent_with_its_value(figures):
    plots.show_bars(torch.tensor([2.0, 0.5, -1.25]), ALT)
    (axis,) = figures[0].axes
    assert [bar.get_height() for bar in axis.patches] == [2.0, 0.5, -1.25]
    assert written(axis) == ["2.0", "0.5", "−1.2"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["1", "2", "3"]  # latents count from 1
    assert [text.xy for text in axis.texts] == [(1, 2.0), (2, 0.5), (3, -1.25)]


def test_values_are_left_out_where_there_is_no_room(figures):
    plots.show_bars([1.0] * 60, ALT)
    (axis,) = figures[0].axes
    assert len(axis.patches) == 60
    assert not axis.texts


def test_named_bars_lie_one_below_the_other_with_a_point_a_seed(figures):
    plots.show_bars({"VAE": [3.0, 5.0, 4.0], "mean image": 9.0}, ALT, value_label="distance", level=("chance", 6.0))
    (axis,) = figures[0].axes
    assert [bar.get_width() for bar in axis.patches] == [4.0, 9.0]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["VAE", "mean image"]
    assert axis.yaxis_inverted()
    (seeds,) = axis.collections
    assert sorted(seeds.get_offsets()[:, 0]) == [3, 4, 5]
    assert written(axis) == ["4.0 ± 1.0", "9.0", "chance"]
    assert axis.texts[0].xy[0] == 5.0  # beyond the furthest seed
    assert list(axis.get_lines()[0].get_xdata()) == [6.0, 6.0]


def test_bars_drawn_onto_an_axis(axis):
    bars = plots.draw_bars(axis, [1, 2], digits=0)
    assert [bar.get_height() for bar in bars] == [1, 2]
    assert written(axis) == ["1", "2"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "there are no values to draw"),
        ([1.0, float("nan")], "bar '2' holds nan: expected finite numbers"),
        ({"VAE": []}, "bar 'VAE' holds nothing"),
    ],
)
def test_what_is_no_bar_is_refused(shown, values, message):
    with pytest.raises(ValueError, match=message):
        plots.show_bars(values, ALT)
    assert not shown
    assert not plt.get_fignums()


def test_seeds_are_joined_each_with_itself(axis):
    errors = {"longer": [8.0, 9.0], "self-trained": [5.0, 4.0]}
    plots.draw_bars(axis, errors, joined=True)
    assert [list(line.get_xdata()) for line in axis.get_lines()] == [[8.0, 5.0], [9.0, 4.0]]
    with pytest.raises(ValueError, match="expected as many in each"):
        plots.draw_bars(axis, {"a": [1.0, 2.0], "b": [1.0]}, joined=True)


def test_histograms_share_their_bins_and_stand_beside_a_density(figures):
    torch.manual_seed(0)
    draws = {"μ": 0.5 * torch.randn(400, 2), "z": torch.randn(500)}
    plots.show_histograms(draws, ALT, bins=20, density=lambda z: Normal(0, 1).log_prob(z).exp(), density_name="N(0, 1)")
    (axis,) = figures[0].axes
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["μ", "z", "N(0, 1)"]
    line = axis.get_lines()[0]
    assert line.get_ydata().max() == pytest.approx(0.3989, abs=1e-3)
    filled = axis.patches[:20]
    assert sum(bar.get_width() * bar.get_height() for bar in filled) == pytest.approx(1)
    assert filled[0].get_x() == pytest.approx(min(one.min().item() for one in draws.values()))


def test_histograms_count_without_a_density(axis):
    edges = plots.draw_histograms(axis, torch.tensor([1.0, 2.0, 2.0, 100.0]), bins=4, x_scale="log")
    assert np.diff(np.log(edges)) == pytest.approx(np.full(4, np.log(100) / 4))
    assert [bar.get_height() for bar in axis.patches] == [3, 0, 0, 1]
    assert axis.get_ylabel() == "how many"
    assert axis.get_legend() is None


def test_edges_may_be_given(axis):
    assert list(plots.draw_histograms(axis, {"a": torch.rand(5)}, bins=[0, 0.5, 1])) == [0, 0.5, 1]


def test_what_has_no_place_in_a_histogram_is_refused(shown):
    with pytest.raises(ValueError, match="samples 'a' go down to 0: expected positive numbers on a logarithmic axis"):
        plots.show_histograms({"a": torch.zeros(3)}, ALT, x_scale="log")
    with pytest.raises(ValueError, match="the samples holds inf"):
        plots.show_histograms(torch.tensor([torch.inf]), ALT)
    with pytest.raises(ValueError, match="there are no samples"):
        plots.show_histograms({}, ALT)
    assert not shown
    assert not plt.get_fignums()


@pytest.mark.parametrize("call", [lambda alt: plots.show_bars([1.0], alt), lambda alt: plots.show_histograms(torch.rand(9), alt)])
def test_words_are_passed_on_and_asked_for(shown, call):
    call(ALT)
    assert shown[0][1]["image/png"]["alt"] == ALT
    with pytest.raises(ValueError, match="say in a sentence"):
        call("bars")
