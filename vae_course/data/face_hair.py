"""Hair in four styles, and the hat on it."""

from __future__ import annotations

import numpy as np

from .face_canvas import ONE, Patch, dim, mix, parabola, rgb, root, rounded, share, whole
from .face_look import Look

# Where curls lie around the head (1024ths of the way from the middle to the outline), around the face, and on the forehead (hundredths).
AROUND = ((-1000, 330), (-1040, -100), (-930, -480), (-680, -790), (-330, -970), (50, -1010))
AROUND = (*AROUND, (400, -950), (730, -740), (950, -420), (1040, -50), (1000, 360))
ABOVE = ((-620, -620), (-250, -760), (150, -740), (540, -640))
FOREHEAD = ((-800, -620), (-430, -880), (-40, -970), (350, -900), (730, -680))
TUFTS = ((-980, -880), (-720, -1260), (-260, -1480), (270, -1480), (720, -1260), (980, -880))


def behind(look: Look) -> None:
    """What is seen of the hair beside the neck and around the head."""
    if look.style == "curly":
        look.paint(look.head.at(-(look.sin * 240 >> 10), -150).oval(look.wide + 320, look.crown + 50), look.hair_dark)
        for x, y in _curls(look):
            look.paint(_curl(look, x, y), look.hair_dark)
    elif look.style != "short":
        half, middle = _falling(look)
        look.paint(look.head.rows(middle - half, middle + half), look.hair_dark)


def in_front(look: Look) -> None:
    """What lies on the forehead, beside the face and on the shoulders."""
    {"short": _short, "curly": _curly, "bob": _bob, "long": _long}[look.style](look)


def _lay(look: Look, hair: Patch) -> None:
    """Paint hair, with its shadow on the face, a sheen towards the light and a darker far side."""
    for pixels, strength in ((2, 23), (1, 35)):
        look.shade(hair.lowered(pixels).within(look.cover).faint(strength), (176, 140, 140))
    look.paint(hair, look.hair)
    cover = hair.full()
    look.paint(look.head.at(look.light * 2, -1250).glow(1200, 560).within(cover).faint(75), look.hair_light)
    look.paint(look.head.at(look.light * -5, -100).glow(1100, 2600).within(cover).faint(60), look.hair_dark)


def strands(look: Look, hair: Patch, middle, half, places: tuple[int, ...], strength: int) -> None:
    """Light and dark lines along hair whose outline is middle ± half, at `places` between −1024 (left edge) and 1024 (right edge)."""
    cover = hair.full()
    for i, place in enumerate(places):
        strand = look.head.stripe(middle + (half * place >> 10), 32, half > 0)
        look.paint(strand.within(cover).faint(strength), look.hair_dark if i % 2 else look.hair_light)


