"""Sprites: what was asked for is what is drawn, all combinations can be had, and no picture is in both splits."""

import importlib
import math

import pytest
import torch

from vae_course.data import SPRITE_FACTORS, draw_sprite, draw_sprites, load, sprite_factors, sprite_traversal, sprites
from vae_course.data.sprites import RADIUS, SIDE, SPRITE_COLOURS

sprite_module = importlib.import_module("vae_course.data.sprites")  # the package has a function of that name


@pytest.fixture(scope="module")
def few():
    return sprites(train=3000, test=1000)


def centre(image: torch.Tensor) -> tuple[float, float]:
    """The centre of mass, in pixels from the left and from the top."""
    middle = torch.arange(SIDE) + 0.5
    grey = image.sum(0)
    return ((grey.sum(0) * middle).sum() / grey.sum()).item(), ((grey.sum(1) * middle).sum() / grey.sum()).item()


def spread(image: torch.Tensor) -> torch.Tensor:
    """The covariance matrix of where the white lies, in pixels: (2, 2), across first."""
    middle = torch.arange(SIDE) + 0.5
    places = torch.cartesian_prod(middle, middle).flip(1)
    weights = image.sum(0).flatten() / image.sum()
    away = places - weights @ places
    return away.T @ (away * weights.unsqueeze(1))


def test_a_data_set_is_pictures_with_the_levels_of_their_factors(few):
    assert few.train.x.shape == (3000, 1, SIDE, SIDE)
    assert few.train.y.shape == (3000, 5)
    assert few.train.y.dtype == torch.int64
    assert few.classes == ("shape", "size", "rotation", "x", "y") == tuple(SPRITE_FACTORS)
    assert few.train.x.min() == 0
    assert few.train.x.max() == 1
    for column, levels in zip(few.train.y.T, SPRITE_FACTORS.values(), strict=True):
        assert column.unique().tolist() == list(range(len(levels)))


def test_the_labels_draw_the_pictures_again_and_so_do_their_names(few):
    torch.testing.assert_close(draw_sprites(few.test.y[:50]), few.test.x[:50], rtol=0, atol=0)
    for x, y in zip(few.test.x[:20], few.test.y[:20].tolist(), strict=True):
        named = {name: levels[index] for index, (name, levels) in zip(y, SPRITE_FACTORS.items(), strict=True)}
        torch.testing.assert_close(draw_sprite(**named), x, rtol=0, atol=0)


def test_no_combination_is_in_both_splits_and_no_picture_looks_like_another():
    everything = math.prod(len(levels) for levels in SPRITE_FACTORS.values())
    data = sprites(train=everything - 1000, test=1000)
    combinations = torch.cat([data.train.y, data.test.y])
    assert len(combinations.unique(dim=0)) == everything
    pictures = torch.cat([data.train.x, data.test.x]).flatten(1).mul(255).round().to(torch.uint8)
    assert len({row.numpy().tobytes() for row in pictures}) == everything, "every combination has a picture of its own"


