"""What makes a face: ten attributes, what else varies, its colours, and where on the head things lie."""

from __future__ import annotations

import numpy as np

from .face_canvas import ONE, PIXEL, SIDE, Frame, Picture, dim, mix, parabola, pick, rgb, root, rounded, share

# What is known about a face, and its levels. Left and right are those of the picture.
FACE_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "smile": ("frowning", "neutral", "smiling", "laughing"),
    "gaze": ("left", "ahead", "right"),
    "turn": ("left", "ahead", "right"),
    "face": ("round", "oval", "square"),
    "skin": ("light", "tan", "brown", "deep"),
    "hair": ("short", "curly", "bob", "long"),
    "hair colour": ("black", "brown", "red", "blond", "grey"),
    "beard": ("none", "beard"),
    "glasses": ("none", "glasses"),
    "hat": ("none", "hat"),
}
# What else varies, evenly between two bounds. Lengths are hundredths of a pixel, sines and slopes 1024ths, steps on a palette 256ths.
VARIATION: dict[str, tuple[int, int]] = {
    "x": (-150, 150),  # where the head is
    "y": (-110, 110),
    "size": (1364, 1476),
    "roll": (-80, 80),  # and how it is tilted
    "turn": (-70, 70),  # more or less turned than its level says
    "width": (-50, 50),
    "height": (-45, 45),
    "jaw": (-40, 40),
    "eye size": (-30, 35),
    "eye gap": (-50, 50),
    "eye height": (-50, 50),
    "eye open": (-35, 35),
    "eye tilt": (-90, 90),
    "iris": (0, 1279),
    "look": (-35, 35),  # further or less far than the level of the gaze says
    "look down": (-25, 25),
    "brow height": (-50, 60),
    "brow tilt": (-120, 120),
    "brow arch": (40, 130),
    "brow thick": (-20, 40),
    "nose length": (-60, 60),
    "nose width": (-40, 50),
    "mouth width": (-60, 60),
    "mouth height": (-40, 50),
    "mouth bend": (-28, 28),
    "lips": (-35, 50),
    "lip colour": (0, 256),
    "blush": (5, 55),
    "skin shade": (-64, 64),
    "skin warmth": (-128, 128),
    "hair shade": (-64, 64),
    "hair warmth": (-128, 128),
    "volume": (-70, 100),
    "length": (-150, 150),
    "wave": (-60, 100),  # none where it is below 0, as are pompom, stripes and earring where they are small
    "part": (-400, 400),
    "fringe": (-80, 80),
    "beard length": (20, 150),
    "beard height": (-70, 90),
    "lens": (-40, 50),
    "corner": (0, ONE),  # from round to square glasses
    "rim": (75, 130),
    "rim colour": (0, 1279),
    "hat colour": (0, 2559),
    "hat height": (-80, 200),
    "pompom": (-200, 330),
    "cloth colour": (0, 2559),
    "cloth shade": (-24, 24),
    "neckline": (-150, 450),
    "vee": (0, ONE),  # from a round neckline to a pointed one
    "collar": (90, 420),
    "collar colour": (0, 1023),
    "stripes": (-300, 190),
    "shoulders": (-150, 180),
    "earring": (-200, 130),
    "ground": (0, 2559),
    "ground shade": (-12, 12),
    "light": (-256, 256),  # from the left, from the right
}


def _palette(*codes: str) -> np.ndarray:
    return np.array([list(bytes.fromhex(code)) for code in codes], dtype=np.int32)


SKIN = _palette("f8d9c2", "e0ab7d", "b47a53", "80523d")
HAIR = _palette("2a2731", "694029", "bd5429", "ecc36d", "bfc3cc")
IRIS = _palette("3e2a20", "5b3a24", "80602f", "5d8a5c", "4a84b8", "7590a8")
CLOTH = _palette("2f8f94", "3a6ea5", "4b4f8f", "7c4f8f", "c2507f", "e0605a", "ee8a4a", "efc050", "9bb565", "4a9a72")
COLLAR = _palette("f6f1e7", "2e3446", "f3d9a4", "b5c9d8", "f6f1e7")
RIM = _palette("26262e", "26262e", "5e3226", "94283c", "5a3a72", "2a4c8c")
GROUND = _palette("a5d6ee", "a3ddd6", "b9e2b6", "dfe7a0", "f8e096", "fbc9a3", "f6b9bb", "e7bde4", "cabff0", "b0c4f2")
CREAM = rgb(255, 244, 228)


