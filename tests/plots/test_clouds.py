"""Many q(z|x) on a plane."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle
from torch.distributions import Independent, Normal

from vae_course import plots
from vae_course.models import Autoencoder

ALT = "Clouds that were made for this test and mean nothing."
MU = torch.tensor([[0.0, 1.0, 5.0], [2.0, 1.0, -5.0], [1.0, -1.0, 0.0]])
SIGMA = torch.tensor([[0.5, 0.25, 1.0], [0.1, 0.2, 1.0], [1.0, 1.0, 2.0]])
Q = Independent(Normal(MU, SIGMA), 1)


def test_each_cloud_is_an_ellipse_of_two_sigma_to_each_side_in_the_colour_of_its_class(axis):
    ellipses = plots.draw_clouds(axis, Q, labels=torch.tensor([3, 0, 1]))
    assert np.asarray(ellipses.get_offsets()) == pytest.approx(MU[:, :2].numpy())
    sizes = np.stack([ellipses.get_widths(), ellipses.get_heights()], 1)
    assert sizes == pytest.approx(4 * SIGMA[:, :2].numpy())
    for colour, label in zip(ellipses.get_edgecolors(), (3, 0, 1), strict=True):
        assert tuple(colour[:3]) == to_rgba(plots.CLASS_COLOURS[label])[:3]


def test_any_two_latents_may_span_the_plane_and_are_counted_from_one(axis):
    ellipses = plots.draw_clouds(axis, Q, latents=(2, 0))
    assert np.asarray(ellipses.get_offsets()) == pytest.approx(MU[:, [2, 0]].numpy())
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("z₃", "z₁")


def test_the_prior_is_a_circle_that_holds_86_of_100_draws(axis):
    plots.draw_clouds(axis, Q)
    (circle,) = [patch for patch in axis.patches if isinstance(patch, Circle)]
    inside = (torch.randn(100_000, 2, generator=torch.Generator().manual_seed(0)).norm(dim=1) < circle.get_radius()).float().mean()
    assert inside == pytest.approx(0.865, abs=0.005)


def test_a_cloud_that_is_the_prior_is_drawn_as_the_prior_is(axis):
    ellipses = plots.draw_clouds(axis, Independent(Normal(torch.zeros(1, 2), torch.ones(1, 2)), 1))
    (circle,) = [patch for patch in axis.patches if isinstance(patch, Circle)]
    assert ellipses.get_widths() == pytest.approx([2 * circle.get_radius()])
    assert ellipses.get_heights() == pytest.approx([2 * circle.get_radius()])


def test_points_of_an_autoencoder_can_stand_beside_clouds(figures):
    points = Autoencoder(latent_size=3).encode(torch.rand(3, 1, 28, 28))
    plots.show_clouds({"autoencoder": points, "VAE": Q}, ALT, labels=torch.tensor([0, 7, 7]), limits={"VAE": 3.0}, prior=False, key="digit")
    (figure,) = figures
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["0", "7"]
    first, second = figure.axes
    assert (first.get_title(), second.get_title()) == ("autoencoder", "VAE")
    assert second.get_xlim() == (-3.0, 3.0)
    assert not first.patches
    assert not second.patches
    assert (first.collections[-1].get_sizes() > second.collections[-1].get_sizes()).all()


def test_labels_that_do_not_fit_and_nothing_to_draw_are_named(axis):
    with pytest.raises(ValueError, match=r"shape \(2,\) for 3 clouds"):
        plots.draw_clouds(axis, Q, labels=torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="no clouds"):
        plots.show_clouds({}, ALT)
