"""Sound in a real browser: what a player holds can be decoded and is not silence, and the tune mixer's follows its slider."""

from __future__ import annotations

import pytest

from .lab import opened

SET_UP = """
import vae_course
from vae_course.audio import play
from vae_course.data.melodies import from_tokens
from vae_course.widgets import TuneMixer

x = vae_course.load("melodies").test.x
mixer = TuneMixer(vae_course.pretrained("recurrent-melodies-rewriting"), x[0], x[-1])
"""
CELLS = [SET_UP.strip(), "mixer", "play(from_tokens(x[0]))"]
# The loudest sample and the length in seconds of what an audio element holds, by the browser's own decoder.
DECODED = """
async (audio) => {
  const bytes = await (await fetch(audio.currentSrc || audio.src || audio.querySelector("source").src)).arrayBuffer();
  const sound = await new OfflineAudioContext(1, 1, 44100).decodeAudioData(bytes);
  return { loudest: sound.getChannelData(0).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0), seconds: sound.duration };
}
"""


@pytest.fixture(scope="module")
def page(lab, browser):
    with opened(browser, lab, "sound.ipynb", CELLS) as page:
        yield page


def test_a_player_holds_two_bars_that_can_be_heard(page):
    heard = page.page.locator(".jp-OutputArea-output audio").last.evaluate(DECODED)
    assert 0.2 < heard["loudest"] <= 1
    assert 1 < heard["seconds"] < 6


def test_the_mixer_sounds_and_its_sound_follows_the_slider(page):
    explorer = page.explorer("Tune mixer")
    player = explorer.root.locator("audio")
    before = player.evaluate(DECODED)
    assert 0.2 < before["loudest"] <= 1
    source = player.evaluate("(audio) => audio.currentSrc || audio.src")
    explorer.drag(explorer.slider(0), [(0.5, 0.5), (0.02, 0.5)])
    explorer.settled()
    page.page.wait_for_function("([audio, before]) => (audio.currentSrc || audio.src) !== before", arg=[player.element_handle(), source])
    assert player.evaluate(DECODED)["loudest"] > 0.2
    assert page.complaints == []
    assert page.side.errors == []
