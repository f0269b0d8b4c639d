"""Faces: the same bytes everywhere, each attribute to be seen and nothing else moved by it, no face in both splits."""

import hashlib
import math

import numpy as np
import pytest
import torch

from vae_course.data.dataset import bytes_to_pixels
from vae_course.data.face_canvas import FULL, PIXEL, SIDE, UNIT, Frame, Picture, rgb
from vae_course.data.face_look import HAIR, VARIATION, vary
from vae_course.data.faces import FACE_ATTRIBUTES, draw_faces, face_traversal, faces, turning_face
from vae_course.data.faces import with_level as faces_with_level

COUNTS = [len(levels) for levels in FACE_ATTRIBUTES.values()]
# Of faces(train=200, test=50): whoever changes a stroke changes these, and then the stored figures of every page with faces in it.
TRAIN = "8af3c75145c9236493599fab3f1e87046adc58cd311428a3c1ef1e9816e5daa7"
TEST = "dfbc89091cb6091a971d54e5cca779d5b916646e07526ed6b71758f95cad2df5"


@pytest.fixture(scope="module")
def few():
    return faces(train=200, test=50)


def with_level(y: torch.Tensor, **levels: str) -> torch.Tensor:
    """The same attributes but for those named, underscores for blanks."""
    y = y.clone()
    for name, level in levels.items():
        name = name.replace("_", " ")
        y[:, list(FACE_ATTRIBUTES).index(name)] = FACE_ATTRIBUTES[name].index(level)
    return y


def centre_across(weights: torch.Tensor) -> torch.Tensor:
    """How far from the left (n, height, width) weights lie on average, in pixels."""
    return (weights.sum(1) * (torch.arange(weights.shape[2]) + 0.5)).sum(1) / weights.sum((1, 2))


def test_a_data_set_is_small_portraits_with_the_levels_of_their_attributes(few):
    assert few.name == "faces"
    assert few.train.kept.shape == (200, 3, 64, 64)
    assert few.train.kept.dtype == torch.uint8
    assert few.train.y.shape == (200, 10)
    assert few.train.y.dtype == torch.int64
    assert few.classes == tuple(FACE_ATTRIBUTES)
    assert few.train.head(5).x.min() >= 0
    assert 0.9 < few.train.x.max() <= 1
    for column, count in zip(few.train.y.T, COUNTS, strict=True):
        assert column.unique().tolist() == list(range(count))


def test_the_bytes_are_those_of_every_other_machine(few):
    assert hashlib.sha256(few.train.kept.numpy().tobytes()).hexdigest() == TRAIN
    assert hashlib.sha256(few.test.kept.numpy().tobytes()).hexdigest() == TEST


def test_the_seed_decides_and_more_faces_begin_with_the_same(few):
    fewer, other = faces(train=20, test=10), faces(train=20, test=10, seed=1)
    assert torch.equal(fewer.train.kept, few.train.kept[:20])
    assert torch.equal(fewer.test.y, few.test.y[:10])
    assert not (other.train.kept == fewer.train.kept).flatten(1).all(1).any()


def test_no_face_is_drawn_twice_in_one_split_or_the_other(few):
    everyone = [row.numpy().tobytes() for split in (few.train, few.test) for row in split.kept]
    assert len(set(everyone)) == 250
    train, test = (vary(np.arange(10_000), seed) for seed in (0, 1))
    seen = set(zip(*(train[name].tolist() for name in VARIATION), strict=True))
    assert seen.isdisjoint(zip(*(test[name].tolist() for name in VARIATION), strict=True)), (
        "whatever their attributes, test faces are others"
    )


def test_levels_are_drawn_evenly_and_attributes_independently():
    y = torch.from_numpy(np.random.RandomState([0, 1]).randint(0, 1 << 16, size=(10_000, 10), dtype=np.int64)) * torch.tensor(COUNTS) >> 16
    assert torch.equal(faces(train=30, test=1).train.y, y[:30])
    for column, count in zip(y.T, COUNTS, strict=True):
        spread = math.sqrt(10_000 * (count - 1)) / count
        assert (column.bincount() - 10_000 / count).abs().max() < 4 * spread
    correlation = torch.corrcoef(y.T.double()) - torch.eye(10)
    assert correlation.abs().max() < 0.04


