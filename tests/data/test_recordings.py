"""Recordings: what the files hold comes out again in its units, labels stand by their examples, and no part of the test is trained on."""

import importlib.resources
import sys

import numpy as np
import pytest
import torch

from vae_course.data import recordings
from vae_course.data.recordings import CHANNELS, SECONDS, as_recordings, in_units
from vae_course.evaluation import auroc

LOADERS = {
    "speech": recordings.load_speech,
    "motion": recordings.load_motion,
    "electricity": recordings.load_electricity,
    "ecg": recordings.load_ecg,
}
FILES = {"speech": "JapaneseVowels", "motion": "BasicMotions", "electricity": "ItalyPowerDemand"}


@pytest.fixture(scope="module")
def data():
    pytest.importorskip("sktime", reason="sktime, which ships the recordings, is not installed")
    return {name: load() for name, load in LOADERS.items()}


def measured(name, split):
    """Each example's seen steps in its units, (steps, channels)."""
    return [values[~values.isnan().any(1)] for values in in_units(name, split.x)]


def lines_of(name, part):
    """The published file, read without sktime: (label, channels as lists of numbers) an example."""
    file = importlib.resources.files("sktime") / "datasets" / "data" / FILES[name] / f"{FILES[name]}_{part}.ts"
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip() and line[0] not in "#@":
            *channels, label = line.split(":")
            yield label.strip().lower(), [[float(value) for value in channel.split(",")] for channel in channels]


@pytest.mark.parametrize(
    ("name", "shape", "train", "test"),
    [
        ("speech", (29, 13), [30] * 9, [31, 35, 88, 44, 29, 24, 40, 50, 29]),
        ("motion", (100, 7), [10] * 4, [10] * 4),
        ("electricity", (24, 2), [34, 33], [513, 516]),
        ("ecg", (96, 2), [1165], [423, 97]),
    ],
)
def test_shapes_and_counts(data, name, shape, train, test):
    assert data[name].input_shape == shape
    assert data[name].train.y.bincount().tolist() == train
    assert data[name].test.y.bincount().tolist() == test
    assert len(data[name].classes) == len(test)
    assert data[name].name == name
    assert data[name].source
    assert data[name].licence
    assert set(CHANNELS) == set(SECONDS) == set(LOADERS)


@pytest.mark.parametrize("name", list(LOADERS))
def test_a_step_that_was_not_seen_is_a_row_of_zeros(data, name):
    for split in (data[name].train, data[name].test):
        seen = split.x[..., -1]
        assert set(seen.unique().tolist()) <= {0.0, 1.0}
        assert not split.x[seen == 0].any()
        assert (seen.diff(dim=1) <= 0).all(), "what is seen comes first"
        lengths = seen.sum(1)
        assert lengths.min() == (7 if name == "speech" else split.x.shape[1])


@pytest.mark.parametrize("name", list(LOADERS))
def test_nothing_is_cut_off_and_the_scale_comes_from_the_training_part(data, name):
    low, high = (torch.tensor([getattr(channel, end) for channel in CHANNELS[name]]) for end in ("low", "high"))
    train, test = (torch.cat(measured(name, split)) for split in (data[name].train, data[name].test))
    span = train.amax(0) - train.amin(0)
    assert (train.amin(0) - low >= span / 8 - 1e-4).all()
    assert (high - train.amax(0) >= span / 8 - 1e-4).all()
    assert (high - low < 3 * span).all(), "and the range is used"
    assert (test > low).all()
    assert (test < high).all()


@pytest.mark.parametrize("name", list(FILES))
def test_every_series_of_the_file_is_there_in_its_units_with_its_label(data, name):
    files = {f"speaker {number}": str(number) for number in range(1, 10)} | {"winter": "1", "summer": "2"}
    for part, split in (("TRAIN", data[name].train), ("TEST", data[name].test)):
        alike = {}  # series of one label and length
        for label, series in lines_of(name, part):
            alike.setdefault((label, len(series[0])), []).append(np.array(series).T)
        assert sum(map(len, alike.values())) == len(split)
        for y, values in zip(split.y, measured(name, split), strict=True):
            label = data[name].classes[y]
            candidates = np.stack(alike[files.get(label, label), len(values)])
            assert np.abs(candidates - values.numpy()).max((1, 2)).min() < 1e-4


