"""Real recordings that the package sktime ships: speech, motion, electricity and an electrocardiogram. Nothing is downloaded.

An example is (steps, channels + 1): what was measured, each channel brought into [0, 1] by the fixed numbers in `CHANNELS`, and last
whether the step was seen, 1 or 0. A step that was not seen is a row of zeros. `in_units` gives back what was measured.
"""

from __future__ import annotations

import importlib
import importlib.resources
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import torch
from torch import Tensor

from .dataset import Dataset, Split


@dataclass(frozen=True)
class Channel:
    """One column of a recording.

    name: what was measured.
    unit: in what.
    low, high: what 0 and 1 stand for, in the unit: the range of the training part and an eighth of it or more on either side, rounded
        outwards, so that nothing has to be cut off.
    """

    name: str
    unit: str
    low: float
    high: float


def _axes(what: str, unit: str, furthest: float) -> list[Channel]:
    return [Channel(f"{what}, {axis}", unit, -furthest, furthest) for axis in "xyz"]


_LOWEST = (-1.2, -2.2, -1.0, -1.2, -0.9, -1.0, -0.8, -0.8, -0.8, -0.7, -0.6, -0.5)
_HIGHEST = (2.6, 1.0, 1.5, 0.8, 1.2, 0.5, 0.6, 0.7, 0.6, 0.4, 0.4, 0.6)
CHANNELS: dict[str, tuple[Channel, ...]] = {
    "speech": tuple(
        Channel(f"coefficient {number}", "", low, high) for number, (low, high) in enumerate(zip(_LOWEST, _HIGHEST, strict=True), start=1)
    ),
    # The units are not on record; these fit: rotation ends at 34.9 rad/s (2,000° a second, a usual sensor's limit), gravity is taken out.
    "motion": (*_axes("acceleration", "m/s²", 40.0), *_axes("rotation", "rad/s", 45.0)),
    "electricity": (Channel("demand", "standard deviations of the day", -3.5, 3.5),),
    "ecg": (Channel("voltage", "mV", -1.0, 1.5),),
}
SECONDS = {"speech": 0.0064, "motion": 0.1, "electricity": 3600.0, "ecg": 1 / 90}  # from one step to the next

SPEECH_STEPS = 29
ECG_STEPS = 96
ECG_TRAINING = 1260  # steps, 14 seconds; the rest of the 1,875 is for the test
ECG_RATE, ECG_COUNTS = 360, 200  # of the recorder: readings a second, and steps of its converter a millivolt


def load_speech() -> Dataset:
    """Nine men say the vowels /ae/ in one go: 270 utterances to train on, 370 to test.

    x: (n, 29, 13), 7 to 29 steps of 6.4 ms seen, the first ones; a step is 12 cepstral coefficients of a linear prediction (window 25.6 ms,
        10 kHz): no sound can be made from them, as loudness and pitch are left out.
    y: who speaks, a number in `classes`; 30 training utterances a speaker, 24 to 88 test utterances.

    The split is the published one. Both parts hold the same nine speakers, recorded on different occasions: an utterance stands in one
    part only. Recorded by M. Kudo, J. Toyama and M. Shimbo, Hokkaido University; cite their "Multidimensional curve classification using
    passing-through regions", Pattern Recognition Letters 20, 1999.
    Raises ImportError where sktime is missing or no longer ships the recordings.
    """
    speakers = {str(number): f"speaker {number}" for number in range(1, 10)}
    return _published("speech", "load_japanese_vowels", speakers, "Japanese Vowels, UCI, as shipped by sktime", "CC BY 4.0 (UCI)")