def test_attributes_and_numbers_draw_the_faces_again(few):
    torch.testing.assert_close(draw_faces(few.train.y[:40]), few.train.x[:40], rtol=0, atol=0)
    rows = torch.tensor([7, 3, 3])
    torch.testing.assert_close(draw_faces(few.test.y[rows], rows=rows, seed=1), few.test.x[rows], rtol=0, atol=0)
    assert draw_faces(few.train.y[:0]).shape == (0, 3, 64, 64)


# Where a change of this attribute may be seen: top, bottom, left and right of a box that holds it wherever the head is, and the largest
# share of a picture that it may change.
REGIONS = {
    "smile": (34, 54, 14, 50, 0.05),
    "gaze": (24, 40, 14, 50, 0.05),
    "beard": (24, 58, 9, 55, 0.15),
    "glasses": (20, 44, 10, 54, 0.15),
    "hat": (0, 50, 2, 62, 0.4),
    "hair": (0, 64, 0, 64, 0.6),
    "skin": (6, 64, 6, 58, 0.35),
    "hair colour": (0, 64, 0, 64, 0.5),
}


@pytest.mark.parametrize("name", FACE_ATTRIBUTES)
def test_each_level_is_seen_on_every_face_and_changes_nothing_else(few, name):
    column, count = list(FACE_ATTRIBUTES).index(name), len(FACE_ATTRIBUTES[name])
    y, was = few.train.y[:30], few.train.x[:30]
    for step in range(1, count):
        changed = y.clone()
        changed[:, column] = (y[:, column] + step) % count
        difference = (draw_faces(changed) - was).abs()
        assert difference.sum((1, 2, 3)).min() > 4, "a level that cannot be told from another"
        if name in REGIONS:
            top, bottom, left, right, share = REGIONS[name]
            moved = difference.amax(1) > 0
            assert moved.float().mean((1, 2)).max() < share
            moved[:, top:bottom, left:right] = False
            assert not moved.any()


def test_left_is_left_in_gaze_and_turn(few):
    """Irises are dark: where it is darker than with the other gaze there is one. A mouth is found by opening it."""
    y = with_level(few.train.y[:30], turn="ahead", hair="short", glasses="none", hat="none")
    left, right = (draw_faces(with_level(y, gaze=side)).mean(1) for side in ("left", "right"))
    assert (centre_across((left - right).clamp_min(0)) - centre_across((right - left).clamp_min(0))).min() > 1
    places = []
    for side in FACE_ATTRIBUTES["turn"]:
        shut, laughing = (draw_faces(with_level(y, turn=side, smile=smile)) for smile in ("neutral", "laughing"))
        places.append(centre_across((laughing - shut).abs().sum(1)))
    for steps in (places[1] - places[0], places[2] - places[1]):
        assert steps.min() > 3
        assert steps.max() < 8


def test_a_smile_turns_the_corners_of_the_mouth_up(few):
    """In the mouth's rows, what is darker in a smile than in a frown lies lower in the middle than at its sides."""
    y = with_level(few.train.y[:40], turn="ahead", hair="short", beard="none", glasses="none")
    smiling, frowning = (draw_faces(with_level(y, smile=smile)).mean(1) for smile in ("smiling", "frowning"))
    middle = centre_across((smiling - frowning).abs())
    away = (torch.arange(SIDE) + 0.5 - middle.unsqueeze(1)).abs().unsqueeze(1)
    down = torch.arange(SIDE).view(1, SIDE, 1) + 0.5
    dark = (frowning - smiling).clamp_min(0)
    inner, outer = ((dark * part * down).sum((1, 2)) / (dark * part).sum((1, 2)) for part in (away < 2, away > 3.5))
    assert (inner - outer).min() > 0.5


