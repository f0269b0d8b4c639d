"""Where the course lives, read from pyproject.toml: the one place that knows."""

from __future__ import annotations

from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
REPOSITORY = PYPROJECT["project"]["urls"]["Repository"]

SET_UP = f"""import sys

if "google.colab" in sys.modules:
    %pip install --quiet "vae-course @ git+{REPOSITORY}"

import vae_course

vae_course.start()"""


def badge(path: str) -> str:
    """The Colab badge of the notebook at `path` (relative to the repository), as Markdown."""
    target = REPOSITORY.replace("https://github.com", "https://colab.research.google.com/github")
    return f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({target}/blob/main/{path})"