def load_motion() -> Dataset:
    """A smart watch on the wrist of somebody who stands, runs, walks or plays badminton: 40 recordings to train on, 40 to test.

    x: (n, 100, 7), ten seconds in steps of 0.1 s: acceleration and rotation along and about three axes, every step seen.
    y: what is done, a number in `classes`; ten recordings of each in both parts.

    The split is the published one. Four students recorded each activity five times; who moves in which recording is not known, so the
    same people may move in both parts: a recording stands in one part only. A student project of the University of East Anglia; cite
    A. Bagnall et al., "The UEA multivariate time series classification archive, 2018", arXiv:1811.00075.
    Raises ImportError where sktime is missing or no longer ships the recordings.
    """
    activities = {name: name for name in ("standing", "running", "walking", "badminton")}
    licence = "no terms stated by the UEA archive; shipped by sktime (BSD-3-Clause)"
    return _published("motion", "load_basic_motions", activities, "BasicMotions, UEA archive, as shipped by sktime", licence)


def load_electricity() -> Dataset:
    """Italy's demand for electricity, hour by hour: 67 days to train on, 1,029 to test.

    x: (n, 24, 2), from midnight to midnight. Each day was published with its own mean taken off and divided by its own standard deviation,
        so only the shape of the day is left, no kilowatt.
    y: "winter" (October to March) or "summer" (April to September), a number in `classes`.

    The split is the published one. A day stands in one part only, yet the day before may stand in the other: dates are not on record.
    Cite E. Keogh et al., "Intelligent icons: integrating lite-weight data mining and visualization into GUI operating systems", ICDM 2006.
    Raises ImportError where sktime is missing or no longer ships the recordings.
    """
    halves = {"1": "winter", "2": "summer"}
    licence = "no terms stated by the UCR archive; shipped by sktime (BSD-3-Clause)"
    return _published("electricity", "load_italy_power_demand", halves, "ItalyPowerDemand, UCR archive, as shipped by sktime", licence)


def load_ecg() -> Dataset:
    """Twenty seconds of one person's electrocardiogram, 26 beats, one of which comes too early, cut into windows of about a second.

    x: (n, 96, 2), in steps of 1/90 s, one lead in millivolts, every step seen. A window begins at every step, so neighbours differ by one
        step: 1,165 training windows show 17 beats at all offsets. The 520 test windows stand in the order of time: window i begins i
        steps after the first.
    y: 0 or 1 ("early beat"): 1 where a window holds at least half of the stretch that the file marks.

    The split is by time: the first 14 s to train on, all of it normal, and the rest to test; no reading stands in both. But it is one
    person, one recording and one early beat, so look where a model's error rises and count nothing: whatever happens to be high or low
    around that beat seems to find it (the wandering baseline does: the mean of a window alone has an AUROC of 0.92).
    The file holds numbers alone: which recording of the MIT-BIH Arrhythmia Database they are is not said; rate and unit are its.
    Cite G. B. Moody and R. G. Mark, "The impact of the MIT-BIH Arrhythmia Database", IEEE Engineering in Medicine and Biology 20(3), 2001,
    and A. L. Goldberger et al., "PhysioBank, PhysioToolkit, and PhysioNet", Circulation 101(23), 2000.
    Raises ImportError where sktime is missing or no longer ships the recording.
    """
    file = importlib.resources.files(_sktime("ecg")) / "data" / "mitdb" / "mitdb.csv"
    try:
        with file.open(encoding="utf-8") as lines:
            table = np.loadtxt(lines, delimiter=",", skiprows=1)
    except OSError:
        raise ImportError(_not_shipped("ecg")) from None
    together = round(ECG_RATE * SECONDS["ecg"])
    # Whole numbers up to the last division, so that every machine computes the same.
    counts = np.rint(table[:, 0] * ECG_COUNTS).astype(np.int64).reshape(-1, together).sum(1)
    marked = table[:, 1].reshape(-1, together).max(1)
    windows, marks = (np.lib.stride_tricks.sliding_window_view(values, ECG_STEPS) for values in (counts / (ECG_COUNTS * together), marked))
    x = as_recordings("ecg", windows[:, :, None], ECG_STEPS)
    y = torch.from_numpy((2 * marks.sum(1) >= marked.sum()).astype(np.int64))
    last = ECG_TRAINING - ECG_STEPS + 1
    order = _order(last)
    source = "a piece of the MIT-BIH Arrhythmia Database, as shipped by sktime"
    licence = "Open Data Commons Attribution License 1.0 (PhysioNet)"
    splits = Split(x[:last][order], y[:last][order]), Split(x[ECG_TRAINING:], y[ECG_TRAINING:])
    return Dataset("ecg", *splits, ("normal", "early beat"), source, licence)