def test_skins_are_in_their_order_and_hair_has_its_colour(few):
    y = with_level(few.train.y[:40], beard="none", glasses="none", hat="none")
    brightness = torch.stack([draw_faces(with_level(y, skin=skin)).mean((1, 2, 3)) for skin in FACE_ATTRIBUTES["skin"]])
    assert (brightness.diff(dim=0) < 0).all()
    drawn = torch.stack([draw_faces(with_level(y, hair_colour=colour)) for colour in FACE_ATTRIBUTES["hair colour"]])
    hair = (drawn.amax(0) - drawn.amin(0)).sum(1, keepdim=True) > 0.9
    found = (drawn * hair).sum((3, 4)) / hair.sum((2, 3))
    nearest = torch.cdist(found, torch.from_numpy(HAIR / 255).float()).argmin(2)
    assert torch.equal(nearest, torch.arange(5).unsqueeze(1).expand(5, 40))


def test_a_thumbnail_is_enough_to_read_what_is_large():
    """A linear rule by least squares on 16 × 16 pixels in colour, learnt from 600 faces, asked about 200 others."""
    data = faces(train=600, test=200)
    train, test = (torch.nn.functional.avg_pool2d(split.x, 4).flatten(1).double() for split in (data.train, data.test))
    train, test = (torch.cat([x, torch.ones(len(x), 1)], dim=1) for x in (train, test))
    for name, at_least in (("hat", 0.95), ("turn", 0.9), ("hair", 0.9), ("skin", 0.7)):
        column = list(FACE_ATTRIBUTES).index(name)
        wanted = torch.nn.functional.one_hot(data.train.y[:, column]).double()
        weights = torch.linalg.solve(train.T @ train + torch.eye(train.shape[1]), train.T @ wanted)
        assert ((test @ weights).argmax(1) == data.test.y[:, column]).double().mean() > at_least


def test_a_traversal_is_one_face_with_each_level():
    for name, levels in FACE_ATTRIBUTES.items():
        row = face_traversal(name, row=4, seed=2)
        assert row.shape == (len(levels), 3, 64, 64)
    y = torch.tensor([0, 2, 0, 2, 3, 3, 4, 1, 1, 0])
    hats = face_traversal("hat", y=y, row=1)
    torch.testing.assert_close(hats[:1], draw_faces(y.expand(2, -1))[1:], rtol=0, atol=0)
    assert y[-1] == 0, "what was given is left as it was"


def frame(x: float, y: float, *, size: float = 1, roll: int = 0) -> Frame:
    """A frame at (x, y) pixels for one picture."""
    return Frame(*(np.array([int(value)], dtype=np.int32) for value in (x * PIXEL, y * PIXEL, size * PIXEL * (1 << UNIT) / 100, roll)))


@pytest.mark.parametrize(("a", "b", "roll"), [(1000, 1500, 0), (1500, 600, 90), (200, 250, -90), (60, 60, 0)])
def test_an_oval_covers_an_ovals_area_around_its_middle(a, b, roll):
    cover = frame(30.3, 33.6, roll=roll).oval(a, b).full()[:, :, 0] / FULL
    assert cover.max() <= 1
    assert cover.sum() == pytest.approx(math.pi * a * b / 1e4, rel=0.02, abs=0.05)
    middles = np.arange(SIDE) + 0.5
    assert (cover.sum(0) * middles).sum() / cover.sum() == pytest.approx(30.3, abs=0.05)
    assert (cover.sum(1) * middles).sum() / cover.sum() == pytest.approx(33.6, abs=0.05)


