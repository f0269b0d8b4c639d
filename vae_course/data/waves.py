"""Series made from a seed: waves of several families with known parameters, and heartbeats with labelled abnormal ones.

A series is (steps, 2): the value, brought into [0, 1], and whether it was seen, 1 or 0. A step that was not seen is a row of zeros.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .dataset import OWN_LICENCE, Dataset, Split

STEPS = 64
GAP = 16
FAMILIES = ("sine", "square", "sawtooth", "triangle", "chirp", "damped")
WAVE_OFFSET, WAVE_SCALE = 0.5, 0.35  # of a wave between −1 and 1, what is stored is offset + scale · wave

BEATS = ("normal", "premature", "wide", "raised ST", "inverted T")
BEAT_OFFSET, BEAT_SCALE = 0.35, 0.45  # of a beat in millivolts, likewise
BEAT_START, BEATS_PER_SECOND = -0.3, 80.0  # seconds before the middle of the window, and steps a second
# Height in millivolts, centre in seconds after the R peak and width (σ) in seconds of the five waves of a beat.
NORMAL_BEAT = {
    "P": (0.15, -0.17, 0.022),
    "Q": (-0.12, -0.030, 0.012),
    "R": (1.10, 0.0, 0.014),
    "S": (-0.22, 0.032, 0.012),
    "T": (0.30, 0.25, 0.045),
}


@dataclass(frozen=True)
class Waves:
    """What `waves` makes: series, their families, and what they were made from.

    x: (n, steps, 2), the series.
    y: (n,), the family of each, a number in `FAMILIES`.
    clean: (n, steps), the values without noise and gaps, on the scale of x.
    period: (n,), in steps; of a chirp, where it starts out.
    phase: (n,), a share of the period, 0 to 1.
    amplitude: (n,), 0 to 1.
    """

    x: Tensor
    y: Tensor
    clean: Tensor
    period: Tensor
    phase: Tensor
    amplitude: Tensor


def waves(n: int, *, families: Sequence[str] = FAMILIES, noise: float = 0.03, gap: int = 0, seed: int = 0) -> Waves:
    """Waves of `STEPS` steps, with periods of 12 to 32 steps and amplitudes from 0.5 to 1.

    A chirp's period falls to half by the end, a damped wave's amplitude to a tenth.

    n: how many.
    families: some of `FAMILIES`, in equal shares.
    noise: its σ, on the scale of x.
    gap: so many steps in a row, at a random place, that are not seen.
    seed: the same gives the same waves.
    Raises ValueError for an unknown family, a negative noise or a gap longer than the series.
    """
    unknown = [family for family in families if family not in FAMILIES]
    if unknown or not families:
        raise ValueError(f"unknown family {unknown[0] if unknown else None!r}, expected some of: {', '.join(FAMILIES)}.")
    if n < 1 or noise < 0 or not 0 <= gap < STEPS:
        raise ValueError(f"n is {n}, noise {noise} and gap {gap}, expected at least 1, at least 0, and 0 to {STEPS - 1} steps.")
    generator = torch.Generator().manual_seed(seed)
    y = torch.tensor([FAMILIES.index(family) for family in families])[torch.randperm(n, generator=generator) % len(families)]
    period = 12 + 20 * torch.rand(n, generator=generator)
    phase = torch.rand(n, generator=generator)
    amplitude = 0.5 + 0.5 * torch.rand(n, generator=generator)
    clean = WAVE_OFFSET + WAVE_SCALE * amplitude.unsqueeze(1) * _shapes(y, period.unsqueeze(1), phase.unsqueeze(1))
    values = (clean + noise * torch.randn(n, STEPS, generator=generator)).clamp(0, 1)
    start = torch.randint(STEPS - gap + 1, (n, 1), generator=generator)
    steps = torch.arange(STEPS)
    seen = ((steps < start) | (steps >= start + gap)).float()
    return Waves(as_series(values, seen), y, clean, period, phase, amplitude)


def load_waves() -> Dataset:
    """4,000 training and 1,000 test waves, noisy; y is the family, a number in `classes`.

    Test waves are whole; of the training waves half are, a quarter misses `GAP` steps in a row somewhere, a quarter the last `GAP`: who
    fills gaps and forecasts must have seen both.
    """
    train, test = waves(4000, seed=0), waves(1000, seed=1)
    gap, cut = waves(1000, gap=GAP, seed=2), waves(1000, seed=3)
    x, y = train.x.clone(), train.y.clone()
    x[:1000], y[:1000] = gap.x, gap.y
    x[1000:2000], y[1000:2000] = without_end(cut.x), cut.y
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    return Dataset("waves", Split(x[order], y[order]), Split(test.x, test.y), FAMILIES, "made from a seed", OWN_LICENCE)


def without_end(x: Tensor, steps: int = GAP) -> Tensor:
    """The same series with its end not seen: what a forecast starts from.

    x: (n, all steps, 2), and so is the result.
    steps: how many at the end become zeros.
    """
    cut = x.clone()
    cut[:, -steps:] = 0
    return cut


def heartbeats(
    n: int, *, kinds: Sequence[str] = BEATS, noise: float = 0.015, strength: float = 1.0, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Beats like an electrocardiogram's: x (n, STEPS, 2) and the kind of each (n,), a number in `BEATS`.

    Five bell-shaped waves (P, Q, R, S, T), after McSharry et al. 2003; each beat varies in heights, times and widths and rides on a slow
    drift. Made for teaching: nothing about a patient can be learnt from them.

    n: how many.
    kinds: some of `BEATS`, in equal shares. A premature beat comes 60 to 120 ms early; a wide one has no P, a broad R and a T upside down;
        of the others one thing is changed, by more or by less.
    noise: its σ, on the scale of x.
    strength: how much of the change an abnormal beat has: 1 all of it, 0 none, so that it is a normal one. The lower, the harder it is to
        tell from normal beats.
    seed: the same gives the same beats.
    Raises ValueError for an unknown kind, and for a strength outside 0 to 1.
    """
    unknown = [kind for kind in kinds if kind not in BEATS]
    if unknown or not kinds or n < 1:
        raise ValueError(f"got n = {n} and kinds {tuple(kinds)}, expected at least 1 and some of: {', '.join(BEATS)}.")
    if not 0 <= strength <= 1:
        raise ValueError(f"strength is {strength}, expected a share from 0 to 1 of an abnormal beat's change.")
    generator = torch.Generator().manual_seed(seed)

    def spread(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(n, 1, generator=generator)

    y = torch.tensor([BEATS.index(kind) for kind in kinds])[torch.randperm(n, generator=generator) % len(kinds)]
    premature, wide, raised, inverted = ((y == kind).unsqueeze(1) for kind in range(1, len(BEATS)))
    seconds = BEAT_START + torch.arange(STEPS) / BEATS_PER_SECOND + strength * premature * spread(0.06, 0.12)
    pace, beat = spread(0.92, 1.08), torch.zeros(n, STEPS)
    for name, (height, centre, width) in NORMAL_BEAT.items():
        height = height * spread(0.85, 1.15)
        width = width * spread(0.9, 1.1)
        if name == "P":
            height = height * (1 - strength * wide)
        if name == "R":
            width = torch.where(wide, (1 + 1.5 * strength) * width, width)
        if name == "T":
            turned = (1 - strength) * height - strength * height * spread(0.4, 1.0)
            height = torch.where(wide | inverted, turned, height)
        beat += height * torch.exp(-0.5 * ((seconds - centre * pace) / width) ** 2)
    plateau = torch.sigmoid((seconds - 0.06) / 0.008) * torch.sigmoid((0.20 - seconds) / 0.015)
    beat += strength * raised * spread(0.06, 0.25) * plateau
    drift = spread(0.0, 0.06) * torch.sin(2 * math.pi * (spread(0.2, 0.6) * seconds + spread(0, 1)))
    values = BEAT_OFFSET + BEAT_SCALE * (beat + drift) + noise * torch.randn(n, STEPS, generator=generator)
    return as_series(values.clamp(0, 1)), y


def load_heartbeats() -> Dataset:
    """3,000 normal beats to train on; to test, 800 normal ones and 50 of each abnormal kind. y is the kind, a number in `classes`."""
    train = heartbeats(3000, kinds=BEATS[:1], seed=0)
    normal, abnormal = heartbeats(800, kinds=BEATS[:1], seed=1), heartbeats(200, kinds=BEATS[1:], seed=2)
    test = Split(torch.cat([normal[0], abnormal[0]]), torch.cat([normal[1], abnormal[1]]))
    return Dataset("heartbeats", Split(*train), test, BEATS, "made from a seed", OWN_LICENCE)


def as_series(values: Tensor, seen: Tensor | None = None) -> Tensor:
    """Values, and which of them were seen, as series (n, steps, 2); the unseen become zeros.

    values: (n, steps).
    seen: (n, steps) or what broadcasts to it, 1 or 0; None when all were.
    """
    seen = torch.ones_like(values) if seen is None else seen.to(values.dtype).expand_as(values)
    return torch.stack([values * seen, seen], dim=-1)


def _shapes(y: Tensor, period: Tensor, phase: Tensor) -> Tensor:
    """The six families, each between −1 and 1: (n, STEPS)."""
    t = torch.arange(STEPS)
    turns = t / period + phase
    # The chirp's rate rises linearly from one turn a period to two: turns are its integral.
    chirp = torch.sin(2 * math.pi * (t / period * (1 + t / (2 * STEPS)) + phase))
    sine = torch.sin(2 * math.pi * turns)
    within = turns % 1
    families = torch.stack(
        [
            sine,
            torch.where(within < 0.5, 1.0, -1.0),
            2 * within - 1,
            1 - 4 * (within - 0.5).abs(),
            chirp,
            sine * torch.exp(-math.log(10) * t / STEPS),
        ]
    )
    return families[y, torch.arange(len(y))]
