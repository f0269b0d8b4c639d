"""A temperature sensor on a machine, made from a seed: healthy days, and days on which it sticks, drifts, jumps, spikes or grows noisy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .dataset import OWN_LICENCE, Dataset, Split
from .waves import as_series

KINDS = ("healthy", "stuck", "drift", "jump", "spikes", "noisy")
TEST_KINDS = (KINDS[0],) * 5 + KINDS[1:]  # half of the test days are healthy
STEPS = 64  # a working day of two shifts, 6 to 22 o'clock, a reading every quarter of an hour
FIRST_HOUR, HOURS_PER_STEP = 6.0, 0.25
CELSIUS = 100.0  # what 1 stands for; 0 is 0 °C
LEVELS = 1023  # of a ten-bit converter: readings are whole multiples of CELSIUS / LEVELS, about 0.1 °C

NOISE = 0.25  # °C, σ of a healthy sensor's own noise
LOADS = np.array([0.1, 0.55, 1.0])  # the machine idles, works at half, works at full load
PAUSE = 2  # steps at rest whenever the load may change, about every four hours
EARLIEST, LATEST = 8, 47  # the step at which a fault begins
# How strong a fault is, from the faintest to the strongest: stuck in steps; drift (at the end of the day), jump and spikes in °C; noisy as
# a factor on the σ of the sensor's own noise.
SIZES = {"stuck": (5, 16), "drift": (3, 16), "jump": (1.5, 8), "spikes": (1.5, 10), "noisy": (2, 6)}
SPIKES_PER_STEP = 0.08


@dataclass(frozen=True)
class SensorFaults:
    """What `sensor_faults` makes: days, what is wrong with each, and where.

    x: (n, STEPS, 2), the readings as series, 0 to 1 for 0 to 100 °C, every step seen.
    y: (n,), the kind, a number in `KINDS`.
    clean: (n, STEPS), what the sensor would have read without the fault, on the scale of x.
    start: (n,), the step at which the fault begins; STEPS on healthy days.
    faulty: (n, STEPS), true at the steps at which the fault acts.
    size: (n,), how strong it is, in the units of `SIZES`; 0 on healthy days.
    """

    x: Tensor
    y: Tensor
    clean: Tensor
    start: Tensor
    faulty: Tensor
    size: Tensor


def sensor(n: int, *, kinds: Sequence[str] = KINDS, noise: float = NOISE, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Days of readings x (n, STEPS, 2) and the kind of each (n,), a number in `KINDS`.

    The machine starts cold at six; its load changes about every four hours; it warms and cools with a lag, in a hall that is warmest in the
    afternoon. Made for teaching: nothing about a real machine can be learnt from them.

    n: how many.
    kinds: some of `KINDS`, in equal shares; one that is named twice has two. A fault begins at a random step and is faint or strong: the
        sensor holds a value for a while (its own noise goes on), walks off, is suddenly off, leaps now and then, or grows noisy. Of
        drifts and jumps half go up and half down.
    noise: σ of the sensor's own noise, in °C.
    seed: the same gives the same days.
    Raises ValueError for an unknown kind, n < 1 or a negative noise.
    """
    made = sensor_faults(n, kinds=kinds, noise=noise, seed=seed)
    return made.x, made.y