@pytest.mark.parametrize("name", list(FILES))
def test_no_series_stands_in_both_parts_and_classes_are_mixed(data, name):
    train, test = ({tuple(row) for row in split.x.flatten(1).tolist()} for split in (data[name].train, data[name].test))
    assert len(train) == len(data[name].train)
    assert len(test) == len(data[name].test)
    assert not train & test
    assert len(data[name].train.y[:40].unique()) == len(data[name].classes), "the first examples are of all kinds"


def test_winter_has_the_days_of_winter(data):
    days = torch.cat([data["electricity"].train.y, data["electricity"].test.y]).bincount().tolist()
    winter, summer = 31 + 30 + 31 + 31 + 28 + 31, 30 + 31 + 30 + 31 + 31 + 30
    assert days == [3 * winter + 1, 3 * summer], "three years, one of them a leap year"
    demand = in_units("electricity", data["electricity"].test.x)[..., 0]
    assert data["electricity"].classes == ("winter", "summer")
    dark = demand[data["electricity"].test.y == 0, 18].mean() - demand[data["electricity"].test.y == 1, 18].mean()
    assert dark > 0.5, "at six in the evening the lights are on in winter"


def test_labels_stand_by_their_examples(data):
    motion = data["motion"]
    strength = in_units("motion", motion.test.x)[..., :3].std(1).mean(1)
    by_kind = {kind: strength[motion.test.y == number] for number, kind in enumerate(motion.classes)}
    assert by_kind["standing"].max() < by_kind["walking"].median() < by_kind["running"].min()
    speech = data["speech"]
    means = [torch.stack([values.mean(0) for values in measured("speech", split)]) for split in (speech.train, speech.test)]
    nearest = torch.cdist(means[1], means[0]).argmin(1)
    assert (speech.train.y[nearest] == speech.test.y).float().mean() > 0.8


def strip_of(split):
    """The recording that windows one step apart were cut from, in millivolts."""
    windows = in_units("ecg", split.x)[..., 0]
    return torch.cat([windows[:, 0], windows[-1, 1:]])


def beats_of(strip):
    """Where the R peaks are: the highest step of every stretch above 0.1 mV."""
    above = (strip > 0.1).int()
    starts, ends = (above.diff() == 1).nonzero().squeeze(1) + 1, (above.diff() == -1).nonzero().squeeze(1) + 1
    return torch.tensor([start + strip[start:end].argmax() for start, end in zip(starts, ends, strict=True)])


def test_windows_of_the_test_follow_each_other_and_the_early_beat_is_in_the_marked_ones(data):
    ecg = data["ecg"]
    test = in_units("ecg", ecg.test.x)[..., 0]
    assert torch.equal(test[1:, :-1], test[:-1, 1:])
    strip = strip_of(ecg.test)
    beats = beats_of(strip)
    gaps = beats.diff()
    early = int(beats[1:][gaps < 0.75 * gaps.median()])
    assert 60 < 60 / (gaps.median() * SECONDS["ecg"]) < 90, "beats a minute"
    marked = ecg.test.y.nonzero().squeeze(1)
    assert (marked.diff() == 1).all()
    assert torch.isin(marked, torch.arange(early - 95, early + 1)).float().mean() > 0.9
    assert len(strip) == 1875 - 1260


