"""These tests run under Colab's versions; this one makes sure that they do."""

import importlib.metadata
from pathlib import Path

import pytest

PINNED = dict(line.split("==") for line in (Path(__file__).parent / "requirements.txt").read_text("utf-8").splitlines() if "==" in line)
here = importlib.metadata.version("ipywidgets")


@pytest.mark.skipif(not here.startswith("7."), reason="checks the second environment; run by `make test-colab`")
@pytest.mark.parametrize("package", ["ipywidgets", "ipython", "ipykernel", "traitlets"])
def test_runs_under_colabs_version(package):
    assert importlib.metadata.version(package) == PINNED[package]
    if package == "ipython":
        import IPython

        assert IPython.__version__ == PINNED[package]


def test_package_imports_whole():
    import vae_course

    assert all(callable(getattr(vae_course, name)) for name in vae_course.__all__)
