"""Sound: the right notes at the right time, no louder than full scale, silence where a rest is written."""

import base64
import io
import wave
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest

from vae_course.audio import ATTACK, RATE, RELEASE, frequency, piano_roll, play, sound, to_wav
from vae_course.data.melodies import HIGHEST, LOWEST, Melody, in_words

STEP = 0.25  # seconds an eighth at 240 a minute


def heard(*notes):
    return sound(Melody(notes), eighths_a_minute=240)


def strongest(samples: np.ndarray) -> float:
    """The frequency of the highest peak of the spectrum, in hertz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), n=1 << 17))
    return spectrum.argmax() * RATE / (1 << 17)


@pytest.mark.parametrize("pitch", [LOWEST, 60, 69, HIGHEST])
def test_a_note_has_its_frequency(pitch):
    assert strongest(heard((pitch, 4))) == pytest.approx(440 * 2 ** ((pitch - 69) / 12), rel=0.003)


def test_frequencies_are_those_of_equal_temperament():
    assert frequency(69) == 440
    assert frequency(81) == 880
    assert frequency(60) == pytest.approx(261.626, abs=1e-3)


def test_notes_follow_each_other_at_their_time():
    samples = heard((60, 2), (67, 4))
    assert len(samples) == round((6 * STEP + RELEASE) * RATE)
    change = round(2 * STEP * RATE)
    assert strongest(samples[:change]) == pytest.approx(frequency(60), rel=0.01)
    assert strongest(samples[change + round(RELEASE * RATE) :]) == pytest.approx(frequency(67), rel=0.01)


def test_a_rest_is_silent_once_the_note_before_it_has_rung_out():
    samples = heard((60, 1), (None, 3), (62, 1))
    rung_out, next_note = round((STEP + RELEASE) * RATE) + 1, round(4 * STEP * RATE)
    assert not samples[rung_out:next_note].any()
    assert np.abs(samples[: round(STEP * RATE)]).max() > 0.1
    assert np.abs(samples[next_note:]).max() > 0.1
    assert not heard((None, 4)).any()


def test_nothing_is_cut_off_and_a_melody_is_loud_enough():
    rng = np.random.default_rng(0)
    for _ in range(20):
        samples = heard(
            *((int(pitch), int(steps)) for pitch, steps in zip(rng.integers(LOWEST, HIGHEST, 12), rng.integers(1, 3, 12), strict=True))
        )
        assert 0.2 < np.abs(samples).max() < 1
    repeated = heard(*[(60, 1)] * 16)
    assert np.abs(repeated).max() < 1


def test_notes_begin_and_end_without_a_click():
    samples = heard((60, 4))
    assert abs(samples[0]) < 1e-3
    assert np.abs(samples[-20:]).max() < 0.01
    assert np.abs(np.diff(samples[: round(ATTACK * RATE)])).max() < 0.15


def test_wav_bytes_are_a_small_file_that_says_what_it_is():
    samples = heard((60, 8), (64, 8))
    data = to_wav(samples)
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, RATE, len(samples))
        back = np.frombuffer(file.readframes(len(samples)), "<i2") / 32767
    np.testing.assert_allclose(back, samples, atol=1e-4)
    assert len(data) < 100_000  # two bars
    with pytest.raises(ValueError, match=r"samples reach 1\.50, expected −1 to 1"):
        to_wav(1.5 * samples / np.abs(samples).max())


def elements_of(player) -> tuple[list[tuple[str, dict]], str]:
    """The player's HTML as a browser reads it: each element with its attributes, and the text."""
    elements, text = [], []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: elements.append((tag, dict(attributes)))
    parser.handle_data = text.append
    parser.feed(player._repr_html_())
    return elements, "".join(text)


def test_a_player_holds_its_sound():
    tune = Melody(((60, 2), (64, 2)))
    ((tag, attributes),) = elements_of(play(tune))[0]
    assert tag == "audio"
    assert base64.b64decode(attributes["src"].removeprefix("data:audio/wav;base64,")) == to_wav(sound(tune))
    assert "controls" in attributes
    assert "autoplay" not in attributes
    assert "autoplay" in elements_of(play(tune, autoplay=True))[0][0][1]
    assert len(play([tune, tune])._repr_html_()) > 2 * len(play(tune)._repr_html_()) - 2000


def test_a_player_has_a_name():
    tune = Melody(((60, 8), (64, 8)))
    assert elements_of(play(tune))[0][0][1]["title"] == "a melody, 4 seconds"
    assert elements_of(play([tune] * 3))[0][0][1]["title"] == "3 melodies, 12 seconds"
    assert elements_of(play(tune, name='the "first" tune'))[0][0][1]["title"] == 'the "first" tune'


def test_where_a_player_is_taken_away_a_sentence_stays():
    """A page that shows no audio shows what stands inside the element; one that shows no HTML, the text."""
    player = play(Melody(((60, 8), (64, 8))))
    assert elements_of(player)[1] == repr(player) == "A player: a melody, 4 seconds. Run this cell to hear it."


def test_bad_melodies_and_tempi_are_refused():
    with pytest.raises(ValueError, match="got 0 notes"):
        sound(Melody(()))
    with pytest.raises(ValueError, match="0 eighths a minute"):
        sound(Melody(((60, 1),)), eighths_a_minute=0)


def test_a_piano_roll_draws_each_note_where_it_sounds():
    melody = Melody(((60, 2), (None, 2), (64, 4)))
    figure = piano_roll([melody, melody.transposed(5)], titles=["one", "two"])
    axis = figure.axes[0]
    bars = [(patch.get_x(), patch.get_y() + patch.get_height() / 2, patch.get_width()) for patch in axis.patches]
    assert bars == [(0, 60, pytest.approx(0.94)), (2, 64, pytest.approx(1.94))]
    assert [axis.get_title() for axis in figure.axes[:2]] == ["one", "two"]
    plt.close(figure)


def test_a_melody_in_words():
    assert in_words(Melody(((60, 2), (None, 1), (70, 3)))) == "C4 for 2, rest, B♭4 for 3 eighths"
