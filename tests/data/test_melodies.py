"""Melodies: windows of tunes can be read back, and are split so that no test tune was ever heard in training."""

import pytest
import torch

from vae_course.data import load
from vae_course.data.melodies import (
    BARS,
    END,
    FIRST_PITCH,
    HIGHEST,
    HOLD,
    KEYS,
    LENGTHS,
    LOWEST,
    REST,
    STEPS,
    TOKENS,
    Melody,
    bars_of,
    from_tokens,
    melodies,
    to_tokens,
    windows_of,
)
from vae_course.data.tunes import TUNES, Tune, read_abc


def tune(notes: str, metre: str = "4/4", key: str = "C") -> Tune:
    (one,) = read_abc(f"X:1\nT:A tune\nM:{metre}\nL:1/8\nK:{key}\n{notes}\n")
    return one


@pytest.mark.parametrize("one", TUNES, ids=lambda one: one.title)
def test_bars_add_up_and_most_notes_lie_in_the_key(one):
    bars = bars_of(one)
    assert len(bars) >= 4
    assert {bar.steps for bar in bars} == {LENGTHS[one.metre]}
    pitches = [pitch for bar in bars for pitch in bar.pitches]
    in_key = sum(pitch % 12 in (0, 2, 4, 5, 7, 9, 11) for pitch in pitches) / len(pitches)
    assert in_key > 0.75
    low, high = min(KEYS.values()), max(KEYS.values())
    assert LOWEST <= min(pitches) + low <= max(pitches) + high <= HIGHEST


def test_most_tunes_end_on_a_note_of_the_tonic_chord():
    songs = [one for one in TUNES if "opening" not in one.origin and "verse" not in one.origin]
    homes = {"m": {9, 0, 4}, "r": {2, 5, 9}, "": {0, 4, 7}}
    ends = [bars_of(one)[-1].pitches[-1:] for one in songs]
    right = [bool(end) and end[0] % 12 in homes[one.key[-1] if one.key[-1] in "mr" else ""] for end, one in zip(ends, songs, strict=True)]
    assert sum(right) / len(right) > 0.85


def test_a_tune_known_by_heart():
    ode = next(one for one in TUNES if one.title == "Ode to Joy")
    assert [pitch for bar in bars_of(ode)[:4] for pitch in bar.pitches] == [64, 64, 65, 67, 67, 65, 64, 62, 60, 60, 62, 64, 64, 62, 62]
    assert str(bars_of(ode)[3]) == "E4:3 D4 D4:4"


def test_every_key_is_brought_to_c_majors_notes():
    for key, notes in {"G": "G2 A2 B2 F2", "Edor": "E2 F2 C2 B2", "Am": "A2 B2 c2 E2"}.items():
        (bar,) = bars_of(tune(notes, key=key))
        assert all(pitch % 12 in (0, 2, 4, 5, 7, 9, 11) for pitch in bar.pitches)
    (bar,) = bars_of(tune("F2 f2 C2 =F2", key="Edor"))  # two sharps, F and C, brought down by a tone
    assert bar.pitches == [64, 76, 59, 63]


def test_upbeats_are_left_out_last_bars_filled_and_ties_kept():
    bars = bars_of(tune("C2 | D8- | D4 E4 | F6"))
    assert [bar.notes for bar in bars] == [((62, 8),), ((62, 4), (64, 4)), ((65, 8),)]
    assert windows_of(tune("D8- | D4 E2 F2"))[0].notes == ((62, 12), (64, 2), (65, 2))


@pytest.mark.parametrize("one", TUNES[::6], ids=lambda one: one.title)
def test_tokens_spell_the_same_window_again(one):
    for window in windows_of(one):
        rows = to_tokens(window)
        assert rows.shape == (STEPS, TOKENS)
        assert rows[window.steps, END] == 1
        assert rows.sum() == window.steps + 1
        read = from_tokens(rows)
        assert read.pitches == window.pitches
        assert read.steps == window.steps == BARS * LENGTHS[one.metre]


def test_tokens_of_a_small_melody():
    rows = to_tokens(Melody(((60, 2), (None, 1), (62, 1))))
    assert rows.argmax(1)[:5].tolist() == [FIRST_PITCH + 10, HOLD, REST, FIRST_PITCH + 12, END]
    assert not rows[5:].any()


def test_what_a_model_writes_can_always_be_read_or_is_refused():
    rows = torch.eye(TOKENS)[[HOLD, HOLD, FIRST_PITCH, HOLD, REST, HOLD, END, FIRST_PITCH]]
    assert from_tokens(rows).notes == ((None, 2), (LOWEST, 2), (None, 2))
    with pytest.raises(ValueError, match="over before its first step"):
        from_tokens(rows[6:])
    with pytest.raises(ValueError, match="Take one example of a batch"):
        from_tokens(rows.unsqueeze(0))


@pytest.mark.parametrize(
    ("melody", "message"),
    [
        (Melody(()), "lasts 0 eighths, expected 1 to 16"),
        (Melody(((60, 17),)), "lasts 17 eighths"),
        (Melody(((100, 2),)), "pitch 100 leaves the range"),
    ],
)
def test_melodies_that_do_not_fit_are_refused(melody, message):
    with pytest.raises(ValueError, match=message):
        to_tokens(melody)


def test_split_is_by_tune_and_no_test_window_was_heard_before():
    data = load("melodies")
    assert data.input_shape == (STEPS, TOKENS)
    assert not set(data.train.y.tolist()) & set(data.test.y.tolist())
    heard = {tuple(row.argmax(1).tolist()) for row in data.train.x}
    assert not any(tuple(row.argmax(1).tolist()) in heard for row in data.test.x)
    assert len(data.test.y.unique()) >= 12
    assert len(data.test) > 100


def test_every_training_window_stands_in_every_key():
    data = melodies(TUNES[:3])
    twinkle = windows_of(TUNES[0])
    found = {from_tokens(row) for row, number in zip(data.train.x, data.train.y, strict=True) if number == 0}
    assert found == {window.transposed(shift) for window in twinkle for shift in KEYS.values()}
