"""The file of tunes: it is read as a musician reads it, what does not add up is named, and the tunes are the real ones."""

from pathlib import Path

import pytest

from tests.notebooks.project import PYPROJECT
from vae_course.data import tunes
from vae_course.data.tunes import LENGTHS, TUNES, Bar, Tune, read_abc


def abc(notes: str, metre: str = "4/4", key: str = "C", unit: str = "1/8") -> str:
    return f"X:1\nT:A tune\nC:Nobody\nS:made for tests\nM:{metre}\nL:{unit}\nK:{key}\n{notes}\n"


def pitches(tune: Tune) -> list[list[int | None]]:
    return [[pitch for pitch, _ in bar.notes] for bar in tune.bars]


def test_a_tune_is_its_fields_and_its_bars():
    (one,) = read_abc(abc("C2 | D,8- |\nD,4 z2 c'E |]"))
    assert (one.title, one.origin, one.metre, one.key) == ("A tune", "Nobody, made for tests", "4/4", "C")
    assert one.bars == (Bar(((60, 2),)), Bar(((50, 8),), tied=True), Bar(((50, 4), (None, 2), (84, 1), (64, 1))))


def test_how_notes_are_grouped_and_lines_are_broken_changes_nothing():
    assert read_abc(abc("C D E F G A B c | d8 |]")) == read_abc(abc("CDEF GABc |\n\td8 ||").replace("\n", "\r\n"))


def test_comments_and_further_titles_are_passed_over_and_empty_lines_end_a_tune():
    text = abc("C8 | % half of it\n% all of it\nD8 |]").replace("T:A tune", "T:A tune % so it is called\nT:Another title\nN:a remark")
    first, second = read_abc(f"%abc-2.1\n\n{text}\n \n\n{abc('E8')}")
    assert first.title == second.title == "A tune"
    assert pitches(first) == [[60], [62]]
    assert pitches(second) == [[64]]


def test_signs_hold_to_the_end_of_the_bar_and_keys_need_none():
    (one,) = read_abc(abc("^F2 F2 =F2 _B2 | F2 B2 ^F2 f2"))
    assert pitches(one) == [[66, 66, 65, 70], [65, 71, 66, 78]]
    (one,) = read_abc(abc("F2 f2 C2 =F2", key="Edor"))
    assert pitches(one) == [[66, 78, 61, 65]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (abc("C4 D4 | E4 D2 | C8"), "A tune: bar 2 has 6 eighths, expected 8 in 4/4"),
        (abc("C9 | C8 | C8"), "A tune: bar 1 has 9 eighths, expected 8 in 4/4"),
        (abc("C2 | C8 | C4"), "A tune: bar 3 has 4 eighths, expected 8, or 6 beside an upbeat of 2, in 4/4"),
        (abc("C8 | C4"), "A tune: bar 2 has 4 eighths, expected 8 in 4/4"),
        (abc("C8 | H8"), "A tune: bar 2, 'H8': cannot read 'H8', expected notes like C2"),
        (abc("C8 | C3/2 D6 E/2"), "A tune: bar 2, 'C3/2 D6 E/2': cannot read '/2  /2'"),
        (abc("C8 | C4- C4"), "A tune: bar 2, 'C4- C4': cannot read '-'"),
        (abc("C8 | [CE]8"), r"A tune: bar 2, '\[CE\]8': cannot read '\[\]8'"),
        (abc("|: C8 :|"), "A tune: bar 1, ': C8 :': cannot read ':  :'"),
        (abc("C8 | C0 D8"), "A tune: bar 2, 'C0 D8': cannot read '0'"),
        (abc("C8 | | C8"), "A tune: bar 2, '': cannot read ''"),
        (abc(""), "A tune: bar 1, '': cannot read ''"),
        (abc("C8- | D8"), "A tune: bar 1 ends in a tie, expected the next one to begin with the same note"),
        (abc("z8- | z8"), "A tune: bar 1 ends in a tie"),
        (abc("C8 | C8-"), "A tune: bar 2 ends in a tie"),
        (abc("C8", metre="5/4"), "A tune: M: is 5/4, expected one of: 4/4, 3/4, 6/8, 2/4"),
        (abc("C8", key="Fmix"), "A tune: K: is Fmix, expected one of: C, Am"),
        (abc("C8", unit="1/16"), "A tune: L: is 1/16, expected one of: 1/8"),
        (abc("C8").replace("K:C\n", ""), "A tune: 'C8' stands before the key, expected a field like T: or M:"),
        (abc("C8").replace("M:4/4\n", ""), "A tune: M: is missing"),
        (abc("C8").replace("T:A tune\n", ""), "X:1: T: is missing"),
        (abc("C8 |\n\nD8 |]"), r"a tune begins with 'D8 \|\]', expected X: and its number. Take out the empty line before it"),
        (abc("C8") + abc("D8"), "A tune: bar 1, .*: cannot read 'X:"),
    ],
)
def test_what_is_malformed_is_named(text, message):
    with pytest.raises(ValueError, match=message):
        read_abc(text)


