"""No explorer is forgotten where all of them have to be moved: in a browser, and on a GPU."""

import re
from pathlib import Path

from tests.browser.explorers import TITLES
from vae_course import widgets

EXPLORERS = set(widgets.__all__) - {"Explorer", "Still"}  # those two are what the others are made of
WITHOUT_A_MODEL = {"TwoGaussians"}


def made_in(path: str) -> set[str]:
    source = (Path(__file__).parents[1] / path).read_text(encoding="utf-8")
    return {name for name in EXPLORERS if re.search(rf"\b{name}\(", source)}


def test_every_explorer_is_moved_in_a_browser():
    """Each is made in its notebook, and those with controls have a cell there (live training has a notebook of its own)."""
    assert made_in("browser/explorers.py") == EXPLORERS
    assert {getattr(widgets, name).title for name in EXPLORERS - {"LiveTraining"}} == set(TITLES)


def test_every_explorer_with_a_model_is_moved_on_a_gpu():
    assert made_in("test_gpu.py") >= EXPLORERS - WITHOUT_A_MODEL