def test_edges_between_pixels_cover_their_share():
    here = frame(10, 20)
    upright = here.stripe(0 * here.down, 150, abs(here.down) < 100).full()[:, :, 0]
    assert upright[19:21, 8:12].ravel().tolist() == pytest.approx([FULL // 2, FULL, FULL, FULL // 2] * 2, abs=FULL / PIXEL)
    assert upright.sum() == pytest.approx(6 * FULL, abs=2 * FULL / PIXEL)
    across = here.columns(100, 0 * here.across - 150, 0 * here.across + 150).full()[:, :, 0]
    assert (across.T[9:11, 18:22] == upright[19:21, 8:12]).all()
    assert across.sum() == upright.sum()


def test_paint_covers_by_its_share_and_nothing_leaves_the_scale():
    picture, here = Picture(1), frame(32, 32)
    picture.paint(here.oval(9000, 9000), rgb(255, 255, 255))
    assert (picture.bytes() == 255).all()
    picture.paint(here.oval(9000, 9000).faint(FULL // 2), rgb(0, 55, 255))
    assert picture.bytes()[0, :, 5, 5].tolist() == [128, 155, 255]
    picture.shade(here.oval(9000, 9000), (0, 128, 256))
    assert picture.bytes()[0, :, 5, 5].tolist() == pytest.approx([0, 78, 255], abs=2)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: faces(train=0), "asked for 0 \\+ 2,000 faces, expected at least 1 of each"),
        (lambda: faces(test=0), "asked for 10,000 \\+ 0 faces"),
        (lambda: faces(train=1, test=1, seed=-1), "seed is -1, expected a whole number from 0"),
        (lambda: draw_faces(torch.zeros(4, 9, dtype=torch.int64)), r"expected integers of shape \(n, 10\) for smile, gaze"),
        (lambda: draw_faces(torch.zeros(4, 10)), "got torch.float32"),
        (lambda: draw_faces(torch.full((1, 10), 4)), "smile has levels 0 to 3, got 4 to 4"),
        (lambda: draw_faces(-torch.ones(1, 10, dtype=torch.int64)), "smile has levels 0 to 3, got -1 to -1"),
        (lambda: draw_faces(torch.zeros(2, 10, dtype=torch.int64), rows=torch.tensor([0])), "expected 2 whole numbers from 0 on"),
        (lambda: draw_faces(torch.zeros(1, 10, dtype=torch.int64), rows=torch.tensor([-1])), "expected 1 whole numbers from 0 on"),
        (lambda: face_traversal("mood"), "unknown attribute 'mood', expected one of: smile, gaze"),
        (lambda: face_traversal("hat", y=torch.zeros(9, dtype=torch.int64)), r"y is of shape \(9,\), expected \(10,\)"),
        (lambda: face_traversal("hat", y=torch.zeros(2, 10, dtype=torch.int64)), r"y is of shape \(2, 10\), expected \(10,\)"),
        (lambda: face_traversal("hat", y=torch.full((10,), 4)), "smile has levels 0 to 3, got 4 to 4"),
    ],
)
def test_what_cannot_be_drawn_is_refused(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()


def test_faces_are_read_as_all_bytes_are(few):
    x, y = few.test.rows(torch.tensor([4, 2]))
    assert torch.equal(x, bytes_to_pixels(few.test.kept[[4, 2]]))
    assert torch.equal(y, few.test.y[[4, 2]])


def test_one_level_is_changed_and_the_others_are_kept(few):
    y = few.test.y[:4]
    changed = faces_with_level(y, "glasses", "glasses")
    assert (changed[:, 8] == 1).all()
    assert torch.equal(changed[:, :8], y[:, :8])
    assert not torch.equal(y, changed)
    with pytest.raises(ValueError, match="expected one of: none, glasses"):
        faces_with_level(y, "glasses", "monocle")


def test_a_turning_face_goes_from_left_to_right_and_stays_itself(few):
    y = few.test.y[3]
    x, attributes = turning_face(y, row=3, frames=9, seed=1)
    assert x.shape == (9, 3, 64, 64)
    assert attributes[:, 2].tolist() == sorted(attributes[:, 2].tolist())
    assert attributes[:, 2].unique().tolist() == [0, 1, 2]
    assert torch.equal(attributes[:, [0, 1, *range(3, 10)]], y[[0, 1, *range(3, 10)]].expand(9, -1))
    steps = (x[1:] - x[:-1]).abs().mean((1, 2, 3))
    assert steps.max() < 0.6 * (x[-1] - x[0]).abs().mean()
    with pytest.raises(ValueError, match="at least 2"):
        turning_face(y, frames=1)