@pytest.mark.parametrize("one", TUNES, ids=lambda one: one.title)
def test_bars_fill_their_metre_and_an_upbeat_its_last_bar(one):
    lengths = [sum(steps for _, steps in bar.notes) for bar in one.bars]
    whole = LENGTHS[one.metre]
    assert set(lengths[1:-1]) == {whole}
    assert lengths[-1] in (whole, whole - lengths[0])
    assert lengths[0] <= whole


# From scores and hymnals: which bar, counting an upbeat, each note in semitones above middle C, and how many eighths it lasts.
CORRECTED = {
    # "God and sinners reconciled": so re re, ti, | ti, la, so,
    "Hark! The Herald Angels Sing": (7, "7:2 2:2 2:3 -1:1 | -1:2 -3:2 -5:4"),
    # "I | once was lost, but | now am | found, was | blind, but": mi | so mi so mi | do so, | la, do do la, | so, so,
    "Amazing Grace": (9, "7:4 4:2 | 7:3 4:1 7:1 4:1 | 0:4 -5:2 | -3:3 0:1 0:1 -3:1 | -5:4 -5:2 | 0:4 4:1 0:1 | 4:4 2:2 | 0:6 | 0:4"),
    # "Guten | Abend, gut | Nacht, mit | Rosen be|dacht, mit | Näglein be|steckt, schlupf | unter die | Deck"
    "Lullaby": (
        1,
        "4:1 4:1 | 7:3 4:1 4:2 | 7:4 4:1 7:1 | 12:2 11:3 9:1 | 9:2 7:2 2:1 4:1 | 5:2 2:2 2:1 4:1 | 5:4 2:1 5:1 | 11:1 9:1 7:2 11:2",
    ),
}


@pytest.mark.parametrize("title", CORRECTED)
def test_tunes_that_once_were_wrong(title):
    start, wanted = CORRECTED[title]
    one = next(one for one in TUNES if one.title == title)
    bars = [[tuple(map(int, note.split(":"))) for note in bar.split()] for bar in wanted.split("|")]
    found = [[(pitch - 60, steps) for pitch, steps in bar.notes] for bar in one.bars[start - 1 : start - 1 + len(bars)]]
    assert found == bars


def test_there_are_at_least_forty_tunes_and_each_says_where_it_comes_from():
    assert len({one.title for one in TUNES}) == len(TUNES) >= 40
    assert all(len(one.origin) > 8 for one in TUNES)


def test_the_file_numbers_its_tunes_and_says_which_standard_it_keeps():
    lines = Path(tunes.__file__).with_name("tunes.abc").read_text("utf-8").splitlines()
    assert lines[0] == "%abc-2.1"
    assert [line for line in lines if line.startswith("X:")] == [f"X:{number}" for number in range(1, len(TUNES) + 1)]


def test_the_file_is_part_of_the_package():
    package = Path(tunes.__file__).parents[1]
    kept = {path for pattern in PYPROJECT["tool"]["setuptools"]["package-data"]["vae_course"] for path in package.glob(pattern)}
    assert package / "data" / "tunes.abc" in kept
