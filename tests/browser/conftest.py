from __future__ import annotations

import pytest

from .lab import Browser, Lab, chromium


@pytest.fixture(scope="session")
def browser():
    pytest.importorskip("playwright", reason="needs Playwright, which `pip install vae-course[test]` brings")
    executable = chromium()
    if executable is None:
        pytest.skip("needs Chromium: install it, or name it in VAE_COURSE_CHROMIUM")
    opened = Browser(executable)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory, browser):
    started = Lab(tmp_path_factory.mktemp("lab"))
    started.start()
    yield started
    started.stop()
