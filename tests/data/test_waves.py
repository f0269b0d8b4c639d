"""Waves and heartbeats: what they were made from can be found in them again."""

import math

import pytest
import torch

from vae_course.data import load
from vae_course.data.waves import BEATS, FAMILIES, GAP, STEPS, WAVE_OFFSET, WAVE_SCALE, as_series, heartbeats, waves


def periods_by_fourier(values: torch.Tensor) -> torch.Tensor:
    """The strongest frequency of each series, as a period in steps, from a finely padded spectrum."""
    spectrum = torch.fft.rfft(values - values.mean(1, keepdim=True), n=4096).abs()
    return 4096 / spectrum[:, 1:].argmax(1).add(1)


@pytest.mark.parametrize("family", ["sine", "square", "sawtooth", "triangle"])
def test_periods_are_those_that_were_drawn(family):
    made = waves(60, families=[family], noise=0.0)
    found = periods_by_fourier(made.clean)
    assert ((found / made.period - 1).abs() < 0.12).float().mean() > 0.95


def test_amplitudes_and_phases_are_those_that_were_drawn():
    made = waves(60, families=["sine"], noise=0.0)
    wave = (made.clean - WAVE_OFFSET) / WAVE_SCALE
    t = torch.arange(STEPS)
    expected = made.amplitude.unsqueeze(1) * torch.sin(2 * math.pi * (t / made.period.unsqueeze(1) + made.phase.unsqueeze(1)))
    torch.testing.assert_close(wave, expected, atol=1e-5, rtol=0)
    square = waves(60, families=["square"], noise=0.0)
    torch.testing.assert_close((square.clean - WAVE_OFFSET).abs().amax(1), WAVE_SCALE * square.amplitude)


def test_a_chirp_gets_faster_and_a_damped_wave_smaller():
    chirp = waves(50, families=["chirp"], noise=0.0).clean - WAVE_OFFSET
    crossings = (chirp[:, 1:] * chirp[:, :-1] < 0).float()
    assert crossings[:, STEPS // 2 :].sum() > 1.2 * crossings[:, : STEPS // 2].sum()
    damped = (waves(50, families=["damped"], noise=0.0).clean - WAVE_OFFSET).abs()
    assert (damped[:, -16:].amax(1) < 0.3 * damped[:, :16].amax(1)).all()


def test_families_come_in_equal_shares_and_the_seed_decides():
    made = waves(600, seed=5)
    assert made.y.bincount().tolist() == [100] * len(FAMILIES)
    assert torch.equal(made.x, waves(600, seed=5).x)
    assert not torch.equal(made.x, waves(600, seed=6).x)


def test_noise_has_the_sigma_that_was_asked_for_and_gaps_are_rows_of_zeros():
    made = waves(400, noise=0.02, gap=10)
    seen = made.x[..., 1] == 1
    assert (~seen).sum(1).tolist() == [10] * 400
    assert not made.x[~seen].any()
    runs = (~seen).int().diff(dim=1).clamp_min(0).sum(1) + (~seen[:, 0]).int()
    assert (runs == 1).all()  # in a row
    assert (made.x[..., 0] - made.clean)[seen].std().item() == pytest.approx(0.02, rel=0.05)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"families": ["sine", "spiral"]}, "unknown family 'spiral', expected some of: sine, square"),
        ({"families": []}, "unknown family None"),
        ({"gap": STEPS}, "gap 64, expected at least 1, at least 0, and 0 to 63 steps"),
        ({"noise": -1.0}, "noise -1.0"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        waves(4, **settings)
    with pytest.raises(ValueError, match="expected at least 1 and some of: normal"):
        heartbeats(4, kinds=["odd"])


def test_series_carry_what_was_seen():
    series = as_series(torch.tensor([[0.2, 0.4]]), torch.tensor([[True, False]]))
    assert series.tolist() == [[[pytest.approx(0.2), 1.0], [0.0, 0.0]]]


def test_a_normal_beat_peaks_where_it_should_and_abnormal_ones_differ_as_said():
    def beats(kind):
        return heartbeats(200, kinds=[kind], noise=0.0)[0][..., 0]

    normal = beats("normal")
    assert ((normal.argmax(1) - 24).abs() <= 1).all()  # 0.3 s after the window begins
    assert (beats("premature").argmax(1) <= 20).all()
    above_half = lambda x: (x > (x.amax(1, keepdim=True) + 0.35) / 2).sum(1).float().mean()  # noqa: E731
    assert above_half(beats("wide")) > 1.5 * above_half(normal)
    at_t = slice(42, 47)
    assert beats("inverted T")[:, at_t].mean() < 0.35 < normal[:, at_t].mean()
    at_st = slice(31, 37)
    assert beats("raised ST")[:, at_st].mean() > normal[:, at_st].mean() + 0.03


def test_loaded_series_fit_the_course_and_training_beats_are_all_normal():
    for name in ("waves", "heartbeats"):
        data = load(name)
        assert data.input_shape == (STEPS, 2)
        assert data.test.x[..., 1].min() == 1
    missing = 1 - load("waves").train.x[..., 1]
    assert missing.sum(1).unique(return_counts=True)[1].tolist() == [2000, 2000]
    assert 1000 <= missing[:, -GAP:].all(1).sum() < 1050
    beats = load("heartbeats")
    assert beats.train.x[..., 1].min() == 1
    assert beats.train.y.unique().tolist() == [0]
    assert beats.test.y.bincount().tolist() == [800, 50, 50, 50, 50]
    assert beats.classes == BEATS
    inside = (beats.train.x[..., 0] > 0) & (beats.train.x[..., 0] < 1)
    assert inside.float().mean() > 0.999  # next to nothing is cut off


def test_a_weaker_change_is_nearer_to_a_normal_beat():
    """At full strength the beats are those of before; at none they are normal ones, but for what was drawn."""
    x, y = heartbeats(400, kinds=BEATS[1:], seed=3)
    weak, same = heartbeats(400, kinds=BEATS[1:], strength=0.3, seed=3)
    none, _ = heartbeats(400, kinds=BEATS[1:], strength=0.0, seed=3)
    assert (y == same).all()
    for kind in range(1, 5):
        far, near = ((one - none)[y == kind, :, 0].square().mean() for one in (x, weak))
        assert 0 < near < far
    normal = heartbeats(400, kinds=BEATS[:1], seed=4)[0][..., 0]
    assert (none[..., 0].mean(0) - normal.mean(0)).abs().max() < 0.02
    with pytest.raises(ValueError, match="strength is 1.5, expected a share from 0 to 1"):
        heartbeats(4, strength=1.5)
