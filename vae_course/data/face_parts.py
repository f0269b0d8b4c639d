"""The parts of a face, from the ground behind it to the glasses on it: each lays its paint over what is there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from . import face_hair as hair
from .face_canvas import FULL, LINES, ONE, PIXEL, SIDE, UNIT, Frame, Patch, dim, mix, parabola, pick, rgb, root, rounded, share, whole
from .face_look import COLLAR, CREAM, FACE_ATTRIBUTES, RIM, Look, colour_at, vary

DRAWN_AT_ONCE = 180
WHITE = rgb(255, 255, 255)
SIDES = (-1, 1)


def draw(y: np.ndarray, rows: np.ndarray, seed: int, instead: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
    """The faces of levels y (n, 10) with the variation of the faces numbered `rows` (n,) in the stream of `seed`: bytes (n, 3, 64, 64).

    instead: values (n,) that take the place of some of what varies, by name.
    """
    out, v = np.empty((len(y), 3, SIDE, SIDE), dtype=np.uint8), vary(rows, seed) | dict(instead or {})
    column = {name: y[:, i] for i, name in enumerate(FACE_ATTRIBUTES)}
    laughs = column["smile"] == FACE_ATTRIBUTES["smile"].index("laughing")
    strokes = (((column["hair"] * 2 + laughs) * 2 + column["beard"]) * 2 + column["glasses"]) * 2 + column["hat"]
    for kind in np.unique(strokes):
        alike = np.flatnonzero(strokes == kind)
        for some in (alike[i : i + DRAWN_AT_ONCE] for i in range(0, len(alike), DRAWN_AT_ONCE)):
            out[some] = _paint(Look(y[some], {name: values[some] for name, values in v.items()}))
    return out


def _paint(look: Look) -> np.ndarray:
    _ground(look)
    hair.behind(look)
    _body(look)
    _ears(look)
    _skin(look)
    _nose(look)
    if look.beard:
        _beard(look)
    (_laugh if look.laughing else _lips)(look)
    for side in SIDES:
        _eye(look, side)
    if look.glasses:
        _arms(look)
    hair.in_front(look)
    for side in SIDES:
        _brow(look, side)
    if look.glasses:
        _glasses(look)
    if look.hat:
        hair.hat(look)
    return look.picture.bytes()


def _ground(look: Look) -> None:
    steps = np.arange(SIDE, dtype=np.int32) - SIDE // 2
    slope = steps[:, None, None] * 70 - steps[:, None] * (look.light >> 3)
    look.picture.pixels[:] = np.clip(look.ground[:, None, None] - (slope >> 8), 0, 255)
    look.paint(look.head.glow(3600, 3600).faint(55), mix(look.ground, WHITE, 150))


def _body(look: Look) -> None:
    """Neck, shoulders, and a shirt with a collar and perhaps stripes."""
    v, still = look.v, np.zeros_like(look.v["x"])
    frame = Frame(SIDE * PIXEL // 2 + v["x"] * PIXEL // 200, 54 * PIXEL + v["y"] * PIXEL // 200, still + 1400, still)
    down, neck = frame.down, 600 + (v["width"] >> 1) + (v["jaw"] >> 1)
    top = look.head.at(look.across(0, 0), 900)
    start = (top.y - frame.y << UNIT) // frame.size
    middle = ((top.x - frame.x << UNIT) // frame.size) * (ONE - share(down, start, 300)) >> 12
    throat = frame.stripe(middle, neck, (down > start) & (down < 1200))
    look.paint(throat, look.skin)
    look.shade(throat.faint(30), (216, 190, 186))
    for pixels in (2, 4):
        look.shade(look.skull.lowered(pixels).within(throat.full()).faint(60), (206, 170, 168))

    def opening(more) -> np.ndarray:
        """The cover of the neckline, `more` wider and deeper."""
        low, high = 430 + v["neckline"] + more, -120 - more
        u = share(down, high, low)
        half = (neck + 110 + more) * (rounded(u) + ((ONE - u - rounded(u)) * v["vee"] >> 12)) >> 12
        return frame.stripe(0 * down, half, (down > high) & (down < low)).full()

    shoulders = neck + ((1650 + v["shoulders"]) * rounded(ONE - share(down, 0, 950)) >> 12)
    shirt = frame.stripe(0 * down, shoulders, down > 0).without(opening(0))
    cover = shirt.full()
    look.paint(shirt, look.cloth)
    stripes = frame.stripe(0 * down, 3000, (down - 150) % 520 < v["stripes"])
    look.paint(stripes.within(cover).faint(75), mix(look.cloth, CREAM, 190))
    look.shade(frame.at(0, 150).glow(1300, 700).within(cover).faint(60), (176, 170, 186))
    look.shade(frame.at(look.light * -8, 600).glow(1500, 2000).within(cover).faint(40), (180, 176, 192))
    collar = whole(opening(v["collar"])).within(cover)
    look.paint(collar, colour_at(COLLAR, v["collar colour"]))
    look.shade(frame.at(look.light * -3, -100).glow(900, 600).within(collar.full()).faint(60), (196, 192, 204))


def _ears(look: Look) -> None:
    """Ears, of which the far one hides behind a turned head, and perhaps rings."""
    size, worn = np.maximum(look.v["earring"], 1), look.v["earring"] > 25
    for side in SIDES:
        hidden = np.maximum(side * look.sin, 0) >> 1
        ear = look.head.at(side * (look.wide - 10 - hidden) - (look.sin * 40 >> 10), 150)
        look.paint(ear.oval(270, 400), dim(look.skin, 248, 238, 234))
        look.paint(ear.at(side * -20, 10).oval(140, 240), mix(look.skin, look.skin_shadow, 170))
        ring = ear.at(side * 60, 430 + size)
        hole = ring.oval(size - 35, size - 20).full()
        look.paint(ring.oval(size + 30, size + 60).without(hole).faint(worn * FULL), rgb(236, 184, 72))


def _skin(look: Look) -> None:
    """The head, darker towards its edges and away from the light, with a blush on the cheeks."""
    head, part = look.head, look.skull
    look.paint(part, look.skin)
    lines = slice(part.rows.start * LINES + 1, part.rows.stop * LINES, LINES)
    middle, half = head.axis(look.mid)[lines], np.maximum(look.half * head.size >> UNIT, 100)[lines]
    x = (np.arange(SIDE, dtype=np.int32) * PIXEL + PIXEL // 2)[part.cols, None]
    u = (x - middle[:, None]) * (65536 // half[:, None]) >> 8
    dark = np.clip((u * u >> 10) - (u * look.light * 3 >> 11) - 15, 0, FULL).astype(np.int16)
    look.shade(Patch(dark, part.rows, part.cols).within(look.cover), (214, 178, 162))
    for side in SIDES:
        cheek = look.on_face(side * 800, 640).glow(560, 420)
        look.paint(cheek.within(look.cover).faint(look.v["blush"]), mix(look.skin, rgb(226, 82, 84), 110))
    look.paint(look.on_face(look.light * 3 >> 1, -700).glow(1000, 800).within(look.cover).faint(20), CREAM)
    look.shade(head.at(look.sin * 600 >> 10, look.chin).glow(1300, 420).within(look.cover).faint(30), (206, 168, 164))


def _nose(look: Look) -> None:
    length, width, down = 490 + look.v["nose length"], look.v["nose width"], look.head.down
    bridge, end = look.across(0, 1250), look.across(0, 1800)
    t = share(down, -200, length)
    half = 12 + ((105 + (width >> 1)) * (t * t >> 12) >> 12)
    for side in SIDES:
        strength = np.clip(25 - side * (look.light >> 3) + side * (look.sin >> 3), 0, 85)
        flank = look.head.stripe(bridge + ((end - bridge) * t >> 12) + side * half, half, (down > -200) & (down < length))
        look.paint(flank.within(look.cover).faint(strength), look.skin_shadow)
    tip = look.head.at(end, length)
    bulge = parabola(tip.across, 280 + width)
    look.paint(tip.columns(280 + width, -(24 * bulge >> 12), 110 * bulge >> 12).faint(105), dim(look.skin, 186, 146, 140))
    look.paint(tip.at(look.light >> 2, -130).glow(210, 190).faint(40), mix(look.skin, CREAM, 120))


def _mouth(look: Look) -> Frame:
    return look.on_face(0, 985 + look.v["mouth height"] + pick(look.level["face"], -90, 90, 20), 1250)


def _beard(look: Look) -> None:
    """From ear to ear below the nose and a little past the chin, open around the mouth."""
    v, mouth = look.v, _mouth(look)
    jaw = look.head.at(0, v["beard length"]).rows(look.mid - look.half, look.mid + look.half).full()
    lower = whole(np.maximum(look.cover, jaw))
    for a, b in ((600, 230), (540, 170)):
        lower = lower.without(mouth.at(0, 40).oval(a, b).faint(96).full())
    u = np.clip(abs(mouth.across) * ONE // (look.wide - 60), 0, ONE)
    u2 = u * u >> 12
    edge = -330 + (v["beard height"] >> 1) + (u2 * 640 >> 12) - ((u2 * u2 >> 12) * 1270 >> 12)
    for shift, strength in ((-60, 45), (0, 75), (60, 118)):
        beard = mouth.columns(1900, edge + shift, 3000).within(lower.alpha)
        look.paint(beard.faint(strength), mix(look.hair, look.hair_dark, 150))
    hair.strands(look, beard, look.mid, look.half, (-900, -680, -460, -230, 0, 230, 460, 680, 900), 44)
    look.paint(mouth.at(look.light, 500).glow(900, 500).within(beard.full()).faint(40), look.hair_light)
    look.paint(mouth.at(look.light * -4, 300).glow(800, 1200).within(beard.full()).faint(45), dim(look.hair_dark, 220, 214, 220))


def _lip_colour(look: Look) -> np.ndarray:
    return mix(mix(look.skin, rgb(204, 84, 86), 140), mix(look.skin, rgb(216, 60, 82), 180), look.v["lip colour"])


def _lips(look: Look) -> None:
    """A closed mouth, bent by its level."""
    v, mouth, smile = look.v, _mouth(look), look.level["smile"]
    half = (pick(smile, 480, 450, 580, 0) + v["mouth width"]) * look.cos >> 10
    bulge = parabola(mouth.across, half)
    bend, lips, thick = pick(smile, -270, 0, 290, 0) + v["mouth bend"], 100 + v["lips"], 42 + (22 * bulge >> 12)
    line = (bend * bulge >> 12) - (bend >> 1)
    both = mouth.columns(half * 9 // 10, line - (lips * bulge >> 12), line + (lips * 4 // 3 * (bulge * bulge >> 12) >> 12))
    look.paint(both.faint(105), _lip_colour(look))
    look.paint(mouth.columns(half, line - thick, line + thick), dim(mix(look.skin, rgb(110, 24, 34), 190), 160, 150, 150))
    look.shade(mouth.at(0, 290 + bend // 3).glow(300, 130).faint(35), (190, 160, 160))


def _laugh(look: Look) -> None:
    """An open mouth with teeth and tongue."""
    v, mouth = look.v, _mouth(look)
    half = (580 + v["mouth width"]) * look.cos >> 10
    bulge = parabola(mouth.across, half)
    line, deep = (90 * bulge >> 12) - 90, (450 + v["mouth bend"]) * root(bulge) >> 12
    look.paint(mouth.columns(half + 70, line - 75, line + deep + 70), _lip_colour(look))
    inside = mouth.columns(half, line, line + deep)
    look.paint(inside, rgb(104, 26, 40))
    look.paint(mouth.at(0, 400).oval(half * 6 // 10, 190).within(inside.full()), rgb(216, 96, 102))
    look.paint(mouth.columns(half, line, line + (160 * root(bulge) >> 12)).within(inside.full()), rgb(251, 248, 242))


def _eye(look: Look, side: int) -> None:
    v, white = look.v, rgb(253, 250, 246)
    middle, half = look.pair(645 + v["eye gap"], 375 + v["eye size"], side)
    eye = look.head.at(middle, 20 + v["eye height"])
    x, slant = eye.across, side * eye.across * v["eye tilt"] >> 10
    upper, bulge = 275 + v["eye open"], parabola(x, half)
    top, bottom = -(upper * bulge >> 12) - slant, (200 * bulge >> 12) - slant
    look.shade(eye.at(0, -50).glow(half + 250, 500).within(look.cover).faint(22), (196, 158, 152))
    opening = eye.columns(half, top, bottom)
    cover = opening.full()
    look.paint(opening, white)
    gaze = (look.level["gaze"] - 1) * 160 + v["look"]
    ball, r = eye.at(gaze * look.cos >> 10, v["look down"] - 10), 222 + (v["eye size"] >> 1)
    look.paint(ball.oval(r, r).within(cover), dim(look.iris, 170, 170, 176))
    look.paint(ball.oval(r - 55, r - 55).within(cover), look.iris)
    look.paint(ball.oval(r >> 1, r >> 1).within(cover), rgb(20, 16, 22))
    look.shade(eye.columns(half, top, top + 100).within(cover), (186, 182, 198))
    look.paint(ball.at(75, -85).oval(66, 66).within(cover), WHITE)
    lash, lid = mix(look.hair_dark, rgb(34, 26, 30), 200), -(upper * parabola(x, half + 50) >> 12) - slant
    look.paint(eye.columns(half + 50, lid - 60 - side * x // 24, lid + 36), lash)
    look.paint(eye.columns(half, bottom - 10, bottom + 32).faint(50), mix(look.skin_shadow, lash, 110))


def _brow(look: Look, side: int) -> None:
    v = look.v
    middle, half = look.pair(665 + v["eye gap"], 390, side, z=1000)
    brow = look.head.at(middle, v["eye height"] - 530 - v["brow height"])
    out = np.clip(side * brow.across * ONE // half, -ONE, ONE)
    bend = -(v["brow arch"] * (ONE - (out * out >> 12)) >> 12) + (out * (v["brow tilt"] + 30) >> 12)
    thick = ((78 + v["brow thick"]) * (ONE - ((out + ONE) * 5 >> 4)) >> 12) * rounded(out) >> 12
    look.paint(brow.columns(half, bend - thick, bend + thick).faint(120), mix(look.hair_dark, rgb(60, 44, 40), 50))


def _arms(look: Look) -> None:
    """What leads from the glasses to the ears, under the hair."""
    v, rim = look.v, look.v["rim"] >> 1
    for side in SIDES:
        middle, half = look.pair(645 + v["eye gap"], 590 + v["lens"], side)
        start, ear = middle + side * half, side * (look.wide - 60)
        arm = look.head.at(start + ear >> 1, v["eye height"] - 40)
        look.paint(arm.columns(np.maximum((ear - start) * side >> 1, 0), -rim, rim).within(look.cover), colour_at(RIM, v["rim colour"]))


def _glasses(look: Look) -> None:
    v, rim, colour = look.v, look.v["rim"] >> 1, colour_at(RIM, look.v["rim colour"])
    for side in SIDES:
        middle, half = look.pair(645 + v["eye gap"], 590 + v["lens"], side)
        lens = look.head.at(middle, 60 + v["eye height"])
        glass, outer = (_lens(look, lens, half + more, 500 + v["lens"] + more) for more in (-rim, rim))
        look.paint(glass.faint(8), rgb(235, 245, 255))
        for place, wide in ((-260, 70), (-100, 30)):
            gleam = lens.stripe(place - (lens.down >> 1), wide, True)
            look.paint(gleam.within(glass.full()).faint(20), WHITE)
        look.paint(outer.without(glass.full()), colour)
    bridge, half = look.on_face(0, v["eye height"] - 20, 1350), np.maximum(95 + v["eye gap"] - v["lens"], 70)
    bow = 70 * parabola(bridge.across, half) >> 12
    look.paint(bridge.columns(half, -rim - bow, rim - bow), colour)


def _lens(look: Look, frame: Frame, a, b) -> Patch:
    """Something between an ellipse and a box, with half axes `a` and `b`."""
    u = np.clip(frame.down * ONE // b, -ONE, ONE)
    u2 = u * u >> 12
    boxed = root(rounded(u2 * u2 >> 12))
    half = a * (rounded(u) + ((boxed - rounded(u)) * look.v["corner"] >> 12)) >> 12
    return frame.rows(-half, half)
