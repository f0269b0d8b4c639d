"""Pen strokes: handwritten digits as the way of a pen, step by step, traced from pictures and drawn back into pictures.

A row is one step of the pen, (dx, dy, pen): how far it goes to the right and down, as 0.5 + pixels / `SPAN`, and whether it draws, 1, or is
moved in the air, 0. The pen starts in the middle of the picture. Rows of zeros stand behind the end. Points are in pixels, counted as
`plt.imshow` does: (0, 0) is the middle of the upper left one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from .dataset import Dataset, Split
from .tracing import AT_ONCE, UNIT, Paths, first_and_last, place_in_group, trace

STEPS = 36
SPAN = 32  # pixels from dx = 0 to dx = 1
STEP = 2 * UNIT  # how far the pen goes in a row; where a digit would not fit, further, up to
LONGEST_STEP = 10 * UNIT
SIDE = 28
MIDDLE = (SIDE - 1) / 2
# Of a pen whose pictures are like MNIST's, in pixels: how wide its line is, and how wide the edge over which that fades.
WIDTH = 2.6
SOFT = 1.4
DRAWN_AT_ONCE = 1_000

STILL = 128  # steps are kept as bytes: 128 + eighths of a pixel
EIGHTH = UNIT // 8
IN_THE_MIDDLE = int(8 * MIDDLE)


def steps_to_floats(kept: Tensor) -> Tensor:
    """Steps as they are kept, bytes, as floating-point numbers in [0, 1]: (n, STEPS, 3) → the same. Nothing is rounded."""
    return kept.to(torch.get_default_dtype()) / torch.tensor([8 * SPAN, 8 * SPAN, 1], device=kept.device)


def trace_digits(data: Dataset) -> Dataset:
    """The digits of `data`, MNIST or its stand-in, as steps of a pen; the same splits and labels.

    x: (n, STEPS, 3), rows (dx, dy, pen), of which those that draw are about two pixels long. A digit that does not fit takes longer steps.
        A picture without ink is one step of no length in the air. Of a picture with more strokes than fit, which none of MNIST's has, the
        shortest are left out.
    y: (n,), the digit.

    A stroke begins at its upper, left end and goes straight on where lines cross; a closed one begins at the top and goes to the left.
    After it comes the one that begins nearest. A writer may have done so; what this writer did, a picture does not tell.
    Raises ImportError without scikit-image, ValueError for pictures of another shape than (1, 28, 28).
    """
    if data.input_shape != (1, SIDE, SIDE):
        raise ValueError(f'the pictures of {data.name} are {data.input_shape}, expected (1, {SIDE}, {SIDE}). Give load("mnist").')
    train, test = (Split(_traced(split), split.y, read=steps_to_floats) for split in (data.train, data.test))
    return replace(data, name=f"{data.name}, strokes", train=train, test=test, source=f"{data.source}, traced by the course")


def _traced(split: Split) -> Tensor:
    pictures = (x.mul(255).round_().to(torch.uint8).squeeze(1).cpu().numpy() for x, _ in split.batches(AT_ONCE))
    return torch.from_numpy(np.concatenate([_steps(trace(part), len(part))[0] for part in pictures]))


def to_strokes(x: Tensor) -> list[Tensor]:
    """The strokes of one example (steps, 3): the points (points, 2) of each, x and y in pixels. The pen draws where `pen` is at least ½.

    Raises ValueError for another shape.
    """
    if x.dim() != 2:
        raise ValueError(f"expected one example of shape (steps, 3), got {tuple(x.shape)}. Take one of a batch.")
    points, draws = (part[0] for part in _points(x.unsqueeze(0)))
    strokes = []
    for number in draws.nonzero().squeeze(1).tolist():
        if number == 0 or not draws[number - 1]:
            strokes.append([points[number]])
        strokes[-1].append(points[number + 1])
    return [torch.stack(stroke) for stroke in strokes]


def from_strokes(strokes: Sequence[Tensor | np.ndarray | Sequence[Sequence[float]]]) -> Tensor:
    """Steps (STEPS, 3) that draw `strokes` in their order; without any, one step of no length in the air.

    strokes: the points (points, 2) of each, x and y in pixels, −0.5 to 27.5.
    Raises ValueError for points of another shape or outside of the picture, and for more, or longer, strokes than fit.
    """
    parts = [_as_points(stroke) for stroke in strokes]
    points = np.rint(np.concatenate([np.zeros((0, 2)), *parts]) * UNIT).astype(np.int64)
    number = np.arange(len(parts))
    kept, fits = _steps(Paths(points, np.repeat(number, [len(part) for part in parts]), np.zeros_like(number)), 1)
    if not fits.all():
        raise ValueError(f"{len(parts)} strokes do not fit into {STEPS} steps. Draw fewer of them, or shorter ones.")
    return steps_to_floats(torch.from_numpy(kept))[0]


def _as_points(stroke: Tensor | np.ndarray | Sequence[Sequence[float]]) -> np.ndarray:
    try:
        points = torch.as_tensor(stroke, dtype=torch.float64).cpu().numpy()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"a stroke holds what are no points ({error}), expected rows of x and y. Give a list of strokes.") from error
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        mend = "Give a list of strokes, each of at least one point (x, y)."
        raise ValueError(f"a stroke has the shape {points.shape}, expected (points, 2). {mend}")
    if not (np.abs(points - MIDDLE) <= SIDE / 2).all():
        mend = f"Bring the points to a picture of {SIDE}×{SIDE}."
        raise ValueError(f"a stroke has points from {points.min():g} to {points.max():g}, expected -0.5 to {SIDE - 0.5}. {mend}")
    return points


def draw_strokes(x: Tensor, *, width: float = WIDTH, side: int = SIDE) -> Tensor:
    """Pictures of what the pen draws: (n, steps, 3) → (n, 1, side, side), pixels in [0, 1].

    x: as `split.x` gives it, or as a model does: the pen draws where `pen` is at least ½, and stops at the first row of zeros.
    width: of the pen, in pixels of a picture of 28×28.
    side: of the pictures, in pixels.
    Raises ValueError for another shape, for what is not finite, and when width or side is not above 0.
    """
    if x.dim() != 3:
        raise ValueError(f"expected steps of shape (n, steps, 3), got {tuple(x.shape)}. Give a batch: x.unsqueeze(0) for one example.")
    if not (width > 0 and side >= 1 and side == int(side)):
        raise ValueError(f"width is {width} and side {side}, expected a number above 0 and a whole number of at least 1.")
    scale = side / SIDE
    middles = (torch.arange(int(side), device=x.device) + 0.5) / scale - 0.5
    pixels = torch.cartesian_prod(middles, middles).flip(1)
    drawn = [((width / 2 - pen_distances(part, pixels)) * (scale / SOFT) + 0.5).clamp_(0, 1) for part in x.detach().split(DRAWN_AT_ONCE)]
    return torch.cat(drawn).view(-1, 1, int(side), int(side))


def pen_distances(x: Tensor, places: Tensor) -> Tensor:
    """Pixels from each place to the line that the pen draws: x (n, steps, 3), places (m, 2) → (n, m); ∞ where nothing is drawn."""
    points, draws = _points(x)
    nearest = points.new_full((len(x), len(places)), torch.inf)
    for step in range(x.shape[1]):
        rows = draws[:, step].nonzero().squeeze(1)
        start, end = points[rows, step, None], points[rows, step + 1, None]
        along, away = end - start, places - start
        share = ((away * along).sum(-1) / (along * along).sum(-1).clamp_min(1e-9)).clamp_(0, 1)
        nearest[rows] = torch.minimum(nearest[rows], (away - share.unsqueeze(-1) * along).square().sum(-1))
    return nearest.sqrt_()


def _points(x: Tensor) -> tuple[Tensor, Tensor]:
    """Where the pen is before and after each step (n, steps + 1, 2), and in which it draws (n, steps): x (n, steps, 3)."""
    if x.shape[-1] != 3 or not x.is_floating_point():
        raise ValueError(f"steps are {x.dtype} of shape {tuple(x.shape)}, expected floating-point numbers, (dx, dy, pen) a step.")
    if not x.isfinite().all():
        raise ValueError("some steps are not finite, expected numbers in [0, 1]. Look at the model that wrote them.")
    there = x.any(-1).cumprod(1).bool()
    moves = (x[..., :2].to(torch.promote_types(x.dtype, torch.float32)) - 0.5) * SPAN * there.unsqueeze(-1)
    return torch.nn.functional.pad(moves.cumsum(1), (0, 0, 1, 0)) + MIDDLE, there & (x[..., 2] >= 0.5)


def _steps(paths: Paths, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Steps for n pictures as they are kept (n, STEPS, 3), and which strokes they draw (strokes,)."""
    first, last = first_and_last(paths.stroke)
    squares = (np.diff(paths.points, axis=0, prepend=paths.points[:1]) ** 2).sum(axis=1)
    squares[first] = 0
    way = np.sqrt(squares.astype(np.float64)).astype(np.int64).cumsum()
    length = way[last] - way[first]
    fits, count, air = _rows(length, _eighths(paths.points[first]), _eighths(paths.points[last]), paths.picture, n)

    first, last, length, count, air, picture = (each[fits] for each in (first, last, length, count, air, paths.picture))
    stroke = np.repeat(np.arange(len(first)), air + count)
    place = place_in_group(stroke) + 1 - air[stroke]  # 0 where the pen is set down, 1 and more where it draws
    target = way[first[stroke]] + length[stroke] * np.maximum(place, 0) // count[stroke]
    after = np.clip(np.searchsorted(way, target), first[stroke], last[stroke])
    before = np.maximum(after - 1, first[stroke])
    share, whole = (way[after] - target)[:, None], np.maximum(way[after] - way[before], 1)[:, None]
    points = _eighths(paths.points[after] + (paths.points[before] - paths.points[after]) * share // whole)
    column = place_in_group(picture[stroke])
    halfway = np.flatnonzero(place < 0)  # of a move in the air that is too long for one row
    points[halfway] = (points[halfway] + _from(points, column)[halfway]) // 2
    kept = np.zeros((n, STEPS, 3), np.uint8)
    kept[:, 0, :2] = STILL
    kept[picture[stroke], column] = np.concatenate([STILL + points - _from(points, column), (place > 0)[:, None]], axis=1)
    return kept, fits


def _rows(length: np.ndarray, start: np.ndarray, end: np.ndarray, picture: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which strokes fit, in how many rows each is drawn, and in how many the pen comes to it, one or two: three times (strokes,)."""
    fits, step, air = np.ones(len(length), bool), np.full(n, STEP), np.ones(len(length), np.int64)
    while True:
        count = np.maximum((length + step[picture] // 2) // step[picture], 1)
        chosen = np.flatnonzero(fits)
        move = start[chosen] - _from(end[chosen], place_in_group(picture[chosen]))
        air[chosen] = 1 + (np.abs(move).max(axis=1, initial=0) >= STILL)
        needed = np.zeros(n, np.int64)
        np.add.at(needed, picture[chosen], (count + air)[chosen])
        over = needed > STEPS
        if not over.any():
            return fits, count, air
        coarser = step * 9 // 8
        full = over & (coarser > LONGEST_STEP)
        step = np.where(over & ~full, coarser, step)
        left_out = chosen[full[picture[chosen]]]
        left_out = left_out[np.lexsort((length[left_out], picture[left_out]))]
        fits[left_out[place_in_group(picture[left_out]) == 0]] = False


def _from(points: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Where the pen comes from: the point before, or the middle of the picture where `place` is 0."""
    return np.where(place[:, None] > 0, np.roll(points, 1, axis=0), IN_THE_MIDDLE)


def _eighths(points: np.ndarray) -> np.ndarray:
    return (points + EIGHTH // 2) // EIGHTH