def _short(look: Look) -> None:
    v, head = look.v, look.head
    top, wide, down = look.crown + 150 + v["volume"], look.wide + 70 + (v["volume"] >> 1), head.down
    dome = wide * root(parabola(np.minimum(down + 250, 0), top - 250)) >> 12
    sides = wide - (share(down, -250, 400) * 260 >> 12)
    half = np.where((down > -top) & (down < 260 + v["length"]), np.where(down < -250, dome, sides), -1)
    middle = (look.mid >> 2) - (look.sin * 140 >> 10) + (v["part"] * share(-down, 400, top) >> 12)
    cover = head.rows(middle - half, middle + half).full()
    for x, y in TUFTS:
        place = head.at(x * look.wide // 1400 - (look.sin * 100 >> 10) - v["part"] * (y + 300) // 1500, y - v["volume"])
        cover = np.maximum(cover, place.oval(430, 430 + (v["volume"] >> 1)).full())
    fore = look.on_face(0, -1070 + v["fringe"], 600)
    x = fore.across
    tips = parabola((x + 5000 + (v["part"] >> 1)) % 520 - 260, 260)
    line = (x * v["part"] >> 10) + x * x // 5200 + (90 * tips >> 12)
    forehead = look.on_face(v["part"] // 8, 250, 500).oval(look.wide - 130, 1390 - v["fringe"])
    hair = whole(cover).without(forehead.within(fore.columns(2200, line, 4000).full()).full())
    _lay(look, hair)
    strands(look, hair, middle, half, (-860, -560, -270, 20, 310, 600, 880), 44)


def _curls(look: Look) -> list[tuple[int, int]]:
    """The curls around the head: those that a hat does not hide."""
    return [(x, y) for x, y in AROUND if not (look.hat and y < -200)]


def _curl(look: Look, x: int, y: int, *, inward: int = 1024, less: int = 0) -> Patch:
    """A curl at a place as in `AROUND`, moved to `inward` 1024ths of its way, and so much smaller."""
    volume = look.v["volume"]
    x_, y_ = x * (look.wide + 250 + volume) >> 10, y * (look.crown + 170 + volume) >> 10
    size = 540 + volume + (x * 7 + y * 3) % 90 - less
    return look.head.at((x_ * inward >> 10) - (look.sin * 240 >> 10), y_ * inward >> 10).oval(size, size)


def _curly(look: Look) -> None:
    v, down = look.v, look.head.down
    face = look.on_face(0, 380, 500).oval(look.wide - 230, 1180 - (v["fringe"] >> 1)).full()
    dome = (look.wide + 180) * root(parabola(np.minimum(down + 100, 0), look.crown + 80)) >> 12
    half = np.where(down < 150, dome, -1)
    _lay(look, look.head.rows((look.mid >> 2) - half, (look.mid >> 2) + half).without(face))
    for i, (x, y) in enumerate(_curls(look)):
        tone = mix(look.hair, look.hair_light, (10, 150, -60, 90)[i % 4])
        look.paint(_curl(look, x, y, inward=960, less=100).without(face), np.clip(tone, 0, 255))
    for i, (x, y) in enumerate(() if look.hat else ABOVE):
        look.paint(_curl(look, x, y, less=160).without(face), mix(look.hair, look.hair_light, (60, 10, 110, 30)[i]))
    for i, (x, y) in enumerate(FOREHEAD):
        size = 270 + (v["volume"] >> 1) + 50 * (i % 2)
        curl = look.on_face(x, y - 60 + (v["fringe"] >> 1), 500).oval(size, size)
        look.paint(curl, mix(look.hair, look.hair_light, (50, 10, 70, 20, 0)[i]))


def _falling(look: Look) -> tuple[np.ndarray, np.ndarray]:
    """Half the width of hair that falls to the chin (bob) or the shoulders (long) on each line, and where its middle is."""
    v, down = look.v, look.head.down
    if look.style == "bob":
        bottom, flare, closing, rounding, wave = 1250 + v["length"], 190, 420, 620, v["wave"] >> 1
    else:
        bottom, flare, closing, rounding, wave = 2900 + 3 * v["length"], 160, 900, 700, v["wave"]
    top, wide = look.crown + 240 + v["volume"], look.wide + 300 + v["volume"]
    dome = wide * root(parabola(np.minimum(down + 200, 0), top - 200)) >> 12
    end = share(down, bottom - closing, bottom)
    side = wide + (flare * share(down, -200, bottom) >> 12) - (rounding * (ONE - rounded(end)) >> 12)
    half = np.where((down > -top) & (down < bottom), np.where(down < -200, dome, side), -1)
    period = (down + 400) * 5 & 4 * ONE - 1
    swing = np.where(period < 2 * ONE, parabola(period - ONE, ONE), -parabola(period - 3 * ONE, ONE))
    wave = (np.maximum(wave, 0) * swing >> 12) * share(down, -400, 600) >> 12
    return half, (look.mid >> 1) - (look.sin * 240 >> 10) + wave


def _bob(look: Look) -> None:
    half, middle = _falling(look)
    fore = look.on_face(0, -640 + (look.v["fringe"] >> 1), 500)
    x = fore.across
    line = x * x // 9000 - abs(x) // 12 + x * look.v["part"] // 6000
    hair = look.head.rows(middle - half, middle + half).without(fore.columns(look.wide - 260 - abs(look.sin) // 4, line, 4000).full())
    _lay(look, hair)
    strands(look, hair, middle, half, (-880, -640, -400, -160, 160, 400, 640, 880), 34)


def _long(look: Look) -> None:
    half, middle = _falling(look)
    part = look.v["part"] >> 1
    fore = look.on_face(part, -1200 + look.v["fringe"], 500)
    x = fore.across
    wide = look.wide - 190 + np.where(x < 0, part, -part)
    u = np.clip(abs(x) * ONE // wide, 0, ONE)
    line = (1600 * (ONE - rounded(u)) >> 12) + (280 * u >> 12)
    hair = look.head.rows(middle - half, middle + half).without(fore.columns(wide, line, 6500).full())
    _lay(look, hair)
    strands(look, hair, middle, half, (-880, -640, -400, -160, 160, 400, 640, 880), 34)


def hat(look: Look) -> None:
    """A knitted hat with a fold, and often a pompom."""
    v, head, white = look.v, look.head, rgb(255, 255, 255)
    tall = look.crown + 350 + v["hat height"] + np.maximum(v["volume"], 0) // 2
    wide = look.wide + 190 + (v["volume"] >> 1) + (130 if look.style in ("bob", "long") else 0)
    middle, down = -(look.sin * 180 >> 10), head.down
    u = np.clip((-700 - down) * ONE // (tall - 700), 0, ONE)
    dome = np.where((down > -tall) & (down < -600), (wide - 20) * rounded(mix(u, (u * u >> 12) * u >> 12, 110)) >> 12, -1)
    crown = head.rows(middle - dome, middle + dome)
    cover = crown.full()
    place, size, seen = head.at(middle, -tall - v["pompom"] // 3), np.maximum(v["pompom"], 1), v["pompom"] > 90
    ball = place.oval(size, size)
    look.paint(ball.faint(seen * 128), mix(look.cap, white, 120))
    look.paint(place.at(look.light >> 2, -60).glow(size, size).within(ball.full()).faint(seen * 70), white)
    look.paint(crown, look.cap)
    for i in range(-3, 4):
        look.paint(head.stripe(middle + dome * i * 2 // 7, 34, dome > 0).within(cover).faint(40), dim(look.cap, 186, 182, 198))
    look.paint(head.at(look.light * 2, -1500).glow(900, 700).within(cover).faint(45), mix(look.cap, white, 110))
    look.paint(head.at(look.light * -5, -1300).glow(900, 1600).within(cover).faint(65), dim(look.cap, 176, 172, 194))
    fold = head.at(middle + (look.sin * 260 >> 10), -880)
    x = fold.across
    sag = -(x * x // 13000) + x * look.sin // 12000
    look.shade(fold.columns(wide, sag + 150, sag + 290).within(look.cover).faint(55), (176, 146, 152))
    band = fold.columns(wide + 30, sag - 340, sag + 160)
    cover = band.full()
    look.paint(band, mix(look.cap, dim(look.cap, 206, 200, 216), 180))
    for i in range(-6, 7):
        rib = fold.columns(ONE, sag - 340, np.where(abs(x - wide * i * 2 // 13) < 40, sag + 160, sag - 340))
        look.paint(rib.within(cover).faint(40), dim(look.cap, 168, 164, 184))
    look.paint(fold.at(look.light * 3, -80).glow(900, 420).within(cover).faint(35), mix(look.cap, white, 110))