def as_recordings(name: str, measured: Sequence[np.ndarray] | np.ndarray, steps: int) -> Tensor:
    """What was measured, as examples (n, steps, channels + 1): brought into [0, 1], last whether a step was seen, zeros where not.

    name: whose channels they are, one of `CHANNELS`.
    measured: n arrays (up to `steps`, channels), in the channels' units.
    Raises ValueError for another number of channels or a recording that is too long.
    """
    low, high = _range(name)
    x = np.zeros((len(measured), steps, len(low) + 1), dtype=np.float32)
    for row, values in zip(x, measured, strict=True):
        if values.ndim != 2 or values.shape[1] != len(low) or len(values) > steps:
            raise ValueError(f"a recording of {name!r} is {values.shape}, expected up to {steps} steps of {len(low)} channels.")
        row[: len(values), :-1] = (values - low) / (high - low)
        row[: len(values), -1] = 1
    return torch.from_numpy(x)


def in_units(name: str, x: Tensor) -> Tensor:
    """What was measured, (…, steps, channels), in the units of `CHANNELS[name]`; steps not seen are NaN, so that plots leave them out.

    name: one of `CHANNELS`.
    x: (…, steps, channels + 1), examples as `load` gives them or as a model writes them.
    Raises ValueError for an unknown name or another number of columns.
    """
    low, high = (torch.from_numpy(values).to(x) for values in _range(name))
    if x.shape[-1] != len(low) + 1:
        raise ValueError(f"got {x.shape[-1]} columns, expected {len(low) + 1} for {name!r}: its channels and whether a step was seen.")
    return (low + (high - low) * x[..., :-1]).where(x[..., -1:] > 0.5, torch.nan)


def _range(name: str) -> tuple[np.ndarray, np.ndarray]:
    if name not in CHANNELS:
        raise ValueError(f"unknown recordings {name!r}, expected one of: {', '.join(CHANNELS)}.")
    return np.array([channel.low for channel in CHANNELS[name]]), np.array([channel.high for channel in CHANNELS[name]])


def _published(name: str, loader: str, classes: dict[str, str], source: str, licence: str) -> Dataset:
    """A set of sktime's with its own split. classes: the file's labels → our names, in the order of our numbers."""
    train, test = (_part(name, loader, part, list(classes)) for part in ("train", "test"))
    return Dataset(name, train, test, tuple(classes.values()), source, licence)


def _part(name: str, loader: str, part: str, labels: list[str]) -> Split:
    try:
        frames, marks = getattr(_sktime(name), loader)(split=part, return_type="df-list")
    except (AttributeError, OSError):
        raise ImportError(_not_shipped(name)) from None
    measured = [frame.to_numpy(dtype=np.float64) for frame in frames]
    x = as_recordings(name, measured, SPEECH_STEPS if name == "speech" else len(measured[0]))
    y = torch.tensor([labels.index(str(mark)) for mark in marks])
    order = _order(len(y))  # the files are sorted by class
    return Split(x[order], y[order])


def _order(n: int) -> Tensor:
    return torch.from_numpy(np.random.RandomState(0).permutation(n).astype(np.int64))  # noqa: NPY002  frozen, unlike the newer streams


def _sktime(name: str) -> ModuleType:
    try:
        return importlib.import_module("sktime.datasets")
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "sktime":
            raise  # sktime is there and lacks something itself
        mend = 'Run pip install "vae-course[recordings]".'
        raise ImportError(f'the data set "{name}" is read by sktime, which is not installed here. {mend}') from None


def _not_shipped(name: str) -> str:
    return f'the installed sktime does not ship the data set "{name}". Run pip install --upgrade "vae-course[recordings]".'