def sensor_faults(n: int, *, kinds: Sequence[str] = KINDS, noise: float = NOISE, seed: int = 0) -> SensorFaults:
    """The days that `sensor` makes, and where and how strong their faults are. Settings and errors as there."""
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds or n < 1 or not noise >= 0:
        expected = f"expected at least 1, some of {', '.join(KINDS)}, and at least 0"
        raise ValueError(f"got n = {n}, kinds {tuple(kinds)} and noise {noise}, {expected}.")
    draw = np.random.RandomState(seed)  # noqa: NPY002  its stream is frozen, unlike those of newer generators
    kind = np.array([KINDS.index(one) for one in kinds])[draw.permutation(n) % len(kinds)]
    truth, own = _temperatures(n, draw), noise * draw.standard_normal((n, STEPS))

    start = EARLIEST + _whole(LATEST - EARLIEST + 1, n, draw)
    low, high = np.array([(0, 0), *(SIZES[one] for one in KINDS[1:])], dtype=np.float64)[kind].T
    size = low + (high - low) * draw.random_sample(n)
    up = _signs(n, draw)[:, None]
    leaps = _signs((n, STEPS), draw) * (0.7 + 0.6 * draw.random_sample((n, STEPS)))
    spiky = draw.random_sample((n, STEPS)) < SPIKES_PER_STEP

    stuck, drift, jump, spikes, noisy = ((kind == number)[:, None] for number in range(1, len(KINDS)))
    size = np.where(stuck[:, 0], np.rint(size), size)
    since, strength = np.arange(STEPS) - start[:, None], size[:, None]
    faulty = (since >= 0) & (kind > 0)[:, None] & (~stuck | (since < strength)) & (~spikes | (since == 0) | spiky)
    held = np.take_along_axis(truth, start[:, None] - 1, axis=1)
    off = up * strength * (jump + drift * (since + 1) / (STEPS - start)[:, None])
    off = off + spikes * strength * leaps + noisy * (strength - 1) * own + stuck * (held - truth)

    clean = truth + own
    return SensorFaults(
        x=as_series(_converted(clean + faulty * off)),
        y=torch.from_numpy(kind),
        clean=_converted(clean),
        start=torch.from_numpy(np.where(kind > 0, start, STEPS)),
        faulty=torch.from_numpy(faulty),
        size=torch.from_numpy(size).float(),
    )


def load_sensor() -> Dataset:
    """4,000 healthy days to train on; to test, 500 healthy ones and 100 with each fault. y is the kind, a number in `classes`.

    Where and how strong the test days' faults are: `sensor_faults(1000, kinds=TEST_KINDS, seed=1)`, day by day.
    """
    train, test = sensor(4000, kinds=KINDS[:1], seed=0), sensor(1000, kinds=TEST_KINDS, seed=1)
    return Dataset("sensor", Split(*train), Split(*test), KINDS, "made from a seed", OWN_LICENCE)


def _temperatures(n: int, draw: np.random.RandomState) -> np.ndarray:
    """The machine's true temperature in °C: (n, STEPS)."""
    steps = np.arange(STEPS)
    hall = 18 + 4 * draw.random_sample((n, 1)) + (3 + draw.random_sample((n, 1))) * (1 - ((steps - 38) / 38) ** 2)
    change = 16 * np.arange(1, 4) - 4 + _whole(9, (n, 3), draw)
    since = steps - change[:, :, None]
    load = np.take_along_axis(LOADS[_whole(len(LOADS), (n, 4), draw)], (since >= 0).sum(1), axis=1)
    load = np.where(((since >= 0) & (since < PAUSE)).any(1), 0.0, load)
    gain, lag = 35 + 2 * draw.random_sample(n), 4.5 + draw.random_sample(n)
    shock = 0.3 * draw.standard_normal((n, STEPS))
    above, heat, wander = np.empty((n, STEPS)), np.zeros(n), np.zeros(n)
    for step in steps:
        heat = heat + (load[:, step] - heat) / lag
        wander = 0.7 * wander + shock[:, step]
        above[:, step] = gain * heat + wander
    return hall + above


def _converted(celsius: np.ndarray) -> Tensor:
    """As the converter gives it: whole multiples of 1 / LEVELS, 0 to 1. Differences between processors vanish in the rounding."""
    return torch.from_numpy(np.rint(celsius * (LEVELS / CELSIUS)).clip(0, LEVELS) / LEVELS).float()


def _whole(below: int, shape: int | tuple[int, ...], draw: np.random.RandomState) -> np.ndarray:
    return draw.randint(below, size=shape, dtype=np.int64)


def _signs(shape: int | tuple[int, ...], draw: np.random.RandomState) -> np.ndarray:
    return 1 - 2 * _whole(2, shape, draw)
