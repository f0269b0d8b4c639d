"""Series are drawn as given: dots, lines in colour, rules in grey; errors stand where they are, divided by the naive rule's."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from vae_course import plots
from vae_course.plots.series import MODEL, RIVAL

ALT = "Series that were made for this test."


def test_a_panel_draws_each_part_where_it_is(figures):
    values = torch.linspace(0, 1, 6)
    hidden = torch.tensor([False, False, True, True, False, False])
    panel = plots.Panel("one", seen=values, model=torch.stack([values + 0.1, values + 0.2]), rival=values - 0.1, hidden=hidden)
    plots.show_series([panel, plots.Panel("two", truth=values)], ALT, x=range(10, 16))
    first, second = figures[0].axes
    by_colour = {line.get_color(): [] for line in first.lines}
    for line in first.lines:
        by_colour[line.get_color()].append(line.get_ydata())
    np.testing.assert_allclose(by_colour[MODEL], np.stack([values + 0.1, values + 0.2]))
    np.testing.assert_allclose(by_colour[RIVAL], [values - 0.1])
    assert [text.get_text() for text in figures[0].legends[0].get_texts()] == ["seen", "what came", "VAE", "simple rule"]
    assert first.patches[0].get_x() == 11.5
    assert (first.get_title(), second.get_title()) == ("one", "two")


def test_errors_are_shares_of_the_first_rule(figures):
    plots.show_against({"use": {"VAE": [1.0, 2.0, 3.0], "naive": 4.0, "clever": 0.5}}, ALT)
    places = {round(float(x), 6) for points in figures[0].axes[0].collections for x in points.get_offsets()[:, 0]}
    assert places == {0.25, 0.5, 0.75, 1.0, 0.125}


def test_the_main_rival_has_a_sign_of_its_own_and_the_best_of_the_others_its_name(figures):
    rows = {
        "use": {"VAE": [1.0], "naive": 4.0, "one Gaussian": 2.0, "clever": 0.5},
        "other": {"VAE": [1.0], "naive": 4.0, "one Gaussian": 0.5},
    }
    plots.show_against(rows, ALT)
    axis = figures[0].axes[0]
    assert [text.get_text() for text in axis.texts[:1]] == ["clever"]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["use\n1 is: naive", "other\n1 is: naive"]
    dark = [points.get_offsets()[0, 0] for points in axis.collections if tuple(points.get_facecolor()[0][:3]) == (0.2, 0.2, 0.2)]
    assert dark == [0.5, 0.125]


def test_a_rivals_band_is_drawn_within_the_gap_alone(figures):
    x = torch.tensor([[0.5, 1.0], [0.0, 0.0], [0.0, 0.0], [0.5, 1.0]])
    around = torch.stack([torch.zeros(4), torch.ones(4)])
    plots.show_series([plots.Panel.with_gap("one", x, torch.ones(4), rival_band=around)], ALT)
    edges = [line.get_ydata() for line in figures[0].axes[0].lines if line.get_color() == RIVAL]
    np.testing.assert_array_equal(edges, [[np.nan, 0, 0, np.nan], [np.nan, 1, 1, np.nan]])


def test_detections_draw_a_line_a_seed_and_a_rule(figures):
    curves = {"odd": {"VAE": [[0.5, 0.6], [0.7, 0.8]], "rule": [0.5, 0.9]}}
    plots.show_detections(curves, [0.1, 0.2], ALT)
    lines = [line.get_ydata() for line in figures[0].axes[0].lines]
    for wanted in ([0.5, 0.9], [0.55, 0.75], [0.5, 0.7], [0.6, 0.8]):
        assert any(len(line) == 2 and np.allclose(line, wanted) for line in lines), wanted


def test_a_watch_ranks_its_windows_and_shades_the_marked(figures):
    marked = torch.tensor([False, True, True, False])
    plots.show_watch(torch.arange(6.0), {"ours": torch.tensor([3.0, 9.0, 5.0, 1.0])}, ALT, seconds=0.5, marked=marked)
    bottom = figures[0].axes[1]
    np.testing.assert_allclose(bottom.lines[0].get_ydata(), [100 / 3, 100, 200 / 3, 0])
    np.testing.assert_allclose(bottom.lines[0].get_xdata(), [0.5, 1.0, 1.5, 2.0])


@pytest.mark.parametrize(
    ("draw", "told"),
    [
        (lambda: plots.show_series([], ALT), "there is no panel to draw"),
        (lambda: plots.show_series([plots.Panel("empty")], ALT), "the panel 'empty' is empty"),
        (lambda: plots.show_against({"use": {"VAE": [1.0]}}, ALT), "expected 'VAE' and a rule or more"),
        (lambda: plots.show_against({"use": {"VAE": [0.0], "rule": 1.0}}, ALT), "with errors above 0"),
        (lambda: plots.show_detections({"odd": {"VAE": [[1.0]], "rule": [1.0, 0.5]}}, [0.1], ALT), "'rule' has 2 values, expected 1"),
        (lambda: plots.show_watch(torch.zeros(3), {}, ALT), "there is no score to draw"),
    ],
)
def test_what_cannot_be_drawn_is_refused(draw, told):
    with pytest.raises(ValueError, match=told):
        draw()
    assert not plt.get_fignums()  # nothing is left half drawn
