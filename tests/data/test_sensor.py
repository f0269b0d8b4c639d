"""The sensor: healthy days, and faults that act where they are said to and as strongly, with no tell-tale in any one number."""

import pytest
import torch

from vae_course.data.sensor import (
    CELSIUS,
    EARLIEST,
    KINDS,
    LATEST,
    LEVELS,
    NOISE,
    SIZES,
    STEPS,
    TEST_KINDS,
    load_sensor,
    sensor,
    sensor_faults,
)
from vae_course.evaluation import auroc

ROUNDING = CELSIUS / LEVELS  # of two readings, half of it each


def faults_of(kind, n=300, **settings):
    """Days with one fault, and by how much each reading is off, in °C."""
    made = sensor_faults(n, kinds=[kind], seed=4, **settings)
    return made, CELSIUS * (made.x[..., 0] - made.clean)


def around_zero(values, tolerance=ROUNDING):
    return (values.abs() <= tolerance + 1e-4).all()


@pytest.fixture(scope="module")
def data():
    return load_sensor()


def test_days_are_series_of_whole_converter_steps(data):
    for split in (data.train, data.test):
        assert split.x.shape[1:] == (STEPS, 2)
        assert split.x.dtype == torch.float32
        assert (split.x[..., 1] == 1).all()
        steps = LEVELS * split.x[..., 0]
        assert (steps - steps.round()).abs().max() < 1e-3
        assert 0 < split.x[..., 0].min() < split.x[..., 0].max() < 1, "nothing is cut off"


def test_one_trains_on_healthy_days_and_finds_the_faults_of_the_test_days(data):
    assert data.train.y.tolist() == [0] * 4000
    assert data.test.y.bincount().tolist() == [500, 100, 100, 100, 100, 100]
    assert data.classes == KINDS
    record = sensor_faults(1000, kinds=TEST_KINDS, seed=1)
    assert torch.equal(record.x, data.test.x)
    assert torch.equal(record.y, data.test.y)
    known = {tuple(day) for day in data.train.x[..., 0].tolist()}
    assert not any(tuple(day) in known for day in data.test.x[..., 0].tolist())


def test_the_seed_decides_and_the_bytes_are_the_same_everywhere(data):
    assert torch.equal(sensor(40, seed=3)[0], sensor(40, seed=3)[0])
    assert not torch.equal(sensor(40, seed=3)[0], sensor(40, seed=5)[0])
    assert data.fingerprint() == "bfb169ae5ed7c8d9", "a change of these values must be meant: stored models were trained on them"


def test_a_fault_acts_at_its_steps_alone():
    made = sensor_faults(1200, seed=2)
    assert made.y.bincount().tolist() == [200] * len(KINDS)
    healthy = made.y == 0
    assert not made.faulty[healthy].any()
    assert (made.start[healthy] == STEPS).all()
    assert (made.size[healthy] == 0).all()
    assert torch.equal(made.x[..., 0][~made.faulty], made.clean[~made.faulty])
    first = made.faulty.int().argmax(1)[~healthy]
    assert torch.equal(first, made.start[~healthy])
    assert EARLIEST <= first.min() < first.max() <= LATEST
    for number, kind in enumerate(KINDS[1:], start=1):
        size = made.size[made.y == number]
        low, high = SIZES[kind]
        assert low <= size.min() < low + 0.2 * (high - low), kind
        assert high - 0.2 * (high - low) < size.max() <= high, kind


def test_a_stuck_sensor_holds_the_value_before_for_as_long_as_is_said():
    made, _ = faults_of("stuck", noise=0.0)
    assert torch.equal(made.faulty.sum(1), made.size.long())
    for day, faulty, start in zip(made.x[..., 0], made.faulty, made.start, strict=True):
        assert day[faulty].unique().tolist() == [day[start - 1].item()]
    noisy, _ = faults_of("stuck")
    assert all(len(day[faulty].unique()) > 1 for day, faulty in zip(noisy.x[..., 0], noisy.faulty, strict=True) if faulty.sum() > 8)


def test_a_drift_grows_evenly_to_its_size_and_a_jump_stays():
    made, off = faults_of("drift")
    since = torch.arange(STEPS) - made.start.unsqueeze(1)
    share = (since + 1).clamp_min(0) / (STEPS - made.start.unsqueeze(1))
    assert around_zero(off.abs() - made.size.unsqueeze(1) * share)
    jump, jumped = faults_of("jump")
    assert around_zero(jumped.abs() - jump.size.unsqueeze(1) * jump.faulty)
    for last in (off[:, -1], jumped[:, -1]):
        assert 0.4 < (last > 0).float().mean() < 0.6, "half go up"


def test_spikes_leap_for_a_step_and_noise_grows_by_its_factor():
    made, off = faults_of("spikes")
    leaps = (off.abs() / made.size.unsqueeze(1))[made.faulty]
    slack = ROUNDING / SIZES["spikes"][0]
    assert 0.7 - slack < leaps.min() < leaps.max() < 1.3 + slack
    after = made.faulty.sum(1).float() - 1
    assert (after / (STEPS - 1 - made.start)).mean() == pytest.approx(0.08, rel=0.15)
    noisy, rustle = faults_of("noisy", n=1000)
    strong = noisy.size > 5
    expected = ((noisy.size[strong] - 1).square().mean().sqrt() * NOISE).item()
    assert rustle[strong][noisy.faulty[strong]].std().item() == pytest.approx(expected, rel=0.1)


def test_days_begin_cold_and_the_load_is_seen_in_the_temperature():
    celsius = CELSIUS * sensor(500, kinds=["healthy"], seed=6)[0][..., 0]
    assert celsius[:, 0].max() < 32
    evening = celsius[:, -3:].mean(1)  # by then each load has been on for hours
    counts = torch.histc(evening, bins=12, min=17, max=65)
    assert counts.min() < 0.25 * counts.max(), "three loads: most temperatures between theirs are rare"


def scores(x):
    values = x[..., 0]
    yield "mean", values.mean(1)
    yield "highest", values.amax(1)
    yield "lowest", values.amin(1)
    yield "range", values.amax(1) - values.amin(1)
    yield "spread", values.std(1)


def test_no_single_number_of_a_day_tells_what_is_wrong(data):
    for number, kind in enumerate(KINDS[1:], start=1):
        chosen = (data.test.y == 0) | (data.test.y == number)
        for name, score in scores(data.test.x[chosen]):
            found = auroc(score, data.test.y[chosen] == number)
            assert abs(found - 0.5) < 0.16, (kind, name, found)


def test_a_rule_made_for_one_fault_finds_the_strong_ones_better_than_the_faint():
    made = sensor_faults(2000, kinds=["healthy", "stuck"], seed=8)
    flattest = -made.x[..., 0].unfold(1, 8, 1).std(-1).amin(1)
    found = []
    for chosen in (made.size < 8, made.size > 13):
        rows = (made.y == 0) | chosen
        found.append(auroc(flattest[rows], made.y[rows] == 1))
    assert 0.5 < found[0] < found[1] - 0.1
    assert found[1] < 0.99


@pytest.mark.parametrize("settings", [{"n": 0}, {"n": 4, "kinds": ["asleep"]}, {"n": 4, "kinds": []}, {"n": 4, "noise": -1.0}])
def test_bad_settings_are_refused(settings):
    with pytest.raises(ValueError, match="expected at least 1, some of healthy, stuck, drift, jump, spikes, noisy, and at least 0"):
        sensor(**settings)