def test_the_seed_decides():
    one, again, other = (sprites(train=50, test=10, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.train.x, again.train.x)
    assert one.fingerprint() == again.fingerprint() != other.fingerprint()


def test_load_knows_them():
    data = load("sprites")
    assert (len(data.train), len(data.test)) == (20_000, 10_000)
    assert load("sprites") is data


@pytest.mark.parametrize("shape", SPRITE_FACTORS["shape"])
def test_place_and_size_are_those_asked_for(shape):
    """A step of x moves the centre of mass across and nowhere else; the area grows with the square of the size."""
    for name, axis in (("x", 0), ("y", 1)):
        centres = [centre(image) for image in sprite_traversal(name, shape=shape, rotation=30)]
        steps = [later[axis] - earlier[axis] for earlier, later in zip(centres, centres[1:], strict=False)]
        assert steps == pytest.approx([(SIDE - 2 * RADIUS) / 15] * 15, abs=0.1)
        assert max(c[1 - axis] for c in centres) - min(c[1 - axis] for c in centres) < 0.2
    areas = [image.sum().item() for image in sprite_traversal("size", shape=shape)]
    assert areas == pytest.approx([areas[-1] * size**2 for size in SPRITE_FACTORS["size"]], rel=0.03)


def test_an_ellipse_has_an_ellipses_area_and_turns_as_it_is_told():
    size = 1.0
    for angle in SPRITE_FACTORS["rotation"]:
        image = draw_sprite(shape="ellipse", size=size, rotation=angle)
        assert image.sum().item() == pytest.approx(math.pi * 0.55 * (RADIUS * size) ** 2, rel=0.01)
        values, vectors = torch.linalg.eigh(spread(image))
        assert values.tolist() == pytest.approx([(0.55 * RADIUS) ** 2 / 4, RADIUS**2 / 4], rel=0.03)
        # The long axis points up at 0° and turns clockwise; y grows downwards.
        across, down = vectors[:, 1].tolist()
        assert math.degrees(math.atan2(across, -down)) % 180 == pytest.approx(angle % 180, abs=2)


@pytest.mark.parametrize("shape", ["triangle", "heart"])
def test_turning_all_the_way_comes_back_and_half_way_does_not(shape):
    upright = draw_sprite(shape=shape)
    torch.testing.assert_close(draw_sprite(shape=shape, rotation=360), upright, rtol=0, atol=0.01)
    torch.testing.assert_close(draw_sprite(shape=shape, rotation=180), upright.flip(1, 2), rtol=0, atol=0.01)
    assert (draw_sprite(shape=shape, rotation=180) - upright).abs().sum() > 20


def test_nothing_is_cut_off_at_the_border_and_edges_are_grey(few):
    """At the corners of its range a sprite is as large as in the middle."""
    y = few.train.y[:300].clone()
    y[:, 3:] = torch.tensor([0, 15])[torch.randint(2, (300, 2))]
    middle = torch.cat([y[:, :3], torch.full((300, 2), 8)], dim=1)
    torch.testing.assert_close(draw_sprites(y).sum((1, 2, 3)), draw_sprites(middle).sum((1, 2, 3)), rtol=0.02, atol=0.5)
    grey = (few.train.x > 0) & (few.train.x < 1)
    assert grey.float().sum((1, 2, 3)).min() > 5


def test_shapes_are_told_apart_even_when_smallest():
    """Whatever the size and the turn, the nearest picture of another shape is many grey levels away."""
    counts = [len(levels) for levels in SPRITE_FACTORS.values()]
    y = torch.cartesian_prod(*(torch.arange(count) for count in counts[:3]))
    x = draw_sprites(torch.cat([y, torch.full((len(y), 2), 8)], dim=1)).flatten(1)
    distance = torch.cdist(x, x, p=1)
    distance[y[:, :1] == y[:, 0]] = math.inf
    assert distance.min() > 5


def test_colour_is_a_sixth_factor_that_changes_nothing_else():
    data = sprites(colour=True, train=100, test=20)
    assert data.input_shape == (3, SIDE, SIDE)
    assert data.classes[-1] == "colour"
    grey = draw_sprites(data.train.y[:, :5])
    colours = torch.tensor(list(SPRITE_COLOURS.values()))[data.train.y[:, 5]].view(-1, 3, 1, 1)
    torch.testing.assert_close(data.train.x, grey * colours, rtol=0, atol=0.501 / 255)
    assert draw_sprite(colour="green").shape == (3, SIDE, SIDE)
    assert sprite_traversal("colour").shape == (6, 3, SIDE, SIDE)
    assert len(sprite_factors(colour=True)) == 6


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: draw_sprite(shape="star"), "unknown shape 'star', expected one of: triangle, ellipse, heart"),
        (lambda: draw_sprite(size=2), "size is 2, expected a number from 0.5 to 1"),
        (lambda: draw_sprite(x=float("nan")), "x is nan, expected a number from 0 to 1"),
        (lambda: draw_sprite(colour="mud"), "unknown colour 'mud', expected one of: orange"),
        (lambda: sprite_traversal("mood"), "unknown factor 'mood', expected one of: shape, size"),
        (lambda: draw_sprites(torch.zeros(4, 6, dtype=torch.int64)), r"expected integers of shape \(n, 5\)"),
        (lambda: draw_sprites(torch.tensor([[3, 0, 0, 0, 0]])), "shape has levels 0 to 2, got 3 to 3"),
        (lambda: sprites(train=60_000), "expected at least 1 of each and at most 55,296 together"),
    ],
)
def test_what_cannot_be_drawn_is_refused(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()


def test_coloured_sprites_have_a_name_of_their_own():
    data = load("colour-sprites")
    assert data.input_shape == (3, 32, 32)
    assert data.classes[-1] == "colour"
    torch.testing.assert_close(data.train.x[:50], draw_sprites(data.train.y[:50], colour=True), rtol=0, atol=0)


def test_no_pixel_lies_so_near_to_the_next_byte_that_a_processor_could_decide(monkeypatch):
    """Sines and roots differ in their last digit, 1e-16, from one processor to another."""
    nearest = []

    def remember(shape, *where):
        values = painted(shape, *where)
        edge = values[(values > 0) & (values < 255)]
        nearest.extend((edge - edge.floor() - 0.5).abs().tolist())
        return values.round().to(torch.uint8)

    painted = sprite_module._coverage
    monkeypatch.setattr(sprite_module, "_paint", remember)
    everything = math.prod(len(levels) for levels in SPRITE_FACTORS.values())
    sprites(train=everything - 1, test=1)
    assert 1e-9 < min(nearest) < 1e-4, "of so many pixels some do lie near"
