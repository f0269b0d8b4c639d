"""What figures show, and what they drew before they were closed."""

import matplotlib.pyplot as plt
import pytest


@pytest.fixture
def shown(monkeypatch):
    """What was displayed: (data, metadata) pairs."""
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw, metadata=None: calls.append((data, metadata)))
    return calls


@pytest.fixture
def figures(monkeypatch, shown):
    """The figures that were shown, still whole."""
    kept = []
    close = plt.close
    monkeypatch.setattr(plt, "close", kept.append)
    yield kept
    close("all")


@pytest.fixture
def axis():
    figure, axis = plt.subplots()
    yield axis
    plt.close(figure)
