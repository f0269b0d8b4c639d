"""Colours that can be told apart, by colour-blind eyes too, on white paper; letters that can be read."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from vae_course.plots import CLASS_COLOURS, COLOURS
from vae_course.plots.style import in_ink, in_words

# Machado, Oliveira and Fernandes 2009: what eyes without one kind of cone see, in linear light.
EYES = {
    "all cones": np.eye(3),
    "no green cones": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no red cones": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]])
WHITE = np.array([0.95047, 1.0, 1.08883])


def linear(colour) -> np.ndarray:
    channels = np.array(to_rgb(colour))
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def lab(colour, eyes="all cones") -> np.ndarray:
    xyz = TO_XYZ @ np.clip(np.array(EYES[eyes]) @ linear(colour), 0, 1) / WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one: np.ndarray, other: np.ndarray) -> float:
    """Sharma, Wu and Dalal 2005: about 2 can just be seen side by side."""
    chroma = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    g = 0.5 * (1 - np.sqrt(chroma**7 / (chroma**7 + 25.0**7)))
    (l1, a1, b1), (l2, a2, b2) = one, other
    a1, a2 = (1 + g) * a1, (1 + g) * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180 if c1 * c2 else 0.0
    dl, dc, dh = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    l, c = (l1 + l2) / 2, (c1 + c2) / 2  # noqa: E741
    h = (h1 + turn / 2) % 360 if c1 * c2 else h1 + h2
    t = 1 - 0.17 * np.cos(np.radians(h - 30)) + 0.24 * np.cos(np.radians(2 * h))
    t += 0.32 * np.cos(np.radians(3 * h + 6)) - 0.20 * np.cos(np.radians(4 * h - 63))
    sl = 1 + 0.015 * (l - 50) ** 2 / np.sqrt(20 + (l - 50) ** 2)
    sc, sh = 1 + 0.045 * c, 1 + 0.015 * c * t
    rt = -2 * np.sqrt(c**7 / (c**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2))))
    return float(np.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * dc / sc * dh / sh))


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_distance_is_the_published_one(one, other, distance):
    assert ciede2000(np.array(one), np.array(other)) == pytest.approx(distance, abs=1e-4)


@pytest.mark.parametrize(("eyes", "least"), [("all cones", 22), ("no green cones", 18), ("no red cones", 18)])
def test_ten_classes_can_be_told_apart(eyes, least):
    """For comparison: matplotlib's own ten come down to 16, 3 and 1."""
    seen = [lab(colour, eyes) for colour in CLASS_COLOURS]
    assert len(seen) == 10
    assert min(ciede2000(a, b) for i, a in enumerate(seen) for b in seen[:i]) > least


def test_classes_stand_out_from_white_paper_and_from_grey_points():
    for colour in CLASS_COLOURS:
        assert ciede2000(lab(colour), lab("#ffffff")) > 15
        assert ciede2000(lab(colour), lab("#d0d0d0")) > 15


def test_the_palette_of_lines_reads_in_grey():
    first, second = sorted(linear(colour) @ (0.2126, 0.7152, 0.0722) for colour in COLOURS[:2])
    assert second - first > 0.15


@pytest.mark.parametrize("colour", [*COLOURS, *CLASS_COLOURS])
def test_letters_in_a_colour_can_be_read(colour):
    luminance = linear(in_ink(colour)) @ (0.2126, 0.7152, 0.0722)
    assert 1.05 / (luminance + 0.05) >= 4.45


def test_numbers_are_written_short_with_a_true_minus():
    assert [in_words(label) for label in (-3, 0.5, 10, "z₁", np.float32(-0.25))] == ["−3", "0.5", "10", "z₁", "−0.25"]
