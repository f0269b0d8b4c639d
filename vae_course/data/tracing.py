"""From pictures to the way of a pen: ink is thinned to lines, the lines are cut at crossings, joined where they go on straight, and walked.

All pictures of a canvas are traced at once, and in whole numbers, so that every machine finds the same strokes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

INK = 128  # of 255: what is at least so bright is ink
AROUND = 2  # pixels to each side that a pixel is compared with
UNIT = 128  # places are counted in such parts of a pixel
AT_ONCE = 1_000  # pictures on a canvas

# In pixels of the canvas, on which pictures are twice as large: narrow loops stay open, and lines can run between pixels.
BRIDGE = 5  # crossings joined by so short a line are one: where two strokes cross, thinning makes two forks
SPUR = 3  # so short a branch was made by thinning, not by a pen
REACH = 10  # a line leaves a crossing in the direction of its point so many pixels on
OVER = 0.02  # how much straighter, as a cosine, a way over a bridge must be than one beside it

NOBODY = -1


@dataclass(frozen=True)
class Paths:
    """Strokes of several pictures, in the order in which they are drawn.

    points: (points, 2), integers, x and y in 1/`UNIT` of a pixel; (0, 0) is the middle of the first pixel.
    stroke: (points,), which stroke each point belongs to, counted from 0 and rising.
    picture: (strokes,), which picture each stroke belongs to, rising.
    """

    points: np.ndarray
    stroke: np.ndarray
    picture: np.ndarray


def trace(pictures: np.ndarray) -> Paths:
    """Strokes that could have drawn each of `pictures` (n, height, width), bytes. Where there is no ink there are none.

    Raises ImportError without scikit-image.
    """
    parts = [_traced(pictures[start : start + AT_ONCE]) for start in range(0, len(pictures), AT_ONCE)]
    strokes = np.cumsum([0, *(len(part.picture) for part in parts)])
    return Paths(
        points=np.concatenate([part.points for part in parts]),
        stroke=np.concatenate([part.stroke + before for part, before in zip(parts, strokes, strict=False)]),
        picture=np.concatenate([part.picture + AT_ONCE * number for number, part in enumerate(parts)]),
    )


def _traced(pictures: np.ndarray) -> Paths:
    lines = thinned(pictures)
    height, width = lines.shape[1:]
    stroke, points = _walked(_cut_and_joined(*_pixels(lines.reshape(-1, width))))
    picture = points[:, 1] // height
    points = points - np.stack([np.ones_like(picture), picture * height + 1], axis=1)
    paths = _ordered(stroke, points * (UNIT // 2) - UNIT // 4, picture)
    return replace(paths, points=_smoothed(paths.stroke, paths.points))


def thinned(pictures: np.ndarray) -> np.ndarray:
    """The lines in the middle of the ink, on pictures twice as large with an empty edge around each: (n, 2 height + 2, 2 width + 2)."""
    try:
        from skimage.morphology import skeletonize
    except ModuleNotFoundError:
        raise ImportError(
            'the data set "strokes" is traced by scikit-image, which is not installed. Run pip install "vae-course[strokes]".'
        ) from None
    ink = np.pad(_ink(pictures), ((0, 0), (1, 1), (1, 1)))
    # One below the other they do not touch, so that thinning all at once thins each as if alone.
    return np.asarray(skeletonize(ink.reshape(-1, ink.shape[2]), method="zhang"), dtype=bool).reshape(ink.shape)


def _ink(pictures: np.ndarray) -> np.ndarray:
    """Where ink is, on pictures twice as large: where brightness, and how far it is above the mean around, make `INK` together.

    So a small loop in a thick line stays open, though its inside is grey.
    """
    bright = pictures.astype(np.int32)
    around = bright
    for axis in (1, 2):
        around = np.add.reduce([_shifted(around, step, axis) for step in range(-AROUND, AROUND + 1)])
    size = (2 * AROUND + 1) ** 2
    large = 2 * size * bright - around
    for axis in (1, 2):  # between the middles of two pixels lie two values, ¾ of the one and ¼ of the other
        pair = [3 * large + _shifted(large, step, axis) for step in (1, -1)]
        large = np.stack(pair, axis=axis + 1).reshape(*(side * (1 + (of == axis)) for of, side in enumerate(large.shape)))
    return large >= 16 * size * INK


def _shifted(values: np.ndarray, step: int, axis: int) -> np.ndarray:
    """The values moved on by `step` along an axis, with zeros behind them."""
    moved, empty = np.roll(values, step, axis), [slice(None)] * values.ndim
    empty[axis] = slice(None, step) if step >= 0 else slice(step, None)
    moved[tuple(empty)] = 0
    return moved


@dataclass(frozen=True)
class _Graph:
    """Points of lines: where they are (n, 2), pairs of neighbours (m, 2), and which are part of a stroke (n,)."""

    places: np.ndarray
    pairs: np.ndarray
    drawn: np.ndarray


def _pixels(lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pixels of lines (height, width): places (n, 2), x and y, and pairs of neighbours (m, 2).

    Two that touch at a corner are no neighbours where a third joins them: so a line that turns is not taken for a crossing.
    """
    flat, width = lines.ravel(), lines.shape[1]
    at = np.flatnonzero(flat)
    number = np.full(flat.size, NOBODY)
    number[at] = np.arange(len(at))
    left, right, below = flat[at - 1], flat[at + 1], flat[at + width]
    steps = {1: right, width: below, width + 1: ~right & ~below, width - 1: ~left & ~below}
    joined = [np.stack([at[allowed], at[allowed] + step], axis=1) for step, allowed in steps.items()]
    pairs = number[np.concatenate(joined)]
    return np.stack([at % width, at // width], axis=1), pairs[pairs[:, 1] != NOBODY]


def _groups(n: int, pairs: np.ndarray) -> np.ndarray:
    """For each of n points the first point of its group: of all that pairs join to it, directly or through others."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    joined = coo_array((np.ones(len(pairs), np.int8), (pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int32))), shape=(n, n))
    label = connected_components(joined, directed=False)[1]
    first = np.full(n, n)
    np.minimum.at(first, label, np.arange(n))
    return first[label]


def _neighbours(n: int, pairs: np.ndarray) -> np.ndarray:
    """The neighbours (n, 2) of points that have at most two, `NOBODY` where there are fewer."""
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    table = np.full((n, 2), NOBODY)
    table[both[:, 0], place_in_group(both[:, 0])] = both[:, 1]
    return table


def first_and_last(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each run of equal numbers begins and ends in `group`, which rises and has none below 0: twice (runs,)."""
    return np.flatnonzero(np.diff(group, prepend=NOBODY)), np.flatnonzero(np.diff(group, append=NOBODY))


def place_in_group(group: np.ndarray) -> np.ndarray:
    """For each entry of `group`, which rises, how many equal ones stand before it."""
    first, last = first_and_last(group)
    return np.arange(len(group)) - np.repeat(first, last - first + 1)


def _onward(neighbours: np.ndarray, here: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The neighbour of `here` that is not `before`."""
    return np.where(neighbours[here, 0] != before, neighbours[here, 0], neighbours[here, 1])


def _cut_and_joined(places: np.ndarray, pairs: np.ndarray) -> _Graph:
    """The lines as strokes: crossings are taken out, and of the branches that end there two and two go on as one, the straightest first.

    Each end at a crossing gets a point of its own there, so that strokes meet.
    """
    n = len(places)
    crossing = np.bincount(pairs.ravel(), minlength=n) >= 3
    how_many = crossing[pairs].sum(axis=1)
    inner, ends = pairs[how_many == 0], pairs[how_many == 1]
    ends = np.where(crossing[ends[:, :1]], ends, ends[:, ::-1])  # the crossing first, then the last point of a branch
    branch = _groups(n, inner)
    length, touching = np.bincount(branch, minlength=n), np.bincount(branch[ends[:, 1]], minlength=n)

    bridge = (touching == 2) & (length <= BRIDGE)
    over = bridge[branch[ends[:, 1]]]
    bridges, ends = ends[over], ends[~over]
    bridges = bridges[np.argsort(branch[bridges[:, 1]], kind="stable")]  # two rows for each, one behind the other
    joined = bridges[:, 0].reshape(-1, 2)
    touch, long = pairs[how_many == 2], length[branch[bridges[::2, 1]]] > SPUR
    near, junction = (_groups(n, np.concatenate([touch, part])) for part in (joined[~long], joined))

    ends = ends[np.lexsort((-length[branch[ends[:, 1]]], junction[ends[:, 0]]))]
    # A short branch is a spur where two longer ones meet; where fewer do, it is how the line ends.
    spur = (touching == 1) & (length <= SPUR)
    dropped = (place_in_group(junction[ends[:, 0]]) >= 2) & spur[branch[ends[:, 1]]]
    gone = bridge.copy()
    gone[branch[ends[dropped, 1]]] = True
    ends = ends[~dropped]
    going_on = _going_on(places, inner, ends, near, junction)

    # A long bridge that nothing goes over is a line of its own, as in an H.
    side = near[ends[going_on, 0]]
    left = np.zeros(n, bool)  # whether something that ends here goes on at another crossing
    left[side[side[:, 0] != side[:, 1]]] = True
    side = near[joined]
    idle = long & (side[:, 0] != side[:, 1]) & ~left[side].all(axis=1)
    idle = bridges[np.repeat(idle, 2)]
    gone[branch[idle[:, 1]]] = False
    ends = np.concatenate([ends, idle])

    drawn = ~crossing & ~gone[branch]
    bare = np.ones(n, bool)
    bare[junction[ends[:, 0]]] = False
    dots = np.flatnonzero(crossing & bare[junction])  # crossings where nothing ends are a blob, of which one point is drawn
    drawn[junction[dots]] = True
    own = n + np.arange(len(ends))
    return _Graph(
        places=np.concatenate([places, places[ends[:, 0]]]),
        pairs=np.concatenate([inner[drawn[inner[:, 0]]], np.stack([own, ends[:, 1]], axis=1), own[going_on]]),
        drawn=np.concatenate([drawn, np.ones(len(ends), bool)]),
    )


def _going_on(places: np.ndarray, inner: np.ndarray, ends: np.ndarray, near: np.ndarray, junction: np.ndarray) -> np.ndarray:
    """Which ends go on as which: pairs (m, 2) of rows of `ends`, which are sorted by their `junction`.

    near, junction: (n,), which points are one crossing without its bridges, and with them.
    """
    n, at = len(places), junction[ends[:, 0]]
    neighbours, before, here = _neighbours(n, inner), np.full(len(ends), NOBODY), ends[:, 1]
    for _ in range(REACH):
        after = _onward(neighbours, here, before)
        before, here = np.where(after == NOBODY, before, here), np.where(after == NOBODY, here, after)
    direction = (places[here] - places[ends[:, 0]]).astype(np.float64)
    row, size = np.arange(len(ends)), np.bincount(at, minlength=1)[at]
    pairs = [np.stack([row[:-gap], row[gap:]], axis=1) for gap in range(1, size.max(initial=1))]
    pairs = np.concatenate([np.zeros((0, 2), np.int64), *pairs])
    pairs = pairs[at[pairs[:, 0]] == at[pairs[:, 1]]]

    two = size[pairs[:, 0]] == 2  # no choice: what meets here is one line
    line = _groups(n, np.concatenate([inner, ends[pairs[two], 1]]))[ends[:, 1]]
    a, b = direction[pairs[:, 0]], direction[pairs[:, 1]]
    # −1 where a line goes straight on. Whole numbers, then one root and one division, which are rounded alike everywhere.
    cosine = (a * b).sum(axis=1) / np.sqrt(np.maximum((a * a).sum(axis=1) * (b * b).sum(axis=1), 1))
    # A line that comes back to where it was is left through another one, so that a pen draws a loop and its tail in one go.
    fit = two | ((cosine <= 0) & (line[pairs[:, 0]] != line[pairs[:, 1]]))
    beside = near[ends[pairs[:, 0], 0]] == near[ends[pairs[:, 1], 0]]
    pairs = pairs[fit][np.lexsort(((cosine - OVER * beside)[fit], at[pairs[fit, 0]]))]
    found, taken = [pairs[:0]], np.zeros(len(ends), bool)
    while len(pairs):
        best = pairs[place_in_group(at[pairs[:, 0]]) == 0]
        found.append(best)
        taken[best] = True
        pairs = pairs[~taken[pairs].any(axis=1)]
    return np.concatenate(found)


def _walked(graph: _Graph) -> tuple[np.ndarray, np.ndarray]:
    """Every stroke from its first point to its last: the number of its stroke (points,), rising, and the points (points, 2).

    A stroke begins at its upper, left end; one that is closed begins at the top, goes to the left and ends where it began.
    """
    n, (x, y) = len(graph.places), graph.places.T
    neighbours, group = _neighbours(n, graph.pairs), _groups(n, graph.pairs)
    is_end = graph.drawn & (neighbours[:, 1] == NOBODY)
    closed = np.ones(n, bool)
    closed[group[is_end]] = False
    closed = closed[group]
    first = np.flatnonzero(is_end | (graph.drawn & closed))
    first = first[np.lexsort((np.where(closed[first], 8 * y[first] - x[first], 2 * y[first] + x[first]), group[first]))]
    start = first[place_in_group(group[first]) == 0]

    one, other = neighbours[start].T
    before = np.where(closed[start], np.where(x[one] > x[other], one, other), NOBODY)
    stroke, here = np.arange(len(start)), start
    steps = [(stroke, here)]
    while len(here):
        after = _onward(neighbours, here, before)
        on = after != NOBODY
        stroke, before, here = stroke[on], here[on], after[on]
        steps.append((stroke, here))
        on = here != start[stroke]
        stroke, before, here = stroke[on], before[on], here[on]
    strokes, points = (np.concatenate(part) for part in zip(*steps, strict=True))
    order = np.argsort(strokes, kind="stable")
    return strokes[order], graph.places[points[order]]


def _ordered(stroke: np.ndarray, points: np.ndarray, picture: np.ndarray) -> Paths:
    """The same strokes picture by picture: first the one that begins highest and furthest to the left, then always the nearest.

    stroke, picture: (points,), which of them each point belongs to.
    """
    begins, ends = first_and_last(stroke)
    first, last, picture = points[begins], points[ends], picture[begins]
    rank, pen = np.zeros(len(first), np.int64), np.zeros((picture.max(initial=0) + 1, 2), np.int64)
    waiting, cost, turn = np.arange(len(first)), 2 * first[:, 1] + first[:, 0], 0
    while len(waiting):
        waiting = waiting[np.lexsort((cost, picture[waiting]))]
        is_next = place_in_group(picture[waiting]) == 0
        chosen, waiting = waiting[is_next], waiting[~is_next]
        rank[chosen], pen[picture[chosen]] = turn, last[chosen]
        cost, turn = ((first[waiting] - pen[picture[waiting]]) ** 2).sum(axis=1), turn + 1
    order = np.lexsort((rank, picture))
    new = np.empty_like(order)
    new[order] = np.arange(len(order))
    by_point = np.argsort(new[stroke], kind="stable")
    return Paths(points[by_point], new[stroke[by_point]], picture[order])


def _smoothed(stroke: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (n, 2), each drawn towards the middle of the two beside it; a stroke's first and last stay."""
    between = np.flatnonzero((stroke[1:-1] == stroke[:-2]) & (stroke[1:-1] == stroke[2:])) + 1
    smooth = points.copy()
    smooth[between] = (points[between - 1] + 2 * points[between] + points[between + 1] + 2) // 4
    return smooth
