"""Pen strokes: what was drawn is found again, in an order that a hand could follow, and drawn back it looks like the picture."""

import hashlib
import sys

import numpy as np
import pytest
import torch

from tests.conftest import needs_mnist
from vae_course import checkpoints
from vae_course.data import Dataset, Split, load, tracing
from vae_course.data.strokes import (
    MIDDLE,
    SIDE,
    SPAN,
    STEPS,
    WIDTH,
    draw_strokes,
    from_strokes,
    pen_distances,
    steps_to_floats,
    to_strokes,
    trace_digits,
)

morphology = pytest.importorskip("skimage.morphology", reason="strokes are traced by scikit-image")

ROW, COLUMN = np.mgrid[:SIDE, :SIDE]
GRID = torch.cartesian_prod(torch.arange(float(SIDE)), torch.arange(float(SIDE))).flip(1)  # x and y of each pixel


def bars(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """A picture of white boxes: first and last row, first and last column of each."""
    ink = np.zeros((SIDE, SIDE), bool)
    for top, bottom, left, right in boxes:
        ink[top : bottom + 1, left : right + 1] = True
    return 255 * ink


def ring(row: float, column: float, radius: float) -> np.ndarray:
    return 255 * (abs(np.hypot(ROW - row, COLUMN - column) - radius) <= 1.2)


EMPTY = bars()
PLUS = bars((4, 23, 13, 15), (13, 15, 4, 23))
TWO_BARS = bars((5, 22, 18, 20), (5, 22, 6, 8))
DOT = bars((20, 22, 5, 7))
RING = ring(13, 14, 8)
TURN = np.linspace(0, 2 * np.pi, 400)
EIGHT = 255 * (np.hypot(ROW[..., None] - 13.5 + 9 * np.cos(TURN), COLUMN[..., None] - 14 - 5 * np.sin(2 * TURN)).min(-1) <= 1.2)
H = bars((4, 23, 10, 10), (4, 23, 13, 13), (13, 13, 10, 13))
LOOP_AND_TAIL = np.maximum(ring(17, 14, 6), bars((3, 11, 13, 14)))
NINE = np.maximum(ring(9, 13, 5), bars((9, 25, 17, 19)))
ALL = (EMPTY, PLUS, TWO_BARS, DOT, RING, EIGHT, H, NINE, LOOP_AND_TAIL)


def traced(*pictures: np.ndarray) -> Split:
    split = Split(torch.from_numpy(np.stack(pictures)).unsqueeze(1) / 255, torch.zeros(len(pictures)).long())
    return trace_digits(Dataset("pictures", split, split, ("0",), "made for tests")).test


def strokes_of(picture: np.ndarray) -> list[torch.Tensor]:
    return to_strokes(traced(picture).x[0])


def near(point: torch.Tensor, x: float, y: float, within: float = 1.0) -> bool:
    return bool((point - torch.tensor([x, y])).norm() <= within)


def test_a_plus_sign_is_two_strokes_straight_through_the_crossing():
    down, across = strokes_of(PLUS)
    assert near(down[0], 14, 5, 1.5)
    assert near(down[-1], 14, 22, 1.5)
    assert (down[:, 0] - 14).abs().max() < 1
    assert (across[:, 1] - 14).abs().max() < 1
    assert across[0, 0] < 6
    assert across[-1, 0] > 21


def test_a_ring_begins_at_its_top_goes_to_the_left_and_ends_where_it_began():
    (line,) = strokes_of(RING)
    assert near(line[0], 16, 5, 2)
    assert torch.equal(line[0], line[-1])
    assert line[len(line) // 4, 0] < 9
    radius = (line - torch.tensor([14.0, 13.0])).norm(dim=1)
    assert (radius - 8).abs().max() < 1


def test_an_eight_is_drawn_in_one_go_and_a_nine_too():
    (line,) = strokes_of(EIGHT)
    assert torch.equal(line[0], line[-1])
    assert line[0, 1] < 5
    middle = line[(line - torch.tensor([14.0, 13.5])).norm(dim=1) < 4]
    down, up = middle.chunk(2)  # straight on where it crosses itself: to the other side both times
    for way in (down, up):
        assert ((way[0] - 14)[0] * (way[-1] - 14)[0] < 0).all()
        assert (way[-1] - way[0])[1].abs() > 3
    (line,) = strokes_of(NINE)
    assert line[-1, 1] > 23
    assert line.diff(dim=0).norm(dim=1).sum().item() == pytest.approx(2 * np.pi * 5 + 25 - 12, abs=3)  # the loop, then down


def test_two_bars_are_two_strokes_from_the_top_the_left_one_first():
    left, right = strokes_of(TWO_BARS)
    assert near(left[0], 7, 6, 1.5)
    assert near(right[0], 19, 6, 1.5)
    assert left[-1, 1] > 20
    assert right[-1, 1] > 20


def test_a_short_bar_between_two_lines_is_kept():
    x = traced(H).x
    assert len(to_strokes(x[0])) == 3
    assert pen_distances(x, torch.tensor([[11.5, 13.0]])) < 0.5


def test_a_loop_and_its_tail_are_drawn_in_one_go():
    (line,) = strokes_of(LOOP_AND_TAIL)
    assert near(line[0], 13.5, 4, 1.5)
    assert near(line[-1], 13.5, 11, 1.5)


def test_branches_that_part_at_a_sharp_angle_are_not_one_stroke():
    fork = np.zeros((SIDE, SIDE), int)  # one line down, with a branch to the left and one to the right of its upper half
    rows = np.arange(4, 14)
    for column in (14 + 0 * rows, 14 - (14 - rows) // 2, 14 + (14 - rows) // 2):
        fork[rows, column] = 255
    fork[13:25, 14] = 255
    lines = tracing._pixels(np.pad(fork > 0, 1))
    stroke, points = tracing._walked(tracing._cut_and_joined(*lines))
    assert stroke.max() == 2
    assert np.ptp(points[stroke == stroke[points[:, 1].argmax()]][:, 1]) == 20  # the line goes straight down past both


def test_a_blob_of_crossings_is_a_dot():
    blob = np.zeros((9, 9), bool)
    blob[3:6, 3:6] = True
    stroke, points = tracing._walked(tracing._cut_and_joined(*tracing._pixels(blob)))
    assert stroke.tolist() == [0]
    assert abs(points - 4).max() <= 1


def test_a_dot_is_set_down_where_it_is():
    (dot,) = strokes_of(DOT)
    assert ((dot - torch.tensor([6.0, 21.0])).norm(dim=1) <= 1).all()
    assert draw_strokes(traced(DOT).x)[0, 0, 21, 6] == 1


def test_a_picture_without_ink_is_one_step_of_no_length_in_the_air():
    x = traced(EMPTY).x
    assert x[0, 0].tolist() == [0.5, 0.5, 0.0]
    assert not x[0, 1:].any()
    assert to_strokes(x[0]) == []
    assert not draw_strokes(x).any()
    assert torch.equal(from_strokes([]), x[0])


def test_all_at_once_gives_what_one_by_one_gives(monkeypatch):
    noise = np.random.RandomState(0).randint(0, 256, (4, SIDE, SIDE), dtype=np.int64)
    pictures = [*ALL, *noise]
    together = traced(*pictures).kept
    assert torch.equal(together, torch.cat([traced(one).kept for one in pictures]))
    monkeypatch.setattr(tracing, "AT_ONCE", 5)
    assert torch.equal(together, traced(*pictures).kept)
    lines = tracing.thinned(np.stack(pictures).astype(np.uint8))
    one_by_one = [morphology.skeletonize(tracing._ink(picture[None].astype(np.uint8))[0]) for picture in pictures]
    assert np.array_equal(lines[:, 1:-1, 1:-1], np.stack(one_by_one))


def test_ink_at_the_edges_neither_wraps_around_nor_reaches_the_next_picture():
    frame = bars((0, 27, 0, 0), (0, 27, 27, 27), (0, 0, 0, 27), (27, 27, 0, 27))
    x = traced(frame, frame).x
    (line,) = to_strokes(x[0])
    assert torch.equal(x[0], x[1])
    assert line.diff(dim=0).norm(dim=1).sum() > 4 * 24
    assert line.aminmax().min >= -0.5
    assert line.aminmax().max <= SIDE - 0.5


def test_what_is_kept_is_exact_and_its_end_told_from_its_steps():
    split = traced(*ALL)
    assert split.kept.dtype == torch.uint8
    assert split.x.shape == (len(ALL), STEPS, 3)
    assert 0 <= split.x.min() <= split.x.max() <= 1
    assert torch.equal((split.x * torch.tensor([8 * SPAN, 8 * SPAN, 1])).to(torch.uint8), split.kept)
    for steps in split.x:
        there = steps.any(-1)
        assert there[: int(there.sum())].all()  # rows of zeros stand behind the end alone
        assert (steps[there][:, :2] > 0).all()
        assert steps[0, 2] == 0


def test_the_first_row_leads_from_the_middle_to_where_the_pen_is_set_down():
    x = traced(TWO_BARS).x[0]
    assert torch.equal(MIDDLE + (x[0, :2] - 0.5) * SPAN, to_strokes(x)[0][0])


def test_noise_fits_as_well_and_no_step_is_longer_than_a_byte_can_tell():
    noise = np.random.RandomState(1).randint(0, 256, (8, SIDE, SIDE), dtype=np.int64)
    maze = np.where((ROW % 4 < 2) | (COLUMN < 2), 255, 0)
    split = traced(*noise, maze)
    assert split.kept.any(-1).sum(1).max() <= STEPS
    for steps in split.x:
        for line in to_strokes(steps):
            assert line.min() >= -0.5
            assert line.max() <= SIDE - 0.5


def test_the_stand_in_digits_can_be_traced():
    data = load("digits").subset(train=50, test=50)
    strokes = trace_digits(data)
    assert (len(strokes.train), len(strokes.test), strokes.input_shape) == (50, 50, (STEPS, 3))
    assert torch.equal(strokes.test.y, data.test.y)
    assert strokes.classes == tuple("0123456789")
    assert "scikit-learn" in strokes.source
    on_ink = [data.test.x[i, 0][line.round().long().unbind(1)[::-1]] for i, x in enumerate(strokes.test.x) for line in to_strokes(x)]
    assert (torch.cat(on_ink) > 0.4).float().mean() > 0.97


def test_lines_survive_the_way_to_steps_and_back():
    angle = torch.linspace(0, 5, 90)
    arc = torch.stack([14 + 9 * angle.cos(), 13 + 9 * angle.sin()], dim=1)
    lines = [arc, [(1.0, 2.0), (26.0, 2.0)], np.array([[20.0, 25.0]])]
    x = from_strokes(lines)
    back = to_strokes(x)
    assert len(back) == 3
    for line, found in zip(lines, back, strict=True):
        line = torch.as_tensor(line, dtype=torch.float32)
        assert near(found[0], *line[0].tolist(), 0.1)
        assert near(found[-1], *line[-1].tolist(), 0.1)
    assert ((back[0] - torch.tensor([14.0, 13.0])).norm(dim=1) - 9).abs().max() < 0.15
    lengths = back[0].diff(dim=0).norm(dim=1)
    assert lengths.max() - lengths.min() < 0.25
    assert lengths.mean().item() == pytest.approx(2, abs=0.25)
    assert torch.equal(x[x.any(-1)][-1], torch.tensor([0.5, 0.5, 1.0]))  # a dot: a step of no length that draws


def test_a_move_from_corner_to_corner_takes_two_rows():
    x = from_strokes([[(0.0, 0.0), (2.0, 0.0)], [(27.0, 27.0), (25.0, 27.0)]])
    assert x[x.any(-1)][:, 2].tolist() == [0, 1, 0, 0, 1]
    assert near(to_strokes(x)[1][0], 27, 27, 0.1)


def test_what_does_not_fit_in_steps_of_two_pixels_takes_longer_ones():
    zigzag = [(float(27 * (number % 2)), float(3 * number)) for number in range(8)]
    (line,) = to_strokes(from_strokes([zigzag]))
    lengths = line.diff(dim=0).norm(dim=1)
    assert len(line) <= STEPS
    assert lengths[0] > 4
    assert near(line[-1], *zigzag[-1], 0.1)


def test_a_line_is_drawn_as_wide_as_the_pen():
    x = from_strokes([[(4.0, 10.0), (23.0, 10.0)]]).unsqueeze(0)
    column = draw_strokes(x, width=4)[0, 0, :, 14]
    assert column.sum().item() == pytest.approx(4, abs=0.05)
    assert column[10] == 1
    assert column[[6, 14]].tolist() == [0, 0]
    larger = draw_strokes(x, side=280)
    assert larger.shape == (1, 1, 280, 280)
    assert larger.sum().item() / 100 == pytest.approx(19 * WIDTH + 3.14 * WIDTH**2 / 4, rel=0.02)
    rows = larger[0, 0, :, 140].nonzero().squeeze(1).float()
    assert ((rows.mean() + 0.5) / 10 - 0.5).item() == pytest.approx(10, abs=0.05)


def test_what_a_model_writes_can_be_drawn():
    x = from_strokes([[(4.0, 10.0), (23.0, 10.0)], [(4.0, 20.0), (23.0, 20.0)]])
    unsure = x.clone()
    unsure[..., 2] = torch.where(x[..., 2] == 1, 0.5, 0.49) * x.any(-1)
    assert torch.equal(draw_strokes(unsure.unsqueeze(0)), draw_strokes(x.unsqueeze(0)))
    ended = x.clone()
    ended[3] = 0  # nothing behind a row of zeros counts
    assert to_strokes(ended)[0].shape == (3, 2)
    assert len(to_strokes(ended)) == 1
    assert draw_strokes(torch.rand(3, 50, 3)).shape == (3, 1, SIDE, SIDE)
    assert draw_strokes(torch.zeros(2, STEPS, 3).half()).sum() == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_strokes(torch.rand(STEPS, 3)), r"got \(36, 3\). Give a batch"),
        (lambda: draw_strokes(torch.rand(2, STEPS, 4)), r"torch.float32 of shape \(2, 36, 4\), expected floating-point numbers, \(dx"),
        (lambda: draw_strokes(torch.zeros(2, STEPS, 3, dtype=torch.uint8)), "steps are torch.uint8"),
        (lambda: draw_strokes(torch.full((2, STEPS, 3), torch.nan)), "some steps are not finite"),
        (lambda: draw_strokes(torch.rand(2, STEPS, 3), width=0), "width is 0 and side 28"),
        (lambda: draw_strokes(torch.rand(2, STEPS, 3), side=27.5), "side 27.5, expected .* a whole number"),
        (lambda: to_strokes(torch.rand(2, STEPS, 3)), "Take one of a batch"),
        (lambda: from_strokes([(1.0, 2.0), (3.0, 4.0)]), r"a stroke has the shape \(2,\), expected \(points, 2\). Give a list"),
        (lambda: from_strokes([[]]), r"a stroke has the shape \(0,\)"),
        (lambda: from_strokes(["abc"]), "what are no points"),
        (lambda: from_strokes([[(0.0, 99.0)]]), "points from 0 to 99, expected -0.5 to 27.5"),
        (lambda: from_strokes([[(0.0, float("nan"))]]), "expected -0.5 to 27.5"),
        (lambda: from_strokes([[(float(i), 3.0)] for i in range(20)]), "20 strokes do not fit into 36 steps"),
        (lambda: from_strokes([20 * [(0.0, 0.0), (27.0, 27.0)]]), "1 strokes do not fit"),
        (lambda: traced(np.zeros((32, 32), int)), r"the pictures of pictures are \(1, 32, 32\), expected \(1, 28, 28\)"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_without_scikit_image_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.morphology", None)
    with pytest.raises(ImportError, match=r'traced by scikit-image, which is not installed. Run pip install "vae-course\[strokes\]"'):
        traced(PLUS)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("mnist").subset(train=1, test=1_000)


@pytest.fixture(scope="module")
def strokes(digits) -> Split:
    return trace_digits(digits).test


@needs_mnist
def test_strokes_pass_the_skeleton_of_the_ink_and_keep_to_the_ink(digits, strokes):
    ink = digits.test.x[:, 0] >= 0.5
    skeleton = torch.from_numpy(np.stack([morphology.skeletonize(one) for one in ink.numpy()])).flatten(1)
    distance = torch.cat([pen_distances(part, GRID) for part in strokes.x.split(250)])

    def passed(distance):
        return ((distance <= 1) & skeleton).sum(1) / skeleton.sum(1)

    assert (passed(distance) >= 0.9).float().mean() >= 0.95
    assert (passed(distance.roll(1, 0)) >= 0.9).float().mean() < 0.1  # another digit's strokes do not
    # Of the pixels whose middle the line passes within half a pixel, nearly all are ink.
    on_line = distance <= 0.5
    assert (on_line & ink.flatten(1)).sum() / on_line.sum() >= 0.95


@needs_mnist
def test_a_classifier_that_never_saw_strokes_reads_the_drawings_nearly_as_well(digits, strokes):
    reader = checkpoints.pretrained("classifier-mnist", device="cpu")
    originals, drawings = ((reader.classify(x).argmax(1) == digits.test.y).float().mean() for x in (digits.test.x, draw_strokes(strokes.x)))
    assert originals > 0.98
    assert drawings > originals - 0.015


@needs_mnist
def test_digits_are_drawn_in_few_strokes_of_steps_of_two_pixels(strokes):
    kept = strokes.kept
    assert kept.any(-1).sum(1).max() <= STEPS
    begun = (kept[:, 1:, 2] > kept[:, :-1, 2]).sum(1)
    assert begun.min() >= 1
    assert begun.float().mean() < 1.6
    lengths = torch.cat([line.diff(dim=0).norm(dim=1) for x in strokes.x for line in to_strokes(x) if len(line) > 3])
    assert lengths.median().item() == pytest.approx(2, abs=0.15)
    zeros = strokes.x[strokes.y == 0]
    closed = [len(lines) == 1 and (lines[0][0] - lines[0][-1]).norm() < 3 for lines in map(to_strokes, zeros)]
    assert sum(closed) / len(closed) > 0.7


@needs_mnist
def test_every_machine_traces_the_same_strokes(strokes):
    assert hashlib.sha256(strokes.kept.numpy().tobytes()).hexdigest()[:16] == "35d84cf78bff56ef"


def test_steps_are_read_in_the_precision_that_is_asked_for():
    kept = torch.tensor([[[128, 130, 1]]], dtype=torch.uint8)
    assert steps_to_floats(kept).tolist() == [[[0.5, 130 / 256, 1.0]]]
    assert steps_to_floats(kept).dtype == torch.get_default_dtype()