def colour_at(palette: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The colours (3, n) at places (n,) on the way along a palette, in 256ths of a step; after the last comes the first."""
    step = place >> 8
    return mix(palette[step].T, palette[(step + 1) % len(palette)].T, place & 255)


def vary(rows: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """What varies besides the attributes, each (n,): that of the faces with these numbers in the stream of `seed`."""
    count = int(rows.max()) + 1 if len(rows) else 0
    drawn = np.random.RandomState(seed).randint(0, 1 << 16, size=(count, len(VARIATION)), dtype=np.int64)[rows]
    bounds = zip(VARIATION.items(), drawn.T, strict=True)
    return {name: (low + ((high - low + 1) * place >> 16)).astype(np.int32) for (name, (low, high)), place in bounds}


class Look:
    """n faces alike in what takes other strokes (hair style, laugh, beard, glasses, hat): their colours and the frame of their heads.

    y: levels, (n, 10), integers. v: what varies, as `vary` gives it.
    """

    def __init__(self, y: np.ndarray, v: dict[str, np.ndarray]) -> None:
        self.level = {name: column.astype(np.int32) for name, column in zip(FACE_ATTRIBUTES, y.T, strict=True)}
        self.v, self.light = v, v["light"]
        first = {name: levels[column] for (name, levels), column in zip(FACE_ATTRIBUTES.items(), y[0], strict=True)}
        self.style, self.laughing = first["hair"], first["smile"] == "laughing"
        self.beard, self.glasses, self.hat = (first[name] != "none" for name in ("beard", "glasses", "hat"))
        self.picture = Picture(len(y))
        self._mix_colours()
        self._place_head()

    def _mix_colours(self) -> None:
        level, v = self.level, self.v
        skin = SKIN[level["skin"]].T + (v["skin shade"] * rgb(24, 24, 22) >> 7) + (v["skin warmth"] * rgb(3, -2, -8) >> 7)
        hair = HAIR[level["hair colour"]].T + (v["hair shade"] * rgb(30, 28, 26) >> 7) + (v["hair warmth"] * rgb(5, 0, -6) >> 7)
        self.skin, self.hair = np.clip(skin, 0, 255), np.clip(hair, 12, 255)
        self.skin_shadow = dim(self.skin, 206, 172, 166)
        self.hair_dark, self.hair_light = dim(self.hair, 186, 168, 166), mix(self.hair, CREAM, 64)
        self.iris = colour_at(IRIS, v["iris"] * pick(level["skin"], 256, 210, 120, 90) >> 8)  # light eyes are rare in dark faces
        self.cloth = np.clip(colour_at(CLOTH, v["cloth colour"]) + v["cloth shade"], 0, 255)
        self.cap = colour_at(CLOTH, v["hat colour"])
        self.ground = np.clip(colour_at(GROUND, v["ground"]) + v["ground shade"], 0, 255)

    def _place_head(self) -> None:
        """The head's frame, whose middle is between the eyes, and its outline: `mid` ± `half` on each line."""
        face, v = self.level["face"], self.v
        self.sin = (self.level["turn"] - 1) * 400 + v["turn"]
        self.cos = 1024 - (self.sin * self.sin >> 11)
        self.head = Frame(SIDE * PIXEL // 2 + v["x"] * PIXEL // 100, 32 * PIXEL + v["y"] * PIXEL // 100, v["size"], v["roll"])
        self.wide = pick(face, 1500, 1390, 1410) + v["width"]
        self.crown, self.chin = 1780, pick(face, 1490, 1860, 1680) + v["height"]
        down, widest = self.head.down, -50
        self.mid = (self.sin * 600 >> 10) * share(down, -self.crown, self.chin) >> 12
        above = self.wide * root(parabola(np.minimum(down - widest, 0), self.crown + widest)) >> 12
        u = share(down, widest, self.chin)
        u2 = u * u >> 12
        round_ = rounded(u) * (1024 + (70 * parabola(u - ONE // 2, ONE // 2) >> 12)) >> 10
        oval = rounded(u) * (1024 - (190 * u >> 12)) >> 10
        square = root(ONE - ((u2 * u2 >> 12) * u2 >> 12)) * (1024 - (155 * u >> 12)) >> 10
        below = np.choose(face, (round_, oval, square)) * (self.wide + (v["jaw"] * u >> 12)) >> 12
        self.half = np.where((down > -self.crown) & (down < self.chin), np.where(down < widest, above, below), -1)
        self.skull = self.head.rows(self.mid - self.half, self.mid + self.half)
        self.cover = self.skull.full()

    def across(self, x, z):
        """Where a point x right of the nose and z in front of the ears is seen when the head is turned."""
        return x * self.cos + z * self.sin >> 10

    def on_face(self, x, y, z=1150) -> Frame:
        """The frame around a point of the face, which is rounded: what lies further out lies further back."""
        return self.head.at(self.across(x, z - x * x // 3200), y)

    def pair(self, gap, half, side: int, z=1150) -> tuple[np.ndarray, np.ndarray]:
        """A thing on one side of the face, from gap − half to gap + half: where its middle is seen, and half its width."""
        outer, inner = (self.across(side * edge, z - edge * edge // 3200) for edge in (gap + half, gap - half))
        return outer + inner >> 1, abs(outer - inner) >> 1

    def paint(self, patch, colour) -> None:
        """As `Picture.paint`."""
        self.picture.paint(patch, colour)

    def shade(self, patch, tint: tuple[int, int, int]) -> None:
        """As `Picture.shade`."""
        self.picture.shade(patch, tint)