def test_no_reading_of_the_ecg_is_both_trained_on_and_tested_on(data):
    train, test = (in_units("ecg", split.x)[..., 0] for split in (data["ecg"].train, data["ecg"].test))
    known = {tuple(row) for row in train.unfold(1, 8, 8).flatten(0, 1).round(decimals=4).tolist()}
    assert not any(tuple(row) in known for row in test.unfold(1, 8, 1).flatten(0, 1).round(decimals=4).tolist())
    file = importlib.resources.files("sktime") / "datasets" / "data" / "mitdb" / "mitdb.csv"
    millivolts = np.loadtxt(file.read_text().splitlines(), delimiter=",", skiprows=1)[:, 0]
    torch.testing.assert_close(
        test[0], torch.from_numpy(millivolts[5040 : 5040 + 4 * 96].reshape(-1, 4).mean(1)).float(), atol=1e-5, rtol=0
    )
    assert max(tuple(train[:, -1].tolist())) <= millivolts[:5040].max()


def test_one_early_beat_is_too_few_to_count_with(data):
    test = data["ecg"].test
    assert auroc(-test.x[..., 0].mean(1), test.y == 1) == pytest.approx(0.92, abs=0.005), "as the docstring says"


@pytest.mark.parametrize(
    ("name", "fingerprint"),
    [
        ("speech", "9b1f16786c02983d"),
        ("motion", "726198e8ea954e03"),
        ("electricity", "e59476c1e1f4178a"),
        ("ecg", "03e88e97b7f06d63"),
    ],
)
def test_the_bytes_are_the_same_everywhere(data, name, fingerprint):
    assert data[name].fingerprint() == fingerprint, "a change of these values must be meant: stored models were trained on them"
    assert LOADERS[name]().fingerprint() == fingerprint


@pytest.mark.parametrize("name", list(LOADERS))
def test_without_sktime_one_sentence_says_what_to_install(monkeypatch, name):
    monkeypatch.setitem(sys.modules, "sktime", None)
    monkeypatch.delitem(sys.modules, "sktime.datasets", raising=False)
    with pytest.raises(ImportError) as caught:
        LOADERS[name]()
    assert str(caught.value) == (
        f'the data set "{name}" is read by sktime, which is not installed here. Run pip install "vae-course[recordings]".'
    )


def test_what_sktime_itself_lacks_is_not_hidden(monkeypatch):
    def broken(name):
        raise ModuleNotFoundError("No module named 'skbase'", name="skbase")

    monkeypatch.setattr(recordings.importlib, "import_module", broken)
    with pytest.raises(ModuleNotFoundError, match="skbase"):
        recordings.load_motion()


@pytest.mark.parametrize("fault", ["loader", "file"])
def test_a_set_that_is_no_longer_shipped_is_named(data, monkeypatch, tmp_path, fault):
    def lost(**settings):
        raise FileNotFoundError("BasicMotions_TRAIN.ts")

    sktime = sys.modules["sktime.datasets"]
    if fault == "loader":
        monkeypatch.delattr(sktime, "load_basic_motions")
    else:
        monkeypatch.setattr(sktime, "load_basic_motions", lost)
        monkeypatch.setattr(recordings.importlib.resources, "files", lambda module: tmp_path)
        with pytest.raises(ImportError, match='does not ship the data set "ecg"'):
            recordings.load_ecg()
    with pytest.raises(ImportError, match='the installed sktime does not ship the data set "motion". Run pip install --upgrade'):
        recordings.load_motion()


def test_units_come_back_and_unseen_steps_are_not_numbers():
    x = as_recordings("ecg", [np.array([[-0.5], [0.25]]), np.array([[1.0]])], steps=3)
    assert x.shape == (2, 3, 2)
    torch.testing.assert_close(in_units("ecg", x)[0, :2, 0], torch.tensor([-0.5, 0.25]))
    assert in_units("ecg", x).isnan().squeeze(-1).tolist() == [[False, False, True], [False, True, True]]
    with pytest.raises(ValueError, match="got 3 columns, expected 2 for 'ecg'"):
        in_units("ecg", torch.zeros(4, 3))
    with pytest.raises(ValueError, match="unknown recordings 'song', expected one of: speech, motion, electricity, ecg"):
        in_units("song", x)


@pytest.mark.parametrize("shape", [(4, 1), (2, 2), (2,)])
def test_recordings_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match="expected up to 3 steps of 1 channels"):
        as_recordings("ecg", [np.zeros(shape)], steps=3)
