"""No explorer is forgotten where all of them have to be moved: in a browser, on a GPU, and on a device without double precision."""

import re
from pathlib import Path

import pytest

from tests.browser.explorers import SET_UP, TITLES
from tests.explorers import EXPLORERS
from vae_course import widgets

NAMES = set(widgets.__all__) - {"Explorer", "Still"}  # those two are what the others are made of
WATCHES = {"LiveTraining"}  # it has no controls: the browser, the GPU and the device without doubles each have a test of its own


def test_every_explorer_is_moved_in_a_browser():
    assert {name for name in NAMES if re.search(rf"\b{name}\(", SET_UP)} == NAMES - WATCHES
    assert {getattr(widgets, name).title for name in NAMES - WATCHES} == set(TITLES)


def test_every_explorer_is_moved_on_devices():
    assert set(EXPLORERS) == NAMES - WATCHES
    tests = Path(__file__).parents[1]
    for path in ("test_gpu.py", "test_single_precision.py"):
        source = (tests / path).read_text("utf-8")
        assert "EXPLORERS[" in source
        assert "LiveTraining(" in source


@pytest.mark.parametrize("name", EXPLORERS)
def test_it_is_made_of_what_its_name_says(name, blobs):
    from tests.kinds import KINDS

    explorer = EXPLORERS[name](lambda kind: KINDS[kind](), blobs)
    assert type(explorer).__name__ == name
    still = explorer.sweep().still()
    assert len(still.alt) > 40
    assert still.png
