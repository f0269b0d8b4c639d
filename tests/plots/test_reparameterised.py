"""Draws on the slope of a cost: where they lie, what pulls at them, where the same noise puts them after a step."""

import pytest
import torch
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Annotation

from vae_course import VAE
from vae_course.plots import along_latent, show_estimates, show_paths, show_pulls, show_reports, show_way_back

ALT = "Draws and lines that were made for this test and mean nothing."
NOISE = torch.tensor([-1.0, 0.5, 2.0])


def bowl(z):
    """A cost with the slope 2z."""
    return z.pow(2)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return VAE(input_shape=(1, 4, 4), latent_size=3, hidden_sizes=(8,))


def test_the_gradients_are_the_means_of_slope_and_of_slope_times_noise(shown):
    z = 1.0 + 0.5 * NOISE
    of_mu, of_sigma = show_pulls(bowl, 1.0, 0.5, NOISE, ALT, step=0.1)
    assert of_mu == pytest.approx((2 * z).mean().item())
    assert of_sigma == pytest.approx((2 * z * NOISE).mean().item())


def test_the_same_noise_is_joined_before_and_after_a_step(figures):
    of_mu, of_sigma = show_pulls(bowl, 1.0, 0.5, NOISE, ALT, step=0.1)
    (_, bells) = figures[0].axes
    joined = [line.get_xdata() for line in bells.get_lines() if len(line.get_xdata()) == 2]
    after = 1.0 - 0.1 * of_mu + (0.5 - 0.1 * of_sigma) * NOISE
    assert [pair[0] for pair in joined] == pytest.approx((1.0 + 0.5 * NOISE).tolist())
    assert [pair[1] for pair in joined] == pytest.approx(after.tolist())


def test_every_draw_is_pulled_downhill_as_far_as_the_slope_is_steep(figures):
    show_pulls(bowl, 0.0, 1.0, NOISE, ALT, step=0.1)
    (slope, _) = figures[0].axes
    arrows = [text for text in slope.texts if isinstance(text, Annotation)]
    pulls = torch.tensor([arrow.xy[0] - arrow.xyann[0] for arrow in arrows])  # from the draw to the tip
    assert pulls.sign().tolist() == [1.0, -1.0, -1.0]
    torch.testing.assert_close(pulls / pulls[2], NOISE / NOISE[2])


def test_images_stand_above_the_places_they_are_painted_from(figures, model):
    image = torch.rand(1, 1, 4, 4)
    paint, cost = along_latent(model, image, 2)
    show_pulls(cost, 0.0, 0.5, NOISE, ALT, step=0.0, paint=paint)
    painted = figures[0].axes[0].get_images()
    middles = [sum(one.get_extent()[:2]) / 2 for one in painted]
    assert middles == pytest.approx([-3, -2, -1, 0, 1, 2, 3])
    torch.testing.assert_close(torch.tensor(painted[0].get_array()), paint(torch.tensor([-3.0]))[0, 0].detach())


def test_one_latent_moves_and_the_others_stay(model):
    image = torch.rand(1, 1, 4, 4)
    paint, cost = along_latent(model, image, 3)
    z = model.encode(image).mean.detach().repeat(2, 1)
    z[:, 2] = torch.tensor([-1.0, 4.0])
    torch.testing.assert_close(paint(z[:, 2]), model.decode(z).mean)
    torch.testing.assert_close(cost(z[:, 2]), -model.decode(z).log_prob(image))
    place = torch.zeros(1, requires_grad=True)
    (slope,) = torch.autograd.grad(cost(place).sum(), place)
    assert slope != 0


def test_with_the_noise_kept_a_draw_has_a_slope_of_one_or_of_its_noise(figures):
    show_paths(NOISE, ALT, sigma=0.5, marked=1)
    along_mu, along_sigma = figures[0].axes
    for axis, slopes in ((along_mu, [1.0, 1.0, 1.0]), (along_sigma, NOISE.tolist())):
        lines = [line.get_xydata() for line in axis.get_lines()]
        assert [(line[-1, 1] - line[0, 1]) / (line[-1, 0] - line[0, 0]) for line in lines] == pytest.approx(slopes)
    assert [text.get_text() for axis in (along_mu, along_sigma) for text in axis.texts] == ["slope 1", "slope ε = 0.50"]


def test_estimates_of_the_wrong_sign_are_counted_and_coloured(figures):
    values = torch.tensor([-1.0, -2.0, 1.0, 50.0])
    show_estimates({"one": values, "all right": values.abs()}, 2.0, ALT, limit=30)
    first, second = figures[0].axes
    words = [text.get_text() for text in first.texts]
    assert {"wrong sign: 50%", "beyond the axis: 25%"} <= set(words)
    assert "wrong sign: 0%" in [text.get_text() for text in second.texts]
    for axis, wrong in ((first, 2), (second, 0)):
        left = [patch for patch in axis.patches if patch.get_x() < -0.01]
        assert sum(patch.get_height() for patch in left) == wrong
        assert len({patch.get_facecolor() for patch in axis.patches if patch.get_height()}) == (2 if wrong else 1)
        assert [line.get_xdata()[0] for line in axis.get_lines()] == [2.0]


def test_what_is_reported_stands_beside_what_is_honest(figures):
    show_reports({"right": 3.0, "wrong": 1.0}, {"right": 3.5, "wrong": 9.0}, ALT, x_label="loss")
    (axis,) = figures[0].axes
    assert [patch.get_width() for patch in axis.patches] == [3.0, 1.0, 3.5, 9.0]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["reported", "honest"]
    assert len({patch.get_facecolor() for patch in axis.patches}) == 2


def test_a_drawn_z_stops_the_gradient_and_a_computed_one_does_not(figures):
    show_way_back(torch.rand(1, 4, 4), ALT)
    drawn, computed = figures[0].axes
    for axis, stopped in ((drawn, 1), (computed, 0)):
        arrows = [patch for patch in axis.patches if isinstance(patch, FancyArrowPatch)]
        assert sum(arrow.get_linestyle() == "--" for arrow in arrows) == stopped
    assert "ε" in {text.get_text() for text in computed.texts}
    assert "ε" not in {text.get_text() for text in drawn.texts}


def test_what_cannot_be_drawn_is_refused(shown, model):
    with pytest.raises(ValueError, match="sigma is 0 and epsilon has shape"):
        show_pulls(bowl, 0.0, 0.0, NOISE, ALT, step=0.1)
    with pytest.raises(ValueError, match="a step of 9 takes sigma from 0.5 to -"):
        show_pulls(bowl, 1.0, 0.5, NOISE, ALT, step=9.0)
    with pytest.raises(ValueError, match="draw 3 is marked: expected"):
        show_paths(NOISE, ALT, marked=3)
    with pytest.raises(ValueError, match="the truth is 0, and there are 1 kinds"):
        show_estimates({"one": NOISE}, 0.0, ALT)
    with pytest.raises(ValueError, match="reported are a, honest are b: expected the same names"):
        show_reports({"a": 1.0}, {"b": 1.0}, ALT, x_label="loss")
    with pytest.raises(ValueError, match="latent 4 of 1 images: expected one image, and a latent from 1 to 3"):
        along_latent(model, torch.rand(1, 1, 4, 4), 4)
    with pytest.raises(ValueError, match="say in a sentence"):
        show_pulls(bowl, 1.0, 0.5, NOISE, "short", step=0.1)
    assert not shown
