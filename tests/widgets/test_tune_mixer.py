"""The tune mixer: its ends are the reconstructions, its sound is the melody shown, and it moves without a browser."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from vae_course.audio import sound, to_wav
from vae_course.data.melodies import END, STEPS, TOKENS, Melody, from_tokens, to_tokens
from vae_course.models import RecurrentVAE
from vae_course.widgets import TuneMixer

FIRST = Melody(((60, 4), (64, 4), (67, 8)))
SECOND = Melody(((72, 2), (71, 2), (69, 2), (67, 6)))


@pytest.fixture(scope="module")
def model():
    """Taught nothing but the two melodies, in a moment."""
    torch.manual_seed(0)
    model = RecurrentVAE(input_shape=(STEPS, TOKENS), latent_size=2, hidden_size=24, word_dropout=1.0, end_token=END)
    x = to_tokens([FIRST, SECOND])
    optimizer = model.optimizer(0.02)
    for _ in range(150):
        z = model.encode(x).mean
        loss = -model.decode(z).log_prob(x).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


@pytest.fixture
def mixer(model):
    return TuneMixer(model, FIRST, to_tokens(SECOND), titles=("one", "two"))


def test_its_ends_are_the_reconstructions(mixer, model):
    again = [from_tokens(rows) for rows in model.reconstruct(to_tokens([FIRST, SECOND]))]
    assert again == [FIRST, SECOND]
    assert mixer.set(position=0.0).melody == FIRST
    assert mixer.set(position=1.0).melody == SECOND


def test_what_sounds_is_what_is_shown(mixer):
    for position in (0.0, 0.5, 1.0):
        mixer.set(position=position)
        assert mixer.panel.sound == to_wav(sound(mixer.melody))
        samples = np.frombuffer(mixer.panel.sound[44:], "<i2")
        assert np.abs(samples).max() > 3000  # not silent


def test_a_sound_is_sent_only_when_the_notes_change(mixer):
    sent = []
    mixer.panel.observe(lambda change: sent.append(change.new), "sound")
    for position in np.linspace(0, 1, 51):
        mixer.set(position=float(position))
    changes = sum(a != b for a, b in zip(mixer.melodies[:-1], mixer.melodies[1:], strict=True))
    assert changes <= len(sent) <= changes + 1


def test_the_slider_changes_picture_and_words_and_comes_back(mixer):
    start, words = mixer.png, mixer.alt_text
    assert mixer.set(position=0.0).png != start
    assert "0 % of the way from one to two: C4 for 4, E4 for 4, G4 for 8 eighths" in mixer.alt_text
    assert "It has 3 of 3 notes of one" in mixer.says()[0]
    assert mixer.sweep().png == start
    assert mixer.alt_text == words


def test_the_still_shows_both_ends_and_the_way(mixer):
    still = mixer.still()
    assert np.asarray(Image.open(io.BytesIO(still.png))).std() > 1
    assert "one is C4 for 4, E4 for 4, G4 for 8 eighths" in still.alt
    assert "at 0.50" in still.alt


def test_a_model_that_writes_nothing_is_silence(model):
    untrained = RecurrentVAE(input_shape=(STEPS, TOKENS), latent_size=2, hidden_size=4, word_dropout=1.0, end_token=END).eval()
    with torch.no_grad():
        untrained.to_output.bias[END] = 100.0
    mixer = TuneMixer(untrained, FIRST, SECOND)
    assert mixer.melody == Melody(((None, 1),))
    assert not np.frombuffer(mixer.panel.sound[44:], "<i2").any()


def test_its_player_stands_in_the_panel_where_keys_are_kept(mixer, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda *objects, **_: shown.extend(objects))
    mixer.show()
    assert shown[0] is mixer.panel
    assert "sound" in mixer.panel.keys
