"""Series with gaps: what was not seen costs nothing, is told to the encoder, and is hidden anew in training."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from tests.models.sequences import has_the_shapes_of_the_contract
from vae_course import checkpoints, fit
from vae_course.data.waves import as_series, heartbeats
from vae_course.models import SeriesVAE


@pytest.fixture
def x() -> torch.Tensor:
    torch.manual_seed(0)
    return as_series(0.4 + 0.2 * torch.rand(6, 10))


def model(columns: int = 2, **more) -> SeriesVAE:
    torch.manual_seed(0)
    return SeriesVAE(input_shape=(10, columns), latent_size=3, hidden_sizes=(16,), **more)


def test_it_has_the_shapes_of_the_contract(x):
    has_the_shapes_of_the_contract(model().standardise(x), x)


def test_log_prob_is_the_sum_over_seen_steps_of_all_channels():
    torch.manual_seed(1)
    three = model(4)
    values = torch.rand(5, 10, 3)
    seen = (torch.rand(5, 10, 1) < 0.6).float()
    p = three.decode(torch.randn(5, 3))
    each = Normal(p.values.mean, three.scale * three.log_sigma.exp()).log_prob(values).sum(-1, keepdim=True)
    got = p.log_prob(torch.cat([values * seen, seen], -1))
    torch.testing.assert_close(got, (seen * each).sum((1, 2)))


def test_what_is_not_seen_changes_nothing_and_gives_no_gradient(x):
    one = model(hide=0.0)
    cut = x.clone()
    cut[:, 6:] = 0
    mean = one.decode(torch.randn(6, 3)).values.mean
    mean.retain_grad()
    from vae_course.models.series import SeriesDistribution

    (-SeriesDistribution(mean, torch.ones(1)).log_prob(cut).sum()).backward()
    assert mean.grad[:, 6:].abs().max() == 0
    assert mean.grad[:, :6].abs().min() > 0


def test_the_encoder_tells_a_gap_from_zeros(x):
    one = model().standardise(x)
    gap, zeros = x.clone(), x.clone()
    gap[:, 3:6] = 0
    zeros[:, 3:6, 0] = 0
    assert (one.encode(gap).mean - one.encode(zeros).mean).abs().max() > 1e-3


def test_standardising_sets_what_is_usual_from_seen_steps_alone(x):
    gap = x.clone()
    gap[:3, 4] = 0
    one = model().standardise(gap)
    torch.testing.assert_close(one.centre[4, 0], gap[3:, 4, 0].mean())
    torch.testing.assert_close(one.centre[0, 0], gap[:, 0, 0].mean())
    never = x.clone()
    never[:, 9] = 0
    torch.testing.assert_close(model().standardise(never).centre[9, 0], never[:, :9, 0].mean())


def test_standardised_it_hears_what_raw_it_calls_noise():
    beats = heartbeats(400, kinds=("normal",), seed=0)[0]
    heard = {}
    for name in ("standardised", "raw"):
        torch.manual_seed(0)
        one = SeriesVAE(input_shape=(64, 2), latent_size=4, hidden_sizes=(32,))
        if name == "standardised":
            one.standardise(beats)
        heard[name] = fit(one, beats, epochs=8, batch_size=32, learning_rate=3e-3, quiet=True).kl[-1]
    assert heard["standardised"] > 1.0
    assert heard["raw"] < 0.5


def test_steps_are_hidden_in_training_alone_and_never_shown_again(x):
    full = model(hide=1.0)
    many = x.repeat(200, 1, 1)
    hidden = full._partly_hidden(many)[..., 1] == 0
    assert 0.7 < hidden.any(1).double().mean() < 1.0
    ends = hidden & hidden.flip(1).cumprod(1).flip(1).bool()
    assert ((hidden.sum(1) == ends.sum(1)).double().mean() > 0.4).item()
    assert (full._partly_hidden(many)[..., 0][hidden] >= 0).all()
    full.eval()
    torch.manual_seed(3)
    first = full.loss(x).reconstruction
    torch.manual_seed(3)
    again = -full.decode(full.encode(x).rsample()).log_prob(x).mean()
    torch.testing.assert_close(first, again)


def test_a_series_that_is_all_hidden_costs_its_kl():
    one = model(hide=0.0)
    nothing = torch.zeros(2, 10, 2)
    loss = one.loss(nothing)
    assert loss.reconstruction == 0
    torch.testing.assert_close(loss.total, kl_divergence(one.encode(nothing), one.prior).mean())


def test_what_it_standardises_by_goes_through_a_checkpoint(x, tmp_path):
    one = model().standardise(x)
    checkpoints.save(one, tmp_path / "one", recipe={}, metrics={})
    again = checkpoints.load(tmp_path / "one.safetensors", device="cpu")
    torch.testing.assert_close(again.centre, checkpoints.rounded(one).centre)
    torch.testing.assert_close(again.scale, checkpoints.rounded(one).scale)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"input_shape": (10, 1)}, "expected two columns or more"),
        ({"input_shape": (10,)}, "expected \\(steps, features\\)"),
        ({"input_shape": (10, 2), "hide": 1.5}, "hide is 1.5, expected a share from 0 to 1"),
        ({"input_shape": (10, 2), "sigma": 0.0}, "sigma is 0.0, expected a number above 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings, told):
    with pytest.raises(ValueError, match=told):
        SeriesVAE(**settings)


def test_rows_that_are_no_steps_are_refused(x):
    x[0, 3] = torch.tensor([0.5, 0.0])
    with pytest.raises(ValueError, match="each step must be \\(values, 1\\), or zeros where nothing was seen"):
        model().reconstruct(x)
